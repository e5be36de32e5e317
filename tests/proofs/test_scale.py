"""What small tests cannot see: batches of many chunks, matrices that a BLAS would cut up."""

import numpy as np
import pytest

import ravine as rv
from tests.conformance import engine

WIDE = rv.Network(
    [rv.Dense(300, activation="relu"), rv.Dense(200, activation="tanh"), rv.Dense(5)],
    loss="cross_entropy",
)


def table(n, columns=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    return X, (X[:, :5] + rng.gumbel(size=(n, 5))).argmax(axis=1)


def vector(model):
    return np.concatenate([array.ravel() for array in model.parameters.values()])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [100, 512, "full"])
def test_wide_networks_do_not_depend_on_the_number_of_threads(batch_size, dtype):
    X, y = table(1500)
    recipe = rv.Recipe(batch_size=batch_size, epochs=2, dropout=0.2, dtype=dtype)
    alone = vector(rv.train(WIDE, X, y, recipe, threads=1))
    np.testing.assert_array_equal(vector(rv.train(WIDE, X, y, recipe, threads=2)), alone)
    jobs = [rv.Job(WIDE, recipe), rv.Job(WIDE, recipe.replace(seed=1)), rv.Job(WIDE, recipe)]
    for threads in (1, 2, 3):
        first, other, third = rv.train_many(jobs, X, y, threads=threads)
        np.testing.assert_array_equal(vector(first), alone)
        np.testing.assert_array_equal(vector(third), alone)
        assert not np.array_equal(vector(other), alone)


STACKS = {
    "dense": [rv.Dense(17, activation="gelu"), rv.Dense(5)],
    "batch norm": [rv.Dense(17), rv.BatchNorm(), rv.Activation("tanh"), rv.Dense(5)],
    "residual": [
        rv.Dense(8),
        rv.Residual([rv.LayerNorm(), rv.Dense(30, activation="silu"), rv.Dense(8)]),
        rv.Dense(5),
    ],
}


@pytest.mark.parametrize("layers", STACKS.values(), ids=list(STACKS))
def test_a_step_over_many_rows_is_along_the_gradient_of_all_of_them(layers):
    # The engine works through a batch in chunks; the gradient of one row after the other, by
    # weights of a single 1, needs none. With BatchNorm rows do not stand alone: all in one batch.
    n, rate = 3001, 1e-3
    X, y = table(n, columns=6)
    network = rv.Network(layers, loss="cross_entropy")
    weight = np.random.default_rng(1).uniform(0.5, 2, n)
    recipe = rv.Recipe(
        optimizer=rv.SGD(rate), batch_size="full", epochs=1, shuffle=False, dtype="float64"
    )
    model = rv.train(network, X, y, recipe, sample_weight=weight)

    start, state = engine.initial(network, (6,), recipe.seed)
    case = {
        "network": network.to_dict(),
        "penalty": None,
        "X": X,
        "y": y,
        "sample_weight": weight,
        "parameters": start,
        "state": state,
    }
    wanted = engine.objective(case)
    if "BatchNorm" not in str(network):
        pieces = [
            engine.objective({**case, "X": X[rows], "y": y[rows], "sample_weight": weight[rows]})[
                "gradient"
            ]
            for rows in np.array_split(np.arange(n), 300)
        ]
        shares = [weight[rows].sum() for rows in np.array_split(np.arange(n), 300)]
        wanted["gradient"] = {
            name: np.average([piece[name] for piece in pieces], axis=0, weights=shares)
            for name in start
        }
    for name, array in model.parameters.items():
        step = (start[name] - array) / rate
        np.testing.assert_allclose(step, wanted["gradient"][name], rtol=0, atol=1e-11, err_msg=name)
    np.testing.assert_allclose(model.history["loss"], [wanted["loss"]], rtol=1e-12)


def test_whole_weights_are_rows_that_repeat():
    X, y = table(600, columns=6)
    times = np.arange(600) % 3
    network = rv.Network(STACKS["dense"], loss="cross_entropy")
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.1, momentum=0.9), batch_size="full", epochs=20, dtype="float64"
    )
    weighted = rv.train(network, X, y, recipe, sample_weight=times)
    repeated = rv.train(network, np.repeat(X, times, axis=0), np.repeat(y, times), recipe)
    np.testing.assert_allclose(vector(weighted), vector(repeated), rtol=0, atol=1e-11)
    scores = (
        weighted.evaluate(X, y, sample_weight=times),
        repeated.evaluate(np.repeat(X, times, axis=0), np.repeat(y, times)),
    )
    for name, value in scores[0].items():
        np.testing.assert_allclose(value, scores[1][name], rtol=1e-10, err_msg=name)


def test_predictions_do_not_depend_on_how_many_rows_are_asked_for_at_once():
    X, y = table(3001)
    model = rv.train(WIDE, X, y, rv.Recipe(epochs=1))
    whole = model.predict_proba(X)
    pieces = np.concatenate([model.predict_proba(X[i : i + 700]) for i in range(0, 3001, 700)])
    np.testing.assert_allclose(pieces, whole, rtol=1e-5, atol=1e-7)
    scores = model.evaluate(X, y)
    codes = np.searchsorted(model.classes, y)
    likelihood = whole[np.arange(3001), codes]
    np.testing.assert_allclose(scores["loss"], -np.log(likelihood).mean(), rtol=1e-5)
    np.testing.assert_allclose(scores["accuracy"], np.mean(model.predict(X) == y), rtol=1e-12)


def test_single_and_double_precision_give_the_same_model_to_single_precision():
    X, y = table(900, columns=6)
    network = rv.Network(STACKS["residual"], loss="cross_entropy")
    single, double = (
        vector(rv.train(network, X, y, rv.Recipe(epochs=2, batch_size=64, dtype=dtype)))
        for dtype in ("float32", "float64")
    )
    np.testing.assert_allclose(single, double, rtol=0, atol=2e-4)
    assert not np.array_equal(single, double)
