"""Reading a table piece by piece for a model that knows its columns, in little memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ravine.errors import FileError
from ravine.ground.packages import needs
from ravine.tables.columns.categories import BinaryColumn, CategoryColumn, CodeColumn, OrderedColumn
from ravine.tables.finding import check_column, check_columns
from ravine.tables.places import rows_of_the_file
from ravine.tables.reading import check_names, extension_of
from ravine.tables.schema import TableSchema
from ravine.tables.streams import Cells, CsvStream, ParquetStream, TextRule
from ravine.tables.text.missing import MISSING_VALUES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ravine.tables.columns.base import Column

__all__ = ["Chunk", "TableChunks"]

_ROWS = 32_768
_EXACT = 2**53


class Chunk(NamedTuple):
    """Some rows of a table, and their places in its file.

    Parameters
    ----------
    places : sequence of int
        The place of each row in the file, from 0.
    frame : pandas.DataFrame
        The rows, numbered from 0.
    """

    places: Sequence[int]
    frame: pd.DataFrame

    def keep(self, which: pd.Series[bool]) -> Chunk:
        """Give the rows for which ``which`` is true."""
        places = [place for place, kept in zip(self.places, which, strict=True) if kept]
        return Chunk(places, self.frame[which].reset_index(drop=True))

    def rows_of_the_file(self) -> AbstractContextManager[None]:
        """Let errors of the block count rows as in the file."""
        return rows_of_the_file(self.places)


class TableChunks:
    """The rows of a table's file, read piece by piece, with the cells that a schema needs.

    How a cell is read depends on the schema alone, never on the other cells of its piece: a column
    of numbers stays one even if a piece of it is empty. So a row means the same wherever the pieces
    are cut. The memory needed does not grow with the file.

    Use it in a ``with`` statement, which closes the file.

    Parameters
    ----------
    path : str or path-like
        A ``.csv``, ``.csv.gz`` or ``.parquet`` file.
    schema : TableSchema
        The model's schema. Its columns are read, and no others.
    with_target : bool, default False
        Whether the target's column is read as well.
    rows : int, default 32768
        Most rows of a piece.
    block : int, optional
        Bytes of a CSV file that are read at once; no row can be longer. ``None`` takes 2**20,
        or 16 times as many as the names of the columns need if that is more.

    Attributes
    ----------
    names : list of str
        All columns of the file.
    rows_read : int
        The rows that were given so far.

    Raises
    ------
    FileError
        If the file is missing, empty, not what its name says, or ragged.
    DataError
        If it lacks a column, or a cell of a column of numbers is not a number.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from pathlib import Path
    >>> schema = TableSchema.learn(pd.DataFrame({"kind": ["cat", "dog", "cat"]}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "pets.csv")
    ...     _ = path.write_text("kind,weight" + chr(10) + "cat,4" + chr(10) + "dog,20")
    ...     with TableChunks(path, schema, rows=1) as table:
    ...         [(chunk.places[0], chunk.frame["kind"].tolist()) for chunk in table]
    [(0, ['cat']), (1, ['dog'])]
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: TableSchema,
        *,
        with_target: bool = False,
        rows: int = _ROWS,
        block: int | None = None,
    ) -> None:
        needs("Reading a table from a file", "pyarrow")
        self.path = os.fspath(path)
        self.rows_read = 0
        self._rows = rows
        missing: tuple[str, ...] = MISSING_VALUES
        if schema.missing_values is not None:
            missing = ("", *schema.missing_values)
        rules = _rules(schema, missing)
        with ExitStack() as stack:
            if extension_of(self.path) == ".parquet":
                self._source: CsvStream | ParquetStream = ParquetStream(self.path, rules, stack)
            else:
                self._source = CsvStream(self.path, block, missing, rules, stack)
            self.names = self._source.names
            check_names(self.names, repr(self.path), FileError)
            self._cells = _cells_of(schema, self.names, with_target)
            self._files = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @property
    def share_read(self) -> float:
        """Which share of the file has been read, from 0 to 1."""
        return self._source.share_read

    def __iter__(self) -> Iterator[Chunk]:
        """Give the rows, in the order of the file."""
        import pyarrow as pa

        for batch in self._source.batches(self._cells, self._rows):
            for start in range(0, len(batch), self._rows):
                piece = pa.Table.from_batches([batch.slice(start, self._rows)])
                places = range(self.rows_read, self.rows_read + len(piece))
                self.rows_read += len(piece)
                yield Chunk(places, _frame(piece))
        if not self.rows_read:
            raise FileError(f"Cannot read {self.path!r}: the table has column names but no rows.")


def _cells_of(schema: TableSchema, names: list[str], with_target: bool) -> dict[str, Cells]:
    """Find the types as which the needed columns are read, in the order of the file."""
    import pandas as pd

    header = pd.DataFrame(columns=names, index=[0])
    cells = {column.name: _kind(column) for column in schema.columns}
    if with_target:
        assert schema.target is not None
        name, classes = schema.target.name, schema.target.classes
        check_column(header, name, "target")
        cells[name] = "boolean" if classes and isinstance(classes[0], bool) else "number"
        if cells[name] == "number" and any(_is_large(label) for label in classes):
            cells[name] = "integer"
    check_columns(header, [column.name for column in schema.columns])
    cells |= dict.fromkeys(schema.text_columns, "category")
    return {name: cells[name] for name in names if name in cells}


def _is_large(label: Any) -> bool:
    return isinstance(label, int) and abs(label) > _EXACT


def _kind(column: Column) -> Cells:
    if any(getattr(column, what, False) for what in ("reading", "odd", "duration")):
        return "text"
    if column.kind == "date":  # dates are written in more ways than the parser of the file knows
        return "time" if getattr(column, "clock", False) else "text"
    return "boolean" if column.kind == "boolean" else "number"


def _rules(schema: TableSchema, missing: Sequence[str]) -> dict[str, TextRule]:
    """Say how the text of each column is cleaned: known levels are not changed."""
    levels: dict[str, tuple[Any, ...]] = {
        column.name: column.levels
        for column in schema.columns
        if isinstance(column, BinaryColumn | CategoryColumn | CodeColumn | OrderedColumn)
    }
    levels |= {target.name: target.classes for target in schema.targets}
    names = [*levels, *(column.name for column in schema.columns)]
    return {name: TextRule.of(levels.get(name, ()), missing) for name in names}


def _frame(piece: pa.Table) -> pd.DataFrame:
    """Make a data frame; a column that is empty only here keeps its type."""
    import pyarrow as pa

    for position, field in enumerate(piece.schema):
        if piece.column(position).null_count == len(piece):
            piece = piece.set_column(position, field.name, pa.nulls(len(piece)))
    frame: pd.DataFrame = piece.replace_schema_metadata(None).to_pandas(date_as_object=False)
    return frame
