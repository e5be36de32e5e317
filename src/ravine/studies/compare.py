"""compare: candidates tuned with equal budgets, then judged on fresh seeds and test rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.gate import as_rows
from ravine.data.splitting import check_sides
from ravine.errors import DataError, ParameterError
from ravine.specs.network import Network
from ravine.specs.optimizers import Optimizer
from ravine.specs.penalties import Penalty
from ravine.specs.recipe import LARGEST_SEED, Recipe
from ravine.specs.rules import Number, Whole
from ravine.specs.schedules import Schedule
from ravine.studies.candidates import kind_of, make_candidates
from ravine.studies.compared_runs import Parts, Runs, watches
from ravine.studies.comparison import Comparison
from ravine.studies.splits import held_out, row_numbers
from ravine.studies.table import Table, join
from ravine.studies.tuning import Tuning, read_budget, read_rates, tune_rates
from ravine.training.executors.kinds import opened
from ravine.training.jobs import Job
from ravine.training.train import Progress

__all__ = ["compare"]

Rows = NDArray[np.int64]
Held = float | ArrayLike | tuple[ArrayLike, ArrayLike]


def compare(
    X: ArrayLike,
    y: ArrayLike,
    *,
    network: Network | None = None,
    optimizers: Sequence[str | Optimizer] | Mapping[str, str | Optimizer] | None = None,
    schedules: Sequence[float | Schedule] | Mapping[str, float | Schedule] | None = None,
    batch_sizes: Sequence[int | str] | Mapping[str, int | str] | None = None,
    penalties: Sequence[Penalty | None] | Mapping[str, Penalty | None] | None = None,
    dropouts: Sequence[float] | Mapping[str, float] | None = None,
    networks: Sequence[Network] | Mapping[str, Network] | None = None,
    rows: Sequence[int] | None = None,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    rates: Sequence[float] | None = None,
    budget: float | str | None = None,
    seeds: int = 10,
    validation: Held = 0.2,
    test: Held = 0.2,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    target: float | None = None,
    store: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress = None,
    executor: Any = None,
) -> Comparison:
    """Compare optimizers, or schedules, batch sizes, penalties, dropout, networks or table sizes.

    Each candidate may spend the same budget on its learning rate, with a tuning seed and scored on
    validation rows. Its best rate is then run with fresh seeds and scored on test rows, which
    nothing before has looked at. Runs of one seed share first weights and the orders of rows as far
    as candidates allow, so that differences are in pairs.

    Parameters
    ----------
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs.
    y : array-like, shape (n,) or (n, outputs)
        Targets.
    network : Network
        What is fitted; left out with ``networks``.
    optimizers, schedules, batch_sizes, penalties, dropouts, networks : list or dict, optional
        Exactly one kind of candidates, at least two of them. A dict gives them labels. Candidates
        that are the same count as several.
    rows : list of int, optional
        Or numbers of training rows: the learning curve in n. Each lot lies within the larger ones.
    recipe : Recipe, default Recipe()
        How candidates are trained in all else. Fresh seeds follow its ``seed``, which is the tuning
        seed.
    rates : list of float, optional
        Learning rates to try; of a schedule, its highest value. If the best is at the edge, rates
        beyond it are tried as far as the budget allows. None: candidates are taken as given.
    budget : int or str, optional
        The number of tuning runs that each candidate may spend, each of all the recipe's epochs;
        runs that diverge count. If there are more rates, they are spread over the grid. Or a time
        such as ``"60 s"``, of training, in which as many rates are tried as fit. A step with a line
        search (L-BFGS) is charged as two passes through the rows, the least that it takes. None:
        a run for each rate, and 3 more for rates beyond the edge.
    seeds : int, default 10
        Fresh seeds for each best setting, at least 2. Other rates are run with the first 3 of
        them, for `Comparison.sensitivity` and `Comparison.budget_curve`.
    validation, test : float, array-like of int or tuple (X, y), default 0.2
        The part of the rows (of ``validation``: of those that do not test) to hold out, stratified
        by class; or row numbers, or a mask; or other rows. The same for all candidates.
    groups, time : array-like, shape (n,), optional
        The group and the time of each row: no group is on two sides; the latest rows test, those
        before them validate.
    target : float, optional
        A loss to reach, after each epoch on test rows; where recipes stop early or cut the rate by
        validation rows, on those that they watch.
    store : path, optional
        A folder that keeps each run from the moment it ends: the same call goes on from there.
    threads : int, optional
        Threads to use; None: one per core. Results do not depend on it, unless budgets are times.
    progress : bool or callable, optional
        As in `ravine.train`.
    executor : str, Executor or Client, optional
        Whose workers train, as in `ravine.train_many`. Results do not depend on it, unless budgets
        are times.

    Returns
    -------
    Comparison
        ``.to_frame()``, ``.differences()``, ``.sensitivity()``, ``.budget_curve()``, ``.verdict``
        and ``.plot()``.

    Raises
    ------
    ParameterError
        If candidates, rates or budget cannot be compared, or every try of every candidate
        diverged.
    DataError
        If rows cannot be held out so.
    FileError
        If the store cannot be used.

    References
    ----------
    Schneider, Balles & Hennig (2019), DeepOBS; Dodge et al. (2019), Show your work (score by
    budget; here without replacement).

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> found = rv.compare(X, np.sin(3 * X[:, 0]), network=rv.mlp(8), optimizers=["sgd", "adam"],
    ...     rates=rv.geomspace(1e-3, 1e-1, 3), recipe=rv.Recipe(epochs=10), seeds=3)
    >>> sorted(found.to_frame()["label"])
    ['Adam', 'SGD']
    """
    grid = read_rates(rates)
    spending = read_budget(budget, grid)
    seeds = Whole(at_least=2, at_most=LARGEST_SEED - recipe.seed)("compare", "seeds", seeds)
    if target is not None:
        target = Number()("compare", "target", target)
    given = {
        "optimizers": optimizers,
        "schedules": schedules,
        "batch_sizes": batch_sizes,
        "penalties": penalties,
        "dropouts": dropouts,
        "networks": networks,
        "rows": rows,
    }
    kind = kind_of(given, network)
    known = _networks(network, networks)
    table, parts = _divide(X, y, validation, test, groups, time, known)
    candidates = make_candidates(kind, given[kind], network, recipe, parts.train)
    runs = Runs(table, parts, store, threads, progress, opened(executor, threads))
    runs.check(candidates)
    tunings = [Tuning(candidate, spending, list(grid or [])) for candidate in candidates]
    if grid is not None:
        tune_rates(tunings, lambda tries: runs.tune(tries, recipe.seed))
        if all(tuning.best is None for tuning in tunings):
            raise ParameterError(
                f"All {sum(len(tuning.tries) for tuning in tunings)} tuning runs diverged.",
                hint="Try a hundredth of these rates, or set clip_norm in the recipe.",
            )
    fresh = [recipe.seed + 1 + seed for seed in range(seeds)]
    outcomes = runs.judge(tunings, fresh)
    watched = "validation" if any(watches(candidate) for candidate in candidates) else "test"
    return Comparison(outcomes, kind, fresh, table.units[parts.test], target, watched)


def _networks(network: Network | None, networks: Any) -> list[Network]:
    """Give the networks that are given, for what they say of the targets."""
    several = networks.values() if isinstance(networks, Mapping) else networks
    return [network] if network is not None else list(several)


def _divide(
    X: ArrayLike,
    y: ArrayLike,
    validation: Held,
    test: Held,
    groups: ArrayLike | None,
    time: ArrayLike | None,
    networks: Sequence[Network],
) -> tuple[Table, Parts]:
    """Set test rows aside, then rows that validate; rows that are given stand behind X's."""
    n = len(Table(X, y, groups, time))
    given: dict[str, Any] = {}
    for name, held in (("validation", validation), ("test", test)):
        if not isinstance(held, tuple):
            continue
        if len(held) != 2 or groups is not None or time is not None:
            raise ParameterError(
                f"{name}=(X, y) gives the rows to hold out: it needs those two, and groups and "
                "time cannot go with it."
            )
        before = len(as_rows(X))
        X, y = join((X, y), held)
        given[name] = np.arange(before, len(as_rows(X)))
    table = Table(X, y, groups, time)
    classes = table.classes([Job(network) for network in networks])
    for name, held in (("validation", validation), ("test", test)):
        if not isinstance(held, tuple | int | float | np.number):
            given[name] = row_numbers(held, n, name)
    if len(both := np.intersect1d(given.get("validation", []), given.get("test", []))):
        raise DataError(f"Row {int(both[0])} is in both 'validation' and 'test'.")
    taken = np.concatenate([np.empty(0, np.int64), *given.values()])
    free = np.setdiff1d(np.arange(len(table)), taken)
    chosen = given.get("test", test)
    outer = held_out(table, chosen, classes, among=free, stream=1, name="test")
    inner = held_out(table, given.get("validation", validation), classes, among=outer.rows)
    parts = Parts(inner.rows, inner.validation_rows, outer.validation_rows)
    seen = np.concatenate([parts.train, parts.validation])
    check_sides(seen, parts.test, table.groups, table.time)
    return table, parts
