"""Dates, times of day and durations: reading them from a column as numbers."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, SpecError
from ravine.tables.text.kinds import is_absent
from ravine.tables.text.time_spelling import date_of, duration_of, time_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Moments",
    "as_datetimes",
    "dates_of",
    "durations_of",
    "times_of_day_of",
    "zone_of",
]

_WITH_ZONE = re.compile(r".*:\d{2}([.,]\d+)?\s?([Zz]|[+-]\d{2}(:?\d{2})?)")
_OFFSET = re.compile(r"UTC[+-]\d{2}:\d{2}")


@dataclass(frozen=True)
class Moments:
    """n moments: elapsed seconds, and local clock and calendar time.

    Parameters
    ----------
    seconds : numpy.ndarray of shape (n,)
        Since 1970 began (in UTC, if a time zone is known), or since midnight; NaN where missing.
    local : numpy.ndarray of shape (n,)
        Whole seconds on the wall, ``datetime64[s]``; 1970-01-01 00:00 where missing.
    zone : str, default ""
        The time zone of ``local``; empty if it is not known.
    """

    seconds: NDArray[np.float64]
    local: NDArray[np.datetime64]
    zone: str = ""


def dates_of(
    series: pd.Series[Any], name: str, zone: str | None = None, reading: str = ""
) -> Moments:
    """Get dates, with or without time and time zone, out of a column.

    Parameters
    ----------
    series : pandas.Series
        Dates, or text that reads as dates.
    name : str
        Its name, for the messages.
    zone : str, optional
        The time zone for local time; ``None`` takes the column's own, "" means that it must have
        none.
    reading : str, default ""
        How text is read: see `time_spelling.date_of`.

    Returns
    -------
    Moments
        The dates.

    Raises
    ------
    DataError
        If there is something else in it, or a time zone where none is wanted, or the reverse.

    Examples
    --------
    >>> import pandas as pd
    >>> dates = dates_of(pd.Series(["1970-01-02T01:00+01:00", None]), "when", "Europe/Berlin")
    >>> dates.seconds, dates.local[0]
    (array([86400.,    nan]), np.datetime64('1970-01-02T01:00:00'))
    """
    dates = as_datetimes(series, name, reading)
    own = _name_of(dates.dt.tz)
    zone = own if zone is None else zone
    if bool(zone) != bool(own) and dates.notna().any():
        now, then = ("no", "had one") if zone else ("a", "had none")
        raise DataError(
            f"The dates of column {name!r} have {now} time zone, but those of the training rows "
            f"{then}{f' ({zone})' if zone else ''}.",
            hint="Give them as in training.",
        )
    local = dates
    if own:
        local = dates.dt.tz_convert(zone_of(zone or own)).dt.tz_localize(None)
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = dates.to_numpy(dtype="datetime64")
    missing = np.isnat(moments)
    whole = np.where(missing, np.datetime64(0, "s"), moments.astype("M8[s]"))
    parts = (np.where(missing, whole, moments) - whole) / np.timedelta64(1, "s")
    seconds = np.where(missing, np.nan, whole.astype(np.int64) + parts)
    on_the_wall = local.to_numpy(dtype="datetime64").astype("M8[s]")
    return Moments(seconds, np.where(missing, np.datetime64(0, "s"), on_the_wall), zone)


def times_of_day_of(series: pd.Series[Any], name: str) -> Moments:
    """Get times of day out of a column.

    Parameters
    ----------
    series : pandas.Series
        Objects of ``datetime.time``, or text such as "9:05", "09:05:30" or "9:05 PM".
    name : str
        Its name, for the message.

    Returns
    -------
    Moments
        The times, as if of 1 January 1970.

    Raises
    ------
    DataError
        If there is something else in it.

    Examples
    --------
    >>> import pandas as pd
    >>> times_of_day_of(pd.Series([dt.time(1, 30), None]), "opens").seconds
    array([5400.,   nan])
    """
    seconds = np.full(len(series), np.nan)
    for row, (value, known) in enumerate(zip(series, series.notna(), strict=True)):
        if isinstance(value, str):
            known = not is_absent(value)
            value = time_of(value) or value
        if isinstance(value, dt.time):
            whole = 3600 * value.hour + 60 * value.minute + value.second
            seconds[row] = whole + value.microsecond / 1e6
        elif known:
            raise _error("times of day", name, value, row)
    return Moments(seconds, np.nan_to_num(seconds).astype("M8[s]"))


def durations_of(series: pd.Series[Any], name: str) -> NDArray[np.float64]:
    """Get durations out of a column, in seconds; missing ones as NaN.

    Parameters
    ----------
    series : pandas.Series
        Timedeltas, or text such as "25:10:07" or "3 days 04:05:06".
    name : str
        Its name, for the message.

    Returns
    -------
    numpy.ndarray of shape (n,)
        The seconds.

    Raises
    ------
    DataError
        If there is something else in it.

    Examples
    --------
    >>> import pandas as pd
    >>> durations_of(pd.Series(pd.to_timedelta(["1h", None])), "delay")
    array([3600.,   nan])
    """
    import pandas as pd

    if pd.api.types.is_timedelta64_dtype(series.dtype) and isinstance(series.dtype, np.dtype):
        found = series.to_numpy()
        return np.where(np.isnat(found), np.nan, found / np.timedelta64(1, "s"))
    seconds = np.full(len(series), np.nan)
    for row, (value, missing) in enumerate(zip(series, series.isna(), strict=True)):
        if isinstance(value, str):
            missing = is_absent(value)
            value = value if missing or (read := duration_of(value)) is None else read
        if isinstance(value, np.timedelta64) and not missing:
            seconds[row] = value / np.timedelta64(1, "s")
        elif isinstance(value, dt.timedelta) and not missing:
            seconds[row] = value.total_seconds()
        elif not missing:
            raise _error("durations", name, value, row)
    return seconds


def zone_of(name: str) -> dt.tzinfo:
    """Find a time zone by its name.

    Raises
    ------
    SpecError
        If there is none.

    Examples
    --------
    >>> zone_of("UTC+02:00")
    datetime.timezone(datetime.timedelta(seconds=7200))
    >>> zone_of("Atlantis")
    Traceback (most recent call last):
        ...
    ravine.errors.SpecError: There is no time zone 'Atlantis'.
    """
    if name == "UTC":
        return dt.UTC
    if _OFFSET.fullmatch(name):
        hours, minutes = int(name[4:6]), int(name[7:9])
        if hours < 24 and minutes < 60:
            offset = dt.timedelta(hours=hours, minutes=minutes)
            return dt.timezone(-offset if name[3] == "-" else offset)
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # it says KeyError for what it does not find
        raise SpecError(f"There is no time zone {name!r}.") from error


def _name_of(zone: dt.tzinfo | None) -> str:
    """Name a zone so that ``zone_of`` finds it again, or UTC if that cannot be; "" for none."""
    if zone is None:
        return ""
    name = str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
    try:
        zone_of(name)
    except SpecError:
        return "UTC"
    return name


def as_datetimes(series: pd.Series[Any], name: str, reading: str = "") -> pd.Series[Any]:
    """Make a column one of pandas' datetimes, whatever sort of dates it holds.

    Parameters
    ----------
    series : pandas.Series
        The column.
    name : str
        Its name, for the messages.
    reading : str, default ""
        How text is read: see `time_spelling.date_of`.

    Returns
    -------
    pandas.Series
        The same dates.

    Raises
    ------
    DataError
        If there is something else in it.

    Examples
    --------
    >>> import pandas as pd
    >>> as_datetimes(pd.Series(["13/6/1990"]), "born", "day first")[0]
    Timestamp('1990-06-13 00:00:00')
    """
    import pandas as pd

    if isinstance(series.dtype, pd.PeriodDtype):
        return pd.Series(series.dt.to_timestamp())
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return pd.Series(pd.DatetimeIndex(series))
    held = pd.api.types.infer_dtype(series, skipna=True)
    if held in ("string", "date", "datetime") and not reading:
        with contextlib.suppress(ValueError, OverflowError):  # fast; failures are handled below
            return pd.Series(pd.to_datetime(series, format="ISO8601"))
    values = [_plain(value, reading) for value in series]
    dates = pd.Series(values, dtype=object).where(pd.notna(pd.Series(values, dtype=object)), None)
    for row, value in enumerate(dates):
        if value is not None and not isinstance(value, str | dt.date | np.datetime64):
            raise _error("dates", name, value, row)
    with contextlib.suppress(ValueError, OverflowError):
        return pd.Series(pd.to_datetime(dates, format="ISO8601"))
    read = pd.to_datetime(dates, format="ISO8601", utc=True, errors="coerce")
    unread = read.isna() & dates.notna()
    if unread.any():
        row = int(unread.argmax())
        raise _error("dates", name, series.iloc[row], row)
    _check_zones(dates, name)
    return pd.Series(read)  # zones that differ


def _plain(value: Any, reading: str) -> Any:
    """Spell a date in the one way that pandas knows; None for a text that means a missing value."""
    import pandas as pd

    if isinstance(value, pd.Period):
        return value.to_timestamp()
    if not isinstance(value, str):
        return value
    if is_absent(value):
        return None
    return date_of(value, reading) or value.strip().upper().replace(",", ".")


def _check_zones(dates: pd.Series[Any], name: str) -> None:
    """Check that all dates have a time zone, or none."""
    known = [value for value in dates if value is not None]
    having = [
        bool(_WITH_ZONE.fullmatch(v))
        if isinstance(v, str)
        else getattr(v, "tzinfo", None) is not None
        for v in known
    ]
    if any(having) and not all(having):
        raise DataError(
            f"Column {name!r} holds dates with a time zone ({known[having.index(True)]}) and dates "
            f"without one ({known[having.index(False)]}).",
            hint="Give all of them a time zone, or none.",
        )


def _error(what: str, name: str, value: Any, row: int) -> DataError:
    return DataError(
        f"Column {name!r} must hold {what}. Got {value!r} in row {row + 1}.",
        hint="Check that column; an empty cell means a missing value.",
    )
