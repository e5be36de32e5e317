"""The data that runs share: checked once, converted once per precision and per kind of target."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.feature_names import by_name, feature_names
from ravine.data.gate import (
    Targets,
    as_rows,
    as_sample_weight,
    as_targets,
    check_codes,
    code_columns,
)
from ravine.data.offsets import Rounding, find_rounding, refuse_lost
from ravine.data.sides import group_codes, time_ranks
from ravine.data.splitting import split_rows
from ravine.engine.handles import engine_network
from ravine.errors import DataError, ParameterError
from ravine.ground.numeric import Place, as_floats, column_of, numbers_of
from ravine.specs.augmentation import Flip, Rotate, Shift, Zoom
from ravine.specs.layers import Normalize
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine

__all__ = ["Arrays", "Offsets", "SharedData", "rows_per_batch", "split_rows", "true_rows"]

#: What is subtracted from each column of X before it becomes float32, flat; None: nothing.
Offsets = NDArray[np.float64] | None


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
    feature_names : tuple of str, optional
        The columns to take from a data frame, in this order; None: all.

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
        feature_names: tuple[str, ...] | None = None,
    ) -> None:
        X = by_name(X, feature_names, "X" + suffix)
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.names = tuple(name + suffix for name in ("X", "y", "sample_weight"))
        self._array: NDArray[Any] | None = None
        self._features: dict[tuple[str, bytes | None], NDArray[Any]] = {}
        self._weights: dict[str, NDArray[Any] | None] = {}
        self._targets: dict[Any, tuple[int, Targets]] = {}
        self._sides: dict[tuple[str, int], NDArray[np.int64]] = {}
        self._own: list[ArrayLike] = []  # kept, so that no two of them have the same id
        self.values: list[NDArray[Any]] = []

    def __len__(self) -> int:
        return self.shape[0]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of X."""
        return self._rows().shape

    @cached_property
    def rounding(self) -> Rounding | None:
        """What float32 would lose of X, and offsets that help; None if it loses nothing."""
        return find_rounding(self._present_rows(), self._place)

    @property
    def _place(self) -> Place:
        return Place.of(self.X, self.names[0])

    def _rows(self) -> NDArray[Any]:
        """Give X as an array of whatever it holds, which is kept until it is converted."""
        if self._array is None:
            self._array = as_rows(self.X, None, self.names[0])
        return self._array

    def _present_rows(self) -> NDArray[Any]:
        """Give the rows that do not weigh 0."""
        rows, weights = self._rows(), self.weights("float32")
        return rows if weights is None or (weights > 0).all() else rows[weights > 0]

    def features(self, dtype: str, offsets: Offsets = None) -> NDArray[Any]:
        """Give X less the offsets, checked, n × inputs or n × height × width and so on."""
        key = (dtype, None if offsets is None else offsets.tobytes())
        if key not in self._features:
            try:
                found = as_floats(self._rows(), dtype, self._place, offsets)
            except DataError:
                rows = self._without_absent(dtype)
                if rows is None:
                    raise
                found = as_floats(rows, dtype, self._place, offsets)
            self._features[key] = found
            self._array = None
        return self._features[key]

    def _without_absent(self, dtype: str) -> NDArray[Any] | None:
        """Give X with another row in place of each that weighs 0; None if none does."""
        weights = self.weights(dtype)
        if weights is None or (weights > 0).all():
            return None
        rows = self._rows().copy()
        rows[weights == 0] = rows[np.argmax(weights > 0)]
        return rows

    def check_kept(self, offsets: Offsets, *cures: str) -> None:
        """Refuse columns of which float32 loses too much in spite of the offsets."""
        if self.rounding is None:
            return
        for column in self.rounding.lost(offsets).tolist():
            place = self._place.of_column(column)
            numbers = numbers_of(column_of(self._present_rows(), column), place)
            refuse_lost(numbers, str(place), *cures)

    def weights(self, dtype: str) -> NDArray[Any] | None:
        """Give the sample weights, checked, or None."""
        if dtype not in self._weights:
            rows = len(self)
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
                n_rows=len(self),
                classes=classes,
                weights=self.weights(dtype),
                name=self.names[1],
            )
            self._targets[key] = (len(self.values), found)
            self.values.append(found.values)
        return self._targets[key]

    def sides(
        self, groups: ArrayLike | None, time: ArrayLike | None, dtype: str
    ) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
        """Give a run's groups and times, checked, as whole numbers: one of each for every row."""
        weights = self.weights(dtype)
        absent = None if weights is None else weights == 0
        found: list[NDArray[np.int64] | None] = []
        for name, values, number in (("groups", groups, group_codes), ("time", time, time_ranks)):
            if values is not None and (name, id(values)) not in self._sides:
                self._own.append(values)
                self._sides[name, id(values)] = number(values, len(self), name, absent)
            found.append(None if values is None else self._sides[name, id(values)])
        return found[0], found[1]

    def check_codes(self, network: Network, dtype: str, offsets: Offsets) -> None:
        """Check the columns that embeddings read."""
        columns = code_columns(network)
        if columns:
            weights, X = self.weights(dtype), self.features(dtype, offsets)
            absent = None if weights is None else weights == 0
            check_codes(X, columns, name=self.names[0], absent=absent)

    def for_engine(
        self, dtype: str, offsets: Offsets
    ) -> tuple[NDArray[Any], list[NDArray[Any]], Any]:
        """Give X as a matrix, the targets (those of another precision empty), and weights."""
        X = self.features(dtype, offsets)
        kind = np.dtype(dtype)
        empty = np.empty((len(X), 1), dtype=kind)
        targets = [values if values.dtype == kind else empty for values in self.values]
        return X.reshape(len(X), -1), targets, self.weights(dtype)


def true_rows(
    X: ArrayLike, dtype: str, input_shape: Sequence[int] | None = None, name: str = "X"
) -> NDArray[Any]:
    """Give X as a function of the user's should see it: in double where float32 would lose values.

    Parameters
    ----------
    X : array-like, shape (n, ...)
        Inputs.
    dtype : {"float32", "float64"}
        The precision of training.
    input_shape : sequence of int, optional
        The shape that a row must have.
    name : str, default "X"
        What they are called in messages.

    Returns
    -------
    ndarray
        In ``dtype`` if that changes no column by more than 2⁻¹⁷ of its spread, else in float64.

    Examples
    --------
    >>> [true_rows([[c], [c + 1.1]], "float32").dtype.name for c in (0.0, 1.7e9)]
    ['float32', 'float64']
    """
    array, place = as_rows(X, input_shape, name), Place.of(X, name)
    double = dtype == "float32" and find_rounding(array, place) is not None
    return as_floats(array, "float64" if double else dtype, place)


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

        Only a first Normalize layer makes up for it. It follows from all rows of X, whichever of
        them runs take, so that runs share one array; but a run that goes on from weights keeps
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
        """Check all rows, with the run's own targets if it has some, for a network.

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

    Where there is a `BatchNorm` (`joins`), a last row by itself joins the mini-batch before it.
    """
    usual = min(batch_size, n)
    steps = -(-n // usual)
    if joins and usual > 1 and steps > 1 and n % usual == 1:
        steps -= 1
    return steps, usual, n - usual * (steps - 1)
