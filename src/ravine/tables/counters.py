"""Columns that only count the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NAMELESS", "counters"]

NAMELESS = "Unnamed: 0"
"""What a first column without a name is called; data frames and spreadsheets count rows there."""

_UNNAMED = re.compile(r"Unnamed: \d+")
_NAMES = frozenset(("", "index", "id", "row"))
_FEWEST = 8
"""Fewer rows than this may stand in order by chance."""


def counters(
    frame: pd.DataFrame, targets: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Find columns of 0, 1, 2, … or 1, 2, 3, … in the order of the rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        The whole table, in its order.
    targets : collection of str, default ()
        Columns that are predicted.

    Returns
    -------
    left_out : dict of str to str
        Those that no name says to be anything else, and why they are to be left out.
    kept : list of str
        What to say of the others, which may be time.

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
        if name in targets:
            continue
        unnamed = bool(_UNNAMED.fullmatch(name))
        first = _first_number(frame[name], ascending=unnamed)
        if first is None:
            continue
        if unnamed or name.strip().lower() in _NAMES:
            left_out[name] = "it counts the rows"
        elif len(frame) >= _FEWEST:
            kept.append(
                f"Column {name!r} counts the rows of the table ({first}, {first + 1}, {first + 2}, "
                "…). It is kept, as it may be time; if it only numbers the rows, leave it out "
                f"(--drop {name!r})."
            )
    return left_out, kept


def _first_number(series: pd.Series[Any], *, ascending: bool) -> int | None:
    """Tell where a column that counts the rows begins, None if it does not count them.

    Where only ``ascending`` is asked, numbers may be missing, as they are of rows taken out.
    """
    if not isinstance(series.dtype, np.dtype) or series.dtype.kind not in "iuf" or not len(series):
        return None
    first, last = series.iloc[0], series.iloc[-1]
    if first != first or last != last:  # NaN
        return None
    wide = last - first == len(series) - 1 and first in (0, 1)
    if not (wide or (ascending and last - first >= len(series) - 1)):
        return None
    numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    steps = np.diff(numbers)
    good = (steps == 1).all() if not ascending else (steps >= 1).all()
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    return int(numbers[0]) if good and whole else None
