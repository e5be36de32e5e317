"""Steps: a run that waits after each step, to be looked at, left or continued."""

from __future__ import annotations

import os
import queue
import weakref
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, final

from numpy.typing import ArrayLike, NDArray

from ravine.data.shared import SharedData
from ravine.engine.snapshot import counter
from ravine.errors import DivergenceError
from ravine.models.model import Model
from ravine.models.parts import named_views
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.jobs import check_kinds
from ravine.training.population import Outcome, Population, check_threads
from ravine.training.train import started

__all__ = ["Step", "Steps", "steps"]

#: How long to wait for a step before asking whether the run has ended.
_POLL_SECONDS = 0.02


@final
@dataclass(frozen=True, eq=False)
class Step:
    """One step of a run, after it was taken.

    Parameters
    ----------
    step, epoch : int
        The number of the step, and of the epoch that it belongs to, from 1.
    loss : float
        The loss of the step's mini-batch at the weights before it, without penalty.
    learning_rate : float
        The schedule's, or the step length of a line search.
    parameters : dict of str to ndarray
        The weights after the step, named as ``model.parameters``.
    gradient : dict of str to ndarray
        The gradient at the weights before the step, of the mini-batch with its penalty, before
        clipping.

    Examples
    --------
    >>> import ravine as rv
    >>> step = next(rv.steps(rv.Network([rv.Dense(1)]), [[1.0], [2.0]], [1.0, 2.0]))
    >>> step.step, step.epoch, step.parameters["dense_1.weight"].shape
    (1, 1, (1, 1))
    """

    step: int
    epoch: int
    loss: float
    learning_rate: float
    parameters: dict[str, NDArray[Any]]
    gradient: dict[str, NDArray[Any]]

    def __repr__(self) -> str:
        return (
            f"Step({self.step}, epoch {self.epoch}, loss {self.loss:.6g}, "
            f"learning rate {self.learning_rate:.6g})"
        )


def steps(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    *,
    sample_weight: ArrayLike | None = None,
    validation: tuple[ArrayLike, ...] | None = None,
    start: str | os.PathLike[str] | Model | None = None,
    threads: int | None = 1,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> Steps:
    """Train a network step by step: an iterator over the steps of the run that `train` makes.

    The run waits after each step until the next one is asked for. Leaving a loop leaves it where it
    stands; another loop goes on from there. Stepping to the end gives, bit for bit, the model that
    `train` gives; what happens between epochs (validation, early stopping, schedules that watch)
    happens between their steps.

    Parameters
    ----------
    network : Network
        What is fitted.
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs: finite numbers.
    y : array-like, shape (n,) or (n, outputs)
        Targets.
    recipe : Recipe, default Recipe()
        How it is trained.
    sample_weight, validation, start, groups, time
        As in `train`.
    threads : int, optional
        Threads that share a step, at least 1; None: one per core. The result does not depend on it.

    Returns
    -------
    Steps
        An iterator of `Step`, with the ``model`` so far.

    Raises
    ------
    ParameterError, DataError
        As `train` does, before the first step.
    DivergenceError
        At the step at which the run diverges.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> network, recipe = rv.Network([rv.Dense(1)]), rv.Recipe(optimizer=rv.SGD(0.1), epochs=30)
    >>> run = rv.steps(network, X, 3 * X[:, 0], recipe)
    >>> for step in run:
    ...     if step.loss < 1:
    ...         break
    >>> run.model.status, step.step < 30
    ('interrupted', True)
    >>> for step in run:  # goes on where it stood
    ...     pass
    >>> whole = rv.train(network, X, 3 * X[:, 0], recipe)
    >>> bool((run.model.parameters_vector == whole.parameters_vector).all()), run.model.status
    (True, 'finished')
    """
    check_kinds(network, recipe)
    data = SharedData(X, y, sample_weight, validation)
    run = started(network, recipe, data, start, (groups, time))
    return Steps(Population([run], data), check_threads(threads))


@final
class Steps(Iterator[Step]):
    """A run that waits after each step; `steps` makes it.

    It is an iterator of `Step`. As a context manager it ends the run when it is left.

    Parameters
    ----------
    population : Population
        Of one run.
    threads : int
        Threads that share a step.

    Examples
    --------
    >>> import ravine as rv
    >>> with rv.steps(rv.Network([rv.Dense(1)]), [[1.0], [2.0]], [1.0, 2.0]) as run:
    ...     print(next(run).step, next(run).step)
    1 2
    >>> run.model.status, len(run.model.history)
    ('interrupted', 1)
    >>> list(run)
    []
    """

    def __init__(self, population: Population, threads: int) -> None:
        self._population, self._run = population, population.runs[0]
        self._pause = _Pause()
        self._run.pause(self._pause)
        self._engine = population.engine_of([0])
        self._threads = threads
        self._delivered = self._released = 0  # the last step that the caller got, and may be left
        self._finalizer: Any = None

    def __next__(self) -> Step:
        if self._population.outcomes:
            raise StopIteration
        if self._finalizer is None:
            self._finalizer = weakref.finalize(self, _end, self._pause, self._engine)
            self._engine.start(self._threads, False)
        self._released = self._delivered
        self._pause.go.put(self._released)
        seen = self._waits_at()
        if seen is None:
            self._raise_divergence()
            raise StopIteration
        self._delivered, epoch, loss, rate, w, gradient, _ = seen
        views = [named_views(_locked(vector), self._run.handle.layout) for vector in (w, gradient)]
        return Step(self._delivered, epoch, loss, rate, *views)

    @property
    def model(self) -> Model:
        """The model so far.

        Returns
        -------
        Model
            When the run has ended, what `train` gives. While it waits, the status is "interrupted",
            the weights are those that the run would give if it ended now, and the history has the
            epochs that are over.
        """
        seen = None if self._finalizer is None else self._waits_at()
        if seen is None:
            return self._population.model(0)
        snapshot = seen[-1]()
        model = self._run.model(
            snapshot["result_w"],
            snapshot["result_state"],
            snapshot["history"],
            status="interrupted",
            best_epoch=int(counter(snapshot, "best_epoch")),
        )
        custom = self._run.custom_optimizer
        model.remember(snapshot["slots"] if custom is None else deepcopy(custom.state))
        return model

    def close(self) -> None:
        """End the run where it stands; ``model`` then has the weights that it had reached."""
        if self._finalizer is None or not self._finalizer.alive:
            self._population.outcomes.setdefault(0, Outcome.of_none())
            return
        self._finalizer()
        self._collect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._population.outcomes:
            state = self._population.outcomes[0].status
        else:
            state = "waits" if self._finalizer is not None else "not begun"
        return f"Steps({state})"

    def _waits_at(self) -> tuple[Any, ...] | None:
        """Wait for the run to wait at a step that it may not leave; None if it has ended."""
        while not self._population.outcomes:
            seen = self._pause.seen
            if seen is not None and seen[0] > self._released:
                return seen
            with suppress(queue.Empty):
                self._pause.news.get(timeout=_POLL_SECONDS)
                continue
            if self._engine.wait(0)[0]:
                self._finalizer()
                self._collect()
        return None

    def _collect(self) -> None:
        """Take in what the run gave; an error of custom code is raised, once."""
        self._population.outcomes[0] = Outcome.of_none()
        self._population.collect(self._engine, [0], 0)

    def _raise_divergence(self) -> None:
        outcome = self._population.outcomes[0]
        if outcome.status == "diverged":
            model = self._population.model(0)
            raise DivergenceError(outcome.message, hint=outcome.hint, model=model)


class _Pause:
    """Where the run's thread and the caller's meet. Ctrl-C may break the caller off anywhere.

    So the step at which the run waits is kept here until it may leave it, and leave is given by the
    number of the step: given twice, it does no harm.
    """

    def __init__(self) -> None:
        self.seen: tuple[Any, ...] | None = None
        self.news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.go: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def __call__(self, *seen: Any) -> bool:
        """Wait at a step, on the run's thread; False ends the run."""
        self.seen = seen
        self.news.put(None)
        while (leave := self.go.get()) is not None and leave < seen[0]:
            pass
        self.seen = None
        return leave is not None


def _end(pause: _Pause, engine: Any) -> None:
    """End a run, also one that waits; at the latest when the interpreter does."""
    pause.go.put(None)
    engine.stop()


def _locked(vector: NDArray[Any]) -> NDArray[Any]:
    vector.setflags(write=False)
    return vector
