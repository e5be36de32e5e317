"""The first steps of every optimizer are those worked by hand; the arithmetic stands beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import ravine as rv
from ravine.specs.optimizers import OPTIMIZERS
from tests.builders.optimizers import CASES

STEPS = {
    f"{name}, {how}": steps for name, case in CASES.items() for how, steps in case.steps.items()
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("by_hand", STEPS.values(), ids=STEPS.keys())
def test_first_steps_are_those_worked_by_hand(by_hand, dtype):
    in_turn = iter([*by_hand.gradients, 0.0])
    result = rv.minimize(
        lambda x: (0.0, np.full(5, next(in_turn))),
        np.ones(5),
        jac=True,
        optimizer=by_hand.rule,
        steps=len(by_hand.weights),
        dtype=dtype,
    )
    # float32: a few units in the last place of numbers near 1
    tolerance = 1e-6 if dtype == "float32" else 1e-12
    assert result.path.dtype == np.dtype(dtype)
    np.testing.assert_allclose(
        result.path[1:], np.repeat(np.c_[by_hand.weights], 5, axis=1), rtol=0, atol=tolerance
    )


def test_lbfgs_first_steps_are_those_worked_by_hand():
    # f = ½ (x² + 4 y²) from (1, 1). First α = 1/‖g‖₁ = 1/5 along −(1, 4). Then s = (−0.2, −0.8),
    # y = (−0.2, −3.2), sᵀy = 2.6, yᵀy = 10.28, γ = 0.2529183; g = (0.8, 0.8), a = −0.8/2.6,
    # γ (g − a y) = (0.1867704, −0.0466926), b = 0.1120623/2.6, and + (a − b) s gives
    # (0.2569291, 0.2339419).
    valley = rv.landscapes.ill_conditioned(4)
    result = rv.minimize(valley, [1, 1], jac=valley.jac, optimizer=rv.LBFGS(), steps=2)
    expected = [[1, 1], [0.8, 0.2], [0.543070936845256, -0.03394193355282851]]
    np.testing.assert_allclose(result.path, expected, rtol=0, atol=1e-12)


@dataclass(frozen=True)
class OwnMomentum(rv.Optimizer):
    """Momentum, written as a user would."""

    learning_rate: float | rv.Schedule = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0

    def init(self, n):
        return np.zeros(n)

    def update(self, w, g, state, k, learning_rate):
        state *= self.momentum
        state += learning_rate * g
        w -= state


@dataclass(frozen=True)
class OwnAdam(rv.Optimizer):
    """Adam, written as a user would."""

    learning_rate: float | rv.Schedule = 1e-3

    def init(self, n):
        return np.zeros(n), np.zeros(n)

    def update(self, w, g, state, k, learning_rate):
        m, v = state
        m += 0.1 * (g - m)
        v += 0.001 * (g * g - v)
        m_hat, v_hat = m / (1 - 0.9**k), v / (1 - 0.999**k)
        w -= learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)


OWN = {
    "momentum": (OwnMomentum(1e-3), rv.SGD(1e-3, momentum=0.9)),
    "momentum under a schedule": (
        OwnMomentum(rv.ExponentialDecay(1e-3, 0.02)),
        rv.SGD(rv.ExponentialDecay(1e-3, 0.02), momentum=0.9),
    ),
    "momentum under a schedule as long as the run": (
        OwnMomentum(rv.CosineDecay(1e-3)),
        rv.SGD(rv.CosineDecay(1e-3), momentum=0.9),
    ),
    "momentum under a plateau": (
        OwnMomentum(rv.ReduceOnPlateau(1e-3, patience=3)),
        rv.SGD(rv.ReduceOnPlateau(1e-3, patience=3), momentum=0.9),
    ),
    "momentum with weight decay": (
        OwnMomentum(1e-3, weight_decay=0.1),
        rv.SGD(1e-3, momentum=0.9, weight_decay=0.1),
    ),
    "Adam": (OwnAdam(0.05), rv.Adam(0.05)),
}


@pytest.mark.parametrize(("own", "built_in"), OWN.values(), ids=OWN.keys())
def test_a_rule_of_ones_own_walks_as_the_built_in_one_does(own, built_in):
    surface = rv.landscapes.rosenbrock
    first, second = (
        rv.minimize(surface, surface.start, jac=surface.jac, optimizer=rule, steps=50)
        for rule in (own, built_in)
    )
    # The engine may fuse a product and a sum into one rounding; 50 steps carry that along.
    np.testing.assert_allclose(first.path, second.path, rtol=1e-12, atol=0)
    assert first.nfev == second.nfev == 51


def test_jacobs_rule_needs_fewer_steps_than_steepest_descent_in_an_elongated_valley():
    valley = rv.landscapes.ill_conditioned(100)

    def steps_until_close(rule):
        result = rv.minimize(valley, [1, 1], jac=valley.jac, optimizer=rule, steps=2000)
        return int(np.argmax(np.linalg.norm(result.path, axis=1) < 1e-6))

    steepest = steps_until_close(rv.SGD(0.01))
    jacobs = steps_until_close(rv.DeltaBarDelta(0.01))
    assert steepest == 1375  # 0.99^k < 1e-6 from k = 13.8155/0.0100503 = 1374.6 on
    assert 0 < 2 * jacobs < steepest


def test_every_optimizer_stands_in_the_table():
    assert set(CASES) == set(OPTIMIZERS.kinds)
    without = {name for name, case in CASES.items() if not case.steps}
    assert without == {name for name, kind in OPTIMIZERS.kinds.items() if kind.evaluates}
