"""minimize runs any rule on any function, keeps the path, and names what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

import ravine as rv
from ravine.errors import DataError, DivergenceError, ParameterError
from tests.builders.optimizers import CASES

ROSENBROCK = rv.landscapes.rosenbrock


def bowl(x):
    return float(x @ x)


def bowl_jac(x):
    return 2 * x


def test_the_result_holds_the_path_and_its_heights():
    start = np.array([1.0, -2.0])
    result = rv.minimize(bowl, start, jac=bowl_jac, optimizer=rv.SGD(0.25), steps=4)
    # w ← w − ¼ · 2w halves w.
    expected = start * 0.5 ** np.arange(5)[:, None]
    assert isinstance(result, scipy.optimize.OptimizeResult)
    np.testing.assert_array_equal(result.path, expected)
    np.testing.assert_array_equal(result.path_fun, (expected**2).sum(axis=1))
    np.testing.assert_array_equal(result.x, expected[-1])
    np.testing.assert_array_equal(result.jac, 2 * expected[-1])
    assert result.fun == bowl(expected[-1])
    assert (result.nit, result.nfev, result.njev) == (4, 5, 5)
    assert (result.success, result.status) == (True, 0)
    assert result.message == "All 4 steps were taken."
    np.testing.assert_array_equal(start, [1.0, -2.0])


JACOBIANS = {
    "a function": (bowl, bowl_jac, 5),
    "with the value": (lambda x: (bowl(x), bowl_jac(x)), True, 5),
    "differences": (bowl, None, 15),
    "differences, as False": (bowl, False, 15),
    "lists and NumPy scalars": (lambda x: np.array([x @ x]), lambda x: list(2 * x), 5),
}


@pytest.mark.parametrize(("fun", "jac", "nfev"), JACOBIANS.values(), ids=JACOBIANS.keys())
def test_the_gradient_may_come_in_several_ways(fun, jac, nfev):
    result = rv.minimize(fun, [1, -2], jac=jac, optimizer=rv.SGD(0.25), steps=4)
    # Forward differences err by h/2 times the second derivative, 1.5e-8.
    np.testing.assert_allclose(result.x, [1 / 16, -1 / 8], rtol=0, atol=1e-7 if not jac else 0)
    assert (result.nfev, result.njev) == (nfev, 5)


def test_further_arguments_reach_both_functions():
    def fun(x, a, b):
        return float(a * x @ x + b)

    def jac(x, a, b):
        return 2 * a * x

    result = rv.minimize(fun, [1.0], jac=jac, optimizer=rv.SGD(0.25), steps=1, args=(2.0, 7.0))
    assert result.path_fun.tolist() == [9.0, 7.0]
    single = rv.minimize(lambda x, a: float(a * x @ x), [1.0], steps=1, args=3.0)
    assert single.path_fun[0] == 3.0


def test_a_number_is_a_start_in_one_dimension():
    result = rv.minimize(bowl, 3, jac=bowl_jac, optimizer=rv.SGD(0.25), steps=1)
    assert result.path.tolist() == [[3.0], [1.5]]


def test_float32_is_the_arithmetic_of_the_rule_not_of_the_function():
    seen = []

    def fun(x):
        seen.append(x.dtype)
        return bowl(x)

    result = rv.minimize(fun, [1, -2], jac=bowl_jac, optimizer="adam", steps=20, dtype="float32")
    double = rv.minimize(bowl, [1, -2], jac=bowl_jac, optimizer="adam", steps=20)
    assert set(seen) == {np.dtype("float64")}
    assert result.x.dtype == result.path.dtype == np.dtype("float32")
    assert not np.array_equal(result.path, double.path)
    np.testing.assert_allclose(result.path, double.path, atol=1e-6)


RULES = [rule for case in CASES.values() for rule in case.descends]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: repr(rule)[:50])
def test_every_rule_descends_into_rosenbrocks_valley(rule, dtype):
    result = rv.minimize(
        ROSENBROCK, ROSENBROCK.start, jac=ROSENBROCK.jac, optimizer=rule, steps=3000, dtype=dtype
    )
    assert result.fun < 0.1  # from 24.2; the valley's floor begins at 4
    assert len(result.path) == result.nit + 1 == len(result.path_fun)


@pytest.mark.parametrize("start", [(-1.2, 1.0), (0.0, 3.0), (5.0, -5.0), (-30.0, 40.0)])
def test_lbfgs_finds_rosenbrocks_minimum_as_scipys_does(start):
    result = rv.minimize(ROSENBROCK, start, jac=ROSENBROCK.jac, optimizer=rv.LBFGS(), steps=200)
    scipys = scipy.optimize.minimize(
        ROSENBROCK, start, jac=ROSENBROCK.jac, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-9}
    )
    np.testing.assert_allclose(result.x, 1, rtol=1e-9)
    np.testing.assert_allclose(result.x, scipys.x, rtol=1e-6)
    assert (result.success, result.status) == (True, 1)
    assert result.message == f"After {result.nit} steps no step leads further down."
    assert result.nfev <= 2 * scipys.nfev


def test_lbfgs_finds_rosenbrocks_minimum_in_twenty_dimensions():
    start = np.tile([-1.2, 1.0], 10)
    rosen, gradient = scipy.optimize.rosen, scipy.optimize.rosen_der
    result = rv.minimize(rosen, start, jac=gradient, optimizer=rv.LBFGS(), steps=500)
    np.testing.assert_allclose(result.x, 1, rtol=1e-9)


def test_lbfgs_decreases_at_every_step_and_asks_no_point_twice():
    asked = []

    def fun(x):
        asked.append(tuple(x))
        return ROSENBROCK(x)

    result = rv.minimize(fun, ROSENBROCK.start, jac=ROSENBROCK.jac, optimizer=rv.LBFGS(), steps=30)
    assert (np.diff(result.path_fun) < 0).all()
    assert len(asked) == len(set(asked)) == result.nfev


def test_lbfgs_at_a_minimum_takes_no_step():
    result = rv.minimize(bowl, [0.0, 0.0], jac=bowl_jac, optimizer=rv.LBFGS())
    assert (result.nit, result.nfev, result.status) == (0, 1, 1)
    assert result.path.tolist() == [[0.0, 0.0]]


def test_momentum_leaves_the_ridge_of_a_saddle_sooner_than_plain_descent():
    saddle = rv.landscapes.saddle

    def steps_to_leave(rule):
        path = rv.minimize(saddle, saddle.start, jac=saddle.jac, optimizer=rule, steps=100).path
        return int(np.argmax(np.abs(path[:, 1]) > 1))

    assert 0 < steps_to_leave(rv.SGD(0.1, momentum=0.9)) < steps_to_leave(rv.SGD(0.1))


def test_the_same_call_gives_the_same_path():
    def walk():
        return rv.minimize(
            ROSENBROCK, ROSENBROCK.start, jac=ROSENBROCK.jac, optimizer="lbfgs", steps=40
        ).path

    np.testing.assert_array_equal(walk(), walk())


@pytest.mark.parametrize("optimizer", [rv.SGD(1.5), rv.SGD(1.5, momentum=0.5)])
@pytest.mark.parametrize(
    # In float32 the gradient overflows first: the value is always kept in float64.
    ("dtype", "what"),
    [("float64", "value of fun"), ("float32", "gradient")],
)
def test_divergence_names_step_and_rate(optimizer, dtype, what):
    with pytest.raises(DivergenceError) as caught:
        rv.minimize(
            ROSENBROCK,
            ROSENBROCK.start,
            jac=ROSENBROCK.jac,
            optimizer=optimizer,
            dtype=dtype,
        )
    assert str(caught.value).startswith(f"The {what} became infinite or NaN at step ")
    assert str(caught.value).endswith(". Lower the learning rate (now 1.5).")


def test_a_gradient_that_becomes_nan_is_a_divergence_that_names_it():
    def jac(x):
        return 2 * x if abs(x[0]) > 0.3 else x * np.nan

    with pytest.raises(DivergenceError, match="The gradient became infinite or NaN at step 2"):
        rv.minimize(bowl, [1.0], jac=jac, optimizer=rv.SGD(0.25))


class Lazy(rv.Optimizer):
    """A rule without methods."""

    learning_rate = 0.1


class Careless(rv.Optimizer):
    """A rule whose step is not a number."""

    learning_rate = 0.1

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w[:] = np.nan


def test_a_rule_of_ones_own_that_goes_nowhere_is_a_divergence():
    with pytest.raises(DivergenceError, match="The x became infinite or NaN at step 1"):
        rv.minimize(bowl, [1.0], jac=bowl_jac, optimizer=Careless())


def shifting(x):
    x -= 1
    return bowl(x)


ERRORS = {
    "fun no function": (
        ParameterError,
        {"fun": 3},
        "The 'fun' parameter of minimize must be callable. Got 3.",
    ),
    "fun a pair without jac=True": (
        ParameterError,
        {"fun": lambda x: (bowl(x), 2 * x), "jac": None},
        "fun must return one real number.",
    ),
    "fun None": (
        ParameterError,
        {"fun": lambda x: None},
        "fun must return one real number. Got None.",
    ),
    "fun an array": (ParameterError, {"fun": lambda x: x}, "fun must return one real number. Got"),
    "fun complex": (ParameterError, {"fun": lambda x: 1j}, "fun must return one real number. Got"),
    "fun a word": (
        ParameterError,
        {"fun": lambda x: "low"},
        "fun must return one real number. Got",
    ),
    "fun changes x": (
        ParameterError,
        {"fun": shifting},
        "fun changed its argument x, which it must not.",
    ),
    "fun infinite at x0": (
        ParameterError,
        {"fun": lambda x: np.inf},
        "fun must be finite at x0. Got inf.",
    ),
    "jac a word": (
        ParameterError,
        {"jac": "2-point"},
        "The 'jac' parameter of minimize must be callable, True, False or None. Got '2-point'",
    ),
    "jac too long": (
        ParameterError,
        {"jac": lambda x: np.ones(3)},
        "The gradient that jac returns must be real numbers of the shape of x0, (2,). Got (3,).",
    ),
    "jac a matrix": (
        ParameterError,
        {"jac": lambda x: np.ones((1, 2))},
        "The gradient that jac returns must be real numbers of the shape of x0, (2,). Got (1, 2).",
    ),
    "jac None": (
        ParameterError,
        {"jac": lambda x: None},
        "The gradient that jac returns must be real numbers of the shape of x0, (2,). Got None.",
    ),
    "jac ragged": (
        ParameterError,
        {"jac": lambda x: [1, [2, 3]]},
        "The gradient that jac returns must be real numbers of the shape of x0, (2,). Got ",
    ),
    "jac changes x": (
        ParameterError,
        {"jac": lambda x: np.negative(x, out=x)},
        "jac changed its argument x, which it must not.",
    ),
    "jac NaN at x0": (
        ParameterError,
        {"jac": lambda x: x * np.nan},
        "The gradient must be finite at x0. Got [nan nan].",
    ),
    "jac=True without a pair": (
        ParameterError,
        {"jac": True},
        "With jac=True, fun must return (value, gradient). Got 5.0.",
    ),
    "x0 NaN": (DataError, {"x0": [1.0, np.nan]}, "x0 "),
    "x0 infinite": (DataError, {"x0": [1.0, np.inf]}, "x0 "),
    "x0 words": (DataError, {"x0": ["a", "b"]}, "x0 "),
    "x0 complex": (DataError, {"x0": [1j, 2]}, "x0 "),
    "x0 beyond float32": (DataError, {"x0": [1e300, 1.0], "dtype": "float32"}, "x0 "),
    "x0 a matrix": (
        ParameterError,
        {"x0": np.ones((2, 2))},
        "x0 must have shape (n,) with n at least 1. Got (2, 2).",
    ),
    "x0 empty": (
        ParameterError,
        {"x0": []},
        "x0 must have shape (n,) with n at least 1. Got (0,).",
    ),
    "steps 0": (
        ParameterError,
        {"steps": 0},
        "The 'steps' parameter of minimize must be a whole number, at least 1. Got 0.",
    ),
    "dtype": (
        ParameterError,
        {"dtype": "float16"},
        "The 'dtype' parameter of minimize must be one of 'float32', 'float64'. Got 'float16'",
    ),
    "optimizer": (
        ParameterError,
        {"optimizer": "newton"},
        "The 'optimizer' parameter of minimize must be one of 'sgd',",
    ),
    "a rule without methods": (
        ParameterError,
        {"optimizer": Lazy()},
        "Lazy, a custom subclass of Optimizer, must define init().",
    ),
}


@pytest.mark.parametrize(("kind", "changes", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_what_is_wrong_is_named(kind, changes, message):
    arguments = {"fun": bowl, "x0": [1.0, -2.0], "jac": bowl_jac, "steps": 3} | changes
    with pytest.raises(kind) as caught:
        rv.minimize(**arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("optimizer", [rv.SGD(), rv.LBFGS(), Careless()])
def test_an_error_of_the_users_own_comes_through_as_it_is(optimizer):
    calls = []

    def fun(x):
        calls.append(1)
        if len(calls) > 1:
            raise KeyError("mine")
        return bowl(x)

    with pytest.raises((KeyError, DivergenceError)) as caught:
        rv.minimize(fun, [1.0], jac=bowl_jac, optimizer=optimizer)
    if not isinstance(optimizer, Careless):
        assert caught.value.args == ("mine",)
