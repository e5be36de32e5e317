"""What the Neural estimators say of rows and labels counts them as they were given."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import ravine as rv
from ravine.errors import DataError, DataWarning

QUICK = {"n_members": 1, "epochs": 1, "hidden_layer_sizes": (4,), "variants": None}
RNG = np.random.default_rng(0)
X = pd.DataFrame({"x": RNG.normal(size=40)})
ODD = np.arange(40) % 2


@pytest.mark.parametrize("row", [0, 7, 19])
def test_an_error_in_a_validation_row_names_it_as_it_was_given(row):
    others = X[:20].copy()
    others.loc[row, "x"] = np.nan
    with pytest.raises(DataError, match=rf"X_val: Column 'x' .*in row {row + 1}\)"):
        rv.NeuralRegressor(**QUICK).fit(X, X.x, X_val=others, y_val=X.x[:20])


def test_a_warning_of_a_validation_row_names_it_as_it_was_given():
    texts = pd.DataFrame({"x": [*map(str, X.x[:38]), "?!", "?!"]})
    others = pd.DataFrame({"x": [*map(str, X.x[:12]), "soon", *map(str, X.x[13:20])]})
    with pytest.warns(DataWarning) as caught:
        rv.NeuralRegressor(**QUICK).fit(texts, X.x, X_val=others, y_val=X.x[:20])
    assert any("'soon' in row 13" in str(warning.message) for warning in caught)


def test_nothing_is_said_of_a_validation_row_of_weight_0_and_it_is_absent():
    others = X[:20].copy()
    others.loc[3, "x"] = np.nan
    weights = np.where(np.arange(20) == 3, 0.0, 1.0)
    fitted = [
        rv.NeuralRegressor(**QUICK, random_state=0).fit(
            X, X.x, X_val=rows, y_val=y, sample_weight_val=weight
        )
        for rows, y, weight in (
            (others, X.x[:20], weights),
            (others.drop(3), X.x[:20].drop(3), np.ones(19)),
        )
    ]
    np.testing.assert_array_equal(*(estimator.predict(X) for estimator in fitted))


def test_missing_labels_are_counted_from_row_1_like_cells():
    labels = np.where(ODD, "a", "b").astype(object)
    labels[[4, 9]] = None
    with pytest.raises(DataError, match="2 missing labels, the first in row 5"):
        rv.NeuralClassifier(**QUICK).fit(X, labels)


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (np.where(ODD, np.uint64(2**64 - 1), np.uint64(2**64 - 2)), "uint64"),
        (np.where(ODD, np.uint64(2**64 - 1), np.uint64(5)), "uint64"),
        (np.array([2**63 + int(odd) for odd in ODD], dtype=object), "uint64"),
        (np.where(ODD, 2**53 + 1, 2**53), "int64"),
        (np.where(ODD, -(2**63), 2**63 - 1), "int64"),
    ],
    ids=["beyond int64", "far apart", "objects", "beyond 2^53", "ends"],
)
def test_whole_numbers_are_exact_as_labels_whatever_their_size(tmp_path, labels, dtype):
    network = rv.Network([rv.Dense(2)], loss="cross_entropy")
    model = rv.train(network, X, labels, rv.Recipe(epochs=1))
    model.save(tmp_path / "m.safetensors")
    loaded = rv.load(tmp_path / "m.safetensors")
    assert loaded.classes.dtype == dtype
    assert loaded.classes.tolist() == sorted(set(labels.tolist()))
    assert set(loaded.predict(X).tolist()) <= set(labels.tolist())
    assert loaded.evaluate(X, labels) == model.evaluate(X, labels)
    with pytest.raises(DataError, match="labels that the training rows did not have: -7"):
        loaded.evaluate(X[:1], [-7])
    estimator = rv.NeuralClassifier(**QUICK).fit(X, labels)
    assert estimator.classes_.tolist() == sorted(set(labels.tolist()))
    estimator.save(tmp_path / "e.safetensors")
    assert rv.load(tmp_path / "e.safetensors").classes_.tolist() == estimator.classes_.tolist()


def test_whole_numbers_beyond_64_bits_are_refused_as_labels_with_the_cure():
    labels = [2**70 + int(odd) for odd in ODD]
    for fit in (
        lambda: rv.NeuralClassifier(**QUICK).fit(X, np.array(labels, dtype=object)),
        lambda: rv.train(rv.Network([rv.Dense(1)], "binary_cross_entropy"), X, labels),
    ):
        with pytest.raises(DataError, match="beyond 64 bits: 118059162") as caught:
            fit()
        assert "str(label)" in caught.value.hint


def test_train_warns_once_of_labels_that_differ_only_in_blanks():
    labels = np.where(ODD, "a", "a ")
    network = rv.Network([rv.Dense(2)], loss="cross_entropy")
    jobs = [rv.Job(network, rv.Recipe(epochs=1, seed=seed)) for seed in range(3)]
    for train in (
        lambda: rv.train(network, X, labels, rv.Recipe(epochs=1)),
        lambda: rv.train_many(jobs, X, labels),
    ):
        with pytest.warns(DataWarning, match="'a' and 'a ', which differ only in blanks") as caught:
            train()
        assert [warning.filename for warning in caught] == [__file__]


def test_whole_numbers_of_128_bits_are_targets():
    labels = pl.Series([2**63 + int(odd) for odd in ODD], dtype=pl.Int128)
    assert rv.NeuralClassifier(**QUICK).fit(X, labels).classes_.tolist() == [2**63, 2**63 + 1]
    numbers = np.arange(40)
    fitted = [
        rv.NeuralRegressor(**QUICK, random_state=0).fit(X, y)
        for y in (pl.Series(numbers, dtype=pl.Int128), numbers)
    ]
    np.testing.assert_array_equal(*(estimator.predict(X) for estimator in fitted))
