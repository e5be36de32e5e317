"""A model that was trained on a data frame goes by the names of the columns."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ravine as rv
from ravine.errors import DataError

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"size": RNG.normal(size=80), "age": 50 + 9 * RNG.normal(size=80)})
Y = FRAME["size"] - FRAME["age"] / 9
NETWORK = rv.Network([rv.Normalize(), rv.Dense(1)])
RECIPE = rv.Recipe(optimizer=rv.Adam(0.1), epochs=60)
KINDS = {
    "pandas": pd.DataFrame,
    "polars": lambda frame: pl.from_pandas(frame),
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}


@pytest.fixture(scope="module")
def model():
    return rv.train(NETWORK, FRAME, Y, RECIPE)


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_and_further_columns_change_no_prediction(model, kind):
    swapped = FRAME[["age", "size"]].assign(more=1.0)[["more", "age", "size"]]
    table = KINDS[kind](swapped)
    assert np.array_equal(model.predict(table), model.predict(FRAME))
    assert model.evaluate(table, Y) == model.evaluate(FRAME, Y)
    assert np.array_equal(model.predict(FRAME.to_numpy()), model.predict(FRAME))


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_any_kind_gives_the_names(kind, tmp_path):
    model = rv.train(NETWORK, KINDS[kind](FRAME), Y, RECIPE)
    model.save(tmp_path / "m.safetensors")
    again = rv.load(tmp_path / "m.safetensors")
    assert again.feature_names == ("size", "age")
    assert np.array_equal(again.predict(FRAME[["age", "size"]]), model.predict(FRAME))


def test_names_that_are_numbers_are_names_too():
    frame = FRAME.set_axis([2024, 2023], axis=1)
    model = rv.train(NETWORK, frame, Y, RECIPE)
    assert np.array_equal(model.predict(frame[[2023, 2024]]), model.predict(frame))
    plain = pd.DataFrame(FRAME.to_numpy())
    model = rv.train(NETWORK, plain, Y, RECIPE)
    assert np.array_equal(model.predict(plain[[1, 0]]), model.predict(plain))
    assert np.array_equal(model.predict(FRAME), model.predict(plain))  # no names but numbers


def test_a_missing_column_is_named(model):
    with pytest.raises(DataError, match="X lacks the column 'age', which the model was trained on"):
        model.predict(FRAME[["size"]].assign(other=1.0))


def test_validation_rows_go_by_name_too():
    recipe = RECIPE.replace(epochs=5)
    kept, aside = FRAME[:60], FRAME[60:]
    swapped = (aside[["age", "size"]], Y[60:])
    one = rv.train(NETWORK, kept, Y[:60], recipe, validation=(aside, Y[60:]))
    other = rv.train(NETWORK, kept, Y[:60], recipe, validation=swapped)
    assert np.array_equal(one.history["val_loss"], other.history["val_loss"])


def test_a_model_to_start_from_knows_the_same_columns(model):
    with pytest.raises(DataError, match="the model to start from was trained on"):
        rv.train(NETWORK, FRAME[["age", "size"]], Y, RECIPE, start=model)
    assert rv.train(NETWORK, FRAME.to_numpy(), Y, RECIPE, start=model).status == "finished"


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="several columns called 'a'"):
        rv.train(NETWORK, FRAME.set_axis(["a", "a"], axis=1), Y, RECIPE)


def test_a_broken_list_of_names_in_a_file_is_refused(model):
    document, arrays = model.to_parts()
    for names in (["size"], ["size", "size"], [1, 2], "size"):
        with pytest.raises(ValueError, match="feature_names"):
            rv.Model.from_parts(document | {"feature_names": names}, arrays)


@pytest.mark.parametrize("estimator", [rv.MLPRegressor, rv.NeuralRegressor])
def test_two_columns_of_one_name_are_refused_by_estimators(estimator):
    twice = pd.DataFrame(np.zeros((20, 2)), columns=["a", "a"])
    with pytest.raises(DataError, match=r"'a'") as caught:
        estimator().fit(twice, np.arange(20.0))
    assert caught.value.hint
