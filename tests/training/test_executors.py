"""Executors: workers give what this process gives, and what dies with one of them is done again."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, MissingPackageError, ParameterError, WorkerError
from ravine.training.executors import worker
from ravine.training.executors.kinds import opened
from ravine.training.executors.shards import Shards
from ravine.training.executors.spread import spread
from ravine.training.origin import versions
from tests.builders import work as builders
from tests.builders.small_runs import LINEAR, NETWORK, X, Y, weights

JOBS = [rv.Job(NETWORK, rv.Recipe(epochs=3, seed=seed), label=f"seed {seed}") for seed in range(7)]
NUMBERS = list(range(8))


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def client():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as made,
    ):
        yield made


@pytest.fixture(params=["joblib", "threads", "processes", "dask", "client"])
def executor(request):
    if request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    elif request.param == "processes":
        yield request.getfixturevalue("processes")
    elif request.param == "client":
        yield request.getfixturevalue("client")
    else:
        if request.param == "dask":
            request.getfixturevalue("client")
        yield request.param


class Inline:
    """An executor that computes at once, and keeps what it was sent."""

    def __init__(self, change=lambda answer: answer):
        self.sent, self.change = [], change

    def submit(self, function, call, data):
        self.sent.append(data)
        future = Future()
        future.set_result(self.change(function(call, data)))
        return future


def test_workers_give_the_bits_that_this_process_gives(executor):
    here = rv.train_many(JOBS, X, Y, threads=1)
    there = rv.train_many(JOBS, X, Y, executor=executor)
    for one, other in zip(here, there, strict=True):
        assert np.array_equal(weights(one), weights(other))
        assert other.status == "finished"
        for name in set(one.history) - {"seconds"}:
            np.testing.assert_array_equal(one.history[name], other.history[name])


def test_a_run_that_diverges_says_so_in_the_words_of_this_process(executor):
    wild = rv.Job(NETWORK, rv.Recipe(optimizer=rv.SGD(1e30), epochs=3))
    here = rv.train_many([*JOBS, wild], X, Y, threads=1)[-1]
    there = rv.train_many([*JOBS, wild], X, Y, executor=executor)[-1]
    assert (there.status, there.message) == ("diverged", here.message)
    assert "run 8 of 8" in here.message


def test_only_jobs_that_validate_by_groups_see_them_on_workers():
    groups = np.repeat(np.arange(20), 10)
    jobs = [
        rv.Job(LINEAR, rv.Recipe(epochs=epochs, validation_fraction=fraction))
        for epochs, fraction in ((2000, 0), (2, 0.25))
    ]
    here = rv.train_many(jobs, X, Y, groups=groups, threads=1)
    there = rv.train_many(jobs, X, Y, groups=groups, executor=Inline())
    assert [np.array_equal(weights(a), weights(b)) for a, b in zip(here, there, strict=True)] == [
        True,
        True,
    ]


def test_a_worker_that_dies_costs_its_tasks_a_second_try_and_nothing_else(tmp_path):
    given = builders.work(builders.dies_once, tmp_path, NUMBERS)
    found = list(spread(given, opened("joblib", 2)))
    assert sorted(found) == [(n, n**2) for n in NUMBERS]
    assert (tmp_path / "died").exists()


def test_a_pool_of_python_that_broke_is_replaced_with_a_warning(tmp_path):
    given = builders.work(builders.dies_once, tmp_path, NUMBERS)
    with (
        ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool,
        pytest.warns(RuntimeWarning, match="do not survive"),
    ):
        found = list(spread(given, opened(pool)))
    assert sorted(found) == [(n, n**2) for n in NUMBERS]


def test_a_task_that_kills_two_workers_is_named_and_the_others_are_done(tmp_path):
    given = builders.work(builders.dies_always, tmp_path, NUMBERS)
    found = []
    with pytest.raises(WorkerError, match="Run 'd' was lost twice"):
        found.extend(spread(given, opened("joblib", 2)))
    assert all(result == n**2 for n, result in found)
    again = builders.work(builders.squares, tmp_path, NUMBERS)
    assert len(list(spread(again, opened("joblib", 2)))) == 8  # new workers


def test_a_worker_of_dask_that_dies_costs_nothing_twice_and_nothing_is_lost(client, tmp_path):
    given = builders.work(builders.dies_once, tmp_path, NUMBERS)
    found = list(spread(given, opened(client)))
    assert sorted(found) == [(n, n**2) for n in NUMBERS]
    assert (tmp_path / "died").exists()


def test_data_are_sent_to_each_worker_once(tmp_path):
    inline = Inline()
    found = list(spread(builders.work(builders.squares, tmp_path, NUMBERS), opened(inline)))
    assert len(found) == len(NUMBERS)
    assert len(inline.sent) > 3  # shards
    sent = [data for data in inline.sent if data is not None]
    assert len(set(sent)) == 1
    before = len(inline.sent)
    list(spread(builders.work(builders.squares, tmp_path, NUMBERS), opened(inline)))
    assert inline.sent[before:] == [None] * (len(inline.sent) - before)


def test_no_more_shards_compute_at_once_than_there_are_cores(monkeypatch):
    monkeypatch.setattr(worker, "_CORES", threading.BoundedSemaphore(1))
    running, most = [], []

    class Slow:
        def __reduce__(self):
            return str, ("slow",)

    def slow(shared, tasks):
        running.append(1)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()
        return tasks

    monkeypatch.setattr(builders, "squares", slow)
    slow.__module__, slow.__qualname__ = builders.__name__, "squares"
    with ThreadPoolExecutor(4) as pool:
        assert len(list(spread(builders.work(slow, "x", NUMBERS), opened(pool)))) == 8
    assert max(most) == 1


def test_shards_take_some_tenths_of_a_second_once_the_price_is_known():
    shards = Shards([1e6] * 10_000, slots=2)
    first = shards.next()
    shards.learn(first, 0.01 * len(first))  # ten milliseconds each
    sizes = []
    while len(shards):
        taken = shards.next()
        sizes.append(len(taken) * 0.01)
        shards.learn(taken, 0.01 * len(taken))
    assert max(sizes) <= 2
    assert min(sizes[:-1]) >= 0.19
    assert sizes[0] > 0.6
    assert sizes[-2] < 0.3  # smaller towards the end


def test_a_worker_of_another_version_is_refused_and_named():
    def older(answer):
        origin = versions() | {"ravine": "0.0.1", "worker": "far:1"}
        return {"status": "version", "origin": origin}

    with pytest.raises(WorkerError, match=r"Worker far:1 has ravine 0\.0\.1, and this process"):
        rv.train_many(JOBS, X, Y, executor=Inline(older))
    call = {"version": "0.0.1", "driver": "far:1", "key": "x", "tasks": b"of another version"}
    assert worker.run_shard(call, None)["status"] == "version"


def test_a_worker_of_another_level_is_told_of():
    def other(answer):
        if answer["status"] == "done":
            answer["origin"] = answer["origin"] | {"level": "v9"}
        return answer

    with pytest.warns(UserWarning, match="has the level v9") as told:
        rv.train_many(JOBS, X, Y, executor=Inline(other))
    assert len(told) == 1


def test_a_job_that_kills_workers_leaves_the_models_of_those_that_had_ended():
    def exits(X, y, rng):
        os._exit(1)

    bad = rv.Job(NETWORK, rv.Recipe(epochs=3, augmentation=exits), label="bad")
    with pytest.raises(WorkerError, match="Run 'bad' was lost twice") as told:
        rv.train_many([bad, *JOBS], X, Y, executor="joblib", threads=2)
    here = rv.train_many(JOBS, X, Y, threads=1)
    models = told.value.models
    assert sorted(models) == list(range(1, 8))
    assert all(np.array_equal(weights(models[n + 1]), weights(m)) for n, m in enumerate(here))


def test_progress_counts_runs_as_they_end(executor):
    told = []
    rv.train_many(JOBS, X, Y, executor=executor, progress=told.append)
    assert sorted(row["run"] for row in told) == list(range(7))
    assert {(row["runs"], row["epoch"], row["epochs"]) for row in told} == {(7, 3, 3)}


@pytest.mark.parametrize("unknown", ["joblab", "", 3, object()])
def test_an_unknown_executor_is_an_error(unknown):
    with pytest.raises(ParameterError, match="'executor' parameter must be None, 'joblib'") as told:
        rv.train_many(JOBS, X, Y, executor=unknown)
    assert told.value.hint == ("Did you mean 'joblib'?" if unknown == "joblab" else None)


@pytest.mark.parametrize(("name", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_package_that_is_missing_is_named(name, package, monkeypatch):
    monkeypatch.setattr("ravine.ground.packages.find_spec", lambda module: None)
    with pytest.raises(MissingPackageError, match=f"executor='{name}' needs {package}"):
        rv.train_many(JOBS, X, Y, executor=name)


def test_a_pool_that_was_shut_down_is_an_error():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ParameterError, match="The executor takes no work: cannot schedule"):
        rv.train_many(JOBS, X, Y, executor=pool)


def test_code_that_cannot_be_sent_is_an_error_that_names_the_run():
    lock = threading.Lock()

    def noisy(X, y, rng):
        with lock:
            return X, y

    job = rv.Job(NETWORK, rv.Recipe(epochs=1, augmentation=noisy), label="noisy")
    with pytest.raises(ParameterError, match="Run 'noisy' cannot be sent to other processes"):
        rv.train_many([job], X, Y, executor="joblib")


def test_code_of_a_script_is_sent_with_the_jobs(executor):
    job = rv.Job(NETWORK, rv.Recipe(epochs=2, augmentation=lambda X, y, rng: (X + 1, y)))
    here = rv.train_many([job], X, Y, threads=1)[0]
    there = rv.train_many([job], X, Y, executor=executor)[0]
    assert np.array_equal(weights(here), weights(there))


def test_errors_of_workers_arrive_as_what_they_are(tmp_path):
    def refuse(answer):
        return {"status": "error", "error": pickle.dumps(DataError("bad", hint="good"))}

    with pytest.raises(DataError, match="bad") as told:
        rv.train_many(JOBS, X, Y, executor=Inline(refuse))
    assert told.value.hint == "good"
    given = builders.work(builders.fails, tmp_path, NUMBERS)
    with pytest.raises(RuntimeError, match=r"StrangeError: what is \d\?"):
        list(spread(given, opened("joblib", 2)))


SCRIPT = """
import numpy as np, ravine as rv

if __name__ == "__main__":
    X = np.random.default_rng(0).normal(size=(2000, 3))
    jobs = rv.grid(rv.mlp(32), rv.Recipe(epochs=60), seed=range(400))
    def said(row):
        print("run", flush=True)
    study = rv.Study(jobs, store="store")
    study.run(X, X[:, 0], executor="joblib", progress=said)
    print("done", len(study.to_frame()), flush=True)
"""


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_at_a_terminal_keeps_what_is_done(times, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, script],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        for _ in range(3):
            assert process.stdout.readline() == "run\n"
        for _ in range(times):  # to all of the group, as a terminal does
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.02)
        out, err = process.communicate(timeout=60)
    kept = len(list((tmp_path / "store" / "runs").rglob("*.*")))
    assert kept >= 3
    if times == 1:
        assert "Interrupted" in err, err
        done, count = out.splitlines()[-1].split()
        assert (done, 3 <= int(count) <= kept) == ("done", True)
    assert "KeyboardInterrupt" not in err or times == 2
