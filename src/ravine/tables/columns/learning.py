"""Learning from the training rows how a column becomes numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.tables.coding import STANDARD, Coding
from ravine.tables.columns import (
    BinaryColumn,
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    Column,
    DateColumn,
    NumberColumn,
    OrderedColumn,
    RobustColumn,
)
from ravine.tables.columns.dates import PARTS, calendar_parts
from ravine.tables.text.interpreting import understood_series
from ravine.tables.text.kinds import Texts, text_of, understand
from ravine.tables.times import Moments, dates_of, durations_of, times_of_day_of
from ravine.tables.values import (
    holds_text,
    kind_of,
    mean_and_spread,
    numbers_of,
    sorts_of_text,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAYS_NOTHING", "learn_column", "robust_scale", "with_reading"]

_TOO_CLOSE = "its whole numbers differ by less than float64 can tell apart beyond 2^53"
_PERHAPS_TOO_CLOSE = (
    "its numbers are the same, or differ by less than float64 can tell apart beyond 2^53"
)
_CONSTANT = "it has the same value in every training row"
_EMPTY = "it is empty in every training row"

SAYS_NOTHING = (_CONSTANT, _EMPTY)
"""Reasons to leave out a column without losing anything."""

_ROUNDS = 20
"""The number of rounds in which the weight of very common numbers is reduced to that of a bin."""


def learn_column(series: pd.Series[Any], name: str, coding: Coding = STANDARD) -> Column | str:
    """Learn from the training rows how a column becomes numbers.

    Parameters
    ----------
    series : pandas.Series
        The column's values in the training rows.
    name : str
        Its name.
    coding : Coding, optional
        How columns are to be coded.

    Returns
    -------
    Column or str
        The column, or the reason why it is left out: it is constant or empty, or it is text that
        differs in (nearly) every row.

    Raises
    ------
    DataError
        If the column holds lists, bytes, complex numbers, …, or text that can be read in more than
        one way.

    Examples
    --------
    >>> import pandas as pd
    >>> learn_column(pd.Series(["a", "b", "a"]), "street")
    CategoryColumn(name='street', levels=('a', 'b'))
    >>> learn_column(pd.Series([7, 7, 7]), "version")
    'it has the same value in every training row'
    """
    if holds_text(series):
        texts = Texts.of(series, name)
        found = understand(texts)
        learnt = learn_column(understood_series(found, texts, series), name, coding)
        return learnt if isinstance(learnt, str) else with_reading(learnt, found.reading, found.odd)
    kind = kind_of(series, name)
    if kind == "text":
        return _learn_text(series, name, coding)
    if kind == "ordered":
        return _learn_ordered(series, name, coding)
    if kind == "boolean":
        return _learn_boolean(series, name, coding)
    if kind == "duration":
        return _learn_numbers(durations_of(series, name), name, coding, duration=True)
    if kind == "number":
        found_numbers = numbers_of(series, name, infinite=True)
        learnt = _learn_numbers(found_numbers, name, coding)
        if learnt == _CONSTANT and series.nunique() > 1:
            return _TOO_CLOSE
        if learnt == _CONSTANT and series.dtype.kind == "f" and abs(found_numbers[0]) >= 2**53:
            return _PERHAPS_TOO_CLOSE
        return learnt
    clock = kind == "time"
    moments = times_of_day_of(series, name) if clock else dates_of(series, name)
    return _learn_moments(moments, name, coding, clock=clock)


def with_reading(column: Column, reading: str = "", odd: bool = False) -> Column:
    """Let a column know how its cells are written, if it is one of numbers or dates.

    Examples
    --------
    >>> with_reading(NumberColumn("price", 1.0, 2.0), "comma").reading
    'comma'
    """
    if isinstance(column, NumberColumn | RobustColumn) and (reading or odd):
        return replace(column, reading=reading, odd=odd)
    if isinstance(column, DateColumn) and reading:
        return replace(column, reading=reading)
    return column


def _learn_boolean(series: pd.Series[Any], name: str, coding: Coding) -> Column | str:
    missing, different = bool(series.isna().any()), series.nunique()
    if different == 0:
        return _EMPTY
    if different == 1 and not missing:
        return _CONSTANT
    return BooleanColumn(name, missing=missing, signed=coding.signed)


def _learn_numbers(
    numbers: NDArray[np.float64], name: str, coding: Coding, *, duration: bool = False
) -> Column | str:
    known = numbers[~np.isnan(numbers)]
    if not known.size:
        return _EMPTY
    missing = known.size < numbers.size
    if not missing and known.min() == known.max():
        return _CONSTANT
    finite = known[np.isfinite(known)]
    infinite = finite.size < known.size
    if not finite.size:
        finite = np.zeros(1)
    low, high = float(finite.min()), float(finite.max())
    limits = (low, high) if infinite else ()
    if coding.scaling == "robust":
        median, spread = robust_scale(finite)
        bins = _bins(finite, coding.n_bins)
        scaled = coding.keep_scaled or not bins
        deviation = _deviation(finite) if coding.tails else 0.0
        more = tuple(_bins(finite, n) for n in coding.more_bins) if bins else ()
        return RobustColumn(
            name, median, spread, missing, limits, bins, scaled, duration, deviation, more
        )
    constant = low == high
    mean, spread = (low, 1.0) if constant else mean_and_spread(finite, f"column {name!r}")
    return NumberColumn(name, mean, spread, missing, limits, duration)


def _learn_moments(moments: Moments, name: str, coding: Coding, *, clock: bool) -> Column | str:
    absent = np.isnan(moments.seconds)
    seconds = moments.seconds[~absent]
    if not seconds.size:
        return _EMPTY
    missing, constant = bool(absent.any()), seconds.min() == seconds.max()
    if constant and not missing:
        return _CONSTANT
    shown = calendar_parts(moments.local[~absent])
    differing = [part for part in PARTS if shown[part].min() < shown[part].max()]
    smooth = coding.scaling == "robust"
    scale = robust_scale(seconds) if smooth else (seconds.mean(), seconds.std())
    center, spread = (seconds[0], 1.0) if constant else scale
    return DateColumn(
        name, float(center), float(spread), tuple(differing), clock, moments.zone, smooth, missing
    )


def robust_scale(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Find the median and the spread of numbers, see `RobustColumn`.

    Parameters
    ----------
    numbers : numpy.ndarray of shape (n,)
        Finite numbers, at least one.

    Returns
    -------
    median, spread : float
        The spread is 0 if all numbers are equal.

    Examples
    --------
    >>> robust_scale(np.array([0.0, 1.0, 2.0, 3.0, 100.0])), robust_scale(np.array([1.0, 5.0] * 9))
    ((2.0, 2.0), (3.0, 4.0))
    >>> robust_scale(np.array([0.0] * 9 + [6.0]))
    (0.0, 3.0)
    """
    # Quarters of the numbers, so that no difference between two of them is too large for float64.
    low, first, median, third, high = 4 * np.quantile(numbers / 4, (0, 0.25, 0.5, 0.75, 1))
    spread = third / 4 - first / 4 if third > first else (high / 4 - low / 4) / 2
    return float(median), min(4 * float(spread), float(np.finfo(np.float64).max))


def _deviation(numbers: NDArray[np.float64]) -> float:
    """Find the standard deviation; 0 if the numbers are too large or too close for float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(numbers.std())
    return deviation if np.isfinite(deviation) else 0.0


def _bins(numbers: NDArray[np.float64], n_bins: int) -> tuple[float, ...]:
    """Edges at quantiles, which are numbers of the column; none if all are equal.

    A number that fills more than a bin (a zero in nine rows of ten) counts as much as one bin, so
    that the others are resolved as well as without it.
    """
    if not n_bins:
        return ()
    values, counts = np.unique(numbers, return_counts=True)
    shares: NDArray[np.float64] = counts.astype(np.float64)
    for _ in range(_ROUNDS):
        shares = np.minimum(shares, shares.sum() / n_bins)
    reached = np.cumsum(shares)
    places = np.searchsorted(reached, np.linspace(0, reached[-1], n_bins + 1)[:-1], side="right")
    edges = np.unique(values[[*places, -1]] / 2) * 2
    return tuple(edges.tolist()) if edges.size > 1 else ()


def _learn_ordered(series: pd.Series[Any], name: str, coding: Coding) -> Column | str:
    occurring = set(series.dropna().unique())
    spelled = (text_of(level) for level in series.cat.categories if level in occurring)
    levels = list(dict.fromkeys(spelled))
    missing = bool(series.isna().any())
    if not levels:
        return _EMPTY
    if len(levels) == 1:
        return CategoryColumn(name, (levels[0], None)) if missing else _CONSTANT
    few = 2 < len(levels) <= coding.most_one_hot_levels
    return OrderedColumn(name, tuple(levels), one_hot=few, missing=missing)


def _learn_text(series: pd.Series[Any], name: str, coding: Coding) -> Column | str:
    codes, texts = sorts_of_text(series)
    known = codes[codes >= 0]
    missing = known.size < codes.size
    if not known.size:
        return _EMPTY
    if len(texts) + missing == 1:
        return _CONSTANT
    if len(texts) == known.size:
        return "it is text that is different in every training row"
    if len(texts) == 2 and coding.signed:
        return BinaryColumn(name, tuple(texts), missing=missing)
    if len(texts) + missing <= coding.most_one_hot_levels:
        return CategoryColumn(name, (*texts, *([None] if missing else [])))
    fewest = coding.fewest_rows_of_a_level
    counts = np.bincount(known, minlength=len(texts))
    frequent = [text for text, n in zip(texts, counts, strict=True) if n >= fewest]
    if not frequent:
        return f"it is text of which no value occurs {fewest} times in training"
    if codes.size - known.size >= fewest:
        return CodeColumn(name, (*frequent, None))
    return CodeColumn(name, tuple(frequent))
