"""`rv.mlp`, and outputs that the targets say."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, ParameterError, SpecError

X = np.random.default_rng(0).normal(size=(30, 2))
Y = X[:, 0]
QUICK = rv.Recipe(epochs=2)


def test_it_is_the_network_that_one_would_write():
    assert rv.mlp(8, 4) == rv.Network(
        [
            rv.Normalize(),
            rv.Dense(8, activation="relu"),
            rv.Dense(4, activation="relu"),
            rv.Dense(1),
        ]
    )
    assert rv.mlp(8, outputs=3, activation="tanh", normalize=False, loss="cross_entropy") == (
        rv.Network([rv.Dense(8, activation="tanh"), rv.Dense(3)], loss="cross_entropy")
    )
    assert rv.mlp(normalize=False) == rv.Network([rv.Dense(1)])
    rates = [layer.rate for layer in rv.mlp(8, 4, dropout=0.2).layers if hasattr(layer, "rate")]
    assert rates == [0.2, 0.2]


@pytest.mark.parametrize(
    ("loss", "y", "outputs"),
    [
        ("squared_error", Y, 1),
        ("squared_error", np.column_stack([Y, Y, Y]), 3),
        ("poisson", np.exp(Y)[:, np.newaxis], 1),
        ("cross_entropy", np.arange(30) % 3, 3),
        ("cross_entropy", np.where(Y > 0, "a", "b"), 2),
        ("cross_entropy", np.where(Y > 0, 0, 3), 4),
        ("binary_cross_entropy", np.where(Y > 0, "a", "b"), 1),
        ("binary_cross_entropy", np.column_stack([Y > 0, Y > 1]).astype(int), 2),
    ],
)
def test_outputs_are_filled_in_from_the_targets(loss, y, outputs):
    network = rv.mlp(4, outputs=None, loss=loss)
    model = rv.train(network, X, y, QUICK)
    assert model.network == rv.mlp(4, outputs=outputs, loss=loss)
    (other,) = rv.train_many([rv.Job(network, QUICK, y=y)], X)
    np.testing.assert_array_equal(model.parameters_vector, other.parameters_vector)
    assert rv.check_gradients(network, X, y).passed


def test_a_network_that_waits_for_its_targets_is_saved_with_what_they_said(tmp_path):
    model = rv.train(rv.mlp(4, outputs=None), X, Y, QUICK)
    model.save(tmp_path / "m.safetensors")
    assert rv.load(tmp_path / "m.safetensors").network == rv.mlp(4)
    waiting = rv.mlp(4, outputs=None)
    assert rv.Network.from_dict(waiting.to_dict()) == waiting


def test_only_the_last_layer_may_wait():
    for layers in ([rv.Dense(None), rv.Dense(1)], [rv.Residual([rv.Dense(None)])]):
        with pytest.raises(ParameterError, match="can only be the last layer"):
            rv.train(rv.Network(layers), X, Y, QUICK)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((0,), {}, ParameterError, "'units' .* at least 1"),
        ((8.5,), {}, ParameterError, "'units' .* whole number"),
        ((None,), {}, ParameterError, "hidden layer of mlp needs a number"),
        ((8,), {"dropout": 1.0}, ParameterError, r"'dropout' parameter of mlp .* \[0, 1\)"),
        ((8,), {"normalize": 1}, ParameterError, "'normalize' parameter of mlp"),
        ((8,), {"activation": "rely"}, (ParameterError, SpecError), "relu"),
        ((8,), {"loss": "mse"}, (ParameterError, SpecError), "squared_error|loss"),
    ],
)
def test_what_is_wrong_is_said(arguments, options, error, message):
    with pytest.raises(error, match=message):
        rv.mlp(*arguments, **options)


def test_without_targets_outputs_are_not_known():
    with pytest.raises(ParameterError, match="takes its units from y, but there is no y"):
        rv.bias_variance(
            rv.mlp(4, outputs=None), X, None, QUICK, truth=lambda X: X[:, 0], noise=1.0, n_models=3
        )
    with pytest.raises(DataError, match="missing"):
        rv.train(rv.mlp(outputs=None, loss="cross_entropy"), X, [None] * 30, QUICK)


def test_a_class_that_only_rows_of_weight_0_have_gets_no_output():
    X, labels = np.arange(12.0).reshape(-1, 1), np.array(["a", "b", "c"] * 4)
    network = rv.mlp(outputs=None, loss="cross_entropy")
    weights = np.where(labels == "b", 0.0, 1.0)
    model = rv.train(network, X, labels, rv.Recipe(epochs=2), sample_weight=weights)
    assert model.predict_proba(X).shape == (12, 2)
    assert set(model.predict(X)) <= {"a", "c"}
