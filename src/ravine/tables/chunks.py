"""Reading a table piece by piece for a model that knows its columns: as much memory as a piece."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, Self, cast

from ravine.errors import DataError, FileError
from ravine.files import file_error
from ravine.tables.finding import check_column
from ravine.tables.reading import (
    AS_CSV,
    MISSING_VALUES,
    check_csv_names,
    check_names,
    check_text,
    csv_reason,
    extension_of,
    gzip_error,
    parquet_error,
)
from ravine.tables.schema import TableSchema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ravine.tables.column import Column

__all__ = ["Chunk", "TableChunks"]

Cells = Literal["number", "boolean", "category", "text", "time"]
"""What the cells of a column are read as."""

_ROWS, _BLOCK = 32_768, 2**20
_TRUE = ["1", "1.0", "true", "True", "TRUE"]
_FALSE = ["0", "0.0", "false", "False", "FALSE"]
_BAD_CELL = re.compile(
    r"In CSV column #(\d+): Row #(\d+): CSV conversion error to ([^:]*): "
    r"(?:invalid value '(.*)')?",
    flags=re.DOTALL,
)
_MUST = {"bool": "true or false", "time64": "times of day"}
_ROW = re.compile(r"(.*\bin row )(\d+)(.*)", flags=re.DOTALL)
_NAMELESS_INDEX = re.compile(r"__index_level_\d+__")


class Chunk(NamedTuple):
    """Some rows of a table, and where they stand in its file.

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

    @contextmanager
    def rows_of_the_file(self) -> Iterator[None]:
        """Let errors of the block count rows as they stand in the file."""
        try:
            yield
        except DataError as error:
            raise DataError(_placed(str(error), self.places), hint=error.hint) from error


class TableChunks:
    """The rows of a table's file, a piece at a time, with the cells that a model's schema wants.

    What a cell is follows from the schema alone, never from the other cells of its piece: a column
    of numbers is one even where a piece of it is empty. So a row means the same wherever the cuts
    between the pieces are. The memory that is needed does not grow with the file.

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
        Bytes of a CSV file that are looked at at once; no row can be longer. ``None`` takes 2**20,
        or 64 times as many as the names of the columns need if that is more.

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
        If it lacks a column, or a cell is no number where the column holds numbers.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
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
        self.path = os.fspath(path)
        self.rows_read = 0
        self._rows = rows
        with ExitStack() as stack:
            if extension_of(self.path) == ".parquet":
                self._source: _Csv | _Parquet = _Parquet(self.path, stack)
            else:
                self._source = _Csv(self.path, block, stack)
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


class _Csv:
    """A CSV file, packed or not, as a stream."""

    def __init__(self, path: str, block: int | None, files: ExitStack) -> None:
        self.path = path
        self.file = _open(path, files)
        self.size = max(os.fstat(self.file.fileno()).st_size, 1)
        self.block = block or _BLOCK
        self.all_names = self._read_names()
        self.block = block or max(_BLOCK, 64 * sum(map(len, self.all_names)))
        nameless = len(self.all_names) > 1 and not self.all_names[0].strip()
        self.names = self.all_names[1:] if nameless else self.all_names
        check_csv_names(path, self.names)

    @property
    def share_read(self) -> float:
        return min(self.file.tell() / self.size, 1.0)

    def batches(self, cells: Mapping[str, Cells], _: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        types = {
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "category": pa.dictionary(pa.int32(), pa.string()),
            "text": pa.string(),
            "time": pa.time64("us"),
        }
        with self._explained():
            yield from self._parser(self.file, {name: types[cells[name]] for name in cells})

    def _read_names(self) -> list[str]:
        """Read the names of the columns; the parser decides where the first row ends."""
        with ExitStack() as files, self._explained():
            file = _open(self.path, files)
            head = self._unpacked(file).read(2**16)
            if not head.strip():
                raise FileError(f"Cannot read {self.path!r}: the file is empty.", hint=AS_CSV)
            check_text(self.path, head)
            file.seek(0)
            names: list[str] = self._parser(file).schema.names
            return names

    def _parser(self, file: BinaryIO, types: Mapping[str, Any] | None = None) -> Any:
        import pyarrow as pa
        import pyarrow.csv as arrow_csv

        # One thread, so that an error can name its row.
        return arrow_csv.open_csv(
            pa.PythonFile(self._unpacked(file), mode="r"),
            read_options=arrow_csv.ReadOptions(block_size=self.block, use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                null_values=list(MISSING_VALUES),
                strings_can_be_null=True,
                true_values=_TRUE,
                false_values=_FALSE,
                column_types=types,
                include_columns=list(types or ()),
            ),
        )

    def _unpacked(self, file: BinaryIO) -> BinaryIO:
        if self.path.lower().endswith(".gz"):
            return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
        return file

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Put what can be wrong with the file into our words."""
        import pyarrow as pa

        try:
            yield
        except pa.ArrowInvalid as error:
            raise self._explain(error) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise gzip_error(self.path, error) from error
        except FileError:
            raise
        except OSError as error:
            raise file_error(self.path, "read", error) from error

    def _explain(self, error: Exception) -> DataError | FileError:
        if "straddling" in str(error):
            return FileError(
                f"Cannot read {self.path!r}: a row is longer than {self.block:,} bytes.",
                hint="A quotation mark that is not closed joins all rows behind it.",
            )
        bad = _BAD_CELL.search(str(error))
        if bad is None:
            return FileError(f"Cannot read {self.path!r}: {csv_reason(error)}.", hint=AS_CSV)
        column, row = self.all_names[int(bad[1])], int(bad[2]) - 1
        if bad[4] is None:
            return FileError(
                f"Cannot read {self.path!r}: column {column!r} is not UTF-8 text in row {row}.",
                hint=AS_CSV,
            )
        must = _MUST.get(bad[3].partition("[")[0], "numbers")
        return DataError(
            f"Column {column!r} must hold {must}. Got the text {bad[4]!r} in row {row}.",
            hint="Check that column; an empty cell stands for a missing value.",
        )


class _Parquet:
    """A Parquet file as a stream."""

    def __init__(self, path: str, files: ExitStack) -> None:
        import pyarrow.parquet as pq

        self.path, self.rows_read = path, 0
        file = _open(path, files)
        with self._explained():
            # Pages are read as they are needed, not a row group at once.
            self.file = pq.ParquetFile(file, pre_buffer=False, buffer_size=2**20)
        names: list[str] = self.file.schema_arrow.names
        self.names = [name for name in names if not _NAMELESS_INDEX.fullmatch(name)]

    @property
    def share_read(self) -> float:
        return self.rows_read / max(int(self.file.metadata.num_rows), 1)

    def batches(self, cells: Mapping[str, Cells], rows: int) -> Iterator[pa.RecordBatch]:
        with self._explained():
            for batch in self.file.iter_batches(rows, columns=list(cells)):
                self.rows_read += len(batch)
                yield _whole_numbers_spelled(batch, cells)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise parquet_error(self.path, error) from error


def _open(path: str, files: ExitStack) -> BinaryIO:
    try:
        file = files.enter_context(Path(path).open("rb"))  # noqa: SIM115 - files closes it
    except OSError as error:
        raise file_error(path, "read", error) from error
    except ValueError as error:  # an embedded null byte
        raise FileError(f"Cannot read {path!r}: {error}.") from error
    if not file.seekable():
        raise FileError(
            f"Cannot read {path!r}: it is not an ordinary file.", hint="Save it as a file first."
        )
    return file


def _cells_of(schema: TableSchema, names: list[str], with_target: bool) -> dict[str, Cells]:
    """Find what the columns that are needed are read as, in the order of the file."""
    import pandas as pd

    header = pd.DataFrame(columns=names, index=[0])
    cells = {column.name: _kind(column) for column in schema.columns}
    if with_target:
        assert schema.target is not None
        name, classes = schema.target.name, schema.target.classes
        check_column(header, name, "target")
        cells[name] = "boolean" if classes and isinstance(classes[0], bool) else "number"
    schema.check(header)
    cells |= dict.fromkeys(schema.text_columns, "category")
    return {name: cells[name] for name in names if name in cells}


def _kind(column: Column) -> Cells:
    if column.kind == "date":  # dates are written in more ways than the parser of the file knows
        return "time" if getattr(column, "clock", False) else "text"
    return "boolean" if column.kind == "boolean" else "number"


def _frame(piece: pa.Table) -> pd.DataFrame:
    """Make a data frame; a column that is empty just here says nothing of what it holds."""
    import pyarrow as pa

    for position, field in enumerate(piece.schema):
        if piece.column(position).null_count == len(piece):
            piece = piece.set_column(position, field.name, pa.nulls(len(piece)))
    frame: pd.DataFrame = piece.replace_schema_metadata(None).to_pandas(date_as_object=False)
    return frame


def _whole_numbers_spelled(batch: pa.RecordBatch, cells: Mapping[str, Cells]) -> pa.RecordBatch:
    """Turn whole numbers that are categories into text, before gaps make floats of them."""
    import pyarrow as pa

    for position, field in enumerate(batch.schema):
        if cells[field.name] == "category" and pa.types.is_integer(field.type):
            spelled = batch.column(position).cast(pa.string())
            batch = batch.set_column(position, field.name, spelled)
    return batch


def _placed(message: str, places: Sequence[int]) -> str:
    """Count the row that a message names, its last one, as it stands in the file."""
    found = _ROW.fullmatch(message)
    if found is None:
        return message
    return f"{found[1]}{places[int(found[2]) - 1] + 1}{found[3]}"
