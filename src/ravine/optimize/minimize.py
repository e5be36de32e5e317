"""Run an optimizer on any function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DivergenceError, ParameterError
from ravine.ground.kept import count_masked
from ravine.ground.numeric import as_array, as_floats
from ravine.ground.packages import needs
from ravine.optimize.custom import CustomOptimizer, as_described, is_custom
from ravine.specs.optimizers import Adam, Optimizer, check_own_rule
from ravine.specs.rules import Choice, Whole, broken, shown
from ravine.specs.spec import Member, for_engine

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["minimize"]

Array = NDArray[np.float64]
Jacobian = Callable[..., ArrayLike] | bool | None

_STEPS = Whole(at_least=1)
_DTYPE = Choice(("float32", "float64"))
_DIFFERENCE = math.sqrt(np.finfo(np.float64).eps)
_ADAM = Adam()


def minimize(
    fun: Callable[..., Any],
    x0: ArrayLike,
    *,
    jac: Jacobian = None,
    optimizer: Optimizer | str = _ADAM,
    steps: int = 1000,
    dtype: Literal["float32", "float64"] = "float64",
    args: tuple[Any, ...] = (),
) -> OptimizeResult:
    """Walk down a function with one of ravine's optimizers, or a custom one, and keep the path.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> float``, x a float64 array of shape (n,) that it must not change; with
        ``jac=True`` it returns (value, gradient).
    x0 : array_like of shape (n,)
        Where to start.
    jac : callable, bool or None, default None
        ``jac(x, *args)`` gives the gradient, of shape (n,). True: `fun` gives it. None or False:
        forward differences, for n more calls of `fun` at each point.
    optimizer : Optimizer or str, default Adam()
        The rule. A schedule's epoch and its step are both one step here. ``weight_decay`` acts on
        all of x.
    steps : int, default 1000
        How many steps to take, at least 1. There is no other criterion: a rule stops before only if
        it can go no further (`ravine.LBFGS`).
    dtype : {"float64", "float32"}, default "float64"
        The arithmetic of the rule; `fun` and `jac` are always given float64.
    args : tuple, default ()
        Further arguments of `fun` and `jac`.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` and ``fun`` of the last point, its gradient ``jac``; ``nit`` steps taken; ``nfev`` and
        ``njev`` evaluations; ``path`` of shape (nit + 1, n) from x0 to x and its heights
        ``path_fun``; ``success`` (always True: what fails raises), ``status`` (0: all steps taken,
        1: the rule could go no further) and ``message``.

    Raises
    ------
    DivergenceError
        If the value, the gradient or x becomes infinite or not a number.
    ParameterError
        If an argument breaks its rule, or `fun` or `jac` returns something else than it should.
    DataError
        If x0 is no array of finite numbers.

    Examples
    --------
    >>> import ravine as rv
    >>> valley = rv.landscapes.ill_conditioned(4)
    >>> result = rv.minimize(valley, [1.0, 1.0], jac=valley.jac, optimizer=rv.SGD(0.125), steps=2)
    >>> result.path
    array([[1.      , 1.      ],
           [0.875   , 0.5     ],
           [0.765625, 0.25    ]])
    >>> surface = rv.landscapes.rosenbrock
    >>> result = rv.minimize(surface, surface.start, jac=surface.jac, optimizer=rv.LBFGS())
    >>> result.x.round(6), result.nit < 50
    (array([1., 1.]), True)
    """
    needs("minimize", "scipy")
    rule = Member(Optimizer)("minimize", "optimizer", optimizer)
    check_own_rule(rule)
    plateau = getattr(rule.learning_rate, "plateau", None)
    if plateau is not None and plateau.monitor not in (None, "loss"):
        raise ParameterError(
            f"ReduceOnPlateau watches {plateau.monitor!r}, but a function has no validation rows.",
            hint="Leave its 'monitor' out: it then watches the value of fun.",
        )
    steps = _STEPS("minimize", "steps", steps)
    kind = np.dtype(_DTYPE("minimize", "dtype", dtype))
    objective = _Objective(fun, jac, args if isinstance(args, tuple) else (args,), kind)
    return _walk(objective, _Rule(rule, _start(x0, kind), steps, objective), steps)


class _Rule:
    """An optimizer at a point. The engine takes its steps, also those of a custom rule."""

    def __init__(self, rule: Optimizer, x: NDArray[Any], steps: int, objective: _Objective) -> None:
        from ravine.engine import _engine

        self.x = x
        self._objective = objective
        update = CustomOptimizer(rule, x.size) if is_custom(rule) else None
        kind = "Optimizer32" if x.dtype == np.float32 else "Optimizer64"
        self._engine = getattr(_engine, kind)(for_engine(as_described(rule)), x.size, steps, update)

    def step(self) -> tuple[float, bool]:
        """Move x; give the learning rate, and whether the rule could move."""
        _, rate, moved = self._engine.step(self.x, self._objective)
        return rate, moved


def _walk(objective: _Objective, rule: _Rule, steps: int) -> OptimizeResult:
    """Evaluate and step, until the steps are taken or the rule can go no further."""
    from scipy.optimize import OptimizeResult

    value, gradient = objective(rule.x)
    _check_start(value, gradient)
    path, heights = [rule.x.copy()], [value]
    moved = True
    for k in range(1, steps + 1):
        rate, moved = rule.step()
        if not moved:
            break
        value, gradient = _after(k, rate, objective, rule.x)
        path.append(rule.x.copy())
        heights.append(value)
    return OptimizeResult(
        x=rule.x,
        fun=value,
        jac=gradient,
        nit=len(path) - 1,
        nfev=objective.nfev,
        njev=objective.njev,
        path=np.array(path),
        path_fun=np.array(heights),
        success=True,
        status=0 if moved else 1,
        message=(
            f"All {steps} steps were taken."
            if moved
            else f"After {len(path) - 1} steps no step leads further down."
        ),
    )


class _Objective:
    """The user's function and its gradient: checked, counted, remembered where asked last."""

    def __init__(
        self,
        fun: Callable[..., Any],
        jac: Jacobian,
        args: tuple[Any, ...],
        dtype: np.dtype[Any],
    ) -> None:
        if not callable(fun):
            raise broken("minimize", "fun", "callable", fun)
        if not (callable(jac) or jac is None or isinstance(jac, bool)):
            raise broken("minimize", "jac", "callable, True, False or None", jac)
        self._fun, self._jac, self._args, self._dtype = fun, jac, args, dtype
        self._last: tuple[Array, float, NDArray[Any]] | None = None
        self.nfev = self.njev = 0

    def __call__(self, point: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        x = point.astype(np.float64)
        if self._last is None or not np.array_equal(self._last[0], x):
            with np.errstate(over="ignore", invalid="ignore"):  # what comes of them raises
                value, gradient = self._evaluate(x)
                self._last = (x, value, gradient.astype(self._dtype))
        return self._last[1], self._last[2]

    def _evaluate(self, x: Array) -> tuple[float, Array]:
        self.nfev += 1
        self.njev += 1
        if self._jac is True:
            pair = self._call("fun", self._fun, x)
            if not (isinstance(pair, tuple | list) and len(pair) == 2):
                raise ParameterError(
                    f"With jac=True, fun must return (value, gradient). Got {shown(pair)}."
                )
            return _as_value(pair[0]), _as_gradient(pair[1], x.size, "fun")
        value = _as_value(self._call("fun", self._fun, x))
        if callable(self._jac):
            return value, _as_gradient(self._call("jac", self._jac, x), x.size, "jac")
        return value, self._differences(x, value)

    def _differences(self, x: Array, value: float) -> Array:
        """Forward differences: ``(f(x + h) − f(x)) / h``, h = √ε · max(1, |x|) away from zero."""
        gradient = np.empty_like(x)
        for i, xi in enumerate(x):
            beside = x.copy()
            beside[i] = xi + math.copysign(_DIFFERENCE * max(1.0, abs(xi)), xi)
            rise = _as_value(self._call("fun", self._fun, beside)) - value
            gradient[i] = rise / (beside[i] - xi)
        self.nfev += x.size
        return gradient

    def _call(self, name: str, function: Callable[..., Any], x: Array) -> Any:
        given = x.copy()
        result = function(given, *self._args)
        if not np.array_equal(given, x):
            raise ParameterError(
                f"{name} changed its argument x, which it must not.", hint="Work on x.copy()."
            )
        return result


def _start(x0: ArrayLike, dtype: np.dtype[Any]) -> NDArray[Any]:
    rows: Any = [x0] if np.ndim(x0) == 0 else x0
    x = as_floats(as_array(rows, "x0"), dtype, "x0")
    if x.ndim != 1 or x.size == 0:
        raise ParameterError(f"x0 must have shape (n,) with n at least 1. Got {x.shape}.")
    return x.copy()


def _as_numbers(result: Any) -> NDArray[Any] | None:
    """Give an array of real numbers, or None where there are none, or masked ones."""
    if count_masked(result):
        return None
    try:
        array = np.asarray(result)
    except ValueError:  # of uneven rows
        return None
    return array if array.dtype.kind in "fiub" else None


def _as_value(result: Any) -> float:
    array = _as_numbers(result)
    if array is None or array.size != 1:
        raise ParameterError(f"fun must return one real number. Got {shown(result)}.")
    return float(array.reshape(()))


def _as_gradient(result: Any, n: int, name: str) -> Array:
    array = _as_numbers(result)
    if array is None or array.shape != (n,):
        raise ParameterError(
            f"The gradient that {name} returns must be real numbers of the shape of x0, ({n},). "
            f"Got {shown(result) if array is None else array.shape}."
        )
    return array.astype(np.float64)


def _check_start(value: float, gradient: NDArray[Any]) -> None:
    if not math.isfinite(value):
        raise ParameterError(f"fun must be finite at x0. Got {value}.")
    if not np.isfinite(gradient).all():
        raise ParameterError(f"The gradient must be finite at x0. Got {gradient}.")


def _after(
    k: int, rate: float, objective: _Objective, x: NDArray[Any]
) -> tuple[float, NDArray[Any]]:
    """Evaluate where a step has led, which must be somewhere."""
    what = None if np.isfinite(x).all() else "x"
    if what is None:
        value, gradient = objective(x)
        if math.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient
        what = "gradient" if math.isfinite(value) else "value of fun"
    raise DivergenceError(
        f"The {what} became infinite or NaN at step {k}. Lower the learning rate (now {rate:g}).",
    )
