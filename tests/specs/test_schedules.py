"""Schedules in Python: numbers worked by hand, and the engine's own beside them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import ravine as rv
from ravine.engine import _engine
from ravine.errors import ParameterError
from ravine.specs.schedules import SCHEDULES
from tests.builders.spec_strategies import specs

HALF_ROOT = math.sqrt(0.5)

# Schedule, time, value worked by hand.
BY_HAND = [
    (rv.ExponentialDecay(0.1, rate=0.05), 0, 0.1),
    (rv.ExponentialDecay(0.1, rate=math.log(2)), 1, 0.05),
    (rv.ExponentialDecay(0.1, rate=math.log(2)), 0.5, 0.1 * HALF_ROOT),
    (rv.ExponentialDecay(0.1, rate=0), 1e6, 0.1),
    (rv.InverseDecay(0.1, rate=1), 1, 0.05),
    (rv.InverseDecay(0.1, rate=1), 9, 0.01),
    (rv.InverseDecay(0.1, rate=0.5, power=2), 2, 0.025),
    (rv.InverseDecay(0.1, rate=3, power=0.5), 1, 0.05),
    (rv.StepDecay(0.8, factor=0.5, every=10), 9.999, 0.8),
    (rv.StepDecay(0.8, factor=0.5, every=10), 10, 0.4),
    (rv.StepDecay(0.8, factor=0.5, every=10), 35, 0.1),
    (rv.CosineDecay(0.1, length=10), 0, 0.1),
    (rv.CosineDecay(0.1, length=10), 2.5, 0.05 * (1 + HALF_ROOT)),
    (rv.CosineDecay(0.1, length=10), 5, 0.05),
    (rv.CosineDecay(0.1, length=10), 10, 0.0),
    (rv.CosineDecay(0.1, final=0.02, length=10), 5, 0.06),
    (rv.CosineDecay(0.1, final=0.02, length=10), 99, 0.02),
    (rv.CosineDecay(0.5, final=0.9, length=10), 5, 0.7),
    (rv.Warmup(4, 0.1), 0, 0.0),
    (rv.Warmup(4, 0.1), 1, 0.025),
    (rv.Warmup(4, 0.1), 4, 0.1),
    (rv.Warmup(4, 0.1), 400, 0.1),
    (rv.Warmup(4, rv.StepDecay(0.1, factor=0.5, every=10)), 2, 0.05),
    (rv.Warmup(4, rv.StepDecay(0.1, factor=0.5, every=10)), 13.9, 0.1),
    (rv.Warmup(4, rv.StepDecay(0.1, factor=0.5, every=10)), 14, 0.05),
    (rv.Warmup(4, rv.ReduceOnPlateau(0.1)), 2, 0.05),
    (rv.CyclicCosine(0.1, length=15), 0, 0.0),
    (rv.CyclicCosine(0.1, length=15), 2**0.5 - 1, 0.1),
    (rv.CyclicCosine(0.1, length=15), 2**1.25 - 1, 0.05),
    (rv.CyclicCosine(0.1, length=15), 2**3.5 - 1, 0.1),
    (rv.CyclicCosine(0.1, length=15), 15, 0.0),
    (rv.CyclicCosine(0.1, cycles=1, length=10), 10 * (2**0.5 - 1), 0.1),
    (rv.OneCycle(1.0, length=10), 0, 0.04),
    (rv.OneCycle(1.0, length=10), 1.5, 0.52),
    (rv.OneCycle(1.0, length=10), 3, 1.0),
    (rv.OneCycle(1.0, length=10), 6.5, 0.500002),
    (rv.OneCycle(1.0, length=10), 10, 4e-6),
    (rv.OneCycle(1.0, initial=0.2, final=0.1, peak=0.5, length=10), 7.5, 0.55),
    (rv.OneCycle(1.0, initial=0.2, final=0.1, peak=0.5, length=10), 12, 0.1),
    (rv.ReduceOnPlateau(0.1), 0, 0.1),
]


@pytest.mark.parametrize(("schedule", "t", "value"), BY_HAND, ids=str)
def test_a_schedule_has_the_value_worked_by_hand(schedule, t, value):
    # A few roundings of double precision.
    assert schedule(t) == pytest.approx(value, rel=1e-14, abs=1e-17)


@pytest.mark.parametrize(("schedule", "t", "value"), BY_HAND, ids=str)
def test_the_engine_has_the_value_worked_by_hand(schedule, t, value):
    found = _engine.schedule_value(schedule.to_dict(), float(t), -1.0, 100.0, 100.0)
    assert found == pytest.approx(value, rel=1e-14, abs=1e-17)


def test_every_schedule_is_worked_by_hand():
    assert {type(schedule) for schedule, _, _ in BY_HAND} == set(SCHEDULES.kinds.values())


def with_a_length(schedule):
    """Give a schedule whose values are known before training (ReduceOnPlateau's only at 0)."""
    if isinstance(schedule, rv.Warmup) and isinstance(schedule.then, rv.Schedule):
        return schedule.replace(then=with_a_length(schedule.then))
    if getattr(schedule, "length", 1) is None:
        return schedule.replace(length=7.0)
    return schedule


def engine_value(schedule, t):
    """Give the engine's value at t in the schedule's own unit (and nonsense in the other one)."""
    by_step = getattr(schedule, "unit", "epoch") == "step"
    epoch, step = (-1.0, t) if by_step else (t, -1.0)
    return _engine.schedule_value(schedule.to_dict(), epoch, step, 1.0, 1.0)


@pytest.mark.parametrize("kind", SCHEDULES.kinds.values(), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_python_and_the_engine_agree_on_every_schedule(kind, data):
    schedule = with_a_length(data.draw(specs(kind)))
    t = 0.0 if schedule.plateau else data.draw(st.floats(0, 1e4))
    value = schedule(t)
    # exp, pow and cos may differ in the last digit between libraries.
    assert engine_value(schedule, t) == pytest.approx(value, rel=1e-12, abs=1e-300, nan_ok=True)


@pytest.mark.parametrize("kind", SCHEDULES.kinds.values(), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_no_value_is_negative_or_above_the_bound_that_momentum_is_checked_by(kind, data):
    schedule = with_a_length(data.draw(specs(kind)))
    t = 0.0 if schedule.plateau else data.draw(st.floats(0, 1e4))
    assume(schedule._highest() < 1e300)  # beyond, initial · t overflows
    # A few roundings of double precision, of the largest number that takes part.
    slack = 1e-15 * schedule._highest()
    assert -slack <= schedule(t) <= schedule._highest() + slack


@pytest.mark.parametrize(
    ("whole_run", "given_length"),
    [
        (rv.CosineDecay(0.1), rv.CosineDecay(0.1, length=20)),
        (rv.OneCycle(0.1), rv.OneCycle(0.1, length=20)),
        (rv.CosineDecay(0.1, unit="step"), rv.CosineDecay(0.1, length=60, unit="step")),
        (rv.Warmup(5, rv.CosineDecay(0.1)), rv.Warmup(5, rv.CosineDecay(0.1, length=15))),
    ],
    ids=str,
)
@pytest.mark.parametrize("part", [0, 0.1, 0.3, 0.5, 0.99, 1])
def test_a_schedule_without_a_length_takes_the_run_or_what_is_left_of_it(
    whole_run, given_length, part
):
    time = (20.0 * part, 60.0 * part, 20.0, 60.0)  # an epoch has three steps
    assert _engine.schedule_value(whole_run.to_dict(), *time) == _engine.schedule_value(
        given_length.to_dict(), *time
    )


@pytest.mark.parametrize(
    ("schedule", "t", "message"),
    [
        (
            rv.StepDecay(0.1, 0.5, 2),
            -1,
            "The 't' parameter of StepDecay must be at least 0. Got -1.0.",
        ),
        (
            rv.StepDecay(0.1, 0.5, 2),
            math.nan,
            "The 't' parameter of StepDecay must be a finite number. Got nan.",
        ),
        (
            rv.CosineDecay(0.1),
            1,
            "CosineDecay without a length lasts as long as the run, which only training knows. "
            "Give CosineDecay its 'length' to see its values.",
        ),
        (
            rv.Warmup(2, rv.OneCycle(0.1)),
            3,
            "OneCycle without a length lasts as long as the run, which only training knows. "
            "Give OneCycle its 'length' to see its values.",
        ),
        (
            rv.ReduceOnPlateau(0.1),
            1,
            "ReduceOnPlateau depends on training: only its value at t = 0 is known beforehand.",
        ),
    ],
)
def test_a_value_that_cannot_be_known_is_an_error(schedule, t, message):
    with pytest.raises(ParameterError) as caught:
        schedule(t)
    assert str(caught.value) == message


@pytest.mark.parametrize("length", [1e-300, 0.1, 3, 1e300])
def test_a_warm_up_meets_what_follows_it(length):
    schedule = rv.Warmup(length, rv.ExponentialDecay(0.1, rate=0))
    # One step of rounding below the end, the value is the end's.
    assert schedule(math.nextafter(length, 0)) == pytest.approx(0.1, rel=1e-15)
    assert schedule(length) == 0.1


@pytest.mark.parametrize(
    "schedule",
    [
        rv.ExponentialDecay(0.1, rate=1e300),
        rv.InverseDecay(0.1, rate=1e300, power=300),
        rv.StepDecay(0.1, factor=0.5, every=1e-300),
    ],
    ids=str,
)
def test_a_decay_beyond_all_bounds_ends_at_zero_in_python_and_in_the_engine(schedule):
    assert schedule(1e300) == 0
    assert engine_value(schedule, 1e300) == 0


# One of every kind, some within others; the highest value of each is 0.2.
HIGHEST = 0.2
PEAKED = [
    rv.ExponentialDecay(0.2, rate=0.1),
    rv.InverseDecay(0.2, rate=0.5, power=0.7),
    rv.StepDecay(0.2, factor=0.5, every=2),
    rv.CosineDecay(0.2, final=0.05, length=8),
    rv.CosineDecay(0.1, final=0.2, length=8),
    rv.CyclicCosine(0.2, cycles=2, length=8),
    rv.Warmup(3, 0.2),
    rv.Warmup(3, rv.CyclicCosine(0.2, length=5)),
    rv.Warmup(1, rv.Warmup(2, rv.CosineDecay(0.2, length=5))),
    rv.OneCycle(0.2, length=8),
    rv.OneCycle(0.2, initial=0.05, final=0.01, length=8),
    rv.ReduceOnPlateau(0.2, minimum=0.02),
    rv.Warmup(3, rv.ReduceOnPlateau(0.2)),
]
TIMES = (0.0, 0.5, 1.0, 2.5, 4.0, 7.9, 8.0, 20.0)


def times_of(schedule):
    return (0.0, 1.5, 3.0) if isinstance(schedule, rv.Warmup) else (0.0,)


def test_the_schedules_that_are_scaled_are_of_every_kind():
    assert {type(schedule) for schedule in PEAKED} == set(SCHEDULES.kinds.values())


@pytest.mark.parametrize("schedule", PEAKED, ids=repr)
def test_a_scaled_schedule_is_the_schedule_times_the_factor_at_all_times(schedule):
    times = times_of(schedule) if schedule.plateau else TIMES
    scaled = schedule.scaled(3)
    assert type(scaled) is type(schedule)
    assert [scaled(t) for t in times] == pytest.approx([3 * schedule(t) for t in times], rel=1e-14)


@pytest.mark.parametrize("schedule", PEAKED, ids=repr)
def test_a_schedule_with_another_peak_reaches_that_and_keeps_its_shape(schedule):
    times = times_of(schedule) if schedule.plateau else TIMES
    changed = schedule.with_peak(0.7)
    assert changed._highest() == 0.7
    wanted = [schedule(t) * 0.7 / HIGHEST for t in times]
    assert [changed(t) for t in times] == pytest.approx(wanted, rel=1e-14)


def test_the_smallest_rate_of_a_plateau_is_scaled_with_it():
    assert rv.ReduceOnPlateau(0.5, minimum=0.25).with_peak(1.0).minimum == 0.5
    assert rv.Warmup(2, rv.ReduceOnPlateau(0.5, minimum=0.25)).scaled(4).then.minimum == 1.0


def test_rates_that_follow_from_others_are_left_to_follow():
    assert rv.OneCycle(0.1).scaled(2) == rv.OneCycle(0.2)


def test_a_schedule_that_is_always_0_has_no_peak_to_change():
    with pytest.raises(ParameterError, match=r"ExponentialDecay\(0.0, 0.1\) is 0 at all times"):
        rv.ExponentialDecay(0.0, 0.1).with_peak(0.1)


@pytest.mark.parametrize(("method", "name"), [("scaled", "factor"), ("with_peak", "rate")])
def test_a_schedule_is_not_scaled_below_0(method, name):
    with pytest.raises(ParameterError, match=f"'{name}' parameter of CosineDecay must be at least"):
        getattr(rv.CosineDecay(0.1), method)(-1.0)


def test_the_plateau_of_a_schedule_is_found_behind_warm_ups():
    plateau = rv.ReduceOnPlateau(0.1)
    assert rv.Warmup(1, rv.Warmup(2, plateau)).plateau is plateau
    assert rv.Warmup(1, 0.1).plateau is None
    assert rv.CosineDecay(0.1).plateau is None


def test_a_schedule_of_ravine_that_names_no_values_cannot_be_defined():
    with pytest.raises(TypeError, match="The schedule Forgetful must name its fields"):
        type("Forgetful", (rv.Schedule,), {"__module__": "ravine.specs.schedules.decay"})


def test_a_number_for_the_rate_keeps_the_shape_of_a_schedule_wherever_settings_are_named():
    recipe = rv.Recipe(optimizer=rv.SGD(rv.Warmup(2, rv.CosineDecay(0.1))), epochs=4)
    wanted = rv.Warmup(2, rv.CosineDecay(0.5))
    (job,) = rv.grid(rv.mlp(3), recipe, **{"optimizer.learning_rate": [0.5]})
    assert job.recipe.optimizer.learning_rate == wanted
    assert recipe.optimizer.with_rate(np.float32(0.5)).learning_rate == wanted
    constant = rv.Recipe(optimizer=rv.SGD(0.1)).optimizer.with_rate(0.5)
    assert constant == rv.SGD(0.5)
    assert constant.with_rate(wanted).learning_rate == wanted
