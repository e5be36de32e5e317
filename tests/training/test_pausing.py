"""Runs that pause never see the pause."""

import numpy as np
import pytest

import ravine as rv
from ravine.training.pausing import PausedRuns
from tests.builders.small_runs import X, Y

FADING = rv.Network(
    [
        rv.Normalize(),
        rv.Dense(8, activation="relu"),
        rv.BatchNorm(),
        rv.Dropout(0.3, fades=True),
        rv.Dense(1),
    ]
)


def jobs_of(**settings):
    recipe = rv.Recipe(epochs=18, **settings)
    return [
        rv.Job(FADING, recipe.replace(seed=seed), validation_rows=np.arange(40))
        for seed in range(3)
    ]


def assert_same(model, other):
    assert (model.status, model.best_epoch) == (other.status, other.best_epoch)
    np.testing.assert_array_equal(model.parameters_vector, other.parameters_vector)
    np.testing.assert_array_equal(model.state_vector, other.state_vector)
    assert list(model.history) == list(other.history)
    for name in set(model.history) - {"seconds"}:
        np.testing.assert_array_equal(model.history[name], other.history[name])


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": rv.Adam(rv.CosineDecay(0.05))},
        {"optimizer": rv.SGD(rv.Warmup(3, rv.CosineDecay(0.1)), momentum=0.9)},
        {"optimizer": rv.SGD(rv.OneCycle(0.05)), "dtype": "float64"},
        {"optimizer": rv.SGD(rv.ReduceOnPlateau(0.1, patience=2))},
        {"averaging": 0.9, "shuffle": False},
        {"stopping": rv.EarlyStopping(patience=3)},
        {"optimizer": rv.LBFGS(), "batch_size": "full"},
    ],
    ids=["cosine", "warmup", "one-cycle", "plateau", "averaging", "stopping", "lbfgs"],
)
def test_a_run_that_went_on_is_bit_for_bit_one_that_never_paused(settings):
    jobs = jobs_of(**settings)
    runs = PausedRuns(jobs, X, Y)
    for epoch in (1, 2, 6):
        paused = dict(runs.train([0, 1, 2], epoch, threads=1))
        assert max(len(model.history) for model in paused.values()) <= epoch
    runs.forget([1])
    found = dict(runs.train([2, 0], 18, threads=1))
    whole = rv.train_many(jobs, X, Y)
    assert sorted(found) == [0, 2]
    for number, model in found.items():
        assert_same(model, whole[number])


def test_a_run_that_ended_gives_its_model_again():
    runs = PausedRuns(jobs_of(stopping=rv.EarlyStopping(patience=1)), X, Y)
    first = dict(runs.train([0, 1, 2], 17, threads=1))
    again = dict(runs.train([0, 1, 2], 18, threads=1))
    early = [number for number, model in first.items() if len(model.history) < 17]
    assert early
    for number in early:
        assert again[number] is first[number]


class Heavy(rv.Optimizer):
    """A custom rule with a state, under a schedule that is as long as the run."""

    learning_rate = rv.CosineDecay(0.05)

    def init(self, n):
        return np.zeros(n)

    def update(self, w, g, state, k, learning_rate):
        state *= 0.9
        state += g
        w -= learning_rate * state


def test_a_custom_optimizer_goes_on_with_its_state():
    jobs = [rv.Job(FADING, rv.Recipe(optimizer=Heavy(), epochs=6))]
    runs = PausedRuns(jobs, X, Y)
    for epoch in (2, 3, 6):
        found = dict(runs.train([0], epoch, threads=1))
    assert_same(found[0], rv.train_many(jobs, X, Y)[0])
