"""tune: a search of settings that trains many for a few epochs, and few to the end."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ravine.errors import ParameterError
from ravine.ground.text import plural
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import Number, Whole, shown
from ravine.studies.estimator_trainer import EstimatorTrainer
from ravine.studies.network_trainer import NetworkTrainer
from ravine.studies.proposals import METHODS, proposer
from ravine.studies.searching import Search, plans
from ravine.studies.space import read_space
from ravine.studies.store import Store
from ravine.studies.stored import check_store
from ravine.studies.tuned import Tuned
from ravine.studies.tuned_rows import TunedRows
from ravine.training.jobs import check_kinds
from ravine.training.train import Progress

__all__ = ["tune"]


def tune(
    what: Any,
    X: Any,
    y: ArrayLike,
    space: Mapping[str, Any],
    *,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    budget: float,
    validation: float | ArrayLike | tuple[ArrayLike, ArrayLike] = 0.2,
    cv: int | Iterable[Any] | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    metric: str | Sequence[str] = "val_loss",
    seeds: int | Sequence[int] = 3,
    method: str = "sobol",
    store: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Tuned:
    """Search a space of settings for those with the best score on validation rows.

    Networks are tuned by successive halving over epochs. Every configuration is trained to a ninth
    of the recipe's epochs; the best third of them goes on to a third of the epochs, and the best
    third of those to the end. A run is made with its final number of epochs and pauses at a rung:
    schedules and dropouts that fade never see it, and a run that went on is bit for bit one that
    never paused. A configuration is several runs, of different seeds or folds, the same for all;
    the mean decides. All runs of a rung are one population.

    An estimator cannot wait in the middle of ``fit``, so its configurations are fitted in full, one
    fit after another.

    Parameters
    ----------
    what : Network or estimator
        What is fitted: a network, trained by ``recipe``; or an estimator, such as
        ``rv.MLPClassifier()`` or ``rv.NeuralRegressor()``.
    X : array-like
        Inputs; for an estimator, whatever it takes.
    y : array-like, shape (n,) or (n, outputs)
        Targets.
    space : mapping of str to object
        What to vary, as in `ravine.sample`: by a setting's dotted name (of an estimator: a
        parameter's), ``(low, high)``, ``(low, high, "log")``, a list of values or a distribution.
        A number for ``optimizer.learning_rate`` is the highest value of a schedule that stands
        there, which keeps its shape.
    recipe : Recipe, default Recipe()
        How the network is trained; the space changes it.
    budget : float
        What to spend: the cost of so many configurations that are trained in full. With halving,
        nearly four times as many are tried for it.
    validation : float, array-like of int or tuple (X, y), default 0.2
        The rows that decide: a part, row numbers, a mask or other rows, as in `ravine.Study.run`.
    cv : int, splitter or iterable, optional
        Instead of that, folds: each configuration is one run a fold, and the seeds go round.
    groups, time : array-like, shape (n,), optional
        The group and the time of each row, as in `ravine.Study.run`.
    metric : str or list of str, default "val_loss"
        A score of the validation rows: ``val_loss``; ``val_accuracy``; ``val_r2``, ``val_rmse``.
        Of several, the first decides, and the others are shown.
    seeds : int or list of int, default 3
        How many seeds from the recipe's on (of an estimator: from its ``random_state`` on, if that
        is a number, else from 0), or which.
    method : {"sobol", "tpe"}, default "sobol"
        How configurations are chosen: evenly over the space; or by Optuna's TPE (needs Optuna), in
        four generations, each of which learns from those before it.
    store : path, optional
        A folder that keeps what every run gave at every rung. The same search, killed and started
        again, takes it from there and finds the same; only runs that were between two rungs train
        again from their start.
    threads : int, optional
        Threads to use; None: one per core. Results do not depend on it. Estimators choose for
        themselves.
    progress : bool or callable, optional
        As in `ravine.train`, for the runs of each rung.

    Returns
    -------
    Tuned
        With ``best``, ``to_frame()`` and ``importances()``. After Ctrl-C a warning says how many
        configurations were compared; they are there.

    Raises
    ------
    SpecError
        If a setting is unknown; the nearest known one is named.
    ParameterError
        If the space is empty, the budget is too small for one rung, or a value breaks its rule.
    DataError
        If rows cannot be trained on or held out so.
    FileError
        If the store cannot be used, or is one of other rows or another version.
    MissingPackageError
        If method is "tpe" and Optuna is not installed.

    Notes
    -----
    The score of the best of many is too good, since chance helped to choose it: hold test rows back
    before tuning, and score what you train on the rest with ``best.network`` and ``best.recipe``.

    References
    ----------
    Jamieson & Talwalkar (2016), Non-stochastic best arm identification and hyperparameter
    optimization.

    Examples
    --------
    >>> import ravine as rv
    >>> X = [[i / 50] for i in range(100)]
    >>> y = [3 * row[0] + 1 for row in X]
    >>> space = {"optimizer.learning_rate": (1e-4, 0.3, "log"), "batch_size": [16, 32]}
    >>> found = rv.tune(rv.mlp(8), X, y, space, recipe=rv.Recipe(epochs=18), budget=4, seeds=2)
    >>> found
    Tuned(14 configurations, 2 runs each)
    >>> model = rv.train(found.best.network, X, y, found.best.recipe)
    """
    dimensions = read_space(space)
    spend = Number(above=0)("tune", "budget", budget)
    metrics = _metrics(metric)
    _check(what, recipe)
    rows = TunedRows.of(what, X, y, validation, cv, groups=groups, time=time)
    places = rows.places(_seeds(seeds, what, recipe))
    proposes = proposer(method, dimensions, places[0][1])
    kept = None if store is None else _opened(os.fspath(store), rows)
    trainer: NetworkTrainer | EstimatorTrainer
    if isinstance(what, Network):
        trainer = NetworkTrainer(what, recipe, rows.table, places, kept, threads, progress)
    else:
        trainer = EstimatorTrainer(what, rows.X, rows.y, rows.table, rows.sides, places, kept)
    search = Search(trainer, dimensions, proposes, places, metrics[0])
    try:
        for generation in plans(spend, trainer, METHODS[method]):
            search.advance(generation, metrics)
    except KeyboardInterrupt:
        done = sum(bool(contender.results) for contender in search.contenders)
        warnings.warn(
            f"Interrupted: {plural(done, 'configuration')} came to a rung."
            + (" The same search with the same store goes on from there." if kept else ""),
            RuntimeWarning,
            stacklevel=2,
        )
    return Tuned(search.contenders, trainer, metrics, len(places))


def _check(what: Any, recipe: Recipe) -> None:
    """Refuse what is neither a network nor an estimator, and a recipe that is not used."""
    if isinstance(what, Network):
        check_kinds(what, recipe)
        return
    if not all(callable(getattr(what, name, None)) for name in ("get_params", "fit", "predict")):
        raise ParameterError(
            f"tune takes a Network or an estimator. Got {what!r:.80}.",
            hint="Such as rv.mlp(64, 64) or rv.MLPRegressor().",
        )
    if recipe != Recipe():
        raise ParameterError(
            f"{type(what).__name__} has parameters of its own: the recipe would change nothing.",
            hint="Leave recipe out, or tune a Network.",
        )


def _metrics(metric: str | Sequence[str]) -> list[str]:
    metrics = [metric] if isinstance(metric, str) else list(metric)
    if not metrics or not all(isinstance(name, str) for name in metrics):
        raise ParameterError(f"The 'metric' parameter of tune must name a score. Got {metric!r}.")
    return list(dict.fromkeys(metrics))


def _seeds(seeds: int | Sequence[int], what: Any, recipe: Recipe) -> list[int]:
    """Give the seeds of the runs of a configuration."""
    first = recipe.seed if isinstance(what, Network) else getattr(what, "random_state", 0)
    first = int(first) if isinstance(first, int | np.integer) else 0
    if isinstance(seeds, int | np.integer):
        return [first + i for i in range(Whole(at_least=1)("tune", "seeds", seeds))]
    given = [Whole(at_least=0)("tune", "seeds", seed) for seed in seeds]
    if not given or len(set(given)) < len(given):
        raise ParameterError(
            f"The 'seeds' parameter of tune must be a number of seeds or different seeds. "
            f"Got {shown(seeds)}."
        )
    return given


def _opened(folder: str, rows: TunedRows) -> Store:
    """Open a store, and refuse one of other rows."""
    store = Store(folder)
    store.prepare()
    check_store(store.headers(), rows.table, rows.splits)
    return store
