"""Columns of numbers: scaled, with missing and infinite values marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, SpecError
from ravine.ground.text import plural
from ravine.tables.columns.base import (
    BINS,
    INFINITE,
    MISSING,
    MORE_BINS,
    TAILS,
    Column,
    check_filled,
)
from ravine.tables.text.number_spelling import is_number_reading
from ravine.tables.times import durations_of
from ravine.tables.values import (
    Unread,
    numbers_of,
    unread_numbers,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NumberColumn", "RobustColumn", "smooth_clip"]

_FAR = 1e10  # beyond this the smooth clip equals its limit to the last digit
_TAIL_LIMIT = 10.0  # standard deviations


@dataclass(frozen=True)
class NumberColumn(Column):
    """Numbers, standardised: ``(x − mean) / standard_deviation`` in float64.

    If values were missing in the training rows, a second column is 1 where the value is missing and
    else 0, and a missing value counts as the mean. If some were infinite, a further column is 1 at
    ∞, −1 at −∞ and else 0, and they count as the ends of the training rows' range.

    Parameters
    ----------
    name : str
        Its name in the table.
    mean, standard_deviation : float
        Of the training rows' finite values (the deviation with divisor n).
    missing : bool, default False
        Whether values were missing in the training rows.
    limits : tuple of two floats, default ()
        Lowest and highest finite value in the training rows, if some there were infinite.
    duration : bool, default False
        Whether it holds durations instead of numbers; they count in seconds.
    reading : str, default ""
        How numbers are written in text: see `number_spelling.NumberTexts`.
    odd : bool, default False
        Whether some cells of the training table were text that is not a number. Then such cells
        count as missing; otherwise they are an error.

    Examples
    --------
    >>> import pandas as pd
    >>> column = NumberColumn("age", mean=30.0, standard_deviation=8.0, missing=True)
    >>> column.encode(pd.Series([46, None]))
    array([[2., 0.],
           [0., 1.]])
    """

    kind: ClassVar[str] = "number"
    mean: float
    standard_deviation: float
    missing: bool = False
    limits: tuple[float, ...] = ()
    duration: bool = False
    reading: str = ""
    odd: bool = False

    def __post_init__(self) -> None:
        spread = self.standard_deviation
        if not (np.isfinite(self.mean) and np.isfinite(spread) and spread > 0):
            raise SpecError(
                f"Column {self.name!r} needs a finite mean and a positive standard deviation. "
                f"Got {self.mean} and {spread}."
            )
        _check_common(self)

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and one for the missing values and one for the infinite ones."""
        return (self.name, *_marks(self))

    @property
    def learnt(self) -> str:
        """Mean and standard deviation."""
        unit = _unit(self)
        return f"{self.mean:.4g} ± {self.standard_deviation:.4g}{unit}"

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Standardise the numbers."""
        numbers, marks = _without_gaps(_numbers(series, self, fill), self, self.mean, fill)
        with np.errstate(over="ignore"):
            scaled = (numbers - self.mean) / self.standard_deviation
        beyond = np.flatnonzero(np.isinf(scaled))
        if beyond.size:
            raise DataError(
                f"Column {self.name!r} holds {numbers[beyond[0]]:g} in row {beyond[0] + 1}, far "
                f"beyond the training rows ({self.mean:g} ± {self.standard_deviation:g}).",
                hint="Check that value.",
            )
        return np.column_stack([_filled(scaled), *marks])

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell the values that are neither missing nor infinite, or may be."""
        return _readable(_numbers(series, self), self)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count nothing: numbers have no categories."""
        return 0

    def unread(self, series: pd.Series[Any]) -> Unread | None:
        """Count the texts that are no numbers."""
        return unread_numbers(series, self.reading) if self.odd else None


@dataclass(frozen=True)
class RobustColumn(Column):
    """Numbers by median and quartiles, smoothly clipped to (−3, 3); their bins if asked for.

    ``x' = (x − median) / spread`` and from it ``x' / √(1 + (x'/3)²)``, where ``spread`` is the
    distance between the quartiles. Where these coincide it is half the distance between lowest and
    highest value; and where these coincide too it is 0, and the number counts as 0.

    With a ``deviation`` above 0 a second column is ``x'' / √(1 + (x''/10)²)`` of
    ``x'' = (x − median) / deviation``: beyond the clip it still tells how far a value lies, which
    matters where rare large values decide, such as delays.

    With T bins, a further column says how many of them lie below the number: k at the lower
    edge of bin k = 0 … T−1, T at the last edge, and growing linearly within a bin. A
    `ravine.PiecewiseLinear` layer makes the piecewise-linear encoding of it.

    What is missing or infinite is marked as in `NumberColumn`. A missing number counts as the
    median, with no bin below it.

    Parameters
    ----------
    name : str
        Its name in the table.
    median, spread : float
        Of the training rows' finite values, see above.
    missing : bool, default False
        Whether values were missing in the training rows.
    limits : tuple of two floats, default ()
        Lowest and highest finite value in the training rows, if some there were infinite.
    bins : tuple of float, default ()
        Edges of the bins, ascending: quantiles of the training rows.
    scaled : bool, default True
        Whether the scaled number is kept beside the bins.
    duration : bool, default False
        Whether it holds durations instead of numbers; they count in seconds.
    deviation : float, default 0.0
        Standard deviation of the training rows' finite values, if the tails are to be told, else 0.
    more_bins : tuple of tuples of float, default ()
        Edges of further bins, each with its own column.
    reading : str, default ""
        How numbers are written in text: see `number_spelling.NumberTexts`.
    odd : bool, default False
        Whether some cells of the training table were text that is no number. Such cells count as
        missing then; otherwise they are an error.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default, section 3 (RealMLP).
    Gorishniy, Rubachev & Babenko (2022), On Embeddings for Numerical Features, section 3.2.
    Departure: the first and the last bin end at the range of the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> column = RobustColumn("age", median=30.0, spread=10.0, bins=(20.0, 30.0, 50.0))
    >>> column.encode(pd.Series([30, 70])).round(2)
    array([[0. , 1. ],
           [2.4, 2. ]])
    """

    kind: ClassVar[str] = "robust number"
    median: float
    spread: float
    missing: bool = False
    limits: tuple[float, ...] = ()
    bins: tuple[float, ...] = ()
    scaled: bool = True
    duration: bool = False
    deviation: float = 0.0
    more_bins: tuple[tuple[float, ...], ...] = ()
    reading: str = ""
    odd: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.median) and np.isfinite(self.spread) and self.spread >= 0):
            raise SpecError(
                f"Column {self.name!r} needs a finite median and a spread that is not negative. "
                f"Got {self.median} and {self.spread}."
            )
        if not (np.isfinite(self.deviation) and self.deviation >= 0):
            raise SpecError(
                f"Column {self.name!r} needs a deviation that is finite and not negative. "
                f"Got {self.deviation}."
            )
        for edges in self.binnings:
            if len(edges) == 1 or not (np.diff(np.asarray(edges) / 2) > 0).all():
                raise SpecError(
                    f"The bins of column {self.name!r} must have different edges in order."
                )
        if self.more_bins and not all((self.bins, *self.more_bins)):
            raise SpecError(f"Further bins of column {self.name!r} need edges, beside its bins.")
        if not self.scaled and not self.bins:
            raise SpecError(f"Column {self.name!r} needs bins if its scaled number is left out.")
        _check_common(self)

    @property
    def binnings(self) -> tuple[tuple[float, ...], ...]:
        """Edges of its bins and of its further bins."""
        return (self.bins, *self.more_bins) if self.bins else ()

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, its tails and bins, and one each for missing and infinite values."""
        marks = (BINS, *(MORE_BINS.format(i + 2) for i in range(len(self.more_bins))))
        bins = [f"{self.name} {mark}" for mark, _ in zip(marks, self.binnings, strict=False)]
        tails = [f"{self.name} {TAILS}"] if self.deviation else []
        return (*([self.name] if self.scaled else []), *tails, *bins, *_marks(self))

    @property
    def learnt(self) -> str:
        """Median and spread."""
        counts = [plural(len(edges) - 1, "bin") for edges in self.binnings]
        bins = f", {' or '.join(counts)}" if counts else ""
        unit = _unit(self)
        return f"{self.median:.4g} ± {self.spread:.4g}{unit}{bins}"

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Scale and clip the numbers, and put them into their bins."""
        numbers, marks = _without_gaps(_numbers(series, self, fill), self, self.median, fill)
        columns = []
        if self.scaled:
            columns.append(_filled(smooth_clip(numbers, self.median, self.spread)))
        if self.deviation:
            columns.append(_filled(smooth_clip(numbers, self.median, self.deviation, _TAIL_LIMIT)))
        columns += [_place_among(np.asarray(edges), numbers) for edges in self.binnings]
        return np.column_stack([*columns, *marks])

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell the values that are neither missing nor infinite, or may be."""
        return _readable(_numbers(series, self), self)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count nothing: numbers have no categories."""
        return 0

    def unread(self, series: pd.Series[Any]) -> Unread | None:
        """Count the texts that are no numbers."""
        return unread_numbers(series, self.reading) if self.odd else None


def smooth_clip(
    numbers: NDArray[np.float64], median: float, spread: float, limit: float = 3.0
) -> NDArray[np.float64]:
    """Scale numbers and clip them smoothly to (−limit, limit), see `RobustColumn`; NaN stays.

    Examples
    --------
    >>> smooth_clip(np.array([10.0, 16.0, 1e300]), 10.0, 2.0).round(2)
    array([0.  , 2.12, 3.  ])
    """
    if spread == 0:
        return np.where(np.isnan(numbers), numbers, 0.0)
    with np.errstate(over="ignore"):
        x = np.clip((numbers - median) / spread, -_FAR, _FAR)
    return np.asarray(x / np.sqrt(1 + np.square(x / limit)), dtype=np.float64)


def _place_among(edges: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many bins lie below each number; 0 where it is missing."""
    inside = np.clip(np.where(np.isnan(numbers), edges[0], numbers), edges[0], edges[-1])
    bins = np.minimum(np.searchsorted(edges, inside, side="right") - 1, edges.size - 2)
    # In halves, so that no difference between two numbers is too large for float64.
    way = inside / 2 - edges[bins] / 2
    return np.asarray(bins + way / (edges[bins + 1] / 2 - edges[bins] / 2))


def _unit(column: NumberColumn | RobustColumn) -> str:
    """Say what the numbers are, and how they are written."""
    how = column.reading.replace("comma", "decimal comma").replace("point", "decimal point")
    return f"{' seconds' if column.duration else ''}{f' ({how})' if how else ''}"


def _numbers(
    series: pd.Series[Any], column: NumberColumn | RobustColumn, fill: bool = False
) -> NDArray[np.float64]:
    if column.duration:
        return durations_of(series, column.name)
    gaps = column.odd and (column.missing or fill)
    return numbers_of(series, column.name, infinite=True, reading=column.reading, gaps=gaps)


def _marks(column: NumberColumn | RobustColumn) -> list[str]:
    missing = [f"{column.name} {MISSING}"] if column.missing else []
    return missing + ([f"{column.name} {INFINITE}"] if column.limits else [])


def _without_gaps(
    numbers: NDArray[np.float64],
    column: NumberColumn | RobustColumn,
    middle: float,
    fill: bool,
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Replace infinite numbers by the ends of the training range; say where gaps were.

    With ``fill``, the middle fills gaps of a column that had none in training.
    """
    marks = []
    absent, infinite = np.isnan(numbers), np.isinf(numbers)
    if column.missing:
        marks.append(absent.astype(np.float64))
    elif fill:
        numbers = np.where(absent, middle, numbers)
    else:
        check_filled(absent, column.name)
    if column.limits:
        marks.append(np.where(infinite, np.sign(numbers), 0.0))
        numbers = np.where(infinite, np.clip(numbers, column.limits[0], column.limits[1]), numbers)
    elif infinite.any():
        raise DataError(
            f"Column {column.name!r} has {plural(int(infinite.sum()), 'infinite value')} "
            f"(the first in row {int(infinite.argmax()) + 1}), but had none in the training rows, "
            "so the model has not learnt what that means.",
            hint="Replace them with numbers, or train on a table in which some are infinite.",
        )
    return numbers, marks


def _readable(
    numbers: NDArray[np.float64], column: NumberColumn | RobustColumn
) -> NDArray[np.bool_]:
    return (column.missing | ~np.isnan(numbers)) & (bool(column.limits) | ~np.isinf(numbers))


def _filled(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(numbers), 0.0, numbers)


def _check_common(column: NumberColumn | RobustColumn) -> None:
    name, limits = column.name, column.limits
    if column.reading and not is_number_reading(column.reading):
        raise SpecError(f"Numbers of column {name!r} cannot be read {column.reading!r}.")
    if limits and not (len(limits) == 2 and np.isfinite(limits).all() and limits[0] <= limits[1]):
        raise SpecError(
            f"The limits of column {name!r} must be a lower and an upper number. Got {limits}."
        )
