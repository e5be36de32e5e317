"""Rows for the MLPs, and small fits of them."""

import warnings

import numpy as np
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import ravine as rv

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 5))
NUMBERS = np.sin(X[:, 0]) + X[:, 1] + 0.1 * RNG.normal(size=240)
X_CLASSES, CLASSES = make_classification(240, 5, n_informative=3, n_redundant=1, random_state=0)
IRIS = (scale(load_iris().data), load_iris().target)


def fitted(kind, X, y, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        parameters = {"max_iter": 30, "random_state": 0, "hidden_layer_sizes": (16,)} | parameters
        return getattr(rv, kind)(**parameters).fit(X, y)


def noise():
    from ravine.specs.augmentation import Noise

    return Noise(0.1)
