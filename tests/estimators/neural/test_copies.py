"""Copies, weights, groups and times of the Neural estimators: no row validates what it trained."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, cross_validate

import ravine as rv
from ravine.errors import DataError, FileError, ParameterError
from ravine.estimators import neural_base, neural_copies, neural_members
from ravine.estimators.neural_calibration import Conformal
from ravine.estimators.neural_copies import common_measure, equal_rows, in_order
from ravine.estimators.neural_splits import validation_splits
from ravine.model_file import read_model_file, write_model_file

QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (8,),
    "epochs": 3,
    "variants": None,
    "random_state": 0,
    "n_jobs": 1,
}


def classifier(**changes):
    return rv.NeuralClassifier(**QUICK | changes)


def regressor(**changes):
    return rv.NeuralRegressor(**QUICK | changes)


def table(n, seed=0):
    """A table with gaps, whose rows are all different."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "town": rng.choice(["Ulm", "Bonn", None], n),
            "number": rng.permutation(n),
        }
    )
    y = frame["size"].fillna(0) + rng.normal(size=n)
    return frame, y.rename("y")


def outcome(estimator, frame):
    """Everything that an estimator says of rows, to be compared bit for bit."""
    if isinstance(estimator, rv.NeuralClassifier):
        return np.column_stack(
            [estimator.predict_proba(frame), np.full(len(frame), estimator.temperature_)]
        )
    return np.column_stack([estimator.predict(frame), estimator.predict_interval(frame, 0.7)])


def repeated(frame, y, times, seed=0):
    """A table whose rows stand there several times, shuffled."""
    rows = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(frame)), times))
    return frame.iloc[rows], np.asarray(y)[rows]


@pytest.fixture
def jobs(monkeypatch):
    """All jobs of a fit, with the coded rows, targets and weights that they refer to."""
    seen = []

    def train_many(jobs, X, y, *, sample_weight, **how):
        seen.extend((job, X, np.asarray(y), sample_weight) for job in jobs)
        return rv.train_many(jobs, X, y, sample_weight=sample_weight, **how)

    monkeypatch.setattr(neural_members, "train_many", train_many)
    return seen


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
            monkeypatch.setattr(neural_copies, "_hashes", lambda f: np.zeros(len(f), np.uint64))
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
    assert "all rows are fewer than 50 different ones" in rows.notes[0]


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
        "merged into one of the summed weight.",
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


# --- Groups --------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    n_groups=st.integers(2, 30),
    fraction=st.floats(0.05, 0.7),
    classes=st.booleans(),
)
def test_groups_are_set_aside_whole_and_each_once_in_a_cycle(seed, n_groups, fraction, classes):
    rng = np.random.default_rng(seed)
    groups = np.r_[np.arange(n_groups), rng.integers(0, n_groups, 90)]
    n = len(groups)
    codes = rng.integers(0, 3, n) if classes else None
    rounds = int(np.ceil(n / max(1, round(n * fraction))))
    splits = validation_splits(n, rounds, fraction, seed, codes, groups=groups)
    for kept, aside in splits:
        assert min(len(kept), len(aside)) > 0
        assert sorted([*kept, *aside]) == list(range(n))
        assert not set(groups[kept]) & set(groups[aside])
    assert set(np.concatenate([aside for _, aside in splits])) == set(range(n))


def test_stretches_of_groups_hold_about_the_fraction_and_each_class_in_proportion():
    groups = np.repeat(np.arange(50), 8)
    classes = np.repeat(np.arange(50) % 5 == 0, 8).astype(int)
    splits = validation_splits(400, 5, 0.2, 0, classes, groups=groups)
    assert [len(aside) for _, aside in splits] == [80] * 5
    assert [int(classes[aside].sum()) for _, aside in splits] == [16] * 5
    assert sorted(np.concatenate([aside for _, aside in splits])) == list(range(400))


@pytest.mark.parametrize("make", [classifier, regressor])
def test_groups_of_a_fit_stay_on_one_side_and_equal_rows_of_two_groups_apart(make, jobs):
    rng = np.random.default_rng(0)
    groups = rng.choice(["a", "b", "c", "d", "e", "f", "g"], 140)
    X = np.column_stack([np.unique(groups, return_inverse=True)[1], rng.integers(0, 20, 140)])
    y = X[:, 1] > 9 if make is classifier else X[:, 1]
    make(n_members=5).fit(pd.DataFrame(X, columns=["group", "x"]), y, groups=groups)
    assert len(jobs) == 5
    for job, coded, *_ in jobs:
        kept, aside = set(coded[job.rows, 0]), set(coded[job.validation_rows, 0])
        assert len(kept) + len(aside) == 7
        assert not kept & aside


def test_equal_rows_of_two_groups_are_not_merged():
    rows = in_order(pd.DataFrame({"x": np.r_[np.arange(60), 5, 6]}), np.zeros(62),
                    groups=np.r_[np.zeros(60, int), 1, 0])  # fmt: skip
    assert len(rows.places) == 61  # row 6 is there twice in group 0


def test_groups_and_times_that_cannot_be_set_aside_are_errors():
    frame, y = table(60)
    with pytest.raises(DataError, match="All rows are of one group"):
        regressor().fit(frame, y, groups=["a"] * 60)
    with pytest.raises(DataError, match="All rows are of one time"):
        regressor().fit(frame, y, time=np.zeros(60))
    with pytest.raises(DataError, match="groups must have one value for each of the 60 rows"):
        regressor().fit(frame, y, groups=[1, 2])
    with pytest.raises(DataError, match="time must hold numbers or dates"):
        regressor().fit(frame, y, time=["today"] * 60)
    regressor(validation_fraction=0.0).fit(frame, y, groups=["a"] * 60)


@pytest.mark.parametrize("name", ["groups", "time"])
def test_a_row_of_weight_0_is_absent_with_its_group_and_time(name):
    frame, y = table(80)
    codes = np.arange(80) // 2 * 1.0
    expected = outcome(regressor(n_members=5).fit(frame[9:], y[9:], **{name: codes[9:]}), frame)
    codes[:9] = np.nan
    weight = np.r_[np.zeros(9), np.full(71, 2.0)]
    found = regressor(n_members=5).fit(frame, y, sample_weight=weight, **{name: codes})
    np.testing.assert_array_equal(outcome(found, frame), expected)


def test_groups_are_routed_by_cross_validation(monkeypatch):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 10)
    X, y = rng.normal(size=(120, 2)), rng.normal(size=120)
    seen = []

    def splits(*args, **how):
        seen.append(how["groups"])
        return validation_splits(*args, **how)

    monkeypatch.setattr("ravine.estimators.neural_data.validation_splits", splits)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = regressor().set_fit_request(groups=True, sample_weight=True)
        estimator.set_score_request(sample_weight=False)
        found = cross_validate(
            estimator, X, y, cv=GroupKFold(3),
            params={"groups": groups, "sample_weight": rng.integers(1, 4, 120)},
            error_score="raise",
        )  # fmt: skip
    assert np.isfinite(found["test_score"]).all()
    assert [len(set(codes.tolist())) for codes in seen] == [8, 8, 8]


def test_all_that_fit_takes_can_be_routed():
    every = dict.fromkeys(("X_val", "y_val", "sample_weight_val", "groups", "time"), True)
    with sklearn.config_context(enable_metadata_routing=True):
        requests = regressor().set_fit_request(**every).get_metadata_routing().fit.requests
    assert requests == every | {"sample_weight": None}


# --- Times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time",
    [np.arange(100) // 4, pd.date_range("2020", periods=25).repeat(4)],
    ids=["numbers", "dates"],
)
def test_the_latest_rows_validate_and_ties_stay_together(time, jobs):
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(100)
    X = np.column_stack([np.arange(100) // 4, rng.normal(size=100)])
    found = regressor(n_members=3).fit(X[shuffled], X[shuffled, 1], time=time[shuffled])
    for job, coded, *_ in jobs:
        place = np.unique(coded[:, 0], return_inverse=True)[1]
        assert sorted(place[job.validation_rows]) == sorted(np.arange(100)[80:] // 4)
        assert place[job.rows].max() == 19
    assert len(found._conformal[0].centres) == 20


def test_refitting_takes_the_latest_rows_too(jobs):
    frame, y = table(100)
    regressor(refit_full=True).fit(frame, y, time=np.arange(100))
    assert [len(job.rows) for job, *_ in jobs] == [80, 80, 100, 100]


# --- Rows given to validate on -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_rows_that_are_given_validate_and_nothing_else_does(kind, jobs):
    (frame, y), (frame_val, y_val) = table(100), table(60, seed=1)
    make = regressor
    if kind == "classes":
        make, y, y_val = classifier, y > 0, y_val > 0
    found = make(validation_fraction=0.5).fit(
        frame, y, X_val=frame_val, y_val=y_val, sample_weight_val=np.r_[np.zeros(9), np.ones(51)]
    )
    for job, *_ in jobs:
        assert len(job.rows) == 100
        assert job.validation_rows.tolist() == list(range(100, 151))
    if kind == "numbers":
        assert len(found._conformal[0].centres) == 51
    jobs.clear()
    make(refit_full=True).fit(frame, y, X_val=frame_val, y_val=y_val)
    assert [len(job.rows) for job, *_ in jobs] == [100, 100, 160, 160]


def test_rows_that_train_and_validate_are_noted():
    (frame, y), (other, y_other) = table(100), table(60, seed=1)
    assert regressor().fit(frame, y, X_val=other, y_val=y_other).notes_ == ()
    both, y_both = pd.concat([other, frame[:7]]), pd.concat([y_other, y[:7]])
    (note,) = regressor().fit(frame, y, X_val=both, y_val=y_both).notes_
    assert note.startswith("7 of 67 rows of X_val are in X as well")


def test_columns_are_learnt_from_the_rows_of_training_alone():
    frame, y = table(100)
    far = frame.assign(size=1e6, town="Rome")
    one, other = (regressor().fit(frame, y, X_val=given, y_val=y).schema_ for given in (frame, far))
    assert one == other
    assert one == regressor(validation_fraction=0.0).fit(frame, y).schema_


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"y_val": None}, ParameterError, "X_val and y_val must be given together"),
        ({"X_val": None}, ParameterError, "X_val and y_val must be given together"),
        ({"y_val": ["c"] * 60}, DataError, "y_val holds the class c, which y does not hold"),
        ({"groups": np.arange(60)}, ParameterError, "groups would change nothing: X_val"),
        ({"sample_weight_val": -np.ones(60)}, DataError, "sample_weight_val must not be negative"),
        ({"sample_weight_val": np.zeros(60)}, DataError, "sample_weight_val cannot be used"),
        ({"sample_weight_val": [1.0]}, DataError, "sample_weight_val cannot be used"),
    ],
)
def test_rows_to_validate_on_that_do_not_fit_are_errors(change, error, message):
    frame, y = table(60)
    kind = np.where(y > 0, "a", "b")
    given = {"X_val": frame, "y_val": kind} | change
    with pytest.raises(error, match=message):
        classifier().fit(frame, kind, **given)


def test_columns_and_targets_to_validate_on_are_those_of_training():
    frame, y = table(60)
    with pytest.raises(DataError, match="missing: 'town'"):
        regressor().fit(frame, y, X_val=frame.drop(columns="town"), y_val=y)
    with pytest.raises(DataError, match="X_val has 2 features"):
        regressor().fit(frame, y, X_val=np.zeros((3, 2)), y_val=y[:3])
    with pytest.raises(DataError, match="y_val must have the targets of y"):
        regressor().fit(frame, y, X_val=frame, y_val=np.column_stack([y, y]))
    with pytest.raises(ParameterError, match="sample_weight_val needs X_val"):
        regressor().fit(frame, y, sample_weight_val=y)


# --- Intervals -----------------------------------------------------------------------------------


def test_rows_of_equal_weights_make_the_interval_of_rows_without():
    residuals = np.random.default_rng(0).normal(size=99)
    zeros = np.zeros(99)
    plain, weighted = (
        Conformal.learn(zeros, zeros, residuals, weights).interval(zeros[:1], zeros[:1], 0.9)
        for weights in (None, np.full(99, 4.0))
    )
    np.testing.assert_array_equal(plain, weighted)


def test_weighted_residuals_make_the_interval_worked_by_hand():
    # Masses w Σw/Σw² of weights 1 (20 rows) and 3 (10 rows): 50/110 and 150/110, together 22.7.
    # At a coverage of 0.8 a side needs (22.73 + 1) 0.9 = 21.35 of it. All but the outermost three
    # rows of weight 1, or the outermost of weight 3, have 22.73 − 1.36 = 21.37; no more can go.
    y = np.r_[np.arange(21.0, 41.0), -np.arange(1.0, 11.0)]
    weights = np.r_[np.ones(20), np.full(10, 3.0)]
    zeros = np.zeros(30)
    found = Conformal.learn(zeros, zeros, y, weights).interval(zeros[:1], zeros[:1], 0.8)
    np.testing.assert_array_equal(found, [[-9.0, 37.0]])


def test_grouped_residuals_make_the_interval_worked_by_hand():
    # 9 groups of 1, 2, … 9 rows; group g has the residuals g. A side at 0.8 needs (9 + 1) 0.9 = 9:
    # all groups. With 19 groups it needs 18 of 19: the 18th smallest residual.
    for count, expected in ((9, 9.0), (19, 18.0)):
        groups = np.repeat(np.arange(count), np.arange(1, count + 1))
        y, zeros = groups + 1.0, np.zeros(len(groups))
        found = Conformal.learn(zeros, zeros, y, None, groups)
        assert found.interval(zeros[:1], zeros[:1], 0.8)[0, 1] == expected


def test_too_few_groups_are_an_error_that_says_how_many_are_needed(tmp_path):
    frame, y = table(120)
    found = regressor(n_members=5).fit(frame, y, groups=np.arange(120) % 12)
    assert found.predict_interval(frame, 0.8).shape == (120, 2)
    found.save(tmp_path / "m.safetensors")
    for estimator in (found, rv.load(tmp_path / "m.safetensors")):
        with pytest.raises(ParameterError, match=r"at least 19 groups\. There are 12"):
            estimator.predict_interval(frame, 0.9)


def test_weighted_rows_count_like_as_many_equal_ones_as_they_are_sure_as():
    weights = np.r_[np.full(50, 1e-6), np.ones(10)]
    found = Conformal.learn(np.zeros(60), np.zeros(60), np.zeros(60), weights)
    with pytest.raises(ParameterError, match="There are 60 that count like 10 equal ones"):
        found.interval(np.zeros(1), np.zeros(1), 0.9)


@pytest.mark.parametrize("how", ["weights", "groups"])
def test_bins_of_weighted_rows_are_as_wide_as_predictions_err(how):
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 1, 8_000)
    y = centres + centres * rng.normal(size=8_000)
    given = (rng.integers(1, 4, 8_000).astype(float), None)
    if how == "groups":
        given = (None, np.arange(8_000) // 2)
    learnt = Conformal.learn(centres, centres, y, *given)
    new = np.array([0.1, 0.9])
    narrow, wide = np.diff(learnt.interval(new, new, 0.9), axis=1)[:, 0]
    assert wide > 4 * narrow


# --- Saved ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["weights", "groups", "X_val", "time"])
def test_what_was_learnt_of_weights_and_groups_is_saved(how, tmp_path):
    frame, y = table(120)
    given = {
        "weights": {"sample_weight": np.arange(1, 121)},
        "groups": {"groups": np.arange(120) % 30},
        "X_val": {"X_val": frame, "y_val": y},
        "time": {"time": np.arange(120)},
    }[how]
    found = regressor(n_members=5).fit(*repeated(frame, y, 1), **given)
    found.save(tmp_path / "m.safetensors")
    again = rv.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(outcome(again, frame), outcome(found, frame))
    assert again.notes_ == found.notes_
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == (
        tmp_path / "again.safetensors"
    ).read_bytes()


def written(estimator, path, change):
    """Save an estimator, and change what the file says."""
    estimator.save(path)
    document, arrays = read_model_file(path)
    change(document["learnt"], arrays)
    write_model_file(path, document, arrays)
    return rv.load(path)


def test_a_file_of_before_has_no_notes_groups_or_masses(tmp_path):
    frame, y = table(80)
    found = regressor(n_members=5).fit(frame.assign(version=7), y)

    def as_before(learnt, arrays):
        del learnt["notes"], learnt["grouped"]
        assert not [name for name in arrays if name.endswith("masses")]

    again = written(found, tmp_path / "m.safetensors", as_before)
    np.testing.assert_array_equal(
        outcome(again, frame.assign(version=7)), outcome(found, frame.assign(version=7))
    )
    assert again.notes_ == found.notes_


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("notes", "all is well", "'notes' of the estimator must be a list of type str"),
        ("notes", [1], "'notes' of the estimator must be a list of type str"),
        ("grouped", "yes", "'grouped' of the estimator must be of type bool"),
        ("masses", -np.ones(80), "residuals of the estimator do not fit"),
        ("masses", np.ones(3), "residuals of the estimator do not fit"),
        ("trained_classes", [0], "not among its classes"),
        ("trained_classes", [0, 2], "not among its classes"),
        ("trained_classes", [True, 1], "must be a list of type int"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused(name, value, message, tmp_path):
    frame, y = table(80)
    make, y = (classifier, y > 0) if name == "trained_classes" else (regressor, y)

    def change(learnt, arrays):
        if name == "masses":
            arrays["conformal.0.masses"] = value
        else:
            learnt[name] = value

    with pytest.raises(FileError, match=message):
        written(make(n_members=5).fit(frame, y), tmp_path / "m.safetensors", change)


def test_kinds_of_members_and_temperatures_are_learnt_from_weighted_rows(monkeypatch):
    seen = []

    def fit_temperature(found, codes, weights):
        seen.append(weights)
        return 1.0

    monkeypatch.setattr(neural_base, "fit_temperature", fit_temperature)
    frame, y = table(80)
    weight = np.where(np.arange(80) < 40, 1.0, 3.0)
    classifier(n_members=5, variants=({"dropout": 0.0},)).fit(frame, y > 0, sample_weight=weight)
    assert all(sorted(set(weights.tolist())) == [0.5, 1.5] for weights in seen)
    assert len(seen) == 4


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
