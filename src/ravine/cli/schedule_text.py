"""Schedules in the short form of the command line: ``exponential:0.05``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ravine.errors import ParameterError

if TYPE_CHECKING:
    from ravine.schedules import Schedule

__all__ = ["schedule_from_text"]


def schedule_from_text(text: str, initial: float) -> Schedule:
    """Make a schedule from its short form.

    Parameters
    ----------
    text : str
        ``exponential:RATE``, ``inverse:RATE[:POWER]``, ``step:FACTOR:EVERY``, ``cosine[:FINAL]``,
        ``warmup:LENGTH``, ``one_cycle`` or ``plateau[:FACTOR[:PATIENCE]]``; times in epochs.
    initial : float
        The learning rate that it starts from (``warmup``: that it ends at; ``one_cycle``: the
        highest).

    Returns
    -------
    Schedule
        The schedule.

    Raises
    ------
    ParameterError
        If the text is no such form.

    Examples
    --------
    >>> schedule_from_text("exponential:0.05", 1e-3)
    ExponentialDecay(0.001, 0.05)
    """
    name, *words = text.split(":")
    if name not in _FORMS:
        raise ParameterError(
            f"--schedule must be one of {', '.join(_FORMS)}. Got {text!r}.",
            hint="For example: --schedule exponential:0.05",
        )
    usage, fewest, most, make = _FORMS[name]
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != len(words) or not fewest <= len(numbers) <= most:
        raise ParameterError(f"--schedule {name} is written {usage}. Got {text!r}.")
    return make(initial, numbers)


def _exponential(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import ExponentialDecay

    return ExponentialDecay(initial, numbers[0])


def _inverse(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import InverseDecay

    return InverseDecay(initial, numbers[0], power=numbers[1] if len(numbers) > 1 else 1.0)


def _step(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import StepDecay

    return StepDecay(initial, *numbers)


def _cosine(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import CosineDecay

    return CosineDecay(initial, final=numbers[0] if numbers else 0.0)


def _warmup(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import Warmup

    return Warmup(numbers[0], initial)


def _one_cycle(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import OneCycle

    return OneCycle(initial)


def _plateau(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.schedules import ReduceOnPlateau

    factor = numbers[0] if numbers else 0.1
    patience = numbers[1] if len(numbers) > 1 else 10.0
    if not patience.is_integer():
        raise ParameterError(f"The patience of --schedule plateau must be whole. Got {patience}.")
    return ReduceOnPlateau(initial, factor=factor, patience=int(patience))


_Maker = Callable[[float, Sequence[float]], "Schedule"]
_FORMS: dict[str, tuple[str, int, int, _Maker]] = {
    "exponential": ("exponential:RATE", 1, 1, _exponential),
    "inverse": ("inverse:RATE[:POWER]", 1, 2, _inverse),
    "step": ("step:FACTOR:EVERY", 2, 2, _step),
    "cosine": ("cosine[:FINAL]", 0, 1, _cosine),
    "warmup": ("warmup:LENGTH", 1, 1, _warmup),
    "one_cycle": ("one_cycle", 0, 0, _one_cycle),
    "plateau": ("plateau[:FACTOR[:PATIENCE]]", 0, 2, _plateau),
}
