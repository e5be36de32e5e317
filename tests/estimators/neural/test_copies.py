"""Copies and weights of the Neural estimators: no copy validates what it trained."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.errors import DataError
from ravine.estimators.neural import classifier as neural_classifier
from ravine.estimators.neural import ensemble
from ravine.estimators.neural import members as neural_members
from ravine.estimators.neural.copies import common_measure, in_order
from ravine.estimators.neural.equal_rows import equal_rows
from tests.builders.neural_copies import classifier, outcome, regressor, repeated, table

# --- A table, the table twice, weights -----------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(
    n=st.integers(52, 70),
    seed=st.integers(0, 2**16),
    times=st.integers(2, 4),
    weight=st.floats(1e-3, 1e3),
    kind=st.sampled_from(["classes", "numbers"]),
)
def test_a_table_the_table_twice_and_equal_weights_give_the_same_bits(n, seed, times, weight, kind):
    frame, y = table(n, seed)
    make = regressor
    if kind == "classes":
        make, y = classifier, y > y.median()
    expected = outcome(make().fit(frame, y), frame)
    again = make().fit(*repeated(frame, y, times, seed))
    np.testing.assert_array_equal(outcome(again, frame), expected)
    weighted = make().fit(frame, y, sample_weight=np.full(n, weight))
    np.testing.assert_array_equal(outcome(weighted, frame), expected)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    distinct=st.sampled_from([3, 1000]),
    factor=st.sampled_from([2.0, 0.5, 3.0, 7.0]),
    kind=st.sampled_from(["classes", "numbers"]),
)
def test_a_weight_of_k_is_k_equal_rows_and_0_is_none(seed, distinct, factor, kind):
    rng = np.random.default_rng(seed)
    frame, y = table(70, seed)
    frame["number"] %= distinct  # of 3 numbers, many rows are equal but for their target
    frame["size"] = frame["size"].round()
    make, y = (regressor, y.round(1)) if kind == "numbers" else (classifier, y > y.median())
    weight = rng.integers(0, 5, len(frame))
    weight[:2] = 1, 2
    expected = outcome(make().fit(*repeated(frame, y, weight, seed)), frame)
    for weights in (weight, weight * factor):
        found = make().fit(frame, y, sample_weight=weights)
        np.testing.assert_array_equal(outcome(found, frame), expected)


def test_scaling_weights_that_have_no_common_measure_changes_nothing():
    frame, y = table(80)
    weight = np.random.default_rng(0).exponential(size=80)
    expected = outcome(regressor().fit(frame, y, sample_weight=weight), frame)
    for factor in (3.0, 1e-5):
        found = regressor().fit(frame, y, sample_weight=factor * weight)
        np.testing.assert_array_equal(outcome(found, frame), expected)


def test_sizes_that_are_auto_follow_from_the_different_rows(jobs):
    X = np.random.default_rng(0).normal(size=(2_100, 2))
    frame, y = pd.DataFrame(X, columns=["a", "b"]), X[:, 0]
    regressor(n_members=1, epochs="auto", patience=1).fit(frame, y)
    ((alone, *_),) = jobs
    jobs.clear()
    regressor(n_members=1, epochs="auto", patience=1).fit(*repeated(frame, y, 3))
    ((thrice, *_),) = jobs
    assert thrice.recipe == alone.recipe
    assert thrice.network == alone.network


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    values=st.integers(2, 40),
    weighted=st.sampled_from(["no", "whole", "real"]),
    refit=st.booleans(),
)
def test_no_copy_of_a_row_lies_on_both_sides(seed, values, weighted, refit):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, values, size=(100, 2)).astype(float)
    X, y = np.column_stack([np.arange(100), drawn]), rng.normal(size=100)
    X[:30], y[:30] = X[30:60], y[30:60]  # rows of the same cells and target
    weight = {"no": None, "whole": rng.integers(1, 9, 100), "real": rng.random(100)}[weighted]
    with pytest.MonkeyPatch.context() as patch:
        seen = []

        def train_many(jobs, X, y, *, sample_weight, **how):
            seen.extend((job, np.column_stack([X, y])) for job in jobs)
            return rv.train_many(jobs, X, y, sample_weight=sample_weight, **how)

        patch.setattr(neural_members, "train_many", train_many)
        regressor(epochs=1, refit_full=refit).fit(X, y, sample_weight=weight)
    assert len(seen) == (4 if refit else 2)
    for job, rows in seen:
        kept = {row.tobytes() for row in rows[job.rows]}
        aside = rows[job.validation_rows] if job.validation_rows is not None else []
        assert not kept & {row.tobytes() for row in aside}
        assert len(kept) == len(job.rows)


def test_weights_have_a_mean_of_1_and_none_are_passed_where_all_are_equal(jobs):
    frame, y = table(60)
    regressor().fit(frame, y, sample_weight=np.full(60, 3.5))
    assert jobs[-1][3] is None
    rows = np.r_[np.arange(60), np.arange(20)]
    regressor().fit(frame.iloc[rows], y.iloc[rows])
    weights = jobs[-1][3]
    assert weights.mean() == pytest.approx(1)
    assert sorted(set(weights.tolist())) == pytest.approx([0.75, 1.5])


# --- Which rows are equal ------------------------------------------------------------------------


def test_missing_cells_equal_each_other_and_so_do_zeros_of_either_sign():
    frame = pd.DataFrame(
        {
            "number": [0.0, -0.0, np.nan, -np.nan, 1.0],
            "text": pd.Series([None, np.nan, "a", "a", pd.NA], dtype=object),
        }
    )
    codes = equal_rows(frame)
    assert codes[0] == codes[1]
    assert codes[2] == codes[3]
    assert len(set(codes.tolist())) == 3


def test_rows_are_equal_by_their_cells_not_by_their_hash(monkeypatch):
    frame = pd.DataFrame({"a": [1, "1", 1, None, True], "b": ["x"] * 5})
    expected = [0, 1, 0, 2, 3]
    assert equal_rows(frame).argsort().size == 5
    for clash in (False, True):
        if clash:
            name = "ravine.estimators.neural.equal_rows.hashes_of"
            monkeypatch.setattr(name, lambda f: np.zeros(len(f), np.uint64))
        codes = equal_rows(frame).tolist()
        assert [[one == other for other in codes] for one in codes] == [
            [one == other for other in expected] for one in expected
        ]


@pytest.mark.parametrize(
    "values",
    [
        pd.Categorical(["a", "b", "a", None]),
        pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-01", None]),
        pd.array([1, 2, 1, None], dtype="Int64"),
        pd.array([True, False, True, None], dtype="boolean"),
        pd.Series(["a", "b", "a", None], dtype="str"),
    ],
    ids=["categories", "dates", "whole numbers", "booleans", "text"],
)
def test_columns_of_every_type_are_compared(values):
    frame = pd.DataFrame({"a": pd.concat([pd.Series(values)] * 2, ignore_index=True)})
    codes = equal_rows(frame)
    np.testing.assert_array_equal(codes[:4], codes[4:])
    assert codes[0] == codes[2]
    assert len(set(codes.tolist())) == 3


@pytest.mark.parametrize(
    ("values", "measure"),
    [([3.0], 3.0), ([4.0, 6.0, 9.0], 1.0), ([0.1, 0.3, 0.7], 0.1), ([1e-9, 1.0], None)],
)
def test_a_common_measure_is_the_largest_of_which_all_are_multiples(values, measure):
    found = common_measure(np.array(values))
    assert found == (None if measure is None else pytest.approx(measure))


# --- Equal rows that are observations of their own -----------------------------------------------


def test_rows_whose_cells_have_another_target_too_stay_as_many_as_they_are():
    X = np.r_[np.arange(60), np.arange(60), [0.0, 0.0]]
    y = np.r_[np.zeros(60), np.zeros(60), [1.0, 2.0]]
    rows = in_order(pd.DataFrame({"x": X}), y)
    found = pd.Series(X[rows.places]).value_counts()
    assert found[0.0] == 4
    assert (found.drop(0.0) == 1).all()
    expected = np.where(X[rows.places] == 0, 1.0, 2.0)
    np.testing.assert_allclose(rows.weights, expected / expected.mean(), rtol=1e-6)
    merged, kept = rows.notes
    assert merged.startswith("59 rows of the table are copies of another row")
    assert kept.startswith("2 rows of the table that are equal")
    assert "also occur with another target" in kept


def test_few_different_rows_are_observations_as_often_as_they_stand_there():
    X, y = np.tile([0.0, 1.0], 40), np.tile([0.0, 1.0], 40)
    rows = in_order(pd.DataFrame({"x": X}), y)
    assert len(rows.places) == 80
    assert rows.weights is None
    assert "there are fewer than 50 different rows" in rows.notes[0]


def test_a_small_table_is_merged_like_a_large_one():
    frame, y = table(45)
    expected = outcome(regressor(n_members=5).fit(frame, y), frame)
    again = regressor(n_members=5).fit(*repeated(frame, y, 3))
    np.testing.assert_array_equal(outcome(again, frame), expected)
    assert again.notes_[0].startswith("90 rows of the table are copies of another row")


def test_weights_alone_make_no_observations_but_of_rows_that_disagree():
    X, y = pd.DataFrame({"x": [0.0, 1.0, 1.0]}), np.array([0.0, 0.0, 1.0])
    rows = in_order(X, y, np.array([30.0, 31.0, 50.0]))
    assert np.bincount(rows.places).tolist() == [1, 31, 50]
    expected = np.where(rows.places == 0, 30.0, 1.0)
    np.testing.assert_allclose(rows.weights, expected / expected.mean(), rtol=1e-6)
    assert in_order(X, y, np.full(3, 9.0)).notes == ()


def test_weights_do_not_make_millions_of_rows():
    frame, y = pd.DataFrame({"x": [0.0, 0.0, 1.0]}), np.array([0.0, 1.0, 0.0])
    rows = in_order(frame, y, np.array([100_001.0, 200_003.0, 300_007.0]))
    assert len(rows.places) == 3
    np.testing.assert_allclose(np.sort(rows.weights), [0.5, 1.0, 1.5], rtol=1e-4)


def test_the_order_of_the_table_makes_no_difference_to_copies_groups_and_times():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.integers(0, 9, 200), "z": rng.integers(0, 9, 200)})
    y, groups, time = rng.normal(size=200).round(1), rng.integers(0, 20, 200), rng.permutation(200)
    shuffled = rng.permutation(200)
    for extra in ({}, {"groups": groups}, {"time": time // 3}):
        one = regressor().fit(X, y, **extra)
        moved = {name: values[shuffled] for name, values in extra.items()}
        other = regressor().fit(X.iloc[shuffled], y[shuffled], **moved)
        np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_notes_say_what_became_of_copies():
    frame, y = table(60)
    assert regressor().fit(frame, y).notes_ == ()
    found = regressor().fit(*repeated(frame.assign(version=7), y, 2))
    assert found.notes_ == (
        "Column 'version' is left out: it has the same value in every training row.",
        "60 rows of the table are copies of another row, equal in every column and the target: "
        "merged into one with the summed weight.",
    )


# --- Weights -------------------------------------------------------------------------------------


def test_a_class_of_no_weight_stays_a_class_that_is_never_predicted_and_is_said(tmp_path):
    frame, _ = table(90)
    kind = np.array(["a", "b", "c"])[np.arange(90) % 3]
    found = classifier().fit(frame, kind, sample_weight=np.where(kind == "c", 0.0, 1.0))
    assert found.classes_.tolist() == ["a", "b", "c"]
    assert found.notes_ == ("The class c has the probability 0: all its rows weigh 0.",)
    proba = found.predict_proba(frame)
    assert (proba[:, 2] == 0).all()
    without = classifier().fit(frame[kind != "c"], kind[kind != "c"]).predict_proba(frame)
    np.testing.assert_array_equal(proba[:, :2], without)
    found.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(rv.load(tmp_path / "m.safetensors").predict_proba(frame), proba)
    with pytest.raises(DataError, match="3 classes, but only rows of c weigh more than 0"):
        classifier().fit(frame, kind, sample_weight=np.where(kind == "c", 1.0, 0.0))


def test_a_class_whose_class_weight_is_0_is_a_class_that_is_never_predicted(tmp_path):
    frame, _ = table(90)
    kind = np.array(["a", "b", "c"])[np.arange(90) % 3]
    found = classifier(class_weight={"b": 0.0}).fit(frame, kind)
    assert found.classes_.tolist() == ["a", "b", "c"]
    proba = found.predict_proba(frame)
    assert (proba[:, 1] == 0).all()
    without = classifier().fit(frame[kind != "b"], kind[kind != "b"]).predict_proba(frame)
    np.testing.assert_array_equal(proba[:, [0, 2]], without)
    found.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(rv.load(tmp_path / "m.safetensors").predict_proba(frame), proba)
    with pytest.raises(DataError, match="class_weight is 0 for all classes but one"):
        classifier(class_weight={"a": 0, "b": 0.0}).fit(frame, kind)


@pytest.mark.parametrize("batch_size", [1, 7, "auto", "full"])
def test_weights_of_1_to_99_do_not_diverge(batch_size):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3))
    weight = np.where(np.arange(150) % 10 == 0, 99.0, 1.0)
    found = regressor(batch_size=batch_size, epochs=20).fit(X, X[:, 0], sample_weight=weight)
    assert found.score(X, X[:, 0], sample_weight=weight) > 0.5
    classes = classifier(batch_size=batch_size, class_weight={False: 1, True: 99}, epochs=20)
    assert classes.fit(X, X[:, 0] > 1).predict(X)[X[:, 0] > 1].all()


# --- Saved ---------------------------------------------------------------------------------------


def test_variants_and_temperatures_are_learnt_from_weighted_rows(monkeypatch):
    seen = []

    def fit_temperature(found, codes, weights):
        seen.append(weights)
        return 1.0

    for module in (ensemble, neural_classifier):
        monkeypatch.setattr(module, "fit_temperature", fit_temperature)
    frame, y = table(80)
    weight = np.where(np.arange(80) < 40, 1.0, 3.0)
    classifier(n_members=5, variants=({"dropout": 0.0},)).fit(frame, y > 0, sample_weight=weight)
    assert all(sorted(set(weights.tolist())) == [0.5, 1.5] for weights in seen)
    assert len(seen) == 5  # each of two variants, twice; then their mean


def test_validation_rows_of_weight_0_may_be_of_any_class():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = np.where(X[:, 0] > 0, "a", "b")
    classifier = rv.NeuralClassifier(n_members=2, epochs=3, variants=None, n_jobs=1)
    classifier.set_params(random_state=0)
    one = {"X_val": np.r_[X[60:], [[9.0, 9.0]]], "y_val": np.r_[y[60:], ["c"]]}
    weights = np.r_[np.ones(20), 0.0]
    found = sklearn.clone(classifier).fit(X[:60], y[:60], **one, sample_weight_val=weights)
    alone = sklearn.clone(classifier).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    for member, other in zip(found.members_, alone.members_, strict=True):
        assert (member.parameters_vector == other.parameters_vector).all()
    with pytest.raises(DataError, match="y_val holds the class c, which y does not hold"):
        sklearn.clone(classifier).fit(X[:60], y[:60], **one)
