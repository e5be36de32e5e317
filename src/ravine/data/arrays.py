"""Rows as given by the user, converted once for each precision and kind of target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.codes import check_codes, code_columns
from ravine.data.feature_names import by_name
from ravine.data.gate import Targets, as_rows, as_targets
from ravine.data.offsets import Offsets, Rounding, find_rounding, refuse_lost
from ravine.data.sides import group_codes, time_ranks
from ravine.data.weights import as_sample_weight
from ravine.errors import DataError
from ravine.ground.numeric import Place, as_floats, column_of, numbers_of
from ravine.specs.network import Network

__all__ = ["Arrays", "true_rows"]


class Arrays:
    """Rows as given by the user, and as the engine reads them.

    Parameters
    ----------
    X, y : array-like
        Inputs and targets; y is None if every run has its own.
    sample_weight : array-like, optional
        Weights of the rows.
    suffix : str, default ""
        Appended to the names in messages.
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
        """Give X as an array of any type, which is kept until it is converted."""
        if self._array is None:
            self._array = as_rows(self.X, None, self.names[0])
        return self._array

    def _present_rows(self) -> NDArray[Any]:
        """Give the rows whose weight is not 0."""
        rows, weights = self._rows(), self.weights("float32")
        return rows if weights is None or (weights > 0).all() else rows[weights > 0]

    def features(self, dtype: str, offsets: Offsets = None) -> NDArray[Any]:
        """Give X minus the offsets, checked, n × inputs or n × height × width and so on."""
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
        """Give X with another row in place of each row of weight 0; None if there is none."""
        weights = self.weights(dtype)
        if weights is None or (weights > 0).all():
            return None
        rows = self._rows().copy()
        rows[weights == 0] = rows[np.argmax(weights > 0)]
        return rows

    def check_kept(self, offsets: Offsets, *cures: str) -> None:
        """Refuse columns that lose too much in float32 in spite of the offsets."""
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
    """Give X as a custom function should see it: in double if float32 would lose values.

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
