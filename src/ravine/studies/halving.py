"""Successive halving: at which epochs runs pause, and how many of them go on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ravine.errors import ParameterError

__all__ = ["FACTOR", "Plan", "plan"]

#: At each pause one in so many goes on, for so many times as many epochs.
FACTOR = 3
#: A run pauses at most so many times: the first time after 1/FACTOR**PAUSES of its epochs.
_PAUSES = 2


@dataclass(frozen=True)
class Plan:
    """What a search trains.

    Parameters
    ----------
    rungs : tuple of int
        The epochs at which runs are compared; the last is the end of a run.
    sizes : tuple of int
        How many configurations are trained to each of them.

    Examples
    --------
    >>> Plan((3, 9, 27), (9, 3, 1)).epochs
    63
    """

    rungs: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def epochs(self) -> int:
        """Epochs of all configurations together; a run that goes on does not start again."""
        done = (0, *self.rungs)
        return sum(
            size * (rung - before)
            for size, rung, before in zip(self.sizes, self.rungs, done, strict=False)
        )


def plan(budget: float, epochs: int, *, halves: bool = True) -> Plan:
    """Plan the largest search that a budget pays for.

    Parameters
    ----------
    budget : float
        The cost of so many configurations that are trained in full.
    epochs : int
        Epochs of a run.
    halves : bool, default True
        Whether runs can pause.

    Returns
    -------
    Plan
        One in three configurations goes on at each rung, rounded up.

    Raises
    ------
    ParameterError
        If two configurations cannot be compared for that.

    Examples
    --------
    >>> plan(10, 27)
    Plan(rungs=(3, 9, 27), sizes=(36, 12, 4))
    >>> plan(10, 27, halves=False)
    Plan(rungs=(27,), sizes=(10,))
    """
    parts = [FACTOR**k for k in range(_PAUSES, 0, -1)] if halves else []
    rungs = (*(-(-epochs // part) for part in parts if part <= epochs), epochs)
    sizes = _sizes(1, rungs)
    while Plan(rungs, more := _sizes(sizes[0] + 1, rungs)).epochs <= budget * epochs + 1e-9:
        sizes = more
    if sizes[0] < 2:
        least = Plan(rungs, _sizes(2, rungs)).epochs / epochs
        raise ParameterError(
            f"The 'budget' parameter of tune is too small for one rung: to compare two "
            f"configurations, it must be at least {math.ceil(100 * least) / 100:g} "
            f"configurations of {epochs} epochs. Got {budget:g}."
        )
    return Plan(rungs, sizes)


def _sizes(first: int, rungs: tuple[int, ...]) -> tuple[int, ...]:
    sizes = [first]
    for _ in rungs[1:]:
        sizes.append(-(-sizes[-1] // FACTOR))
    return tuple(sizes)
