"""``ravine train``: a table becomes a trained network."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli.flags.estimator import MLP_ONLY, choose_estimator, read_estimator_settings
from ravine.cli.flags.lists import (
    ACTIVATIONS,
    FULL,
    NEURAL_SCHEDULES,
    OWN_RATES,
    SCHEDULES,
)
from ravine.cli.flags.network import read_network_settings
from ravine.cli.flags.options import (
    DataFlags,
    JsonFlag,
    NetworkFlags,
    NeuralFlags,
    RecipeFlags,
    RunFlags,
    grouped,
)
from ravine.cli.output import print_json, say
from ravine.cli.saved.opening import TableArgument
from ravine.ground.text import choice
from ravine.specs.losses import OF_LABELS, OF_NUMBERS

if TYPE_CHECKING:
    from ravine.cli.fitting import Fitted
    from ravine.cli.flags.estimator import EstimatorSettings
    from ravine.cli.flags.network import NetworkSettings
    from ravine.cli.kinds.base import Checkpoints, Prepared
    from ravine.cli.saved.folder import ResultFolder

__all__ = ["command"]

_MLP = "Only with --estimator mlp"
_HELPS = {
    "validation_fraction": "Share of the other rows to validate on; 0 for none. With neural, each "
    "member sets aside its own. (default: 0.2)",
    "hidden": "Units of the hidden layers; 0 for none. (default with mlp: 64,64)",
    "activation": f"{ACTIVATIONS}. (default with mlp: relu)",
    "batch_norm": "Standardise each hidden layer over the batch. (default: no)",
    "loss": f"{choice(OF_NUMBERS)}; with mlp also {choice(OF_LABELS, 'and')}. "
    "(default: what suits the task)",
    "recipe": "Read what to do from a TOML file, such as the recipe.toml that train writes: the "
    "estimator, or recipe and network, and the data. Other flags change what it says.",
    "learning_rate": f"Highest learning rate. (default with mlp: {OWN_RATES})",
    "schedule": f"How the learning rate changes: {choice(NEURAL_SCHEDULES)}. With mlp, numbers may "
    f"follow, times in epochs: {SCHEDULES}. (default with mlp: cosine)",
    "batch_size": f"Rows per step. (default with mlp: 128, or full for {FULL})",
    "epochs": "Passes through the rows, at most. (default with mlp: 200)",
    "patience": "Stop after so many epochs without a better validation loss; 0 for never. "
    "(default with mlp: 20)",
    "dropout": "Dropout rate of the hidden layers. (default with mlp: 0)",
    "weight_decay": "Decoupled decay of the weights. (default with mlp: 0)",
    "averaging": "Decay of the averaged weights, such as 0.999; 0 for none. (default with "
    "mlp: 0.99)",
}


@functools.partial(grouped, panels=dict.fromkeys(MLP_ONLY, _MLP), helps=_HELPS)
def command(
    table: TableArgument,
    data: DataFlags,
    neural: NeuralFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    run: RunFlags,
    estimator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="neural (the default): an ensemble, good without tuning. mlp: one network, every "
            "choice yours.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Train on a table and save what was learnt.

    Test rows are set aside first, and everything that is learnt from the columns comes from the
    others. Numbers, text, dates and missing values are handled. Into DIR go model.safetensors,
    history.csv, learning_curve.png and recipe.toml; with --recipe on the last, the same table gives
    the same model bit for bit.

    The neural estimators are those of ravine.NeuralClassifier and ravine.NeuralRegressor in Python;
    they choose everything that no flag sets.

    [bold]Examples[/bold]

    [cyan]ravine train bikeshare.csv.gz --target bikers[/cyan]

    [cyan]ravine train bikeshare.csv.gz --target bikers --estimator mlp --l2 1e-4[/cyan]
    """
    from ravine.cli.fitting import prepare, score
    from ravine.cli.flags.table import file_of
    from ravine.cli.saved.folder import ResultFolder
    from ravine.tables import table_stem

    file = file_of(recipe)
    settings: NetworkSettings | EstimatorSettings
    if choose_estimator(estimator, file, data, network, recipe, neural, run) == "neural":
        settings = read_estimator_settings(file, data, network, recipe, neural)
    else:
        settings = read_network_settings(file, data, network, recipe)
    prepared = prepare(table, settings)
    folder = ResultFolder(Path(run.out if run.out is not None else f"ravine-{table_stem(table)}"))
    task = prepared.target.task
    folder.note_recipe(Path(table).name, settings.table, task, **prepared.described)
    fitted = _fit(prepared, folder, _checkpoints(folder, run))
    say(fitted.ending)
    scores = score(fitted.model, prepared)
    if not as_json:
        scores.show()  # before anything can go wrong with the files
    files = folder.write_results(fitted.model)
    if as_json:
        notes = [*settings.table.notes, *fitted.model.notes]
        course = fitted.model.course | {"seconds": fitted.seconds}
        print_json({**scores.to_dict(), **course, "notes": notes, "files": files})
    say(f"saved in {folder.path}: {', '.join(Path(file).name for file in files.values())}")


def _fit(prepared: Prepared, folder: ResultFolder, checkpoints: Checkpoints) -> Fitted:
    """Train; when that is interrupted, say where the state is."""
    from ravine.cli.fitting import fit
    from ravine.cli.saved.folder import RECIPE

    before = _written_at(checkpoints.path)
    try:
        return fit(prepared, checkpoints)
    except KeyboardInterrupt:
        kept = _written_at(checkpoints.path) != before
        if kept:
            folder.write_unfinished()
        if kept or checkpoints.resume:
            say(f"resume with: --recipe {folder / RECIPE} --out {folder.path} --resume")
        raise


def _written_at(path: Path | None) -> int | None:
    return path.stat().st_mtime_ns if path is not None and path.exists() else None


def _checkpoints(folder: ResultFolder, run: RunFlags) -> Checkpoints:
    from ravine.cli.kinds.base import Checkpoints
    from ravine.cli.saved.folder import CHECKPOINT
    from ravine.errors import FileError

    path = folder / CHECKPOINT
    if run.resume and not path.exists():
        raise FileError(
            f"There is nothing to resume: {str(folder.path)!r} holds no {CHECKPOINT}.",
            hint="Train with --checkpoint EPOCHS first; --out must name the same folder.",
        )
    return Checkpoints(path, run.checkpoint, run.resume, folder.write_unfinished)
