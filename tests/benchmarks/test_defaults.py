"""The search for the defaults: what is tried, stored and chosen; it needs the tables and time."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest

import ravine
from benchmarks import results
from benchmarks.defaults import ensembles, portfolio, rows, search, space, trials
from benchmarks.tables import accuracy, tasks
from ravine.estimators.neural import ensemble
from ravine.estimators.neural import options as neural_options
from ravine.estimators.neural.members import member_predictions
from tests.builders.benchmark_tables import REGRESSION, targets

ESTIMATORS = {"regression": ravine.NeuralRegressor, "classes": ravine.NeuralClassifier}


def test_the_estimators_have_the_defaults_that_were_chosen():
    chosen = results.read(portfolio.CHOSEN)
    for estimator in ESTIMATORS.values():
        present = as_json(estimator().get_params())
        assert {name: present[name] for name in chosen["parameters"]} == chosen["parameters"]
        assert present["variants"] == "auto"
    assert ravine.NeuralClassifier().label_smoothing == chosen["label_smoothing"]
    assert as_json(neural_options.VARIANTS) == chosen["variants"]


def as_json(value):
    return json.loads(json.dumps(value))


def test_what_is_stored_is_the_first_kind_and_how_the_others_differ(tmp_path):
    portfolio.store(space.present(), tmp_path / "defaults.json")
    assert results.read(tmp_path / "defaults.json") == results.read(portfolio.CHOSEN)


def test_members_may_differ_in_whatever_kinds_do():
    rng = np.random.default_rng(0)
    for kind in (*space.KINDS.values(), *(space.draw(rng) for _ in range(20))):
        ravine.NeuralClassifier(variants=[kind])._options()
        assert space.in_full(kind).keys() == {*space.VALUES, *space.SHARED}
    names = [space.name_of(space.in_full(kind)) for kind in space.KINDS.values()]
    assert names == list(space.KINDS)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_trial_leaves_what_the_estimator_leaves(kind):
    cut, small = few_rows(kind), {"hidden_layer_sizes": [8], "epochs": 5}
    task = tasks.Task("any", kind, "y")
    found = search.train(task, cut, {"label_smoothing": 0.1} | small, 3, members=5, threads=1)
    assert len(found["held_out"]) == 100  # of 102: a fifth, rounded, five times
    more = {"label_smoothing": 0.1} if kind == "classes" else {}
    whole = ESTIMATORS[kind](
        **small, **more, n_members=5, variants=None, random_state=3, n_jobs=1
    ).fit(cut.X_train, cut.y_train)
    # Stored in float32: seven digits.
    assert ensembles.unexplained(task, [found]) == pytest.approx(scored(whole, cut), rel=1e-5)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_trials_are_mixed_as_the_estimators_mix_kinds(kind, monkeypatch):
    held_out = []
    predictions = ensemble.held_out_predictions

    def kept(*arguments):
        held_out.append(predictions(*arguments))
        return held_out[-1].copy()

    monkeypatch.setattr(ensemble, "held_out_predictions", kept)
    cut, task = few_rows(kind, 100), tasks.Task("any", kind, "y")
    whole = search._keeping(ESTIMATORS[kind])(
        hidden_layer_sizes=8,
        input_scale=False,
        epochs=5,
        n_members=5,
        variants=[{"hidden_layer_sizes": 16}],
        random_state=3,
    ).fit(cut.X_train, cut.y_train)
    X, members = whole._coded(cut.X_test), whole.members_
    shared = search._found(whole, cut, kind == "classes")
    of_all = held_out[-2:]  # those before are of the first members alone
    alone = [
        shared
        | {
            "held_out": of_all[i],
            "judged": np.mean([member_predictions(model, X) for model in own], axis=0),
            "temperature": whole._temperatures[i],
        }
        for i, own in enumerate((members[:5], members[5:]))
    ]
    assert whole.variant_weights_.min() > 0
    assert ensembles.unexplained(task, alone) == pytest.approx(scored(whole, cut), rel=1e-9)


def few_rows(kind, n=102):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(2 * n, 2)), columns=["a", "b"])
    y = (X["a"] + rng.normal(size=2 * n)).to_numpy()
    y = (y > 0).astype(int) if kind == "classes" else y
    return tasks.cut(X, y, np.arange(n), np.arange(n, 2 * n))


def scored(estimator, cut):
    classes = hasattr(estimator, "classes_")
    found = estimator.predict_proba(cut.X_test) if classes else estimator.predict(cut.X_test)
    kind = "classes" if classes else "regression"
    return accuracy.score(kind, found, cut.y_test)["unexplained"]


class MadeUp:
    """Trials of kinds that miss the numbers +1 and −1 by so much everywhere."""

    def load(self, missed, table, seed):
        if missed is None and seed == 1:
            return None
        y = np.tile([[1.0], [-1.0]], (10, 1))
        found = y + (missed or 0.0)
        known = {"y": y, "truth": y, "weights": np.ones(20), "limits": [-9.0, 9.0], "seconds": 2.0}
        return known | {"held_out": found, "judged": found}


def made_up(**missed):
    return portfolio.Sets(missed, [("wine", 0), ("wine", 1), ("diamonds", 0)], MadeUp())


def test_kinds_are_added_that_make_up_for_what_others_miss():
    sets = made_up(under=-1.1, over=1.0, far=3.0, untried=None)
    assert sets.names == ["under", "over", "far"]
    steps = list(portfolio.choose(sets))
    assert steps == [("over",), ("over", "under")]
    # 13 of 25 times over, 12 times under: 0.52 - 0.48 × 1.1 of a standard deviation of 1.
    assert sets.left(steps[1]) == pytest.approx([np.log(0.008**2 + 0.005)] * 3)
    assert sets.left(steps[0]) == pytest.approx([np.log(1.005)] * 3)
    assert sets.seconds(steps[1]).tolist() == [4.0, 4.0, 4.0]


def test_the_choice_begins_and_ends_where_it_is_told():
    sets = made_up(over=1.0, under=-1.1, far=3.0)
    assert list(portfolio.choose(sets, start=["far"], most=2)) == [("far",), ("far", "under")]
    assert list(portfolio.choose(sets, most=1)) == [("over",)]
    assert list(portfolio.choose(sets, least_gain=9.0)) == [("over",)]


def test_a_set_of_kinds_is_shown_against_another(capsys):
    portfolio.show(made_up(over=1.0, under=-1.1), ("over", "under"), ("over",))
    said = capsys.readouterr().out
    gained = 100 * np.log(1.005 / (0.008**2 + 0.005))
    assert f"{gained:+.2f} ± 0.00 % gained, 2.00 × the processor time" in said
    assert "diamonds" in said


def test_kinds_are_listed_with_what_each_leaves_alone():
    said = portfolio.listing(made_up(under=-1.1, over=1.0, untried=None)).splitlines()
    assert "    --seeds 0,1 --tables wine,diamonds" in said
    assert said[-4:] == [
        "| kind | mean log u | CPU s | wine | diamonds |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| over | 0.005 | 6 | 100 | 100 |",  # each misses by a standard deviation of 1, or by 1.1
        "| under | 0.195 | 6 | 121 | 121 |",
    ]


def test_trials_are_stored_and_those_that_diverged_are_not_given(tmp_path):
    options = argparse.Namespace(
        cache=tmp_path, records=tmp_path / "trials.jsonl", members=5, most_rows=100
    )
    store = trials.Trials(options)
    kind = space.in_full({"dropout": 0.25})
    store.store(kind, "wine", 0, {"seconds": 1.5, "y": np.arange(3)}, 0.5)
    store.store(kind, "wine", 1, {}, None)
    assert store.load(kind, "wine", 0)["y"].tolist() == [0, 1, 2]
    assert store.known(kind, "wine", 1)
    assert store.load(kind, "wine", 1) is None
    assert not store.known(kind, "adult", 0)
    unsmoothed = kind | {"label_smoothing": 0.0}
    assert store.known(unsmoothed, "wine", 0)  # numbers have no labels to smooth
    assert kind in store.kinds().values()
    assert unsmoothed not in store.kinds().values()
    lines = options.records.read_text("utf-8").splitlines()
    assert [json.loads(line)["left"] for line in lines] == [0.5, None]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_search_never_sees_a_row_of_the_reserve(kind, monkeypatch):
    task = tasks.Task("any", kind, "y")
    y = targets(task if kind == "classes" else REGRESSION, 1000)
    X = pd.DataFrame({"row": np.arange(1000.0)})
    monkeypatch.setattr(rows, "read_table", lambda *_: (X, y))
    cut = rows.rows(task, *rows.read(task, None), seed=3)
    seen = {*cut.X_train["row"], *cut.X_test["row"]}
    held, free = tasks.reserve(task, y)
    assert seen == set(free)
    assert not seen & set(held)
