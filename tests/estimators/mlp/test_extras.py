"""What the MLPs have beyond scikit-learn's: layers, losses, optimizers, penalties."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import ravine as rv
from ravine.estimators.mlp.watching import EpochWatcher
from ravine.training.population import check_threads
from ravine.training.resumable import ResumableTraining
from tests.builders.mlp import CLASSES, IRIS, NUMBERS, X_CLASSES, X, fitted, noise

RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    "solver",
    [
        rv.Adam(0.01),
        rv.AdamW(0.01),
        rv.RMSprop(0.01),
        rv.Adagrad(0.1),
        rv.SGD(0.05, momentum=0.9),
        rv.SGD(rv.CosineDecay(0.1), momentum=0.9),
        rv.DeltaBarDelta(0.05),
        rv.Rprop(),
        rv.LBFGS(memory=5),
    ],
    ids=lambda solver: type(solver).__name__,
)
def test_any_optimizer_solves(solver):
    estimator = fitted("MLPRegressor", X, NUMBERS, solver=solver, max_iter=60)
    assert estimator.score(X, NUMBERS) > 0.8


def test_an_optimizer_of_ones_own_solves_and_goes_on():
    class Signs(rv.Optimizer):
        learning_rate = 0.005

        def init(self, n):
            return [np.zeros(1)]

        def update(self, w, g, state, k, learning_rate):
            state[0][0] += 1
            assert state[0][0] == k
            w -= learning_rate * np.sign(g)

    estimator = fitted("MLPRegressor", X, NUMBERS, solver=Signs())
    assert estimator.score(X, NUMBERS) > 0.5
    estimator.partial_fit(X, NUMBERS)
    assert estimator.t_ == 31 * 240


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_rate_that_follows_a_schedule_is_that_of_the_schedule(solver):
    schedule = rv.StepDecay(0.01, factor=0.1, every=10)
    estimator = fitted("MLPClassifier", *IRIS, solver=solver, learning_rate_init=schedule)
    np.testing.assert_allclose(
        estimator.history_["learning_rate"], np.repeat([0.01, 0.001, 0.0001], 10)
    )


@pytest.mark.parametrize(
    "schedule",
    [
        rv.ExponentialDecay(0.1, rate=0.1),
        rv.CosineDecay(0.1, final=0.01),
        rv.OneCycle(0.1, initial=0.01, final=0.001),
        rv.Warmup(5, 0.1),
        rv.Warmup(5, rv.CosineDecay(0.1)),
        rv.ReduceOnPlateau(0.1, minimum=0.01, monitor="loss"),
    ],
    ids=repr,
)
def test_the_half_of_the_squared_error_scales_every_rate_of_a_schedule(schedule):
    # descent on half of the loss at twice the rate: a regression of one output has c = 2
    estimator = fitted("MLPRegressor", X, NUMBERS, solver="sgd", learning_rate_init=schedule)
    rates = estimator.history_["learning_rate"]
    plain = fitted("MLPRegressor", X, NUMBERS, solver=rv.SGD(schedule))
    if not isinstance(schedule, rv.ReduceOnPlateau):
        np.testing.assert_allclose(2 * rates, plain.history_["learning_rate"])
    assert 2 * rates[0] == pytest.approx(plain.history_["learning_rate"][0])


def test_activations_may_differ_by_layer():
    estimator = fitted(
        "MLPClassifier",
        *IRIS,
        hidden_layer_sizes=(6, 5, 4),
        activation=["logistic", "gelu", rv.Activation("leaky_relu", alpha=0.3)],
    )
    names = [layer.activation for layer in estimator.model_.network.layers]
    assert names == [
        rv.Activation("sigmoid"),
        rv.Activation("gelu"),
        rv.Activation("leaky_relu", alpha=0.3),
        None,
    ]


@pytest.mark.parametrize(
    ("loss", "centre"),
    [
        ("absolute_error", "median"),
        ("huber", None),
        (rv.losses.Quantile(0.9), 0.9),
        ("gamma", None),
    ],
    ids=str,
)
def test_other_losses_predict_what_they_are_for(loss, centre):
    y = RNG.gamma(2.0, size=2000)
    estimator = fitted(
        "MLPRegressor",
        np.ones((2000, 1)),
        y,
        loss=loss,
        alpha=0.0,
        hidden_layer_sizes=(),
        learning_rate_init=0.02,
        max_iter=100,
    )
    expected = {"median": np.median(y), 0.9: np.quantile(y, 0.9), None: y.mean()}[centre]
    found = estimator.predict(np.ones((1, 1)))[0]
    # Huber's centre lies between median and mean
    assert found == pytest.approx(expected, abs=0.3 if loss == "huber" else 0.1)
    assert estimator.out_activation_ == ("exp" if loss == "gamma" else "identity")


def test_smoothed_labels_give_less_certain_probabilities():
    loss = rv.losses.CrossEntropy(label_smoothing=0.3)
    plain, smooth = (
        fitted("MLPClassifier", *IRIS, solver="lbfgs", max_iter=200, loss=one)
        for one in ("log_loss", loss)
    )
    assert smooth.predict_proba(IRIS[0]).max() < 0.9 < plain.predict_proba(IRIS[0]).max()


def test_a_penalty_may_differ_by_layer():
    strong = fitted("MLPRegressor", X, NUMBERS, alpha=[50.0, 0.0], solver="lbfgs", max_iter=300)
    weak = fitted("MLPRegressor", X, NUMBERS, alpha=0.0, solver="lbfgs", max_iter=300)
    norms = [[np.linalg.norm(coef) for coef in one.coefs_] for one in (strong, weak)]
    assert norms[0][0] < 0.5 * norms[1][0]
    same = fitted("MLPRegressor", X, NUMBERS, alpha=[0.3, 0.3])
    one = fitted("MLPRegressor", X, NUMBERS, alpha=0.3)
    np.testing.assert_array_equal(same.coefs_[0], one.coefs_[0])
    assert same.loss_ == pytest.approx(one.loss_)


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
def test_l1_gives_exact_zeros(alpha):
    parameters = {"l1": 4.0, "alpha": alpha, "learning_rate_init": 0.01, "max_iter": 100}
    estimator = fitted("MLPRegressor", X, NUMBERS, **parameters)
    assert np.mean(estimator.coefs_[0][2:] == 0) > 0.8  # columns that do not matter
    assert estimator.score(X, NUMBERS) > 0.5


def test_the_loss_holds_the_penalties_of_the_last_weights():
    parameters = {"solver": "lbfgs", "alpha": [1.0, 2.0], "l1": 0.5, "max_iter": 5}
    estimator = fitted("MLPRegressor", X, NUMBERS, **parameters)
    errors = NUMBERS - estimator.predict(X)
    W, V = estimator.coefs_
    norms = (W**2).sum() / 2 + (V**2).sum() + 0.5 * (np.abs(W).sum() + np.abs(V).sum())
    assert estimator.loss_ == pytest.approx(np.mean(errors**2) / 2 + norms / len(X))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_normalised_layers_learn_and_predict_alike_through_copies(solver):
    for parameters in ({"batch_norm": True}, {"layer_norm": True}):
        estimator = fitted(
            "MLPClassifier",
            X_CLASSES,
            CLASSES,
            solver=solver,
            learning_rate_init=0.01,
            **parameters,
        )
        kinds = [type(layer).__name__ for layer in estimator.model_.network.layers]
        name = "BatchNorm" if "batch_norm" in parameters else "LayerNorm"
        assert kinds == ["Dense", name, "Activation", "Dense"]
        assert estimator.score(X_CLASSES, CLASSES) > 0.8
        with pytest.warns(ConvergenceWarning):
            estimator.set_params(warm_start=True, max_iter=2).fit(X_CLASSES, CLASSES)


def test_dropout_and_noise_are_of_training_alone():
    estimator = fitted("MLPRegressor", X, NUMBERS, dropout=0.3, augmentation=noise())
    np.testing.assert_array_equal(estimator.predict(X), estimator.predict(X))
    plain = fitted("MLPRegressor", X, NUMBERS)
    assert not np.allclose(estimator.coefs_[0], plain.coefs_[0])
    assert np.std(estimator.model_.predict(X[:1], samples=20)) > 0


def test_class_weights_are_weights_of_rows():
    rare = np.flatnonzero(CLASSES)[:20]
    rows = np.concatenate([np.flatnonzero(CLASSES == 0), rare])
    X, y = X_CLASSES[rows], CLASSES[rows]
    parameters = {"solver": "lbfgs", "alpha": 10.0}
    balanced = fitted("MLPClassifier", X, y, class_weight="balanced", **parameters)
    counts = np.bincount(y)
    weights = len(y) / 2 / counts
    named = fitted("MLPClassifier", X, y, class_weight=dict(enumerate(weights)), **parameters)
    by_row = rv.MLPClassifier(**balanced.get_params() | {"class_weight": None})
    with pytest.warns(ConvergenceWarning):
        by_row.fit(X, y, sample_weight=weights[y])
    for other in (named, by_row):
        np.testing.assert_array_equal(balanced.coefs_[0], other.coefs_[0])
    plain = fitted("MLPClassifier", X, y, **parameters)
    assert balanced.predict(X).sum() > plain.predict(X).sum()


def test_a_short_gradient_and_decayed_weights_are_those_of_the_estimators_own_loss():
    # a gradient never longer than 1e-3 moves the weights by at most that times the rate a step
    clipped = fitted(
        "MLPRegressor",
        X,
        NUMBERS,
        solver="sgd",
        momentum=0.0,
        clip_norm=1e-3,
        max_iter=1,
        learning_rate_init=1.0,
        batch_size=240,
        shuffle=False,
    )
    still = fitted(
        "MLPRegressor",
        X,
        NUMBERS,
        solver="sgd",
        momentum=0.0,
        max_iter=1,
        learning_rate_init=1e-300,
        batch_size=240,
    )
    pairs = zip(clipped.coefs_ + clipped.intercepts_, still.coefs_ + still.intercepts_, strict=True)
    assert np.sqrt(sum(((a - b) ** 2).sum() for a, b in pairs)) == pytest.approx(1e-3)
    decayed = fitted(
        "MLPRegressor",
        X,
        0 * NUMBERS,
        solver="sgd",
        momentum=0.0,
        weight_decay=0.5,
        max_iter=1,
        learning_rate_init=1e-3,
        alpha=0.0,
        clip_norm=1e-12,
        batch_size=240,
    )
    np.testing.assert_allclose(decayed.coefs_[0], (1 - 5e-4) * still.coefs_[0], rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_see_every_epoch_and_end_training(solver):
    seen = []
    estimator = fitted(
        "MLPRegressor",
        X,
        NUMBERS,
        solver=solver,
        callbacks=[lambda row: seen.append(row["epoch"]), lambda row: row["epoch"] == 4],
    )
    assert seen == [1, 2, 3, 4]
    assert estimator.n_iter_ == 4
    assert fitted("MLPRegressor", X, NUMBERS, callbacks=lambda row: True).n_iter_ == 1


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_iter_no_change": 3, "tol": 1e-2},
        {"early_stopping": True, "n_iter_no_change": 5},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1e-2, "n_iter_no_change": 2},
        {"n_iter_no_change": np.inf},
    ],
    ids=["default", "stalls", "early stopping", "adaptive", "never"],
)
def test_a_run_that_is_looked_at_when_it_might_end_is_one_looked_at_after_every_epoch(
    parameters, monkeypatch
):
    looks = []
    see = EpochWatcher.see
    monkeypatch.setattr(EpochWatcher, "see", lambda *given: looks.append(1) or see(*given))
    rarely = fitted("MLPRegressor", X, NUMBERS, max_iter=120, **parameters)
    few = len(looks)
    always = fitted("MLPRegressor", X, NUMBERS, max_iter=120, callbacks=lambda row: 0, **parameters)
    assert few < 0.7 * (len(looks) - few)
    assert len(looks) - few == len(always.loss_curve_)
    for name in ("n_iter_", "t_", "loss_", "best_loss_", "_no_improvement_count"):
        assert getattr(rarely, name) == getattr(always, name)
    for name in ("loss_curve_", "validation_scores_", "coefs_"):
        assert str(getattr(rarely, name)) == str(getattr(always, name))


@pytest.mark.parametrize(
    ("kind", "y", "monitor"),
    [
        ("MLPClassifier", CLASSES, "val_loss"),
        ("MLPRegressor", NUMBERS, "val_rmse"),
        ("MLPRegressor", NUMBERS, "val_r2"),
    ],
)
def test_early_stopping_watches_what_it_is_told_to(kind, y, monitor):
    estimator = fitted(
        kind, X_CLASSES if kind == "MLPClassifier" else X, y, early_stopping=True, monitor=monitor
    )
    sign = 1 if monitor == "val_r2" else -1
    np.testing.assert_array_equal(estimator.validation_scores_, sign * estimator.history_[monitor])
    assert estimator.best_validation_score_ == max(estimator.validation_scores_)
    assert estimator.model_.best_epoch == 1 + np.argmax(estimator.validation_scores_)


def test_threads_do_not_change_the_result():
    one, *others = (
        fitted("MLPRegressor", X, NUMBERS, hidden_layer_sizes=(400, 400), max_iter=2, n_jobs=jobs)
        for jobs in (1, 2, -1, None)
    )
    for other in others:
        np.testing.assert_array_equal(one.coefs_[1], other.coefs_[1])


@pytest.mark.parametrize(
    ("n_jobs", "limit", "threads"),
    [
        (None, "1", 1),
        (None, None, "all"),
        (None, "nonsense", "all"),
        (3, "1", 3),
    ],
)
def test_threads_are_those_that_blas_would_take(n_jobs, limit, threads, monkeypatch):
    asked = []
    train = ResumableTraining.train

    def spy(self, *arguments, **named):
        asked.append(named["threads"])
        return train(self, *arguments, **named)

    monkeypatch.setattr(ResumableTraining, "train", spy)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if limit is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
    fitted("MLPRegressor", X, NUMBERS, max_iter=1, n_jobs=n_jobs)
    assert asked == [check_threads(None) if threads == "all" else threads]


def test_learning_goes_on_in_the_precision_that_it_began_in():
    estimator = rv.MLPRegressor(random_state=0).partial_fit(X, NUMBERS)
    estimator.partial_fit(X.astype(np.float32), NUMBERS)
    assert estimator.coefs_[0].dtype == np.float64
    estimator.set_params(dtype="float32").partial_fit(X, NUMBERS)
    assert estimator.coefs_[0].dtype == np.float32
    estimator.set_params(solver="sgd").partial_fit(X, NUMBERS)
    assert estimator.t_ == 4 * len(X)


def test_an_optimizer_of_full_batches_has_the_penalty_of_all_rows():
    rows = np.tile(X, (2, 1))
    estimator = fitted("MLPRegressor", rows, np.tile(NUMBERS, 2), solver=rv.Rprop(), alpha=48.0)
    assert estimator.model_.recipe.penalty == rv.L2(2 * 48.0 / 480)


def test_verbose_says_what_happens(capsys):
    fitted("MLPRegressor", X, NUMBERS, verbose=True, max_iter=2)
    assert capsys.readouterr().out.count("Iteration ") == 2
    fitted("MLPRegressor", X, NUMBERS, verbose=True, max_iter=3, tol=10, n_iter_no_change=1)
    assert "did not improve by tol=10" in capsys.readouterr().out
    fitted("MLPRegressor", X, NUMBERS, verbose=True, max_iter=2, early_stopping=True)
    assert capsys.readouterr().out.count("Validation score: ") == 2
    fitted("MLPRegressor", X, NUMBERS, verbose=True, max_iter=2, solver="lbfgs")
    assert capsys.readouterr().out.count("Iteration ") == 2


def test_most_evaluations_end_lbfgs():
    assert fitted("MLPRegressor", X, NUMBERS, solver="lbfgs", max_fun=3).n_iter_ == 3


def test_ctrl_c_keeps_what_was_learnt(monkeypatch):
    def interrupt(row):
        if row["epoch"] == 3:
            import _thread

            _thread.interrupt_main()

    with pytest.warns(UserWarning, match="interrupted"):
        estimator = rv.MLPRegressor(
            max_iter=100_000, tol=0, n_iter_no_change=np.inf, callbacks=interrupt
        ).fit(X, NUMBERS)
    assert 3 <= estimator.n_iter_ < 100_000
    assert np.isfinite(estimator.predict(X)).all()
