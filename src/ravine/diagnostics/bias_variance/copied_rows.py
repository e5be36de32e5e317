"""Which rows of a table are copies of one another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_copies"]


def find_copies(
    X: NDArray[Any], y: NDArray[np.float64], *apart: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    """Give rows that are equal in X and y the same code, by the rule of the neural estimators.

    Parameters
    ----------
    X : ndarray, shape (n, ...)
        Rows.
    y : ndarray, shape (n, O)
        Their targets.
    *apart : ndarray of int64, shape (n,), or None
        Codes of their groups and times: rows that differ in them are no copies.

    Returns
    -------
    ndarray of int64, shape (n,), or None
        Codes; None if no row is a copy. Equal rows are not copies but independent
        observations if the same X also occurs with another y, or if there are fewer than 50
        different rows, each appearing ten times on average.

    Examples
    --------
    >>> codes = find_copies(np.array([[1.0], [2.0], [1.0]]), np.array([[5.0], [5.0], [5.0]]))
    >>> bool(codes[0] == codes[2]), bool(codes[0] == codes[1])
    (True, False)
    >>> find_copies(np.array([[1.0], [2.0], [1.0]]), np.array([[5.0], [5.0], [6.0]])) is None
    True
    """
    import pandas as pd

    from ravine.estimators.neural.copies import independent_rows
    from ravine.estimators.neural.equal_rows import equal_rows, with_targets

    cells = equal_rows(pd.DataFrame(X.reshape(len(X), -1)))
    codes = with_targets(cells, y)
    alone = independent_rows(cells, codes)
    for others in apart:
        codes = codes if others is None else with_targets(codes, others)
    codes = np.where(alone, int(codes.max()) + 1 + np.arange(len(codes)), codes)
    found, codes = np.unique(codes, return_inverse=True)
    return None if len(found) == len(codes) else codes.astype(np.int64)
