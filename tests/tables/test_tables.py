"""Tables: files are read whole or refused; columns are learnt from the training rows alone."""

from __future__ import annotations

import contextlib
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.errors import DataError, FileError, ParameterError, RavineError
from ravine.specs.layers import Dense, Embedding, Normalize
from ravine.specs.network import Network
from ravine.tables import (
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    NumberColumn,
    TableSchema,
    Target,
    infer_task,
    learn_column,
    read_table,
    rows_with_target,
)
from ravine.tables.fitted.networks import default_network, fit_to_schema

# --- Columns --------------------------------------------------------------------------------------


def test_numbers_are_standardised_with_the_training_rows_statistics():
    column = learn_column(pd.Series([1, 3]), "n")
    assert column == NumberColumn("n", mean=2.0, standard_deviation=1.0)
    np.testing.assert_array_equal(column.encode(pd.Series([2, 10])), [[0.0], [8.0]])


def test_missing_number_is_the_mean_and_marked():
    column = learn_column(pd.Series([1.0, np.nan, 3.0]), "n")
    assert column.features == ("n", "n (missing)")
    np.testing.assert_array_equal(column.encode(pd.Series([np.nan, 3.0])), [[0, 1], [1, 0]])


def test_number_too_far_from_the_training_rows_is_an_error_that_names_it():
    column = NumberColumn("n", mean=0.0, standard_deviation=1e-200)
    with pytest.raises(DataError, match=r"'n' holds 1e\+200 in row 2, far beyond"):
        column.encode(pd.Series([0.0, 1e200]))


def test_missing_value_where_training_had_none_is_an_error_not_a_guess():
    column = learn_column(pd.Series([1, 3]), "age")
    with pytest.raises(DataError, match=r"'age' has 2 missing values \(the first in row 2\)"):
        column.encode(pd.Series([1.0, None, None]))


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 2, 3], dtype="int8"),
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series([1, 2, None], dtype="Float32"),
        pd.Series([1.5, 2, 3], dtype="float16"),
        pd.Series([Decimal("1.5"), Decimal(2), None], dtype=object),
        pd.Series([1, 2, None], dtype="int64[pyarrow]"),
        pd.Series([2**60, 2**61, 2**62]),
        pd.Series([0, 1, 0, 1]),
    ],
)
def test_every_sort_of_number_is_a_number_column(values):
    column = learn_column(values, "n")
    assert isinstance(column, NumberColumn)
    assert np.isfinite(column.encode(values)).all()


def test_booleans_are_nought_and_one():
    column = learn_column(pd.Series([True, False, None], dtype=object), "b")
    assert column == BooleanColumn("b", missing=True)
    np.testing.assert_array_equal(column.encode(pd.Series([True, None])), [[1, 0], [0, 1]])
    with pytest.raises(DataError, match=r"'b' must hold true or false. Got 2 in row 1"):
        column.encode(pd.Series([2, 1]))


def test_text_is_one_hot_with_sorted_levels_and_missing_a_level_of_its_own():
    column = learn_column(pd.Series(["b", "a", None, "b"]), "c")
    assert column == CategoryColumn("c", ("a", "b", None))
    np.testing.assert_array_equal(column.encode(pd.Series([None, "a"])), [[0, 0, 1], [1, 0, 0]])


def test_unseen_category_is_all_zeros_and_counted():
    column = learn_column(pd.Series(["a", "b", "a"]), "c")
    values = pd.Series(["z", "a", None])
    np.testing.assert_array_equal(column.encode(values), [[0, 0], [1, 0], [0, 0]])
    assert column.unseen(values) == 2


def test_pandas_categories_of_numbers_are_levels():
    column = learn_column(pd.Series([3, 1, 3], dtype="category"), "c")
    assert column == CategoryColumn("c", ("1", "3"))
    np.testing.assert_array_equal(column.encode(pd.Series([1.0, 3.0])), [[1, 0], [0, 1]])


def test_text_with_many_levels_becomes_codes_with_nought_for_the_rare_and_the_unseen():
    values = [f"v{i:02}" for i in range(40) for _ in range(6)] + ["rare"]
    column = learn_column(pd.Series(values), "c")
    assert isinstance(column, CodeColumn)
    assert column.levels == tuple(f"v{i:02}" for i in range(40))
    asked = pd.Series(["v00", "v39", "rare", "new", None])
    np.testing.assert_array_equal(column.encode(asked)[:, 0], [1, 40, 0, 0, 0])
    assert column.unseen(asked) == 3


def test_missing_is_a_code_of_its_own_where_it_is_frequent():
    values = [f"v{i:02}" for i in range(40) for _ in range(6)] + [None] * 6
    column = learn_column(pd.Series(values), "c")
    assert column.encode(pd.Series([None], dtype=object)).tolist() == [[41.0]]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([7, 7, 7], "the same value"),
        (["a", "a"], "the same value"),
        ([True, True], "the same value"),
        ([None, None], "empty"),
        (["a", "b", "c"], "different in every training row"),
        ([f"id{i // 2}" for i in range(100)], "no value occurs 5 times"),
    ],
)
def test_column_that_says_nothing_is_left_out_with_a_reason(values, reason):
    found = learn_column(pd.Series(values), "c")
    assert isinstance(found, str)
    assert reason in found


def test_constant_number_with_missing_values_keeps_only_what_is_missing():
    column = learn_column(pd.Series([5.0, None, 5.0]), "c")
    np.testing.assert_array_equal(column.encode(pd.Series([5.0, None])), [[0, 0], [0, 1]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1/2/2020", None], "dates that can be read in more than one way"),
        (["2020-01-01", "2020-02-30"], "must hold dates. Got '2020-02-30' in row 2"),
        ([[1], [2]], r"objects \(list\)"),
        ([b"a", b"b"], "bytes"),
        ([1j, 2j], "complex"),
        ([1e300, -1e300], "too large"),
    ],
)
def test_column_that_cannot_be_used_is_an_error_that_names_it(values, message):
    with pytest.raises(DataError, match=message) as caught:
        learn_column(pd.Series(values), "when")
    assert "'when'" in str(caught.value)


def test_text_in_a_number_column_is_an_error_that_names_row_and_value():
    column = learn_column(pd.Series([1, 2]), "age")
    with pytest.raises(DataError, match=r"'age' must hold numbers. Got the text 'old' in row 1"):
        column.encode(pd.Series(["old", "12"]))


# --- The target -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([0, 1], "classification"),
        ([0.0, 1.0, 1.0], "classification"),
        ([0.5, 1.0], "regression"),
        (list(range(20)) * 5, "classification"),
        (list(range(21)) * 5, "regression"),
        (list(range(20)), "regression"),
        (pd.Series([1, 2, 3], dtype="category"), "classification"),
    ],
)
def test_task_is_inferred_from_the_target(values, task):
    assert infer_task(pd.Series(values), "y") == task


def test_regression_target_is_standardised_and_comes_back():
    values = pd.Series([10.0, 20.0, 60.0])
    target = Target.learn(values, "y")
    assert target.encode(values).mean() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(target.decode(target.encode(values)), values, rtol=1e-12)


def test_regression_target_can_be_left_in_its_unit():
    target = Target.learn(pd.Series([10.5, 20.0]), "y", standardise=False)
    assert target.encode(pd.Series([3.0])).tolist() == [3.0]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a"], ("a", "b")),
        ([1, 0], (0, 1)),
        ([1.0, 2.0], (1, 2)),
        ([0.5, 1.5], ("0.5", "1.5")),
        ([True, False], (False, True)),
    ],
)
def test_classes_keep_their_sort_and_survive_json(values, classes):
    target = Target.learn(pd.Series(values), "y", task="classification")
    assert target.classes == classes
    again = Target.from_dict(json.loads(json.dumps(target.to_dict())))
    assert again == target
    assert [type(c) for c in again.classes] == [type(c) for c in classes]
    assert sorted(again.encode(pd.Series(values)).tolist()) == list(classes)


def test_class_that_training_did_not_have_is_an_error():
    target = Target.learn(pd.Series(["a", "b"]), "y")
    with pytest.raises(DataError, match="the class z"):
        target.encode(pd.Series(["a", "z"]))


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (["a", "a"], None, "only one class"),
        ([3.5, 3.5], "regression", "3.5 in every training row"),
        (["a", "b"], "regression", "holds text"),
        ([1.0, np.inf], None, "infinite"),
    ],
)
def test_target_without_anything_to_learn_is_an_error(values, task, message):
    with pytest.raises(DataError, match=message):
        Target.learn(pd.Series(values), "y", task=task)


def test_unknown_task_is_an_error():
    with pytest.raises(ParameterError, match="task"):
        Target("y", "ranking")  # type: ignore[arg-type]


def test_rows_without_target_are_left_out():
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [1.0, None, 3.0]})
    assert rows_with_target(frame, "y")["x"].tolist() == [1, 3]
    with pytest.raises(DataError, match="missing in every row"):
        rows_with_target(frame.assign(y=None), "y")


# --- Networks for tables --------------------------------------------------------------------------


def test_default_network_has_as_many_outputs_as_the_target_needs(frame):
    def last(target: str) -> tuple[int, str]:
        network = default_network(TableSchema.learn(frame, target))
        return network.layers[-1].units, type(network.loss).__name__

    three = frame.assign(three=np.arange(len(frame)) % 3)
    assert last("price") == (1, "SquaredError")
    assert last("sky") == (1, "BinaryCrossEntropy")
    network = default_network(TableSchema.learn(three, "three"), hidden=(), loss="cross_entropy")
    assert [layer.units for layer in network.layers[1:]] == [3]


def test_embedding_follows_the_table_and_keeps_what_was_chosen(frame):
    schema = TableSchema.learn(frame, "price")
    chosen = Embedding([0], [9], 5, penalty=None)
    network = fit_to_schema(Network([chosen, Dense(1)]), schema)
    assert network.layers[0] == Embedding([6], [41], 5, penalty=None)
    assert fit_to_schema(network, schema) == network
    normalized = fit_to_schema(Network([Normalize(), Dense(1)]), schema)
    assert [type(layer) for layer in normalized.layers] == [Normalize, Embedding, Dense]


def test_embedding_without_columns_to_embed_is_a_clear_error(frame):
    schema = TableSchema.learn(frame.drop(columns="town"), "price")
    with pytest.raises(DataError, match="no text column with so many levels"):
        fit_to_schema(Network([Embedding([0], [9], 5), Dense(1)]), schema)


# --- Any table ------------------------------------------------------------------------------------

CELLS = {
    "numbers": st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers()),
    "small numbers": st.one_of(st.none(), st.integers(-3, 3)),
    "texts": st.one_of(st.none(), st.text(max_size=3)),
    "booleans": st.one_of(st.none(), st.booleans()),
    "anything": st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=2),
        st.dates(),
        st.binary(max_size=2),
    ),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 8))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    columns = {
        f"{kind} {i}": draw(st.lists(CELLS[kind], min_size=rows, max_size=rows))
        for i, kind in enumerate(kinds)
    }
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})


@pytest.mark.filterwarnings("ignore::ravine.errors.DataWarning")
@given(tables(), tables(), st.booleans())
def test_any_table_is_coded_as_finite_numbers_or_refused_clearly(training, other, inferred):
    if inferred:
        training = training.infer_objects()
    try:
        schema = TableSchema.learn(training, str(training.columns[0]))
        X = schema.encode(training)
    except RavineError:
        return
    assert X.shape == (len(training), len(schema.features))
    assert np.isfinite(X).all()
    assert len(schema.encode_target(training)) == len(training)
    again = TableSchema.from_dict(json.loads(json.dumps(schema.to_dict())))
    np.testing.assert_array_equal(again.encode(training), X)
    with contextlib.suppress(RavineError):
        assert np.isfinite(schema.encode(other)).all()


@given(st.binary(max_size=200), st.sampled_from([".csv", ".csv.gz", ".parquet"]))
def test_any_bytes_are_read_as_a_table_or_refused_clearly(content, extension):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"t{extension}")
        path.write_bytes(content)
        with contextlib.suppress(FileError):
            assert len(read_table(path)) > 0
