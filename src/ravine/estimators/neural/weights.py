"""How much each variant counts: chosen by what its members predict for rows not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ravine.specs.losses import Loss
from ravine.specs.losses.links import LINKS

__all__ = ["choose_weights"]

Numbers = NDArray[np.float64]

_STEPS = 25
#: How close to 0 (or 1) a probability or a positive prediction counts at most.
_MARGIN = 1e-12


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
    link = LINKS[loss.link]
    taken = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0])
    for step in range(1, _STEPS + 1):
        means = [link.inside((total + each) / step, _MARGIN) for each in predictions]
        losses = [loss.mean(mean, y, weights) for mean in means]
        best = int(np.argmin(losses))
        taken[best] += 1
        total += predictions[best]
    return taken / _STEPS
