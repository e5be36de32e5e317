"""Gradient descent: one learning rate for all parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.optimizers.base import DECAY, Optimizer
from ravine.specs.rules import Flag, Rule, broken
from ravine.specs.schedules import MOMENTUM, RATE, Schedule

__all__ = ["SGD"]


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead.

    Plain: ``w ← w − η g``. With momentum β: ``v ← β v + η g``; ``w ← w − v``. With ``nesterov``:
    ``v ← β v + η g``; ``w ← w − (β v + η g)``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.01
        η, at least 0.
    momentum : float or Schedule, default 0.0
        β, in [0, 1).
    nesterov : bool, default False
        Whether to look ahead; needs momentum.
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0: ``w ← w − η λ w`` before the step.

    References
    ----------
    Robbins & Monro (1951); Polyak (1964); Nesterov (1983); Sutskever et al. (2013); Hinton (2012).
    The rate is inside the velocity; PyTorch multiplies by it afterwards, which differs when the
    rate changes.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.SGD(0.1, momentum=0.9, nesterov=True)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
    """

    learning_rate: float | Schedule = 0.01
    _: KW_ONLY
    momentum: float | Schedule = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    has_one_rate: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "momentum": MOMENTUM,
        "nesterov": Flag(),
        "weight_decay": DECAY,
    }

    def _check(self) -> None:
        if self.nesterov and self.momentum == 0.0:
            rule = "greater than 0 when nesterov is True"
            raise broken("SGD", "momentum", rule, self.momentum)
