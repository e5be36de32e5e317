"""The state of a run's optimizer, as arrays with names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NUMBERS", "named_state", "state_of_names"]

#: The array for numbers that belong to no parameter.
NUMBERS = "numbers"


def named_state(
    optimizer: Mapping[str, Any], n: int, slots: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Give the optimizer state in a snapshot as arrays with names.

    Parameters
    ----------
    optimizer : dict
        The description of the optimizer.
    n : int
        How many parameters there are.
    slots : ndarray
        The state as in a snapshot.

    Returns
    -------
    dict of str to ndarray
        ``"velocity"`` and so on, of shape (n,), or (k, n) for a list of k vectors;
        ``"numbers"`` for numbers that belong to no parameter.

    Raises
    ------
    ParameterError
        If the state does not belong to such an optimizer.

    Examples
    --------
    >>> import ravine as rv
    >>> rule = rv.SGD(0.1, momentum=0.9).to_dict()
    >>> named_state(rule, 2, state_of_names(rule, 2, {"velocity": np.array([3.0, 4.0])}))
    {'velocity': array([3., 4.])}
    """
    found: dict[str, NDArray[Any]] = _kind(slots.dtype).by_name(dict(optimizer), n, slots)
    return found


def state_of_names(
    optimizer: Mapping[str, Any], n: int, arrays: Mapping[str, NDArray[Any]], dtype: str = "float64"
) -> NDArray[Any]:
    """Turn the arrays of `named_state` back into the state for a snapshot.

    Parameters
    ----------
    optimizer : dict
        The description of the optimizer.
    n : int
        How many parameters there are.
    arrays : dict of str to ndarray
        The arrays by name.
    dtype : str
        Precision of training.

    Returns
    -------
    ndarray
        The state.

    Raises
    ------
    ParameterError
        If a name or a size does not belong to such an optimizer.

    Examples
    --------
    >>> import ravine as rv
    >>> state_of_names(rv.Adagrad().to_dict(), 2, {})
    Traceback (most recent call last):
        ...
    ravine.errors.ParameterError: The saved state does not belong to an optimizer like this one.
    """
    flat = {name: np.ascontiguousarray(array).ravel() for name, array in arrays.items()}
    slots: NDArray[Any] = _kind(np.dtype(dtype)).from_names(dict(optimizer), n, flat)
    return slots


def _kind(dtype: np.dtype[Any]) -> Any:
    from ravine.engine import _engine

    return _engine.Optimizer32 if dtype == np.float32 else _engine.Optimizer64
