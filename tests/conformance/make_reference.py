"""Numbers that PyTorch gives, in float64, for ``test_reference.py`` to hold ravine against.

Run where PyTorch is installed (the version is stored with the numbers)::

    python tests/conformance/make_reference.py

It writes ``reference.json`` beside itself. Three kinds of case, each complete in itself
(inputs and weights are rounded and stored, so that no random stream has to be shared):

trajectories
    50 steps of a ``torch.optim`` rule on a function of a few variables.
gradients
    Loss, penalty and gradients by autograd for a small network with explicit weights, and the
    raw outputs in prediction mode.
trainings
    Weights and state after a few epochs of mini-batches in their order, with a partial last
    batch, from a known start.

Networks are written as ravine's specs and weights in ravine's layout (inputs × outputs); what they
mean is told here by ``torch.nn.functional``, never by ravine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

REFERENCE = Path(__file__).with_name("reference.json")
STEPS = 50
Spec = dict[str, Any]
Tensors = dict[str, Tensor]


class Draws:
    """Rounded random numbers: short in the file, the same for everybody who reads it."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int, scale: float = 1.0) -> Tensor:
        drawn = torch.randn(*shape, generator=self.generator, dtype=torch.float64) * scale
        return torch.round(drawn, decimals=3)

    def positive(self, *shape: int) -> Tensor:
        drawn = torch.rand(*shape, generator=self.generator, dtype=torch.float64)
        return torch.round(0.2 + 2 * drawn, decimals=3)

    def integers(self, high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=self.generator)


def tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# --- trajectories -------------------------------------------------------------------------------


def rosenbrock(w: Tensor, data: Spec) -> Tensor:
    """``(1 − x)² + c (y − x²)²``."""
    return (1 - w[0]) ** 2 + data["c"] * (w[1] - w[0] ** 2) ** 2


def quadratic(w: Tensor, data: Spec) -> Tensor:
    """``½ wᵀAw − bᵀw``."""
    a, b = tensor(data["A"]), tensor(data["b"])
    return 0.5 * w @ a @ w - b @ w


def logistic(w: Tensor, data: Spec) -> Tensor:
    """Mean logistic loss of ``X w`` for labels of 0 and 1."""
    x, y = tensor(data["X"]), tensor(data["y"])
    return functional.binary_cross_entropy_with_logits(x @ w, y)


def objectives() -> dict[str, tuple[Callable[[Tensor, Spec], Tensor], Spec, list[float]]]:
    draws = Draws(1)
    root = draws.normal(5, 5)
    a = torch.round(root @ root.T / 5 + 0.5 * torch.eye(5), decimals=3)
    rows = draws.normal(20, 4)
    noise = draws.normal(20, scale=0.5)
    labels = (rows @ torch.tensor([1.0, -2.0, 0.5, 0.0]).double() + noise > 0).double()
    return {
        "rosenbrock": (rosenbrock, {"c": 5.0}, [-1.2, 1.0]),
        "quadratic": (
            quadratic,
            {"A": a.tolist(), "b": draws.normal(5).tolist()},
            draws.normal(5).tolist(),
        ),
        "logistic": (logistic, {"X": rows.tolist(), "y": labels.tolist()}, [0.3, 0.1, -0.2, 0.5]),
    }


TorchRule = Callable[[list[Tensor]], torch.optim.Optimizer]

# NAdam of torch.optim keeps its product of momenta in this precision.
torch.set_default_dtype(torch.float64)


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. (2023), line by line; torch.optim has none."""

    def __init__(self, params: list[Tensor], lr: float, betas: tuple[float, float], decay: float):
        super().__init__(params, {"lr": lr})
        self.betas, self.decay = betas, decay

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for theta in group["params"]:
                m = self.state[theta].setdefault("m", torch.zeros_like(theta))
                c = torch.lerp(theta.grad, m, self.betas[0])
                theta.sub_(group["lr"] * (torch.sign(c) + self.decay * theta))
                m.copy_(torch.lerp(theta.grad, m, self.betas[1]))


# ravine's spec of a rule, and the same rule by torch.optim. Momentum agrees as long as the rate is
# constant: torch keeps the rate outside the velocity, ravine inside.
RULES: list[tuple[Spec, TorchRule]] = [
    ({"kind": "SGD", "learning_rate": 0.01}, lambda p: torch.optim.SGD(p, lr=0.01)),
    (
        {"kind": "SGD", "learning_rate": 0.01, "momentum": 0.9},
        lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    ),
    (
        {"kind": "SGD", "learning_rate": 0.01, "momentum": 0.8, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8, nesterov=True),
    ),
    (
        {"kind": "Adagrad", "learning_rate": 0.3, "epsilon": 1e-8},
        lambda p: torch.optim.Adagrad(p, lr=0.3, eps=1e-8),
    ),
    (
        {"kind": "RMSprop", "learning_rate": 0.02, "beta2": 0.9, "epsilon": 1e-8},
        lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.9, eps=1e-8),
    ),
    (
        {"kind": "Adam", "learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.9, 0.999), eps=1e-8),
    ),
    (
        {"kind": "Adam", "learning_rate": 0.1, "beta1": 0.5, "beta2": 0.8, "epsilon": 1e-3},
        lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.8), eps=1e-3),
    ),
    (
        {"kind": "AdamW", "learning_rate": 0.05, "weight_decay": 0.3},
        lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.3),
    ),
    (
        {"kind": "NAdam", "learning_rate": 0.05},
        lambda p: torch.optim.NAdam(p, lr=0.05, momentum_decay=0.004),
    ),
    (
        {
            "kind": "NAdam",
            "learning_rate": 0.02,
            "beta1": 0.8,
            "beta2": 0.95,
            "epsilon": 1e-3,
            "momentum_decay": 0.5,
            "weight_decay": 0.3,
        },
        lambda p: torch.optim.NAdam(
            p,
            lr=0.02,
            betas=(0.8, 0.95),
            eps=1e-3,
            momentum_decay=0.5,
            weight_decay=0.3,
            decoupled_weight_decay=True,
        ),
    ),
    ({"kind": "Lion", "learning_rate": 0.02}, lambda p: Lion(p, 0.02, (0.9, 0.99), 0.0)),
    (
        {"kind": "Lion", "learning_rate": 0.03, "beta1": 0.7, "beta2": 0.8, "weight_decay": 0.5},
        lambda p: Lion(p, 0.03, (0.7, 0.8), 0.5),
    ),
    # The first step has no sign to compare with: both move by the first rate, against the sign.
    ({"kind": "Rprop", "learning_rate": 0.05}, lambda p: torch.optim.Rprop(p, lr=0.05)),
    (
        {"kind": "Rprop", "learning_rate": 0.1, "eta_minus": 0.4, "eta_plus": 1.5, "step_max": 0.3},
        lambda p: torch.optim.Rprop(p, lr=0.1, etas=(0.4, 1.5), step_sizes=(1e-6, 0.3)),
    ),
]


def trajectories() -> Iterable[Spec]:
    for name, (function, data, start) in objectives().items():
        for spec, make in RULES:
            w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
            optimizer = make([w])
            path = [w.tolist()]
            for _ in range(STEPS):
                optimizer.zero_grad()
                function(w, data).backward()
                optimizer.step()
                path.append(w.tolist())
            yield {"objective": name, "data": data, "optimizer": spec, "path": path}


# --- networks, in torch's words -----------------------------------------------------------------


def activate(name: str, z: Tensor, alpha: float | None) -> Tensor:
    plain: dict[str, Callable[[Tensor], Tensor]] = {
        "identity": lambda z: z,
        "relu": functional.relu,
        "selu": functional.selu,
        "gelu": functional.gelu,
        "silu": functional.silu,
        "mish": functional.mish,
        "softplus": functional.softplus,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
    }
    if name == "leaky_relu":
        return functional.leaky_relu(z, 0.01 if alpha is None else alpha)
    if name == "elu":
        return functional.elu(z, 1.0 if alpha is None else alpha)
    return plain[name](z)


def activation_of(layer: Spec) -> tuple[str, float | None]:
    activation = layer.get("activation") or "identity"
    if isinstance(activation, str):
        return activation, None
    return activation["name"], activation.get("alpha")


PREFIX = {
    "Dense": "dense",
    "BatchNorm": "batch_norm",
    "LayerNorm": "layer_norm",
    "Embedding": "embedding",
    "Residual": "residual",
    "Normalize": "normalize",
    "PiecewiseLinear": "piecewise_linear",
    "Periodic": "periodic",
}


def named(layers: list[Spec]) -> Iterable[tuple[str, Spec]]:
    counts: dict[str, int] = {}
    for layer in layers:
        prefix = PREFIX.get(layer["kind"], layer["kind"].lower())
        counts[prefix] = counts.get(prefix, 0) + 1
        yield f"{prefix}_{counts[prefix]}", layer


def forward(
    layers: list[Spec],
    x: Tensor,
    p: Tensors,
    state: Tensors,
    training: bool,
    path: str = "",
    *,
    weight: Tensor | None = None,
) -> Tensor:
    """The outputs of a stack; in training, the running statistics in ``state`` are updated.

    With weights of the rows, a batch norm takes weighted statistics, which torch does not have.
    """
    for short, layer in named(layers):
        name = path + short
        kind = layer["kind"]
        if kind in ("Dense", "PiecewiseLinear"):
            if kind == "PiecewiseLinear":
                kept = [c for c in range(x.shape[1]) if c not in layer["columns"]]
                spread = [
                    torch.clamp(x[:, [c]] - torch.arange(bins), 0, 1)
                    for c, bins in zip(layer["columns"], layer["bins"], strict=True)
                ]
                x = torch.cat([x[:, kept], *spread], dim=1)
                if layer.get("pace"):
                    x = x * (1 + layer["pace"] * p[f"{name}.factor"])
            x = functional.linear(x, p[f"{name}.weight"].T, p.get(f"{name}.bias"))
            x = activate(activation_of(layer)[0], x, activation_of(layer)[1])
        elif kind == "Periodic":
            w, b = p[f"{name}.frequency"], p[f"{name}.phase"]
            waves = torch.cos(2 * math.pi * (x[:, layer["columns"], None] * w + b))
            x = torch.cat([x, math.sqrt(2) * waves.flatten(1)], dim=1)
        elif kind == "Scale":
            x = x * (1 + layer["pace"] * p[f"{name}.factor"])
        elif kind == "Activation":
            x = activate(layer["name"], x, layer.get("alpha"))
        elif kind == "BatchNorm" and training and weight is not None:
            x = weighted_batch_norm(layer, name, x, p, state, weight)
        elif kind == "BatchNorm":
            x = functional.batch_norm(
                x,
                state[f"{name}.mean"],
                state[f"{name}.variance"],
                p[f"{name}.scale"],
                p[f"{name}.shift"],
                training=training,
                momentum=1 - layer.get("momentum", 0.9),  # torch's is the weight of the new batch
                eps=layer.get("epsilon", 1e-5),
            )
        elif kind == "LayerNorm":
            x = functional.layer_norm(
                x,
                x.shape[1:],
                p[f"{name}.scale"],
                p[f"{name}.shift"],
                eps=layer.get("epsilon", 1e-5),
            )
        elif kind == "Embedding":
            kept = [c for c in range(x.shape[1]) if c not in layer["columns"]]
            looked_up = [
                functional.embedding(x[:, c].long(), p[f"{name}.column_{c}"])
                for c in layer["columns"]
            ]
            x = torch.cat([x[:, kept], *looked_up], dim=1)
        elif kind == "Normalize":
            x = (x - state[f"{name}.mean"]) / state[f"{name}.standard_deviation"]
        elif kind == "Residual":
            x = x + forward(layer["layers"], x, p, state, training, f"{name}.", weight=weight)
        elif kind == "Flatten":
            x = x.flatten(1)
        else:
            raise ValueError(kind)
    return x


def row_losses(loss: Spec, z: Tensor, y: Tensor) -> Tensor:
    """One loss a row: several outputs average."""
    kind = loss["kind"]
    if kind == "CrossEntropy":
        smoothing = loss.get("label_smoothing", 0.0)
        return functional.cross_entropy(z, y.long(), reduction="none", label_smoothing=smoothing)
    y = y.reshape(z.shape)
    if kind == "SquaredError":
        each = functional.mse_loss(z, y, reduction="none")
    elif kind == "AbsoluteError":
        each = functional.l1_loss(z, y, reduction="none")
    elif kind == "Huber":
        each = functional.huber_loss(z, y, reduction="none", delta=loss.get("delta", 1.0))
    elif kind == "Quantile":
        tau = loss.get("tau", 0.5)
        each = torch.maximum(tau * (y - z), (tau - 1) * (y - z))
    elif kind == "Poisson":
        each = functional.poisson_nll_loss(z, y, log_input=True, full=False, reduction="none")
    elif kind == "Gamma":
        each = z + y * torch.exp(-z)
    elif kind == "BinaryCrossEntropy":
        each = functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    else:
        raise ValueError(kind)
    return each.mean(dim=1)


def weighted_batch_norm(
    layer: Spec, name: str, x: Tensor, p: Tensors, state: Tensors, weight: Tensor
) -> Tensor:
    """Rows standardised by weighted means, as their definition says; autograd has the slope."""
    share = (weight / weight.sum())[:, None]
    mean = (share * x).sum(dim=0)
    variance = (share * (x - mean) ** 2).sum(dim=0)
    with torch.no_grad():
        keep = layer.get("momentum", 0.9)
        unbiased = variance / (1 - (share**2).sum())
        for key, found in (("mean", mean), ("variance", unbiased)):
            running = state[f"{name}.{key}"]
            running.copy_(keep * running + (1 - keep) * found)
    x_hat = (x - mean) / torch.sqrt(variance + layer.get("epsilon", 1e-5))
    return x_hat * p[f"{name}.scale"] + p[f"{name}.shift"]


def mean_loss(
    loss: Spec,
    z: Tensor,
    y: Tensor,
    sample_weight: Tensor | None,
    mean_weight: Tensor | None = None,
) -> Tensor:
    """The weighted mean over rows; of a mini-batch, divided by the run's mean weight."""
    losses = row_losses(loss, z, y)
    if sample_weight is None:
        return losses.mean()
    mean_weight = sample_weight.mean() if mean_weight is None else mean_weight
    return (sample_weight * losses).mean() / mean_weight


def omega(penalty: Spec, w: Tensor) -> Tensor:
    alpha = penalty["alpha"]
    if penalty["kind"] == "L2":
        return alpha * 0.5 * w.square().sum()
    if penalty["kind"] == "L1":
        return alpha * w.abs().sum()
    ratio = penalty.get("l1_ratio", 0.5)
    return alpha * (ratio * w.abs().sum() + (1 - ratio) * 0.5 * w.square().sum())


def penalty_of(layers: list[Spec], p: Tensors, recipe: Spec | None, path: str = "") -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for short, layer in named(layers):
        name = path + short
        if layer["kind"] == "Residual":
            total = total + penalty_of(layer["layers"], p, recipe, f"{name}.")
            continue
        chosen = layer.get("penalty", "recipe")
        chosen = recipe if chosen == "recipe" else chosen
        if chosen is None:
            continue
        for key, w in p.items():
            owner, array = key.rsplit(".", 1)
            is_weight = array == "weight" or array.startswith("column_")
            if owner == name and (is_weight or chosen.get("include_bias", False)):
                total = total + omega(chosen, w)
    return total


def fresh(
    layers: list[Spec], shape: tuple[int, ...], draws: Draws, path: str = ""
) -> tuple[Tensors, Tensors, tuple[int, ...]]:
    """Explicit weights and state for a stack, and the shape that leaves it."""
    p: Tensors = {}
    state: Tensors = {}
    for short, layer in named(layers):
        name = path + short
        kind = layer["kind"]
        if kind in ("Dense", "PiecewiseLinear"):
            inputs = shape[0] + sum(layer.get("bins", ())) - len(layer.get("columns", ()))
            p[f"{name}.weight"] = draws.normal(inputs, layer["units"], scale=0.6)
            if layer.get("use_bias", True):
                p[f"{name}.bias"] = draws.normal(layer["units"], scale=0.3)
            if layer.get("pace"):
                p[f"{name}.factor"] = draws.normal(inputs, scale=0.3)
            shape = (layer["units"],)
        elif kind in ("BatchNorm", "LayerNorm"):
            p[f"{name}.scale"] = draws.positive(*shape)
            p[f"{name}.shift"] = draws.normal(*shape, scale=0.3)
            if kind == "BatchNorm":
                state[f"{name}.mean"] = draws.normal(*shape, scale=0.3)
                state[f"{name}.variance"] = draws.positive(*shape)
        elif kind == "Embedding":
            dimensions = layer["dimension"]
            if isinstance(dimensions, int):
                dimensions = [dimensions] * len(layer["columns"])
            for c, levels, d in zip(layer["columns"], layer["levels"], dimensions, strict=True):
                p[f"{name}.column_{c}"] = draws.normal(levels, d, scale=0.6)
            shape = (shape[0] - len(layer["columns"]) + sum(dimensions),)
        elif kind == "Periodic":
            size = len(layer["columns"]), layer["frequencies"]
            p[f"{name}.frequency"] = draws.normal(*size, scale=0.5)
            p[f"{name}.phase"] = draws.normal(*size, scale=0.3)
            shape = (shape[0] + math.prod(size),)
        elif kind == "Scale":
            p[f"{name}.factor"] = draws.normal(*shape, scale=0.3)
        elif kind == "Normalize":
            state[f"{name}.mean"] = draws.normal(*shape, scale=0.5)
            state[f"{name}.standard_deviation"] = draws.positive(*shape)
        elif kind == "Residual":
            inner, inner_state, _ = fresh(layer["layers"], shape, draws, f"{name}.")
            p |= inner
            state |= inner_state
        elif kind == "Flatten":
            shape = (math.prod(shape),)
    return p, state, shape


# --- gradients ----------------------------------------------------------------------------------


def dense(units: int, activation: str | Spec | None = None, **fields: Any) -> Spec:
    return {"kind": "Dense", "units": units, "activation": activation, **fields}


def piecewise_linear(
    units: int,
    columns: list[int],
    bins: list[int],
    activation: str | Spec | None = None,
    **fields: Any,
) -> Spec:
    spread = {"kind": "PiecewiseLinear", "columns": columns, "bins": bins}
    return {**dense(units, activation, **fields), **spread}


def activation(name: str, alpha: float | None = None) -> Spec:
    return {"kind": "Activation", "name": name, "alpha": alpha}


SQUARED = {"kind": "SquaredError"}
CROSS_ENTROPY = {"kind": "CrossEntropy"}

NAMES = (
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
)
ACTIVATIONS: list[Spec] = [
    *(activation(name) for name in NAMES),
    activation("leaky_relu", 0.2),
    activation("elu", 0.7),
]

LOSSES: list[tuple[Spec, int]] = [
    (SQUARED, 1),
    (SQUARED, 3),
    ({"kind": "AbsoluteError"}, 1),
    ({"kind": "AbsoluteError"}, 2),
    ({"kind": "Huber"}, 1),
    ({"kind": "Huber", "delta": 0.4}, 2),
    ({"kind": "Quantile", "tau": 0.9}, 1),
    ({"kind": "Quantile", "tau": 0.25}, 2),
    ({"kind": "Poisson"}, 1),
    ({"kind": "Poisson"}, 2),
    ({"kind": "Gamma"}, 1),
    ({"kind": "Gamma"}, 2),
    ({"kind": "BinaryCrossEntropy"}, 1),
    ({"kind": "BinaryCrossEntropy"}, 3),
    (CROSS_ENTROPY, 2),
    (CROSS_ENTROPY, 4),
    ({"kind": "CrossEntropy", "label_smoothing": 0.1}, 4),
]

NORM = {"kind": "BatchNorm"}
STACKS: dict[str, tuple[list[Spec], list[int]]] = {
    "one dense layer": ([dense(2)], [3]),
    "three dense layers": ([dense(5, "tanh"), dense(4, "silu"), dense(2)], [3]),
    "dense without bias": ([dense(4, "tanh", use_bias=False), dense(2, use_bias=False)], [3]),
    "activation layers": ([dense(4), activation("gelu"), activation("elu", 0.5), dense(2)], [3]),
    "batch norm": ([dense(4), NORM, activation("tanh"), dense(2)], [3]),
    "batch norm, other constants": (
        [dense(4), {"kind": "BatchNorm", "momentum": 0.7, "epsilon": 1e-2}, dense(2)],
        [3],
    ),
    "batch norm first": ([NORM, dense(4, "tanh"), NORM, dense(2)], [3]),
    "layer norm": ([dense(4), {"kind": "LayerNorm"}, activation("tanh"), dense(2)], [3]),
    "layer norm, other epsilon": ([{"kind": "LayerNorm", "epsilon": 0.1}, dense(2)], [5]),
    "normalize": ([{"kind": "Normalize"}, dense(4, "tanh"), dense(2)], [3]),
    "embedding": (
        [
            {"kind": "Embedding", "columns": [1, 3], "levels": [4, 3], "dimension": [2, 3]},
            dense(4, "tanh"),
            dense(2),
        ],
        [4],
    ),
    "embedding, columns out of order, one dimension": (
        [
            {"kind": "Embedding", "columns": [3, 1], "levels": [3, 4], "dimension": 2},
            dense(2),
        ],
        [4],
    ),
    "residual": (
        [dense(4, "tanh"), {"kind": "Residual", "layers": [dense(4, "tanh"), dense(4)]}, dense(2)],
        [3],
    ),
    "residual within residual, with norms": (
        [
            dense(4),
            {
                "kind": "Residual",
                "layers": [
                    NORM,
                    dense(4, "silu"),
                    {"kind": "Residual", "layers": [{"kind": "LayerNorm"}, dense(4, "tanh")]},
                    dense(4),
                ],
            },
            {"kind": "Residual", "layers": [dense(4, "sigmoid")]},
            dense(2),
        ],
        [3],
    ),
    "flatten": ([{"kind": "Flatten"}, dense(3, "tanh"), dense(2)], [2, 3]),
    "flatten, with channels": ([{"kind": "Flatten"}, dense(2)], [2, 2, 2]),
    "piecewise linear": (
        [piecewise_linear(5, [2, 0], [4, 3], "tanh"), dense(2)],
        [3],
    ),
    "piecewise linear of every input, without bias": (
        [piecewise_linear(20, [0, 1], [1, 2], use_bias=False), dense(2)],
        [2],
    ),
    "piecewise linear behind an embedding": (
        [
            {"kind": "Embedding", "columns": [1], "levels": [4], "dimension": [3]},
            piecewise_linear(4, [1, 3], [3, 2], "silu"),
            dense(2),
        ],
        [4],
    ),
    "periodic": (
        [{"kind": "Periodic", "columns": [2, 0], "frequencies": 5}, dense(4, "tanh"), dense(2)],
        [3],
    ),
    "periodic behind an embedding": (
        [
            {"kind": "Embedding", "columns": [1], "levels": [4], "dimension": [3]},
            {"kind": "Periodic", "columns": [1], "frequencies": 3},
            dense(4, "silu"),
            {"kind": "Periodic", "columns": [0, 3], "frequencies": 2},
            dense(2),
        ],
        [4],
    ),
    "scale": (
        [
            {"kind": "Scale", "pace": 6.0},
            dense(4, "tanh"),
            {"kind": "Scale", "pace": 2.0},
            dense(2),
        ],
        [3],
    ),
    "piecewise linear with factors": (
        [piecewise_linear(5, [2, 0], [4, 3], "tanh", pace=6.0), dense(2)],
        [3],
    ),
}

L2 = {"kind": "L2", "alpha": 0.3}
L1 = {"kind": "L1", "alpha": 0.2}
ELASTIC = {"kind": "ElasticNet", "alpha": 0.4, "l1_ratio": 0.3}
TWO = [dense(4, "tanh"), dense(2)]
EMBEDDED = {"kind": "Embedding", "columns": [1, 3], "levels": [4, 3], "dimension": 2}
PENALTIES: dict[str, tuple[list[Spec], list[int], Spec | None]] = {
    "L2": (TWO, [3], L2),
    "L1": (TWO, [3], L1),
    "ElasticNet": (TWO, [3], ELASTIC),
    "L2 with biases": (TWO, [3], {**L2, "include_bias": True}),
    "L1 with biases": (TWO, [3], {**L1, "include_bias": True}),
    "ElasticNet with biases": (TWO, [3], {**ELASTIC, "include_bias": True}),
    "one layer's own, one layer's none": (
        [dense(4, "tanh", penalty=L1), dense(3, "tanh", penalty=None), dense(2)],
        [3],
        L2,
    ),
    "a layer's own, the recipe's none": ([dense(4, "tanh", penalty=ELASTIC), dense(2)], [3], None),
    "norms and embeddings": ([EMBEDDED, NORM, dense(2)], [4], L2),
    "norms and embeddings with biases": (
        [EMBEDDED, NORM, {"kind": "LayerNorm"}, dense(2)],
        [4],
        {**L2, "include_bias": True},
    ),
    "an embedding's own": ([{**EMBEDDED, "penalty": L1}, dense(2)], [4], L2),
    "within a residual": (
        [dense(4), {"kind": "Residual", "layers": [dense(4, "tanh", penalty=L1), dense(4)]}],
        [3],
        L2,
    ),
}


def integer_columns(layers: list[Spec]) -> list[tuple[int, int]]:
    return [
        (c, levels)
        for layer in layers
        if layer["kind"] == "Embedding"
        for c, levels in zip(layer["columns"], layer["levels"], strict=True)
    ]


def gradient_case(
    name: str,
    layers: list[Spec],
    shape: list[int],
    loss: Spec,
    seed: int,
    penalty: Spec | None = None,
    weighted: bool = False,
    rows: int = 7,
) -> Spec:
    draws = Draws(seed)
    x = draws.normal(rows, *shape)
    for column, levels in integer_columns(layers):
        x[:, column] = draws.integers(levels, rows).double()
    p, state, out = fresh(layers, tuple(shape), draws)
    if loss["kind"] == "CrossEntropy":
        y = draws.integers(out[0], rows)
    elif loss["kind"] == "BinaryCrossEntropy":
        y = draws.integers(2, rows, *out).double()
    elif loss["kind"] in ("Poisson", "Gamma"):
        y = draws.positive(rows, *out)
        y = torch.floor(2 * y) if loss["kind"] == "Poisson" else y
    else:
        y = draws.normal(rows, *out)
    weight = draws.positive(rows) if weighted else None
    case = {
        "name": name,
        "network": {"kind": "Network", "layers": layers, "loss": loss},
        "penalty": penalty,
        "X": x.tolist(),
        "y": y.tolist(),
        "sample_weight": None if weight is None else weight.tolist(),
        "parameters": {key: value.tolist() for key, value in p.items()},
        "state": {key: value.tolist() for key, value in state.items()},
    }
    return {**case, "expected": expected(case)}


def expected(case: Spec) -> Spec:
    """What autograd says of a case: it reads what is stored, and nothing else."""
    layers, loss = case["network"]["layers"], case["network"]["loss"]
    x, y = tensor(case["X"]), tensor(case["y"])
    weight = None if case["sample_weight"] is None else tensor(case["sample_weight"])
    p = {key: tensor(value).requires_grad_() for key, value in case["parameters"].items()}
    state = {key: tensor(value) for key, value in case["state"].items()}
    with torch.no_grad():
        output = forward(layers, x, p, state, training=False)
    z = forward(layers, x, p, state, training=True, weight=weight)
    loss_value = mean_loss(loss, z, y, weight)
    penalty_value = penalty_of(layers, p, case["penalty"])
    (loss_value + penalty_value).backward()
    return {
        "output": output.tolist(),
        "loss": loss_value.item(),
        "penalty": penalty_value.item(),
        "gradient": {key: value.grad.tolist() for key, value in p.items()},
    }


def gradients() -> Iterable[Spec]:
    seeds = iter(range(100, 1000))
    for spec in ACTIVATIONS:
        label = spec["name"] if spec["alpha"] is None else f"{spec['name']}({spec['alpha']})"
        shown = spec["name"] if spec["alpha"] is None else spec
        yield gradient_case(
            f"activation {label}", [dense(4, shown), dense(2)], [3], SQUARED, next(seeds)
        )
    for loss, outputs in LOSSES:
        for weighted in (False, True):
            fields = ", ".join(f"{k}={v}" for k, v in loss.items() if k != "kind")
            label = f"loss {loss['kind']}({fields}), {outputs} outputs"
            yield gradient_case(
                label + (", weighted rows" if weighted else ""),
                [dense(4, "tanh"), dense(outputs)],
                [3],
                loss,
                next(seeds),
                weighted=weighted,
            )
    for label, (layers, shape) in STACKS.items():
        yield gradient_case(f"stack {label}", layers, shape, SQUARED, next(seeds))
        yield gradient_case(
            f"stack {label}, classes", layers, shape, CROSS_ENTROPY, next(seeds), weighted=True
        )
    for label, (layers, shape, penalty) in PENALTIES.items():
        yield gradient_case(f"penalty {label}", layers, shape, SQUARED, next(seeds), penalty)


# --- trainings ----------------------------------------------------------------------------------


def rate(learning_rate: float | Spec, step: int, steps_per_epoch: int) -> float:
    if isinstance(learning_rate, float):
        return learning_rate
    t = step / steps_per_epoch if learning_rate.get("unit", "epoch") == "epoch" else step
    if learning_rate["kind"] == "ExponentialDecay":
        return learning_rate["initial"] * math.exp(-learning_rate["rate"] * t)
    raise ValueError(learning_rate["kind"])


def torch_optimizer(spec: Spec, weights: list[Tensor], others: list[Tensor]) -> Any:
    fields = {k: v for k, v in spec.items() if k not in ("kind", "learning_rate")}
    if spec["kind"] == "AdamW":
        groups = [
            {"params": weights, "weight_decay": fields["weight_decay"]},
            {"params": others, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups)
    if spec["kind"] == "Adam":
        return torch.optim.Adam(weights + others)
    if spec["kind"] == "RMSprop":
        return torch.optim.RMSprop(weights + others, alpha=fields.get("beta2", 0.9))
    return torch.optim.SGD(weights + others, lr=1.0, **fields)


def trained(case: Spec) -> Spec:
    """Parameters and state after the epochs of a case, in order, from its start."""
    layers, loss = case["network"]["layers"], case["network"]["loss"]
    recipe = case["recipe"]
    x, y = tensor(case["X"]), tensor(case["y"])
    weight = None if case["sample_weight"] is None else tensor(case["sample_weight"])
    p = {key: tensor(value).requires_grad_() for key, value in case["parameters"].items()}
    state = {key: tensor(value) for key, value in case["state"].items()}
    decayed = [value for key, value in p.items() if key.endswith(".weight")]
    others = [value for key, value in p.items() if not key.endswith(".weight")]
    optimizer = torch_optimizer(recipe["optimizer"], decayed, others)
    size = recipe["batch_size"]
    starts = range(0, len(x), size)
    step = 0
    for _ in range(recipe["epochs"]):
        for first in starts:
            rows = slice(first, first + size)
            optimizer.zero_grad()
            chosen = None if weight is None else weight[rows]
            z = forward(layers, x[rows], p, state, training=True, weight=chosen)
            mean_weight = None if weight is None else weight.mean()
            total = mean_loss(loss, z, y[rows], chosen, mean_weight)
            total = total + penalty_of(layers, p, recipe.get("penalty"))
            total.backward()
            if recipe.get("clip_norm") is not None:
                clip(list(p.values()), recipe["clip_norm"])
            for group in optimizer.param_groups:
                group["lr"] = rate(recipe["optimizer"]["learning_rate"], step, len(starts))
            optimizer.step()
            step += 1
    return {
        "parameters": {key: value.tolist() for key, value in p.items()},
        "state": {key: value.tolist() for key, value in state.items()},
    }


def clip(parameters: list[Tensor], limit: float) -> None:
    """Scale the gradients to the limit if their norm is above it.

    ``torch.nn.utils.clip_grad_norm_`` adds 1e-6 to the norm, which is not the formula.
    """
    norm = torch.linalg.vector_norm(torch.cat([w.grad.flatten() for w in parameters]))
    if norm > limit:
        for w in parameters:
            w.grad.mul_(limit / norm)


ZEROS = "zeros"
SOFTMAX = [dense(3, initializer=ZEROS)]
NORMED = [NORM, dense(2, initializer=ZEROS)]
LINEAR = [dense(2, initializer=ZEROS)]
DECAY = {"kind": "ExponentialDecay", "initial": 0.1, "rate": 0.3}
TRAININGS: dict[str, tuple[list[Spec], Spec, Spec, bool]] = {
    "softmax regression, Adam, L2, weighted rows": (
        SOFTMAX,
        CROSS_ENTROPY,
        {"optimizer": {"kind": "Adam", "learning_rate": 0.05}, "penalty": L2},
        True,
    ),
    "softmax regression, Adam with a rate that decays within the epoch": (
        SOFTMAX,
        CROSS_ENTROPY,
        {"optimizer": {"kind": "Adam", "learning_rate": DECAY}},
        False,
    ),
    "softmax regression, AdamW decays weights and not biases": (
        SOFTMAX,
        CROSS_ENTROPY,
        {"optimizer": {"kind": "AdamW", "learning_rate": 0.05, "weight_decay": 0.5}},
        False,
    ),
    "linear regression, momentum": (
        LINEAR,
        SQUARED,
        {"optimizer": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.9}},
        False,
    ),
    "linear regression, RMSprop, clipped": (
        LINEAR,
        SQUARED,
        {"optimizer": {"kind": "RMSprop", "learning_rate": 0.02, "beta2": 0.9}, "clip_norm": 0.5},
        False,
    ),
    "linear regression, plain descent, clipped, weighted rows": (
        LINEAR,
        SQUARED,
        {"optimizer": {"kind": "SGD", "learning_rate": 0.1}, "clip_norm": 0.5},
        True,
    ),
    "batch norm's running statistics": (
        NORMED,
        SQUARED,
        {"optimizer": {"kind": "SGD", "learning_rate": 0.05, "momentum": 0.5}},
        False,
    ),
    "batch norm under Nesterov's momentum": (
        NORMED,
        CROSS_ENTROPY,
        {
            "optimizer": {
                "kind": "SGD",
                "learning_rate": 0.05,
                "momentum": 0.8,
                "nesterov": True,
            },
            "penalty": L2,
        },
        False,
    ),
}


def trainings() -> Iterable[Spec]:
    for seed, (name, (layers, loss, recipe, weighted)) in enumerate(TRAININGS.items(), start=1001):
        draws = Draws(seed)
        rows, columns, outputs = 21, 3, layers[-1]["units"]
        x = draws.normal(rows, columns)
        classes = loss["kind"] == "CrossEntropy"
        y = draws.integers(outputs, rows) if classes else draws.normal(rows, outputs)
        start: Tensors = {}
        state: Tensors = {}
        for short, layer in named(layers):
            if layer["kind"] == "BatchNorm":
                start[f"{short}.scale"] = torch.ones(columns)
                start[f"{short}.shift"] = torch.zeros(columns)
                state[f"{short}.mean"] = torch.zeros(columns)
                state[f"{short}.variance"] = torch.ones(columns)
            else:
                start[f"{short}.weight"] = torch.zeros(columns, outputs)
                start[f"{short}.bias"] = torch.zeros(outputs)
        case = {
            "name": name,
            "network": {"kind": "Network", "layers": layers, "loss": loss},
            "recipe": {
                "kind": "Recipe",
                **recipe,
                "batch_size": 8,
                "epochs": 6,
                "shuffle": False,
                "dtype": "float64",
            },
            "X": x.tolist(),
            "y": y.tolist(),
            "sample_weight": draws.positive(rows).tolist() if weighted else None,
            "parameters": {key: value.tolist() for key, value in start.items()},
            "state": {key: value.tolist() for key, value in state.items()},
        }
        yield {**case, "expected": trained(case)}


def make() -> Spec:
    return {
        "torch": torch.__version__.split("+")[0],
        "trajectories": list(trajectories()),
        "gradients": list(gradients()),
        "trainings": list(trainings()),
    }


def dump(reference: Spec) -> str:
    """JSON with a line per case, so that a change shows as the cases that changed."""
    lines = [f' "torch": {json.dumps(reference["torch"])}']
    for part in ("trajectories", "gradients", "trainings"):
        cases = ",\n".join(f"  {json.dumps(case)}" for case in reference[part])
        lines.append(f' "{part}": [\n{cases}\n ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    REFERENCE.write_text(dump(make()), encoding="utf-8")
    print(f"{REFERENCE.name}: {REFERENCE.stat().st_size / 1000:.0f} kB")
