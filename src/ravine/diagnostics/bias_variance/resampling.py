"""Rows of a table for each model: drawn with replacement, or parts that share none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.tables import Table
from ravine.errors import DataError

__all__ = ["bootstrap_rows", "disjoint_rows", "out_of_bag"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_ROWS = 3  # the purpose of the random numbers


def bootstrap_rows(table: Table, data_set: int) -> Rows:
    """Draw rows with replacement, as many as there are; groups and copies of a row as a whole.

    Parameters
    ----------
    table : Table
        What is drawn from.
    data_set : int
        Which draw.

    Returns
    -------
    ndarray of int
        A row may appear more than once.
    """
    generator = table.generator(_ROWS, data_set)
    units = table.units
    if units is None:
        return generator.choice(np.arange(table.n), size=table.n)
    count = int(units.max()) + 1
    order = np.argsort(units, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(units))[:-1])
    return np.concatenate([members[unit] for unit in generator.integers(count, size=count)])


def disjoint_rows(table: Table, count: int) -> list[Rows]:
    """Divide the rows into parts of the same size; groups and copies as a whole.

    Parameters
    ----------
    table : Table
        What is divided.
    count : int
        How many parts.

    Returns
    -------
    list of ndarray of int
        Rows of each part.

    Raises
    ------
    DataError
        If a part would have fewer than two rows, or no group.
    """
    generator = table.generator(_ROWS, 0)
    units = table.units
    if units is None:
        size = table.n // count
        if size < 2:
            raise DataError(
                f"{table.n} training rows are too few for {count} models with two rows each.",
                hint='Train fewer models, or use method="model".',
            )
        return list(generator.permutation(table.n)[: size * count].reshape(count, size))
    n_units = int(units.max()) + 1
    if n_units < count:
        raise DataError(
            f"{n_units} groups or different rows to train on do not give each of {count} models "
            "one of its own.",
            hint='Train fewer models, or use method="model".',
        )
    part = np.empty(n_units, dtype=np.int64)
    part[generator.permutation(n_units)] = np.arange(n_units) % count
    parts = [np.flatnonzero(part[units] == number) for number in range(count)]
    if min(map(len, parts)) < 2:
        raise DataError("A part of the table would have a single row: its group is too small.")
    return parts


def out_of_bag(predictions: NDArray[np.float64], bags: list[Rows], table: Table) -> Array:
    """Give the squared error of each training row, by the mean of models that did not have it.

    Parameters
    ----------
    predictions : ndarray, shape (D, K, n, O)
        Of all models for all training rows.
    bags : list of ndarray of int
        The rows of each data set.
    table : Table
        Targets.

    Returns
    -------
    ndarray, shape (n,)
        NaN for rows that every data set has.

    References
    ----------
    Breiman (1996), Out-of-bag estimation. The error of each model comes from its own bootstrap
    sample as well as from the table; the mean of many models has no such error, so that no variance
    is counted twice.
    """
    outside = np.ones((len(bags), table.n), dtype=bool)
    for place, rows in enumerate(bags):
        outside[place, rows] = False
    counts = outside.sum(axis=0)
    mean = np.einsum("dn,dno->no", outside.astype(np.float64), predictions.mean(axis=1))
    with np.errstate(invalid="ignore"):
        errors = table.squares(mean / counts[:, np.newaxis] - table.scored)
    return np.where(counts > 0, errors, np.nan)
