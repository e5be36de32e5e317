"""On real data: what a plain recipe reaches, and that augmentation pays."""

import subprocess
import sys
from pathlib import Path

import numpy as np

import ravine as rv

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_digits_are_read_with_97_percent_by_a_plain_recipe(digits):
    X, X_test, y, y_test = digits
    network = rv.Network(
        [rv.Dense(64, activation="relu"), rv.Dense(64, activation="relu"), rv.Dense(10)],
        loss="cross_entropy",
    )
    model = rv.train(network, X, y, rv.Recipe(batch_size=32, epochs=40))
    assert np.mean(model.predict(X_test) == y_test) >= 0.97
    assert model.evaluate(X_test, y_test)["accuracy"] >= 0.97


def test_rotation_and_shift_lift_the_accuracy_of_a_dense_network_on_mnist(mnist):
    images, labels = mnist
    network = rv.Network(
        [rv.Flatten(), rv.Dense(128, activation="relu"), rv.Dense(10)], loss="cross_entropy"
    )
    moved = (rv.Rotate(10), rv.Shift(0.08))
    accuracy = {}
    for name, augmentation in {"as they are": (), "moved": moved}.items():
        jobs = [
            rv.Job(
                network,
                rv.Recipe(epochs=12, batch_size=64, augmentation=augmentation, seed=seed),
                rows=np.arange(4000),
            )
            for seed in range(5)
        ]
        models = rv.train_many(jobs, images, labels)
        accuracy[name] = np.array(
            [np.mean(model.predict(images[4000:]) == labels[4000:]) for model in models]
        )
    lift = accuracy["moved"] - accuracy["as they are"]
    standard_error = lift.std(ddof=1) / np.sqrt(len(lift))
    assert lift.mean() > standard_error > 0, accuracy


def test_bikeshare_is_forecast_at_least_as_well_as_by_scikit_learn():
    command = [sys.executable, str(EXAMPLES / "bikeshare_against_scikit_learn.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    means = {
        line.split()[0]: float(line.split()[1])
        for line in done.stdout.splitlines()
        if line.startswith(("ravine", "scikit-learn"))
    }
    assert means["ravine"] <= means["scikit-learn"], done.stdout
