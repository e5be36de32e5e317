"""The interval of a noise scale, tr Σ / ‖G‖², from the gradients of a sample of rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ravine.ground.packages import needs

__all__ = ["noise_interval", "noise_moments"]

Array = NDArray[np.float64]


def noise_moments(squares: Array, products: Array) -> tuple[float, float]:
    """Estimate tr Σ and ‖G‖² without bias.

    ``tr Σ = (Σ a_i − ‖S‖²/n) / (n − 1)`` and ``‖G‖² = (‖S‖² − Σ a_i) / (n (n − 1))``, which is
    ``‖ḡ‖² − tr Σ / n``.

    Parameters
    ----------
    squares : ndarray, shape (n,)
        ``a_i = ‖g_i‖²``.
    products : ndarray, shape (n,)
        ``g_i · S`` with ``S = Σ g_j``.

    Returns
    -------
    trace, square : float
        Estimates of tr Σ and ‖G‖².

    Examples
    --------
    >>> noise_moments(np.array([1.0, 9.0]), np.array([4.0, 12.0]))  # the gradients 1 and 3
    (2.0, 3.0)
    """
    n = len(squares)
    whole, own = float(products.sum()), float(squares.sum())
    return max(own - whole / n, 0.0) / (n - 1), (whole - own) / (n * (n - 1))


def noise_interval(squares: Array, products: Array, level: float = 0.95) -> tuple[float, float]:
    """Give Fieller's interval of tr Σ / ‖G‖²: all θ with ``|t − θ q| ≤ z · se(t − θ q)``.

    t and q are the estimates of `noise_moments`; their covariance is the jackknife's.

    Parameters
    ----------
    squares, products : ndarray, shape (n,)
        As in `noise_moments`.
    level : float, default 0.95
        How often it is to cover.

    Returns
    -------
    low, high : float
        ``high`` is infinite where ‖G‖² cannot be told from 0.

    References
    ----------
    Fieller (1954), "Some problems in interval estimation"; Efron and Stein (1981) for the
    jackknife's variance of such statistics.

    Examples
    --------
    >>> noise_interval(np.ones(8), np.full(8, 8.0))  # eight gradients that are the same
    (0.0, 0.0)
    """
    needs("gradient_noise", "scipy")
    from scipy.stats import t as students

    n = len(squares)
    trace, square = noise_moments(squares, products)
    spread = _jackknife(squares, products) * students.ppf((1 + level) / 2, n - 1) ** 2
    # a θ² − 2 b θ + c ≤ 0
    (of_trace, of_both), (_, of_square) = spread.tolist()
    a, b, c = square**2 - of_square, trace * square - of_both, trace**2 - of_trace
    root = math.sqrt(max(b * b - a * c, 0.0))
    if a <= 0:  # ‖G‖² may be 0, and θ anything that is large enough
        low = max((b - root) / a, (b + root) / a) if a < 0 else 0.0
        return (max(low, 0.0) if c > 0 else 0.0), math.inf
    if square < 0:
        return math.inf, math.inf
    return max((b - root) / a, 0.0), (b + root) / a


def _jackknife(squares: Array, products: Array) -> Array:
    """Estimate the covariance of the two moments from those without each of the rows."""
    n = len(squares)
    whole, own = products.sum(), squares.sum()
    wholes, owns = whole - 2 * products + squares, own - squares
    traces = (owns - wholes / (n - 1)) / (n - 2)
    norms = (wholes - owns) / ((n - 1) * (n - 2))
    return (n - 1) ** 2 / n * np.cov(traces, norms)
