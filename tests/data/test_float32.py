"""float32 keeps the values of X: columns far from 0 have offsets, wherever they go."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.data.offsets import find_rounding
from ravine.data.shared import SharedData
from ravine.errors import ParameterError, SpecError
from ravine.training.resumable import ResumableTraining
from tests.builders.far_from_zero import NET, NOW, RECIPE, times, trained, waves

# --- Inputs keep their values ---------------------------------------------------------------------


@pytest.mark.parametrize("span", [10.0, 600.0, 86400.0, 30 * 86400.0])
def test_times_since_1970_keep_all_their_values(span):
    t = times(span)
    model = trained(t[:, None], waves(t))
    inputs = SharedData(t[:, None], None)
    offsets = inputs.offsets(NET, RECIPE)
    assert len(np.unique(inputs.training.features("float32", offsets))) == 600
    exact = trained(t[:, None], waves(t), recipe=RECIPE.replace(dtype="float64"))
    # Rounding errors of 30 steps in float32.
    np.testing.assert_allclose(model.predict(t[:, None]), exact.predict(t[:, None]), atol=2e-3)
    assert model.evaluate(t[:, None], waves(t))["r2"] > 0.9


@pytest.mark.parametrize(
    "convert",
    [
        lambda t: t.astype(np.int64)[:, None],
        lambda t: t.astype(np.uint64)[:, None],
        lambda t: t.astype(np.int64)[:, None].astype(object),
        lambda t: t[:, None].astype(object),
        lambda t: pd.DataFrame({"time": t}),
        lambda t: (t.astype(np.int64) * 1_000_000_000)[:, None],
        lambda t: np.asfortranarray(np.column_stack([t, -t]))[:, :1],
    ],
    ids=["int64", "uint64", "whole objects", "objects", "frame", "nanoseconds", "strided"],
)
def test_however_the_numbers_come_they_keep_their_values(convert):
    t = times()
    X = convert(t)
    model = trained(X, waves(t))
    seconds = np.round(t) if model.offsets[0] < 1e10 else t
    assert len(np.unique(model.predict(X))) > 0.9 * len(np.unique(seconds.astype(np.int64)))
    assert model.evaluate(X, waves(t))["r2"] > 0.9


def test_whole_numbers_that_float32_cannot_hold_are_exact_after_the_offset():
    ids = 2**53 + np.arange(50)[:, None] * 3 + 1  # float64 cannot tell them apart either
    model = trained(ids, np.arange(50.0))
    data = SharedData(ids, None)
    features = data.training.features("float32", data.offsets(NET, RECIPE))
    assert (np.diff(features[:, 0]) == 3).all()
    assert len(np.unique(model.predict(ids))) == 50


@settings(max_examples=25, deadline=None)
@given(
    exponent=st.floats(-3, 12),
    scale=st.floats(-10, 10),
    sign=st.sampled_from([-1.0, 1.0]),
    seed=st.integers(0, 99),
)
@example(exponent=11.9, scale=0.0, sign=1.0, seed=0)
@example(exponent=3.0, scale=-10.0, sign=-1.0, seed=0)
def test_float32_predicts_what_float64_does_however_far_from_0_a_column_lies(
    exponent, scale, sign, seed
):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(80, 2))
    y = x[:, 0] - 0.5 * x[:, 1] ** 2
    # float64 itself holds the column to 1e-16 · 10^exponent standard deviations
    X = np.column_stack([(x[:, 0] + sign * 10.0**exponent) * 10.0**scale, x[:, 1]])
    recipe = RECIPE.replace(epochs=10)
    single = trained(X, y, recipe=recipe).predict(X)
    double = trained(X, y, recipe=recipe.replace(dtype="float64")).predict(X)
    # Ten steps of rounding; what float64 has lost before; columns below 300 sd round to 2⁻¹⁷.
    np.testing.assert_allclose(single, double, atol=1e-3 + 10.0 ** (exponent - 15))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("first", [10**12, 10**15, 2**52])
@pytest.mark.parametrize("convert", [np.int64, np.float64])
def test_numbers_that_double_holds_are_kept_however_near_to_each_other(convert, first, dtype):
    n = 60
    y = np.sin(np.arange(n) / 5)
    recipe = RECIPE.replace(dtype=dtype)
    near, far = (
        trained((base + np.arange(n)).astype(convert)[:, None], y, recipe=recipe).predict(
            (base + np.arange(n)).astype(convert)[:, None]
        )
        for base in (0, first)
    )
    # The mean is rounded to the spacing of doubles there: up to 0.03 of the deviation.
    np.testing.assert_allclose(far, near, atol=0.1)
    assert len(np.unique(far)) == n


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [0.1, 1.7e9 + 0.3, -1e-200, 3e30])
def test_a_constant_column_is_found_to_be_one_however_many_rows_there_are(value, dtype):
    n = 20_000
    y = np.arange(n) % 2.0
    X = np.column_stack([np.full(n, value), np.cos(np.arange(n))])
    weights = 0.1 + (np.arange(n) % 7)  # sums of products round
    recipe = rv.Recipe(epochs=1, batch_size="full", dtype=dtype)
    model = rv.train(NET, X, y, recipe, sample_weight=weights)
    assert model.state["normalize_1.standard_deviation"][0] == 0


def test_ordinary_columns_have_no_offset_and_the_bits_of_rounding_first():
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.normal(size=400),
            rng.normal(300, 10, 400),  # kelvin
            rng.normal(1013, 8, 400),  # hPa
            rng.integers(2019, 2025, 400),  # years: exact
            rng.lognormal(0, 3, 400),
            np.full(400, 0.1),
            np.r_[np.ones(399), 0.9],
            0.1 + 1e-17 * rng.normal(size=400),
            2.0**30 + 128 * rng.integers(0, 5, 400),  # far from 0, but exact
        ]
    )
    y = X[:, 0]
    model = trained(X, y)
    assert model.offsets is None
    rounded = trained(X.astype(np.float32), y.astype(np.float32))
    assert (model.parameters_vector == rounded.parameters_vector).all()
    assert (model.state_vector == rounded.state_vector).all()


def test_a_column_with_an_offset_leaves_the_bits_of_its_neighbours():
    t = times()
    X = np.column_stack([waves(t), t])
    data = SharedData(X, None)
    offsets = data.offsets(NET, RECIPE)
    assert offsets[0] == 0
    assert offsets[1] != 0
    assert (data.training.features("float32", offsets)[:, 0] == X[:, 0].astype(np.float32)).all()


def test_offsets_do_not_depend_on_the_order_of_rows_or_the_layout_in_memory():
    t = times()[:, None]
    same = [t, t[::-1], np.asfortranarray(np.hstack([t, t]))[:, :1], t.astype(object)]
    assert len({float(find_rounding(X, "X").offsets[0]) for X in same}) == 1


def test_rows_of_weight_0_have_no_part_in_the_offset():
    t = times()
    X, weights = np.r_[t, 0.0, 1e12][:, None], np.r_[np.ones(600), 0.0, 0.0]
    data = SharedData(X, None, weights)
    assert data.offsets(NET, RECIPE) == SharedData(t[:, None], None).offsets(NET, RECIPE)


def test_float32_inputs_are_taken_as_they_are_without_a_copy():
    X = times().astype(np.float32)[:, None]
    data = SharedData(X, None)
    assert data.offsets(NET, RECIPE) is None
    assert data.training.features("float32") is X


def test_the_state_reports_the_true_mean_in_double():
    t = times()
    state = trained(t[:, None], waves(t)).state
    assert state["normalize_1.mean"].dtype == np.float64
    assert abs(state["normalize_1.mean"][0] - t.mean()) < 1e-3
    assert state["normalize_1.standard_deviation"][0] == pytest.approx(t.std(), rel=1e-6)


def test_what_lies_between_the_training_values_is_told_apart_too():
    t = times()
    model = trained(t[:, None], waves(t), recipe=RECIPE.replace(epochs=200))
    new = NOW + np.linspace(50, 550, 400)
    assert len(np.unique(model.predict(new[:, None]))) > 390
    assert len(np.unique(model.predict(new[:, None].astype(object)))) > 390


# --- Wherever X goes, it goes with its offset -----------------------------------------------------


def test_a_saved_model_predicts_the_same_bits_and_a_meddled_one_is_refused(tmp_path):
    t = times()
    model = trained(t[:, None], waves(t))
    path = tmp_path / "m.safetensors"
    model.save(path)
    loaded = rv.load(path)
    assert (loaded.predict(t[:, None]) == model.predict(t[:, None])).all()
    assert loaded.offsets.dtype == np.float64
    assert loaded.offsets[0] == model.offsets[0]
    document, arrays = model.to_parts()
    for wrong in (np.zeros(2), np.array([np.nan]), np.zeros(1, np.float32)):
        with pytest.raises(SpecError, match="offsets"):
            rv.Model.from_parts(document, arrays | {"state.offsets": wrong})
    plain = trained(t[:, None] - NOW, waves(t), rv.Network([rv.Dense(1)]))
    document, arrays = plain.to_parts()
    assert "state.offsets" not in arrays
    assert rv.Model.from_parts(document, arrays).offsets is None
    with pytest.raises(SpecError, match="does not centre"):
        rv.Model.from_parts(document, arrays | {"state.offsets": np.ones(1)})


def test_validation_rows_probabilities_and_samples_go_with_the_offset():
    t = times()
    late = waves(t) > 0
    network = rv.Network(
        [rv.Normalize(), rv.Dense(16, activation="tanh"), rv.Dropout(0.1), rv.Dense(1)],
        loss="binary_cross_entropy",
    )
    recipe = RECIPE.replace(epochs=100)
    model = trained(t[:, None], late, network, recipe, validation=(t[:200, None], late[:200]))
    score = model.evaluate(t[:200, None], late[:200])
    assert model.history["val_loss"][-1] == pytest.approx(score["loss"], rel=1e-6)
    assert score["accuracy"] > 0.9
    shares = model.predict_proba(t[:, None])[:, 1]
    assert len(np.unique(shares)) > 500
    drawn = model.predict(t[:, None], samples=3)
    assert np.abs(drawn.mean(axis=0)[:, 1] - shares).mean() < 0.1


def test_a_warm_start_keeps_the_offset_of_the_model():
    t = times()
    first = trained(t[:, None], waves(t))
    no_steps = RECIPE.replace(optimizer=rv.SGD(1e-30), epochs=1)
    later = t + 900.0
    second = trained(later[:, None], waves(t), recipe=no_steps, start=first)
    assert second.offsets[0] == first.offsets[0]
    assert (second.predict(t[:, None]) == first.predict(t[:, None])).all()


@pytest.mark.parametrize(("before", "after"), [("float32", "float64"), ("float64", "float32")])
def test_a_warm_start_in_another_precision_keeps_the_function(before, after):
    t = times()
    first = trained(t[:, None], waves(t), recipe=RECIPE.replace(dtype=before))
    no_steps = RECIPE.replace(optimizer=rv.SGD(1e-30), epochs=1, dtype=after)
    second = trained(t[:, None], waves(t), recipe=no_steps, start=first)
    np.testing.assert_allclose(second.predict(t[:, None]), first.predict(t[:, None]), atol=1e-5)


def test_a_resumed_run_is_the_run_that_was_not_interrupted(tmp_path):
    t = times()
    path = tmp_path / "c.safetensors"
    trained(t[:, None], waves(t), recipe=RECIPE.replace(epochs=10), checkpoint=path)
    resumed = trained(t[:, None], waves(t), start=path)
    whole = trained(t[:, None], waves(t))
    assert (resumed.parameters_vector == whole.parameters_vector).all()
    assert (resumed.offsets == whole.offsets).all()
    with pytest.raises(ParameterError, match="on other data"):
        trained(t[:, None] + 2.0**20, waves(t), start=path)


def test_a_warm_start_that_was_interrupted_goes_on_with_its_offset(tmp_path):
    t = times()
    first = trained(t[:, None], waves(t))
    later = t[:, None] + 5000.0
    path = tmp_path / "c.safetensors"
    short = RECIPE.replace(epochs=10)
    trained(later, waves(t), recipe=short, start=first, checkpoint=path)
    resumed = trained(later, waves(t), start=path)
    whole = trained(later, waves(t), start=first)
    assert resumed.offsets[0] == first.offsets[0]
    assert (resumed.parameters_vector == whole.parameters_vector).all()


def test_jobs_on_some_rows_share_the_offset_of_all_and_equal_their_runs_alone():
    t = times()
    plain = rv.Network([rv.Dense(8, activation="tanh"), rv.Dense(1)])
    X = np.column_stack([t - NOW, 5e3 + waves(t)])  # 7,000 standard deviations: plain takes it raw
    jobs = [
        rv.Job(network, RECIPE.replace(epochs=5), rows=rows)
        for network in (NET, plain)
        for rows in (np.arange(600), np.arange(100))
    ]
    y = waves(t)
    models = rv.train_many(jobs, X, y, threads=2)
    assert models[0].offsets[1] != 0
    assert models[2].offsets is None
    assert (models[0].offsets == models[1].offsets).all()
    for job, model in zip(jobs, models, strict=True):
        alone = rv.train_many([job], X, y, threads=1)[0]
        assert (alone.parameters_vector == model.parameters_vector).all()
    rounded = rv.train_many(jobs[2:], X.astype(np.float32), y.astype(np.float32), threads=1)
    assert (rounded[0].parameters_vector == models[2].parameters_vector).all()


def test_stretches_keep_the_offset_of_their_first_rows():
    t = times()
    stretches = ResumableTraining(NET)
    for epochs, start in ((5, 0), (10, 300)):
        rows = slice(start, start + 300)
        data = SharedData(t[rows, None] + start, waves(t)[rows])
        model = stretches.train(data, RECIPE.replace(epochs=epochs))
    assert model.offsets[0] == SharedData(t[:300, None], None).offsets(NET, RECIPE)[0]


def test_an_own_augmentation_sees_the_true_inputs_and_may_move_them():
    t = times()
    seen = []

    def later(X, y, rng):
        seen.append(X)
        return X + 1.0, y

    model = trained(t[:, None], waves(t), recipe=RECIPE.replace(augmentation=[later]))
    assert np.abs(seen[0] - t[:, None]).max() < 1e-3
    moved = trained(t[:, None] + 1.0, waves(t))
    # The same function of the time, but for what Normalize learns from the rows before they move.
    a, b = model.predict(t[:, None] + 1.0), moved.predict(t[:, None] + 1.0)
    assert np.abs(a - b).max() < 0.05


@pytest.mark.filterwarnings("ignore:Synthesize does not suit")  # the wave is what is learnt here
@pytest.mark.parametrize(
    "augmentation", [rv.Noise(1.0, relative=False), rv.Mixup(0.4), rv.Synthesize(0.5)]
)
def test_augmented_rows_are_those_of_inputs_near_0(augmentation):
    t = times()
    recipe = RECIPE.replace(augmentation=[augmentation])
    model = trained(t[:, None], waves(t), recipe=recipe)
    offset = model.offsets[0]
    near = trained((t - offset)[:, None].astype(np.float32), waves(t), recipe=recipe)
    assert (model.parameters_vector == near.parameters_vector).all()


def test_the_truth_of_a_simulation_sees_the_true_inputs():
    t = times(n=60)
    seen = []

    def truth(X):
        seen.append(X)
        return np.sin((X[:, 0] - NOW) / 100)

    recipe = RECIPE.replace(epochs=2)
    rv.bias_variance(NET, t[:, None], recipe=recipe, truth=truth, noise=0.1, n_models=3, threads=1)
    assert all((X[:, 0] == t).all() for X in seen)


@pytest.mark.parametrize("constant", [0.0, 5.5, 1e-300, 1e30])
def test_a_constant_target_or_column_loses_nothing(constant):
    X = np.linspace(-1, 1, 40)[:, None]
    recipe = rv.Recipe(epochs=2)
    assert rv.train(rv.Network([rv.Dense(1)]), X, np.zeros(40), recipe).status == "finished"
    both = np.column_stack([X[:, 0], np.full(40, constant)])
    network = rv.Network([rv.Normalize(), rv.Dense(1)])
    assert rv.train(network, both, X[:, 0], recipe).offsets is None
