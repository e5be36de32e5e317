"""Files of tables as streams of pieces, with cells read as a model needs them."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ravine.errors import FileError
from ravine.tables.limits import LONGEST_NAMES, check_header
from ravine.tables.opening import open_raw, read_error, unpacked
from ravine.tables.reading import (
    AS_CSV,
    check_csv_names,
    check_text,
    csv_names,
    csv_reason,
    parquet_error,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Cells", "CsvStream", "ParquetStream", "TextRule"]

Cells = Literal["number", "integer", "boolean", "category", "text", "time"]
"""What the cells of a column are read as."""

_BLOCK = 2**20
_TRUE = ["1", "1.0", "true", "True", "TRUE"]
_FALSE = ["0", "0.0", "false", "False", "FALSE"]
_BAD_CELL = re.compile(
    r"In CSV column #(\d+): Row #(\d+): CSV conversion error to ([^:]*): "
    r"(?:invalid value '(.*)')?",
    flags=re.DOTALL,
)
_NAMELESS_INDEX = re.compile(r"__index_level_\d+__")


@dataclass(frozen=True)
class TextRule:
    """What is done to the text of a column.

    Parameters
    ----------
    strip : bool
        Whether the blanks around a cell are removed.
    missing : frozenset of str
        The cells that count as missing.
    """

    strip: bool
    missing: frozenset[str]

    @classmethod
    def of(cls, levels: Sequence[Any], missing: Sequence[str]) -> TextRule:
        """Make the rule of a column whose texts are known: these are kept as they are.

        Examples
        --------
        >>> TextRule.of(["NA", "yes "], ["", "NA"])
        TextRule(strip=False, missing=frozenset({''}))
        """
        texts = [level for level in levels if isinstance(level, str)]
        strip = all(text == text.strip() for text in texts)
        return cls(strip, frozenset(missing) - frozenset(texts))

    def clean(self, text: str | None) -> str | None:
        """Clean a cell; None if it is missing."""
        if text is None:
            return None
        bare = text.strip()
        if bare in self.missing:
            return None
        return bare if self.strip else text

    def applied(self, column: Any) -> Any:
        """Clean a column of text, or one of a dictionary of texts."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(column, pa.DictionaryArray):
            texts = column.dictionary.to_pylist()
            clean = [self.clean(text) for text in texts]
            if clean == texts:
                return column
            kind = column.dictionary.type
            again = pa.DictionaryArray.from_arrays(column.indices, pa.array(clean, kind))
            return again.dictionary_decode()
        bare = pc.utf8_trim_whitespace(column)
        absent = pc.is_in(bare, pa.array(sorted(self.missing), column.type))
        return pc.if_else(absent, None, bare if self.strip else column)


class CsvStream:
    """A CSV file, packed or not, as a stream.

    If the parser of the file cannot read a cell, its column is read as text from there on, and the
    code that knows the column interprets or refuses it.

    Parameters
    ----------
    path : str
        The file.
    block : int, optional
        Bytes that are read at once; ``None`` for 2**20, or more if the names need it.
    missing : sequence of str
        The cells that count as missing.
    rules : mapping of str to TextRule
        What is done to the text of columns. Names that are there keep their blanks.
    files : ExitStack
        What closes the files.
    """

    def __init__(
        self,
        path: str,
        block: int | None,
        missing: Sequence[str],
        rules: Mapping[str, TextRule],
        files: ExitStack,
    ) -> None:
        self.path, self.rules, self.missing = path, rules, list(missing)
        self.files = files.enter_context(ExitStack())
        self.raw = open_raw(path, self.files)
        self.size = max(self.raw.size(), 1)
        self.block = block or _BLOCK
        self.raw_names = self._read_names()
        self.block = block or max(_BLOCK, 16 * sum(map(len, self.raw_names)))
        bare = zip(self.raw_names, csv_names(self.raw_names), strict=True)
        self.names = [raw if raw in rules else name for raw, name in bare]
        check_csv_names(path, self.names)

    @property
    def share_read(self) -> float:
        """Which share of the file has been read, from 0 to 1."""
        return 1.0 if self.raw.closed else min(self.raw.tell() / self.size, 1.0)

    def batches(self, cells: Mapping[str, Cells], _: int) -> Iterator[pa.RecordBatch]:
        """Give the rows, in the order of the file."""
        import pyarrow as pa

        wanted, given = dict(cells), 0
        with self._explained():
            while True:
                pieces = self._pieces(wanted, given)
                self.files.callback(pieces.close)  # before the file is closed
                try:
                    for batch in pieces:
                        given += len(batch)
                        yield batch
                except pa.ArrowInvalid as error:
                    column = self._unreadable(error, wanted)
                    if column is None:
                        raise
                    wanted[column] = "text"
                    self.raw = open_raw(self.path, self.files)
                else:
                    return

    def _pieces(
        self, cells: Mapping[str, Cells], skip: int
    ) -> Generator[pa.RecordBatch, None, None]:
        """Give the rows except for the first few."""
        import pyarrow as pa

        types = {
            "number": pa.float64(),
            "integer": pa.int64(),
            "boolean": pa.bool_(),
            "category": pa.dictionary(pa.int32(), pa.string()),
            "text": pa.string(),
            "time": pa.time64("us"),
        }
        raw = dict(zip(self.names, self.raw_names, strict=True))
        reader = self._parser(self.raw, {raw[name]: types[cells[name]] for name in cells})
        try:
            for batch in reader:
                if skip >= len(batch):
                    skip -= len(batch)
                    continue
                yield self._cleaned(batch.slice(skip), cells)
                skip = 0
        finally:
            del reader  # waits for Arrow's thread, which reads ahead

    def _cleaned(self, batch: pa.RecordBatch, cells: Mapping[str, Cells]) -> pa.RecordBatch:
        """Name the columns, and clean those of text."""
        import pyarrow as pa

        columns = [
            self.rules[name].applied(column) if cells[name] in ("category", "text") else column
            for name, column in zip(cells, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, names=list(cells))

    def _read_names(self) -> list[str]:
        """Read the names of the columns; the parser decides where the first row ends."""
        with ExitStack() as files, self._explained():
            file = unpacked(self.path, open_raw(self.path, files))
            head = file.read(2**16)
            if b"\n" not in head:
                head += file.read(LONGEST_NAMES)
            if not head.strip():
                raise FileError(f"Cannot read {self.path!r}: the file is empty.", hint=AS_CSV)
            check_text(self.path, head)
            # A block larger than the names, if they need one; most need a small part of it.
            self.block = max(self.block, 2 * check_header(self.path, head))
            names: list[str] = self._parser(open_raw(self.path, files)).schema.names
            return names

    def _parser(self, file: pa.NativeFile, types: Mapping[str, Any] | None = None) -> Any:
        import pyarrow.csv as arrow_csv

        # One thread, so that an error can name its row.
        return arrow_csv.open_csv(
            unpacked(self.path, file),
            read_options=arrow_csv.ReadOptions(block_size=self.block, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True,
                ignore_empty_lines=types is None or len(self.raw_names) > 1,
            ),
            convert_options=arrow_csv.ConvertOptions(
                null_values=self.missing,
                strings_can_be_null=False,
                true_values=_TRUE,
                false_values=_FALSE,
                column_types=types,
                include_columns=list(types or ()),
            ),
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of the parser into ravine's."""
        import pyarrow as pa

        try:
            yield
        except pa.ArrowInvalid as error:
            raise self._explain(error) from error
        except FileError:
            raise
        except OSError as error:
            raise read_error(self.path, error) from error

    def _unreadable(self, error: Exception, cells: Mapping[str, Cells]) -> str | None:
        """Find the column of a cell that cannot be read as what it should be, but as text."""
        bad = _BAD_CELL.search(str(error))
        if bad is None or bad[4] is None:
            return None
        column = self.names[int(bad[1])]
        return None if cells.get(column) in (None, "text", "category") else column

    def _explain(self, error: Exception) -> FileError:
        if "straddling" in str(error):
            return FileError(
                f"Cannot read {self.path!r}: a row is longer than {self.block:,} bytes.",
                hint="A quotation mark that is not closed joins all rows after it.",
            )
        bad = _BAD_CELL.search(str(error))
        if bad is None:
            return FileError(f"Cannot read {self.path!r}: {csv_reason(error)}.", hint=AS_CSV)
        column, row = self.names[int(bad[1])], int(bad[2]) - 1
        return FileError(
            f"Cannot read {self.path!r}: column {column!r} is not UTF-8 text in row {row}.",
            hint=AS_CSV,
        )


class ParquetStream:
    """A Parquet file as a stream.

    Parameters
    ----------
    path : str
        The file.
    rules : mapping of str to TextRule
        What is done to the text of columns; words for missing values are text here.
    files : ExitStack
        What closes the file.
    """

    def __init__(self, path: str, rules: Mapping[str, TextRule], files: ExitStack) -> None:
        import pyarrow.parquet as pq

        self.path, self.rows_read = path, 0
        self.rules = {
            name: TextRule(rule.strip, frozenset(("",)) if rule.strip else frozenset())
            for name, rule in rules.items()
        }
        self.raw = open_raw(path, files)
        with self._explained():
            # Pages are read as they are needed, not a row group at once.
            self.file = pq.ParquetFile(self.raw, pre_buffer=False, buffer_size=2**20)
        names: list[str] = self.file.schema_arrow.names
        self.names = [name for name in names if not _NAMELESS_INDEX.fullmatch(name)]

    @property
    def share_read(self) -> float:
        """Which share of the file has been read, from 0 to 1."""
        return self.rows_read / max(int(self.file.metadata.num_rows), 1)

    def batches(self, cells: Mapping[str, Cells], rows: int) -> Iterator[pa.RecordBatch]:
        """Give the rows, in the order of the file."""
        with self._explained():
            for batch in self.file.iter_batches(rows, columns=list(cells)):
                self.rows_read += len(batch)
                yield self._cleaned(batch, cells)

    def _cleaned(self, batch: pa.RecordBatch, cells: Mapping[str, Cells]) -> pa.RecordBatch:
        """Clean text, and make whole numbers that are categories text, before gaps make floats."""
        import pyarrow as pa

        for position, field in enumerate(batch.schema):
            column = batch.column(position)
            if cells[field.name] == "category" and pa.types.is_integer(field.type):
                batch = batch.set_column(position, field.name, column.cast(pa.string()))
            elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
                clean = self.rules[field.name].applied(column)
                batch = batch.set_column(position, field.name, clean)
        return batch

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise parquet_error(self.path, error) from error
