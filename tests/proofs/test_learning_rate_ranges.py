"""Ranges of learning rates where theory knows them.

On a quadratic, full-batch descent with momentum β is stable up to ``2 (1 + β)/λ_max``; the range
finds that within 5 %. Where targets have nothing to do with inputs, no rate is better than the
best constant, and the range says so in at least 19 of 20 tables. RAVINE_PROOFS=long trains ten
times as long and prints the figures.
"""

import os

import numpy as np
import pytest

import ravine as rv

LONG = os.environ.get("RAVINE_PROOFS") == "long"
TABLES = 20


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("spread", [(1, 2, 0.5), (1, 30, 10)])
def test_the_largest_stable_rate_of_a_quadratic_is_that_of_theory(spread, momentum, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3)) * spread
    y = X @ [1, 2, 3] + 0.1 * rng.normal(size=100)
    ones = np.c_[X, np.ones(100)]
    largest = 2 * (1 + momentum) / np.linalg.eigvalsh(2 * ones.T @ ones / 100)[-1]
    recipe = rv.Recipe(optimizer=rv.SGD(momentum=momentum), batch_size="full", dtype=dtype)
    network = rv.Network([rv.Dense(1)])
    found = rv.learning_rate_range(network, X, y, recipe=recipe, seeds=3, threads=1)
    if LONG:
        print(spread, momentum, dtype, found.largest_stable / largest)
    assert found.largest_stable == pytest.approx(largest, rel=0.05)


def test_pure_noise_has_no_clear_optimum():
    none = []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(100, 5)), rng.normal(size=100)
        recipe = rv.Recipe(epochs=100 if LONG else 10)
        found = rv.learning_rate_range(
            rv.mlp(8), X, y, recipe=recipe, rates=rv.geomspace(1e-4, 1.0, 9), threads=1
        )
        none.append(found.interval is None)
    if LONG:
        print(f"{sum(none)} of {TABLES}")
    assert sum(none) >= 19
