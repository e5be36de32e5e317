"""train: what a run records, how it ends, and what it may not depend on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import numpy as np
import pytest

import ravine as rv
from ravine.engine import _cpu
from ravine.errors import DataError, DivergenceError, ParameterError
from tests.builders.small_runs import CLASSIFIER, LINEAR, NETWORK, X, Y, weights

RNG = np.random.default_rng(1)
LABELS = np.where(Y > 0, "up", "down")


def test_the_history_says_what_every_epoch_did():
    recipe = rv.Recipe(
        optimizer=rv.SGD(rv.StepDecay(0.1, 0.5, every=2)),
        batch_size=64,
        epochs=4,
        validation_fraction=0.25,
        penalty=rv.L2(0.01),
    )
    history = rv.train(NETWORK, X, Y, recipe).history
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["step"].tolist() == [3, 6, 9, 12]  # 150 rows in batches of 64
    assert history["learning_rate"].tolist() == [0.1, 0.1, 0.05, 0.05]
    np.testing.assert_allclose(history["capacity"], [0.3, 0.6, 0.75, 0.9])
    assert (history["penalty"] > 0).all()
    assert (history["loss"][1:] < history["loss"][:-1]).all()
    assert (np.diff(history["seconds"]) > 0).all()
    for column in ("val_loss", "val_r2", "val_rmse", "gradient_norm", "update_ratio"):
        assert np.isfinite(history[column]).all()
    assert list(history.to_frame().columns) == list(history)


def test_without_validation_rows_the_history_has_no_such_columns():
    assert not any(name.startswith("val_") for name in rv.train(LINEAR, X, Y).history)


def test_one_step_of_gradient_descent_is_recorded_exactly():
    # ŷ = w x, w₀ = 2, x = 1, y = 0: loss 4, gradient 2·2 = 4; penalty ½·0.5·4 = 1, its gradient 1.
    # w₁ = 2 − 0.1·5 = 1.5, so the weight moved by a quarter of its size.
    network = rv.Network([rv.Dense(1, use_bias=False, initializer=rv.initializers.Constant(2.0))])
    recipe = rv.Recipe(optimizer=rv.SGD(0.1), epochs=1, penalty=rv.L2(0.5), dtype="float64")
    model = rv.train(network, [[1.0]], [0.0], recipe)
    history = model.history
    assert model.parameters["dense_1.weight"].item() == pytest.approx(1.5, rel=1e-15)
    assert history["loss"].tolist() == [4.0]
    assert history["penalty"].tolist() == [1.0]
    assert history["gradient_norm"].tolist() == [5.0]
    assert history["update_ratio"].tolist() == [0.25]


def test_sample_weights_count_as_repeated_rows():
    counts = RNG.integers(1, 4, len(X))
    recipe = rv.Recipe(optimizer=rv.SGD(0.1), batch_size="full", epochs=20, dtype="float64")
    weighted = rv.train(NETWORK, X, Y, recipe, sample_weight=counts)
    repeated = rv.train(NETWORK, np.repeat(X, counts, axis=0), np.repeat(Y, counts), recipe)
    np.testing.assert_allclose(weights(weighted), weights(repeated), rtol=1e-10)


def test_clip_norm_bounds_the_step():
    network = rv.Network([rv.Dense(1, initializer="zeros")])
    recipe = rv.Recipe(optimizer=rv.SGD(1.0), batch_size="full", epochs=1, clip_norm=0.01)
    model = rv.train(network, X, 1000 * Y, recipe)
    assert np.linalg.norm(weights(model)) == pytest.approx(0.01, rel=1e-5)
    assert model.history["gradient_norm"][0] > 1000


def test_max_norm_bounds_the_weights_into_each_unit():
    recipe = rv.Recipe(optimizer=rv.SGD(0.05), epochs=5, max_norm=0.3)
    model = rv.train(NETWORK, X, 10 * Y, recipe)
    norms = np.linalg.norm(model.parameters["dense_1.weight"], axis=0)
    assert (norms <= 0.3 * (1 + 1e-6)).all()
    assert norms.max() == pytest.approx(0.3, rel=1e-5)


def test_averaging_gives_the_debiased_exponential_mean_of_the_weights():
    # ŷ = w x at x = 1, y = 0, η = 0.25: w halves at every step: 4, 2, 1, ½.
    network = rv.Network([rv.Dense(1, use_bias=False, initializer=rv.initializers.Constant(4.0))])
    recipe = rv.Recipe(optimizer=rv.SGD(0.25), epochs=3, averaging=0.5, dtype="float64")
    model = rv.train(network, [[1.0]], [0.0], recipe)
    # (½·½ + ¼·1 + ⅛·2) / (½ + ¼ + ⅛) = 0.75 / 0.875
    assert model.parameters["dense_1.weight"].item() == pytest.approx(0.75 / 0.875, rel=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_at_rest_are_their_average_bit_for_bit(dtype):
    network = rv.Network([rv.Normalize(), rv.Dense(3), rv.BatchNorm(momentum=0.0), rv.Dense(1)])
    for averaging in (0.1, 0.999, 1 - 1e-9):
        recipe = rv.Recipe(
            optimizer=rv.SGD(0.0),
            epochs=5,
            averaging=averaging,
            batch_size="full",
            shuffle=False,
            dtype=dtype,
        )
        model = rv.train(network, X, Y, recipe)
        still = rv.train(network, X, Y, recipe.replace(averaging=None))
        np.testing.assert_array_equal(weights(model), weights(still))
        # With the momentum 0 and one full batch the running statistics rest, too.
        np.testing.assert_array_equal(model.state_vector, still.state_vector)


@pytest.mark.parametrize("averaging", [0.9, 0.99, 0.999])
def test_averaged_weights_come_with_statistics_that_belong_to_them(averaging):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(500, 4)) * [1, 2, 3, 1] + [5, 0, 0, -3]
    y = inputs[:, 0] + np.sin(inputs[:, 1]) + 0.3 * inputs[:, 2]
    y = (y - y.mean()) / y.std()
    network = rv.Network(
        [rv.Normalize(), rv.Dense(16, activation="relu"), rv.Dense(1), rv.BatchNorm()]
    )
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.01), epochs=300, batch_size=50, averaging=averaging, dtype="float64"
    )
    model = rv.train(network, inputs, y, recipe, validation=(inputs, y))
    # What BatchNorm gives out with its running statistics, and what it would with the rows' own.
    found = model.predict(inputs)
    scale, shift = (model.parameters[f"batch_norm_1.{name}"] for name in ("scale", "shift"))
    assert abs(found.mean() - shift) < 0.05
    assert found.std() == pytest.approx(abs(scale), rel=0.05)
    # Validation looked at this very model.
    scores = model.evaluate(inputs, y)
    assert model.history["val_loss"][-1] == pytest.approx(scores["loss"], rel=1e-12)
    for name in ("mean", "standard_deviation"):  # what Normalize learnt stays as it is
        learnt = getattr(inputs, {"mean": "mean", "standard_deviation": "std"}[name])(axis=0)
        np.testing.assert_allclose(model.state[f"normalize_1.{name}"], learnt, rtol=1e-12)


def test_early_stopping_restores_the_averaged_state_of_its_best_epoch():
    rng = np.random.default_rng(0)
    network = rv.Network([rv.Dense(8), rv.BatchNorm(), rv.Activation("relu"), rv.Dense(1)])
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.03), epochs=60, batch_size=20, averaging=0.9, dtype="float64",
        stopping=rv.EarlyStopping(patience=60),
    )  # fmt: skip
    held_out = (rng.normal(size=(50, 3)), rng.normal(size=50))
    model = rv.train(network, X, Y, recipe, validation=held_out)
    assert model.best_epoch < 60
    best = model.evaluate(*held_out)["loss"]
    assert best == pytest.approx(model.history["val_loss"][model.best_epoch - 1], rel=1e-12)


def test_early_stopping_gives_the_weights_of_the_best_epoch():
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.05),
        epochs=300,
        validation_fraction=0.3,
        stopping=rv.EarlyStopping(patience=5),
    )
    model = rv.train(NETWORK, X, RNG.normal(size=200), recipe)
    assert model.status == "stopped early"
    assert model.best_epoch == 1 + int(np.argmin(model.history["val_loss"]))
    assert len(model.history) == model.best_epoch + 5
    again = rv.train(NETWORK, X, RNG.normal(size=200), recipe.replace(epochs=1))
    assert again.status == "finished"


def test_validation_rows_are_drawn_with_the_share_of_every_class():
    labels = np.array(["rare"] * 20 + ["common"] * 180)
    seen = []
    recipe = rv.Recipe(
        validation_fraction=0.25, epochs=1, augmentation=lambda X, y, rng: seen.append(y) or (X, y)
    )
    rv.train(CLASSIFIER, X, labels, recipe)
    assert len(seen[0]) == 150
    assert (seen[0] == "rare").sum() == 15


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_population_equals_its_members_trained_alone(threads):
    recipes = [
        rv.Recipe(epochs=3, seed=1, dropout=0.3),
        rv.Recipe(epochs=30, optimizer=rv.LBFGS()),
        rv.Recipe(epochs=5, optimizer="sgd", batch_size=7, dtype="float64"),
        rv.Recipe(epochs=2, averaging=0.9, penalty=rv.L1(0.01)),
    ]
    jobs = [rv.Job(NETWORK, recipe) for recipe in recipes]
    for job, model in zip(jobs, rv.train_many(jobs, X, Y, threads=threads), strict=True):
        alone = rv.train(job.network, X, Y, job.recipe, threads=1)
        np.testing.assert_array_equal(weights(model), weights(alone))
        np.testing.assert_array_equal(model.history["loss"], alone.history["loss"])


def test_divergence_names_step_epoch_rate_and_cure():
    with pytest.raises(DivergenceError, match=r"at step \d+ \(epoch \d+\).*now 1e\+20.*clip_norm"):
        rv.train(LINEAR, X, Y, rv.Recipe(optimizer=rv.SGD(1e20)))


def test_a_learning_rate_of_zero_moves_nothing():
    recipe = rv.Recipe(optimizer=rv.SGD(0.0), epochs=3)
    one, three = (rv.train(NETWORK, X, Y, recipe.replace(epochs=n)) for n in (1, 3))
    np.testing.assert_array_equal(weights(one), weights(three))
    assert three.history["update_ratio"].tolist() == [0, 0, 0]


def test_a_callback_sees_every_epoch_and_may_end_the_run():
    rows = []

    def callback(row):
        rows.append(row)
        return row["epoch"] == 3

    model = rv.train(LINEAR, X, Y, rv.Recipe(epochs=9), callback=callback)
    assert model.status == "stopped early"
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["loss"] == model.history["loss"][-1]


def test_an_error_in_the_callback_comes_out():
    def callback(row):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        rv.train(LINEAR, X, Y, callback=callback)


def test_progress_reports_every_epoch_of_every_run():
    seen = []
    jobs = [rv.Job(LINEAR, rv.Recipe(epochs=4, seed=seed)) for seed in range(3)]
    rv.train_many(jobs, X, Y, progress=seen.append)
    assert sorted((row["run"], row["epoch"]) for row in seen) == [
        (run, epoch) for run in range(3) for epoch in range(1, 5)
    ]
    assert {(row["runs"], row["epochs"]) for row in seen} == {(3, 4)}


def test_ctrl_c_is_honoured_while_a_large_copula_is_fitted():
    images = np.random.default_rng(0).normal(size=(2000, 1500))

    def interrupt():
        time.sleep(0.3)
        signal.raise_signal(signal.SIGINT)

    recipe = rv.Recipe(augmentation=rv.Synthesize(), epochs=1)
    thread = threading.Thread(target=interrupt)
    thread.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rv.train(LINEAR, images, images[:, 0], recipe)
    assert time.monotonic() - started < 2  # uninterrupted it takes more than twice that
    thread.join()


def test_other_python_threads_run_while_a_network_trains():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.perf_counter()
    rv.train(NETWORK, X, Y, rv.Recipe(epochs=3000, batch_size=4), threads=1)
    ended = time.perf_counter()
    done.set()
    thread.join()
    assert sum(started < moment < ended for moment in ticks) > 10


def test_rows_beyond_the_data_are_refused():
    with pytest.raises(DataError, match="rows must hold numbers from 0 to 199"):
        rv.train_many([rv.Job(LINEAR, rows=[0, 200])], X, Y)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (rv.Recipe(stopping=rv.EarlyStopping()), "there are no validation rows"),
        (
            rv.Recipe(stopping=rv.EarlyStopping(monitor="val_accuracy"), validation_fraction=0.5),
            "a regression does not have",
        ),
        (
            rv.Recipe(optimizer=rv.SGD(rv.ReduceOnPlateau(0.1, monitor="val_loss"))),
            "ReduceOnPlateau watches 'val_loss'",
        ),
    ],
    ids=["no validation", "wrong metric", "schedule"],
)
def test_a_monitor_that_cannot_be_is_refused(recipe, message):
    with pytest.raises(ParameterError, match=message):
        rv.train(LINEAR, X, Y, recipe)


def test_mini_batches_of_one_row_under_batch_norm_are_refused_with_a_cure():
    network = rv.Network([rv.Dense(3), rv.BatchNorm(), rv.Dense(1)])
    with pytest.raises(
        ParameterError, match=r"two rows in every mini-batch. Got batch_size=1"
    ) as e:
        rv.train(network, X, Y, rv.Recipe(batch_size=1))
    assert e.value.hint == "Use batch_size=2 or more."
    with pytest.raises(ParameterError, match="there is one training row"):
        rv.train(network, X[:1], Y[:1], rv.Recipe(batch_size=128))


def test_a_last_row_by_itself_joins_the_mini_batch_before_it_under_batch_norm():
    rows, twice = X[:141], Y[:141]
    network = rv.Network([rv.BatchNorm(momentum=0.9), rv.Dense(1)])
    model = rv.train(network, rows, twice, rv.Recipe(batch_size=70, epochs=1, shuffle=False))
    assert model.history["step"].tolist() == [2]
    mean, variance = np.zeros(3), np.ones(3)
    for batch in (rows[:70], rows[70:]):  # 70 and 71 rows
        mean = 0.9 * mean + 0.1 * batch.mean(axis=0)
        variance = 0.9 * variance + 0.1 * batch.var(axis=0, ddof=1)
    np.testing.assert_allclose(model.state_vector, [*mean, *variance], rtol=1e-5, atol=1e-7)
    # Without BatchNorm there are as many mini-batches as ever.
    plain = rv.train(LINEAR, rows, twice, rv.Recipe(batch_size=70, epochs=2))
    assert plain.history["step"].tolist() == [3, 6]


def test_a_batch_that_a_row_has_joined_counts_synthetic_and_own_rows_and_leaves_absent_ones_out():
    network = rv.Network([rv.Dense(3), rv.BatchNorm(), rv.Dense(1)])

    def steps(n, **options):
        weight = options.pop("sample_weight", None)
        recipe = rv.Recipe(batch_size=20, epochs=1, **options)
        model = rv.train(network, X[:n], Y[:n], recipe, sample_weight=weight)
        return int(model.history["step"][-1])

    assert steps(54, augmentation=[rv.Synthesize(0.5)]) == 4  # 81 rows
    assert steps(81, augmentation=[lambda X, y, rng: (X, y)]) == 4
    assert steps(90, sample_weight=np.repeat([0.0, 1.0], [9, 81])) == 4
    assert steps(82) == 5


@pytest.mark.parametrize("threads", [1, 3])
def test_runs_whose_last_row_joins_resume_and_are_alike_in_populations(tmp_path, threads):
    network = rv.Network([rv.Dense(3), rv.BatchNorm(), rv.Dense(1)])
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(batch_size=33, epochs=6)  # 199 rows: 6 mini-batches
    whole = rv.train(network, X[:199], Y[:199], recipe)
    short = recipe.replace(epochs=3)
    rv.train(network, X[:199], Y[:199], short, checkpoint=path, threads=threads)
    again = rv.train(network, X[:199], Y[:199], recipe, start=path, threads=threads)
    jobs = [rv.Job(network, recipe), rv.Job(network, recipe.replace(batch_size=66))]
    members = rv.train_many(jobs, X[:199], Y[:199], threads=threads)
    for model in (again, members[0]):
        np.testing.assert_array_equal(weights(model), weights(whole))
    assert members[1].history["step"][-1] == 18


def test_a_dense_layer_on_images_asks_for_flatten():
    with pytest.raises(ParameterError, match=r"Put Flatten\(\) before it"):
        rv.train(LINEAR, X.reshape(200, 3, 1), Y)


def test_monte_carlo_dropout_draws_and_plain_prediction_does_not():
    model = rv.train(NETWORK, X, Y, rv.Recipe(epochs=5, dropout=0.5))
    draws = model.predict(X, samples=50)
    assert draws.shape == (50, 200)
    assert draws.std(axis=0).min() > 0
    np.testing.assert_array_equal(model.predict(X), model.predict(X))


def test_threads_beyond_reason_are_refused():
    with pytest.raises(ParameterError, match="'threads' parameter of train"):
        rv.train(LINEAR, X, Y, threads=0)


LEVELS = [
    level
    for level in ("base", "v2", "v3", "v4")
    if find_spec(f"ravine.engine._engine_{level}") and level <= _cpu.instruction_level()
]


@pytest.mark.parametrize("level", LEVELS)
def test_every_instruction_level_that_this_processor_runs_gives_the_same_network(level):
    script = (
        "import json, numpy as np, ravine as rv; from ravine.engine import _engine;"
        "X = np.arange(12.0).reshape(6, 2) / 6;"
        "n = rv.Network([rv.Dense(3, activation='tanh'), rv.Dense(1)]);"
        "m = rv.train(n, X, X[:, 0], rv.Recipe(epochs=5, dtype='float64'));"
        "print(json.dumps([_engine.Network64.__module__, m.predict(X).tolist()]))"
    )
    outputs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", script],
                env=os.environ | {"RAVINE_LEVEL": asked},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for asked in (level, LEVELS[-1])
    ]
    assert outputs[0][0] == f"ravine.engine._engine_{level}"
    assert outputs[0][1] == pytest.approx(outputs[1][1], abs=1e-12)


def test_dropout_of_the_recipe_and_of_the_network_are_not_taken_together():
    own = rv.Network([rv.Dense(4), rv.Dropout(0.1), rv.Dense(4), rv.Dense(1)])
    with pytest.raises(
        ParameterError, match=r"dropout=0\.5, and the network has its own Dropout layers"
    ):
        rv.train(own, X, Y, rv.Recipe(dropout=0.5))
    inside = rv.Network([rv.Dense(4), rv.Residual([rv.Dropout(0.1), rv.Dense(4)]), rv.Dense(1)])
    with pytest.raises(ParameterError, match="use only one of them"):
        rv.train(inside, X, Y, rv.Recipe(dropout=0.5))


def test_dropout_that_has_nothing_to_drop_is_refused():
    with pytest.raises(ParameterError, match="The network has none there"):
        rv.train(rv.Network([rv.Dense(1)]), X, Y, rv.Recipe(dropout=0.5))
