"""A run taken step by step is the run; it can be left, looked at and continued."""

import gc
import subprocess
import sys
import threading

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DivergenceError, ParameterError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X[:, 0] - np.abs(X[:, 1])
NETWORK = rv.Network([rv.Normalize(), rv.Dense(8, activation="tanh"), rv.BatchNorm(), rv.Dense(1)])


class Own(rv.Optimizer):
    learning_rate = 0.05

    def init(self, n):
        return [np.zeros(n)]

    def update(self, w, g, state, k, learning_rate):
        state[0] += g
        w -= learning_rate * (g + 0.1 * state[0] / k)


RECIPES = {
    "momentum, dropout": rv.Recipe(
        optimizer=rv.SGD(0.05, momentum=0.9), batch_size=20, epochs=5, dropout=0.2
    ),
    "stopping": rv.Recipe(
        optimizer=rv.SGD(0.1),
        batch_size=20,
        epochs=60,
        validation_fraction=0.2,
        stopping=rv.EarlyStopping(patience=3),
    ),
    "best loss of full batches": rv.Recipe(
        optimizer=rv.Rprop(), epochs=6, stopping=rv.EarlyStopping(monitor="loss")
    ),
    "a schedule of steps": rv.Recipe(
        optimizer=rv.Adam(rv.ExponentialDecay(0.1, rate=0.1, unit="step")), batch_size=7, epochs=3
    ),
    "a schedule of epochs": rv.Recipe(
        optimizer=rv.Adam(rv.StepDecay(0.1, factor=0.5, every=2)), batch_size=30, epochs=5
    ),
    "a plateau": rv.Recipe(
        optimizer=rv.SGD(rv.ReduceOnPlateau(0.1, patience=1, min_delta=0.1)), epochs=8
    ),
    "averaged": rv.Recipe(optimizer=rv.SGD(0.05), batch_size=20, epochs=4, averaging=0.9),
    "line search": rv.Recipe(optimizer=rv.LBFGS(), epochs=12, dtype="float64"),
    "own rule": rv.Recipe(optimizer=Own(), batch_size=20, epochs=4),
    "mixed rows": rv.Recipe(
        optimizer=rv.Adam(), batch_size=16, epochs=3, augmentation=[rv.Mixup(0.2), rv.Noise(0.1)]
    ),
}


@pytest.mark.parametrize("name", RECIPES)
def test_stepping_to_the_end_is_training_bit_for_bit(name):
    recipe = RECIPES[name]
    whole = rv.train(NETWORK, X, Y, recipe, record=["weights", "gradient", "loss", "learning_rate"])
    run = rv.steps(NETWORK, X, Y, recipe)
    taken = list(run)
    assert [step.step for step in taken] == whole.trace.step.tolist()
    assert [step.epoch for step in taken] == whole.trace.epoch.tolist()
    assert [step.loss for step in taken] == whole.trace["loss"].tolist()
    assert [step.learning_rate for step in taken] == whole.trace["learning_rate"].tolist()
    for row, step in enumerate(taken):
        for parameter, array in step.parameters.items():
            np.testing.assert_array_equal(array, whole.trace["weights"][parameter][row])
            gradient = step.gradient[parameter]
            np.testing.assert_array_equal(gradient, whole.trace["gradient"][parameter][row])
    model = run.model
    assert (model.status, model.best_epoch) == (whole.status, whole.best_epoch)
    np.testing.assert_array_equal(model.parameters_vector, whole.parameters_vector)
    np.testing.assert_array_equal(model.state_vector, whole.state_vector)
    for column in whole.history:
        if column != "seconds":
            np.testing.assert_array_equal(model.history[column], whole.history[column])


def test_a_run_that_is_left_and_looked_at_goes_on_where_it_stood():
    recipe = RECIPES["momentum, dropout"]
    whole = rv.train(NETWORK, X, Y, recipe)
    run = rv.steps(NETWORK, X, Y, recipe)
    for step in run:
        if step.step == 4:
            break
    first = run.model
    np.testing.assert_array_equal(
        first.parameters["dense_1.weight"], step.parameters["dense_1.weight"]
    )
    assert first.status == "interrupted"
    assert len(first.history) == 1  # three steps an epoch
    assert first.predict(X).shape == (60,)
    assert first.optimizer_state["velocity"]["dense_1.weight"].any()
    assert [step.step for step in run] == list(range(5, 16))
    np.testing.assert_array_equal(run.model.parameters_vector, whole.parameters_vector)
    assert not np.array_equal(first.parameters_vector, whole.parameters_vector)
    assert next(run, None) is None


def test_the_model_of_a_waiting_run_has_the_best_epochs_weights():
    recipe = RECIPES["stopping"]
    run = rv.steps(NETWORK, X, Y, recipe)
    for step in run:
        if step.epoch == 4:
            break
    early = rv.train(NETWORK, X, Y, recipe.replace(epochs=3))
    assert run.model.best_epoch == early.best_epoch
    np.testing.assert_array_equal(run.model.parameters_vector, early.parameters_vector)


def test_before_its_first_step_a_run_has_the_first_weights():
    run = rv.steps(NETWORK, X, Y)
    np.testing.assert_array_equal(
        run.model.parameters_vector, rv.steps(NETWORK, X, Y).model.parameters_vector
    )
    assert run.model.status == "interrupted"
    run.close()
    assert list(run) == []


def test_a_closed_run_has_what_it_had_reached_and_leaves_no_thread():
    before = threading.active_count()
    with rv.steps(NETWORK, X, Y) as run:
        step = next(run)
    assert run.model.status == "interrupted"
    np.testing.assert_array_equal(
        run.model.parameters["dense_2.bias"], step.parameters["dense_2.bias"]
    )
    assert threading.active_count() == before
    run.close()


def test_a_run_that_nobody_holds_ends():
    for _ in range(20):
        next(rv.steps(NETWORK, X, Y))
    gc.collect()
    assert not gc.garbage


def test_a_program_may_end_while_a_run_waits():
    code = (
        "import ravine as rv\n"
        "run = rv.steps(rv.Network([rv.Dense(1)]), [[1.0], [2.0]], [1.0, 2.0])\n"
        "print(next(run).step)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"1", b"")


def test_ctrl_c_leaves_the_run_where_it_can_go_on():
    # a rule that interrupts the main thread during its third step
    import _thread

    class Interrupting(Own):
        def update(self, w, g, state, k, learning_rate):
            super().update(w, g, state, k, learning_rate)
            if k == 3:
                _thread.interrupt_main()

    recipe = rv.Recipe(optimizer=Interrupting(), batch_size=20, epochs=4)
    plain = rv.train(NETWORK, X, Y, RECIPES["own rule"])
    run = rv.steps(NETWORK, X, Y, recipe)
    steps = []
    with pytest.raises(KeyboardInterrupt):
        steps.extend(step.step for step in run)
    rest = [step.step for step in run]
    assert rest[-1] == 12
    np.testing.assert_array_equal(run.model.parameters_vector, plain.parameters_vector)


def test_a_run_that_diverges_says_so_at_its_step():
    run = rv.steps(rv.Network([rv.Dense(1)]), X, Y, rv.Recipe(optimizer=rv.SGD(1e9), epochs=50))
    taken = []
    with pytest.raises(DivergenceError, match="Lower its learning rate") as caught:
        taken.extend(run)
    assert caught.value.model.status == "diverged"
    assert next(run, None) is None


def test_an_error_in_custom_code_is_raised_at_its_step():
    class Broken(Own):
        def update(self, w, g, state, k, learning_rate):
            if k == 2:
                raise ZeroDivisionError("at the second step")

    run = rv.steps(NETWORK, X, Y, rv.Recipe(optimizer=Broken(), batch_size=20))
    assert next(run).step == 1
    with pytest.raises(Exception, match="at the second step"):
        next(run)
    assert next(run, None) is None


def test_a_step_keeps_its_arrays_when_the_run_goes_on():
    run = rv.steps(NETWORK, X, Y)
    first = next(run)
    kept = first.parameters["dense_1.weight"].copy()
    second = next(run)
    np.testing.assert_array_equal(first.parameters["dense_1.weight"], kept)
    assert not np.array_equal(second.parameters["dense_1.weight"], kept)
    assert repr(first).startswith("Step(1, epoch 1, loss ")
    run.close()


def test_steps_go_on_from_a_model_and_share_the_checks_of_train():
    model = rv.train(NETWORK, X, Y, rv.Recipe(epochs=2))
    warm = rv.train(NETWORK, X, Y, rv.Recipe(epochs=2), start=model)
    run = rv.steps(NETWORK, X, Y, rv.Recipe(epochs=2), start=model, threads=2)
    list(run)
    np.testing.assert_array_equal(run.model.parameters_vector, warm.parameters_vector)
    with pytest.raises(ParameterError, match="recipe must be a Recipe"):
        rv.steps(NETWORK, X, Y, "adam")
    with pytest.raises(ParameterError, match="'threads'"):
        rv.steps(NETWORK, X, Y, threads=0)
