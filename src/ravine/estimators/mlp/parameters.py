"""The parameters of both MLPs: what each may be, and what it means."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ravine.specs.augmentation import Augmentation
from ravine.specs.layers import Activation
from ravine.specs.layers.base import ACTIVATIONS
from ravine.specs.optimizers import Optimizer
from ravine.specs.schedules import Schedule

__all__ = ["CONSTRAINTS", "MLPParameters"]

_AT_LEAST_0 = Interval(Real, 0, None, closed="left")
_ABOVE_0 = Interval(Real, 0, None, closed="neither")
_FRACTION = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")

#: scikit-learn's checks of each parameter.
CONSTRAINTS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions({*ACTIVATIONS, "logistic"}), "array-like", Activation],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"}), Optimizer],
    "alpha": [_AT_LEAST_0, "array-like"],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_ABOVE_0, Schedule],
    "power_t": [_AT_LEAST_0],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_AT_LEAST_0],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_FRACTION],
    "beta_1": [_FRACTION],
    "beta_2": [_FRACTION],
    "epsilon": [_ABOVE_0],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "l1": [_AT_LEAST_0, "array-like"],
    "dropout": [_FRACTION],
    "batch_norm": ["boolean"],
    "layer_norm": ["boolean"],
    "clip_norm": [_ABOVE_0, None],
    "weight_decay": [_AT_LEAST_0],
    "augmentation": [Augmentation, callable, list, tuple, None],
    "callbacks": [callable, list, tuple, None],
    "n_jobs": [Integral, None],
    "dtype": [StrOptions({"float32", "float64"}), None],
}


@dataclass(eq=False, repr=False)
class MLPParameters:
    """The parameters that both MLPs have.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default (100,)
        Units of each hidden layer, greater than 0.
    activation : str, Activation or list of them, default "relu"
        Activation of the hidden layers, or of each one: any of `ravine.Activation`; "logistic" is
        "sigmoid".
    solver : {"adam", "sgd", "lbfgs"} or Optimizer, default "adam"
        How the weights are found. A ravine optimizer has its own learning rate and momentum.
    alpha : float or array-like of float, default 1e-4
        Strength α of the L2 penalty ``α ½‖W‖²``, at least 0, which is divided by the number of rows
        of the mini-batch; or one for each matrix of weights.
    batch_size : int or "auto", default "auto"
        Rows of a mini-batch; "auto" is 200, or all if there are fewer. L-BFGS takes all rows.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        For "sgd": the rate stays; is ``learning_rate_init / (t_ + 1)^power_t`` in each epoch after
        the first; or is divided by 5 whenever training would otherwise stop, until it is below
        1e-6.
    learning_rate_init : float or Schedule, default 1e-3
        The learning rate of "sgd" and "adam", greater than 0, or a ravine schedule.
    power_t : float, default 0.5
        Exponent of "invscaling", at least 0.
    max_iter : int, default 200
        Most epochs ("sgd", "adam") or iterations ("lbfgs"), at least 1.
    shuffle : bool, default True
        Whether rows are shuffled in each epoch.
    random_state : int, RandomState or None, default None
        Source of the initial weights, the validation rows, the order of the rows and dropout.
        Initial weights and validation rows are those that scikit-learn draws.
    tol : float, default 1e-4
        Smallest improvement of loss or validation score in an epoch that counts as one, at least
        0. For "lbfgs": the norm of the gradient at which it has converged.
    verbose : bool, default False
        Whether each epoch's loss is printed.
    warm_start : bool, default False
        Whether fit starts from the weights of the last fit, with a fresh optimizer.
    momentum : float, default 0.9
        Momentum of "sgd", in [0, 1].
    nesterovs_momentum : bool, default True
        Whether it is Nesterov's.
    early_stopping : bool, default False
        Whether part of the rows is set aside, and training stops by their score; the weights are
        then those of the best epoch. As in scikit-learn, single rows are set aside, so copies of a
        row may be on both sides: if rows appear several times, pass ``groups`` to fit.
    validation_fraction : float, default 0.1
        That part, in [0, 1).
    beta_1, beta_2 : float, default 0.9, 0.999
        Decay rates of the two moments of "adam", in [0, 1).
    epsilon : float, default 1e-8
        ε of "adam", greater than 0.
    n_iter_no_change : int, default 10
        More epochs than this without improvement end training, at least 1, or infinity.
    max_fun : int, default 15000
        Most evaluations of "lbfgs", at least 1; an iteration counts as one.
    l1 : float or array-like of float, default 0.0
        Strength λ of the L1 penalty ``λ‖W‖₁``, at least 0, divided by the rows like alpha's;
        weights become exactly 0 if the optimizer has a learning rate.
    dropout : float, default 0.0
        Rate at which the inputs of every layer but the first are dropped, in [0, 1).
    batch_norm, layer_norm : bool, default False
        Whether hidden layers are normalised, before their activation, over the mini-batch or over
        the units. With batch_norm, a single last row joins the mini-batch before it.
    clip_norm : float, optional
        Largest norm of the gradient, greater than 0.
    weight_decay : float, default 0.0
        Decoupled weight decay of the optimizer, at least 0.
    augmentation : Augmentation, function or list of them, optional
        How training rows are changed in each epoch, as in `ravine.Recipe`.
    callbacks : callable or list of callables, optional
        Each is called after every epoch with its row of the history; training ends when one returns
        True.
    n_jobs : int, optional
        Threads of one fit, as joblib counts them; -1 is all cores. None: as many as BLAS would use:
        all cores, but fewer in joblib's processes. The result does not depend on it.
    dtype : {"float32", "float64"}, optional
        Precision of weights and training. None: that of X, as in scikit-learn: float32 for float32,
        else float64. "float32" is about twice as fast.
    """

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    solver: Any = "adam"
    alpha: Any = 0.0001
    batch_size: Any = "auto"
    learning_rate: str = "constant"
    learning_rate_init: Any = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: Any = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    l1: Any = 0.0
    dropout: float = 0.0
    batch_norm: bool = False
    layer_norm: bool = False
    clip_norm: float | None = None
    weight_decay: float = 0.0
    augmentation: Any = None
    monitor: str | None = None
    callbacks: Any = None
    n_jobs: int | None = None
    dtype: str | None = None
