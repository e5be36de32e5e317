"""Limits on the size of a table's file, checked before memory is used."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING

from ravine.errors import FileError
from ravine.ground.memory import available_memory, check_memory

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "LONGEST_CELL",
    "LONGEST_NAMES",
    "PER_CELL",
    "check_cells",
    "check_header",
    "check_lengths",
    "check_size",
    "unzip",
]

LONGEST_NAMES = 2**21
"""Most bytes of the row of column names in a CSV file."""
LONGEST_CELL = 2**20
"""Most bytes of a cell of text."""
PER_CELL = 48
"""Bytes that a cell needs at the peak of training: for Arrow, pandas, and the numbers to learn."""

_PER_COLUMN = 4096
_PER_BYTE = 2  # the text that is read and its numbers
_CELL = re.compile(rb'(?:"[^"]*(?:""[^"]*)*"?)?[^,\r\n]*(,|\r|\n|\Z)')
_BLANK_LINES = re.compile(rb"[\r\n]*")


def check_header(name: str, content: bytes) -> int:
    """Check the row of names in a CSV file: its length, and the memory that its columns need.

    Parameters
    ----------
    name : str
        The file.
    content : bytes
        Its beginning: all of it, or more than ``LONGEST_NAMES`` bytes.

    Returns
    -------
    int
        Where the row ends.

    Raises
    ------
    FileError
        If the row is too long, or there are too many columns for the memory.

    Examples
    --------
    >>> check_header("t.csv", b'a,"b,c"' + bytes([10]) + b"1,2")
    7
    """
    blank = _BLANK_LINES.match(content)
    columns, end = 0, blank.end() if blank else 0
    start = end
    for cell in _CELL.finditer(content, start, start + LONGEST_NAMES + 1):
        columns += 1
        end = cell.end() - len(cell[1])
        if cell[1] != b",":
            break
    if end - start > LONGEST_NAMES:
        raise FileError(
            f"Cannot read {name!r}: its first row, the names of the columns, is longer than "
            f"{LONGEST_NAMES:,} bytes.",
            hint="Shorten the names, or save the table as Parquet. A quotation mark that is not "
            "closed joins all rows after it.",
        )
    if columns > 1000:
        check_memory(name, columns * _PER_COLUMN, f"its {columns:,} columns")
    return end


def check_lengths(name: str, column: str, cells: pa.ChunkedArray) -> None:
    """Check that no cell of a column of text is longer than ``LONGEST_CELL`` bytes.

    Such a cell is usually a part of the table behind an unclosed quotation mark, and no row of its
    length could be read piece by piece.
    """
    import pyarrow.compute as pc

    if not cells.nbytes > LONGEST_CELL:
        return
    lengths = pc.binary_length(cells)
    longest = pc.max(lengths).as_py() or 0
    if longest > LONGEST_CELL:
        row = pc.index(lengths, longest).as_py() + 1
        raise FileError(
            f"Cannot read {name!r}: column {column!r} has a cell of {longest:,} bytes in row "
            f"{row}; at most {LONGEST_CELL:,} are allowed.",
            hint="A quotation mark that is not closed joins all rows after it.",
        )


def check_size(name: str, size: int) -> None:
    """Check that a file of ``size`` bytes can be read whole into the memory that is available."""
    if size > 2**20:
        check_memory(name, _PER_BYTE * size, f"its {size:,} bytes")


def check_cells(name: str, content: bytes) -> None:
    """Check that the cells of a CSV file in memory fit beside it.

    They are counted only if they might not fit: a cell and its comma have at least two bytes.
    """
    left = available_memory()
    if left is not None and len(content) * PER_CELL // 2 > left:
        cells = content.count(b",") + content.count(b"\n")
        check_memory(name, cells * PER_CELL, f"its {cells:,} cells", left)


def unzip(name: str, content: bytes, largest: int) -> bytes:
    """Unpack a gzip file of one or several members, but no more than fits into memory.

    Parameters
    ----------
    name : str
        The file.
    content : bytes
        What it holds.
    largest : int
        Most bytes in any case.

    Returns
    -------
    bytes
        What was packed; one byte more than ``largest`` if it is more.

    Raises
    ------
    FileError
        If it needs more memory than there is.
    EOFError, OSError, zlib.error
        If it is not a complete gzip file.

    Examples
    --------
    >>> unzip("t.csv.gz", gzip.compress(b"a,b") + gzip.compress(b",c"), 100)
    b'a,b,c'
    """
    left = available_memory()
    limit = largest if left is None else min(largest, left // _PER_BYTE)
    parts: list[bytes] = []
    size = 0
    while content and size <= limit:
        if content[:2] != b"\x1f\x8b":
            raise gzip.BadGzipFile(f"Not a gzipped file ({content[:2]!r})")
        member = zlib.decompressobj(wbits=31)
        parts.append(member.decompress(content, limit + 1 - size))
        size += len(parts[-1])
        if size <= limit and not member.eof:
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")
        content = member.unused_data.lstrip(b"\0")
    if limit < size <= largest:
        why = f"the first {size:,} bytes that it unpacks to"
        check_memory(name, _PER_BYTE * size, why, left)
    return parts[0] if len(parts) == 1 else b"".join(parts)
