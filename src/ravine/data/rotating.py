"""Rows set aside in turn: parts of a shuffled order, folds, or later rows after earlier ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.splitting import Rows, in_proportion, split_rows, unit_ends
from ravine.errors import DataError

__all__ = ["deal", "forward_splits", "validation_splits"]

Split = tuple[Rows, Rows]


def validation_splits(
    n: int,
    n_models: int,
    fraction: float,
    seed: int,
    classes: NDArray[Any] | None = None,
    *,
    groups: Rows | None = None,
    times: Rows | None = None,
) -> list[Split]:
    """Split rows for several models: consecutive parts of a shuffled order are set aside.

    After one pass through the order, every row has been set aside once; then the rows are shuffled
    again. So five models with a fraction of 0.2 set every row aside exactly once.

    With groups, whole groups are shuffled, and a part ends between two groups. With times, every
    model sets the latest rows aside, see `ravine.data.splitting.split_rows`.

    Parameters
    ----------
    n : int
        Number of rows.
    n_models : int
        How many splits.
    fraction : float
        Part of the rows to set aside, in [0, 1); at least one row, or group, if it is above 0.
    seed : int
        Seed of the orders.
    classes : numpy.ndarray of int64, shape (n,), optional
        A class per row; every part then holds each class in proportion. (Groups count for the
        class of most of their rows.)
    groups : numpy.ndarray of int64, shape (n,), optional
        Codes of groups, from 0.
    times : numpy.ndarray of int64, shape (n,), optional
        Ranks of times.

    Returns
    -------
    list of (training rows, validation rows)
        One pair per model, in ascending order.

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
        return [(everything, everything[:0])] * n_models
    if times is not None:
        return [split_rows(n, fraction, seed, groups=groups, time=times)] * n_models
    size = min(max(1, round(n * fraction)), n - 1)
    if groups is not None:
        return _of_groups(groups, n_models, size, seed, classes)
    rounds = -(-n // size)
    splits = []
    for model in range(n_models):
        if model % rounds == 0:
            order = _shuffled(n, np.random.default_rng([seed, model]), classes)
        aside = order[(model % rounds * size + np.arange(size)) % n]
        kept = np.setdiff1d(everything, aside, assume_unique=True)
        splits.append((kept, np.sort(aside)))
    return splits


def _of_groups(
    groups: Rows, n_models: int, size: int, seed: int, classes: NDArray[Any] | None
) -> list[Split]:
    """Set parts of whole groups aside, each of about so many rows."""
    counts = np.bincount(groups)
    if len(counts) < 2:
        raise DataError(
            "All rows are of one group: none could be set aside.",
            hint="Use rows of several groups, or set none aside (validation_fraction=0).",
        )
    rounds = -(-len(groups) // size)
    splits = []
    for model in range(n_models):
        if model % rounds == 0:
            rng = np.random.default_rng([seed, model])
            order = _shuffled(len(counts), rng, _usual_classes(groups, classes))
            reached = np.cumsum([0, *counts[order], *counts[order]])
        first, last = (_nearest(reached, (model % rounds + end) * size) for end in (0, 1))
        last = min(max(last, first + 1), first + len(counts) - 1)
        chosen = np.zeros(len(counts), dtype=bool)
        chosen[order[np.arange(first, last) % len(counts)]] = True
        aside = chosen[groups]
        splits.append((np.flatnonzero(~aside), np.flatnonzero(aside)))
    return splits


def _usual_classes(groups: Rows, classes: NDArray[Any] | None) -> NDArray[Any] | None:
    """Give each group the class of most of its rows."""
    if classes is None:
        return None
    counts = np.zeros((int(groups.max()) + 1, int(classes.max()) + 1), dtype=np.int64)
    np.add.at(counts, (groups, classes), 1)
    return np.asarray(counts.argmax(axis=1))


def _nearest(reached: Rows, wanted: int) -> int:
    """Find the place of the number nearest to the wanted one, among ascending numbers."""
    return int(np.argmin(np.abs(reached - wanted)))


def deal(
    n: int, n_folds: int, rng: np.random.Generator, classes: NDArray[Any] | None = None
) -> Rows:
    """Deal rows to folds in turn, in an order that is random within each class.

    Parameters
    ----------
    n : int
        Number of rows.
    n_folds : int
        Number of folds; no more folds than rows are used.
    rng : numpy.random.Generator
        What the order is drawn from.
    classes : numpy.ndarray of shape (n,), optional
        A class per row; every fold then holds each class in proportion.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        The fold of each row.

    Examples
    --------
    >>> folds = deal(6, 3, np.random.default_rng(0), np.array([0, 0, 0, 1, 1, 1]))
    >>> sorted(folds[:3].tolist()), sorted(folds[3:].tolist())
    ([0, 1, 2], [0, 1, 2])
    """
    order = rng.permutation(n)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(n, dtype=np.int64)
    fold[order] = np.arange(n) % min(n_folds, n)
    return fold


def forward_splits(units: Rows, times: Rows, n_folds: int) -> list[Split]:
    """Split rows so that each model trains on those before a time, and the next ones are set aside.

    Parameters
    ----------
    units : numpy.ndarray of int64, shape (n,)
        The unit of each row (`ravine.data.splitting.units_of`).
    times : numpy.ndarray of int64, shape (n,)
        Ranks of times; a unit has the time of its last row.
    n_folds : int
        How many splits; fewer if there are too few times.

    Returns
    -------
    list of (training rows, rows set aside)
        From the earlier to the later; all rows set aside are later than those trained on.

    Raises
    ------
    DataError
        If all units end at one time.

    Examples
    --------
    >>> ranks = np.arange(6)
    >>> [(kept.tolist(), aside.tolist()) for kept, aside in forward_splits(ranks, ranks, 2)]
    [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    """
    last = unit_ends(units, times)
    different = np.unique(last)
    if len(different) < 2:
        raise DataError(
            "All rows are of one time: there are no later ones to set aside.",
            hint="Leave time out.",
        )
    ends = last[units]
    cuts: Rows = np.unique(np.quantile(ends, np.linspace(0, 1, n_folds + 2)[1:-1], method="lower"))
    cuts = cuts[cuts < different[-1]] if (cuts < different[-1]).any() else different[-2:-1]
    splits = []
    for lower, upper in zip(cuts, [*cuts[1:], different[-1]], strict=True):
        before, after = ends <= lower, (ends > lower) & (ends <= upper)
        splits.append((np.flatnonzero(before), np.flatnonzero(after)))
    return splits


def _shuffled(n: int, rng: np.random.Generator, classes: NDArray[Any] | None) -> Rows:
    """Shuffle rows; every part holds each class in proportion."""
    order = rng.permutation(n)
    return order if classes is None else order[in_proportion(classes[order], rng)]
