"""Early stopping: the weights that the monitored value belongs to, and values that are none."""

from __future__ import annotations

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, DivergenceError, ParameterError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=60)
LINEAR = rv.Network([rv.Dense(1)])
DEEP = rv.Network([rv.Dense(6, activation="tanh"), rv.Dense(1)])
BATCH_NORM = rv.Network([rv.Dense(6), rv.BatchNorm(), rv.Activation("tanh"), rv.Dense(1)])


def watching_the_loss(**fields):
    defaults = {"patience": 12, "monitor": "loss"}
    return rv.EarlyStopping(**defaults | fields)


# Rules whose loss goes up and down.
RULES = {
    "momentum": (LINEAR, rv.SGD(0.9, momentum=0.9), {}),
    "too fast": (LINEAR, rv.SGD(1.5), {}),
    "adam": (DEEP, rv.Adam(0.5), {}),
    "rprop": (DEEP, rv.Rprop(0.3), {}),
    "line search": (DEEP, rv.LBFGS(), {}),
    "delta-bar-delta": (LINEAR, rv.DeltaBarDelta(0.5, kappa=0.1), {}),
    "averaged": (LINEAR, rv.SGD(0.9, momentum=0.9), {"averaging": 0.5}),
    "penalised": (LINEAR, rv.SGD(0.9, momentum=0.9), {"penalty": rv.L2(0.1)}),
    "clipped": (LINEAR, rv.Adam(1.0), {"clip_norm": 0.1, "max_norm": 1.0}),
    "validated": (LINEAR, rv.Adam(1.0), {"validation_fraction": 0.2}),
    "a batch as large as the rows": (LINEAR, rv.Adam(1.0), {"batch_size": 60}),
}


@pytest.mark.parametrize("name", RULES)
def test_the_loss_of_the_model_is_the_best_epochs_with_full_batches(name):
    network, rule, fields = RULES[name]
    recipe = rv.Recipe(
        optimizer=rule,
        epochs=40,
        dtype="float64",
        stopping=watching_the_loss(),
        **{"batch_size": "full"} | fields,
    )
    seen = []
    model = rv.train(network, X, Y, recipe, callback=lambda row: seen.append(row) and None)
    losses = model.history["loss"]
    assert model.best_epoch == 1 + int(np.argmin(losses))
    if "validation_fraction" in fields:
        rows = rv.Recipe(epochs=1, augmentation=lambda X, y, rng: kept.append((X, y)) or (X, y))
        kept = []
        rv.train(network, X, Y, rows.replace(validation_fraction=0.2, dtype="float64"))
        found = model.evaluate(*kept[0])["loss"]
    else:
        found = model.evaluate(X, Y)["loss"]
    assert found == pytest.approx(losses.min(), rel=1e-12)


def test_with_batch_norm_and_full_batches_the_weights_are_those_of_the_best_loss_too():
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.5), epochs=30, batch_size="full", dtype="float64",
        stopping=watching_the_loss(patience=30),
    )  # fmt: skip
    model = rv.train(BATCH_NORM, X, Y, recipe)
    assert model.best_epoch > 1
    # One more step of nothing measures the loss over the same batch.
    again = rv.train(BATCH_NORM, X, Y, recipe.replace(optimizer=rv.SGD(0.0), epochs=1), start=model)
    assert again.history["loss"][0] == pytest.approx(model.history["loss"].min(), rel=1e-12)


def test_a_penalty_is_no_part_of_the_loss_that_is_watched():
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.1), epochs=30, batch_size="full", penalty=rv.L2(5.0),
        stopping=watching_the_loss(patience=30),
    )  # fmt: skip
    network = rv.Network([rv.Dense(1, initializer=rv.initializers.Constant(1.0))])
    history = rv.train(network, X, X.sum(axis=1), recipe).history
    assert history.best_epoch == 1  # exact from the start; the penalty alone moves the weights
    assert np.argmin(history["loss"] + history["penalty"]) > 0


def test_with_mini_batches_the_model_has_the_weights_at_the_end_of_the_best_epoch():
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.5), epochs=40, batch_size=16, dtype="float64",
        stopping=watching_the_loss(),
    )  # fmt: skip
    model = rv.train(DEEP, X, Y, recipe)
    assert model.best_epoch == 1 + int(np.argmin(model.history["loss"]))
    same = rv.train(DEEP, X, Y, recipe.replace(epochs=model.best_epoch, stopping=None))
    np.testing.assert_array_equal(model.parameters_vector, same.parameters_vector)


def test_without_restoring_the_model_has_the_last_weights_and_says_so():
    recipe = rv.Recipe(
        optimizer=rv.Adam(1.0), epochs=40, batch_size="full",
        stopping=watching_the_loss(restore_best=False),
    )  # fmt: skip
    model = rv.train(LINEAR, X, Y, recipe)
    same = rv.train(LINEAR, X, Y, recipe.replace(epochs=len(model.history), stopping=None))
    np.testing.assert_array_equal(model.parameters_vector, same.parameters_vector)
    assert model.best_epoch is None
    assert "weights of epoch" not in str(model.summary())


def test_a_checkpoint_keeps_the_weights_of_the_best_loss(tmp_path):
    path = tmp_path / "run.safetensors"
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.9, momentum=0.9), epochs=30, batch_size="full", dtype="float64",
        stopping=watching_the_loss(patience=30),
    )  # fmt: skip
    whole = rv.train(LINEAR, X, Y, recipe)
    rv.train(LINEAR, X, Y, recipe.replace(epochs=17), checkpoint=path)
    assert rv.load(path).evaluate(X, Y)["loss"] == pytest.approx(
        whole.history["loss"][:17].min(), rel=1e-12
    )
    resumed = rv.train(LINEAR, X, Y, recipe, start=path)
    np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)


# --- values that cannot be computed ---------------------------------------------------------------

STALLS = {
    "EarlyStopping": lambda monitor: {"stopping": rv.EarlyStopping(monitor=monitor)},
    "ReduceOnPlateau": lambda monitor: {
        "optimizer": rv.SGD(rv.Warmup(2, rv.ReduceOnPlateau(0.01, monitor=monitor)))
    },
}


@pytest.mark.parametrize("watcher", STALLS)
@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ((X[:1], Y[:1]), "needs at least two rows .* Validation rows that count: 1"),
        (
            (X[:5], Y[:5], [0, 0, 2, 0, 0]),
            "needs at least two rows .* Validation rows that count: 1",
        ),
        ((X[:5], np.full(5, 3.0)), "is 0 for any prediction if all targets are the same"),
        (
            (X[:3], [1.0, 1.0, 2.0], [1, 1, 0]),
            "is 0 for any prediction if .* Validation rows that count: 2",
        ),
    ],
    ids=["one row", "one row that counts", "one target", "one target that counts"],
)
def test_r2_is_not_watched_where_it_says_nothing(watcher, validation, message):
    recipe = rv.Recipe(epochs=3, **STALLS[watcher]("val_r2"))
    with pytest.raises(ParameterError, match=f"{watcher} watches 'val_r2', which {message}"):
        rv.train(LINEAR, X, Y, recipe, validation=validation)


def test_r2_of_one_row_of_many_jobs_is_refused_too():
    recipe = rv.Recipe(stopping=rv.EarlyStopping(monitor="val_r2"))
    with pytest.raises(ParameterError, match="needs at least two rows"):
        rv.train_many([rv.Job(LINEAR, recipe, rows=range(50), validation_rows=[55])], X, Y)
    small = rv.Recipe(stopping=rv.EarlyStopping(monitor="val_r2"), validation_fraction=0.01)
    with pytest.raises(ParameterError, match="needs at least two rows"):
        rv.train(LINEAR, X, Y, small)


def test_two_outputs_of_which_one_is_constant_have_an_r2():
    both = np.column_stack([Y, np.ones(60)])
    recipe = rv.Recipe(epochs=3, stopping=rv.EarlyStopping(monitor="val_r2"))
    network = rv.Network([rv.Dense(2)])
    assert rv.train(network, X, both, recipe, validation=(X[:9], both[:9])).best_epoch


@pytest.mark.parametrize("stopping", [None, rv.EarlyStopping()])
def test_validation_rows_that_all_weigh_nothing_are_refused_before_training(stopping):
    recipe = rv.Recipe(epochs=3, stopping=stopping)
    weights = np.where(np.arange(60) < 50, 1.0, 0.0)
    with pytest.raises(DataError, match="sample_weight of the validation rows is 0 in every row"):
        rv.train(LINEAR, X, Y, recipe, validation=(X[:10], Y[:10], np.zeros(10)))
    job = rv.Job(LINEAR, recipe, rows=range(50), validation_rows=range(50, 60))
    with pytest.raises(DataError, match="sample_weight is 0 in every row of validation_rows"):
        rv.train_many([job], X, Y, sample_weight=weights)


# exp(710) overflows float64: predictions of such rows are infinite, whatever the training rows say.
FAR = np.full((4, 3), 1e6)
LOG_LINK = rv.Network(
    [rv.Dense(1, initializer=rv.initializers.Constant(1.0), use_bias=False)], loss="poisson"
)
COUNTS = np.ones(60)


@pytest.mark.parametrize("monitor", ["val_loss", "val_rmse"])
@pytest.mark.parametrize("watcher", STALLS)
def test_a_value_that_stays_no_number_is_an_error_that_says_so(watcher, monitor):
    recipe = rv.Recipe(epochs=4, batch_size="full", dtype="float64", **STALLS[watcher](monitor))
    validation = (FAR, np.ones(4))
    message = rf"that {watcher} watches was infinite or NaN in every epoch \(1 to 4\)"
    with pytest.raises(DivergenceError, match=message) as caught:
        rv.train(LOG_LINK, X * 0.1, COUNTS, recipe, validation=validation)
    history = caught.value.model.history
    assert len(history) == 4
    assert not np.isfinite(history[monitor]).any()


def test_a_value_that_is_no_number_at_first_does_not_end_the_watching():
    # w starts at 1, so that exp(w x) overflows at x = 1e6; a penalty shrinks w to 0 in one step.
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.5, weight_decay=0.5), epochs=60, batch_size="full", dtype="float64",
        stopping=rv.EarlyStopping(patience=60),
    )  # fmt: skip
    validation = (FAR[:, :1] / 1e3, np.ones(4))
    model = rv.train(LOG_LINK, np.zeros((8, 1)), np.ones(8), recipe, validation=validation)
    finite = np.isfinite(model.history["val_loss"])
    assert not finite[0]
    assert finite[-1]
    best = 1 + int(np.nanargmin(np.where(finite, model.history["val_loss"], np.nan)))
    assert model.best_epoch == best


# --- a run that diverges later --------------------------------------------------------------------


def test_a_run_that_diverges_gives_its_best_epoch_with_the_error():
    recipe = rv.Recipe(
        optimizer=rv.SGD(rv.Warmup(30, 8.0)), epochs=300, batch_size="full", dtype="float64",
        validation_fraction=0.2, stopping=rv.EarlyStopping(patience=1000),
    )  # fmt: skip
    for restores in (True, False):
        recipe = recipe.replace(**{"stopping.restore_best": restores})
        with pytest.raises(DivergenceError) as caught:
            rv.train(LINEAR, X, Y, recipe)
        model = caught.value.model
        assert model.status == "diverged"
        assert model.message == str(caught.value)
        (same,) = rv.train_many([rv.Job(LINEAR, recipe)], X, Y)
        assert same.status == "diverged"
        np.testing.assert_array_equal(same.parameters_vector, model.parameters_vector)
        best = recipe.replace(epochs=model.best_epoch, stopping=None)
        wanted = rv.train(LINEAR, X, Y, best)
        np.testing.assert_array_equal(model.parameters_vector, wanted.parameters_vector)
        assert model.best_epoch == 1 + int(np.argmin(model.history["val_loss"]))


def test_a_run_that_diverges_without_early_stopping_gives_its_history_with_the_error():
    recipe = rv.Recipe(optimizer=rv.SGD(30.0), epochs=300, batch_size="full", dtype="float64")
    with pytest.raises(DivergenceError) as caught:
        rv.train(LINEAR, X, Y, recipe)
    model = caught.value.model
    assert model.best_epoch is None
    assert (np.diff(model.history["loss"]) > 0).all()
