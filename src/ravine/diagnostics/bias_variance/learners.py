"""Learners: trained on some rows, with given targets, they predict others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.jobs import Job
from ravine.training.train import Progress, train_many

__all__ = [
    "EstimatorLearner",
    "Failure",
    "Learner",
    "NetworkLearner",
    "Setting",
    "Task",
    "respond",
]


@dataclass(frozen=True, eq=False)
class Task:
    """One fit, and the rows that it predicts.

    Parameters
    ----------
    setting : int
        Which setting of the learner.
    y : ndarray, shape (n,) or (n, outputs)
        Targets of all training rows: numbers, or codes of classes.
    rows : ndarray of int
        Which of them are trained on; a row may appear more than once.
    at : ndarray of int
        Rows to predict: the training rows, followed by the test rows.
    seed : int
        Seed of initial weights and the order of rows.

    Examples
    --------
    >>> Task(0, np.zeros(3), np.arange(3), np.arange(3)).seed
    0
    """

    setting: int
    y: NDArray[Any]
    rows: NDArray[np.int64]
    at: NDArray[np.int64]
    seed: int = 0


class Failure(str):
    """A message about a fit that gave no predictions."""

    __slots__ = ()


class Learner(Protocol):
    """Anything that can be fitted and predicts: networks, other estimators, closed forms."""

    def fit(self, tasks: Sequence[Task]) -> Iterator[tuple[int, NDArray[Any] | Failure]]:
        """Give for each task its place and its predictions, rows × outputs, in any order."""
        ...


@dataclass(frozen=True)
class Setting:
    """A value of what is swept: a network and a recipe.

    Examples
    --------
    >>> import ravine as rv
    >>> Setting(rv.Network([rv.Dense(1)]), rv.Recipe()).recipe.seed
    0
    """

    network: Network
    recipe: Recipe


class NetworkLearner:
    """Networks, all of which are trained in one population.

    Parameters
    ----------
    settings : sequence of Setting
        What is swept.
    X : ndarray
        Training rows and, behind them, test rows.
    n : int
        How many of them are training rows.
    units : dict
        ``groups`` and ``time`` of the training rows, as far as they are given.
    threads : int or None
        As in `train_many`.
    progress : callable, True or None
        As in `train_many`; runs are counted through all calls.
    total : int
        How many runs there will be.

    Examples
    --------
    >>> import ravine as rv
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> setting = Setting(rv.Network([rv.Dense(1)]), rv.Recipe(optimizer="lbfgs"))
    >>> learner = NetworkLearner([setting], X, 2, {}, None, None, 1)
    >>> task = Task(0, np.array([1.0, 3.0]), np.arange(2), np.array([2]))
    >>> [(place, found.round(2)) for place, found in learner.fit([task])]
    [(0, array([[5.]], dtype=float32))]
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        X: NDArray[Any],
        n: int,
        units: Mapping[str, Any],
        threads: int | None,
        progress: Progress,
        total: int,
    ) -> None:
        self.settings, self.X, self.n = settings, X, n
        self._units, self._threads, self._progress = dict(units), threads, progress
        self._done, self.total = 0, total

    def fit(self, tasks: Sequence[Task]) -> Iterator[tuple[int, NDArray[Any] | Failure]]:
        """Train a population; models are not kept."""
        progress = self._progress
        if callable(progress):
            progress = _shifted(progress, self._done, self.total)
        self._done += len(tasks)
        population = train_many(
            [self._job(task) for task in tasks],
            self.X[: self.n],
            threads=self._threads,
            progress=progress,
            as_completed=True,
        )
        for place, model in population:
            if model.status == "diverged":
                yield place, Failure(model.message)
            else:
                yield place, respond(model, self.X[tasks[place].at])

    def _job(self, task: Task) -> Job:
        setting = self.settings[task.setting]
        recipe = setting.recipe.replace(seed=task.seed)
        units = self._units if recipe.validation_fraction > 0 else {}
        return Job(setting.network, recipe, rows=task.rows, y=task.y, **units)


class EstimatorLearner:
    """Any estimator with scikit-learn's ``fit`` and ``predict`` (or ``predict_proba``).

    Parameters
    ----------
    estimator : object
        What is cloned for each fit.
    X : ndarray
        Training rows and, behind them, test rows; images are made rows of numbers.
    n_outputs : int
        Columns of a prediction: outputs or classes.
    classifier : bool
        Whether probabilities are asked for.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> learner = EstimatorLearner(LinearRegression(), X, 1, classifier=False)
    >>> task = Task(0, np.array([[1.0], [3.0], [0.0]]), np.arange(2), np.array([2]))
    >>> [(place, found.round(2)) for place, found in learner.fit([task])]
    [(0, array([[5.]]))]
    """

    def __init__(
        self, estimator: Any, X: NDArray[Any], n_outputs: int, *, classifier: bool
    ) -> None:
        self.estimator, self.X = estimator, X.reshape(len(X), -1).astype(np.float64)
        self.n_outputs, self.classifier = n_outputs, classifier

    def fit(self, tasks: Sequence[Task]) -> Iterator[tuple[int, NDArray[Any] | Failure]]:
        """Fit one after the other."""
        from sklearn.base import clone

        for place, task in enumerate(tasks):
            estimator = clone(self.estimator)
            seeds = [name for name in estimator.get_params() if name == "random_state"]
            estimator.set_params(**dict.fromkeys(seeds, task.seed % 2**32))
            y = task.y[task.rows]
            y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
            estimator.fit(self.X[task.rows], y)
            yield place, self._respond(estimator, self.X[task.at])

    def _respond(self, estimator: Any, X: NDArray[Any]) -> NDArray[Any]:
        if not self.classifier:
            return np.asarray(estimator.predict(X), dtype=np.float64).reshape(len(X), -1)
        found = np.zeros((len(X), self.n_outputs))
        found[:, np.asarray(estimator.classes_, dtype=np.intp)] = estimator.predict_proba(X)
        return found


def respond(model: Model, X: NDArray[Any]) -> NDArray[Any]:
    """Give predictions with two axes: probabilities of classes, or numbers.

    Examples
    --------
    >>> import ravine as rv
    >>> model = rv.train(rv.Network([rv.Dense(1)]), [[0.0], [1.0]], [0.0, 1.0])
    >>> respond(model, np.zeros((3, 1))).shape
    (3, 1)
    """
    found = model.predict_proba(X) if model.network.loss.classifies else model.predict(X)
    return found.reshape(len(found), -1)


def _shifted(
    report: Callable[[Mapping[str, Any]], None], first: int, count: int
) -> Callable[[Mapping[str, Any]], None]:
    """Count the runs through all calls of `train_many`."""
    return lambda row: report({**row, "run": row["run"] + first, "runs": count})
