"""The parts of an error, without bias, and their standard errors. It knows arrays only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARTS", "Estimate", "Reference", "decompose"]

PARTS = ("bias2", "variance", "noise", "mse")
"""Names of the parts, and of their sum."""

_NUMBERS_AT_ONCE = 2**20

Array = NDArray[np.float64]
Estimate = tuple[float, float]


@dataclass(frozen=True)
class Reference:
    """What the predictions for T test rows are compared with.

    Parameters
    ----------
    centre : ndarray, shape (T, K)
        The truth, or measured targets.
    noise : ndarray, shape (T,), optional
        How far targets scatter about the truth, squared, over all outputs; None if nobody knows.
    measured : bool
        Whether the centre is measured targets: these scatter, and their rows are a sample of rows.
    fresh : ndarray, shape (M, T, K), or None
        New targets for each of M models; None: the centre's.
    weight : float
        What squares are multiplied with before they are added up over outputs.

    Examples
    --------
    >>> Reference(np.zeros((5, 1)), None, measured=True).weight
    1.0
    """

    centre: Array
    noise: Array | None
    measured: bool
    fresh: NDArray[Any] | None = None
    weight: float = 1.0


def decompose(predictions: NDArray[Any], reference: Reference) -> dict[str, Estimate]:
    """Take the mean squared error of M models on T test rows apart.

    With the models' mean ``m_t``, their variance ``s²_t`` (divisor M − 1) and the reference's
    centre ``c_t``: ``variance = mean s²_t``, ``bias2 = mean[(m_t − c_t)² − s²_t / M]``, as the mean
    of M models itself scatters. Where the centre is measured targets this holds their noise as
    well, and the noise is subtracted if it is known. ``mse`` is the mean of ``(f̂_mt − y_mt)²``.

    Standard errors are those of the delete-one jackknife over models; where test rows are a
    sample, too, the jackknife over test rows is added, as squares.

    Parameters
    ----------
    predictions : ndarray, shape (M, T, K)
        Of each model for each test row; at least 3 models.
    reference : Reference
        What they are compared with.

    Returns
    -------
    dict of str to (float, float)
        Estimate and standard error of ``bias2``, ``variance``, ``noise`` and ``mse``; the noise is
        NaN where it is not known.

    Examples
    --------
    >>> predictions = np.array([[[0.0]], [[1.0]], [[2.0]]])
    >>> truth = Reference(np.array([[3.0]]), np.array([0.0]), measured=False)
    >>> {name: round(value, 3) for name, (value, _) in decompose(predictions, truth).items()}
    {'bias2': 3.667, 'variance': 1.0, 'noise': 0.0, 'mse': 4.667}
    """
    models, rows = predictions.shape[:2]
    spread, error, scored = np.zeros(models), np.zeros(models), np.zeros(models)
    variance, mean_error = np.empty(rows), np.empty(rows)
    for part in _pieces(predictions.shape):
        found, centre = predictions[:, part].astype(np.float64), reference.centre[part]
        fresh = centre if reference.fresh is None else reference.fresh[:, part]
        deviations = _squares(found - found.mean(axis=0), reference.weight)
        errors = _squares(found - centre, reference.weight)
        variance[part] = deviations.sum(axis=0) / (models - 1)
        mean_error[part] = errors.mean(axis=0)
        spread += deviations.sum(axis=1) / rows
        error += errors.sum(axis=1) / rows
        scored += _squares(found - fresh, reference.weight).sum(axis=1) / rows

    known = np.full(rows, np.nan) if reference.noise is None else reference.noise
    mixed_in = known if reference.measured and reference.noise is not None else np.zeros(rows)
    per_row = {
        "bias2": mean_error - variance - mixed_in,
        "variance": variance,
        "mse": mean_error,
    }
    without_one = _without_one_model(spread, error, scored)
    estimates = {}
    for name, values in per_row.items():
        squared = _jackknife(without_one[name])
        if reference.measured:
            squared += values.var(ddof=1) / rows  # the jackknife of a mean
        estimates[name] = (float(values.mean()), float(np.sqrt(squared)))
    estimates["mse"] = (float(scored.mean()), estimates["mse"][1])
    estimates["noise"] = (float(known.mean()), 0.0 if reference.noise is not None else np.nan)
    return {name: estimates[name] for name in PARTS}


def _squares(differences: NDArray[Any], weight: float) -> Array:
    """Add squares up over the outputs."""
    return np.asarray(weight * np.einsum("mtk,mtk->mt", differences, differences))


def _without_one_model(spread: Array, error: Array, scored: Array) -> dict[str, Array]:
    """Give each estimate with each model left out, up to a constant.

    `spread`, `error` and `scored` are, for each model, the mean squared distances of its
    predictions from the models' mean, from the centre and from the targets. Without model m, the
    sum of squares about the mean is smaller by ``M / (M − 1)`` times that model's own.
    """
    models = len(spread)
    variance = (spread.sum() - models / (models - 1) * spread) / (models - 2)
    mean_error = (error.sum() - error) / (models - 1)
    return {
        "bias2": mean_error - variance,
        "variance": variance,
        "mse": (scored.sum() - scored) / (models - 1),
    }


def _jackknife(without_one: Array) -> float:
    """Give the delete-one jackknife's estimate of a variance."""
    n = len(without_one)
    return float((n - 1) / n * np.square(without_one - without_one.mean()).sum())


def _pieces(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut the test rows into pieces that need little memory."""
    models, rows, outputs = shape
    size = max(1, _NUMBERS_AT_ONCE // (models * outputs))
    for first in range(0, rows, size):
        yield slice(first, first + size)
