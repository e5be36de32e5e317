"""What is recorded of a run's steps, against steps worked by hand."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DivergenceError, ParameterError
from ravine.training import recording

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, 0] - np.abs(X[:, 1])
NETWORK = rv.Network([rv.Normalize(), rv.Dense(4, activation="tanh"), rv.BatchNorm(), rv.Dense(1)])
ONE_WEIGHT = rv.Network([rv.Dense(1, use_bias=False, initializer="zeros")])


def walk(optimizer, record, epochs=3):
    """Record descent from w = 0 on the loss of one row x = 1, y = 1."""
    recipe = rv.Recipe(optimizer=optimizer, epochs=epochs, dtype="float64")
    return rv.train(ONE_WEIGHT, [[1.0]], [1.0], recipe, record=record).trace


def column(trace, name):
    return trace[name]["dense_1.weight"].ravel()


def test_the_gradient_and_loss_of_a_row_are_those_before_its_step_and_the_weights_those_after():
    trace = walk(rv.SGD(0.25), ["weights", "gradient", "loss", "learning_rate"])
    before = np.array([0.0, *column(trace, "weights")[:-1]])
    slope = column(trace, "gradient")[0] / -1.0  # at w = 0, of L = c (w − 1)², is −2c
    assert slope in (1.0, 2.0)
    np.testing.assert_array_equal(column(trace, "gradient"), slope * (before - 1))
    np.testing.assert_array_equal(trace["loss"], slope / 2 * (before - 1) ** 2)
    np.testing.assert_array_equal(column(trace, "weights"), before - 0.25 * slope * (before - 1))
    np.testing.assert_array_equal(trace["learning_rate"], [0.25] * 3)
    assert trace.step.tolist() == trace.epoch.tolist() == [1, 2, 3]


def test_momentum_by_hand():
    trace = walk(rv.SGD(0.1, momentum=0.5), ["gradient", "velocity", "weights"])
    g, v, w = (column(trace, name) for name in ("gradient", "velocity", "weights"))
    v_1 = 0.1 * g[0]
    v_2 = 0.5 * v_1 + 0.1 * g[1]
    np.testing.assert_allclose(v[:2], [v_1, v_2], rtol=1e-15)
    np.testing.assert_allclose(w[:2], [-v_1, -v_1 - v_2], rtol=1e-15)


def test_adagrad_by_hand():
    trace = walk(rv.Adagrad(0.5), ["gradient", "squared_gradient", "weights"])
    g, v, w = (column(trace, name) for name in ("gradient", "squared_gradient", "weights"))
    np.testing.assert_allclose(v, [g[0] ** 2, g[0] ** 2 + g[1] ** 2, (g**2).sum()], rtol=1e-15)
    # the first step is η against the gradient's sign, whatever its size
    np.testing.assert_allclose(w[0], 0.5, rtol=1e-6)
    np.testing.assert_allclose(w[1] - w[0], -0.5 * g[1] / np.hypot(g[0], g[1]), rtol=1e-6)


def test_adam_by_hand():
    trace = walk(rv.Adam(0.5), ["gradient", "first_moment", "second_moment", "weights"])
    g, m, v, w = (
        column(trace, name) for name in ("gradient", "first_moment", "second_moment", "weights")
    )
    np.testing.assert_allclose(m[:2], [0.1 * g[0], 0.09 * g[0] + 0.1 * g[1]], rtol=1e-14)
    np.testing.assert_allclose(
        v[:2], [1e-3 * g[0] ** 2, 0.999e-3 * g[0] ** 2 + 1e-3 * g[1] ** 2], rtol=1e-12
    )
    np.testing.assert_allclose(w[0], 0.5, rtol=1e-6)
    step = 0.5 * (m[1] / 0.19) / np.sqrt(v[1] / 0.001999)
    np.testing.assert_allclose(w[1] - w[0], -step, rtol=1e-6)


def test_jacobs_rates_by_hand():
    rule = rv.DeltaBarDelta(0.1, kappa=0.05, phi=0.5, theta=0.5)
    trace = walk(rule, ["gradient", "rates", "gradient_trace", "weights"], epochs=3)
    g, rates, w = (column(trace, name) for name in ("gradient", "rates", "weights"))
    np.testing.assert_allclose(rates[:2], [0.1, 0.15], rtol=1e-14)  # the sign has stayed
    np.testing.assert_allclose(column(trace, "gradient_trace")[0], 0.5 * g[0], rtol=1e-14)
    np.testing.assert_allclose(w[1] - w[0], -0.15 * g[1], rtol=1e-14)


def test_a_rate_of_jacobs_that_overshot_is_halved():
    rule = rv.DeltaBarDelta(0.8, kappa=0.05, phi=0.5, theta=0.5)
    trace = walk(rule, ["gradient", "rates"], epochs=8)
    g, rates = column(trace, "gradient"), column(trace, "rates")
    turned = 1 + int(np.argmax(np.sign(g[1:]) != np.sign(g[:-1])))
    assert np.sign(g[turned]) == 1  # it has overshot: the test is about something
    np.testing.assert_allclose(rates[turned], rates[turned - 1] * 0.5, rtol=1e-14)


RECIPES = {
    "momentum": (rv.SGD(0.05, momentum=0.9), ["velocity"]),
    "adam": (rv.Adam(0.01), ["first_moment", "second_moment"]),
    "line search": (rv.LBFGS(memory=3), ["steps", "gradient_changes"]),
    "one step kept": (rv.LBFGS(memory=1), ["steps"]),
    "rprop": (rv.Rprop(), ["rates", "last_gradient"]),
    "plain": (rv.SGD(0.05), []),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_recording_changes_no_bit_and_ends_with_the_models_own_arrays(name, dtype):
    rule, kept = RECIPES[name]
    recipe = rv.Recipe(optimizer=rule, epochs=4, dtype=dtype)
    plain = rv.train(NETWORK, X, Y, recipe)
    model = rv.train(NETWORK, X, Y, recipe, record=["weights", "gradient", "loss", *kept])
    assert plain.trace is None
    np.testing.assert_array_equal(model.parameters_vector, plain.parameters_vector)
    trace = model.trace
    assert trace["weights"].flat.dtype == dtype
    np.testing.assert_array_equal(trace["weights"].flat[-1], model.parameters_vector)
    for parameter, array in model.parameters.items():
        np.testing.assert_array_equal(trace["weights"][parameter][-1], array)
        for what in kept:
            np.testing.assert_array_equal(
                trace[what][parameter][-1], model.optimizer_state[what][parameter]
            )


def test_a_network_of_many_blocks_is_recorded_by_name():
    network = rv.Network([rv.Dense(100), rv.Dense(60), rv.Dense(1)])  # blocks of 1,700 parameters
    recipe = rv.Recipe(epochs=2)
    model = rv.train(network, X, Y, recipe, record=["second_moment"])
    for name, array in model.optimizer_state["second_moment"].items():
        np.testing.assert_array_equal(model.trace["second_moment"][name][-1], array)


def test_every_third_step_is_the_same_as_those_of_all():
    recipe = rv.Recipe(batch_size=8, epochs=3)  # 15 steps
    record = ["weights", "gradient", "learning_rate", "loss", "first_moment"]
    every = rv.train(NETWORK, X, Y, recipe, record=record).trace
    third = rv.train(NETWORK, X, Y, recipe, record=record, record_every=3).trace
    assert len(every) == 15
    assert third.step.tolist() == [1, 4, 7, 10, 13]
    assert third.epoch.tolist() == [1, 1, 2, 2, 3]
    frame = every.to_frame().iloc[::3].reset_index(drop=True)
    assert third.to_frame().equals(frame)


def test_jobs_record_each_its_own():
    jobs = [
        rv.Job(NETWORK, rv.Recipe(epochs=2), record=["weights"]),
        rv.Job(NETWORK, rv.Recipe(epochs=2)),
        rv.Job(NETWORK, rv.Recipe(epochs=4, optimizer="lbfgs"), record="loss", record_every=2),
    ]
    first, second, third = rv.train_many(jobs, X, Y)
    assert first.trace.names == ("weights",)
    assert second.trace is None
    assert third.trace.names == ("loss",)
    assert third.trace.step.tolist() == [1, 3]


def test_a_run_that_diverges_has_the_steps_before():
    recipe = rv.Recipe(optimizer=rv.SGD(1e4), epochs=500)
    with pytest.raises(DivergenceError) as caught:
        rv.train(rv.Network([rv.Dense(1)]), X, Y, recipe, record=["weights", "gradient", "loss"])
    trace = caught.value.model.trace
    assert len(trace) > 1
    assert len(trace["gradient"].flat) == len(trace["weights"].flat) == len(trace["loss"])
    assert trace["loss"][-1] > trace["loss"][0]


class Own(rv.Optimizer):
    learning_rate = 0.1

    def init(self, n):
        return {"velocity": np.zeros(n)}

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * g


def test_a_custom_rule_records_its_weights_and_gradients():
    recipe = rv.Recipe(optimizer=Own(), epochs=2, batch_size="full", dtype="float64")
    trace = rv.train(NETWORK, X, Y, recipe, record=["weights", "gradient"]).trace
    np.testing.assert_allclose(
        trace["weights"].flat[1],
        trace["weights"].flat[0] - 0.1 * trace["gradient"].flat[1],
        rtol=0,
        atol=0,
    )


@pytest.mark.parametrize(
    ("optimizer", "arguments", "message"),
    [
        (
            "adam",
            {"record": ["velocity"]},
            "cannot hold 'velocity'. With Adam it may hold 'weights",
        ),
        ("adam", {"record": ["first_momen"]}, "Did you mean 'first_moment'?"),
        ("sgd", {"record": ["velocity"]}, "With SGD it may hold"),
        (Own(), {"record": ["velocity"]}, "What a custom optimizer keeps is its own"),
        ("adam", {"record": ["weights"], "record_every": 0}, "'record_every' parameter of train"),
        ("adam", {"record": ["weights"], "record_every": True}, "whole number, at least 1"),
        ("adam", {"record": []}, "a list of at least one name, or None"),
        ("adam", {"record": 3}, "must be a list of names"),
        ("adam", {"record_every": 5}, "would change nothing"),
    ],
)
def test_what_cannot_be_recorded_is_refused(optimizer, arguments, message):
    with pytest.raises(ParameterError) as caught:
        rv.train(NETWORK, X, Y, rv.Recipe(optimizer=optimizer), **arguments)
    assert message in f"{caught.value} {caught.value.hint}"


def test_a_trace_larger_than_memory_is_refused_before_training(monkeypatch):
    monkeypatch.setattr(recording, "available_memory", lambda: 10_000)
    recipe = rv.Recipe(epochs=100)
    with pytest.raises(ParameterError, match=r"would need 0\.\d MB .* only 0\.0 MB") as caught:
        rv.train(NETWORK, X, Y, recipe, record=["weights"])
    assert "record_every=100" in caught.value.hint
    assert len(rv.train(NETWORK, X, Y, recipe, record=["weights"], record_every=50).trace) == 2


def test_the_bytes_of_a_trace_are_foreseen():
    recipe = rv.Recipe(optimizer=rv.LBFGS(memory=3), epochs=6, dtype="float64")
    made = recording.Recording.of(["weights", "steps"], 2, recipe.optimizer)
    n = 10
    assert made.memory(recipe, 40, n) == 3 * ((1 + 3) * n * 8 + 32)
    minibatches = rv.Recipe(epochs=2, batch_size=16)
    assert recording.Recording.of("weights", 1, rv.Adam()).memory(minibatches, 40, n) == 6 * (
        n * 4 + 32
    )


def test_a_name_that_was_not_recorded_is_an_error():
    trace = walk(rv.Adam(), ["weights", "loss"])
    with pytest.raises(ParameterError, match="Recorded are: weights, loss") as caught:
        trace["weigths"]
    assert caught.value.hint == "Did you mean 'weights'?"
    assert "weights" in trace
    assert "gradient" not in trace


def test_a_trace_cannot_be_changed():
    trace = walk(rv.Adam(), ["weights", "loss"])
    for array in (trace["weights"].flat, trace["weights"]["dense_1.weight"], trace["loss"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_few_elements_are_lines_and_many_are_bands():
    from matplotlib.figure import Figure

    few = walk(rv.Adam(), ["weights", "loss"])
    assert len(few.plot(Figure().add_subplot()).lines) == 1
    ax = few.plot(Figure().add_subplot(), name="loss")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), few["loss"])
    many = rv.train(NETWORK, X, Y, rv.Recipe(epochs=3), record=["weights"]).trace
    ax = many.plot(Figure().add_subplot())
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(many["weights"].flat, axis=1))
    assert len(ax.collections) == 2


def test_one_list_of_names_serves_several_optimizers():
    everything = ["weights", "gradient", "velocity", "learning_rate", "second_moment"]
    kept = {}
    for rule in (rv.SGD(0.1, momentum=0.9), rv.Adam(0.1), rv.SGD(0.1)):
        recipe = rv.Recipe(optimizer=rule, epochs=2)
        network = rv.Network([rv.Dense(1)])
        trace = rv.train(network, [[1.0], [2.0]], [1.0, 3.0], recipe, record=everything).trace
        kept[repr(rule)] = set(trace.names)
        with pytest.raises(rv.errors.ParameterError, match="The trace has no"):
            trace["velocity" if "velocity" not in trace.names else "second_moment"]
    always = {"weights", "gradient", "learning_rate"}
    assert list(kept.values()) == [always | {"velocity"}, always | {"second_moment"}, always]
