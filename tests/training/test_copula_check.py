"""Synthesize says where it does not suit: rows whose dependence a Gaussian copula cannot carry."""

import warnings

import numpy as np
import pytest

import ravine as rv
from ravine.training.copula_check import find_misfit

RECIPE = rv.Recipe(epochs=1, augmentation=rv.Synthesize())
LINE = rv.Network([rv.Dense(1)])
CLASSES = rv.Network([rv.Dense(2)], loss="cross_entropy")


def rows(n=300, columns=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n, columns))


def bent(X):
    return X[:, 0] ** 2 + X[:, 0] * X[:, 1]


def warnings_of(train):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train()
    return caught


def test_a_target_of_squares_and_products_is_warned_of_with_its_numbers_and_the_cure():
    X = rows()
    (warning,) = warnings_of(lambda: rv.train(LINE, X, bent(X), RECIPE))
    assert warning.category is UserWarning
    assert warning.filename == __file__
    found = find_misfit(X.astype("f4"), bent(X).astype("f4")[:, None], 0, rv.Synthesize(), [])
    text = str(warning.message)
    assert text.startswith("Synthesize does not suit these rows: y depends on column 0 of X")
    assert f"{found.standard_errors:.1f} standard errors" in text
    assert f"reaches {found.limit:.1f}" in text
    assert "Leave Synthesize out" in text


@pytest.mark.parametrize(
    ("target", "columns"),
    [
        (lambda X: X[:, 1] * X[:, 2], (1, 2)),
        (lambda X: X[:, 1] ** 2, (1,)),
        (lambda X: np.abs(X[:, 2]) + X[:, 0], (2,)),
        (lambda X: np.sin(3 * X[:, 0]), (0,)),
    ],
    ids=["product", "square", "absolute value", "wave"],
)
def test_the_columns_that_it_names_are_those_that_matter(target, columns):
    X = rows()
    found = find_misfit(X, target(X)[:, None], 0, rv.Synthesize(), [])
    assert found.is_certain
    assert found.columns == columns


@pytest.mark.parametrize(
    "target",
    [
        lambda X: X @ [1.0, 2.0, 0.5],
        lambda X: np.exp(X @ [1.0, 2.0, 0.5]),
        lambda X: np.round(X @ [1.0, 2.0, 0.5]),
        lambda X: np.ones(len(X)),
    ],
    ids=["line", "curve of a line", "levels", "constant"],
)
def test_a_gaussian_copula_is_not_warned_of(target):
    X = rows(seed=1)
    rv.train(LINE, X, target(X), RECIPE)


def test_classes_that_lie_crosswise_are_warned_of_and_named():
    X = rows()
    labels = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    (warning,) = warnings_of(lambda: rv.train(CLASSES, X, labels, RECIPE))
    assert "the class 'same' depends on columns 0 and 1 of X" in str(warning.message)


def test_classes_with_a_gaussian_copula_each_are_not_warned_of():
    X = rows()
    labels = np.arange(300) % 2
    X[labels == 1] = X[labels == 1] @ [[1, 0.8, 0], [0, 0.6, 0.5], [0, 0, 1]] + 1
    rv.train(CLASSES, np.exp(X), labels, RECIPE)


def test_a_data_set_is_checked_once_for_all_runs():
    X = rows()
    jobs = [rv.Job(LINE, RECIPE.replace(seed=seed)) for seed in range(3)]
    assert len(warnings_of(lambda: rv.train_many(jobs, X, bent(X)))) == 1


def test_only_the_rows_that_are_trained_on_are_looked_at():
    X = rows(600)
    y = np.where(np.arange(600) < 300, X[:, 2], bent(X))
    job = rv.Job(LINE, RECIPE, rows=np.arange(300), validation_rows=np.arange(300, 600))
    rv.train_many([job], X, y)
    rv.train(LINE, X, y, RECIPE, sample_weight=np.arange(600) < 300)
    other = rv.Job(LINE, RECIPE, rows=np.arange(300, 600))
    assert len(warnings_of(lambda: rv.train_many([other], X, y))) == 1


def test_a_recipe_without_synthesize_is_not_checked():
    X = rows()
    rv.train(LINE, X, bent(X), RECIPE.replace(augmentation=rv.Noise(0.1)))


@pytest.mark.parametrize("n", [1, 5, 19])
def test_too_few_rows_say_nothing(n):
    X = rows(n)
    assert find_misfit(X, bent(X)[:, None], 0, rv.Synthesize(), []) is None


def test_more_columns_than_rows_are_looked_at_too():
    X = rows(100, 200)
    found = find_misfit(X, 3 * X[:, :1] ** 2, 0, rv.Synthesize(), [])
    assert found.is_certain
    assert found.columns == (0,)


def test_the_same_rows_give_the_same_answer():
    X = rows(3000)
    first, second = (find_misfit(X, bent(X)[:, None], 0, rv.Synthesize(), []) for _ in range(2))
    assert first == second


def test_of_many_columns_some_are_looked_at_and_named_by_their_own_numbers():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1000, 600))
    groups = [(0, 599), *range(10, 590, 7)]
    X[:, [0, 599]] = np.eye(2)[(rng.random(1000) > 0.5).astype(int)]
    X[:, list(range(10, 590, 7))] = (X[:, list(range(10, 590, 7))] > 0).astype(float)
    synthesize = rv.Synthesize(categories=groups)
    straight = X[:, 1:9] @ np.ones((8, 1)) + rng.standard_normal((1000, 1))
    assert not find_misfit(X, straight, 0, synthesize, []).is_certain
    looked_at = np.random.default_rng(0).permutation(600)[:200]
    bent = next(c for c in looked_at.tolist() if c not in {0, 599, *range(10, 590, 7)})
    found = find_misfit(X, X[:, [bent]] ** 2, 0, synthesize, [])
    assert found.is_certain
    assert found.columns == (bent,)
