"""Copies: which rows are copies of one another, and how much each row of training counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.estimators.neural.equal_rows import (
    Codes,
    equal_rows,
    hash_of,
    hashes_of,
    paired,
    with_targets,
)
from ravine.ground.text import plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "OrderedRows",
    "common_measure",
    "copies_of",
    "in_order",
    "independent_rows",
    "mean_one",
]

#: With fewer different rows than this, each appearing so often on average, equal rows count as
#: independent observations: nobody copies a table so often, but a few cells hold many rows.
_FEW_ROWS, _MANY_TIMES = 50, 10
#: Weights make at most this many independent observations, or twice the number of rows.
_MOST_REPEATED = 10_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OrderedRows:
    """Which rows are trained on, in what order, and how much each counts.

    Parameters
    ----------
    places : numpy.ndarray of int64, shape (n,)
        Row numbers in the order of training. One of several equal rows represents all of them;
        those that are independent observations appear one by one.
    weights : numpy.ndarray of shape (n,), optional
        How much each counts, 1 on average; ``None``: all equally.
    groups, times : numpy.ndarray of int64, shape (n,), optional
        Codes of their groups, and ranks of their times; ``None`` where none were given.
    notes : tuple of str, default ()
        What was done with equal rows, in sentences.
    """

    places: Codes
    weights: Numbers | None
    groups: Codes | None = None
    times: Codes | None = None
    notes: tuple[str, ...] = ()


def in_order(
    frame: pd.DataFrame,
    y: NDArray[Any],
    sample_weight: Numbers | None = None,
    *,
    groups: Codes | None = None,
    times: Codes | None = None,
    table: str = "the table",
) -> OrderedRows:
    """Merge equal rows, and put rows into an order that depends on their contents.

    Rows are ordered by a hash of their cells and their target, so that neither the split into
    training and validation rows nor the mini-batches depend on the order of the table. Rows of
    weight 0 are left out. Rows that are equal in every cell, the target, the group and the time
    become one row with the sum of their weights, so that no copy of a training row can validate;
    weights are then scaled to a mean of 1.

    If the same cells also occur with another target, or there are fewer than 50 different rows,
    each appearing ten times on average, equal rows are independent observations and are kept: as
    many as there are, or as many as the weights say if these are whole multiples of a common
    measure (and at most 10,000, or twice the rows). In a table with 50 different rows or more, a
    factor that all these numbers share is divided out, so that the table twice is the same as once.

    Parameters
    ----------
    frame : pandas.DataFrame
        n rows.
    y : numpy.ndarray of shape (n,) or (n, outputs)
        Their target, as numbers.
    sample_weight : numpy.ndarray of shape (n,), optional
        How much each counts.
    groups, times : numpy.ndarray of int64, shape (n,), optional
        Codes of groups, from 0, and ranks of times: rows that differ in them are never merged.
    table : str, default "the table"
        What the rows are called in notes.

    Returns
    -------
    OrderedRows
        The order and the weights.

    Examples
    --------
    >>> import pandas as pd
    >>> frame, y = pd.DataFrame({"a": range(60)}), np.arange(60.0)
    >>> frame.a[in_order(frame, y).places][:5].tolist()
    [5, 50, 17, 36, 40]
    >>> twice = pd.concat([frame, frame[::-1]], ignore_index=True)
    >>> rows = in_order(twice, np.concatenate([y, y[::-1]]))
    >>> twice.a[rows.places][:5].tolist(), len(rows.places), rows.weights
    ([5, 50, 17, 36, 40], 60, None)
    >>> in_order(frame, y, np.where(y < 30, 3.0, 1.0)).weights[:3]
    array([1.5, 0.5, 1.5])
    """
    counted = np.arange(len(frame)) if sample_weight is None else np.flatnonzero(sample_weight)
    hashes = hashes_of(frame)
    keys = hashes
    for column in y.reshape(len(y), -1).T:
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + hash_of(column)
    keys = keys[counted]
    if groups is not None:
        groups = _ranked(groups[counted], keys)
    if times is not None:
        times = times[counted]
    apart = [codes for codes in (groups, times) if codes is not None]
    order = np.lexsort((*apart, keys)) if apart else np.argsort(keys, kind="stable")
    places = counted[order]
    weights = None if sample_weight is None else sample_weight[places]
    if weights is not None and (weights == weights[0]).all():
        weights = None
    cells = equal_rows(frame, hashes)[places]
    total: Numbers | None = None
    kept: Codes = np.arange(len(places))
    notes: tuple[str, ...] = ()
    if weights is not None or np.bincount(cells).max() > 1:
        apart = [codes[order] for codes in apart]
        total, kept, notes = _merged(cells, y[places], weights, apart, table)
    return OrderedRows(
        places[kept],
        mean_one(total),
        None if groups is None else groups[order][kept],
        None if times is None else times[order][kept],
        notes,
    )


def copies_of(
    frame: pd.DataFrame, target: str, *, apart: Sequence[Codes] = ()
) -> tuple[Codes | None, str | None]:
    """Find the rows of a table that are copies of one another, by the rule of `in_order`.

    Parameters
    ----------
    frame : pandas.DataFrame
        n rows, with their target.
    target : str
        The target's column.
    apart : sequence of numpy.ndarray of int64, shape (n,)
        Codes of groups and times: rows that differ in them are no copies.

    Returns
    -------
    identities : numpy.ndarray of int64, shape (n,), or None
        Copies of a row share a number; ``None`` if there are none.
    note : str or None
        What is done with equal rows; ``None`` if there are none.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [*range(60), 7, 8], "y": [*range(60), 7, 0]})
    >>> identities, note = copies_of(frame, "y")
    >>> bool(identities[7] == identities[60]), len(set(identities.tolist()))
    (True, 61)
    >>> note
    '1 row is a copy of another row, equal in every column: copies are on one side of every split'
    """
    codes = equal_rows(frame)
    different, held = np.unique(codes, return_counts=True)
    if len(different) == len(codes):
        return None, None
    cells = equal_rows(frame.drop(columns=target)) if frame.shape[1] > 1 else codes * 0
    independent, _, few = _alone(cells, codes)
    found = codes
    for others in apart:
        found = paired(found, others)
    found = np.where(independent, found.max() + 1 + np.arange(len(found)), found)
    identities = np.unique(found, return_inverse=True)[1]
    copies = len(found) - len(np.unique(found))
    if copies:
        what = "row is a copy" if copies == 1 else "rows are copies"
        return identities, (
            f"{copies:,} {what} of another row, equal in every column: copies are on one side of "
            "every split"
        )
    if not (held > 1).any() or not independent.any():
        return None, None
    equal = int(held[held > 1].sum())
    return None, (
        f"{plural(equal, 'row')} that are equal in every column count as independent observations, "
        f"because {_why(few)}: equal rows may be on both sides of a split. Name a column with "
        "--group to keep them on one side"
    )


def _why(few: bool) -> str:
    if few:
        return f"there are fewer than {_FEW_ROWS} different rows"
    return "the same values also occur with another target"


def _merged(
    cells: Codes, y: NDArray[Any], weights: Numbers | None, apart: Sequence[Codes], table: str
) -> tuple[Numbers, Codes, tuple[str, ...]]:
    """Merge rows that are in order; give weights, the rows that they represent, and notes."""
    codes = with_targets(cells, y)
    alone, small, few = _alone(cells, codes)
    for others in apart:
        codes = paired(codes, others)
    _, firsts, codes = np.unique(codes, return_index=True, return_inverse=True)
    independent = alone[firsts]
    copies = np.bincount(codes)
    total, times = _counts(codes, copies, independent, weights, small)
    rank = np.argsort(firsts)
    return (
        np.repeat((total / times)[rank], times[rank]),
        np.repeat(firsts[rank], times[rank]),
        _notes(copies[~independent], times[times > 1], few, table),
    )


def independent_rows(cells: Codes, codes: Codes) -> NDArray[np.bool_]:
    """Say which rows count as separate observations, even if they are equal to others.

    Parameters
    ----------
    cells : numpy.ndarray of int64, shape (n,)
        Codes of rows by their cells (`equal_rows`).
    codes : numpy.ndarray of int64, shape (n,)
        Codes by cells and target (`with_targets`).

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Whether the same cells also occur with another target; all True if there are fewer than 50
        different rows, each appearing ten times on average.

    Examples
    --------
    >>> independent_rows(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]))
    array([ True,  True, False, False])
    """
    return _alone(cells, codes)[0]


def _alone(cells: Codes, codes: Codes) -> tuple[NDArray[np.bool_], bool, bool]:
    """Say which rows are independent, whether few rows differ, and whether that is why all are."""
    _, firsts = np.unique(codes, return_index=True)
    targets = np.bincount(cells[firsts], minlength=int(cells.max()) + 1)
    small = len(firsts) < _FEW_ROWS
    few = small and len(codes) >= _MANY_TIMES * len(firsts)
    return (targets[cells] > 1) | few, small, few


def _counts(
    codes: Codes,
    copies: Codes,
    independent: NDArray[np.bool_],
    weights: Numbers | None,
    small: bool,
) -> tuple[Numbers, Codes]:
    """Give the sum of weights of each different row, and how often it appears."""
    total = np.bincount(codes, weights=weights).astype(np.float64)
    given = np.ones(1) if weights is None else weights
    measure = common_measure(given if small else total)
    times = copies if small else copies // np.gcd.reduce(copies)
    if measure is not None:
        total = np.rint(total / measure)
        most = max(_MOST_REPEATED, 2 * int(copies[independent].sum()))
        if total[independent].sum() <= most:
            times = total.astype(np.int64)
    return total, np.where(independent, times, 1)


def _notes(merged: Codes, repeated: Codes, few: bool, table: str) -> tuple[str, ...]:
    """Describe merged copies, and rows that appear several times."""
    notes = []
    extra = int(merged.sum()) - len(merged)
    if extra:
        notes.append(
            f"{plural(extra, 'row')} of {table} {'is a copy' if extra == 1 else 'are copies'} of "
            "another row, equal in every column and the target: merged into one with the summed "
            "weight."
        )
    if len(repeated):
        notes.append(
            f"{plural(int(repeated.sum()), 'row')} of {table} that are equal, by copies or by "
            f"weights, count as independent observations, because {_why(few)}: equal rows may be "
            "on both sides of a split. Pass groups= to keep them on one side."
        )
    return tuple(notes)


def mean_one(weights: Numbers | None) -> Numbers | None:
    """Scale weights to a mean of 1, to the digits of single precision; ``None`` if all are equal.

    So few digits, because scaling all weights must not change a bit of the result.

    Examples
    --------
    >>> mean_one(np.array([1.0, 3.0])), mean_one(np.array([3.0, 3.0]))
    (array([0.5, 1.5]), None)
    """
    if weights is None or (weights == weights[0]).all():
        return None
    scaled: Numbers = (weights / weights.mean()).astype(np.float32).astype(np.float64)
    return scaled


def common_measure(values: Numbers) -> float | None:
    """Find the largest number of which all values are whole multiples, by Euclid's algorithm.

    Parameters
    ----------
    values : numpy.ndarray of shape (n,)
        Numbers above 0.

    Returns
    -------
    float or None
        The measure; ``None`` if it is less than a millionth of the largest value.

    Examples
    --------
    >>> common_measure(np.array([4.0, 6.0])), common_measure(np.array([0.5, 3.5]))
    (2.0, 0.5)
    >>> common_measure(np.array([1.0, np.pi])) is None
    True
    """
    values = np.unique(values)
    measure = values[0]
    while measure > 1e-6 * values[-1]:
        rest = np.abs(values - np.rint(values / measure) * measure)
        rest = rest[rest > 1e-9 * values]
        if not len(rest):
            return float(measure)
        measure = rest.min()
    return None


def _ranked(groups: Codes, keys: NDArray[np.uint64]) -> Codes:
    """Rank groups by the different rows that they hold, whatever the order of the table."""
    order = np.lexsort((keys, groups))
    ranked, held = groups[order], keys[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (ranked[1:] != ranked[:-1]) | (held[1:] != held[:-1])
    sums = np.zeros(int(groups.max()) + 1, dtype=np.uint64)
    np.add.at(sums, ranked[fresh], held[fresh])
    present = np.unique(groups)
    ranks = np.empty(len(sums), dtype=np.int64)
    ranks[present[np.argsort(sums[present], kind="stable")]] = np.arange(len(present))
    return np.asarray(ranks[groups])
