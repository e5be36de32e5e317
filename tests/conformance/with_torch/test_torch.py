"""ravine against PyTorch itself: run by ``.ci/run``, where PyTorch is installed.

The stored numbers must be what the installed PyTorch says, and networks drawn at random must have
its gradients and its trained weights.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import ravine as rv
from tests.conformance import engine, make_reference
from tests.conformance.make_reference import Draws, activation, dense

STORED = json.loads(make_reference.REFERENCE.read_text(encoding="utf-8"))
ACTIVATIONS = [spec["name"] for spec in make_reference.ACTIVATIONS if spec["alpha"] is None]
LOSSES = [loss for loss, _ in make_reference.LOSSES]


def assert_same(got, wanted, tolerance, where="reference"):
    """Equal in everything, numbers to the tolerance relative to the largest of their array."""
    if isinstance(wanted, dict):
        assert sorted(got) == sorted(wanted), where
        for key in wanted:
            assert_same(got[key], wanted[key], tolerance, f"{where}.{key}")
    elif isinstance(wanted, list) and wanted and not is_numeric(wanted):
        assert len(got) == len(wanted), where
        for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
            assert_same(a, b, tolerance, f"{where}[{i}]")
    elif isinstance(wanted, (int, float, list)) and not isinstance(wanted, bool):
        scale = np.abs(np.asarray(wanted, dtype=float)).max(initial=1e-3)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale, err_msg=where)
    else:
        assert got == wanted, where


def is_numeric(values):
    try:
        return np.asarray(values).dtype.kind in "if"
    except ValueError:
        return False


def test_stored_numbers_are_those_of_the_installed_torch():
    made = json.loads(make_reference.dump(make_reference.make()))
    assert_same(made, STORED, 1e-12)


def test_stored_file_is_small():
    assert Path(make_reference.REFERENCE).stat().st_size < 500_000


def random_layers(rng, depth):
    layers = []
    width = int(rng.integers(2, 7))
    layers.append(dense(width, rng.choice(ACTIVATIONS).item(), use_bias=bool(rng.random() < 0.8)))
    for _ in range(depth):
        kind = rng.choice(["dense", "batch norm", "layer norm", "activation", "residual"])
        if kind == "dense":
            width = int(rng.integers(2, 7))
            layers.append(dense(width, rng.choice(ACTIVATIONS).item()))
        elif kind == "batch norm":
            layers.append({"kind": "BatchNorm", "epsilon": 1e-3})
        elif kind == "layer norm":
            layers.append({"kind": "LayerNorm", "epsilon": 1e-3})
        elif kind == "activation":
            layers.append(activation(rng.choice(ACTIVATIONS).item()))
        else:
            inner = [dense(int(rng.integers(2, 5)), rng.choice(ACTIVATIONS).item()), dense(width)]
            layers.append({"kind": "Residual", "layers": inner})
    return layers


def random_case(seed):
    rng = np.random.default_rng(seed)
    loss = LOSSES[seed % len(LOSSES)]
    outputs = int(rng.integers(2, 5)) if loss["kind"] == "CrossEntropy" else int(rng.integers(1, 4))
    layers = [*random_layers(rng, int(rng.integers(0, 5))), dense(outputs)]
    penalty = [None, make_reference.L1, make_reference.L2, make_reference.ELASTIC][rng.integers(4)]
    return make_reference.gradient_case(
        f"random {seed}",
        layers,
        [int(rng.integers(1, 6))],
        loss,
        seed,
        penalty,
        weighted=bool(rng.random() < 0.5),
        rows=int(rng.integers(4, 30)),
    )


@pytest.mark.parametrize("seed", range(5000, 5300))
def test_random_networks_have_autograds_gradients(seed):
    case = random_case(seed)
    got, wanted = engine.objective(case), case["expected"]
    np.testing.assert_allclose(got["loss"], wanted["loss"], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(got["penalty"], wanted["penalty"], rtol=1e-10, atol=1e-14)
    scale = np.abs(wanted["output"]).max()
    np.testing.assert_allclose(got["output"], wanted["output"], rtol=0, atol=1e-10 * scale)
    largest = max(np.abs(g).max() for g in wanted["gradient"].values())
    for name, gradient in wanted["gradient"].items():
        np.testing.assert_allclose(
            got["gradient"][name], gradient, rtol=0, atol=1e-10 * largest, err_msg=name
        )


RECIPES = [
    {"optimizer": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9}},
    {"optimizer": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.7, "nesterov": True}},
    {"optimizer": {"kind": "Adam", "learning_rate": 0.01}, "penalty": make_reference.L2},
    {"optimizer": {"kind": "AdamW", "learning_rate": 0.01, "weight_decay": 0.2}},
    {"optimizer": {"kind": "RMSprop", "learning_rate": 0.01, "beta2": 0.9}, "clip_norm": 0.5},
    {"optimizer": {"kind": "Adam", "learning_rate": make_reference.DECAY}, "clip_norm": 1.0},
]
# No bias before a batch norm: its gradient is rounding alone, which Adam scales up.
NETWORKS = [
    [dense(6, "tanh"), dense(5, "silu"), dense(3)],
    [dense(6, use_bias=False), {"kind": "BatchNorm"}, activation("tanh"), dense(3)],
    [dense(4, "gelu"), {"kind": "Residual", "layers": [{"kind": "LayerNorm"}, dense(4)]}, dense(3)],
]


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted rows"])
@pytest.mark.parametrize("layers", range(len(NETWORKS)))
@pytest.mark.parametrize("recipe", range(len(RECIPES)))
@pytest.mark.parametrize("loss", ["SquaredError", "CrossEntropy"])
def test_whole_trainings_end_at_torchs_weights(layers, recipe, loss, weighted):
    draws = Draws(7000 + 10 * layers + recipe)
    x = draws.normal(45, 3)
    y = draws.integers(3, 45) if loss == "CrossEntropy" else draws.normal(45, 3)
    weight = draws.positive(45) if weighted else None
    spec = {"kind": "Network", "layers": NETWORKS[layers], "loss": {"kind": loss}}
    network = rv.Network.from_dict(spec)
    parameters, state = engine.initial(network, (3,), seed=11)
    case = {
        "network": spec,
        "recipe": {
            "kind": "Recipe",
            **RECIPES[recipe],
            "batch_size": 16,
            "epochs": 5,
            "shuffle": False,
            "dtype": "float64",
            "seed": 11,
        },
        "X": x.tolist(),
        "y": y.tolist(),
        "sample_weight": None if weight is None else weight.tolist(),
        "parameters": {k: v.tolist() for k, v in parameters.items()},
        "state": {k: v.tolist() for k, v in state.items()},
    }
    wanted = make_reference.trained(case)
    model = rv.train(
        network,
        x.numpy(),
        y.numpy(),
        rv.Recipe.from_dict(case["recipe"]),
        sample_weight=None if weight is None else weight.numpy(),
    )
    for name, array in wanted["parameters"].items():
        np.testing.assert_allclose(model.parameters[name], array, rtol=1e-8, atol=1e-9)
    for name, array in wanted["state"].items():
        np.testing.assert_allclose(model.state[name], array, rtol=1e-8, atol=1e-9)
