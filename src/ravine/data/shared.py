"""The data that runs share: checked once, converted once per precision and per kind of target."""

from __future__ import annotations

import math
import zlib
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.arrays import Arrays
from ravine.data.feature_names import feature_names
from ravine.data.gate import Targets
from ravine.data.offsets import Offsets
from ravine.engine.handles import engine_network
from ravine.errors import DataError, ParameterError
from ravine.specs.augmentation import Flip, Rotate, Shift, Zoom
from ravine.specs.layers import Normalize
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine

__all__ = ["SharedData", "rows_per_batch"]


class SharedData:
    """Training rows, and validation rows if they are given separately.

    Parameters
    ----------
    X, y : array-like
        Inputs and targets; y is None if every run has its own.
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
        self.feature_names = feature_names(X)
        self.validation: Arrays | None = None
        if validation is not None:
            if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
                raise ParameterError(
                    "The 'validation' parameter of train must be (X, y) or (X, y, sample_weight)."
                )
            weight = validation[2] if len(validation) == 3 else None
            self.validation = Arrays(
                validation[0],
                validation[1],
                weight,
                " of the validation rows",
                self.feature_names,
            )
        self._handles: dict[Any, Any] = {}
        self._described: dict[Network, dict[str, Any]] = {}
        self._asked: set[Any] = set()

    @cached_property
    def all_rows(self) -> NDArray[np.int64]:
        """The numbers of all training rows: one array, which runs share."""
        return np.arange(len(self.training))

    def input_shape(self, dtype: str) -> tuple[int, ...]:
        """Give the shape of a row."""
        return self.training.shape[1:]

    def handle(self, network: Network, recipe: Recipe) -> Any:
        """Give the engine's view of a network on these rows."""
        key = (network, recipe.dropout, recipe.dtype)
        if key not in self._handles:
            shape = self.input_shape(recipe.dtype)
            self._handles[key] = engine_network(
                for_engine(network), shape, recipe.dropout, recipe.dtype
            )
        return self._handles[key]

    def offsets(self, network: Network, recipe: Recipe, known: Offsets = None) -> Offsets:
        """Give what is subtracted from X for a network, in double, before X becomes float32.

        Only a first Normalize layer makes up for it. The offsets depend on all rows of X, whichever
        of them runs use, so that runs share one array; but a run that starts from weights keeps
        their offsets (`known`).
        """
        if recipe.dtype != "float32" or (self.training.rounding is None and known is None):
            return None
        normalized = isinstance(network.layers[0], Normalize)
        centred = np.zeros(math.prod(self.training.shape[1:]), dtype=bool)
        moves = any(isinstance(item, Flip | Rotate | Shift | Zoom) for item in recipe.augmentation)
        if not moves:  # a pixel that moves needs the offset of where it came from
            centred[self.handle(network, recipe).centred_columns] = True
        rounding = self.training.rounding
        offsets = None if rounding is None else rounding.chosen(centred)
        if known is not None and not moves:
            offsets = np.where(known != 0, known, 0.0 if offsets is None else offsets)
        cures = (
            ["Subtract its mean"] if normalized else ["Put Normalize first", "subtract its mean"]
        )
        self.training.check_kept(offsets, *cures)
        return offsets

    def described(self, network: Network) -> dict[str, Any]:
        """Give a network's description: one dictionary, which runs share."""
        if network not in self._described:
            self._described[network] = for_engine(network)
        return self._described[network]

    def is_first(self, question: Any) -> bool:
        """Whether a question about these rows is asked for the first time."""
        is_new = question not in self._asked
        self._asked.add(question)
        return is_new

    def prepare(
        self,
        network: Network,
        recipe: Recipe,
        classes: NDArray[Any] | None,
        y: ArrayLike | None = None,
        offsets: Offsets = None,
    ) -> tuple[tuple[int, int], Targets]:
        """Check all rows, with the run's own targets if it has any, for a network.

        Returns the places of its targets among those of the training and of the validation rows,
        and the targets.
        """
        handle = self.handle(network, recipe)
        self.training.check_codes(network, recipe.dtype, offsets)
        place, targets = self.training.targets(network, handle.n_outputs, recipe.dtype, classes, y)
        self.training.weights(recipe.dtype)
        places = (place, place)
        if self.validation is not None:
            shape = self.input_shape(recipe.dtype)
            other = self.validation.shape[1:]
            if other != shape:
                raise DataError(
                    f"X of the validation rows has rows of shape {other}, but X has rows of shape "
                    f"{shape}."
                )
            self.validation.check_codes(network, recipe.dtype, offsets)
            self.validation.weights(recipe.dtype)
            apart = self.validation.targets(
                network, handle.n_outputs, recipe.dtype, targets.classes
            )
            places = (place, apart[0])
        return places, targets

    def for_engine(self, dtype: str, offsets: Offsets) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Give what the engine's train takes: the training and the validation rows."""
        training = self.training.for_engine(dtype, offsets)
        if self.validation is None:
            return training, training
        return training, self.validation.for_engine(dtype, offsets)

    def fingerprint(self, dtype: str, offsets: Offsets) -> int:
        """Compute a checksum of everything that a run reads."""
        total = 0 if offsets is None else zlib.crc32(offsets.tobytes())
        for X, targets, weights in self.for_engine(dtype, offsets):
            for array in (X, *targets, *([] if weights is None else [weights])):
                total = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, total)
        return total


def rows_per_batch(n: int, batch_size: int, *, joins: bool) -> tuple[int, int, int]:
    """Give the number of mini-batches in an epoch of n rows, and the usual and last one's rows.

    With a `BatchNorm` (`joins`), a single last row joins the mini-batch before it.
    """
    usual = min(batch_size, n)
    steps = -(-n // usual)
    if joins and usual > 1 and steps > 1 and n % usual == 1:
        steps -= 1
    return steps, usual, n - usual * (steps - 1)
