"""Means over seeds or folds, and what the intervals around them cover."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error and interval; NaN where a single value gives none.

    Examples
    --------
    >>> Estimate(0.5, 0.1, 0.3, 0.7).se
    0.1
    """

    mean: float
    se: float
    low: float
    high: float


def estimate(values: NDArray[np.float64], ratio: float = 0.0, confidence: float = 0.95) -> Estimate:
    """Give the mean of J values with its standard error and its interval by Student's t.

    ``se = s · √(1/J + ratio)``, s the standard deviation of the values (divisor J − 1), and the
    interval is the mean ± t · se, t with J − 1 degrees of freedom. Over seeds, ratio is 0: the
    estimand is the mean over seeds on this split. Over folds, whose training rows overlap, ratio is
    the number of rows held out for each that is trained on (Nadeau & Bengio 2003): the estimand is
    the mean over new tables with as many training rows.

    Parameters
    ----------
    values : ndarray, shape (J,)
        One value per seed or per fold.
    ratio : float, default 0.0
        n_test / n_train, at least 0.
    confidence : float, default 0.95
        Of the interval, in (0, 1).

    Returns
    -------
    Estimate
        NaN in place of what does not exist.

    References
    ----------
    Nadeau & Bengio (2003), Inference for the generalization error, Machine Learning 52, section 3.

    Examples
    --------
    >>> found = estimate(np.array([1.0, 2.0, 3.0]))
    >>> found.mean, round(found.se, 4), round(found.high, 3)
    (2.0, 0.5774, 4.484)
    """
    count = len(values)
    mean = float(values.mean()) if count else math.nan
    if count < 2 or math.isnan(mean):
        return Estimate(mean, math.nan, math.nan, math.nan)
    se = float(values.std(ddof=1)) * math.sqrt(1 / count + ratio)
    half = _quantile(confidence, count - 1) * se
    return Estimate(mean, se, mean - half, mean + half)


@lru_cache(maxsize=256)
def _quantile(confidence: float, degrees: int) -> float:
    """Give the two-sided quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + confidence / 2))
