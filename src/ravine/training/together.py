"""Rules that a network, a recipe and rows must meet together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.arrays import Arrays
from ravine.data.gate import Targets
from ravine.data.labels import said_of_alike
from ravine.data.offsets import Offsets
from ravine.data.shared import SharedData, rows_per_batch
from ravine.data.weights import weighing
from ravine.errors import DataError, DataWarning, ParameterError
from ravine.models.model import Model
from ravine.specs.augmentation import Synthesize, custom_of
from ravine.specs.layers import Dropout, Layer, Residual
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe, check_no_threshold
from ravine.training.copula_check import warn_of_misfit

__all__ = ["Together", "check_start"]


@dataclass(frozen=True)
class Together:
    """A network, a recipe and rows, to be checked against one another.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How it is trained.
    data : SharedData
        The rows that runs share.
    handle : Network32 or Network64
        The engine's view of the network.
    targets : Targets
        The targets of the rows.
    places : tuple of int
        Where the targets of training and validation rows are among those of the data.
    rows, validation_rows : ndarray of int64
        Which rows the run takes.
    offsets : ndarray, optional
        What is subtracted from X.
    """

    network: Network
    recipe: Recipe
    data: SharedData
    handle: Any
    targets: Targets
    places: tuple[int, int]
    rows: NDArray[np.int64]
    validation_rows: NDArray[np.int64]
    offsets: Offsets

    def check(self, *, labels: bool, stacklevel: int) -> None:
        """Refuse what cannot be trained; warn about doubtful rows and, if asked to, labels."""
        self._check_parts()
        if labels:
            self._check_labels(stacklevel + 1)
        self._check_copula(stacklevel + 1)

    def _check_parts(self) -> None:
        recipe = self.recipe
        monitors = [] if recipe.stopping is None else [("EarlyStopping", recipe.stopping.monitor)]
        plateau = getattr(recipe.optimizer.learning_rate, "plateau", None)
        if plateau is not None and plateau.monitor is not None:
            monitors.append(("ReduceOnPlateau", plateau.monitor))
        for name, monitor in monitors:
            self._check_monitor(name, monitor)
        self._check_dropout()
        for layer in _all_layers(self.network.layers):
            check_no_threshold(recipe.optimizer, getattr(layer, "penalty", None))
        if self.handle.needs_whole_batch:
            self._check_batch_of_one()

    def _check_labels(self, stacklevel: int) -> None:
        """Warn, once per data set, about labels that may be the same."""
        classes = self.targets.classes
        if classes is None or classes.dtype.kind != "U":
            return
        for said in said_of_alike(classes.tolist(), "y"):
            if self.data.is_first(said):
                warnings.warn(said, DataWarning, stacklevel=stacklevel)

    def _check_copula(self, stacklevel: int) -> None:
        """Warn, once per data set, if Synthesize does not suit it."""
        for item in self.recipe.augmentation:
            if isinstance(item, Synthesize) and self.data.is_first(("Synthesize", item.categories)):
                weights = self.data.training.weights(self.recipe.dtype)
                rows = weighing(self.rows, weights)
                warn_of_misfit(
                    self.data.training.features(self.recipe.dtype, self.offsets)[rows].reshape(
                        len(rows), -1
                    ),
                    self.targets.values[rows],
                    item,
                    n_outputs=self.handle.n_outputs,
                    code_columns=self.handle.code_columns,
                    classes=self.targets.classes,
                    stacklevel=stacklevel + 1,
                )

    def _check_dropout(self) -> None:
        """Refuse a dropout of the recipe if the network has its own, or no layer for it."""
        rate = self.recipe.dropout
        if rate == 0:
            return
        if any(isinstance(layer, Dropout) for layer in _all_layers(self.network.layers)):
            raise ParameterError(
                f"The recipe has dropout={rate:g}, and the network has its own Dropout layers: "
                "use only one of them.",
                hint="Use recipe.replace(dropout=0), or a network without Dropout.",
            )
        if not any(layer["kind"] == "Dropout" for layer in self.handle.layers):
            raise ParameterError(
                f"The recipe has dropout={rate:g}, which acts before each Dense layer but the "
                "first. The network has none there, so it would change nothing.",
                hint="Add a hidden layer, or use dropout=0.",
            )

    def _check_monitor(self, name: str, monitor: str) -> None:
        if monitor == "loss":
            return
        if not len(self.validation_rows):
            raise ParameterError(
                f"{name} watches {monitor!r}, but there are no validation rows.",
                hint="Set Recipe(validation_fraction=0.2), pass validation=(X, y), or monitor "
                "'loss'.",
            )
        of_classes = monitor == "val_accuracy"
        if monitor != "val_loss" and of_classes != self.handle.classifies:
            what = "a classification" if self.handle.classifies else "a regression"
            raise ParameterError(f"{name} watches {monitor!r}, which {what} does not have.")
        if monitor == "val_r2":
            self._check_spread(name)

    def _check_spread(self, name: str) -> None:
        """Refuse to watch R² if it is meaningless: it compares errors with the targets' spread."""
        counted = self.validation_rows
        if len(counted) < 2:
            why = "needs at least two rows (of a weight above 0)"
        else:
            targets = self._validated_on.values[self.places[1]][counted]
            if (targets != targets[0]).any():
                return
            why = "is 0 for any prediction if all targets are the same"
        raise ParameterError(
            f"{name} watches 'val_r2', which {why}. Validation rows that count: {len(counted)}.",
            hint="Use more validation rows, or monitor 'val_loss' or 'val_rmse'.",
        )

    @property
    def _validated_on(self) -> Arrays:
        return self.data.training if self.data.validation is None else self.data.validation

    def _check_batch_of_one(self) -> None:
        if custom_of(self.recipe.augmentation):
            return  # how many rows there will be, only the engine learns
        n = len(self.rows)
        made = [item for item in self.recipe.augmentation if isinstance(item, Synthesize)]
        n += sum(round(n * item.fraction) for item in made)
        size = self.recipe.rows_per_step
        _, _, last = rows_per_batch(n, n if size == "full" else size, joins=True)
        if last > 1:
            return
        one = n == 1
        raise ParameterError(
            "BatchNorm needs at least two rows in every mini-batch, but there is one training row."
            if one
            else f"BatchNorm needs at least two rows in every mini-batch. Got batch_size={size}.",
            hint="Use LayerNorm, or more rows." if one else "Use batch_size=2 or more.",
        )


def check_start(network: Network, data: SharedData, recipe: Recipe, start: Model) -> None:
    """Refuse to start from a model of another network or of other rows."""
    input_shape = data.input_shape(recipe.dtype)
    if start.network != network:
        raise ParameterError(
            "The model that training is to start from has another network: "
            f"{start.network!r} instead of {network!r}."
        )
    if tuple(start.input_shape) != tuple(input_shape):
        raise DataError(
            f"X has rows of shape {input_shape}, but the model to start from was trained on rows "
            f"of shape {tuple(start.input_shape)}."
        )
    names = data.feature_names
    if None not in (names, start.feature_names) and names != start.feature_names:
        raise DataError(
            f"X has the columns {names}, but the model to start from was trained on "
            f"{start.feature_names}.",
            hint="Give the same columns in the same order.",
        )


def _all_layers(layers: Sequence[Layer]) -> list[Layer]:
    found = []
    for layer in layers:
        found.append(layer)
        if isinstance(layer, Residual):
            found += _all_layers(layer.layers)
    return found
