"""The package in other processes: a function that mentions it can be sent to workers."""

import os
import pickle
import subprocess
import sys

import cloudpickle
import joblib
import numpy as np
import pytest

import ravine as rv
from ravine.engine._engine import _levels

X = np.random.default_rng(0).normal(size=(50, 3))
Y = X[:, 0]

SCRIPT = """
import numpy as np, ravine as rv, {imports}

X = np.random.default_rng(0).normal(size=(50, 3))

def fit(seed):
    network = rv.Network([rv.Dense(1)])
    return float(rv.train(network, X, X[:, 0], rv.Recipe(epochs=2, seed=seed)).predict(X[:1])[0])

if __name__ == "__main__":
    print({call} == [fit(0), fit(1)])
"""
TOOLS = {
    "joblib": ("joblib", "joblib.Parallel(2)(joblib.delayed(fit)(s) for s in range(2))"),
    "dask": (
        "dask",
        "list(dask.compute(*[dask.delayed(fit)(s) for s in range(2)], scheduler='processes'))",
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_function_of_a_script_that_mentions_the_package_runs_in_workers(tool, tmp_path):
    imports, call = TOOLS[tool]
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(imports=imports, call=call))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr


def test_the_package_is_sent_by_its_name():
    assert pickle.loads(cloudpickle.dumps(rv)) is rv


def test_what_users_hold_can_be_sent():
    model = rv.train(rv.Network([rv.Dense(1)]), X, Y, rv.Recipe(epochs=2))
    estimator = rv.MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", max_iter=200, tol=1).fit(X, Y)
    for thing in (model, estimator):
        again = pickle.loads(cloudpickle.dumps(thing))
        assert np.array_equal(again.predict(X), thing.predict(X))
    for thing in (model.recipe, model.network, rv.Job(model.network)):
        assert pickle.loads(cloudpickle.dumps(thing)) == thing


def test_a_job_of_joblib_trains_what_this_process_trains():
    def fit(seed):
        return rv.train(rv.Network([rv.Dense(1)]), X, Y, rv.Recipe(epochs=2, seed=seed)).predict(X)

    here = [fit(seed) for seed in range(2)]
    there = joblib.Parallel(2)(joblib.delayed(fit)(seed) for seed in range(2))
    assert np.array_equal(here, there)


@pytest.mark.parametrize("level", ["v5", "base", ""])
def test_an_instruction_level_that_the_processor_lacks_is_an_error(level):
    done = subprocess.run(
        [sys.executable, "-c", "import ravine.engine._engine"],
        env=os.environ | {"RAVINE_LEVEL": level},
        capture_output=True,
        text=True,
        check=False,
    )
    if level in ("", *_levels()):
        assert done.returncode == 0
        return
    assert done.returncode == 1
    assert f"Got {level!r}." in done.stderr
