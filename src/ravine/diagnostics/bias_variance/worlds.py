"""Worlds to draw targets from: an expected target for each row, and a noise about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError

__all__ = ["Labels", "Noise", "Normal", "Residuals", "World"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_MOST_DRAWS = 100


class Noise(Protocol):
    """How targets scatter about what is expected."""

    def draw(self, rows: Rows, expected: Array, generator: np.random.Generator) -> Array:
        """Draw targets for some rows, rows × outputs."""
        ...

    def squared(self, rows: Rows, expected: Array) -> Array:
        """Give their variance, rows × outputs."""
        ...


@dataclass(frozen=True)
class Normal:
    """``y = f + σ ε`` with standard normal ε.

    Examples
    --------
    >>> Normal(0.5).squared(np.arange(2), np.zeros((2, 1))).ravel()
    array([0.25, 0.25])
    """

    sigma: float

    def draw(self, rows: Rows, expected: Array, generator: np.random.Generator) -> Array:
        """Draw targets."""
        return np.asarray(expected + self.sigma * generator.standard_normal(expected.shape))

    def squared(self, rows: Rows, expected: Array) -> Array:
        """Give σ²."""
        return np.full(expected.shape, self.sigma**2)


@dataclass(frozen=True)
class Labels:
    """A 1 for one of the classes, or 0 and 1 for each label, with the probabilities expected.

    Examples
    --------
    >>> sure = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> Labels(multi_label=False).draw(np.arange(2), sure, np.random.default_rng(0))
    array([[0., 1.],
           [1., 0.]])
    """

    multi_label: bool

    def draw(self, rows: Rows, expected: Array, generator: np.random.Generator) -> Array:
        """Draw labels."""
        if self.multi_label:
            return np.asarray(generator.random(expected.shape) < expected, dtype=np.float64)
        below = generator.random((len(expected), 1)) >= expected.cumsum(axis=1)[:, :-1]
        return np.asarray(np.eye(expected.shape[1])[below.sum(axis=1)])

    def squared(self, rows: Rows, expected: Array) -> Array:
        """Give ``p (1 − p)``."""
        return np.asarray(expected * (1 - expected))


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of rows held out, drawn with replacement and scaled.

    A row draws from the residuals of its own pool. Where rows come in groups, each group draws a
    group of residuals first and then from it, so that the rows of a group stay alike.

    Parameters
    ----------
    residuals : ndarray, shape (R, O)
        What is drawn; of mean 0 in each pool.
    pool : ndarray of int, shape (R,)
        The pool of each residual, from 0 without gaps.
    pool_of_row : ndarray of int, shape (N,)
        The pool that each row draws from.
    scale : ndarray, shape (pools,)
        The factor of the residuals of each pool.
    relative : bool
        Whether residuals are parts of what is expected, as for targets that are never negative.
    group, group_of_row : ndarray of int, optional
        The group of each residual and of each row, from 0 without gaps.

    Examples
    --------
    >>> noise = Residuals(np.array([[-1.0], [1.0]]), np.zeros(2, int), np.zeros(3, int), np.ones(1))
    >>> noise.squared(np.arange(3), np.zeros((3, 1))).ravel()
    array([1., 1., 1.])
    """

    residuals: Array
    pool: Rows
    pool_of_row: Rows
    scale: Array
    relative: bool = False
    group: Rows | None = None
    group_of_row: Rows | None = None

    def draw(self, rows: Rows, expected: Array, generator: np.random.Generator) -> Array:
        """Draw targets."""
        drawn = self._places(rows, generator)
        scale = self.scale[self.pool[drawn]][:, np.newaxis]
        factor = expected if self.relative else 1.0
        return np.asarray(expected + factor * scale * self.residuals[drawn])

    def squared(self, rows: Rows, expected: Array) -> Array:
        """Give the variance of what is drawn."""
        of_pools = np.stack(
            [self.residuals[self.pool == i].var(axis=0) for i in range(len(self.scale))]
        )
        squares = (of_pools * self.scale[:, np.newaxis] ** 2)[self.pool_of_row[rows]]
        return np.asarray(squares * expected**2 if self.relative else squares)

    def scaled(self, factors: Array) -> Residuals:
        """Give the same with the scale of each pool multiplied."""
        scale = self.scale * factors
        if self.relative:  # no target is drawn below 0
            lowest = np.array([-self.residuals[self.pool == i].min() for i in range(len(scale))])
            scale = np.minimum(scale, 0.999 / np.maximum(lowest, 1e-9))
        return replace(self, scale=scale)

    def scale_to(self, sigma: float) -> Array:
        """Give the scales with which the residuals of every pool have the standard deviation σ."""
        pools = range(len(self.scale))
        spread = np.array([np.sqrt(self.residuals[self.pool == i].var()) for i in pools])
        if sigma > 0 and not (spread > 0).all():
            raise DataError(
                f"The reference fits rows that were held out without error, but noise={sigma:g} is "
                "given: there are no residuals to draw noise from."
            )
        return np.asarray(sigma / np.where(spread > 0, spread, 1.0))

    def _places(self, rows: Rows, generator: np.random.Generator) -> Rows:
        """Choose a residual for each row."""
        drawn = np.empty(len(rows), dtype=np.int64)
        if self.group is not None and self.group_of_row is not None:
            groups = self.group_of_row[rows]
            donors = generator.integers(self.group.max() + 1, size=self.group_of_row.max() + 1)
            for group in np.unique(groups):
                members = np.flatnonzero(groups == group)
                choice = np.flatnonzero(self.group == donors[group])
                drawn[members] = generator.choice(choice, size=len(members))
            return drawn
        pools = self.pool_of_row[rows]
        for pool in range(len(self.scale)):
            members = np.flatnonzero(pools == pool)
            choice = np.flatnonzero(self.pool == pool)
            drawn[members] = generator.choice(choice, size=len(members))
        return drawn


@dataclass(frozen=True, eq=False)
class World:
    """What targets are drawn from.

    Parameters
    ----------
    expected : ndarray, shape (N, O)
        Of the training rows, followed by the test rows: numbers or probabilities.
    noise : Noise
        How targets scatter.
    n : int
        Training rows.
    weight : float
        The factor of squares before they are added up over outputs.
    copy_of : ndarray of int, shape (n,), optional
        The row whose target each training row gets, itself if it is no copy.

    Examples
    --------
    >>> world = World(np.zeros((5, 1)), Normal(1.0), 3, 1.0)
    >>> world.table(np.random.default_rng(0)).shape, world.squared_noise
    ((3, 1), array([1., 1.]))
    """

    expected: Array
    noise: Noise
    n: int
    weight: float
    copy_of: Rows | None = None

    @property
    def _test(self) -> Rows:
        return np.arange(self.n, len(self.expected))

    @property
    def kind(self) -> str:
        """What targets are: ``"number"``, ``"class"`` or ``"labels"``, several of 0 or 1."""
        if not isinstance(self.noise, Labels):
            return "number"
        return "labels" if self.noise.multi_label else "class"

    @property
    def centre(self) -> Array:
        """What is expected at the test rows."""
        return self.expected[self.n :]

    @property
    def squared_noise(self) -> Array:
        """The variance of targets at each test row, over all outputs."""
        squares = self.noise.squared(self._test, self.centre)
        return np.asarray(self.weight * squares.sum(axis=1))

    def table(self, generator: np.random.Generator) -> Array:
        """Draw targets for the training rows, as a learner takes them: numbers, or class codes."""
        rows = np.arange(self.n)
        for _ in range(_MOST_DRAWS):
            drawn = self.noise.draw(rows, self.expected[: self.n], generator)
            drawn = drawn if self.copy_of is None else drawn[self.copy_of]
            if not isinstance(self.noise, Labels) or self.noise.multi_label:
                return drawn
            codes = drawn.argmax(axis=1)
            if codes.min() < codes.max():
                return np.asarray(codes)
        raise DataError(
            f"{_MOST_DRAWS} times, all labels drawn for {self.n} training rows were of one class: "
            "classes are too rare."
        )

    def fresh(self, generator: np.random.Generator) -> Array:
        """Draw targets for the test rows."""
        return self.noise.draw(self._test, self.centre, generator)
