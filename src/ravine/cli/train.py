"""``ravine train``: a table becomes a trained network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli.loading import TableArgument
from ravine.cli.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.output import print_json, say

if TYPE_CHECKING:
    from ravine.cli.fitting import Checkpoints, Fitted, Prepared
    from ravine.cli.folder import ResultFolder
    from ravine.cli.scores import Scores

__all__ = ["RunFlags", "command", "how_it_ended"]


@dataclass(frozen=True)
class RunFlags:
    """Where the results go, and how an unfinished training is kept."""

    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results. (default: ravine- and the table's name)"
        ),
    ] = None
    checkpoint: Annotated[
        int | None,
        typer.Option(metavar="EPOCHS", help="Keep the state every so many epochs, in DIR.", min=1),
    ] = None
    resume: Annotated[
        bool,
        typer.Option("--resume", metavar=" ", help="Go on from the state kept in DIR."),
    ] = False


@grouped
def command(
    table: TableArgument,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    run: RunFlags,
    as_json: JsonFlag = False,
) -> None:
    """Train a network on a table and save it.

    Test rows are set aside first, then validation rows; everything that is learnt from the columns
    comes from the remaining training rows. Categories, dates and missing values are handled. Into
    DIR go model.safetensors, history.csv, learning_curve.png and recipe.toml; with --recipe on the
    last, the same table gives the same model bit for bit.

    [bold]Example[/bold]

    [cyan]ravine train bikeshare.csv.gz --target bikers --hidden 64,64 --l2 1e-4[/cyan]
    """
    from ravine.cli.fitting import prepare
    from ravine.cli.folder import ResultFolder
    from ravine.cli.scores import score_parts
    from ravine.cli.settings import read_settings
    from ravine.tables import read_table, table_stem

    settings = read_settings(data, network, recipe)
    prepared = prepare(read_table(table), settings)
    folder = ResultFolder(Path(run.out if run.out is not None else f"ravine-{table_stem(table)}"))
    checkpoints = _checkpoints(folder, run)
    folder.write_recipe(settings, prepared, Path(table).name)
    fitted = _fit(prepared, checkpoints)
    say(how_it_ended(fitted, settings.recipe.epochs))
    scores = score_parts(fitted.model, prepared)
    if not as_json:
        scores.show()  # before anything can go wrong with the files
    files = folder.write_results(fitted.model)
    if as_json:
        print_json(_as_data(fitted, scores) | {"files": files})
    say(f"saved in {folder.path}: {', '.join(Path(file).name for file in files.values())}")


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


def _as_data(fitted: Fitted, scores: Scores) -> dict[str, Any]:
    model = fitted.model.model
    return {
        "target": scores.target,
        "task": scores.task,
        **scores.to_dict(),
        "status": model.status,
        "epochs": len(model.history),
        "best_epoch": model.best_epoch,
        "seconds": fitted.seconds,
        "notes": list(fitted.model.schema.notes),
    }


def _checkpoints(folder: ResultFolder, run: RunFlags) -> Checkpoints:
    from ravine.cli.fitting import Checkpoints
    from ravine.cli.folder import CHECKPOINT
    from ravine.errors import FileError

    path = folder / CHECKPOINT
    if run.resume and not path.exists():
        raise FileError(
            f"There is nothing to resume: {str(folder.path)!r} holds no {CHECKPOINT}.",
            hint="Train with --checkpoint EPOCHS first; --out must name the same folder.",
        )
    return Checkpoints(path, run.checkpoint, run.resume)
