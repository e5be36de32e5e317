"""The arithmetic of the benchmark of tables; the benchmark itself needs the peers and time."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import results
from benchmarks.tables import accuracy, document, pictures, ranks, systems, tasks
from tests.builders.benchmark_tables import REGRESSION, targets

CLASSES = tasks.Task("any", "classes", "y")


def record(table, system, seed, score, **more):
    """Make what `accuracy.run` measures."""
    scores = {"rank": score, "rmse": score} | more.pop("scores", {})
    times = {"fit_seconds": 2.0, "fit_cpu_seconds": 3.0, "predict_seconds": 0.5} | more
    where = {"table": table, "system": system, "seed": seed, "versions": {"numpy": "2.4.6"}}
    return where | {"scores": scores} | times


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
