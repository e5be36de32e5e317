"""Many runs at once: each is the run alone, and how they end."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import ravine as rv
from tests.builders.small_runs import CLASSIFIER, LINEAR, NETWORK, X, Y, weights

# What is shared among threads: parts of the rows of a small and of a larger step, or the units of
# each layer, where the gradient is long or rows act on one another.
SHARED_STEPS = {
    "small": ([rv.Dense(32, activation="relu"), rv.Dense(1)], 64, {"averaging": 0.9}),
    "middle": (
        [rv.Dense(90, activation="gelu"), rv.LayerNorm(), rv.Dense(90), rv.Dense(1)],
        128,
        {"dropout": 0.2, "clip_norm": 0.1, "penalty": rv.L1(1e-3, proximal=True)},
    ),
    "long gradient": (
        [rv.Dense(400, activation="tanh"), rv.Dense(400, activation="relu"), rv.Dense(1)],
        20,
        {"optimizer": rv.AdamW(1e-3), "penalty": rv.L2(1e-3), "max_norm": 1.0},
    ),
    "whole batch": (
        [rv.Dense(130), rv.BatchNorm(), rv.Activation("relu"), rv.Dense(130), rv.Dense(1)],
        150,
        {"optimizer": rv.SGD(0.01, momentum=0.9)},
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", SHARED_STEPS)
def test_a_single_run_is_the_same_on_any_number_of_threads(case, dtype):
    layers, batch_size, fields = SHARED_STEPS[case]
    network = rv.Network([rv.Normalize(), *layers])
    recipe = rv.Recipe(epochs=3, batch_size=batch_size, dtype=dtype, **fields)
    one, *others = (rv.train(network, X, Y, recipe, threads=threads) for threads in (1, 2, 3))
    for other in others:
        np.testing.assert_array_equal(weights(other), weights(one))
        for column in ("loss", "penalty", "gradient_norm"):
            np.testing.assert_array_equal(other.history[column], one.history[column])


def test_a_population_may_mix_networks_losses_and_rows():
    y = (Y > 0).astype(int)
    jobs = [
        rv.Job(CLASSIFIER, rv.Recipe(epochs=2), rows=range(100), validation_rows=range(100, 200)),
        rv.Job(LINEAR, rv.Recipe(epochs=2), rows=np.arange(200) % 2 == 0),
    ]
    classifier, regression = rv.train_many(jobs, X, y)
    assert "val_accuracy" in classifier.history
    assert set(classifier.predict(X)) <= {0, 1}
    assert regression.classes is None


def test_a_population_can_be_iterated_as_its_runs_end():
    epochs = [2000, 1, 1, 1]
    jobs = [rv.Job(NETWORK, rv.Recipe(epochs=n, batch_size=8)) for n in epochs]
    seen = dict(rv.train_many(jobs, X, Y, threads=2, as_completed=True))
    assert list(seen)[-1] == 0  # the long one is begun first and ends last
    for number, model in seen.items():
        assert len(model.history) == epochs[number]


def test_leaving_the_iteration_stops_the_rest():
    jobs = [rv.Job(LINEAR, rv.Recipe(epochs=n)) for n in (1, 10**6, 10**6)]
    for number, _ in rv.train_many(jobs, X, Y, threads=3, as_completed=True):
        assert number == 0
        break


def test_ctrl_c_gives_what_has_ended_and_what_the_others_had_reached():
    epochs = [1, 10**6, 10**6, 10**6]
    jobs = [rv.Job(LINEAR, rv.Recipe(epochs=n, seed=n)) for n in epochs]

    def report(row):
        if row["run"] == 0:
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(RuntimeWarning, match="1 of 4 runs ended"):
        models = rv.train_many(jobs, X, Y, threads=4, progress=report)
    assert [model.status for model in models] == ["finished"] + ["interrupted"] * 3
    for model in models:
        assert np.isfinite(model.predict(X)).all()


GROWTH = textwrap.dedent("""
    import resource
    import numpy as np, ravine as rv
    X = np.random.default_rng(0).normal(size=(8192, 20)).astype("float32")
    layers = [rv.Dense(32, activation="relu"), rv.Dense(32, activation="relu"), rv.Dense(1)]
    network = rv.Network(layers)
    def train(count):
        recipes = [rv.Recipe(epochs=1, batch_size=512, seed=seed) for seed in range(count)]
        return rv.train_many([rv.Job(network, recipe) for recipe in recipes], X, X[:, 0])
    train(4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    models = train(1000)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
""")


def test_a_thousand_runs_take_less_than_fifty_megabytes():
    result = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert float(result.stdout) < 50


def test_a_run_that_diverges_is_marked_and_harms_no_other():
    jobs = [rv.Job(LINEAR, rv.Recipe(optimizer=rv.SGD(rate), epochs=50)) for rate in (0.1, 1e20)]
    good, bad = rv.train_many(jobs, X, Y)
    assert (good.status, bad.status) == ("finished", "diverged")
    assert "run 2 of 2" in bad.message
    np.testing.assert_array_equal(weights(good), weights(rv.train(LINEAR, X, Y, jobs[0].recipe)))
