"""Many fits at once: of every setting on every data set, or with rows held out in turn."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.folds import Folds
from ravine.diagnostics.bias_variance.learners import Failure, Learner, Task

__all__ = ["DataSet", "Population", "held_out", "population"]

_MOST_IN_MEMORY = 2**28

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Targets, and the rows to train on.

    Parameters
    ----------
    y : ndarray, shape (n,) or (n, outputs)
        Of all training rows.
    rows : ndarray of int
        Which of them the data set is.

    Examples
    --------
    >>> DataSet(np.zeros(3), np.arange(3)).rows
    array([0, 1, 2])
    """

    y: NDArray[Any]
    rows: Rows


@dataclass(frozen=True, eq=False)
class Population:
    """What all models predict.

    Parameters
    ----------
    predictions : ndarray, shape (settings, D, K, rows, outputs)
        Of each setting, trained on D data sets from K seeds each.
    failures : list of list of (int, str)
        For each setting, which models gave none, and what is to be said of it.
    """

    predictions: NDArray[Any]
    failures: list[list[tuple[int, str]]]


def population(
    learner: Learner,
    settings: Sequence[int],
    data_sets: Sequence[DataSet],
    n_seeds: int,
    at: Rows,
    n_outputs: int,
    seed: Callable[[int], int],
) -> Population:
    """Fit each setting to each data set from each seed.

    Parameters
    ----------
    learner : Learner
        What is fitted.
    settings : sequence of int
        Which of its settings.
    data_sets : sequence of DataSet
        The same for every setting.
    n_seeds : int
        Fits to each data set.
    at : ndarray of int
        Rows to predict.
    n_outputs : int
        Columns of a prediction.
    seed : callable
        Gives a model's seed, the same whatever is swept; models are counted through data sets and
        seeds.

    Returns
    -------
    Population
        Predictions, and what failed.
    """
    n_models = len(data_sets) * n_seeds
    tasks = [
        Task(setting, data_set.y, data_set.rows, at, seed(place * n_seeds + number))
        for setting in settings
        for place, data_set in enumerate(data_sets)
        for number in range(n_seeds)
    ]
    predictions = _room((len(settings), n_models, len(at), n_outputs))
    failures: list[list[tuple[int, str]]] = [[] for _ in settings]
    for place, found in learner.fit(tasks):
        setting, member = divmod(place, n_models)
        if isinstance(found, Failure):
            failures[setting].append((place, str(found)))
            predictions[setting, member] = np.nan
        else:
            predictions[setting, member] = found
    shape = (len(settings), len(data_sets), n_seeds, len(at), n_outputs)
    return Population(predictions.reshape(shape), failures)


def held_out(
    learner: Learner,
    settings: Sequence[int],
    tables: Sequence[NDArray[Any]],
    folds: Folds,
    n_outputs: int,
    seed: Callable[[int], int],
) -> NDArray[np.float64]:
    """Predict the rows held out of each fold, in each of some tables that differ in targets.

    Returns
    -------
    ndarray, shape (settings, tables, rows held out, outputs)
        In the order of `Folds.held_out`; NaN where a fit failed.
    """
    tasks, places = [], []
    starts = np.cumsum([0, *(len(aside) for _, aside in folds.pairs)])
    shape = (len(settings), len(tables), int(starts[-1]), n_outputs)
    predictions = np.full(shape, np.nan)
    for i, setting in enumerate(settings):
        for j, y in enumerate(tables):
            for k, (kept, aside) in enumerate(folds.pairs):
                tasks.append(Task(setting, y, kept, aside, seed(j * len(folds.pairs) + k)))
                places.append((i, j, slice(starts[k], starts[k + 1])))
    for place, found in learner.fit(tasks):
        if not isinstance(found, Failure):
            predictions[places[place]] = found
    return predictions


def _room(shape: tuple[int, ...]) -> NDArray[Any]:
    """Make room in memory, or, where it is a lot, in a temporary file."""
    if np.prod(shape, dtype=np.float64) <= _MOST_IN_MEMORY:
        return np.empty(shape, np.float32 if np.prod(shape) > 2**24 else np.float64)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=shape)
