"""The kinds of members that the search tries: some written down, others drawn.

A kind is a dictionary of parameters in which members differ from the estimators' own defaults. The
lists of values bound what a kind costs: one that takes four times as long for a thousandth is none.
"""

import functools
import hashlib
import json

DEEP = {"hidden_layer_sizes": [256, 256], "learning_rate": 2e-3}
SMALL = {
    "hidden_layer_sizes": [64],
    "activation": "relu",
    "n_bins": 64,
    "weight_decay": 1.0,
    "label_smoothing": 0.0,
}
PLAIN = {"hidden_layer_sizes": [64, 64], "activation": "selu", "number_embedding": "none"}
WAVES = DEEP | {
    "activation": "relu",
    "number_embedding": "periodic",
    "epochs": 60,
    "patience": None,
}

FADING = {"dropout": 0.3, "dropout_fades": True}

_UNSCALED = {
    "wide": {},
    "wide-relu": {"activation": "relu"},
    "wide-silu": {"activation": "silu"},
    "wide-selu": {"activation": "selu"},
    "wide-mish": {"activation": "mish"},
    "wide-64-bins": {"n_bins": 64},
    "wide-unsmoothed": {"label_smoothing": 0.0},
    "wide-decay-0.1": {"weight_decay": 0.1},
    "wide-decay-1": {"weight_decay": 1.0},
    "wide-decay-0.3-dropout-0.3": {"weight_decay": 0.3, "dropout": 0.3},
    "wide-layer-norm": {"normalization": "layer"},
    "wide-no-bins": {"number_embedding": "none"},
    "wide-waves": {"number_embedding": "periodic"},
    "wide-not-averaged": {"averaging": None},
    "wide-rate-0.0005": {"learning_rate": 5e-4},
    "wide-rate-0.002": {"learning_rate": 2e-3},
    "wide-rate-0.003": {"learning_rate": 3e-3},
    "wide-rate-0.01": {"learning_rate": 1e-2},
    "wide-dropout-0": {"dropout": 0.0},
    "wide-dropout-0.4": {"dropout": 0.4},
    "wide-beta2-0.999": {"beta2": 0.999},
    "wide-one-cycle": {"schedule": "one_cycle"},
    "wide-cyclic": {"schedule": "cyclic_cosine"},
    "wide-fading-dropout-0.3": FADING,
    "wide-batch-64": {"batch_size": 64},
    "wide-batch-512": {"batch_size": 512},
    "half": {"hidden_layer_sizes": [256]},
    "half-rate-0.01": {"hidden_layer_sizes": [256], "learning_rate": 1e-2},
    "deep": DEEP,
    "deep-relu": DEEP | {"activation": "relu"},
    "deep-relu-to-the-end": DEEP | {"activation": "relu", "epochs": 60, "patience": None},
    "deep-64-bins": DEEP | {"n_bins": 64},
    "deep-regular": DEEP | {"dropout": 0.5, "weight_decay": 1.0, "label_smoothing": 0.0},
    "deep-layer-norm": DEEP | {"normalization": "layer"},
    "deep-no-bins": DEEP | {"number_embedding": "none"},
    "deep-rate-0.005": DEEP | {"learning_rate": 5e-3},
    "deep-fading-dropout-0.3": DEEP | FADING,
    "deep-512": DEEP | {"hidden_layer_sizes": [512, 512]},
    "small": SMALL,
    "small-32-bins": SMALL | {"n_bins": 32},
    "small-128-bins": SMALL | {"n_bins": 128},
    "small-16": SMALL | {"hidden_layer_sizes": [16], "learning_rate": 1e-2, "dropout": 0.0},
    "small-32": SMALL | {"hidden_layer_sizes": [32], "learning_rate": 1e-2, "weight_decay": 2.0},
    "small-128": SMALL | {"hidden_layer_sizes": [128]},
    "small-decay-2": SMALL | {"weight_decay": 2.0},
    "small-decay-0.5-rate-0.01": SMALL | {"weight_decay": 0.5, "learning_rate": 1e-2},
    "small-smoothed": SMALL | {"label_smoothing": 0.05},
    "small-gelu": SMALL | {"activation": "gelu"},
    "small-dropout-0.3": SMALL | {"dropout": 0.3},
    "small-two": SMALL | {"hidden_layer_sizes": [64, 64]},
    "small-two-selu": SMALL | {"hidden_layer_sizes": [64, 64], "activation": "selu"},
    "linear": SMALL | {"hidden_layer_sizes": [], "learning_rate": 1e-2},
    "plain": PLAIN,
    "plain-relu": PLAIN | {"activation": "relu"},
    "plain-mish": PLAIN | {"activation": "mish"},
    "plain-tanh": PLAIN | {"activation": "tanh"},
    "plain-decay-1": PLAIN | {"weight_decay": 1.0},
    "plain-unsmoothed": PLAIN | {"label_smoothing": 0.0},
    "plain-cyclic": PLAIN | {"schedule": "cyclic_cosine"},
    "plain-fading-dropout-0.3": PLAIN | FADING,
    "plain-one": PLAIN | {"hidden_layer_sizes": [128]},
    "plain-wide": PLAIN | {"hidden_layer_sizes": [128, 128]},
    "plain-three": PLAIN | {"hidden_layer_sizes": [64, 64, 64]},
    "plain-three-wide": PLAIN | {"hidden_layer_sizes": [128, 128, 128], "learning_rate": 2e-3},
    "waves": WAVES,
    "waves-gelu": WAVES | {"activation": "gelu"},
    "waves-selu": WAVES | {"activation": "selu"},
    "waves-stopping": WAVES | {"epochs": "auto", "patience": "auto"},
    "waves-rate-0.005": WAVES | {"activation": "gelu", "learning_rate": 5e-3},
    "waves-128": WAVES
    | {"hidden_layer_sizes": [128, 128], "activation": "gelu", "learning_rate": 5e-3},
    "waves-three": WAVES | {"hidden_layer_sizes": [128, 128, 128]},
    "waves-cyclic": WAVES | {"schedule": "cyclic_cosine"},
    "waves-fading-dropout-0.3": WAVES | FADING,
}

#: The same, and others, with learnt factors of the inputs.
_SCALED = {
    "wide": {},
    "wide-selu": {"activation": "selu"},
    "wide-relu": {"activation": "relu"},
    "wide-rate-0.002": {"learning_rate": 2e-3},
    "wide-one-cycle": {"schedule": "one_cycle"},
    "wide-cyclic": {"schedule": "cyclic_cosine"},
    "wide-decay-1": {"weight_decay": 1.0},
    "wide-decay-0.1": {"weight_decay": 0.1},
    "wide-layer-norm": {"normalization": "layer"},
    "wide-dropout-0": {"dropout": 0.0},
    "wide-64-bins": {"n_bins": 64},
    "wide-unsmoothed": {"label_smoothing": 0.0},
    "deep": DEEP,
    "deep-relu": DEEP | {"activation": "relu"},
    "deep-one-cycle": DEEP | {"schedule": "one_cycle"},
    "deep-to-the-end": DEEP | {"epochs": 60, "patience": None},
    "small": SMALL,
    "small-gelu": SMALL | {"activation": "gelu"},
    "small-two": SMALL | {"hidden_layer_sizes": [64, 64]},
    "small-two-selu": SMALL | {"hidden_layer_sizes": [64, 64], "activation": "selu"},
    "small-32-bins": SMALL | {"n_bins": 32},
    "small-smoothed": SMALL | {"label_smoothing": 0.05},
    "small-rate-0.01": SMALL | {"learning_rate": 1e-2, "weight_decay": 0.5},
    "small-dropout-0.3": SMALL | {"dropout": 0.3},
    "plain": PLAIN,
    "plain-relu": PLAIN | {"activation": "relu"},
    "plain-wide": PLAIN | {"hidden_layer_sizes": [128, 128]},
    "waves": WAVES,
    "waves-stopping": WAVES | {"epochs": "auto", "patience": "auto"},
    "like-real-mlp": WAVES
    | {
        "hidden_layer_sizes": [256, 256, 256],
        "activation": "selu",
        "learning_rate": 5e-3,
        "schedule": "cyclic_cosine",
        "weight_decay": 0.02,
        "dropout": 0.15,
        "dropout_fades": True,
        "averaging": None,
    },
}

KINDS = {name: {"input_scale": False} | kind for name, kind in _UNSCALED.items()} | {
    f"scaled-{name}": {"input_scale": True} | kind for name, kind in _SCALED.items()
}

#: What a drawn kind may have; a value that stands more than once is drawn more often.
VALUES = {
    "hidden_layer_sizes": [
        [32],
        [64],
        [128],
        [256],
        [512],
        [64, 64],
        [128, 128],
        [256, 64],
        [256, 256],
        [64, 64, 64],
    ],
    "activation": ["relu", "gelu", "silu", "mish", "selu", "tanh"],
    "normalization": [None, None, None, "layer"],
    "number_embedding": ["piecewise_linear", "piecewise_linear", "periodic", "none"],
    "n_bins": [16, 32, 64],
    "category_dimension": [None, None, 8],
    "input_scale": [False, False, True],
    "learning_rate": [1e-3, 2e-3, 5e-3, 1e-2, 2e-2],
    "schedule": ["cosine", "cosine", "one_cycle", "cyclic_cosine"],
    "beta2": [0.95, 0.95, 0.99],
    "weight_decay": [0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 4.0],
    "dropout": [0.0, 0.1, 0.3, 0.5],
    "dropout_fades": [False, False, True],
    "label_smoothing": [0.0, 0.05],
    "clip_norm": [None, None, 1.0],
    "averaging": [None, 0.98, 0.995],
    "batch_size": ["auto", "auto", 64, 512],
    "epochs": ["auto", "auto", 60],
    "patience": ["auto", "auto", None],
}

#: What all kinds of an ensemble share.
SHARED = ("most_one_hot_levels", "validation_fraction")


def draw(rng):
    """Draw a kind: a value of each parameter."""
    return {name: values[int(rng.integers(len(values)))] for name, values in VALUES.items()}


def in_full(kind):
    """Give all parameters of a kind, as JSON has them: a default may change, these do not."""
    return json.loads(json.dumps(_defaults() | kind))


def name_of(parameters):
    """Name parameters in full: as above, or by their hash."""
    own = hash_of(parameters)
    return _names().get(own, f"other-{own[:6]}")


def present():
    """Give the kinds that the estimators are made of, each in full."""
    from ravine.estimators.neural.options import VARIANTS

    return [in_full(kind) for kind in ({}, *VARIANTS)]


def hash_of(value):
    """Give what tells one value from others: the same on every machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def _defaults():
    from ravine import NeuralClassifier

    known = NeuralClassifier().get_params()
    return {name: known[name] for name in (*VALUES, *SHARED)}


@functools.cache
def _names():
    return {hash_of(in_full(kind)): name for name, kind in reversed(KINDS.items())}
