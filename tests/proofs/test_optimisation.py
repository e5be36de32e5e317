"""The rules of section 3 against theory: closed forms, equivalences, SciPy, Jacobs's claim."""

import numpy as np
import pytest
from scipy.optimize import minimize as scipy_minimize
from scipy.optimize import rosen, rosen_der

import ravine as rv


def quadratic(curvatures):
    """½ Σ hᵢ wᵢ² and its gradient: a valley along the axes, lowest at 0."""
    h = np.asarray(curvatures, dtype=float)
    return (lambda w: 0.5 * w @ (h * w)), (lambda w: h * w)


def path_of(optimizer, curvatures, start, steps=60):
    fun, jac = quadratic(curvatures)
    result = rv.minimize(
        fun, np.array(start, dtype=float), jac=jac, optimizer=optimizer, steps=steps
    )
    return result.path


def test_plain_descent_shrinks_each_coordinate_by_its_own_factor():
    # w_k = (1 − η h)^k w_0.
    h, start, k = np.array([1.0, 8.0, 20.0]), np.array([3.0, -2.0, 1.0]), np.arange(61)
    path = path_of(rv.SGD(0.04), h, start)
    np.testing.assert_allclose(path, (1 - 0.04 * h) ** k[:, None] * start, rtol=1e-10)


@pytest.mark.parametrize("beta", [0.3, 0.9, 0.99])
def test_momentum_is_a_second_order_recurrence(beta):
    # w_{k+1} = (1 + β − η h) w_k − β w_{k−1}: powers of a 2 × 2 matrix, from w_0 = w_{−1}.
    h, eta = 8.0, 0.02
    matrix = np.array([[1 + beta - eta * h, -beta], [1.0, 0.0]])
    wanted = [(np.linalg.matrix_power(matrix, k) @ [3.0, 3.0])[0] for k in range(61)]
    path = path_of(rv.SGD(eta, momentum=beta), [h], [3.0])
    np.testing.assert_allclose(path[:, 0], wanted, rtol=0, atol=1e-12)


def test_momentum_keeps_the_rate_inside_the_velocity():
    # When the rate halves, the velocity gathered so far is kept: w_{k+1} − w_k = β (w_k − w_{k−1})
    # − η_k g_k, with this step's rate on this step's gradient alone.
    schedule = rv.StepDecay(0.05, factor=0.5, every=7, unit="step")
    path = path_of(rv.SGD(schedule, momentum=0.8), [4.0, 1.0], [1.0, 2.0])
    h = np.array([4.0, 1.0])
    for k in range(1, 60):
        velocity = 0.8 * (path[k] - path[k - 1]) - schedule(k) * h * path[k]
        np.testing.assert_allclose(path[k + 1] - path[k], velocity, rtol=0, atol=1e-13)


def test_nesterov_looks_ahead():
    # Sutskever's θ: v ← β v − η ∇f(θ + β v), θ ← θ + v. ravine's w is the point looked at, θ + β v.
    h, beta, eta = np.array([9.0, 1.0]), 0.9, 0.03
    theta, v = np.array([1.0, -2.0]), np.zeros(2)
    looked_at = []
    for _ in range(61):
        ahead = theta + beta * v
        looked_at.append(ahead)
        v = beta * v - eta * h * ahead
        theta = theta + v
    path = path_of(rv.SGD(eta, momentum=beta, nesterov=True), h, [1.0, -2.0])
    np.testing.assert_allclose(path, looked_at, rtol=0, atol=1e-12)


SAME = [
    (rv.SGD(0.03), rv.SGD(0.03, momentum=0.0)),
    (rv.SGD(0.03), rv.SGD(0.03, weight_decay=0.0)),
    (
        rv.SGD(0.03, momentum=0.9),
        rv.SGD(0.03, momentum=rv.ExponentialDecay(0.9, rate=0.0, unit="step")),
    ),
    (rv.SGD(0.03), rv.SGD(rv.ExponentialDecay(0.03, rate=0.0, unit="step"))),
    (rv.Adam(0.1, weight_decay=0.02), rv.AdamW(0.1, weight_decay=0.02)),
    (rv.Adam(0.1), rv.AdamW(0.1, weight_decay=0.0)),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_two_ways_to_ask_for_one_rule_take_the_same_steps_bit_for_bit(one, other):
    paths = [path_of(rule, [5.0, 0.5], [1.0, -2.0]) for rule in (one, other)]
    np.testing.assert_array_equal(*paths)


def test_adams_beta_of_a_schedule_that_stays_is_the_number():
    # To rounding: β₁^k is then a product of k factors.
    stays = rv.StepDecay(0.9, factor=0.5, every=1000, unit="step")
    number = path_of(rv.Adam(0.1), [5.0, 0.5], [1.0, -2.0])
    schedule = path_of(rv.Adam(0.1, beta1=stays), [5.0, 0.5], [1.0, -2.0])
    np.testing.assert_allclose(schedule, number, rtol=0, atol=1e-13)


def test_nesterov_without_momentum_is_plain_descent():
    plain = path_of(rv.SGD(0.03), [5.0, 0.5], [1.0, -2.0])
    nesterov = path_of(
        rv.SGD(0.03, momentum=rv.ExponentialDecay(0.0, rate=0.0), nesterov=True),
        [5.0, 0.5],
        [1.0, -2.0],
    )
    np.testing.assert_allclose(nesterov, plain, rtol=1e-14)


def test_adam_without_memory_takes_steps_of_the_rate_by_sign():
    # β₁ = β₂ = 0: g / (|g| + ε).
    path = path_of(rv.Adam(0.01, beta1=0.0, beta2=0.0), [5.0, 0.5], [1.0, -2.0], steps=20)
    np.testing.assert_allclose(np.diff(path, axis=0), [[-0.01, 0.01]] * 20, rtol=1e-6)


def test_adam_and_rprop_do_not_see_the_scale_of_a_function():
    tiny = 1e-200  # ε is what sees it
    for rule in (rv.Adam(0.05, epsilon=tiny), rv.Rprop(0.05), rv.Adagrad(0.3, epsilon=tiny)):
        small = path_of(rule, [5.0, 0.5], [1.0, -2.0])
        large = path_of(rule, [5.0 * 1024, 0.5 * 1024], [1.0, -2.0])  # a power of two is exact
        np.testing.assert_array_equal(small, large)


def steps_to(optimizer, curvatures, start, floor, steps=6000):
    fun, _ = quadratic(curvatures)
    values = np.array([fun(w) for w in path_of(optimizer, curvatures, start, steps)])
    reached = np.flatnonzero(values < floor)
    assert reached.size, f"{optimizer} never fell below {floor}"
    return reached[0]


@pytest.mark.parametrize("elongation", [20, 100, 1000])
def test_delta_bar_delta_takes_fewer_steps_than_steepest_descent_in_a_ravine(elongation):
    # Jacobs (1988): an elongated quadratic, its long axis along a weight. Steepest descent gets the
    # best constant rate that exists, 2/(h_min + h_max).
    curvatures, start = [1.0, float(elongation)], [10.0, 1.0]
    steepest = steps_to(rv.SGD(2 / (1 + elongation)), curvatures, start, 1e-8, steps=12_000)
    rule = rv.DeltaBarDelta(0.5 / elongation, kappa=0.03 / elongation, phi=0.1, theta=0.7)
    jacobs = steps_to(rule, curvatures, start, 1e-8)
    assert jacobs < 0.95 * steepest
    if elongation >= 100:
        assert jacobs < 0.5 * steepest


def test_momentum_takes_fewer_steps_than_steepest_descent_in_a_ravine():
    # Polyak's optimum: √κ instead of κ.
    h = 100.0
    eta, beta = 4 / (np.sqrt(h) + 1) ** 2, ((np.sqrt(h) - 1) / (np.sqrt(h) + 1)) ** 2
    steepest = steps_to(rv.SGD(2 / (1 + h)), [1.0, h], [10.0, 1.0], 1e-8)
    polyak = steps_to(rv.SGD(eta, momentum=beta), [1.0, h], [10.0, 1.0], 1e-8)
    assert polyak < steepest / 4


ROSENBROCK_STARTS = [[-1.2, 1.0], [0.0, 0.0], [-3.0, 4.0], [1.3, 0.7, 0.8, 1.9, 1.2]]


@pytest.mark.parametrize("start", ROSENBROCK_STARTS, ids=str)
def test_lbfgs_finds_rosenbrocks_minimum_as_scipys_does(start):
    ours = rv.minimize(rosen, np.array(start), jac=rosen_der, optimizer=rv.LBFGS(), steps=200)
    theirs = scipy_minimize(
        rosen, start, jac=rosen_der, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9}
    )
    np.testing.assert_allclose(ours.x, np.ones(len(start)), rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.x, theirs.x, rtol=0, atol=1e-5)
    assert ours.fun < 1e-12
    values = np.array([rosen(w) for w in ours.path])
    assert np.all(np.diff(values) <= 0), "every accepted step lowers the function"
    assert np.flatnonzero(values < 1e-10)[0] <= 2 * theirs.nit


def test_lbfgs_ends_a_quadratic_in_about_as_many_steps_as_it_has_dimensions():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(8, 8))
    a, b = root @ root.T + np.eye(8), rng.normal(size=8)
    result = rv.minimize(
        lambda w: 0.5 * w @ a @ w - b @ w,
        np.zeros(8),
        jac=lambda w: a @ w - b,
        optimizer=rv.LBFGS(memory=20),
        steps=60,
    )
    minimum = np.linalg.solve(a, b)
    np.testing.assert_allclose(result.x, minimum, rtol=0, atol=1e-7)
    # How many steps follow inside rounding errors differs between instruction levels.
    away = np.abs(result.path - minimum).max(axis=1)
    assert np.flatnonzero(away < 1e-6)[0] <= 16


LANDSCAPE_RULES = [
    rv.SGD(1e-3, momentum=0.9),
    rv.SGD(1e-3, momentum=0.9, nesterov=True),
    rv.Adam(0.02),
    rv.RMSprop(rv.ExponentialDecay(0.02, rate=0.002, unit="step")),
    rv.Adagrad(0.5),
    rv.Rprop(0.01),
    rv.LBFGS(),
]


@pytest.mark.parametrize("rule", LANDSCAPE_RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_goes_down_rosenbrocks_valley(rule):
    result = rv.minimize(rosen, np.array([-1.2, 1.0]), jac=rosen_der, optimizer=rule, steps=4000)
    assert result.fun < 0.02
    assert result.path.shape == (result.nit + 1, 2)
    assert rosen(result.path[0]) > 20
