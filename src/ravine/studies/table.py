"""The rows that a study's runs share: checked once, joined, and known by a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.feature_names import by_name, feature_names
from ravine.data.gate import as_rows
from ravine.data.labels import as_labels
from ravine.data.sides import group_codes, time_ranks
from ravine.data.splitting import units_of
from ravine.errors import DataError
from ravine.ground.numeric import Place, as_array, as_floats
from ravine.training.jobs import Job

__all__ = ["Table", "join"]

Rows = NDArray[np.int64]

_CHUNK = 4096


class Table:
    """Rows with their targets, groups and times.

    Parameters
    ----------
    X, y : array-like
        Inputs and targets.
    groups, time : array-like, shape (n,), optional
        The group and the time of each row.

    Raises
    ------
    DataError
        If they do not go together.

    Examples
    --------
    >>> len(Table([[1.0], [2.0]], [3.0, 4.0]))
    2
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> None:
        rows = as_rows(X)
        plain = rows.dtype.kind in "fiu"
        self.X = rows if plain else as_floats(rows, "float64", Place.of(X, "X"))
        self.y = as_array(y, "y")
        if len(self.y) != len(self.X):
            raise DataError(f"y has {len(self.y)} rows, but X has {len(self.X)}.")
        n = len(self.X)
        self.groups = None if groups is None else group_codes(groups, n)
        self.time = None if time is None else time_ranks(time, n)

    def __len__(self) -> int:
        return len(self.X)

    @cached_property
    def copies(self) -> Rows | None:
        """What each row is a copy of; None if no row is a copy."""
        from ravine.diagnostics.bias_variance.copied_rows import find_copies

        y = self.y if self.y.dtype.kind in "fiub" else np.unique(self.y, return_inverse=True)[1]
        columns = np.asarray(y, dtype=np.float64).reshape(len(self), -1)
        return find_copies(self.X, columns, self.groups, self.time)

    @cached_property
    def units(self) -> Rows:
        """The unit of each row: rows that must lie on one side share a number."""
        return units_of(len(self), self.copies, self.groups)

    @cached_property
    def has_units(self) -> bool:
        """Whether some unit holds several rows."""
        return bool(self.units.max() < len(self) - 1)

    def classes(self, jobs: Sequence[Job]) -> Rows | None:
        """Give the code of each row's class, if the jobs classify and rows have one class each."""
        one_label = self.y.ndim == 1 or self.y[0].size == 1
        if not one_label or not all(job.network.loss.classifies for job in jobs):
            return None
        return np.unique(as_labels(self.y), return_inverse=True)[1].reshape(-1)

    @cached_property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that follow from all values, whatever arrays hold them."""
        digest = hashlib.sha256(repr(self.X.shape).encode())
        for start in range(0, len(self), _CHUNK):
            part = np.ascontiguousarray(self.X[start : start + _CHUNK], dtype="<f8")
            digest.update(part.tobytes())
        y = self.y.astype("<f8") if self.y.dtype.kind in "fiub" else None
        digest.update(repr(self.y.tolist()).encode() if y is None else y.tobytes())
        for side in (self.groups, self.time):
            digest.update(b"-" if side is None else side.astype("<i8").tobytes())
        return digest.hexdigest()[:16]


def join(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike]
) -> tuple[Any, Any]:
    """Put the rows of one table behind those of another.

    Parameters
    ----------
    first, second : tuple (X, y)
        Of the same columns; those of data frames are taken by the names of the first.

    Returns
    -------
    X, y : ndarray
        All rows.

    Raises
    ------
    DataError
        If the rows have different shapes.

    Examples
    --------
    >>> X, y = join(([[1.0]], [2.0]), ([[3.0], [4.0]], [5.0, 6.0]))
    >>> X.shape, y.tolist()
    ((3, 1), [2.0, 5.0, 6.0])
    """
    names = feature_names(first[0])
    apart = by_name(second[0], names, "X of the rows set apart")
    tables = [Table(*first), Table(apart, second[1])]
    shapes = [table.X.shape[1:] for table in tables]
    axes = [table.y.shape[1:] for table in tables]
    if shapes[0] != shapes[1] or axes[0] != axes[1]:
        raise DataError(
            f"The rows set apart have the shape {shapes[1]} with targets of shape {axes[1]}, but "
            f"those of X have {shapes[0]} with {axes[0]}."
        )
    X, y = (np.concatenate(parts) for parts in zip(*((t.X, t.y) for t in tables), strict=True))
    return X, y
