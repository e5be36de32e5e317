"""Sample weights, checked before the engine sees them, and the rows of positive weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ravine.errors import DataError
from ravine.ground.numeric import as_array, as_floats, refuse

__all__ = ["as_sample_weight", "weighing"]

#: Weights are scaled if the largest is beyond 2 to the power of ± this, so that every type holds
#: them and their products.
_MOST_DOUBLINGS = 32


def as_sample_weight(
    sample_weight: ArrayLike | None,
    n_rows: int,
    dtype: DTypeLike = "float32",
    name: str = "sample_weight",
) -> NDArray[Any] | None:
    """Turn sample weights into a contiguous array of floats.

    Only their ratios matter. Weights that are all very large or all very small are scaled by a
    power of two.

    Parameters
    ----------
    sample_weight : array-like, shape (n_rows,), optional
        One weight per row, at least 0, not all 0. None stays None: all rows count the same.
    n_rows : int
        How many rows X has.
    dtype : dtype, default "float32"
        float32 or float64.
    name : str, default "sample_weight"
        What the weights are called in messages.

    Returns
    -------
    ndarray, shape (n_rows,), or None
        The weights.

    Raises
    ------
    DataError
        If a weight is negative or not a number, all are 0, or their number is not that of the rows.

    Examples
    --------
    >>> as_sample_weight([1, 2], 2)
    array([1., 2.], dtype=float32)
    >>> as_sample_weight([1, -2], 2)
    Traceback (most recent call last):
    ravine.errors.DataError: sample_weight must be at least 0. Got -2.0 in row 1.
    """
    if sample_weight is None:
        return None
    array = as_array(sample_weight, name)
    if array.shape != (n_rows,):
        raise DataError(
            f"{name} must have one weight for each of the {n_rows} rows. "
            f"Got an array of shape {array.shape}."
        )
    weights = as_floats(array, "float64", name)
    refuse(weights < 0, weights, f"{name} must be at least 0")
    if not (weights > 0).any():
        raise DataError(f"{name} is 0 in every row: nothing would be learnt.")
    exponent = int(np.frexp(weights.max())[1])
    if abs(exponent) > _MOST_DOUBLINGS:
        weights = np.ldexp(weights, -exponent)
    return weights.astype(dtype, copy=False)


def weighing(rows: NDArray[np.int64], weights: NDArray[Any] | None) -> NDArray[np.int64]:
    """Leave out the rows of weight 0: they are absent from all that is learnt or measured.

    Parameters
    ----------
    rows : ndarray of int64
        Row numbers.
    weights : ndarray or None
        What `as_sample_weight` gave for all rows.

    Returns
    -------
    ndarray of int64
        Those of positive weight; the given array itself, if all are.

    Examples
    --------
    >>> weighing(np.array([0, 1, 2]), np.array([1.0, 0.0, 3.0]))
    array([0, 2])
    """
    if weights is None:
        return rows
    present = weights[rows] > 0
    return rows if present.all() else rows[present]
