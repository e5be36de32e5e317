"""Class labels of any sort, and the codes that a network trains on."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DataError
from ravine.ground.numeric import as_array, is_missing

__all__ = [
    "alike",
    "as_labels",
    "encode_labels",
    "find_classes",
    "missing_labels",
    "said_of_alike",
    "too_large",
]


def as_labels(y: ArrayLike, name: str = "y") -> NDArray[Any]:
    """Turn labels into a 1-D array of int64, uint64, bool, str or (whole) float64.

    uint64 is used for whole numbers if some are beyond int64.

    Parameters
    ----------
    y : array-like, shape (n,) or (n, 1)
        One label per row: text, whole numbers, or True and False; not mixed.
    name : str, default "y"
        What the labels are called in messages.

    Returns
    -------
    ndarray, shape (n,)
        The labels.

    Raises
    ------
    DataError
        If a label is missing, or is not a label (0.37, a date, a list).

    Examples
    --------
    >>> as_labels(["cat", "dog"])
    array(['cat', 'dog'], dtype='<U3')
    >>> as_labels([0.37, 1.0])
    Traceback (most recent call last):
    ravine.errors.DataError: y holds 0.37, which is not a class label.
    """
    array = as_array(y, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{name} must hold one class label per row. Got an array of shape {array.shape}.",
            hint=f"For a one-hot matrix, pass {name}.argmax(axis=1)." if array.ndim == 2 else None,
        )
    if array.dtype.kind == "O":
        array = _from_objects(array, name)
    if array.dtype.kind == "T":
        array = array.astype(np.str_)
    if array.dtype.kind == "f":
        return _from_floats(array, name)
    if array.dtype.kind in "iu":
        return _from_integers(array, name)
    if array.dtype.kind not in "bU":
        raise _no_label(array[0] if array.size else array.dtype, name)
    return array


def find_classes(labels: NDArray[Any], n_classes: int, name: str = "y") -> NDArray[Any]:
    """Find the classes of a network with ``n_classes`` outputs, in order.

    Whole numbers within 0 … n_classes − 1 are their own codes, so that a class may be absent.
    Other labels are sorted, and there must be exactly as many of them as the network has outputs.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        What `as_labels` gave.
    n_classes : int
        How many classes the network tells apart.
    name : str, default "y"
        What the labels are called in messages.

    Returns
    -------
    ndarray, shape (n_classes,)
        The classes, sorted.

    Raises
    ------
    DataError
        If there is only one class, or their number is not that of the network's outputs.

    Examples
    --------
    >>> find_classes(as_labels([0, 2, 2]), 3)
    array([0, 1, 2])
    >>> find_classes(as_labels(["dog", "cat"]), 2)
    array(['cat', 'dog'], dtype='<U3')
    """
    present = np.unique(labels)
    if len(present) < 2:
        raise DataError(
            f"{name} holds a single class, {present[0].item()!r}; a classifier needs at least two.",
            hint="Check that rows were not sorted by class before the training rows were taken.",
        )
    if labels.dtype.kind == "i" and present[0] >= 0 and present[-1] < n_classes:
        return np.arange(n_classes)
    if len(present) == n_classes:
        return present
    raise DataError(
        f"{name} holds {len(present)} classes ({_listed(present)}), but the network tells "
        f"{n_classes} apart.",
        hint=_cure(len(present), n_classes),
    )


def encode_labels(
    labels: NDArray[Any], classes: NDArray[Any], name: str = "y"
) -> NDArray[np.int64]:
    """Give each label's place among the classes.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        What `as_labels` gave.
    classes : ndarray
        The classes, sorted.
    name : str, default "y"
        What the labels are called in messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        Codes 0 … len(classes) − 1.

    Raises
    ------
    DataError
        If a label is not among the classes.

    Examples
    --------
    >>> encode_labels(as_labels(["b", "a", "b"]), np.array(["a", "b"]))
    array([1, 0, 1])
    """
    if (labels.dtype.kind == "U") != (classes.dtype.kind == "U"):
        unknown = np.unique(labels)
    else:
        if {labels.dtype.kind, classes.dtype.kind} == {"i", "u"}:  # NumPy would compare as float64
            labels, classes = labels.astype(object), classes.astype(object)
        codes = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
        wrong = classes[codes] != labels
        if not wrong.any():
            return codes.astype(np.int64)
        unknown = np.unique(labels[wrong])
    raise DataError(
        f"{name} holds labels that the training rows did not have: {_listed(unknown)}. "
        f"The classes are {_listed(classes)}.",
        hint="Leave out these rows, or train with rows of every class.",
    )


def alike(texts: Sequence[str]) -> tuple[str, str] | None:
    """Find two texts that differ only in blanks or in how Unicode writes the same characters.

    Examples
    --------
    >>> alike(["no", "yes", "yes "])
    ('yes', 'yes ')
    """
    seen: dict[str, str] = {}
    for text in texts:
        plain = " ".join(unicodedata.normalize("NFC", text).split())
        if plain in seen:
            return seen[plain], text
        seen[plain] = text
    return None


def said_of_alike(labels: Sequence[str], what: str) -> list[str]:
    """Say which two labels, if any, differ only in blanks or in Unicode's form.

    Examples
    --------
    >>> said_of_alike(["no", "yes"], "y")
    []
    >>> print(said_of_alike(["yes", "yes "], "y")[0][:63])
    y has the classes 'yes' and 'yes ', which differ only in blanks
    """
    pair = alike(labels)
    if pair is None:
        return []
    return [
        f"{what} has the classes {pair[0]!r} and {pair[1]!r}, which differ only in blanks or in "
        "Unicode's form, and count as two. Strip and normalise them if they are one."
    ]


def _from_objects(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Turn an array of Python objects into one of the labels' own type."""
    values = array.tolist()
    missing = [row for row, value in enumerate(values) if is_missing(value)]
    if missing:
        raise missing_labels(len(missing), missing[0], name)
    kinds = {_kind(value): value for value in values}
    if None in kinds:
        raise _no_label(kinds[None], name)
    if len(kinds) > 1:
        examples = " and ".join(repr(value) for value in kinds.values())
        raise DataError(
            f"{name} mixes labels of different types, such as {examples}.",
            hint="Turn all labels into text, or all into whole numbers.",
        )
    kind = next(iter(kinds), np.int64)
    for dtype in (kind, np.uint64) if kind is np.int64 else (kind,):
        with suppress(OverflowError):
            return np.array(values, dtype=dtype)
    raise too_large(max(values, key=abs), name)


def _kind(value: Any) -> type | None:
    """Give the type of label that a Python object is, None if it is not a label."""
    if isinstance(value, bool | np.bool_):
        return np.bool_
    if isinstance(value, int | np.integer):
        return np.int64
    if isinstance(value, float | np.floating):
        return np.float64
    return np.str_ if isinstance(value, str) else None


def _from_floats(array: NDArray[Any], name: str) -> NDArray[Any]:
    missing = np.flatnonzero(np.isnan(array))
    if missing.size:
        raise missing_labels(missing.size, int(missing[0]), name)
    odd = array[(array != np.floor(array)) | np.isinf(array)]
    if odd.size:
        raise _no_label(odd[0], name)
    return array.astype(np.float64)


def _from_integers(array: NDArray[Any], name: str) -> NDArray[Any]:
    large = array.size and int(array.max()) > np.iinfo(np.int64).max
    return array.astype(np.uint64 if large else np.int64)


def too_large(value: int, name: str) -> DataError:
    """Say that a whole number is beyond the labels' 64 bits.

    Examples
    --------
    >>> raise too_large(2**64, "y")
    Traceback (most recent call last):
    ravine.errors.DataError: y holds a whole number beyond 64 bits: 18446744073709551616.
    """
    return DataError(
        f"{name} holds a whole number beyond 64 bits: {value}.",
        hint="Turn all labels into text: [str(label) for label in y].",
    )


def missing_labels(count: int, row: int, name: str) -> DataError:
    """Say that labels are missing, the first of them in a row counted from 0.

    Examples
    --------
    >>> raise missing_labels(1, 3, "y")
    Traceback (most recent call last):
    ravine.errors.DataError: y has one missing label, in row 3.
    """
    counted = "one missing label" if count == 1 else f"{count} missing labels"
    first = "" if count == 1 else "the first "
    return DataError(
        f"{name} has {counted}, {first}in row {row}.", hint="Leave out rows without a label."
    )


def _no_label(value: Any, name: str) -> DataError:
    shown = repr(value.item() if isinstance(value, np.generic) else value)
    return DataError(
        f"{name} holds {shown}, which is not a class label.",
        hint="Labels are text, whole numbers, or True and False. To predict numbers, use a loss "
        'for them, such as loss="squared_error".',
    )


def _listed(labels: NDArray[Any]) -> str:
    shown = ", ".join(repr(label) for label in labels[:5].tolist())
    return f"{shown}, …" if len(labels) > 5 else shown


def _cure(present: int, n_classes: int) -> str:
    if n_classes == 2:
        return (
            f'For {present} classes, end the network with Dense({present}), loss="cross_entropy".'
        )
    return f"End the network with Dense({present})."
