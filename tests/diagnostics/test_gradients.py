"""Gradient checking: every part passes, and a wrong backward does not."""

from __future__ import annotations

import numpy as np
import pytest

import ravine as rv
from ravine.diagnostics import gradients
from ravine.diagnostics.gradients import Objective
from ravine.specs.layers import LAYERS as KINDS
from ravine.specs.layers.base import ACTIVATIONS
from tests.builders.layers import EXAMPLES, NETWORKS, X, Y
from tests.builders.losses import CASES, as_given, targets

PENALTIES = [
    rv.L1(0.1),
    rv.L1(0.1, proximal=True),
    rv.L2(0.1, include_bias=True),
    rv.ElasticNet(0.1),
]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_agrees_with_central_differences(name):
    layers, inputs = NETWORKS[name]
    for weights in (None, np.linspace(0.1, 2.0, len(inputs))):
        report = rv.check_gradients(rv.Network(layers), inputs, Y, sample_weight=weights)
        assert report.passed, report
        assert report.worst < 1e-6


def test_every_layer_stands_in_the_tables():
    def kinds(layers):
        for layer in layers:
            yield type(layer).__name__
            yield from kinds(getattr(layer, "layers", ()))

    covered = {kind for layers, _ in NETWORKS.values() for kind in kinds(layers)}
    assert {type(layer).__name__ for layer in EXAMPLES} == set(KINDS.kinds)
    assert covered | {"Activation"} == set(KINDS.kinds)  # activations have a test of their own


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_agrees_with_central_differences(name):
    network = rv.Network([rv.Dense(6, activation=name), rv.Dense(2)])
    assert rv.check_gradients(network, X, Y).passed


@pytest.mark.parametrize("loss", [case.loss for case in CASES], ids=repr)
def test_every_loss_agrees_with_central_differences(loss):
    network = rv.Network([rv.Dense(5, activation="tanh"), rv.Dense(2)], loss=loss)
    y = as_given(loss, targets(loss, 24, 2))
    report = rv.check_gradients(network, X, y, sample_weight=np.linspace(0.1, 2, 24))
    assert report.passed, report


@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_every_penalty_agrees_with_central_differences(penalty):
    network = rv.Network([rv.Dense(5, activation="tanh"), rv.Dense(2, penalty=rv.L2(0.3))])
    assert rv.check_gradients(network, X, Y, rv.Recipe(penalty=penalty, dropout=0.2)).passed


def test_rows_of_weight_0_are_absent_from_the_objective():
    weights = np.arange(len(X)) % 3 * 1.0
    present = weights > 0
    network = rv.Network([rv.Normalize(), rv.Dense(4), rv.BatchNorm(), rv.Dense(2)])
    recipe = rv.Recipe(augmentation=[rv.Noise(0.1), rv.Mixup(0.4)])
    spoilt = np.where(present[:, np.newaxis], X, 1e6)
    one = Objective(network, spoilt, Y, recipe, weights)
    other = Objective(network, X[present], Y[present], recipe, weights[present])
    value, gradient, _ = one(one.w)
    same_value, same_gradient, _ = other(other.w)
    assert value == same_value
    np.testing.assert_array_equal(gradient, same_gradient)
    assert rv.check_gradients(network, X, Y, recipe, sample_weight=weights).passed


def test_augmentation_is_frozen_while_gradients_are_checked():
    rng = np.random.default_rng(0)
    images = rng.uniform(size=(12, 6, 6))
    network = rv.Network([rv.Flatten(), rv.Dense(2)], loss="cross_entropy")
    recipe = rv.Recipe(augmentation=[rv.Rotate(20), rv.Noise(0.1), rv.Mixup(0.4)])
    assert rv.check_gradients(network, images, rng.integers(0, 2, 12), recipe).passed


def plant_backward_of(other, monkeypatch):
    """Let the gradient come from another network of the same layout."""
    right = gradients.Objective.__call__
    twin = gradients.Objective(other, X, Y, rv.Recipe(), None)

    def wrong(self, w, *, gradient=True):
        value, g, kinks = right(self, w, gradient=gradient)
        return value, right(twin, w)[1] if gradient else g, kinks

    monkeypatch.setattr(gradients.Objective, "__call__", wrong)


def test_the_backward_of_another_activation_is_caught_in_the_layers_before_it(monkeypatch):
    def network(activation):
        return rv.Network([rv.Dense(5, activation=activation), rv.Dense(5), rv.Dense(2)])

    plant_backward_of(network("sigmoid"), monkeypatch)
    report = rv.check_gradients(network("tanh"), X, Y)
    assert not report.passed
    assert "FAILED" in str(report)
    assert not report.layers[0].passed


def test_a_backward_that_forgets_the_penalty_of_one_layer_is_caught_in_that_layer_alone(
    monkeypatch,
):
    def network(penalty):
        return rv.Network([rv.Dense(5, activation="tanh", penalty=penalty), rv.Dense(2)])

    plant_backward_of(network(None), monkeypatch)
    report = rv.check_gradients(network(rv.L2(0.01)), X, Y)
    assert [layer.passed for layer in report.layers] == [False, True]
    assert report.layers[0].parameter.startswith("dense_1.weight")


def test_parameters_at_a_kink_are_counted_apart():
    # one row whose pre-activation is within a nudge of relu's kink
    network = rv.Network([rv.Dense(1, activation="relu"), rv.Dense(1)])
    objective = gradients.Objective(network, [[1.0]], [0.0], rv.Recipe(), None)
    x = -objective.w[1] / objective.w[0] + 1e-9
    report = rv.check_gradients(network, [[x]], [0.0])
    assert report.passed
    assert report.layers[0].kinks == 2


def test_a_large_layer_is_sampled():
    network = rv.Network([rv.Dense(50), rv.Dense(2)])
    report = rv.check_gradients(network, X, Y, max_parameters=7)
    assert [layer.checked for layer in report.layers] == [7, 7]
    assert report.layers[0].parameters == 250


def test_the_printed_report_names_every_layer_and_the_verdict():
    report = rv.check_gradients(rv.Network([rv.Dense(3), rv.Dense(2)]), X, Y)
    text = str(report)
    assert "dense_1" in text
    assert "dense_2" in text
    assert text.splitlines()[-1].startswith("passed")
    assert "<table>" in report._repr_html_()


def test_a_tolerance_of_zero_is_refused():
    with pytest.raises(
        rv.errors.ParameterError, match="'tolerance' parameter of check_gradients must be"
    ):
        rv.check_gradients(rv.Network([rv.Dense(2)]), X, Y, tolerance=0)


@pytest.mark.parametrize("others", [0, 2], ids=["bins alone", "other inputs too"])
def test_piecewise_linear_trains_as_dense_does_on_the_bins_written_out(others):
    rng = np.random.default_rng(0)
    position, rest = rng.uniform(-1, 5, (200, 2)), rng.normal(size=(200, others))
    written = np.clip(position[:, :, None] - np.arange(4), 0, 1).reshape(200, 8)
    y = np.sin(position).sum(axis=1)
    recipe = rv.Recipe(optimizer=rv.Adam(1e-3), epochs=3, batch_size=64, dtype="float64")
    found = []
    for first, columns in (
        (rv.PiecewiseLinear(1000, (others, others + 1), 4, activation="tanh"), position),
        (rv.Dense(1000, activation="tanh"), written),
    ):
        model = rv.train(rv.Network([first, rv.Dense(1)]), np.hstack([rest, columns]), y, recipe)
        found.append(model.predict(np.hstack([rest, columns])))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-10)


def wide(rows):
    """A network and rows so many that a step on them is cut into several parts."""
    rng = np.random.default_rng(1)
    network = rv.Network(
        [rv.Dense(60, activation="tanh"), rv.Dense(40, activation="tanh"), rv.Dense(2)]
    )
    return network, rng.normal(size=(rows, 30)), rng.normal(size=(rows, 2))


@pytest.mark.parametrize(("rows", "parts"), [(24, 1), (40, 2), (600, 6), (2000, 16)])
def test_what_is_checked_is_cut_into_parts_as_a_step_of_training_is(rows, parts):
    network, inputs, targets = wide(rows)
    weights = np.random.default_rng(2).uniform(0.5, 2, rows)
    objective = Objective(network, inputs, targets, rv.Recipe(), weights)
    assert objective.parts == parts
    value, gradient, _ = objective(objective.w)
    pieces = [slice(start, start + 12) for start in range(0, rows, 12)]
    alone = [Objective(network, inputs[p], targets[p], rv.Recipe(), weights[p]) for p in pieces]
    assert {piece.parts for piece in alone} == {1}
    shares = [weights[p].sum() for p in pieces]
    found = [piece(objective.w)[:2] for piece in alone]
    assert value == pytest.approx(np.average([v for v, _ in found], weights=shares), rel=1e-12)
    wanted = np.average([g for _, g in found], axis=0, weights=shares)
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-13)
    assert rv.check_gradients(
        network, inputs, targets, sample_weight=weights, max_parameters=3
    ).passed


@pytest.mark.parametrize("rows", [24, 600])
def test_the_gradient_that_is_checked_is_the_one_that_training_steps_along(rows):
    network, inputs, targets = wide(rows)
    penalty = rv.ElasticNet(0.01)
    recipe = rv.Recipe(
        optimizer=rv.SGD(1.0),
        epochs=1,
        batch_size="full",
        dtype="float64",
        penalty=penalty,
        dropout=0.2,
    )
    start = rv.train(network, inputs, targets, recipe.replace(optimizer=rv.SGD(1e-300)))
    stepped = rv.train(network, inputs, targets, recipe)
    _, gradient, _ = Objective(network, inputs, targets, recipe, None)(start.parameters_vector)
    # to the last digit of w − g: the same numbers in the same order
    np.testing.assert_array_equal(stepped.parameters_vector, start.parameters_vector - gradient)
