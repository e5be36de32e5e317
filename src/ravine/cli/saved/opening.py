"""Opening the model and the table that a command is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ravine.cli.output import say
from ravine.errors import FileError, ParameterError

if TYPE_CHECKING:
    from ravine.cli.kinds.base import SavedModel
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
        help="How to treat a missing value in a column that had none in training: error, or median "
        "of the training rows. (default: the model's setting, else error)",
    ),
]


def open_model(path: str, on_new_missing: str | None = None) -> SavedModel:
    """Read a model of a table; a folder means the model in it.

    Parameters
    ----------
    path : str
        The file or folder.
    on_new_missing : {"error", "median"}, optional
        How to treat a newly missing value; ``None`` leaves it to the model.

    Returns
    -------
    SavedModel
        The model.

    Raises
    ------
    FileError
        If there is none, it cannot be read, or it is not a model of a table.
    ParameterError
        If ``on_new_missing`` is something else.
    """
    import ravine
    from ravine.cli.saved.folder import MODEL, other_runs

    file = Path(path) / MODEL if Path(path).is_dir() else Path(path)
    found = _seen_by_commands(ravine.load(file), str(file))
    for sentence in other_runs(file):
        say(f"note: {sentence}")
    if on_new_missing is None:
        return found
    if on_new_missing not in ("error", "median"):
        raise ParameterError(f"--on-new-missing must be error or median. Got {on_new_missing!r}.")
    return found.filling(cast("OnNewMissing", on_new_missing))


def _seen_by_commands(model: Any, path: str) -> SavedModel:
    """Take what `ravine.load` gave, if it is a model of a table with one target."""
    from ravine.cli.kinds.estimator import SavedEstimator
    from ravine.cli.kinds.network import SavedNetwork
    from ravine.tables.fitted.table_model import TableModel

    if isinstance(model, TableModel):
        return SavedNetwork(model)
    schema = getattr(model, "schema_", None)
    if schema is None:
        raise FileError(
            f"{path!r} holds a model that was trained on arrays, not on a table: it knows no "
            "columns.",
            hint="Use ravine.load in Python, or train with: ravine train TABLE --target COLUMN",
        )
    if schema.target is None:
        raise FileError(
            f"{path!r} holds an estimator that does not predict one column of numbers, texts or "
            "booleans.",
            hint="Use ravine.load in Python.",
        )
    return SavedEstimator(model)
