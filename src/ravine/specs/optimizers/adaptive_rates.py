"""Steps that do not depend on the size of the gradient: scaled by its mean square, or its sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.optimizers.base import DECAY, Optimizer
from ravine.specs.rules import Flag, Number, Rule
from ravine.specs.schedules import MOMENTUM, RATE, Schedule

__all__ = ["Adagrad", "Adam", "AdamW", "Lion", "NAdam", "RMSprop"]

_EPSILON = Number(above=0)
_FRACTION = Number(at_least=0, below=1)


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

    has_one_rate: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "epsilon": _EPSILON,
        "epsilon_inside_root": Flag(),
        "weight_decay": DECAY,
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

    has_one_rate: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "beta2": _FRACTION,
        "epsilon": _EPSILON,
        "epsilon_inside_root": Flag(),
        "weight_decay": DECAY,
    }


_ADAM_RULES: Mapping[str, Rule] = {
    "learning_rate": RATE,
    "beta1": MOMENTUM,
    "beta2": _FRACTION,
    "epsilon": _EPSILON,
    "epsilon_inside_root": Flag(),
    "epsilon_hat": Flag(),
    "bias_correction": Flag(),
    "weight_decay": DECAY,
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
        False uses ν and ṽ uncorrected, another lecture form.
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

    has_one_rate: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = _ADAM_RULES


@dataclass(frozen=True, repr=False)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: ``w ← w − η λ w``, then Adam's step.

    The decay does not enter the moments, so every weight shrinks at the same relative
    speed; with an `ravine.L2` penalty, Adam divides the penalty's gradient by √v̂ as
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
        False uses ν and ṽ uncorrected.
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

    has_one_rate: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = _ADAM_RULES


@dataclass(frozen=True, repr=False)
class NAdam(Optimizer):
    """Adam with Nesterov's look-ahead, under a momentum that grows from ½ β to β.

    ``ν ← β ν + (1 − β) g``; ``ṽ ← β̃ ṽ + (1 − β̃) g²``; ``μ_k = β (1 − ½ · 0.96^(k ψ))``;
    ``ν̂ = μ_{k+1} ν / (1 − μ_1 ⋯ μ_{k+1}) + (1 − μ_k) g / (1 − μ_1 ⋯ μ_k)``;
    ``w ← w − η ν̂ / (√(ṽ / (1 − β̃^k)) + ε)``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 2e-3
        η, at least 0.
    beta1 : float, default 0.9
        β, in [0, 1).
    beta2 : float, default 0.999
        β̃, in [0, 1).
    epsilon : float, default 1e-8
        ε, greater than 0.
    momentum_decay : float, default 4e-3
        ψ, how fast the momentum grows, at least 0.
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0: ``w ← w − η λ w`` before the step.

    References
    ----------
    Dozat (2016), Incorporating Nesterov Momentum into Adam, ICLR workshop. Departure from
    PyTorch's form: ``weight_decay`` is decoupled.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.NAdam(0.01)
    NAdam(learning_rate=0.01)
    """

    learning_rate: float | Schedule = 2e-3
    _: KW_ONLY
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 4e-3
    weight_decay: float = 0.0

    has_one_rate: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "beta1": _FRACTION,
        "beta2": _FRACTION,
        "epsilon": _EPSILON,
        "momentum_decay": Number(at_least=0),
        "weight_decay": DECAY,
    }


@dataclass(frozen=True, repr=False)
class Lion(Optimizer):
    """The sign of a mean of gradients: every parameter moves by the same length.

    ``c = β ν + (1 − β) g``; ``w ← w − η (sign(c) + λ w)``; ``ν ← β̃ ν + (1 − β̃) g``.

    Parameters
    ----------
    learning_rate : float or Schedule, default 1e-4
        η, at least 0: how far every parameter moves. Use a third to a tenth of Adam's rate.
    beta1 : float, default 0.9
        β, in [0, 1).
    beta2 : float, default 0.99
        β̃, in [0, 1).
    weight_decay : float, default 0.0
        Decoupled decay λ, at least 0.

    References
    ----------
    Chen et al. (2023), Symbolic Discovery of Optimization Algorithms, NeurIPS, Algorithm 2.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Lion(weight_decay=0.1)
    Lion(learning_rate=0.0001, weight_decay=0.1)
    """

    learning_rate: float | Schedule = 1e-4
    _: KW_ONLY
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": RATE,
        "beta1": _FRACTION,
        "beta2": _FRACTION,
        "weight_decay": DECAY,
    }
