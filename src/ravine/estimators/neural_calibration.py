"""Predictions that mean what they say: a temperature for probabilities, conformal intervals."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError

__all__ = ["Conformal", "fit_temperature", "tempered"]

Numbers = NDArray[np.float64]
_TINY = 1e-12


def tempered(probabilities: Numbers, temperature: float) -> Numbers:
    """Soften (temperature above 1) or sharpen (below 1) probabilities.

    ``p_k^(1/T) / Σ_j p_j^(1/T)``, which is the softmax of the logits divided by T.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, classes)
        Rows that add up to 1.
    temperature : float
        T, above 0.

    Returns
    -------
    numpy.ndarray of shape (n, classes)
        Rows that add up to 1.

    Examples
    --------
    >>> tempered(np.array([[0.8, 0.2]]), 0.5).round(3)
    array([[0.941, 0.059]])
    """
    if temperature == 1:
        return probabilities
    logits = np.log(np.maximum(probabilities, _TINY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(probabilities: Numbers, codes: NDArray[np.int64], weights: Numbers) -> float:
    """Find the temperature of the least log loss.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, classes)
        For rows that were not trained on.
    codes : numpy.ndarray of shape (n,)
        Their classes, from 0.
    weights : numpy.ndarray of shape (n,)
        How much each row counts.

    Returns
    -------
    float
        T, from 0.1 to 10.

    References
    ----------
    Guo et al. (2017), On Calibration of Modern Neural Networks, ICML, section 4.2.

    Examples
    --------
    >>> sure = np.array([[0.99, 0.01]] * 4)
    >>> round(fit_temperature(sure, np.array([0, 0, 0, 1]), np.ones(4)), 1)  # 3 of 4 are right
    4.2
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(codes))

    def log_loss(log_temperature: float) -> float:
        found = tempered(probabilities, float(np.exp(log_temperature)))[rows, codes]
        return float(np.average(-np.log(np.maximum(found, _TINY)), weights=weights))

    bounds = (np.log(0.1), np.log(10.0))
    return float(np.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded").x))


@dataclass(frozen=True, eq=False)
class Conformal:
    """What a prediction missed by on rows that were not trained on, and intervals from that.

    Rows are grouped by their prediction, so that intervals may be wider where predictions err
    more. In a group of n rows whose lower and upper ends ``l ≤ u`` were predicted, the interval of
    a new row is ``[l − q₁, u + q₂]``, with q₁ the ``⌈(n + 1)(1 − α/2)⌉``-th smallest of
    ``l_i − y_i`` and q₂ that of ``y_i − u_i``. For a single prediction l and u are the same.

    Parameters
    ----------
    centres : numpy.ndarray of shape (n,)
        ``(l + u) / 2`` of the rows, ascending.
    below, above : numpy.ndarray of shape (n,)
        ``l − y`` and ``y − u`` of the same rows.

    References
    ----------
    Romano, Patterson & Candès (2019), Conformalized Quantile Regression, NeurIPS, equation 8 in its
    two-sided form (theorem 2); Vovk, Gammerman & Shafer (2005), section 4.5 (groups). Departure:
    the rows are those that members of an ensemble had set aside, and a new row is predicted by the
    whole ensemble, which errs rather less: intervals are a little too wide, not too narrow.

    Examples
    --------
    >>> zeros = np.zeros(99)
    >>> residuals = np.arange(-49.0, 50.0)
    >>> Conformal.learn(zeros, zeros, residuals).interval(np.zeros(1), np.zeros(1), 0.9)
    array([[-45.,  45.]])
    """

    centres: Numbers
    below: Numbers
    above: Numbers

    @classmethod
    def learn(cls, lower: Numbers, upper: Numbers, y: Numbers) -> Conformal:
        """Learn from rows that were not trained on.

        Parameters
        ----------
        lower, upper : numpy.ndarray of shape (n,)
            Their predictions: the same twice, or two quantiles.
        y : numpy.ndarray of shape (n,)
            What was true.

        Returns
        -------
        Conformal
            What predictions missed by.
        """
        centres = (lower + upper) / 2
        order = np.argsort(centres, kind="stable")
        return cls(centres[order], (lower - y)[order], (y - upper)[order])

    def interval(self, lower: Numbers, upper: Numbers, coverage: float) -> Numbers:
        """Give intervals that hold the truth with a probability of at least ``coverage``.

        Parameters
        ----------
        lower, upper : numpy.ndarray of shape (n,)
            Predictions of new rows.
        coverage : float
            In (0, 1).

        Returns
        -------
        numpy.ndarray of shape (n, 2)
            Lower and upper ends.

        Raises
        ------
        ParameterError
            If there are too few rows to tell quantiles that far out.
        """
        tail = (1 - coverage) / 2
        fewest = int(np.ceil(1 / tail - 1e-9)) - 1
        n = len(self.centres)
        if n < fewest:
            raise ParameterError(
                f"A coverage of {coverage:g} needs at least {fewest} validation rows. There are "
                f"{n}.",
                hint="Ask for a lower coverage, or train on more rows.",
            )
        groups = int(np.clip(n // max(500, 2 * fewest), 1, 20))
        edges = np.linspace(0, n, groups + 1).astype(int)
        bounds = self.centres[edges[1:-1]]
        group = np.searchsorted(bounds, (lower + upper) / 2, side="right")
        missed = np.array(
            [
                [_quantile(side[start:end], 1 - tail) for side in (self.below, self.above)]
                for start, end in itertools.pairwise(edges)
            ]
        )[group]
        ends = np.column_stack([lower - missed[:, 0], upper + missed[:, 1]])
        return np.sort(ends, axis=1)


def _quantile(values: Numbers, level: float) -> float:
    """Find the ⌈(n + 1) level⌉-th smallest of n values."""
    place = int(np.ceil((len(values) + 1) * level - 1e-9))
    return float(np.partition(values, place - 1)[place - 1])
