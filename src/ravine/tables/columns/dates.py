"""Columns of dates and times of day: elapsed time, and calendar and clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ravine.errors import SpecError
from ravine.tables.columns.base import MISSING, Column, check_filled
from ravine.tables.columns.numbers import smooth_clip
from ravine.tables.text.time_spelling import DATE_READINGS
from ravine.tables.times import Moments, dates_of, times_of_day_of, zone_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PARTS", "DateColumn", "calendar_parts"]

PARTS = ("year", "month", "day", "weekday", "hour", "minute")
"""The parts of calendar and clock, in the order of the features."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PERIODS = {"month": 12, "day": 31, "hour": 24 * 60, "minute": 60}
_DAY = 86_400.0


@dataclass(frozen=True)
class DateColumn(Column):
    """Dates or times of day: elapsed time as a number, and the parts that differed in training.

    The elapsed time is ``(t − center) / spread`` in seconds, smoothly clipped as in `RobustColumn`
    if asked for. A year is scaled like its first second. Month, day of the month, hour (to the
    minute) and minute are positions on a circle: the sine and the cosine of the angle. Each weekday
    has a column of 0 and 1.

    With a time zone, the calendar is that of the training rows' zone, whatever the zone of later
    dates. A missing date is 0 everywhere and, if some were missing in the
    training rows, marked in a last column.

    Parameters
    ----------
    name : str
        Its name in the table.
    center, spread : float
        In seconds since 1970, or since midnight.
    parts : tuple of str
        Those of "year", "month", "day", "weekday", "hour", "minute" that differed in the training
        rows.
    clock : bool, default False
        Whether it holds times of day instead of dates.
    zone : str, default ""
        The time zone; empty if the dates have none.
    smooth : bool, default False
        Whether the elapsed time is clipped smoothly.
    missing : bool, default False
        Whether values were missing in the training rows.
    reading : str, default ""
        How text is read: see `time_spelling.date_of`.

    Examples
    --------
    >>> import pandas as pd
    >>> column = DateColumn("when", 0.0, 86400.0, ("month",))
    >>> column.features
    ('when', 'when month (sin)', 'when month (cos)')
    >>> column.encode(pd.Series(["1970-01-03", "1970-04-01"]))
    array([[ 2.,  0.,  1.],
           [90.,  1.,  0.]])
    """

    kind: ClassVar[str] = "date"
    center: float
    spread: float
    parts: tuple[str, ...]
    clock: bool = False
    zone: str = ""
    smooth: bool = False
    missing: bool = False
    reading: str = ""

    def __post_init__(self) -> None:
        if not (abs(self.center) < 2**62 and 0 < self.spread < np.inf):
            raise SpecError(
                f"Column {self.name!r} needs a center in seconds and a positive spread. "
                f"Got {self.center} and {self.spread}."
            )
        if list(self.parts) != [part for part in PARTS if part in self.parts]:
            raise SpecError(
                f"The parts of column {self.name!r} must be of {', '.join(PARTS)}, in that order."
            )
        if self.zone:
            zone_of(self.zone)
        if self.reading not in DATE_READINGS:
            raise SpecError(f"Dates of column {self.name!r} cannot be read {self.reading!r}.")

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, that with each part, and one for the missing values."""
        names = [self.name]
        for part in self.parts:
            if part == "year":
                names.append(f"{self.name} year")
            elif part == "weekday":
                names += [f"{self.name} {day}" for day in _WEEKDAYS]
            else:
                names += [f"{self.name} {part} (sin)", f"{self.name} {part} (cos)"]
        return (*names, *([f"{self.name} {MISSING}"] if self.missing else []))

    @property
    def learnt(self) -> str:
        """The middle, the spread, the zone and the parts."""
        if self.clock:
            middle = str(np.datetime64(int(self.center), "s"))[11:16]
        else:
            middle = str(np.datetime64(int(self.center), "s"))[:-9]
        days, hours = self.spread / _DAY, self.spread / 3600
        spread = f"{days:.3g} days" if days >= 2 else f"{hours:.3g} hours"
        zone = f" ({self.zone})" if self.zone else ""
        reading = f"; read {self.reading}" if self.reading else ""
        return f"{middle} ± {spread}{zone}; {', '.join(self.parts)}{reading}"

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Find the elapsed time and the parts."""
        moments = self._moments(series)
        absent = np.isnan(moments.seconds)
        if not (self.missing or fill):
            check_filled(absent, self.name)
        shown = calendar_parts(moments.local)
        columns = [self._scaled(moments.seconds)]
        for part in self.parts:
            if part == "year":
                columns.append(self._scaled(shown["year"].astype("M8[Y]").astype("M8[s]")))
            elif part == "weekday":
                columns += list(shown["weekday"] == np.arange(7)[:, None])
            else:
                angles = 2 * np.pi / _PERIODS[part] * np.arange(_PERIODS[part])
                columns += [np.round(f(angles), 15)[shown[part]] for f in (np.sin, np.cos)]
        coded = np.column_stack(columns)
        coded[absent] = 0.0
        return np.column_stack([coded, absent]) if self.missing else coded

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell the values that are not missing, or may be."""
        return np.asarray(self.missing | ~np.isnan(self._moments(series).seconds), dtype=np.bool_)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count nothing: time has no categories."""
        return 0

    def _moments(self, series: pd.Series[Any]) -> Moments:
        if self.clock:
            return times_of_day_of(series, self.name)
        return dates_of(series, self.name, self.zone, self.reading)

    def _scaled(self, seconds: NDArray[Any]) -> NDArray[np.float64]:
        numbers = seconds.astype(np.float64)
        if self.smooth:
            return smooth_clip(numbers, self.center, self.spread)
        return (numbers - self.center) / self.spread


def calendar_parts(local: NDArray[np.datetime64]) -> dict[str, NDArray[np.int64]]:
    """Read calendar and clock: year from 1970, month, day and weekday from 0; hour to the minute.

    Examples
    --------
    >>> parts = calendar_parts(np.array(["2024-02-29T10:30:15"], dtype="M8[s]"))
    >>> {name: int(part[0]) for name, part in parts.items()}
    {'year': 54, 'month': 1, 'day': 28, 'weekday': 3, 'hour': 630, 'minute': 30}
    """
    years, months = local.astype("M8[Y]"), local.astype("M8[M]")
    days, minutes = local.astype("M8[D]"), local.astype("M8[m]")
    of_day = (minutes - days).astype(np.int64)
    return {
        "year": years.astype(np.int64),
        "month": (months - years).astype(np.int64),
        "day": (days - months).astype(np.int64),
        "weekday": (days.astype(np.int64) + 3) % 7,  # 1970 began on a Thursday
        "hour": of_day,
        "minute": of_day % 60,
    }
