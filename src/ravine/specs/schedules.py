"""Schedules: a learning rate or a momentum as a function of time.

``t`` is 0 at the first step. With ``unit="epoch"`` it is the epoch's index plus the fraction of
the epoch that is done, with ``unit="step"`` the number of steps done. Wherever a schedule is
taken, a plain number works too and stays constant. A boundary, such as the end of a stair, is
reached at the step that it falls on, whatever rounding makes of ``3 * 0.1``.

A schedule whose ``length`` is None lasts as long as the run. A run that is to go on from its
checkpoint with more epochs needs a length from the start: another one would have given other
values from the first step on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from ravine.errors import ParameterError
from ravine.specs.rules import Choice, Function, Maybe, Number, Rule, Whole, broken
from ravine.specs.spec import Family, Member, Spec

__all__ = [
    "CosineDecay",
    "CyclicCosine",
    "ExponentialDecay",
    "FunctionOfTime",
    "InverseDecay",
    "OneCycle",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "Warmup",
]

#: What `ReduceOnPlateau` and early stopping can watch.
MONITORS = ("loss", "val_loss", "val_accuracy", "val_r2", "val_rmse")

Monitor = Literal["loss", "val_loss", "val_accuracy", "val_r2", "val_rmse"]
Unit = Literal["epoch", "step"]

#: How much of the time that has passed may be its rounding: three times a tenth is three tenths.
_SLACK = 1e-12

_UNIT = Choice(("epoch", "step"))
_RATE = Number(at_least=0)
_LENGTH = Number(above=0)


class Schedule(Spec):
    """The base of every schedule; call one to see its value at a time.

    A custom schedule is a subclass with the method `value`, and ``unit = "step"`` where its t
    counts steps; or a plain function of t in epochs, which becomes a `FunctionOfTime`. It is called
    at every step, possibly more than once and from any thread, and must depend on t alone. A file
    keeps only its name.

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.StepDecay(0.1, factor=0.5, every=10)
    >>> [schedule(t) for t in (0, 9.5, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """

    def __call__(self, t: float) -> float:
        """Give the value at time ``t``.

        Parameters
        ----------
        t : float
            Time since the first step, at least 0, in the schedule's own unit.

        Returns
        -------
        float
            The value.

        Raises
        ------
        ParameterError
            If ``t`` is negative or not a number, or if the schedule's length is that of a run
            (``length=None``), which only training knows.
        """
        t = Number(at_least=0)(type(self).__name__, "t", t)
        return self._value(t, _SLACK * t)

    def value(self, t: float) -> float:
        """Compute the value at time ``t``: what a custom schedule defines.

        Parameters
        ----------
        t : float
            Time since the first step in the schedule's unit.

        Returns
        -------
        float
            The value.
        """
        return self._value(t, _SLACK * t)

    def _value(self, t: float, slack: float) -> float:
        """Give the value at t; a boundary within the slack after t has been reached."""
        return float(self.value(t))

    def _highest(self) -> float:
        """Give a bound that no value exceeds; 0 where it is not known before."""
        return 0.0


@dataclass(frozen=True)
class NumberOrSchedule:
    """The rule of a field that may vary with time: a number in a range, or a schedule in it."""

    number: Number
    of_time_alone: bool = False

    def __call__(self, owner: str, name: str, value: Any) -> float | Schedule:
        if callable(value) and not isinstance(value, Schedule | type):
            value = FunctionOfTime(value)
        if not isinstance(value, Schedule | Mapping):
            return self.number(owner, name, value)
        schedule: Schedule = Member(Schedule)(owner, name, value)
        if self.of_time_alone and _watches_the_loss(schedule):
            raise broken(owner, name, "a number or a schedule of time alone", schedule)
        if self.number.contains(schedule._highest()):
            return schedule
        raise ParameterError(
            f"The '{name}' parameter of {owner} must stay {self.number.range}. "
            f"{schedule!r} reaches {schedule._highest():g}."
        )


@dataclass(frozen=True, repr=False)
class FunctionOfTime(Schedule):
    """A custom function of t; a plain function in a schedule's place becomes this one.

    Parameters
    ----------
    function : callable
        Given t, returns the value.
    unit : {"epoch", "step"}, default "epoch"
        What t counts.

    Examples
    --------
    >>> import ravine as rv
    >>> def harmonic(t):
    ...     return 0.1 / (1 + t)
    >>> rv.SGD(harmonic)
    SGD(learning_rate=FunctionOfTime(harmonic))
    >>> rv.SGD(harmonic).learning_rate(3)
    0.025
    """

    function: Callable[[float], float]
    _: KW_ONLY
    unit: Unit = "epoch"

    _rules: ClassVar[Mapping[str, Rule]] = {"function": Function(), "unit": _UNIT}

    def value(self, t: float) -> float:
        """Call the function."""
        return self.function(t)


def plateau_of(schedule: object) -> ReduceOnPlateau | None:
    """Find what depends on how training goes: a plateau, perhaps behind warm-ups.

    Parameters
    ----------
    schedule : object
        A learning rate.

    Returns
    -------
    ReduceOnPlateau or None
        The plateau, if there is one.

    Examples
    --------
    >>> plateau_of(Warmup(5, ReduceOnPlateau(0.1)))
    ReduceOnPlateau(0.1)
    """
    while isinstance(schedule, Warmup):
        schedule = schedule.then
    return schedule if isinstance(schedule, ReduceOnPlateau) else None


def _watches_the_loss(schedule: object) -> bool:
    """Tell whether a schedule depends on how training goes."""
    return plateau_of(schedule) is not None


def _need_length(schedule: Schedule, length: float | None) -> float:
    if length is None:
        kind = type(schedule).__name__
        raise ParameterError(
            f"{kind} without a length lasts as long as the run, which only training knows. "
            f"Give {kind} its 'length' to see its values."
        )
    return length


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

    _rules: ClassVar[Mapping[str, Rule]] = {"initial": _RATE, "rate": _RATE, "unit": _UNIT}

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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": _RATE,
        "rate": _RATE,
        "power": _RATE,
        "unit": _UNIT,
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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": _RATE,
        "factor": Number(above=0, at_most=1),
        "every": _LENGTH,
        "unit": _UNIT,
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
    """Half a cosine from ``initial`` to ``final``, which it keeps afterwards.

    ``η(t) = final + (initial − final) · (1 + cos(π t / length)) / 2`` for t < length, else
    ``final``.

    Parameters
    ----------
    initial : float
        Value at t = 0, at least 0.
    final : float, default 0.0
        Value from t = length on, at least 0; it may lie above ``initial`` (a momentum that grows).
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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": _RATE,
        "final": _RATE,
        "length": Maybe(_LENGTH),
        "unit": _UNIT,
    }

    def _value(self, t: float, slack: float) -> float:
        if t == 0:
            return self.initial
        length = _need_length(self, self.length)
        if t >= length:
            return self.final
        return (
            self.final + (self.initial - self.final) * (1.0 + math.cos(math.pi * t / length)) / 2.0
        )

    def _highest(self) -> float:
        return max(self.initial, self.final)


@dataclass(frozen=True, repr=False)
class CyclicCosine(Schedule):
    """Waves of a cosine from 0 to ``maximum`` and back, each twice as long as the one before.

    ``η(t) = maximum · (1 − cos(2π log₂(1 + (2^cycles − 1) t / length))) / 2`` for t < length, then
    0. Training refuses a run whose steps all fall on zeros of it, such as a run of one step.

    Parameters
    ----------
    maximum : float
        The largest value, at least 0, reached once a wave.
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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "maximum": _RATE,
        "cycles": Whole(at_least=1, at_most=30),
        "length": Maybe(_LENGTH),
        "unit": _UNIT,
    }

    def _value(self, t: float, slack: float) -> float:
        if t == 0:
            return 0.0
        length = _need_length(self, self.length)
        if t >= length:
            return 0.0
        turns = math.log2(1.0 + (2.0**self.cycles - 1.0) * t / length)
        return self.maximum * (1.0 - math.cos(2.0 * math.pi * turns)) / 2.0

    def _highest(self) -> float:
        return self.maximum


@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    """A linear start from 0 up to another schedule, which begins after it.

    ``η(t) = then(0) · t / length`` for t < length, else ``then(t − length)``. What follows knows
    nothing of the time before: a `ReduceOnPlateau` counts only epochs that begin after the start.
    Where ``then(0)`` is 0 (a `CyclicCosine`, another Warmup), so is all of the start. Training
    refuses a run that ends before the rate rises above 0, such as a run of one step.

    Parameters
    ----------
    length : float
        Units of time that the start takes, greater than 0.
    then : float or Schedule
        What follows, its t counted from the end of the start and in the same unit. A schedule
        without a length takes the rest of the run (if there is none, its first value is what the
        start goes up to).
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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "length": _LENGTH,
        "then": NumberOrSchedule(_RATE),
        "unit": _UNIT,
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
    Smith (2018), arXiv:1803.09820. Departure: one linear way down, where the paper adds a short
    last phase of its own; the momentum is left alone.

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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "maximum": _RATE,
        "initial": Maybe(_RATE),
        "final": Maybe(_RATE),
        "peak": Number(above=0, below=1),
        "length": Maybe(_LENGTH),
        "unit": _UNIT,
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
        length = _need_length(self, self.length)
        final = initial / 1e4 if self.final is None else self.final
        top = self.peak * length
        if t < top:
            return initial + (self.maximum - initial) * t / top
        if t < length:
            return self.maximum + (final - self.maximum) * (t - top) / (length - top)
        return final

    def _highest(self) -> float:
        return self.maximum


@dataclass(frozen=True, repr=False)
class ReduceOnPlateau(Schedule):
    """A constant that is multiplied by ``factor`` whenever the monitored value stalls.

    After ``patience`` epochs in a row whose value is not better than the best so far by more than
    ``min_delta`` (accuracy and R² are better when larger), ``η ← max(η · factor, minimum)`` and the
    count starts anew. An epoch whose value is infinite or NaN is not better; a run in which all are
    has diverged. Behind a `Warmup`, epochs that begin during the start are not counted.

    Parameters
    ----------
    initial : float
        Value at first, at least 0.
    factor : float, default 0.1
        What it is multiplied by, in (0, 1).
    patience : int, default 10
        Epochs without improvement that are waited for, at least 1.
    min_delta : float, default 0.0
        Smallest change that counts as an improvement, at least 0, in units of the monitored value.
    minimum : float, default 0.0
        Where it stops, between 0 and ``initial``.
    monitor : {"loss", "val_loss", "val_accuracy", "val_r2", "val_rmse"}, optional
        What is watched. None: the validation loss if there is validation, else the training loss.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.ReduceOnPlateau(0.1, patience=5)(0)
    0.1
    """

    initial: float
    _: KW_ONLY
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 0.0
    minimum: float = 0.0
    monitor: Monitor | None = None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": _RATE,
        "factor": Number(above=0, below=1),
        "patience": Whole(at_least=1),
        "min_delta": Number(at_least=0),
        "minimum": _RATE,
        "monitor": Maybe(Choice(MONITORS)),
    }

    def _check(self) -> None:
        if self.minimum > self.initial:
            rule = f"at most its initial value, {self.initial:g}"
            raise broken("ReduceOnPlateau", "minimum", rule, self.minimum)

    def _value(self, t: float, slack: float) -> float:
        if t == 0:
            return self.initial
        raise ParameterError(
            "ReduceOnPlateau depends on how training goes: only its value at t = 0 is known before."
        )

    def _highest(self) -> float:
        return self.initial


SCHEDULES: Family[Schedule] = Family(
    "a schedule",
    Schedule,
    (
        ExponentialDecay,
        InverseDecay,
        StepDecay,
        CosineDecay,
        CyclicCosine,
        Warmup,
        OneCycle,
        ReduceOnPlateau,
    ),
    extensible=("value",),
)

#: The rule of a learning rate: at least 0, or a schedule.
RATE = NumberOrSchedule(_RATE)

#: The rule of a momentum coefficient: in [0, 1), or a schedule of time that stays there.
MOMENTUM = NumberOrSchedule(Number(at_least=0, below=1), of_time_alone=True)
