"""Intervals for quantities whose estimates vary more, the larger they are."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["COVERAGE", "Estimate", "Scatter"]

COVERAGE = 0.95
"""The coverage of intervals."""


class Estimate(NamedTuple):
    """An estimate, its standard error, and the ends of its 95 % interval.

    Examples
    --------
    >>> Estimate(1.0, 0.1, 0.8, 1.2).se
    0.1
    """

    value: float
    se: float
    low: float
    high: float

    def shifted(self, by: float) -> Estimate:
        """Give the estimate of something that is larger by an exact number."""
        return Estimate(self.value + by, self.se, self.low + by, self.high + by)


class Scatter(NamedTuple):
    """How the variance of an estimate depends on the truth θ: ``constant + linear θ⁺ + square θ²``.

    Parameters
    ----------
    constant : float
        The variance at θ = 0. Below 0 the line is meant that it comes to further up.
    linear, square : float
        How it grows, at least 0.

    Examples
    --------
    With a constant variance it is the usual interval; with one in proportion to θ², as of a
    variance, it extends further up than down.

    >>> [round(end, 2) for end in Scatter(0.01, 0.0, 0.0).estimate(1.0, 1000)[2:]]
    [0.8, 1.2]
    >>> [round(end, 2) for end in Scatter(0.0, 0.0, 0.01).estimate(1.0, 1000)[2:]]
    [0.84, 1.24]
    """

    constant: float
    linear: float
    square: float

    def estimate(self, value: float, df: float) -> Estimate:
        """Give the interval of all θ that the estimate does not contradict.

        These are the θ with ``(value − θ)² ≤ t² (constant + linear θ⁺ + square θ²)``, with t the
        quantile of Student's distribution.

        Parameters
        ----------
        value : float
            The estimate.
        df : float
            Degrees of freedom, at least 1.

        Returns
        -------
        Estimate
            With the standard error at the estimate itself.
        """
        from scipy.stats import t as student

        if not math.isfinite(value):
            return Estimate(value, math.nan, math.nan, math.nan)
        quantile = float(student.ppf((1 + COVERAGE) / 2, df))
        above = max(value, 0.0)
        variance = self.constant + self.linear * above + self.square * value**2
        straight = quantile * math.sqrt(max(self.constant, 0.0))
        low, high = self._roots(value, quantile**2)
        return Estimate(
            value,
            math.sqrt(max(variance, 0.0)),
            low if low > 0 else value - straight,
            high if high > 0 else value + straight,
        )

    def _roots(self, value: float, t2: float) -> tuple[float, float]:
        """Solve for θ > 0; a root that is not there is given as −1."""
        a = 1 - t2 * self.square
        b = 2 * value + t2 * self.linear
        c = value**2 - t2 * self.constant
        if a <= 0:  # so few rows or models that no θ is too large
            return (c / b if b > 0 else -1.0), math.inf
        inside = b * b - 4 * a * c
        if inside < 0:
            return -1.0, -1.0
        return (b - math.sqrt(inside)) / (2 * a), (b + math.sqrt(inside)) / (2 * a)
