"""Opening what commands are given: a model, and a table that is to fit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli.output import say

if TYPE_CHECKING:
    import pandas as pd

    from ravine.tables.schema import TableSchema
    from ravine.tables.table_model import TableModel

__all__ = ["ModelArgument", "TableArgument", "open_model", "open_table", "report_oddities"]

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="The file model.safetensors, or the folder that it is in."
    ),
]
TableArgument = Annotated[
    str, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")
]


def open_model(path: str) -> TableModel:
    """Read a model of a table; a folder stands for the model in it.

    Parameters
    ----------
    path : str
        The file or folder.

    Returns
    -------
    TableModel
        The model.

    Raises
    ------
    FileError
        If there is none, or it cannot be read.
    """
    from ravine.cli.folder import MODEL
    from ravine.tables.table_model import TableModel

    return TableModel.load(Path(path) / MODEL if Path(path).is_dir() else path)


def open_table(path: str, schema: TableSchema) -> pd.DataFrame:
    """Read a table for a model, and report what the model does not know.

    Parameters
    ----------
    path : str
        The table's file.
    schema : TableSchema
        The model's schema.

    Returns
    -------
    pandas.DataFrame
        The table.

    Raises
    ------
    FileError, DataError
        If it cannot be read, or lacks columns.
    """
    from ravine.tables import read_table

    frame = read_table(path, text_columns=schema.text_columns)
    report_oddities(frame, schema)
    return frame


def report_oddities(frame: pd.DataFrame, schema: TableSchema) -> None:
    """Say which columns are not used, and where categories are new.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    schema : TableSchema
        The model's schema.
    """
    from ravine.tables.values import plural

    used = {column.name for column in schema.columns} | set(schema.left_out)
    if schema.target is not None:
        used.add(schema.target.name)
    unused = [repr(str(name)) for name in frame.columns if str(name) not in used]
    if unused:
        few = ", ".join(unused[:8]) + (" …" if len(unused) > 8 else "")
        say(f"note: {plural(len(unused), 'column')} not used: {few}")
    for name, count in schema.unseen(frame).items():
        say(
            f"note: column {name!r}: {plural(count, 'value')} of categories that training had not "
            "or hardly seen; taken as none of the known ones"
        )
