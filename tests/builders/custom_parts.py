"""Custom twins of built-in parts, as a user would write them."""

from __future__ import annotations

import numpy as np

import ravine as rv


class Momentum(rv.Optimizer):
    """SGD with momentum; an ordinary ``__init__``, no dataclass."""

    def __init__(self, learning_rate=0.01, *, beta=0.9):
        self.learning_rate = learning_rate
        self.beta = beta

    def init(self, n):
        return {"v": np.zeros(n), "steps": 0}

    def update(self, w, g, state, k, learning_rate):
        state["steps"] += 1
        assert state["steps"] == k
        state["v"] = self.beta * state["v"] + learning_rate * g
        w -= state["v"]


class Relu(rv.Layer):
    def forward(self, x, parameters):
        return np.maximum(x, 0)

    def backward(self, x, y, dy, parameters):
        return dy * (x > 0)


class Linear(rv.Layer):
    """Dense, with He's weights."""

    def __init__(self, units):
        self.units = units

    def output_shape(self, input_shape):
        return (self.units,)

    def parameters(self, input_shape):
        weight = rv.Parameter((*input_shape, self.units), "he_normal")
        return {"weight": weight, "bias": rv.Parameter(self.units, role="bias")}

    def forward(self, x, parameters):
        return x @ parameters["weight"] + parameters["bias"]

    def backward(self, x, y, dy, parameters):
        return dy @ parameters["weight"].T, {"weight": x.T @ dy, "bias": dy.sum(axis=0)}


class Smooth(rv.losses.Loss):
    def __init__(self, delta=1.0):
        self.delta = delta

    def value(self, z, y):
        r = np.abs(z - y)
        return np.where(r <= self.delta, r * r / 2, self.delta * (r - self.delta / 2)).mean(axis=1)

    def slope(self, z, y):
        return np.clip(z - y, -self.delta, self.delta) / z.shape[1]


class LogLoss(rv.losses.Loss):
    """Cross-entropy of one class out of K."""

    link = "softmax"
    targets = "classes"

    def value(self, z, y):
        top = z.max(axis=1, keepdims=True)
        return np.log(np.exp(z - top).sum(axis=1)) - (y * (z - top)).sum(axis=1)

    def slope(self, z, y):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True) - y


class Counts(rv.losses.Loss):
    """Poisson's."""

    link = "log"
    targets = "non_negative"

    def value(self, z, y):
        return (np.exp(z) - y * z).mean(axis=1)

    def slope(self, z, y):
        return (np.exp(z) - y) / z.shape[1]


class Ridge(rv.Penalty):
    def __init__(self, alpha):
        self.alpha = alpha

    def value(self, w):
        return self.alpha / 2 * (w**2).sum()

    def gradient(self, w):
        return self.alpha * w


class Decay(rv.Schedule):
    def __init__(self, initial, rate, unit="epoch"):
        self.initial, self.rate, self.unit = initial, rate, unit

    def value(self, t):
        return self.initial * np.exp(-self.rate * t)


class Jitter(rv.Augmentation):
    def __init__(self, stddev):
        self.stddev = stddev

    def __call__(self, X, y, rng):
        return X + self.stddev * rng.normal(size=X.shape), y


def relu(x):
    return np.maximum(x, 0)


def step(x):
    return x > 0


#: An activation of module-level functions, so that it can be pickled.
RELU = rv.Activation(relu, slope=step)


def everything(decay=0.1):
    """Give a network and a recipe in which every part that can be custom is."""
    network = rv.Network([Linear(6), Relu(), rv.Dense(4, activation=RELU), Linear(1)], Smooth(0.5))
    recipe = rv.Recipe(
        optimizer=Momentum(Decay(0.05, decay)),
        penalty=Ridge(0.01),
        augmentation=Jitter(0.1),
        batch_size=64,
        epochs=6,
        validation_fraction=0.2,
    )
    return network, recipe
