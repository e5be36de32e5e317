"""Learning from the training rows how a column becomes numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ravine.tables.columns import BooleanColumn, CategoryColumn, CodeColumn, Column, NumberColumn
from ravine.tables.values import kind_of, mean_and_spread, numbers_of, sorts_of_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST_ROWS_OF_A_LEVEL", "MOST_ONE_HOT_LEVELS", "learn_column"]

MOST_ONE_HOT_LEVELS = 30
"""A text column with more levels than this becomes integer codes for an Embedding layer."""

FEWEST_ROWS_OF_A_LEVEL = 5
"""In a column of codes, a level seen less often than this in training shares code 0."""


def learn_column(series: pd.Series[Any], name: str) -> Column | str:
    """Learn from the training rows how a column becomes numbers.

    Parameters
    ----------
    series : pandas.Series
        The column's values in the training rows.
    name : str
        Its name.

    Returns
    -------
    Column or str
        The way, or why the column says nothing and is left out: it is constant or empty, or it is
        text that tells (nearly) every row apart.

    Raises
    ------
    DataError
        If the column holds dates, lists, infinite values, …

    Examples
    --------
    >>> import pandas as pd
    >>> learn_column(pd.Series(["a", "b", "a"]), "street")
    CategoryColumn(name='street', levels=('a', 'b'))
    >>> learn_column(pd.Series([7, 7, 7]), "version")
    'it has the same value in every training row'
    """
    kind = kind_of(series, name)
    if kind == "text":
        return _learn_text(series, name)
    numbers = numbers_of(series, name)
    known = numbers[~np.isnan(numbers)]
    missing = known.size < numbers.size
    if not known.size:
        return "it is empty in every training row"
    constant = bool(known.min() == known.max())
    if constant and not missing:
        return "it has the same value in every training row"
    if kind == "boolean":
        return BooleanColumn(name, missing=missing)
    if constant:
        return NumberColumn(name, float(known[0]), 1.0, missing=True)
    return NumberColumn(name, *mean_and_spread(known, f"column {name!r}"), missing=missing)


def _learn_text(series: pd.Series[Any], name: str) -> Column | str:
    codes, texts = sorts_of_text(series)
    known = codes[codes >= 0]
    missing = known.size < codes.size
    if len(texts) + missing == 1:
        return "it has the same value in every training row"
    if len(texts) == known.size:
        return "it is text that is different in every training row"
    if len(texts) + missing <= MOST_ONE_HOT_LEVELS:
        return CategoryColumn(name, (*texts, *([None] if missing else [])))
    counts = np.bincount(known, minlength=len(texts))
    frequent = [t for t, n in zip(texts, counts, strict=True) if n >= FEWEST_ROWS_OF_A_LEVEL]
    if not frequent:
        return f"it is text of which no value occurs {FEWEST_ROWS_OF_A_LEVEL} times in training"
    if codes.size - known.size >= FEWEST_ROWS_OF_A_LEVEL:
        return CodeColumn(name, (*frequent, None))
    return CodeColumn(name, tuple(frequent))
