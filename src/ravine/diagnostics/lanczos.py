"""Eigenvalues of a symmetric matrix that is only known by what it does to vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RitzValues", "lanczos"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RitzValues:
    """What Lanczos's iteration found.

    Parameters
    ----------
    values : ndarray, descending
        Ritz values.
    residuals : ndarray
        ``‖H v − θ v‖`` of each: an eigenvalue is no further from θ than this.
    complete : bool
        Whether these are all eigenvalues.
    """

    values: Array
    residuals: Array
    complete: bool


def lanczos(
    product: Callable[[Array], Array],
    n: int,
    wanted: Callable[[RitzValues], bool],
    rng: np.random.Generator,
    most: int,
) -> RitzValues:
    """Build a Krylov space, every vector made orthogonal to all before it, until it is enough.

    Where the space closes before it is whole (as it does when eigenvalues are alike), it goes on
    from a new random direction, so that eigenvalues are counted as often as they occur.

    Parameters
    ----------
    product : callable
        v ↦ H v.
    n : int
        The length of v.
    wanted : callable
        Whether the Ritz values so far are good enough; asked after each new vector.
    rng : numpy.random.Generator
        Draws the first vector.
    most : int
        The most products.

    Returns
    -------
    RitzValues
        Of the last space.

    References
    ----------
    Golub and Van Loan, "Matrix computations", chapter 10.

    Examples
    --------
    >>> H = np.diag([3.0, 2.0, -1.0])
    >>> found = lanczos(lambda v: H @ v, 3, lambda _: False, np.random.default_rng(0), 3)
    >>> found.values.round(12).tolist(), found.complete
    ([3.0, 2.0, -1.0], True)
    """
    basis, images = np.empty((0, n)), np.empty((0, n))
    found = RitzValues(np.empty(0), np.empty(0), complete=False)
    vector = rng.normal(size=n)
    while len(basis) < min(n, most):
        for _ in range(2):  # twice is enough
            vector = vector - basis.T @ (basis @ vector)
        length = float(np.linalg.norm(vector))
        scale = float(np.abs(found.values).max(initial=0.0))
        if len(basis) and length <= 1e-6 * scale:
            vector = rng.normal(size=n)
            continue
        basis = np.vstack([basis, vector / length])
        images = np.vstack([images, product(basis[-1])])
        found = _ritz(basis, images, complete=len(basis) == n)
        if wanted(found):
            break
        vector = images[-1]
    return found


def _ritz(basis: Array, images: Array, *, complete: bool) -> RitzValues:
    """Give the eigenvalues of H within the space, and how far each is from one of H."""
    inside = basis @ images.T
    values, vectors = np.linalg.eigh((inside + inside.T) / 2)
    left = vectors.T @ images - values[:, None] * (vectors.T @ basis)
    residuals = np.linalg.norm(left, axis=1)
    return RitzValues(values[::-1], residuals[::-1], complete)
