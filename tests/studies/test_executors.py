"""Studies on workers: the same table as in this process, and the same store."""

import os
import signal

import numpy as np
import pytest

import ravine as rv
from ravine.errors import WorkerError
from ravine.studies.splits import folds
from ravine.studies.table import Table
from ravine.studies.trials import Trial, train_trials
from tests.builders.small_runs import NETWORK, X, Y

JOBS = rv.grid(
    NETWORK, rv.Recipe(epochs=3), seed=range(4), **{"optimizer.learning_rate": [0.01, 0.1]}
)


def table(study):
    frame = study.to_frame()
    return frame.drop(columns=["seconds", "worker", "date"], errors="ignore")


def test_a_study_on_workers_ends_with_the_table_of_this_process(tmp_path):
    here = rv.Study(JOBS).run(X, Y, cv=3, threads=1)
    there = rv.Study(JOBS, store=tmp_path / "store").run(X, Y, cv=3, executor="joblib", threads=2)
    assert table(there).equals(table(here))
    histories = [study.histories().drop(columns="seconds") for study in (here, there)]
    assert histories[0].equals(histories[1])
    again = rv.Study(JOBS, store=tmp_path / "store").run(X, Y, cv=3, threads=1)  # reads
    assert table(again).equals(table(here))


def test_what_is_measured_of_each_model_is_measured_by_the_workers():
    data = Table(X, Y)
    trials = [Trial(job, split) for job in JOBS[:2] for split in folds(data, 2)]

    def outputs(model, trial):
        return {"outputs": model.predict(X[trial.split.validation_rows]), "worker": os.getpid()}

    here = dict(train_trials(trials, data, measure=outputs, threads=1))
    there = dict(train_trials(trials, data, measure=outputs, executor="joblib", threads=2))
    assert sorted(here) == sorted(there)
    for number, result in here.items():
        measured = there[number].measured
        np.testing.assert_array_equal(result.measured["outputs"], measured["outputs"])
        assert measured["worker"] != os.getpid()
        assert there[number].origin["worker"].endswith(f":{measured['worker'][0]:.0f}")


def killing(flag, *, once):
    """Make an augmentation that kills the worker; once, if a file tells of it."""

    def kill(X, y, rng):
        if not (once and flag.exists()):
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return X, y

    return kill


def test_a_worker_that_dies_in_the_middle_of_a_study_loses_nothing(tmp_path):
    flag = tmp_path / "died"
    recipe = rv.Recipe(epochs=3, augmentation=killing(flag, once=True))
    jobs = [*JOBS, rv.Job(NETWORK, recipe, label="killer")]
    there = rv.Study(jobs).run(X, Y, executor="joblib", threads=2)
    assert flag.exists()
    here = rv.Study(jobs).run(X, Y, threads=1)  # the file is there
    columns = ["loss", "val_loss", "status"]
    assert there.to_frame()[columns].equals(here.to_frame()[columns])
    assert len(there.to_frame()) == len(jobs)


def test_a_run_that_kills_two_workers_is_named_and_the_study_keeps_the_others(tmp_path):
    recipe = rv.Recipe(epochs=3, augmentation=killing(tmp_path / "died", once=False))
    study = rv.Study([rv.Job(NETWORK, recipe, label="killer"), *JOBS])
    with pytest.raises(WorkerError, match="Run 'killer' was lost twice"):
        study.run(X, Y, executor="joblib", threads=2)
    assert len(study.to_frame()) == len(JOBS)


def test_a_comparison_on_workers_says_what_it_says_in_this_process():
    def compared(**where):
        return rv.compare(
            X,
            Y,
            network=NETWORK,
            optimizers=["sgd", "adam"],
            rates=[0.01, 0.1],
            recipe=rv.Recipe(epochs=3),
            seeds=2,
            **where,
        )

    here, there = compared(threads=1), compared(executor="joblib", threads=2)
    assert there.to_frame().drop(columns="seconds").equals(here.to_frame().drop(columns="seconds"))
    assert there.differences().equals(here.differences())
