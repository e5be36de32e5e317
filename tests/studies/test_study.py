"""Study: the same rows for all jobs, and a table of what they gave."""

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import DataError, DataWarning, ParameterError
from tests.builders.small_runs import CLASSIFIER, NETWORK, X, Y

LABELS = np.where(Y > 0, "high", "low")
RATE = "optimizer.learning_rate"
SHORT = rv.Recipe(epochs=3)


def small(**settings):
    return rv.Study(rv.grid(NETWORK, SHORT, **settings))


def test_a_run_of_a_study_is_the_run_that_train_many_gives():
    study = small(seed=range(3)).run(X, Y, validation=np.arange(40), threads=1)
    jobs = [
        rv.Job(NETWORK, SHORT.replace(seed=seed), validation_rows=np.arange(40))
        for seed in range(3)
    ]
    models = rv.train_many(jobs, X, Y)
    frame, histories = study.to_frame(), study.histories()
    assert frame["seed"].tolist() == [0, 1, 2]
    for seed, model in enumerate(models):
        for name in ("loss", "val_loss", "val_r2", "val_rmse"):
            assert frame[name][seed] == model.history[name][-1]
        of_run = histories[histories["seed"] == seed]
        for name in set(model.history) - {"seconds"}:
            np.testing.assert_array_equal(of_run[name], model.history[name])


def test_scores_are_those_of_the_epoch_whose_weights_the_model_has():
    stopping = rv.EarlyStopping(patience=3)
    recipe = rv.Recipe(optimizer=rv.SGD(0.3), epochs=60, stopping=stopping)
    study = rv.Study(rv.grid(NETWORK, recipe, seed=range(2))).run(X, Y, threads=1)
    for (_, row), (_, history) in zip(
        study.to_frame().iterrows(), study.histories().groupby("seed"), strict=True
    ):
        assert row["val_loss"] == history["val_loss"].min()
        assert row["epochs"] == len(history)


def test_a_recipe_that_validates_for_itself_never_sees_the_rows_held_out():
    recipe = rv.Recipe(epochs=3, validation_fraction=0.25, seed=4)
    held = np.arange(0, 200, 5)
    rest = np.setdiff1d(np.arange(200), held)
    study = rv.Study([rv.Job(NETWORK, recipe)]).run(X, Y, validation=held, threads=1)
    model = rv.train_many([rv.Job(NETWORK, recipe, rows=rest)], X, Y)[0]
    expected = model.evaluate(X[held], Y[held])
    frame = study.to_frame()
    assert frame["val_loss"][0] == expected["loss"]
    assert frame["val_r2"][0] == expected["r2"]
    assert study.histories()["val_loss"].iloc[-1] == model.history["val_loss"][-1]


def test_rows_set_apart_as_a_table_are_the_same_as_their_numbers():
    jobs = rv.grid(NETWORK, SHORT, seed=range(2))
    one = rv.Study(jobs).run(X[:150], Y[:150], validation=(X[150:], Y[150:])).to_frame()
    other = rv.Study(jobs).run(X, Y, validation=np.arange(150, 200)).to_frame()
    assert one.drop(columns="seconds").equals(other.drop(columns="seconds"))


def test_columns_of_rows_set_apart_are_taken_by_name():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    turned = frame.iloc[150:][["c", "a", "b"]]
    one = small(seed=[0]).run(frame[:150], Y[:150], validation=(turned, Y[150:])).to_frame()
    other = small(seed=[0]).run(X, Y, validation=np.arange(150, 200)).to_frame()
    assert one.drop(columns="seconds").equals(other.drop(columns="seconds"))
    with pytest.raises(DataError, match="X of the rows set apart"):
        small(seed=[0]).run(frame, Y, validation=(frame[["a", "b"]], Y))


def test_only_labels_that_differ_are_columns():
    frame = small(seed=[1, 2], batch_size=[32]).run(X, Y, threads=1).to_frame()
    assert list(frame) == [
        *("seed", "loss", "val_loss", "val_r2", "val_rmse"),
        *("epochs", "steps", "seconds", "status"),
    ]


def test_plain_jobs_go_by_their_label_and_their_seed():
    jobs = [rv.Job(NETWORK, SHORT.replace(seed=s), label=n) for n in "ab" for s in range(2)]
    study = rv.Study(jobs).run(X, Y, threads=1)
    assert study.to_frame()[["label", "seed"]].to_numpy().tolist() == [
        ["a", 0],
        ["a", 1],
        ["b", 0],
        ["b", 1],
    ]
    assert study.summary()["label"].tolist() == ["a", "b"]
    assert study.summary()["runs"].tolist() == [2, 2]


def test_every_fold_holds_each_row_out_once_and_all_jobs_have_the_same_folds():
    study = small(seed=range(2)).run(X, Y, cv=4, threads=1)
    held = np.concatenate([split.validation_rows for split in study._splits])
    assert sorted(held) == list(range(200))
    assert study.to_frame()[["seed", "fold"]].to_numpy().tolist() == [
        [seed, fold] for seed in range(2) for fold in range(4)
    ]


@pytest.mark.parametrize("how", [{"validation": 0.3}, {"cv": 3}])
def test_groups_copies_and_times_stay_on_their_side(how):
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 20, 200)
    twice = np.concatenate([X, X[:60]])  # copies of rows, in no group together with them
    targets, of = np.concatenate([Y, Y[:60]]), np.concatenate([groups, groups[:60]])
    study = small(seed=[0]).run(twice, targets, groups=of, threads=1, **how)
    for split in study._splits:
        assert not set(of[split.rows]) & set(of[split.validation_rows])
    study = small(seed=[0]).run(twice, targets, threads=1, **how)
    for split in study._splits:
        assert not set(split.rows % 200) & set(split.validation_rows % 200)
    time = rng.permutation(200)
    study = small(seed=[0]).run(X, Y, time=time, threads=1, **how)
    for split in study._splits:
        assert time[split.rows].max() < time[split.validation_rows].min()


def test_copies_stay_together_within_the_rows_that_a_recipe_sets_aside_itself():
    twice, targets = np.concatenate([X, X]), np.concatenate([Y, Y])
    recipe = rv.Recipe(epochs=1, validation_fraction=0.3)
    study = rv.Study([rv.Job(NETWORK, recipe)]).run(twice, targets, threads=1)
    from ravine.studies.table import Table
    from ravine.studies.trials import Trial

    placed = Trial(study.jobs[0], study._splits[0]).placed(Table(twice, targets))
    assert (placed.groups[:200] == placed.groups[200:]).all()


def test_classes_are_spread_over_the_folds():
    labels = np.where(np.arange(200) % 10 == 0, "rare", "common")
    study = rv.Study(rv.grid(CLASSIFIER, SHORT, seed=[0])).run(X, labels, cv=4, threads=1)
    rare = [(labels[split.validation_rows] == "rare").sum() for split in study._splits]
    assert rare == [5, 5, 5, 5]
    assert "val_accuracy" in study.to_frame()


def test_one_class_to_learn_from_is_an_error_that_names_the_fold():
    labels = np.where(np.arange(200) < 100, "low", "high")
    study = rv.Study(rv.grid(CLASSIFIER, SHORT, seed=[0]))
    folds = [(np.arange(50, 150), np.arange(50)), (np.arange(100), np.arange(100, 200))]
    with (
        pytest.raises(DataError, match="All 100 training rows of fold 1 are of one class"),
        pytest.warns(DataWarning, match="rows of fold 0 that are held out are of one class"),
    ):
        study.run(X, labels, cv=folds)


def test_a_diverged_run_is_a_row_and_its_setting_comes_last_without_a_mean():
    study = rv.Study(
        rv.grid(
            NETWORK, rv.Recipe(optimizer=rv.SGD(), epochs=30), seed=range(2), **{RATE: [1e9, 0.01]}
        )
    ).run(X, Y, threads=1)
    frame = study.to_frame()
    assert frame["status"].tolist() == ["diverged", "finished"] * 2
    assert frame["val_loss"].isna().tolist() == [True, False] * 2
    summary = study.summary()
    assert summary[RATE].tolist() == [0.01, 1e9]
    assert summary["diverged"].tolist() == [0, 2]
    assert np.isnan(summary["mean"][1])
    assert np.isnan(summary["difference"][1])
    assert study.best.recipe.optimizer.learning_rate == 0.01


def test_a_study_of_which_every_run_diverges_says_so_and_keeps_its_table():
    study = rv.Study(rv.grid(NETWORK, rv.Recipe(optimizer=rv.SGD(1e9), epochs=30), seed=[0, 1]))
    study.run(X, Y, threads=1)
    assert study.to_frame()["status"].tolist() == ["diverged", "diverged"]
    with pytest.raises(ParameterError, match="All 1 setting diverged: none is the best"):
        _ = study.best


def test_more_jobs_of_the_same_study_train_only_what_is_new_in_memory():
    study = small(seed=range(2)).run(X, Y, threads=1)
    first = study.to_frame()
    assert study.run(X, Y, threads=1).to_frame().equals(first)  # seconds as well: nothing was run
    assert not study.run(X, Y + 1, threads=1).to_frame().equals(first)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"validation": 0}, r"must be a part of the rows in \(0, 1\)"),
        ({"validation": 1.0}, r"must be a part of the rows in \(0, 1\)"),
        ({"validation": [0, 0]}, "must hold different numbers"),
        ({"validation": [200]}, "must hold different numbers from 0 to 199"),
        ({"validation": range(200)}, "holds all rows"),
        ({"validation": (X, Y), "groups": np.arange(200)}, "cannot go with it"),
        ({"validation": (X[:, :2], Y)}, "The rows set apart have the shape"),
        ({"cv": 1}, "at least 2 folds"),
        ({"cv": 300}, "300 folds are asked for"),
        ({"cv": "five"}, "must be a number of folds"),
        ({"cv": [3]}, "Fold 0 of 'cv' must be a pair"),
        ({"cv": [(range(5), range(4, 9))] * 2}, "Row 4 is both trained on and validated on"),
    ],
)
def test_rows_that_cannot_be_held_out_so_are_an_error(how, message):
    with pytest.raises((ParameterError, DataError), match=message):
        small(seed=[0]).run(X, Y, **how)


def test_an_error_of_one_job_names_it_and_nothing_is_trained():
    stopping = rv.EarlyStopping(monitor="val_accuracy")
    study = rv.Study(rv.grid(NETWORK, SHORT, stopping=[None, stopping]))
    with pytest.raises(ParameterError, match="Job 'stopping=EarlyStopping': EarlyStopping watches"):
        study.run(X, Y)
    with pytest.raises(ParameterError, match="Nothing has been run"):
        study.to_frame()


def test_jobs_with_rows_of_their_own_are_refused():
    with pytest.raises(ParameterError, match="Job 'a' has rows of its own"):
        rv.Study([rv.Job(NETWORK, SHORT, rows=[0, 1], label="a")])
    with pytest.raises(ParameterError, match="A study needs at least one job"):
        rv.Study([])
    with pytest.raises(ParameterError, match="jobs must hold Job objects"):
        rv.Study([NETWORK])
