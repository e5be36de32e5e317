"""Runs that pause: each is made with its final number of epochs, and waits where it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import ArrayLike

from ravine.ground.progress import Report
from ravine.models.model import Model
from ravine.training.jobs import Job, population_of
from ravine.training.population import Population
from ravine.training.run import Run
from ravine.training.watching import Epochs, Watcher

__all__ = ["PausedRuns"]


class PausedRuns:
    """Runs on shared rows that train up to an epoch, wait, and train on.

    A run is made with its final number of epochs. So schedules and dropouts that last as long as
    the run never see the pause: a run that went on is, bit for bit, one that never waited. It waits
    as the snapshot with which `ravine.train` resumes and `ResumableTraining` goes on.

    Parameters
    ----------
    jobs : sequence of Job
        What to train.
    X, y : array-like
        The rows.

    Raises
    ------
    RavineError
        If a job and the rows do not go together.

    Examples
    --------
    >>> import ravine as rv
    >>> network, recipe = rv.Network([rv.Dense(1)]), rv.Recipe(epochs=4)
    >>> runs = PausedRuns([rv.Job(network, recipe)] * 2, [[0.0], [1.0]], [1.0, 3.0])
    >>> [len(model.history) for _, model in runs.train([0, 1], 2)]
    [2, 2]
    >>> [len(model.history) for _, model in runs.train([1], 4)]
    [4]
    """

    def __init__(self, jobs: Sequence[Job], X: ArrayLike, y: ArrayLike) -> None:
        population = population_of(jobs, X, y, None, (None, None))
        self._runs, self._data = dict(enumerate(population.runs)), population.data
        self._ended: dict[int, Model] = {}

    def train(
        self,
        numbers: Sequence[int],
        epoch: int,
        *,
        threads: int = 1,
        report: Report | None = None,
    ) -> Iterator[tuple[int, Model]]:
        """Train some of the runs, as one population, until so many epochs are done in all.

        Parameters
        ----------
        numbers : sequence of int
            Which runs; those that are left out wait.
        epoch : int
            Where to pause, counted from the first. A run whose last epoch comes no later ends.
        threads : int, default 1
            Threads to use.
        report : callable, optional
            Called after each epoch.

        Yields
        ------
        number, model : int, Model
            As runs get there. A run that has ended before gives its model again. One that was
            interrupted is not given.
        """
        left = [number for number in numbers if number not in self._ended]
        yield from ((number, self._ended[number]) for number in numbers if number in self._ended)
        for number in left:
            self._prepare(self._runs[number], epoch)
        population = Population([self._runs[number] for number in left], self._data)
        for place in population.train(report, threads) if left else ():
            model = population.model(place)
            outcome = population.outcomes.pop(place)
            if outcome.status != "interrupted":
                self._wait_or_end(left[place], epoch, outcome.snapshot, model)
                yield left[place], model

    def forget(self, numbers: Sequence[int]) -> None:
        """Drop runs that will not go on, and all that they hold."""
        for number in numbers:
            self._runs.pop(number, None)
            self._ended.pop(number, None)

    def _prepare(self, run: Run, epoch: int) -> None:
        run.keep = epoch < run.recipe.epochs
        run.watch(_Pause(epoch) if run.keep else None)

    def _wait_or_end(
        self, number: int, epoch: int, snapshot: dict[str, Any] | None, model: Model
    ) -> None:
        """Keep what a run needs to go on with, or the model that it ended with."""
        run = self._runs[number]
        waits = run.keep and len(model.history) == epoch and model.status == "stopped early"
        if waits and snapshot is not None:
            run.resume(snapshot, run.custom_state())  # one that ended at the pause ends at once
        else:
            self._ended[number] = model
            del self._runs[number]


class _Pause(Watcher):
    """Ends a run at an epoch, if it comes so far."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def see(self, epochs: Epochs) -> int:
        return max(self.epoch - int(epochs["epoch"][-1]), 0)
