"""Bike rentals an hour: ravine and scikit-learn's MLPRegressor, the same network, five splits.

Both get the same columns (categories one-hot, numbers standardised), the same two hidden layers of
64 rectified units, Adam, a tenth of the training rows to stop on, and the same test rows. Each seed
is a new split and a new start. Run it with::

    python examples/bikeshare_against_scikit_learn.py
"""

import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import ravine as rv

TABLE = Path(__file__).parent / "data" / "bikeshare.csv.gz"
CATEGORIES = ["season", "mnth", "hr", "weekday", "weathersit"]
SEEDS = range(5)


def split(seed):
    """Give training and test rows: columns as numbers, bikers an hour as they are."""
    table = pd.read_csv(TABLE)
    bikers = table.pop("bikers").to_numpy(dtype=float)
    rows, test_rows, y, y_test = train_test_split(table, bikers, random_state=seed)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), CATEGORIES),
        remainder=StandardScaler(),
    )
    return columns.fit_transform(rows), y, columns.transform(test_rows), y_test


def train_with_ravine(X, y, seed):
    network = rv.Network(
        [rv.Dense(64, activation="relu"), rv.Dense(64, activation="relu"), rv.Dense(1)]
    )
    recipe = rv.Recipe(
        optimizer=rv.Adam(rv.ExponentialDecay(3e-3, rate=0.03)),
        batch_size=128,
        epochs=100,
        penalty=rv.L2(1e-3),  # the best of five on the validation rows
        averaging=0.99,
        validation_fraction=0.1,
        stopping=rv.EarlyStopping(patience=10),
        seed=seed,
    )
    return rv.train(network, X, y, recipe)


def train_with_scikit_learn(X, y, seed):
    model = MLPRegressor(
        hidden_layer_sizes=(64, 64), early_stopping=True, max_iter=100, random_state=seed
    )
    # One thread for its products: at this size more of them only wait for each other.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def measure(train, seed):
    """Give the error on test rows, in bikers an hour, and the seconds of training."""
    X, y, X_test, y_test = split(seed)
    mean, deviation = y.mean(), y.std()
    begun = time.perf_counter()
    model = train(X, (y - mean) / deviation, seed)
    seconds = time.perf_counter() - begun
    forecast = model.predict(X_test) * deviation + mean
    return np.sqrt(np.mean((forecast - y_test) ** 2)), seconds


def main():
    print(f"{'':14}{'test RMSE':>10}{'± sd':>8}{'seconds':>10}   (5 splits)")
    for name, train in {
        "ravine": train_with_ravine,
        "scikit-learn": train_with_scikit_learn,
    }.items():
        errors, seconds = np.transpose([measure(train, seed) for seed in SEEDS])
        spread, time_taken = errors.std(ddof=1), seconds.mean()
        print(f"{name:14}{errors.mean():10.2f}{spread:8.2f}{time_taken:10.2f}")


if __name__ == "__main__":
    main()
