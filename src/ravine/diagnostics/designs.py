"""Where the members of a population get their data from: a simulator, or rows of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Targets, as_targets
from ..data import SharedData, true_rows
from ..errors import DataError, ParameterError
from ..losses import BinaryCrossEntropy, CrossEntropy
from ..model import Model
from ..network import Network
from ..numeric import as_array, as_floats
from ..recipe import Recipe
from ..splitting import split_rows
from ..training import Job
from .decomposition import Reference

__all__ = ["Basis", "Design", "Resampling", "Simulation", "classifies", "respond"]

Truth = Callable[[NDArray[np.float64]], ArrayLike]

# What random numbers are drawn for: each purpose and each model has a stream of its own.
_SEEDS, _TARGETS, _TEST_TARGETS, _ROWS = range(4)


def classifies(network: Network) -> bool:
    """Whether a network gives probabilities.

    Examples
    --------
    >>> import ravine as rv
    >>> classifies(rv.Network([rv.Dense(1)]))
    False
    """
    return isinstance(network.loss, CrossEntropy | BinaryCrossEntropy)


def respond(model: Model, X: NDArray[Any]) -> NDArray[Any]:
    """Give predictions with two axes: probabilities of classes, or numbers.

    Examples
    --------
    >>> import ravine as rv
    >>> model = rv.train(rv.Network([rv.Dense(1)]), [[0.0], [1.0]], [0.0, 1.0])
    >>> respond(model, np.zeros((3, 1))).shape
    (3, 1)
    """
    found = model.predict_proba(X) if classifies(model.network) else model.predict(X)
    return found.reshape(len(found), -1)


@dataclass(frozen=True)
class Basis:
    """What every design starts from.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How, before anything is swept.
    X : array-like
        Inputs.
    seed : int
        Of everything that is drawn.
    n_models : int
        How many models there will be.

    Examples
    --------
    >>> import ravine as rv
    >>> Basis(rv.Network([rv.Dense(1)]), rv.Recipe(), [[1.0]], seed=0, n_models=3).seed
    0
    """

    network: Network
    recipe: Recipe
    X: ArrayLike
    seed: int
    n_models: int


class Design(ABC):
    """Where each model's training data comes from, and what its predictions are compared with.

    Parameters
    ----------
    basis : Basis
        The network, the inputs and how many models there will be.

    Examples
    --------
    >>> Design.__subclasses__()
    [<class '...Simulation'>, <class '...Resampling'>]
    """

    name: str
    #: Targets that all models share, or None.
    y: NDArray[Any] | None
    X_test: NDArray[Any]
    reference: Reference

    def __init__(self, basis: Basis) -> None:
        self.network, self.seed, self.n_models = basis.network, basis.seed, basis.n_models
        self.dtype = basis.recipe.dtype
        self.X = true_rows(basis.X, self.dtype)
        self.n_outputs: int = SharedData(self.X, None).handle(basis.network, basis.recipe).n_outputs

    @abstractmethod
    def job(self, recipe: Recipe, model: int) -> Job:
        """Give what a model is trained on, and how."""

    @property
    def weight(self) -> float:
        """What squares are multiplied with: they are added up over classes, averaged over outputs.

        Returns
        -------
        float
            1, or 1 over the number of outputs.
        """
        several = not classifies(self.network) or self._is_multi_label
        return 1.0 / self.n_outputs if several else 1.0

    @property
    def _is_multi_label(self) -> bool:
        return isinstance(self.network.loss, BinaryCrossEntropy) and self.n_outputs > 1

    def _as_test_rows(self, X_test: ArrayLike) -> NDArray[Any]:
        return true_rows(X_test, str(self.X.dtype), self.X.shape[1:], name="X_test")

    def _generator(self, purpose: int, model: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose, model])

    def _seeded(self, recipe: Recipe, model: int) -> Recipe:
        """Give a model first weights and an order of rows of its own, whatever is swept."""
        return recipe.replace(seed=int(self._generator(_SEEDS, model).integers(2**31)))


class Simulation(Design):
    """Each model gets new targets at the same inputs.

    For numbers, ``y = truth(X) + σ ε`` with standard normal ε; for classes, labels are drawn with
    the probabilities that the truth gives.

    Parameters
    ----------
    basis : Basis
        The network, the inputs and how many models there will be.
    truth : callable
        Of a matrix: expected targets or probabilities, a row for each row.
    noise : float or None
        σ.
    X_test : array-like or None
        Inputs to test at; None: X.

    Examples
    --------
    >>> import ravine as rv
    >>> basis = Basis(rv.Network([rv.Dense(1)]), rv.Recipe(), np.zeros((4, 1)), 0, n_models=3)
    >>> Simulation(basis, lambda X: X[:, 0], 0.5, None).job(rv.Recipe(), 0).y.shape
    (4, 1)
    """

    name = "simulated"

    def __init__(
        self, basis: Basis, truth: Truth, noise: float | None, X_test: ArrayLike | None
    ) -> None:
        super().__init__(basis)
        self.y = None
        self.noise = self._checked_noise(noise)
        self.X_test = self.X if X_test is None else self._as_test_rows(X_test)
        self.rows = np.arange(len(self.X))  # one array for all jobs
        self.expected = self._expected(truth, self.X)
        centre = self.expected if X_test is None else self._expected(truth, self.X_test)
        generators = (self._generator(_TEST_TARGETS, model) for model in range(self.n_models))
        self.reference = Reference(
            centre,
            self._squared_noise(centre),
            measured=False,
            fresh=np.stack([self._draw(centre, generator) for generator in generators]),
            weight=self.weight,
        )
        self._targets: dict[int, NDArray[Any]] = {}

    def job(self, recipe: Recipe, model: int) -> Job:
        """Give a model's simulated targets, the same whatever is swept."""
        if model not in self._targets:
            drawn = self._draw(self.expected, self._generator(_TARGETS, model))
            is_label = classifies(self.network) and not self._is_multi_label
            self._targets[model] = drawn.argmax(axis=1) if is_label else drawn
        recipe = self._seeded(recipe, model)
        return Job(self.network, recipe, rows=self.rows, y=self._targets[model])

    def _checked_noise(self, noise: float | None) -> float:
        if classifies(self.network):
            if noise is not None:
                raise ParameterError(
                    "Leave 'noise' out for a classification: the probabilities that 'truth' gives "
                    f"say how labels scatter. Got {noise!r}."
                )
            return 0.0
        if noise is None:
            raise ParameterError(
                "Targets are simulated with 'truth' and 'noise', but 'noise' is not given.",
                hint="Pass noise=σ, the standard deviation of the targets; 0 for none.",
            )
        return noise

    def _expected(self, truth: Truth, X: NDArray[Any]) -> NDArray[np.float64]:
        """Give what the truth says of rows, n × outputs or n × classes."""
        given = truth(X.astype(np.float64))
        values = as_floats(as_array(given, "truth(X)"), "float64", "truth(X)")
        if values.ndim == 1:
            values = values[:, np.newaxis]
        binary = isinstance(self.network.loss, BinaryCrossEntropy) and self.n_outputs == 1
        if binary and values.ndim == 2 and values.shape[1] == 1:
            values = np.hstack([1 - values, values])
        wanted = (len(X), 2 if binary else self.n_outputs)
        if values.shape != wanted:
            raise DataError(
                f"truth(X) must have the shape {wanted}, a row for each row of X. "
                f"Got {values.shape}."
            )
        if classifies(self.network):
            self._check_probabilities(values)
        return values

    def _check_probabilities(self, values: NDArray[np.float64]) -> None:
        if values.min() < 0 or values.max() > 1:
            raise DataError(
                "truth(X) must give probabilities, from 0 to 1, for a classification. "
                f"Got {values.min():g} … {values.max():g}."
            )
        sums = values.sum(axis=1)
        if not self._is_multi_label and np.abs(sums - 1).max() > 1e-6:  # beyond any rounding
            raise DataError(
                "The probabilities that truth(X) gives must add up to 1 in each row. "
                f"Got {sums[np.abs(sums - 1).argmax()]:g}."
            )

    def _draw(
        self, expected: NDArray[np.float64], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        """Draw targets: numbers, 0 and 1 for each label, or a 1 for one of the classes."""
        if not classifies(self.network):
            return np.asarray(expected + self.noise * generator.standard_normal(expected.shape))
        if self._is_multi_label:
            return np.asarray(generator.random(expected.shape) < expected, dtype=np.float64)
        below = generator.random((len(expected), 1)) >= expected.cumsum(axis=1)[:, :-1]
        return np.asarray(np.eye(expected.shape[1])[below.sum(axis=1)])

    def _squared_noise(self, centre: NDArray[np.float64]) -> NDArray[np.float64]:
        if not classifies(self.network):
            return np.full(len(centre), self.noise**2)
        return np.asarray(self.weight * (centre * (1 - centre)).sum(axis=1))


class Resampling(Design):
    """Each model gets rows of its own from a table, and all are tested on rows that none gets.

    Parameters
    ----------
    basis : Basis
        The network, the inputs and how many models there will be.
    y : array-like
        Targets.
    noise : float or None
        σ, if it is known.
    method : {"bootstrap", "subsets"}
        Rows drawn with replacement, as many as there are; or a part of the rows for each model,
        none of them in two parts.
    test : tuple (X, y) or float
        Rows to test on, or what part of X is set aside, with the same share of every class.

    Examples
    --------
    >>> import ravine as rv
    >>> basis = Basis(rv.Network([rv.Dense(1)]), rv.Recipe(), np.zeros((10, 1)), 0, n_models=4)
    >>> design = Resampling(basis, np.zeros(10), None, "subsets", 0.2)
    >>> [len(design.job(rv.Recipe(), model).rows) for model in range(4)]
    [2, 2, 2, 2]
    """

    def __init__(
        self,
        basis: Basis,
        y: ArrayLike,
        noise: float | None,
        method: str,
        test: tuple[ArrayLike, ArrayLike] | float,
    ) -> None:
        super().__init__(basis)
        self.name = method
        targets = self._as_targets(y, "y", self.X, None)
        self.codes = None if targets.classes is None else targets.values[:, 0]
        self.y = _restored(targets)
        if isinstance(test, float):
            self.rows, aside = split_rows(len(self.X), test, self.seed, self.codes)
            self.X_test, measured = self.X[aside], targets.values[aside]
        else:
            self.rows = np.arange(len(self.X))
            self.X_test = self._as_test_rows(test[0])
            measured = self._as_targets(test[1], "y_test", self.X_test, targets.classes).values
        if len(measured) < 2:
            raise DataError(
                "There must be at least two rows to test on. There is one.",
                hint="Give X_test and y_test, or a larger test_fraction.",
            )
        if targets.classes is not None:
            measured = np.eye(len(targets.classes))[measured[:, 0].astype(np.intp)]
        squared_noise = None if noise is None else np.full(len(measured), noise**2)
        self.reference = Reference(measured, squared_noise, measured=True, weight=self.weight)
        self._parts = self._disjoint() if method == "subsets" else None
        self._drawn: dict[tuple[int, float], tuple[NDArray[np.int64], Any]] = {}

    def job(self, recipe: Recipe, model: int) -> Job:
        """Give a model's rows, the same whatever is swept."""
        recipe = self._seeded(recipe, model)
        if self._parts is not None:
            return Job(self.network, recipe, rows=self._parts[model])
        key = (model, recipe.validation_fraction)
        if key not in self._drawn:
            self._drawn[key] = self._bootstrap(recipe, model)
        rows, validation_rows = self._drawn[key]
        recipe = recipe.replace(validation_fraction=0.0)
        return Job(self.network, recipe, rows=rows, validation_rows=validation_rows)

    def _bootstrap(
        self, recipe: Recipe, model: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Draw rows with replacement, from those that are not set aside for validation.

        If validation rows were set aside afterwards, as the recipe would, some of them would be
        copies of training rows.
        """
        rows, validation_rows = self.rows, None
        if recipe.validation_fraction > 0:
            codes = None if self.codes is None else self.codes[rows]
            kept, aside = split_rows(len(rows), recipe.validation_fraction, recipe.seed, codes)
            rows, validation_rows = rows[kept], rows[aside]
        return self._generator(_ROWS, model).choice(rows, size=len(rows)), validation_rows

    def _disjoint(self) -> list[NDArray[np.int64]]:
        """Give each model its part of the rows, all of the same size."""
        n_models = self.n_models
        size = len(self.rows) // n_models
        if size < 2:
            raise DataError(
                f"{len(self.rows)} training rows do not give each of {n_models} models two rows "
                "of its own.",
                hint='Train fewer models, or use method="bootstrap".',
            )
        shuffled = self._generator(_ROWS, 0).permutation(self.rows)[: size * n_models]
        return list(shuffled.reshape(n_models, size))

    def _as_targets(
        self, y: ArrayLike, name: str, X: NDArray[Any], classes: NDArray[Any] | None
    ) -> Targets:
        loss, rows = self.network.loss, len(X)
        return as_targets(
            y, loss, self.n_outputs, "float64", n_rows=rows, classes=classes, name=name
        )


def _restored(targets: Targets) -> NDArray[Any]:
    """Give y as `train_many` takes it: labels, or numbers with the axes that they came with."""
    if targets.classes is not None:
        return np.asarray(targets.classes[targets.values[:, 0].astype(np.intp)])
    return targets.values[:, 0] if targets.one_dimensional else targets.values
