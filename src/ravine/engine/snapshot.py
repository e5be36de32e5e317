"""A run's snapshot and history, read by the names that the engine gives their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["columns_of", "counter", "counters", "fields", "fields_in_double", "history_columns"]

Snapshot = Mapping[str, NDArray[Any]]


def fields() -> tuple[str, ...]:
    """Give the names of a snapshot's arrays, "counters" among them."""
    from ravine.engine import _engine

    return tuple(_engine.snapshot_fields)


def fields_in_double() -> tuple[str, ...]:
    """Give the names of the arrays that are in double, whatever the precision of the run."""
    from ravine.engine import _engine

    return tuple(_engine.snapshot_doubles)


def counters() -> tuple[str, ...]:
    """Give the names of the numbers in the array "counters", in order."""
    from ravine.engine import _engine

    return tuple(_engine.snapshot_counters)


def counter(snapshot: Snapshot, name: str) -> float:
    """Read one of a snapshot's counters.

    Parameters
    ----------
    snapshot : mapping of str to ndarray
        With an array "counters".
    name : str
        Such as "epoch", the epochs done.

    Returns
    -------
    float
        Its value.

    Examples
    --------
    >>> counter({"counters": np.arange(16.0)}, "step_in_epoch")
    1.0
    """
    return float(snapshot["counters"][counters().index(name)])


def history_columns() -> tuple[str, ...]:
    """Give the names of the columns of the engine's history."""
    from ravine.engine import _engine

    return tuple(_engine.history_columns)


def columns_of(history: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Turn the engine's history, a flat array of rows, into columns by name.

    Parameters
    ----------
    history : ndarray of float64
        Flat: a number for each column, epoch by epoch.

    Returns
    -------
    dict of str to ndarray
        One array for each column, with a number for each epoch.

    Examples
    --------
    >>> columns_of(np.arange(26.0))["step"]
    array([ 1., 14.])
    """
    names = history_columns()
    return dict(zip(names, history.reshape(-1, len(names)).T, strict=True))
