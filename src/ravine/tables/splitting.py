"""Setting rows of a table aside, first for testing, then for validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ravine.data import splitting
from ravine.data.sides import group_codes, time_ranks
from ravine.data.splitting import Rows
from ravine.errors import DataError, ParameterError
from ravine.ground.text import plural

__all__ = ["Split", "check_sides_differ", "split_rows"]


@dataclass(frozen=True)
class Split:
    """Which rows are trained on, validated on and tested on: three sorted arrays without overlap.

    Examples
    --------
    >>> split = split_rows(10, test_fraction=0.2, validation_fraction=0.25, seed=0)
    >>> len(split.training), len(split.validation), len(split.test)
    (6, 2, 2)
    """

    training: Rows
    validation: Rows
    test: Rows


def split_rows(
    n_rows: int,
    *,
    test_fraction: float,
    validation_fraction: float,
    seed: int,
    strata: ArrayLike | None = None,
    identity: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> Split:
    """Set rows aside: first for testing, then, from what is left, for validation.

    Parameters
    ----------
    n_rows : int
        Number of rows of the table.
    test_fraction : float
        Share of all rows to test on, in [0, 1).
    validation_fraction : float
        Share of the other rows to validate on, in [0, 1).
    seed : int
        Same seed, same split.
    strata : array-like of shape (n_rows,), optional
        A class per row. Each class is then shared out in the same proportions, as nearly as whole
        rows allow, and keeps a row to train on, unless groups or times prevent it.
    identity : array-like of shape (n_rows,), optional
        What each row is a copy of: copies of one row are for one purpose.
    groups, time : array-like of shape (n_rows,), optional
        The group and the time of each row, as in `ravine.train`: all rows of a group have the same
        purpose, and the latest rows are tested on, the latest of the others validated on.

    Returns
    -------
    Split
        The three parts.

    Raises
    ------
    ParameterError
        If a fraction is not in [0, 1).
    DataError
        If there are too few rows, groups or times for what is asked.

    Examples
    --------
    >>> split = split_rows(
    ...     8, test_fraction=0.25, validation_fraction=0.0, seed=0, strata=list("aaaabbbb")
    ... )
    >>> "".join("aaaabbbb"[i] for i in split.test)
    'ab'
    >>> split_rows(6, test_fraction=0.3, validation_fraction=0.3, seed=0, time=[4, 1, 3, 6, 5, 2])
    Split(training=array([1, 2, 5]), validation=array([0]), test=array([3, 4]))
    """
    fractions = {"test": test_fraction, "validation": validation_fraction}
    for name, fraction in fractions.items():
        if not 0 <= fraction < 1:
            raise ParameterError(f"The '{name}_fraction' must be in [0, 1). Got {fraction}.")
    classes: Rows = np.zeros(n_rows, dtype=np.int64)
    if strata is not None:
        classes = np.unique(np.asarray(strata), return_inverse=True)[1].astype(np.int64).reshape(-1)
        if classes.size != n_rows:
            raise DataError(
                f"There must be a class for each of the {n_rows} rows. Got {classes.size}."
            )
    sides = {
        "groups": None if groups is None else group_codes(groups, n_rows),
        "time": None if time is None else time_ranks(time, n_rows),
        "identity": None if identity is None else group_codes(identity, n_rows, "identity"),
    }
    rest = np.arange(n_rows, dtype=np.int64)
    parts = {}
    for stream, (name, fraction) in enumerate(fractions.items(), start=1):
        of_rest = {side: values[rest] for side, values in sides.items() if values is not None}
        check_sides_differ(of_rest, name, fraction)
        kept, aside = _set_aside(classes[rest], fraction, (seed, stream), of_rest)
        rest, parts[name] = rest[kept], rest[aside]
    split = Split(rest, parts["validation"], parts["test"])
    _check(split, n_rows, test_fraction, validation_fraction)
    return split


def _set_aside(
    classes: Rows, fraction: float, seed: tuple[int, int], sides: dict[str, Rows]
) -> tuple[Rows, Rows]:
    """Split rows into those kept and those set aside, none if there are too few."""
    n = len(classes)
    everything = np.arange(n, dtype=np.int64)
    if n < 2 or round(n * fraction) == 0:
        return everything, everything[:0]
    kept, aside = splitting.split_rows(n, fraction, seed, classes, **sides)
    if not sides:  # a class keeps a row to train on
        lost = np.setdiff1d(classes, classes[kept])
        back = [aside[np.argmax(classes[aside] == code)] for code in lost]
        kept, aside = np.union1d(kept, back).astype(np.int64), np.setdiff1d(aside, back)
    return kept, aside


def check_sides_differ(sides: dict[str, Rows], purpose: str, fraction: float) -> None:
    """Refuse rows of one group, or of one time, if some are to be set aside.

    Parameters
    ----------
    sides : dict of str to ndarray
        Codes of the rows' groups, ranks of their times.
    purpose : {"test", "validation"}
        What rows are to be set aside for.
    fraction : float
        Their share.

    Raises
    ------
    DataError
        If all rows are of one group or time.

    Examples
    --------
    >>> check_sides_differ({"groups": np.array([0, 0])}, "test", 0.2)
    Traceback (most recent call last):
    ravine.errors.DataError: All rows are of one group: there can be no test rows.
    """
    for name, values in sides.items():
        if name == "identity":
            continue  # where nothing can be set aside, `ravine.data.splitting.split_rows` says so
        if fraction > 0 and len(values) > 1 and (values == values[0]).all():
            rows = "All rows" if purpose == "test" else "All rows that are not tested on"
            raise DataError(
                f"{rows} are of one {name.removesuffix('s')}: there can be no {purpose} rows.",
                hint=f"Set the {purpose} fraction to 0, or leave {name} out.",
            )


def _check(split: Split, n_rows: int, test_fraction: float, validation_fraction: float) -> None:
    wanted = {"test": test_fraction, "validation": validation_fraction}
    empty = [name for name, share in wanted.items() if share > 0 and not getattr(split, name).size]
    if empty or split.training.size < 1:
        lacking = empty[0] if empty else "training"
        raise DataError(
            f"A table with {plural(n_rows, 'row')} is too small to leave {lacking} rows "
            f"(test fraction {test_fraction:g}, validation fraction {validation_fraction:g}).",
            hint="Use more rows, or set one of the fractions to 0.",
        )
