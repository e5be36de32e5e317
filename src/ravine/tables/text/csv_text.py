"""The text of a CSV file: cells become numbers, dates and text, without loss."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ravine.tables.text.missing import WORDS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CsvText", "missing_words", "stripped"]

_BLOCK = 2**17
_CODE = r"^\s*0[0-9]"
_LARGE = 2.0**63
_EDGES = b',\n\r" \t'


class CsvText:
    """A CSV file in memory.

    Parameters
    ----------
    content : bytes
        All of it.
    missing : sequence of str
        The cells that count as missing.
    """

    def __init__(self, content: bytes, missing: Sequence[str]) -> None:
        self.content = content.lstrip(b"\r\n") if content[:1] in (b"\r", b"\n") else content
        self.missing = list(missing)

    def read(self, text_columns: Collection[str] = ()) -> pa.Table:
        """Read all columns, each as the type that all of its cells have."""
        import pyarrow as pa

        texts = {column: pa.string() for column in text_columns}
        table = self._read(texts)
        if table.num_columns == 1 and (b"\n\n" in self.content or b"\n\r\n" in self.content):
            table = self._read(texts, blank_lines=True)
        table = self._with_codes(table)
        if self.content.isascii() and b" " not in self.content and b"\t" not in self.content:
            return table  # there are no blanks to strip
        return self._with_padded_numbers(stripped(table, self.missing), table, texts)

    def _with_padded_numbers(
        self, table: pa.Table, before: pa.Table, texts: Collection[str]
    ) -> pa.Table:
        """Make numbers of columns that are text only because of blanks around missing cells."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for place, name in enumerate(table.column_names):
            column = table.column(place)
            if name in texts or column is before.column(place) or column.null_count == len(column):
                continue
            if column.null_count > before.column(place).null_count:
                for kind in (pa.int64(), pa.float64()):
                    try:
                        numbers = pc.cast(column, kind)
                    except pa.ArrowInvalid:
                        continue
                    if not pc.any(pc.match_substring_regex(column, _CODE)).as_py():
                        table = table.set_column(place, name, numbers)
                    break
        return table

    def as_text(self, columns: list[str]) -> pa.Table:
        """Read some columns again, as unchanged text; only empty cells are missing."""
        import pyarrow as pa

        return self._read({column: pa.string() for column in columns}, columns)

    def _with_codes(self, table: pa.Table) -> pa.Table:
        """Keep as text digits that begin with zeros, and whole numbers beyond 64 bits."""
        import pyarrow as pa
        import pyarrow.compute as pc

        names = table.column_names
        numbers = [
            name
            for name, kind in zip(names, table.schema.types, strict=True)
            if pa.types.is_integer(kind) or pa.types.is_floating(kind)
        ]
        large = [name for name in numbers if _is_beyond(table.column(names.index(name)))]
        asked = numbers if numbers and self._may_hold_codes() else large
        if not asked or len(set(names)) < len(names):
            return table
        again = self.as_text(asked)
        for name in asked:
            text = pc.utf8_trim_whitespace(again.column(name))
            text = pc.if_else(pc.is_in(text, pa.array(self.missing)), None, text)
            if name in large or pc.any(pc.match_substring_regex(text, _CODE)).as_py():
                table = table.set_column(names.index(name), name, text)
        return table

    def _may_hold_codes(self) -> bool:
        """Tell whether any cell may begin with a zero and a further digit."""
        text = np.frombuffer(self.content, np.uint8)
        for start in range(0, len(text) - 2, _BLOCK):
            piece = text[start : start + _BLOCK + 2]
            # Up to the comma in ASCII: what can precede a cell, but no digits and none of - . /
            zeros = np.flatnonzero((piece[:-2] <= ord(",")) & (piece[1:-1] == ord("0")))
            if (piece[zeros + 2] - np.uint8(ord("0")) < 10).any():
                return True
        return False

    def _read(
        self, types: dict[str, Any], columns: list[str] | None = None, *, blank_lines: bool = False
    ) -> pa.Table:
        import pyarrow as pa
        import pyarrow.csv as arrow_csv

        # One block, so that a column's type is judged by all of its cells, not by the first million
        # bytes; one thread, so that an error can name its row.
        return arrow_csv.read_csv(
            pa.BufferReader(self.content),
            read_options=arrow_csv.ReadOptions(block_size=len(self.content) + 1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=not blank_lines
            ),
            convert_options=arrow_csv.ConvertOptions(
                null_values=[""] if columns else self.missing,
                strings_can_be_null=True,
                column_types=types,
                include_columns=columns,
            ),
        )

    def holds(self, word: str) -> bool:
        """Tell whether a word may be a whole cell."""
        sought, place = word.encode(), -1
        while (place := self.content.find(sought, place + 1)) >= 0:
            before = self.content[place - 1 : place]
            after = self.content[place + len(sought) : place + len(sought) + 1]
            if before in _EDGES and after in _EDGES:
                return True
        return False


def missing_words(file: CsvText, table: pa.Table, target: str | None) -> tuple[pa.Table, list[str]]:
    """Keep words such as NA as classes of the target, and say where they count as missing.

    Parameters
    ----------
    file : CsvText
        The file.
    table : pyarrow.Table
        What was read of it.
    target : str, optional
        The column that will be predicted.

    Returns
    -------
    table : pyarrow.Table
        The same; the target may have further classes.
    remarks : list of str
        Notes about it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names: list[str] = table.column_names
    said: list[str] = []
    gaps = [
        name
        for name, column in zip(names, table.columns, strict=True)
        if pa.types.is_string(column.type) and column.null_count
    ]
    words = [word for word in WORDS if word in file.missing and file.holds(word)] if gaps else []
    if not words or len(set(names)) < len(names):
        return table, said
    again = file.as_text(gaps)
    for name in gaps:
        text = pc.utf8_trim_whitespace(again.column(name))
        is_word = pc.fill_null(pc.is_in(text, pa.array(words)), False)
        count = pc.sum(is_word).as_py() or 0
        if not count:
            continue
        first = text.filter(is_word)[0].as_py()
        cells = f"{count:,} cell{'' if count == 1 else 's'} {first!r}"
        if name.strip() == target:
            place = names.index(name)
            column = pc.if_else(is_word, text, table.column(place))
            table = table.set_column(place, name, column)
            said.append(
                f"The target {target!r} has {cells}, which {'is' if count == 1 else 'are'} taken "
                f"for a class; --missing {first!r} leaves such rows out."
            )
        else:
            said.append(
                f"Column {name.strip()!r}: {cells} count{'s' if count == 1 else ''} as missing; "
                "--missing '' keeps such words as text."
            )
    return table, said


def stripped(table: pa.Table, missing: Sequence[str] = ("",)) -> pa.Table:
    """Remove the blanks around text; cells that are then one of ``missing`` are missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            continue
        column = table.column(place)
        bare = pc.utf8_trim_whitespace(column)
        if _size(bare) != _size(column):
            absent = pc.is_in(bare, pa.array(missing, field.type))
            bare = pc.if_else(absent, None, bare)
            table = table.set_column(place, field.name, bare)
    return table


def _size(column: pa.ChunkedArray) -> int:
    """Count the bytes of a column of text."""
    total = 0
    for chunk in column.chunks:
        wide = np.int64 if str(chunk.type) == "large_string" else np.int32
        ends = np.frombuffer(chunk.buffers()[1], wide)
        total += int(ends[chunk.offset + len(chunk)] - ends[chunk.offset]) if len(chunk) else 0
    return total


def _is_beyond(column: pa.ChunkedArray) -> bool:
    """Tell whether a column of floats holds whole numbers that 64 bits cannot hold."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(column.type):
        return False
    high = 0.0
    for chunk in column.chunks:  # by NumPy, which is quick; empty cells are 0
        numbers = np.frombuffer(chunk.buffers()[1], np.float64)[chunk.offset :][: len(chunk)]
        high = max(high, float(np.abs(numbers).max(initial=0.0)))
    return _LARGE <= high < np.inf and bool(pc.all(pc.equal(column, pc.round(column))).as_py())
