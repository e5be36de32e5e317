"""``ravine describe``: what a saved model is, takes and gives, and how it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine.cli.flags.options import JsonFlag
from ravine.cli.output import number, print_json, print_table, show
from ravine.cli.saved.models import SavedEstimator
from ravine.cli.saved.opening import ModelArgument, open_model

if TYPE_CHECKING:
    from ravine.cli.saved.models import SavedModel
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
    if isinstance(found, SavedEstimator):
        show()
        show(_ensemble(found))
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


def _ensemble(model: SavedEstimator) -> str:
    """Say what the estimator is, how it is calibrated, and that the first member follows."""
    lines = [repr(model.estimator)]
    count = len(model.networks)
    if model.target.task == "classification":
        temperature = model.estimator.temperature_
        lines.append(f"temperature of the probabilities: {number(temperature)} (1 is none)")
    elif model.interval_rows:
        lines.append(f"intervals: from what was missed in {model.interval_rows:,} validation rows")
    weights = model.estimator.variant_weights_
    if weights.shape[1] > 1:
        shares = " and ".join(" ".join(f"{share:.0%}" for share in row) for row in weights)
        lines.append(f"{weights.shape[1]} variants of members, which count {shares}")
    if count > 1:
        lines.append(f"{count} members, the first of which is:")
    return "\n".join(lines)


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
    described: dict[str, Any] = {
        "schema": model.schema.to_dict(),
        "network": first.network.to_dict(),
        "recipe": first.recipe.to_dict(),
        "parameters": sum(int(network.parameters_vector.size) for network in model.networks),
        "inputs": list(model.schema.features),
        "status": first.status,
        "best_epoch": model.history.best_epoch,
        "epochs": len(model.history),
    }
    if isinstance(model, SavedEstimator):
        described |= {
            "estimator": type(model.estimator).__name__,
            "estimator_parameters": model.estimator.get_params(),
            "members": len(model.networks),
            "variant_weights": model.estimator.variant_weights_.tolist(),
        }
        if model.target.task == "classification":
            described["temperature"] = model.estimator.temperature_
    return described
