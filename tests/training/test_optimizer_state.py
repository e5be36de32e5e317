"""What the optimizer remembers can be looked at, by name, and goes on from a checkpoint by name."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import ravine as rv
from ravine.errors import FileError, ParameterError
from ravine.models.file import read_model_file, write_model_file
from tests.builders.optimizers import CASES
from tests.builders.small_runs import NETWORK, X, Y

STEPS = {
    f"{name}, {how}": steps for name, case in CASES.items() for how, steps in case.steps.items()
}
ONE = rv.Network([rv.Dense(1, use_bias=False, initializer="ones")])


def walked(rule, gradients, weights):
    """Train w from 1 so that the gradients are these: (w − y)² has the slope g at y = w − g/2."""
    before = [1.0, *weights[:-1]]
    targets = iter([w - g / 2 for w, g in zip(before, gradients, strict=True)])

    def next_target(X, y, rng):
        return X, np.full_like(y, next(targets))

    recipe = rv.Recipe(
        optimizer=rule,
        epochs=len(gradients),
        batch_size="full",
        augmentation=next_target,
        dtype="float64",
    )
    return ONE, recipe


@pytest.mark.parametrize("many", [False, True], ids=["train", "train_many"])
@pytest.mark.parametrize("by_hand", STEPS.values(), ids=STEPS.keys())
def test_what_is_remembered_after_the_last_step_is_what_was_worked_by_hand(by_hand, many):
    network, recipe = walked(by_hand.rule, by_hand.gradients, by_hand.weights)
    if many:
        (model,) = rv.train_many([rv.Job(network, recipe)], [[1.0]], [0.0])
    else:
        model = rv.train(network, [[1.0]], [0.0], recipe)
    assert model.parameters["dense_1.weight"].item() == pytest.approx(by_hand.weights[-1], abs=1e-8)
    state = model.optimizer_state
    assert list(state) == list(by_hand.remembered)
    for name, value in by_hand.remembered.items():
        assert list(state[name]) == ["dense_1.weight"]
        array = state[name]["dense_1.weight"]
        assert (array.shape, array.dtype) == ((1, 1), np.dtype("float64"))
        assert array.item() == pytest.approx(value, rel=1e-7, abs=1e-20)


def test_the_pairs_of_lbfgs_are_steps_and_changes_of_the_gradient():
    # (w − 0)² from 1: g = 2, the first step length is 1/‖g‖₁, so s = −1, and y = 0 − 2.
    recipe = rv.Recipe(optimizer=rv.LBFGS(memory=3), epochs=1, dtype="float64")
    state = rv.train(ONE, [[1.0]], [0.0], recipe).optimizer_state
    assert list(state) == ["steps", "gradient_changes"]
    assert state["steps"]["dense_1.weight"].tolist() == [[[-1.0]], [[0.0]], [[0.0]]]
    assert state["gradient_changes"]["dense_1.weight"].tolist() == [[[-2.0]], [[0.0]], [[0.0]]]


def test_a_ring_of_one_pair_is_a_ring():
    recipe = rv.Recipe(optimizer=rv.LBFGS(memory=1), epochs=1)
    state = rv.train(NETWORK, X, Y, recipe).optimizer_state
    shapes = {name: array.shape for name, array in state["steps"].items()}
    weights = rv.train(NETWORK, X, Y, recipe).parameters
    assert shapes == {name: (1, *array.shape) for name, array in weights.items()}


def test_what_is_remembered_has_a_place_for_every_parameter_of_many_blocks():
    # 9,000 parameters are updated in blocks. With η = 1, β = 0 and one step, v is the step itself.
    network = rv.Network([rv.Dense(2000), rv.Dense(1)])
    before = rv.train(network, X, Y, rv.Recipe(optimizer=rv.SGD(0.0), epochs=1, batch_size="full"))
    rule = rv.SGD(1e-3, momentum=0.5)
    after = rv.train(network, X, Y, rv.Recipe(optimizer=rule, epochs=1, batch_size="full"))
    for name, velocity in after.optimizer_state["velocity"].items():
        step = before.parameters[name] - after.parameters[name]
        np.testing.assert_allclose(velocity, step, rtol=0, atol=1e-7)  # float32, numbers near 1
        assert velocity.any()


def test_what_is_remembered_cannot_be_changed():
    model = rv.train(NETWORK, X, Y, rv.Recipe(optimizer="adam", epochs=1))
    with pytest.raises(ValueError, match="read-only"):
        model.optimizer_state["first_moment"]["dense_1.weight"][:] = 0


def test_only_the_model_that_was_trained_remembers(tmp_path):
    model = rv.train(NETWORK, X, Y, rv.Recipe(epochs=1))
    model.save(tmp_path / "model.safetensors")
    assert model.optimizer_state is not None
    for other in (
        rv.load(tmp_path / "model.safetensors"),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
    ):
        assert other.optimizer_state is None


PROXIMAL = [name for name, case in CASES.items() if type(case.example).has_one_rate]


@pytest.mark.parametrize("name", PROXIMAL)
def test_a_proximal_penalty_leads_every_rule_that_has_one_rate_to_the_penalised_optimum(name):
    # (w − 2)² + ½ |w| is least where 2 (w − 2) + ½ = 0.
    rule = CASES[name].descends[0]
    penalty = rv.L1(0.5, proximal=True)
    recipe = rv.Recipe(
        optimizer=rule, epochs=10_000, batch_size="full", penalty=penalty, dtype="float64"
    )
    model = rv.train(ONE, [[1.0]], [2.0], recipe)
    # The rate at the end, some 1e-4 at most, is how far a rule of constant steps hops about.
    assert model.parameters["dense_1.weight"].item() == pytest.approx(1.75, abs=1e-3)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(PROXIMAL)))
def test_a_rule_without_one_rate_refuses_a_proximal_penalty(name):
    with pytest.raises(ParameterError, match=f"{name} cannot be combined with L1"):
        rv.Recipe(optimizer=CASES[name].example, penalty=rv.L1(0.5, proximal=True))


@dataclass(frozen=True)
class Counting(rv.Optimizer):
    """A rule that goes nowhere and counts."""

    learning_rate: float = 0.1

    def init(self, n):
        return {"steps": np.zeros(1)}

    def update(self, w, g, state, k, learning_rate):
        state["steps"] += 1


def test_the_state_of_a_custom_rule_is_what_its_init_made():
    model = rv.train(NETWORK, X, Y, rv.Recipe(optimizer=Counting(), epochs=3, batch_size="full"))
    assert model.optimizer_state == {"steps": np.array([3.0])}


@pytest.mark.parametrize("name", CASES)
def test_a_checkpoint_keeps_what_is_remembered_by_name(name, tmp_path):
    path = tmp_path / "run.safetensors"
    model = rv.train(NETWORK, X, Y, CASES[name].trains, checkpoint=path)
    _, arrays = read_model_file(path)
    prefix = "checkpoint.optimizer."
    kept = {key.removeprefix(prefix) for key in arrays if key.startswith(prefix)}
    assert kept - {"numbers"} == set(model.optimizer_state)
    for key, by_parameter in model.optimizer_state.items():
        flat = [array.reshape(-1) for array in by_parameter.values()]
        assert sum(map(len, flat)) == arrays[prefix + key].size


@pytest.mark.parametrize("change", ["missing", "too short", "unknown", "of another type"])
def test_a_checkpoint_whose_optimizer_does_not_fit_is_refused(change, tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(optimizer="adam", epochs=2)
    rv.train(NETWORK, X, Y, recipe, checkpoint=path)
    document, arrays = read_model_file(path)
    name = "checkpoint.optimizer.first_moment"
    if change == "missing":
        del arrays[name]
    elif change == "too short":
        arrays[name] = arrays[name][:-1]
    elif change == "unknown":
        arrays["checkpoint.optimizer.third_moment"] = arrays[name]
    else:
        arrays[name] = arrays[name].astype("float64")
    write_model_file(path, document, arrays)
    with pytest.raises(FileError, match="its optimizer's state does not fit"):
        rv.train(NETWORK, X, Y, recipe, start=path)
