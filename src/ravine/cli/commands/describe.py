"""``ravine describe``: what a saved model is, takes and gives, and how it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine.cli.flags.options import JsonFlag
from ravine.cli.output import number, print_json, print_table, show
from ravine.cli.saved.opening import ModelArgument, open_model

if TYPE_CHECKING:
    from ravine.cli.kinds.base import SavedModel
    from ravine.tables.columns import Column
    from ravine.tables.target import Target

__all__ = ["command"]

_MOST_LEVELS, _LONGEST = 5, 50


def command(model: ModelArgument, as_json: JsonFlag = False) -> None:
    """Describe a saved model: its table, its networks, its recipe and how training went.

    [bold]Example[/bold]

    [cyan]ravine describe ravine-bikeshare/model.safetensors[/cyan]
    """
    found = open_model(model)
    if as_json:
        print_json(_as_data(found))
        return
    rows = [_row(column) for column in found.schema.columns]
    print_table(_headline(found.target), ["column", "kind", "values", "inputs"], rows, texts=3)
    for note in found.notes:
        show(note, style="dim", wrap=True)
    first = found.networks[0]
    if found.summary:
        show()
        show(found.summary)
    show()
    show(str(first.summary()))
    show()
    show(repr(first.recipe))
    show(_last_losses(found), wrap=True)


def _headline(target: Target) -> str:
    if target.task == "regression":
        return f"{target.name}: regression"
    few = ", ".join(str(label) for label in target.classes[:_MOST_LEVELS])
    more = ", …" if len(target.classes) > _MOST_LEVELS else ""
    return f"{target.name}: {len(target.classes)} classes ({few}{more})"


def _row(column: Column) -> list[str]:
    learnt = column.learnt
    values = learnt if len(learnt) <= _LONGEST else f"{learnt[: _LONGEST - 1]}…"
    return [column.name, column.kind, values, str(len(column.features))]


def _last_losses(model: SavedModel) -> str:
    history = model.history
    if not len(history):
        return ""
    row = (history.best_epoch or len(history)) - 1
    text = f"epoch {row + 1}: training loss {number(float(history['loss'][row]))}"
    if "val_loss" in history:
        text += f", validation loss {number(float(history['val_loss'][row]))}"
    return text if len(model.networks) == 1 else f"on average, {text}"


def _as_data(model: SavedModel) -> dict[str, Any]:
    first = model.networks[0]
    return {
        "schema": model.schema.to_dict(),
        "network": first.network.to_dict(),
        "recipe": first.recipe.to_dict(),
        "parameters": sum(int(network.parameters_vector.size) for network in model.networks),
        "inputs": list(model.schema.features),
        "status": first.status,
        "best_epoch": model.history.best_epoch,
        "epochs": len(model.history),
        **model.to_dict(),
    }
