"""One table of layers: what the tests of every layer need to know of each.

A layer that is registered and does not stand in both tables fails
`test_every_layer_stands_in_the_tables`. From them follow: its description (fields, dictionary,
random values), its backward against central differences, and that a network with it trains alone as
in company, goes on from a checkpoint as if nothing had happened, and is saved and loaded.
"""

from __future__ import annotations

import numpy as np

import ravine as rv
from ravine import initializers

#: Each kind with every field away from its default.
EXAMPLES: list[rv.Layer] = [
    rv.Normalize(),
    rv.Dense(
        3,
        activation=rv.Activation("elu", alpha=0.5),
        use_bias=False,
        initializer=initializers.Glorot("normal"),
        penalty=None,
    ),
    rv.Activation("leaky_relu", alpha=0.2),
    rv.BatchNorm(momentum=0.5, epsilon=1e-3),
    rv.LayerNorm(epsilon=1e-3),
    rv.Dropout(0.5, fades=True, length=20),
    rv.GaussianNoise(0.1),
    rv.Embedding((4, 1), (3, 7), (2, 5), initializer="orthogonal", penalty=rv.L2(0.1)),
    rv.PiecewiseLinear(
        3,
        (4, 1),
        (5, 7),
        activation="tanh",
        use_bias=False,
        pace=2.0,
        initializer="he_normal",
        penalty=None,
    ),
    rv.Periodic((4, 1), 3, initializer=initializers.Normal(0.1), penalty=rv.L1(0.1)),
    rv.Scale(pace=2.0, penalty=None),
    rv.Residual([rv.Dense(2), rv.Residual([rv.Dropout(0.1)])]),
    rv.Flatten(),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4))
CODES = np.column_stack([X, RNG.integers(0, 3, 24)])
Y = RNG.normal(size=(24, 2))

#: Networks that hold it, with the inputs that they take; they have two outputs.
NETWORKS = {
    "normalize": ([rv.Normalize(), rv.Dense(3), rv.Dense(2)], X),
    "dense without bias": ([rv.Dense(3, use_bias=False), rv.Dense(2)], X),
    "batch norm": ([rv.Dense(5), rv.BatchNorm(), rv.Dense(2)], X),
    "layer norm": ([rv.Dense(5), rv.LayerNorm(), rv.Dense(2)], X),
    "dropout": ([rv.Dense(5), rv.Dropout(0.4), rv.Dense(2)], X),
    "gaussian noise": ([rv.GaussianNoise(0.3), rv.Dense(5), rv.Dense(2)], X),
    "embedding": ([rv.Embedding((4,), (3,), (2,)), rv.Dense(2)], CODES),
    "piecewise linear": ([rv.PiecewiseLinear(5, (3, 0), (2, 3)), rv.Dense(2)], X),
    "piecewise linear behind others": (
        [
            rv.Normalize(),
            rv.Embedding((4,), (3,), (2,)),
            rv.PiecewiseLinear(5, (1, 2), 2, activation="tanh"),
            rv.Dense(2),
        ],
        CODES,
    ),
    "periodic": ([rv.Periodic((3, 0), 2), rv.Dense(4, activation="tanh"), rv.Dense(2)], X),
    "periodic behind others": (
        [
            rv.Normalize(),
            rv.Embedding((4,), (3,), (2,)),
            rv.Periodic((1,), 5),
            rv.Dense(3),
            rv.Periodic((0, 2), 3),
            rv.Dense(2),
        ],
        CODES,
    ),
    "scale": ([rv.Scale(), rv.Dense(4, activation="tanh"), rv.Scale(pace=2), rv.Dense(2)], X),
    "piecewise linear with factors": (
        [
            rv.Embedding((4,), (3,), (2,)),
            rv.PiecewiseLinear(5, (1, 2), 2, activation="tanh", pace=3),
            rv.Dense(2),
        ],
        CODES,
    ),
    "residual": ([rv.Dense(5), rv.Residual([rv.Dense(5, activation="tanh")]), rv.Dense(2)], X),
    "nested residual": (
        [rv.Residual([rv.Residual([rv.Dense(4)]), rv.LayerNorm()]), rv.Dense(2)],
        X,
    ),
    "flatten": ([rv.Flatten(), rv.Dense(2)], X.reshape(24, 2, 2)),
}
