"""What commands are given: a model, which is opened here, and a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli.output import say

if TYPE_CHECKING:
    from ravine.cli.saved import SavedModel

__all__ = ["ModelArgument", "TableArgument", "open_model"]

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="The file model.safetensors, or the folder that it is in."
    ),
]
TableArgument = Annotated[
    str, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")
]


def open_model(path: str) -> SavedModel:
    """Read a model of a table; a folder stands for the model in it.

    Parameters
    ----------
    path : str
        The file or folder.

    Returns
    -------
    SavedModel
        The model.

    Raises
    ------
    FileError
        If there is none, it cannot be read, or it knows no table.
    """
    import ravine
    from ravine.cli.folder import MODEL, other_runs
    from ravine.cli.saved import seen_by_commands

    file = Path(path) / MODEL if Path(path).is_dir() else Path(path)
    found = seen_by_commands(ravine.load(file), str(file))
    for sentence in other_runs(file):
        say(f"note: {sentence}")
    return found
