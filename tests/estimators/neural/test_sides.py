"""Groups, times and rows that are given: what the Neural estimators validate on."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, cross_validate

from ravine.data.rotating import validation_splits
from ravine.errors import DataError, ParameterError
from ravine.estimators.neural.copies import in_order
from tests.builders.neural_copies import classifier, outcome, regressor, table

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

    monkeypatch.setattr("ravine.estimators.neural.data.validation_splits", splits)
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
