"""A search that is killed with −9 and started again is the same search.

It ends with the same configurations, scores and best one, bit for bit but for seconds; every record
that was there stays as it was, and nothing is recorded twice. Moments are uniform over the wall
time of a whole search; counted steps lie before a flush, between flush and rename, and after a
rename. RAVINE_PROOFS=long takes 100 moments and 30 steps and prints the figures.
"""

import os
import signal
import time

import numpy as np
import pytest

from tests.builders import killed_searches as killed

LONG = os.environ.get("RAVINE_PROOFS") == "long"
MOMENTS, STEPS = (100, 30) if LONG else (3, 3)


@pytest.fixture(scope="module")
def expected():
    return {method: killed.table(killed.search(method=method)) for method in ("sobol", "tpe")}


def records(store):
    runs = store / "runs"
    return {path.name: path.read_bytes() for path in runs.glob("[0-9a-f]*.run")}


def check(store, method, expected):
    """Go on with a killed search, and compare; give how many records there were."""
    before = records(store)
    assert killed.table(killed.search(os.fspath(store), method)) == expected[method]
    after = records(store)
    assert before == {name: after[name] for name in before}
    assert killed.table(killed.search(os.fspath(store), method)) == expected[method]
    assert records(store) == after
    return len(before)


@pytest.mark.parametrize("method", ["sobol", "tpe"])
def test_a_search_killed_at_any_moment_goes_on_and_ends_the_same(tmp_path, expected, method):
    for name in ("first", "whole"):  # the first starts the server of processes, too
        started = time.time()
        killed.kill(os.fspath(tmp_path / name), method)
    whole = max(path.stat().st_mtime for path in (tmp_path / "whole" / "runs").iterdir()) - started
    found = []
    for number, moment in enumerate(np.random.default_rng(0).uniform(size=MOMENTS) * whole):
        store = tmp_path / str(number)
        killed.kill(os.fspath(store), method, seconds=moment)
        found.append(check(store, method, expected))
    if LONG:
        print(f"{method}: a whole search {whole:.2f} s; records at the moments: {sorted(found)}")
        assert len(set(found)) > 5, "the moments do not fall into the time in which runs end"


@pytest.mark.parametrize("method", ["sobol", "tpe"])
def test_a_search_killed_at_any_step_of_writing_goes_on_and_ends_the_same(
    tmp_path, expected, method
):
    found = []
    for number, step in enumerate(np.linspace(1, 80, STEPS).astype(int)):
        store = tmp_path / str(number)
        assert killed.kill(os.fspath(store), method, step=int(step)) == -signal.SIGKILL
        found.append(check(store, method, expected))
    if LONG:
        print(f"{method}: records at the {STEPS} steps: {found}")
