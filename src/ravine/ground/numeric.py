"""Input becomes a clean array of floats, or an error that says why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ravine.errors import DataError
from ravine.ground.kept import check_kept

__all__ = [
    "Place",
    "as_array",
    "as_floats",
    "changed_whole",
    "column_of",
    "is_missing",
    "minus",
    "numbers_of",
    "refuse",
]


_WORDS = {
    "U": "text",
    "T": "text",
    "S": "bytes",
    "c": "complex numbers",
    "M": "dates",
    "m": "time spans",
    "V": "records",
}
_TIMES = ("dates", "time spans", "dates or time spans")
_ENCODE = "Encode such values as numbers; NeuralRegressor and NeuralClassifier do it for tables."
_ELAPSED = (
    "Turn them into numbers, such as days since the first: (dates - dates.min()) / "
    "numpy.timedelta64(1, 'D'); NeuralRegressor and NeuralClassifier do it for tables."
)


@dataclass(frozen=True)
class Place:
    """Says where in an array a value is, with the labels of a table's columns if it has any."""

    name: str
    columns: Sequence[Any] | None = None
    column: int | None = None
    cure: str = _ENCODE

    @classmethod
    def of(cls, values: Any, name: str, cure: str = _ENCODE) -> Place:
        """Make the place of values that may be a table; ``cure`` is the hint for other types."""
        columns = getattr(values, "columns", None)
        return cls(name, None if columns is None else list(columns), cure=cure)

    def of_column(self, column: int) -> Place:
        """Give the place of one column."""
        return replace(self, column=column)

    def at(self, index: Sequence[int]) -> str:
        """Say which row, and which column, counted from 0."""
        row, *rest = (int(i) for i in index)
        if self.column is not None:
            rest = [self.column]
        if not rest:
            return f"row {row}"
        if len(rest) > 1:
            return f"row {row}, position {tuple(rest)}"
        return f"row {row}, column {self.label(rest[0])}"

    def label(self, column: int) -> str:
        """Name a column by its label."""
        return repr(self.columns[column]) if self.columns is not None else str(column)

    def __str__(self) -> str:
        return (
            self.name if self.column is None else f"Column {self.label(self.column)} of {self.name}"
        )


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """Turn values into an array of at least one axis, whatever it holds."""
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise DataError(
            f"{name} is a sparse matrix. ravine works on dense arrays.",
            hint=f"Pass {name}.toarray().",
        )
    check_kept(values, name)
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{name} is not a rectangular array of numbers ({error}).",
            hint="All its rows must have the same length.",
        ) from error
    if array.ndim == 0:
        raise DataError(f"{name} must be an array with one row per sample. Got {_shown(values)}.")
    return array


def as_floats(
    array: NDArray[Any],
    dtype: DTypeLike,
    place: Place | str,
    offsets: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Turn an array of anything into a contiguous array of finite floats, exactly or not at all.

    Parameters
    ----------
    array : ndarray
        Numbers of any real type, or columns of Python objects that are numbers.
    dtype : dtype
        float32 or float64.
    place : Place or str
        What the array is called in messages.
    offsets : ndarray of float64, shape (columns,), optional
        What is subtracted from each column, in double, before it is rounded.

    Returns
    -------
    ndarray
        C-contiguous, aligned; the given array itself, if it is that already.

    Raises
    ------
    DataError
        If a value is missing, infinite, not a real number, or out of the type's range.

    Examples
    --------
    >>> as_floats(np.array([[1, 2], [3, 4]]), "float32", "X")
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    >>> as_floats(np.array([[1.0, "red"]], dtype=object), "float32", "X")
    Traceback (most recent call last):
    ravine.errors.DataError: Column 1 of X holds text, such as 'red'. A network needs numbers.
    """
    kind = np.dtype(dtype)
    place = Place(place) if isinstance(place, str) else place
    if array.size == 0:
        return np.empty(array.shape, kind)
    if array.dtype.kind in "biuf":
        return np.require(_cast(array, kind, place, offsets), requirements=["C", "A"])
    if array.ndim == 1:
        return _cast(numbers_of(array, place, kind), kind, place)
    rows = array.reshape(len(array), -1)
    found = np.empty(rows.shape, dtype=kind)
    for column in range(rows.shape[1]):
        here = place.of_column(column)
        own = None if offsets is None else offsets[column : column + 1]
        found[:, column] = _cast(numbers_of(rows[:, column], here, kind), kind, here, own)
    return found.reshape(array.shape)


def is_missing(value: Any) -> bool:
    """Whether a Python object is a missing value: None, NaN, NA, NaT, a mask."""
    if value is None or value is np.ma.masked or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def numbers_of(column: NDArray[Any], place: Place, dtype: DTypeLike = "float32") -> NDArray[Any]:
    """Turn one column of anything into an array of bool, int or float.

    Examples
    --------
    >>> numbers_of(np.array([1, True], dtype=object), Place("X"))
    array([1, 1])
    """
    if column.dtype.kind == "O":
        column = _natural(column.tolist(), np.dtype(dtype), place)
    if column.dtype.kind not in "biuf":
        _not_numbers(place, _WORDS.get(column.dtype.kind, "values of another type"), column[0])
    return column


def column_of(array: NDArray[Any], column: int) -> NDArray[Any]:
    """Give a view of one column; if rows have several axes, columns are counted in C order.

    Examples
    --------
    >>> column_of(np.arange(8).reshape(2, 2, 2), 3)
    array([3, 7])
    """
    place: Any = (slice(None), *np.unravel_index(column, array.shape[1:]))
    view: NDArray[Any] = array[place]
    return view


def minus(numbers: NDArray[Any], offset: float) -> NDArray[Any]:
    """Subtract as whole numbers if all are whole (and the differences fit), else in double.

    Examples
    --------
    >>> minus(np.array([2**62 + 1]), 2.0**62)
    array([1])
    """
    if offset == 0:
        return numbers
    with np.errstate(over="ignore", invalid="ignore"):
        difference = numbers - np.float64(offset)
        fits = numbers.dtype.kind in "iu" and offset == round(offset)
        if not fits or not np.all(np.abs(difference) < 2.0**62):
            return np.asarray(difference)
    # Modulo 2**64, which is exact for any difference that fits.
    wrapped = numbers.astype(np.uint64) - np.uint64(round(offset) % 2**64)
    return wrapped.view(np.int64)


def _natural(values: list[Any], kind: np.dtype[Any], place: Place) -> NDArray[Any]:
    """Turn a column of Python objects into numbers, by their types."""
    found = np.empty(len(values), dtype=np.float64)
    whole = True
    for row, value in enumerate(values):
        if is_missing(value):
            found[row] = np.nan
            whole = False
            continue
        if isinstance(value, str | bytes):
            _not_numbers(place, "text" if isinstance(value, str) else "bytes", value)
        if isinstance(value, complex | np.complexfloating):
            _not_numbers(place, "complex numbers", value)
        if isinstance(value, dt.date | dt.timedelta | np.datetime64 | np.timedelta64):
            _not_numbers(place, "dates or time spans", value)
        is_whole = isinstance(value, int | np.integer | np.bool_)
        whole = whole and is_whole
        try:
            found[row] = float(value)
        except OverflowError:
            _beyond(place, kind, value, (row,))
        except (TypeError, ValueError):
            _not_numbers(place, f"{type(value).__name__} objects", value)
        if is_whole and int(found[row]) != int(value):
            _inexact(place, found.dtype, value, (row,))
    exact = whole and bool(np.all(np.abs(found) < 2.0**63))
    return found.astype(np.int64) if exact else found


def _cast(
    numbers: NDArray[Any],
    kind: np.dtype[Any],
    place: Place,
    offsets: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Convert real numbers to a floating type; refuse changes beyond rounding."""
    if numbers.dtype.kind == "f":
        _check_finite(numbers, place)
    elif numbers.dtype.kind in "iu":
        _check_whole(numbers, kind, place, offsets)
    if numbers.dtype == kind and offsets is None:
        return numbers
    with np.errstate(over="ignore"):
        cast = numbers.astype(kind, order="C")
        if offsets is not None:
            rows = cast.reshape(len(cast), -1)
            for column in np.flatnonzero(offsets).tolist():
                own = column_of(numbers, column) if numbers.ndim > 1 else numbers
                rows[:, column] = minus(own, float(offsets[column]))
    if numbers.dtype.kind == "f" and numbers.dtype.itemsize > kind.itemsize:
        bad = ~np.isfinite(cast)
        if bad.any():
            index = np.argwhere(bad)[0]
            _beyond(place, kind, numbers[tuple(index)], index)
    return cast


def _check_finite(numbers: NDArray[Any], place: Place) -> None:
    good = np.isfinite(numbers)
    if good.all():
        return
    bad = np.argwhere(~good)
    first = numbers[tuple(bad[0])]
    counted = "one value that is" if len(bad) == 1 else f"{len(bad)} values that are"
    where = place.at(bad[0])
    raise DataError(
        f"{place.name} has {counted} missing or infinite: {first} in {where}"
        f"{' is the first' if len(bad) > 1 else ''}.",
        hint="Leave out such rows, or fill in the values.",
    )


def _check_whole(
    numbers: NDArray[Any],
    kind: np.dtype[Any],
    place: Place,
    offsets: NDArray[np.float64] | None,
) -> None:
    """Refuse integers that the floating type would round: two rows could become equal unnoticed."""
    bad = changed_whole(numbers, kind)
    if bad is None:
        return
    if offsets is not None:  # rounded next to the spread of the rows that the offset comes from
        bad.reshape(len(bad), -1)[:, offsets != 0] = False
    if bad.any():
        index = np.argwhere(bad)[0]
        _inexact(place, kind, numbers[tuple(index)], index)


def changed_whole(numbers: NDArray[Any], dtype: DTypeLike) -> NDArray[np.bool_] | None:
    """Find the integers that a floating type would round; None if there are none.

    Examples
    --------
    >>> changed_whole(np.array([2**24, 2**24 + 1, 2**24 + 2]), "float32")
    array([False,  True, False])
    """
    digits = np.finfo(np.dtype(dtype)).nmant + 1
    if numbers.dtype.itemsize * 8 <= digits or numbers.size == 0:
        return None
    limit = 2**digits
    if -limit <= int(numbers.min()) and int(numbers.max()) <= limit:
        return None
    negative = numbers < 0
    size = np.where(negative, ~numbers, numbers).astype(np.uint64) + negative.astype(np.uint64)
    lowest_bit = np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
    bad = np.ascontiguousarray(size // lowest_bit >= np.uint64(limit))
    return bad if bad.any() else None


def _not_numbers(place: Place, what: str, example: Any) -> NoReturn:
    raise DataError(
        f"{place} holds {what}, such as {_shown(example)}. A network needs numbers.",
        hint=_ELAPSED if what in _TIMES and place.cure == _ENCODE else place.cure,
    )


def _beyond(place: Place, kind: np.dtype[Any], value: Any, index: Sequence[int]) -> NoReturn:
    largest = float(np.finfo(kind).max)
    hint = "Divide the column by a constant"
    raise DataError(
        f"{place.name} holds {_shown(value)} ({place.at(index)}), beyond what {kind} can hold "
        f"({largest:.3g}).",
        hint=f'{hint}, or use Recipe(dtype="float64").' if kind == np.float32 else f"{hint}.",
    )


def _inexact(place: Place, kind: np.dtype[Any], value: Any, index: Sequence[int]) -> NoReturn:
    hint = "Subtract a constant from the column"
    raise DataError(
        f"{place.name} holds the whole number {_shown(value)} ({place.at(index)}), which {kind} "
        "cannot hold exactly.",
        hint=f'Use Recipe(dtype="float64"), or {hint.lower()}.'
        if kind == np.float32
        else f"{hint}.",
    )


def _shown(value: Any) -> str:
    """Show a value in short form."""
    value = value.item() if isinstance(value, np.generic) else value
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def refuse(bad: NDArray[np.bool_], values: NDArray[Any], rule: str) -> None:
    """Raise the rule's error at the first bad value."""
    if bad.any():
        index = np.argwhere(bad)[0]
        row = int(index[0])
        raise DataError(f"{rule}. Got {values[tuple(index)].item()!r} in row {row}.")
