"""The noise scale equals the one worked out from per-row gradients, and says what data are like."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.diagnostics.noise_interval import noise_interval, noise_moments
from ravine.errors import DataError, ParameterError
from tests.builders.legends import covered_by_legends

NETWORK = rv.Network([rv.Dense(1)])


def table(kind, n=300, seed=0):
    """Give rows that all say the same, or each something else."""
    rng = np.random.default_rng(seed)
    if kind == "redundant":
        X = np.ones((n, 3)) + 0.01 * rng.normal(size=(n, 3))
        return X, X @ [1.0, 2.0, 3.0] + 5
    X = rng.normal(size=(n, 3))
    return X, 2 * X[:, 0] + 6 * rng.normal(size=n)


def still(X, y):
    """Give a linear model with the weights 0."""
    recipe = rv.Recipe(epochs=1, dtype="float64", optimizer=rv.SGD(1e-30))
    zero = rv.Dense(1, initializer=rv.initializers.Constant(0.0))
    return rv.train(rv.Network([zero]), X, y, recipe)


def test_it_is_the_scale_by_hand_from_the_gradients_of_the_rows():
    X, y = table("heterogeneous")
    model = still(X, y)
    rows = -2 * y[:, None] * np.c_[X, np.ones(len(X))]
    trace = ((rows - rows.mean(axis=0)) ** 2).sum() / (len(X) - 1)
    square = (rows.mean(axis=0) ** 2).sum() - trace / len(X)
    found = rv.gradient_noise(model, X, y)
    assert found.trace_of_covariance == pytest.approx(trace, rel=1e-10)
    assert found.squared_norm == pytest.approx(square, rel=1e-10)
    assert found.noise_scale == pytest.approx(trace / square, rel=1e-10)
    assert found.noise_scale_low < found.noise_scale < found.noise_scale_high


def test_of_a_deep_model_it_is_that_of_its_gradients_per_row():
    X, y = table("heterogeneous", 700)
    network = rv.Network([rv.Normalize(), rv.Dense(5, activation="relu"), rv.Dense(1)])
    model = rv.train(network, X, y, rv.Recipe(epochs=2, dropout=0.2))
    rows = rv.gradient(model, X, y, per_row=True).flat
    found = rv.gradient_noise(model, X, y)
    trace = rows.var(axis=0, ddof=1).sum()
    assert found.trace_of_covariance == pytest.approx(trace, rel=1e-9)
    square = (rows.mean(axis=0) ** 2).sum() - trace / 700
    assert found.squared_norm == pytest.approx(square, rel=1e-8)


def test_one_row_a_step_is_wise_where_rows_say_the_same_and_unwise_where_they_do_not():
    same, other = (
        rv.gradient_noise(still(*table(k)), *table(k)) for k in ("redundant", "heterogeneous")
    )
    assert same.suggested_batch_size == 1
    assert same.to_frame()["cosine"][0] > 0.99
    assert "one row a step is as good" in str(same)
    assert other.suggested_batch_size > 20
    assert other.to_frame()["cosine"][0] < 0.5
    assert "more rows make" in str(other)


def test_where_rows_do_not_tell_the_gradient_from_noise_no_batch_size_is_suggested():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(100, 3)), rng.normal(size=100)
    found = rv.gradient_noise(still(X, y), X, y)
    assert found.noise_scale_high == np.inf
    assert found.suggested_batch_size is None
    assert "do not tell the gradient from noise" in str(found)


def test_a_network_is_measured_at_the_first_weights_of_its_seed():
    X, y = table("heterogeneous")
    at_first = rv.gradient_noise(NETWORK, X, y, recipe=rv.Recipe(seed=3))
    almost = rv.train(NETWORK, X, y, rv.Recipe(seed=3, epochs=1, optimizer=rv.SGD(1e-12)))
    assert at_first.noise_scale == pytest.approx(rv.gradient_noise(almost, X, y).noise_scale)
    other = rv.gradient_noise(NETWORK, X, y, recipe=rv.Recipe(seed=4))
    assert other.noise_scale != at_first.noise_scale


def test_cosines_rise_to_1_with_the_batch_and_noise_falls():
    X, y = table("heterogeneous")
    frame = rv.gradient_noise(still(X, y), X, y).to_frame()
    assert frame["batch_size"].tolist() == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert frame["cosine"].iloc[-1] == pytest.approx(1)
    assert frame["cosine"][0] < frame["cosine"][4] < frame["cosine"][8]
    assert (frame["low"] <= frame["cosine"]).all()
    assert (frame["cosine"] <= frame["high"] + 1e-12).all()
    assert (np.diff(frame["noise_share"]) < 0).all()


def test_the_interval_s_ends_are_where_fieller_s_quantity_is_as_large_as_chance_lets_it():
    from scipy.stats import t

    rows = np.random.default_rng(2).normal(1.0, 1.0, size=(50, 3))
    squares, products = (rows**2).sum(axis=1), rows @ rows.sum(axis=0)

    def moments(kept):
        trace = kept.var(axis=0, ddof=1).sum()
        return np.array([trace, (kept.mean(axis=0) ** 2).sum() - trace / len(kept)])

    np.testing.assert_allclose(noise_moments(squares, products), moments(rows))
    without = np.array([moments(np.delete(rows, i, axis=0)) for i in range(50)])
    spread = 49 / 50 * (without - without.mean(axis=0)).T @ (without - without.mean(axis=0))
    for end in noise_interval(squares, products):
        direction = np.array([1, -end])
        ratio = abs(moments(rows) @ direction) / np.sqrt(direction @ spread @ direction)
        assert ratio == pytest.approx(t.ppf(0.975, 49), rel=1e-6)


def test_the_picture_shows_the_scale_and_covers_nothing():
    for kind in ("redundant", "heterogeneous"):
        found = rv.gradient_noise(still(*table(kind)), *table(kind))
        ax = found.plot(Figure(layout="constrained").add_subplot())
        assert ax.get_xlabel() == "rows in a mini-batch"
        assert not covered_by_legends(ax.figure)


def test_the_model_is_not_touched():
    X, y = table("heterogeneous")
    model = still(X, y)
    before = model.parameters_vector.copy()
    rv.gradient_noise(model, X, y)
    assert (model.parameters_vector == before).all()


def test_bad_input_is_refused():
    X, y = table("heterogeneous")
    with pytest.raises(ParameterError, match="BatchNorm"):
        rv.gradient_noise(rv.Network([rv.BatchNorm(), rv.Dense(1)]), X, y)
    with pytest.raises(ParameterError, match="Network or a Model"):
        rv.gradient_noise("network", X, y)
    with pytest.raises(DataError, match="at least 4 rows"):
        rv.gradient_noise(NETWORK, X[:3], y[:3])
    with pytest.raises(DataError):
        rv.gradient_noise(NETWORK, np.full_like(X, np.nan), y)
