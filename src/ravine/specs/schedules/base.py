"""What every schedule is, and the rule of a field that may have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal, Self

from ravine.errors import ParameterError
from ravine.specs.rules import Choice, Function, Number, Rule, broken
from ravine.specs.spec import Member, Spec

__all__ = ["FunctionOfTime", "Schedule"]

Unit = Literal["epoch", "step"]

#: How much of the time that has passed may be its rounding: three times a tenth is three tenths.
_SLACK = 1e-12

UNIT = Choice(("epoch", "step"))
POSITIVE = Number(at_least=0)
LENGTH = Number(above=0)


class Schedule(Spec):
    """The base of every schedule; call one to see its value at a time.

    A custom schedule is a subclass with the method `value`, and ``unit = "step"`` where its t
    counts steps; or a plain function of t in epochs, which becomes a `FunctionOfTime`. It is called
    at every step, perhaps more than once and from any thread, and must depend on t alone. A file
    keeps only its name.

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.StepDecay(0.1, factor=0.5, every=10)
    >>> [schedule(t) for t in (0, 9.5, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """

    #: The fields that are values of the schedule, or schedules: all that `scaled` multiplies.
    _values: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__module__.startswith("ravine.") and "_values" not in vars(cls):
            raise TypeError(f"The schedule {cls.__name__} must name its fields that are '_values'.")

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

    def scaled(self, factor: float) -> Self:
        """Multiply all values of the schedule.

        Parameters
        ----------
        factor : float
            What to multiply by, at least 0.

        Returns
        -------
        Schedule
            A schedule of the same kind, ``factor · η(t)``.

        Raises
        ------
        ParameterError
            If the factor is negative or not finite.

        Examples
        --------
        >>> import ravine as rv
        >>> rv.Warmup(5, rv.CosineDecay(0.25, final=0.125)).scaled(2)
        Warmup(5.0, CosineDecay(0.5, final=0.25))
        """
        factor = POSITIVE(type(self).__name__, "factor", factor)
        return self._with_values(lambda value: value * factor)

    def with_peak(self, rate: float) -> Self:
        """Keep the shape of the schedule, and give its highest value.

        Parameters
        ----------
        rate : float
            The highest value of the new schedule, at least 0.

        Returns
        -------
        Schedule
            A schedule of the same kind, all values scaled alike.

        Raises
        ------
        ParameterError
            If the rate is negative or not finite, or if all values of the schedule are 0.

        Examples
        --------
        >>> import ravine as rv
        >>> rv.Warmup(5, rv.CyclicCosine(0.1)).with_peak(0.5)
        Warmup(5.0, CyclicCosine(0.5))
        """
        rate, peak = POSITIVE(type(self).__name__, "rate", rate), self._highest()
        if peak == 0:
            if self._is_custom():
                raise ParameterError(
                    f"The highest value of {self!r} is not known: it is custom code.",
                    hint="Use scaled(factor).",
                )
            raise ParameterError(f"{self!r} is 0 at all times: it has no shape to keep.")
        # Of two values that are the same, so are the scaled ones, and none exceeds the rate.
        return self._with_values(lambda v: rate if v == peak else min(rate * (v / peak), rate))

    @property
    def plateau(self) -> Schedule | None:
        """What depends on how training goes: a plateau, perhaps behind warm-ups.

        Returns
        -------
        ReduceOnPlateau or None
            The plateau, if there is one.

        Examples
        --------
        >>> import ravine as rv
        >>> rv.Warmup(5, rv.ReduceOnPlateau(0.1)).plateau
        ReduceOnPlateau(0.1)
        """
        return None

    def _with_values(self, change: Callable[[float], float]) -> Self:
        """Give a copy whose values are changed by a function; None stays None."""
        if self._is_custom():
            return Scaled(self, change(1.0))  # type: ignore[return-value]
        values = {name: getattr(self, name) for name in self._values}
        return self.replace(
            **{
                name: value._with_values(change) if isinstance(value, Schedule) else change(value)
                for name, value in values.items()
                if value is not None
            }
        )

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

    def _engine_part(self, number: Number | None) -> dict[str, Any]:
        from ravine.specs.custom import SchedulePart

        unit = UNIT(type(self).__name__, "unit", getattr(self, "unit", "epoch"))
        return {"part": SchedulePart(self, number or POSITIVE), "unit": unit}

    def _value(self, t: float, slack: float) -> float:
        """Give the value at t; a boundary within the slack after t has been reached."""
        return float(self.value(t))

    def _highest(self) -> float:
        """Give a bound that no value exceeds; 0 for a custom one, whose values are not known."""
        return 0.0


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

    _values: ClassVar[tuple[str, ...]] = ()
    _rules: ClassVar[Mapping[str, Rule]] = {"function": Function(), "unit": UNIT}

    def value(self, t: float) -> float:
        """Call the function."""
        return self.function(t)


@dataclass(frozen=True, repr=False)
class Scaled(Schedule):
    """A custom schedule times a factor."""

    schedule: Schedule
    factor: float

    _values: ClassVar[tuple[str, ...]] = ()

    @property
    def unit(self) -> Unit:
        """That of the schedule."""
        found: Unit = getattr(self.schedule, "unit", "epoch")
        return found

    def value(self, t: float) -> float:
        """Multiply the schedule's value."""
        return self.factor * self.schedule.value(t)


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
        if self.of_time_alone and schedule.plateau is not None:
            raise broken(owner, name, "a number or a schedule of time alone", schedule)
        if self.number.contains(schedule._highest()):
            return schedule
        raise ParameterError(
            f"The '{name}' parameter of {owner} must stay {self.number.range}. "
            f"{schedule!r} reaches {schedule._highest():g}."
        )


def need_length(schedule: Schedule, length: float | None) -> float:
    if length is None:
        kind = type(schedule).__name__
        raise ParameterError(
            f"{kind} without a length lasts as long as the run, which only training knows. "
            f"Give {kind} its 'length' to see its values."
        )
    return length


#: The rule of a learning rate: at least 0, or a schedule.
RATE = NumberOrSchedule(POSITIVE)

#: The rule of a momentum coefficient: in [0, 1), or a schedule of time that stays there.
MOMENTUM = NumberOrSchedule(Number(at_least=0, below=1), of_time_alone=True)
