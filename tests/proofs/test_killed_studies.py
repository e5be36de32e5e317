"""A study that is killed with −9 and started again trains only what is missing.

It ends with the same table, bit for bit but for seconds, worker and dates; nothing is lost and
nothing recorded twice. Moments are uniform over the wall time of a whole study, and counted steps:
before a flush, between flush and rename, and after a rename. RAVINE_PROOFS=long takes 100 moments
and 30 steps and prints the figures.
"""

import os
import signal

import numpy as np
import pytest

from tests.builders import killed_studies as killed

LONG = os.environ.get("RAVINE_PROOFS") == "long"
MOMENTS, STEPS = (100, 30) if LONG else (3, 3)


@pytest.fixture(scope="module")
def expected():
    return killed.table(killed.quiet())


def check(store, trained, expected):
    """Go on with a killed study, and compare; give how many records there were."""
    before = killed.records(store) if (store / "runs").is_dir() else set()
    count = killed.finish(os.fspath(store), trained)
    after = killed.records(store)
    assert count == 24 - len(before), "a run that was recorded was trained again, or one was lost"
    assert before <= after
    assert len(after) == 24
    done = killed.study(os.fspath(store)).run(killed.X, killed.Y, threads=1)
    assert killed.table(done) == expected
    assert not list(store.glob("claims/[0-9a-f]*"))
    return len(before)


def test_a_study_killed_at_any_moment_goes_on_and_ends_with_the_same_table(tmp_path, expected):
    trained = os.fspath(tmp_path / "trained")
    whole = np.median(
        [killed.duration(os.fspath(tmp_path / f"whole{i}"), trained) for i in range(3)]
    )
    moments = np.random.default_rng(0).uniform(size=MOMENTS) * whole
    found = []
    for number, moment in enumerate(moments):
        store = tmp_path / str(number)
        killed.kill_after(os.fspath(store), trained, moment)
        found.append(check(store, trained, expected))
    if LONG:
        print(f"a whole study: {whole:.2f} s; records at the {MOMENTS} moments: {sorted(found)}")
        assert len(set(found)) > 5, "the moments do not fall into the time in which runs end"


def test_a_study_killed_at_any_step_of_writing_goes_on_and_ends_with_the_same_table(
    tmp_path, expected
):
    trained = os.fspath(tmp_path / "trained")
    found = []
    for number, step in enumerate(np.linspace(0, 70, STEPS).astype(int)):
        store = tmp_path / str(number)
        assert killed.kill_at(os.fspath(store), trained, int(step)) == -signal.SIGKILL
        found.append(check(store, trained, expected))
    if LONG:
        print(f"records at the {STEPS} steps: {found}")


def test_two_processes_at_one_store_train_each_run_once(tmp_path, expected):
    store = os.fspath(tmp_path / "store")
    notes = [os.fspath(tmp_path / name) for name in "ab"]
    processes = [killed.PROCESSES.Process(target=killed.run, args=(store, n)) for n in notes]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    counts = [int((tmp_path / name).read_text("utf-8")) for name in "ab"]
    if LONG:
        print("runs trained by each of two processes:", counts)
    assert sum(counts) == 24
    assert killed.table(killed.study(store).run(killed.X, killed.Y, threads=1)) == expected


def test_two_processes_one_of_which_is_killed_lose_nothing(tmp_path, expected):
    store, notes = tmp_path / "store", os.fspath(tmp_path / "trained")
    other = killed.PROCESSES.Process(
        target=killed.run, args=(os.fspath(store), os.fspath(tmp_path / "other"))
    )
    other.start()
    killed.kill_at(os.fspath(store), notes, 20)
    other.join(120)
    assert other.exitcode == 0
    assert len(killed.records(store)) == 24
    done = killed.study(os.fspath(store)).run(killed.X, killed.Y, threads=1)
    assert killed.table(done) == expected
