"""Small Neural estimators, and tables whose rows are repeated."""

import numpy as np
import pandas as pd

import ravine as rv

QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (8,),
    "epochs": 3,
    "variants": None,
    "random_state": 0,
    "n_jobs": 1,
}


def classifier(**changes):
    return rv.NeuralClassifier(**QUICK | changes)


def regressor(**changes):
    return rv.NeuralRegressor(**QUICK | changes)


def table(n, seed=0):
    """A table with gaps, whose rows are all different."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "town": rng.choice(["Ulm", "Bonn", None], n),
            "number": rng.permutation(n),
        }
    )
    y = frame["size"].fillna(0) + rng.normal(size=n)
    return frame, y.rename("y")


def outcome(estimator, frame):
    """Everything that an estimator says of rows, to be compared bit for bit."""
    if isinstance(estimator, rv.NeuralClassifier):
        return np.column_stack(
            [estimator.predict_proba(frame), np.full(len(frame), estimator.temperature_)]
        )
    return np.column_stack([estimator.predict(frame), estimator.predict_interval(frame, 0.7)])


def repeated(frame, y, times, seed=0):
    """A table whose rows stand there several times, shuffled."""
    rows = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(frame)), times))
    return frame.iloc[rows], np.asarray(y)[rows]
