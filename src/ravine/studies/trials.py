"""Trials: jobs on splits, trained as one population, and what each of them gave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DataError, RavineError
from ravine.ground.progress import reporting
from ravine.models.history import History
from ravine.models.model import Model
from ravine.studies.jobs import LabelledJob
from ravine.studies.splits import Split
from ravine.studies.table import Table
from ravine.training.executors.kinds import opened
from ravine.training.executors.spread import Work, said_of, spread
from ravine.training.jobs import Job, population_of
from ravine.training.origin import versions, worker
from ravine.training.population import Population, places_of
from ravine.training.train import Progress, as_they_end

__all__ = [
    "Measure",
    "Result",
    "Trial",
    "dated",
    "name_job",
    "origin_here",
    "result_from",
    "train_trials",
]

#: What else is to be known of each model: arrays of numbers by name, such as losses of test rows.
Measure = Callable[[Model, "Trial"], Mapping[str, ArrayLike]]


@dataclass(frozen=True, eq=False)
class Trial:
    """One run of a study: a job on a split.

    Parameters
    ----------
    job : LabelledJob
        What to train, and how.
    split : Split
        On which rows; those that validate are the same for all jobs.
    """

    job: LabelledJob
    split: Split

    def placed(self, table: Table) -> Job:
        """Give the job with its rows; if its recipe validates for itself, within the training rows.

        The rows of the split that validate are then only scored, when the run has ended.
        """
        network, recipe, rows = self.job.network, self.job.recipe, self.split.rows
        if not self.validates_itself:  # by groups, times and copies the split has been checked
            return Job(network, recipe, rows=rows, validation_rows=self.split.validation_rows)
        groups = table.units if table.has_units else None
        return Job(network, recipe, rows=rows, groups=groups, time=table.time)

    @property
    def validates_itself(self) -> bool:
        """Whether the recipe sets validation rows of its own aside."""
        return self.job.recipe.validation_fraction > 0


@dataclass(frozen=True, eq=False)
class Result:
    """What a trial gave.

    Parameters
    ----------
    status : str
        How the run ended, as ``Model.status``.
    message : str
        More about that.
    scores : dict of str to float
        ``loss`` (of the epoch whose weights the model has), ``val_loss`` and ``val_accuracy`` or
        ``val_r2`` and ``val_rmse`` (of the rows that validate); NaN where the run diverged, or
        predictions of rows that it did not see are infinite.
    epochs, steps : int
        How many the run took.
    best_epoch : int or None
        Whose weights the model has; None: the last.
    seconds : float
        How long it trained.
    history : dict of str to ndarray
        Columns, a number per epoch.
    measured : dict of str to ndarray
        What the measure gave.
    origin : dict of str to str
        Versions, instruction level, worker and date.

    Examples
    --------
    >>> Result("finished", "", {"loss": 0.5}, 1, 4, None, 0.1).scores["loss"]
    0.5
    """

    status: str
    message: str
    scores: Mapping[str, float]
    epochs: int
    steps: int
    best_epoch: int | None
    seconds: float
    history: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    measured: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        """Whether the run diverged."""
        return self.status == "diverged"

    def to_history(self) -> History:
        """Give the history as that of a model."""
        return History(self.history, self.best_epoch)


def train_trials(
    trials: Sequence[Trial],
    table: Table,
    *,
    threads: int | None = None,
    progress: Progress = None,
    measure: Measure | None = None,
    executor: Any = None,
) -> Iterator[tuple[int, Result]]:
    """Train trials as one population, and yield what each gave as it ends.

    Parameters
    ----------
    trials : sequence of Trial
        What to train. Those that are described by the same network, recipe and split give the same
        result, bit for bit, whichever others there are.
    table : Table
        The rows.
    threads : int, optional
        As in `ravine.train_many`.
    progress : bool or callable, optional
        As in `ravine.train_many`.
    measure : callable, optional
        ``measure(model, trial) -> dict of arrays of numbers``: what else to keep of each model that
        has not diverged.
    executor : str, Executor or Client, optional
        As in `ravine.train_many`. The measure is taken by the workers.

    Yields
    ------
    number, result : int, Result
        Leaving the iterator, or Ctrl-C, stops the rest.

    Raises
    ------
    RavineError
        If a job and the rows do not go together: nothing has been trained then.
    WorkerError
        As `ravine.train_many`.
    """
    if not trials:
        return
    workers = opened(executor, threads)
    if workers is None:
        places = places_of(len(trials))
        yield from _train(trials, table, threads, progress, measure, places)
        return
    with reporting(progress) as report:
        for number, result in spread(_work(trials, table, measure), workers):
            yield number, result
            if report is not None:  # of what is in the store
                epochs = trials[number].job.recipe.epochs
                report(said_of(result.history, number, len(trials), epochs))


def _train(
    trials: Sequence[Trial],
    table: Table,
    threads: int | None,
    progress: Progress,
    measure: Measure | None,
    places: Sequence[str],
) -> Iterator[tuple[int, Result]]:
    """Train trials in this process."""
    origin = origin_here()
    population = _population(trials, table, places)
    for number, model in as_they_end(population, progress, threads):
        if model.status == "interrupted":
            continue
        yield number, result_from(trials[number], model, table, measure, origin)


def _population(
    trials: Sequence[Trial], table: Table, places: Sequence[str] | None = None
) -> Population:
    """Check trials and rows together; an error names the job."""
    jobs = [trial.placed(table) for trial in trials]
    try:
        return population_of(jobs, table.X, table.y, None, (None, None), places)
    except RavineError:
        name_job(trials, table)
        raise


def _work(trials: Sequence[Trial], table: Table, measure: Measure | None) -> Work:
    """Describe trials as work for others: each split is shared, and sent once."""
    splits = {id(trial.split): trial.split for trial in trials}
    numbers = {key: number for number, key in enumerate(splits)}
    places = places_of(len(trials))
    tasks = [
        (trial.job, numbers[id(trial.split)], place)
        for trial, place in zip(trials, places, strict=True)
    ]
    shared = (table, list(splits.values()), measure)
    names = [trial.job.label or place for trial, place in zip(trials, places, strict=True)]
    return Work(_train_shard, shared, tasks, _costs(trials, table), names)


def _costs(trials: Sequence[Trial], table: Table) -> list[float]:
    """Check trials, those that differ in their seeds alone once, and give what they cost."""
    kinds: dict[object, int] = {}
    chosen: list[Trial] = []
    kind_of = []
    for trial in trials:
        job = trial.job
        kind = (job.network, job.recipe.replace(seed=0), id(trial.split))
        if kind not in kinds:
            kinds[kind] = len(chosen)
            chosen.append(trial)
        kind_of.append(kinds[kind])
    runs = _population(chosen, table).runs
    return [runs[kind].cost for kind in kind_of]


def _train_shard(shared: Any, tasks: Sequence[tuple[LabelledJob, int, str]]) -> list[Result]:
    """Train some of the trials, on a worker."""
    table, splits, measure = shared
    trials = [Trial(job, splits[split]) for job, split, _ in tasks]
    places = [place for _, _, place in tasks]
    results = dict(_train(trials, table, 1, None, measure, places))
    return [results[number] for number in range(len(trials))]


def origin_here() -> dict[str, str]:
    """Give where runs of this process come from: versions and worker.

    Examples
    --------
    >>> sorted(set(origin_here()) - set(versions()))
    ['worker']
    """
    return versions() | {"worker": worker()}


def dated(origin: Mapping[str, str]) -> dict[str, str]:
    """Add the time of day to where a run comes from.

    Examples
    --------
    >>> list(dated({}))
    ['date']
    """
    return {**origin, "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}


def result_from(
    trial: Trial, model: Model, table: Table, measure: Measure | None, origin: Mapping[str, str]
) -> Result:
    """Give what a trial gave: the model's scores and history, and what is measured of it.

    Parameters
    ----------
    trial : Trial
        What was trained.
    model : Model
        What came of it.
    table : Table
        The rows.
    measure : callable or None
        As in `train_trials`.
    origin : dict of str to str
        As `origin_here` gives it; the date is added.

    Returns
    -------
    Result
        Whole.
    """
    history = {name: np.asarray(model.history[name], np.float64) for name in model.history}
    result = Result(
        status=model.status,
        message=model.message,
        scores=_scores(trial, model, table),
        epochs=len(model.history),
        steps=int(history["step"][-1]) if len(model.history) else 0,
        best_epoch=model.best_epoch,
        seconds=float(history["seconds"][-1]) if len(model.history) else 0.0,
        history=history,
        origin=dated(origin),
    )
    if measure is None or result.diverged:
        return result
    measured = {
        name: np.asarray(values, np.float64).reshape(-1)
        for name, values in measure(model, trial).items()
    }
    return replace(result, measured=measured)


def _scores(trial: Trial, model: Model, table: Table) -> dict[str, float]:
    """Score a model on the rows that validate; nothing of a run that diverged is a score."""
    names = ["loss", *(name for name in model.history if name.startswith("val_"))]
    if model.status == "diverged" or not len(model.history):
        return {name: float("nan") for name in names}
    epoch = -1 if model.best_epoch is None else model.best_epoch - 1
    scores = {name: float(model.history[name][epoch]) for name in names}
    if trial.validates_itself:
        aside = trial.split.validation_rows
        try:
            found = model.evaluate(table.X[aside], table.y[aside])
        except DataError:  # predictions of rows that the run never saw may be infinite
            return {name: float("nan") for name in names}
        scores |= {f"val_{name}": float(value) for name, value in found.items()}
    return scores


def name_job(trials: Sequence[Trial], table: Table) -> None:
    """Raise the error of the first job that fails by itself, with its label."""
    for trial in trials:
        try:
            population_of([trial.placed(table)], table.X, table.y, None, (None, None))
        except RavineError as error:
            raise type(error)(f"Job '{trial.job.label}': {error}", hint=error.hint) from None
