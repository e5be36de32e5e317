"""The user's own optimizers and augmentation functions, as the engine calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, ParameterError
from ravine.specs.custom import calling
from ravine.specs.optimizers import OPTIMIZERS, Optimizer
from ravine.specs.rules import shown
from ravine.specs.spec import short

if TYPE_CHECKING:
    from ravine.training.run import Run

__all__ = ["OwnAugmentation", "OwnOptimizer", "is_own"]


def is_own(optimizer: Optimizer) -> bool:
    """Whether an optimizer is a rule of the user's, not one of the engine's."""
    return type(optimizer) not in OPTIMIZERS


class OwnOptimizer:
    """A rule of the user's with its state.

    Parameters
    ----------
    rule : Optimizer
        With `init` and `update`.
    n : int
        Number of parameters.
    dtype : str
        Precision of training.

    Examples
    --------
    >>> OwnOptimizer.__name__
    'OwnOptimizer'
    """

    def __init__(self, rule: Optimizer, n: int, dtype: str) -> None:
        self.rule = rule
        self.dtype = np.dtype(dtype)
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
            "The state of an optimizer of one's own must hold arrays and numbers in tuples, lists "
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


class OwnAugmentation:
    """Functions of the user's that make an epoch's rows out of the training rows.

    Parameters
    ----------
    functions : sequence of callable
        Each ``f(X, y, rng) -> (X, y)``; they are called in turn.
    run : Run
        The run whose rows they are.

    Examples
    --------
    >>> OwnAugmentation.__name__
    'OwnAugmentation'
    """

    def __init__(self, functions: Sequence[Callable[..., Any]], run: Run) -> None:
        self.functions = functions
        self.run = run

    def __call__(self, epoch: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Make the rows of an epoch: X as a matrix, targets as the engine reads them."""
        from ravine.data.gate import as_features, as_targets

        run = self.run
        dtype = run.recipe.dtype
        X = run.data.training.features(dtype, run.offsets)[run.rows]
        if run.offsets is not None:
            X = X + run.offsets.reshape(X.shape[1:])  # in double
        codes = run.targets.values[run.rows]
        classes = run.targets.classes
        y: Any = codes if classes is None else classes[codes[:, 0].astype(int)]
        if classes is None and run.targets.one_dimensional:
            y = codes[:, 0]
        rng = np.random.default_rng([run.recipe.seed, 0xA06, epoch])
        for function in self.functions:
            with calling(f"the augmentation {short(function)}", "__call__"):
                made = function(X, y, rng)
            if not isinstance(made, tuple) or len(made) != 2:
                raise ParameterError("An augmentation function must return a tuple (X, y).")
            X, y = made
        name = "X of the augmentation function"
        features = as_features(X, run.data.input_shape(dtype), dtype, name, run.offsets)
        targets = as_targets(
            y,
            run.network.loss,
            run.handle.n_outputs,
            dtype,
            n_rows=len(features),
            classes=classes,
            name="y of the augmentation function",
        )
        if run.data.training.sample_weight is not None and len(features) != len(run.rows):
            raise DataError(
                "An augmentation function must keep the number of rows when rows have weights."
            )
        return features.reshape(len(features), -1), targets.values
