"""``ravine train``: a table becomes a trained network."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.flags.neural import MLP_ONLY, choose_estimator, read_neural_settings
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
    from ravine.cli.fitting import Checkpoints, Fitted, Prepared
    from ravine.cli.flags.neural import NeuralSettings
    from ravine.cli.flags.settings import Settings, TableSettings
    from ravine.cli.saved.folder import ResultFolder
    from ravine.cli.saved.models import SavedModel
    from ravine.cli.saved.scores import Scores

__all__ = ["command", "how_it_ended"]

_MLP = "Only with --estimator mlp"
_HELPS = {
    "validation_fraction": "Share of the other rows to validate on; 0 for none. With neural, each "
    "member sets aside others. (default: 0.2)",
    "hidden": "Units of the hidden layers; 0 for none. (default with mlp: 64,64)",
    "activation": "relu, leaky_relu, elu, selu, gelu, silu, mish, softplus, tanh, sigmoid or "
    "identity. (default with mlp: relu)",
    "batch_norm": "Standardise each hidden layer over the batch. (default: no)",
    "loss": f"{choice(OF_NUMBERS)}; with mlp also {choice(OF_LABELS, 'and')}. "
    "(default: what suits the task)",
    "recipe": "Read what to do from a TOML file, such as the recipe.toml that train writes: the "
    "estimator, or recipe and network, and the data. Other flags change what it says.",
    "learning_rate": "Highest learning rate. (default with mlp: 0.003 for adam and adamw, "
    "the optimizer's own for others)",
    "schedule": "How the learning rate changes: cosine, cyclic_cosine, constant, exponential or "
    "one_cycle. With mlp, numbers may follow, times in epochs: exponential:RATE, "
    "inverse:RATE[:POWER], step:FACTOR:EVERY, cosine[:FINAL], cyclic_cosine, warmup:LENGTH, "
    "one_cycle or plateau[:FACTOR[:PATIENCE]]. (default with mlp: cosine)",
    "batch_size": "Rows per step. (default with mlp: 128, or full for lbfgs, rprop and "
    "delta_bar_delta)",
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
    what no flag says, they choose themselves.

    [bold]Examples[/bold]

    [cyan]ravine train bikeshare.csv.gz --target bikers[/cyan]

    [cyan]ravine train bikeshare.csv.gz --target bikers --estimator mlp --l2 1e-4[/cyan]
    """
    from ravine.cli.flags.settings import file_of, read_settings
    from ravine.tables import table_stem

    file = file_of(recipe)
    chosen = choose_estimator(estimator, file, data, network, recipe, neural, run)
    folder = Path(run.out if run.out is not None else f"ravine-{table_stem(table)}")
    if chosen == "neural":
        settings = read_neural_settings(file, data, network, recipe, neural)
        trained, results = _train_neural(table, settings, folder)
    else:
        trained, results = _train_network(table, read_settings(data, network, recipe), run, folder)
    if not as_json:
        trained.scores.show()  # before anything can go wrong with the files
    files = results.write_results(trained.model)
    if as_json:
        print_json(trained.to_dict() | {"files": files})
    say(f"saved in {results.path}: {', '.join(Path(file).name for file in files.values())}")


@dataclass(frozen=True)
class _Trained:
    """A trained model, its scores and how it came about."""

    model: SavedModel
    scores: Scores
    course: dict[str, Any]
    settings: TableSettings

    def to_dict(self) -> dict[str, Any]:
        scores = self.scores
        return {
            "target": scores.target,
            "task": scores.task,
            **scores.to_dict(),
            **self.course,
            "notes": [*self.settings.notes, *self.model.notes],
        }


def _train_neural(
    table: str, settings: NeuralSettings, path: Path
) -> tuple[_Trained, ResultFolder]:
    from ravine.cli.neural_fitting import fit_neural, part_table, score_neural
    from ravine.cli.saved.folder import ResultFolder

    parts = part_table(table, settings)
    parameters = settings.parameters_for(parts.target.task)
    folder = ResultFolder(path)
    folder.note_recipe(Path(table).name, settings.table, parts.target.task, estimator=parameters)
    fitted = fit_neural(parts, settings)
    say(fitted.ending)
    members = fitted.model.estimator.members_
    course = {
        "status": "finished",
        "members": len(members),
        "epochs": max(len(member.history) for member in members),
        "best_epoch": fitted.model.history.best_epoch,
        "seconds": fitted.seconds,
    }
    scores = score_neural(fitted, parts)
    return _Trained(fitted.model, scores, course, settings.table), folder


def _train_network(
    table: str, settings: Settings, run: RunFlags, path: Path
) -> tuple[_Trained, ResultFolder]:
    from ravine.cli.fitting import prepare
    from ravine.cli.saved.folder import ResultFolder
    from ravine.cli.saved.models import SavedNetwork
    from ravine.cli.saved.scores import score_parts

    prepared = prepare(table, settings)
    folder = ResultFolder(path)
    checkpoints = _checkpoints(folder, run)
    folder.note_recipe(
        Path(table).name,
        settings,
        prepared.target.task,
        resumable=run.checkpoint is not None,
        recipe=settings.recipe,
        network=prepared.network,
    )
    fitted = _fit(prepared, checkpoints)
    say(how_it_ended(fitted, settings.recipe.epochs))
    network = fitted.model.model
    course = {
        "status": network.status,
        "epochs": len(network.history),
        "best_epoch": network.best_epoch,
        "seconds": fitted.seconds,
    }
    scores = score_parts(fitted.model, prepared)
    return _Trained(SavedNetwork(fitted.model), scores, course, settings), folder


def how_it_ended(fitted: Fitted, epochs: int) -> str:
    """Say in a line how long training took and why it ended.

    Parameters
    ----------
    fitted : Fitted
        What training gave.
    epochs : int
        The epochs that were asked for.

    Returns
    -------
    str
        The line.
    """
    model = fitted.model.model
    line = f"{model.status}: {len(model.history)} of {epochs} epochs in {fitted.seconds:.1f} s"
    return line if model.best_epoch is None else f"{line}, best epoch {model.best_epoch}"


def _fit(prepared: Prepared, checkpoints: Checkpoints) -> Fitted:
    """Train; when that is interrupted, say where the state is."""
    from ravine.cli.fitting import fit

    try:
        return fit(prepared, checkpoints)
    except KeyboardInterrupt:
        if checkpoints.path is not None and checkpoints.path.exists():
            folder = checkpoints.path.parent
            say(f"go on with: --recipe {folder / 'recipe.toml'} --out {folder} --resume")
        raise


def _checkpoints(folder: ResultFolder, run: RunFlags) -> Checkpoints:
    from ravine.cli.fitting import Checkpoints
    from ravine.cli.saved.folder import CHECKPOINT
    from ravine.errors import FileError

    path = folder / CHECKPOINT
    if run.resume and not path.exists():
        raise FileError(
            f"There is nothing to resume: {str(folder.path)!r} holds no {CHECKPOINT}.",
            hint="Train with --checkpoint EPOCHS first; --out must name the same folder.",
        )
    return Checkpoints(path, run.checkpoint, run.resume)
