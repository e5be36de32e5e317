"""tune: many configurations for a few epochs, few to the end, chosen on validation rows alone."""

import importlib.util
import warnings

import numpy as np
import pytest

import ravine as rv
from ravine.errors import FileError, MissingPackageError, ParameterError, SpecError
from ravine.studies import network_trainer
from ravine.studies.halving import Plan, plan
from ravine.studies.importances import setting_importances
from ravine.training.pausing import PausedRuns
from tests.builders.small_runs import CLASSIFIER, NETWORK, X, Y

RATE = "optimizer.learning_rate"
SPACE = {RATE: (1e-4, 0.3, "log"), "batch_size": [16, 32, 64]}
PLAIN = rv.Recipe(epochs=9)
NINE = rv.Recipe(optimizer=rv.Adam(rv.CosineDecay(0.01)), epochs=9)
OPEN = {"optimizer.learning_rate.initial": (1e-4, 0.3, "log"), "batch_size": [16, 32, 64]}
HELD = np.arange(0, 200, 5)
KEPT = np.setdiff1d(np.arange(200), HELD)


def tuned(space=SPACE, what=NETWORK, *, recipe=PLAIN, **changes):
    given = {"budget": 5, "seeds": 2, "validation": HELD, "threads": 1} | changes
    return rv.tune(what, X, Y, space, recipe=recipe, **given)


def same(frame, other):
    return frame.drop(columns="seconds").equals(other.drop(columns="seconds"))


def test_a_third_goes_on_at_each_rung_and_the_budget_is_never_exceeded():
    assert plan(10, 27) == Plan((3, 9, 27), (36, 12, 4))
    assert plan(10, 27).epochs == 36 * 3 + 12 * 6 + 4 * 18 <= 270
    for epochs in (1, 2, 3, 5, 9, 10, 100):
        for budget in (2, 3.5, 20):
            found = plan(budget, epochs)
            assert found.epochs <= budget * epochs
            assert found.rungs[-1] == epochs
            assert list(found.rungs) == sorted(set(found.rungs))
            assert all(n == -(-m // 3) for m, n in zip(found.sizes, found.sizes[1:], strict=False))


def test_the_survivor_is_the_run_that_train_many_gives():
    net = rv.Network([rv.Dense(6, activation="relu"), rv.Dropout(0.3, fades=True), rv.Dense(1)])
    found = tuned(OPEN, net, recipe=NINE)
    best = found.best
    assert best.epochs == 9
    jobs = [
        rv.Job(best.network, best.recipe.replace(seed=seed), rows=KEPT, validation_rows=HELD)
        for seed in (0, 1)
    ]
    losses = [model.history["val_loss"][-1] for model in rv.train_many(jobs, X, Y)]
    assert best.scores["val_loss"] == np.mean(losses)
    assert best.errors["val_loss"] == pytest.approx(np.std(losses, ddof=1) / np.sqrt(2))


def test_a_tuned_rate_is_the_highest_value_of_a_schedule_that_keeps_its_shape():
    best = tuned({RATE: [0.02, 0.05]}, recipe=NINE, budget=3, seeds=1).best
    assert best.recipe.optimizer.learning_rate == rv.CosineDecay(best.settings[RATE])


def test_every_rung_shows_what_unpaused_runs_had_at_that_epoch():
    frame = tuned().to_frame()
    assert frame["epochs"].value_counts().to_dict() == {
        1: frame.shape[0] - plan(5, 9).sizes[1],
        3: plan(5, 9).sizes[1] - plan(5, 9).sizes[2],
        9: plan(5, 9).sizes[2],
    }
    for row in frame.itertuples(index=False):
        recipe = rv.Recipe(optimizer=rv.Adam(row[0]), epochs=9, batch_size=row.batch_size)
        jobs = [
            rv.Job(NETWORK, recipe.replace(seed=s), rows=KEPT, validation_rows=HELD) for s in (0, 1)
        ]
        models = rv.train_many(jobs, X, Y)
        assert row.val_loss == np.mean([m.history["val_loss"][row.epochs - 1] for m in models])


def test_what_goes_on_is_better_than_what_is_dropped_at_the_same_rung():
    frame = tuned(budget=8).to_frame()
    first = [
        np.mean(
            [
                rv.train_many(
                    [rv.Job(NETWORK, rv.Recipe(optimizer=rv.Adam(row[0]), epochs=9, seed=seed,
                            batch_size=row.batch_size), rows=KEPT, validation_rows=HELD)],
                    X, Y,
                )[0].history["val_loss"][0]
                for seed in (0, 1)
            ]
        )
        for row in frame.itertuples(index=False)
    ]  # fmt: skip
    went_on = frame["epochs"] > 1
    assert max(np.array(first)[went_on]) < min(np.array(first)[~went_on])


def test_selection_looks_at_validation_rows_only():
    """Targets of training rows are noise; one setting alone predicts the rows held out."""
    rng = np.random.default_rng(1)
    y = Y.copy()
    y[KEPT] += 3 * rng.normal(size=len(KEPT))
    space = {"penalty": [None, rv.L2(3.0)], RATE: [0.05]}
    found = rv.tune(
        rv.mlp(64), X, y, space, recipe=rv.Recipe(epochs=40), budget=2, validation=HELD, threads=1
    )
    frame = found.to_frame()
    assert len(frame) == 2
    assert found.best.scores["val_loss"] == frame["val_loss"].min()


def test_a_recipe_that_validates_for_itself_never_sees_the_rows_held_out():
    recipe = rv.Recipe(epochs=6, validation_fraction=0.25, stopping=rv.EarlyStopping(patience=2))
    best = tuned({RATE: [0.001, 0.01, 0.1]}, recipe=recipe, budget=3, seeds=1).best
    model = rv.train_many([rv.Job(best.network, best.recipe, rows=KEPT)], X, Y)[0]
    assert best.scores["val_loss"] == model.evaluate(X[HELD], Y[HELD])["loss"]


def test_every_configuration_has_one_run_a_fold_and_seeds_go_round():
    found = tuned({RATE: [0.001, 0.1]}, cv=3, seeds=2, budget=2)
    assert found.to_frame()["runs"].tolist() == [3, 3]
    values = []
    from ravine.studies.splits import folds
    from ravine.studies.table import Table

    for split, seed in zip(folds(Table(X, Y), 3), (0, 1, 0), strict=True):
        job = rv.Job(found.best.network, found.best.recipe.replace(seed=seed), rows=split.rows,
                     validation_rows=split.validation_rows)  # fmt: skip
        values.append(rv.train_many([job], X, Y)[0].history["val_loss"][-1])
    assert found.best.scores["val_loss"] == pytest.approx(np.mean(values), rel=1e-15)
    ratio = len(split.validation_rows) / len(split.rows)
    expected = np.std(values, ddof=1) * np.sqrt(1 / 3 + ratio)
    assert found.best.errors["val_loss"] == pytest.approx(expected, rel=0.02)


def test_the_first_metric_decides_and_the_others_are_shown():
    labels = np.where(Y > 0, "high", "low")
    found = rv.tune(
        CLASSIFIER, X, labels, SPACE, recipe=rv.Recipe(epochs=6), budget=4, threads=1,
        metric=["val_accuracy", "val_loss"],
    )  # fmt: skip
    frame = found.to_frame()
    ended = frame[frame["status"] == "finished"]
    assert found.best.scores["val_accuracy"] == ended["val_accuracy"].max()
    assert set(found.best.scores) == {"val_accuracy", "val_loss"}
    assert {"val_accuracy_se", "val_loss_se"} <= set(frame)


def test_results_do_not_depend_on_threads():
    assert same(tuned(threads=1).to_frame(), tuned(threads=2).to_frame())


def test_equal_configurations_are_trained_once():
    frame = tuned({"batch_size": [16, 32]}, budget=20, seeds=1).to_frame()
    assert sorted(frame["batch_size"]) == [16, 32]


def test_a_search_that_was_stopped_and_started_again_is_the_same(tmp_path, monkeypatch):
    whole = tuned()
    for stop in (3, 30, 33):
        store = tmp_path / str(stop)
        train = PausedRuns.train

        def press(self, *args, left=[stop], train=train, **kwargs):  # noqa: B006 - over all calls
            for found in train(self, *args, **kwargs):
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                yield found

        monkeypatch.setattr(PausedRuns, "train", press)
        with pytest.warns(RuntimeWarning, match="with the same store goes on from there"):
            tuned(store=store)
        monkeypatch.setattr(PausedRuns, "train", train)
        again = tuned(store=store)
        assert same(again.to_frame(), whole.to_frame())
        assert again.best.settings == whole.best.settings
        monkeypatch.setattr(network_trainer, "PausedRuns", None)  # nothing is left to train
        assert same(tuned(store=store).to_frame(), whole.to_frame())
        monkeypatch.undo()


def test_ctrl_c_keeps_what_came_to_a_rung(monkeypatch):
    train = PausedRuns.train

    def press(self, numbers, epoch, **kwargs):
        if epoch == 9:
            raise KeyboardInterrupt
        yield from train(self, numbers, epoch, **kwargs)

    monkeypatch.setattr(PausedRuns, "train", press)
    with pytest.warns(RuntimeWarning, match="Interrupted: 18 configurations came to a rung"):
        found = tuned()
    assert found.best.epochs == 3
    assert set(found.to_frame()["status"]) == {"dropped"}


def test_a_store_of_other_rows_is_refused(tmp_path):
    tuned(store=tmp_path / "s")
    with pytest.raises(FileError, match="holds runs on another split"):
        tuned(store=tmp_path / "s", validation=np.arange(30))


def test_runs_that_diverge_are_dropped_and_come_last():
    wild = {"optimizer": [rv.SGD(0.01), rv.SGD(1e12), rv.SGD(0.02), rv.SGD(1e13)]}
    found = tuned(wild, budget=4, seeds=1, recipe=rv.Recipe(epochs=3))
    frame = found.to_frame().set_index("optimizer")
    assert (frame["status"] == "diverged").sum() == 2
    assert np.isnan(frame["val_loss"][frame["status"] == "diverged"]).all()
    assert found.best.recipe.optimizer.learning_rate < 1


def test_a_search_in_which_all_runs_diverge_says_so_and_keeps_its_table():
    found = tuned({RATE: [1e12, 1e13]}, budget=2, recipe=rv.Recipe(optimizer=rv.SGD(), epochs=3))
    assert found.to_frame()["status"].tolist() == ["diverged"] * 2
    with pytest.raises(ParameterError, match="2 configurations were tried, and all"):
        _ = found.best


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"space": {}}, ParameterError, "must name at least one setting"),
        ({"space": {RATE: []}}, ParameterError, "must be a list, "),
        ({"space": {"optimizer.learning_rat": [1]}}, SpecError, "Did you mean 'optimizer.learn"),
        ({"space": {"seed": [1, 2]}}, ParameterError, "cannot vary 'seed'"),
        ({"space": {"epochs": [1, 2]}}, ParameterError, "cannot vary 'epochs'"),
        ({"space": {"recipe": [rv.Recipe(epochs=2)]}}, ParameterError, "cannot vary 'epochs'"),
        ({"space": {RATE: [-1.0]}}, ParameterError, "learning_rate"),
        ({"budget": 1}, ParameterError, "too small for one rung: to compare two configurations"),
        ({"budget": -1}, ParameterError, "'budget' parameter of tune must be"),
        ({"metric": "val_los"}, ParameterError, "Did you mean 'val_loss'"),
        ({"metric": "loss"}, ParameterError, "scores of the rows held out. Got 'loss'"),
        ({"metric": []}, ParameterError, "must name a score"),
        ({"seeds": 0}, ParameterError, "'seeds' parameter of tune"),
        ({"seeds": [1, 1]}, ParameterError, "different seeds"),
        ({"method": "tpa"}, ParameterError, "must be 'sobol' or 'tpe'"),
        ({"progress": 3}, ParameterError, "'progress' parameter of tune"),
        ({"what": 3}, ParameterError, "takes a Network or an estimator. Got 3"),
        ({"what": rv.MLPRegressor()}, ParameterError, "the recipe would change nothing"),
    ],
)
def test_what_cannot_be_searched_is_refused(changes, error, message):
    with pytest.raises(error) as caught:
        tuned(**changes)
    assert message in f"{caught.value} {caught.value.hint or ''}"


def test_estimators_are_fitted_in_full_and_the_best_has_its_parameters():
    what = rv.MLPRegressor(max_iter=30, hidden_layer_sizes=(4,), tol=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of iterations that end before convergence
        found = rv.tune(
            what, X, Y, {"learning_rate_init": (1e-4, 0.1, "log"), "alpha": [0.0, 1.0]},
            budget=4, validation=HELD, seeds=[3, 4],
        )  # fmt: skip
        frame = found.to_frame()
        assert len(frame) == 4
        assert "epochs" not in frame
        best = found.best
        errors = []
        for seed in (3, 4):
            model = what.__class__(**best.estimator.get_params())
            model.set_params(random_state=seed).fit(X[KEPT], Y[KEPT])
            errors.append(np.mean((model.predict(X[HELD]) - Y[HELD]) ** 2))
    assert best.scores["val_loss"] == pytest.approx(np.mean(errors), rel=1e-6)
    assert best.scores["val_loss"] == frame["val_loss"].min()
    assert best.estimator.alpha == best.settings["alpha"]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_estimators_get_the_times_that_they_can_use(early_stopping):
    what = rv.MLPRegressor(max_iter=3, early_stopping=early_stopping)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of iterations that end before convergence
        found = rv.tune(what, X, Y, {"alpha": [0.0, 1.0]}, budget=2, seeds=1, time=np.arange(200))
        model = found.best.estimator.set_params(random_state=0)
        model.fit(X[:160], Y[:160], **({"time": np.arange(160)} if early_stopping else {}))
    expected = np.mean((model.predict(X[160:]) - Y[160:]) ** 2)
    assert found.best.scores["val_loss"] == pytest.approx(expected, rel=1e-6)


def test_an_unknown_parameter_of_an_estimator_is_named_with_the_nearest():
    with pytest.raises(SpecError, match="MLPRegressor has no parameter 'alpa'") as caught:
        rv.tune(rv.MLPRegressor(), X, Y, {"alpa": [1.0, 2.0]}, budget=2)
    assert caught.value.hint == "Did you mean 'alpha'?"


def test_estimators_take_tables_with_text_and_missing_cells(tmp_path):
    import pandas as pd
    from sklearn.metrics import log_loss

    frame = pd.DataFrame(X, columns=list("abc"))
    frame["kind"] = np.where(X[:, 0] > 0, "up", None)
    labels = np.where(Y > 0, "high", "low")
    given = {"budget": 2, "seeds": 1, "store": tmp_path / "s", "validation": HELD}
    what = rv.NeuralClassifier(n_members=1, epochs=3)
    found = rv.tune(what, frame, labels, {"learning_rate": [0.001, 0.01]}, **given)
    best = found.best.estimator.set_params(random_state=0)
    best.fit(frame.iloc[KEPT], labels[KEPT])
    chances = best.predict_proba(frame.iloc[HELD])
    expected = log_loss(labels[HELD], chances, labels=best.classes_)
    assert found.best.scores["val_loss"] == pytest.approx(expected, rel=1e-6)
    again = rv.tune(what, frame, labels, {"learning_rate": [0.001, 0.01]}, **given)
    assert found.to_frame().equals(again.to_frame())  # from the store, seconds as well


def test_importances_find_the_setting_that_matters_with_errors():
    found = tuned(SPACE | {"clip_norm": [1e6, 1e7]}, budget=20, seeds=1)
    table = found.importances().set_index("setting")
    assert table.index[0] == RATE
    assert table["low"][RATE] > 0.3
    assert table["low"]["clip_norm"] < 0.05
    assert ((table["low"] < table["importance"]) & (table["importance"] < table["high"])).all()


def test_importances_are_the_shares_of_an_additive_law():
    """y = 2a + b with equal spreads: a has 4/5 of the variance, b 1/5, c none."""
    rng = np.random.default_rng(0)
    a, b, c = rng.uniform(size=(3, 600))
    ranks = np.argsort(np.argsort(2 * a + b))
    found = setting_importances({"a": a.tolist(), "b": b.tolist(), "c": c.tolist()}, ranks.tolist())
    assert found["a"].mean == pytest.approx(0.8, abs=0.1)
    assert found["b"].mean == pytest.approx(0.2, abs=0.06)
    assert abs(found["c"].mean) < 0.02


def test_importances_of_few_configurations_are_refused():
    with pytest.raises(ParameterError, match="need at least 15 configurations"):
        tuned({"batch_size": [16, 32]}, budget=3, seeds=1).importances()


def test_optuna_is_asked_for_only_where_tpe_is(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "ravine.ground.packages.find_spec",
        lambda name: None if name == "optuna" else find(name),
    )
    tuned(budget=2, seeds=1)
    with pytest.raises(MissingPackageError, match=r"needs optuna.*pip install 'ravine\[tune\]'"):
        tuned(method="tpe")


def test_tpe_gives_the_same_search_again_and_after_a_stop(tmp_path, monkeypatch):
    given = {"method": "tpe", "budget": 12, "seeds": 1}
    first, second = tuned(**given), tuned(**given)
    assert same(first.to_frame(), second.to_frame())
    train = PausedRuns.train
    calls = []

    def press(self, *args, **kwargs):
        calls.append(args)
        if len(calls) == 8:  # in the third generation
            raise KeyboardInterrupt
        yield from train(self, *args, **kwargs)

    monkeypatch.setattr(PausedRuns, "train", press)
    with pytest.warns(RuntimeWarning, match="Interrupted"):
        tuned(store=tmp_path / "s", **given)
    monkeypatch.setattr(PausedRuns, "train", train)
    assert same(tuned(store=tmp_path / "s", **given).to_frame(), first.to_frame())


def test_a_generation_of_configurations_that_were_tried_before_trains_nothing():
    given = {"method": "tpe", "budget": 12, "seeds": 1, "metric": "val_r2"}
    frame = tuned({"batch_size": [16, 32]}, **given).to_frame()
    assert sorted(frame["batch_size"]) == [16, 32]


def test_tpe_learns_where_scores_are_good():
    """The rate alone matters: generations after the first crowd around good ones."""
    frame = tuned({RATE: (1e-6, 1.0, "log")}, method="tpe", budget=40, seeds=1).to_frame()
    rates = np.log10(frame[RATE].to_numpy())
    quarter = len(rates) // 4
    good = np.log10(frame[RATE][frame["val_loss"].idxmin()])
    assert np.mean(abs(rates[-quarter:] - good)) < 0.7 * np.mean(abs(rates[:quarter] - good))


def test_tpe_knows_every_kind_of_dimension():
    from scipy.stats import loguniform

    space = {
        RATE: loguniform(1e-4, 0.1),
        "batch_size": (8, 64),
        "dropout": (0.0, 0.5),
        "optimizer": [rv.Adam(), rv.SGD()],
    }
    frame = tuned(space, method="tpe", budget=3, seeds=1).to_frame()
    assert set(frame["optimizer"]) == {"Adam", "SGD"}
    assert frame[RATE].between(1e-4, 0.1).all()


def test_recipes_work_inside_a_study_of_optuna():
    import optuna

    def loss(trial):
        rate = trial.suggest_float("rate", 1e-4, 0.3, log=True)
        recipe = rv.Recipe(optimizer=rv.Adam(rate), epochs=5, validation_fraction=0.2)
        return rv.train(NETWORK, X, Y, recipe, threads=1).history["val_loss"][-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(loss, n_trials=6)
    assert study.best_value == min(trial.value for trial in study.trials)
    assert study.best_params["rate"] > 0.01


@pytest.mark.parametrize("name", ["RandomizedSearchCV", "HalvingGridSearchCV"])
def test_estimators_work_in_the_searches_of_scikit_learn(name):
    from sklearn import model_selection
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401

    values = {"alpha": [0.0, 0.1, 1.0]}
    given = {"n_iter": 2, "random_state": 0} if name.startswith("Rand") else {"random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of iterations that end before convergence
        search = getattr(model_selection, name)(
            rv.MLPRegressor(max_iter=20, random_state=0), values, cv=3, error_score="raise", **given
        ).fit(X, Y)
    assert search.best_params_["alpha"] in values["alpha"]
    assert search.predict(X).shape == (200,)
