"""Training: a network, a recipe and some rows become a model; many of them, a population."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, overload

from numpy.typing import ArrayLike

from ravine.data.shared import SharedData
from ravine.errors import DivergenceError, ParameterError, WorkerError
from ravine.ground.progress import reporting
from ravine.models.model import Model
from ravine.models.reading import read_model
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.checkpoints import Checkpoint, offsets_of, resume
from ravine.training.executors.kinds import Opened, opened
from ravine.training.executors.spread import Work, said_of, spread
from ravine.training.jobs import Job, check_kinds, population_of, used_by
from ravine.training.population import Population, check_threads
from ravine.training.recording import Recording
from ravine.training.run import Run, Sides
from ravine.training.watching import Callback, EachEpoch

__all__ = ["Progress", "train", "train_many"]

Progress = bool | Callable[[Mapping[str, Any]], None] | None


def train(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    *,
    sample_weight: ArrayLike | None = None,
    validation: tuple[ArrayLike, ...] | None = None,
    start: str | os.PathLike[str] | Model | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    every: int | None = None,
    callback: Callback | None = None,
    progress: Progress = None,
    threads: int | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    record: str | Sequence[str] | None = None,
    record_every: int = 1,
) -> Model:
    """Train a network by a recipe.

    Minimises ``Σ s_i L(ŷ_i, y_i) / Σ s_i + Σ_l α_l Ω(w_l)``. Each step's estimate, on a mini-batch
    of B rows, is ``Σ s_i L(ŷ_i, y_i) / (B s̄)`` plus penalties, s̄ the mean weight of the training
    rows, so that a weight means the same at every batch size.

    Parameters
    ----------
    network : Network
        What is fitted.
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs: finite numbers.
    y : array-like, shape (n,) or (n, outputs)
        Targets: numbers for a regression, labels of any sort for ``loss="cross_entropy"``.
    recipe : Recipe, default Recipe()
        How it is trained.
    sample_weight : array-like, shape (n,), optional
        Weight of each row, at least 0. Only ratios matter; a row of weight 0 is absent, bit for
        bit. With clipping and adaptive rules, heavy rows in small mini-batches have less than
        their share.
    validation : tuple (X, y) or (X, y, sample_weight), optional
        Rows to validate on after each epoch, instead of the recipe's ``validation_fraction``.
    start : path or Model, optional
        A checkpoint: training resumes there, and gives bit for bit what an uninterrupted run
        gives; only ``epochs`` of the recipe may differ. (Not if a schedule, or a Dropout that
        fades, is as long as the run: with other epochs its values would have been different from
        the first step on. Give it a ``length``.) A model, or the file of one: training starts
        from its weights, and from what its Normalize learnt, with a fresh optimizer.
    checkpoint : path, optional
        A file that is written, completely or not at all, every so many epochs, when training is
        interrupted and at its end.
    every : int, optional
        Number of epochs between two checkpoints; None is 1.
    callback : callable, optional
        Called after each epoch, on a thread of the engine, with the epoch's row of the history as
        a dictionary; training ends when it returns True.
    progress : bool or callable, optional
        True shows a live line on a terminal; a callable is called after each epoch, on this
        thread, with ``run, runs, epoch, epochs, loss, val_loss``.
    threads : int, optional
        Threads to use, at least 1; None: one per core. The result does not depend on it.
    groups : array-like, shape (n,), optional
        The group of each row (a patient, a site): numbers or text. The recipe's
        ``validation_fraction`` then sets whole groups aside, as close to the wanted share of
        rows, and of each class, as they allow. No group is both trained on and validated on.
    time : array-like, shape (n,), optional
        The time of each row: numbers or dates. ``validation_fraction`` then sets the latest rows
        aside, with all that are of the same time. Together with ``groups``, it sets those groups
        aside that end last: every training row is earlier than the last row of each of them, but
        their other rows may be earlier than some training rows.
    record : str or list of str, optional
        What to record of the steps, for ``model.trace`` (see `Trace`): "weights" (after the step),
        "gradient" (of the mini-batch with its penalty, before clipping), "loss", "learning_rate",
        and what the optimizer keeps, by the names of ``model.optimizer_state`` ("velocity",
        "first_moment", "second_moment", "squared_gradient", "rates", …). Names that only other
        optimizers keep are left out of the trace. None records nothing, and costs nothing.
    record_every : int, default 1
        Step 1 is recorded, and every so many steps after it.

    Returns
    -------
    Model
        The trained network. With early stopping, its weights are those of the best epoch.

    Raises
    ------
    ParameterError
        If network, recipe and data do not suit one another, groups or time would change nothing,
        no optimizer keeps a name in `record`, this one keeps none of them, or memory does not hold
        the trace.
    DataError
        If X, y or weights cannot be trained on, groups or time lack a value, or all rows are of one
        group or time.
    DivergenceError
        If the loss or the weights became infinite or not a number, or the monitored value was so
        in every epoch. ``error.model`` is the model that `train_many` would give: with early
        stopping, it has the weights of the best epoch before.
    FileError
        If the checkpoint cannot be read or written.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> network = rv.Network([rv.Dense(1)])
    >>> model = rv.train(network, X, 3 * X[:, 0] + 1, rv.Recipe(optimizer=rv.SGD(0.1)))
    >>> model.predict([[0.5]]).round(1)
    array([2.5], dtype=float32)
    """
    check_kinds(network, recipe)
    data = SharedData(X, y, sample_weight, validation)
    recording = Recording.of(record, record_every, recipe.optimizer)
    run = started(network, recipe, data, start, (groups, time), recording)
    saver = Checkpoint(checkpoint, every, run) if checkpoint is not None else None
    if saver is None and every is not None:
        raise ParameterError("'every' needs a file: also pass checkpoint=path.")
    watcher = None if callback is None else EachEpoch(callback)
    if saver is None:
        run.watch(watcher)
    else:
        run.watch(watcher, saver.write, saver.every)
    population = Population([run], data)
    try:
        for _ in _train(population, progress, threads):
            pass
    except BaseException:
        begun = population.outcomes.get(0)
        if saver is not None and begun is not None and begun.snapshot is not None:
            saver.write(begun.snapshot)
        raise
    outcome = population.outcomes[0]
    if outcome.status == "diverged":
        raise DivergenceError(outcome.message, hint=outcome.hint, model=population.model(0))
    if saver is not None and outcome.snapshot is not None:
        saver.write(outcome.snapshot, outcome.status)
    return population.model(0)


@overload
def train_many(
    jobs: Sequence[Job],
    X: ArrayLike,
    y: ArrayLike | None = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    groups: ArrayLike | None = ...,
    time: ArrayLike | None = ...,
    threads: int | None = ...,
    progress: Progress = ...,
    executor: Any = ...,
    as_completed: Literal[False] = ...,
) -> list[Model]: ...


@overload
def train_many(
    jobs: Sequence[Job],
    X: ArrayLike,
    y: ArrayLike | None = ...,
    *,
    sample_weight: ArrayLike | None = ...,
    groups: ArrayLike | None = ...,
    time: ArrayLike | None = ...,
    threads: int | None = ...,
    progress: Progress = ...,
    executor: Any = ...,
    as_completed: Literal[True],
) -> Iterator[tuple[int, Model]]: ...


def train_many(
    jobs: Sequence[Job],
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    threads: int | None = None,
    progress: Progress = None,
    executor: Any = None,
    as_completed: bool = False,
) -> list[Model] | Iterator[tuple[int, Model]]:
    """Train a population: any mix of networks and recipes, over all cores.

    Each result is, bit for bit, the same as if the member were trained alone, for any number of
    threads.

    Parameters
    ----------
    jobs : sequence of Job
        What to train.
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs, shared by all jobs.
    y : array-like, shape (n,) or (n, outputs), optional
        Targets, shared by all jobs that do not have their own.
    sample_weight : array-like, shape (n,), optional
        Weight of each row, at least 0. Only ratios matter; a row of weight 0 is absent, bit for
        bit. Clipping and adaptive rules take less than their share of heavy rows in small
        mini-batches.
    groups, time : array-like, shape (n,), optional
        The group and the time of each row, as in `train`, for all jobs that set validation rows
        aside and do not have their own. If a job names its ``validation_rows``, they are
        checked instead: a group on both sides is an error, and so are training rows that are not
        earlier.
    threads : int, optional
        Threads to use, at least 1; None: one per core.
    progress : bool or callable, optional
        As in `train`; with an executor, called after each run.
    executor : str, Executor or Client, optional
        Whose workers train: ``"joblib"`` (processes of this machine, one a core), ``"dask"`` (its
        current client), ``"ray"``, any executor of `concurrent.futures`, or a client of Dask's. A
        worker trains on one thread; ``threads`` is then the most shards at once. None: threads of
        this process, which is the fastest on one machine.
    as_completed : bool, default False
        Give an iterator instead of a list: ``(number of the job, model)`` as the runs end. Leaving
        the loop early stops the rest.

    Returns
    -------
    list of Model, or iterator of (int, Model)
        In the order of the jobs. A run that diverged has ``status`` "diverged", and harms no other;
        with early stopping it has the weights of its best epoch, else those that it had reached.
        After Ctrl-C (a warning says so) the runs that had not ended have the status "interrupted"
        and the weights that they had reached.

    Raises
    ------
    ParameterError
        If a network, a recipe and the data do not suit one another, or groups or time would change
        nothing.
    DataError
        If X, y or weights cannot be trained on, a row is both trained on and validated on, or
        groups or time do not suit.
    WorkerError
        If two workers died at the same run, or one has another version of ravine. Its ``models``
        are those of the runs that had ended.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> network = rv.Network([rv.Dense(1)])
    >>> rates = [0.01, 0.1]
    >>> jobs = [rv.Job(network, rv.Recipe(optimizer=rv.SGD(rate))) for rate in rates]
    >>> models = rv.train_many(jobs, X, 3 * X[:, 0] + 1)
    >>> [model.status for model in models]
    ['finished', 'finished']
    """
    population = population_of(jobs, X, y, sample_weight, (groups, time))
    workers = opened(executor, threads)
    if workers is None:
        runs = as_they_end(population, progress, threads)
    else:
        arrays = (X, y, sample_weight, groups, time)
        runs = _on_workers(jobs, population, arrays, progress, workers)
    return runs if as_completed else _collected(population, runs)


def _collected(population: Population, runs: Iterator[tuple[int, Model]]) -> list[Model]:
    """Give all models, in the order of the jobs."""
    models: dict[int, Model] = {}
    try:
        models.update(runs)
    except WorkerError as error:
        error.models = models
        raise
    except KeyboardInterrupt:
        ended = {n for n, outcome in population.outcomes.items() if outcome.status != "interrupted"}
        warnings.warn(
            f"Interrupted: {len(ended | models.keys())} of {len(population.runs)} runs ended "
            "before.",
            RuntimeWarning,
            stacklevel=3,
        )
    return [models[n] if n in models else population.model(n) for n in range(len(population.runs))]


def _on_workers(
    jobs: Sequence[Job], population: Population, arrays: Any, progress: Progress, workers: Opened
) -> Iterator[tuple[int, Model]]:
    """Train jobs on the workers of an executor."""
    places = population.places
    names = [job.label or place or "of the job" for job, place in zip(jobs, places, strict=True)]
    costs = [run.cost for run in population.runs]
    work = Work(_train_shard, arrays, list(zip(jobs, places, strict=True)), costs, names)
    with reporting(progress) as report:
        for number, model in spread(work, workers):
            yield number, model
            if report is not None:
                report(said_of(model.history, number, len(jobs), jobs[number].recipe.epochs))


def _train_shard(arrays: Any, tasks: Sequence[tuple[Job, str]]) -> list[Model]:
    """Train some of the jobs, on a worker."""
    X, y, sample_weight, groups, time = arrays
    jobs, places = zip(*tasks, strict=True)
    population = population_of(jobs, X, y, sample_weight, used_by(jobs, (groups, time)), places)
    models = dict(as_they_end(population, None, 1))
    return [models[number] for number in range(len(jobs))]


def as_they_end(
    population: Population, progress: Progress, threads: int | None
) -> Iterator[tuple[int, Model]]:
    """Train a population in this process, and yield models as runs end."""
    for number in _train(population, progress, threads):
        yield number, population.model(number)
        del population.outcomes[number]


def _train(population: Population, progress: Progress, threads: int | None) -> Iterator[int]:
    """Train a population, with a live line where one is asked for."""
    with reporting(progress) as report:
        yield from population.train(report, check_threads(threads))


def started(
    network: Network,
    recipe: Recipe,
    data: SharedData,
    start: str | os.PathLike[str] | Model | None,
    sides: Sides,
    recording: Recording | None = None,
) -> Run:
    """Make a run that starts from initial weights, a checkpoint or a model."""
    make = partial(Run, network, recipe, data, sides=sides, recording=recording)
    if start is None:
        return make()
    if isinstance(start, str | os.PathLike):
        run = make(offsets=offsets_of(start, data))
        if resume(start, run):
            return run
        start = read_model(start)
    if not isinstance(start, Model):
        raise ParameterError(
            f"The 'start' parameter of train must be a Model or the path of one. Got {start!r}."
        )
    return make(start=start)
