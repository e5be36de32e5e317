"""A training in stretches: the same rows give one run, bit for bit; rows and rates may change."""

import numpy as np
import pytest

import ravine as rv
from ravine.data.shared import SharedData
from ravine.training.resumable import ResumableTraining
from tests.builders.watchers import Seen

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X[:, 0] - np.abs(X[:, 1])
NETWORK = rv.Network([rv.Normalize(), rv.Dense(8, activation="tanh"), rv.BatchNorm(), rv.Dense(1)])

RECIPES = {
    "momentum": rv.Recipe(optimizer=rv.SGD(0.05, momentum=0.9), batch_size=20, epochs=9),
    "adam, dropout": rv.Recipe(optimizer=rv.Adam(0.01), batch_size=20, epochs=9, dropout=0.2),
    "a schedule": rv.Recipe(optimizer=rv.Adam(rv.StepDecay(0.1, factor=0.5, every=2)), epochs=9),
    "a plateau": rv.Recipe(
        optimizer=rv.SGD(rv.ReduceOnPlateau(0.1, patience=1, min_delta=0.1)), epochs=9
    ),
    "averaged": rv.Recipe(optimizer=rv.SGD(0.05), batch_size=20, epochs=9, averaging=0.9),
    "best kept": rv.Recipe(
        optimizer=rv.SGD(0.3), batch_size=20, epochs=9, stopping=rv.EarlyStopping(monitor="loss")
    ),
    "line search": rv.Recipe(optimizer=rv.LBFGS(), epochs=9),
}


class Decayed(rv.Optimizer):
    """A rule of one's own whose steps shrink with the ones before."""

    learning_rate = 0.1

    def init(self, n):
        return [np.ones(1), np.zeros(n)]

    def update(self, w, g, state, k, learning_rate):
        state[0][0] *= 0.8
        state[1] += g
        w -= learning_rate * state[0][0] * (g + 0.1 * state[1])


@pytest.mark.parametrize("name", [*RECIPES, "own rule"])
def test_stretches_on_the_same_rows_are_one_run_bit_for_bit(name):
    recipe = RECIPES.get(name) or rv.Recipe(optimizer=Decayed(), epochs=9)
    whole = rv.train(NETWORK, X, Y, recipe)
    data = SharedData(X, Y)
    stretches = ResumableTraining(NETWORK)
    ends = []
    for end in (2, 3, 7, 9):
        ends.append(end)
        model = stretches.train(
            data,
            recipe,
            watcher=Seen(lambda epochs, end=end: end - int(epochs["epoch"][-1])),
            threads=1,
        )
        assert stretches.epochs == end
    np.testing.assert_array_equal(model.parameters_vector, whole.parameters_vector)
    np.testing.assert_array_equal(model.state_vector, whole.state_vector)
    np.testing.assert_array_equal(model.history["loss"], whole.history["loss"])


def test_a_memory_goes_on_elsewhere():
    recipe = RECIPES["momentum"]
    data = SharedData(X, Y)
    first = ResumableTraining(NETWORK)
    model = first.train(data, recipe.replace(epochs=4))
    other = ResumableTraining(NETWORK, model.parameters_vector, model.state_vector, first.memory)
    again = other.train(data, recipe)
    whole = rv.train(NETWORK, X, Y, recipe)
    np.testing.assert_array_equal(again.parameters_vector, whole.parameters_vector)


def test_weights_alone_begin_afresh():
    model = rv.train(NETWORK, X, Y, RECIPES["momentum"])
    stretches = ResumableTraining(NETWORK, model.parameters_vector, model.state_vector)
    found = stretches.train(SharedData(X, Y), RECIPES["momentum"])
    wanted = rv.train(NETWORK, X, Y, RECIPES["momentum"], start=model)
    np.testing.assert_array_equal(found.parameters_vector, wanted.parameters_vector)


def test_the_rate_may_change_between_stretches():
    data = SharedData(X, Y)
    stretches = ResumableTraining(NETWORK)
    for rate, end in ((0.05, 3), (0.01, 5)):
        model = stretches.train(data, rv.Recipe(optimizer=rv.SGD(rate), epochs=end))
    np.testing.assert_array_equal(model.history["learning_rate"], [0.05, 0.05, 0.05, 0.01, 0.01])


def test_a_stretch_that_diverges_says_so():
    stretches = ResumableTraining(rv.Network([rv.Dense(1)]))
    model = stretches.train(SharedData(X, Y), rv.Recipe(optimizer=rv.SGD(1e6), epochs=50))
    assert model.status == "diverged"
    assert "Lower its learning rate" in model.message


def test_an_error_of_the_watcher_is_raised():
    def broken(epochs):
        raise LookupError("of the user's own")

    with pytest.raises(LookupError, match="of the user's own"):
        ResumableTraining(NETWORK).train(
            SharedData(X, Y), RECIPES["momentum"], watcher=Seen(broken)
        )


@pytest.mark.parametrize(
    ("pause", "looks"),
    [(1, [[n] for n in range(1, 10)]), (4, [[1], [2, 3, 4, 5], [6, 7, 8, 9]]), (5, None)],
)
def test_a_watcher_says_when_to_look_again_and_sees_every_epoch_once(pause, looks):
    seen = []

    def look(epochs):
        seen.append(epochs["epoch"].tolist())
        return pause

    model = ResumableTraining(NETWORK).train(
        SharedData(X, Y), RECIPES["momentum"], watcher=Seen(look)
    )
    assert seen == (looks or [[1], [2, 3, 4, 5, 6], [7, 8, 9]])
    assert model.status == "finished"


def test_a_watcher_sees_the_epochs_before_a_divergence():
    seen = []
    network = rv.Network([rv.Dense(1)])
    recipe = rv.Recipe(optimizer=rv.SGD(20.0), epochs=500, dtype="float64")
    model = ResumableTraining(network).train(
        SharedData(X, Y), recipe, watcher=Seen(lambda epochs: seen.append(epochs) or 1000)
    )
    assert model.status == "diverged"
    assert len(seen) == 2
    np.testing.assert_array_equal(
        np.concatenate([epochs["loss"] for epochs in seen]), model.history["loss"]
    )
