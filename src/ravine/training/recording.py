"""What is recorded of a run's steps: names checked, memory checked, and the trace made of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.engine.optimizer_state import state_axes
from ravine.errors import ParameterError
from ravine.ground.memory import available_memory, gigabytes
from ravine.models.trace import Trace
from ravine.optimize.custom import is_custom
from ravine.specs.augmentation import Synthesize
from ravine.specs.optimizers import OPTIMIZERS, SGD, Optimizer
from ravine.specs.recipe import Recipe
from ravine.specs.rules import Whole, broken, nearest
from ravine.specs.spec import for_engine

__all__ = ["Recording", "check_trace_fits"]

_NUMBERS = ("loss", "learning_rate")
_VECTORS = ("weights", "gradient")
_EVERY = Whole(at_least=1)


@dataclass(frozen=True)
class Recording:
    """What to record of a run's steps.

    Parameters
    ----------
    names : tuple of str
        "weights", "gradient", "loss", "learning_rate", and what the optimizer keeps. What only
        other built-in optimizers keep is left out, so that one list can serve several of them.
    every : int
        Step 1 is recorded, and every so many steps after it.

    Examples
    --------
    >>> import ravine as rv
    >>> Recording.of(["weights", "velocity"], 1, rv.SGD(0.1, momentum=0.9)).names
    ('weights', 'velocity')
    >>> Recording.of(["first_momentum"], 1, rv.Adam())
    Traceback (most recent call last):
        ...
    ravine.errors.ParameterError: 'record' cannot hold 'first_momentum'. With Adam it may hold ...
    """

    names: tuple[str, ...]
    every: int

    @classmethod
    def of(
        cls, record: str | Sequence[str] | None, every: int, rule: Optimizer
    ) -> Recording | None:
        """Check what a user asks for; None where that is nothing.

        Parameters
        ----------
        record : str, sequence of str or None
            Names.
        every : int
            At least 1.
        rule : Optimizer
            The run's.

        Raises
        ------
        ParameterError
            If a name is unknown, or `every` breaks its rule.
        """
        every = _EVERY("train", "record_every", every)
        if record is None:
            if every != 1:
                raise ParameterError(
                    f"record_every={every} would change nothing: nothing is recorded.",
                    hint='Pass record=["weights"], too.',
                )
            return None
        names = (record,) if isinstance(record, str) else record
        if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
            raise broken("train", "record", "a list of names", record)
        if not names:
            raise broken("train", "record", "a list of at least one name, or None", record)
        kept = {*_VECTORS, *_NUMBERS, *_kept(rule)}
        here = tuple(name for name in dict.fromkeys(names) if name in kept)
        for name in names:
            if name not in kept and not (here and name in _kept_by_others()):
                raise _no_such_name(name, rule)
        return cls(here, every)

    @property
    def vectors(self) -> list[str]:
        """What has a number for each parameter."""
        return [name for name in self.names if name not in _NUMBERS]

    def rows(self, recipe: Recipe, rows: int) -> int:
        """Give how many rows the trace has if a run on so many rows lasts for all its epochs."""
        return math.ceil(_steps(recipe, rows) / self.every)

    def memory(self, recipe: Recipe, rows: int, n: int) -> int:
        """Give the bytes that a trace takes of a run that lasts for all its epochs.

        Parameters
        ----------
        recipe : Recipe
            The run's.
        rows : int
            How many rows it trains on.
        n : int
            How many parameters there are.
        """
        kept = _kept(recipe.optimizer)
        numbers = n * sum(math.prod(kept.get(name, ())) for name in self.vectors)
        row: int = numbers * np.dtype(recipe.dtype).itemsize + 4 * 8
        return self.rows(recipe, rows) * row

    def trace(
        self,
        taken: Mapping[str, NDArray[Any]],
        rule: Optimizer,
        n: int,
        layout: Iterable[Mapping[str, Any]],
    ) -> Trace:
        """Make the trace of what the engine recorded.

        Parameters
        ----------
        taken : mapping of str to ndarray
            The engine's columns and flat arrays by name.
        rule : Optimizer
            The run's.
        n : int
            How many parameters there are.
        layout : iterable of dict
            Their layout.
        """
        columns: dict[str, NDArray[Any]]
        columns = {name: taken[name].astype(np.int64) for name in ("step", "epoch")}
        columns |= {name: taken[name] for name in self.names if name in _NUMBERS}
        kept, rows = _kept(rule), len(columns["step"])
        arrays = {name: taken[name].reshape(rows, *kept.get(name, ()), n) for name in self.vectors}
        return Trace(columns, arrays, layout)


def check_trace_fits(needed: int) -> None:
    """Refuse to record more than the memory holds, before anything is trained.

    Parameters
    ----------
    needed : int
        Bytes; of all runs that are trained together.

    Raises
    ------
    ParameterError
        If there are not so many.

    Examples
    --------
    >>> check_trace_fits(2**60)
    Traceback (most recent call last):
        ...
    ravine.errors.ParameterError: The trace would need 1,152,921,504.6 GB of memory, but only ...
    """
    left = available_memory() if needed else None
    if left is not None and needed > left:
        raise ParameterError(
            f"The trace would need {gigabytes(needed)} of memory, but only {gigabytes(left)} "
            "are available.",
            hint="Record fewer names, or every so many steps: record_every=100.",
        )


def _no_such_name(name: str, rule: Optimizer) -> ParameterError:
    known = [*_VECTORS, *_NUMBERS, *_kept(rule)]
    why = ""
    if is_custom(rule):
        why = " (What a custom optimizer keeps is its own: read model.optimizer_state.)"
    return ParameterError(
        f"'record' cannot hold {name!r}. With {type(rule).__name__} it may hold "
        f"{', '.join(map(repr, known))}.{why}",
        hint=nearest(name, known),
    )


@cache
def _kept_by_others() -> frozenset[str]:
    """Give what any built-in rule keeps: one list of names may serve several rules."""
    rules = [*OPTIMIZERS.shorthands.values(), SGD(momentum=0.9)]
    return frozenset(name for rule in rules for name in _kept(rule))


def _kept(rule: Optimizer) -> dict[str, tuple[int, ...]]:
    """Give what a rule keeps for each parameter, and the axes in front of the parameters."""
    return {} if is_custom(rule) else state_axes(for_engine(rule))


def _steps(recipe: Recipe, rows: int) -> int:
    """Give how many steps a run of all its epochs takes."""
    for augmenter in recipe.augmentation:
        if isinstance(augmenter, Synthesize):
            rows = math.ceil(rows * (1 + augmenter.fraction))
    size = recipe.rows_per_step
    return recipe.epochs * (1 if size == "full" else math.ceil(rows / size))
