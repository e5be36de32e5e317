"""Values that rise and fall."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.errors import ParameterError
from ravine.specs.rules import Maybe, Number, Rule, Whole, broken
from ravine.specs.schedules.base import (
    LENGTH,
    POSITIVE,
    UNIT,
    NumberOrSchedule,
    Schedule,
    Unit,
    need_length,
)

__all__ = ["CyclicCosine", "OneCycle", "Warmup"]


@dataclass(frozen=True, repr=False)
class CyclicCosine(Schedule):
    """Waves of a cosine from 0 to ``maximum`` and back, each twice as long as the one before.

    ``η(t) = maximum · (1 − cos(2π log₂(1 + (2^cycles − 1) t / length))) / 2`` for t < length, then
    0. Training refuses a run whose steps all fall on zeros of it, such as a run of one step.

    Parameters
    ----------
    maximum : float
        The largest value, at least 0, reached once per wave.
    cycles : int, default 4
        How many waves, from 1 to 30.
    length : float, optional
        Units of time that they take, greater than 0. None: the whole run.
    unit : {"epoch", "step"}, default "epoch"
        What t and length count.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted
    Trees on Tabular Data, NeurIPS, appendix A (there with four cycles).

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.CyclicCosine(0.1, cycles=2, length=3)
    >>> [round(schedule(t), 6) for t in (0, 2**0.5 - 1, 1, 2 * 2**0.5 - 1, 3)]
    [0.0, 0.1, 0.0, 0.1, 0.0]
    """

    maximum: float
    _: KW_ONLY
    cycles: int = 4
    length: float | None = None
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("maximum",)
    _rules: ClassVar[Mapping[str, Rule]] = {
        "maximum": POSITIVE,
        "cycles": Whole(at_least=1, at_most=30),
        "length": Maybe(LENGTH),
        "unit": UNIT,
    }

    def _value(self, t: float, slack: float) -> float:
        if t == 0:
            return 0.0
        length = need_length(self, self.length)
        if t >= length:
            return 0.0
        turns = math.log2(1.0 + (2.0**self.cycles - 1.0) * t / length)
        return self.maximum * (1.0 - math.cos(2.0 * math.pi * turns)) / 2.0

    def _highest(self) -> float:
        return self.maximum


@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    """A linear start from 0 up to another schedule, which begins after it.

    ``η(t) = then(0) · t / length`` for t < length, else ``then(t − length)``. The schedule that
    follows ignores the time before: a `ReduceOnPlateau` counts only epochs that begin after the
    warm-up. If ``then(0)`` is 0 (a `CyclicCosine`, another Warmup), the whole warm-up is 0.
    Training refuses a run that ends before the rate rises above 0, such as a run of one step.

    Parameters
    ----------
    length : float
        Units of time that the warm-up takes, greater than 0.
    then : float or Schedule
        What follows, with t counted from the end of the warm-up in the same unit. A schedule
        without a length takes the rest of the run (if nothing is left, the warm-up still rises to
        its first value).
    unit : {"epoch", "step"}, default "epoch"
        What t and length count.

    References
    ----------
    Goyal et al. (2017), arXiv:1706.02677, section 2.2 (gradual warm-up). Departure: it starts at 0.

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.Warmup(5, rv.StepDecay(0.1, factor=0.5, every=10))
    >>> schedule(0), schedule(2.5), schedule(5), schedule(15)
    (0.0, 0.05, 0.1, 0.05)
    """

    length: float
    then: float | Schedule
    _: KW_ONLY
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("then",)
    _rules: ClassVar[Mapping[str, Rule]] = {
        "length": LENGTH,
        "then": NumberOrSchedule(POSITIVE),
        "unit": UNIT,
    }

    def _check(self) -> None:
        unit = getattr(self.then, "unit", self.unit)
        if unit != self.unit:
            raise ParameterError(
                f"The 'then' parameter of Warmup must count in its own unit, '{self.unit}'. "
                f"{self.then!r} counts in '{unit}'."
            )

    def _value(self, t: float, slack: float) -> float:
        then = self.then
        if t >= self.length - slack:
            return (
                then._value(max(t - self.length, 0.0), slack)
                if isinstance(then, Schedule)
                else then
            )
        return (then(0.0) if isinstance(then, Schedule) else then) * t / self.length

    @property
    def plateau(self) -> Schedule | None:
        """The plateau in the schedule that follows."""
        return self.then.plateau if isinstance(self.then, Schedule) else None

    def _highest(self) -> float:
        return self.then._highest() if isinstance(self.then, Schedule) else self.then


@dataclass(frozen=True, repr=False)
class OneCycle(Schedule):
    """Up, then down: linear from ``initial`` to ``maximum``, then linear to ``final``.

    With ``p = peak · length``: ``η(t) = initial + (maximum − initial) · t / p`` for t < p, then
    ``maximum + (final − maximum) · (t − p) / (length − p)`` for t < length, then ``final``.

    Parameters
    ----------
    maximum : float
        The largest value, at least 0.
    initial : float, optional
        Value at t = 0, at most ``maximum``. None: maximum / 25.
    final : float, optional
        Value from t = length on, at most ``maximum``. None: initial / 10,000.
    peak : float, default 0.3
        Where the largest value is reached, as a fraction of the length, in (0, 1).
    length : float, optional
        Units of time that it takes, greater than 0. None: the whole run.
    unit : {"epoch", "step"}, default "epoch"
        What t and length count.

    References
    ----------
    Smith (2018), arXiv:1803.09820. Departure: one linear descent, where the paper adds a
    short separate last phase; the momentum is not changed.

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.OneCycle(0.1, initial=0.01, final=0.0, peak=0.5, length=10)
    >>> [round(schedule(t), 6) for t in (0, 2.5, 5, 7.5, 10)]
    [0.01, 0.055, 0.1, 0.05, 0.0]
    """

    maximum: float
    _: KW_ONLY
    initial: float | None = None
    final: float | None = None
    peak: float = 0.3
    length: float | None = None
    unit: Unit = "epoch"

    _values: ClassVar[tuple[str, ...]] = ("maximum", "initial", "final")
    _rules: ClassVar[Mapping[str, Rule]] = {
        "maximum": POSITIVE,
        "initial": Maybe(POSITIVE),
        "final": Maybe(POSITIVE),
        "peak": Number(above=0, below=1),
        "length": Maybe(LENGTH),
        "unit": UNIT,
    }

    def _check(self) -> None:
        for name in ("initial", "final"):
            value = getattr(self, name)
            if value is not None and value > self.maximum:
                rule = f"at most its maximum, {self.maximum:g}"
                raise broken("OneCycle", name, rule, value)

    def _value(self, t: float, slack: float) -> float:
        initial = self.maximum / 25.0 if self.initial is None else self.initial
        if t == 0:
            return initial
        length = need_length(self, self.length)
        final = initial / 1e4 if self.final is None else self.final
        top = self.peak * length
        if t < top:
            return initial + (self.maximum - initial) * t / top
        if t < length:
            return self.maximum + (final - self.maximum) * (t - top) / (length - top)
        return final

    def _highest(self) -> float:
        return self.maximum
