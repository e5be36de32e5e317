"""Layers that normalise: by the training rows, the mini-batch or the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.layers.base import (
    Layer,
)
from ravine.specs.rules import (
    Number,
    Rule,
)

__all__ = ["BatchNorm", "LayerNorm", "Normalize"]


@dataclass(frozen=True, repr=False)
class Normalize(Layer):
    """Standardise every input column: ``y = (x − mean) / standard deviation``.

    Both are learnt from the training rows alone before the first step, the standard deviation over
    n, with the weights of rows if there are any; a constant column becomes 0. Columns that an
    `Embedding` of the network reads are not changed. It can only be the first layer of a network.

    In float32 it preserves the values of columns far from 0, such as seconds since 1970: a constant
    near the column's mean (``Model.offsets``) is subtracted in double before X is rounded.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Network([rv.Normalize(), rv.Dense(1)])
    Network([Normalize(), Dense(1)], loss='squared_error')
    """

    _only_first: ClassVar[bool] = True


@dataclass(frozen=True, repr=False)
class BatchNorm(Layer):
    """Standardise each column over the mini-batch, then apply a learnt scale and shift.

    In training ``y = scale · (x − μ) / √(σ² + ε) + shift`` with the mean μ and the variance σ²
    (over n) of the mini-batch, and ``running ← momentum · running + (1 − momentum) · batch``, the
    running variance from the variance over n − 1. Prediction uses the running values. A
    single last row joins the mini-batch before it; ``batch_size=1`` is an error. With sample
    weights ``μ = Σ s x / Σ s`` and ``σ² = Σ s (x − μ)² / Σ s``, and the running variance is of
    ``σ² / (1 − Σ s² / (Σ s)²)``.

    Parameters
    ----------
    momentum : float, default 0.9
        The fraction of the running values that is kept in each step, in [0, 1).
    epsilon : float, default 1e-5
        ε, greater than 0.

    References
    ----------
    Ioffe & Szegedy (2015), Algorithms 1 and 2. Departure: running averages, as in PyTorch (whose
    ``momentum`` is 1 minus this one).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.BatchNorm(momentum=0.99)
    BatchNorm(momentum=0.99)
    """

    _: KW_ONLY
    momentum: float = 0.9
    epsilon: float = 1e-5

    _rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": Number(at_least=0, below=1),
        "epsilon": Number(above=0),
    }


@dataclass(frozen=True, repr=False)
class LayerNorm(Layer):
    """Standardise each row over its features, then apply a learnt scale and shift to each feature.

    ``y = scale · (x − μ) / √(σ² + ε) + shift``, μ and σ² (over n) of the row.

    Parameters
    ----------
    epsilon : float, default 1e-5
        ε, greater than 0.

    References
    ----------
    Ba, Kiros & Hinton (2016), arXiv:1607.06450.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.LayerNorm()
    LayerNorm()
    """

    _: KW_ONLY
    epsilon: float = 1e-5

    _rules: ClassVar[Mapping[str, Rule]] = {"epsilon": Number(above=0)}
