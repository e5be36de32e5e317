"""Schedules in whole runs: every warm-up, boundaries that are no binary fractions, and going on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ravine as rv
from ravine.data.shared import SharedData
from ravine.errors import ParameterError
from ravine.specs.schedules import SCHEDULES
from ravine.training.resumable import ResumableTraining
from tests.builders.watchers import Seen

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = X[:, 0] - 0.5 * X[:, 1]
LINEAR = rv.Network([rv.Dense(1)])


def rates_of(schedule, epochs, *, steps=4):
    """Give the rate of every step of a run, as a rule of one's own is told them."""
    rates = []

    class Listener(rv.Optimizer):
        learning_rate = schedule

        def init(self, n):
            return None

        def update(self, w, g, state, k, learning_rate):
            rates.append(learning_rate)

    recipe = rv.Recipe(optimizer=Listener(), epochs=epochs, batch_size=40 // steps, dtype="float64")
    rv.train(LINEAR, X, Y, recipe, threads=1)
    return rates


# What follows a warm-up of two epochs to 0.8, in a run of six: its first value, and the rates of
# the four epochs after it, worked by hand.
HALF_ROOT = 0.5**0.5
AFTER = {
    "a number": (0.8, 0.8, [0.8, 0.8, 0.8, 0.8]),
    "ExponentialDecay": (rv.ExponentialDecay(0.8, rate=np.log(2)), 0.8, [0.8, 0.4, 0.2, 0.1]),
    "InverseDecay": (rv.InverseDecay(0.8, rate=1), 0.8, [0.8, 0.4, 0.8 / 3, 0.2]),
    "StepDecay": (rv.StepDecay(0.8, 0.5, every=2), 0.8, [0.8, 0.8, 0.4, 0.4]),
    "CosineDecay": (  # cos 0°, 45°, 90°, 135° over what is left
        rv.CosineDecay(0.8),
        0.8,
        [0.8, 0.4 * (1 + HALF_ROOT), 0.4, 0.4 * (1 - HALF_ROOT)],
    ),
    "CosineDecay of a length": (
        rv.CosineDecay(0.8, final=0.2, length=2),
        0.8,
        [0.8, 0.5, 0.2, 0.2],
    ),
    "CyclicCosine": (  # one wave: (1 − cos 2π log₂(1 + t/4)) / 2
        rv.CyclicCosine(0.8, cycles=1),
        0.0,
        [0.8 * (1 - np.cos(2 * np.pi * np.log2(1 + t / 4))) / 2 for t in range(4)],
    ),
    "OneCycle": (  # up for two epochs, down for two
        rv.OneCycle(1.6, initial=0.8, final=0.0, peak=0.5),
        0.8,
        [0.8, 1.2, 1.6, 0.8],
    ),
    "Warmup": (rv.Warmup(2, 0.8), 0.0, [0.0, 0.4, 0.8, 0.8]),
    # min_delta is more than any loss improves: the first epoch after the start is the best, the
    # next two are not better, so that the fourth has a half.
    "ReduceOnPlateau": (
        rv.ReduceOnPlateau(0.8, factor=0.5, patience=2, min_delta=1e6),
        0.8,
        [0.8, 0.8, 0.8, 0.4],
    ),
}


def test_the_table_has_every_schedule():
    assert {type(then).__name__ for then, _, _ in AFTER.values()} - {"float"} == set(
        SCHEDULES.kinds
    )


def in_steps(schedule, steps):
    """Give the same schedule in a run of so many steps an epoch, counting those."""
    if not isinstance(schedule, rv.Schedule) or isinstance(schedule, rv.ReduceOnPlateau):
        return schedule
    changes = {"unit": "step"}
    for name in ("length", "every"):
        if getattr(schedule, name, None) is not None:
            changes[name] = getattr(schedule, name) * steps
    if hasattr(schedule, "rate"):
        changes["rate"] = schedule.rate / steps
    if hasattr(schedule, "then"):
        changes["then"] = in_steps(schedule.then, steps)
    return replace(schedule, **changes)


@pytest.mark.parametrize("unit", ["epoch", "step"])
@pytest.mark.parametrize("name", AFTER)
def test_a_warm_up_leads_to_whatever_follows_it_and_that_begins_after_it(name, unit):
    then, first, after = AFTER[name]
    schedule = rv.Warmup(2, then)
    found = rates_of(schedule if unit == "epoch" else in_steps(schedule, 4), epochs=6)
    start = [first * step / 8 for step in range(8)]
    assert found[:8] == pytest.approx(start, rel=1e-13, abs=1e-16)
    assert found[8::4] == pytest.approx(after, rel=1e-13, abs=1e-16)


@pytest.mark.parametrize("unit", ["epoch", "step"])
@pytest.mark.parametrize("length", [3, 5])
@pytest.mark.parametrize("name", AFTER)
def test_a_warm_up_as_long_as_the_run_or_longer_goes_towards_the_first_value(name, length, unit):
    then, first, _ = AFTER[name]
    schedule = rv.Warmup(length, then)
    schedule = schedule if unit == "epoch" else in_steps(schedule, 4)
    if first == 0:
        with pytest.raises(ParameterError, match="The learning rate would be 0 at every step"):
            rates_of(schedule, epochs=3)
        return
    found = rates_of(schedule, epochs=3)
    wanted = [first * step / (4 * length) for step in range(12)]
    assert found == pytest.approx(wanted, rel=1e-13, abs=1e-16)


@pytest.mark.parametrize(
    ("schedule", "epochs"),
    [
        (rv.Warmup(5, 0.1), 1),
        (rv.Warmup(5, rv.CosineDecay(0.1, unit="step"), unit="step"), 1),
        (rv.CyclicCosine(0.1), 1),
        (rv.CyclicCosine(0.1, length=1), 7),
        (rv.Warmup(3, rv.CyclicCosine(0.1)), 4),
    ],
)
def test_a_run_whose_few_steps_all_fall_on_zeros_of_the_schedule_is_refused(schedule, epochs):
    with pytest.raises(ParameterError, match="take more steps"):
        rates_of(schedule, epochs=epochs, steps=1)
    assert max(rates_of(schedule, epochs=epochs, steps=2)) > 0


def test_a_warm_up_as_long_as_a_walk_is_not_at_rate_zero():
    path = rv.minimize(
        lambda x: float(x[0]),
        [0.0],
        jac=lambda x: np.ones(1),
        optimizer=rv.SGD(rv.Warmup(4, rv.CosineDecay(0.4))),
        steps=4,
    ).path
    assert np.diff(path[:, 0]) == pytest.approx([0, -0.1, -0.2, -0.3])
    with pytest.raises(ParameterError, match="begins at 0"):
        rv.minimize(
            lambda x: float(x[0]),
            [0.0],
            jac=lambda x: np.ones(1),
            optimizer=rv.SGD(rv.Warmup(4, rv.CyclicCosine(0.4))),
            steps=4,
        )


@pytest.mark.parametrize("steps", [10, 20])
@pytest.mark.parametrize("warm", [0, 0.3, 1.1])
def test_stairs_of_a_tenth_of_an_epoch_change_at_every_tenth(steps, warm):
    stairs = rv.StepDecay(1.0, 0.5, every=0.1)
    schedule = rv.Warmup(warm, stairs) if warm else stairs
    found = rates_of(schedule, epochs=3, steps=steps)
    before, on_a_stair = round(warm * steps), steps // 10
    wanted = [0.5 ** (k // on_a_stair) for k in range(3 * steps - before)]
    assert found[before:] == wanted


@pytest.mark.parametrize("every", [0.1, 0.7, 1.1, 1 / 3, 0.07])
def test_in_python_too_a_multiple_of_a_length_is_the_next_stair(every):
    schedule = rv.StepDecay(1.0, 0.5, every=every)
    for stair in range(1, 60):
        assert schedule(stair * every) == 0.5**stair
        assert schedule(stair * every * (1 - 1e-9)) == 0.5 ** (stair - 1)


def test_the_first_value_is_known_without_a_length():
    for schedule, first in (
        (rv.CosineDecay(0.1), 0.1),
        (rv.OneCycle(0.5), 0.02),
        (rv.CyclicCosine(0.1), 0.0),
    ):
        assert schedule(0) == pytest.approx(first)
    assert rv.Warmup(4, rv.CosineDecay(0.1))(2) == 0.05


def test_a_plateau_of_a_walk_watches_nothing_but_the_value():
    for monitor in ("val_loss", "val_r2"):
        rule = rv.SGD(rv.Warmup(2, rv.ReduceOnPlateau(0.1, monitor=monitor)))
        with pytest.raises(ParameterError, match=f"watches '{monitor}', but a function has no"):
            rv.minimize(lambda x: float(x[0] ** 2), [1.0], optimizer=rule)


# --- going on with more epochs --------------------------------------------------------------------

PLAIN = [rv.Dense(4, activation="relu"), rv.Dense(1)]
FADING = [rv.Dense(4, activation="relu"), rv.Dropout(0.5, fades=True), rv.Dense(1)]


class Own(rv.Optimizer):
    """A rule of one's own under a schedule that is as long as the run."""

    learning_rate = rv.CosineDecay(0.1)

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * g


OPEN_ENDED = {
    "cosine": (PLAIN, rv.Adam(rv.CosineDecay(0.01)), "CosineDecay"),
    "in steps": (PLAIN, rv.Adam(rv.CosineDecay(0.01, unit="step")), "CosineDecay"),
    "cycle": (PLAIN, rv.SGD(rv.OneCycle(0.05)), "OneCycle"),
    "waves": (PLAIN, rv.AdamW(rv.CyclicCosine(0.05)), "CyclicCosine"),
    "behind warm-ups": (
        PLAIN,
        rv.SGD(rv.Warmup(1, rv.Warmup(1, rv.CosineDecay(0.1)))),
        "CosineDecay",
    ),
    "momentum": (PLAIN, rv.SGD(0.01, momentum=rv.CosineDecay(0.5, final=0.9)), "CosineDecay"),
    "beta1": (PLAIN, rv.Adam(0.01, beta1=rv.OneCycle(0.9)), "OneCycle"),
    "fading dropout": (FADING, rv.Adam(0.01), "Dropout"),
    "fading dropout within": (
        [rv.Dense(4), rv.Residual([rv.Dropout(0.5, fades=True)]), rv.Dense(1)],
        rv.Adam(0.01),
        "Dropout",
    ),
    "own rule": (PLAIN, Own(), "CosineDecay"),
}


@pytest.mark.parametrize("name", OPEN_ENDED)
def test_what_is_as_long_as_the_run_goes_on_with_its_own_epochs_only(name, tmp_path):
    layers, rule, kind = OPEN_ENDED[name]
    network, path = rv.Network(layers), tmp_path / "run.safetensors"
    recipe = rv.Recipe(optimizer=rule, epochs=6, batch_size=16)
    whole = rv.train(network, X, Y, recipe)
    rv.train(
        network, X, Y, recipe, checkpoint=path, every=4, callback=lambda row: row["epoch"] == 4
    )
    resumed = rv.train(network, X, Y, recipe, start=path)
    np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)
    for epochs in (5, 12):
        with pytest.raises(ParameterError) as caught:
            rv.train(network, X, Y, recipe.replace(epochs=epochs), start=path)
        assert f"is the checkpoint of a run of 6 epochs. {kind} has no length" in str(caught.value)
        assert "length=" in caught.value.hint


WITH_LENGTHS = {
    "cosine": (PLAIN, rv.Adam(rv.CosineDecay(0.01, length=8))),
    "in steps": (PLAIN, rv.Adam(rv.CosineDecay(0.01, length=8, unit="step"))),
    "behind a warm-up": (PLAIN, rv.SGD(rv.Warmup(2, rv.OneCycle(0.05, length=7)))),
    "momentum": (PLAIN, rv.SGD(0.01, momentum=rv.CosineDecay(0.5, final=0.9, length=5))),
    "fading dropout": (
        [rv.Dense(4), rv.Dropout(0.5, fades=True, length=8), rv.Dense(1)],
        rv.Adam(0.01),
    ),
    "dropout": ([rv.Dense(4), rv.Dropout(0.5), rv.Dense(1)], rv.Adam(0.01)),
    "no length": (PLAIN, rv.SGD(rv.Warmup(3, rv.StepDecay(0.1, 0.5, every=2)))),
}


@pytest.mark.parametrize("name", WITH_LENGTHS)
def test_with_lengths_of_their_own_more_epochs_give_the_uninterrupted_run(name, tmp_path):
    layers, rule = WITH_LENGTHS[name]
    network, path = rv.Network(layers), tmp_path / "run.safetensors"
    recipe = rv.Recipe(optimizer=rule, epochs=6, batch_size=16)
    rv.train(network, X, Y, recipe, checkpoint=path)
    resumed = rv.train(network, X, Y, recipe.replace(epochs=11), start=path)
    whole = rv.train(network, X, Y, recipe.replace(epochs=11))
    np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)
    np.testing.assert_array_equal(resumed.history["loss"], whole.history["loss"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rv.CosineDecay(0.01), rv.CosineDecay(0.01, length=6)),
        (rv.Warmup(2, rv.OneCycle(0.01)), rv.Warmup(2, rv.OneCycle(0.01, length=4))),
    ],
    ids=str,
)
def test_a_run_may_go_on_when_told_the_length_that_it_began_with(before, after, tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(optimizer=rv.Adam(before), epochs=6, batch_size=16)
    rv.train(LINEAR, X, Y, recipe, checkpoint=path)
    longer = recipe.replace(optimizer=rv.Adam(after), epochs=9)
    resumed = rv.train(LINEAR, X, Y, longer, start=path)
    whole = rv.train(LINEAR, X, Y, longer)
    np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)


def test_stretches_of_one_run_may_have_a_schedule_as_long_as_it():
    recipe = rv.Recipe(optimizer=rv.Adam(rv.Warmup(2, rv.CosineDecay(0.05))), epochs=8)
    stretches = ResumableTraining(LINEAR)
    for end in (3, 8):
        model = stretches.train(
            SharedData(X, Y),
            recipe,
            watcher=Seen(lambda rows, end=end: end - int(rows["epoch"][-1])),
        )
    whole = rv.train(LINEAR, X, Y, recipe)
    np.testing.assert_array_equal(model.parameters_vector, whole.parameters_vector)


def test_partial_fit_follows_a_schedule_for_max_iter_calls_and_no_further():
    fields = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    learner = rv.MLPRegressor(solver=rv.Adam(rv.CosineDecay(0.01)), **fields)
    for _ in range(3):
        learner.partial_fit(X, Y)
    rates = learner._model.history["learning_rate"]
    assert rates == pytest.approx([0.01, 0.0075, 0.0025])  # cos 0°, 60°, 120°
    with pytest.raises(ParameterError, match="CosineDecay has no length and lasts for max_iter=3"):
        learner.partial_fit(X, Y)
    learner.set_params(max_iter=9)
    with pytest.raises(ParameterError, match="cannot continue with max_iter=9"):
        learner.partial_fit(X, Y)
    free = rv.MLPRegressor(solver=rv.Adam(rv.CosineDecay(0.01, length=2)), **fields)
    for _ in range(5):
        free.partial_fit(X, Y)
    assert free._model.history["learning_rate"] == pytest.approx([0.01, 0.005, 0, 0, 0])
