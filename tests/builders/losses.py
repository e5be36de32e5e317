"""One table of losses: what the tests of every loss need to know of each.

A loss that is registered and does not stand here fails `test_every_loss_has_a_row`. From this table
follow: its description (fields, dictionary, random values), what it says of itself, its mean, its
baseline, and its slope against central differences.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ravine import losses
from ravine.losses import Loss


@dataclass(frozen=True)
class Case:
    """A loss, its formula, the loss in a unit 1 / c as large, and a target out of its domain."""

    loss: Loss
    formula: Callable[[np.ndarray, np.ndarray], np.ndarray]  # of y and p, a number per output
    rescaled: Callable[[float], Loss] | None = None
    bad: float | None = None
    worked: tuple[float, float, float] | None = None  # y, p and the loss, by hand


def pinball(y, p, tau):
    return np.where(y > p, tau * (y - p), (1 - tau) * (p - y))


def smoothed(y, p, s):
    q = (1 - s) * y + s / y.shape[1]
    return -(q * np.log(p)) * y.shape[1]  # which the mean over the outputs divides by


CASES = [
    Case(losses.SquaredError(), lambda y, p: (p - y) ** 2, worked=(1, 3, 4)),
    Case(losses.AbsoluteError(), lambda y, p: np.abs(p - y), worked=(1, 3, 2)),
    Case(
        losses.Huber(0.7),
        lambda y, p: np.where(np.abs(p - y) > 0.7, 0.7 * np.abs(p - y) - 0.245, (p - y) ** 2 / 2),
        lambda c: losses.Huber(0.7 * c),
        worked=(1, 3, 1.155),  # 0.7 · (2 − 0.35)
    ),
    Case(losses.Quantile(0.8), lambda y, p: pinball(y, p, 0.8), worked=(1, 3, 0.4)),
    Case(losses.Poisson(), lambda y, p: p - y * np.log(p), bad=-1.0, worked=(3, 1, 1)),
    Case(losses.Gamma(), lambda y, p: y / p + np.log(p), bad=0.0, worked=(3, 1, 3)),
    Case(
        losses.BinaryCrossEntropy(),
        lambda y, p: -y * np.log(p) - (1 - y) * np.log(1 - p),
        bad=0.5,
        worked=(0, 0.75, math.log(4)),
    ),
    Case(losses.CrossEntropy(), lambda y, p: smoothed(y, p, 0.0), bad=1.5),
    Case(losses.CrossEntropy(0.2), lambda y, p: smoothed(y, p, 0.2), bad=-1.0),
]


#: Each kind with every field away from its default: the last of its rows.
EXAMPLES: list[Loss] = list({type(case.loss): case.loss for case in CASES}.values())


def targets(loss, n=60, outputs=3, seed=1):
    """Make targets as a matrix: for classes, a row holds a 1 for the class."""
    rng = np.random.default_rng(seed)
    if loss.targets == "classes":
        return np.eye(outputs)[rng.integers(0, outputs, n)]
    numbers = rng.normal(1, 2, (n, outputs))
    return {
        "real": numbers,
        "non_negative": np.round(np.abs(numbers)),
        "positive": np.abs(numbers) + 0.1,
        "binary": (numbers > 0).astype(float),
    }[loss.targets]


def as_given(loss, y):
    """Give what a user would: codes for a matrix of classes."""
    return y.argmax(axis=1) if loss.targets == "classes" else y
