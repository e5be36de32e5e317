"""The table of the archive, and the estimators that are fitted to it and archived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from archived_models import COUNTS, LABELS, WEIGHTS, N, X, Y

import ravine as rv


def table() -> pd.DataFrame:
    """A table of every sort of column, with targets of every sort."""
    rng = np.random.default_rng(1)
    n = 60
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 10, n).round(2),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 90, n)),
            "open": rng.random(n) < 0.5,
            "sky": rng.choice(["clear", "rain", "snow", None], n, p=[0.5, 0.2, 0.2, 0.1]),
            "zip": rng.choice(["02134", "10001", "90210"], n),
            "town": [f"town {i % 12:02}" for i in range(n)],
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "same": 1,
        }
    )
    frame["price"] = (1000 + 20 * frame["size"] + rng.normal(0, 5, n)).round(2)
    frame["kind"] = np.where(frame["size"] > 48, "large", "small")
    frame["level"] = pd.cut(frame["price"], 3, labels=["low", "middle", "high"]).astype(str)
    return frame


INPUTS = ["size", "age", "open", "sky", "zip", "town", "since", "same"]


def of_arrays() -> Iterator[tuple[str, Any]]:
    """Give estimators that are fitted to arrays, or to frames of numbers."""
    same = {"hidden_layer_sizes": (4, 3), "max_iter": 5, "random_state": 0, "n_jobs": 1}
    many = (X[:, :3] > 0).astype(int)
    frame = pd.DataFrame(X, columns=list("abcde"))
    parts = slice(0, 16), slice(16, N)
    yield "mlp_adam_early_stopping", rv.MLPClassifier(**same, early_stopping=True).fit(X, LABELS)
    yield (
        "mlp_lbfgs",
        rv.MLPClassifier(**same, solver="lbfgs", class_weight="balanced").fit(X, Y > 0),
    )
    yield "mlp_labels", rv.MLPClassifier(**same, solver="sgd").fit(X.astype(np.float32), many)
    stepwise = rv.MLPClassifier(**same, solver="sgd", learning_rate="adaptive")
    for part in parts:
        stepwise.partial_fit(X[part], LABELS[part], classes=np.unique(LABELS))
    yield "mlp_partial_fit", stepwise
    yield (
        "mlp_regressor_adam",
        rv.MLPRegressor(**same, batch_norm=True, dropout=0.1, loss=rv.losses.Huber(0.5)).fit(
            frame, Y
        ),
    )
    schedule = {
        "learning_rate_init": rv.CosineDecay(0.05),
        "activation": rv.Activation("elu", alpha=0.5),
    }
    yield (
        "mlp_regressor_sgd",
        rv.MLPRegressor(
            **same, solver=rv.AdamW(), augmentation=rv.Noise(0.1), activation="tanh"
        ).fit(X, np.column_stack([Y, -Y])),
    )
    yield "mlp_regressor_schedule", rv.MLPRegressor(**same, **schedule).fit(X, Y, WEIGHTS)
    yield (
        "mlp_regressor_lbfgs",
        rv.MLPRegressor(**same, solver="lbfgs", loss="poisson").fit(X, COUNTS),
    )
    stepwise = rv.MLPRegressor(**same, layer_norm=True)
    for part in parts:
        stepwise.partial_fit(X[part], Y[part])
    yield "mlp_regressor_partial_fit", stepwise
    few = {"hidden_layer_sizes": (4,), "epochs": 3, "n_bins": 4, "variants": None, "n_jobs": 1}
    several = rv.NeuralRegressor(1, **few, random_state=0)
    yield "neural_arrays", several.fit(X, np.column_stack([Y, -Y]))


def of_tables(rows: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Give estimators that are fitted to the table."""
    same = {"n_members": 1, "hidden_layer_sizes": (4,), "n_bins": 4, "epochs": 3, "n_jobs": 1}
    same |= {"random_state": 0}
    inputs = rows[INPUTS]
    yield "neural_binary", rv.NeuralClassifier(**same).fit(inputs, rows["kind"])
    yield (
        "neural_classes",
        rv.NeuralClassifier(
            **same,
            variants=[{"dropout": 0.5}],
            class_weight={"low": 1.0, "middle": 2.0, "high": 3.0},
            number_embedding="periodic",
            dtype="float64",
        ).fit(inputs, rows["level"]),
    )
    yield (
        "neural_intervals",
        rv.NeuralRegressor(**same | {"n_members": 2}).fit(inputs, rows["price"]),
    )
    yield (
        "neural_quantiles",
        rv.NeuralRegressor(
            **same,
            loss="quantile",
            quantiles=(0.9, 0.1),
            variants=None,
            number_embedding="none",
            normalization="batch",
            most_one_hot_levels=5,
        ).fit(inputs, rows["price"], rows["age"].fillna(1)),
    )
    yield (
        "neural_gamma",
        rv.NeuralRegressor(
            **same, loss="gamma", variants=None, refit_full=True, schedule="one_cycle"
        ).fit(inputs, rows["price"], groups=rows["town"]),
    )
