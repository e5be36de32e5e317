"""Sides: the groups and the times of rows, checked, as whole numbers that a split can work on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DataError
from ravine.ground.numeric import as_array, is_missing

__all__ = ["first_come", "group_codes", "time_ranks"]

Rows = NDArray[np.int64]


def group_codes(
    groups: ArrayLike, n: int, name: str = "groups", absent: NDArray[np.bool_] | None = None
) -> Rows:
    """Give each group of rows a number, in the order in which they first occur.

    Parameters
    ----------
    groups : array-like, shape (n,)
        The group of each row: whole numbers, text or any other values that can be compared.
    n : int
        Number of rows.
    name : str, default "groups"
        What the values are called in messages.
    absent : ndarray of bool, shape (n,), optional
        Rows that are absent: what they hold plays no part.

    Returns
    -------
    ndarray of int64, shape (n,)
        Group of each row, counted from 0.

    Raises
    ------
    DataError
        If there is not one group for each row, or one is missing.

    Examples
    --------
    >>> group_codes(["b", "a", "b"], 3)
    array([0, 1, 0])
    >>> group_codes(["b", None, "b"], 3)
    Traceback (most recent call last):
    ravine.errors.DataError: groups has no value in row 1.
    """
    values = _one_a_row(groups, n, name, absent)
    _refuse_missing(values, name, "Leave out such rows, or give each its own group.")
    if values.dtype.kind != "O":
        return first_come(values)
    numbers: dict[Any, int] = {}
    try:
        codes = [numbers.setdefault(value, len(numbers)) for value in values.tolist()]
    except TypeError as error:
        raise DataError(
            f"{name} holds values that cannot be compared ({error}).",
            hint="Groups are numbers or text.",
        ) from error
    return np.array(codes, dtype=np.int64)


def time_ranks(
    time: ArrayLike, n: int, name: str = "time", absent: NDArray[np.bool_] | None = None
) -> Rows:
    """Rank the times of rows; equal times share a rank.

    Parameters
    ----------
    time : array-like, shape (n,)
        The time of each row: numbers, datetime64, or date and time objects.
    n : int
        Number of rows.
    name : str, default "time"
        What the values are called in messages.
    absent : ndarray of bool, shape (n,), optional
        Rows that are absent: what they hold plays no part.

    Returns
    -------
    ndarray of int64, shape (n,)
        Rank of each row's time, counted from 0.

    Raises
    ------
    DataError
        If there is not one time for each row, one is missing, or they have no order (text).

    Examples
    --------
    >>> time_ranks([2021, 2019, 2021], 3)
    array([1, 0, 1])
    >>> time_ranks(["3 May", "12 June"], 2)
    Traceback (most recent call last):
    ravine.errors.DataError: time must hold numbers or dates. Got '3 May' in row 0.
    """
    values = _one_a_row(time, n, name, absent)
    _refuse_missing(values, name, "Leave out such rows, or fill in the times.")
    kind = values.dtype.kind
    text = [isinstance(v, str | bytes) for v in values.tolist()] if kind == "O" else kind in "UST"
    if np.any(text) or kind in "cV":
        row = int(np.argmax(text))
        raise DataError(
            f"{name} must hold numbers or dates. Got {values[row : row + 1].tolist()[0]!r} "
            f"in row {row}.",
            hint="Turn text into dates first, with pandas.to_datetime.",
        )
    try:
        return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    except TypeError as error:
        raise DataError(
            f"{name} holds values that have no common order ({error}).",
            hint="Use only numbers, or only dates of one sort (all with a time zone, or none).",
        ) from error


def first_come(values: NDArray[Any]) -> Rows:
    """Give each different value of an array a number, in the order in which they occur.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers, text or dates.

    Returns
    -------
    ndarray of int64, shape (n,)
        A number for each row, counted from 0.

    Examples
    --------
    >>> first_come(np.array([7, 3, 7]))
    array([0, 1, 0])
    """
    _, first, codes = np.unique(values, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[codes.reshape(-1)]


def _one_a_row(
    values: ArrayLike, n: int, name: str, absent: NDArray[np.bool_] | None
) -> NDArray[Any]:
    """Turn values into an array of one axis; those of a list keep their types."""
    if isinstance(values, list | tuple):
        values = np.fromiter(values, dtype=object)
    array = as_array(values, name)
    if array.shape != (n,):
        raise DataError(
            f"{name} must have one value for each of the {n} rows. "
            f"Got an array of shape {array.shape}."
        )
    if absent is not None and absent.any() and not absent.all():
        array = array.copy()
        array[absent] = array[np.argmin(absent)]
    return array


def _refuse_missing(values: NDArray[Any], name: str, hint: str) -> None:
    kind = values.dtype.kind
    if kind in "fcmM":
        missing = np.isnat(values) if kind in "mM" else np.isnan(values)
    elif kind in "OT":
        missing = np.array([is_missing(value) for value in values.tolist()], dtype=bool)
    else:
        return
    if missing.any():
        raise DataError(f"{name} has no value in row {int(np.argmax(missing))}.", hint=hint)
