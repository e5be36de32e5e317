"""What the search may choose: the values of each parameter of the estimators.

The values stand in order where they have one. Costs bound them too: a default that takes four times
as long for a thousandth is no default.
"""

#: Further kinds of members, that "variants" can put together.
DEEP = {"hidden_layer_sizes": (256, 256)}
SMALL = {
    "hidden_layer_sizes": (64,),
    "activation": "relu",
    "learning_rate": 5e-3,
    "weight_decay": 1.0,
}
PLAIN = {
    "hidden_layer_sizes": (64, 64),
    "activation": "selu",
    "number_embedding": "none",
    "learning_rate": 5e-3,
}
REGULAR = {"dropout": 0.5, "weight_decay": 1.0}

#: For both tasks.
SHARED = {
    "hidden_layer_sizes": [
        (64,),
        (512,),
        (64, 64),
        (128, 128),
        (256, 256),
        (256, 256, 256),
        (384, 384),
        (512, 512),
    ],
    "activation": ["relu", "gelu", "silu", "mish", "selu"],
    "n_bins": [8, 16, 24, 32, 48, 64],
    "learning_rate": [5e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3],
    "schedule": ["cosine", "one_cycle", "exponential"],
    "beta2": [0.95, 0.98, 0.99, 0.999],
    "weight_decay": [0.0, 0.01, 0.03, 0.1, 0.3, 1.0],
    "dropout": [0.0, 0.05, 0.1, 0.15, 0.25, 0.4],
    "batch_size": ["auto", 64, 128, 256],
    "epochs": ["auto", 40, 80, 120, 160],
    "patience": ["auto", 10, 20, 40],
    "averaging": [None, 0.98, 0.995],
    "clip_norm": [None, 1.0, 5.0],
    "normalization": [None, "layer", "batch"],
    "most_one_hot_levels": [4, 9, 20, 60],
    "category_dimension": [None, 4, 8, 16],
    "validation_fraction": [0.1, 0.15, 0.2, 0.25],
    "variants": [
        "auto",
        None,
        (DEEP,),
        (DEEP, SMALL),
        (DEEP, PLAIN),
        (SMALL, PLAIN),
        (DEEP, SMALL, PLAIN),
        (DEEP, REGULAR, PLAIN),
        (DEEP, SMALL, PLAIN, REGULAR),
    ],
}

SPACE = {
    "regression": SHARED,
    "classes": SHARED | {"label_smoothing": [0.0, 0.02, 0.05, 0.1, 0.15]},
}


#: Where a search begins that has chosen nothing yet, by first trials on some of the tables.
START = {
    "hidden_layer_sizes": (512,),
    "activation": "gelu",
    "n_bins": 32,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "beta2": 0.95,
    "weight_decay": 0.01,
    "dropout": 0.1,
    "batch_size": "auto",
    "epochs": "auto",
    "patience": "auto",
    "averaging": 0.98,
    "clip_norm": None,
    "normalization": None,
    "most_one_hot_levels": 60,
    "category_dimension": None,
    "validation_fraction": 0.2,
    "variants": "auto",
    "label_smoothing": 0.05,
}


def neighbour(parameters, space, rng, most=2):
    """Draw other values for one to `most` of the parameters."""
    count = 1 + int(rng.integers(most))
    drawn = dict(parameters)
    for name in rng.choice(sorted(space), size=count, replace=False):
        others = [value for value in space[name] if value != parameters[name]]
        drawn[str(name)] = others[int(rng.integers(len(others)))]
    return drawn
