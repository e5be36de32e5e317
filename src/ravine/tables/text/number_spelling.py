"""Numbers as people write them: thousands in groups, decimal commas, per cent, currencies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NumberTexts", "is_code", "is_number_reading", "number_of", "read_numbers"]

_PLAIN = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
)
_BLANKS = r" \u00a0\u202f'’"
_POINT = re.compile(
    rf"[+-]?(?:[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}"
    rf"|[1-9][0-9]{{0,2}}(?:([{_BLANKS}])[0-9]{{3}})(?:\1[0-9]{{3}})*)(?:\.[0-9]*)?"
)
_COMMA = re.compile(
    rf"[+-]?(?:[1-9][0-9]{{0,2}}(?:\.[0-9]{{3}})+|[1-9][0-9]{{0,2}}(?:([{_BLANKS}])[0-9]{{3}})"
    r"(?:\1[0-9]{3})*|[0-9]+)(?:,[0-9]+)?"
)
_GROUPS = {"point": re.compile(rf"[,{_BLANKS}]"), "comma": re.compile(rf"[.{_BLANKS}]")}
_CURRENCIES = "$¢£¤¥€₤₦₨₩₪₫₱₴₸₹₺₽₿"
_MONEY = re.compile(
    r"USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|SGD|HKD"
)
_MARK = re.compile(rf"[{_CURRENCIES}%]|(?<![A-Za-z])(?:{_MONEY.pattern})(?![A-Za-z])")
_READING = re.compile(rf"(point|comma)(?: ([{_CURRENCIES}%]|{_MONEY.pattern}))?")
_CODE = re.compile(r"0[0-9]+(?:[.,][0-9]+)?")


@dataclass(frozen=True)
class NumberTexts:
    """How a column's texts read as numbers.

    Parameters
    ----------
    reading : str
        "" for plain numbers, "point" or "comma" for the decimal mark if thousands may be grouped,
        followed by a mark such as "%" or "$".
    numbers : numpy.ndarray of shape (texts,)
        The numbers; NaN where a text is not a number.
    read : numpy.ndarray of bool, shape (texts,)
        Which texts are numbers.
    other : str, default ""
        Another reading under which just as many cells are numbers, but different ones.
    """

    reading: str
    numbers: NDArray[np.float64]
    read: NDArray[np.bool_]
    other: str = ""


def is_number_reading(reading: str) -> bool:
    """Tell whether a text names a way to read numbers.

    Examples
    --------
    >>> is_number_reading("comma €"), is_number_reading("day first")
    (True, False)
    """
    return bool(_READING.fullmatch(reading))


def is_code(text: str) -> bool:
    """Tell whether a text is digits that begin with a zero, as codes do and numbers do not.

    Examples
    --------
    >>> is_code("007"), is_code("7"), is_code("0.7")
    (True, False, False)
    """
    return bool(_CODE.fullmatch(text))


def number_of(text: str, reading: str = "") -> float | None:
    """Read a number.

    Parameters
    ----------
    text : str
        What a cell holds; blanks around it do not count.
    reading : str, default ""
        How numbers are written: see `NumberTexts`.

    Returns
    -------
    float or None
        The number, ``None`` if it is not a number under this reading. A percentage is a hundredth.

    Examples
    --------
    >>> number_of("1,234.50", "point"), number_of("1.234,50 €", "comma €")
    (1234.5, 1234.5)
    >>> number_of("12 %", "point %")
    0.12
    >>> number_of("1,234.50") is None
    True
    """
    text = text.strip().replace("−", "-")
    if not reading:
        return float(text) if _PLAIN.fullmatch(text) else None
    decimal, _, mark = reading.partition(" ")
    sign = 1.0
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1.0, text[1:-1]
    if mark:
        bare = _without(text, mark)
        if bare is None and mark == "%":
            return None
        text = text if bare is None else bare
    found = _unsigned(text, decimal)
    return None if found is None else sign * (found / 100 if mark == "%" else found)


def read_numbers(texts: Sequence[str], counts: NDArray[np.int64]) -> NumberTexts:
    """Find the reading under which the most cells are numbers.

    Parameters
    ----------
    texts : sequence of str
        The different texts of a column, without missing ones.
    counts : numpy.ndarray of int64, shape (texts,)
        In how many rows each appears.

    Returns
    -------
    NumberTexts
        That reading; plain numbers are preferred to others that read as many cells.

    Examples
    --------
    >>> read_numbers(["1.234,5", "7"], np.array([1, 1])).reading
    'comma'
    >>> both = read_numbers(["1,234", "7"], np.array([1, 1]))
    >>> both.reading, both.other
    ('point', 'comma')
    """
    mark = _mark_of(texts, counts)
    readings = [f"{decimal} {mark}".strip() for decimal in ("point", "comma")]
    if not mark:
        readings.insert(0, "")
    found = [_under(reading, texts) for reading in readings]
    reach = [int(counts[each.read].sum()) for each in found]
    best = int(np.argmax(reach))
    for each, cells in zip(found[best + 1 :], reach[best + 1 :], strict=True):
        alike = np.array_equal(each.numbers, found[best].numbers, equal_nan=True)
        if found[best].reading and cells == reach[best] and cells and not alike:
            return NumberTexts(
                found[best].reading, found[best].numbers, found[best].read, each.reading
            )
    return found[best]


def _under(reading: str, texts: Sequence[str]) -> NumberTexts:
    values = [number_of(text, reading) for text in texts]
    read = np.array([value is not None for value in values], dtype=np.bool_)
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return NumberTexts(reading, numbers, read)


def _mark_of(texts: Sequence[str], counts: NDArray[np.int64]) -> str:
    """Find the mark that appears in the most cells beside a number; "" if there is none."""
    cells: dict[str, int] = {}
    for text, count in zip(texts, counts.tolist(), strict=True):
        found = _MARK.search(text)
        if found and any(char.isdigit() for char in text):
            cells[found[0]] = cells.get(found[0], 0) + count
    if not cells:
        return ""
    most = max(cells, key=lambda mark: cells[mark])
    return most if cells[most] * 2 >= counts.sum() else ""


def _without(text: str, mark: str) -> str | None:
    """Remove a mark from beginning or end, also after a sign; None if it is not there."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    bare = text.removeprefix(sign).strip()
    if bare.startswith(mark):
        rest = bare.removeprefix(mark).strip()
        return rest if rest[:1] in ("+", "-") and not sign else sign + rest
    return sign + bare.removesuffix(mark).strip() if bare.endswith(mark) else None


def _unsigned(text: str, decimal: str) -> float | None:
    if decimal == "point":
        if _PLAIN.fullmatch(text):
            return float(text)
        if not _POINT.fullmatch(text):
            return None
        return float(_GROUPS["point"].sub("", text))
    if not _COMMA.fullmatch(text):
        return None
    return float(_GROUPS["comma"].sub("", text).replace(",", "."))
