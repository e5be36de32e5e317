"""Losses: the error of one row's prediction, averaged over rows and outputs.

``z`` is what the last layer gives, ``y`` the target, ``r = z − y``. With sample weights ``s`` the
loss is ``Σ s_i L_i / Σ s_i``; several outputs are averaged. Terms in y alone are dropped where
that is said. Each loss has a name that can stand for it: ``Network(layers, loss="huber")``.
"""

from __future__ import annotations

from ravine.specs.losses import classes, numbers
from ravine.specs.losses.base import *
from ravine.specs.losses.classes import *
from ravine.specs.losses.numbers import *
from ravine.specs.spec import Family, kinds_in

__all__ = ["Loss"]
__all__ += numbers.__all__
__all__ += classes.__all__

LOSSES: Family[Loss] = Family(
    "a loss",
    Loss,
    kinds_in(Loss, numbers, classes),
    named=True,
    extensible=("value", "slope"),
)

#: The names of the losses of numbers, and of those of labels.
OF_NUMBERS = tuple(name for name, loss in LOSSES.shorthands.items() if not loss.classifies)
OF_LABELS = tuple(name for name, loss in LOSSES.shorthands.items() if loss.classifies)
