"""Rows and small networks for runs."""

from __future__ import annotations

import numpy as np

import ravine as rv

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=200)
NETWORK = rv.Network([rv.Dense(4, activation="tanh"), rv.Dense(1)])
LINEAR = rv.Network([rv.Dense(1)])
CLASSIFIER = rv.Network([rv.Dense(4, activation="relu"), rv.Dense(2)], loss="cross_entropy")


def weights(model):
    return np.concatenate([array.ravel() for array in model.parameters.values()])
