"""Train feed-forward neural networks on an ordinary computer, one or hundreds at once.

``Network × Recipe = Run``: a `Network` says what is fitted, a `Recipe` how it is trained. Both are
plain, immutable data; `train` turns the pair and some rows into a `Model`.

>>> import ravine as rv
>>> network = rv.Network([rv.Normalize(), rv.Dense(64, activation="relu"), rv.Dense(1)])
>>> recipe = rv.Recipe(optimizer=rv.Adam(learning_rate=3e-3), epochs=20)

Names are loaded when they are first used, so importing the package costs little.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors as errors
    from . import initializers as initializers
    from . import landscapes as landscapes
    from . import losses as losses
    from .augmentation import Augmentation as Augmentation
    from .augmentation import Flip as Flip
    from .augmentation import Mixup as Mixup
    from .augmentation import Noise as Noise
    from .augmentation import Rotate as Rotate
    from .augmentation import Shift as Shift
    from .augmentation import Synthesize as Synthesize
    from .augmentation import Zoom as Zoom
    from .augmented_rows import augment as augment
    from .diagnostics.bias_variance import bias_variance as bias_variance
    from .estimators.mlp import MLPClassifier as MLPClassifier
    from .estimators.mlp import MLPRegressor as MLPRegressor
    from .estimators.neural import NeuralClassifier as NeuralClassifier
    from .estimators.neural import NeuralRegressor as NeuralRegressor
    from .gradients import check_gradients as check_gradients
    from .history import History as History
    from .layers import Activation as Activation
    from .layers import BatchNorm as BatchNorm
    from .layers import Dense as Dense
    from .layers import Dropout as Dropout
    from .layers import Embedding as Embedding
    from .layers import Flatten as Flatten
    from .layers import GaussianNoise as GaussianNoise
    from .layers import Layer as Layer
    from .layers import LayerNorm as LayerNorm
    from .layers import Normalize as Normalize
    from .layers import Periodic as Periodic
    from .layers import PiecewiseLinear as PiecewiseLinear
    from .layers import Residual as Residual
    from .layers import Scale as Scale
    from .loading import load as load
    from .minimize import minimize as minimize
    from .mlp import mlp as mlp
    from .model import Model as Model
    from .network import Network as Network
    from .optimizers import LBFGS as LBFGS
    from .optimizers import SGD as SGD
    from .optimizers import Adagrad as Adagrad
    from .optimizers import Adam as Adam
    from .optimizers import AdamW as AdamW
    from .optimizers import DeltaBarDelta as DeltaBarDelta
    from .optimizers import Optimizer as Optimizer
    from .optimizers import RMSprop as RMSprop
    from .optimizers import Rprop as Rprop
    from .penalties import L1 as L1
    from .penalties import L2 as L2
    from .penalties import ElasticNet as ElasticNet
    from .penalties import Penalty as Penalty
    from .recipe import Recipe as Recipe
    from .schedules import CosineDecay as CosineDecay
    from .schedules import CyclicCosine as CyclicCosine
    from .schedules import ExponentialDecay as ExponentialDecay
    from .schedules import InverseDecay as InverseDecay
    from .schedules import OneCycle as OneCycle
    from .schedules import ReduceOnPlateau as ReduceOnPlateau
    from .schedules import Schedule as Schedule
    from .schedules import StepDecay as StepDecay
    from .schedules import Warmup as Warmup
    from .stopping import EarlyStopping as EarlyStopping
    from .training import Job as Job
    from .training import train as train
    from .training import train_many as train_many

    __version__: str

#: Where each public name lives.
_HOME = {
    "Activation": "layers",
    "Adagrad": "optimizers",
    "Adam": "optimizers",
    "AdamW": "optimizers",
    "Augmentation": "augmentation",
    "BatchNorm": "layers",
    "CosineDecay": "schedules",
    "CyclicCosine": "schedules",
    "DeltaBarDelta": "optimizers",
    "Dense": "layers",
    "Dropout": "layers",
    "EarlyStopping": "stopping",
    "ElasticNet": "penalties",
    "Embedding": "layers",
    "ExponentialDecay": "schedules",
    "Flatten": "layers",
    "Flip": "augmentation",
    "GaussianNoise": "layers",
    "History": "history",
    "InverseDecay": "schedules",
    "Job": "training",
    "L1": "penalties",
    "L2": "penalties",
    "LBFGS": "optimizers",
    "Layer": "layers",
    "LayerNorm": "layers",
    "MLPClassifier": "estimators.mlp",
    "MLPRegressor": "estimators.mlp",
    "Mixup": "augmentation",
    "Model": "model",
    "Network": "network",
    "NeuralClassifier": "estimators.neural",
    "NeuralRegressor": "estimators.neural",
    "Noise": "augmentation",
    "Normalize": "layers",
    "Periodic": "layers",
    "PiecewiseLinear": "layers",
    "OneCycle": "schedules",
    "Optimizer": "optimizers",
    "Penalty": "penalties",
    "RMSprop": "optimizers",
    "Recipe": "recipe",
    "ReduceOnPlateau": "schedules",
    "Residual": "layers",
    "Rotate": "augmentation",
    "Rprop": "optimizers",
    "SGD": "optimizers",
    "Scale": "layers",
    "Schedule": "schedules",
    "Shift": "augmentation",
    "StepDecay": "schedules",
    "Synthesize": "augmentation",
    "Warmup": "schedules",
    "Zoom": "augmentation",
    "augment": "augmented_rows",
    "bias_variance": "diagnostics",
    "check_gradients": "gradients",
    "load": "loading",
    "minimize": "minimize",
    "mlp": "mlp",
    "train": "training",
    "train_many": "training",
}

#: Modules that are public names themselves.
_MODULES = ("errors", "initializers", "landscapes", "losses")

__all__ = [*sorted([*_HOME, *_MODULES]), "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    elif name in _MODULES:
        value = importlib.import_module(f".{name}", __name__)
    elif name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            value = version("ravine")
        except PackageNotFoundError:  # the source tree, not installed
            value = "0+source"
    else:
        raise AttributeError(f"module 'ravine' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """The package, whose functions keep their names from modules called the same.

    Importing ``ravine.minimize`` would otherwise put the module in the place of the function
    `minimize`.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Let a function that mentions the package be sent to another process."""
        return importlib.import_module, (__name__,)


sys.modules[__name__].__class__ = _Package
