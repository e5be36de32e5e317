"""Offsets: one constant per column, subtracted in double so that float32 keeps its values.

float32 has 24 binary digits. Seconds since 1970 need more: 600 times within ten minutes become 6.
A network that begins with Normalize is the same function of X and of X minus one constant per
column, so the constant is subtracted before X is rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.numeric import Place, changed_whole, column_of, minus, numbers_of

__all__ = [
    "CONSTANT",
    "KEPT",
    "LOST",
    "SMALL_CURE",
    "Offsets",
    "Rounding",
    "find_rounding",
    "lost_share",
    "refuse_lost",
]

#: What is subtracted from each column of X before it becomes float32, flat; None: nothing.
Offsets = NDArray[np.float64] | None

#: Share of the spread that rounding may change before a column gets an offset.
KEPT = 2.0**-17
#: Share of the spread that rounding may change before a column without an offset is refused.
LOST = 2.0**-10

#: The cure for numbers too small for float32.
SMALL_CURE = 'Multiply it by a constant, or use Recipe(dtype="float64")'

_SINGLE = np.finfo(np.float32)
#: Rows that are checked first; only columns that might lose values among them are read whole.
_ROWS = 1024
#: A column whose spread, relative to its values, is smaller is constant except for rounding.
CONSTANT = 2.0**-50


def lost_share(numbers: NDArray[Any], offset: float = 0.0) -> NDArray[np.float64]:
    """Compute what float32 changes of each column, relative to its spread.

    ``share = sd(e) / sd(x)`` with ``e = (x − offset) − float32(x − offset)``, the rounding error. A
    constant error loses nothing, and neither does a column that is constant except for rounding
    in double (``sd(x) ≤ 2⁻⁵⁰ max|x|``): their share is 0. It is 1 if ``sd(x)`` is below the
    smallest normal number of float32, 1.2e-38, and infinite if a value is not a finite number of
    float32.

    Parameters
    ----------
    numbers : ndarray, shape (n,) or (n, columns)
        Real numbers.
    offset : float, default 0
        What is subtracted first.

    Returns
    -------
    ndarray, shape () or (columns,)
        The shares.

    Examples
    --------
    >>> times = 1.7e9 + np.arange(600.0)
    >>> float(lost_share(times).round(2)), float(lost_share(times, 1.7e9))
    (0.22, 0.0)
    """
    with np.errstate(all="ignore"):
        exact = minus(numbers, offset)
        largest = np.abs(exact.astype(np.float64, copy=False)).max(axis=0)
        spread = _spread(exact, largest)
        share = _spread(exact - exact.astype(np.float32), largest) / spread
        spread = spread * largest
        unit = np.abs(numbers.astype(np.float64)).max(axis=0)
        constant = (largest == 0) | (spread <= CONSTANT * unit)
    share = np.where(np.isfinite(share), share, np.inf)
    share = np.where(np.isfinite(spread) & (spread < _SINGLE.tiny), 1.0, share)
    return np.asarray(np.where(constant, 0.0, share))


@dataclass(frozen=True, eq=False)
class Rounding:
    """What float32 does to the columns of shared rows, and the offsets that would help.

    Parameters
    ----------
    offsets : ndarray of float64, shape (columns,)
        A constant near each column's mean, of few digits; 0 where the column needs none.
    alone, shifted : ndarray of float64, shape (columns,)
        Shares that are lost without and with the offset, see `lost_share`.

    Examples
    --------
    >>> rounding = find_rounding(1.7e9 + np.arange(600.0).reshape(-1, 1), "X")
    >>> rounding.offsets, rounding.chosen(np.array([True]))
    (array([1.7000003e+09]), array([1.7000003e+09]))
    >>> rounding.lost(None).tolist()
    [0]
    """

    offsets: NDArray[np.float64]
    alone: NDArray[np.float64]
    shifted: NDArray[np.float64]

    def chosen(self, centred: NDArray[np.bool_]) -> NDArray[np.float64] | None:
        """Give the offsets of the columns that a network centres; None if none needs one."""
        offsets = np.where(centred, self.offsets, 0.0)
        return offsets if offsets.any() else None

    def lost(self, offsets: NDArray[np.float64] | None) -> NDArray[np.int64]:
        """Give the columns that lose too much in float32 in spite of these offsets.

        Values out of float32's range do not count: conversion refuses them.
        """
        kept = np.zeros(len(self.offsets), bool) if offsets is None else offsets != 0
        share = np.where(kept, self.shifted, self.alone)
        return np.flatnonzero((share > LOST) & np.isfinite(share))


def find_rounding(array: NDArray[Any], place: Place | str) -> Rounding | None:
    """Find the columns that would lose values in float32, and offsets for them.

    A column needs an offset if rounding changes more than 2⁻¹⁷ of its spread, which takes a mean of
    about 300 standard deviations or more, or if it holds whole numbers that float32 cannot hold.
    The offset is the mean, rounded to a power of two between a sixteenth and a 32nd of the standard
    deviation. It depends on these rows alone, whichever of them runs use. If there are more than
    2,047 rows, 1,024 or more at equal distances decide which columns are checked.

    Parameters
    ----------
    array : ndarray, shape (n, ...)
        Inputs as given.
    place : Place or str
        What they are called in messages.

    Returns
    -------
    Rounding or None
        None if no column needs an offset, or if a value is not finite (conversion refuses it).

    Examples
    --------
    >>> find_rounding(np.array([[1.1], [2.2]]), "X") is None
    True
    """
    exact = {"b": 1, "f": 4, "i": 2, "u": 2}  # bytes that float32 holds
    if array.dtype.itemsize <= exact.get(array.dtype.kind, 0):
        return None
    place = Place(place) if isinstance(place, str) else place
    found: dict[int, tuple[float, float, float]] = {}
    try:
        for column in _suspects(array[:: max(1, len(array) // _ROWS)], place):
            result = _offset_of(numbers_of(column_of(array, column), place.of_column(column)))
            if result is not None:
                found[column] = result
    except DataError:
        return None
    if not found:
        return None
    fields = np.zeros((3, math.prod(array.shape[1:])))
    fields[:, list(found)] = np.transpose(list(found.values()))
    return Rounding(*fields)


def refuse_lost(numbers: NDArray[Any], name: str, *cures: str) -> NoReturn:
    """Raise an error: a column loses values in float32; say how many are left and what to do.

    Parameters
    ----------
    numbers : ndarray, shape (n,)
        The column.
    name : str
        What it is called.
    *cures : str
        What to do, other than float64.

    Raises
    ------
    DataError
        Always.

    Examples
    --------
    >>> refuse_lost(1.7e9 + np.arange(600.0), "Column 0 of X", "Subtract its mean")
    Traceback (most recent call last):
    ravine.errors.DataError: Column 0 of X loses values in float32: 600 different values become ...
    """
    values = numbers.astype(np.float64)
    mean, spread = values.mean(), values.std()
    what = f"(mean {mean:.6g}, standard deviation {spread:.3g})"
    if spread < _SINGLE.tiny:
        raise DataError(
            f"{name} holds numbers too close to 0 for float32 {what}.",
            hint=f"{SMALL_CURE}.",
        )
    before, after = (len(np.unique(v)) for v in (numbers, values.astype(np.float32)))
    raise DataError(
        f"{name} loses values in float32: {before:,} different values become {after:,} {what}.",
        hint=", or ".join([*cures, 'use Recipe(dtype="float64")']) + ".",
    )


def _spread(numbers: NDArray[Any], unit: NDArray[Any]) -> NDArray[np.float64]:
    """Compute standard deviations in a unit, in which squares of the numbers are in range.

    The first row is subtracted before, so that they are 0 where all numbers are equal.
    """
    values = numbers.astype(np.float64, copy=False)
    return np.asarray(((values - values[0]) / unit).std(axis=0))


def _suspects(sample: NDArray[Any], place: Place) -> list[int]:
    """Give the columns that may lose values, judged by some rows, with a margin of 4."""
    rows = sample.reshape(len(sample), -1)
    if rows.dtype.kind in "iuf":
        columns = np.flatnonzero(_may_lose(rows)).tolist()
    else:
        columns = list(range(rows.shape[1]))
    return [c for c in columns if _is_suspect(numbers_of(rows[:, c], place.of_column(c)))]


def _may_lose(numbers: NDArray[Any]) -> NDArray[np.bool_]:
    """Rule out most columns at once, by a bound: ``|e| ≤ 2⁻²⁴ |x|``."""
    with np.errstate(all="ignore"):
        low, high = (f(axis=0).astype(np.float64) for f in (numbers.min, numbers.max))
        reach = np.maximum(high, -low)
        if numbers.dtype.kind in "iu":
            return np.asarray(reach > 2.0**24)
        spread = numbers.std(axis=0)
        safe = (reach * 2.0**-24 <= KEPT / 4 * spread) & (spread >= _SINGLE.tiny)
    return ~np.asarray(safe)


def _is_suspect(numbers: NDArray[Any]) -> bool:
    if numbers.dtype.kind in "iu":
        return bool(_may_lose(numbers))
    return bool(lost_share(numbers) > KEPT / 4)


def _offset_of(numbers: NDArray[Any]) -> tuple[float, float, float] | None:
    """Give a column's offset and the shares that are lost without and with it; None: no need."""
    whole = numbers.dtype.kind in "iu"
    alone = float(lost_share(numbers))
    changed = whole and changed_whole(numbers, np.float32) is not None
    if alone <= KEPT and not changed:
        return None
    with np.errstate(all="ignore"):
        mean, spread = (float(f(numbers, dtype=np.float64)) for f in (np.mean, np.std))
    if not (math.isfinite(mean) and math.isfinite(spread)):
        return None
    unit = 2.0 ** (math.floor(math.log2(spread)) - 4) if spread > 0 else 1.0
    unit = max(unit, 1.0) if whole else unit
    offset = round(mean / unit) * unit
    shifted = float(lost_share(numbers, offset))
    if alone > KEPT:
        helps = shifted < alone
    else:
        helps = changed_whole(minus(numbers, offset), np.float32) is None
    if helps and offset != 0:
        return offset, alone, shifted
    return (0.0, alone, alone) if alone > LOST else None
