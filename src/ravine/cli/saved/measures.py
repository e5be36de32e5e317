"""How far predictions are from the true values: means over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ravine.specs.losses import CrossEntropy, Quantile
from ravine.specs.losses.links import LINKS

__all__ = ["of_classes", "of_numbers", "of_quantiles"]

Numbers = NDArray[np.float64]


def of_numbers(y: Numbers, found: Numbers) -> dict[str, float]:
    """Mean squared and mean absolute error.

    Examples
    --------
    >>> of_numbers(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    {'mse': 4.5, 'mae': 1.5}
    """
    with np.errstate(over="ignore"):  # check_scores refuses what is beyond the largest number
        squared = float(np.mean((y - found) ** 2))
    return {"mse": squared, "mae": float(np.mean(np.abs(y - found)))}


def of_quantiles(y: Numbers, found: Numbers, levels: Sequence[float]) -> dict[str, float]:
    """Mean pinball loss over rows and quantiles, and how many rows lie between the outer two.

    Examples
    --------
    >>> of_quantiles(np.array([1.0, 9.0]), np.array([[0.0, 2.0], [0.0, 2.0]]), (0.25, 0.75))
    {'pinball': 2.0, 'inside': 0.5}
    """
    curves = zip(levels, found.T, strict=True)
    losses = [Quantile(level).mean(curve[:, np.newaxis], y) for level, curve in curves]
    scores = {"pinball": float(np.mean(losses))}
    if len(levels) > 1:
        scores["inside"] = float(np.mean((found[:, 0] <= y) & (y <= found[:, -1])))
    return scores


def of_classes(
    labels: NDArray[np.generic], shares: Numbers, classes: NDArray[np.generic]
) -> dict[str, float]:
    """Log loss and accuracy.

    Examples
    --------
    >>> shares = np.array([[0.5, 0.5], [0.0, 1.0]])
    >>> found = of_classes(np.array(["a", "b"]), shares, np.array(["a", "b"]))
    >>> round(found["log_loss"], 6), found["accuracy"]
    (0.346574, 1.0)
    """
    places = np.searchsorted(classes, labels)
    inside = LINKS["softmax"].inside(shares, float(np.finfo(shares.dtype).eps))
    return {
        "log_loss": CrossEntropy().mean(inside, places),
        "accuracy": float(np.mean(shares.argmax(axis=1) == places)),
    }
