"""Eigenvalues of the Hessian equal NumPy's of the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.diagnostics.lanczos import lanczos
from ravine.diagnostics.model_gradients import ModelGradients
from ravine.errors import DataError, ParameterError
from tests.builders.legends import covered_by_legends

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def trained(hidden=6, epochs=30, **more):
    network = rv.Network([rv.Dense(hidden, activation="tanh"), rv.Dense(1)])
    recipe = rv.Recipe(epochs=epochs, optimizer=rv.Adam(0.01), **({"dtype": "float64"} | more))
    return rv.train(network, X, y, recipe)


def hessian(model, step=1e-5):
    """Give the whole Hessian by differences of gradients, parameter by parameter."""
    at = ModelGradients(model, X, y)
    columns = []
    for i in range(len(at.w)):
        nudge = np.zeros(len(at.w))
        nudge[i] = step
        columns.append((at.mean(at.w + nudge)[1] - at.mean(at.w - nudge)[1]) / (2 * step))
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_they_are_numpy_s_of_the_whole_hessian(dtype):
    model = trained(dtype=dtype)
    wanted = np.linalg.eigvalsh(hessian(model))[::-1]
    found = rv.curvature(model, X, y, k=8)
    np.testing.assert_allclose(found.eigenvalues, wanted[:8], atol=1e-7 * wanted[0])
    assert found.smallest == pytest.approx(wanted[-1], abs=1e-7 * wanted[0])
    assert (np.abs(found.eigenvalues - wanted[:8]) <= found.errors + 1e-8).all()


def test_of_many_parameters_the_ends_are_found_in_fewer_products():
    model = trained(hidden=70)
    assert model.parameters_vector.size > 300
    wanted = np.linalg.eigvalsh(hessian(model))[::-1]
    found = rv.curvature(model, X, y, k=3)
    np.testing.assert_allclose(found.eigenvalues, wanted[:3], rtol=1e-5)
    assert found.smallest == pytest.approx(wanted[-1], abs=1e-5 * wanted[0])
    assert found.products < model.parameters_vector.size / 2


def test_of_a_linear_network_they_are_those_of_the_second_moments_and_normalising_helps():
    wide = X * [1, 10, 0.1]
    conditions = []
    for layers in ([rv.Dense(1)], [rv.Normalize(), rv.Dense(1)]):
        recipe = rv.Recipe(optimizer="lbfgs", dtype="float64")
        model = rv.train(rv.Network(layers), wide, y, recipe)
        found = rv.curvature(model, wide, y, k=4)
        conditions.append(found.condition_number)
        if len(layers) == 1:
            ones = np.c_[wide, np.ones(60)]
            wanted = np.linalg.eigvalsh(2 * ones.T @ ones / 60)[::-1]
            np.testing.assert_allclose(found.eigenvalues, wanted, rtol=1e-6)
            assert found.condition_number == pytest.approx(wanted[0] / wanted[-1], rel=1e-5)
    assert conditions[1] < 5 < 1000 < conditions[0]


def test_eigenvalues_are_counted_as_often_as_they_occur():
    H = np.diag([2.0, 2.0, 2.0, 1.0, 0.0])
    found = lanczos(lambda v: H @ v, 5, lambda _: False, np.random.default_rng(0), 5)
    np.testing.assert_allclose(found.values, [2, 2, 2, 1, 0], atol=1e-12)


def test_weights_count():
    model = trained()
    weights = np.r_[np.zeros(10), np.ones(50)]
    some = rv.curvature(model, X[10:], y[10:])
    found = rv.curvature(model, X, y, sample_weight=weights)
    np.testing.assert_allclose(found.eigenvalues, some.eigenvalues)


def test_the_sentence_says_what_the_smallest_one_means():
    at_start = trained(epochs=1)
    assert "a direction goes down" in str(rv.curvature(at_start, X, y))
    recipe = rv.Recipe(optimizer="lbfgs", dtype="float64")
    linear = rv.train(rv.Network([rv.Dense(1)]), X, y, recipe)
    assert "the condition number is" in str(rv.curvature(linear, X, y, k=2))
    double = np.c_[X, X[:, :1]]
    twice = rv.train(rv.Network([rv.Dense(1)]), double, y, recipe)
    found = rv.curvature(twice, double, y)
    assert found.condition_number == np.inf
    assert "a direction is flat" in str(found)


def test_the_picture_and_the_table_have_what_was_asked_for():
    found = rv.curvature(trained(), X, y, k=4)
    assert found.to_frame()["largest_rate"][0] == pytest.approx(2 / found.eigenvalues[0])
    ax = found.plot(Figure(layout="constrained").add_subplot())
    assert ax.get_ylabel() == "eigenvalue of the Hessian"
    assert not covered_by_legends(ax.figure)


def test_bad_input_is_refused():
    model = trained()
    for k in (0, 32, 2.5, True):
        with pytest.raises(ParameterError, match="'k'"):
            rv.curvature(model, X, y, k=k)
    with pytest.raises(ParameterError, match="must be a Model"):
        rv.curvature(model.network, X, y)
    with pytest.raises(DataError):
        rv.curvature(model, X[:, :1], y)
