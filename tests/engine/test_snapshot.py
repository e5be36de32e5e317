"""A run's snapshot: every field has a name, and what Python reads by name is what the run did."""

import numpy as np
import pytest

import ravine as rv
from ravine.engine.snapshot import columns_of, counter, counters, fields, fields_in_double
from ravine.models.file import read_model_file

X = np.random.default_rng(0).normal(size=(48, 3))
Y = X[:, 0] - X[:, 2] ** 2
NETWORK = rv.Network([rv.Normalize(), rv.Dense(4, activation="tanh"), rv.Dense(1)])


def snapshot_of(path, dtype, **more):
    """What a checkpoint keeps of a run of five epochs of four steps, and its model."""
    recipe = rv.Recipe(
        batch_size=10, epochs=5, dtype=dtype, validation_fraction=0.2, averaging=0.9, **more
    )
    model = rv.train(NETWORK, X, Y, recipe, checkpoint=path)
    arrays = read_model_file(path)[1]
    prefix = "checkpoint."
    kept = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
    return kept, model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_checkpoint_holds_every_field_of_the_snapshot_in_its_precision(tmp_path, dtype):
    kept, _ = snapshot_of(tmp_path / "c.safetensors", dtype)
    of_the_rule = {name for name in kept if name.startswith("optimizer.")}
    assert set(kept) - of_the_rule == set(fields()) - {"slots"}
    for name, array in kept.items():
        assert array.dtype == ("float64" if name in fields_in_double() else dtype), name


def test_counters_and_history_are_read_by_name(tmp_path):
    stopping = rv.EarlyStopping(patience=100)
    kept, model = snapshot_of(tmp_path / "c.safetensors", "float32", stopping=stopping)
    assert kept["counters"].shape == (len(counters()),)
    assert counter(kept, "epoch") == 5
    assert counter(kept, "k") == 20
    assert counter(kept, "step_in_epoch") == 0
    assert counter(kept, "best_epoch") == model.best_epoch
    assert counter(kept, "best_value") == min(model.history["val_loss"])
    assert counter(kept, "wait") == 5 - model.best_epoch
    assert counter(kept, "capacity") == model.history["capacity"][-1]
    columns = columns_of(kept["history"])
    for name in ("epoch", "loss", "val_loss", "gradient_norm", "seconds"):
        np.testing.assert_array_equal(columns[name], model.history[name])


def test_a_name_that_no_counter_has_is_an_error(tmp_path):
    kept, _ = snapshot_of(tmp_path / "c.safetensors", "float32")
    with pytest.raises(ValueError, match="not in tuple"):
        counter(kept, "epochs")
