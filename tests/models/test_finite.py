"""Predictions and scores are finite numbers, or an error names the row and the cure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.cli.saved.running_scores import RunningScores
from ravine.errors import DataError, ParameterError
from ravine.tables.places import rows_of_the_file

X = np.random.default_rng(0).normal(size=(30, 2))
Y = X[:, 0].copy()


def model(loss="squared_error", weight=1.0, dtype="float32"):
    """Train a linear network, then give it huge weights."""
    network = rv.Network([rv.Dense(1)], loss=loss)
    found = rv.train(network, X, np.exp(Y), rv.Recipe(epochs=1, dtype=dtype))
    vector = np.full_like(found.parameters_vector, weight)
    return replace(found, parameters_vector=vector)


def test_a_prediction_beyond_the_largest_number_names_its_row():
    with pytest.raises(DataError, match="The prediction is inf in row 1, counted from 0"):
        model(weight=1e30).predict([[1.0, 1.0], [1e10, 1.0]])
    with pytest.raises(DataError, match="The prediction is inf in row 2"):
        model("poisson").predict([[1.0, 1.0], [0.0, 0.0], [100.0, 1.0]])


def test_evaluate_refuses_predictions_that_are_not_finite():
    with pytest.raises(DataError, match="The prediction is inf in row 0"):
        model("poisson").evaluate([[100.0, 1.0]], [1.0])


def test_errors_that_float32_cannot_square_are_squared_in_double():
    huge = model(weight=1e25)
    x = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, 1.0]], dtype=np.float32)
    y = np.array([1.0, 2.0, 3.0])
    found = huge.predict(x).astype(np.float64)
    scores = huge.evaluate(x, y)
    mse = np.mean((found - y) ** 2)
    assert scores["rmse"] == pytest.approx(np.sqrt(mse), rel=1e-6)
    assert scores["loss"] == pytest.approx(mse, rel=1e-6)
    assert scores["r2"] == pytest.approx(1 - mse / np.var(y), rel=1e-6)


def test_errors_that_double_cannot_square_are_refused():
    with pytest.raises(DataError, match="The score 'loss' is beyond the largest number: inf"):
        model(weight=1e200, dtype="float64").evaluate(X, Y)


def test_an_error_in_a_chunk_counts_its_row_from_1_in_the_file():
    with (
        pytest.raises(DataError, match=r"The prediction is inf in row 8\."),
        rows_of_the_file([3, 7, 9]),
    ):
        model("poisson").predict([[0.0, 0.0], [100.0, 1.0], [0.0, 0.0]])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_mlps_refuse_predictions_that_are_not_finite():
    fitted = rv.MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, random_state=0).fit(X, Y)
    fitted.coefs_[0] *= 1e200
    fitted.coefs_[1] = np.abs(fitted.coefs_[1]) * 1e200
    with pytest.raises(DataError, match=r"The prediction is (inf|nan) in row \d+"):
        fitted.predict(np.abs(X))


def test_neural_estimators_refuse_predictions_that_are_not_finite():
    fitted = rv.NeuralRegressor(n_members=1, epochs=1, n_jobs=1, random_state=0).fit(X, Y)
    fitted.members_ = [
        replace(member, parameters_vector=np.full_like(member.parameters_vector, 1e30))
        for member in fitted.members_
    ]
    with pytest.raises(DataError, match=r"The prediction is (inf|nan) in row \d+"):
        fitted.predict(X)


class _Huge:
    """A model whose squared errors are beyond the largest number."""

    target = rv.tables.Target("y", "regression")

    def means(self, frame):
        return {"mse": float("inf"), "mae": 1.0}


def test_the_command_evaluate_refuses_a_score_beyond_the_largest_number():
    scores = RunningScores(_Huge())
    scores.add(pd.DataFrame({"y": [1.0, 2.0]}))
    with pytest.raises(DataError, match="The score 'mse' is beyond the largest number: inf"):
        scores.scores()


RECIPE = rv.Recipe(
    epochs=2, batch_size=8, validation_fraction=0.2, stopping=rv.EarlyStopping(patience=50)
)


@pytest.mark.parametrize(
    ("field", "values", "network", "cure"),
    [
        ("penalty.alpha", [0.1, 0.5], rv.Network([rv.Dense(1, penalty=None)]), "penalty"),
        ("stopping.patience", [50, 60], rv.mlp(4), "No run stopped early"),
        ("max_norm", [1e6, 1e7], rv.mlp(4), "smaller values"),
        ("clip_norm", [1e6, 1e7], rv.mlp(4), "smaller values"),
    ],
)
def test_a_sweep_that_changes_nothing_is_an_error_that_names_the_field_and_the_cure(
    field, values, network, cure
):
    with pytest.raises(ParameterError, match="changes nothing: all 2 values give the same") as seen:
        rv.bias_variance(network, X, Y, RECIPE, over={field: values}, n_models=3, threads=1)
    assert field in str(seen.value)
    assert cure in seen.value.hint


def test_a_sweep_that_changes_the_models_of_one_value_alone_is_none_that_changes_nothing():
    found = rv.bias_variance(
        rv.mlp(4), X, Y, RECIPE, over={"max_norm": [0.01, 1e6, 1e7]}, n_models=3, threads=1
    )
    assert len(found.values) == 3
