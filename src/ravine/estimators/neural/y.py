"""Targets as given by users: class labels, or numbers, of every data type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ravine.data.labels import missing_labels, said_of_alike, too_large
from ravine.errors import DataError
from ravine.ground.kept import check_kept, unmasked
from ravine.ground.numeric import is_missing
from ravine.tables.dtypes import plain_series
from ravine.tables.text.interpreting import warn_of
from ravine.tables.text.kinds import is_absent
from ravine.tables.text.number_spelling import number_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["class_labels", "target_numbers"]


def class_labels(y: Any, name: str, rows: Any) -> NDArray[Any]:
    """Take class labels, one per row.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, 1)
        Labels of one type: text, whole numbers, booleans or dates, also as objects.
    name : str
        What they are called in messages.
    rows : data frame
        The n rows that they belong to.

    Returns
    -------
    numpy.ndarray of shape (n,)
        The labels, exactly.

    Raises
    ------
    DataError, ValueError
        If a label is missing, or they are of different types, or are not labels.

    Warns
    -----
    DataWarning
        If two labels differ only in blanks.

    Examples
    --------
    >>> class_labels(np.array([1, 0, 1], dtype=object), "y", [0, 0, 0])
    array([1, 0, 1])
    """
    array = _as_array(y)
    if array.dtype.kind == "O" and array.size == len(array):
        array = _of_one_type(array.reshape(-1), name).reshape(array.shape)
    if array.dtype.kind in "mM":
        _check_known(np.isnat(array.reshape(-1)), name)
    labels = check_array(array, ensure_2d=False, dtype=None, input_name=name)
    labels = column_or_1d(labels, warn=True)
    check_consistent_length(rows, labels)
    check_classification_targets(labels)
    texts = labels.dtype.kind in "UO" and all(isinstance(label, str) for label in labels)
    if texts:
        warn_of(said_of_alike(np.unique(labels).tolist(), name), stacklevel=5)
    return np.asarray(labels)


def target_numbers(y: Any, name: str) -> NDArray[np.float64]:
    """Take numbers to regress on.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, targets)
        Numbers of any type, also as objects or as text.
    name : str
        What they are called in messages.

    Returns
    -------
    numpy.ndarray of shape (n,) or (n, targets)
        The numbers; all are finite.

    Raises
    ------
    DataError, ValueError
        If a number is missing or infinite, or a value is not a number.

    Examples
    --------
    >>> target_numbers(np.array(["2024-01-01"], dtype="M8[D]"), "y")
    Traceback (most recent call last):
        ...
    ravine.errors.DataError: y holds dates; a network needs numbers.
    """
    array = _as_array(y)
    if array.dtype.kind in "mM":
        raise _no_numbers(array.dtype.kind, name)
    if array.dtype.kind in "OUT" and 0 < array.ndim < 3:
        columns = [_numbers(column, name) for column in array.reshape(len(array), -1).T]
        array = np.column_stack(columns).reshape(array.shape) if columns else array
    numbers = check_array(array, ensure_2d=False, dtype=np.float64, input_name=name)
    return np.asarray(numbers)


def _as_array(y: Any) -> NDArray[Any]:
    """Make an array of anything, with the data types of data frames made plain."""
    import narwhals as nw
    import pandas as pd

    y = unmasked(y)
    check_kept(y, "y")
    if not isinstance(y, np.ndarray | list | tuple):
        given = nw.from_native(y, eager_only=True, allow_series=True, pass_through=True)
        if isinstance(given, nw.Series) and given.dtype in (nw.Int128, nw.UInt128):
            return np.array(given.to_list(), dtype=object)  # which PyArrow does not know
        if isinstance(given, nw.DataFrame | nw.Series):
            y = given.to_pandas()
    if isinstance(y, pd.DataFrame):
        columns = [_plain(y.iloc[:, place]) for place in range(y.shape[1])]
        return np.column_stack(columns) if columns else np.empty((len(y), 0))
    if isinstance(y, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return _plain(pd.Series(y))
    array = np.asarray(y)
    return array.astype(np.float64) if array.dtype == np.longdouble else array


def _plain(series: pd.Series[Any]) -> NDArray[Any]:
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        series = pd.Series(np.asarray(series), index=series.index)
    series = plain_series(series, "y")
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return np.asarray(series.dt.tz_convert("UTC").dt.tz_localize(None))
    return np.asarray(series)


def _check_known(missing: NDArray[np.bool_], name: str) -> None:
    if missing.any():
        raise missing_labels(int(missing.sum()), int(missing.argmax()) + 1, name)


def _of_one_type(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Give Python's objects the type that all of them have."""
    import pandas as pd

    values = array.tolist()
    _check_known(np.array([is_missing(value) for value in values], dtype=np.bool_), name)
    kinds: dict[str, Any] = {}
    for value in values:
        kinds.setdefault(_kind(value), value)
    if len(kinds) > 1:
        shown = " and ".join(f"{v!r} ({type(v).__name__})" for v in list(kinds.values())[:2])
        raise DataError(
            f"The classes of {name} are of different types, such as {shown}.",
            hint="Make all of them texts, or all of them whole numbers.",
        )
    kind = next(iter(kinds), "")
    if kind == "date":
        return np.asarray(pd.to_datetime(pd.Series(values)))
    if kind == "number":
        return np.array(values, dtype=np.float64)
    if kind == "whole number":
        small = all(-(2**63) <= value < 2**63 for value in values)
        if small or all(0 <= value < 2**64 for value in values):
            return np.array(values, dtype=np.int64 if small else np.uint64)
        raise too_large(max(values, key=abs), name)
    if kind not in ("", "text", "boolean"):
        raise DataError(
            f"{name} holds {values[0]!r:.60} ({kind}), which is not a class label.",
            hint="Labels are text, whole numbers, booleans or dates: pass y.astype(str).",
        )
    return np.array(values) if kind == "boolean" else array


def _kind(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, int | np.integer):
        return "whole number"
    if isinstance(value, float | np.floating):
        return "number"
    if isinstance(value, dt.date | np.datetime64):
        return "date"
    return "text" if isinstance(value, str) else type(value).__name__


def _numbers(column: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Turn a column of objects or of text into numbers."""
    found = np.empty(len(column))
    for row, value in enumerate(column.tolist()):
        if is_missing(value) or (isinstance(value, str) and is_absent(value)):
            found[row] = np.nan
        elif isinstance(value, str):
            number = number_of(value)
            if number is None:
                raise DataError(
                    f"{name} must hold numbers. Got the text {value!r:.60} in row {row + 1}.",
                    hint="Leave out such rows, or write plain numbers such as 1234.5.",
                )
            found[row] = number
        elif isinstance(value, dt.timedelta | np.timedelta64):
            raise _no_numbers("m", name)
        elif isinstance(value, dt.date | np.datetime64) or type(value).__name__ == "Period":
            raise _no_numbers("M", name)
        elif isinstance(value, bool | int | float | Decimal | np.generic):
            found[row] = float(value)
        else:
            raise DataError(
                f"{name} must hold numbers. Got {value!r:.60} ({type(value).__name__}) in row "
                f"{row + 1}.",
                hint="Turn each into a number, or leave out such rows.",
            )
    return found


def _no_numbers(kind: str, name: str) -> DataError:
    what, cure = {
        "m": ("time spans", f"{name}.dt.total_seconds()"),
        "M": ("dates", f"({name} - {name}.min()).dt.total_seconds() / 86400 counts days"),
    }[kind]
    return DataError(f"{name} holds {what}; a network needs numbers.", hint=f"Pass {cure}.")
