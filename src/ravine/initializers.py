"""Initializers: what the weights are before the first step.

``I`` and ``O`` are the inputs and outputs of the weight matrix. Biases start at 0. The usual ones
have names: ``Dense(64, initializer="he_normal")``.
"""

from ravine.specs.initializers import (
    Constant,
    Glorot,
    He,
    Initializer,
    LeCun,
    Normal,
    Orthogonal,
    Uniform,
)

__all__ = [
    "Constant",
    "Glorot",
    "He",
    "Initializer",
    "LeCun",
    "Normal",
    "Orthogonal",
    "Uniform",
]
