"""How much each variant counts: chosen by what its members predict for rows not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ravine.specs.losses import (
    AbsoluteError,
    CrossEntropy,
    Gamma,
    Huber,
    Loss,
    Poisson,
    Quantile,
)

__all__ = ["choose_weights", "mean_loss"]

Numbers = NDArray[np.float64]

_STEPS = 25
_TINY = 1e-12


def choose_weights(
    predictions: Sequence[Numbers], y: NDArray[np.float64], weights: Numbers, loss: Loss
) -> Numbers:
    """Weigh predictions so that their mean has a low loss: greedy selection with replacement.

    Twenty-five times, the prediction is taken, again or for the first time, with which the mean of
    all taken so far has the lowest loss; the weights are how often each was.

    Parameters
    ----------
    predictions : sequence of numpy.ndarray of shape (n, outputs)
        One for each variant: probabilities or numbers, all finite.
    y : numpy.ndarray of shape (n,) or (n, outputs)
        The targets: codes of classes, or numbers.
    weights : numpy.ndarray of shape (n,)
        How much each row counts.
    loss : Loss
        What is to be low.

    Returns
    -------
    numpy.ndarray of shape (variants,)
        Weights that add up to 1.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew & Ksikes (2004), Ensemble Selection from Libraries of Models,
    ICML.

    Examples
    --------
    >>> from ravine.losses import SquaredError
    >>> y = np.array([[1.0], [2.0], [3.0]])
    >>> choose_weights([y + 1, y - 3], y, np.ones(3), SquaredError())
    array([0.76, 0.24])
    """
    taken = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0])
    for step in range(1, _STEPS + 1):
        losses = [mean_loss(loss, (total + each) / step, y, weights) for each in predictions]
        best = int(np.argmin(losses))
        taken[best] += 1
        total += predictions[best]
    return taken / _STEPS


def mean_loss(loss: Loss, predictions: Numbers, y: NDArray[np.float64], weights: Numbers) -> float:
    """Give the mean loss of predictions, but for terms and factors that do not depend on them.

    Parameters
    ----------
    loss : Loss
        The loss; label smoothing does not count.
    predictions : numpy.ndarray of shape (n, outputs)
        Probabilities or numbers.
    y : numpy.ndarray of shape (n,) or (n, outputs)
        The targets.
    weights : numpy.ndarray of shape (n,)
        How much each row counts.

    Returns
    -------
    float
        The mean over rows, and over outputs.

    Examples
    --------
    >>> mean_loss(Quantile(0.9), np.array([[1.0], [1.0]]), np.array([[2.0], [0.0]]), np.ones(2))
    0.5
    """
    if isinstance(loss, CrossEntropy):
        own = predictions[np.arange(len(y)), y.astype(np.int64)]
        return float(np.average(-np.log(np.maximum(own, _TINY)), weights=weights))
    left = y.reshape(predictions.shape) - predictions
    if isinstance(loss, AbsoluteError):
        each = np.abs(left)
    elif isinstance(loss, Huber):
        far = np.abs(left) > loss.delta
        each = np.where(far, loss.delta * (np.abs(left) - loss.delta / 2), left**2 / 2)
    elif isinstance(loss, Quantile):
        each = np.maximum(loss.tau * left, (loss.tau - 1) * left)
    elif isinstance(loss, Poisson | Gamma):
        mean = np.maximum(predictions, _TINY)
        target = y.reshape(predictions.shape)
        gamma = isinstance(loss, Gamma)
        each = target / mean + np.log(mean) if gamma else mean - target * np.log(mean)
    else:
        each = left**2
    return float(np.average(each.mean(axis=1), weights=weights))
