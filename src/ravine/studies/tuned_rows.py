"""The rows of a search: as networks or estimators take them, and how they are held out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.labels import as_labels
from ravine.errors import ParameterError
from ravine.ground.numeric import as_array
from ravine.specs.network import Network
from ravine.studies.contenders import Places
from ravine.studies.splits import Split, check_classes, folds, held_out
from ravine.studies.table import Table, join
from ravine.training.jobs import Job

__all__ = ["TunedRows", "coded_table"]


@dataclass(frozen=True, eq=False)
class TunedRows:
    """Rows that are divided once, the same for all configurations.

    Parameters
    ----------
    X, y : array-like
        The rows as they were given; those set apart behind the others.
    table : Table
        The same; for an estimator, coded.
    splits : list of Split
        One, or one a fold.
    sides : dict of str to object
        Groups and times as they were given.
    """

    X: Any
    y: Any
    table: Table
    splits: list[Split]
    sides: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        what: Any,
        X: Any,
        y: Any,
        validation: Any,
        cv: int | Iterable[Any] | None,
        *,
        groups: ArrayLike | None,
        time: ArrayLike | None,
    ) -> TunedRows:
        """Check the rows, and hold some out."""
        apart = isinstance(validation, tuple) and cv is None
        if apart and (len(validation) != 2 or groups is not None or time is not None):
            raise ParameterError(
                "validation=(X, y) gives the rows to hold out: it needs those two, and groups and "
                "time cannot go with it."
            )
        of_network = isinstance(what, Network)
        n = len(as_array(y, "y"))
        if apart:
            X, y = join((X, y), validation) if of_network else _stacked((X, y), validation)
        table = (Table if of_network else coded_table)(X, y, groups, time)
        classes = table.classes([Job(what)]) if of_network else _classes(what, table)
        if cv is not None:
            splits = folds(table, cv, classes)
        elif apart:
            splits = [held_out(table, range(n, len(table)))]
        else:
            splits = [held_out(table, validation, classes)]
        check_classes(splits, classes, of_many=cv is not None)
        return cls(X, y, table, splits, {"groups": groups, "time": time})

    def places(self, seeds: list[int]) -> Places:
        """Give the split and the seed of each run of a configuration: seeds go round the folds."""
        if len(self.splits) == 1:
            return [(self.splits[0], seed) for seed in seeds]
        return [(split, seeds[split.fold % len(seeds)]) for split in self.splits]


def coded_table(
    X: Any, y: ArrayLike, groups: ArrayLike | None = None, time: ArrayLike | None = None
) -> Table:
    """Make a table of rows with text, dates and missing cells, to split and to know them by.

    Each cell becomes a number that follows from its value.

    Examples
    --------
    >>> len(coded_table([["a", None], ["b", 1.0]], [0, 1]))
    2
    """
    import pandas as pd

    frame = X.to_pandas() if hasattr(X, "to_pandas") else X
    if not isinstance(frame, pd.DataFrame):
        cells = np.asarray(X, dtype=None if hasattr(X, "dtype") else object)
        frame = pd.DataFrame(cells.reshape(len(cells), -1))
    codes = np.empty(frame.shape)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype == object:
            column = column.map(repr)
        codes[:, place] = pd.util.hash_pandas_object(column, index=False).to_numpy() >> 11
    return Table(codes, y, groups, time)


def _stacked(first: tuple[Any, Any], second: tuple[Any, Any]) -> tuple[Any, Any]:
    """Put rows set apart behind the others; data frames stay data frames."""
    import pandas as pd

    y = np.concatenate([as_array(first[1], "y"), as_array(second[1], "y")])
    frames = [
        part.to_pandas() if hasattr(part, "to_pandas") else part for part, _ in (first, second)
    ]
    if all(isinstance(frame, pd.DataFrame) for frame in frames):
        return pd.concat(frames, ignore_index=True), y
    return np.concatenate([np.asarray(frame) for frame in frames]), y


def _classes(estimator: Any, table: Table) -> NDArray[np.int64] | None:
    """Give the code of each row's class, for an estimator that classifies."""
    if not hasattr(estimator, "predict_proba") or table.y.ndim > 1:
        return None
    return np.unique(as_labels(table.y), return_inverse=True)[1].reshape(-1)
