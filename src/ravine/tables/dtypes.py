"""Columns of every data type become plain ones: NumPy's, text, categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ravine.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["plain_columns", "plain_series"]

_EXACT = 2**53


def plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame whose columns have plain data types, so that equal tables are equal frames.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of any type, each with its own name.

    Returns
    -------
    pandas.DataFrame
        The same values; the given frame itself, if all of its columns are plain.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"n": pd.array([1, 2], dtype="Int64"), "b": pd.array([True, None])})
    >>> plain_columns(frame).dtypes.astype(str).tolist()
    ['int64', 'object']
    """
    changed = {
        name: plain_series(frame[name], str(name))
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
        if not _is_plain(dtype)
    }
    return frame.assign(**changed) if changed else frame


def plain_series(series: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Give a column a plain data type.

    Parameters
    ----------
    series : pandas.Series
        A column of any type.
    name : str
        Its name, for the message.

    Returns
    -------
    pandas.Series
        Numbers, booleans, dates and durations as NumPy has them; text as objects or pandas' own;
        categories; other things as objects. Missing values are NaN, NaT or None.

    Raises
    ------
    DataError
        If the column cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_series(pd.Series(pd.interval_range(0, 2)), "age").cat.ordered
    True
    """
    import pandas as pd

    dtype = series.dtype
    if _is_plain(dtype):
        return series
    if isinstance(dtype, pd.ArrowDtype):
        return plain_series(_from_arrow(series, name), name)
    if isinstance(dtype, pd.SparseDtype):
        return pd.Series(np.asarray(series), index=series.index)
    if isinstance(dtype, pd.IntervalDtype):
        return series.astype("category").cat.as_ordered()
    if isinstance(dtype, pd.StringDtype):
        return _objects(series)
    if isinstance(dtype, np.dtype):
        return series.astype(np.float64) if dtype.kind == "f" else _plain_objects(series)
    return _without_na(series)


def _is_plain(dtype: Any) -> bool:
    """Tell whether a type of columns needs no change; objects are checked one by one."""
    import pandas as pd

    if isinstance(dtype, np.dtype):
        return dtype.kind != "O" and not (dtype.kind == "f" and dtype.itemsize > 8)
    if isinstance(dtype, pd.StringDtype):
        return dtype.na_value is not pd.NA
    return isinstance(dtype, pd.CategoricalDtype | pd.DatetimeTZDtype | pd.PeriodDtype)


def _plain_objects(series: pd.Series[Any]) -> pd.Series[Any]:
    """Replace pandas' NA and NaT by None; intervals become ordered categories."""
    import pandas as pd

    missing = series.isna().to_numpy()
    known = series[~missing]
    first = known.iloc[0] if len(known) else None
    if isinstance(first, pd.Interval):
        return plain_series(pd.Series(pd.arrays.IntervalArray(series), index=series.index), "")
    if isinstance(first, pd.Period) and len({value.freqstr for value in known}) == 1:
        return pd.Series(pd.PeriodIndex(series), index=series.index)
    if any(value is pd.NA or value is pd.NaT for value in series[missing]):
        return _objects(series)
    return series


def _objects(series: pd.Series[Any]) -> pd.Series[Any]:
    objects = series.astype(object)
    return objects.where(objects.notna(), None)


def _without_na(series: pd.Series[Any]) -> pd.Series[Any]:
    """Turn pandas' numbers and booleans with NA into NumPy's, exactly."""
    kind = getattr(series.dtype, "kind", "O")
    numpy = getattr(series.dtype, "numpy_dtype", None)
    if numpy is None or kind not in "biuf":
        return _objects(series)
    if not series.hasnans and not series.isna().any():
        return series.astype(numpy)
    if kind == "b":
        return _objects(series)
    known = series.dropna()
    if kind in "iu" and len(known) and max(abs(int(known.min())), abs(int(known.max()))) > _EXACT:
        return series  # floats could not hold them
    return series.astype(numpy if kind == "f" else np.float64)


def _from_arrow(series: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Convert a column of PyArrow's as PyArrow does, whole numbers with gaps exactly."""
    import pandas as pd
    import pyarrow as pa

    kind = series.dtype.pyarrow_dtype  # type: ignore[union-attr]
    if pa.types.is_integer(kind):
        sort = "UInt" if pa.types.is_unsigned_integer(kind) else "Int"
        return pd.Series(series.astype(pd.api.types.pandas_dtype(f"{sort}{kind.bit_width}")))
    if pa.types.is_boolean(kind):
        return series.astype("boolean")
    try:
        plain = pa.array(series.array).to_pandas(date_as_object=False)
    except (pa.ArrowException, NotImplementedError, TypeError) as error:
        raise DataError(
            f"Column {name!r} holds {kind} values; numbers, booleans or text are needed.",
            hint=f"Convert it, or leave it out (--drop {name!r}).",
        ) from error
    return pd.Series(plain).set_axis(series.index)
