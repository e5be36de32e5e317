"""Small Neural estimators, and tables for them."""

import numpy as np
import pandas as pd

from ravine import NeuralClassifier, NeuralRegressor

QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (16,),
    "epochs": 12,
    "learning_rate": 0.01,
    "random_state": 0,
    "n_jobs": 1,
}


def classifier(**changes):
    return NeuralClassifier(**QUICK | changes)


def regressor(**changes):
    return NeuralRegressor(**QUICK | changes)


def homes(n=120, seed=0):
    """A table with columns of every sort, and what they cost."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "area": rng.uniform(40, 200, n).round(1),
            "rooms": rng.integers(1, 6, n),
            "town": rng.choice(["Ulm", "Bonn", "Köln"], n),
            "garden": rng.random(n) < 0.3,
            "street": [f"street {i}" for i in rng.integers(0, 12, n)],
        }
    )
    frame.loc[::9, "area"] = np.nan
    frame.loc[::7, "town"] = None
    price = 1000 * frame["area"].fillna(100) + 50_000 * frame["garden"] + rng.normal(0, 5000, n)
    return frame, price.rename("price")


FRAME, PRICE = homes()
DEAR = PRICE.gt(PRICE.median()).map({True: "dear", False: "cheap"})


def skewed(n, seed):
    """Rows whose target spreads the more, the larger x is, and to the right more than the left."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, size=(n, 2))
    return X, 1 + X[:, 0] + (0.2 + 2 * X[:, 1]) * rng.exponential(size=n)


def calibration_error(probabilities, y, bins=10):
    """Expected calibration error: |confidence − accuracy| over bins of the confidence."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        np.abs(confidence[place == b].mean() - right[place == b].mean()) * np.mean(place == b)
        for b in np.unique(place)
    ]
    return float(np.sum(gaps))
