"""Gradients of models and what backpropagation saw, against sums by hand and differences."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.diagnostics.model_gradients import ModelGradients
from ravine.errors import DataError, ParameterError
from tests.builders.layers import NETWORKS, Y
from tests.builders.legends import covered_by_legends

RNG = np.random.default_rng(3)
X = RNG.normal(size=(12, 3))
y = X[:, 0] - 2 * X[:, 1] + 0.1 * RNG.normal(size=12)


def trained(network=None, X=X, y=y, **recipe):
    network = network or rv.Network([rv.Dense(4, activation="tanh"), rv.Dense(1)])
    return rv.train(network, X, y, rv.Recipe(epochs=2, dtype="float64").replace(**recipe))


def nudged(model, X, y, w, step=1e-6):
    """Give the gradient of the loss by central differences of `evaluate`."""
    from dataclasses import replace

    found = np.empty(len(w))
    for i in range(len(w)):
        values = []
        for sign in (1, -1):
            moved = w.copy()
            moved[i] += sign * step
            values.append(replace(model, parameters_vector=moved).evaluate(X, y)["loss"])
        found[i] = (values[0] - values[1]) / (2 * step)
    return found


def test_the_gradient_of_a_linear_network_is_that_by_hand():
    model = trained(rv.Network([rv.Dense(1)]))
    error = model.predict(X) - y
    found = rv.gradient(model, X, y)
    assert list(found) == list(model.parameters)
    np.testing.assert_allclose(found["dense_1.weight"][:, 0], 2 * (error @ X) / 12, rtol=1e-12)
    np.testing.assert_allclose(found["dense_1.bias"], [2 * error.mean()], rtol=1e-12)
    assert found.loss == pytest.approx((error**2).mean(), rel=1e-12)


def test_row_by_row_it_is_the_error_times_the_row():
    model = trained(rv.Network([rv.Dense(1)]))
    error = model.predict(X) - y
    found = rv.gradient(model, X, y, per_row=True)
    np.testing.assert_allclose(found["dense_1.weight"][..., 0], 2 * error[:, None] * X, rtol=1e-12)
    assert found.flat.shape == (12, 4)
    np.testing.assert_allclose(found.flat.mean(axis=0), rv.gradient(model, X, y).flat, rtol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_agrees_with_differences_in_prediction_mode(name):
    layers, inputs = NETWORKS[name]
    model = trained(rv.Network(layers), inputs, Y)
    found = rv.gradient(model, inputs, Y).flat
    wanted = nudged(model, inputs, Y, model.parameters_vector)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "poisson"])
def test_it_is_of_the_network_s_own_loss(loss):
    labels = (y > 0).astype(int)
    outputs = 2 if loss == "cross_entropy" else 1
    model = trained(rv.Network([rv.Dense(outputs)], loss=loss), X, labels)
    wanted = nudged(model, X, labels, model.parameters_vector)
    np.testing.assert_allclose(rv.gradient(model, X, labels).flat, wanted, rtol=1e-6, atol=1e-8)


def test_dropout_does_nothing():
    model = trained(dropout=0.5)
    wanted = nudged(model, X, y, model.parameters_vector)
    np.testing.assert_allclose(rv.gradient(model, X, y).flat, wanted, rtol=1e-5, atol=1e-8)


def test_penalties_are_added_when_asked_for_and_l1_s_is_no_threshold():
    for penalty in (rv.L2(0.3), rv.L1(0.3), rv.L1(0.3, proximal=True)):
        recipe = rv.Recipe(epochs=2, dtype="float64", penalty=penalty, optimizer="sgd")
        model = rv.train(rv.Network([rv.Dense(1)]), X, y, recipe)
        w = model.parameters["dense_1.weight"]
        own = 0.3 * (w if isinstance(penalty, rv.L2) else np.sign(w))
        without, with_it = (rv.gradient(model, X, y, penalty=asked) for asked in (False, True))
        difference = with_it["dense_1.weight"] - without["dense_1.weight"]
        np.testing.assert_allclose(difference, own, rtol=1e-9)
        assert (with_it["dense_1.bias"] == without["dense_1.bias"]).all()
        rows = rv.gradient(model, X, y, per_row=True, penalty=True)
        np.testing.assert_allclose(rows.flat.mean(axis=0), with_it.flat, rtol=1e-9)


def test_a_row_counts_as_much_as_its_weight_and_one_of_weight_0_is_absent():
    model = trained()
    twice = np.r_[X, X[:3]], np.r_[y, y[:3]]
    weights = np.r_[np.full(3, 2.0), np.ones(8), 0.0]
    doubled = rv.gradient(
        model, twice[0][[*range(11), 12, 13, 14]], twice[1][[*range(11), 12, 13, 14]]
    )
    found = rv.gradient(model, X, y, sample_weight=weights)
    np.testing.assert_allclose(found.flat, doubled.flat, rtol=1e-12)
    rows = rv.gradient(model, X, y, per_row=True, sample_weight=weights)
    assert len(rows.flat) == 11
    np.testing.assert_allclose(rows.flat.mean(axis=0), found.flat, rtol=1e-12)


def test_columns_with_offsets_are_read_as_in_training():
    seconds = 1.7e9 + X
    network = rv.Network([rv.Normalize(), rv.Dense(1)])
    model = rv.train(network, seconds, y, rv.Recipe(epochs=2))
    assert model.offsets is not None
    error = model.predict(seconds).astype(float) - y
    assert rv.gradient(model, seconds, y)["dense_1.bias"] == pytest.approx(
        2 * error.mean(), rel=1e-4
    )


def test_the_model_is_not_touched():
    model = trained(rv.Network([rv.Dense(3), rv.BatchNorm(), rv.Dense(1)]))
    before = model.parameters_vector.copy(), model.state_vector.copy()
    rv.gradient(model, X, y), rv.backpropagate(model, X, y)
    assert (model.parameters_vector == before[0]).all()
    assert (model.state_vector == before[1]).all()


def test_many_rows_go_through_in_chunks():
    model = trained()
    many = RNG.normal(size=(1500, 3)), RNG.normal(size=1500)
    rows = rv.gradient(model, *many, per_row=True).flat
    np.testing.assert_allclose(rv.gradient(model, *many).flat, rows.mean(axis=0), rtol=1e-10)
    seen = rv.backpropagate(model, *many)
    np.testing.assert_allclose(seen.activations["dense_2"][:, 0], model.predict(many[0]))


def test_slopes_are_those_of_the_chain_rule_by_hand():
    model = trained()
    weights = model.parameters
    seen = rv.backpropagate(model, X, y)
    before = X @ weights["dense_1.weight"] + weights["dense_1.bias"]
    hidden = np.tanh(before)
    output = hidden @ weights["dense_2.weight"] + weights["dense_2.bias"]
    np.testing.assert_allclose(seen.activations["dense_1"], before, rtol=1e-12)
    np.testing.assert_allclose(seen.activations["activation_1"], hidden, rtol=1e-12)
    last = 2 * (output - y[:, None]) / 12
    middle = last @ weights["dense_2.weight"].T
    first = middle * (1 - hidden**2)
    for name, slope in (("dense_2", last), ("activation_1", middle), ("dense_1", first)):
        np.testing.assert_allclose(seen.slopes[name], slope, rtol=1e-12)
    np.testing.assert_allclose(seen.gradients["dense_1.weight"], X.T @ first, rtol=1e-10)


def test_the_table_has_a_row_per_layer_and_no_slope_before_the_first_parameters():
    network = rv.Network([rv.Normalize(), rv.Dense(4, activation="relu"), rv.Dense(1)])
    model = trained(network)
    frame = rv.backpropagate(model, X, y).to_frame()
    assert frame["layer"].tolist() == ["normalize_1", "dense_1", "activation_1", "dense_2"]
    assert np.isnan(frame["slope"]).tolist() == [True, False, False, False]
    assert np.isnan(frame["gradient"]).tolist() == [True, False, True, False]
    seen = rv.backpropagate(model, X, y)
    zeros = (seen.activations["activation_1"] == 0).mean()
    assert frame["zeros"][2] == pytest.approx(zeros)


def test_the_sentence_says_whether_slopes_grow_or_shrink():
    said = []
    for factor in (0.1, 10.0):
        layers = [rv.Dense(4, initializer=rv.initializers.Normal(factor)) for _ in range(3)]
        model = trained(rv.Network([*layers, rv.Dense(1)]), epochs=1, optimizer=rv.SGD(1e-12))
        said.append(str(rv.backpropagate(model, X, y)))
    assert "shrinks" in said[0]
    assert "grows" in said[1]


@pytest.mark.parametrize("of", [rv.gradient, rv.backpropagate])
def test_pictures_name_their_axes_and_cover_nothing(of):
    ax = of(trained(), X, y).plot(Figure(layout="constrained").add_subplot())
    assert ax.get_xlabel()
    assert not covered_by_legends(ax.figure)


def test_one_row_of_a_network_with_batch_norm_is_refused():
    inside = rv.Residual([rv.BatchNorm(), rv.Dense(3)])
    for layer in (rv.BatchNorm(), inside):
        model = trained(rv.Network([layer, rv.Dense(1)]))
        with pytest.raises(ParameterError, match="BatchNorm"):
            rv.gradient(model, X, y, per_row=True)


def test_bad_input_is_refused():
    model = trained()
    with pytest.raises(ParameterError, match="must be a Model"):
        rv.gradient(model.network, X, y)
    with pytest.raises(ParameterError, match="must be a Model"):
        rv.backpropagate(None, X, y)
    with pytest.raises(DataError, match="columns"):
        rv.gradient(model, X[:, :2], y)
    with pytest.raises(DataError):
        rv.gradient(model, np.full_like(X, np.nan), y)
    with pytest.raises(DataError):
        rv.gradient(model, X, y[:-1])
    with pytest.raises(DataError):
        rv.gradient(model, X[:0], y[:0])


def test_chosen_rows_have_their_own_mean():
    at = ModelGradients(trained(), X, y)
    rows = at.rows(at.w)
    np.testing.assert_allclose(at.mean(at.w, np.array([1, 5]))[1], rows[[1, 5]].mean(axis=0))
