"""Which rows each member sets aside: stretches of a shuffled order, whole groups, or the latest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.splitting import split_rows
from ravine.errors import DataError

__all__ = ["validation_splits"]

Places = NDArray[np.int64]
Split = tuple[Places, Places]


def validation_splits(
    n: int,
    n_members: int,
    fraction: float,
    seed: int,
    classes: NDArray[Any] | None = None,
    *,
    groups: Places | None = None,
    times: Places | None = None,
) -> list[Split]:
    """Split rows for each member: consecutive stretches of a shuffled order are set aside.

    Once through the order, every row has been set aside once; then it is shuffled anew. So five
    members with a fraction of 0.2 set every row aside exactly once.

    With groups the order is one of groups, and a stretch ends between two groups. With times every
    member sets the latest rows aside, see `ravine.data.splitting.split_rows`.

    Parameters
    ----------
    n : int
        Number of rows.
    n_members : int
        How many splits.
    fraction : float
        Part of the rows to set aside, in [0, 1); at least one row, or group, if it is above 0.
    seed : int
        Seed of the orders.
    classes : numpy.ndarray of int64, shape (n,), optional
        A class per row; every stretch then holds each class in proportion. (Groups count for the
        class of most of their rows.)
    groups : numpy.ndarray of int64, shape (n,), optional
        Codes of groups, from 0.
    times : numpy.ndarray of int64, shape (n,), optional
        Ranks of times.

    Returns
    -------
    list of (training rows, validation rows)
        One pair a member, in ascending order.

    Raises
    ------
    DataError
        If all rows are of one group or time, so that none can be set aside.

    Examples
    --------
    >>> splits = validation_splits(10, 5, 0.2, seed=0)
    >>> sorted(row for _, aside in splits for row in aside.tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    >>> groups = np.array([0, 1, 0, 2, 1])
    >>> [aside.tolist() for _, aside in validation_splits(5, 3, 0.4, seed=0, groups=groups)]
    [[3], [0, 2], [1, 3, 4]]
    """
    everything = np.arange(n)
    if fraction == 0 or n < 2:
        return [(everything, everything[:0])] * n_members
    if times is not None:
        return [split_rows(n, fraction, seed, groups=groups, time=times)] * n_members
    size = min(max(1, round(n * fraction)), n - 1)
    if groups is not None:
        return _of_groups(groups, n_members, size, seed, classes)
    rounds = -(-n // size)
    splits = []
    for member in range(n_members):
        if member % rounds == 0:
            order = _order(n, np.random.default_rng([seed, member]), classes)
        aside = order[(member % rounds * size + np.arange(size)) % n]
        kept = np.setdiff1d(everything, aside, assume_unique=True)
        splits.append((kept, np.sort(aside)))
    return splits


def _of_groups(
    groups: Places, n_members: int, size: int, seed: int, classes: NDArray[Any] | None
) -> list[Split]:
    """Set stretches of whole groups aside, each of about so many rows."""
    counts = np.bincount(groups)
    if len(counts) < 2:
        raise DataError(
            "All rows are of one group: none could be set aside.",
            hint="Use rows of several groups, or set none aside (validation_fraction=0).",
        )
    rounds = -(-len(groups) // size)
    splits = []
    for member in range(n_members):
        if member % rounds == 0:
            rng = np.random.default_rng([seed, member])
            order = _order(len(counts), rng, _usual_classes(groups, classes))
            reached = np.cumsum([0, *counts[order], *counts[order]])
        first, last = (_nearest(reached, (member % rounds + end) * size) for end in (0, 1))
        last = min(max(last, first + 1), first + len(counts) - 1)
        chosen = np.zeros(len(counts), dtype=bool)
        chosen[order[np.arange(first, last) % len(counts)]] = True
        aside = chosen[groups]
        splits.append((np.flatnonzero(~aside), np.flatnonzero(aside)))
    return splits


def _usual_classes(groups: Places, classes: NDArray[Any] | None) -> NDArray[Any] | None:
    """Give each group the class of most of its rows."""
    if classes is None:
        return None
    counts = np.zeros((int(groups.max()) + 1, int(classes.max()) + 1), dtype=np.int64)
    np.add.at(counts, (groups, classes), 1)
    return np.asarray(counts.argmax(axis=1))


def _nearest(reached: Places, wanted: int) -> int:
    """Find the place of the number nearest to the wanted one, among ascending numbers."""
    return int(np.argmin(np.abs(reached - wanted)))


def _order(n: int, rng: np.random.Generator, classes: NDArray[Any] | None) -> Places:
    """Shuffle rows; every stretch holds each class in proportion."""
    order = rng.permutation(n)
    if classes is None:
        return order
    place = np.empty(n)
    for code in np.unique(classes):
        of_class = np.flatnonzero(classes[order] == code)
        place[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return order[np.argsort(place, kind="stable")]
