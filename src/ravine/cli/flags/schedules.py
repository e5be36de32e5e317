"""Schedules in their short form: ``exponential:0.05``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ravine.errors import ParameterError

if TYPE_CHECKING:
    from ravine.specs.schedules import Schedule

__all__ = ["FORMS", "schedule_from_text"]


def schedule_from_text(text: str, initial: float) -> Schedule | float:
    """Make a schedule from its short form.

    Parameters
    ----------
    text : str
        One of the forms of `FORMS`, such as ``exponential:0.05``; times in epochs.
    initial : float
        The learning rate that it starts from (``warmup``: that it ends at; ``one_cycle``,
        ``cyclic_cosine``: the highest).

    Returns
    -------
    Schedule or float
        The schedule.

    Raises
    ------
    ParameterError
        If the text does not have such a form.

    Examples
    --------
    >>> schedule_from_text("exponential:0.05", 1e-3)
    ExponentialDecay(0.001, 0.05)
    """
    name, *words = text.split(":")
    if name not in FORMS:
        raise ParameterError(
            f"--schedule must be one of {', '.join(FORMS)}. Got {text!r}.",
            hint="For example: --schedule exponential:0.05",
        )
    usage, fewest, most, make = FORMS[name]
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != len(words) or not fewest <= len(numbers) <= most:
        raise ParameterError(f"--schedule {name} is written {usage}. Got {text!r}.")
    return make(initial, numbers)


def _constant(initial: float, numbers: Sequence[float]) -> float:
    return initial


def _exponential(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import ExponentialDecay

    return ExponentialDecay(initial, numbers[0])


def _inverse(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import InverseDecay

    return InverseDecay(initial, numbers[0], power=numbers[1] if len(numbers) > 1 else 1.0)


def _step(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import StepDecay

    return StepDecay(initial, *numbers)


def _cosine(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import CosineDecay

    return CosineDecay(initial, final=numbers[0] if numbers else 0.0)


def _cyclic_cosine(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import CyclicCosine

    return CyclicCosine(initial)


def _warmup(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import Warmup

    return Warmup(numbers[0], initial)


def _one_cycle(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import OneCycle

    return OneCycle(initial)


def _plateau(initial: float, numbers: Sequence[float]) -> Schedule:
    from ravine.specs.schedules import ReduceOnPlateau

    factor = numbers[0] if numbers else 0.1
    patience = numbers[1] if len(numbers) > 1 else 10.0
    if not patience.is_integer():
        raise ParameterError(f"The patience of --schedule plateau must be whole. Got {patience}.")
    return ReduceOnPlateau(initial, factor=factor, patience=int(patience))


_Maker = Callable[[float, Sequence[float]], "Schedule | float"]
FORMS: dict[str, tuple[str, int, int, _Maker]] = {
    "constant": ("constant", 0, 0, _constant),
    "exponential": ("exponential:RATE", 1, 1, _exponential),
    "inverse": ("inverse:RATE[:POWER]", 1, 2, _inverse),
    "step": ("step:FACTOR:EVERY", 2, 2, _step),
    "cosine": ("cosine[:FINAL]", 0, 1, _cosine),
    "cyclic_cosine": ("cyclic_cosine", 0, 0, _cyclic_cosine),
    "warmup": ("warmup:LENGTH", 1, 1, _warmup),
    "one_cycle": ("one_cycle", 0, 0, _one_cycle),
    "plateau": ("plateau[:FACTOR[:PATIENCE]]", 0, 2, _plateau),
}
"""Each name's form, its fewest and most numbers, and the function that makes it."""
