"""Custom parts reproduce their built-in twins, and keep what always holds of runs."""

from __future__ import annotations

import threading
import time
import traceback

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, DivergenceError, ParameterError
from tests.builders.custom_parts import (
    RELU,
    Counts,
    Decay,
    Jitter,
    Linear,
    LogLoss,
    Momentum,
    Relu,
    Ridge,
    Smooth,
    everything,
)
from tests.builders.small_runs import LINEAR, NETWORK, X, Y, weights

DOUBLE = rv.Recipe(epochs=5, dtype="float64", batch_size=64, optimizer=rv.SGD(0.05))
CLASSES = np.array(["a", "b", "c"])[np.digitize(Y, [-1.0, 1.0])]
COUNTS = np.random.default_rng(1).poisson(np.exp(0.3 * X[:, 0]))


def dense(units, **options):
    return rv.Dense(units, initializer="he_normal", **options)


def network(*hidden, loss="squared_error", outputs=1):
    return rv.Network([dense(8), *hidden, dense(outputs)], loss=loss)


HIDDEN = network(rv.Activation("relu"))

#: What is custom and its twin: networks, recipes, targets.
TWINS = {
    "layer": ((network(Relu()), DOUBLE), (HIDDEN, DOUBLE), Y),
    "layer with parameters": (
        (rv.Network([Linear(8), Relu(), Linear(1)]), DOUBLE.replace(penalty=rv.L2(0.1))),
        (HIDDEN, DOUBLE.replace(penalty=rv.L2(0.1))),
        Y,
    ),
    "layer in a residual": (
        (rv.Network([rv.Residual([Linear(3), Relu()]), dense(1)]), DOUBLE),
        (rv.Network([rv.Residual([dense(3, activation="relu")]), dense(1)]), DOUBLE),
        Y,
    ),
    "activation": ((network(RELU), DOUBLE), (HIDDEN, DOUBLE), Y),
    "activation of a Dense": (
        (rv.Network([dense(8, activation=RELU), dense(1)]), DOUBLE),
        (HIDDEN, DOUBLE),
        Y,
    ),
    "loss": (
        (network(loss=Smooth(0.5)), DOUBLE),
        (network(loss=rv.losses.Huber(0.5)), DOUBLE),
        Y,
    ),
    "loss of several outputs": (
        (network(loss=Smooth(0.5), outputs=3), DOUBLE),
        (network(loss=rv.losses.Huber(0.5), outputs=3), DOUBLE),
        X,
    ),
    "loss of classes": (
        (network(loss=LogLoss(), outputs=3), DOUBLE),
        (network(loss="cross_entropy", outputs=3), DOUBLE),
        CLASSES,
    ),
    "loss with a link": (
        (network(loss=Counts()), DOUBLE),
        (network(loss="poisson"), DOUBLE),
        COUNTS,
    ),
    "penalty": (
        (HIDDEN, DOUBLE.replace(penalty=Ridge(0.1))),
        (HIDDEN, DOUBLE.replace(penalty=rv.L2(0.1))),
        Y,
    ),
    "penalty of one layer": (
        (rv.Network([dense(8, penalty=Ridge(0.1)), dense(1)]), DOUBLE),
        (rv.Network([dense(8, penalty=rv.L2(0.1)), dense(1)]), DOUBLE),
        Y,
    ),
    "optimizer": (
        (HIDDEN, DOUBLE.replace(optimizer=Momentum(0.01))),
        (HIDDEN, DOUBLE.replace(optimizer=rv.SGD(0.01, momentum=0.9))),
        Y,
    ),
    "function of epochs": (
        (HIDDEN, DOUBLE.replace(optimizer=rv.SGD(lambda t: 0.05 * np.exp(-0.3 * t)))),
        (HIDDEN, DOUBLE.replace(optimizer=rv.SGD(rv.ExponentialDecay(0.05, rate=0.3)))),
        Y,
    ),
    "schedule of steps behind a warm-up": (
        (
            HIDDEN,
            DOUBLE.replace(optimizer=rv.Adam(rv.Warmup(3, Decay(0.05, 0.1, "step"), unit="step"))),
        ),
        (
            HIDDEN,
            DOUBLE.replace(
                optimizer=rv.Adam(
                    rv.Warmup(3, rv.ExponentialDecay(0.05, rate=0.1, unit="step"), unit="step")
                )
            ),
        ),
        Y,
    ),
    "momentum": (
        (HIDDEN, DOUBLE.replace(optimizer=rv.SGD(0.01, momentum=lambda t: 0.9 * np.exp(-0.1 * t)))),
        (
            HIDDEN,
            DOUBLE.replace(
                optimizer=rv.SGD(0.01, momentum=rv.ExponentialDecay(0.9, rate=0.1)),
            ),
        ),
        Y,
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_a_custom_part_trains_as_its_built_in_twin(name):
    custom, built_in, y = TWINS[name]
    models = [rv.train(net, X, y, recipe) for net, recipe in (custom, built_in)]
    np.testing.assert_allclose(weights(models[0]), weights(models[1]), rtol=1e-9, atol=1e-12)
    for column in ("loss", "penalty", "learning_rate", "capacity"):
        np.testing.assert_allclose(*(m.history[column] for m in models), rtol=1e-9)
    ours, theirs = (model.evaluate(X, y) for model in models)
    assert ours.keys() == theirs.keys()
    for score, value in ours.items():
        assert value == pytest.approx(theirs[score], rel=1e-9)
    np.testing.assert_array_equal(*(np.round(m.predict(X), 9) for m in models)) if y.dtype.kind in (
        "f"
    ) else None
    if models[0].classes is not None:
        np.testing.assert_allclose(*(m.predict_proba(X) for m in models), rtol=1e-9)


def test_a_custom_penalty_sees_whole_arrays_and_leaves_biases_out():
    seen = []

    class Watching(Ridge):
        def value(self, w):
            seen.append(w.shape)
            return super().value(w)

    rv.train(NETWORK, X, Y, DOUBLE.replace(penalty=Watching(0.1), epochs=1))
    assert set(seen) == {(3, 4), (4, 1)}


class Biased(Ridge):
    include_bias = True


def test_a_custom_penalty_takes_biases_where_it_says_so():
    one, other = (
        rv.train(NETWORK, X, Y, DOUBLE.replace(penalty=penalty))
        for penalty in (Biased(0.1), rv.L2(0.1, include_bias=True))
    )
    np.testing.assert_allclose(weights(one), weights(other), rtol=1e-9)


# What always holds.


@pytest.mark.parametrize("threads", [1, 3])
def test_a_population_with_custom_parts_equals_solo_runs(threads):
    pairs = [everything(decay) for decay in (0.0, 0.1, 0.2)]
    many = rv.train_many([rv.Job(*pair) for pair in pairs], X, Y, threads=threads)
    for model, pair in zip(many, pairs, strict=True):
        np.testing.assert_array_equal(weights(model), weights(rv.train(pair[0], X, Y, pair[1])))


def test_the_number_of_threads_of_a_step_changes_nothing():
    rng = np.random.default_rng(0)
    big, target = rng.normal(size=(4096, 20)), rng.normal(size=4096)
    wide = rv.Network([rv.Dense(64), Relu(), Linear(32), rv.Dense(1)], loss=Smooth())
    recipe = rv.Recipe(epochs=1, batch_size=2048)
    one, four = (rv.train(wide, big, target, recipe, threads=threads) for threads in (1, 4))
    np.testing.assert_array_equal(weights(one), weights(four))


def test_a_run_with_custom_parts_resumes_from_its_checkpoint_bit_for_bit(tmp_path):
    network, recipe = everything()
    whole = rv.train(network, X, Y, recipe)
    path = tmp_path / "run.safetensors"
    rv.train(network, X, Y, recipe.replace(epochs=3), checkpoint=path)
    resumed = rv.train(network, X, Y, recipe, start=path)
    np.testing.assert_array_equal(weights(whole), weights(resumed))
    assert len(resumed.history) == 6


@pytest.mark.parametrize(
    "change",
    [
        lambda network, recipe: (network, recipe.replace(optimizer=Momentum(0.3))),
        lambda network, recipe: (network, recipe.replace(penalty=Ridge(0.3))),
        lambda network, recipe: (rv.Network(network.layers, Smooth(0.7)), recipe),
    ],
)
def test_the_checkpoint_of_other_custom_parts_is_refused(tmp_path, change):
    network, recipe = everything()
    path = tmp_path / "run.safetensors"
    rv.train(network, X, Y, recipe.replace(epochs=3), checkpoint=path)
    network, recipe = change(network, recipe)
    with pytest.raises(ParameterError, match="checkpoint of a run with another"):
        rv.train(network, X, Y, recipe, start=path)


def fit_one(pair):
    return weights(rv.train(*pair[:1], X, Y, pair[1]))


def test_custom_parts_travel_to_other_processes():
    from joblib import Parallel, delayed

    pairs = [everything(decay) for decay in (0.0, 0.2)]
    found = Parallel(n_jobs=2)(delayed(fit_one)(pair) for pair in pairs)
    for array, pair in zip(found, pairs, strict=True):
        np.testing.assert_array_equal(array, fit_one(pair))


def test_models_with_custom_parts_can_be_used_from_several_threads_at_once():
    network, recipe = everything()
    model = rv.train(network, X, Y, recipe)
    expected, found = model.predict(X), []
    threads = [threading.Thread(target=lambda: found.append(model.predict(X))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert len(found) == 4
    for predicted in found:
        np.testing.assert_array_equal(predicted, expected)


def test_minimize_takes_custom_optimizers_and_schedules():
    valley = rv.landscapes.ill_conditioned(4)

    def walk(optimizer):
        return rv.minimize(valley, [1.0, 1.0], jac=valley.jac, optimizer=optimizer, steps=20).path

    built_in = walk(rv.SGD(rv.ExponentialDecay(0.1, rate=0.1), momentum=0.9))
    np.testing.assert_allclose(walk(Momentum(Decay(0.1, 0.1))), built_in, rtol=1e-12)
    by_function = rv.SGD(lambda t: 0.1 * np.exp(-0.1 * t), momentum=0.9)
    np.testing.assert_allclose(walk(by_function), built_in, rtol=1e-12)


def test_a_function_may_make_the_rows_of_every_epoch():
    sizes = []

    def twice(X, y, rng):
        sizes.append(X.shape)
        return np.vstack([X, X + 0.1 * rng.normal(size=X.shape)]), np.concatenate([y, y])

    model = rv.train(NETWORK, X, Y, rv.Recipe(epochs=3, batch_size=100, augmentation=twice))
    assert model.history["step"].tolist() == [4, 8, 12]
    assert set(sizes) == {(200, 3)}


def test_a_custom_augmentation_is_a_function_with_arguments():
    def jitter(X, y, rng):
        return X + 0.1 * rng.normal(size=X.shape), y

    one, other = (
        rv.train(NETWORK, X, Y, rv.Recipe(epochs=3, augmentation=[item, rv.Noise(0.1)]))
        for item in (Jitter(0.1), jitter)
    )
    np.testing.assert_array_equal(weights(one), weights(other))
    shown = rv.augment(X, Y, [Jitter(0.1)])[0]
    assert 0.05 < (shown - X).std() < 0.15


# What goes wrong says where.


def broken(method, result, base=Relu, **options):
    """Give a class whose method returns or raises something."""

    def wrong(self, *arguments):
        if isinstance(result, tuple):
            raise result[0](result[1])
        return result(*arguments)

    return type("Wrong", (base,), {method: wrong, **options})


def test_an_error_in_the_users_code_arrives_with_its_traceback_and_the_name_of_the_part():
    class Wrong(Relu):
        def backward(self, x, y, dy, parameters):
            return dy * self.missing

    with pytest.raises(AttributeError, match="missing") as caught:
        rv.train(network(Wrong()), X, Y)
    assert caught.value.__notes__ == [
        "This was raised in backward() of the layer wrong_1, Wrong()."
    ]
    assert "return dy * self.missing" in "".join(traceback.format_exception(caught.value))


RAISED = (KeyError, "mine")


@pytest.mark.parametrize(
    ("network", "recipe", "where"),
    [
        (network(broken("forward", RAISED)()), {}, "forward() of the layer wrong_1, Wrong()"),
        (network(broken("parameters", RAISED)()), {}, "parameters() of the layer wrong_1, Wrong()"),
        (
            network(loss=broken("value", RAISED, Smooth)()),
            {},
            "value() of the loss Wrong()",
        ),
        (network(loss=broken("slope", RAISED, Smooth)()), {}, "slope() of the loss Wrong()"),
        (
            NETWORK,
            {"penalty": broken("gradient", RAISED, Ridge)(1.0)},
            "gradient() of the penalty Wrong(1.0)",
        ),
        (
            NETWORK,
            {"optimizer": broken("init", RAISED, Momentum)()},
            "init() of the optimizer Wrong(learning_rate=0.01)",
        ),
        (
            NETWORK,
            {"optimizer": broken("update", RAISED, Momentum)()},
            "update() of the optimizer Wrong(learning_rate=0.01)",
        ),
        (
            NETWORK,
            {"optimizer": rv.SGD(broken("value", RAISED, Decay)(0.1, 0.1))},
            "value() of the schedule Wrong(0.1, 0.1)",
        ),
        (
            NETWORK,
            {"augmentation": broken("__call__", RAISED, Jitter)(0.1)},
            "__call__() of the augmentation Wrong(0.1)",
        ),
    ],
)
@pytest.mark.parametrize("runs", [1, 3])
def test_whatever_custom_code_raises_ends_the_runs_and_names_the_part(network, recipe, where, runs):
    with pytest.raises(KeyError, match="mine") as caught:
        rv.train_many([rv.Job(network, rv.Recipe(**recipe))] * runs, X, Y, threads=2)
    assert f"This was raised in {where}." in caught.value.__notes__


def test_what_a_part_returns_is_checked():
    def run(network, **recipe):
        with pytest.raises(ParameterError) as caught:
            rv.train(network, X, Y, rv.Recipe(batch_size=100, **recipe))
        return str(caught.value)

    assert run(network(broken("forward", lambda x, p: x[:, :3])())) == (
        "What forward() of the layer wrong_1, Wrong() returns must have shape (100, 8). "
        "Got (100, 3)."
    )
    assert "must be an array of real numbers. Got NoneType" in run(
        network(broken("backward", lambda *a: None)())
    )
    assert "must be an array of real numbers. Got complex" in run(
        network(broken("forward", lambda x, p: x * 1j)())
    )
    assert "has NaN, although all that it was computed from is finite" in run(
        network(broken("forward", lambda x, p: x * np.nan)())
    )
    assert "value() of the loss Wrong() returns, a number for each row, must have shape (" in run(
        network(loss=broken("value", lambda z, y: (z - y) ** 2, Smooth)())
    )
    assert "slope() of the loss Wrong() returns must have shape (" in run(
        network(loss=broken("slope", lambda z, y: 1.0, Smooth)())
    )
    assert "gradient() of the penalty Wrong(1.0) returns must have shape (3, 4)" in run(
        NETWORK, penalty=broken("gradient", lambda w: w.sum(), Ridge)(1.0)
    )
    assert "value(0) of the schedule FunctionOfTime(<lambda>) returns must be at least 0" in run(
        NETWORK, optimizer=rv.SGD(lambda t: -1.0)
    )
    assert "must be in [0, 1). Got 1" in run(NETWORK, optimizer=rv.SGD(0.1, momentum=lambda t: 1.0))
    assert "must change w in place and return None" in run(
        NETWORK, optimizer=broken("update", lambda w, *a: w - 1, Momentum)()
    )
    assert "must be a Parameter(shape, ...)" in run(
        network(broken("parameters", lambda shape: {"a": (3,)})())
    )
    assert "must return (dx, gradients)" in run(
        rv.Network([broken("backward", lambda x, y, dy, p: dy, Linear)(1)])
    )
    assert "with the keys weight, bias" in run(
        rv.Network([broken("backward", lambda x, y, dy, p: (x, {}), Linear)(1)])
    )
    assert "output_shape() of the layer wrong_1, Wrong() must return a tuple" in run(
        network(broken("output_shape", lambda shape: 3)())
    )


def test_a_layer_whose_rows_act_on_one_another_is_refused():
    centring = broken("forward", lambda x, p: x - x.mean(axis=0))()
    with pytest.raises(ParameterError, match=r"rows of the layer wrong_1, .* act on one another"):
        rv.train(network(centring), X, Y)


def test_a_custom_part_that_overflows_ends_the_run_as_diverged():
    exploding = rv.Activation(lambda x: np.full_like(x, np.inf), slope=np.zeros_like)
    with pytest.raises(DivergenceError, match="became infinite or NaN"):
        rv.train(network(exploding), X, Y, rv.Recipe(epochs=2))


def test_a_function_that_returns_other_columns_is_refused():
    recipe = rv.Recipe(augmentation=lambda X, y, rng: (X[:, :2], y))
    with pytest.raises(DataError, match="X of the augmentation function has 2 columns"):
        rv.train(LINEAR, X, Y, recipe)


def test_ctrl_c_ends_a_run_that_is_in_custom_code():
    import _thread

    def slow(x):
        time.sleep(0.01)
        return x

    endless = network(rv.Activation(slow, slope=np.ones_like))
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rv.train(endless, X, Y, rv.Recipe(epochs=100_000))
    timer.join()
    assert time.monotonic() - began < 5


def test_what_training_needs_dies_with_it():
    import gc
    import weakref

    class Watched(Relu):
        pass

    layer = Watched()
    model = rv.train(network(layer), X, Y, rv.Recipe(epochs=1))
    layer.__dict__["model"] = model  # a circle through the engine's handle
    gone = weakref.ref(model)
    del layer, model
    gc.collect()
    assert gone() is None


def test_a_part_that_calls_the_model_that_is_calling_it_is_told_so():
    class Recursive(Relu):
        model = None

        def forward(self, x, parameters):
            if Recursive.model is not None:
                Recursive.model.predict(X)
            return super().forward(x, parameters)

    model = rv.train(network(Recursive()), X, Y, rv.Recipe(epochs=1))
    Recursive.model = model
    with pytest.raises(ParameterError, match="cannot call the model that is calling it"):
        model.predict(X)
    Recursive.model = None
    assert model.predict(X).shape == Y.shape
