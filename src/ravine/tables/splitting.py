"""Setting rows aside for testing and validation, by chance and reproducibly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DataError, ParameterError
from ravine.tables.values import plural

__all__ = ["Split", "split_rows"]

Rows = NDArray[np.int64]


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
        rows allow, and keeps a row to train on.

    Returns
    -------
    Split
        The three groups.

    Raises
    ------
    ParameterError
        If a fraction is not in [0, 1).
    DataError
        If there are too few rows for what is asked.

    Examples
    --------
    >>> split = split_rows(
    ...     8, test_fraction=0.25, validation_fraction=0.0, seed=0, strata=list("aaaabbbb")
    ... )
    >>> "".join("aaaabbbb"[i] for i in split.test)
    'ab'
    """
    for name, fraction in (
        ("test_fraction", test_fraction),
        ("validation_fraction", validation_fraction),
    ):
        if not 0 <= fraction < 1:
            raise ParameterError(f"The '{name}' must be in [0, 1). Got {fraction}.")
    groups: Rows = np.zeros(n_rows, dtype=np.int64)
    if strata is not None:
        groups = np.unique(np.asarray(strata), return_inverse=True)[1].astype(np.int64).reshape(-1)
        if groups.size != n_rows:
            raise DataError(
                f"There must be a class for each of the {n_rows} rows. Got {groups.size}."
            )
    everything = np.arange(n_rows, dtype=np.int64)
    rest, test = _set_aside(everything, groups, test_fraction, np.random.default_rng([seed, 1]))
    training, validation = _set_aside(
        rest, groups[rest], validation_fraction, np.random.default_rng([seed, 2])
    )
    split = Split(training, validation, test)
    _check(split, n_rows, test_fraction, validation_fraction)
    return split


def _set_aside(
    rows: Rows, groups: Rows, fraction: float, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Split rows into those kept and those set aside, each group in proportion."""
    order = rng.permutation(rows.size)
    counts = np.bincount(groups, minlength=1)
    wanted = _shares(counts, fraction)
    aside = np.zeros(rows.size, dtype=bool)
    for group, count in enumerate(wanted):
        aside[order[groups[order] == group][:count]] = True
    return rows[~aside], rows[aside]


def _shares(counts: Rows, fraction: float) -> Rows:
    """Rows to set aside of each group: fractions rounded so that their sum is right."""
    exact = counts * fraction
    shares: Rows = np.floor(exact).astype(np.int64)
    lacking = round(float(counts.sum() * fraction)) - int(shares.sum())
    for group in np.argsort(shares - exact, kind="stable"):
        if lacking > 0 and shares[group] + 1 < counts[group]:
            shares[group] += 1
            lacking -= 1
    return shares


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
