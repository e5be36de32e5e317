"""Columns that only count the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NAMELESS", "counters"]

NAMELESS = "Unnamed: 0"
"""What a first column without a name is called; data frames and spreadsheets count rows there."""

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)*")
_NAMES = frozenset(("", "index", "id", "row"))
_FEWEST = 8
"""Fewer rows than this may be in order by chance."""


def counters(
    frame: pd.DataFrame, targets: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Find columns of 0, 1, 2, … or 1, 2, 3, … in the order of the rows.

    Without a name of its own (``Unnamed: 0``), whole numbers that are all different number the rows
    too, as those of a table that was shuffled or cut.

    Parameters
    ----------
    frame : pandas.DataFrame
        The whole table, in its order.
    targets : collection of str, default ()
        Columns that are predicted.

    Returns
    -------
    left_out : dict of str to str
        Those whose name says nothing else, and why they are to be left out.
    kept : list of str
        Notes about the others, which may be time.

    Examples
    --------
    >>> import pandas as pd
    >>> found, kept = counters(pd.DataFrame({"Unnamed: 0": range(8), "day": range(1, 9)}))
    >>> found
    {'Unnamed: 0': 'it counts the rows'}
    >>> print(*kept)
    Column 'day' counts the rows of the table (1, 2, 3, …). It is kept, as it may be time; if it \
only numbers the rows, leave it out (--drop 'day').
    """
    left_out, kept = {}, []
    for name in frame.columns:
        series, unnamed = frame[name], bool(_UNNAMED.fullmatch(name))
        if name in targets or not (unnamed or _ends_as_counters_do(series)):
            continue
        numbers = _whole_numbers(series)
        if numbers is None:
            continue
        counts = numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())
        if unnamed and (counts or np.unique(numbers).size == numbers.size):
            left_out[name] = "it counts the rows" if counts else "it numbers the rows"
        elif counts and name.strip().lower() in _NAMES:
            left_out[name] = "it counts the rows"
        elif counts and len(frame) >= _FEWEST:
            first = int(numbers[0])
            kept.append(
                f"Column {name!r} counts the rows of the table ({first}, {first + 1}, {first + 2}, "
                "…). It is kept, as it may be time; if it only numbers the rows, leave it out "
                f"(--drop {name!r})."
            )
    return left_out, kept


def _ends_as_counters_do(series: pd.Series[Any]) -> bool:
    """Tell by its ends whether a column may count the rows; most are ruled out by that."""
    if not _may_hold_numbers(series):
        return False
    first, last = series.iloc[0], series.iloc[-1]
    return (
        _is_number(first)
        and _is_number(last)
        and first in (0, 1)
        and last - first == len(series) - 1
    )


def _may_hold_numbers(series: pd.Series[Any]) -> bool:
    dtype = series.dtype
    return isinstance(dtype, np.dtype) and dtype.kind in "iufO" and len(series) > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal | np.number) and not isinstance(value, bool)


def _whole_numbers(series: pd.Series[Any]) -> NDArray[np.float64] | None:
    """Give the numbers of a column that holds whole ones only, also as objects."""
    if not _may_hold_numbers(series):
        return None
    if series.dtype.kind == "O" and not all(map(_is_number, series)):
        return None
    numbers = series.to_numpy(dtype=np.float64)
    return numbers if np.isfinite(numbers).all() and (numbers == np.round(numbers)).all() else None
