"""Checkpoints: a run goes on from them, is a model by them, and Ctrl-C leaves one."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import ravine as rv
from ravine.errors import FileError, ParameterError
from ravine.models.file import read_model_file, write_model_file
from tests.builders.small_runs import LINEAR, NETWORK, X, Y, weights

RNG = np.random.default_rng(1)

FORMAT_1 = Path(__file__).parent / "checkpoint_format_1.safetensors"


def test_training_starts_from_a_model_with_a_fresh_optimizer(tmp_path):
    first = rv.train(NETWORK, X, Y, rv.Recipe(epochs=20))
    first.save(tmp_path / "first.safetensors")
    for start in (first, tmp_path / "first.safetensors"):
        still = rv.train(NETWORK, X, Y, rv.Recipe(optimizer=rv.SGD(0.0), epochs=1), start=start)
        np.testing.assert_array_equal(weights(still), weights(first))
    with pytest.raises(ParameterError, match="has another network"):
        rv.train(LINEAR, X, Y, start=first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: (NETWORK, X, Y, rv.Recipe(seed=1)), r"another recipe \(seed\)"),
        (lambda: (LINEAR, X, Y, rv.Recipe()), "another network"),
        (lambda: (NETWORK, X + 1, Y, rv.Recipe()), "on other data"),
    ],
    ids=["recipe", "network", "data"],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change, message):
    path = tmp_path / "run.safetensors"
    rv.train(NETWORK, X, Y, rv.Recipe(epochs=2), checkpoint=path)
    network, inputs, targets, recipe = change()
    with pytest.raises(ParameterError, match=message):
        rv.train(network, inputs, targets, recipe, start=path)


def test_a_checkpoint_of_the_first_format_is_converted():
    # Written by ravine before there was a format mark: the sum Σ 0.9^(k−j) 0.1 w_j of six steps,
    # and no average of the running statistics.
    inputs = np.arange(12.0).reshape(6, 2) % 5
    y = inputs @ [1.0, -1.0]
    network = rv.Network([rv.Normalize(), rv.Dense(2), rv.BatchNorm(), rv.Dense(1)])
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.05), batch_size=3, epochs=3, averaging=0.9, dtype="float64"
    )
    for epochs in (3, 8):
        recipe = recipe.replace(epochs=epochs)
        whole = rv.train(network, inputs, y, recipe)
        model = rv.train(network, inputs, y, recipe, start=FORMAT_1)
        # a bias before BatchNorm is rounding alone, and that differs between instruction levels
        np.testing.assert_allclose(weights(model), weights(whole), rtol=1e-12, atol=1e-15)
        for name in ("mean", "standard_deviation"):
            key = f"normalize_1.{name}"
            np.testing.assert_array_equal(model.state[key], whole.state[key])
        assert len(model.history) == epochs
    # The average of the statistics begins with what they were.
    model = rv.train(network, inputs, y, recipe.replace(epochs=3), start=FORMAT_1)
    _, arrays = read_model_file(FORMAT_1)
    np.testing.assert_array_equal(model.state_vector, arrays["checkpoint.state"])


def test_a_checkpoint_of_a_later_format_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    rv.train(LINEAR, X, Y, rv.Recipe(epochs=1), checkpoint=path)
    document, arrays = read_model_file(path)
    document["checkpoint"]["format"] += 1
    write_model_file(path, document, arrays)
    with pytest.raises(
        FileError, match=r"format 4, but this version of ravine reads formats 1 to 3"
    ):
        rv.train(LINEAR, X, Y, rv.Recipe(epochs=2), start=path)


def test_a_checkpoint_into_no_folder_is_refused_before_training(tmp_path):
    with pytest.raises(FileError, match="no writable folder"):
        rv.train(LINEAR, X, Y, checkpoint=tmp_path / "none" / "run.safetensors")


def test_a_run_that_stopped_early_and_resumes_has_ended(tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.05),
        epochs=300,
        validation_fraction=0.3,
        stopping=rv.EarlyStopping(patience=3),
    )
    model = rv.train(NETWORK, X, RNG.permutation(Y), recipe, checkpoint=path, every=1000)
    assert model.status == "stopped early"
    assert rv.load(path).status == "stopped early"
    noise = np.random.default_rng(0).permutation(Y)
    model = rv.train(NETWORK, X, noise, recipe, checkpoint=path)
    again = rv.train(NETWORK, X, noise, recipe, start=path)
    assert again.status == "stopped early"
    assert len(again.history) == len(model.history)
    np.testing.assert_array_equal(weights(again), weights(model))


def test_a_checkpoint_loads_as_a_model_with_the_best_weights_so_far(tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.05), validation_fraction=0.3, stopping=rv.EarlyStopping(patience=50)
    )
    model = rv.train(NETWORK, X, RNG.normal(size=200), recipe, checkpoint=path)
    loaded = rv.load(path)
    np.testing.assert_array_equal(weights(loaded), weights(model))
    assert loaded.best_epoch == model.best_epoch < len(model.history)


ENDLESS = textwrap.dedent("""
    import sys, time
    import numpy as np, ravine as rv
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20000, 100))
    network = rv.Network([rv.Dense(256, activation="relu"), rv.Dense(1)])
    stopping = rv.EarlyStopping(patience=10**6)
    recipe = rv.Recipe(epochs=100000, validation_fraction=0.2, stopping=stopping)
    started = []
    def report(row):
        if not started:
            started.append(1)
            print("training", flush=True)
    try:
        rv.train(network, X, X[:, 0], recipe, checkpoint=sys.argv[1], every=10**6, progress=report)
    except KeyboardInterrupt:
        print("interrupted", time.time(), flush=True)
        model = rv.load(sys.argv[1])
        finite = np.isfinite(model.predict(X[:5])).all()
        print(model.status, model.best_epoch > 0, finite, flush=True)
""")


def test_ctrl_c_is_honoured_at_once_and_leaves_the_best_weights_in_the_checkpoint(tmp_path):
    command = [sys.executable, "-c", ENDLESS, str(tmp_path / "run.safetensors")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "training\n"
        asked = time.time()
        process.send_signal(signal.SIGINT)
        word, moment = process.stdout.readline().split()
        assert word == "interrupted"
        # 0.1 s of computing, and the time to write the checkpoint on a busy machine
        assert float(moment) - asked < 1.0
        assert process.stdout.readline().split() == ["interrupted", "True", "True"]
        assert process.wait(timeout=60) == 0
