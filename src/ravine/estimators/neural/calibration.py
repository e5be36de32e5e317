"""Calibrated predictions: a temperature for probabilities, conformal intervals."""

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
    """Find the temperature with the lowest log loss.

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
    """The errors of predictions on rows that were not trained on, and intervals from them.

    Row i has a mass ``m_i``, and a new row the mass 1: n rows that count equally have 1 each. With
    lower and upper ends ``l ≤ u`` predicted, the interval of a new row is ``[l − q₁, u + q₂]``: q₁
    is the smallest of the ``l_i − y_i`` that, with all below it, has a mass of at least
    ``(Σ m_i + 1)(1 − α/2)``, and q₂ that of ``y_i − u_i``. (With masses of 1 it is the
    ``⌈(n + 1)(1 − α/2)⌉``-th smallest.) For a single prediction l and u are the same. Rows are
    binned by their prediction, so that intervals may be wider where predictions err more.

    - Rows of weights ``w_i``: ``m_i = w_i Σ w / Σ w²``, so that they count like
      ``(Σ w)² / Σ w²`` equal rows, whose mean is as precise.
    - Rows of groups: every group has the mass 1, shared among its rows by their weights. A new
      row then belongs to a new group. Rows of one group have similar errors, so that residuals of
      K groups say no more about a tail than K independent ones, however many rows they have.

    Parameters
    ----------
    centres : numpy.ndarray of shape (n,)
        ``(l + u) / 2`` of the rows, ascending.
    below, above : numpy.ndarray of shape (n,)
        ``l − y`` and ``y − u`` of the same rows.
    masses : numpy.ndarray of shape (n,), optional
        Their masses; ``None``: 1 each.
    grouped : bool, default False
        Whether the masses are those of groups.

    References
    ----------
    Romano, Patterson & Candès (2019), Conformalized Quantile Regression, NeurIPS, equation 8 in its
    two-sided form (theorem 2); Vovk, Gammerman & Shafer (2005), section 4.5 (bins). Groups: Lee,
    Barber & Willett (2023), Distribution-free inference with hierarchical data, arXiv:2306.06342,
    section 3 (hierarchical conformal prediction); Dunn, Wasserman & Ramdas (2023),
    Distribution-Free Prediction Sets for Two-Layer Hierarchical Models, JASA 118(544). Departure:
    the rows are those that members of an ensemble had set aside, and a new row is predicted by the
    whole ensemble, whose errors are smaller: intervals tend to be a little too wide.

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
    masses: Numbers | None = None
    grouped: bool = False

    @classmethod
    def learn(
        cls,
        lower: Numbers,
        upper: Numbers,
        y: Numbers,
        weights: Numbers | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Conformal:
        """Learn from rows that were not trained on.

        Parameters
        ----------
        lower, upper : numpy.ndarray of shape (n,)
            Their predictions: the same twice, or two quantiles.
        y : numpy.ndarray of shape (n,)
            The true values.
        weights : numpy.ndarray of shape (n,), optional
            How much each row counts, above 0; ``None``: all equally.
        groups : numpy.ndarray of int64, shape (n,), optional
            A code, at least 0, for the group of each row.

        Returns
        -------
        Conformal
            The errors of the predictions.
        """
        centres = (lower + upper) / 2
        order = np.argsort(centres, kind="stable")
        masses = _masses(weights, groups)
        if masses is not None:
            masses = masses[order]
        missed = (lower - y)[order], (y - upper)[order]
        return cls(centres[order], *missed, masses, groups is not None)

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
            If there are too few rows, or groups, for quantiles that far out.
        """
        tail = (1 - coverage) / 2
        fewest = int(np.ceil(1 / tail - 1e-9)) - 1
        self._check_enough(coverage, fewest)
        edges = self._bins(fewest)
        bounds = self.centres[edges[1:-1]]
        place = np.searchsorted(bounds, (lower + upper) / 2, side="right")
        missed = np.array(
            [
                [self._quantile(side, start, end, 1 - tail) for side in (self.below, self.above)]
                for start, end in itertools.pairwise(edges)
            ]
        )[place]
        ends = np.column_stack([lower - missed[:, 0], upper + missed[:, 1]])
        return np.sort(ends, axis=1)

    @property
    def _reached(self) -> Numbers:
        """The mass of the first rows, of none to all."""
        masses = np.ones(len(self.centres)) if self.masses is None else self.masses
        return np.concatenate([[0.0], np.cumsum(masses)])

    def _check_enough(self, coverage: float, fewest: int) -> None:
        count = self._reached[-1]
        if count >= fewest - 1e-6:
            return
        if self.grouped:
            raise ParameterError(
                f"A coverage of {coverage:g} of rows of new groups needs validation rows of at "
                f"least {fewest} groups. There are {round(count)}.",
                hint="Ask for a lower coverage, or train on more groups; with validation_fraction="
                "0.2, five members set every group aside.",
            )
        unequal = "" if self.masses is None else f" that count like {np.floor(count):g} equal ones"
        raise ParameterError(
            f"A coverage of {coverage:g} needs at least {fewest} validation rows. There are "
            f"{len(self.centres)}{unequal}.",
            hint="Ask for a lower coverage, or train on more rows.",
        )

    def _bins(self, fewest: int) -> NDArray[np.int64]:
        """Give the edges of the bins of rows: of about equal mass, and each of enough."""
        reached = self._reached
        most = int(np.clip(reached[-1] // max(500, 2 * fewest), 1, 20))
        if self.masses is None:
            return np.linspace(0, len(self.centres), most + 1).astype(np.int64)
        for bins in range(most, 0, -1):
            edges = np.searchsorted(reached, np.linspace(0, reached[-1], bins + 1))
            edges[-1] = len(self.centres)
            if (np.diff(reached[edges]) >= fewest).all():
                break
        return edges

    def _quantile(self, side: Numbers, start: int, end: int, level: float) -> float:
        """Find the value that, with all below it, has the mass (Σ m + 1) level."""
        values = side[start:end]
        if self.masses is None:
            place = int(np.ceil((len(values) + 1) * level - 1e-9))
            return float(np.partition(values, place - 1)[place - 1])
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(self.masses[start:end][order])
        place = int(np.searchsorted(reached, (reached[-1] + 1) * level - 1e-9 * reached[-1]))
        return float(values[order[min(place, len(values) - 1)]])


def _masses(weights: Numbers | None, groups: NDArray[np.int64] | None) -> Numbers | None:
    if groups is not None:
        counted = np.ones(len(groups)) if weights is None else weights
        return np.asarray(counted / np.bincount(groups, weights=counted)[groups])
    return None if weights is None else weights * (weights.sum() / np.square(weights).sum())
