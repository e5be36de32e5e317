"""The text of a table is interpreted, and notes about its columns are collected."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ravine.data.labels import alike
from ravine.errors import DataWarning
from ravine.ground.text import plural
from ravine.tables.target import Task, check_target
from ravine.tables.text.counters import counters
from ravine.tables.text.kinds import Texts, Understood, understand
from ravine.tables.times import as_datetimes
from ravine.tables.values import (
    Unread,
    holds_text,
    text_categories,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Interpreted", "interpret", "said_of_unread", "understood_series", "warn_of"]


@dataclass(frozen=True)
class Interpreted:
    """A table whose text was read, all rows at once, before any are set aside.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table: text that reads as numbers or dates is numbers or dates, other text categories.
        Columns that only count the rows are gone.
    readings : dict of str to (str, bool)
        How the text of columns was read, and whether unreadable cells count as missing.
    remarks : tuple of str
        Notes about columns, in sentences.
    left_out : dict of str to str
        The columns that were left out, and why.
    """

    frame: pd.DataFrame
    readings: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def interpret(
    frame: pd.DataFrame, targets: Collection[str] = (), task: Task | None = None
) -> Interpreted:
    """Find out what the text of a table holds.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table as ``as_frame`` gives it, all of its rows in their order.
    targets : collection of str, default ()
        Columns that are predicted, which stay as they are.
    task : {"regression", "classification"}, optional
        The task, if it was said.

    Returns
    -------
    Interpreted
        The table, and what was found.

    Raises
    ------
    DataError
        If text can be read in more than one way, or a date cannot be read; it names the row.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"id": [0, 1], "price": ["1.000,50", "7"], "kind": ["a", "b"]})
    >>> found = interpret(frame)
    >>> found.frame["price"].tolist(), found.readings, list(found.left_out)
    ([1000.5, 7.0], {'price': ('comma', False)}, ['id'])
    """
    changed: dict[str, Any] = {}
    readings: dict[str, tuple[str, bool]] = {}
    remarks: list[str] = []
    for name in frame.columns:
        series = frame[name]
        if name in targets:
            remarks += check_target(series, name, task)
            continue
        if not holds_text(series):
            remarks += _said_of_alike(text_categories(series), name)
            continue
        texts = Texts.of(series, name)
        found = understand(texts)
        changed[name] = understood_series(found, texts, series)
        if found.reading or found.odd:
            readings[name] = found.reading, found.odd
        if found.remark:
            remarks.append(found.remark)
        if found.kind == "text":
            remarks += _said_of_alike(texts.texts, name)
    left_out, kept = counters(frame, targets)
    if changed or left_out:
        frame = frame.assign(**changed).drop(columns=list(left_out))
    return Interpreted(frame, readings, (*remarks, *kept), left_out)


def understood_series(found: Understood, texts: Texts, series: pd.Series[Any]) -> pd.Series[Any]:
    """Make a column of what its text was understood as; text becomes categories."""
    import pandas as pd

    if found.kind == "text":
        return pd.Series(texts.as_categories(), index=series.index)
    if found.kind == "number":
        return pd.Series(found.values, index=series.index)
    values = pd.Series(found.values, index=series.index, dtype=object)
    if found.kind == "date":
        return as_datetimes(values, texts.name).set_axis(series.index)
    return pd.to_timedelta(values) if found.kind == "duration" else values


def warn_of(remarks: Iterable[str], stacklevel: int = 3) -> None:
    """Warn about what was found in a table, once for each."""
    for remark in dict.fromkeys(remarks):
        warnings.warn(remark, DataWarning, stacklevel=stacklevel)


def said_of_unread(unread: Mapping[str, Unread]) -> list[str]:
    """Say which texts among numbers count as missing.

    Examples
    --------
    >>> said_of_unread({"price": Unread(2, "sold", 7)})
    ["Column 'price': 2 cells are no numbers and count as missing; the first is 'sold' in row 7."]
    """
    return [
        f"Column {name!r}: {plural(found.count, 'cell')} {'is' if found.count == 1 else 'are'} no "
        f"number{'' if found.count == 1 else 's'} and count{'s' if found.count == 1 else ''} as "
        f"missing; the first is {found.first!r} in row {found.row}."
        for name, found in unread.items()
    ]


def _said_of_alike(texts: Sequence[str], name: str) -> list[str]:
    """Say that two texts differ if they look the same."""
    pair = alike(texts)
    if pair is None:
        return []
    bare = {"".join(text.split()) for text in pair}
    how = "blanks" if len(bare) == 1 else "Unicode's form"
    return [
        f"Column {name!r}: the texts {pair[0]!r} and {pair[1]!r} differ only in {how}, and count "
        "as two. Strip and normalise them if they are one."
    ]
