"""Intervals and probabilities of the Neural estimators on simulated tables, over and over.

An interval that says 90 % holds 90 % of new rows: whatever copies and weights a table has, for new
groups where rows come in groups, and where a few cells hold all rows. Probabilities are no sharper
than those of a table without copies. RAVINE_PROOFS=long repeats it on a hundred tables and prints
the figures.
"""

import os

import numpy as np
import pytest

import ravine as rv

LONG = os.environ.get("RAVINE_PROOFS") == "long"
TABLES = 100 if LONG else 4  # of each kind
COVERAGE = 0.9

HOW = {
    "n_members": 5,
    "hidden_layer_sizes": (32,),
    "epochs": 30,
    "variants": None,
    "random_state": 0,
    "n_jobs": 1,
}


def say(*figures):
    if LONG:
        print(*figures)


def covered(estimator, X, y):
    lower, upper = estimator.predict_interval(X, COVERAGE).T
    return float(np.mean((lower <= y) & (y <= upper)))


# --- Copies and weights --------------------------------------------------------------------------


def noise(rng, n):
    """Rows whose target has nothing to do with them: whoever memorises them is found out."""
    return rng.normal(size=(n, 6)), rng.normal(size=n)


def given(how, X, y, rng):
    """Arguments of fit."""
    n = len(y)
    if how == "each row 3 times":
        return np.repeat(X, 3, axis=0), np.repeat(y, 3), None
    weights = {
        "no weights": None,
        "all weights 3": np.full(n, 3.0),
        "weights 1 to 5": rng.integers(1, 6, n),
        "real weights": rng.uniform(0.1, 3.0, n),
    }
    return X, y, weights[how]


WAYS = ["no weights", "all weights 3", "weights 1 to 5", "real weights", "each row 3 times"]


@pytest.mark.parametrize("how", WAYS)
def test_intervals_hold_what_they_say_whatever_copies_and_weights_a_table_has(how):
    found = []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        (X, y), (X_new, y_new) = noise(rng, 300), noise(rng, 2_000)
        estimator = rv.NeuralRegressor(**HOW).fit(*given(how, X, y, rng))
        found.append(covered(estimator, X_new, y_new))
    say(f"{how}: {np.mean(found):.3f} of {COVERAGE} (SE {np.std(found) / len(found) ** 0.5:.3f})")
    assert np.mean(found) >= COVERAGE - 0.02


@pytest.mark.parametrize("how", WAYS[1:])
def test_copies_and_weights_do_not_sharpen_probabilities(how):
    temperatures = []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        X, y = noise(rng, 300)
        c = X[:, 0] + 2 * y > 0
        plain = rv.NeuralClassifier(**HOW).fit(X, c).temperature_
        temperatures.append(
            (plain, rv.NeuralClassifier(**HOW).fit(*given(how, X, c, rng)).temperature_)
        )
    plain, other = np.exp(np.log(temperatures).mean(axis=0))
    say(f"{how}: temperature {other:.3f}, without {plain:.3f}")
    # Weights change what is learnt, and by it the temperature; certainty of copies halves it.
    assert other == pytest.approx(plain, rel=0.15)


# --- Groups --------------------------------------------------------------------------------------


def sites(rng, n_sites, rows):
    """Rows of sites, each with an effect of its own, and one column that is the same in a site."""
    site = np.repeat(np.arange(n_sites), rows)
    X = rng.normal(size=(len(site), 4))
    X[:, 3] = rng.normal(size=n_sites)[site]
    y = X[:, 0] + rng.normal(size=n_sites)[site] + rng.normal(size=len(site))
    return X, y, site


def test_intervals_hold_what_they_say_for_a_row_of_a_new_site():
    found, without = [], []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        (X, y, site), (X_new, y_new, _) = sites(rng, 30, 20), sites(rng, 3_000, 1)
        found.append(covered(rv.NeuralRegressor(**HOW).fit(X, y, groups=site), X_new, y_new))
        without.append(covered(rv.NeuralRegressor(**HOW).fit(X, y), X_new, y_new))
    say(f"30 sites of 20 rows: {np.mean(found):.3f} of {COVERAGE}, without groups "
        f"{np.mean(without):.3f}")  # fmt: skip
    assert np.mean(found) >= COVERAGE - 0.02
    assert np.mean(without) < COVERAGE - 0.02  # or the test says nothing of groups


def test_sites_of_unequal_size_count_alike():
    found = []
    for seed in range(TABLES):
        rng = np.random.default_rng(seed)
        X, y, site = sites(rng, 30, 60)
        kept = rng.random(len(site)) < (0.05 + 0.95 * (site % 10 == 0))  # 3 large sites, 27 small
        fit = rv.NeuralRegressor(**HOW).fit(X[kept], y[kept], groups=site[kept])
        found.append(covered(fit, *sites(rng, 3_000, 1)[:2]))
    say(f"30 sites of unequal size: {np.mean(found):.3f} of {COVERAGE}")
    assert np.mean(found) >= COVERAGE - 0.02


# --- A few cells ---------------------------------------------------------------------------------


def cells(rng):
    """How to draw rows of 20 cells, each with a mean, a spread and a share of its own."""
    mean, spread = rng.normal(size=20), rng.uniform(0.5, 1.5, 20)
    share = rng.uniform(0.02, 0.98, 20)

    def draw(n):
        cell = rng.integers(0, 20, n)
        y = (mean[cell] + spread[cell] * rng.normal(size=n)).round(1)
        return cell[:, None].astype(float), y, rng.random(n) < share[cell]

    return draw


def test_rows_of_a_few_cells_are_independent_rows():
    coverage, temperatures = [], []
    for seed in range(TABLES if LONG else 3):
        rng = np.random.default_rng(seed)
        draw = cells(rng)
        (X, y, c), (X_new, y_new, _) = draw(2_000), draw(5_000)
        apart = X + 1e-9 * rng.normal(size=X.shape)  # the same table, but no two rows are equal
        how = HOW | {"epochs": 12}
        coverage.append([covered(rv.NeuralRegressor(**how).fit(x, y), X_new, y_new)
                         for x in (X, apart)])  # fmt: skip
        temperatures.append([rv.NeuralClassifier(**how).fit(x, c).temperature_ for x in (X, apart)])
    own, independent = np.mean(coverage, axis=0)
    say(f"20 cells: {own:.3f} of {COVERAGE}, as different rows {independent:.3f}")
    assert own == pytest.approx(COVERAGE, abs=0.02)
    own, independent = np.exp(np.log(temperatures).mean(axis=0))
    say(f"20 cells: temperature {own:.3f}, as different rows {independent:.3f}")
    assert own == pytest.approx(independent, rel=0.1)
