"""Losses: the error of one row's prediction, averaged over rows and outputs.

``z`` is what the last layer gives, ``y`` the target, ``r = z − y``. With sample weights ``s`` the
loss is ``Σ s_i L_i / Σ s_i``; several outputs are averaged. Terms in y alone are dropped where
that is said. Each loss has a name that can stand for it: ``Network(layers, loss="huber")``.
"""

from __future__ import annotations

from ravine.specs.losses.base import Loss
from ravine.specs.losses.classes import BinaryCrossEntropy, CrossEntropy
from ravine.specs.losses.numbers import (
    AbsoluteError,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)
from ravine.specs.spec import Family

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Gamma",
    "Huber",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
]

LOSSES: Family[Loss] = Family(
    "a loss",
    Loss,
    (
        SquaredError,
        AbsoluteError,
        Huber,
        Quantile,
        Poisson,
        Gamma,
        BinaryCrossEntropy,
        CrossEntropy,
    ),
    {
        "squared_error": SquaredError(),
        "absolute_error": AbsoluteError(),
        "huber": Huber(),
        "quantile": Quantile(),
        "poisson": Poisson(),
        "gamma": Gamma(),
        "binary_cross_entropy": BinaryCrossEntropy(),
        "cross_entropy": CrossEntropy(),
    },
)

#: The names of the losses of numbers, and of those of labels.
OF_NUMBERS = tuple(name for name, loss in LOSSES.shorthands.items() if not loss.classifies)
OF_LABELS = tuple(name for name, loss in LOSSES.shorthands.items() if loss.classifies)
