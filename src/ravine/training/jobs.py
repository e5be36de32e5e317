"""Jobs: the members of a population, as users describe them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from numpy.typing import ArrayLike

from ravine.data.shared import SharedData
from ravine.errors import ParameterError
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.population import Population
from ravine.training.recording import Recording
from ravine.training.run import Run, Sides

__all__ = ["Job", "check_kinds", "population_of", "used_by"]


@dataclass(frozen=True)
class Job:
    """One member of a population: what to train, how, and on which rows.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe, default Recipe()
        How it is trained.
    rows : array-like of int, optional
        Rows of X to train on; a row may appear more than once, and all its copies are then on the
        same side of a split. None: all rows that are not validation rows.
    validation_rows : array-like of int, optional
        Rows of X to validate on, not to train on, instead of those that the recipe's
        ``validation_fraction`` sets aside.
    y : array-like, shape (n,) or (n, outputs), optional
        Targets of this job alone, one for each row of X. None: those that all jobs share.
    groups, time : array-like, shape (n,), optional
        Groups and times for this job alone, one for each row of X, as in `train`. None: those that
        all jobs share.
    record : str or list of str, optional
    record_every : int, default 1
        What to record of the steps of this job, as in `train`.
    label : str, optional
        What the job is called in reports.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Job(rv.Network([rv.Dense(1)]), rv.Recipe(seed=1), label="seed 1").label
    'seed 1'
    """

    network: Network
    recipe: Recipe = Recipe()  # noqa: RUF009 - immutable
    _: KW_ONLY
    rows: ArrayLike | None = None
    validation_rows: ArrayLike | None = None
    y: ArrayLike | None = None
    groups: ArrayLike | None = None
    time: ArrayLike | None = None
    record: str | Sequence[str] | None = None
    record_every: int = 1
    label: str | None = None

    def __post_init__(self) -> None:
        check_kinds(self.network, self.recipe)


def population_of(
    jobs: Sequence[Job],
    X: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    sides: Sides,
    places: Sequence[str] | None = None,
) -> Population:
    """Make the runs of jobs on shared rows."""
    data = SharedData(X, y, sample_weight)
    runs = []
    for number, job in enumerate(jobs):
        if not isinstance(job, Job):
            raise ParameterError(f"jobs must hold Job objects. Got {job!r} at place {number}.")
        if y is None and job.y is None:
            raise ParameterError(
                f"The job at place {number} has no targets: y is None, and so is the job's own.",
                hint="Pass train_many(jobs, X, y), or Job(..., y=y).",
            )
        own = _sides_of(job, sides)
        runs.append(
            Run(
                job.network,
                job.recipe,
                data,
                job.rows,
                job.validation_rows,
                y=job.y,
                sides=own,
                recording=Recording.of(job.record, job.record_every, job.recipe.optimizer),
            )
        )
    _check_use(jobs, sides)
    return Population(runs, data, places)


def _sides_of(job: Job, shared: Sides) -> Sides:
    """Give a job's groups and times: its own, or the shared ones if it can use them."""
    own = (job.groups, job.time)
    if not _splits(job):
        return own
    groups, time = (
        theirs if mine is None else mine for mine, theirs in zip(own, shared, strict=True)
    )
    return groups, time


def _splits(job: Job) -> bool:
    return job.recipe.validation_fraction > 0 or job.validation_rows is not None


def used_by(jobs: Sequence[Job], shared: Sides) -> Sides:
    """Give those of the shared groups and times that some job splits its rows by."""
    groups, time = (
        side if any(_splits(j) and getattr(j, name) is None for j in jobs) else None
        for name, side in zip(("groups", "time"), shared, strict=True)
    )
    return groups, time


def _check_use(jobs: Sequence[Job], sides: Sides) -> None:
    """Refuse shared groups or times that no job uses."""
    used = used_by(jobs, sides)
    for name, side, taken in zip(("groups", "time"), sides, used, strict=True):
        if side is not None and taken is None:
            raise ParameterError(
                f"The '{name}' parameter of train_many would change nothing: no job uses it to "
                "set validation rows aside.",
                hint=f"Set Recipe(validation_fraction=0.2) in a job, or leave {name} out.",
            )


def check_kinds(network: object, recipe: object) -> None:
    """Refuse anything but a network and a recipe."""
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network. Got {network!r}.")
    if not isinstance(recipe, Recipe):
        raise ParameterError(f"recipe must be a Recipe. Got {recipe!r}.")
