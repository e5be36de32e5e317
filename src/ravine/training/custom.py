"""Custom augmentation functions, as the engine calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.gate import Targets, as_features, as_targets
from ravine.data.offsets import Offsets
from ravine.data.shared import SharedData
from ravine.errors import DataError, ParameterError
from ravine.specs.custom import calling
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.spec import short

__all__ = ["CustomAugmentation"]


class CustomAugmentation:
    """Functions of the user's that make an epoch's rows out of the training rows.

    Parameters
    ----------
    functions : sequence of callable
        Each ``f(X, y, rng) -> (X, y)``; they are called in turn.
    network : Network
        What is fitted.
    recipe : Recipe
        How: its seed, its precision.
    data : SharedData
        The rows that runs share.
    rows : ndarray of int64
        Which of them are trained on.
    targets : Targets
        The targets of all of them.
    offsets : ndarray, optional
        What is subtracted from X.
    """

    def __init__(
        self,
        functions: Sequence[Callable[..., Any]],
        network: Network,
        recipe: Recipe,
        data: SharedData,
        rows: NDArray[np.int64],
        targets: Targets,
        offsets: Offsets,
    ) -> None:
        self.functions, self.network, self.recipe = functions, network, recipe
        self.data, self.rows, self.targets, self.offsets = data, rows, targets, offsets

    def __call__(self, epoch: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Make the rows of an epoch: X as a matrix, targets as the engine reads them."""
        X, y = self._given()
        rng = np.random.default_rng([self.recipe.seed, 0xA06, epoch])
        for function in self.functions:
            with calling(f"the augmentation {short(function)}", "__call__"):
                made = function(X, y, rng)
            if not isinstance(made, tuple) or len(made) != 2:
                raise ParameterError("An augmentation function must return a tuple (X, y).")
            X, y = made
        return self._taken(X, y)

    def _given(self) -> tuple[Any, Any]:
        """Give the training rows as the user knows them."""
        X = self.data.training.features(self.recipe.dtype, self.offsets)[self.rows]
        if self.offsets is not None:
            X = X + self.offsets.reshape(X.shape[1:])  # in double
        codes, classes = self.targets.values[self.rows], self.targets.classes
        if classes is not None:
            return X, classes[codes[:, 0].astype(int)]
        return X, codes[:, 0] if self.targets.one_dimensional else codes

    def _taken(self, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Check what the functions made."""
        dtype = self.recipe.dtype
        name = "X of the augmentation function"
        features = as_features(X, self.data.input_shape(dtype), dtype, name, self.offsets)
        targets = as_targets(
            y,
            self.network.loss,
            self.data.handle(self.network, self.recipe).n_outputs,
            dtype,
            n_rows=len(features),
            classes=self.targets.classes,
            name="y of the augmentation function",
        )
        if self.data.training.sample_weight is not None and len(features) != len(self.rows):
            raise DataError(
                "An augmentation function must keep the number of rows when rows have weights."
            )
        return features.reshape(len(features), -1), targets.values
