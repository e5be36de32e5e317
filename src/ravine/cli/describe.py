"""``ravine describe``: what a saved model is, takes and gives, and how it was trained."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ravine.cli.loading import ModelArgument, open_model
from ravine.cli.options import JsonFlag
from ravine.cli.output import console, number, print_json, print_table

if TYPE_CHECKING:
    from ravine.tables.columns import Column
    from ravine.tables.table_model import TableModel

__all__ = ["command"]

_MOST_LEVELS, _LONGEST = 5, 50


def command(model: ModelArgument, as_json: JsonFlag = False) -> None:
    """Describe a saved model: its table, its network, its recipe and how training went.

    [bold]Example[/bold]

    [cyan]ravine describe ravine-bikeshare/model.safetensors[/cyan]
    """
    found = open_model(model)
    if as_json:
        print_json(_as_data(found))
        return
    out = console(sys.stdout)
    rows = [_row(column) for column in found.schema.columns]
    print_table(_headline(found), ["column", "kind", "values", "inputs"], rows, texts=3)
    for note in found.schema.notes:
        out.print(note, style="dim")
    out.print()
    out.print(str(found.model.summary()), soft_wrap=True)
    out.print()
    out.print(repr(found.model.recipe), soft_wrap=True)
    out.print(_last_losses(found))


def _headline(model: TableModel) -> str:
    target = model.target
    if target.task == "regression":
        return f"{target.name}: regression"
    few = ", ".join(str(label) for label in target.classes[:_MOST_LEVELS])
    more = ", …" if len(target.classes) > _MOST_LEVELS else ""
    return f"{target.name}: {len(target.classes)} classes ({few}{more})"


def _row(column: Column) -> list[str]:
    learnt = column.learnt
    values = learnt if len(learnt) <= _LONGEST else f"{learnt[: _LONGEST - 1]}…"
    return [column.name, column.kind, values, str(len(column.features))]


def _last_losses(model: TableModel) -> str:
    history = model.history
    if not len(history):
        return ""
    row = (history.best_epoch or len(history)) - 1
    text = f"epoch {row + 1}: training loss {number(float(history['loss'][row]))}"
    if "val_loss" in history:
        text += f", validation loss {number(float(history['val_loss'][row]))}"
    return text


def _as_data(model: TableModel) -> dict[str, Any]:
    network, recipe = model.model.network, model.model.recipe
    return {
        "schema": model.schema.to_dict(),
        "network": network.to_dict(),
        "recipe": recipe.to_dict(),
        "parameters": int(model.model.parameters_vector.size),
        "inputs": list(model.schema.features),
        "status": model.model.status,
        "best_epoch": model.model.best_epoch,
        "epochs": len(model.model.history),
    }
