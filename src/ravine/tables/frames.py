"""Any table becomes a pandas frame with named columns: data frames, arrays, sparse matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ravine.errors import DataError
from ravine.ground.kept import check_kept, unmasked
from ravine.tables.dtypes import plain_columns
from ravine.tables.reading import check_names, named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_DENSE_BYTES", "as_frame", "check_duplicates", "spelled_names"]

MOST_DENSE_BYTES = 4 * 2**30
"""A sparse matrix that takes more memory than this when made dense is refused."""


def as_frame(table: Any) -> pd.DataFrame:
    """Turn any table into a pandas frame: columns named, rows numbered from 0.

    Arrays, sparse matrices and lists of rows have no names; they get scikit-learn's, x0, x1, ….
    Names that are not text (numbers, dates, tuples) are spelled as in a CSV file.
    Masked values are missing. Columns of every data type become plain ones
    (`ravine.tables.dtypes.plain_columns`).

    Parameters
    ----------
    table : data frame, dict of columns, array, sparse matrix or list of rows
        A pandas frame, any other eager frame that narwhals knows (Polars, PyArrow, …), a dictionary
        from column names to sequences of equal length, or rows × columns as a NumPy array, a sparse
        matrix of SciPy's or a list of lists.

    Returns
    -------
    pandas.DataFrame
        The same columns; the argument is not changed.

    Raises
    ------
    DataError
        If the argument is no table, if some columns are named by texts and others are not, if two
        columns share a name, or if a sparse matrix is too large to be written out in full
        (``MOST_DENSE_BYTES``).

    Examples
    --------
    >>> as_frame({"kind": ["cat", "dog"], "weight": [4.5, 20.0]}).shape
    (2, 2)
    >>> import numpy as np
    >>> as_frame(np.eye(2)).columns.tolist()
    ['x0', 'x1']
    """
    import narwhals as nw
    import pandas as pd

    table = unmasked(table)
    check_kept(table, "The table")
    if hasattr(table, "toarray") and hasattr(table, "tocsc"):
        table = _dense(table)
    if nameless := _is_array(table):
        table = _array_frame(table)
    elif isinstance(table, dict):
        try:
            table = pd.DataFrame(table)
        except ValueError as error:
            raise DataError(f"The columns of the table do not fit together: {error}.") from error
    check_duplicates(table)
    try:
        eager = nw.from_native(table, eager_only=True)
    except TypeError as error:
        raise DataError(
            f"A data frame is needed. Got {type(table).__name__}.",
            hint="Give a pandas or Polars DataFrame, a dictionary of columns, or rows × columns as "
            "an array.",
        ) from error
    except ValueError as error:
        raise DataError(f"The table cannot be read: {error}.") from error
    wide = [name for name, kind in eager.schema.items() if kind in (nw.Int128, nw.UInt128)]
    if wide:  # which PyArrow does not know
        eager = eager.with_columns(nw.col(*wide).cast(nw.Float64))
    frame: pd.DataFrame = eager.to_pandas()
    frame = frame.reset_index(drop=True)
    if nameless:
        frame.columns = pd.Index([f"x{place}" for place in range(frame.shape[1])])
    else:
        frame.columns = pd.Index(spelled_names(list(frame.columns)))
    frame.columns = pd.Index(named(list(frame.columns)))
    check_names(list(frame.columns), "the table", DataError)
    return plain_columns(frame)


def check_duplicates(table: Any) -> None:
    """Check that no two columns of a data frame share a name.

    Raises
    ------
    DataError
        If two do.

    Examples
    --------
    >>> import pandas as pd
    >>> check_duplicates(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    Traceback (most recent call last):
        ...
    ravine.errors.DataError: The table has more than one column named 'a'.
    """
    import pandas as pd

    names = table.columns if isinstance(table, pd.DataFrame) else getattr(table, "column_names", ())
    seen: set[Any] = set()
    for name in names:
        if name in seen:
            raise DataError(
                f"The table has more than one column named {name!r}.",
                hint="Rename one of them, or keep the first: "
                "frame.loc[:, ~frame.columns.duplicated()].",
            )
        seen.add(name)


def spelled_names(columns: list[Any]) -> list[str]:
    """Spell the names of columns: texts unchanged, others as in a CSV file.

    Raises
    ------
    DataError
        If some are texts and others are not.

    Examples
    --------
    >>> import datetime as dt
    >>> spelled_names([0, dt.date(2024, 1, 1), ("a", 2)])
    ['0', '2024-01-01', "('a', 2)"]
    """
    texts = [isinstance(column, str) for column in columns]
    if any(texts) and not all(texts):
        odd = columns[texts.index(False)]
        raise DataError(
            f"Some columns of the table are named by texts ({columns[texts.index(True)]!r}) and "
            f"others are not ({odd!r}, {type(odd).__name__}).",
            hint="Name all of them by texts: frame.columns = frame.columns.astype(str).",
        )
    whole_days = all(str(column).endswith(" 00:00:00") for column in columns)
    return [str(name).removesuffix(" 00:00:00") if whole_days else str(name) for name in columns]


def _is_array(table: Any) -> bool:
    import numpy as np

    if isinstance(table, list | tuple):
        return bool(table) and all(isinstance(row, list | tuple | np.ndarray) for row in table)
    return isinstance(table, np.ndarray)


def _array_frame(table: Any) -> pd.DataFrame:
    """Make a frame of an array or of a list of rows; each column finds its own type."""
    import numpy as np
    import pandas as pd

    if not isinstance(table, np.ndarray):
        if len({len(row) for row in table}) > 1:
            raise DataError("The rows of the table differ in length.")
        return pd.DataFrame([list(row) for row in table])
    if table.ndim != 2:
        raise DataError(
            f"A table has two dimensions, rows × columns. Got an array of shape {table.shape}.",
            hint="Reshape your data: array.reshape(-1, 1) if it is one column, "
            "array.reshape(1, -1) if it is one row.",
        )
    if table.dtype.kind == "c":
        raise DataError("Complex data not supported: the array holds complex numbers.")
    frame = pd.DataFrame(table)
    return frame.infer_objects() if table.dtype == object else frame


def _dense(matrix: Any) -> Any:
    """Make a sparse matrix dense, unless it is too large for that."""
    needed = math.prod(matrix.shape) * max(matrix.dtype.itemsize, 8)
    if needed > MOST_DENSE_BYTES:
        raise DataError(
            f"The sparse matrix of shape {matrix.shape} would take {needed / 2**30:.1f} GiB "
            f"as a dense array; at most {MOST_DENSE_BYTES / 2**30:g} GiB are allowed.",
            hint="Give fewer rows at a time, or fewer columns (sklearn's TruncatedSVD or "
            "SelectKBest take sparse matrices).",
        )
    return matrix.toarray(order="F")
