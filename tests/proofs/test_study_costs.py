"""What a study costs: under 1 ms a trial of one short epoch, under 1 s for a frame of 10,000 runs.

Processor time is measured, which does not depend on what else the machine does. RAVINE_PROOFS=long
takes 5,000 trials and 10,000 runs and prints the figures.
"""

import os
import time

import numpy as np

import ravine as rv
from ravine.studies.record import Record, write_record
from ravine.studies.store import Store
from ravine.studies.stored import describe, keys_of
from ravine.studies.table import Table
from ravine.studies.trials import Trial

LONG = os.environ.get("RAVINE_PROOFS") == "long"
TRIALS, RUNS = (5000, 10_000) if LONG else (300, 1000)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = X[:, 0]
ONE = rv.Recipe(epochs=1)


def test_a_trial_of_one_short_epoch_costs_less_than_a_millisecond():
    rv.Study(rv.grid(rv.mlp(8), ONE, seed=range(5))).run(X, Y, threads=1).to_frame()
    jobs = rv.grid(rv.mlp(8), ONE, seed=range(TRIALS))
    started = time.process_time()
    rv.Study(jobs).run(X, Y, threads=1)
    cost = (time.process_time() - started) / TRIALS
    if LONG:
        print(f"a trial in memory costs {1e3 * cost:.2f} ms, training and all")
    assert cost < 1e-3


def test_the_frame_of_ten_thousand_runs_takes_less_than_a_second(tmp_path):
    folder = tmp_path / "store"
    jobs = rv.grid(rv.mlp(8), ONE, seed=range(RUNS))
    first = rv.Study(jobs[:1], folder).run(X, Y, threads=1)
    table, trials = Table(X, Y), [Trial(job, first._splits[0]) for job in jobs]
    keys = keys_of(trials, table)
    result = Store(str(folder)).read(keys[0]).result
    for trial, key in zip(trials, keys, strict=True):
        record = Record(key, describe(trial, table), result)
        (folder / "runs" / f"{key}.run").write_bytes(write_record(record))
    costs = []
    for _ in range(2):  # without the index, and with it
        started = time.process_time()
        assert len(Store(str(folder)).headers()) == RUNS
        costs.append(time.process_time() - started)
    study = rv.Study(jobs, folder).run(X, Y, threads=1)
    started = time.process_time()
    frame = study.to_frame()
    costs.append(time.process_time() - started)
    assert len(frame) == RUNS
    if LONG:
        print(
            f"{RUNS} runs: read without an index {costs[0]:.2f} s, with it {costs[1]:.2f} s; "
            f"the frame of them {costs[2]:.2f} s"
        )
    assert costs[1] + costs[2] < 1e-4 * RUNS
