"""The data that runs share: checked once, converted once per precision and per kind of target."""

from __future__ import annotations

import math
import zlib
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Targets, as_features, as_sample_weight, as_targets, check_codes, code_columns
from .errors import DataError, ParameterError
from .model_parts import engine_network
from .network import Network
from .recipe import Recipe
from .sides import group_codes, time_ranks

__all__ = ["Arrays", "SharedData", "rows_per_batch"]


class Arrays:
    """Rows as they came from the user, and as the engine reads them.

    Parameters
    ----------
    X, y : array-like
        Inputs and targets; y is None where every run brings its own.
    sample_weight : array-like, optional
        Weights of the rows.
    suffix : str, default ""
        Put behind the names in messages.

    Examples
    --------
    >>> Arrays([[1.0], [2.0]], [3.0, 4.0]).features("float32").shape
    (2, 1)
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None = None,
        suffix: str = "",
    ) -> None:
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.names = tuple(name + suffix for name in ("X", "y", "sample_weight"))
        self._features: dict[str, NDArray[Any]] = {}
        self._weights: dict[str, NDArray[Any] | None] = {}
        self._targets: dict[Any, tuple[int, Targets]] = {}
        self._sides: dict[tuple[str, int], NDArray[np.int64]] = {}
        self._own: list[ArrayLike] = []  # kept, so that no two of them have the same id
        self.values: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return len(next(iter(self._features.values())))

    def features(self, dtype: str) -> NDArray[Any]:
        """Give X, checked, n × inputs or n × height × width and so on."""
        if dtype not in self._features:
            self._features[dtype] = as_features(self.X, None, dtype, name=self.names[0])
        return self._features[dtype]

    def weights(self, dtype: str) -> NDArray[Any] | None:
        """Give the sample weights, checked, or None."""
        if dtype not in self._weights:
            rows = len(self.features(dtype))
            self._weights[dtype] = as_sample_weight(
                self.sample_weight, rows, dtype, name=self.names[2]
            )
        return self._weights[dtype]

    def targets(
        self,
        network: Network,
        n_outputs: int,
        dtype: str,
        classes: NDArray[Any] | None,
        own: ArrayLike | None = None,
    ) -> tuple[int, Targets]:
        """Give y, or a run's own, as a loss needs it, and its place in `values`."""
        y = self.y if own is None else own
        assert y is not None
        known = None if classes is None else tuple(classes.tolist())
        key = (id(y), network.loss, n_outputs, dtype, known)
        if key not in self._targets:
            if own is not None:
                self._own.append(own)
            found = as_targets(
                y,
                network.loss,
                n_outputs,
                dtype,
                n_rows=len(self.features(dtype)),
                classes=classes,
                name=self.names[1],
            )
            self._targets[key] = (len(self.values), found)
            self.values.append(found.values)
        return self._targets[key]

    def sides(
        self, groups: ArrayLike | None, time: ArrayLike | None
    ) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
        """Give a run's groups and times, checked, as whole numbers: one of each for every row."""
        found: list[NDArray[np.int64] | None] = []
        for name, values, number in (("groups", groups, group_codes), ("time", time, time_ranks)):
            if values is not None and (name, id(values)) not in self._sides:
                self._own.append(values)
                self._sides[name, id(values)] = number(values, len(self), name)
            found.append(None if values is None else self._sides[name, id(values)])
        return found[0], found[1]

    def check_codes(self, network: Network, dtype: str) -> None:
        """Check the columns that embeddings read."""
        check_codes(self.features(dtype), code_columns(network), name=self.names[0])

    def for_engine(self, dtype: str) -> tuple[NDArray[Any], list[NDArray[Any]], Any]:
        """Give X as a matrix, the targets (those of another precision empty), and weights."""
        X = self.features(dtype)
        kind = np.dtype(dtype)
        empty = np.empty((len(X), 1), dtype=kind)
        targets = [values if values.dtype == kind else empty for values in self.values]
        return X.reshape(len(X), -1), targets, self.weights(dtype)


class SharedData:
    """Training rows, and validation rows where they are given apart.

    Parameters
    ----------
    X, y : array-like
        Inputs and targets; y is None where every run brings its own.
    sample_weight : array-like, optional
        Weights of the rows.
    validation : tuple (X, y) or (X, y, sample_weight), optional
        Rows to validate on.

    Examples
    --------
    >>> SharedData([[1.0], [2.0]], [3.0, 4.0]).input_shape("float32")
    (1,)
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None = None,
        validation: tuple[ArrayLike, ...] | None = None,
    ) -> None:
        self.training = Arrays(X, y, sample_weight)
        self.validation: Arrays | None = None
        if validation is not None:
            if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
                raise ParameterError(
                    "The 'validation' parameter of train must be (X, y) or (X, y, sample_weight)."
                )
            weight = validation[2] if len(validation) == 3 else None
            self.validation = Arrays(
                validation[0], validation[1], weight, " of the validation rows"
            )
        self._handles: dict[Any, Any] = {}
        self._described: dict[Network, dict[str, Any]] = {}

    @cached_property
    def all_rows(self) -> NDArray[np.int64]:
        """The numbers of all training rows: one array, which runs share."""
        return np.arange(len(self.training))

    def input_shape(self, dtype: str) -> tuple[int, ...]:
        """Give the shape of a row."""
        return self.training.features(dtype).shape[1:]

    def handle(self, network: Network, recipe: Recipe) -> Any:
        """Give the engine's view of a network on these rows."""
        key = (network, recipe.dropout, recipe.dtype)
        if key not in self._handles:
            shape = self.input_shape(recipe.dtype)
            self._handles[key] = engine_network(network, shape, recipe.dropout, recipe.dtype)
        return self._handles[key]

    def described(self, network: Network) -> dict[str, Any]:
        """Give a network's description: one dictionary, which runs share."""
        if network not in self._described:
            self._described[network] = network.to_dict()
        return self._described[network]

    def prepare(
        self,
        network: Network,
        recipe: Recipe,
        classes: NDArray[Any] | None,
        y: ArrayLike | None = None,
    ) -> tuple[tuple[int, int], Targets]:
        """Check all rows, with the run's own targets if it has some, for a network.

        Returns the places of its targets among those of the training and of the validation rows,
        and the targets.
        """
        handle = self.handle(network, recipe)
        self.training.check_codes(network, recipe.dtype)
        place, targets = self.training.targets(network, handle.n_outputs, recipe.dtype, classes, y)
        self.training.weights(recipe.dtype)
        places = (place, place)
        if self.validation is not None:
            shape = self.input_shape(recipe.dtype)
            other = self.validation.features(recipe.dtype).shape[1:]
            if other != shape:
                raise DataError(
                    f"X of the validation rows has rows of shape {other}, but X has rows of shape "
                    f"{shape}."
                )
            self.validation.check_codes(network, recipe.dtype)
            self.validation.weights(recipe.dtype)
            apart = self.validation.targets(
                network, handle.n_outputs, recipe.dtype, targets.classes
            )
            places = (place, apart[0])
        return places, targets

    def for_engine(self, dtype: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Give what the engine's train takes: the training and the validation rows."""
        training = self.training.for_engine(dtype)
        validation = training if self.validation is None else self.validation.for_engine(dtype)
        return training, validation

    def fingerprint(self, dtype: str) -> int:
        """Compute a checksum of everything that a run reads."""
        total = 0
        for X, targets, weights in self.for_engine(dtype):
            for array in (X, *targets, *([] if weights is None else [weights])):
                total = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, total)
        return total


def rows_per_batch(n: int, recipe: Recipe) -> tuple[int, int]:
    """Give the usual and the last number of rows in a mini-batch of an epoch of n rows."""
    usual = n if recipe.rows_per_step == "full" else min(int(recipe.rows_per_step), n)
    return usual, n - usual * (math.ceil(n / usual) - 1)
