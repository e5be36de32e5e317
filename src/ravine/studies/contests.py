"""Who wins: paired differences that hold jointly, shares of bootstraps, and scores by budget."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Difference", "best_of", "critical", "paired_differences", "win_shares"]

Array = NDArray[np.float64]

_DRAWS = 40_000
_CHUNK = 500


@dataclass(frozen=True)
class Difference:
    """How much more the scores of one candidate are than another's, in pairs of seeds.

    Parameters
    ----------
    a, b : int
        Numbers of the candidates.
    mean, se, low, high : float
        Of a − b.
    """

    a: int
    b: int
    mean: float
    se: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def paired_differences(scores: Array, confidence: float = 0.95) -> list[Difference]:
    """Compare all pairs of candidates, with intervals that hold for all pairs at once.

    ``mean ± c · s/√J`` over J seeds, s the standard deviation of a pair's differences and c as
    `critical` gives it for those candidates of which no run diverged.

    Parameters
    ----------
    scores : ndarray, shape (candidates, seeds)
        Scores of the same seeds; NaN where a run diverged.
    confidence : float, default 0.95
        Probability that all intervals hold.

    Returns
    -------
    list of Difference
        Pairs (a, b), a < b; NaN where a run of either diverged.

    Examples
    --------
    >>> found = paired_differences(np.array([[1.0, 2.0, 3.0], [1.5, 2.0, 4.0]]))[0]
    >>> round(found.mean, 3), round(found.se, 3), found.is_clear
    (-0.5, 0.289, False)
    """
    pairs = list(itertools.combinations(range(len(scores)), 2))
    able = int(np.isfinite(scores).all(axis=1).sum())
    c = critical(max(2, able), scores.shape[1], confidence)
    found = []
    for a, b in pairs:
        apart = scores[a] - scores[b]
        mean, se = float(apart.mean()), float(apart.std(ddof=1) / math.sqrt(len(apart)))
        half = 0.0 if se == 0 else c * se
        found.append(Difference(a, b, mean, se, mean - half, mean + half))
    return found


@lru_cache(maxsize=64)
def critical(candidates: int, seeds: int, confidence: float = 0.95) -> float:
    """Give the quantile of the largest paired |t| among candidates that are all alike.

    Of two it is Student's t. Of more, normal scores are drawn 40,000 times from a fixed seed, and
    the largest |t| of all pairs is taken. Where candidates share more noise with some than with
    others, or some are noisier, the largest |t| is smaller or as large: on simulated scores no such
    pattern exceeded what is said.

    Parameters
    ----------
    candidates : int
        How many, at least 2.
    seeds : int
        How many scores each has, at least 2.
    confidence : float, default 0.95
        Of the quantile.

    Returns
    -------
    float
        At least Student's t of a single pair, at most that of Bonferroni's rule.

    References
    ----------
    Westfall & Young (1993), Resampling-based multiple testing, chapter 2 (the largest |t|).

    Examples
    --------
    >>> round(critical(2, 10), 3)
    2.262
    """
    from scipy.special import stdtrit

    pairs = np.array([*itertools.combinations(range(candidates), 2)])
    alone = float(stdtrit(seeds - 1, 0.5 + confidence / 2))
    if len(pairs) < 2:
        return alone
    all_alone = float(stdtrit(seeds - 1, 1 - (1 - confidence) / 2 / len(pairs)))
    rng, largest = np.random.default_rng(0x3A27), []
    for _ in range(_DRAWS // _CHUNK):
        drawn = rng.standard_normal((_CHUNK, candidates, seeds))
        apart = drawn[:, pairs[:, 0]] - drawn[:, pairs[:, 1]]
        sums, squares = apart.sum(axis=2), np.einsum("dps,dps->dp", apart, apart)
        variances = (squares - sums**2 / seeds) / (seeds - 1)
        largest.append(np.sqrt((sums**2 / variances).max(axis=1) / seeds))
    found = float(np.quantile(np.concatenate(largest), confidence))
    return min(max(found, alone), all_alone)


def win_shares(losses: Array, units: NDArray[np.int64], draws: int = 1000) -> Array:
    """Give the share of joint bootstraps, of seeds and of test rows, that each candidate wins.

    Parameters
    ----------
    losses : ndarray, shape (candidates, seeds, rows)
        The loss of each test row; NaN for candidates of which a run diverged, which never win.
    units : ndarray of int64, shape (rows,)
        Rows of one unit are drawn together.
    draws : int, default 1000
        How many bootstraps, from a fixed seed.

    Returns
    -------
    ndarray, shape (candidates,)
        Their sum is 1, ties shared, unless none can win.

    Examples
    --------
    >>> losses = np.stack([np.ones((3, 5)), np.full((3, 5), 2.0)])
    >>> win_shares(losses, np.arange(5)).tolist()
    [1.0, 0.0]
    """
    candidates, seeds, rows = losses.shape
    able = np.flatnonzero(np.isfinite(losses).all(axis=(1, 2)))
    shares = np.zeros(candidates)
    if not len(able):
        return shares
    flat = losses[able].reshape(-1, rows)
    codes = np.unique(units, return_inverse=True)[1]
    sums = np.zeros((len(flat), int(codes.max()) + 1))
    for place, row in enumerate(flat):
        sums[place] = np.bincount(codes, row, minlength=sums.shape[1])
    sizes, n = np.bincount(codes).astype(np.float64), sums.shape[1]
    rng = np.random.default_rng(0xB007)
    for _ in range(draws):
        drawn = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
        chosen = np.bincount(rng.integers(seeds, size=seeds), minlength=seeds) / seeds
        means = ((sums @ drawn) / (sizes @ drawn)).reshape(len(able), seeds) @ chosen
        winners = means <= means.min() + 1e-12 * abs(means.min())
        shares[able] += winners / winners.sum()
    return np.asarray(shares / draws)


def best_of(scores: Sequence[Array]) -> list[tuple[float, float, float]]:
    """Give the expected score of the best of b tries, for every b.

    Tries are ranked by another score than this one, and b of all n are drawn without replacement:
    that of rank k is the best of them with probability ``C(n − k, b − 1) / C(n, b)``.

    Parameters
    ----------
    scores : sequence of ndarray
        Of each try, the best-ranked first, the scores of its runs over the same first seeds; NaN of
        a run that diverged. A try without a number always fails.

    Returns
    -------
    list of (mean, se, failed)
        For b = 1 … n: the expected score if the chosen run does not fail, its standard error over
        seeds, and the probability that it fails.

    Examples
    --------
    >>> curve = best_of([np.array([1.0, 1.0]), np.array([3.0, 3.0])])
    >>> [mean for mean, _, _ in curve]
    [2.0, 1.0]
    """
    n, found = len(scores), []
    good = [np.isfinite(values).mean() if len(values) else 0.0 for values in scores]
    for b in range(1, n + 1):
        chances = [math.comb(n - k, b - 1) / math.comb(n, b) for k in range(1, n + 1)]
        weights = np.array(chances) * good
        total = float(weights.sum())
        if total == 0:
            found.append((math.nan, math.nan, 1.0))
            continue
        mean, errors = 0.0, np.zeros(max(map(len, scores)))
        for weight, values in zip(weights / total, scores, strict=True):
            there = np.isfinite(values)
            count = int(there.sum())
            if weight == 0:
                continue
            centre = float(values[there].mean())
            mean += float(weight) * centre
            spread = math.sqrt(count * (count - 1)) if count > 1 else math.nan
            errors[: len(values)] += weight * np.where(there, values - centre, 0.0) / spread
        failed = 0.0 if total > 1 - 1e-12 else 1 - total
        found.append((mean, float(np.sqrt((errors**2).sum())), failed))
    return found
