"""Finding columns of data frames by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine.errors import DataError

__all__ = ["by_name", "feature_names"]


def feature_names(X: Any, name: str = "X") -> tuple[str, ...] | None:
    """Give the names of a data frame's columns, as text.

    Parameters
    ----------
    X : array-like
        Inputs; pandas', Polars' and PyArrow's tables have names.
    name : str, default "X"
        What the inputs are called in messages.

    Returns
    -------
    tuple of str or None
        None for arrays and lists.

    Raises
    ------
    DataError
        If a name appears twice.

    Examples
    --------
    >>> import pandas as pd
    >>> feature_names(pd.DataFrame({"age": [1], 2024: [2]}))
    ('age', '2024')
    """
    labels = getattr(X, "column_names", None)
    if labels is None:
        labels = getattr(X, "columns", None) if getattr(X, "ndim", 2) == 2 else None
    if labels is None or callable(labels):
        return None
    found = tuple(str(label) for label in labels)
    if len(set(found)) < len(found):
        twice = next(label for label in found if found.count(label) > 1)
        raise DataError(
            f"{name} has several columns called {twice!r}.", hint="Give each column its own name."
        )
    return found


def by_name(X: Any, names: Sequence[str] | None, name: str = "X") -> Any:
    """Put the columns of a data frame into the order of the training rows; leave out others.

    Parameters
    ----------
    X : array-like
        Inputs. Without names they are taken by position.
    names : sequence of str or None
        The columns of the training rows.
    name : str, default "X"
        What the inputs are called in messages.

    Returns
    -------
    array-like
        X itself if nothing has to change.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> by_name(pd.DataFrame({"b": [1], "c": [0], "a": [2]}), ["a", "b"]).columns.tolist()
    ['a', 'b']
    """
    found = feature_names(X, name)
    if names is None or found is None or found == tuple(names):
        return X
    place = {label: number for number, label in enumerate(found)}
    missing = [label for label in names if label not in place]
    unnamed = list(names) == [str(number) for number in range(len(names))]
    if unnamed and len(missing) == len(names):
        return X  # the training rows had only numbers for names
    if missing:
        raise DataError(
            f"{name} lacks the {'column' if len(missing) == 1 else 'columns'} "
            f"{', '.join(map(repr, missing))}, which the model was trained on.",
            hint="Give a table with the columns of the training rows, in any order.",
        )
    places = [place[label] for label in names]
    if hasattr(X, "iloc"):
        return X.iloc[:, places]
    return X.select(places) if hasattr(X, "column_names") else X[:, places]
