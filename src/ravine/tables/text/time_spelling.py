"""Dates, times of day and durations as people write them, turned into the one way of ISO 8601."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["DATE_READINGS", "date_of", "duration_of", "has_shape_of", "time_of"]

DATE_READINGS = ("", "day first", "month first", "year first")
"""How dates may be read; the empty one knows years of four digits first, and names of months."""

_TIME_OF_DAY = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:\s?[AaPp]\.?[Mm]\.?)?"
_ZONE = r"\s?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
_TIME = rf"(?:(?:\s*,\s*|\s+|[Tt])(?:at\s+)?(?P<time>{_TIME_OF_DAY})(?:{_ZONE})?)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|"
    r"[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ept?(?:ember)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|[Dd]ec(?:ember)?|"
    r"JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\.?"
)
_WEEKDAY = r"(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*\.?,?\s+)?"
_DAY, _YEAR = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?", r"(?P<year>[0-9]{4})"
_NAMED = (
    re.compile(rf"{_WEEKDAY}{_MONTH}[\s-]\s*{_DAY}(?:,\s*|\s+|-){_YEAR}{_TIME}"),
    re.compile(rf"{_WEEKDAY}{_DAY}[\s./-]\s*{_MONTH}[\s,./-]\s*{_YEAR}{_TIME}"),
    re.compile(rf"{_YEAR}[\s./-]{_MONTH}[\s./-]{_DAY}{_TIME}"),
)
_YEAR_MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")
_NUMBERS = re.compile(
    r"(?P<a>[0-9]{4}|[0-9]{1,2})(?P<mark>[-/.])(?P<b>[0-9]{1,2})(?P=mark)"
    rf"(?P<c>[0-9]{{4}}|[0-9]{{1,2}}){_TIME}"
)
_ORDERS = {"day first": "dmy", "month first": "mdy", "year first": "ymd"}
_CLOCK = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?:\s?([AaPp])\.?[Mm]\.?)?"
)
_DURATION = re.compile(
    r"([+-])?(?:([0-9]+)\s?days?,?\s*([+-])?)?"
    r"(?:([0-9]+):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
)
_TIME_SHAPE = re.compile(
    r"[+-]?(?:[0-9]+\s?days?,?\s*)?(?:[+-]?[0-9]+:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)?"
    r"(?:\s?[AaPp]\.?[Mm]\.?)?"
)


def has_shape_of(text: str) -> str:
    """Tell what a text looks like: "date", "time" (of day, or a duration), or "" for neither.

    Examples
    --------
    >>> has_shape_of("2023-13-45"), has_shape_of("25:10:07"), has_shape_of("soon")
    ('date', 'time', '')
    """
    text = text.strip()
    if not any(char.isdigit() for char in text):
        return ""
    found = _NUMBERS.fullmatch(text)
    if found:  # 1.2.3 is a version
        return "date" if len(found["a"]) == 4 or len(found["c"]) > 1 else ""
    if _YEAR_MONTH.fullmatch(text) or any(form.fullmatch(text) for form in _NAMED):
        return "date"
    return "time" if (":" in text or "day" in text) and _TIME_SHAPE.fullmatch(text) else ""


def date_of(text: str, reading: str = "") -> str | None:
    """Spell a date as ISO 8601 does.

    Parameters
    ----------
    text : str
        A date, perhaps with a time of day and a time zone.
    reading : str, default ""
        The order of the numbers in a date: "day first", "month first" or "year first". Four
        digits are always the year, and a month's name is always the month.

    Returns
    -------
    str or None
        The date; ``None`` if it is not a date under this reading. Two-digit years mean 1969 to
        2068.

    Examples
    --------
    >>> date_of("Jan 05, 2024"), date_of("6/13/1990 9:05 PM", "month first"), date_of("2024-02-30")
    ('2024-01-05', '1990-06-13T21:05', None)
    >>> date_of("6/13/1990", "day first") is None
    True
    """
    text = text.strip()
    found = _NUMBERS.fullmatch(text)
    if found:
        parts = _in_order(found["a"], found["b"], found["c"], reading)
    else:
        named = next((m for form in _NAMED if (m := form.fullmatch(text))), None)
        short = _YEAR_MONTH.fullmatch(text)
        if named:
            found = named
            month = _MONTHS.index(named["month"][:3].lower()) + 1
            parts = int(named["year"]), month, int(named["day"])
        elif short:
            return f"{text}-01"
        else:
            return None
    if parts is None:
        return None
    try:
        day = dt.date(*parts).isoformat()
    except ValueError:
        return None
    if not found["time"]:
        return day
    time = _clock(found["time"])
    zone = (found["zone"] or "").upper()
    return None if time is None else f"{day}T{time}{zone}"


def time_of(text: str) -> dt.time | None:
    """Read a time of day, of 24 hours or with AM and PM.

    Examples
    --------
    >>> time_of("9:05"), time_of("09:05 PM"), time_of("25:10:07")
    (datetime.time(9, 5), datetime.time(21, 5), None)
    """
    found = _clock(text.strip())
    return None if found is None else dt.time.fromisoformat(found)


def duration_of(text: str) -> dt.timedelta | None:
    """Read a duration: hours, minutes and seconds, or days and these, as pandas writes them.

    Examples
    --------
    >>> duration_of("25:10:07"), duration_of("-1 days +23:00:00")
    (datetime.timedelta(days=1, seconds=4207), datetime.timedelta(days=-1, seconds=82800))
    """
    text = text.strip()
    found = _DURATION.fullmatch(text)
    if not found or not any(char.isdigit() for char in text):
        return None
    sign, days, inner, hours, minutes, seconds, fraction = found.groups()
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    try:
        part = dt.timedelta(
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=int((fraction or "").ljust(6, "0")[:6]),
        )
        whole = dt.timedelta(days=int(days or 0))
        if days is None or inner is None:
            return -(whole + part) if sign == "-" else whole + part
        return (-whole if sign == "-" else whole) + (-part if inner == "-" else part)
    except OverflowError:
        return None


def _in_order(a: str, b: str, c: str, reading: str) -> tuple[int, int, int] | None:
    """Give year, month and day of three numbers; None if they cannot be in this order."""
    if len(a) == 4:
        return None if len(c) == 4 else (int(a), int(b), int(c))
    if not reading:
        return None
    place = dict(zip(_ORDERS[reading], (a, b, c), strict=True))
    if 4 in (len(place["d"]), len(place["m"])):
        return None
    year = int(place["y"])
    if len(place["y"]) < 4:
        if len(place["y"]) != 2:
            return None
        year += 2000 if year < 69 else 1900
    return year, int(place["m"]), int(place["d"])


def _clock(text: str) -> str | None:
    """Spell a time of day with two digits each and 24 hours; None if there is no such time."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[5] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    seconds = f":{second:02}" if found[3] else ""
    return f"{hour:02}:{minute:02}{seconds}{f'.{found[4]}' if found[4] else ''}"
