"""NeuralClassifier and NeuralRegressor: tables as they come, targets of every sort."""

import pickle
import re
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ravine as rv
from ravine import NeuralClassifier, NeuralRegressor
from ravine.errors import DataError, DivergenceError, ParameterError
from ravine.estimators import neural_base
from ravine.estimators.neural_calibration import Conformal, fit_temperature, tempered
from ravine.estimators.neural_options import BOTH, CLASSIFIER, REGRESSOR
from ravine.estimators.neural_splits import validation_splits

QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (16,),
    "epochs": 12,
    "learning_rate": 0.01,
    "random_state": 0,
    "n_jobs": 1,
}


def classifier(**changes):
    return NeuralClassifier(**QUICK | changes)


def regressor(**changes):
    return NeuralRegressor(**QUICK | changes)


def homes(n=120, seed=0):
    """A table with columns of every sort, and what they cost."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "area": rng.uniform(40, 200, n).round(1),
            "rooms": rng.integers(1, 6, n),
            "town": rng.choice(["Ulm", "Bonn", "Köln"], n),
            "garden": rng.random(n) < 0.3,
            "street": [f"street {i}" for i in rng.integers(0, 12, n)],
        }
    )
    frame.loc[::9, "area"] = np.nan
    frame.loc[::7, "town"] = None
    price = 1000 * frame["area"].fillna(100) + 50_000 * frame["garden"] + rng.normal(0, 5000, n)
    return frame, price.rename("price")


FRAME, PRICE = homes()
DEAR = PRICE.gt(PRICE.median()).map({True: "dear", False: "cheap"})


# --- Tables --------------------------------------------------------------------------------------


KINDS = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
    "a dictionary": lambda frame: {name: frame[name].tolist() for name in frame},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_same_predictions(kind):
    fitted = regressor().fit(FRAME, PRICE)
    np.testing.assert_array_equal(fitted.predict(KINDS[kind](FRAME)), fitted.predict(FRAME))
    again = regressor().fit(KINDS[kind](FRAME), PRICE)
    assert again.feature_names_in_.tolist() == FRAME.columns.tolist()
    np.testing.assert_allclose(again.predict(FRAME), fitted.predict(FRAME), rtol=0.2)


def test_arrays_lists_and_sparse_matrices_give_the_same_predictions():
    X = np.random.default_rng(0).integers(0, 3, size=(60, 4)).astype(float)
    fitted = regressor().fit(X, X[:, 0])
    expected = fitted.predict(X)
    for same in (X.tolist(), sparse.csr_array(X), sparse.csc_matrix(X), np.asfortranarray(X)):
        np.testing.assert_array_equal(fitted.predict(same), expected)
    np.testing.assert_array_equal(
        regressor().fit(sparse.coo_array(X), X[:, 0]).predict(X), expected
    )


def test_an_array_of_objects_keeps_numbers_and_text_apart():
    fitted = regressor(most_one_hot_levels=9).fit(FRAME.to_numpy(dtype=object), PRICE)
    assert [column.name for column in fitted.schema_.columns] == ["x0", "x1", "x2", "x3", "x4"]
    kinds = {column.name: column.kind for column in fitted.schema_.columns}
    assert kinds["x0"] == "robust number"
    assert kinds["x4"] == "code"


def test_columns_may_stand_in_another_order_and_further_ones_are_left_aside():
    fitted = regressor().fit(FRAME, PRICE)
    turned = FRAME[FRAME.columns[::-1]].assign(price=PRICE)
    np.testing.assert_array_equal(fitted.predict(turned), fitted.predict(FRAME))


def test_missing_and_wrong_columns_are_named():
    fitted = regressor().fit(FRAME, PRICE)
    with pytest.raises(DataError, match=r"missing: 'town'; not seen in training: 'city'\."):
        fitted.predict(FRAME.rename(columns={"town": "city"}))
    with pytest.raises(DataError, match="X has 2 features, but NeuralRegressor is expecting 5"):
        fitted.predict(np.zeros((3, 2)))
    with pytest.raises(DataError, match="Column 'area' must hold numbers"):
        fitted.predict(FRAME.assign(area="large"))


def test_names_that_come_or_go_are_warned_of():
    numbers = FRAME[["rooms", "garden"]].astype(float)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        regressor().fit(numbers, PRICE).predict(numbers.to_numpy())
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        regressor().fit(numbers.to_numpy(), PRICE).predict(numbers)


def test_categories_that_training_had_not_are_taken_as_none_of_the_known_ones():
    fitted = regressor().fit(FRAME, PRICE)
    strange = FRAME.assign(town="Paris", street="nowhere")
    assert np.isfinite(fitted.predict(strange)).all()
    assert set(fitted.schema_.unseen(strange)) == {"town", "street"}


def test_infinite_values_and_constant_columns_are_taken():
    frame = FRAME.assign(version=7)
    frame.loc[3, "area"] = np.inf
    fitted = regressor().fit(frame, PRICE)
    assert "version" in fitted.schema_.left_out
    assert np.isfinite(fitted.predict(frame)).all()


def test_the_order_of_the_rows_makes_no_difference():
    shuffled = FRAME.sample(frac=1, random_state=1)
    one, other = regressor().fit(FRAME, PRICE), regressor().fit(shuffled, PRICE[shuffled.index])
    np.testing.assert_array_equal(one.predict(FRAME), other.predict(FRAME))


def test_a_whole_weight_stands_for_as_many_rows_and_zero_for_none():
    weight = np.random.default_rng(0).integers(0, 4, len(FRAME))
    one = classifier().fit(FRAME, DEAR, sample_weight=weight)
    other = classifier().fit(FRAME.loc[FRAME.index.repeat(weight)], DEAR.repeat(weight))
    np.testing.assert_array_equal(one.predict_proba(FRAME), other.predict_proba(FRAME))


def test_weights_decide_between_rows_that_disagree():
    X = np.repeat([[0.0], [1.0]], 100, axis=0)
    y = np.tile([0.0, 10.0], 100)
    fitted = regressor(epochs=60).fit(X, y, sample_weight=np.where(y > 5, 3.5, 0.5))
    assert fitted.predict([[0.0], [1.0]]) == pytest.approx([8.75, 8.75], abs=0.8)


@pytest.mark.parametrize(
    ("weight", "message"),
    [(-np.ones(120), "must not be negative"), (np.zeros(120), "at least one non-zero number")],
)
def test_impossible_weights_are_errors(weight, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(FRAME, PRICE, sample_weight=weight)


# --- Targets -------------------------------------------------------------------------------------


LABELS = {
    "text": ["no", "yes"],
    "whole numbers": [3, 7],
    "booleans": [False, True],
    "floats": [0.0, 2.0],
    "objects": np.array(["b", "a"], dtype=object),
}


@pytest.mark.parametrize("kind", LABELS)
def test_classes_are_of_any_type(kind, tmp_path):
    labels = np.asarray(LABELS[kind])
    y = labels[(FRAME["garden"]).astype(int)]
    fitted = classifier(epochs=40).fit(FRAME, y)
    assert fitted.classes_.tolist() == sorted(labels.tolist())
    assert fitted.predict(FRAME).dtype == labels.dtype
    assert fitted.score(FRAME, y) > 0.95
    fitted.save(tmp_path / "m.safetensors")
    again = rv.load(tmp_path / "m.safetensors")
    assert again.classes_.dtype == fitted.classes_.dtype
    np.testing.assert_array_equal(again.predict(FRAME), fitted.predict(FRAME))


@pytest.mark.parametrize(
    "target",
    [DEAR.tolist(), pl.Series(DEAR.tolist()), pa.array(DEAR.tolist()), DEAR.astype("category")],
    ids=["list", "polars", "pyarrow", "categories"],
)
def test_targets_come_in_any_container(target):
    found = classifier().fit(FRAME, target).predict(FRAME)
    np.testing.assert_array_equal(found, classifier().fit(FRAME, DEAR).predict(FRAME))


def test_three_classes_get_probabilities_that_add_up_to_one():
    y = pd.cut(PRICE, 3, labels=["low", "middle", "high"])
    fitted = classifier(epochs=60, hidden_layer_sizes=(32,)).fit(FRAME, y)
    found = fitted.predict_proba(FRAME)
    assert found.shape == (len(FRAME), 3)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert fitted.score(FRAME, y) > 0.8


def test_balanced_classes_find_the_rare_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = X[:, 0] + rng.normal(size=400) > 2.3
    plain, balanced = (
        classifier(epochs=40, class_weight=weight).fit(X, y).predict(X)[y].mean()
        for weight in (None, "balanced")
    )
    assert plain < 0.5 < balanced
    share = y.mean()
    by_hand = {False: 0.5 / (1 - share), True: 0.5 / share}
    given = classifier(epochs=40, class_weight=by_hand).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(
        given, classifier(epochs=40, class_weight="balanced").fit(X, y).predict_proba(X), rtol=1e-3
    )


def test_predictions_are_in_the_unit_of_the_target():
    for unit, zero in ((1.0, 0.0), (1e-6, 7.0), (1e9, 0.0)):
        y = PRICE * unit + zero
        assert regressor(epochs=40).fit(FRAME, y).score(FRAME, y) > 0.85


def test_several_targets_are_predicted_at_once():
    Y = pd.DataFrame({"price": PRICE, "area": FRAME["area"].fillna(100)})
    fitted = regressor(epochs=60, hidden_layer_sizes=(32,)).fit(FRAME, Y)
    assert fitted.predict(FRAME).shape == (len(FRAME), 2)
    assert fitted.score(FRAME, Y) > 0.8
    assert fitted.predict_interval(FRAME, 0.8).shape == (len(FRAME), 2, 2)


def test_a_column_as_target_gives_one_dimensional_predictions():
    assert regressor().fit(FRAME, PRICE.to_frame()).predict(FRAME).shape == (len(FRAME),)
    assert regressor().fit(FRAME, PRICE.to_frame()).schema_.target.name == "price"


def test_a_constant_target_is_predicted_as_it_is():
    np.testing.assert_allclose(regressor().fit(FRAME, np.full(len(FRAME), 5.5)).predict(FRAME), 5.5)


def test_predictions_keep_to_the_range_of_training_unless_told_otherwise():
    X = np.linspace(0, 1, 200)[:, None]
    kept, free = (
        regressor(epochs=60, number_embedding="none", clip_predictions=clip).fit(X, X[:, 0])
        for clip in (True, False)
    )
    assert kept.predict([[2.0]])[0] == 1.0
    assert free.predict([[2.0]])[0] > 1.0


def skewed(n, seed):
    """Rows whose target spreads the more, the larger x is, and to the right more than the left."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, size=(n, 2))
    return X, 1 + X[:, 0] + (0.2 + 2 * X[:, 1]) * rng.exponential(size=n)


@pytest.fixture(scope="module")
def quantiles():
    X, y = skewed(1500, 0)
    levels = (0.9, 0.05, 0.5, 0.1, 0.95)
    return NeuralRegressor(
        n_members=2, hidden_layer_sizes=(32,), epochs=25, loss="quantile", quantiles=levels,
        random_state=0,
    ).fit(X, y)  # fmt: skip


def test_quantiles_never_cross_not_even_far_from_the_training_rows(quantiles):
    rng = np.random.default_rng(3)
    found = quantiles.predict(rng.normal(scale=10, size=(2000, 2)))
    assert found.shape == (2000, 5)
    assert (np.diff(found, axis=1) >= 0).all()


def test_quantiles_hold_the_share_of_rows_that_they_say(quantiles):
    X, y = skewed(4000, 1)
    below = (y[:, None] <= quantiles.predict(X)).mean(axis=0)
    assert below == pytest.approx([0.05, 0.1, 0.5, 0.9, 0.95], abs=0.05)


def test_the_score_of_quantiles_is_the_share_of_pinball_loss_explained(quantiles):
    X, y = skewed(1000, 2)
    found, levels = quantiles.predict(X), np.array([0.05, 0.1, 0.5, 0.9, 0.95])
    shares = [
        1
        - mean_pinball_loss(y, found[:, i], alpha=level)
        / mean_pinball_loss(y, np.full(1000, np.percentile(y, 100 * level)), alpha=level)
        for i, level in enumerate(levels)
    ]
    assert quantiles.score(X, y) == pytest.approx(np.mean(shares))


def test_one_quantile_has_no_axis_of_its_own():
    X, y = skewed(300, 0)
    fitted = regressor(loss="quantile", quantiles=0.9).fit(X, y)
    assert fitted.predict(X).shape == (300,)
    assert np.mean(y <= fitted.predict(X)) == pytest.approx(0.9, abs=0.07)


def test_quantiles_of_several_targets_have_an_axis_each():
    X, y = skewed(200, 0)
    fitted = regressor(loss="quantile", quantiles=[0.2, 0.8]).fit(X, np.column_stack([y, -y]))
    assert fitted.predict(X).shape == (200, 2, 2)
    assert fitted.variant_weights_.shape == (2, 5)
    assert len(fitted.members_) == 2 * fitted.variant_weights_.any(axis=0).sum() * 2


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_counts_and_amounts_are_predicted_as_means_above_zero(loss):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(1000, 2))
    mean = np.exp(5 + X[:, 0])
    y = rng.poisson(mean) if loss == "poisson" else rng.gamma(2.0, mean / 2)
    fitted = regressor(loss=loss, epochs=40, learning_rate=3e-3).fit(X, y)
    found = fitted.predict(X)
    assert (found > 0).all()
    assert found.mean() == pytest.approx(y.mean(), rel=0.1)
    assert np.sqrt(np.mean((found / mean - 1) ** 2)) < 0.15
    assert (fitted.predict_interval(X) >= 0).all()


@pytest.mark.parametrize(("loss", "y"), [("poisson", [1.0, -1.0]), ("gamma", [1.0, 0.0])])
def test_losses_with_a_logarithmic_link_refuse_what_they_cannot_explain(loss, y):
    with pytest.raises(DataError, match=f"The loss '{loss}' needs targets"):
        regressor(loss=loss).fit([[0.0], [1.0]], y)


# --- Intervals and probabilities -----------------------------------------------------------------


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


def calibration_error(probabilities, y, bins=10):
    """Expected calibration error: |confidence − accuracy| over bins of the confidence."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        np.abs(confidence[place == b].mean() - right[place == b].mean()) * np.mean(place == b)
        for b in np.unique(place)
    ]
    return float(np.sum(gaps))


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


# --- Members -------------------------------------------------------------------------------------


def test_validation_rows_go_round_and_hold_each_class_in_proportion():
    classes = np.repeat([0, 1], [80, 20])
    splits = validation_splits(100, 7, 0.2, 0, classes)
    asides = [aside for _, aside in splits]
    assert sorted(np.concatenate(asides[:5]).tolist()) == list(range(100))
    assert [int(classes[aside].sum()) for aside in asides] == [4] * 7
    for kept, aside in splits:
        assert sorted([*kept, *aside]) == list(range(100))
    assert not np.array_equal(asides[0], asides[5])


def test_members_are_what_the_ensemble_averages():
    fitted = regressor(n_members=3, clip_predictions=False, variants=None).fit(FRAME, PRICE)
    coded = fitted.schema_.encode(FRAME)
    each = [fitted.schema_.target.decode(model.predict(coded)) for model in fitted.members_]
    np.testing.assert_allclose(fitted.predict(FRAME), np.mean(each, axis=0), rtol=1e-5)
    assert not np.allclose(each[0], each[1], rtol=1e-3)


def test_kinds_of_members_are_averaged_by_their_weights():
    variants = ({"number_embedding": "none"}, {"activation": "relu", "n_bins": 2})
    fitted = regressor(
        n_members=2, clip_predictions=False, variants=variants, validation_fraction=0.0
    ).fit(FRAME, PRICE)
    fitted.variant_weights_ = np.array([[0.5, 0.2, 0.3]])
    coded = fitted.schema_.encode(FRAME)
    usual, few = fitted.schema_.bins
    assert set(few.values()) == {2}
    rows = [
        np.delete(coded, list(few), axis=1),
        np.delete(coded, [*usual, *few], axis=1),
        np.delete(coded, list(usual), axis=1),
    ]
    each = [
        fitted.schema_.target.decode(model.predict(rows[place // 2]))
        for place, model in enumerate(fitted.members_)
    ]
    kinds = np.reshape(each, (3, 2, -1)).mean(axis=1)
    np.testing.assert_allclose(fitted.predict(FRAME), [0.5, 0.2, 0.3] @ kinds, rtol=1e-5)


def test_a_useless_kind_of_members_gets_no_weight():
    useless = {"learning_rate": 1e-12}
    fitted = regressor(epochs=60, variants=(useless,)).fit(FRAME, PRICE)
    np.testing.assert_array_equal(fitted.variant_weights_, [[1.0, 0.0]])
    alone = regressor(epochs=60, variants=None).fit(FRAME, PRICE)
    assert len(fitted.members_) == len(alone.members_)
    np.testing.assert_array_equal(fitted.predict(FRAME), alone.predict(FRAME))


def test_a_useless_kind_of_members_is_left_after_half_of_them(monkeypatch):
    trained = []
    train = neural_base.train_members

    def counted(kinds, X, y, weights, splits, seed, **how):
        trained.append((len(kinds), len(splits), how.get("first", 0)))
        return train(kinds, X, y, weights, splits, seed, **how)

    monkeypatch.setattr(neural_base, "train_members", counted)
    fitted = regressor(n_members=5, epochs=30, variants=({"learning_rate": 1e-12},))
    fitted.fit(FRAME, PRICE)
    assert trained == [(2, 2, 0), (1, 3, 2)]
    assert len(fitted.members_) == 5
    trained.clear()
    alone = regressor(n_members=5, epochs=30, variants=None).fit(FRAME, PRICE)
    assert trained == [(1, 5, 0)]
    np.testing.assert_array_equal(fitted.predict(FRAME), alone.predict(FRAME))
    np.testing.assert_array_equal(fitted.history_["loss"], alone.history_["loss"])


def test_periodic_numbers_become_waves_and_no_bins():
    fitted = regressor(number_embedding="periodic", variants=None).fit(FRAME, PRICE)
    assert fitted.schema_.bins == ()
    network = fitted.members_[0].network
    (waves,) = [layer for layer in network.layers if isinstance(layer, rv.Periodic)]
    assert len(waves.columns) == 2
    assert waves.frequencies == 16
    assert [fitted.schema_.features[i] for i in fitted.schema_.scaled] == ["area", "rooms"]


def test_the_first_hidden_layer_gets_factors_of_its_inputs():
    def layers(**options):
        fitted = regressor(input_scale=True, variants=None, epochs=1, **options).fit(FRAME, PRICE)
        return fitted.members_[0].network.layers

    assert (type(layers()[0]), layers()[0].pace) == (rv.PiecewiseLinear, 6.0)
    assert layers(number_embedding="none")[0] == rv.Scale()
    assert layers(number_embedding="periodic")[1] == rv.Scale()
    embedding, scale = layers(number_embedding="none", most_one_hot_levels=0)[:2]
    assert (type(embedding), scale) == (rv.Embedding, rv.Scale())


def test_dropout_fades_on_demand():
    fitted = regressor(dropout_fades=True, variants=None, epochs=1).fit(FRAME, PRICE)
    assert rv.Dropout(0.1, fades=True) in fitted.members_[0].network.layers


def test_kinds_of_members_count_alike_without_validation_rows():
    fitted = classifier(validation_fraction=0.0).fit(FRAME, DEAR)
    np.testing.assert_allclose(fitted.variant_weights_, [[1 / 5] * 5])


def test_the_variants_of_the_defaults_change_only_what_is_at_its_default():
    kinds = NeuralClassifier()._options()["kinds"]
    sizes = [(512,), (512,), (64,), (64, 64), (256, 256)]
    assert [kind["hidden_layer_sizes"] for kind in kinds] == sizes
    assert kinds[2]["label_smoothing"] == 0.0
    kinds = NeuralRegressor(hidden_layer_sizes=8, activation="tanh")._options()["kinds"]
    assert [kind["hidden_layer_sizes"] for kind in kinds] == [(8,)] * 4
    assert [kind["activation"] for kind in kinds] == ["tanh"] * 4
    assert "label_smoothing" not in kinds[1]
    assert [kind["learning_rate"] for kind in kinds] == [5e-3, 5e-3, 5e-3, 2e-3]
    assert [kind["n_bins"] for kind in kinds] == [32, 64, 32, 32]
    assert [kind["input_scale"] for kind in kinds] == [True, False, False, False]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ("all", "'variants' parameter of NeuralClassifier must be 'auto', None or a sequence"),
        ({"dropout": 0.5}, "'auto', None or a sequence of dictionaries"),
        ([("dropout", 0.5)], "'auto', None or a sequence of dictionaries"),
        ([{"n_members": 8}], "dictionaries of parameters that members may differ in"),
        ([{"dropuot": 0.5}], "Got {'dropuot': 0.5}"),
        ([{"dropout": 1.5}], "'dropout' parameter of NeuralClassifier must be"),
    ],
)
def test_variants_that_break_a_rule_are_refused(variants, message):
    with pytest.raises(ParameterError, match=re.escape(message)):
        classifier(variants=variants).fit(FRAME, DEAR)


def test_probabilities_of_several_kinds_are_calibrated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 3))
    y = rng.random(800) < 1 / (1 + np.exp(-2 * X[:, 0]))
    fitted = classifier(epochs=30, label_smoothing=0.3).fit(X[:400], y[:400])
    assert calibration_error(fitted.predict_proba(X[400:]), y[400:]) < 0.08


def test_parameters_that_are_set_anew_do_not_change_what_was_fitted():
    fitted = regressor(n_members=3).fit(FRAME, PRICE)
    expected = fitted.predict(FRAME)
    np.testing.assert_array_equal(fitted.set_params(n_members=2).predict(FRAME), expected)


def test_the_same_seed_gives_the_same_bits_whatever_the_threads():
    one, two = (regressor(n_jobs=jobs).fit(FRAME, PRICE).predict(FRAME) for jobs in (1, 2))
    np.testing.assert_array_equal(one, two)
    other = regressor(random_state=1).fit(FRAME, PRICE).predict(FRAME)
    assert not np.array_equal(one, other)


def test_the_mean_history_holds_the_last_losses_of_a_member_that_has_ended():
    from types import SimpleNamespace

    from ravine.estimators.neural_members import mean_history

    long = rv.History({"epoch": [1, 2, 3], "val_loss": [3.0, 2.0, 1.0], "seconds": [1, 1, 1]})
    short = rv.History({"epoch": [1], "val_loss": [5.0], "seconds": [3]})
    members = [SimpleNamespace(history=h, best_epoch=len(h)) for h in (long, short)]
    mean = mean_history(members)
    assert mean["val_loss"].tolist() == [4.0, 3.5, 3.0]
    assert mean["seconds"].tolist() == [2.0, 1.0, 1.0]
    assert mean["epoch"].tolist() == [1, 2, 3]
    assert mean.best_epoch == 2


def test_the_history_is_the_mean_of_the_members():
    fitted = regressor(patience=None).fit(FRAME, PRICE)
    losses = [model.history["val_loss"] for model in fitted.members_]
    np.testing.assert_allclose(fitted.history_["val_loss"], np.mean(losses, axis=0))
    assert len(fitted.history_) == 12
    assert fitted.history_.to_frame()["epoch"].tolist() == list(range(1, 13))


def test_scores_of_one_validation_row_are_not_numbers_and_that_is_no_warning():
    fitted = regressor().fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0])
    assert np.isnan(fitted.history_["val_r2"]).all()
    assert np.isfinite(fitted.history_["val_loss"]).all()


def test_refitting_takes_all_rows_for_the_mean_best_number_of_epochs():
    first = regressor(epochs=30, variants=None).fit(FRAME, PRICE)
    best = round(np.mean([model.best_epoch for model in first.members_]))
    again = regressor(epochs=30, refit_full=True, variants=None).fit(FRAME, PRICE)
    assert [len(model.history) for model in again.members_] == [best] * 2
    assert [model.best_epoch for model in again.members_] == [None] * 2
    steps = again.members_[0].history["step"][0]
    assert steps == -(-len(FRAME) // 32)  # mini-batches of all rows
    assert again.history_.best_epoch == first.history_.best_epoch


def test_refitting_lets_dropout_fade_over_the_epochs_that_it_had_before():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(80, 3)), rng.normal(size=80)  # the best epoch comes early
    options = {"dropout": 0.3, "dropout_fades": True, "variants": None}
    fitted = regressor(epochs=30, refit_full=True, **options).fit(X, noise)
    for model in fitted.members_:
        assert model.recipe.epochs < 30
        assert model.recipe.optimizer.learning_rate.length == 30
        fading = [layer.length for layer in model.network.layers if isinstance(layer, rv.Dropout)]
        assert fading == [30] * len(fading) != []


def test_refitting_stops_at_the_same_part_of_the_epochs_that_auto_chooses_for_all_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_400, 3))
    y = X @ [1.0, 2.0, 3.0] + rng.normal(size=1_400)
    first = regressor(epochs="auto", variants=None).fit(X, y)
    again = regressor(epochs="auto", variants=None, refit_full=True).fit(X, y)
    best = np.mean([model.best_epoch / model.recipe.epochs for model in first.members_])
    for model, before in zip(again.members_, first.members_, strict=True):
        length = model.recipe.optimizer.learning_rate.length
        assert length < before.recipe.epochs  # of more rows
        assert model.recipe.epochs == round(best * length)


def test_a_run_that_diverges_is_an_error_with_its_cure():
    with pytest.raises(DivergenceError, match="became"):
        regressor(learning_rate=1e30).fit(FRAME, PRICE)


# --- Parameters ----------------------------------------------------------------------------------


WRONG = [
    ("n_members", 0), ("hidden_layer_sizes", (8, 0)), ("activation", "relo"), ("n_bins", 1),
    ("normalization", "group"), ("number_embedding", "fourier"), ("most_one_hot_levels", -1),
    ("category_dimension", 0), ("learning_rate", 0), ("schedule", "sine"), ("beta2", 1.0),
    ("weight_decay", -1), ("dropout", 1.0), ("clip_norm", 0), ("averaging", 1.0),
    ("batch_size", "half"), ("epochs", 0), ("patience", 0), ("validation_fraction", 1.0),
    ("refit_full", 1), ("dtype", "float16"), ("input_scale", 1), ("dropout_fades", "yes"),
    ("on_new_missing", "mean"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_parameter_that_breaks_its_rule_is_named(name, value):
    with pytest.raises(ParameterError, match=f"'{name}' parameter of NeuralClassifier must be"):
        classifier(**{name: value}).fit(FRAME, DEAR)


def test_wrong_parameters_of_one_estimator_alone_are_named_too():
    for name, value in (("label_smoothing", 1.0), ("calibrate", "yes")):
        with pytest.raises(ParameterError, match=f"'{name}' parameter of NeuralClassifier"):
            classifier(**{name: value}).fit(FRAME, DEAR)
    for name, value in (("loss", "log"), ("quantiles", (0.5, 1.0)), ("clip_predictions", 0)):
        with pytest.raises(ParameterError, match=f"'{name}' parameter of NeuralRegressor"):
            regressor(**{name: value}).fit(FRAME, PRICE)


def test_every_parameter_of_the_recipe_has_a_rule():
    free = {"random_state", "n_jobs", "verbose", "variants"}
    assert set(NeuralClassifier().get_params()) == {*BOTH, *CLASSIFIER, "class_weight"} | free
    assert set(NeuralRegressor().get_params()) == {*BOTH, *REGRESSOR} | free
    assert set(BOTH) == {name for name, _ in WRONG}


CHOICES = [
    {"normalization": "batch"}, {"normalization": "layer"}, {"number_embedding": "none"},
    {"schedule": "one_cycle"}, {"schedule": "exponential"}, {"schedule": "constant"},
    {"schedule": "cyclic_cosine"}, {"dropout": 0.3, "dropout_fades": True}, {"input_scale": True},
    {"input_scale": True, "number_embedding": "periodic"},
    {"averaging": 0.9}, {"clip_norm": 1.0}, {"dropout": 0.0}, {"category_dimension": 3},
    {"hidden_layer_sizes": 8}, {"hidden_layer_sizes": ()}, {"batch_size": "full"},
    {"dtype": "float64"}, {"activation": "selu"}, {"most_one_hot_levels": 30},
]  # fmt: skip


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_every_choice_learns_something(choice):
    fitted = regressor(**{"epochs": 40, "learning_rate": 0.01} | choice).fit(FRAME, PRICE)
    assert fitted.score(FRAME, PRICE) > 0.5


# --- Together with scikit-learn ------------------------------------------------------------------


def test_clones_pickles_and_joblib_keep_it_whole(tmp_path):
    fitted = classifier().fit(FRAME, DEAR)
    joblib.dump(fitted, tmp_path / "m.joblib")
    for same in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "m.joblib")):
        np.testing.assert_array_equal(same.predict_proba(FRAME), fitted.predict_proba(FRAME))
    fresh = clone(fitted)
    assert not hasattr(fresh, "members_")
    assert fresh.get_params() == fitted.get_params()


def test_it_stands_in_pipelines_searches_and_routes_weights():
    numbers = FRAME[["rooms", "garden"]].astype(float)
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), classifier())
    assert pipeline.fit(numbers, DEAR).predict(numbers).shape == (len(FRAME),)
    search = GridSearchCV(classifier(epochs=2), {"dropout": [0.0, 0.2]}, cv=2, n_jobs=2)
    assert len(search.fit(FRAME, DEAR).cv_results_["params"]) == 2
    with sklearn.config_context(enable_metadata_routing=True):
        routed = (
            regressor().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        )
        weight = np.linspace(0.1, 1, len(FRAME))
        found = cross_validate(routed, FRAME, PRICE, params={"sample_weight": weight}, cv=2)
    assert len(found["test_score"]) == 2


def test_permutation_importance_finds_what_matters():
    fitted = regressor(epochs=60, hidden_layer_sizes=(32,)).fit(FRAME, PRICE)
    found = permutation_importance(fitted, FRAME, PRICE, n_repeats=3, random_state=0)
    assert FRAME.columns[found.importances_mean.argmax()] == "area"


def test_a_column_of_labels_is_warned_of_and_one_class_refused():
    with pytest.warns(sklearn.exceptions.DataConversionWarning):
        classifier().fit(FRAME, DEAR.to_frame())
    with pytest.raises(DataError, match="y holds one class only"):
        classifier().fit(FRAME, ["same"] * len(FRAME))


def test_the_schema_knows_the_target():
    assert regressor().fit(FRAME, PRICE).schema_.target.name == "price"
    target = classifier().fit(FRAME, DEAR).schema_.target
    assert (target.name, target.classes) == ("price", ("cheap", "dear"))


def test_training_is_quiet_unless_told_otherwise(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regressor().fit(FRAME, PRICE)
    assert capsys.readouterr() == ("", "")
