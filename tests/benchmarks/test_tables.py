"""The arithmetic of the benchmark of tables; the benchmark itself needs the peers and time."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest

import ravine
from benchmarks import results
from benchmarks.defaults import ensembles, portfolio, rows, search, space, trials
from benchmarks.tables import accuracy, document, pictures, ranks, systems, tasks
from ravine.estimators import neural_base, neural_options

REGRESSION = tasks.Task("any", "regression", "y")
CLASSES = tasks.Task("any", "classes", "y")


def record(table, system, seed, score, **more):
    """Make what `accuracy.run` measures."""
    scores = {"rank": score, "rmse": score} | more.pop("scores", {})
    times = {"fit_seconds": 2.0, "fit_cpu_seconds": 3.0, "predict_seconds": 0.5} | more
    where = {"table": table, "system": system, "seed": seed, "versions": {"numpy": "2.4.6"}}
    return where | {"scores": scores} | times


def targets(task, n):
    rng = np.random.default_rng(0)
    return rng.normal(size=n) if task is REGRESSION else (rng.random(n) < 0.1).astype(int)


# --- Rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", [REGRESSION, CLASSES], ids=lambda task: task.kind)
@pytest.mark.parametrize(
    ("n", "n_train", "n_test"), [(1000, 750, 250), (60_000, 10_000, 10_000)], ids=str
)
def test_rows_train_or_test_and_test_rows_come_from_the_reserve(task, n, n_train, n_test):
    y = targets(task, n)
    held, free = tasks.reserve(task, y)
    assert sorted([*held, *free]) == list(range(n))
    assert len(held) == 0.4 * n
    drawn = [tasks.split(task, y, seed) for seed in (0, 1)]
    for train, test in drawn:
        assert (len(train), len(test)) == (n_train, n_test)
        assert len({*train, *test}) == n_train + n_test
        assert set(test) <= set(held)
    assert set(drawn[0][1]) != set(drawn[1][1])
    again = tasks.split(task, y, 0)
    assert all(np.array_equal(a, b) for a, b in zip(drawn[0], again, strict=True))


def test_every_class_has_its_share_of_the_test_rows():
    y = targets(CLASSES, 1000)
    train, test = tasks.split(CLASSES, y, 0)
    assert y[train].mean() == pytest.approx(y.mean(), abs=2e-3)  # a row in 250 is 4e-3
    assert y[test].mean() == pytest.approx(y.mean(), abs=4e-3)


def test_a_table_is_read_with_its_classes_as_numbers(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "y": ["yes", "no", "yes"]})
    frame.to_csv(tmp_path / "any.csv.gz", index=False)
    X, y = tasks.read_table(CLASSES, tmp_path)
    assert list(X) == ["a"]
    assert y.tolist() == [1, 0, 1]


def test_images_are_halved_by_means(tmp_path):
    image = np.arange(28 * 28, dtype=np.float64).reshape(1, 28, 28)
    np.savez(tmp_path / "mnist_5k.npz", X=image, y=np.array([7], dtype=np.uint8))
    X, y = tasks.read_images(tmp_path / "mnist_5k.npz")
    assert X.shape == (1, 14, 14)
    assert X[0, 0, :2].tolist() == [(0 + 1 + 28 + 29) / 4, (2 + 3 + 30 + 31) / 4]
    assert y.tolist() == [7]


# --- Columns -------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"n": [1.0, np.nan, 3.0], "c": ["a", "b", "a"]})
NEW = pd.DataFrame({"n": [np.nan, 5.0], "c": ["z", None]})


def test_levels_are_those_of_training_and_others_are_missing():
    columns = systems.Columns("category", most_levels=1).learn(FRAME)
    assert columns.apply(FRAME)["c"].isna().tolist() == [False, True, False]
    assert columns.apply(NEW)["c"].isna().all()
    assert np.isnan(columns.apply(NEW)["n"][0])


def test_a_missing_number_becomes_the_median_with_a_mark():
    made = systems.Columns("category", impute=True).learn(FRAME).apply(NEW)
    assert made["n"].tolist() == [2.0, 5.0]
    assert made["n is missing"].tolist() == [1.0, 0.0]


def test_a_number_that_only_new_rows_lack_becomes_the_median_for_every_system():
    columns = systems.Columns().learn(FRAME.iloc[[0, 2]])
    assert columns.apply(NEW)["n"].tolist() == [2.0, 5.0]
    assert np.isnan(systems.Columns().learn(FRAME).apply(NEW)["n"][0])


def test_missing_text_is_a_level_of_its_own():
    assert systems.Columns("text").learn(FRAME).apply(NEW)["c"].tolist() == ["z", "missing"]


@pytest.mark.parametrize("name", ["HistGradientBoosting", "scikit-learn MLP"])
@pytest.mark.parametrize("task", [REGRESSION, CLASSES], ids=lambda task: task.kind)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_system_trains_on_columns_as_they_come(name, task):
    X, y = pd.concat([FRAME] * 20, ignore_index=True), np.tile([0, 1, 0], 20)
    system = systems.make(name, task, X, 0, 1)
    system.fit(X, y)
    assert system.predict(NEW).shape == ((2, 2) if task is CLASSES else (2,))


# --- Scores --------------------------------------------------------------------------------------


def test_a_regression_is_scored_by_its_root_mean_square():
    scores = accuracy.score("regression", np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0]))
    assert scores["rmse"] == pytest.approx(3**0.5)
    assert scores["unexplained"] == pytest.approx(3 / (14 / 3))  # the targets' variance is 14/3


def test_classes_are_scored_by_log_loss_and_error():
    p = np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0], [1.0, 0.0]])
    scores = accuracy.score("classes", p, np.array([0, 0, 1, 1]))
    least = accuracy.LEAST_PROBABILITY
    assert scores["log_loss"] == pytest.approx(-np.log([0.75, 0.5, 1, least]).sum() / 4, rel=1e-5)
    assert scores["error"] == 0.25
    assert scores["unexplained"] == pytest.approx(scores["log_loss"] / np.log(2))


def test_predictions_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        accuracy.score("regression", np.array([np.nan]), np.array([1.0]))


# --- Ranks ---------------------------------------------------------------------------------------


def test_ranks_are_shared_by_equals():
    assert ranks.rank(np.array([[1.0, 3.0, 1.0]])).tolist() == [[1.5, 3.0, 1.5]]


# Demšar (2006), section 3.2.2: ranks of four systems on 14 data sets, χ² = 9.28, F = 3.69, and
# Nemenyi's critical differences 1.25 (α = 0.05) and, for α = 0.10, 2.291 √(4·5 / (6·14)) = 1.12.
def test_critical_differences_are_those_of_the_paper():
    assert ranks.critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert ranks.critical_difference(4, 14, alpha=0.10) == pytest.approx(1.12, abs=0.005)


def test_friedmans_test_is_the_one_of_the_paper():
    accuracies = """
        0.763 0.599 0.954 0.628 0.882 0.936 0.661 0.583 0.775 1.000 0.940 0.619 0.972 0.957
        0.768 0.591 0.971 0.661 0.888 0.931 0.668 0.583 0.838 1.000 0.962 0.666 0.981 0.978
        0.771 0.590 0.968 0.654 0.886 0.916 0.609 0.563 0.866 1.000 0.965 0.614 0.9751 0.946
        0.798 0.569 0.967 0.657 0.898 0.931 0.685 0.625 0.875 1.000 0.962 0.669 0.975 0.970
    """  # 0.9751 stands for the 0.975 that is ranked before the other
    score = np.array(accuracies.split(), dtype=float).reshape(4, 14)
    ranked = ranks.rank(-score.T)
    assert ranked.mean(axis=0) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    f, p = ranks.friedman(ranked)
    assert f == pytest.approx(3.69, abs=0.005)
    assert 0.01 < p < 0.05


def test_friedmans_test_of_tables_that_all_agree_is_sure():
    assert ranks.friedman(np.tile([1.0, 2.0, 3.0], (5, 1))) == (float("inf"), 0.0)


def test_systems_are_grouped_that_differ_by_less():
    assert ranks.cliques([4.0, 1.0, 1.5, 2.2], 1.0) == [(0, 1), (1, 2)]
    assert ranks.cliques([1.0, 3.0], 1.0) == []


def test_systems_are_compared_on_the_seeds_that_all_have():
    records = [
        record("a", "ravine", 0, 1.0),
        record("a", "ravine", 1, 9.0),
        record("a", "TabM-D", 0, 2.0, fit_cpu_seconds=30.0),
        record("b", "ravine", 0, 1.0),
    ]
    found = ranks.compare(records, ["ravine", "TabM-D"])
    assert found["tables"] == ["a"]
    assert found["seeds"] == {"a": [0]}
    assert found["systems"]["ravine"]["mean_rank"] == 1
    assert found["systems"]["TabM-D"]["times_ravine"] == pytest.approx(10)


# --- The store -----------------------------------------------------------------------------------


def two_tables():
    records = []
    for table, best in (("diamonds", 0), ("wine", 1)):
        for seed in (0, 1):
            for i, system in enumerate(("ravine", "CatBoost", "LightGBM")):
                score = 1.0 + abs(i - best) + 0.1 * seed
                records.append(record(table, system, seed, score))
    return records


def test_results_are_stored_at_once_and_the_later_counts(tmp_path):
    store = tmp_path / "tables.jsonl"
    assert accuracy.read_records(store) == []
    for score in (1.0, 2.0):
        accuracy.append(record("wine", "ravine", 0, score), store)
    assert [json.loads(line)["seed"] for line in store.read_text("utf-8").splitlines()] == [0, 0]
    assert [found["scores"]["rank"] for found in accuracy.read_records(store)] == [2.0]


def test_results_are_summarised_shown_and_drawn(tmp_path, capsys):
    records = [*two_tables(), record("wine", "TabM-D", 0, 0.5)]
    result = accuracy.summarise(records, 2)
    assert result["scores"]["wine"]["ravine"]["rank"] == pytest.approx(
        {"mean": 2.05, "se": 0.05}  # 2.0 and 2.1
    )
    assert list(result["comparisons"]) == ["all", "finished", "finished_by_error"]
    assert result["comparisons"]["all"]["tables"] == ["wine"]
    assert "TabM-D" not in result["comparisons"]["finished"]["systems"]
    results.write(result, tmp_path / "tables.json")
    accuracy.show(results.read(tmp_path / "tables.json"))
    said = capsys.readouterr().out
    assert "2.05 ± 0.05 (2)" in said
    assert "critical difference" in said
    pictures.draw_ranks(result["comparisons"]["all"], tmp_path / "ranks.png")
    assert (tmp_path / "ranks.png").stat().st_size > 5000


def test_the_document_shows_the_last_run():
    text = document.DOCUMENT.read_text("utf-8")
    assert document.filled(text, results.TABLES) == text


def test_the_stored_summary_is_that_of_the_stored_results():
    records = accuracy.read_records(results.TABLES / "tables.jsonl")
    stored = results.read(results.TABLES / "tables.json")
    made = accuracy.summarise(records, stored["threads"])
    for part in ("scores", "comparisons"):
        assert json.dumps(results._rounded(made[part])) == json.dumps(stored[part])


# --- The defaults --------------------------------------------------------------------------------


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
    predictions = neural_base.held_out_predictions

    def kept(*arguments):
        held_out.append(predictions(*arguments))
        return held_out[-1].copy()

    monkeypatch.setattr(neural_base, "held_out_predictions", kept)
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
            "judged": np.mean([whole._member_prediction(model, X) for model in own], axis=0),
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
