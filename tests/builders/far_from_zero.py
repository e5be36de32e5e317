"""Times since 1970, a target, and a small network to train on them."""

from __future__ import annotations

import numpy as np

import ravine as rv

NOW = 1.7e9  # seconds since 1970
NET = rv.Network([rv.Normalize(), rv.Dense(16, activation="tanh"), rv.Dense(1)])
RECIPE = rv.Recipe(optimizer=rv.Adam(0.02), epochs=30)


def times(span: float = 600.0, n: int = 600, seed: int = 0) -> np.ndarray:
    return NOW + np.random.default_rng(seed).uniform(0, span, n)


def waves(t: np.ndarray) -> np.ndarray:
    return np.sin(6 * (t - t.min()) / np.ptp(t))


def trained(X, y, network=NET, recipe=RECIPE, **more):
    return rv.train(network, X, y, recipe, threads=1, **more)
