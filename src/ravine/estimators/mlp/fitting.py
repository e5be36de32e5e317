"""One fit of an MLP: from its parameters and rows to a run, and from there to its attributes."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from ravine.data.shared import SharedData, rows_per_batch
from ravine.data.splitting import split_rows
from ravine.engine.snapshot import counter
from ravine.errors import DataError, ParameterError
from ravine.estimators.mlp.recipe import (
    AUTO_BATCH_SIZE,
    LossUnits,
    make_network,
    make_optimizer,
    make_recipe,
    rule_of,
)
from ravine.estimators.mlp.watching import EpochWatcher, LineSearchWatcher
from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.stopping import EarlyStopping
from ravine.training.lengths import as_long_as_the_run
from ravine.training.population import check_threads
from ravine.training.resumable import ResumableTraining
from ravine.training.run import Sides
from ravine.training.watching import Epochs

__all__ = ["Fitting"]

#: A patience so large that the engine never ends a run: it only keeps the best weights.
_NEVER = 2**31 - 1


class Fitting:
    """One call of fit or partial_fit.

    Parameters
    ----------
    estimator : BaseMLP
        The MLP.
    objective : LossUnits
        Its loss, and ravine's.
    X, y : ndarray
        Rows, and targets as the network reads them.
    weights : ndarray or None
        Of the rows.
    incremental : bool
        Whether it is a partial_fit.

    Examples
    --------
    >>> Fitting.__name__
    'Fitting'
    """

    def __init__(
        self,
        estimator: Any,
        objective: LossUnits,
        X: NDArray[Any],
        y: NDArray[Any],
        weights: NDArray[Any] | None,
        *,
        incremental: bool,
    ) -> None:
        self.estimator, self.objective = estimator, objective
        self.X, self.y, self.weights, self.incremental = X, y, weights, incremental
        self.c = objective.gradient
        self.dtype = estimator.dtype or str(estimator.coefs_[0].dtype)
        self.searches = rule_of(estimator.solver).evaluates
        self.validation: tuple[Any, ...] | None = None
        self.sides: Sides = (None, None)

    def run(self, sizes: list[int], rng: Any) -> None:
        """Train, and store the results in the estimator."""
        estimator = self.estimator
        if estimator.early_stopping and not self.searches:
            self._set_apart(rng)
        batch_size = self._batch_size()
        n = len(self.X)
        joins = bool(estimator.batch_norm) and len(sizes) > 1
        steps, usual, last = rows_per_batch(n, batch_size, joins=joins)
        per_row = ((steps - 1) / usual + 1 / last) / steps  # the mean of 1/B over an epoch
        mean = 1.0 if self.weights is None else float(np.mean(self.weights))
        strength = self.c * per_row / mean
        # the engine weights the penalty by steps, the estimator's loss by rows
        self.penalty_value = steps / n / (self.c * per_row)
        self.constant = self.objective.constant(self.y, self.weights)
        network = make_network(estimator, sizes, self.objective.loss, strength)
        data = SharedData(self.X, self.y, self.weights, self.validation)
        optimizer = make_optimizer(estimator, self.c)
        recipe = make_recipe(
            estimator,
            optimizer,
            c=self.c,
            strength=strength,
            batch_size=batch_size,
            stopping=self._stopping(),
            seed=int(rng.randint(np.iinfo(np.int32).max)),
            dtype=self.dtype,
            epochs=int(estimator.max_iter),
        )
        model = self._train(network, recipe, data)
        self._finish(model)

    def _train(self, network: Network, recipe: Recipe, data: SharedData) -> Model:
        estimator = self.estimator
        estimator.n_iter_ = 0
        memory = estimator._memory
        if not self.incremental or (memory and memory["kind"] != _kind(recipe)):
            memory = None
        self._check_lengths(network, recipe, memory)
        start = self._start(network, recipe, data)
        training = ResumableTraining(network, *start, memory, weigh_by="batch")
        done = training.epochs
        watcher = self._watcher(1 if self.incremental else int(estimator.max_iter))
        if done >= recipe.epochs:
            recipe = recipe.replace(epochs=done + 1)
        threads = self._threads()
        while True:
            model = training.train(
                data, recipe, classes=estimator._codes, watcher=watcher, threads=threads
            )
            if model.status == "diverged":
                watcher.diverge(model)
                break
            if model.status == "interrupted":
                warnings.warn("Training was interrupted.", UserWarning, stacklevel=5)
                break
            if watcher.converged or watcher.next_rate is None:
                break
            rate = make_optimizer(estimator, self.c, watcher.next_rate)
            recipe = recipe.replace(optimizer=rate)
        self.converged = watcher.converged or model.status == "converged"
        self.interrupted = model.status == "interrupted"
        if training.memory is not None and not self.searches:
            epochs = int(estimator.max_iter)
            estimator._memory = {**training.memory, "kind": _kind(recipe), "epochs": epochs}
        return model

    def _check_lengths(
        self, network: Network, recipe: Recipe, memory: dict[str, Any] | None
    ) -> None:
        """Refuse to continue with a schedule that is over, or that would change."""
        if memory is None:
            return
        done, before = int(counter(memory, "epoch")), memory.get("epochs", recipe.epochs)
        kinds = as_long_as_the_run(network, recipe)
        if kinds and (done >= recipe.epochs or before != recipe.epochs):
            raise ParameterError(
                f"{' and '.join(kinds)} has no length and lasts for max_iter={before} epochs, of "
                f"which {done} are done: partial_fit cannot continue with "
                f"max_iter={recipe.epochs}.",
                hint="Give it its own length=....",
            )

    def _threads(self) -> int:
        """Give the number of threads for n_jobs; None means as many as BLAS would use.

        joblib sets OMP_NUM_THREADS to the number of threads for each of its processes.
        """
        if self.estimator.n_jobs is not None:
            return int(effective_n_jobs(self.estimator.n_jobs))
        most = os.environ.get("OMP_NUM_THREADS", "")
        cores = check_threads(None)
        return min(cores, int(most)) if most.isdigit() and int(most) > 0 else cores

    def _finish(self, model: Model) -> None:
        estimator = self.estimator
        estimator._model = model
        named = model.parameters
        layers = range(1, estimator.n_layers_)
        estimator.coefs_ = [np.array(named[f"dense_{i}.weight"]) for i in layers]
        estimator.intercepts_ = [np.array(named[f"dense_{i}.bias"]) for i in layers]
        if self.searches:
            estimator.loss_ = self._objective_at(model)
        if self.converged or self.interrupted or self.incremental:
            return
        if estimator.n_iter_ >= estimator.max_iter or self.searches:
            warnings.warn(
                f"The optimization has not converged after {estimator.n_iter_} iterations, the "
                "most that max_iter and max_fun allow. Raise them, or scale the data.",
                ConvergenceWarning,
                stacklevel=6,
            )

    def _set_apart(self, rng: Any) -> None:
        """Set validation rows aside, if they are not given."""
        if self.validation is None:
            self._draw_apart(rng)
        assert self.validation is not None
        if len(self.validation[0]) < 2:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )

    def _draw_apart(self, rng: Any) -> None:
        """Draw validation rows: without groups and times scikit-learn's for the same state."""
        estimator = self.estimator
        fraction = estimator.validation_fraction
        groups, time = self.sides
        if groups is None and time is None:
            classes = self.y if estimator._stratifies else None  # scikit-learn: two classes alone
            chosen, apart = train_test_split(
                np.arange(len(self.X)), random_state=rng, test_size=fraction, stratify=classes
            )
        else:
            classes = None if estimator._codes is None else self.y
            seed = int(rng.randint(np.iinfo(np.int32).max))
            chosen, apart = split_rows(
                len(self.X), fraction, seed, classes, groups=groups, time=time
            )
        parts = [self.X, self.y, *([] if self.weights is None else [self.weights])]
        self.validation = tuple(part[apart] for part in parts)
        self.X, self.y = self.X[chosen], self.y[chosen]
        self.weights = None if self.weights is None else self.weights[chosen]

    def _batch_size(self) -> int:
        n, wanted = len(self.X), self.estimator.batch_size
        if rule_of(self.estimator.solver).full_batch:
            return n
        if isinstance(wanted, str):
            return min(AUTO_BATCH_SIZE, n)
        if wanted > n:
            warnings.warn(
                f"batch_size={wanted} is larger than the {n} training rows; all rows are used.",
                UserWarning,
                stacklevel=6,
            )
        return min(int(wanted), n)

    def _stopping(self) -> EarlyStopping | None:
        if self.validation is None:
            return None
        return EarlyStopping(patience=_NEVER, monitor=self._monitor)

    @property
    def _monitor(self) -> Any:
        estimator = self.estimator
        return estimator.monitor or estimator._score_name

    def _watcher(self, epochs: int) -> Any:
        estimator = self.estimator
        if self.searches:
            # an iteration evaluates the objective at least once
            most = min(epochs, int(estimator.max_fun))
            return LineSearchWatcher(estimator, self._losses_of, c=self.c, epochs=most)
        scores = None
        if self.validation is not None:
            name = self._monitor
            sign = -1.0 if name in ("val_loss", "val_rmse") else 1.0

            def scores(epochs: Epochs) -> NDArray[np.float64]:
                return sign * epochs[name]

        changes = estimator.solver == "sgd" and estimator.learning_rate != "constant"
        return EpochWatcher(
            estimator,
            self._losses_of,
            (self.objective.value, self.penalty_value, self.constant),
            rows=len(self.X),
            epochs=epochs,
            scores_of=scores,
            rate=float(estimator.learning_rate_init) if changes else None,
        )

    def _losses_of(self, epochs: Epochs) -> NDArray[np.float64]:
        """Give scikit-learn's losses of epochs: with its factor, constant and L2 term."""
        losses = epochs["loss"] * self.objective.value + self.constant
        return losses + epochs["penalty"] * self.penalty_value

    def _objective_at(self, model: Model) -> float:
        """Give the objective at the last weights."""
        estimator = self.estimator
        total = len(self.X) if self.weights is None else float(np.sum(self.weights))
        loss = model.evaluate(self.X, self.y, self.weights)["loss"]
        count = len(estimator.coefs_)
        alphas, l1s = (
            np.broadcast_to(np.asarray(part, float), count)
            for part in (estimator.alpha, estimator.l1)
        )
        norms = sum(
            0.5 * alpha * float(np.vdot(w, w)) + l1 * float(np.abs(w).sum())
            for alpha, l1, w in zip(alphas, l1s, estimator.coefs_, strict=True)
        )
        return float(loss * self.objective.value + self.constant + norms / total)

    def _start(
        self, network: Network, recipe: Recipe, data: SharedData
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the weights to begin with, in the engine's order."""
        estimator = self.estimator
        handle = data.handle(network, recipe)
        if estimator._model is None:
            vector = np.array(handle.initialise(recipe.seed))
            state = handle.initial_state()
        else:
            vector = estimator._model.parameters_vector.astype(recipe.dtype)
            state = estimator._model.state_vector
        layout = {entry["name"]: entry for entry in handle.layout}
        for i, (coef, intercept) in enumerate(
            zip(estimator.coefs_, estimator.intercepts_, strict=True), start=1
        ):
            for name, own in ((f"dense_{i}.weight", coef), (f"dense_{i}.bias", intercept)):
                first = layout[name]["offset"]
                vector[first : first + layout[name]["size"]] = np.ravel(own)
        return vector, state


def _kind(recipe: Recipe) -> str:
    """Give what an optimizer's state depends on."""
    return f"{type(recipe.optimizer).__name__} {recipe.dtype}"
