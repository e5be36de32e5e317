"""Constants that minimise a weighted mean loss: mean, quantile, Huber's M-estimate of location."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["huber_location", "mean", "quantile"]

Numbers: TypeAlias = "NDArray[np.float64]"


def mean(y: Numbers, weights: Numbers) -> Numbers:
    """Give the weighted mean of each column.

    Examples
    --------
    >>> import numpy as np
    >>> mean(np.array([[1.0], [4.0]]), np.array([2.0, 1.0]))
    array([2.])
    """
    found: Numbers = weights @ y / weights.sum()
    return found


def quantile(y: Numbers, weights: Numbers, tau: float) -> Numbers:
    """Give the weighted τ-quantile of each column: a minimiser of the mean pinball loss.

    If all numbers between two targets are minimisers, it is the middle of them, so that the
    0.5-quantile is the usual median.

    Examples
    --------
    >>> import numpy as np
    >>> quantile(np.array([[1.0], [2.0], [9.0], [4.0]]), np.ones(4), 0.5)
    array([3.])
    """
    import numpy as np

    y, weights = y[weights > 0], weights[weights > 0]
    order = np.argsort(y, axis=0, kind="stable")
    ordered = np.take_along_axis(y, order, axis=0)
    below = np.cumsum(weights[order], axis=0)
    wanted = tau * below[-1]
    rounding = 1e-12 * below[-1]
    low = np.argmax(below >= wanted - rounding, axis=0)
    high = np.argmax(below > wanted + rounding, axis=0)
    columns = np.arange(y.shape[1])
    found: Numbers = ordered[low, columns] / 2 + ordered[high, columns] / 2
    return found


def huber_location(y: Numbers, weights: Numbers, delta: float) -> Numbers:
    """Give the root c of ``Σ_i s_i max(−δ, min(δ, c − y_i))`` for each column, by bisection.

    If all numbers between two targets are roots, it is the middle of them.

    Examples
    --------
    >>> import numpy as np
    >>> huber_location(np.array([[0.0], [0.0], [9.0]]), np.ones(3), delta=1.0)
    array([0.5])
    """
    import numpy as np

    close = np.finfo(np.float64).eps * np.abs(y).max(axis=0)

    def end(lies_below: Callable[[Numbers, float], NDArray[np.bool_]]) -> Numbers:
        low, high = y.min(axis=0), y.max(axis=0)
        while (high / 2 - low / 2 > close).any():
            middle = low / 2 + high / 2
            with np.errstate(over="ignore"):  # δ replaces an infinite difference
                slope = weights @ np.clip(middle - y, -delta, delta)
            below = lies_below(slope, 0.0)
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        closest: Numbers = low / 2 + high / 2
        return closest

    found: Numbers = end(np.less) / 2 + end(np.less_equal) / 2
    return found
