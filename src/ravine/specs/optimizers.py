"""Optimizers: how the weights change at each step.

In the formulas ``w`` are the weights, ``g`` the gradient of the mini-batch loss with its coupled
penalty, ``η`` the learning rate of this step, ``k`` the number of the step (1 at the first), and
everything is element-wise. Decoupled ``weight_decay`` λ is applied first, ``w ← w − η λ w``, to
weights but not to biases and normalisation parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ravine.errors import ParameterError
from ravine.specs.rules import Flag, Number, Rule, Whole, broken
from ravine.specs.schedules import MOMENTUM, RATE, Schedule
from ravine.specs.spec import Family, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "DeltaBarDelta",
    "Optimizer",
    "RMSprop",
    "Rprop",
]

_DECAY = Number(at_least=0)
_EPSILON = Number(above=0)
_FRACTION = Number(at_least=0, below=1)


class Optimizer(Spec):
    """The base of every optimizer, and the way to write a custom one.

    A custom rule is a subclass with an attribute ``learning_rate`` and two methods, `init` and
    `update`; an attribute ``weight_decay`` acts as that of `SGD`. It then works in `ravine.train`,
    `ravine.train_many` and `ravine.minimize`, more slowly than a built-in one (those run in the
    engine and have no use for the two methods). Its objects are equal if their arguments are, and
    do not change once they are made. A recipe that holds one cannot be written to a file.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> class SignDescent(rv.Optimizer):
    ...     def __init__(self, learning_rate=0.01):
    ...         self.learning_rate = learning_rate
    ...
    ...     def init(self, n):
    ...         return None
    ...
    ...     def update(self, w, g, state, k, learning_rate):
    ...         w -= learning_rate * np.sign(g)
    >>> w = np.array([1.0, -1.0])
    >>> SignDescent().update(w, np.array([3.0, -0.1]), None, 1, 0.5)
    >>> w
    array([ 0.5, -0.5])
    """

    _rules: ClassVar[Mapping[str, Rule]] = {"learning_rate": RATE}
    _always_shown: ClassVar[tuple[str, ...]] = ("learning_rate",)

    if TYPE_CHECKING:

        @property
        def learning_rate(self) -> float | Schedule:
            """η, a number or a schedule."""

    def init(self, n: int) -> Any:
        """Make the state for ``n`` parameters.

        Parameters
        ----------
        n : int
            How many parameters there are.

        Returns
        -------
        object
            Whatever `update` needs to remember from step to step: arrays that it changes in place,
            a tuple of them, None. For checkpoints it must hold nothing but arrays and numbers, in
            tuples, lists and dictionaries.
        """
        raise NotImplementedError(
            f"{type(self).__name__} runs in the engine and has no Python state."
        )

    def update(
        self,
        w: NDArray[np.floating[Any]],
        g: NDArray[np.floating[Any]],
        state: Any,
        k: int,
        learning_rate: float,
    ) -> None:
        """Change the weights in place.

        Parameters
        ----------
        w : ndarray of shape (n,)
            All weights, a writable view: change it with ``w -= ...`` or ``w[:] = ...``.
        g : ndarray of shape (n,)
            The gradient at w, coupled penalty included, clipped where the recipe says so.
        state : object
            What `init` returned; it may be changed in place.
        k : int
            The number of this step, 1 at the first.
        learning_rate : float
            η of this step, from the schedule.
        """
        raise NotImplementedError(
            f"{type(self).__name__} runs in the engine and has no Python update."
        )


def check_own_rule(optimizer: Optimizer) -> None:
    """Refuse a custom optimizer that has no learning rate.

    Parameters
    ----------
    optimizer : Optimizer
        Any optimizer; ravine's own always pass.

    Raises
    ------
    ParameterError
        If the learning rate is missing or bad.
    """
    kind = type(optimizer)
    if kind in OPTIMIZERS:
        return
    if not hasattr(optimizer, "learning_rate"):
        raise ParameterError(f"The optimizer {kind.__name__} must have a field 'learning_rate'.")
    RATE(kind.__name__, "learning_rate", optimizer.learning_rate)


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead.

    Plain: ``w ← w − η g``. With momentum β: ``v ← β v + η g``; ``w ← w − v``. With ``nesterov``:
    ``v ← β v + η g``; ``w ← w − (β v + η g)``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.01
        η, at least 0.
    momentum : float or Schedule, default 0.0
        β, in [0, 1).
    nesterov : bool, default False
        Whether to look ahead; needs momentum.
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0: ``w ← w − η λ w`` before the step.

    References
    ----------
    Robbins & Monro (1951); Polyak (1964); Nesterov (1983); Sutskever et al. (2013); Hinton (2012).
    The rate is inside the velocity; PyTorch multiplies by it afterwards, which differs when the
    rate changes.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.SGD(0.1, momentum=0.9, nesterov=True)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
    """

    learning_rate: float | Schedule = 0.01
    _: KW_ONLY
    momentum: float | Schedule = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "momentum": MOMENTUM,
        "nesterov": Flag(),
        "weight_decay": _DECAY,
    }

    def _check(self) -> None:
        if self.nesterov and self.momentum == 0.0:
            rule = "greater than 0 when nesterov is True"
            raise broken("SGD", "momentum", rule, self.momentum)


@dataclass(frozen=True, repr=False)
class DeltaBarDelta(Optimizer):
    """One learning rate per parameter, grown by addition and shrunk by multiplication.

    If ``δ̄ · g > 0``, ``η_i ← η_i + κ``; if ``δ̄ · g < 0``, ``η_i ← η_i (1 − φ)``; else unchanged.
    Then ``w ← w − η_i g`` and ``δ̄ ← (1 − θ) g + θ δ̄``. All η_i start at ``learning_rate``, δ̄ at
    0.

    Parameters
    ----------
    learning_rate : float, default 0.01
        What every η_i starts at, at least 0. A constant: the rule itself adapts the rates.
    kappa : float, default 1e-3
        κ, what a rate grows by while the gradient keeps its sign, at least 0.
    phi : float, default 0.1
        φ, the part by which a rate shrinks when the sign changes, in [0, 1].
    theta : float, default 0.7
        θ, how long δ̄ remembers, in [0, 1).

    References
    ----------
    Jacobs (1988), Neural Networks 1(4) 295-307. Meant for full batches, which is what a recipe with
    ``batch_size=None`` gives it.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.DeltaBarDelta(0.05, kappa=0.01)
    DeltaBarDelta(learning_rate=0.05, kappa=0.01)
    """

    learning_rate: float = 0.01
    _: KW_ONLY
    kappa: float = 1e-3
    phi: float = 0.1
    theta: float = 0.7

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": Number(at_least=0),
        "kappa": Number(at_least=0),
        "phi": Number(at_least=0, at_most=1),
        "theta": _FRACTION,
    }


@dataclass(frozen=True, repr=False)
class Rprop(Optimizer):
    """Resilient propagation: one step size per parameter, the gradient's sign alone.

    With ``s = sign(g_prev · g)``: if s > 0, ``Δ_i ← min(η⁺ Δ_i, step_max)``; if s < 0,
    ``Δ_i ← max(η⁻ Δ_i, step_min)`` and g is taken as 0 for this parameter, now and as the next
    g_prev. Then ``w ← w − Δ_i sign(g)``. All Δ_i start at ``learning_rate``. Needs full batches.

    Parameters
    ----------
    learning_rate : float, default 0.01
        What every Δ_i starts at, at least 0.
    eta_minus : float, default 0.5
        η⁻, in (0, 1).
    eta_plus : float, default 1.2
        η⁺, greater than 1.
    step_min : float, default 1e-6
        Smallest step size, greater than 0.
    step_max : float, default 50.0
        Largest step size, at least ``step_min``.

    References
    ----------
    Riedmiller & Braun (1993). Departure: no weight backtracking (Rprop⁻ of Igel & Hüsken 2000 with
    the gradient zeroed, iRprop⁻), as in PyTorch.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Rprop(0.1)
    Rprop(learning_rate=0.1)
    """

    learning_rate: float = 0.01
    _: KW_ONLY
    eta_minus: float = 0.5
    eta_plus: float = 1.2
    step_min: float = 1e-6
    step_max: float = 50.0

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": Number(at_least=0),
        "eta_minus": Number(above=0, below=1),
        "eta_plus": Number(above=1),
        "step_min": Number(above=0),
        "step_max": Number(above=0),
    }

    def _check(self) -> None:
        if self.step_max < self.step_min:
            rule = f"at least its step_min, {self.step_min:g}"
            raise broken("Rprop", "step_max", rule, self.step_max)


@dataclass(frozen=True, repr=False)
class Adagrad(Optimizer):
    """Rates that shrink with the gradients seen so far.

    ``ṽ ← ṽ + g²``; ``w ← w − η g / (√ṽ + ε)``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 0.01
        η, at least 0.
    epsilon : float, default 1e-10
        ε, greater than 0.
    epsilon_inside_root : bool, default False
        The lecture form: divide by ``√(ṽ + ε)``.
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0.

    References
    ----------
    Duchi, Hazan & Singer (2011), JMLR 12, 2121-2159 (the diagonal form).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Adagrad(0.05)
    Adagrad(learning_rate=0.05)
    """

    learning_rate: float | Schedule = 0.01
    _: KW_ONLY
    epsilon: float = 1e-10
    epsilon_inside_root: bool = False
    weight_decay: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "epsilon": _EPSILON,
        "epsilon_inside_root": Flag(),
        "weight_decay": _DECAY,
    }


@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """The gradient over its running root mean square.

    ``ṽ ← β̃ ṽ + (1 − β̃) g²``; ``w ← w − η g / (√ṽ + ε)``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-3
        η, at least 0.
    beta2 : float, default 0.9
        β̃, in [0, 1).
    epsilon : float, default 1e-8
        ε, greater than 0.
    epsilon_inside_root : bool, default False
        The lecture form: divide by ``√(ṽ + ε)``.
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0.

    References
    ----------
    Hinton (2012), Neural Networks for Machine Learning, lecture 6e.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.RMSprop(beta2=0.99)
    RMSprop(learning_rate=0.001, beta2=0.99)
    """

    learning_rate: float | Schedule = 1e-3
    _: KW_ONLY
    beta2: float = 0.9
    epsilon: float = 1e-8
    epsilon_inside_root: bool = False
    weight_decay: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "beta2": _FRACTION,
        "epsilon": _EPSILON,
        "epsilon_inside_root": Flag(),
        "weight_decay": _DECAY,
    }


_ADAM_RULES: Mapping[str, Rule] = {
    "learning_rate": RATE,
    "beta1": MOMENTUM,
    "beta2": _FRACTION,
    "epsilon": _EPSILON,
    "epsilon_inside_root": Flag(),
    "epsilon_hat": Flag(),
    "bias_correction": Flag(),
    "weight_decay": _DECAY,
}


@dataclass(frozen=True, repr=False)
class Adam(Optimizer):
    """Adaptive moment estimation.

    ``ν ← β ν + (1 − β) g``; ``ṽ ← β̃ ṽ + (1 − β̃) g²``; ``ν̂ = ν / (1 − β^k)``;
    ``v̂ = ṽ / (1 − β̃^k)``; ``w ← w − η ν̂ / (√v̂ + ε)``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-3
        η, at least 0.
    beta1 : float or Schedule, default 0.9
        β, the momentum, in [0, 1). With a schedule, β^k is the product of its values so far.
    beta2 : float, default 0.999
        β̃, in [0, 1).
    epsilon : float, default 1e-8
        ε, greater than 0.
    epsilon_inside_root : bool, default False
        The lecture form: divide by ``√(v̂ + ε)``.
    epsilon_hat : bool, default False
        Add ε before ṽ is corrected, the ε̂ of the paper's section 2: ``√v̂ + ε / √(1 − β̃^k)``
        divides. So do Keras and scikit-learn.
    bias_correction : bool, default True
        False takes ν and ṽ as they are, another lecture form.
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0; `AdamW` is the same rule with another default.

    References
    ----------
    Kingma & Ba (2015), Algorithm 1. Departure: none at the defaults.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Adam(rv.ExponentialDecay(3e-3, rate=0.05))
    Adam(learning_rate=ExponentialDecay(0.003, 0.05))
    >>> rv.Adam(beta1=1.0)
    Traceback (most recent call last):
        ...
    ravine.errors.ParameterError: The 'beta1' parameter of Adam must be in [0, 1). Got 1.0.
    """

    learning_rate: float | Schedule = 1e-3
    _: KW_ONLY
    beta1: float | Schedule = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    epsilon_inside_root: bool = False
    epsilon_hat: bool = False
    bias_correction: bool = True
    weight_decay: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = _ADAM_RULES


@dataclass(frozen=True, repr=False)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: ``w ← w − η λ w``, then Adam's step.

    The gradient that the moments see holds no trace of the decay, so every weight shrinks at the
    same relative speed; with an `ravine.L2` penalty, Adam divides the penalty's gradient by √v̂ as
    well.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-3
        η, at least 0.
    beta1 : float or Schedule, default 0.9
        β, the momentum, in [0, 1). With a schedule, β^k is the product of its values so far.
    beta2 : float, default 0.999
        β̃, in [0, 1).
    epsilon : float, default 1e-8
        ε, greater than 0.
    epsilon_inside_root : bool, default False
        Divide by ``√(v̂ + ε)``.
    epsilon_hat : bool, default False
        Add ε before ṽ is corrected, the ε̂ of the paper's section 2: ``√v̂ + ε / √(1 − β̃^k)``
        divides. So do Keras and scikit-learn.
    bias_correction : bool, default True
        False takes ν and ṽ as they are.
    weight_decay : float, default 1e-2
        λ, at least 0.

    References
    ----------
    Loshchilov & Hutter (2019), Algorithm 2. Departure: the schedule multiplies the decay through
    η, as in PyTorch.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.AdamW(weight_decay=0.1)
    AdamW(learning_rate=0.001, weight_decay=0.1)
    """

    learning_rate: float | Schedule = 1e-3
    _: KW_ONLY
    beta1: float | Schedule = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    epsilon_inside_root: bool = False
    epsilon_hat: bool = False
    bias_correction: bool = True
    weight_decay: float = 1e-2

    _rules: ClassVar[Mapping[str, Rule]] = _ADAM_RULES


@dataclass(frozen=True, repr=False)
class LBFGS(Optimizer):
    """Limited-memory BFGS: curvature from the last steps, a line search along each direction.

    ``d = −H g`` by the two-loop recursion over the last ``memory`` pairs of steps and gradient
    changes, ``w ← w + a d`` with a step length a that meets the strong Wolfe conditions,
    ``L(w + a d) ≤ L(w) + c1 a gᵀd`` and ``|∇L(w + a d)ᵀd| ≤ c2 |gᵀd|``. Needs full batches.

    Parameters
    ----------
    learning_rate : float, default 1.0
        The first step length that each line search tries, greater than 0; times ``min(1, 1/‖g‖₁)``
        while there are no pairs.
    memory : int, default 10
        Pairs that are kept, at least 1.
    max_evaluations : int, default 25
        Evaluations of loss and gradient that one line search may take, at least 1.
    c1 : float, default 1e-4
        Sufficient decrease, in (0, 1) and below ``c2``.
    c2 : float, default 0.9
        Curvature, in (0, 1).

    References
    ----------
    Nocedal & Wright (2006), Algorithms 7.4, 7.5, 3.5 and 3.6.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.LBFGS(memory=20)
    LBFGS(learning_rate=1.0, memory=20)
    """

    learning_rate: float = 1.0
    _: KW_ONLY
    memory: int = 10
    max_evaluations: int = 25
    c1: float = 1e-4
    c2: float = 0.9

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": Number(above=0),
        "memory": Whole(at_least=1),
        "max_evaluations": Whole(at_least=1),
        "c1": Number(above=0, below=1),
        "c2": Number(above=0, below=1),
    }

    def _check(self) -> None:
        if self.c1 >= self.c2:
            raise broken("LBFGS", "c1", f"less than its c2, {self.c2:g}", self.c1)


OPTIMIZERS: Family[Optimizer] = Family(
    "an optimizer",
    Optimizer,
    (SGD, DeltaBarDelta, Rprop, Adagrad, RMSprop, Adam, AdamW, LBFGS),
    {
        "sgd": SGD(),
        "delta_bar_delta": DeltaBarDelta(),
        "rprop": Rprop(),
        "adagrad": Adagrad(),
        "rmsprop": RMSprop(),
        "adam": Adam(),
        "adamw": AdamW(),
        "lbfgs": LBFGS(),
    },
    extensible=("init", "update"),
)
