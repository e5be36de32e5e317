"""Schedules give the values worked by hand, in Python and in the engine alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ravine as rv
from ravine.engine import _engine

# (schedule, {t: value})
VALUES = {
    "e^(−ln 2 · t) halves with every unit": (
        rv.ExponentialDecay(0.1, rate=0.6931471805599453),
        {0: 0.1, 0.5: 0.07071067811865475, 1: 0.05, 3: 0.0125},
    ),
    "0.1/1, 0.1/2, 0.1/5": (rv.InverseDecay(0.1, rate=1), {0: 0.1, 1: 0.05, 4: 0.02}),
    "0.1/5²": (rv.InverseDecay(0.1, rate=1, power=2), {0: 0.1, 4: 0.004}),
    "0.1/√4, 0.1/√100": (rv.InverseDecay(0.1, rate=1, power=0.5), {3: 0.05, 99: 0.01}),
    "stairs of length 3": (
        rv.StepDecay(0.8, factor=0.5, every=3),
        {0: 0.8, 2.9: 0.8, 3: 0.4, 5.5: 0.4, 6: 0.2, 8.9: 0.2},
    ),
    "0.02 + 0.08 · (1, ¾, ½, ¼, 0), the cosines of 0°, 60°, 90°, 120°, 180°": (
        rv.CosineDecay(0.1, final=0.02, length=6),
        {0: 0.1, 2: 0.08, 3: 0.06, 4: 0.04, 6: 0.02, 9: 0.02},
    ),
    "one, then a second wave twice as long": (
        rv.CyclicCosine(0.1, cycles=2, length=3),
        {0: 0, 2**0.5 - 1: 0.1, 2**0.25 - 1: 0.05, 2 * 2**0.5 - 1: 0.1, 3: 0, 9: 0},
    ),
    "up from 0.2 to 1 in 4, down to 0 in 6": (
        rv.OneCycle(1.0, initial=0.2, final=0.0, peak=0.4, length=10),
        {0: 0.2, 2: 0.6, 4: 1.0, 7: 0.5, 10: 0.0, 99: 0.0},
    ),
    "from 0.1/25 over 0.1 at 3 to 0.004/10⁴": (
        rv.OneCycle(0.1, length=10),
        {0: 0.004, 1.5: 0.052, 3: 0.1, 10: 4e-7},
    ),
    "a quarter of the way at 1 of 4": (rv.Warmup(4, 0.1), {0: 0.0, 1: 0.025, 4: 0.1, 50: 0.1}),
    "what follows a warm-up starts its own clock": (
        rv.Warmup(4, rv.StepDecay(0.1, factor=0.5, every=2)),
        {0: 0.0, 2: 0.05, 4: 0.1, 5.9: 0.1, 6: 0.05, 8: 0.025},
    ),
    "a plateau starts at its initial rate": (rv.ReduceOnPlateau(0.1), {0: 0.1}),
}


def engine_value(schedule, *, epoch=math.nan, step=math.nan, epochs=math.nan, steps=math.nan):
    return _engine.schedule_value(schedule.to_dict(), epoch, step, epochs, steps)


def in_steps(schedule):
    """Give the same schedule, counting steps."""
    if isinstance(schedule, rv.ReduceOnPlateau):
        return schedule
    if isinstance(getattr(schedule, "then", None), rv.Schedule):
        return schedule.replace(unit="step", then=in_steps(schedule.then))
    return schedule.replace(unit="step")


@pytest.mark.parametrize(("schedule", "values"), VALUES.values(), ids=VALUES.keys())
def test_values_are_those_worked_by_hand(schedule, values):
    for t, expected in values.items():
        for value in (
            schedule(t),
            in_steps(schedule)(t),
            engine_value(schedule, epoch=t),
            engine_value(in_steps(schedule), step=t),
        ):
            assert value == pytest.approx(expected, rel=1e-14, abs=0), t


@pytest.mark.parametrize(
    "schedule", [s for s, _ in VALUES.values() if not isinstance(s, rv.ReduceOnPlateau)]
)
def test_python_and_the_engine_agree_at_every_time(schedule):
    for t in np.linspace(0, 12, 97):
        # Both call the C library; a product of three may be rounded in another order.
        assert engine_value(schedule, epoch=t) == pytest.approx(schedule(t), rel=1e-15, abs=1e-18)


LENGTHS = [
    rv.CosineDecay(0.1, final=0.01),
    rv.OneCycle(0.1),
    rv.CyclicCosine(0.1),
    rv.Warmup(2, rv.CosineDecay(0.1)),
    rv.Warmup(2, rv.OneCycle(0.1)),
]


@pytest.mark.parametrize("schedule", LENGTHS, ids=repr)
def test_a_schedule_without_a_length_takes_that_of_the_run_or_what_a_warm_up_leaves(schedule):
    if isinstance(schedule, rv.Warmup):
        whole, part = (
            schedule.replace(**{"then.length": 8}),
            schedule.replace(**{"then.length": 38}),
        )
    else:
        whole, part = schedule.replace(length=10), schedule.replace(length=40)
    for t in np.linspace(0, 10, 21):
        assert engine_value(schedule, epoch=t, epochs=10, steps=40) == whole(t)
    for t in range(0, 41, 4):
        assert engine_value(in_steps(schedule), step=t, epochs=10, steps=40) == pytest.approx(
            part(t)
        )


def test_a_number_is_a_schedule_that_stays():
    assert _engine.schedule_value(0.1, 7.0, 70.0, 10.0, 100.0) == 0.1


def test_a_plateau_lowers_the_rate_when_the_function_stalls():
    # The value is 0.5 at every step. The first is the best so far, the next two are not better: ½
    # from step 4 on; two more: ¼ from step 6 on, which is the minimum.
    rates = []

    class Watch(rv.Optimizer):
        learning_rate = rv.ReduceOnPlateau(1.0, factor=0.5, patience=2, minimum=0.25)

        def init(self, n):
            return None

        def update(self, w, g, state, k, learning_rate):
            rates.append(learning_rate)
            w *= -1

    rv.minimize(lambda x: (abs(x[0]), np.sign(x)), [0.5], jac=True, optimizer=Watch(), steps=9)
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
