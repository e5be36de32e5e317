"""What a column of a data frame holds (numbers, booleans or text), and reading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.text import plural
from ravine.tables.text.kinds import Texts, is_absent, text_of, understand
from ravine.tables.text.number_spelling import number_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Kind",
    "Unread",
    "holds_text",
    "kind_of",
    "mean_and_spread",
    "numbers_of",
    "sorts_of_text",
    "unread_numbers",
]

Kind = Literal["number", "boolean", "text", "ordered", "date", "time", "duration"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("integer", "floating", "mixed-integer-float", "decimal", "empty"), "number"),
    **dict.fromkeys(("datetime64", "datetime", "date", "period"), "date"),
    **dict.fromkeys(("timedelta64", "timedelta"), "duration"),
    "boolean": "boolean",
    "time": "time",
}
_SCALARS = (str, bool, int, float, np.bool_, np.integer, np.floating)


def kind_of(series: pd.Series[Any], name: str) -> Kind:
    """Tell what a column holds.

    Integers and floats are numbers, however few of them differ. Pandas' categories are text,
    whatever they hold, or ordered. Text is numbers, dates, times of day or durations if its cells
    can all be read so (`ravine.tables.text.kinds.understand`). A column without a single value
    counts as numbers.

    Parameters
    ----------
    series : pandas.Series
        The column.
    name : str
        Its name, for the messages.

    Returns
    -------
    {"number", "boolean", "text", "ordered", "date", "time", "duration"}
        What it holds.

    Raises
    ------
    DataError
        If it holds complex numbers, bytes, lists or other objects, or text that can be read in
        more than one way.

    Examples
    --------
    >>> import pandas as pd
    >>> kind_of(pd.Series([1, 2, None]), "rooms"), kind_of(pd.Series(["a", None]), "street")
    ('number', 'text')
    """
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return "ordered" if series.cat.ordered else "text"
    held = pd.api.types.infer_dtype(series, skipna=True)
    if held in _KINDS:
        return _KINDS[held]
    if _is_text(held, series):
        return understand(Texts.of(series, name)).kind
    raise DataError(
        f"Column {name!r} holds {_in_words(held, series)}; numbers, booleans or text are needed.",
        hint=f"Convert it, or leave it out (--drop {name!r}).",
    )


def holds_text(series: pd.Series[Any]) -> bool:
    """Tell whether a column holds text, perhaps among numbers, and is not one of categories.

    Examples
    --------
    >>> import pandas as pd
    >>> holds_text(pd.Series(["a", None])), holds_text(pd.Series([1, 2]))
    (True, False)
    """
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype) or series.dtype.kind in "biufcMm":
        return False
    return _is_text(pd.api.types.infer_dtype(series, skipna=True), series)


def text_categories(series: pd.Series[Any]) -> list[str]:
    """Give the texts that occur in a column of categories; none in another column.

    Examples
    --------
    >>> import pandas as pd
    >>> text_categories(pd.Series(pd.Categorical(["b", "a"], categories=["a", "b", "c"])))
    ['a', 'b']
    """
    import pandas as pd

    if not isinstance(series.dtype, pd.CategoricalDtype):
        return []
    codes = np.unique(series.cat.codes)
    categories = series.cat.categories[codes[codes >= 0]]
    return [category for category in categories if isinstance(category, str)]


@dataclass(frozen=True)
class Unread:
    """Cells of a column whose type differs from that in the training rows.

    Parameters
    ----------
    count : int
        How many there are.
    first : str
        The first of them.
    row : int
        Its row, from 1.
    """

    count: int
    first: str
    row: int


def unread_numbers(series: pd.Series[Any], reading: str = "") -> Unread | None:
    """Count the texts among a column's cells that are neither numbers nor missing.

    Examples
    --------
    >>> import pandas as pd
    >>> unread_numbers(pd.Series(["1", "?", "big", "2"]))
    Unread(count=1, first='big', row=3)
    """
    if not holds_text(series):
        return None
    found, values = _read(series, reading)
    odd = np.array([value is None for value in values] + [False], dtype=np.bool_)[found.codes]
    if not odd.any():
        return None
    row = int(odd.argmax())
    return Unread(int(odd.sum()), found.texts[found.codes[row]], row + 1)


def numbers_of(
    series: pd.Series[Any],
    name: str,
    *,
    infinite: bool = False,
    reading: str = "",
    gaps: bool = False,
) -> NDArray[np.float64]:
    """Get a column's numbers as float64, missing ones as NaN.

    Parameters
    ----------
    series : pandas.Series
        The column.
    name : str
        Its name, for the messages.
    infinite : bool, default False
        Whether numbers may be infinite.
    reading : str, default ""
        How numbers are written if the column holds text (`number_spelling.NumberTexts`).
    gaps : bool, default False
        Whether text that is not a number counts as missing.

    Returns
    -------
    numpy.ndarray of shape (n,)
        The numbers; booleans are 0 and 1.

    Raises
    ------
    DataError
        If the column holds something else, or an infinite value that may not be.

    Examples
    --------
    >>> import pandas as pd
    >>> numbers_of(pd.Series([1, None, 2.5]), "rooms")
    array([1. , nan, 2.5])
    >>> numbers_of(pd.Series(["1,200", "NA"]), "price", reading="point")
    array([1200.,   nan])
    """
    if holds_text(series):
        numbers = _numbers_in_text(series, name, reading, gaps)
    else:
        numbers = _plain_numbers(series, name)
    endless = np.flatnonzero(np.isinf(numbers))
    if endless.size and not infinite:
        raise DataError(
            f"Column {name!r} holds {plural(endless.size, 'infinite value')} "
            f"(the first in row {endless[0] + 1}).",
            hint="Replace them with numbers, or leave the cells empty (missing).",
        )
    return numbers


def _plain_numbers(series: pd.Series[Any], name: str) -> NDArray[np.float64]:
    if kind_of(series, name) not in ("number", "boolean"):
        row, value = next((i, v) for i, v in enumerate(series) if isinstance(v, str) or v == v)
        raise _no_number(name, value, row + 1)
    try:
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    except OverflowError:  # whole numbers of Python's, too large for float64
        return np.asarray([_float_of(value) for value in series], dtype=np.float64)


def _numbers_in_text(
    series: pd.Series[Any], name: str, reading: str, gaps: bool
) -> NDArray[np.float64]:
    if not gaps and (odd := unread_numbers(series, reading)) is not None:
        raise _no_number(name, odd.first, odd.row)
    found, values = _read(series, reading)
    numbers = [np.nan if value is None else value for value in values]
    return np.array([*numbers, np.nan], dtype=np.float64)[found.codes]


def _read(series: pd.Series[Any], reading: str) -> tuple[Texts, list[float | None]]:
    """Read the different texts of a column: NaN for missing ones, None for other text."""
    found = Texts.of(series, "")
    return found, [np.nan if is_absent(text) else number_of(text, reading) for text in found.texts]


def _no_number(name: str, value: Any, row: int) -> DataError:
    what = "the text " if isinstance(value, str) else ""
    return DataError(
        f"Column {name!r} must hold numbers. Got {what}{str(value)!r} in row {row}.",
        hint="Check that column; an empty cell means a missing number.",
    )


def _is_text(held: str, series: pd.Series[Any]) -> bool:
    return held == "string" or (
        held in {"mixed", "mixed-integer"} and all(isinstance(v, _SCALARS) for v in series.dropna())
    )


def mean_and_spread(numbers: NDArray[np.float64], what: str) -> tuple[float, float]:
    """Find the mean and the standard deviation (with divisor n) of numbers that are not all equal.

    Parameters
    ----------
    numbers : numpy.ndarray of shape (n,)
        Finite numbers.
    what : str
        What they are, for the message.

    Returns
    -------
    mean, standard_deviation : float
        Both finite, the second above 0.

    Raises
    ------
    DataError
        If the numbers are too large, or too close together, for float64.

    Examples
    --------
    >>> mean_and_spread(np.array([1.0, 3.0]), "column 'rooms'")
    (2.0, 1.0)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = float(numbers.mean()), float(numbers.std())
    if not np.isfinite(spread) or spread == 0:
        raise DataError(
            f"The numbers of {what} are too large or too close together to standardise.",
            hint="Rescale them: subtract a constant, or divide by one.",
        )
    return mean, spread


def sorts_of_text(series: pd.Series[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Split a column of text into a number per row and the different texts.

    Parameters
    ----------
    series : pandas.Series
        The column.

    Returns
    -------
    codes : numpy.ndarray of shape (n,)
        Each row's place in ``texts``; −1 where the value is missing.
    texts : list of str
        The different texts, sorted.

    Examples
    --------
    >>> import pandas as pd
    >>> sorts_of_text(pd.Series(["red", "blue", None, "red"]))
    (array([ 1,  0, -1,  1]), ['blue', 'red'])
    """
    import pandas as pd

    codes, found = pd.factorize(series)
    spelled = [text_of(value) for value in found]
    texts = sorted(set(spelled))
    place = {text: i for i, text in enumerate(texts)}
    places = np.asarray([place[text] for text in spelled] + [-1], dtype=np.int64)
    return places[codes], texts


def _float_of(value: Any) -> float:
    try:
        return float("nan" if value is None else value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _in_words(held: str, series: pd.Series[Any]) -> str:
    if held in {"mixed", "mixed-integer", "unknown-array"}:
        odd = next((v for v in series.dropna() if not isinstance(v, _SCALARS)), None)
        return f"objects ({type(odd).__name__})" if odd is not None else f"{series.dtype} values"
    return {"complex": "complex numbers", "bytes": "bytes"}.get(held, f"{held} values")
