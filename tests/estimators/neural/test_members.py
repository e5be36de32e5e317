"""The members of an ensemble: variants, weights, history, refitting."""

import re

import numpy as np
import pytest

import ravine as rv
from ravine import NeuralClassifier, NeuralRegressor
from ravine.data.rotating import validation_splits
from ravine.errors import DivergenceError, ParameterError
from ravine.estimators.neural import ensemble
from tests.builders.neural_estimators import (
    DEAR,
    FRAME,
    PRICE,
    calibration_error,
    classifier,
    regressor,
)


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


def test_variants_are_averaged_by_their_weights():
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
    variants = np.reshape(each, (3, 2, -1)).mean(axis=1)
    np.testing.assert_allclose(fitted.predict(FRAME), [0.5, 0.2, 0.3] @ variants, rtol=1e-5)


def test_a_useless_variant_gets_no_weight():
    useless = {"learning_rate": 1e-12}
    fitted = regressor(epochs=60, variants=(useless,)).fit(FRAME, PRICE)
    np.testing.assert_array_equal(fitted.variant_weights_, [[1.0, 0.0]])
    alone = regressor(epochs=60, variants=None).fit(FRAME, PRICE)
    assert len(fitted.members_) == len(alone.members_)
    np.testing.assert_array_equal(fitted.predict(FRAME), alone.predict(FRAME))


def test_a_useless_variant_is_left_after_half_of_them(monkeypatch):
    trained = []
    train = ensemble.train_members

    def counted(plans, lesson, *, first=0, last=None):
        trained.append((len(plans), len(lesson.splits[first:last]), first))
        return train(plans, lesson, first=first, last=last)

    monkeypatch.setattr(ensemble, "train_members", counted)
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


def test_variants_count_alike_without_validation_rows():
    fitted = classifier(validation_fraction=0.0).fit(FRAME, DEAR)
    np.testing.assert_allclose(fitted.variant_weights_, [[1 / 5] * 5])


def test_the_variants_of_the_defaults_change_only_what_is_at_its_default():
    variants = NeuralClassifier()._options().variants
    sizes = [(512,), (512,), (64,), (64, 64), (256, 256)]
    assert [variant.hidden_layer_sizes for variant in variants] == sizes
    assert variants[2].label_smoothing == 0.0
    variants = NeuralRegressor(hidden_layer_sizes=8, activation="tanh")._options().variants
    assert [variant.hidden_layer_sizes for variant in variants] == [(8,)] * 4
    assert [variant.activation for variant in variants] == ["tanh"] * 4
    assert not hasattr(variants[1], "label_smoothing")
    assert [variant.learning_rate for variant in variants] == [5e-3, 5e-3, 5e-3, 2e-3]
    assert [variant.n_bins for variant in variants] == [32, 64, 32, 32]
    assert [variant.input_scale for variant in variants] == [True, False, False, False]


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


def test_probabilities_of_several_variants_are_calibrated():
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

    from ravine.estimators.neural.members import mean_history

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


def test_the_history_is_in_units_of_the_target_s_standard_deviation():
    X, y = FRAME[::2], PRICE[::2]
    fitted = regressor(n_members=1, variants=None, clip_predictions=False)
    fitted.fit(X, y, X_val=FRAME[1::2], y_val=PRICE[1::2])
    best = fitted.history_["val_rmse"][fitted.history_.best_epoch - 1]
    missed = np.sqrt(np.mean((fitted.predict(FRAME[1::2]) - PRICE[1::2]) ** 2))
    assert best * fitted.schema_.target.standard_deviation == pytest.approx(missed, rel=1e-5)


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
