"""NeuralClassifier and NeuralRegressor: tables as they come, parameters, and scikit-learn."""

import dataclasses
import pickle
import warnings

import joblib
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ravine import NeuralClassifier, NeuralRegressor
from ravine.errors import DataError, ParameterError
from ravine.estimators.neural.options import (
    ClassifierOptions,
    Options,
    RegressorOptions,
    Variant,
)
from tests.builders.neural_estimators import DEAR, FRAME, PRICE, classifier, regressor

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
    free = {"random_state", "n_jobs", "verbose", "class_weight"}
    kinds = {NeuralClassifier: ClassifierOptions, NeuralRegressor: RegressorOptions}
    for estimator, options in kinds.items():
        rules = {*options._rules, *options._variant._rules}
        assert set(estimator().get_params()) - free == rules
        for kind in (options, options._variant):
            assert {field.name for field in dataclasses.fields(kind)} == set(kind._rules)
    assert {*Options._rules, *Variant._rules} - {"variants"} == {name for name, _ in WRONG}


def test_the_options_of_an_estimator_are_a_description_like_all_others():
    for estimator in (NeuralClassifier(n_members=3), NeuralRegressor(variants=[{"dropout": 0.5}])):
        options = estimator._options()
        assert type(options).from_dict(options.to_dict()) == options
        assert hash(options) == hash(options.replace(n_members=options.n_members))
        with pytest.raises(dataclasses.FrozenInstanceError):
            options.variants[0].dropout = 0.2
    assert [variant.dropout for variant in options.variants] == [0.1, 0.5]


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
