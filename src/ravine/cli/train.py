"""``ravine train``: a table becomes a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli.options import DataFlags, JsonFlag, NetworkFlags, RecipeFlags, grouped
from ravine.cli.output import print_json, say

if TYPE_CHECKING:
    from ravine.cli.fitting import Checkpoints, Fitted
    from ravine.cli.folder import ResultFolder

__all__ = ["command"]


@grouped
def command(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")
    ],
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder for the results.  (default: ravine- and the table's name)"
        ),
    ] = None,
    checkpoint: Annotated[
        int | None,
        typer.Option(metavar="EPOCHS", help="Keep the state every so many epochs, in DIR.", min=1),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", metavar=" ", help="Go on from the state kept in DIR.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Train a network on a table and save it.

    Test rows are set aside first, then validation rows; everything that is learnt from the columns
    comes from the remaining training rows. Categories and missing values are handled. Into DIR go
    model.safetensors, history.csv, learning_curve.png and recipe.toml; with --recipe on the last,
    the same table gives the same model bit for bit.

    [bold]Example[/bold]

    [cyan]ravine train bikeshare.csv.gz --target bikers --hidden 64,64 --l2 1e-4[/cyan]
    """
    from ravine.cli.fitting import fit, prepare
    from ravine.cli.folder import ResultFolder
    from ravine.cli.scores import score_parts
    from ravine.cli.settings import read_settings
    from ravine.tables import read_table, table_stem

    settings = read_settings(data, network, recipe)
    prepared = prepare(read_table(table), settings)
    folder = ResultFolder(Path(out if out is not None else f"ravine-{table_stem(table)}"))
    checkpoints = _checkpoints(folder, checkpoint, resume)
    assert prepared.schema.target is not None
    folder.write_recipe(settings, prepared.network, prepared.schema.target.task, Path(table).name)
    try:
        fitted = fit(prepared, checkpoints)
    except KeyboardInterrupt:
        if checkpoints.path is not None and checkpoints.path.exists():
            say(f"the state is kept in {checkpoints.path}: go on with --resume")
        raise
    say(how_it_ended(fitted, settings.recipe.epochs))
    scores = score_parts(fitted.model, prepared)
    files = folder.write_results(fitted.model)
    if as_json:
        model = fitted.model.model
        print_json(
            {
                "target": scores.target,
                "task": scores.task,
                **scores.to_dict(),
                "status": model.status,
                "epochs": len(model.history),
                "best_epoch": model.best_epoch,
                "seconds": fitted.seconds,
                "files": files,
                "notes": list(prepared.schema.notes),
            }
        )
        return
    scores.show()
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


def _checkpoints(folder: ResultFolder, every: int | None, resume: bool) -> Checkpoints:
    from ravine.cli.fitting import Checkpoints
    from ravine.cli.folder import CHECKPOINT
    from ravine.errors import FileError

    path = folder / CHECKPOINT
    if resume and not path.exists():
        raise FileError(
            f"There is nothing to resume: {str(folder.path)!r} holds no {CHECKPOINT}.",
            hint="Train with --checkpoint EPOCHS first; --out must name the same folder.",
        )
    return Checkpoints(path, every, resume)
