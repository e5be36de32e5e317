# Written by tools/generate.py (`make generated`). Do not edit.

from ravine import errors as errors
from ravine import initializers as initializers
from ravine import landscapes as landscapes
from ravine import losses as losses
from ravine.diagnostics.bias_variance.study import bias_variance as bias_variance
from ravine.diagnostics.gradients import check_gradients as check_gradients
from ravine.estimators.loading import load as load
from ravine.estimators.mlp.estimators import MLPClassifier as MLPClassifier
from ravine.estimators.mlp.estimators import MLPRegressor as MLPRegressor
from ravine.estimators.neural.classifier import NeuralClassifier as NeuralClassifier
from ravine.estimators.neural.regressor import NeuralRegressor as NeuralRegressor
from ravine.models.history import History as History
from ravine.models.model import Model as Model
from ravine.optimize.minimize import minimize as minimize
from ravine.specs.augmentation import Augmentation as Augmentation
from ravine.specs.augmentation import Flip as Flip
from ravine.specs.augmentation import Mixup as Mixup
from ravine.specs.augmentation import Noise as Noise
from ravine.specs.augmentation import Rotate as Rotate
from ravine.specs.augmentation import Shift as Shift
from ravine.specs.augmentation import Synthesize as Synthesize
from ravine.specs.augmentation import Zoom as Zoom
from ravine.specs.layers import Activation as Activation
from ravine.specs.layers import BatchNorm as BatchNorm
from ravine.specs.layers import Dense as Dense
from ravine.specs.layers import Dropout as Dropout
from ravine.specs.layers import Embedding as Embedding
from ravine.specs.layers import Flatten as Flatten
from ravine.specs.layers import GaussianNoise as GaussianNoise
from ravine.specs.layers import Layer as Layer
from ravine.specs.layers import LayerNorm as LayerNorm
from ravine.specs.layers import Normalize as Normalize
from ravine.specs.layers import Parameter as Parameter
from ravine.specs.layers import Periodic as Periodic
from ravine.specs.layers import PiecewiseLinear as PiecewiseLinear
from ravine.specs.layers import Residual as Residual
from ravine.specs.layers import Scale as Scale
from ravine.specs.mlp import mlp as mlp
from ravine.specs.network import Network as Network
from ravine.specs.optimizers import Adagrad as Adagrad
from ravine.specs.optimizers import Adam as Adam
from ravine.specs.optimizers import AdamW as AdamW
from ravine.specs.optimizers import DeltaBarDelta as DeltaBarDelta
from ravine.specs.optimizers import LBFGS as LBFGS
from ravine.specs.optimizers import Lion as Lion
from ravine.specs.optimizers import NAdam as NAdam
from ravine.specs.optimizers import Optimizer as Optimizer
from ravine.specs.optimizers import RMSprop as RMSprop
from ravine.specs.optimizers import Rprop as Rprop
from ravine.specs.optimizers import SGD as SGD
from ravine.specs.penalties import ElasticNet as ElasticNet
from ravine.specs.penalties import L1 as L1
from ravine.specs.penalties import L2 as L2
from ravine.specs.penalties import Penalty as Penalty
from ravine.specs.recipe import Recipe as Recipe
from ravine.specs.schedules import CosineDecay as CosineDecay
from ravine.specs.schedules import CyclicCosine as CyclicCosine
from ravine.specs.schedules import ExponentialDecay as ExponentialDecay
from ravine.specs.schedules import FunctionOfTime as FunctionOfTime
from ravine.specs.schedules import InverseDecay as InverseDecay
from ravine.specs.schedules import OneCycle as OneCycle
from ravine.specs.schedules import ReduceOnPlateau as ReduceOnPlateau
from ravine.specs.schedules import Schedule as Schedule
from ravine.specs.schedules import StepDecay as StepDecay
from ravine.specs.schedules import Warmup as Warmup
from ravine.specs.stopping import EarlyStopping as EarlyStopping
from ravine.studies.compare import compare as compare
from ravine.studies.jobs import geomspace as geomspace
from ravine.studies.jobs import grid as grid
from ravine.studies.jobs import sample as sample
from ravine.studies.study import Study as Study
from ravine.training.augmented_rows import augment as augment
from ravine.training.jobs import Job as Job
from ravine.training.train import train as train
from ravine.training.train import train_many as train_many

__version__: str

__all__ = [
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "Augmentation",
    "BatchNorm",
    "CosineDecay",
    "CyclicCosine",
    "DeltaBarDelta",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "Embedding",
    "ExponentialDecay",
    "Flatten",
    "Flip",
    "FunctionOfTime",
    "GaussianNoise",
    "History",
    "InverseDecay",
    "Job",
    "L1",
    "L2",
    "LBFGS",
    "Layer",
    "LayerNorm",
    "Lion",
    "MLPClassifier",
    "MLPRegressor",
    "Mixup",
    "Model",
    "NAdam",
    "Network",
    "NeuralClassifier",
    "NeuralRegressor",
    "Noise",
    "Normalize",
    "OneCycle",
    "Optimizer",
    "Parameter",
    "Penalty",
    "Periodic",
    "PiecewiseLinear",
    "RMSprop",
    "Recipe",
    "ReduceOnPlateau",
    "Residual",
    "Rotate",
    "Rprop",
    "SGD",
    "Scale",
    "Schedule",
    "Shift",
    "StepDecay",
    "Study",
    "Synthesize",
    "Warmup",
    "Zoom",
    "augment",
    "bias_variance",
    "check_gradients",
    "compare",
    "errors",
    "geomspace",
    "grid",
    "initializers",
    "landscapes",
    "load",
    "losses",
    "minimize",
    "mlp",
    "sample",
    "train",
    "train_many",
    "__version__",
]
