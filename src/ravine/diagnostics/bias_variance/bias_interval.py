"""The interval of bias², whose variance depends on bias² itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.intervals import Estimate, Scatter
from ravine.diagnostics.bias_variance.pairs import decompose_pairs

__all__ = ["estimate_of_bias"]

Array = NDArray[np.float64]


class _Spread(NamedTuple):
    """The variance of bias² from the models' errors, with mean error μ and covariance Σ.

    ``constant`` is ``2 tr Σ² / (D (D − 1))``, which is there without bias; ``linear`` estimates
    ``4 μ'Σμ / D`` without bias (it may be negative); ``slope`` is how far that estimate errs for
    each unit that bias² errs; ``steepest`` is ``4 λ / D``, with λ the largest eigenvalue of Σ.
    """

    constant: float
    linear: float
    slope: float
    steepest: float


def estimate_of_bias(kernel: Array, value: float, of_rows: float, df: float) -> Estimate:
    """Give bias² with its standard error and interval.

    Its variance is ``2 tr Σ² / (D (D − 1)) + 4 μ'Σμ / D`` and what the choice of test rows adds,
    which grows as the square of bias². Both parts are estimated, but the second errs together with
    bias² itself: by chance the mean of the models lies off where they scatter most, which makes
    bias² and ``μ'Σμ`` too large at once. So for each θ that bias² might be, the part of the error
    that goes with ``value − θ`` is taken off (the regression of one on the other), and what is left
    is kept between 0 and ``4 λ θ / D``, as it must lie. The interval holds all θ that are not
    contradicted.

    Parameters
    ----------
    kernel : ndarray, shape (D, D)
        Products of the mean errors of two data sets; D at least 3.
    value : float
        bias².
    of_rows : float
        Variance that comes from the choice of test rows; 0 if they are as they are.
    df : float
        Degrees of freedom of what is estimated from data sets and rows.

    Returns
    -------
    Estimate
        With the standard error at the estimate itself.
    """
    spread = _spread(kernel)
    scale = value**2 + spread.constant
    square = of_rows / scale if scale > 0 else 0.0
    rest = max(spread.linear, 0.0) + square * value**2
    data_sets = len(kernel)
    # Satterthwaite's: D (D − 3) / 2 pairs are free.
    known = spread.constant**2 / max(1.0, data_sets * (data_sets - 3) / 2) + rest**2 / df
    freedom = (spread.constant + rest) ** 2 / known if known > 0 else df
    start = spread.constant + spread.linear - spread.slope * value
    least, growing, most = (
        Scatter(constant, linear, square).estimate(value, freedom)
        for constant, linear in (
            (spread.constant, 0.0),
            (start, spread.slope),
            (spread.constant, spread.steepest),
        )
    )
    return Estimate(
        value,
        float(np.sqrt(spread.constant + rest)),
        min(least.low, max(growing.low, most.low)),
        max(least.high, min(growing.high, most.high)),
    )


def _spread(kernel: Array) -> _Spread:
    """Estimate the parts by means over pairs and triples of different data sets."""
    n = len(kernel)
    parts = decompose_pairs(kernel)
    square = float(parts.of_one_pair)  # tr Σ²
    effects, rest = parts.effects, parts.rest
    np.fill_diagonal(rest, 0.0)
    product = float(parts.of_effects) - square / (n - 2)  # μ'Σμ
    cube = max(0.0, float(np.sum(rest @ rest * rest)) / (n * (n - 1) * (n - 2)))  # tr Σ³
    second = max(0.0, float(effects @ rest @ effects) / (n * (n - 1)) - cube / n)  # μ'Σ²μ
    varies = square / n + 2 * max(product, 0.0)
    slope = (cube / n + 2 * second) / varies if varies > 0 else 0.0
    largest = max(0.0, float(np.linalg.eigvalsh(rest)[-1])) / (n - 1)
    return _Spread(
        2 * square / (n * (n - 1)), 4 * product / n, 4 * slope / n, 4 * max(largest, slope) / n
    )
