"""Which rows the runs of a study train on, and which they are scored on."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.folds import make_folds
from ravine.data.splitting import check_sides, split_rows
from ravine.errors import DataError, DataWarning, ParameterError
from ravine.specs.rules import shown
from ravine.studies.table import Table

__all__ = ["Split", "check_classes", "folds", "held_out", "row_numbers"]

Rows = NDArray[np.int64]

#: All jobs of a study share its splits, which do not depend on their seeds.
_SEED = 0


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows are trained on, and which validate.

    Parameters
    ----------
    rows, validation_rows : ndarray of int64
        Row numbers.
    fold : int, default 0
        Number of the split.

    Examples
    --------
    >>> Split(np.arange(4), np.arange(4, 5)).ratio
    0.25
    """

    rows: Rows
    validation_rows: Rows
    fold: int = 0

    @property
    def ratio(self) -> float:
        """Rows held out for each row that is trained on."""
        return len(self.validation_rows) / len(self.rows)

    @cached_property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that follow from the row numbers."""
        digest = hashlib.sha256()
        for rows in (self.rows, self.validation_rows):
            digest.update(np.ascontiguousarray(rows, dtype="<i8").tobytes() + b"|")
        return digest.hexdigest()[:16]


def held_out(
    table: Table,
    validation: float | ArrayLike,
    classes: Rows | None = None,
    *,
    among: Rows | None = None,
    stream: int = 0,
    name: str = "validation",
) -> Split:
    """Set rows aside once: a part of them, or those that are named.

    Parameters
    ----------
    table : Table
        The rows.
    validation : float or array-like of int
        The part to set aside, in (0, 1), in whole units; or row numbers, or a mask.
    classes : ndarray of int64, optional
        The class of each row, of which each gives its share.
    among : ndarray of int64, optional
        Only these rows are split; None: all.
    stream : int, default 0
        Which of several independent splits.
    name : str, default "validation"
        What the parameter is called in messages.

    Returns
    -------
    Split
        Rows kept, and rows set aside.

    Raises
    ------
    ParameterError, DataError
        If nothing can be set aside so, or a unit would lie on both sides.

    Examples
    --------
    >>> split = held_out(Table(np.arange(10.0).reshape(-1, 1), np.arange(10.0)), 0.2)
    >>> len(split.rows), len(split.validation_rows)
    (8, 2)
    """
    among = np.arange(len(table)) if among is None else among
    if isinstance(validation, int | float | np.number) and not isinstance(validation, bool):
        fraction = float(validation)
        if not 0 < fraction < 1:
            raise ParameterError(
                f"The '{name}' parameter must be a part of the rows in (0, 1), row numbers or "
                f"(X, y). Got {shown(validation)}."
            )
        kept, aside = split_rows(
            len(among),
            fraction,
            (_SEED, 0x57D1, stream),
            None if classes is None else classes[among],
            groups=table.units[among] if table.has_units else None,
            time=None if table.time is None else table.time[among],
        )
        return Split(among[kept], among[aside])
    aside = row_numbers(validation, len(table), name)
    kept = np.setdiff1d(among, aside)
    if not len(kept):
        raise DataError(f"'{name}' holds all rows: none is left to train on.")
    check_sides(kept, aside, table.groups, table.time)
    return Split(kept, aside)


def folds(table: Table, cv: int | Iterable[Any], classes: Rows | None = None) -> list[Split]:
    """Hold rows out in turn.

    Parameters
    ----------
    table : Table
        The rows.
    cv : int, splitter of scikit-learn's, or iterable of pairs
        The number of folds, at least 2 (of a table with times: each holds out the rows that follow
        all those that it trains on); or an object whose ``split(X, y, groups)`` gives pairs of row
        numbers to train on and to hold out; or such pairs.
    classes : ndarray of int64, optional
        The class of each row, spread over the folds.

    Returns
    -------
    list of Split
        At least two.

    Raises
    ------
    ParameterError, DataError
        If rows cannot be held out so.

    Examples
    --------
    >>> table = Table(np.arange(10.0).reshape(-1, 1), np.arange(10.0))
    >>> [len(split.validation_rows) for split in folds(table, 5)]
    [2, 2, 2, 2, 2]
    """
    if isinstance(cv, int) and not isinstance(cv, bool):
        if cv < 2:
            raise ParameterError(f"The 'cv' parameter must be at least 2 folds. Got {cv}.")
        made = make_folds(
            len(table),
            _SEED,
            classes,
            copies=table.copies,
            groups=table.groups,
            time=table.time,
            repeats=1,
            folds=cv,
        )
        pairs = made.pairs
        if len(pairs) < cv:
            raise DataError(
                f"{cv} folds are asked for, but rows, groups or times are enough for {len(pairs)}."
            )
    else:
        pairs = _given(table, cv)
    if len(pairs) < 2:
        raise DataError(f"'cv' needs at least 2 folds, but gives {len(pairs)}.")
    return [Split(kept, aside, number) for number, (kept, aside) in enumerate(pairs)]


def _given(table: Table, cv: Any) -> list[tuple[Rows, Rows]]:
    """Give the folds that the user made."""
    splits = None if isinstance(cv, str) else getattr(cv, "split", None)
    given = cv if splits is None else splits(table.X, table.y, table.groups)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ParameterError(
            "The 'cv' parameter must be a number of folds, a splitter or pairs of row numbers. "
            f"Got {shown(cv)}."
        )
    pairs = []
    for number, pair in enumerate(given):
        try:
            kept, aside = pair
        except (TypeError, ValueError):
            raise ParameterError(
                f"Fold {number} of 'cv' must be a pair (rows to train on, rows to hold out). "
                f"Got {shown(pair)}."
            ) from None
        kept, aside = (row_numbers(rows, len(table), f"fold {number}") for rows in (kept, aside))
        check_sides(kept, aside, table.groups, table.time)
        pairs.append((kept, aside))
    return pairs


def row_numbers(rows: ArrayLike, n: int, name: str) -> Rows:
    """Check row numbers, or turn a mask into them.

    Examples
    --------
    >>> row_numbers([False, True, True], 3, "validation")
    array([1, 2])
    """
    found = np.asarray(rows)
    if found.dtype == bool and found.shape == (n,):
        found = np.flatnonzero(found)
    if found.ndim != 1 or found.size == 0 or found.dtype.kind not in "iu":
        raise ParameterError(
            f"'{name}' must be a part of the rows in (0, 1), or hold row numbers, at least one. "
            f"Got {shown(rows)}."
        )
    if found.min() < 0 or found.max() >= n or len(np.unique(found)) < len(found):
        raise DataError(
            f"'{name}' must hold different numbers from 0 to {n - 1}. "
            f"Got {found.min()} … {found.max()}."
        )
    return found.astype(np.int64)


def check_classes(splits: Iterable[Split], classes: Rows | None, *, of_many: bool) -> None:
    """Refuse a split with one class to learn, and warn where one class is scored.

    Parameters
    ----------
    splits : iterable of Split
        The splits.
    classes : ndarray of int64 or None
        The class of each row.
    of_many : bool
        Whether they are folds, which have numbers.

    Raises
    ------
    DataError
        If all training rows of a split are of one class.

    Examples
    --------
    >>> check_classes([Split(np.arange(2), np.arange(2, 4))], np.array([0, 1, 0, 1]), of_many=False)
    """
    if classes is None:
        return
    for split in splits:
        where = f" of fold {split.fold}" if of_many else ""
        if len(np.unique(classes[split.rows])) < 2:
            raise DataError(
                f"All {len(split.rows)} training rows{where} are of one class: nothing could be "
                "learnt.",
                hint="Use fewer folds, or other groups or times.",
            )
        if len(np.unique(classes[split.validation_rows])) < 2:
            warnings.warn(
                f"All {len(split.validation_rows)} rows{where} that are held out are of one class: "
                "scores there say nothing of the others.",
                DataWarning,
                stacklevel=3,
            )
