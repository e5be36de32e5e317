"""What float32 cannot hold of X and y is refused, or scored in double."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import DataError
from tests.builders.far_from_zero import RECIPE, times, trained, waves

# --- What cannot keep its values is refused -------------------------------------------------------


@pytest.mark.parametrize(
    "network",
    [
        rv.Network([rv.Dense(1)]),
        rv.Network([rv.BatchNorm(), rv.Dense(1)]),
        rv.Network([rv.Normalize(), rv.PiecewiseLinear(4, columns=[0], bins=[8]), rv.Dense(1)]),
        rv.Network([rv.Residual([rv.Dense(1)]), rv.Dense(1)]),
    ],
    ids=["Dense", "BatchNorm", "binned", "Residual"],
)
def test_a_network_that_does_not_centre_a_column_refuses_it(network):
    t = times()
    with pytest.raises(DataError, match="600 different values become 6 ") as caught:
        trained(pd.DataFrame({"time": t}), waves(t), network)
    assert "Column 'time' of X loses values in float32" in str(caught.value)
    assert 'dtype="float64"' in caught.value.hint
    assert "ubtract its mean" in caught.value.hint
    centres = isinstance(network.layers[0], rv.Normalize)
    assert ("Put Normalize first" in caught.value.hint) is not centres
    in_double = trained(t[:, None], waves(t), network, RECIPE.replace(dtype="float64", epochs=1))
    assert in_double.offsets is None


def test_codes_stay_codes_beside_a_column_with_an_offset():
    t = times()
    X = np.column_stack([np.arange(600) % 3, t])
    network = rv.Network(
        [rv.Normalize(), rv.Embedding(columns=[0], levels=[3], dimension=2), rv.Dense(1)]
    )
    model = trained(X, waves(t), network)
    assert model.offsets[0] == 0
    assert model.offsets[1] != 0
    with pytest.raises(DataError, match="whole numbers from 0 to 2"):
        model.predict([*X, [3, 0]])


def test_pixels_that_move_are_refused_and_pixels_that_stay_are_not():
    rng = np.random.default_rng(0)
    X = 1e6 + rng.normal(size=(40, 4, 4))
    y = X[:, 1, 1] - 1e6
    network = rv.Network([rv.Normalize(), rv.Flatten(), rv.Dense(1)])
    still = trained(X, y, network, RECIPE.replace(epochs=200))
    assert still.evaluate(X, y)["r2"] > 0.9
    with pytest.raises(DataError, match="Column 0 of X loses values in float32"):
        trained(X, y, network, RECIPE.replace(augmentation=[rv.Shift(0.1)]))


def test_a_warm_start_with_pixels_that_move_gives_up_the_offset_or_refuses():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4, 4))
    network = rv.Network([rv.Normalize(), rv.Flatten(), rv.Dense(1)])
    moving = RECIPE.replace(augmentation=[rv.Shift(0.1)])
    y = X[:, 1, 1]
    near, far = (trained(c + X, y, network) for c in (1e3, 1e6))
    assert trained(1e3 + X, y, network, moving, start=near).offsets is None
    with pytest.raises(DataError, match="Column 0 of X loses values in float32"):
        trained(1e6 + X, y, network, moving, start=far)


def test_inputs_too_small_for_float32_are_refused():
    x = np.random.default_rng(0).normal(size=(50, 1))
    for scale in (1e-40, 1e-60, 1e-300):
        with pytest.raises(DataError, match="Column 0 of X holds numbers too close to 0") as caught:
            trained(x * scale, x[:, 0])
        assert caught.value.hint.startswith("Multiply it by a constant")
    with pytest.raises(DataError, match="beyond what float32 can hold"):
        trained(x * 1e40, x[:, 0])
    assert trained(x * 1e-30, x[:, 0]).offsets is None


def test_values_beyond_float32_are_taken_if_their_differences_are_not():
    x = np.random.default_rng(0).normal(size=(50, 1))
    model = trained(1e39 + 1e30 * x, x[:, 0], recipe=RECIPE.replace(epochs=200))
    assert model.evaluate(1e39 + 1e30 * x, x[:, 0])["r2"] > 0.9


def test_dates_are_refused_with_what_to_do():
    X = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[s]")[:, None]
    with pytest.raises(DataError, match="dates") as caught:
        trained(X, [0.0, 1.0])
    assert "days since the first" in caught.value.hint


def test_more_levels_than_float32_tells_apart_are_refused():
    from ravine.data.codes import check_codes

    levels = {0: 2**24 + 1}
    with pytest.raises(DataError, match=r"16,777,217 levels.*16,777,216 apart"):
        check_codes(np.zeros((1, 1), np.float32), levels)
    check_codes(np.full((1, 1), 2.0**24), levels)


# --- Targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson"]
)
def test_targets_that_float32_makes_equal_are_refused(loss):
    x = np.random.default_rng(0).normal(size=(600, 1))
    network = rv.Network([rv.Normalize(), rv.Dense(1)], loss=loss)
    with pytest.raises(DataError, match="y loses values in float32: 600 different") as caught:
        trained(x, 1e8 + x[:, 0], network)
    assert caught.value.hint == 'Subtract its mean, or use Recipe(dtype="float64").'
    with pytest.raises(DataError, match="y of the validation rows loses values"):
        trained(x, x[:, 0] ** 2, network, validation=(x, 1e8 + x[:, 0]))
    two = rv.Network([rv.Dense(2)], loss=loss)
    with pytest.raises(DataError, match="Column 1 of y loses values in float32"):
        trained(x, np.column_stack([x**2, 1e8 + x]), two)


@pytest.mark.parametrize("centre", [0.0, 2000.0, 1e4])
def test_ordinary_targets_are_not_refused(centre):
    x = np.random.default_rng(0).normal(size=(100, 1))
    model = trained(x, centre + x[:, 0], recipe=RECIPE.replace(epochs=1))
    rounded = trained(x, (centre + x[:, 0]).astype(np.float32), recipe=RECIPE.replace(epochs=1))
    assert (model.parameters_vector == rounded.parameters_vector).all()


def test_constant_targets_are_not_refused():
    assert trained([[1.0], [2.0]], [0.1, 0.1 + 1e-17]).status == "finished"


@pytest.mark.parametrize(
    ("loss", "y", "rule"),
    [
        ("squared_error", 1e-25, "errors are too small for the loss SquaredError in float32"),
        ("huber", 1e-25, "errors are too small for the loss Huber in float32"),
        ("squared_error", 1e25, "errors are too large for the loss SquaredError in float32"),
        ("squared_error", 1e-45, "y holds numbers too close to 0 for float32"),
        ("absolute_error", 1e-41, "y holds numbers too close to 0 for float32"),
        ("absolute_error", 1e-300, "y holds numbers too close to 0 for float32"),
        ("gamma", 1e-41, "y holds numbers too close to 0 for float32"),
    ],
)
def test_targets_whose_errors_float32_cannot_hold_are_refused(loss, y, rule):
    network = rv.Network([rv.Dense(1)], loss=loss)
    values = y * np.linspace(1, 2, 20)
    with pytest.raises(DataError, match=rule) as caught:
        trained(np.arange(20.0)[:, None], values, network)
    assert "ultiply it by a constant" in caught.value.hint
    trained(np.arange(20.0)[:, None], values, network, RECIPE.replace(dtype="float64", epochs=1))


def test_a_target_of_gamma_that_float32_makes_0_is_refused():
    y = np.r_[1e-50, np.linspace(1, 2, 19)]
    network = rv.Network([rv.Dense(1)], loss="gamma")
    with pytest.raises(
        DataError, match=r"y holds 1e-50 \(row 0\), too close to 0 for the loss Gamma"
    ):
        trained(np.arange(20.0)[:, None], y, network)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_scores_of_targets_that_float32_makes_equal_are_those_in_double(loss):
    rng = np.random.default_rng(0)
    x = np.r_[rng.uniform(0, 1, 200), 0.5 + 1e-8 * rng.normal(size=50)]
    network = rv.Network([rv.Normalize(), rv.Dense(1)], loss=loss)
    recipe = rv.Recipe(optimizer=rv.Adam(1e6), epochs=50)
    model = trained(x[:, None], 2e8 * x, network, recipe)
    near = x[200:, None]
    y = 1e8 + np.linspace(-1, 1, 50)  # one value in float32
    weights = np.linspace(1, 2, 50)
    off = model.predict(near).astype(float) - y
    spread = np.average((y - np.average(y, weights=weights)) ** 2, weights=weights)
    scores = model.evaluate(near, y, weights)
    assert scores["r2"] == pytest.approx(1 - np.average(off**2, weights=weights) / spread)
    assert scores["rmse"] == pytest.approx(np.sqrt(np.average(off**2, weights=weights)))
    each = {
        "squared_error": off**2,
        "absolute_error": np.abs(off),
        "huber": np.where(np.abs(off) > 1, np.abs(off) - 0.5, 0.5 * off**2),
        "quantile": 0.5 * np.abs(off),
    }[loss]
    assert scores["loss"] == pytest.approx(np.average(each, weights=weights))


@pytest.mark.parametrize("scale", [1e-30, 1e30, 1e39])
def test_scores_of_very_small_and_large_targets_are_those_in_double(scale):
    x = np.linspace(-1, 1, 40)[:, None]
    model = trained(x, x[:, 0], recipe=RECIPE.replace(epochs=1))
    y = scale * np.linspace(1, 2, 40)
    off = model.predict(x).astype(float) - y
    scores = model.evaluate(x, y)
    assert scores["loss"] == pytest.approx(np.mean(off**2))
    assert scores["r2"] == pytest.approx(1 - np.mean(off**2) / y.var())


def test_scores_of_ordinary_targets_have_the_bits_of_rounding_first():
    x = np.random.default_rng(0).normal(size=(100, 1))
    model = trained(x, x[:, 0] ** 2)
    for y in (x[:, 0], 300 + 10 * x[:, 0], np.full(100, 0.1)):
        assert model.evaluate(x, y) == model.evaluate(x, y.astype(np.float32))


# --- Estimators -----------------------------------------------------------------------------------


def test_the_neural_regressor_learns_targets_and_times_far_from_0():
    t = times(n=300)
    y = 1e8 + waves(t)
    fitted = rv.NeuralRegressor(n_members=2, random_state=0, n_jobs=1).fit(t[:, None], y)
    assert fitted.score(t[:, None], y) > 0.9
    low, high = np.moveaxis(np.asarray(fitted.predict_interval(t[:, None])), -1, 0)
    assert (low < high).all()
    assert (high - low).max() < 3


def test_mlp_takes_float32_inputs_as_scikit_learn_does():
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    fitted = rv.MLPRegressor(max_iter=20, random_state=0, n_jobs=1)
    with pytest.warns(UserWarning, match="converge"):
        fitted.fit(x, x[:, 0])
    assert fitted.predict(x).dtype == np.float32
