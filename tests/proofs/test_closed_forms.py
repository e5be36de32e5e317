"""Networks whose optimum is known otherwise: linear models against their solvers.

Every comparison needs the two objectives to be the same function; the scaling is derived beside it.
m is the number of rows, r the residuals.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
)

import ravine as rv


def linear(outputs=1, loss="squared_error", **fields):
    return rv.Network([rv.Dense(outputs, **fields)], loss=loss)


def full_batch(optimizer, epochs, **fields):
    return rv.Recipe(
        optimizer=optimizer, batch_size="full", epochs=epochs, dtype="float64", **fields
    )


def weights_of(model):
    return model.parameters["dense_1.weight"], model.parameters["dense_1.bias"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6)) @ (np.eye(6) + 0.3 * rng.normal(size=(6, 6)))
    truth = np.array([2.0, -1.0, 0.0, 0.0, 0.5, 0.0])
    return X, X @ truth + 1.5 + 0.5 * rng.normal(size=200)


@pytest.fixture(scope="module")
def descent(table):
    """Plain descent at the largest rate that is surely stable: 1 over the largest curvature."""
    X, _ = table
    with_ones = np.column_stack([X, np.ones(len(X))])
    curvature = 2 * np.linalg.eigvalsh(with_ones.T @ with_ones / len(X)).max()
    return rv.SGD(learning_rate=1 / curvature)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 2.0])
def test_l2_penalised_linear_network_is_ridge_regression(table, descent, alpha):
    # ravine minimises (1/m) Σ r² + ½ α ‖w‖². Times m: Σ r² + ½ m α ‖w‖², which is ridge regression
    # with λ = m α / 2. The bias is free, so columns and target are centred.
    X, y = table
    ridge = len(X) * alpha / 2
    centred = X - X.mean(axis=0)
    gram = centred.T @ centred + ridge * np.eye(X.shape[1])
    w = np.linalg.solve(gram, centred.T @ (y - y.mean()))
    b = y.mean() - X.mean(axis=0) @ w

    model = rv.train(linear(), X, y, full_batch(descent, 2000, penalty=rv.L2(alpha)))

    weight, bias = weights_of(model)
    np.testing.assert_allclose(weight.ravel(), w, rtol=0, atol=1e-8)
    np.testing.assert_allclose(bias, [b], rtol=0, atol=1e-8)


def test_ridge_with_weighted_rows_and_several_outputs(table):
    # (1/Σs) Σ s ‖r‖²/O + ½ α ‖W‖²: per output, times Σs · O: Σ s r² + ½ α O Σs ‖w‖².
    X, y = table
    Y = np.column_stack([y, -2 * y + X[:, 2], X[:, 0] ** 2])
    s = np.random.default_rng(1).uniform(0.1, 3, len(X))
    alpha = 0.2
    ridge = alpha * Y.shape[1] * s.sum() / 2
    means = s @ X / s.sum(), s @ Y / s.sum()
    centred = X - means[0]
    gram = centred.T @ (s[:, None] * centred) + ridge * np.eye(X.shape[1])
    W = np.linalg.solve(gram, centred.T @ (s[:, None] * (Y - means[1])))

    recipe = full_batch(rv.LBFGS(), 300, penalty=rv.L2(alpha))
    model = rv.train(linear(3), X, Y, recipe, sample_weight=s)

    weight, bias = weights_of(model)
    np.testing.assert_allclose(weight, W, rtol=0, atol=1e-6)
    np.testing.assert_allclose(bias, means[1] - means[0] @ W, rtol=0, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.05, 0.4, 2.0])
def test_proximal_l1_is_the_lasso_with_its_exact_zeros(table, descent, alpha):
    # scikit-learn: (1/2m) Σ r² + a Σ|w|. Twice that is ravine's (1/m) Σ r² + α Σ|w| with α = 2a.
    X, y = table
    lasso = Lasso(alpha=alpha / 2, tol=1e-14, max_iter=100_000).fit(X, y)

    model = rv.train(linear(), X, y, full_batch(descent, 3000, penalty=rv.L1(alpha, proximal=True)))

    weight, bias = weights_of(model)
    np.testing.assert_allclose(weight.ravel(), lasso.coef_, rtol=0, atol=1e-7)
    np.testing.assert_allclose(bias, [lasso.intercept_], rtol=0, atol=1e-7)
    zeros = weight.ravel() == 0.0
    np.testing.assert_array_equal(zeros, lasso.coef_ == 0.0)
    assert zeros.any()


def test_an_l1_penalty_above_the_largest_correlation_leaves_nothing(table, descent):
    # The gradient of (1/m) Σ r² at w = 0, b = mean y, is −2 cov(x, y): below it no weight lives.
    X, y = table
    least = 2 * np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(X)
    for factor, alive in ((1.001, False), (0.99, True)):
        penalty = rv.L1(factor * least, proximal=True)
        model = rv.train(linear(), X, y, full_batch(descent, 1000, penalty=penalty))
        assert weights_of(model)[0].any() == alive


@pytest.mark.parametrize("l1_ratio", [0.2, 0.8])
def test_proximal_elastic_net_is_scikit_learns(table, descent, l1_ratio):
    # scikit-learn: (1/2m) Σ r² + a (ρ Σ|w| + ½ (1−ρ) ‖w‖²). Twice: ravine's with α = 2a.
    X, y = table
    reference = ElasticNet(alpha=0.25, l1_ratio=l1_ratio, tol=1e-14, max_iter=100_000).fit(X, y)

    penalty = rv.ElasticNet(0.5, l1_ratio=l1_ratio, proximal=True)
    model = rv.train(linear(), X, y, full_batch(descent, 3000, penalty=penalty))

    weight, _ = weights_of(model)
    np.testing.assert_allclose(weight.ravel(), reference.coef_, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(weight.ravel() == 0.0, reference.coef_ == 0.0)


@pytest.fixture(scope="module")
def classes(table):
    X, _ = table
    rng = np.random.default_rng(3)
    scores = X[:, :3] + rng.gumbel(size=(len(X), 3))
    return X, scores.argmax(axis=1)


@pytest.mark.parametrize("C", [0.05, 1.0])
def test_binary_network_is_logistic_regression(classes, C):
    # scikit-learn: C Σ logloss + ½ ‖w‖². Over C m: (1/m) Σ logloss + ½ ‖w‖² / (C m), so that
    # ravine's α = 1 / (C m).
    X, y = classes
    y = (y == 0).astype(int)
    reference = LogisticRegression(C=C, tol=1e-12, max_iter=10_000).fit(X, y)

    recipe = full_batch(rv.LBFGS(), 300, penalty=rv.L2(1 / (C * len(X))))
    model = rv.train(linear(loss="binary_cross_entropy"), X, y, recipe)

    weight, bias = weights_of(model)
    np.testing.assert_allclose(weight.ravel(), reference.coef_.ravel(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(bias, reference.intercept_, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(model.predict(X), reference.predict(X))
    ours, theirs = model.predict_proba(X), reference.predict_proba(X)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_cross_entropy_network_is_multinomial_logistic_regression(classes):
    # As above; every class has its own weights in both. Biases are known up to a common shift.
    X, y = classes
    C = 0.5
    reference = LogisticRegression(C=C, tol=1e-12, max_iter=10_000).fit(X, y)

    recipe = full_batch(rv.LBFGS(), 500, penalty=rv.L2(1 / (C * len(X))))
    model = rv.train(linear(3, loss="cross_entropy"), X, y, recipe)

    weight, bias = weights_of(model)
    np.testing.assert_allclose(weight, reference.coef_.T, rtol=0, atol=1e-5)
    shift = reference.intercept_ - reference.intercept_.mean()
    np.testing.assert_allclose(bias - bias.mean(), shift, rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        model.predict_proba(X), reference.predict_proba(X), rtol=0, atol=1e-6
    )


def test_two_classes_by_cross_entropy_or_by_one_logit_are_one_model(classes):
    # Two logits with weights ±w/2 have the penalty ½ α 2 ‖w/2‖² = ½ (α/2) ‖w‖² of one with w.
    X, y = classes
    y = (y == 1).astype(int)
    two = rv.train(
        linear(2, loss="cross_entropy"), X, y, full_batch(rv.LBFGS(), 300, penalty=rv.L2(0.02))
    )
    one = rv.train(
        linear(loss="binary_cross_entropy"), X, y, full_batch(rv.LBFGS(), 300, penalty=rv.L2(0.01))
    )
    np.testing.assert_allclose(two.predict_proba(X), one.predict_proba(X), rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def counts(table):
    X, _ = table
    mean = np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1] + 0.7)
    return X, np.random.default_rng(4).poisson(mean).astype(float)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_poisson_network_is_a_generalised_linear_model(counts, alpha):
    # scikit-learn: (1/m) Σ half deviance + ½ a ‖w‖², and half the Poisson deviance is
    # exp(z) − y z and what depends on y alone: α = a.
    X, y = counts
    reference = PoissonRegressor(alpha=alpha, tol=1e-10, solver="newton-cholesky").fit(X, y)

    recipe = full_batch(rv.LBFGS(), 300, penalty=rv.L2(alpha))
    model = rv.train(linear(loss="poisson"), X, y, recipe)

    weight, bias = weights_of(model)
    np.testing.assert_allclose(weight.ravel(), reference.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(bias, [reference.intercept_], rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.predict(X), reference.predict(X), rtol=1e-5)


def test_poisson_network_is_statsmodels_fit_by_reweighting(counts):
    X, y = counts
    design = sm.add_constant(X)
    reference = sm.GLM(y, design, family=sm.families.Poisson()).fit(tol=1e-12)

    model = rv.train(linear(loss="poisson"), X, y, full_batch(rv.LBFGS(), 300))

    weight, bias = weights_of(model)
    ours = np.concatenate([bias, weight.ravel()])
    np.testing.assert_allclose(ours, reference.params, rtol=0, atol=1e-6)


def test_gamma_network_is_a_generalised_linear_model(counts):
    # Half the gamma deviance is z + y exp(−z) and what depends on y alone.
    X, y = counts
    y = y + 0.5
    reference = GammaRegressor(alpha=0.1, tol=1e-10, solver="newton-cholesky").fit(X, y)

    model = rv.train(linear(loss="gamma"), X, y, full_batch(rv.LBFGS(), 300, penalty=rv.L2(0.1)))

    weight, _ = weights_of(model)
    np.testing.assert_allclose(weight.ravel(), reference.coef_, rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.predict(X), reference.predict(X), rtol=1e-5)


def test_quantile_network_reaches_the_linear_programme(table):
    # The pinball loss has a flat, kinked floor: compare what is reached, not where.
    X, y = table
    reference = QuantileRegressor(quantile=0.8, alpha=0.0, solver="highs").fit(X, y)

    def pinball(prediction):
        residual = y - prediction
        return np.mean(np.maximum(0.8 * residual, -0.2 * residual))

    recipe = full_batch(rv.Adam(rv.ExponentialDecay(0.05, rate=0.004)), 2500)
    model = rv.train(linear(loss=rv.losses.Quantile(0.8)), X, y, recipe)

    assert pinball(reference.predict(X)) <= pinball(model.predict(X)) + 1e-12
    assert pinball(model.predict(X)) <= 1.001 * pinball(reference.predict(X))
    assert abs(np.mean(y <= model.predict(X)) - 0.8) <= 0.03


def test_a_constant_network_learns_mean_median_quantile_and_log_mean():
    # One bias, no columns that say anything: each loss has its own constant.
    # 0.9 of 35 is half-way between two rows: the quantile is the 32nd, and the slope is equal
    # on both its sides.
    y = np.random.default_rng(5).gamma(2.0, 2.0, size=35)
    X = np.zeros((35, 1))
    wanted = {
        "squared_error": np.mean(y),
        "absolute_error": np.median(y),
        rv.losses.Quantile(0.9): np.sort(y)[31],
        "poisson": np.mean(y),
        "gamma": np.mean(y),
    }
    for loss, value in wanted.items():
        recipe = full_batch(rv.Adam(rv.ExponentialDecay(0.1, rate=0.004)), 3000)
        model = rv.train(linear(loss=loss), X, y, recipe)
        np.testing.assert_allclose(model.predict(X[:1]), [value], rtol=2e-3, err_msg=str(loss))


def test_normalize_leaves_the_least_squares_fit_alone(table):
    X, y = table
    X = X * [1, 100, 0.01, 1, 5, 1] + [0, 1000, 3, 0, 0, -7]
    with_ones = np.column_stack([X, np.ones(len(X))])
    fitted = with_ones @ np.linalg.lstsq(with_ones, y, rcond=None)[0]
    network = rv.Network([rv.Normalize(), rv.Dense(1)])
    model = rv.train(network, X, y, full_batch(rv.LBFGS(), 300))
    np.testing.assert_allclose(model.predict(X), fitted, rtol=0, atol=1e-6)
