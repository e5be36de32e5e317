"""A run that is killed (-9) and resumed from its checkpoint is the run that was never killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ravine as rv
from tests.builders.same_models import assert_same_model

ROOT = Path(__file__).parents[2]  # where the children find the tests' builders

SETTINGS = """
import os, signal, sys
import numpy as np
import ravine as rv
from tests.builders.optimizers import CASES

def own_rows(X, y, rng):
    return X + 0.1 * rng.normal(size=X.shape), y

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * rng.normal(size=90)
held_out = rng.normal(size=(40, 4)), rng.normal(size=40)
images = rng.uniform(size=(60, 6, 6))
labels = rng.integers(0, 3, 60)

plain = [rv.Dense(8, activation="tanh"), rv.Dense(1)]
rich = [
    rv.Normalize(), rv.Dense(8), rv.BatchNorm(), rv.Activation("relu"), rv.Dropout(0.3, fades=True),
    rv.Residual([rv.LayerNorm(), rv.Dense(8, activation="gelu"), rv.GaussianNoise(0.2)]),
    rv.Dense(1),
]
picture = rv.Network(
    [rv.Flatten(), rv.Dense(8, activation="relu"), rv.Dense(3)], loss="cross_entropy"
)

def run(network, **fields):
    return network, rv.Recipe(**{"batch_size": 16, "epochs": 8, "seed": 5, **fields})

RUNS = {name: (rv.Network(plain), case.trains) for name, case in CASES.items()} | {
    "SGD": run(rv.Network(plain), optimizer=rv.SGD(0.01)),
    "momentum": run(rv.Network(rich), optimizer=rv.SGD(
        rv.OneCycle(0.05), momentum=rv.StepDecay(0.9, factor=0.5, every=3), nesterov=True)),
    "Adam": run(rv.Network(rich), optimizer=rv.Adam(rv.ExponentialDecay(0.01, rate=0.2)),
                averaging=0.9, penalty=rv.ElasticNet(1e-3, proximal=True)),
    "AdamW": run(rv.Network(rich), optimizer=rv.AdamW(0.01), clip_norm=1.0),
    "RMSprop": run(rv.Network(rich), optimizer=rv.RMSprop(), max_norm=1.0, dtype="float64"),
    "LBFGS and batch norm": run(rv.Network(rich), optimizer=rv.LBFGS(), batch_size="full"),
    "plateau": run(rv.Network(plain), optimizer=rv.Adam(
        rv.ReduceOnPlateau(0.1, patience=1, min_delta=0.05))),
    "early stopping": run(rv.Network(rich), optimizer=rv.Adam(0.05), averaging=0.8, epochs=60,
                          stopping=rv.EarlyStopping(patience=6)),
    "augmented": run(rv.Network(rich), augmentation=(rv.Noise(0.2), rv.Mixup(0.4))),
    "synthetic": run(rv.Network(plain), augmentation=rv.Synthesize(0.5)),
    "a function": run(rv.Network(plain), augmentation=own_rows),
    "pictures": run(picture, augmentation=(
        rv.Rotate(15), rv.Shift(0.1), rv.Zoom(0.1), rv.Flip(), rv.Noise(0.05))),
}

def train(name, **more):
    network, recipe = RUNS[name]
    if name == "pictures":
        return rv.train(network, images, labels, recipe, **more)
    return rv.train(network, X, y, recipe, validation=held_out, **more)
"""
KILLED = (
    SETTINGS
    + """
name, path, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
seen = 0

def count(*_):
    global seen
    seen += 1
    if seen == epochs:
        os.kill(os.getpid(), signal.SIGKILL)

train(name, checkpoint=path, every=1, callback=count)
"""
)
names: dict = {}
exec(SETTINGS, names)  # the child's settings are ours


@pytest.mark.parametrize("name", names["RUNS"])
def test_killed_and_resumed_is_not_killed_at_all(name, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    child = subprocess.run(
        [sys.executable, "-c", KILLED, name, str(path), "4"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert 3 <= len(rv.load(path).history) <= 4

    resumed = names["train"](name, start=path)
    assert_same_model(resumed, names["train"](name))


ENDLESS = (
    SETTINGS
    + """
network, recipe = RUNS["Adam"]
recipe = rv.Recipe(optimizer=recipe.optimizer, batch_size=16, epochs=400, seed=5)
"""
)


def test_killed_at_any_moment_leaves_a_whole_checkpoint(tmp_path):
    """Killed from outside, while it computes or writes: what is there resumes to the same end."""
    path = tmp_path / "checkpoint.safetensors"
    script = ENDLESS + "rv.train(network, X, y, recipe, checkpoint=sys.argv[1], every=1)"
    settings: dict = {}
    exec(ENDLESS, settings)
    network, recipe = settings["network"], settings["recipe"]
    whole = rv.train(network, settings["X"], settings["y"], recipe)
    for pause in (0.0, 0.013, 0.031):
        path.unlink(missing_ok=True)
        child = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT)
        give_up = time.monotonic() + 60
        while not path.exists():
            assert child.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.001)
        time.sleep(pause)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        resumed = rv.train(network, settings["X"], settings["y"], recipe, start=path)
        assert_same_model(resumed, whole)


def test_resuming_twice_is_resuming_once(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    whole = names["train"]("Adam")
    for epochs in (3, 2):
        command = [sys.executable, "-c", RESUMED_AND_KILLED, "Adam", str(path), str(epochs)]
        child = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert child.returncode == -signal.SIGKILL, child.stderr
    assert_same_model(names["train"]("Adam", start=path), whole)


RESUMED_AND_KILLED = KILLED.replace(
    "train(name, checkpoint=path, every=1, callback=count)",
    "train(name, checkpoint=path, every=1, callback=count,\n"
    "      start=path if os.path.exists(path) else None)",
)


def test_a_checkpoint_of_the_last_epoch_is_the_finished_run(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    whole = names["train"]("Adam", checkpoint=path, every=4)
    assert_same_model(names["train"]("Adam", start=path), whole)
    loaded = rv.load(path)
    np.testing.assert_array_equal(loaded.predict(names["X"]), whole.predict(names["X"]))


def test_checkpoints_do_not_change_the_run(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    assert_same_model(names["train"]("AdamW", checkpoint=path, every=1), names["train"]("AdamW"))


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    names["train"]("SGD", checkpoint=path, every=1)
    network = rv.Network([rv.Dense(9, activation="tanh"), rv.Dense(1)])
    with pytest.raises(rv.errors.RavineError):
        rv.train(network, names["X"], names["y"], names["RUNS"]["SGD"][1], start=path)
