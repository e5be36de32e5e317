"""MLPClassifier and MLPRegressor keep scikit-learn's contract, and work in all of its machinery."""

import inspect
import pickle
import unittest
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn import neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import ravine as rv

X_CLASSES, Y_CLASSES = make_classification(120, 6, random_state=0)
X_NUMBERS, Y_NUMBERS = make_regression(120, 6, noise=5, random_state=0)
Y_NUMBERS = Y_NUMBERS / Y_NUMBERS.std()
QUICK = {"solver": "lbfgs", "hidden_layer_sizes": (8,), "tol": 1e-2, "random_state": 0}
KINDS = ["MLPClassifier", "MLPRegressor"]


def data(kind):
    return (X_CLASSES, Y_CLASSES) if kind == "MLPClassifier" else (X_NUMBERS, Y_NUMBERS)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Some checks.*:UserWarning")
@parametrize_with_checks([rv.MLPClassifier(max_iter=60), rv.MLPRegressor(max_iter=60)])
def test_the_estimators_pass_all_checks_of_scikit_learn(estimator, check):
    skipped = ""
    try:
        check(estimator)
    except unittest.SkipTest as reason:
        skipped = str(reason)
    # scikit-learn skips what does not apply: array API needs an environment variable, and its own
    # neural networks have no decision_function either
    assert not skipped or "SCIPY_ARRAY_API" in skipped or "decision_function" in skipped


# --- Parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_of_scikit_learn_is_there_with_its_default(kind):
    theirs = getattr(neural_network, kind)().get_params()
    ours = getattr(rv, kind)().get_params()
    assert {name: ours.get(name, "missing") for name in theirs} == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_positional_parameters_stand_in_the_same_order(kind):
    def positional(cls):
        kinds = inspect.Parameter
        return [
            name
            for name, p in inspect.signature(cls).parameters.items()
            if p.kind == kinds.POSITIONAL_OR_KEYWORD
        ]

    assert positional(getattr(rv, kind)) == positional(getattr(neural_network, kind))


WRONG = {
    "hidden_layer_sizes": [0, "many"],
    "activation": ["step", 3],
    "solver": ["newton", None],
    "alpha": [-1.0, "much"],
    "batch_size": [0, "all"],
    "learning_rate": ["fast"],
    "learning_rate_init": [0.0, -1],
    "power_t": [-0.5],
    "max_iter": [0, 1.5],
    "shuffle": ["yes"],
    "random_state": ["seed"],
    "tol": [-1e-3],
    "verbose": [-1],
    "warm_start": ["no"],
    "momentum": [-0.1, 1.1],
    "nesterovs_momentum": ["maybe"],
    "early_stopping": ["soon"],
    "validation_fraction": [1.0, -0.1],
    "beta_1": [1.0],
    "beta_2": [-0.1],
    "epsilon": [0.0],
    "n_iter_no_change": [0],
    "max_fun": [0],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_parameter_is_the_same_error_as_in_scikit_learn(kind, name):
    for value in WRONG[name]:
        with pytest.raises(ValueError) as theirs:
            getattr(neural_network, kind)(**{name: value}).fit(*data(kind))
        with pytest.raises(ValueError) as ours:
            getattr(rv, kind)(**{name: value}).fit(*data(kind))
        assert type(ours.value).__name__ == type(theirs.value).__name__
        words = f"The '{name}' parameter of {kind} must be"
        assert str(theirs.value).startswith(words)
        assert str(ours.value).startswith(words)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"l1": -1.0}, "The 'l1' parameter"),
        ({"dropout": 1.0}, "The 'dropout' parameter"),
        ({"clip_norm": 0}, "The 'clip_norm' parameter"),
        ({"weight_decay": -1}, "The 'weight_decay' parameter"),
        ({"dtype": "float16"}, "The 'dtype' parameter"),
        ({"monitor": "val_r2"}, "The 'monitor' parameter"),
        ({"class_weight": "even"}, "The 'class_weight' parameter"),
        ({"loss": "hinge"}, "The 'loss' parameter"),
        ({"loss": rv.losses.CrossEntropy()}, "'log_loss' or BinaryCrossEntropy()"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be > 0, got [5, 0]."),
        ({"activation": ("relu", "tanh")}, "one for each hidden layer, 1 here. Got 2"),
        ({"alpha": (0.1,)}, "one for each matrix of weights, 2 here. Got 1"),
        ({"solver": "lbfgs", "weight_decay": 0.1}, "LBFGS has no decoupled weight decay"),
        (
            {
                "solver": "sgd",
                "learning_rate": "adaptive",
                "learning_rate_init": rv.CosineDecay(0.1),
            },
            "use only one of them",
        ),
    ],
)
def test_a_wrong_parameter_of_our_own_says_what_is_wrong(parameters, message):
    with pytest.raises(ValueError) as error:
        rv.MLPClassifier(**parameters).fit(X_CLASSES, Y_CLASSES)
    assert message in str(error.value)


def test_a_loss_of_classes_is_refused_for_numbers():
    with pytest.raises(ValueError, match="MLPRegressor predicts numbers"):
        rv.MLPRegressor(loss=rv.losses.CrossEntropy()).fit(X_NUMBERS, Y_NUMBERS)


# --- Errors and warnings -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_estimator_that_is_not_fitted_says_so(kind, tmp_path):
    estimator = getattr(rv, kind)()
    for call in (
        lambda: estimator.predict(X_CLASSES),
        lambda: estimator.save(tmp_path / "m.safetensors"),
        lambda: estimator.model_,
        lambda: estimator.history_,
    ):
        with pytest.raises(NotFittedError):
            call()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_that_runs_out_of_iterations_warns(kind, solver):
    with pytest.warns(ConvergenceWarning, match=r"max_iter"):
        getattr(rv, kind)(solver=solver, max_iter=2, random_state=0).fit(*data(kind))


def test_a_mini_batch_larger_than_the_data_warns_and_takes_all_rows():
    with pytest.warns(UserWarning, match="batch_size=500 is larger than the 120 training rows"):
        rv.MLPClassifier(batch_size=500, tol=1, random_state=0).fit(X_CLASSES, Y_CLASSES)


def test_a_validation_set_of_one_row_is_refused():
    with pytest.raises(ValueError, match="validation set is too small"):
        rv.MLPRegressor(early_stopping=True, validation_fraction=0.005).fit(X_NUMBERS, Y_NUMBERS)


def test_partial_fit_is_refused_where_it_makes_no_sense():
    assert not hasattr(rv.MLPClassifier(solver="lbfgs"), "partial_fit")
    assert not hasattr(rv.MLPRegressor(solver=rv.LBFGS()), "partial_fit")
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        rv.MLPRegressor(early_stopping=True).partial_fit(X_NUMBERS, Y_NUMBERS)
    with pytest.raises(ValueError, match="class_weight='balanced' needs all rows"):
        rv.MLPClassifier(class_weight="balanced").partial_fit(X_CLASSES, Y_CLASSES, classes=[0, 1])


def test_classes_that_were_not_there_before_are_refused():
    estimator = rv.MLPClassifier(random_state=0).partial_fit(X_CLASSES, Y_CLASSES, classes=[0, 1])
    with pytest.raises(ValueError, match=r"classes not in `self\.classes_`"):
        estimator.partial_fit(X_CLASSES, Y_CLASSES + 1)
    warm = rv.MLPClassifier(warm_start=True, **QUICK).fit(X_CLASSES, Y_CLASSES)
    with pytest.raises(ValueError, match="the same classes as in the previous call"):
        warm.fit(X_CLASSES, Y_CLASSES + 1)


def test_weights_of_other_layers_are_not_gone_on_from():
    warm = rv.MLPClassifier(warm_start=True, **QUICK).fit(X_CLASSES, Y_CLASSES)
    with pytest.raises(ValueError, match="does not fit the weights to start from"):
        warm.set_params(hidden_layer_sizes=(9,)).fit(X_CLASSES, Y_CLASSES)


def test_divergence_is_a_value_error_that_names_the_cure():
    estimator = rv.MLPRegressor(solver="sgd", learning_rate_init=1e6, random_state=0)
    with pytest.raises(ValueError, match="Lower its learning rate"):
        estimator.fit(X_NUMBERS, Y_NUMBERS)


def test_divergence_with_early_stopping_leaves_the_best_weights_before():
    estimator = rv.MLPRegressor(
        solver="sgd",
        activation="identity",
        learning_rate_init=1,
        early_stopping=True,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning, match="The weights are those of epoch"):
        estimator.fit(*load_iris(return_X_y=True))
    assert np.isnan(estimator.validation_scores_[-1])
    assert len(estimator.validation_scores_) == len(estimator.loss_curve_) == estimator.n_iter_
    assert np.isfinite(estimator.best_validation_score_)
    assert np.isfinite(estimator.predict(load_iris().data)).all()


def test_several_classes_a_column_are_refused():
    with pytest.raises(ValueError, match="multioutput"):
        rv.MLPClassifier().fit(X_CLASSES, np.column_stack([Y_CLASSES, Y_CLASSES + 2]))


# --- In scikit-learn's machinery -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_clone_has_the_parameters_and_nothing_else(kind):
    parameters = {**QUICK, "solver": rv.Adam(0.01, beta2=0.95), "max_iter": 3}
    estimator = getattr(rv, kind)(**parameters)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert not hasattr(copy, "coefs_")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("through", ["pickle", "joblib"])
def test_a_copy_through_a_file_predicts_and_learns_on_as_the_original(kind, through, tmp_path):
    X, y = data(kind)
    estimator = getattr(rv, kind)(random_state=0, batch_size=32)
    more = {"classes": [0, 1]} if kind == "MLPClassifier" else {}
    estimator.partial_fit(X, y, **more)
    if through == "pickle":
        copy = pickle.loads(pickle.dumps(estimator))
    else:
        joblib.dump(estimator, tmp_path / "m.joblib")
        copy = joblib.load(tmp_path / "m.joblib")
    for one in (estimator, copy):
        one.partial_fit(X, y)
    np.testing.assert_array_equal(copy.predict(X), estimator.predict(X))
    for ours, theirs in zip(copy.coefs_, estimator.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_it_works_in_a_pipeline_under_cross_validation():
    pipeline = make_pipeline(StandardScaler(), rv.MLPClassifier(**QUICK))
    assert cross_val_score(pipeline, X_CLASSES, Y_CLASSES, cv=3).mean() > 0.8


def test_a_grid_search_over_two_processes_gives_what_one_gives():
    grid = {"alpha": [1e-4, 1.0], "solver": ["lbfgs", rv.Adam(0.01)]}
    results = []
    for n_jobs in (1, 2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            search = GridSearchCV(rv.MLPRegressor(**QUICK), grid, cv=2, n_jobs=n_jobs)
            with joblib.parallel_backend("loky"):
                results.append(search.fit(X_NUMBERS, Y_NUMBERS))
    one, two = results
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_params_ == two.best_params_


def test_outputs_of_a_calibrated_classifier_are_probabilities():
    calibrated = CalibratedClassifierCV(rv.MLPClassifier(**QUICK), cv=3)
    found = calibrated.fit(X_CLASSES, Y_CLASSES).predict_proba(X_CLASSES)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert calibrated.score(X_CLASSES, Y_CLASSES) > 0.8


def test_permutation_finds_the_columns_that_matter():
    X = np.random.default_rng(0).normal(size=(200, 3))
    estimator = rv.MLPRegressor(**QUICK).fit(X, X[:, 1])
    found = permutation_importance(estimator, X, X[:, 1], n_repeats=2, random_state=0)
    assert found.importances_mean.argmax() == 1
    assert found.importances_mean[1] > 10 * abs(found.importances_mean[[0, 2]]).max()


def test_it_votes_with_others():
    voting = VotingRegressor([("mlp", rv.MLPRegressor(**QUICK)), ("line", LinearRegression())])
    assert voting.fit(X_NUMBERS, Y_NUMBERS).score(X_NUMBERS, Y_NUMBERS) > 0.9


def test_names_of_columns_are_kept_and_checked():
    import pandas as pd

    frame = pd.DataFrame(X_CLASSES, columns=list("abcdef"))
    pipeline = make_pipeline(StandardScaler(), rv.MLPClassifier(**QUICK))
    pipeline.set_output(transform="pandas").fit(frame, Y_CLASSES)
    assert pipeline[-1].feature_names_in_.tolist() == list("abcdef")
    with pytest.raises(ValueError, match="feature names"):
        pipeline[-1].predict(frame[list("fedcba")])


def test_weights_of_rows_are_routed_to_it():
    weights = np.random.default_rng(0).uniform(size=len(Y_CLASSES))
    scaler = StandardScaler()
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = rv.MLPClassifier(**QUICK).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler.set_fit_request(sample_weight=False), estimator)
        pipeline.fit(X_CLASSES, Y_CLASSES, sample_weight=weights)
    X = scaler.fit_transform(X_CLASSES)
    alone = rv.MLPClassifier(**QUICK).fit(X, Y_CLASSES, sample_weight=weights)
    unweighted = rv.MLPClassifier(**QUICK).fit(X, Y_CLASSES)
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], alone.coefs_[0])
    assert not np.allclose(alone.coefs_[0], unweighted.coefs_[0])


# --- Targets and inputs of every sort ------------------------------------------------------------


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csc_array])
@pytest.mark.parametrize("kind", KINDS)
def test_sparse_rows_give_what_dense_ones_give(kind, make):
    X, y = data(kind)
    X = np.where(np.abs(X) > 1, X, 0)
    dense, sparse = (getattr(rv, kind)(**QUICK).fit(rows, y) for rows in (X, make(X)))
    np.testing.assert_array_equal(dense.predict(X), sparse.predict(make(X)))


def test_classes_may_be_text_and_one_alone():
    names = np.array(["no", "yes"])[Y_CLASSES]
    estimator = rv.MLPClassifier(**QUICK).fit(X_CLASSES, names)
    assert estimator.classes_.tolist() == ["no", "yes"]
    assert estimator.score(X_CLASSES, names) > 0.9
    alone = rv.MLPClassifier(**QUICK).fit(X_CLASSES, np.full(len(X_CLASSES), "only"))
    assert set(alone.predict(X_CLASSES)) == {"only"}


@pytest.mark.parametrize("sparse", [False, True])
def test_several_labels_a_row_are_learnt(sparse):
    Y = (X_CLASSES[:, :3] > 0).astype(int)
    target = scipy.sparse.csr_matrix(Y) if sparse else Y
    estimator = rv.MLPClassifier(**QUICK).fit(X_CLASSES, target)
    found = estimator.predict(X_CLASSES)
    assert scipy.sparse.issparse(found) == sparse
    found = found.toarray() if sparse else found
    assert (found == Y).mean() > 0.95
    assert estimator.predict_proba(X_CLASSES).shape == Y.shape
    assert estimator.out_activation_ == "logistic"


def test_logarithms_of_probabilities_are_theirs():
    X, y = load_iris(return_X_y=True)
    estimator = rv.MLPClassifier(**QUICK).fit(X, y)
    np.testing.assert_array_equal(
        estimator.predict_log_proba(X), np.log(estimator.predict_proba(X))
    )
    np.testing.assert_allclose(estimator.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("given", "asked", "found"),
    [
        ("float32", None, "float32"),
        ("float64", None, "float64"),
        ("int64", None, "float64"),
        ("float64", "float32", "float32"),
        ("float32", "float64", "float64"),
    ],
)
def test_the_precision_is_that_of_the_rows_unless_it_is_asked_for(kind, given, asked, found):
    X, y = data(kind)
    estimator = getattr(rv, kind)(dtype=asked, **QUICK).fit((10 * X).astype(given), y)
    assert {array.dtype.name for array in estimator.coefs_ + estimator.intercepts_} == {found}


def test_weights_that_a_user_changes_are_those_that_predict():
    estimator = rv.MLPRegressor(**QUICK).fit(X_NUMBERS, Y_NUMBERS)
    estimator.coefs_[-1][:] = 0
    np.testing.assert_allclose(estimator.predict(X_NUMBERS), estimator.intercepts_[-1][0])
    estimator.intercepts_ = [estimator.intercepts_[0], np.array([7.0])]
    np.testing.assert_array_equal(estimator.predict(X_NUMBERS), np.full(len(X_NUMBERS), 7.0))
