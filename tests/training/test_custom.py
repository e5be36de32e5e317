"""Training with one's own optimizers and functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError
from tests.builders.small_runs import LINEAR, NETWORK, X, Y, weights


@dataclass(frozen=True)
class OwnMomentum(rv.Optimizer):
    """Momentum as the engine has it, in Python."""

    learning_rate: float = 0.01
    beta: float = 0.9

    def init(self, n):
        return {"v": np.zeros(n), "steps": 0}

    def update(self, w, g, state, k, learning_rate):
        state["steps"] += 1
        assert state["steps"] == k
        state["v"] = self.beta * state["v"] + learning_rate * g
        w -= state["v"]


def test_an_optimizer_of_ones_own_trains_as_the_same_built_in_one():
    own, built_in = (
        rv.train(NETWORK, X, Y, rv.Recipe(optimizer=rule, epochs=5, dtype="float64"))
        for rule in (OwnMomentum(0.01), rv.SGD(0.01, momentum=0.9))
    )
    np.testing.assert_allclose(weights(own), weights(built_in), rtol=1e-12)


def test_a_run_with_an_optimizer_of_ones_own_resumes_from_its_checkpoint(tmp_path):
    recipe = rv.Recipe(optimizer=OwnMomentum(), epochs=6)
    whole = rv.train(NETWORK, X, Y, recipe)
    path = tmp_path / "run.safetensors"
    rv.train(NETWORK, X, Y, recipe.replace(epochs=3), checkpoint=path)
    resumed = rv.train(NETWORK, X, Y, recipe, start=path)
    np.testing.assert_array_equal(weights(whole), weights(resumed))
    assert len(resumed.history) == 6


def test_a_function_may_make_the_rows_of_every_epoch():
    sizes = []

    def twice(X, y, rng):
        sizes.append(X.shape)
        return np.vstack([X, X + 0.1 * rng.normal(size=X.shape)]), np.concatenate([y, y])

    model = rv.train(NETWORK, X, Y, rv.Recipe(epochs=3, batch_size=100, augmentation=twice))
    assert model.history["step"].tolist() == [4, 8, 12]
    assert set(sizes) == {(200, 3)}


def test_a_function_that_returns_other_columns_is_refused():
    recipe = rv.Recipe(augmentation=lambda X, y, rng: (X[:, :2], y))
    with pytest.raises(DataError, match="X of the augmentation function has 2 columns"):
        rv.train(LINEAR, X, Y, recipe)
