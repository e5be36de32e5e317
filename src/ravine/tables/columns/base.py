"""The base class of columns, and what several of them need."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, SpecError
from ravine.ground.text import plural
from ravine.tables.text.number_spelling import is_number_reading
from ravine.tables.text.time_spelling import DATE_READINGS
from ravine.tables.values import (
    Unread,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BINS", "INFINITE", "MISSING", "TAILS", "Column", "check_filled", "known_fields"]

MISSING = "(missing)"
"""The name of the feature that marks missing values, after the column's name."""

TAILS = "(tails)"
"""The name of the feature that tells how far a number lies beyond the smooth clip."""

BINS = "(bins)"
"""The name of the feature that says where among its bins a number lies."""
MORE_BINS = "(bins {})"
"""Its name for further bins of the same number, from 2."""

INFINITE = "(infinite)"
"""The name of the feature that marks infinite values, after the column's name."""


@dataclass(frozen=True)
class Column(ABC):
    """A column of a table, and how it becomes columns of numbers.

    Parameters
    ----------
    name : str
        Its name in the table.
    """

    kind: ClassVar[str]
    name: str

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """Names of the columns of numbers that it becomes."""

    @property
    @abstractmethod
    def learnt(self) -> str:
        """What was learnt about its values, in a few words for people."""

    @abstractmethod
    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Turn n values into an array of n rows and ``len(features)`` columns.

        With ``fill``, a missing value in a column that had none in training counts as the middle
        of the training rows; otherwise it is an error.
        """

    @abstractmethod
    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell which of n values ``encode`` can take: not a missing one if training had none."""

    @abstractmethod
    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values whose category did not occur in the training rows."""

    def unread(self, series: pd.Series[Any]) -> Unread | None:
        """Count the texts that ``encode`` treats as missing; None if there are none."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Describe the column with plain data that JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for later in ("reading", "odd"):  # files of columns without them do not change
            if not values.get(later, True):
                del values[later]
        plain = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
        return {"kind": self.kind, **plain}


def check_filled(absent: NDArray[np.bool_], name: str) -> None:
    """Raise an error if values are missing in a column that had none missing in training.

    Examples
    --------
    >>> check_filled(np.array([False, True]), "age")
    Traceback (most recent call last):
        ...
    ravine.errors.DataError: Column 'age' has 1 missing value (the first in row 2), but had none \
in the training rows, so the model has not learnt what that means.
    """
    if absent.any():
        raise DataError(
            f"Column {name!r} has {plural(int(absent.sum()), 'missing value')} "
            f"(the first in row {int(absent.argmax()) + 1}), but had none in the training rows, "
            "so the model has not learnt what that means.",
            hint="Fill those cells, train on a table in which some are missing, or replace them by "
            'the median: on_new_missing="median".',
        )


def known_fields(description: dict[str, Any]) -> dict[str, Any]:
    """Check the fields of a column from a file, one by one.

    Parameters
    ----------
    description : dict
        What ``Column.to_dict`` gave, or something else.

    Returns
    -------
    dict
        All but its kind, lists as tuples.

    Raises
    ------
    SpecError
        If there is another field, or a value does not suit its field.

    Examples
    --------
    >>> known_fields({"kind": "category", "name": "sky", "levels": ["clear", None]})
    {'name': 'sky', 'levels': ('clear', None)}
    """
    found: dict[str, Any] = {}
    for key, value in description.items():
        if key == "kind":
            continue
        if key not in _FIELDS or not _FIELDS[key](value):
            raise SpecError(f"A column of a schema cannot have {key!r}: {value!r}.")
        found[key] = _as_tuple(value)
    return found


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _list_of(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(of(item) for item in value)


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "mean": _is_number,
    "standard_deviation": _is_number,
    "median": _is_number,
    "spread": _is_number,
    "deviation": _is_number,
    "limits": _list_of(_is_number),
    "bins": _list_of(_is_number),
    "more_bins": _list_of(_list_of(_is_number)),
    "scaled": _is_flag,
    "missing": _is_flag,
    "signed": _is_flag,
    "one_hot": _is_flag,
    "duration": _is_flag,
    "center": _is_number,
    "parts": _list_of(_is_text),
    "clock": _is_flag,
    "zone": _is_text,
    "smooth": _is_flag,
    "odd": _is_flag,
    "reading": lambda value: (
        isinstance(value, str) and (value in DATE_READINGS or is_number_reading(value))
    ),
    "levels": _list_of(lambda value: value is None or isinstance(value, str)),
}
