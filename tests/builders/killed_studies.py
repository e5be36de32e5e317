"""Studies in processes of their own, which are killed: by another process, or at a counted step."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np

import ravine as rv
from ravine.ground import files
from ravine.studies import stored

#: Children are forked from a process that has loaded everything, and runs no threads.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.builders.killed_studies", "pandas"])

#: Long enough in the long proof that most moments fall between the first and the last record.
EPOCHS = 800 if os.environ.get("RAVINE_PROOFS") == "long" else 120

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = X[:, 0] * X[:, 1] + 0.1 * RNG.normal(size=300)


def study(store=None):
    """Give 24 runs, of which those at the highest rate diverge."""
    rates = {"optimizer.learning_rate": [0.003, 0.03, 1e8]}
    recipe = rv.Recipe(optimizer=rv.SGD(), epochs=EPOCHS, batch_size=16)
    return rv.Study(rv.grid(rv.mlp(16), recipe, seed=range(8), **rates), store)


def table(done):
    """What must be the same, bit for bit: the runs and their histories, but for seconds."""
    return [
        frame.drop(columns="seconds").to_csv(float_format="%r", index=False)
        for frame in (done.to_frame(), done.histories())
    ]


def run(store, trained, kill_at=None):
    """Run the study, and note how many runs were trained for it; die at a step of writing."""
    if kill_at is not None:
        die_at(kill_at)
    count = 0
    train = stored.train_trials

    def counted(*args, **kwargs):
        nonlocal count
        for found in train(*args, **kwargs):
            count += 1
            yield found

    stored.train_trials = counted
    study(store).run(X, Y, threads=1)
    Path(trained).write_text(str(count), encoding="utf-8")


def die_at(step):
    """Kill this process at a step: before a flush, between flush and rename, or after a rename."""
    flush, replace, left = files._flush, Path.replace, [step]

    def count():
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def flushed(temporary, mode):
        count()
        flush(temporary, mode)
        count()

    def replaced(self, target):
        found = replace(self, target)
        count()
        return found

    files._flush, Path.replace = flushed, replaced


def records(store):
    """Give the names of the records that are there."""
    return {path.name for path in Path(store, "runs").glob("[0-9a-f]*.run")}


def finish(store, trained):
    """Run the study to its end in a new process; give the number of runs trained for it."""
    process = PROCESSES.Process(target=run, args=(store, trained))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    return int(Path(trained).read_text("utf-8"))


def kill_after(store, trained, seconds):
    """Start the study, and kill it after so many seconds, if it still runs."""
    process = PROCESSES.Process(target=run, args=(store, trained))
    process.start()
    process.join(seconds)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode


def kill_at(store, trained, step):
    """Start the study, and have it die at a step of writing."""
    process = PROCESSES.Process(target=run, args=(store, trained, step))
    process.start()
    process.join(120)
    return process.exitcode


def duration(store, trained):
    """Give how long it takes from the start of a process until its last run is recorded."""
    started = time.time()
    finish(store, trained)
    return max(path.stat().st_mtime for path in Path(store, "runs").iterdir()) - started


def quiet():
    """Give the study in this process, read from a store or trained, without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return study().run(X, Y, threads=1)
