"""Values that fall with time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.rules import Maybe, Number, Rule
from ravine.specs.schedules.base import LENGTH, POSITIVE, UNIT, Schedule, Unit, need_length

__all__ = ["CosineDecay", "ExponentialDecay", "InverseDecay", "StepDecay"]


@dataclass(frozen=True, repr=False)
class ExponentialDecay(Schedule):
    """Exponential decay: ``η(t) = initial · e^(−rate·t)``.

    Parameters
    ----------
    initial : float
        Value at t = 0, at least 0.
    rate : float
        Decay per unit of time, at least 0; after ``1/rate`` units the value is ``initial/e``.
    unit : {"epoch", "step"}, default "epoch"
        What t counts.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.ExponentialDecay(0.1, rate=0.5)(0)
    0.1
    >>> round(rv.ExponentialDecay(0.1, rate=0.5)(2), 6)
    0.036788
    """

    initial: float
    rate: float
    _: KW_ONLY
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("initial",)
    _rules: ClassVar[Mapping[str, Rule]] = {"initial": POSITIVE, "rate": POSITIVE, "unit": UNIT}

    def _value(self, t: float, slack: float) -> float:
        return self.initial * math.exp(-self.rate * t)

    def _highest(self) -> float:
        return self.initial


@dataclass(frozen=True, repr=False)
class InverseDecay(Schedule):
    """Decay by a power of time: ``η(t) = initial / (1 + rate·t)^power``.

    Parameters
    ----------
    initial : float
        Value at t = 0, at least 0.
    rate : float
        Decay per unit of time, at least 0.
    power : float, default 1.0
        Exponent, at least 0. A power in (½, 1] with ``unit="step"`` meets the conditions of
        Robbins & Monro: Σ η diverges, Σ η² does not.
    unit : {"epoch", "step"}, default "epoch"
        What t counts.

    References
    ----------
    Robbins & Monro (1951), Annals of Mathematical Statistics 22(3) 400-407.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.InverseDecay(0.1, rate=1.0)(4)
    0.02
    """

    initial: float
    rate: float
    _: KW_ONLY
    power: float = 1.0
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("initial",)
    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": POSITIVE,
        "rate": POSITIVE,
        "power": POSITIVE,
        "unit": UNIT,
    }

    def _value(self, t: float, slack: float) -> float:
        try:
            return self.initial / math.pow(1.0 + self.rate * t, self.power)
        except OverflowError:
            return 0.0

    def _highest(self) -> float:
        return self.initial


@dataclass(frozen=True, repr=False)
class StepDecay(Schedule):
    """A staircase: ``η(t) = initial · factor^⌊t/every⌋``.

    Parameters
    ----------
    initial : float
        Value of the first stair, at least 0.
    factor : float
        What each further stair is multiplied by, in (0, 1].
    every : float
        Length of a stair in units of time, greater than 0.
    unit : {"epoch", "step"}, default "epoch"
        What t counts.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.StepDecay(0.1, factor=0.5, every=10)(20)
    0.025
    """

    initial: float
    factor: float
    every: float
    _: KW_ONLY
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("initial",)
    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": POSITIVE,
        "factor": Number(above=0, at_most=1),
        "every": LENGTH,
        "unit": UNIT,
    }

    def _value(self, t: float, slack: float) -> float:
        stairs = (t + slack) / self.every
        return self.initial * math.pow(
            self.factor, math.floor(stairs) if stairs < 2**52 else stairs
        )

    def _highest(self) -> float:
        return self.initial


@dataclass(frozen=True, repr=False)
class CosineDecay(Schedule):
    """Half a cosine from ``initial`` to ``final``, then constant.

    ``η(t) = final + (initial − final) · (1 + cos(π t / length)) / 2`` for t < length, else
    ``final``.

    Parameters
    ----------
    initial : float
        Value at t = 0, at least 0.
    final : float, default 0.0
        Value from t = length on, at least 0; it may exceed ``initial`` (a momentum that grows).
    length : float, optional
        Units of time that it takes, greater than 0. None: the whole run.
    unit : {"epoch", "step"}, default "epoch"
        What t and length count.

    References
    ----------
    Loshchilov & Hutter (2017), SGDR, ICLR, equation 5. Departure: one period, no restarts.

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.CosineDecay(0.1, length=10)
    >>> schedule(0), round(schedule(5), 6), schedule(10)
    (0.1, 0.05, 0.0)
    """

    initial: float
    _: KW_ONLY
    final: float = 0.0
    length: float | None = None
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("initial", "final")
    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": POSITIVE,
        "final": POSITIVE,
        "length": Maybe(LENGTH),
        "unit": UNIT,
    }

    def _value(self, t: float, slack: float) -> float:
        if t == 0:
            return self.initial
        length = need_length(self, self.length)
        if t >= length:
            return self.final
        return (
            self.final + (self.initial - self.final) * (1.0 + math.cos(math.pi * t / length)) / 2.0
        )

    def _highest(self) -> float:
        return max(self.initial, self.final)
