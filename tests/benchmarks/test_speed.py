"""The benchmarks' own arithmetic; they themselves need the peers and time, see `make benchmark`."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import results
from benchmarks.speed import cases, curves, document, guard, measuring, peers, pictures, systems
from benchmarks.speed.systems import with_ravine, with_scikit_learn


def case_result(times, goal=2.0):
    """Make what `peers` measures of a case that takes so many µs per step."""
    systems = {
        name: {"us_per_step": {"median": us, "low": us, "high": us}} for name, us in times.items()
    }
    return {"name": "tiny", "goal": goal, "flops_per_step": 1e6, "systems": systems}


# Counted by hand: 6 B for each weight, less 2 B for each of the first layer's.
@pytest.mark.parametrize(
    ("name", "flops"),
    [
        ("tiny", 6 * 64 * (640 + 1024 + 32) - 2 * 64 * 640),
        ("small", 6 * 128 * (1920 + 4096 + 64) - 2 * 128 * 1920),
        ("medium", 6 * 256 * (25600 + 65536 + 256) - 2 * 256 * 25600),
        ("large", 6 * 128 * (401408 + 131072 + 2560) - 2 * 128 * 401408),
        ("32 × tiny", 6 * 64 * (640 + 1024 + 32) - 2 * 64 * 640),
        ("32 × small", 6 * 128 * (1920 + 4096 + 64) - 2 * 128 * 1920),
    ],
)
def test_the_flops_of_a_step_are_those_of_its_products(name, flops):
    (case,) = (case for case in cases.CASES if case.name == name)
    assert case.flops == flops


def test_the_cases_are_six_and_each_has_a_goal():
    assert [case.goal for case in cases.CASES] == [5, 4, 1.8, 1.4, 5, 3]


def test_a_case_with_half_a_batch_is_refused():
    with pytest.raises(ValueError, match="1000 rows are no whole number of batches"):
        replace(cases.CASES[0], rows=1000)


def test_the_training_loss_of_a_regression_is_the_mean_square_of_each_network():
    case = cases.Case("two", 2, 1, (), 1, 2, epochs=1, networks=2)
    losses = cases.training_loss(case, [[1, 2], [1, 5]], np.array([1, 2]))
    assert losses.tolist() == [0, 4.5]  # (3² + 0) / 2


def test_the_training_loss_of_classes_is_the_cross_entropy_of_logits():
    case = cases.Case("two", 2, 1, (), 2, 2, epochs=1)
    losses = cases.training_loss(case, np.log([[0.25, 0.75], [0.5, 0.5]]), np.array([1, 0]))
    assert losses == pytest.approx([-(np.log(0.75) + np.log(0.5)) / 2], rel=1e-14)


@pytest.mark.parametrize("networks", [1, 2])
@pytest.mark.parametrize("outputs", [1, 3])
def test_ravine_trains_a_case(networks, outputs):
    case = cases.Case("any", 64, 4, (8,), outputs, 16, epochs=2, networks=networks)
    X, y = cases.make_data(case)
    (training,) = with_ravine.start(case, X, y, 1)
    trained = training.run(0)
    assert [model.history["step"][-1] for model in trained] == [case.steps] * networks
    losses = cases.training_loss(case, training.outputs(trained), y)
    assert losses == pytest.approx([model.evaluate(X, y)["loss"] for model in trained], rel=1e-5)


def test_a_peer_that_is_not_installed_is_left_out_and_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "benchmarks.speed.systems.with_pytorch", raising=False)
    case = cases.Case("any", 64, 4, (8,), 1, 16, epochs=1)
    found, missing = systems.start(
        case, *cases.make_data(case), 1, ("with_pytorch", "with_ravine", "with_scikit_learn")
    )
    assert [training.name for training in found] == ["ravine", "scikit-learn"]
    assert missing == ["pytorch: torch is not installed"]


def test_scikit_learn_trains_all_epochs_from_the_same_weights():
    case = cases.Case("any", 640, 50, (60,), 1, 64, epochs=3)
    X, y = cases.make_data(case)
    (training,) = with_scikit_learn.start(case, X, y, 1)
    model = training.run(0)
    assert (model.n_iter_, model.coefs_[0].dtype) == (3, np.float32)
    first, biases = model._init_coef(50, 60, np.float32)
    assert first.std() == pytest.approx((2 / 50) ** 0.5, rel=0.05)  # 3000 draws: 1.3 % a σ
    assert not biases.any()


def test_systems_are_timed_in_turn():
    order = []
    actions = {name: lambda n, name=name: order.append((name, n)) for name in "ab"}
    seconds = measuring.alternate(actions, 2)
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1)]
    assert {name: len(times) for name, times in seconds.items()} == {"a": 2, "b": 2}


def test_times_are_per_step_and_network():
    case = cases.Case("any", 20, 1, (), 1, 10, epochs=5, networks=2)  # 10 steps, 2 networks
    assert measuring.per_step(case, [4e-4, 2e-5, 4e-5]) == pytest.approx(
        {"median": 2, "low": 1, "high": 20}
    )


def test_the_ratio_is_the_best_peers_and_decides_about_the_goal():
    fast, slow = (
        case_result({"ravine": own, "JAX": 30.0, "PyTorch": 40.0}) for own in (10.0, 20.0)
    )
    done = peers.finish([fast, slow], 1e12, 2)
    assert [case["best_peer"] for case in done["cases"]] == ["JAX", "JAX"]
    assert [case["ratio"] for case in done["cases"]] == [3, 1.5]
    assert [case["reached"] for case in done["cases"]] == [True, False]
    assert fast["systems"]["ravine"]["share_of_sgemm"] == pytest.approx(0.1)  # 1e6 / 10 µs / 1e12


def test_without_peers_there_is_no_ratio():
    done = peers.finish([case_result({"ravine": 10.0})], 1e12, 2)
    assert done["cases"][0]["ratio"] is done["cases"][0]["reached"] is None


def test_systems_that_do_not_reach_the_same_loss_are_not_compared():
    same = {"ravine": [0.10, 0.11, 0.12], "JAX": [0.10, 0.12, 0.11]}
    peers.check_same_loss("tiny", same)
    with pytest.raises(SystemExit, match="they do not do the same"):
        peers.check_same_loss("tiny", same | {"PyTorch": [0.20, 0.21, 0.22]})


def test_results_are_kept_and_drawn(tmp_path):
    result = peers.finish([case_result({"ravine": 10.0, "JAX": 30.0 + 1e-9})], 1e12, 2)
    results.write(result, tmp_path / "peers.json")
    kept = results.read(tmp_path / "peers.json")
    assert kept["cases"][0]["ratio"] == 3
    assert kept["machine"]["engine"] in ("v2", "v3", "v4", "base")
    pictures.draw_ratios(kept, tmp_path / "peers.png")
    points = {"at": [8, 16], "us_per_step": [{"median": 1.0}, {"median": 2.0}]}
    drawn = {name: {"title": name, "systems": {"ravine": points}} for name in curves.CURVES}
    pictures.draw_curves({"curves": drawn}, tmp_path / "curves.png")
    assert all((tmp_path / name).stat().st_size > 5000 for name in ("peers.png", "curves.png"))


@pytest.mark.parametrize("name", curves.CURVES)
def test_every_point_of_a_curve_is_a_case_of_bounded_length(name):
    make_case, values, _ = curves.CURVES[name]
    for value in values:
        case = curves.lengthened(make_case(value))
        assert case.steps * case.networks * case.flops < 100e9


def test_the_document_shows_the_last_run():
    text = document.DOCUMENT.read_text("utf-8")
    assert document.filled(text, results.SPEED) == text


PROFILE = """\
events: Ir
ob=(1) /lib/python
fn=(1) main
16 100
+2 5
cob=(2) /lib/_engine_v3.so
cfn=(2) train
calls=1 0
* 70000
ob=(2)
fn=(2)
0 60000
-3 9000
cob=(3) /lib/libscipy_openblas-1.so
cfn=(3) sgemm
calls=2 0
0 1000
ob=(3)
fn=(3)
0 1000
"""


def test_instructions_are_counted_by_library_and_calls_only_once():
    assert guard.by_library(PROFILE) == {
        "/lib/python": 105,
        "/lib/_engine_v3.so": 69000,
        "/lib/libscipy_openblas-1.so": 1000,
    }


@pytest.mark.parametrize(
    ("millions", "good", "said"),
    [(109.0, True, "+9.0%"), (111.0, False, "more than 10% above"), (80.0, True, "--update")],
)
def test_the_guard_fails_above_a_tenth(millions, good, said):
    stored = {"dense": {"engine": 60.0, "OpenBLAS": 40.0}}
    lines, passed = guard.compare({"dense": {"engine": millions - 40, "OpenBLAS": 40.0}}, stored)
    assert passed is good
    assert said in lines[0]


def test_every_case_of_the_guard_has_a_stored_count():
    stored = json.loads(guard.STORED.read_text("utf-8"))
    assert list(stored) == list(guard.CASES)
    assert all(guard.jobs(case) for case in guard.CASES)
