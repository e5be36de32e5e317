"""check_gradients finds a mistake in custom code, and names the part and the array of it."""

import numpy as np

import ravine as rv
from tests.builders.custom_parts import RELU, Linear, LogLoss, Relu, Ridge, Smooth, everything
from tests.builders.small_runs import X, Y

ROWS, TARGETS = X[:40], Y[:40]


class WrongWeight(Linear):
    def backward(self, x, y, dy, parameters):
        dx, gradients = super().backward(x, y, dy, parameters)
        gradients["weight"][1] *= 1.01
        return dx, gradients


class WrongBias(Linear):
    def backward(self, x, y, dy, parameters):
        dx, gradients = super().backward(x, y, dy, parameters)
        return dx, gradients | {"bias": dy.mean(axis=0)}


class WrongInput(Linear):
    def backward(self, x, y, dy, parameters):
        dx, gradients = super().backward(x, y, dy, parameters)
        return dx * 1.001, gradients


class WrongLoss(Smooth):
    def slope(self, z, y):
        return super().slope(z, y) * 0.99


class WrongPenalty(Ridge):
    def gradient(self, w):
        return 2 * super().gradient(w)


def network(middle, loss="squared_error"):
    first = rv.Dense(5, activation="tanh")
    return rv.Network([first, middle, rv.Dense(4, activation="tanh"), rv.Dense(1)], loss)


def failed(network, **recipe):
    report = rv.check_gradients(network, ROWS, TARGETS, rv.Recipe(**recipe))
    return {layer.layer: layer.parameter for layer in report.layers if not layer.passed}


def test_parts_without_a_mistake_pass():
    network, recipe = everything()
    report = rv.check_gradients(network, ROWS, TARGETS, recipe)
    assert report.passed, report
    names = [layer.layer for layer in report.layers]
    assert names == [
        *("linear_1", "dense_1", "linear_2"),
        *("linear_1 (dx)", "relu_1 (dx)", "activation_1 (dx)", "linear_2 (dx)", "loss (slope)"),
    ]
    labels = np.arange(40) % 3
    classes = rv.Network([rv.Dense(4, activation=RELU), rv.Dense(3)], LogLoss())
    assert rv.check_gradients(classes, ROWS, labels).passed
    assert rv.check_gradients(classes, ROWS, labels, sample_weight=1.0 + labels).passed


def test_a_wrong_gradient_of_a_parameter_is_named():
    found = failed(network(WrongWeight(4)))
    assert list(found) == ["wrong_weight_1"]
    assert found["wrong_weight_1"].startswith("wrong_weight_1.weight[1, ")
    found = failed(network(WrongBias(4)))
    assert list(found) == ["wrong_bias_1"]
    assert found["wrong_bias_1"].startswith("wrong_bias_1.bias[")


def test_a_wrong_derivative_of_the_input_spoils_what_is_before_and_is_named_itself():
    found = failed(network(WrongInput(4)))
    assert list(found) == ["dense_1", "wrong_input_1 (dx)"]
    assert found["wrong_input_1 (dx)"].startswith("wrong_input_1.input[")
    inside = rv.Residual([WrongInput(5)])
    assert list(failed(network(inside))) == ["dense_1", "residual_1.wrong_input_1 (dx)"]


def test_a_wrong_slope_of_an_activation_is_named():
    wrong = rv.Activation(np.tanh, slope=lambda x: 1 - np.tanh(x))
    assert list(failed(network(wrong))) == ["dense_1", "activation_2 (dx)"]


def test_a_wrong_slope_of_a_loss_is_named():
    found = failed(network(Linear(4), WrongLoss(0.5)))
    assert list(found)[-1] == "loss (slope)"
    assert found["loss (slope)"].startswith("loss.input[")
    assert "linear_1 (dx)" not in found


def test_a_wrong_gradient_of_a_penalty_spoils_the_weights_and_not_the_biases():
    found = failed(network(Linear(4)), penalty=WrongPenalty(0.1))
    assert list(found) == ["dense_1", "linear_1", "dense_2", "dense_3"]
    assert all(".weight[" in parameter for parameter in found.values())


def test_a_kink_is_counted_apart():
    """A sawtooth of teeth 1e-4 wide has a kink within the nudge of every tenth number or so."""
    sawtooth = rv.Activation(
        lambda x: np.abs(x * 1e4 % 2 - 1) / 1e4, slope=lambda x: np.sign(x * 1e4 % 2 - 1)
    )
    report = rv.check_gradients(network(sawtooth), ROWS, TARGETS, tolerance=1e-5)
    (apart,) = [layer for layer in report.layers if layer.layer == "activation_2 (dx)"]
    assert apart.passed
    assert 0 < apart.kinks < apart.checked / 2


def test_a_part_whose_derivative_nobody_needs_is_left_out():
    report = rv.check_gradients(rv.Network([Relu(), rv.Dense(1)]), ROWS, TARGETS)
    assert [layer.layer for layer in report.layers] == ["dense_1"]
