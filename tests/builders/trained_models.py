"""A trained model of every sort."""

import functools

import numpy as np

import ravine as rv

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [-1, 1])]
COUNTS = RNG.poisson(2.0, 60)
IMAGES = RNG.normal(size=(60, 4, 4))
QUICK = rv.Recipe(epochs=3, batch_size=16)


def trained(layers, loss="squared_error", y=Y, recipe=QUICK, X=X, **more):
    return rv.train(rv.Network(layers, loss=loss), X, y, recipe, **more)


MODELS = {
    "regression": lambda: trained([rv.Normalize(), rv.Dense(4, activation="tanh"), rv.Dense(1)]),
    "column": lambda: trained([rv.Dense(1)], y=Y[:, None]),
    "two outputs": lambda: trained([rv.Dense(2)], y=np.stack([Y, -Y], axis=1)),
    "counts": lambda: trained([rv.Dense(1)], "poisson", y=COUNTS),
    "classes": lambda: trained([rv.Dense(3)], "cross_entropy", y=LABELS),
    "numbered": lambda: trained([rv.Dense(4)], "cross_entropy", y=np.digitize(Y, [-1, 1])),
    "yes or no": lambda: trained([rv.Dense(1)], "binary_cross_entropy", y=Y > 0),
    "matrix": lambda: trained(
        [rv.Dense(2)], "binary_cross_entropy", y=np.stack([Y > 0, Y > 1], axis=1)
    ),
    "everything": lambda: trained(
        [
            rv.Normalize(),
            rv.Embedding(columns=(1,), levels=(5,), dimension=2),
            rv.Dense(6, activation="relu", penalty=rv.L1(1e-3)),
            rv.BatchNorm(),
            rv.Residual([rv.Dense(6), rv.LayerNorm(), rv.Activation("gelu")]),
            rv.Dropout(0.2),
            rv.GaussianNoise(0.1),
            rv.Dense(1),
        ],
        rv.losses.Huber(2.0),
        X=np.column_stack([X[:, 0], np.arange(60) % 5, X[:, 2]]),
        recipe=rv.Recipe(
            optimizer=rv.AdamW(rv.ExponentialDecay(0.01, 0.1)),
            epochs=4,
            penalty=rv.L2(1e-4),
            validation_fraction=0.25,
            stopping=rv.EarlyStopping(patience=2),
            augmentation=rv.Noise(0.05),
            dtype="float64",
        ),
    ),
    "images": lambda: trained([rv.Flatten(), rv.Dense(1)], X=IMAGES),
    "no parameters": lambda: trained([rv.Normalize(), rv.Flatten()], X=X[:, :1]),
}


@functools.cache
def made(name):
    return MODELS[name]()


def inputs(model, n=7):
    rows = np.random.default_rng(1).normal(size=(n, *model.input_shape))
    if any(isinstance(layer, rv.Embedding) for layer in model.network.layers):
        rows[:, 1] = np.arange(n) % 5
    return rows
