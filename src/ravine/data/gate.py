"""The gate: X and y are checked here before the engine sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ravine.data.labels import as_labels, encode_labels, find_classes
from ravine.data.target_precision import check_targets_kept
from ravine.errors import DataError, ParameterError
from ravine.ground.numeric import Place, as_array, as_floats, refuse
from ravine.specs.losses import Loss
from ravine.specs.losses.domains import DOMAINS

__all__ = [
    "Targets",
    "as_features",
    "as_rows",
    "as_targets",
]

_MOST_AXES = 4

_LABELS = 'For class labels, use loss="cross_entropy".'


@dataclass(frozen=True)
class Targets:
    """Targets as the engine reads them.

    Parameters
    ----------
    values : ndarray, shape (n, K)
        Class codes (K = 1) for a loss of labels, otherwise one number per output.
    classes : ndarray or None
        The classes in the order of their codes; None for a regression and for 0/1 matrices.
    one_dimensional : bool
        Whether the targets were given with one axis, so that predictions have one, too.
    """

    values: NDArray[Any]
    classes: NDArray[Any] | None
    one_dimensional: bool


def as_features(
    X: ArrayLike,
    input_shape: Sequence[int] | None = None,
    dtype: DTypeLike = "float32",
    name: str = "X",
    offsets: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Turn inputs into a contiguous array of finite floats.

    Parameters
    ----------
    X : array-like, shape (n, ...)
        Rows of numbers (n × columns), or images (n × height × width, optionally × channels).
    input_shape : sequence of int, optional
        The shape that a row must have; None takes any.
    dtype : dtype, default "float32"
        float32 or float64.
    name : str, default "X"
        What the inputs are called in messages.
    offsets : ndarray of float64, shape (inputs,), optional
        What is subtracted from each column, in double, before it is rounded.

    Returns
    -------
    ndarray, shape (n, *input_shape)
        The numbers; the given array itself, if it needs no change.

    Raises
    ------
    DataError
        If the shape is wrong, or a value is missing, infinite, not a number, or out of range.

    Examples
    --------
    >>> as_features([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    >>> as_features([[1, 2], [3, 4]], input_shape=(3,))
    Traceback (most recent call last):
    ravine.errors.DataError: X has 2 columns, but the model was trained on 3.
    """
    array = as_rows(X, input_shape, name)
    return as_floats(array, dtype, Place.of(X, name), offsets)


def as_rows(
    X: ArrayLike, input_shape: Sequence[int] | None = None, name: str = "X"
) -> NDArray[Any]:
    """Turn inputs into an array of any type, and check its shape.

    Parameters
    ----------
    X, input_shape, name
        As in `as_features`.

    Returns
    -------
    ndarray, shape (n, *input_shape)
        The given array itself, if it is one.

    Raises
    ------
    DataError
        If the shape is wrong.

    Examples
    --------
    >>> as_rows([[1, 2], [3, 4]]).dtype.kind
    'i'
    """
    array = as_array(X, name)
    if array.ndim == 1:
        raise DataError(
            f"{name} must have rows and columns. Got an array of shape {array.shape}.",
            hint=f"Pass {name}.reshape(-1, 1) for one column, {name}.reshape(1, -1) for one row.",
        )
    if array.ndim > _MOST_AXES:
        raise DataError(
            f"{name} must have at most {_MOST_AXES} axes (n × height × width × channels). "
            f"Got an array of shape {array.shape}."
        )
    if len(array) == 0:
        raise DataError(f"{name} has no rows.")
    if array.size == 0:
        raise DataError(f"{name} has no columns. Got an array of shape {array.shape}.")
    _check_row_shape(array.shape[1:], input_shape, name)
    return array


def as_targets(
    y: ArrayLike,
    loss: Loss,
    n_outputs: int,
    dtype: DTypeLike = "float32",
    *,
    n_rows: int | None = None,
    classes: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    name: str = "y",
) -> Targets:
    """Turn targets into what the engine reads for a loss.

    Parameters
    ----------
    y : array-like, shape (n,) or (n, n_outputs)
        Numbers for a regression; class labels of any sort for a loss of labels; a 0/1 matrix for a
        loss of 0/1 targets with several outputs.
    loss : Loss
        The network's loss.
    n_outputs : int
        The number of the network's outputs.
    dtype : dtype, default "float32"
        float32 or float64.
    n_rows : int, optional
        How many rows X has.
    classes : ndarray, optional
        The classes that are known from training; None finds them in ``y``.
    weights : ndarray, optional
        The result of `as_sample_weight`. Rows of weight 0 are absent: they give no class and no
        error, unless the other rows alone have too few classes.
    name : str, default "y"
        What the targets are called in messages.

    Returns
    -------
    Targets
        Values, classes, and whether ``y`` had one axis.

    Raises
    ------
    DataError
        If the targets do not suit the loss or the network.
    ParameterError
        If the network has a single output but the loss needs one per class.

    Examples
    --------
    >>> from ravine.losses import CrossEntropy
    >>> targets = as_targets(["dog", "cat", "dog"], CrossEntropy(), 2)
    >>> targets.classes
    array(['cat', 'dog'], dtype='<U3')
    >>> targets.values.ravel()
    array([1., 0., 1.], dtype=float32)
    """
    array = as_array(y, name)
    if len(array) == 0:
        raise DataError(f"{name} has no rows.")
    if n_rows is not None and len(array) != n_rows:
        raise DataError(f"{name} has {len(array)} rows, but X has {n_rows}.")
    if weights is None or (weights > 0).all():
        return _as_targets(y, array, loss, n_outputs, dtype, classes, name)
    present = array.copy()
    present[weights == 0] = array[np.argmax(weights > 0)]
    try:
        return _as_targets(present, present, loss, n_outputs, dtype, classes, name)
    except DataError:
        with suppress(DataError):
            return _as_targets(y, array, loss, n_outputs, dtype, classes, name)
        raise


def _as_targets(
    y: ArrayLike,
    array: NDArray[Any],
    loss: Loss,
    n_outputs: int,
    dtype: DTypeLike,
    classes: NDArray[Any] | None,
    name: str,
) -> Targets:
    """Turn targets, y itself and as an array, into what the engine reads."""
    one_dimensional = array.ndim == 1
    if loss.targets == "classes" and n_outputs < 2:
        raise ParameterError(
            f"{type(loss).__name__} needs an output per class, but the network has only one.",
            hint='End the network with Dense(2), or use loss="binary_cross_entropy".',
        )
    if loss.takes_labels(n_outputs):
        labels = as_labels(array, name)
        if classes is None:
            classes = find_classes(labels, max(n_outputs, 2), name)
        codes = encode_labels(labels, classes, name)
        return Targets(codes.astype(dtype)[:, np.newaxis], classes, one_dimensional)
    columns, place = _as_columns(array, n_outputs, name), Place.of(y, name, _LABELS)
    values = as_floats(columns, dtype, place)
    if values.dtype == np.float32:
        check_targets_kept(columns, values, loss, place)
    _check_range(values, loss, name)
    return Targets(values, None, one_dimensional)


def _check_row_shape(shape: Sequence[int], expected: Sequence[int] | None, name: str) -> None:
    if expected is None or tuple(shape) == tuple(expected):
        return
    if len(shape) == len(expected) == 1:
        many = f"{shape[0]} column{'s' if shape[0] != 1 else ''}"
        raise DataError(f"{name} has {many}, but the model was trained on {expected[0]}.")
    raise DataError(
        f"{name} has rows of shape {tuple(shape)}, but the model was trained on rows of shape "
        f"{tuple(expected)}.",
        hint=f"Pass {name}.reshape(-1, {', '.join(map(str, expected))})."
        if math.prod(shape) == math.prod(expected)
        else None,
    )


def _as_columns(array: NDArray[Any], n_outputs: int, name: str) -> NDArray[Any]:
    """Give targets two axes, n × outputs."""
    if array.ndim > 2:
        raise DataError(f"{name} must have one or two axes. Got an array of shape {array.shape}.")
    columns = array[:, np.newaxis] if array.ndim == 1 else array
    found = columns.shape[1]
    if found != n_outputs:
        raise DataError(
            f"{name} has {found} column{'s' if found != 1 else ''}, but the network has "
            f"{n_outputs} output{'s' if n_outputs != 1 else ''}.",
            hint=f"End the network with Dense({found})." if found else None,
        )
    return columns


def _check_range(values: NDArray[Any], loss: Loss, name: str) -> None:
    """Check that a loss is defined for its targets."""
    domain = DOMAINS[loss.targets]
    rule = f"{name} must be {domain.rule} for the loss {type(loss).__name__}"
    refuse(domain.outside(values), values, rule)
