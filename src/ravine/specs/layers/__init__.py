"""Layers: what a network is stacked from.

``x`` is a layer's input and ``y`` its output, one row per row of data. A layer's parameters are
named ``<layer>_<n>.<array>``, such as ``dense_1.weight``; n counts the layers of one kind in a
stack from 1.
"""

from __future__ import annotations

from ravine.specs.layers.base import (
    Activation,
    Layer,
    Parameter,
)
from ravine.specs.layers.columns import Embedding, Periodic, PiecewiseLinear
from ravine.specs.layers.dense import Dense, Flatten, Residual, Scale
from ravine.specs.layers.noise import Dropout, GaussianNoise
from ravine.specs.layers.norms import BatchNorm, LayerNorm, Normalize
from ravine.specs.spec import Family

__all__ = [
    "Activation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "Layer",
    "LayerNorm",
    "Normalize",
    "Parameter",
    "Periodic",
    "PiecewiseLinear",
    "Residual",
    "Scale",
]

LAYERS: Family[Layer] = Family(
    "a layer",
    Layer,
    (
        Normalize,
        Dense,
        Activation,
        BatchNorm,
        LayerNorm,
        Dropout,
        GaussianNoise,
        Embedding,
        PiecewiseLinear,
        Periodic,
        Scale,
        Residual,
        Flatten,
    ),
    extensible=("forward", "backward"),
)
