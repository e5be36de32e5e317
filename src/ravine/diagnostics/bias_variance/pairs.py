"""Means over pairs of independent things, and their variance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PairParts", "decompose_pairs", "mean_of_pairs", "variance_of_pairs"]

Array = NDArray[np.float64]


def mean_of_pairs(values: NDArray[Any]) -> Array:
    """Give ``(v_i + v_j) / 2`` for each pair.

    Parameters
    ----------
    values : ndarray, shape (..., D)
        A number for each thing.

    Returns
    -------
    ndarray, shape (..., D, D)
        One for each pair.

    Examples
    --------
    >>> mean_of_pairs(np.array([1.0, 3.0]))
    array([[1., 2.],
           [2., 3.]])
    """
    return np.asarray((values[..., :, np.newaxis] + values[..., np.newaxis, :]) / 2)


class PairParts(NamedTuple):
    """The value of each pair, split: ``h_ij = mean + a_i + a_j + g_ij``.

    Parameters
    ----------
    effects : ndarray, shape (..., D)
        a_i.
    rest : ndarray, shape (..., D, D)
        g_ij; the diagonal means nothing.
    of_effects : ndarray, shape (...)
        The plain variance of the a_i; it holds ``σ_g² / (D − 2)`` of the pairs' own.
    of_one_pair : ndarray, shape (...)
        σ_g², estimated without bias; 0 with D = 3.

    Examples
    --------
    >>> PairParts(np.zeros(4), np.zeros((4, 4)), 1.0, 0.5).of_one_pair
    0.5
    """

    effects: Array
    rest: Array
    of_effects: Any
    of_one_pair: Any


def decompose_pairs(kernel: Array) -> PairParts:
    """Split ``h_ij``, by least squares over all pairs i ≠ j.

    Parameters
    ----------
    kernel : ndarray, shape (..., D, D)
        ``h_ij``, symmetric; the diagonal is not used. D is at least 3.

    Returns
    -------
    PairParts
        The parts.

    Examples
    --------
    >>> decompose_pairs(mean_of_pairs(np.array([1.0, 2.0, 3.0, 6.0]))).effects
    array([-1. , -0.5,  0. ,  1.5])
    """
    n = kernel.shape[-1]
    of_each = (kernel.sum(axis=-1) - _diagonal(kernel)) / (n - 1)
    mean = of_each.mean(axis=-1)[..., np.newaxis]
    effects = (n - 1) / (n - 2) * (of_each - mean)
    of_effects = np.square(effects).sum(axis=-1) / (n - 1)
    rest = kernel - (mean + effects)[..., np.newaxis] - effects[..., np.newaxis, :]
    of_one_pair = np.zeros_like(of_effects)
    if n > 3:
        of_diagonal = np.square(_diagonal(rest)).sum(axis=-1)
        of_one_pair = (np.square(rest).sum(axis=(-2, -1)) - of_diagonal) / (n * (n - 3))
    return PairParts(effects, rest, of_effects, of_one_pair)


def variance_of_pairs(kernel: Array) -> Array:
    """Estimate the variance of the mean of ``h_ij`` over all pairs i ≠ j (a U-statistic).

    With ``a_i`` the effect of thing i, ``h_ij = mean + a_i + a_j + g_ij``, the variance is
    ``4 σ_a² / D + 2 σ_g² / (D (D − 1))``. Both components are estimated without bias (σ_a² is cut
    at 0). The delete-one jackknife gives ``4 s_a² / D``, which counts the second one twice; where
    there are no effects, as with bias² of a method without bias, that is twice the variance.

    Parameters
    ----------
    kernel : ndarray, shape (..., D, D)
        ``h_ij``, symmetric; the diagonal is not used. D is at least 3. With D = 3, σ_g² cannot be
        told from chance and counts as 0, which gives the jackknife.

    Returns
    -------
    ndarray, shape (...)
        The variance, at least 0.

    References
    ----------
    Hoeffding (1948), Annals of Mathematical Statistics 19(3), section 5; Efron & Stein (1981),
    Annals of Statistics 9(3) (what the jackknife counts twice).

    Examples
    --------
    A mean of three numbers: their variance, 1, over 3.

    >>> round(float(variance_of_pairs(mean_of_pairs(np.array([1.0, 2.0, 3.0])))), 6)
    0.333333
    """
    n = kernel.shape[-1]
    parts = decompose_pairs(kernel)
    first = np.maximum(parts.of_effects - parts.of_one_pair / (n - 2), 0.0)
    of_pairs = 2 * parts.of_one_pair / (n * (n - 1))
    return np.asarray(4 * first / n + of_pairs)


def _diagonal(matrices: Array) -> Array:
    return np.diagonal(matrices, axis1=-2, axis2=-1)
