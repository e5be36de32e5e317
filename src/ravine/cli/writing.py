"""Row-by-row results, streamed."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ravine.cli.output import json_text
from ravine.errors import FileError
from ravine.ground.files import atomic_write, file_error
from ravine.ground.text import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rows", "Write", "check_out", "rows_to"]

Rows = Mapping[str, "NDArray[Any]"]
"""Some rows: the name of each column, and its values."""

Write = Callable[[Rows], None]
"""Takes the next rows; all have the same columns."""

_FORMATS = (".csv", ".csv.gz", ".parquet")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def check_out(out: str, *sources: str) -> None:
    """Check, before any work, that a file for results has a known format and is not an input.

    Parameters
    ----------
    out : str
        The file to write.
    *sources : str
        The files that are read.

    Raises
    ------
    FileError
        If the format is unknown, or the file is an input.
    """
    if not out.lower().endswith(_FORMATS):
        raise FileError(
            f"Cannot tell how to write {out!r}: its name must end in .csv, .csv.gz or .parquet."
        )
    for given in sources:
        if Path(given).exists() and Path(out).exists() and Path(out).samefile(given):
            raise FileError(
                f"The predictions would overwrite {given!r}.", hint="Choose another --out FILE."
            )


@contextmanager
def rows_to(out: str | None, *, as_json: bool = False, safe_csv: bool = False) -> Iterator[Write]:
    """Open a file, or standard output, for rows.

    A file is written completely or not at all.

    Parameters
    ----------
    out : str or None
        A .csv, .csv.gz or .parquet file; ``None`` is standard output.
    as_json : bool, default False
        Whether standard output gets a JSON object per row instead of CSV.
    safe_csv : bool, default False
        Whether text that a spreadsheet would take for a formula gets an apostrophe in front.

    Yields
    ------
    callable
        To be called with the next rows.
    """
    if out is None:
        with _standard_output() as stream:
            yield _json_lines(stream) if as_json else _csv(stream, safe_csv)
        return
    with atomic_write(out) as temporary:
        if out.lower().endswith(".parquet"):
            with _parquet(temporary) as write:
                yield write
        else:
            with _text(temporary, packed=out.lower().endswith(".gz")) as stream:
                yield _csv(stream, safe_csv)


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    try:
        yield sys.stdout
        sys.stdout.flush()
    except FileError:
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        raise file_error("standard output", "write", error) from error


@contextmanager
def _text(path: Path, *, packed: bool) -> Iterator[TextIO]:
    with path.open("wb") as file:
        if not packed:
            with io.TextIOWrapper(file, encoding="utf-8", newline="") as stream:
                yield stream
            return
        # No name and no time inside: the same predictions give the same file.
        with (
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as pack,
            io.TextIOWrapper(pack, encoding="utf-8", newline="") as stream,
        ):
            yield stream


def _csv(stream: TextIO, safe: bool) -> Write:
    terminal = stream.isatty()
    writer = csv.writer(stream, lineterminator="\n")
    is_first = iter([True])

    def write(rows: Rows) -> None:
        if next(is_first, False):
            writer.writerow(_text_cells(list(rows), terminal, safe))
        columns = (_spelled(column, terminal, safe) for column in rows.values())
        writer.writerows(zip(*columns, strict=True))

    return write


def _json_lines(stream: TextIO) -> Write:
    def write(rows: Rows) -> None:
        columns = (_finite(column) for column in rows.values())
        for row in zip(*columns, strict=True):
            stream.write(json_text(dict(zip(rows, row, strict=True))) + "\n")

    return write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: Any = None

    def write(rows: Rows) -> None:
        nonlocal writer
        table = pa.table({name: _strings(column) for name, column in rows.items()})
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def _spelled(column: NDArray[Any], terminal: bool, safe: bool) -> Any:
    """Write numbers with the nine digits that tell any two of float32 apart."""
    if column.dtype.kind == "f":
        return map("%.9g".__mod__, column.tolist())
    return _text_cells(column.tolist(), terminal, safe)


def _text_cells(cells: list[Any], terminal: bool, safe: bool) -> list[Any]:
    """Make text safe to show on a terminal, and for a spreadsheet if asked for."""
    if safe:
        cells = [f"'{c}" if isinstance(c, str) and c.startswith(_FORMULA) else c for c in cells]
    if terminal:
        cells = [printable(c) if isinstance(c, str) else c for c in cells]
    return cells


def _finite(column: NDArray[Any]) -> list[Any]:
    import numpy as np

    values: list[Any] = column.tolist()
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        return [value if np.isfinite(value) else None for value in values]
    return values


def _strings(column: NDArray[Any]) -> Any:
    return column.astype(object) if column.dtype.kind == "U" else column
