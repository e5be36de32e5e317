"""Surfaces equal the loss evaluated at those weights, and paths lie where they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.errors import DataError, ParameterError
from tests.builders.legends import covered_by_legends

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
y = X[:, 0] - X[:, 1] ** 2
NETWORK = rv.Network([rv.Normalize(), rv.Dense(4, activation="tanh"), rv.Dense(1)])


def trained(seed=0, epochs=5):
    return rv.train(NETWORK, X, y, rv.Recipe(epochs=epochs, seed=seed, dtype="float64"))


@pytest.mark.parametrize("kind", ["random", "trajectory", "models"])
def test_each_value_is_the_loss_at_those_weights(kind):
    model, others = trained(), [trained(1), trained(2)]
    paths = [np.array([trained(epochs=e).parameters_vector for e in (1, 2, 3)])]
    found = rv.surface(
        model, X, y, directions=others if kind == "models" else kind, paths=paths, points=5
    )
    for i, j in ((0, 0), (2, 4), (4, 1)):
        shift = found.axes[0][i] * found.directions[0] + found.axes[1][j] * found.directions[1]
        moved = replace(model, parameters_vector=model.parameters_vector + shift)
        assert found.values[i, j] == pytest.approx(moved.evaluate(X, y)["loss"], rel=1e-10)
    assert found.loss == pytest.approx(model.evaluate(X, y)["loss"])


def test_random_directions_are_as_long_as_the_weights_of_each_unit_and_leave_biases():
    model = trained()
    found = rv.surface(model, X, y, points=3)
    for direction in found.directions:
        parts = replace(model, parameters_vector=direction).parameters
        for name, array in model.parameters.items():
            if name.endswith("weight"):
                lengths = [np.linalg.norm(of, axis=0) for of in (parts[name], array)]
                np.testing.assert_allclose(*lengths)
            else:
                assert (parts[name] == 0).all()


def test_other_models_lie_at_the_ends_of_the_directions():
    others = [trained(1), trained(2)]
    found = rv.surface(trained(), X, y, directions=others, points=5)
    assert found.axes[0].tolist() == [-0.5, 0.0, 0.5, 1.0, 1.5]
    assert found.values[3, 1] == pytest.approx(others[0].evaluate(X, y)["loss"])
    assert found.values[1, 3] == pytest.approx(others[1].evaluate(X, y)["loss"])


def test_a_path_in_the_plane_lies_where_its_weights_are():
    model = trained()
    plane = rv.surface(model, X, y, points=3).directions
    places = np.array([[2.0, 1.0], [-0.5, 0.25], [0.0, 0.0]])
    way = model.parameters_vector + places @ plane
    found = rv.surface(model, X, y, paths={"SGD": way}, points=3)
    np.testing.assert_allclose(found.paths["SGD"], places, atol=1e-12)
    assert found.axes[0][0] < -1
    assert found.axes[0][-1] > 2


def test_the_sentence_tells_a_minimum_from_what_is_none():
    recipe = rv.Recipe(optimizer="lbfgs", dtype="float64")
    linear = rv.train(rv.Network([rv.Dense(1)]), X, y, recipe)
    assert "is the lowest" in str(rv.surface(linear, X, y, points=5))
    early = rv.train(rv.Network([rv.Dense(1)]), X, y + 100, rv.Recipe(epochs=1))
    assert ", but " in str(rv.surface(early, X, y + 100, points=5))


def test_the_picture_covers_nothing():
    model = trained()
    paths = {n: model.parameters_vector + RNG.normal(size=(5, 21)) for n in ("SGD", "Adam")}
    found = rv.surface(model, X, y, paths=paths, directions="trajectory", points=9)
    ax = found.plot(Figure(layout="constrained").add_subplot())
    assert ax.get_xlabel() == "along the first direction"
    assert not covered_by_legends(ax.figure)
    assert len(found.to_frame()) == 81


def test_bad_input_is_refused():
    model = trained()
    with pytest.raises(ParameterError, match="'directions'"):
        rv.surface(model, X, y, directions="downwards")
    with pytest.raises(ParameterError, match="needs the weights along a path"):
        rv.surface(model, X, y, directions="trajectory")
    with pytest.raises(ParameterError, match="'points'"):
        rv.surface(model, X, y, points=2)
    with pytest.raises(ParameterError, match="'paths'"):
        rv.surface(model, X, y, paths=[np.ones((2, 3))])
    other = rv.train(rv.Network([rv.Dense(1)]), X, y, rv.Recipe(epochs=1))
    with pytest.raises(ParameterError, match="network of the model"):
        rv.surface(model, X, y, directions=[model, other])
    with pytest.raises(ParameterError, match="must be a Model"):
        rv.surface(NETWORK, X, y)
    with pytest.raises(DataError):
        rv.surface(model, X[:, :2], y)
