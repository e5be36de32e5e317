"""Columns of categories: truth values, text, and levels that have an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, SpecError
from ravine.tables.columns.base import MISSING, Column, check_filled
from ravine.tables.text.kinds import Texts, is_absent
from ravine.tables.values import holds_text, numbers_of, sorts_of_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BinaryColumn", "BooleanColumn", "CategoryColumn", "CodeColumn", "OrderedColumn"]

TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
"""Texts that are truth values, in small letters."""


@dataclass(frozen=True)
class BooleanColumn(Column):
    """False and True as 0 and 1, or −1 and 1; missing ones count as 0 and are marked.

    Parameters
    ----------
    name : str
        Its name in the table.
    missing : bool, default False
        Whether values were missing in the training rows.
    signed : bool, default False
        Whether False is −1.

    Examples
    --------
    >>> import pandas as pd
    >>> BooleanColumn("holiday").encode(pd.Series([True, False]))
    array([[1.],
           [0.]])
    """

    kind: ClassVar[str] = "boolean"
    missing: bool = False
    signed: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, and one for the missing values."""
        return (self.name, f"{self.name} {MISSING}") if self.missing else (self.name,)

    @property
    def learnt(self) -> str:
        """Nothing: what the values are is known."""
        return ""

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Turn False and True into numbers."""
        numbers = _truths(series, self.name)
        absent = np.isnan(numbers)
        wrong = np.flatnonzero(~np.isin(numbers, (0, 1)) & ~absent)
        if wrong.size:
            raise DataError(
                f"Column {self.name!r} must hold true or false. "
                f"Got {numbers[wrong[0]]:g} in row {wrong[0] + 1}."
            )
        if fill and not self.missing:
            numbers, absent = np.where(absent, 0.5, numbers), np.zeros_like(absent)
        return _with_missing(2 * numbers - 1 if self.signed else numbers, absent, self)

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell the values that are not missing, or may be."""
        return _filled_or_may_be_missing(series, self.missing)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count nothing: both values are known."""
        return 0


@dataclass(frozen=True)
class BinaryColumn(Column):
    """Text with two levels: one column, −1 for the first and 1 for the second.

    A level that did not occur in the training rows is 0. So is a missing value; if some were
    missing in the training rows, a second column marks them.

    Parameters
    ----------
    name : str
        Its name in the table.
    levels : tuple of two str
        The levels in the training rows, sorted.
    missing : bool, default False
        Whether values were missing in the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> BinaryColumn("sky", ("clear", "rain")).encode(pd.Series(["rain", "clear", "snow"]))
    array([[ 1.],
           [-1.],
           [ 0.]])
    """

    kind: ClassVar[str] = "binary"
    levels: tuple[str | None, ...]
    missing: bool = False

    def __post_init__(self) -> None:
        _check_levels(self.name, self.levels)
        if len(self.levels) != 2 or None in self.levels:
            raise SpecError(f"Column {self.name!r} must have two levels. Got {self.levels}.")

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name with its second level, and one for the missing values."""
        first = f"{self.name}={self.levels[1]}"
        return (first, f"{self.name} {MISSING}") if self.missing else (first,)

    @property
    def learnt(self) -> str:
        """The levels."""
        return _listed(self.levels)

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Turn the two levels into −1 and 1."""
        places = _places(series, self.levels)
        signs = np.array([-1.0, 1.0, 0.0])[places]
        if not self.missing:
            return signs[:, None]
        return np.column_stack([signs, series.isna()])

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell that any value is readable."""
        return np.ones(len(series), dtype=np.bool_)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values whose level did not occur in the training rows."""
        new = _places(series, self.levels) < 0
        return int(np.sum(new & ~series.isna().to_numpy()) if self.missing else np.sum(new))


@dataclass(frozen=True)
class CategoryColumn(Column):
    """Text with few levels: one column of 0 and 1 per level ("one-hot").

    A level that did not occur in the training rows is 0 in all of them, and so is a missing value
    if none was missing there; ``unseen`` counts both.

    Parameters
    ----------
    name : str
        Its name in the table.
    levels : tuple of str or None
        The levels in the training rows, sorted; ``None``, last, means missing values.

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
        return tuple(f"{self.name}={MISSING if v is None else v}" for v in self.levels)

    @property
    def learnt(self) -> str:
        """The levels."""
        return _listed(self.levels)

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Put a 1 into the column of each row's level."""
        return _one_hot(_places(series, self.levels), len(self.levels))

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell that any value is readable."""
        return np.ones(len(series), dtype=np.bool_)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values whose level did not occur in the training rows."""
        return int(np.sum(_places(series, self.levels) < 0))


@dataclass(frozen=True)
class CodeColumn(Column):
    """Text with many levels: an integer code per row, for an ``Embedding`` layer.

    Code 0 means levels (or missing values) that were rare or absent in the training
    rows, codes 1, 2, … for ``levels`` in their order.

    Parameters
    ----------
    name : str
        Its name in the table.
    levels : tuple of str or None
        The levels frequent enough in the training rows, sorted; ``None``, last, means missing
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

    @property
    def learnt(self) -> str:
        """The levels."""
        return _listed(self.levels)

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Look up each row's code."""
        return (_places(series, self.levels) + 1).astype(np.float64)[:, None]

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell that any value is readable."""
        return np.ones(len(series), dtype=np.bool_)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values that share code 0: rare in the training rows, or absent."""
        return int(np.sum(_places(series, self.levels) < 0))


@dataclass(frozen=True)
class OrderedColumn(Column):
    """Categories in an order: their place in it, from −1 to 1, and if few also one-hot.

    A level that did not occur in the training rows is 0 everywhere. So is a missing value; if some
    were missing in the training rows, a last column marks them.

    Parameters
    ----------
    name : str
        Its name in the table.
    levels : tuple of str
        The levels in the training rows, in their order; at least two.
    one_hot : bool, default True
        Whether each level has a column of 0 and 1 as well.
    missing : bool, default False
        Whether values were missing in the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> column = OrderedColumn("size", ("small", "medium", "large"))
    >>> column.encode(pd.Series(["large", "small"]))
    array([[ 1.,  0.,  0.,  1.],
           [-1.,  1.,  0.,  0.]])
    """

    kind: ClassVar[str] = "ordered"
    levels: tuple[str | None, ...]
    one_hot: bool = True
    missing: bool = False

    def __post_init__(self) -> None:
        if len(self.levels) < 2 or len(set(self.levels)) < len(self.levels) or None in self.levels:
            raise SpecError(f"The levels of column {self.name!r} must be different texts, two.")

    @property
    def features(self) -> tuple[str, ...]:
        """The column's name, that with each level, and one for the missing values."""
        levels = [f"{self.name}={level}" for level in self.levels] if self.one_hot else []
        return (self.name, *levels, *([f"{self.name} {MISSING}"] if self.missing else []))

    @property
    def learnt(self) -> str:
        """The levels in their order."""
        return _listed(self.levels, " < ")

    def encode(self, series: pd.Series[Any], *, fill: bool = False) -> NDArray[np.float64]:
        """Find the place of each row's level, and put a 1 into its column."""
        places = _places(series, self.levels)
        ranks = np.append(np.linspace(-1, 1, len(self.levels)), 0.0)[places]
        ones = [_one_hot(places, len(self.levels))] if self.one_hot else []
        return np.column_stack([ranks, *ones, *([series.isna()] if self.missing else [])])

    def readable(self, series: pd.Series[Any]) -> NDArray[np.bool_]:
        """Tell that any value is readable."""
        return np.ones(len(series), dtype=np.bool_)

    def unseen(self, series: pd.Series[Any]) -> int:
        """Count the values whose level did not occur in the training rows."""
        new = _places(series, self.levels) < 0
        return int(np.sum(new & ~series.isna().to_numpy()) if self.missing else np.sum(new))


def _truths(series: pd.Series[Any], name: str) -> NDArray[np.float64]:
    """Read truth values, also as text."""
    if not holds_text(series):
        return numbers_of(series, name)
    found = Texts.of(series, name)
    values = [np.nan if is_absent(t) else TRUTHS.get(t.strip().lower()) for t in found.texts]
    if None in values:
        row = found.row(values.index(None))
        text = found.texts[values.index(None)]
        raise DataError(
            f"Column {name!r} must hold true or false. Got the text {text!r} in row {row}.",
            hint="Check that column; an empty cell means a missing value.",
        )
    return np.array([*values, np.nan], dtype=np.float64)[found.codes]


def _places(series: pd.Series[Any], levels: tuple[str | None, ...]) -> NDArray[np.int64]:
    """Each row's place in ``levels``, −1 where it has none."""
    codes, texts = sorts_of_text(series)
    place = {level: i for i, level in enumerate(levels)}
    found = [place.get(text, -1) for text in texts] + [place.get(None, -1)]
    return np.asarray(found, dtype=np.int64)[codes]


def _one_hot(places: NDArray[np.int64], n_levels: int) -> NDArray[np.float64]:
    return np.asarray(places[:, None] == np.arange(n_levels), dtype=np.float64)


def _with_missing(
    numbers: NDArray[np.float64], absent: NDArray[np.bool_], column: BooleanColumn
) -> NDArray[np.float64]:
    """Fill the missing values with 0 and mark them; an error where training had none."""
    if column.missing:
        return np.column_stack([np.where(absent, 0.0, numbers), absent])
    check_filled(absent, column.name)
    return numbers[:, None]


def _filled_or_may_be_missing(series: pd.Series[Any], missing: bool) -> NDArray[np.bool_]:
    return np.asarray(missing | series.notna(), dtype=np.bool_)


def _listed(levels: tuple[str | None, ...], between: str = ", ") -> str:
    return between.join(MISSING if level is None else level for level in levels)


def _check_levels(name: str, levels: tuple[str | None, ...]) -> None:
    texts = [level for level in levels if level is not None]
    if (
        not levels
        or list(levels[: len(texts)]) != sorted(set(texts))
        or len(levels) > len(texts) + 1
    ):
        raise SpecError(f"The levels of column {name!r} must be different texts in order.")
