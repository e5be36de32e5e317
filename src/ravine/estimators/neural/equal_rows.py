"""Equal rows of a table: the same code for rows that are equal in every cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["equal_rows", "hash_of", "hashes_of", "paired", "with_targets"]

Codes = NDArray[np.int64]


def equal_rows(frame: pd.DataFrame, hashes: NDArray[np.uint64] | None = None) -> Codes:
    """Give equal rows the same code: equal in every cell; missing cells equal each other.

    Rows are compared where their hashes agree, so no two rows are taken for equal by chance.

    Parameters
    ----------
    frame : pandas.DataFrame
        n rows.
    hashes : numpy.ndarray of uint64, shape (n,), optional
        Hashes of the rows as they are, if they are known.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Codes from 0.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [0.0, 1.0, -0.0, np.nan], "b": ["x", None, "x", None]})
    >>> codes = equal_rows(frame)
    >>> bool(codes[0] == codes[2]), len(set(codes.tolist()))
    (True, 3)
    """
    plain = _plain(frame)
    if hashes is None or plain is not frame:
        hashes = hashes_of(plain)
    order = np.argsort(hashes, kind="stable")
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = hashes[order[1:]] != hashes[order[:-1]]
    later = np.flatnonzero(~fresh)
    if not _are_equal(plain, order[later - 1], order[later]).all():
        return _codes_by_cells(plain)
    codes = np.empty(len(order), dtype=np.int64)
    codes[order] = np.cumsum(fresh) - 1
    return codes


def with_targets(codes: Codes, y: NDArray[Any]) -> Codes:
    """Give rows of the same code and the same target the same new code.

    Examples
    --------
    >>> with_targets(np.array([0, 0, 0, 1]), np.array([5.0, 7.0, 5.0, 5.0]))
    array([0, 1, 0, 2])
    """
    for column in y.reshape(len(y), -1).T:
        codes = paired(codes, np.unique(column, return_inverse=True)[1])
    return codes


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Write zeros, and what is missing, in one way; the frame itself if they are."""
    import pandas as pd

    changed = {}
    for name, column in frame.items():
        if column.dtype.kind == "f" and isinstance(column.dtype, np.dtype):
            values = column.to_numpy()
            odd = ((values == 0) & np.signbit(values)) | np.isnan(values)
            if odd.any():
                values = np.where(np.isnan(values), np.nan, values + 0.0)
                changed[str(name)] = pd.Series(values.astype(column.dtype), index=column.index)
        elif column.dtype == object and column.isna().any():
            changed[str(name)] = column.where(column.notna(), None)
    return frame.assign(**changed) if changed else frame


def _are_equal(frame: pd.DataFrame, one: Codes, other: Codes) -> NDArray[np.bool_]:
    """Compare rows, pair by pair."""
    equal = np.ones(len(one), dtype=bool)
    for name in frame.columns if len(one) else ():
        left, right = (frame[name].iloc[rows].reset_index(drop=True) for rows in (one, other))
        same = left.eq(right).fillna(False).to_numpy(dtype=bool)
        equal &= same | (left.isna() & right.isna()).to_numpy(dtype=bool)
    return equal


def _codes_by_cells(frame: pd.DataFrame) -> Codes:
    """Give equal rows the same code without their hashes: for when hashes of others agree."""
    known: dict[tuple[Any, ...], int] = {}
    missing = frame.isna().to_numpy()
    cells = zip(*(frame[name].tolist() for name in frame.columns), strict=True)
    return np.array(
        [
            known.setdefault(
                tuple(
                    None if gap else (type(cell), cell) for gap, cell in zip(gaps, row, strict=True)
                ),
                len(known),
            )
            for gaps, row in zip(missing, cells, strict=True)
        ],
        dtype=np.int64,
    )


def paired(codes: Codes, others: Codes) -> Codes:
    """Give pairs of codes codes from 0."""
    paired = codes * (int(others.max()) + 1) + others
    return np.asarray(np.unique(paired, return_inverse=True)[1], dtype=np.int64)


def hashes_of(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """Hash each row by its cells."""
    import pandas as pd

    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def hash_of(column: NDArray[Any]) -> NDArray[np.uint64]:
    """Hash each value of a column."""
    import pandas as pd

    return np.asarray(pd.util.hash_array(np.ascontiguousarray(column)), dtype=np.uint64)
