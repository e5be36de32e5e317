"""Reading a table from a file: every row whole, every column named, or a clear error."""

from __future__ import annotations

import codecs
import errno
import os
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ravine.errors import DataError, FileError
from ravine.ground.files import file_error
from ravine.ground.memory import check_memory
from ravine.ground.packages import needs
from ravine.tables.limits import (
    LONGEST_NAMES,
    PER_CELL,
    check_cells,
    check_header,
    check_lengths,
    check_size,
    unzip,
)
from ravine.tables.text.counters import NAMELESS
from ravine.tables.text.csv_text import CsvText, missing_words, stripped
from ravine.tables.text.missing import MISSING_VALUES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "AS_CSV",
    "MISSING_VALUES",
    "check_csv_names",
    "check_names",
    "check_text",
    "csv_names",
    "csv_reason",
    "extension_of",
    "gzip_error",
    "named",
    "parquet_error",
    "read_table",
    "read_with_remarks",
    "table_stem",
]

_EXTENSIONS = (".csv", ".csv.gz", ".parquet")
_LARGEST_CSV = 2**31 - 2
AS_CSV = "Save it as CSV with commas (UTF-8), one row of column names, one line per row."
"""The cure for most files that cannot be read."""


def read_table(
    path: str | os.PathLike[str],
    *,
    text_columns: Collection[str] = (),
    target: str | None = None,
    missing_values: Collection[str] | None = None,
) -> pd.DataFrame:
    r"""Read a table with column names from a ``.csv``, ``.csv.gz`` or ``.parquet`` file.

    Cells of a CSV file that hold one of ``MISSING_VALUES`` are missing. Blanks around text are
    removed. A column whose digits begin with zeros, such as 007, is text. A first column without a
    name, as spreadsheets and data frames write for their row numbers, is called ``Unnamed: 0``. In
    a table of one column a blank line is a row.

    Parameters
    ----------
    path : str or path-like
        The file. The ending of its name says what it is.
    text_columns : collection of str, default ()
        Columns of a CSV file to keep as text even if every cell looks like a number.
    target : str, optional
        The column that will be predicted: words such as NA and None are classes there, if it holds
        text.
    missing_values : collection of str, optional
        The cells of a CSV file that count as missing, besides empty ones; ``None`` for the usual
        ones.

    Returns
    -------
    pandas.DataFrame
        The rows in the order of the file, numbered from 0.

    Raises
    ------
    FileError
        If the file is missing, empty, not what its name says, or ragged (a row with more or fewer
        cells than there are columns), or if two columns have the same name.

    Warns
    -----
    DataWarning
        If words such as NA and None count as missing in a column of text, or are classes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "pets.csv")
    ...     _ = path.write_text("kind,weight\ncat,4.5\ndog,\n")
    ...     read_table(path)
      kind  weight
    0  cat     4.5
    1  dog     NaN
    """
    from ravine.tables.text.interpreting import warn_of

    frame, remarks = read_with_remarks(path, text_columns, target, missing_values)
    warn_of(remarks)
    return frame


def read_with_remarks(
    path: str | os.PathLike[str],
    text_columns: Collection[str] = (),
    target: str | None = None,
    missing_values: Collection[str] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Read a table as ``read_table`` does; return notes about it instead of warnings.

    Parameters
    ----------
    path, text_columns, target, missing_values
        As for ``read_table``.

    Returns
    -------
    frame : pandas.DataFrame
        The rows.
    remarks : list of str
        Sentences.
    """
    needs("Reading a table from a file", "pyarrow")
    name = os.fspath(path)
    extension = extension_of(name)
    content = _content(name)
    remarks: list[str] = []
    if extension == ".parquet":
        frame = _read_parquet(name, content)
    else:
        frame, remarks = _read_csv(name, content, text_columns, target, missing_values)
    _check_columns(name, frame)
    return frame, remarks


def table_stem(path: str | os.PathLike[str]) -> str:
    """Name of a table's file without folder and extension.

    Examples
    --------
    >>> table_stem("data/bikeshare.csv.gz")
    'bikeshare'
    """
    name = Path(path).name
    extension = next((e for e in sorted(_EXTENSIONS, key=len)[::-1] if _ends(name, e)), "")
    return name[: len(name) - len(extension)] or name


def _ends(name: str, extension: str) -> bool:
    return name.lower().endswith(extension)


def extension_of(name: str) -> str:
    """Tell what kind of table a file is by its name: .csv, .csv.gz or .parquet."""
    for extension in _EXTENSIONS:
        if _ends(name, extension):
            return extension
    raise FileError(
        f"Cannot tell what kind of table {name!r} is: its name must end in "
        f"{', '.join(_EXTENSIONS[:-1])} or {_EXTENSIONS[-1]}.",
        hint=AS_CSV,
    )


def _content(name: str) -> bytes:
    """All bytes of the file, unpacked."""
    try:
        check_size(name, Path(name).stat().st_size)
        content = Path(name).read_bytes()
    except OSError as error:
        raise file_error(name, "read", error) from error
    except ValueError as error:  # an embedded null byte
        raise FileError(f"Cannot read {name!r}: {error}.") from error
    if _ends(name, ".gz"):
        try:
            content = unzip(name, content, _LARGEST_CSV)
        except (OSError, EOFError, zlib.error) as error:
            raise gzip_error(name, error) from error
    if not content[:4096].strip() and not content.strip():
        raise FileError(f"Cannot read {name!r}: the file is empty.", hint=AS_CSV)
    return content


def _read_parquet(name: str, content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        cells = file.metadata.num_rows * file.metadata.num_columns
        check_memory(name, cells * PER_CELL, f"its {cells:,} cells")
        table = file.read()
        check_names(table.column_names, repr(name), FileError)
        frame: pd.DataFrame = stripped(table).to_pandas(date_as_object=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise parquet_error(name, error) from error
    named = [level for level in frame.index.names if level is not None]
    return frame.reset_index(level=named).reset_index(drop=True)


def _read_csv(
    name: str,
    content: bytes,
    text_columns: Collection[str],
    target: str | None,
    missing_values: Collection[str] | None,
) -> tuple[pd.DataFrame, list[str]]:
    import pyarrow as pa

    if len(content) > _LARGEST_CSV:
        raise file_error(name, "read", OSError(errno.EFBIG, "")) from None
    check_text(name, content)
    check_header(name, content)
    check_cells(name, content)
    file = CsvText(content, ("", *(MISSING_VALUES if missing_values is None else missing_values)))
    said: list[str] = []
    try:
        table = file.read(text_columns)
        if missing_values is None:  # otherwise they were chosen
            table, said = missing_words(file, table, target)
    except pa.ArrowInvalid as error:
        raise FileError(f"Cannot read {name!r}: {csv_reason(error)}.", hint=AS_CSV) from error
    return _named(name, table).to_pandas(self_destruct=True, date_as_object=False), said


def check_text(name: str, content: bytes) -> None:
    """Check that a CSV file's first bytes, a row of names at least, are text in UTF-8."""
    end = content.find(b"\n", 0, LONGEST_NAMES)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(
            content[: end if end >= 0 else LONGEST_NAMES]
        )
        is_text = b"\0" not in content[:65536]
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        raise FileError(f"Cannot read {name!r}: it is not a text file in UTF-8.", hint=AS_CSV)


def gzip_error(name: str, error: Exception) -> FileError:
    """Say that a file is not a whole gzip file."""
    return FileError(
        f"Cannot read {name!r}: it is not a whole gzip file ({error}).",
        hint="Fetch or compress the file again.",
    )


def parquet_error(name: str, error: Exception) -> FileError:
    """Say that a file is not a whole Parquet file."""
    return FileError(
        f"Cannot read {name!r}: it is not a whole Parquet file ({_first_line(error)}).",
        hint="Write the file again, or save it as CSV.",
    )


def _named(name: str, table: pa.Table) -> pa.Table:
    """Name a nameless first column; raise an error for other bad names."""
    import pyarrow as pa

    table = table.rename_columns(csv_names(table.column_names))
    check_csv_names(name, table.column_names)
    for field in table.schema:
        if pa.types.is_binary(field.type):
            raise FileError(
                f"Cannot read {name!r}: column {field.name!r} is not UTF-8 text.", hint=AS_CSV
            )
        if pa.types.is_string(field.type):
            check_lengths(name, field.name, table.column(field.name))
    return table


def csv_names(names: list[str]) -> list[str]:
    """Give the names of a CSV file's columns: without blanks around them, the first never empty.

    Examples
    --------
    >>> csv_names(["", " age "])
    ['Unnamed: 0', 'age']
    """
    return named([name.strip() for name in names])


def named(names: list[str]) -> list[str]:
    """Give a first column without a name the name that it has in data frames.

    Examples
    --------
    >>> named([" ", "age"])
    ['Unnamed: 0', 'age']
    """
    nameless = len(names) > 1 and not names[0].strip() and NAMELESS not in names
    return [NAMELESS, *names[1:]] if nameless else names


def check_csv_names(name: str, columns: list[str]) -> None:
    """Check the names in a CSV file: one per column, all different, separated by commas."""
    check_names(columns, repr(name), FileError)
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        raise FileError(
            f"Cannot read {name!r}: its cells are not separated by commas "
            f"(the first line is {columns[0][:60]!r}).",
            hint=AS_CSV,
        )


def csv_reason(error: Exception) -> str:
    """Say in ravine's words what pyarrow says about a broken CSV file."""
    text = _first_line(error)
    if "Expected" in text and "columns" in text:
        row, _, rest = text.rpartition("Expected ")
        number = "".join(c for c in row.partition("#")[2].partition(":")[0] if c.isdigit())
        expected, _, got = rest.partition(" columns, got ")
        where = f"row {number} (the names are row 1)" if number else "a row"
        return f"{where} has {got.partition(':')[0]} cells, but there are {expected} columns"
    return text.removeprefix("CSV parse error: ").rstrip(".")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _check_columns(name: str, frame: pd.DataFrame) -> None:
    if not len(frame.columns):
        raise FileError(f"Cannot read {name!r}: the table has no columns.", hint=AS_CSV)
    if not len(frame):
        raise FileError(f"Cannot read {name!r}: the table has column names but no rows.")
    frame.columns = named([str(column) for column in frame.columns])
    check_names(list(frame.columns), repr(name), FileError)


def check_names(names: list[str], where: str, kind: type[DataError] | type[FileError]) -> None:
    """Check that every column has its own name."""
    found: set[str] = set()
    for position, column in enumerate(names):
        if not column.strip():
            raise kind(f"Column {position + 1} of {where} has no name.", hint="Name it.")
        if column in found:
            raise kind(
                f"{where[0].upper()}{where[1:]} has more than one column named {column!r}.",
                hint="Rename one of them.",
            )
        found.add(column)
