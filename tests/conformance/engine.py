"""The cases of ``reference.json`` put to ravine: all that has to know the engine's signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import ravine as rv
from ravine.engine import _engine

Spec = dict[str, Any]
Arrays = dict[str, np.ndarray]


def flat(layout: list[Spec], arrays: Arrays, into: np.ndarray) -> np.ndarray:
    """Named arrays as one vector; every name must be used."""
    assert sorted(arrays) == sorted(entry["name"] for entry in layout)
    for entry in layout:
        array = np.asarray(arrays[entry["name"]], dtype=np.float64)
        assert array.shape == tuple(entry["shape"]), entry["name"]
        into[entry["offset"] : entry["offset"] + entry["size"]] = array.ravel()
    return into


def views(layout: list[Spec], vector: np.ndarray) -> Arrays:
    return {
        entry["name"]: vector[entry["offset"] : entry["offset"] + entry["size"]].reshape(
            entry["shape"]
        )
        for entry in layout
    }


def objective(case: Spec) -> Spec:
    """Loss, penalty, gradients by name and prediction-mode outputs of a gradient case."""
    network = rv.Network.from_dict(case["network"])
    x = np.asarray(case["X"], dtype=np.float64)
    y = np.asarray(case["y"], dtype=np.float64).reshape(len(x), -1)
    engine = _engine.Network64(network.to_dict(), list(x.shape[1:]), 0.0)
    w = flat(engine.layout, case["parameters"], np.zeros(engine.n_parameters))
    s = flat(engine.state_layout, case["state"], np.array(engine.initial_state()))
    x = x.reshape(len(x), -1)
    weight = case["sample_weight"]
    weight = None if weight is None else np.asarray(weight, dtype=np.float64)
    recipe = rv.Recipe(batch_size="full").to_dict() | {"penalty": case["penalty"]}
    shape = list(np.shape(case["X"])[1:])
    objective = _engine.Objective64(network.to_dict(), shape, recipe, x, y, weight)
    loss, penalty, gradient, _ = objective(w, s)
    return {
        "output": np.asarray(engine.predict(w, s, x, True, None, 0)),
        "loss": loss,
        "penalty": penalty,
        "gradient": views(engine.layout, np.asarray(gradient)),
    }


def initial(network: rv.Network, shape: tuple[int, ...], seed: int) -> tuple[Arrays, Arrays]:
    """The parameters and the state that a run with this seed starts from, in float64."""
    engine = _engine.Network64(network.to_dict(), list(shape), 0.0)
    w, s = np.array(engine.initialise(seed)), np.array(engine.initial_state())
    return views(engine.layout, w), views(engine.state_layout, s)


def functions(case: Spec) -> tuple[Callable[..., float], Callable[..., np.ndarray]]:
    """The objective of a trajectory and its gradient, in NumPy."""
    data = {key: np.asarray(value, dtype=np.float64) for key, value in case["data"].items()}
    if case["objective"] == "rosenbrock":
        c = data["c"]
        return (
            lambda w: (1 - w[0]) ** 2 + c * (w[1] - w[0] ** 2) ** 2,
            lambda w: np.array(
                [
                    -2 * (1 - w[0]) - 4 * c * w[0] * (w[1] - w[0] ** 2),
                    2 * c * (w[1] - w[0] ** 2),
                ]
            ),
        )
    if case["objective"] == "quadratic":
        a, b = data["A"], data["b"]
        return lambda w: 0.5 * w @ a @ w - b @ w, lambda w: a @ w - b
    x, y = data["X"], data["y"]
    return (
        lambda w: np.mean(np.logaddexp(0, x @ w) - y * (x @ w)),
        lambda w: x.T @ (1 / (1 + np.exp(-(x @ w))) - y) / len(y),
    )
