"""Layers: what a network is stacked from.

``x`` is a layer's input and ``y`` its output, one row per row of data. A layer's parameters are
named ``<layer>_<n>.<array>``, such as ``dense_1.weight``; n counts the layers of one kind in a
stack from 1.
"""

from __future__ import annotations

from ravine.specs.layers import base, columns, dense, noise, norms
from ravine.specs.layers.base import *
from ravine.specs.layers.columns import *
from ravine.specs.layers.dense import *
from ravine.specs.layers.noise import *
from ravine.specs.layers.norms import *
from ravine.specs.parameter import Parameter
from ravine.specs.spec import Family, kinds_in

__all__ = ["Activation", "Layer", "Parameter"]
__all__ += dense.__all__
__all__ += norms.__all__
__all__ += noise.__all__
__all__ += columns.__all__

LAYERS: Family[Layer] = Family(
    "a layer",
    Layer,
    kinds_in(Layer, norms, dense, noise, columns, base),
    extensible=("forward", "backward"),
)
