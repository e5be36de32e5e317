"""Copies of a row, in bias_variance, never lie on both sides."""

import numpy as np
import pytest

import ravine as rv
from ravine.diagnostics.bias_variance.copied_rows import find_copies
from ravine.diagnostics.bias_variance.inputs import Inputs, measured_table
from ravine.diagnostics.bias_variance.resampling import bootstrap_rows, disjoint_rows
from ravine.diagnostics.bias_variance.sweeps import read_sweep

N = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 4))
Y = RNG.normal(size=N)  # X says nothing of it
TWICE = np.repeat(X, 2, axis=0), np.repeat(Y, 2)
LINE, RECIPE = rv.mlp(), rv.Recipe(optimizer="lbfgs", epochs=30)


def table_of(X, y, network=LINE, **sides):
    inputs = Inputs.of(read_sweep(network, RECIPE, None, y), X)
    sides = {"groups": None, "time": None} | sides
    return measured_table(inputs, y, 0.25, 0, **sides)


@pytest.mark.parametrize("classes", [False, True])
def test_no_split_has_copies_on_both_sides(classes):
    X, y = TWICE
    network = rv.mlp(outputs=None, loss="cross_entropy") if classes else LINE
    table, rows = table_of(X, y > 0 if classes else y, network)
    kept, aside = rows[: table.n], rows[table.n :]
    assert len(kept) == 90
    assert not {row.tobytes() for row in kept} & {row.tobytes() for row in aside}
    for trained, held_out in table.folds().pairs:
        assert not set(table.copies[trained]) & set(table.copies[held_out])
        if classes:  # each fold has its share of both
            assert abs(table.y[held_out].mean() - table.y.mean()) < 0.1
    for bag in [bootstrap_rows(table, i) for i in range(3)]:
        outside = np.setdiff1d(np.arange(90), bag)
        assert not set(table.copies[outside]) & set(table.copies[bag])
    parts = [set(table.copies[part]) for part in disjoint_rows(table, 3)]
    assert not parts[0] & parts[1]
    assert table.test_units.max() + 1 == 15


def test_copies_do_not_make_a_memory_look_like_a_good_reference():
    # A network that memorises rows knows the held-out copies of rows that it was trained on.
    X, y = TWICE
    found = rv.bias_variance(
        rv.mlp(64),
        X,
        y,
        rv.Recipe(optimizer=rv.Adam(0.01), epochs=200),
        over={"penalty.alpha": [0, 3]},
        n_models=6,
        n_tables=0,
    )
    assert found.reference.cv_error[0] > 1.3 * Y.var()
    assert found.reference.name == "penalty.alpha=3"


def test_the_out_of_bag_error_is_of_models_without_copies_of_the_row():
    X = np.repeat(RNG.normal(size=(N, 25)), 2, axis=0)
    y = TWICE[1]
    apart = X + 1e-6 * RNG.normal(size=X.shape)
    found, with_copies = (
        rv.bias_variance(LINE, rows, y, RECIPE, n_models=40, method="bootstrap").out_of_bag[0]
        for rows in (X, apart)
    )
    assert found > 1.2 * with_copies


def test_simulated_copies_stay_copies():
    seen = []

    class Watched:
        def fit(self, X, y):
            seen.append((X, y))
            return self

        def predict(self, X):
            return np.zeros(len(X))

        def get_params(self, deep=True):
            return {}

        def set_params(self, **_):
            return self

    X, y = TWICE
    rv.bias_variance(LINE, X, y, RECIPE, n_models=4, n_tables=2, reference=Watched())
    again = [pair for pair in seen if len(pair[1]) == 96]  # a fifth is set aside
    assert len(again) > 1
    for rows, targets in again:
        np.testing.assert_array_equal(rows[::2], rows[1::2])
        np.testing.assert_array_equal(targets[::2], targets[1::2])


def test_equal_rows_with_other_targets_in_other_groups_or_in_few_cells_are_no_copies():
    y = np.repeat(Y, 2)[:, np.newaxis]
    X = TWICE[0]
    assert len(np.unique(find_copies(X, y))) == N
    assert find_copies(X, y, np.tile([0, 1], N)) is None
    assert find_copies(X, y + np.tile([0, 1], N)[:, np.newaxis]) is None
    cells = np.tile(np.arange(5.0), 50)[:, np.newaxis]
    assert find_copies(cells, cells) is None


def test_test_rows_of_a_group_count_as_one_draw_in_standard_errors():
    test = {"X_test": np.repeat(X[:20], 5, axis=0), "y_test": np.repeat(Y[:20], 5)}
    test["X_test"] = test["X_test"] + 1e-6 * RNG.normal(size=(100, 4))  # no copies
    options = {"n_models": 5, "n_tables": 0}
    alone = rv.bias_variance(LINE, X[20:], Y[20:], RECIPE, **options, **test)
    grouped = rv.bias_variance(
        LINE, X[20:], Y[20:], RECIPE, groups_test=np.repeat(np.arange(20), 5), **options, **test
    )
    # Five equal rows are one: the standard error over rows is √5 times as large.
    expected = np.sqrt(5 * 99 / 100 * 20 / 19)
    assert grouped.mse_se[0] / alone.mse_se[0] == pytest.approx(expected, rel=0.01)
    assert grouped.mse[0] == alone.mse[0]
    copied = rv.bias_variance(
        LINE, X[20:], Y[20:], RECIPE, **options,
        X_test=np.repeat(X[:20], 5, axis=0), y_test=test["y_test"],
    )  # fmt: skip
    assert copied.mse_se[0] == pytest.approx(grouped.mse_se[0], rel=0.01)


@pytest.mark.parametrize("options", [{}, {"truth": lambda X: X[:, 0], "noise": 1.0}])
def test_groups_of_test_rows_that_are_not_given_are_an_error(options):
    with pytest.raises(rv.errors.ParameterError, match=r"'groups_test' parameter .*there are none"):
        rv.bias_variance(LINE, X, Y, RECIPE, groups_test=np.arange(5), n_models=3, **options)
