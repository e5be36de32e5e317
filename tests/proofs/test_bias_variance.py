"""bias_variance against what is known exactly: linear smoothers, sample means, simulators.

Estimates are compared with exact values in units of their own standard errors, from a fixed seed.
Of normal errors one in 16,000 is beyond four of them; an estimator that left out one of its
corrections would be beyond by more, which is tested as well. RAVINE_PROOFS=long takes more models
and repeats.
"""

import os

import numpy as np
import pytest

import ravine as rv
from ravine.diagnostics.bias_variance.decomposition import Comparison, decompose

LONG = os.environ.get("RAVINE_PROOFS") == "long"
STANDARD_ERRORS = 4.0
ALPHAS = [0.0, 0.1, 0.5, 3.0]
SIGMA = 0.7


def truth(X):
    return X[:, 0] - X[:, 1] / 2 + np.sin(2 * X[:, 2]) / 2


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 3)), rng.normal(size=(50, 3))


def ridge_smoother(X, X_test, alpha):
    """The matrix that takes targets at X to predictions at X_test.

    ravine minimises (1/n) Σ r² + ½ α ‖w‖², which is ridge regression with λ = n α / 2; the bias is
    free, so inputs are centred.
    """
    n = len(X)
    centred = X - X.mean(axis=0)
    gram = centred.T @ centred + n * alpha / 2 * np.eye(X.shape[1])
    return 1 / n + (X_test - X.mean(axis=0)) @ np.linalg.solve(gram, centred.T)


@pytest.fixture(scope="module")
def ridge(inputs):
    X, X_test = inputs
    return rv.bias_variance(
        rv.Network([rv.Dense(1)]),
        X,
        None,
        rv.Recipe(optimizer="lbfgs", epochs=200, dtype="float64"),
        over={"penalty.alpha": ALPHAS},
        n_models=400 if LONG else 200,
        truth=truth,
        noise=SIGMA,
        X_test=X_test,
    )


def test_bias_and_variance_of_ridge_regression_are_those_of_its_closed_form(inputs, ridge):
    X, X_test = inputs
    for i, alpha in enumerate(ALPHAS):
        smoother = ridge_smoother(X, X_test, alpha)
        bias2 = np.mean((smoother @ truth(X) - truth(X_test)) ** 2)
        variance = SIGMA**2 * np.mean((smoother**2).sum(axis=1))
        mse = bias2 + variance + SIGMA**2
        for name, exact in (("bias2", bias2), ("variance", variance), ("mse", mse)):
            error = getattr(ridge, name)[i] - exact
            assert abs(error) < STANDARD_ERRORS * getattr(ridge, f"{name}_se")[i], (name, alpha)
        # The comparison means something: standard errors are a small part of what they belong to.
        assert ridge.bias2_se[i] < 0.15 * bias2
        assert ridge.variance_se[i] < 0.1 * variance
    np.testing.assert_allclose(ridge.noise, SIGMA**2, rtol=1e-14)
    np.testing.assert_array_equal(ridge.noise_se, 0)


def test_a_growing_ridge_penalty_trades_variance_for_bias(ridge):
    assert (np.diff(ridge.variance) < 0).all()
    assert (np.diff(ridge.bias2) > 0).all()


def test_estimates_are_unbiased_and_their_standard_errors_honest(inputs):
    # Smoothers in place of networks, so that the whole study can be repeated so often. Of ten
    # models only: the uncorrected bias² would be too large by a tenth of the variance.
    X, X_test = inputs
    smoother = ridge_smoother(X, X_test, 0.1)
    rng = np.random.default_rng(1)
    repeats, models, rows = 1600 if LONG else 600, 10, len(X_test)
    found = {"bias2": [], "variance": [], "mse": []}
    errors = {"bias2": [], "variance": [], "mse": []}
    centre = truth(X_test)[:, np.newaxis]
    for _ in range(repeats):
        targets = truth(X) + SIGMA * rng.normal(size=(models, len(X)))
        fresh = centre + SIGMA * rng.normal(size=(models, rows, 1))
        noise = np.full(rows, SIGMA**2)
        reference = Comparison(centre, noise, measured=False, fresh=fresh)
        parts = decompose((targets @ smoother.T)[..., np.newaxis], reference)
        for name in found:
            found[name].append(parts[name].value)
            errors[name].append(parts[name].se)
    bias2 = np.mean((smoother @ truth(X) - truth(X_test)) ** 2)
    variance = SIGMA**2 * np.mean((smoother**2).sum(axis=1))
    exact = {"bias2": bias2, "variance": variance, "mse": bias2 + variance + SIGMA**2}
    for name, value in exact.items():
        of_mean = np.std(found[name]) / np.sqrt(repeats)
        assert abs(np.mean(found[name]) - value) < STANDARD_ERRORS * of_mean
        # A standard deviation of 600 values is known to 3 %; the jackknife of a mean is unbiased
        # as a variance, that of curved statistics of ten models some tenth too large.
        ratio = np.sqrt(np.mean(np.square(errors[name]))) / np.std(found[name])
        assert 0.93 < ratio < 1.2, name
    assert variance / models > 5 * np.std(found["bias2"]) / np.sqrt(repeats)


def test_standard_errors_on_measured_rows_count_the_rows_as_a_sample():
    # Each repeat has new models and new test rows. Predictions are x + u_m + v_m x, targets
    # 2 x + ε, so that bias² + noise = E x² + σ² = 1.25 and variance = E (u + v x)² = 0.5.
    rng = np.random.default_rng(2)
    repeats, models, rows = 400 if LONG else 200, 12, 60
    found, errors = [], []
    for _ in range(repeats):
        x, (u, v) = rng.normal(size=rows), 0.5 * rng.normal(size=(2, models, 1))
        targets = 2 * x + 0.5 * rng.normal(size=rows)
        predictions = (x + u + v * x)[..., np.newaxis]
        reference = Comparison(targets[:, np.newaxis], None, measured=True, sampled=True)
        parts = decompose(predictions, reference)
        found.append([parts["bias2"].value, parts["variance"].value])
        errors.append([parts["bias2"].se, parts["variance"].se])
    of_mean = np.std(found, axis=0) / np.sqrt(repeats)
    assert (np.abs(np.mean(found, axis=0) - [1.25, 0.5]) < STANDARD_ERRORS * of_mean).all()
    # A standard deviation of 200 values is known to 5 %.
    ratio = np.sqrt(np.mean(np.square(errors), axis=0)) / np.std(found, axis=0)
    assert (ratio > 0.88).all()
    assert (ratio < 1.12).all()


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_three_parts_of_a_simulated_network_add_up_to_its_error(outputs):
    X = np.linspace(-2, 2, 40).reshape(-1, 1)
    found = rv.bias_variance(
        rv.Network([rv.Dense(8, activation="tanh"), rv.Dense(outputs)]),
        X,
        None,
        rv.Recipe(optimizer=rv.Adam(0.03), epochs=40, batch_size=20),
        over={"epochs": [5, 40]},
        n_models=50,
        truth=lambda X: np.sin(np.arange(1, outputs + 1) * X),
        noise=0.4,
    )
    total = found.bias2 + found.variance + found.noise
    # MSE − total = mean(σ² ε² − σ²) − 2 σ mean(ε (f̂ − f)), ε fresh and normal.
    numbers = found.n_models * found.n_test * outputs
    spread = np.sqrt((2 * 0.4**4 + 4 * 0.4**2 * (found.bias2 + found.variance)) / numbers)
    assert (np.abs(found.mse - total) < STANDARD_ERRORS * spread).all()
    assert (found.mse != total).all()
    assert (spread < 0.05 * total).all()


CLASSIFIERS = {
    "cross-entropy": (rv.Network([rv.Dense(3)], loss="cross_entropy"), [0.2, 0.3, 0.5]),
    "two classes": (rv.Network([rv.Dense(1)], loss="binary_cross_entropy"), [0.3, 0.7]),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_brier_score_of_class_frequencies_is_taken_apart_as_known(name):
    # All inputs are 0, so that the network can only learn the classes' frequencies p̂ in n labels:
    # bias 0, variance Σ p (1 − p) / n, noise Σ p (1 − p).
    network, shares = CLASSIFIERS[name]
    shares = np.array(shares)
    n = 60
    found = rv.bias_variance(
        network,
        np.zeros((n, 1)),
        None,
        rv.Recipe(optimizer="lbfgs", epochs=100, dtype="float64"),
        n_models=300,
        truth=lambda X: np.tile(shares, (len(X), 1)),
    )
    noise = (shares * (1 - shares)).sum()
    assert found.measure == "Brier score"
    assert found.noise[0] == pytest.approx(noise, rel=1e-12)
    assert abs(found.variance[0] - noise / n) < STANDARD_ERRORS * found.variance_se[0]
    assert abs(found.bias2[0]) < STANDARD_ERRORS * found.bias2_se[0]
    assert abs(found.mse[0] - noise * (1 + 1 / n)) < STANDARD_ERRORS * found.mse_se[0]
    assert found.variance_se[0] < 0.2 * found.variance[0]


def test_brier_score_on_measured_labels_is_that_of_each_model_on_average():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2))
    codes = (X.sum(axis=1) + rng.normal(size=150) > 0).astype(int) + (X[:, 0] > 1)
    labels = np.array(["a", "b", "c"])[codes]
    network = rv.Network([rv.Dense(3)], loss="cross_entropy")
    recipe = rv.Recipe(optimizer="lbfgs", epochs=30, dtype="float64", penalty=rv.L2(0.1))
    test = {"X_test": X[100:], "y_test": labels[100:]}
    options = {"n_models": 3, "method": "subsets"} | test
    found = rv.bias_variance(network, X[:100], labels[:100], recipe, **options)
    # The same parts by hand, one model after the other.
    rows = np.random.default_rng([0, 3, 0]).permutation(100)[:99].reshape(3, 33)
    one_hot = labels[100:, np.newaxis] == np.array(["a", "b", "c"])
    scores = []
    for part in rows:
        model = rv.train(network, X[:100][part], labels[:100][part], recipe)
        scores.append(((model.predict_proba(X[100:]) - one_hot) ** 2).sum(axis=1).mean())
    # L-BFGS ends within 1e-5 of the one optimum, whatever the first weights.
    assert found.mse[0] == pytest.approx(np.mean(scores), abs=1e-4)
    assert found.bias2[0] + found.variance[0] == pytest.approx(found.mse[0], rel=1e-12)
    assert not found.separate


@pytest.fixture(scope="module")
def sample():
    """Targets about 3 with standard deviation 2, and inputs that say nothing of them."""
    rng = np.random.default_rng(3)
    return np.zeros((600, 1)), 3 + 2 * rng.normal(size=600)


MEAN = rv.Recipe(optimizer="lbfgs", epochs=30, dtype="float64")


def test_bootstrapped_means_have_the_variance_of_the_bootstrap(sample):
    X, y = sample
    y, y_test = y[:50], y[50:]
    found = rv.bias_variance(
        rv.Network([rv.Dense(1)]),
        X[:50],
        y,
        MEAN,
        n_models=400 if LONG else 120,
        X_test=X[50:],
        y_test=y_test,
        method="bootstrap",
    )
    # The mean of n draws from n values varies by their own variance (divisor n) over n. The test
    # rows say the same of all models, so that only models make the standard error.
    assert abs(found.variance[0] - y.var() / 50) < STANDARD_ERRORS * found.variance_se[0]
    assert found.variance_se[0] < 0.2 * found.variance[0]
    # Models without row i average the mean of the other rows, (n ȳ − y_i) / (n − 1): leave-one-out.
    others = (50 * y.mean() - y) / 49
    assert found.out_of_bag[0] == pytest.approx(np.mean((y - others) ** 2), rel=0.02)
    assert np.isnan([found.bias2[0], found.noise[0], found.mse[0]]).all()


def test_paired_differences_show_what_unpaired_standard_errors_hide():
    # Early and late on measured rows: models on bootstrap samples, whose errors are paired.
    from sklearn.datasets import load_diabetes

    from ravine.diagnostics.bias_variance.decomposition import estimate, moments

    data = load_diabetes()
    y = (data.target - data.target.mean()) / data.target.std()
    order = np.random.default_rng(0).permutation(len(y))
    X, X_test, y, y_test = (a[part] for a in (data.data, y) for part in (order[:354], order[354:]))
    network = rv.Network(
        [rv.Normalize(), rv.Dense(64, activation="relu"), rv.Dense(1, initializer="zeros")]
    )
    rng, found = np.random.default_rng(1), []
    rows = rng.integers(354, size=(25, 354))
    comparison = Comparison(y_test[:, np.newaxis], None, measured=True, sampled=True)
    for epochs in (4, 128):
        recipe = rv.Recipe(optimizer=rv.Adam(3e-3), batch_size=32, epochs=epochs)
        jobs = [rv.Job(network, recipe.replace(seed=i), rows=r) for i, r in enumerate(rows)]
        models = rv.train_many(jobs, X, y)
        predictions = np.stack([model.predict(X_test) for model in models])[..., np.newaxis]
        found.append(moments(predictions, comparison))
    early, late = (estimate(one)["mse"] for one in found)
    difference = estimate(found[1], found[0])["mse"]
    assert difference.value == pytest.approx(late.value - early.value)
    assert difference.se < 0.6 * np.hypot(early.se, late.se)
    assert difference.value > 2 * difference.se
    # Leaving out each model, and each row, in turn; what both do at once is counted once.
    errors = [one.whole["scored"] for one in found]
    of_models = np.var(errors[1] - errors[0], ddof=1) / 25
    of_rows = 88 * np.var(found[1].shares["mse"] - found[0].shares["mse"], ddof=1)
    assert difference.se**2 < of_models + of_rows
    assert difference.se**2 > 0.8 * (of_models + of_rows)


def test_means_of_disjoint_subsets_have_the_variance_of_means_of_that_size(sample):
    X, y = sample
    found = rv.bias_variance(
        rv.Network([rv.Dense(1)]), X, y, MEAN, n_models=24, method="subsets", noise=2.0
    )
    assert found.n_test == 120  # a fifth; 480 rows are left, 20 for each model
    assert abs(found.variance[0] - 4.0 / 20) < STANDARD_ERRORS * found.variance_se[0]
    assert abs(found.bias2[0]) < STANDARD_ERRORS * found.bias2_se[0]  # the noise is taken off
    assert found.separate
    assert found.noise[0] == 4.0
    assert found.bias2[0] + found.variance[0] + 4.0 == pytest.approx(found.mse[0], rel=1e-12)
