"""ravine against the numbers that PyTorch gave (``make_reference.py``), without PyTorch.

Everything is float64 and the same formula, so that what remains is rounding: 1e-10 of the largest
number of the array leaves it room to grow over 50 steps.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import ravine as rv
from ravine.specs.optimizers import OPTIMIZERS
from tests.conformance import engine

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-10


def assert_agrees(got, wanted, what):
    wanted = np.asarray(wanted)
    scale = max(np.abs(wanted).max(initial=0.0), 1e-300)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=TOLERANCE * scale, err_msg=what)


def trajectory_id(case):
    fields = ", ".join(f"{k}={v}" for k, v in case["optimizer"].items() if k != "kind")
    return f"{case['objective']}-{case['optimizer']['kind']}({fields})"


def test_reference_holds_every_kind_of_case_and_names_its_version():
    assert REFERENCE["torch"] == "2.13.0"
    kinds = {case["optimizer"]["kind"] for case in REFERENCE["trajectories"]}
    assert kinds == set(OPTIMIZERS.kinds) - {"DeltaBarDelta", "LBFGS"}  # PyTorch's search differs
    assert len(REFERENCE["gradients"]) >= 90
    assert len(REFERENCE["trainings"]) >= 8


@pytest.mark.parametrize("case", REFERENCE["trajectories"], ids=trajectory_id)
def test_fifty_steps_of_a_rule_follow_torch(case):
    function, gradient = engine.functions(case)
    result = rv.minimize(
        function,
        np.array(case["path"][0]),
        jac=gradient,
        optimizer=rv.Optimizer.from_dict(case["optimizer"]),
        steps=50,
    )
    assert_agrees(result.path, case["path"], "path")


@pytest.mark.parametrize("case", REFERENCE["gradients"], ids=lambda case: case["name"])
def test_loss_gradient_and_outputs_agree_with_autograd(case):
    got, wanted = engine.objective(case), case["expected"]
    assert_agrees(got["output"], wanted["output"], "raw outputs")
    assert_agrees(got["loss"], wanted["loss"], "loss")
    assert_agrees(got["penalty"], wanted["penalty"], "penalty")
    assert sorted(got["gradient"]) == sorted(wanted["gradient"])
    largest = max(np.abs(g).max() for g in wanted["gradient"].values())
    for name, gradient in wanted["gradient"].items():
        # A bias before a batch norm has no gradient but rounding's: hence the network's scale.
        np.testing.assert_allclose(
            got["gradient"][name], gradient, rtol=0, atol=TOLERANCE * largest, err_msg=name
        )


@pytest.mark.parametrize("case", REFERENCE["trainings"], ids=lambda case: case["name"])
def test_epochs_of_mini_batches_end_where_torch_ends(case):
    network = rv.Network.from_dict(case["network"])
    weight = case["sample_weight"]
    y = np.asarray(case["y"])
    model = rv.train(
        network,
        np.asarray(case["X"]),
        y.astype(int) if case["network"]["loss"]["kind"] == "CrossEntropy" else y,
        rv.Recipe.from_dict(case["recipe"]),
        sample_weight=None if weight is None else np.asarray(weight),
    )
    for name, wanted in case["expected"]["parameters"].items():
        assert_agrees(model.parameters[name], wanted, name)
    for name, wanted in case["expected"]["state"].items():
        assert_agrees(model.state[name], wanted, name)
