"""The models whose files are archived: together every kind of part, each at least once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from stored import Momentum, jitter

import ravine as rv

RNG = np.random.default_rng(0)
N = 32
X = RNG.normal(size=(N, 5)).round(3)
Y = (X[:, 0] - 0.5 * X[:, 1] + 0.1 * RNG.normal(size=N)).round(3)
COUNTS = np.exp(Y / 2).round(3)
LABELS = np.array(["down", "even", "up"])[np.digitize(Y, [-0.7, 0.7])]
CODES = np.column_stack([X[:, :2], RNG.integers(0, 3, N), RNG.integers(0, 4, N)])
IMAGES = RNG.random((N, 4, 4)).round(3)
TIMES = np.column_stack([1.7e9 + 60.0 * RNG.permutation(N), X[:, 0]])
WEIGHTS = RNG.integers(0, 3, N) + 0.5

Given = tuple[rv.Network, Any, Any, rv.Recipe, dict[str, Any]]


def small(loss: Any = "squared_error", outputs: int = 1, **more: Any) -> rv.Network:
    return rv.Network([rv.Dense(3, activation="tanh", **more), rv.Dense(outputs)], loss=loss)


def recipe(optimizer: Any = "adam", **more: Any) -> rv.Recipe:
    if not isinstance(optimizer, rv.LBFGS | rv.Rprop | rv.DeltaBarDelta):
        more = {"batch_size": 16, **more}
    return rv.Recipe(**{"optimizer": optimizer, "epochs": 4, "seed": 3, **more})


# --- Models --------------------------------------------------------------------------------------


def models() -> dict[str, Given]:
    """Name → what `ravine.train` is given: together every kind of part, each at least once."""
    return {**by_layer(), **by_loss(), **by_course()}


def by_layer() -> dict[str, Given]:
    initializers = rv.initializers
    activations = [
        rv.Dense(3, activation="identity", initializer=initializers.Normal(0.5)),
        rv.Dense(3, activation="relu", initializer=initializers.He()),
        rv.Dense(3, activation=rv.Activation("leaky_relu", alpha=0.2), use_bias=False),
        rv.Dense(3, activation="elu", initializer=initializers.Uniform(0.5), penalty=rv.L1(0.01)),
        rv.Dense(3, activation="selu", initializer=initializers.LeCun()),
        rv.Dense(3, activation="gelu", initializer=initializers.Orthogonal(1.5)),
        rv.Dense(3, activation="silu", initializer=initializers.Glorot("normal"), penalty=None),
        rv.Dense(3, activation="mish"),
        rv.Dense(3, activation="softplus"),
        rv.Dense(3, activation="tanh"),
        rv.Dense(3, activation="sigmoid"),
        rv.Dense(1, initializer=initializers.Constant(0.3)),
    ]
    statistics = [
        rv.Normalize(),
        rv.Dense(4),
        rv.BatchNorm(momentum=0.8),
        rv.Activation("relu"),
        rv.Dropout(0.2, fades=True, length=3),
        rv.Residual([rv.Dense(4), rv.LayerNorm(), rv.GaussianNoise(0.1)]),
        rv.Dense(1),
    ]
    columns = [
        rv.Normalize(),
        rv.Embedding((2, 3), (3, 4), (2, 2), penalty=rv.L2(0.01)),
        rv.Periodic((0, 1), 3),
        rv.Scale(pace=3.0),
        rv.Dense(3, activation="gelu"),
        rv.Dense(1),
    ]
    bins = [
        rv.Normalize(),
        rv.PiecewiseLinear(3, (0, 2), (4, 3), activation="tanh", pace=2.0),
        rv.Dense(1),
    ]
    images = [rv.Normalize(), rv.Flatten(), rv.Dense(3, activation="relu"), rv.Dense(3)]
    moved = [rv.Rotate(10), rv.Shift(0.1), rv.Zoom(0.1), rv.Flip(vertical=True)]
    float64 = {"dtype": "float64", "averaging": 0.9}
    return {
        "activations": (rv.Network(activations), X, Y, recipe(rv.AdamW(0.02)), {}),
        "statistics_float32": (rv.Network(statistics), X, Y, recipe(averaging=0.9), {}),
        "statistics_float64": (
            rv.Network(statistics),
            X,
            Y,
            recipe(rv.SGD(0.05, momentum=0.9, nesterov=True), clip_norm=1.0, **float64),
            {"sample_weight": WEIGHTS},
        ),
        "columns": (rv.Network(columns), CODES, Y, recipe(), {}),
        "bins": (rv.Network(bins), X, Y, recipe(), {}),
        "images": (
            rv.Network(images, loss=rv.losses.CrossEntropy(0.1)),
            IMAGES,
            LABELS,
            recipe(rv.AdamW(rv.OneCycle(0.05)), augmentation=moved),
            {},
        ),
    }


def by_loss() -> dict[str, Given]:
    losses = rv.losses
    many = (X[:, :3] > 0).astype(int)
    frame = pd.DataFrame(X, columns=list("abcde"))
    pair = np.column_stack([Y, -Y])
    cyclic = rv.Adam(rv.CyclicCosine(0.05, cycles=2), beta1=rv.CosineDecay(0.5, final=0.9))
    warm = rv.RMSprop(rv.Warmup(2, rv.CosineDecay(0.05)), epsilon_inside_root=True)
    plateau = rv.SGD(rv.ReduceOnPlateau(0.1, patience=1, monitor="loss"))
    step, inverse = rv.StepDecay(0.1, 0.5, 2), rv.InverseDecay(0.05, 0.1)
    decay = rv.ExponentialDecay(0.1, 0.01, unit="step")
    threshold, net = rv.L1(0.01, proximal=True), rv.ElasticNet(0.01, l1_ratio=0.3)
    more = {"augmentation": [rv.Noise(0.1), rv.Mixup(0.3)]}
    return {
        "absolute_error": (small("absolute_error", 2), frame, pair, recipe(warm), {}),
        "huber": (small(losses.Huber(0.5)), X, Y, recipe(plateau, penalty=threshold), {}),
        "quantile": (
            small(losses.Quantile(0.8)),
            X,
            Y,
            recipe(cyclic, augmentation=rv.Synthesize(0.3)),
            {},
        ),
        "poisson": (small("poisson"), X, COUNTS, recipe(rv.Rprop(), dtype="float64"), {}),
        "gamma": (small("gamma"), X, COUNTS, recipe(rv.DeltaBarDelta(), penalty=net), {}),
        "binary": (
            small("binary_cross_entropy"),
            X,
            Y > 0,
            recipe(rv.Adagrad(step), max_norm=1.0, **more),
            {"sample_weight": WEIGHTS},
        ),
        "many_labels": (
            small("binary_cross_entropy", 3),
            X,
            many,
            recipe(rv.SGD(decay, momentum=0.5, weight_decay=0.01), dropout=0.1),
            {},
        ),
        "whole_number_classes": (
            small("cross_entropy", 3),
            X,
            np.digitize(Y, [-0.7, 0.7]) * 10,
            recipe(rv.SGD(inverse), shuffle=False, dtype="float64"),
            {},
        ),
    }


def by_course() -> dict[str, Given]:
    """Give models by how their runs went."""
    known = rv.Network([rv.Normalize(), rv.Dense(3, activation="relu"), rv.Dense(1)])
    watched = {"validation_fraction": 0.25, "epochs": 12}
    stopping = rv.EarlyStopping(patience=1, min_delta=0.01)
    line = rv.Network([rv.Dense(1)])
    return {
        "far_from_zero": (known, TIMES, Y, recipe(), {}),
        "stopped_early": (
            small(),
            X,
            Y,
            recipe(rv.Adam(0.2), stopping=stopping, penalty=rv.L2(1e-3), **watched),
            {"sample_weight": WEIGHTS},
        ),
        "converged": (line, X, X[:, 0], recipe(rv.LBFGS(), dtype="float64", epochs=60), {}),
        "diverged": (line, X, Y, recipe(rv.SGD(1e30)), {}),
        "own_code": (
            small(),
            X,
            Y,
            recipe(Momentum(0.02), augmentation=[rv.Noise(0.1), jitter]),
            {},
        ),
    }


def checkpoints() -> dict[str, rv.Recipe]:
    """Give the recipes of runs that are saved half-way: every optimizer."""
    watched = {"validation_fraction": 0.25, "averaging": 0.9, "stopping": rv.EarlyStopping()}
    rules = {
        "sgd_momentum": rv.SGD(rv.ExponentialDecay(0.05, 0.1), momentum=0.9, nesterov=True),
        "sgd_plateau": rv.SGD(rv.ReduceOnPlateau(0.1, patience=1)),
        "delta_bar_delta": rv.DeltaBarDelta(),
        "rprop": rv.Rprop(),
        "adagrad": rv.Adagrad(0.1),
        "rmsprop": rv.RMSprop(0.01),
        "adam": rv.Adam(0.02),
        "adamw": rv.AdamW(0.02),
        "lbfgs": rv.LBFGS(),
        "own_rule": Momentum(0.01),
    }
    found = {
        name: recipe(rule, epochs=6, dtype="float64", **({} if name == "sgd_plateau" else watched))
        for name, rule in rules.items()
    }
    return {**found, "adam_float32": recipe(epochs=6, **watched)}


def recipes() -> dict[str, tuple[rv.Network, rv.Recipe]]:
    """Give a recipe with every optimizer and every schedule, for recipe files."""
    rates = [
        rv.ExponentialDecay(0.1, 0.2),
        rv.StepDecay(0.1, 0.5, 2, unit="step"),
        rv.CosineDecay(0.1, final=0.01),
        rv.CyclicCosine(0.1, cycles=2),
        rv.OneCycle(0.1, initial=0.01),
    ]
    rules = {
        "sgd": rv.SGD(
            rv.ReduceOnPlateau(0.1, monitor="val_loss"), momentum=rates[2], nesterov=True
        ),
        "delta_bar_delta": rv.DeltaBarDelta(),
        "rprop": rv.Rprop(step_max=5.0),
        "adagrad": rv.Adagrad(rates[0]),
        "rmsprop": rv.RMSprop(rates[1], epsilon_inside_root=True),
        "adam": rv.Adam(rates[3], bias_correction=False),
        "adamw": rv.AdamW(rates[4], weight_decay=0.1),
        "lbfgs": rv.LBFGS(memory=5),
        "warmup": rv.SGD(rv.Warmup(1, rv.InverseDecay(0.1, 0.2))),
    }
    layers = [
        rv.Normalize(),
        rv.Dense(3, activation=rv.Activation("elu", alpha=0.5), penalty=None),
        rv.Residual([rv.Dense(3, initializer="orthogonal"), rv.LayerNorm()]),
        rv.Dense(1, use_bias=False),
    ]
    augmentation = [rv.Noise(0.1, relative=False), rv.Mixup(0.3), rv.Synthesize(0.2)]
    more = {"validation_fraction": 0.3, "stopping": rv.EarlyStopping(patience=3, monitor="val_r2")}
    found = {n: (rv.Network(layers), recipe(rule, epochs=2, **more)) for n, rule in rules.items()}
    for name, penalty in (("adam", rv.L1(0.1)), ("sgd", rv.ElasticNet(0.1)), ("rprop", rv.L2(0.1))):
        network, how = found[name]
        found[name] = (network, how.replace(penalty=penalty, augmentation=augmentation))
    network, how = found["adamw"]
    bare = how.replace(validation_fraction=0.0, stopping=None, averaging=0.9, clip_norm=2.0)
    found["adamw"] = (rv.Network(layers[-1:], loss=rv.losses.Huber(2.0)), bare)
    return found
