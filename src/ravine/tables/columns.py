"""How a column of a table becomes columns of numbers: one class a way, learnt from rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, SpecError
from ravine.tables.values import numbers_of, plural, sorts_of_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BooleanColumn",
    "CategoryColumn",
    "CodeColumn",
    "Column",
    "NumberColumn",
]

_MISSING = "(missing)"


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

    @abstractmethod
    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """Turn n values into an array of n rows and ``len(features)`` columns."""

    @abstractmethod
    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values whose category did not occur in the training rows."""

    def to_dict(self) -> dict[str, Any]:
        """Describe the column with plain data that JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
        return {"kind": self.kind, **plain}

    @staticmethod
    def from_dict(description: Any) -> Column:
        """Make a column from what ``to_dict`` gave.

        Examples
        --------
        >>> column = NumberColumn("age", mean=30.0, standard_deviation=8.0)
        >>> Column.from_dict(column.to_dict()) == column
        True
        """
        return _from_dict(description)


@dataclass(frozen=True)
class NumberColumn(Column):
    """Numbers, standardised: ``(x − mean) / standard_deviation`` in float64.

    If values were missing in the training rows, a second column is 1 where the value is missing and
    else 0, and a missing value counts as the mean.

    Parameters
    ----------
    name : str
        Its name in the table.
    mean, standard_deviation : float
        Of the training rows' known values (the deviation with divisor n).
    missing : bool, default False
        Whether values were missing in the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> column = NumberColumn("age", mean=30.0, standard_deviation=8.0, missing=True)
    >>> column.encode(pd.Series([46, None]))
    array([[2., 0.],
           [0., 1.]])
    """

    kind: ClassVar[str] = "number"
    mean: float
    standard_deviation: float
    missing: bool = False

    def __post_init__(self) -> None:
        spread = self.standard_deviation
        if not (np.isfinite(self.mean) and np.isfinite(spread) and spread > 0):
            raise SpecError(
                f"Column {self.name!r} needs a finite mean and a positive standard deviation. "
                f"Got {self.mean} and {spread}."
            )

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and one for the missing values."""
        return (self.name, f"{self.name} {_MISSING}") if self.missing else (self.name,)

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """Standardise the numbers."""
        numbers = numbers_of(series, self.name)
        with np.errstate(over="ignore"):
            scaled = (numbers - self.mean) / self.standard_deviation
        beyond = np.flatnonzero(np.isinf(scaled))
        if beyond.size:
            raise DataError(
                f"Column {self.name!r} holds {numbers[beyond[0]]:g} in row {beyond[0] + 1}, far "
                f"beyond the training rows ({self.mean:g} ± {self.standard_deviation:g}).",
                hint="Check that value.",
            )
        return _with_missing(scaled, self.name, self.missing)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count nothing: numbers have no categories."""
        return 0


@dataclass(frozen=True)
class BooleanColumn(Column):
    """False and True as 0 and 1; missing ones as in ``NumberColumn``, counting as 0.

    Parameters
    ----------
    name : str
        Its name in the table.
    missing : bool, default False
        Whether values were missing in the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> BooleanColumn("holiday").encode(pd.Series([True, False]))
    array([[1.],
           [0.]])
    """

    kind: ClassVar[str] = "boolean"
    missing: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and one for the missing values."""
        return (self.name, f"{self.name} {_MISSING}") if self.missing else (self.name,)

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """Turn False and True into 0 and 1."""
        numbers = numbers_of(series, self.name)
        wrong = np.flatnonzero(~np.isin(numbers, (0, 1)) & ~np.isnan(numbers))
        if wrong.size:
            raise DataError(
                f"Column {self.name!r} must hold true or false. "
                f"Got {numbers[wrong[0]]:g} in row {wrong[0] + 1}."
            )
        return _with_missing(numbers, self.name, self.missing)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count nothing: both values are known."""
        return 0


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Text with few levels: one column of 0 and 1 a level ("one-hot").

    A level that did not occur in the training rows is 0 in all of them.

    Parameters
    ----------
    name : str
        Its name in the table.
    levels : tuple of str or None
        The levels in the training rows, sorted; ``None``, last, stands for missing values.

    Examples
    --------
    >>> import pandas as pd
    >>> CategoryColumn("sky", ("clear", "rain")).encode(pd.Series(["rain", "clear", "snow"]))
    array([[0., 1.],
           [1., 0.],
           [0., 0.]])
    """

    kind: ClassVar[str] = "category"
    levels: tuple[str | None, ...]

    def __post_init__(self) -> None:
        _check_levels(self.name, self.levels)

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name with each level."""
        return tuple(f"{self.name}={_MISSING if v is None else v}" for v in self.levels)

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """Put a 1 into the column of each row's level."""
        places = _places(series, self.levels)
        ones = places[:, None] == np.arange(len(self.levels))
        return np.asarray(ones, dtype=np.float64)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values whose level did not occur in the training rows."""
        return int(np.sum(_places(series, self.levels) < 0))


@dataclass(frozen=True)
class CodeColumn(Column):
    """Text with many levels: an integer code a row, for an ``Embedding`` layer.

    Code 0 stands for the levels that were rare or absent in the training rows, codes 1, 2, … for
    ``levels`` in their order.

    Parameters
    ----------
    name : str
        Its name in the table.
    levels : tuple of str or None
        The levels frequent enough in the training rows, sorted; ``None``, last, stands for missing
        values.

    Examples
    --------
    >>> import pandas as pd
    >>> CodeColumn("airport", ("JFK", "LAX")).encode(pd.Series(["LAX", "XYZ"]))
    array([[2.],
           [0.]])
    """

    kind: ClassVar[str] = "code"
    levels: tuple[str | None, ...]

    def __post_init__(self) -> None:
        _check_levels(self.name, self.levels)

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name."""
        return (self.name,)

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """Look up each row's code."""
        return (_places(series, self.levels) + 1).astype(np.float64)[:, None]

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values that share code 0: rare in the training rows, or absent."""
        return int(np.sum(_places(series, self.levels) < 0))


_KINDS: dict[str, type[Column]] = {
    column.kind: column for column in (NumberColumn, BooleanColumn, CategoryColumn, CodeColumn)
}


def _places(series: pd.Series[Any], levels: tuple[str | None, ...]) -> NDArray[np.int64]:
    """Each row's place in ``levels``, −1 where it has none."""
    codes, texts = sorts_of_text(series)
    place = {level: i for i, level in enumerate(levels)}
    found = [place.get(text, -1) for text in texts] + [place.get(None, -1)]
    return np.asarray(found, dtype=np.int64)[codes]


def _with_missing(numbers: NDArray[np.float64], name: str, missing: bool) -> NDArray[np.float64]:
    """Fill the missing values with 0 and mark them; an error where training had none."""
    absent = np.isnan(numbers)
    if missing:
        return np.column_stack([np.where(absent, 0.0, numbers), absent])
    if absent.any():
        raise DataError(
            f"Column {name!r} has {plural(int(absent.sum()), 'missing value')} "
            f"(the first in row {int(absent.argmax()) + 1}), but had none in the training rows, "
            "so the model has not learnt what that means.",
            hint="Fill those cells, or train on a table in which some are missing.",
        )
    return numbers[:, None]


def _check_levels(name: str, levels: tuple[str | None, ...]) -> None:
    texts = [level for level in levels if level is not None]
    if (
        not levels
        or list(levels[: len(texts)]) != sorted(set(texts))
        or len(levels) > len(texts) + 1
    ):
        raise SpecError(f"The levels of column {name!r} must be different texts in order.")


def _from_dict(description: Any) -> Column:
    if not isinstance(description, dict) or description.get("kind") not in _KINDS:
        raise SpecError(f"A column of a schema needs a kind ({', '.join(_KINDS)}).")
    values = {key: value for key, value in description.items() if key != "kind"}
    if isinstance(values.get("levels"), list):
        values["levels"] = tuple(values["levels"])
    expected = {
        "name": str,
        "mean": float,
        "standard_deviation": float,
        "missing": bool,
        "levels": tuple,
    }
    for key, value in values.items():
        if key not in expected or not isinstance(value, expected[key]):
            raise SpecError(f"A column of a schema cannot have {key!r}: {value!r}.")
    if not all(isinstance(level, str | None) for level in values.get("levels", ())):
        raise SpecError(f"The levels of column {values.get('name')!r} must be texts.")
    try:
        return _KINDS[description["kind"]](**values)
    except TypeError as error:
        raise SpecError(f"A column of a schema cannot be read: {error}.") from error
