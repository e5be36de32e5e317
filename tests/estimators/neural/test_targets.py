"""Targets of every sort: classes, numbers, quantiles, counts, several at once."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.metrics import mean_pinball_loss

import ravine as rv
from ravine import NeuralRegressor
from ravine.errors import DataError
from tests.builders.neural_estimators import DEAR, FRAME, PRICE, classifier, regressor, skewed

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
