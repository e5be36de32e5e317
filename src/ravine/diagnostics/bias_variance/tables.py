"""A measured table, as studies need it: targets, what is trained on, what is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.folds import Folds, make_folds
from ravine.data.splitting import units_of

__all__ = ["Table"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """Targets of training rows and of test rows, and how rows belong together.

    Parameters
    ----------
    y : ndarray, shape (n,) or (n, O)
        Of the training rows, as learners take them: codes of classes, or numbers.
    scored : ndarray, shape (n, O)
        The same, in the form that predictions are compared with: 0 and 1 for each class, or
        numbers.
    test : ndarray, shape (T, O)
        Of the test rows.
    weight : float
        The factor of squares before they are added up over outputs.
    kind : {"number", "class", "labels"}
        What targets are; ``"labels"`` are several of 0 or 1.
    relative : bool
        Whether numbers are never negative, so that noise is a part of them.
    centred : bool
        Whether predictions are means.
    groups, time : ndarray of int, optional
        Codes of the training rows' groups, ranks of their times.
    test_units : ndarray of int, optional
        Which test rows were sampled together.
    seed : int
        Seed of everything that is drawn.
    copies : ndarray of int, optional
        What each training row is a copy of; None: no row is a copy of another.
    """

    y: NDArray[Any]
    scored: Array
    test: Array
    weight: float
    kind: str
    relative: bool
    centred: bool
    groups: NDArray[np.int64] | None
    time: NDArray[np.int64] | None
    test_units: NDArray[np.int64] | None
    seed: int
    copies: NDArray[np.int64] | None = None

    @property
    def units(self) -> NDArray[np.int64] | None:
        """The unit with which each training row is drawn and held out; None: each row is one."""
        if self.copies is None and self.groups is None:
            return None
        return units_of(self.n, self.copies, self.groups)

    @property
    def copy_of(self) -> NDArray[np.int64] | None:
        """The first of the rows that each training row is a copy of; None without copies."""
        if self.copies is None:
            return None
        _, firsts, codes = np.unique(self.copies, return_index=True, return_inverse=True)
        return firsts[codes]

    @property
    def n(self) -> int:
        """Training rows."""
        return len(self.scored)

    @property
    def all_rows(self) -> NDArray[np.int64]:
        """Training rows, followed by test rows."""
        return np.arange(self.n + len(self.test))

    def folds(self, repeats: int | None = None) -> Folds:
        """Divide the training rows into folds."""
        codes = self.y if self.kind == "class" else None
        return make_folds(
            self.n,
            self.seed,
            codes,
            copies=self.copies,
            groups=self.groups,
            time=self.time,
            repeats=repeats,
        )

    def generator(self, purpose: int, number: int) -> np.random.Generator:
        """Give random numbers for one purpose."""
        return np.random.default_rng([self.seed, purpose, number])

    def as_scored(self, y: NDArray[Any]) -> Array:
        """Turn drawn targets into what predictions are compared with."""
        return np.eye(self.scored.shape[1])[y] if self.kind == "class" else np.asarray(y)

    def squares(self, differences: NDArray[Any]) -> Array:
        """Add squares up over outputs."""
        return np.asarray(self.weight * np.square(differences).sum(axis=-1))
