"""Rows set aside: at random and stratified, in whole groups, or the latest.

Everything in ravine that sets rows aside does it here. Rows that must be on the same side, such as
the copies of a row and the rows of a group, form a unit.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.sides import first_come, group_codes, time_ranks
from ravine.errors import DataError
from ravine.ground.packages import needs

__all__ = [
    "check_sides",
    "group_codes",
    "in_proportion",
    "split_rows",
    "time_ranks",
    "unit_ends",
    "units_of",
]

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: How many random draws of units are compared; the one nearest to the wanted shares is used.
_DRAWS = 16
#: If more than this many times the wanted rows are set aside, a warning says so.
_MANY = 2


def split_rows(
    n: int,
    fraction: float,
    seed: int | tuple[int, ...],
    classes: NDArray[Any] | None = None,
    *,
    identity: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> tuple[Rows, Rows]:
    """Set part of the rows aside: in whole units, at random or the latest.

    Rows of the same identity or group form a unit (`units_of`), and all of a unit is on the same
    side. Without them each row is a unit.

    Without ``time``, units are drawn at random, so that the share of all rows, and of the rows of
    each class, is close to ``fraction``. If units hold several rows, each counts for the rarest of
    its classes; the share of the rarest class is drawn first, and the next class makes up for any
    difference. The nearest of up to 16 such draws is used. A class that only one unit holds stays
    on the side that is kept, if another unit can be set aside.

    With ``time``, the units that end last are set aside, in the number that comes nearest to
    ``fraction``; units that end at the same time stay together, and classes have no effect. Every
    row that is kept is earlier than the last row of each unit that is set aside. If each row is a
    unit, every row that is kept is earlier than every row that is set aside.

    Parameters
    ----------
    n : int
        Number of rows.
    fraction : float
        Part of the rows to set aside, in (0, 1); at least one unit is.
    seed : int or tuple of int
        Seed of the draw; a tuple gives a separate stream.
    classes : ndarray, shape (n,), optional
        Class codes. Each class with two units or more contributes its share.
    identity : array-like, shape (n,), optional
        What each row is a copy of, such as its number in the table that it was drawn from.
    groups : array-like, shape (n,), optional
        The group of each row: numbers, text or other values.
    time : array-like, shape (n,), optional
        The time of each row: numbers or dates.

    Returns
    -------
    kept, aside : ndarray of int64
        Positions of rows, ascending.

    Raises
    ------
    DataError
        If nothing can be set aside (a single row, group or time), or groups or time lack a value.

    Warns
    -----
    UserWarning
        If more than twice as many rows as asked for are set aside, because so many are at the
        latest time or in groups that end then.

    Examples
    --------
    >>> kept, aside = split_rows(10, 0.2, seed=0)
    >>> len(kept), len(aside)
    (8, 2)
    >>> split_rows(6, 0.3, seed=0, groups=["a", "b", "a", "c", "b", "c"])[1]
    array([0, 2])
    >>> split_rows(5, 0.3, seed=0, time=[2021, 2023, 2020, 2023, 2022])
    (array([0, 2, 4]), array([1, 3]))
    """
    if n < 2:
        raise DataError(
            f"{n} row cannot be split into training and validation rows.",
            hint="Pass validation=(X, y), or validation_fraction=0.",
        )
    wanted = min(max(1, round(n * fraction)), n - 1)
    units = units_of(n, identity, groups)
    if not units.any():
        what = "copies of one row" if groups is None else "of one group"
        raise DataError(
            f"All {n} rows are {what}: none could be set aside.",
            hint="Use rows of several groups, or set none aside (validation_fraction=0).",
        )
    if time is not None:
        aside = _latest(units, time_ranks(time, n), wanted)[units]
    else:
        stream = seed if isinstance(seed, tuple) else (seed, 0x5917)
        aside = _at_random(units, classes, wanted, np.random.default_rng(stream))
    return np.flatnonzero(~aside), np.flatnonzero(aside)


def units_of(n: int, identity: ArrayLike | None = None, groups: ArrayLike | None = None) -> Rows:
    """Give each row the number of its unit: rows that must be on the same side share a number.

    Rows of the same identity belong together, so do rows of the same group, and so do rows that a
    chain of such pairs connects.

    Parameters
    ----------
    n : int
        Number of rows.
    identity : array-like, shape (n,), optional
        What each row is a copy of.
    groups : array-like, shape (n,), optional
        The group of each row.

    Returns
    -------
    ndarray of int64, shape (n,)
        Unit of each row, numbered from 0 in the order in which units first occur.

    Raises
    ------
    DataError
        If there is not one value for each row, or one is missing.

    Examples
    --------
    >>> units_of(5, identity=[7, 8, 7, 9, 9])
    array([0, 1, 0, 2, 2])
    >>> units_of(5, identity=[7, 8, 7, 9, 9], groups=["a", "b", "b", "c", "d"])
    array([0, 0, 0, 1, 1])
    """
    parts = [
        group_codes(values, n, name)
        for values, name in ((identity, "identity"), (groups, "groups"))
        if values is not None
    ]
    if not parts:
        return np.arange(n)
    if len(parts) == 1:
        return parts[0]
    needs("Splitting by copies and groups at once", "scipy")
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = parts[0], parts[1] + n  # a graph of 2 n nodes: identities, then groups
    edges = coo_array((np.ones(n, dtype=bool), (first, second)), shape=(2 * n, 2 * n))
    return first_come(connected_components(edges, directed=False)[1][first])


def unit_ends(units: Rows, ranks: Rows) -> Rows:
    """Give each unit the time of its last row.

    Parameters
    ----------
    units : ndarray of int64, shape (n,)
        The unit of each row, from 0 (`units_of`).
    ranks : ndarray of int64, shape (n,)
        The rank of its time, from 0 (`time_ranks`).

    Returns
    -------
    ndarray of int64, shape (units,)
        Ranks.

    Examples
    --------
    >>> unit_ends(np.array([0, 1, 0]), np.array([1, 0, 2]))
    array([2, 0])
    """
    last = np.zeros(int(units.max()) + 1, dtype=np.int64)
    np.maximum.at(last, units, ranks)
    return last


def check_sides(
    kept: Rows, aside: Rows, groups: Rows | None = None, time: Rows | None = None
) -> None:
    """Check a given split: its sides must meet the rules of `split_rows`.

    Parameters
    ----------
    kept, aside : ndarray of int64
        Numbers of the rows that are trained on, and of those that validate.
    groups, time : ndarray of int64, optional
        What `group_codes` and `time_ranks` gave for all rows.

    Raises
    ------
    DataError
        If a row or a group is on both sides, or a row that is trained on is not earlier than the
        last row of each row or group that validates.

    Examples
    --------
    >>> check_sides(np.array([0, 1, 1]), np.array([2, 1]))
    Traceback (most recent call last):
    ravine.errors.DataError: Row 1 is both trained on and validated on: it is in rows and \
validation_rows.
    """
    both = aside[np.isin(aside, kept)]
    if both.size:
        raise DataError(
            f"Row {both[0]} is both trained on and validated on: it is in rows and "
            "validation_rows.",
            hint="Leave it out of one of them: rows[~np.isin(rows, validation_rows)].",
        )
    if groups is not None:
        straddling = aside[np.isin(groups[aside], groups[kept])]
        if straddling.size:
            other = kept[groups[kept] == groups[straddling[0]]][0]
            raise DataError(
                f"Row {other} is trained on and row {straddling[0]} validates, but they are of one "
                "group.",
                hint="Put all rows of a group into rows, or all of them into validation_rows.",
            )
    if time is not None:
        units = np.arange(len(time)) if groups is None else groups
        ends = np.full(len(time), -1)
        np.maximum.at(ends, units[aside], time[aside])
        first, latest = aside[np.argmin(ends[units[aside]])], kept[np.argmax(time[kept])]
        if time[latest] >= ends[units[first]]:
            what = f"row {first}" if groups is None else f"the last row of row {first}'s group"
            raise DataError(
                f"Row {latest} is trained on, but its time is not before that of {what}, which "
                "validates.",
                hint="Validate on the latest rows, or leave time out.",
            )


def _at_random(
    units: Rows, classes: NDArray[Any] | None, wanted: int, rng: np.random.Generator
) -> Mask:
    """Draw whole units so that each class gives its share of the wanted rows."""
    if units[-1] == len(units) - 1:  # each row is a unit
        order = rng.permutation(len(units))
        order = order if classes is None else order[in_proportion(classes[order])]
        aside = np.zeros(len(units), dtype=bool)
        aside[order[:wanted]] = True
        return aside
    codes = np.zeros_like(units)
    if classes is not None:
        codes = np.unique(classes, return_inverse=True)[1].reshape(-1)
    sizes, strata = np.bincount(units), _rarest(units, codes)
    ideal = np.bincount(codes) * (wanted / len(units))
    least = np.inf
    for _ in range(_DRAWS):
        draw = _draw(rng.permutation(len(sizes)), sizes, strata, wanted)[units]
        found = np.bincount(codes[draw], minlength=len(ideal))
        miss = float(np.sum((found - ideal) ** 2 / ideal))
        if miss < least:
            least, aside = miss, draw
        if found.sum() == wanted and (np.abs(found - ideal) < 1).all():
            break
    return aside


def _draw(order: Rows, sizes: Rows, strata: Rows, wanted: int) -> Mask:
    """Take units in a given order: each stratum's share of rows, the rarest stratum first."""
    chosen = np.zeros(len(sizes), dtype=bool)
    of_row = np.repeat(strata[order], sizes[order])
    shares = np.bincount(of_row[in_proportion(of_row)[:wanted]], minlength=strata.max() + 1)
    lacking = 0
    for stratum, share in enumerate(shares):
        members = order[strata[order] == stratum]
        taken = members[_nearest(sizes[members], share + lacking)]
        chosen[taken] = True
        lacking += share - sizes[taken].sum()
    if not chosen.any():
        many = order[np.bincount(strata)[strata[order]] > 1]
        candidates = many if many.size else order
        chosen[candidates[np.argmin(sizes[candidates])]] = True
    return chosen


def in_proportion(classes: NDArray[Any], rng: np.random.Generator | None = None) -> Rows:
    """Reorder rows so that any run of consecutive rows holds each class in proportion.

    Row i of a class of m rows gets the place ``(i + ½) / m``; with ``rng`` a draw from [0, 1) for
    each class replaces the ½.

    Parameters
    ----------
    classes : ndarray, shape (n,)
        A class per row; rows of a class stay in their order.
    rng : numpy.random.Generator, optional
        What is drawn from.

    Returns
    -------
    ndarray of int64, shape (n,)
        Positions of rows.

    Examples
    --------
    >>> in_proportion(np.array([0, 0, 0, 0, 1, 1]))
    array([0, 4, 1, 2, 5, 3])
    """
    place = np.empty(len(classes))
    for code in np.unique(classes):
        members = np.flatnonzero(classes == code)
        begin = 0.5 if rng is None else rng.random()
        place[members] = (np.arange(len(members)) + begin) / len(members)
    return np.argsort(place, kind="stable")


def _nearest(sizes: Rows, wanted: int) -> Mask:
    """Take units in their order, except one, so that their rows are close to the wanted number."""
    most = len(sizes) - 1
    leading = np.zeros(len(sizes), dtype=bool)
    place = min(int(np.searchsorted(np.cumsum(sizes), wanted, side="right")), most)
    leading[:place] = True
    filled, lacking = leading.copy(), wanted - int(sizes[:place].sum())
    while filled.sum() < most:  # with those of the others that still fit
        fits = np.flatnonzero(sizes[place:] <= lacking)
        if not fits.size:
            break
        place += int(fits[0]) + 1
        filled[place - 1] = True
        lacking -= int(sizes[place - 1])
    options = [filled, leading]
    for taken in [option for option in options if option.sum() < most]:  # one more, if nearer
        lacking = wanted - int(sizes[taken].sum())
        miss = np.where(taken, np.inf, np.abs(sizes - lacking))
        taken[np.argmin(miss)] = miss.min() < lacking
    return min(options, key=lambda taken: abs(int(sizes[taken].sum()) - wanted))


def _rarest(units: Rows, codes: Rows) -> Rows:
    """Give each unit the rank of the rarest of its classes, by the number of units that have it."""
    n_classes = int(codes.max()) + 1
    unit, code = np.divmod(np.unique(units * n_classes + codes), n_classes)
    by_rarity = np.argsort(np.bincount(code), kind="stable")
    rank = np.argsort(by_rarity)
    strata = np.full(int(units.max()) + 1, n_classes)
    np.minimum.at(strata, unit, rank[code])
    return np.unique(strata, return_inverse=True)[1].reshape(-1)


def _latest(units: Rows, ranks: Rows, wanted: int) -> Mask:
    """Choose the units that end last, as many as come nearest to the wanted number of rows."""
    last = unit_ends(units, ranks)
    ends, counts = np.unique(last[units], return_counts=True)
    if len(ends) == 1:
        what = "All rows are of one time" if not ranks.any() else "All groups end at the same time"
        raise DataError(
            f"{what}: none could be set aside as the latest.",
            hint="Leave time out: rows are then set aside at random.",
        )
    later = np.cumsum(counts[::-1])[:-1]
    levels = 1 + int(np.argmin(np.abs(later - wanted)))
    if later[levels - 1] > _MANY * wanted:
        _warn_of_ties(int(later[levels - 1]), wanted, len(units), grouped=len(last) < len(units))
    latest: Mask = last >= ends[-levels]
    return latest


def _warn_of_ties(found: int, wanted: int, n: int, *, grouped: bool) -> None:
    where = "are in groups that end" if grouped else "are"
    warnings.warn(
        f"{found} of {n} rows are set aside as the latest, where {wanted} were asked for: so many "
        f"{where} at the latest time, and they stay together. Give finer times, or leave time out.",
        UserWarning,
        stacklevel=2,
    )
