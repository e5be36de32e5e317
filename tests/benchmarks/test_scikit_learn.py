"""The benchmark against scikit-learn: its own arithmetic, and that it runs."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import results
from benchmarks.speed import scikit_learn as benchmark


def case(ratio, difference=0.0):
    """Make what is measured of a data set on which ravine is so many times as fast."""
    base = [0.8, 0.9, 0.85]
    systems = {}
    for name in benchmark.SYSTEMS:
        own = name == benchmark.SYSTEMS[0]
        systems[name] = {
            "seconds": {"median": 1.0, "low": 1.0, "high": 1.0},
            "scores": base if own else [score + difference for score in base],
            "epochs": 200.0,
            "ratios": [1.0] * 3 if own else [ratio, ratio, 100 * ratio],
        }
    return {"name": "made up", "rows": 9, "columns": 2, "score": "R²", "systems": systems}


OPTIONS = SimpleNamespace(threads=1, seeds=3, max_iter=200)


def test_the_median_over_seeds_and_sets_decides_about_the_goal(capsys):
    done = benchmark.finish([case(7.0), case(9.0), case(30.0)], OPTIONS)
    assert done["median_ratio"] == dict.fromkeys(benchmark.SYSTEMS[1:], 9.0)
    benchmark.show(done)
    said = capsys.readouterr().out
    assert "ravine: 9.0 times as fast in the median; the goal of 8 is reached." in said
    assert "All scores agree within their noise." in said


def test_scores_that_differ_by_more_than_their_noise_are_named(capsys):
    done = benchmark.finish([case(7.0, difference=0.1)], OPTIONS)
    benchmark.show(done)
    said = capsys.readouterr().out
    assert "not reached" in said
    assert "Not within: made up (ravine), made up (ravine, float32)." in said


def test_differences_are_paired_and_their_error_is_that_of_the_mean():
    found = benchmark.compare([0.5, 0.7, 0.9], [0.4, 0.7, 0.7])
    assert found["difference"] == pytest.approx(0.1)
    assert found["standard_error"] == pytest.approx(0.1 / 3**0.5)  # sd of 0.1, 0, 0.2 is 0.1
    assert found["agrees"]
    assert not benchmark.compare([0.5, 0.6], [0.4, 0.5 - 1e-9])["agrees"]


def test_ten_sets_of_at_most_ten_thousand_rows_are_measured():
    sets = benchmark.bundled()
    assert len(sets) == 10
    for data in sets:
        train_X, test_X, train_y, test_y = benchmark.split(data, seed=1)
        assert len(train_X) == len(train_y) <= 10_000
        assert len(test_X) == len(test_y) >= 30
        np.testing.assert_allclose(train_X.mean(axis=0), 0, atol=1e-9)
        assert len(train_X) + len(test_X) == len(data.X)


def test_a_set_is_measured(tmp_path):
    (iris,) = (data for data in benchmark.bundled() if data.name == "iris")
    found = benchmark.measure(iris, seeds=2, max_iter=3)
    done = benchmark.finish([found], OPTIONS)
    results.write(done, tmp_path / "scikit_learn.json")
    kept = results.read(tmp_path / "scikit_learn.json")
    (stored,) = kept["cases"]
    assert stored["systems"]["ravine"]["epochs"] == stored["systems"]["scikit-learn"]["epochs"] == 3
    assert stored["systems"]["ravine"]["difference"] == pytest.approx(0, abs=0.1)
    assert all(system["seconds"]["low"] > 0 for system in stored["systems"].values())
