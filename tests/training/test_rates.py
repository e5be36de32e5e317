"""What the history says of rates and capacities is what the steps had."""

from __future__ import annotations

import numpy as np
import pytest

import ravine as rv
from ravine.engine import _engine
from ravine.models.file import read_model_file, write_model_file

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=48)
DEEP = rv.Network([rv.Dense(5, activation="tanh"), rv.Dense(1)])


def line(weight):
    """Give ŷ = w x, with what every w begins with."""
    initializer = rv.initializers.Constant(weight)
    return rv.Network([rv.Dense(1, use_bias=False, initializer=initializer)])


def trained(rule, network=DEEP, epochs=6, **fields):
    recipe = rv.Recipe(optimizer=rule, epochs=epochs, dtype="float64", **fields)
    return rv.train(network, X, Y, recipe, threads=1)


def test_delta_bar_delta_reports_the_median_of_its_rates():
    # ŷ = w x at x = 1, y = 0, w = 1: the gradient 2 w keeps its sign at first, so η = 0.1, 0.15,
    # 0.2, each used for its own step: w = 0.8, 0.56, 0.336.
    recipe = rv.Recipe(optimizer=rv.DeltaBarDelta(0.1, kappa=0.05), epochs=3, dtype="float64")
    model = rv.train(line(1.0), [[1.0]], [0.0], recipe)
    assert model.history["learning_rate"] == pytest.approx([0.1, 0.15, 0.2], rel=1e-14)
    assert model.history["capacity"] == pytest.approx([0.1, 0.25, 0.45], rel=1e-14)
    assert model.parameters["dense_1.weight"].item() == pytest.approx(0.336, rel=1e-14)


def test_rprop_reports_the_median_of_its_step_sizes():
    # Three weights from 0, of the targets 10, 10 and 0.05: Δ = 0.1 for all; then 0.12, 0.12 and,
    # where the sign turned, 0.05; then 0.144, 0.144, 0.05. The median is that of the first two.
    recipe = rv.Recipe(optimizer=rv.Rprop(0.1), epochs=3, dtype="float64")
    model = rv.train(line(0.0), np.eye(3), [10.0, 10.0, 0.05], recipe)
    assert model.history["learning_rate"] == pytest.approx([0.1, 0.12, 0.144], rel=1e-14)
    # With two weights it is the mean of both: of 0.12 and 0.05.
    model = rv.train(line(0.0), np.eye(2), [10.0, 0.05], recipe.replace(epochs=2))
    assert model.history["learning_rate"] == pytest.approx([0.1, 0.085], rel=1e-14)


@pytest.mark.parametrize("units", [3, 700])
def test_the_median_is_over_all_parameters_however_they_are_stored(units):
    # Weights of the first kind see a gradient that keeps its sign, so that their rates grow.
    network = rv.Network([rv.Dense(units, activation="tanh"), rv.Dense(1)])
    seen = []

    class Listener(rv.Optimizer):
        learning_rate = 0.01

        def init(self, n):
            return None

        def update(self, w, g, state, k, learning_rate):
            seen.append(g.copy())
            w -= learning_rate * g

    # The first step of both is the same, and so is the gradient after it.
    trained(Listener(), network, epochs=2, batch_size="full")
    agreement = np.sign(seen[0] * seen[1])
    rates = np.select([agreement > 0, agreement < 0], [0.01 + 0.02, 0.01 * 0.9], 0.01)
    found = trained(rv.DeltaBarDelta(0.01, kappa=0.02), network, epochs=2).history
    assert found["learning_rate"] == pytest.approx([0.01, np.median(rates)], rel=1e-12)


def test_with_mini_batches_the_median_at_the_first_step_stands_for_the_epoch():
    model = trained(rv.DeltaBarDelta(0.001, kappa=1e-4), batch_size=12)
    history = model.history
    sums = 4 * np.cumsum(history["learning_rate"])
    assert history["capacity"] == pytest.approx(sums, rel=1e-12)
    assert np.unique(history["learning_rate"]).size > 1


def test_a_line_search_reports_the_step_lengths_that_it_took():
    model = trained(rv.LBFGS(), epochs=1)
    start = trained(rv.SGD(0.0), epochs=1, batch_size="full")
    # The first direction is that of steepest descent: the weights moved by the length times ‖g‖.
    moved = np.linalg.norm(model.parameters_vector - start.parameters_vector)
    length = moved / model.history["gradient_norm"][0]
    assert model.history["learning_rate"][0] == pytest.approx(length, rel=1e-12)
    longer = trained(rv.LBFGS(), epochs=9).history
    assert np.unique(longer["learning_rate"]).size > 1
    assert longer["capacity"] == pytest.approx(np.cumsum(longer["learning_rate"]), rel=1e-12)


def test_a_line_search_that_goes_nowhere_reports_0():
    recipe = rv.Recipe(optimizer=rv.LBFGS(), epochs=5, dtype="float64")
    model = rv.train(line(0.0), [[1.0], [2.0]], [0.0, 0.0], recipe)
    assert model.status == "converged"
    assert model.history["learning_rate"].tolist() == [0.0]


MOMENTA = {
    "none": 0.0,
    "constant": 0.9,
    "a schedule": rv.CosineDecay(0.5, final=0.9, unit="step", length=20),
}


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("name", MOMENTA)
def test_the_effective_capacity_is_how_far_gradients_of_1_have_led(name, nesterov):
    momentum = MOMENTA[name]
    if nesterov and momentum == 0:
        return
    rate = rv.ExponentialDecay(0.02, rate=0.1, unit="step")
    rule = rv.SGD(rate, momentum=momentum, nesterov=nesterov)
    history = trained(rule, epochs=5, batch_size=12).history
    velocity = total = 0.0
    wanted = []
    for k in range(20):
        beta = momentum(k) if isinstance(momentum, rv.Schedule) else momentum
        velocity = beta * velocity + rate(k)
        total += velocity
        wanted.append(total)
    assert history["effective_capacity"] == pytest.approx(wanted[3::4], rel=1e-12)
    rates = np.array([rate(k) for k in range(20)])
    assert history["capacity"] == pytest.approx(np.cumsum(rates)[3::4], rel=1e-12)
    if name == "none":
        assert history["effective_capacity"].tolist() == history["capacity"].tolist()
    if name == "constant":  # Σ η_k (1 − β^(τ−k+1)) / (1 − β)
        last = np.sum(rates * (1 - 0.9 ** (20 - np.arange(20))) / 0.1)
        assert history["effective_capacity"][-1] == pytest.approx(last, rel=1e-12)


class Own(rv.Optimizer):
    learning_rate = 0.01

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * g


@pytest.mark.parametrize(
    "rule",
    [
        rv.DeltaBarDelta(),
        rv.Rprop(),
        rv.Adagrad(),
        rv.RMSprop(),
        rv.Adam(),
        rv.AdamW(),
        rv.LBFGS(),
        Own(),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_rules_that_rescale_the_gradient_have_no_effective_capacity(rule):
    history = trained(rule).history
    assert np.isnan(history["effective_capacity"]).all()
    assert np.isfinite(history["capacity"]).all()
    assert "effective_capacity" in history.to_frame().columns


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_going_on_from_a_checkpoint_goes_on_with_the_effective_capacity(momentum, tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(optimizer=rv.SGD(0.01, momentum=momentum), epochs=9, batch_size=12)
    whole = rv.train(DEEP, X, Y, recipe)
    rv.train(DEEP, X, Y, recipe.replace(epochs=4), checkpoint=path)
    resumed = rv.train(DEEP, X, Y, recipe, start=path)
    column = "effective_capacity"
    assert resumed.history[column].tolist() == whole.history[column].tolist()


def as_of_before(path):
    """Make of a checkpoint one of a version that knew no effective capacity."""
    document, arrays = read_model_file(path)
    arrays = {name: array for name, array in arrays.items() if name != "checkpoint.before"}
    arrays["checkpoint.counters"] = arrays["checkpoint.counters"][:14]
    columns = list(_engine.history_columns)
    table = arrays["checkpoint.history"].reshape(-1, len(columns))
    place = columns.index("effective_capacity")
    arrays["checkpoint.history"] = np.delete(table, place, axis=1).ravel()
    document["history"].remove("effective_capacity")
    del arrays["history.effective_capacity"]
    write_model_file(path, document, arrays)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_run_of_an_earlier_version_goes_on(momentum, tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(optimizer=rv.SGD(0.01, momentum=momentum), epochs=9, batch_size=12)
    whole = rv.train(DEEP, X, Y, recipe)
    rv.train(DEEP, X, Y, recipe.replace(epochs=4), checkpoint=path)
    as_of_before(path)
    assert "effective_capacity" not in rv.load(path).history
    resumed = rv.train(DEEP, X, Y, recipe, start=path)
    np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)
    for column in whole.history:
        if column == "effective_capacity" and momentum:
            assert np.isnan(resumed.history[column]).all()  # the first four epochs are not known
        elif column != "seconds":
            np.testing.assert_array_equal(resumed.history[column], whole.history[column])
