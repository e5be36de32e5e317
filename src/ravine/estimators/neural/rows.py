"""Rows: any table, array or sparse matrix becomes a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.kept import check_kept, unmasked
from ravine.ground.text import plural
from ravine.tables import as_frame
from ravine.tables.finding import similar
from ravine.tables.frames import check_duplicates, spelled_names
from ravine.tables.reading import named

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "as_table",
    "chosen_columns",
    "column_names",
    "made_up_names",
    "name_of",
    "other_names",
]

_SCALARS = (str, bool, int, float, complex, np.generic, type(None))


class NotANumberError(DataError, TypeError):
    """A cell holds an object that is neither a number nor text."""


def as_table(X: Any) -> pd.DataFrame:
    """Turn rows into a data frame with named columns, numbered from 0.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix of shape (n, columns)
        The rows. Columns without names are called ``x0``, ``x1``, …

    Returns
    -------
    pandas.DataFrame
        The same rows; a sparse matrix is made dense, and masked values are missing.

    Raises
    ------
    DataError, ValueError
        If they are not a table, or hold anything but numbers, text, booleans or dates.

    Examples
    --------
    >>> as_table([[1, "a"], [2, "b"]]).dtypes.astype(str).tolist()
    ['int64', 'str']
    """
    from sklearn.utils import check_array

    check_duplicates(X)
    X = unmasked(X)
    check_kept(X, "X")
    if not _is_known(X):
        X = check_array(X, dtype=None, ensure_all_finite=False)  # wrong shapes, in its words
    frame = as_frame(X)
    if 0 in frame.shape:
        check_array(np.empty(frame.shape))
    for name in frame.columns[[isinstance(d, np.dtype) and d.kind == "O" for d in frame.dtypes]]:
        odd = next((value for value in frame[name] if not _is_cell(value)), None)
        if odd is not None:
            raise NotANumberError(
                f"Column {name!r} holds {odd!r:.60} ({type(odd).__name__}), but every argument "
                "must be a string or a number (or a boolean, a date, or missing)."
            )
    return frame


def made_up_names(n: int) -> pd.Index[str]:
    """Name columns that have no names.

    Examples
    --------
    >>> made_up_names(2).tolist()
    ['x0', 'x1']
    """
    import pandas as pd

    return pd.Index([f"x{place}" for place in range(n)])


def column_names(X: Any) -> NDArray[Any] | None:
    """Give the names of a data frame's columns, if all of them are text.

    Examples
    --------
    >>> column_names(np.zeros((2, 2))) is None
    True
    """
    if not _is_frame(X):
        return None
    names = list(X) if isinstance(X, dict) else list(getattr(X, "column_names", X.columns))
    texts = all(isinstance(name, str) for name in names)
    return np.asarray(named(names), dtype=object) if texts else None


def other_names(X: Any) -> list[str] | None:
    """Give the names of a data frame's columns that are not text, spelled as in a CSV file.

    Examples
    --------
    >>> import pandas as pd
    >>> other_names(pd.DataFrame([[1, 2]], columns=[3, 4]))
    ['3', '4']
    """
    if not _is_frame(X) or column_names(X) is not None:
        return None
    return spelled_names(list(X if isinstance(X, dict) else X.columns))


def name_of(y: Any) -> str:
    """Give the name of a target: that of a series, or of a table of one column.

    Examples
    --------
    >>> name_of([1.0, 2.0])
    'y'
    """
    names = column_names(y)
    if names is not None and len(names) == 1:
        return str(names[0])
    name = getattr(y, "name", None)
    return name if isinstance(name, str) else "y"


def chosen_columns(frame: pd.DataFrame, names: Sequence[str] | NDArray[Any]) -> pd.DataFrame:
    """Choose the columns that a model was trained on; further ones are left aside.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns in any order.
    names : sequence of str
        Those that are needed.

    Returns
    -------
    pandas.DataFrame
        These columns, in the order of ``names``.

    Raises
    ------
    DataError
        If any is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> chosen_columns(pd.DataFrame({"b": [1], "a": [2]}), np.array(["a", "b"])).columns.tolist()
    ['a', 'b']
    """
    present = set(frame.columns)
    missing = [name for name in names if name not in present]
    if missing:
        unknown = sorted(present - set(names))
        raise DataError(
            f"X has {plural(len(present), 'column')}, but the model was trained on {len(names)}; "
            f"missing: {_listed(missing)}"
            + (f"; not seen in training: {_listed(unknown)}." if unknown else "."),
            hint=similar(missing, sorted(present))
            or "Give a table with the columns of the training table, in any order.",
        )
    return frame[list(names)]


def _is_frame(X: Any) -> bool:
    """Whether narwhals knows X as a data frame, or it is a dictionary of columns."""
    import narwhals as nw
    from scipy import sparse

    if isinstance(X, dict):  # a sparse matrix of one kind is a dictionary, too
        return not sparse.issparse(X)
    return isinstance(nw.from_native(X, eager_only=True, pass_through=True), nw.DataFrame)


def _is_known(X: Any) -> bool:
    """Whether X is a table that `as_frame` takes, and no array or what offers itself as one."""
    from scipy import sparse

    return isinstance(X, list | tuple) or sparse.issparse(X) or _is_frame(X)


def _is_cell(value: Any) -> bool:
    import datetime as dt
    from decimal import Decimal

    return isinstance(value, (*_SCALARS, dt.date, dt.time, dt.timedelta, Decimal))


def _listed(names: list[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
