"""What a column of text holds: numbers, dates, times or durations, if one reading fits all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.tables.text.missing import MISSING_VALUES, SHEET_ERRORS
from ravine.tables.text.number_spelling import NumberTexts, is_code, number_of, read_numbers
from ravine.tables.text.time_spelling import (
    DATE_READINGS,
    date_of,
    duration_of,
    has_shape_of,
    time_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Texts", "Understood", "is_absent", "text_of", "understand"]

TextKind = Literal["text", "number", "date", "time", "duration"]

_MOSTLY = 0.8
"""The share of cells that must be numbers for a column of text to be one of numbers."""

_SAMPLE = 500
_ONE = np.ones(1, dtype=np.int64)
_DIGIT = re.compile(r"[0-9]")
_ABSENT = frozenset(MISSING_VALUES)


@dataclass(frozen=True)
class Texts:
    """The different texts of a column, and where they are.

    Parameters
    ----------
    codes : numpy.ndarray of int64, shape (n,)
        Each row's place in ``texts``; −1 where the value is missing.
    texts : sequence of str
        The different texts, in the order in which they appear.
    name : str
        The column's name, for messages.
    values : sequence
        The same as ``texts``, unchanged from the column: numbers may be among them.
    """

    codes: NDArray[np.int64]
    texts: Sequence[str]
    name: str
    values: Any = ()

    @classmethod
    def of(cls, series: pd.Series[Any], name: str) -> Texts:
        """Split a column of text, which may also hold numbers."""
        import pandas as pd

        codes, found = pd.factorize(series)
        return cls(codes, [text_of(value) for value in found], name, found)

    def as_categories(self) -> pd.Categorical:
        """Give the column as pandas' categories."""
        import pandas as pd

        return pd.Categorical.from_codes(self.codes, self.values)

    def counts(self) -> NDArray[np.int64]:
        """In how many rows each text appears."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    def row(self, place: int) -> int:
        """Find the first row in which a text appears, from 1."""
        return int(np.argmax(self.codes == place)) + 1

    def spread(self, values: Sequence[Any], empty: Any) -> list[Any]:
        """Give each row the value of its text."""
        everything = [*values, empty]
        return [everything[code] for code in self.codes]


@dataclass(frozen=True)
class Understood:
    """What a column of text holds.

    Parameters
    ----------
    kind : {"text", "number", "date", "time", "duration"}
        What it holds.
    values : list or numpy.ndarray of shape (n,)
        Its values as such: numbers, dates as ISO 8601 writes them, times of day, durations. Empty
        for text.
    reading : str, default ""
        How its cells are written, if there are several ways.
    remark : str, default ""
        A note about it, in a sentence or more.
    odd : bool, default False
        Whether some cells of a column of numbers are not numbers, and count as missing.
    nearly : bool, default False
        Whether text would be numbers except for a few cells that begin with a zero, as codes do.
    """

    kind: TextKind
    values: Any = ()
    reading: str = ""
    remark: str = ""
    odd: bool = False
    nearly: bool = False


def is_absent(text: str) -> bool:
    """Tell whether a cell among numbers or dates means a missing value.

    Examples
    --------
    >>> is_absent(" "), is_absent("NA"), is_absent("#DIV/0!"), is_absent("unknown")
    (True, True, True, False)
    """
    text = text.strip()
    return text in _ABSENT or text in SHEET_ERRORS


def understand(found: Texts) -> Understood:
    """Find out what a column of text holds.

    It is one of numbers if at least 80 % of its cells that are not blank are numbers under one
    reading; the others are then missing. It is one of dates, times of day or durations if at
    least as many look like that, and then all must be. Text whose digits begin with zeros, as codes
    do, stays text.

    Parameters
    ----------
    found : Texts
        The column.

    Returns
    -------
    Understood
        What it holds.

    Raises
    ------
    DataError
        If two readings fit, or a date, a time or a duration cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> found = understand(Texts.of(pd.Series(["1,200.50", "3"] * 9 + ["?", "sold"]), "price"))
    >>> found.kind, found.reading, found.values[:2].tolist()
    ('number', 'point', [1200.5, 3.0])
    >>> print(found.remark)
    Column 'price': 18 of 19 cells that are not blank are numbers; the first that is not is 'sold' \
in row 20. It counts as missing: correct it, or leave it empty. '1,200.50' is read as 1200.5.
    """
    places = [place for place, text in enumerate(found.texts) if not is_absent(text)]
    known = Texts(found.codes, [found.texts[place] for place in places], found.name)
    if not known.texts:
        return Understood("text")
    counts = found.counts()[places]
    total, share = int(counts.sum()), 0.0
    if _in_a_sample(known.texts, lambda text: bool(read_numbers([text], _ONE).read[0])):
        numbers = read_numbers(known.texts, counts)
        share = counts[numbers.read].sum() / total
        if _holds_codes(known.texts, counts):
            remark = _of_codes(found, places, counts)
            return Understood("text", remark=remark, nearly=bool(remark) and share >= _MOSTLY)
        if share >= _MOSTLY:
            return _as_numbers(found, places, numbers, counts)
    dates = times = 0.0
    if _in_a_sample(known.texts, lambda text: bool(has_shape_of(text))):
        shapes = np.array([has_shape_of(text) for text in known.texts])
        dates, times = (counts[shapes == shape].sum() / total for shape in ("date", "time"))
    if dates >= _MOSTLY:
        return _as_dates(found, places)
    if times >= _MOSTLY:
        return _as_times(found, places, counts)
    for what, part in (("numbers", share), ("dates", dates), ("times", times)):
        if part >= 0.5:
            return Understood("text", remark=_mixed(found, what, part))
    return Understood("text")


def _in_a_sample(texts: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Tell whether any of some texts passes; it stops at the first."""
    some = texts[:: max(1, len(texts) // _SAMPLE)]
    return any(test(text) for text in some if _DIGIT.search(text))


def _holds_codes(texts: Sequence[str], counts: NDArray[np.int64]) -> bool:
    """Tell whether digits are codes: zeros begin enough of them, or all have one length."""
    digits = [(text.strip(), count) for text, count in zip(texts, counts, strict=True)]
    codes = sum(count for text, count in digits if is_code(text))
    widths = {len(text) for text, _ in digits if text.isdecimal()}
    return codes > 0 and (codes * 50 >= counts.sum() or len(widths) == 1)


def _of_codes(found: Texts, places: list[int], counts: NDArray[np.int64]) -> str:
    """Say why numbers are text if few of them look like codes; nothing if many do."""
    codes = np.array([is_code(found.texts[place].strip()) for place in places])
    widths = {len(found.texts[place].strip()) for place in places}
    if len(widths) == 1 or 5 * counts[codes].sum() >= counts.sum():
        return ""
    place = places[int(codes.argmax())]
    return (
        f"Column {found.name!r} is text, as codes are: {counts[codes].sum()} of {counts.sum()} "
        f"cells that are not blank are digits that begin with a zero, such as "
        f"{found.texts[place]!r} in row {found.row(place)}. Write them without it if they are "
        "numbers."
    )


def _as_numbers(
    found: Texts, places: list[int], numbers: NumberTexts, counts: NDArray[np.int64]
) -> Understood:
    if numbers.other:
        raise _two_numbers(found, places, numbers)
    values = np.full(len(found.texts) + 1, np.nan)
    values[places] = numbers.numbers
    remark = _of_numbers(found, places, numbers, counts)
    odd = not bool(numbers.read.all())
    return Understood("number", values[found.codes], numbers.reading, remark, odd)


def _of_numbers(
    found: Texts, places: list[int], numbers: NumberTexts, counts: NDArray[np.int64]
) -> str:
    """Say how the cells were read."""
    said = []
    odd = [place for place, read in zip(places, numbers.read, strict=True) if not read]
    odd += [place for place, text in enumerate(found.texts) if text.strip() in SHEET_ERRORS]
    if odd:
        first = min(odd, key=found.row)
        all_counts = found.counts()
        lost, read = int(all_counts[odd].sum()), int(counts[numbers.read].sum())
        counts_as = "It counts" if lost == 1 else f"These {lost:,} cells count"
        said.append(
            f"Column {found.name!r}: {read:,} of {read + lost:,} cells that are not blank are "
            f"numbers; the first that is not is {found.texts[first]!r} in row {found.row(first)}. "
            f"{counts_as} as missing: correct {'it' if lost == 1 else 'them'}, or leave "
            f"{'it' if lost == 1 else 'them'} empty."
        )
    example = next(
        (p for p, read in enumerate(numbers.read) if read and _is_styled(found.texts[places[p]])),
        int(np.argmax(numbers.read)),
    )
    text, value = found.texts[places[example]], numbers.numbers[example]
    if numbers.reading and not odd:
        said.append(f"Column {found.name!r} is read as numbers: {text!r} is {value:.15g}.")
    elif numbers.reading:
        said.append(f"{text!r} is read as {value:.15g}.")
    elif not odd:
        said.append(
            f"Column {found.name!r} is text that reads as numbers (such as {text!r}), and is taken "
            "for numbers. Make it a category to keep it as text."
        )
    return " ".join(said)


def _is_styled(text: str) -> bool:
    return number_of(text) is None


def _two_numbers(found: Texts, places: list[int], numbers: NumberTexts) -> DataError:
    for place in places:
        text = found.texts[place]
        one, two = number_of(text, numbers.reading), number_of(text, numbers.other)
        if one is not None and two is not None and one != two:
            break
    return DataError(
        f"Column {found.name!r} holds numbers that can be read in more than one way: {text!r} in "
        f"row {found.row(place)} is {one:.15g} with a decimal point, {two:.15g} with a decimal "
        "comma.",
        hint=f"Write {one:.15g} or {two:.15g}, or leave the column out (--drop {found.name!r}).",
    )


def _as_dates(found: Texts, places: list[int]) -> Understood:
    texts = [found.texts[place] for place in places]
    first, *others = DATE_READINGS
    ways = {first: [date_of(text) for text in texts]}
    if None in ways[first]:
        ways |= {reading: [date_of(text, reading) for text in texts] for reading in others}
        fitting = [reading for reading in others if None not in ways[reading]]
        if not fitting:
            raise _no_reading(found, places, ways)
        first = fitting[0]
        for other in fitting[1:]:
            if ways[other] != ways[first]:
                raise _two_dates(found, places, {way: ways[way] for way in (first, other)})
    values: list[str | None] = [None] * len(found.texts)
    for place, value in zip(places, ways[first], strict=True):
        values[place] = value
    return Understood("date", found.spread(values, None), first)


def _two_dates(found: Texts, places: list[int], ways: dict[str, list[str | None]]) -> DataError:
    one, two = ways
    p = next(i for i, pair in enumerate(zip(*ways.values(), strict=True)) if pair[0] != pair[1])
    return DataError(
        f"Column {found.name!r} holds dates that can be read in more than one way: "
        f"{found.texts[places[p]]!r} in row {found.row(places[p])} is {ways[one][p]} ({one}) or "
        f"{ways[two][p]} ({two}).",
        hint=f"Write them as year-month-day (2024-12-31), or use --drop {found.name!r}.",
    )


def _no_reading(found: Texts, places: list[int], ways: dict[str, list[str | None]]) -> DataError:
    """Name the cells that contradict each other, or the one that is not a date at all."""
    read = {way: np.array([value is not None for value in ways[way]]) for way in ways}
    none = ~np.logical_or.reduce(list(read.values()))
    best = max(read, key=lambda way: int(read[way].sum()))
    if none.any():
        first = min((places[i] for i in np.flatnonzero(none)), key=found.row)
        return not_such("dates", found, first)
    other = max(read, key=lambda way: int((read[way] & ~read[best]).sum()))
    mine = min((places[i] for i in np.flatnonzero(read[best])), key=found.row)
    theirs = min((places[i] for i in np.flatnonzero(read[other] & ~read[best])), key=found.row)
    return DataError(
        f"No one way to read dates fits column {found.name!r}: {found.texts[theirs]!r} in row "
        f"{found.row(theirs)} is {other or 'year first'}, but most are {best or 'year first'}, "
        f"such as {found.texts[mine]!r} in row {found.row(mine)}.",
        hint=f"Write them as year-month-day (2024-12-31), or use --drop {found.name!r}.",
    )


def _as_times(found: Texts, places: list[int], counts: NDArray[np.int64]) -> Understood:
    texts = [found.texts[place] for place in places]
    ways: dict[TextKind, list[Any]] = {
        "time": [time_of(text) for text in texts],
        "duration": [duration_of(text) for text in texts],
    }
    kind: TextKind = "time" if None not in ways["time"] else "duration"
    if None in ways[kind]:
        read = {way: sum(value is not None for value in ways[way]) for way in ways}
        kind = "time" if read["time"] >= read["duration"] else "duration"
        wrong = [place for place, value in zip(places, ways[kind], strict=True) if value is None]
        words = "times of day" if kind == "time" else "durations"
        raise not_such(words, found, min(wrong, key=found.row))
    if kind == "duration" and all(_has_two_parts(text) for text in texts):
        place = next(p for p, text in zip(places, texts, strict=True) if time_of(text) is None)
        text = found.texts[place]
        raise DataError(
            f"Column {found.name!r} holds durations that can be read in more than one way: "
            f"{text!r} in row {found.row(place)} is hours and minutes, or minutes and seconds.",
            hint="Write hours:minutes:seconds.",
        )
    values: list[dt.time | dt.timedelta | None] = [None] * len(found.texts)
    for place, value in zip(places, ways[kind], strict=True):
        values[place] = value
    return Understood(kind, found.spread(values, None))


def _has_two_parts(text: str) -> bool:
    return text.count(":") == 1 and "day" not in text


def not_such(what: str, found: Texts, place: int) -> DataError:
    """Say that a cell holds something different from the others."""
    return DataError(
        f"Column {found.name!r} must hold {what}. Got {found.texts[place]!r} in row "
        f"{found.row(place)}.",
        hint="Correct that cell; an empty one means a missing value.",
    )


def _mixed(found: Texts, what: str, share: float) -> str:
    shown: Callable[[str], bool] = {
        "numbers": lambda text: number_of(text) is None,
        "dates": lambda text: has_shape_of(text) != "date",
        "times": lambda text: has_shape_of(text) != "time",
    }[what]
    place = next(p for p, text in enumerate(found.texts) if not is_absent(text) and shown(text))
    return (
        f"Column {found.name!r} is text: {share:.0%} of its cells that are not blank are {what}, "
        f"too few to leave out the others, such as {found.texts[place]!r} in row "
        f"{found.row(place)}. Correct them, or leave them empty."
    )


def text_of(value: Hashable) -> str:
    """Spell a category: whole numbers without a decimal point, all else as Python prints it.

    Examples
    --------
    >>> text_of(3.0), text_of("a"), text_of(True)
    ('3', 'a', 'True')
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
