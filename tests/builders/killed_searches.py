"""Searches in processes of their own, which are killed."""

from __future__ import annotations

import os
import signal

import ravine as rv
from tests.builders.killed_studies import EPOCHS, PROCESSES, X, Y, die_at

#: Long enough in the long proof that most moments fall between the first and the last record.
_EPOCHS = 2 * EPOCHS if EPOCHS > 500 else 27


def search(store=None, method="sobol"):
    """Give a search of 28 configurations (or 14 in generations); some of them diverge."""
    recipe = rv.Recipe(
        optimizer=rv.SGD(rv.CosineDecay(0.01)), epochs=_EPOCHS, batch_size=16, dropout=0.1
    )
    space = {"optimizer.learning_rate": (1e-4, 1e3, "log"), "clip_norm": [None, 1.0]}
    return rv.tune(
        rv.mlp(16), X, Y, space, recipe=recipe, budget=7, seeds=2, threads=1,
        method=method, store=store,
    )  # fmt: skip


def table(found):
    """What must be the same, bit for bit: the configurations, and which is the best."""
    text = found.to_frame().drop(columns="seconds").to_csv(float_format="%r", index=False)
    return text, found.best


def run(store, method, step=None):
    """Run the search; die at a step of writing."""
    if step is not None:
        die_at(step)
    search(store, method)


def kill(store, method, *, seconds=None, step=None):
    """Start the search, and kill it after so many seconds or at a step, if it still runs."""
    process = PROCESSES.Process(target=run, args=(store, method, step))
    process.start()
    process.join(120 if seconds is None else seconds)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode
