"""The first steps of every optimizer are those worked by hand; the arithmetic stands beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import ravine as rv
from ravine.specs.optimizers import OPTIMIZERS


def halving(initial: float) -> rv.Schedule:
    """Make a staircase that halves with every step."""
    return rv.StepDecay(initial, 0.5, 1, unit="step")


# (rule, gradients in turn, w after each step from w = 1)
STEPS = {
    "plain descent: 1 − 0.1, − 0.2, + 0.1": (
        rv.SGD(0.1),
        [1, 2, -1],
        [0.9, 0.7, 0.8],
    ),
    "momentum: v = 0.1; 0.05 + 0.2; 0.125 − 0.1": (
        rv.SGD(0.1, momentum=0.5),
        [1, 2, -1],
        [0.9, 0.65, 0.625],
    ),
    "rate inside the velocity, η = 0.4, 0.2, 0.1: v = 0.4; 0.2 + 0.4; 0.3 − 0.1": (
        rv.SGD(halving(0.4), momentum=0.5),
        [1, 2, -1],
        [0.6, 0.0, -0.2],
    ),
    "momentum as a schedule, β = 0.8, 0.4, 0.2: v = 0.1; 0.04 + 0.2; 0.048 − 0.1": (
        rv.SGD(0.1, momentum=halving(0.8)),
        [1, 2, -1],
        [0.9, 0.66, 0.712],
    ),
    "Nesterov: steps 0.05 + 0.1; 0.125 + 0.2; 0.0125 − 0.1": (
        rv.SGD(0.1, momentum=0.5, nesterov=True),
        [1, 2, -1],
        [0.85, 0.525, 0.6125],
    ),
    # 1 · (1 − 0.1 · 0.5) − 0.1 = 0.85; 0.85 · 0.95 − 0.2 = 0.6075; 0.6075 · 0.95 + 0.1 = 0.677125
    "weight decay λ = 0.5 comes before the step": (
        rv.SGD(0.1, weight_decay=0.5),
        [1, 2, -1],
        [0.85, 0.6075, 0.677125],
    ),
    # δ̄ = 0.5, 1.25, 0.125: η = 0.1; + 0.05; halved, for 1.25 · −1 < 0; + 0.05, for 0.125 · 1 > 0
    "delta-bar-delta: η = 0.1, 0.15, 0.075, 0.125": (
        rv.DeltaBarDelta(0.1, kappa=0.05, phi=0.5, theta=0.5),
        [1, 2, -1, 1],
        [0.9, 0.6, 0.675, 0.55],
    ),
    # Δ = 0.1, 0.12; the sign turns: 0.06 and rest; −1 again, compared with nothing: 0.06; 0.072
    "Rprop rests where the sign turned": (
        rv.Rprop(0.1),
        [3, 2, -1, -4],
        [0.9, 0.78, 0.78, 0.84, 0.912],
    ),
    "Adagrad, ṽ = 9, 25, 169: 0.1 · 3/3, 0.1 · 4/5, −0.1 · 12/13": (
        rv.Adagrad(0.1, epsilon=1e-12),
        [3, 4, -12],
        [0.9, 0.82, 0.9123076923076923],
    ),
    "lecture Adagrad, ṽ + 16 = 25, 169, 7225: 0.1 · 3/5, 0.1 · 12/13, −0.1 · 84/85": (
        rv.Adagrad(0.1, epsilon=16, epsilon_inside_root=True),
        [3, 12, -84],
        [0.94, 0.8476923076923077, 0.9465158371040724],
    ),
    "RMSprop, ṽ = 1, 1, 3: 0.1 · 2/1, 0.1 · 1/1, −0.1 · 3/√3": (
        rv.RMSprop(0.1, beta2=0.75, epsilon=1e-12),
        [2, 1, -3],
        [0.8, 0.7, 0.8732050807568877],
    ),
    "lecture RMSprop, √(ṽ + 3) = 2, 2, √6": (
        rv.RMSprop(0.1, beta2=0.75, epsilon=3, epsilon_inside_root=True),
        [2, 1, -3],
        [0.9, 0.85, 0.9724744871391589],
    ),
    # ν̂ = 2, 4/3, −8/7; √v̂ = 2, 4/√7 = 1.5118579, 8·√(3/37) = 2.2779796
    "Adam: 0.1 · 2/(2 + 2), 0.1 · 1.3333333/3.5118579, −0.1 · 1.1428571/4.2779796": (
        rv.Adam(0.1, beta1=0.5, beta2=0.75, epsilon=2),
        [2, 1, -3],
        [0.95, 0.9120333916028707, 0.9387482747790314],
    ),
    "Adam, ε over ½, √7/4, √37/8: 0.1 · 2/6, 0.1333333/4.5355737, −0.1142857/4.9083632": (
        rv.Adam(0.1, beta1=0.5, beta2=0.75, epsilon=2, epsilon_hat=True),
        [2, 1, -3],
        [0.9666666666666667, 0.9372694298770601, 0.9605533057019701],
    ),
    "Adam without correction: 0.1 · 1/3, 0.1 · 1/3, −0.1/(√3 + 2)": (
        rv.Adam(0.1, beta1=0.5, beta2=0.75, epsilon=2, bias_correction=False),
        [2, 1, -3],
        [0.9666666666666667, 0.9333333333333333, 0.9601282525764456],
    ),
    "lecture Adam: 0.1 · 1/√(1 + 3), again, −0.1/√(3 + 3)": (
        rv.Adam(
            0.1, beta1=0.5, beta2=0.75, epsilon=3, epsilon_inside_root=True, bias_correction=False
        ),
        [2, 1, -3],
        [0.95, 0.9, 0.9408248290463863],
    ),
    # products 0.8, 0.32, 0.064: ν̂ = 0.4/0.2, 0.76/0.68, −2.248/0.936
    "Adam, β₁ = 0.8, 0.4, 0.2: 0.05, 0.1117647/3.5118579, −0.2401709/4.2779796": (
        rv.Adam(0.1, beta1=halving(0.8), beta2=0.75, epsilon=2),
        [2, 1, -3],
        [0.95, 0.9181750488435827, 0.9743162616721173],
    ),
    # w · (1 − 0.1 · 0.5) before Adam's own 0.05, 0.0379666083971293, −0.0267148831761607
    "AdamW: 0.95 − 0.05; 0.855 − 0.0379666; 0.7761817 + 0.0267149": (
        rv.AdamW(0.1, beta1=0.5, beta2=0.75, epsilon=2, weight_decay=0.5),
        [2, 1, -3],
        [0.9, 0.8170333916028707, 0.8028966051988879],
    ),
    # METHODS, section 3: 1e-3 · 1e-8 / (1e-8 + 1e-8) = 5.0e-4
    "Adam, ε outside the root, at a tiny gradient": (
        rv.Adam(1e-3),
        [1e-8],
        [1 - 5.0e-4],
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("rule", "gradients", "expected"), STEPS.values(), ids=STEPS.keys())
def test_first_steps_are_those_worked_by_hand(rule, gradients, expected, dtype):
    in_turn = iter([*gradients, 0.0])
    result = rv.minimize(
        lambda x: (0.0, np.full(5, next(in_turn))),
        np.ones(5),
        jac=True,
        optimizer=rule,
        steps=len(expected),
        dtype=dtype,
    )
    # float32: a few units in the last place of numbers near 1
    tolerance = 1e-6 if dtype == "float32" else 1e-12
    assert result.path.dtype == np.dtype(dtype)
    np.testing.assert_allclose(
        result.path[1:], np.repeat(np.c_[expected], 5, axis=1), rtol=0, atol=tolerance
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


def test_every_optimizer_stands_in_the_table_above():
    covered = {type(rule).__name__ for rule, *_ in STEPS.values()}
    assert covered | {"LBFGS"} == set(OPTIMIZERS.kinds)  # LBFGS has tests of its own
