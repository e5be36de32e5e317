"""The parameters of an MLP as a network and a recipe.

scikit-learn's objective of a mini-batch of B rows is ``L + (α ½‖W‖² + λ‖W‖₁) / B``, where L sums
over outputs and squared errors have a factor ½. ravine's averages over outputs, and squared errors
have no such factor: its gradient is c times the other one. With α, λ and the largest gradient norm
times c too, and the rate of plain descent divided by c or the ε of Adam times c, every step is the
same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.specs.layers import Activation, BatchNorm, Dense, Layer, LayerNorm
from ravine.specs.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
    Poisson,
    SquaredError,
)
from ravine.specs.network import Network
from ravine.specs.optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from ravine.specs.penalties import L1, L2, ElasticNet, Penalty
from ravine.specs.recipe import Recipe
from ravine.specs.schedules import Schedule
from ravine.specs.spec import Spec

__all__ = [
    "LossUnits",
    "as_loss",
    "layer_sizes",
    "make_network",
    "make_optimizer",
    "make_recipe",
    "rule_of",
]

#: Rows of a mini-batch for ``batch_size="auto"``.
AUTO_BATCH_SIZE = 200

#: The largest momentum below 1: scikit-learn allows 1 itself, from which this differs by rounding.
_LARGEST_MOMENTUM = math.nextafter(1.0, 0.0)


@dataclass(frozen=True)
class LossUnits:
    """How the objective of an estimator and that of ravine's engine are related.

    Parameters
    ----------
    loss : Loss
        The network's.
    gradient : float
        c: ravine's gradient in units of the estimator's.
    value : float
        The estimator's loss in units of ravine's, without a term in y alone (`constant`).

    Examples
    --------
    >>> LossUnits.of_regression("squared_error", 1)
    LossUnits(loss=SquaredError(), gradient=2.0, value=0.5)
    """

    loss: Loss
    gradient: float = 1.0
    value: float = 1.0

    @classmethod
    def of_regression(cls, loss: str | Loss, n_outputs: int) -> LossUnits:
        """Give the objective of a regression."""
        found = as_loss(loss)
        if found.classifies:
            raise ParameterError(f"MLPRegressor predicts numbers; {found!r} is a loss of classes.")
        return cls(found, *_SCIKIT_LEARN.get(type(found), _as_it_is)(n_outputs))

    @classmethod
    def of_classes(cls, loss: str | Loss, n_outputs: int, *, exclusive: bool) -> LossUnits:
        """Give the objective of a classification; exclusive classes are columns of a softmax."""
        usual = CrossEntropy() if exclusive else BinaryCrossEntropy()
        found = usual if isinstance(loss, str) else loss
        if found.targets != usual.targets:
            raise ParameterError(
                f"The 'loss' parameter of MLPClassifier must be 'log_loss' or {usual!r} for these "
                f"targets. Got {found!r}."
            )
        return cls(found) if exclusive else cls(found, 1.0 / n_outputs, float(n_outputs))

    def constant(self, y: NDArray[Any], sample_weight: NDArray[Any] | None) -> float:
        """Give the term in y alone: that of half the Poisson deviance."""
        if not isinstance(self.loss, Poisson):  # scikit-learn's alone has such a term
            return 0.0
        from scipy.special import xlogy

        terms = xlogy(y, y) - y
        return float(np.average(terms, weights=sample_weight, axis=0).sum())


def as_loss(loss: str | Loss) -> Loss:
    """Give the loss that an estimator's parameter names.

    Examples
    --------
    >>> as_loss("huber")
    Huber()
    """
    return LOSSES.shorthands[loss] if isinstance(loss, str) else loss


def _as_it_is(n_outputs: int) -> tuple[float, float]:
    return 1.0, 1.0


#: c and the factor of the value, for so many outputs, of the losses that scikit-learn's
#: MLPRegressor has. All others are ravine's own, and the estimator uses them unchanged.
_SCIKIT_LEARN: Mapping[type[Loss], Callable[[int], tuple[float, float]]] = {
    SquaredError: lambda n_outputs: (2.0 / n_outputs, 0.5),
    Poisson: lambda n_outputs: (1.0 / n_outputs, float(n_outputs)),
}


def layer_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Check the numbers of hidden units, and give them as a list.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int
        The estimator's parameter.

    Returns
    -------
    list of int
        One for each hidden layer.

    Raises
    ------
    ParameterError
        If one is not a whole number greater than 0.

    Examples
    --------
    >>> layer_sizes((100, 50))
    [100, 50]
    """
    if not isinstance(hidden_layer_sizes, Iterable):
        hidden_layer_sizes = [hidden_layer_sizes]
    sizes = list(hidden_layer_sizes)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes):
        raise ParameterError(f"hidden_layer_sizes must be whole numbers. Got {sizes!r:.80}.")
    if any(size <= 0 for size in sizes):
        raise ParameterError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def make_network(estimator: Any, sizes: Sequence[int], loss: Loss, strength: float) -> Network:
    """Make the network of an estimator.

    Parameters
    ----------
    estimator : estimator
        Whose parameters are read.
    sizes : sequence of int
        Units of all layers but the first: the hidden ones and the outputs.
    loss : Loss
        The network's loss.
    strength : float
        What alpha and l1 are multiplied by.

    Returns
    -------
    Network
        Dense layers, with normalisation between product and activation if asked for.

    Raises
    ------
    ParameterError
        If there are not as many activations or penalties as layers.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> parameters = SimpleNamespace(
    ...     activation="logistic", alpha=0.0, l1=0.0, batch_norm=False, layer_norm=False
    ... )
    >>> make_network(parameters, [8, 1], SquaredError(), 1.0)
    Network([Dense(8, activation='sigmoid'), Dense(1)], loss='squared_error')
    """
    hidden = len(sizes) - 1
    activations = _of_layers("activation", estimator.activation, hidden, "hidden layer")
    penalties: list[Any] = ["recipe"] * len(sizes)
    if not (isinstance(estimator.alpha, Real) and isinstance(estimator.l1, Real)):
        parts = (
            _of_layers(name, getattr(estimator, name), len(sizes), "matrix of weights")
            for name in ("alpha", "l1")
        )
        penalties = [
            _penalty(alpha, l1, strength, estimator) for alpha, l1 in zip(*parts, strict=True)
        ]
    layers: list[Layer] = []
    for size, name, penalty in zip(sizes, [*activations, None], penalties, strict=True):
        activation: Any = "sigmoid" if name == "logistic" else name
        norms: list[Layer] = [BatchNorm()] if estimator.batch_norm else []
        norms += [LayerNorm()] if estimator.layer_norm else []
        if activation is None or not norms:
            layers.append(Dense(size, activation=activation, penalty=penalty))
            continue
        last = activation if isinstance(activation, Activation) else Activation(activation)
        layers += [Dense(size, penalty=penalty), *norms, last]
    return Network(layers, loss)


def rule_of(solver: str | Optimizer) -> Optimizer:
    """Give the optimizer of a solver; its traits tell what it can be combined with.

    Parameters
    ----------
    solver : str or Optimizer
        The estimator's parameter.

    Returns
    -------
    Optimizer
        Itself, or that of a name with its defaults.

    Examples
    --------
    >>> rule_of("lbfgs").full_batch
    True
    """
    return OPTIMIZERS.shorthands[solver] if isinstance(solver, str) else solver


def make_optimizer(estimator: Any, c: float, rate: float | None = None) -> Optimizer:
    """Make the optimizer of an estimator.

    Parameters
    ----------
    estimator : estimator
        Whose parameters are read.
    c : float
        ravine's gradient in units of the estimator's.
    rate : float, optional
        The learning rate, in place of the estimator's.

    Returns
    -------
    Optimizer
        The estimator's own, or that of a name, which takes scikit-learn's steps.

    Raises
    ------
    ParameterError
        If parameters cannot be combined.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> parameters = SimpleNamespace(
    ...     solver="sgd", learning_rate="constant", learning_rate_init=0.1, weight_decay=0.0,
    ...     momentum=0.9, nesterovs_momentum=True,
    ... )
    >>> make_optimizer(parameters, 2.0)
    SGD(learning_rate=0.05, momentum=0.9, nesterov=True)
    """
    solver, decay = estimator.solver, float(estimator.weight_decay)
    start = estimator.learning_rate_init if rate is None else rate
    if isinstance(start, Schedule) and solver == "sgd" and estimator.learning_rate != "constant":
        raise ParameterError(
            f"learning_rate={estimator.learning_rate!r} changes the rate, and so does "
            f"learning_rate_init={start!r}: use only one of them.",
            hint="Use learning_rate='constant'.",
        )
    if solver == "sgd":
        momentum = min(float(estimator.momentum), _LARGEST_MOMENTUM)
        return SGD(
            start.scaled(1 / c) if isinstance(start, Schedule) else float(start) * (1 / c),
            momentum=momentum,
            nesterov=bool(estimator.nesterovs_momentum) and momentum > 0,
            weight_decay=decay * c,
        )
    if solver == "adam":
        return Adam(
            start,
            beta1=estimator.beta_1,
            beta2=estimator.beta_2,
            epsilon=float(estimator.epsilon) * c,
            epsilon_hat=True,
            weight_decay=decay,
        )
    found = rule_of(solver)
    if not decay:
        return found
    if not hasattr(found, "weight_decay"):
        raise ParameterError(
            f"{type(found).__name__} has no decoupled weight decay. Got weight_decay={decay:g}.",
            hint="Use alpha, the L2 penalty.",
        )
    return found.replace(weight_decay=decay)


def make_recipe(
    estimator: Any,
    optimizer: Optimizer,
    *,
    c: float,
    strength: float,
    batch_size: int,
    **settings: Any,
) -> Recipe:
    """Make the recipe of an estimator.

    Parameters
    ----------
    estimator : estimator
        Whose parameters are read.
    optimizer : Optimizer
        From `make_optimizer`.
    c : float
        ravine's gradient in units of the estimator's.
    strength : float
        What alpha and l1 are multiplied by.
    batch_size : int
        Rows of a mini-batch.
    **settings : Any
        More fields of the recipe.

    Returns
    -------
    Recipe
        How the network is trained.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> parameters = SimpleNamespace(
    ...     alpha=0.2, l1=0.0, clip_norm=None, dropout=0.0, augmentation=None, shuffle=True,
    ... )
    >>> make_recipe(parameters, Adam(), c=1.0, strength=0.5, batch_size=100, epochs=200)
    Recipe(optimizer=Adam(learning_rate=0.001), batch_size=100, epochs=200, penalty=L2(0.1))
    """
    penalty = None
    if isinstance(estimator.alpha, Real) and isinstance(estimator.l1, Real):
        penalty = _penalty(estimator.alpha, estimator.l1, strength, estimator)
    return Recipe(
        optimizer=optimizer,
        batch_size="full" if optimizer.full_batch else batch_size,
        penalty=penalty,
        clip_norm=None if estimator.clip_norm is None else float(estimator.clip_norm) * c,
        dropout=float(estimator.dropout),
        augmentation=() if estimator.augmentation is None else estimator.augmentation,
        shuffle=bool(estimator.shuffle),
        **settings,
    )


def _penalty(alpha: Any, l1: Any, strength: float, estimator: Any) -> Penalty | None:
    """Give one penalty for both norms; |w| is thresholded if the optimizer's steps allow it."""
    a, b = float(alpha) * strength, float(l1) * strength
    if b == 0:
        return L2(a) if a else None
    proximal = rule_of(estimator.solver).has_one_rate
    if a == 0:
        return L1(b, proximal=proximal)
    return ElasticNet(a + b, l1_ratio=b / (a + b), proximal=proximal)


def _of_layers(name: str, value: Any, count: int, what: str) -> list[Any]:
    """Give a value for each layer: one for all, or as many as there are."""
    if isinstance(value, str | Spec | Real):
        return [value] * count
    values = list(value)
    if len(values) != count:
        raise ParameterError(
            f"The '{name}' parameter must be one value or one for each {what}, {count} here. "
            f"Got {len(values)}."
        )
    return values
