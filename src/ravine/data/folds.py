"""Rows held out in turn, in whole groups, or later rows after earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.rotating import deal, forward_splits
from ravine.data.splitting import Rows, time_ranks, unit_ends, units_of
from ravine.errors import DataError

__all__ = ["Folds", "make_folds"]

_FOLDS = 5
_FEW_ROWS = 200


@dataclass(frozen=True, eq=False)
class Folds:
    """Which rows are trained on, and which are held out, in each fold.

    Parameters
    ----------
    pairs : list of (ndarray, ndarray)
        Rows trained on and rows held out.
    units : ndarray of int, shape (n,)
        The unit of each row: the rows of a unit are on the same side.

    Examples
    --------
    >>> make_folds(200, seed=0).held_out.shape
    (200,)
    """

    pairs: list[tuple[Rows, Rows]]
    units: Rows

    @property
    def held_out(self) -> Rows:
        """All rows held out, fold after fold; a row may appear more than once."""
        return np.concatenate([aside for _, aside in self.pairs])

    def by_row(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Average the values of each row that was held out, over the times that it was."""
        rows = self.held_out
        counts = np.bincount(rows)
        sums = np.bincount(rows, values)
        return np.asarray(sums[counts > 0] / counts[counts > 0])

    def standard_error(self, values: NDArray[np.float64]) -> float:
        """Give the standard error of the mean of such averages, by units."""
        rows = np.unique(self.held_out)
        _, codes = np.unique(self.units[rows], return_inverse=True)
        count = codes.max() + 1
        if count < 2:
            return float("nan")
        sums = np.bincount(codes, values - values.mean()) / len(values)
        return float(np.sqrt(count / (count - 1) * np.square(sums).sum()))


def make_folds(
    n: int,
    seed: int,
    classes: NDArray[np.int64] | None = None,
    *,
    copies: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    repeats: int | None = None,
    folds: int = _FOLDS,
) -> Folds:
    """Divide rows into folds, several times if there are few rows.

    Parameters
    ----------
    n : int
        Rows.
    seed : int
        Seed of the division.
    classes : ndarray of int, shape (n,), optional
        Codes, which are spread over the folds.
    copies : array-like, shape (n,), optional
        What each row is a copy of; copies are held out together.
    groups : array-like, shape (n,), optional
        The rows of a group are held out together.
    time : array-like, shape (n,), optional
        Each fold holds out the rows that follow all those that it trains on.
    repeats : int, optional
        How often; None: so that about 200 rows are held out, at most five times.
    folds : int, default 5
        How many; fewer if there are fewer rows, groups or times.

    Returns
    -------
    Folds
        Rows of each.

    Raises
    ------
    DataError
        If there are too few rows, groups or times.
    """
    units = units_of(n, copies, groups)
    if time is not None:
        ranks = time_ranks(time, n)
        _check_times(units, ranks)
        return Folds(forward_splits(units, ranks, folds), units)
    count = int(units.max()) + 1
    if count < 3:
        raise DataError(
            f"{count} {'row' if groups is None else 'group'}{'s' if count > 1 else ''} to train on "
            "cannot be held out in turn: that needs at least 3.",
            hint='Use more rows, or for bias_variance method="bootstrap".',
        )
    if repeats is None:
        repeats = min(5, max(1, -(-_FEW_ROWS // n)))
    of_units = None
    if classes is not None and groups is None:  # copies are of one class
        of_units = classes[np.unique(units, return_index=True)[1]]
    pairs = []
    for repeat in range(repeats):
        generator = np.random.default_rng([seed, 0xF01D, repeat])
        fold = deal(count, min(folds, count), generator, of_units)
        for number in range(fold.max() + 1):
            held_out = fold[units] == number
            pairs.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return Folds(pairs, units)


def _check_times(units: Rows, ranks: Rows) -> None:
    times = len(np.unique(unit_ends(units, ranks)))
    if times < 3:
        raise DataError(
            f"The rows to train on have {times} different times; to hold out later "
            "ones, at least 3 are needed.",
            hint='Use more times, or for bias_variance method="bootstrap".',
        )
