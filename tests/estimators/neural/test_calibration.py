"""Intervals hold what they say, and probabilities are calibrated."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

import ravine as rv
from ravine import NeuralRegressor
from ravine.errors import ParameterError
from ravine.estimators.neural.calibration import Conformal, fit_temperature, tempered
from tests.builders.neural_estimators import (
    FRAME,
    PRICE,
    calibration_error,
    classifier,
    regressor,
    skewed,
)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_intervals_hold_the_target_as_often_as_asked(loss, coverage):
    X, y = skewed(1500, 0)
    fitted = NeuralRegressor(
        n_members=5, hidden_layer_sizes=(16,), epochs=15, loss=loss, quantiles=(0.1, 0.9),
        random_state=0,
    ).fit(X, y)  # fmt: skip
    X_new, y_new = skewed(6000, 1)
    lower, upper = fitted.predict_interval(X_new, coverage).T
    # 1,500 residuals tell a tail to about 0.01; out of the band by 3 of them is no chance.
    assert np.mean((lower <= y_new) & (y_new <= upper)) == pytest.approx(coverage, abs=0.03)
    assert (lower <= upper).all()


def test_a_conformal_interval_is_the_order_statistic_worked_by_hand():
    residuals = np.arange(-9.0, 10.0)  # 19 of them: with 0.9, the 19th smallest on either side
    found = Conformal.learn(np.zeros(19), np.zeros(19), residuals).interval(
        np.array([100.0]), np.array([100.0]), 0.9
    )
    np.testing.assert_array_equal(found, [[91.0, 109.0]])


def test_too_high_a_coverage_for_the_rows_is_an_error():
    fitted = regressor(n_members=5).fit(FRAME, PRICE)
    with pytest.raises(ParameterError, match="needs at least 1999 validation rows"):
        fitted.predict_interval(FRAME, 0.999)
    with pytest.raises(
        ParameterError, match=r"'coverage' parameter of predict_interval must be in"
    ):
        fitted.predict_interval(FRAME, 1.0)
    without = regressor(validation_fraction=0.0).fit(FRAME, PRICE)
    with pytest.raises(ParameterError, match="predict_interval needs validation rows"):
        without.predict_interval(FRAME)


def test_the_temperature_mends_overconfident_probabilities():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 10))
    y = rng.random(800) < 1 / (1 + np.exp(-X[:, 0]))
    model = rv.train(
        rv.Network([rv.Dense(64, activation="relu"), rv.Dense(2)], loss="cross_entropy"),
        X[:400], y[:400].astype(int),
        rv.Recipe(epochs=150, optimizer=rv.Adam(3e-3)),
    )  # fmt: skip
    held_out, test = model.predict_proba(X[400:600]), model.predict_proba(X[600:])
    temperature = fit_temperature(held_out.astype(float), y[400:600].astype(int), np.ones(200))
    assert temperature > 1.5
    mended = tempered(test.astype(float), temperature)
    assert log_loss(y[600:], mended) < log_loss(y[600:], test) - 0.1
    assert calibration_error(mended, y[600:]) < calibration_error(test, y[600:]) - 0.05
    assert (mended.argmax(1) == test.argmax(1)).all()


def test_label_smoothing_is_undone_by_the_temperature():
    X = np.random.default_rng(0).normal(size=(600, 2))
    y = X[:, 0] > 0
    calibrated, plain = (
        classifier(label_smoothing=0.3, epochs=40, calibrate=flag).fit(X, y)
        for flag in (True, False)
    )
    assert calibrated.temperature_ < 1
    assert plain.temperature_ == 1
    assert log_loss(y, calibrated.predict_proba(X)) < log_loss(y, plain.predict_proba(X))
