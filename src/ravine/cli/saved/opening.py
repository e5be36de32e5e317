"""What commands are given: a model, which is opened here, and a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ravine.cli.output import say
from ravine.errors import ParameterError

if TYPE_CHECKING:
    from ravine.cli.saved.models import SavedModel
    from ravine.tables.schema import OnNewMissing

__all__ = ["ModelArgument", "NewMissingFlag", "TableArgument", "open_model"]

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="The file model.safetensors, or the folder that it is in."
    ),
]
TableArgument = Annotated[
    str, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")
]


NewMissingFlag = Annotated[
    str | None,
    typer.Option(
        "--on-new-missing",
        metavar="error|median",
        help="What a value means that is missing where no training row lacked one: an error, or "
        "the median of the training rows. (default: what the model says, which is else an error)",
    ),
]


def open_model(path: str, on_new_missing: str | None = None) -> SavedModel:
    """Read a model of a table; a folder stands for the model in it.

    Parameters
    ----------
    path : str
        The file or folder.
    on_new_missing : {"error", "median"}, optional
        What a newly missing value means; ``None`` leaves it to the model.

    Returns
    -------
    SavedModel
        The model.

    Raises
    ------
    FileError
        If there is none, it cannot be read, or it knows no table.
    ParameterError
        If ``on_new_missing`` is something else.
    """
    import ravine
    from ravine.cli.saved.folder import MODEL, other_runs
    from ravine.cli.saved.models import seen_by_commands

    file = Path(path) / MODEL if Path(path).is_dir() else Path(path)
    found = seen_by_commands(ravine.load(file), str(file))
    for sentence in other_runs(file):
        say(f"note: {sentence}")
    if on_new_missing is None:
        return found
    if on_new_missing not in ("error", "median"):
        raise ParameterError(f"--on-new-missing must be error or median. Got {on_new_missing!r}.")
    return found.filling(cast("OnNewMissing", on_new_missing))
