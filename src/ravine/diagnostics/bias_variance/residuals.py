"""The noise of a table, from rows held out, without the error of the reference itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.folds import Folds
from ravine.diagnostics.bias_variance.worlds import Residuals, World

__all__ = ["ROUNDS", "Reference", "match_errors"]

ROUNDS = 3
_MOST_POOLS = 5
_ROWS_OF_A_POOL = 30
_LEVEL = 0.01

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reference:
    """A fitted reference, and its residuals on rows held out.

    Parameters
    ----------
    predictions : ndarray, shape (N, O)
        For the training rows, followed by the test rows.
    noise : Residuals
        Of mean 0.
    offset : ndarray, shape (N, O)
        Mean residual of each row's pool; 0 for losses whose predictions are means.
    n : int
        Training rows.
    weight : float
        As in `World`.
    copy_of : ndarray of int, shape (n,), optional
        As in `World`.
    """

    predictions: Array
    noise: Residuals
    offset: Array
    n: int
    weight: float
    copy_of: Rows | None = None

    @classmethod
    def of(
        cls,
        predictions: Array,
        held_out: Array,
        y: Array,
        folds: Folds,
        *,
        groups: Rows | None,
        relative: bool,
        centred: bool,
        weight: float,
        copy_of: Rows | None = None,
    ) -> Reference:
        """Put residuals into pools: by prediction if their spread depends on it, else into one.

        Parameters
        ----------
        predictions : ndarray, shape (N, O)
            The reference's.
        held_out : ndarray, shape (R, O)
            Predictions for rows held out.
        y : ndarray, shape (n, O)
            Measured targets.
        folds : Folds
            Which rows were held out.
        groups : ndarray of int, shape (n,), optional
            Groups of rows.
        relative : bool
            Whether residuals are fractions of predictions.
        centred : bool
            Whether predictions are means, so that residuals have the mean 0.
        weight : float
            As in `World`.
        copy_of : ndarray of int, shape (n,), optional
            As in `World`.

        Returns
        -------
        Reference
            With the scale 1.
        """
        rows, n = folds.held_out, len(y)
        residuals = y[rows] / held_out - 1 if relative else y[rows] - held_out
        pool_of_row = _pools(predictions, folds, residuals)
        if groups is not None:
            pool_of_row = np.zeros(len(predictions), dtype=np.int64)
        pool = pool_of_row[rows]
        count = int(pool_of_row.max()) + 1
        means = np.stack([residuals[pool == i].mean(axis=0) for i in range(count)])
        group = None if groups is None else np.unique(groups[rows], return_inverse=True)[1]
        # Test rows are drawn one by one, so that each is its own group.
        extra = np.arange(len(predictions) - n)
        of_row = None if groups is None else np.concatenate([groups, groups.max() + 1 + extra])
        noise = Residuals(
            residuals - means[pool], pool, pool_of_row, np.ones(count), relative, group, of_row
        )
        offset = np.zeros_like(predictions) if centred else means[pool_of_row]
        return cls(predictions, noise, offset, n, weight, copy_of)

    def world(self, scale: Array | None = None) -> World:
        """Give what targets are drawn from, with the residuals of each pool scaled."""
        noise = self.noise if scale is None else self.noise.scaled(scale)
        offset = self.offset * noise.scale[noise.pool_of_row][:, np.newaxis]
        factor = self.predictions if noise.relative else 1.0
        return World(self.predictions + factor * offset, noise, self.n, self.weight, self.copy_of)


def match_errors(
    reference: Reference,
    measured: Array,
    folds: Folds,
    predict: Callable[[Sequence[Array]], NDArray[Any]],
    generators: Callable[[], Sequence[np.random.Generator]],
) -> Array:
    """Scale the noise until errors on held-out rows in the simulated world equal the table's.

    Held-out residuals include the reference's own error as well as the noise. In each of three
    rounds, tables are drawn and the reference is cross-validated on them; the variance of each
    pool's residuals is multiplied by (measured error) / (simulated error) of that pool's rows. The
    simulated error is taken relative to the noise that was drawn, so that its chance cancels.

    Parameters
    ----------
    reference : Reference
        With the scale 1.
    measured : ndarray, shape (R,)
        Squared errors on the rows held out of the table.
    folds : Folds
        Which rows these are.
    predict : callable
        Cross-validates the reference on tables: list of (n, O) → (tables, R, O).
    generators : callable
        Gives the same random generators, one for each table, each time.

    Returns
    -------
    ndarray, shape (pools,)
        Factors of the residuals.
    """
    rows = folds.held_out
    pool = reference.noise.pool_of_row[rows]
    count = len(reference.noise.scale)
    wanted = np.bincount(pool, measured, count)
    scale = np.ones(count)
    for _ in range(ROUNDS):
        world = reference.world(scale)
        tables = [world.table(generator) for generator in generators()]
        found = predict(tables)
        drawn = np.stack(tables)[:, rows]
        errors = np.square(drawn - found).sum(axis=(0, 2))
        noise = np.square(drawn - world.expected[rows]).sum(axis=(0, 2))
        exact = len(tables) * world.noise.squared(rows, world.expected[rows]).sum(axis=1)
        simulated = np.bincount(pool, errors, count) / len(tables)
        chance = np.bincount(pool, noise, count), np.bincount(pool, exact, count)
        for i in range(count):
            if min(simulated[i], chance[0][i], chance[1][i]) > 0:
                expected = simulated[i] * chance[1][i] / chance[0][i]
                scale[i] *= np.sqrt(wanted[i] / (reference.weight * expected))
    return scale


def _pools(predictions: Array, folds: Folds, residuals: Array) -> Rows:
    """Divide rows by the size of their prediction, if the spread of residuals depends on it."""
    one = np.zeros(len(predictions), dtype=np.int64)
    known = np.unique(folds.held_out)
    count = min(_MOST_POOLS, len(known) // _ROWS_OF_A_POOL)
    if count < 2 or predictions.shape[1] > 1:
        return one
    values = predictions[:, 0]
    edges = np.unique(np.quantile(values[known], np.arange(1, count) / count))
    pools = np.searchsorted(edges, values, side="right")
    of_rows = folds.by_row(residuals[:, 0])
    groups = [of_rows[pools[known] == i] for i in range(len(edges) + 1)]
    if len(groups) < 2 or min(map(len, groups)) < 10:
        return one
    from scipy.stats import levene

    spreads = [np.abs(group - np.median(group)) for group in groups]
    if not any(spread.max() > 0 for spread in spreads):
        return one
    return pools if levene(*groups, center="median").pvalue < _LEVEL else one
