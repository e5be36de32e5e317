"""Custom optimizers, as the engine calls them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.specs.custom import calling
from ravine.specs.optimizers import OPTIMIZERS, SGD, Optimizer
from ravine.specs.rules import shown

__all__ = ["CustomOptimizer", "as_described", "is_custom"]


def is_custom(optimizer: Optimizer) -> bool:
    """Whether an optimizer is a rule of the user's, not one of the engine's."""
    return type(optimizer) not in OPTIMIZERS


def as_described(optimizer: Optimizer) -> Optimizer:
    """Give what the engine is told of an optimizer: of a custom one, its rate and its decay.

    Parameters
    ----------
    optimizer : Optimizer
        Any optimizer.

    Returns
    -------
    Optimizer
        One of the engine's.

    Examples
    --------
    >>> import ravine as rv
    >>> as_described(rv.Adam(0.1))
    Adam(learning_rate=0.1)
    """
    if not is_custom(optimizer):
        return optimizer
    return SGD(optimizer.learning_rate, weight_decay=getattr(optimizer, "weight_decay", 0.0))


class CustomOptimizer:
    """A custom rule with its state.

    Parameters
    ----------
    rule : Optimizer
        With `init` and `update`.
    n : int
        Number of parameters.
    """

    def __init__(self, rule: Optimizer, n: int) -> None:
        self.rule = rule
        self.name = f"the optimizer {rule!r}"
        with calling(self.name, "init"):
            self.state = rule.init(n)

    def __call__(self, w: NDArray[Any], g: NDArray[Any], k: int, learning_rate: float) -> None:
        """Take step k: changes w in place."""
        with calling(self.name, "update"):
            result: object = self.rule.update(w, g, self.state, k, learning_rate)  # type: ignore[func-returns-value]
        if result is not None:
            raise ParameterError(
                f"update() of {self.name} must change w in place and return None. "
                f"Got {shown(result)}.",
                hint="Write w -= ... or w[:] = ....",
            )

    def saved(self) -> list[NDArray[Any]]:
        """Give the arrays and numbers of the state, in order."""
        return [np.asarray(leaf).copy() for leaf in _leaves(self.state)]

    def restore(self, saved: Sequence[NDArray[Any]]) -> None:
        """Bring the state back to what `saved` gave."""
        stored = iter(saved)
        self.state = _rebuilt(self.state, stored)
        if next(stored, None) is not None:
            raise ParameterError("The checkpoint was made with another optimizer.")


def _leaves(state: Any) -> Iterator[Any]:
    if state is None:
        return
    if isinstance(state, dict):
        for value in state.values():
            yield from _leaves(value)
    elif isinstance(state, tuple | list):
        for value in state:
            yield from _leaves(value)
    elif isinstance(state, np.ndarray | np.generic | int | float):
        yield state
    else:
        raise ParameterError(
            "The state of a custom optimizer must hold arrays and numbers in tuples, lists "
            f"and dictionaries, to be kept in a checkpoint. Got {type(state).__name__}."
        )


def _rebuilt(state: Any, stored: Iterator[NDArray[Any]]) -> Any:
    if state is None:
        return None
    if isinstance(state, dict):
        return {key: _rebuilt(value, stored) for key, value in state.items()}
    if isinstance(state, tuple | list):
        values = [_rebuilt(value, stored) for value in state]
        return type(state)(*values) if hasattr(state, "_fields") else type(state)(values)
    leaf = next(stored, None)
    if leaf is None or leaf.shape != np.shape(state):
        raise ParameterError("The checkpoint was made with another optimizer.")
    return leaf.copy() if isinstance(state, np.ndarray) else type(state)(leaf)
