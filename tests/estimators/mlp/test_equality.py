"""The MLPs compute what scikit-learn's compute: exactly where the order of rows does not matter."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import ravine as rv

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 6))
NUMBERS = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * RNG.normal(size=150)
X_BINARY, BINARY = make_classification(150, 6, random_state=0)
X_IRIS, IRIS = load_iris(return_X_y=True)
X_IRIS = scale(X_IRIS)
X_LABELS, LABELS = make_multilabel_classification(150, 6, random_state=0)
X_LABELS = scale(X_LABELS)
WEIGHTS = RNG.uniform(0.2, 2, size=150)

TARGETS = {
    "numbers": ("MLPRegressor", {}, X, NUMBERS),
    "two columns": ("MLPRegressor", {}, X, np.column_stack([NUMBERS, np.cos(X[:, 3])])),
    "counts": ("MLPRegressor", {"loss": "poisson"}, X, RNG.poisson(np.exp(0.5 * X[:, 0]))),
    "two classes": ("MLPClassifier", {}, X_BINARY, BINARY),
    "three classes": ("MLPClassifier", {}, X_IRIS, IRIS),
    "labels": ("MLPClassifier", {}, X_LABELS, LABELS),
}

DESCENT = {
    "plain": {"momentum": 0.0},
    "momentum": {"nesterovs_momentum": False},
    "nesterov": {},
    "full momentum": {"momentum": 1.0, "learning_rate_init": 1e-5},
    "logistic": {"activation": "logistic"},
    "tanh, deep": {"activation": "tanh", "hidden_layer_sizes": (8, 5)},
    "linear": {"activation": "identity"},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "strong penalty": {"alpha": 1.0},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.1},
    "adaptive": {"learning_rate": "adaptive", "learning_rate_init": 0.1, "tol": 0.02},
    "stops": {"tol": 0.02, "n_iter_no_change": 3},
    "never stops": {"n_iter_no_change": np.inf},
}


def both(kind, parameters, X, y, **more):
    """Fit scikit-learn's and ours alike; warnings of either are those of the other."""
    found, heard = [], []
    for home in (neural_network, rv):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found.append(getattr(home, kind)(**parameters).fit(X, y, **more))
        heard.append([item.category for item in caught])
    assert heard[0] == heard[1]
    return found


def assert_same(theirs, ours, rtol=1e-8):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(theirs, name), getattr(ours, name), strict=True):
            np.testing.assert_allclose(b, a, rtol=rtol, atol=rtol)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=rtol)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("descent", DESCENT)
def test_descent_takes_the_same_steps_from_the_same_first_weights(descent, target, weighted):
    kind, more, X, y = TARGETS[target]
    parameters = {
        "solver": "sgd",
        "hidden_layer_sizes": (10,),
        "max_iter": 40,
        "random_state": 1,
        **more,
    } | DESCENT[descent]
    weights = {"sample_weight": WEIGHTS} if weighted else {}
    theirs, ours = both(kind, parameters, X, y, **weights)
    # 40 epochs of the same operations in another order of summation
    assert_same(theirs, ours)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)
    np.testing.assert_allclose(ours.best_loss_, theirs.best_loss_, rtol=1e-8)
    assert ours.validation_scores_ is theirs.validation_scores_ is None
    assert ours.best_validation_score_ is theirs.best_validation_score_ is None
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("target", TARGETS)
def test_mini_batches_in_order_take_the_same_steps(target):
    kind, more, X, y = TARGETS[target]
    parameters = {
        "solver": "sgd",
        "shuffle": False,
        "batch_size": 50,
        "max_iter": 40,
        "hidden_layer_sizes": (10,),
        "random_state": 1,
        **more,
    }
    theirs, ours = both(kind, parameters, X, y)
    assert_same(theirs, ours)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_early_stopping_holds_out_the_same_rows_and_stops_in_the_same_epoch(target, weighted):
    kind, more, X, y = TARGETS[target]
    parameters = {
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "early_stopping": True,
        "random_state": 3,
        "hidden_layer_sizes": (10,),
        **more,
    }
    weights = {"sample_weight": WEIGHTS} if weighted else {}
    theirs, ours = both(kind, parameters, X, y, **weights)
    assert_same(theirs, ours)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, atol=1e-8)
    np.testing.assert_allclose(ours.best_validation_score_, theirs.best_validation_score_)
    assert ours.best_loss_ is theirs.best_loss_ is None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_adam_takes_the_same_steps(target, epsilon):
    kind, more, X, y = TARGETS[target]
    parameters = {
        "activation": "tanh",
        "epsilon": epsilon,
        "alpha": 0.1,
        "max_iter": 40,
        "random_state": 1,
        "hidden_layer_sizes": (10,),
        "learning_rate_init": 0.01,
        **more,
    }
    theirs, ours = both(kind, parameters, X, y)
    # gradients that cross 0 amplify rounding: m / √v has no scale
    assert_same(theirs, ours, rtol=1e-6)


CONVEX = {"hidden_layer_sizes": (), "alpha": 0.1, "solver": "lbfgs", "tol": 1e-7, "max_iter": 2000}


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "two columns"])
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_lbfgs_reaches_the_same_optimum_where_there_is_one(target, weighted):
    # not for several columns of numbers: scikit-learn's loss is their mean there, its gradient that
    # of their sum
    kind, more, X, y = TARGETS[target]
    weights = {"sample_weight": WEIGHTS} if weighted else {}
    theirs, ours = both(kind, {**CONVEX, **more, "random_state": 1}, X, y, **weights)
    # both stop when an iteration gains less than 2e-9
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-7)
    # at a flat optimum weights are known to about the root of the loss's digits, 4e-5, times what
    # the problem's condition makes of it
    scale_of = np.abs(theirs.coefs_[0]).max()
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-3 * scale_of)
    assert not hasattr(ours, "loss_curve_")
    assert not hasattr(theirs, "loss_curve_")


def test_lbfgs_fits_a_deep_network_as_well():
    parameters = {
        "solver": "lbfgs",
        "activation": "tanh",
        "alpha": 1.0,
        "max_iter": 3000,
        "tol": 1e-6,
        "hidden_layer_sizes": (6,),
        "random_state": 0,
    }
    theirs, ours = both("MLPRegressor", parameters, X, NUMBERS)
    # a network has many optima: the searches need not end in the same one
    assert ours.loss_ < 1.1 * theirs.loss_
    assert ours.n_iter_ > 20


# --- Going on ------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("target", ["numbers", "three classes"])
def test_partial_fit_keeps_what_the_optimizer_remembers(solver, target):
    kind, more, X, y = TARGETS[target]
    parameters = {
        "solver": solver,
        "activation": "tanh",
        "alpha": 0.1,
        "random_state": 1,
        "learning_rate_init": 0.01,
        **more,
    }
    theirs = getattr(neural_network, kind)(**parameters)
    ours = getattr(rv, kind)(**parameters)
    classes = {"classes": [0, 1, 2]} if kind == "MLPClassifier" else {}
    for part in (slice(0, 70), slice(70, 150), slice(20, 110)):
        for estimator in (theirs, ours):
            estimator.partial_fit(X[part], y[part], **classes)
    assert_same(theirs, ours, rtol=1e-6)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    assert len(ours.history_) == 3


def test_partial_fit_after_fit_goes_on_with_the_same_optimizer():
    parameters = {"solver": "sgd", "max_iter": 5, "random_state": 1}
    theirs, ours = both("MLPRegressor", parameters, X, NUMBERS)
    for estimator in (theirs, ours):
        estimator.partial_fit(X, NUMBERS)
    assert_same(theirs, ours)


def test_a_warm_start_goes_on_from_the_weights_with_a_fresh_optimizer():
    parameters = {"solver": "sgd", "max_iter": 5, "random_state": 1, "warm_start": True}
    theirs, ours = both("MLPRegressor", parameters, X, NUMBERS)
    with pytest.warns(ConvergenceWarning):
        theirs.fit(X, NUMBERS)
    with pytest.warns(ConvergenceWarning):
        ours.fit(X, NUMBERS)
    assert_same(theirs, ours)
    assert len(ours.loss_curve_) == len(theirs.loss_curve_) == 10


def test_a_warm_start_takes_weights_that_were_put_there():
    first = neural_network.MLPRegressor(solver="sgd", max_iter=1, random_state=5)
    ours = rv.MLPRegressor(solver="sgd", max_iter=1, random_state=6)
    for estimator in (first, ours):
        with pytest.warns(ConvergenceWarning):
            estimator.fit(X, NUMBERS)
    ours.coefs_ = [coef.copy() for coef in first.coefs_]
    ours.intercepts_ = [intercept.copy() for intercept in first.intercepts_]
    for estimator in (first, ours):
        with pytest.warns(ConvergenceWarning):
            estimator.set_params(warm_start=True, max_iter=20).fit(X, NUMBERS)
    for a, b in zip(first.coefs_, ours.coefs_, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-8)


# --- Mini-batches --------------------------------------------------------------------------------


def test_the_penalty_of_an_epoch_is_the_same_when_the_last_mini_batch_is_smaller():
    # scikit-learn divides alpha by the rows of each mini-batch, 100 and 50 here; ravine's is one
    # number, their mean: a step differs, an epoch does not to first order in the rate
    parameters = {
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate_init": 1e-4,
        "alpha": 100.0,
        "batch_size": 100,
        "shuffle": False,
        "max_iter": 1,
        "random_state": 0,
    }
    theirs, ours = both("MLPRegressor", parameters, X, 0 * NUMBERS)
    start = neural_network.MLPRegressor(**{**parameters, "learning_rate_init": 1e-300})
    with pytest.warns(ConvergenceWarning):
        start.fit(X, 0 * NUMBERS)
    moved, difference = (
        np.linalg.norm(a.coefs_[0] - b.coefs_[0]) for a, b in ((theirs, start), (theirs, ours))
    )
    assert moved > 0
    assert difference < 1e-3 * moved  # second order: the rate times the penalty is 1e-4
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-3)


def test_default_parameters_end_at_the_same_loss_within_the_noise_of_the_order_of_rows():
    X, y = make_classification(900, 10, n_informative=6, random_state=1)
    losses = {}
    for home in (neural_network, rv):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            losses[home] = [
                home.MLPClassifier(max_iter=40, random_state=seed).fit(X, y).loss_
                for seed in range(6)
            ]
    means = [np.mean(found) for found in losses.values()]
    errors = [np.std(found, ddof=1) / np.sqrt(len(found)) for found in losses.values()]
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors)
