"""Tables: files are read whole or refused; columns are learnt from the training rows alone."""

from __future__ import annotations

import contextlib
import gzip
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.errors import DataError, FileError, ParameterError, RavineError, SpecError
from ravine.layers import Dense, Embedding, Normalize
from ravine.network import Network
from ravine.tables import (
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    NumberColumn,
    TableSchema,
    Target,
    as_frame,
    infer_task,
    learn_column,
    read_table,
    rows_with_target,
    split_rows,
    table_stem,
)
from ravine.tables.networks import default_network, fit_to_schema

DEMO = Path(__file__).parents[2] / "examples" / "data" / "bikeshare.csv.gz"


def csv(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- Reading --------------------------------------------------------------------------------------


def test_demo_table_has_its_rows_and_columns():
    assert read_table(DEMO).shape == (8645, 13)


def test_csv_gz_and_parquet_hold_the_same_as_csv(tmp_path):
    content = "city,size,open\nRome,2.5,True\n,1,False\nParis,,True\n"
    plain = read_table(csv(tmp_path, content))
    packed = read_table(csv(tmp_path, gzip.compress(content.encode(), mtime=0), "table.csv.gz"))
    plain.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(plain, packed)
    pd.testing.assert_frame_equal(plain, read_table(tmp_path / "table.parquet"))


def test_type_of_a_column_is_judged_by_all_of_its_cells(tmp_path):
    lines = ["number", *["1"] * 700_000, "2.5"]
    assert read_table(csv(tmp_path, "\n".join(lines)))["number"].iloc[-1] == 2.5


def test_text_columns_stay_text_although_they_look_like_numbers(tmp_path):
    frame = read_table(csv(tmp_path, "zip,n\n02134,1\n10001,2\n"), text_columns=["zip", "absent"])
    assert frame["zip"].tolist() == ["02134", "10001"]


def test_missing_cells_question_marks_and_row_numbers_are_understood(tmp_path):
    frame = read_table(csv(tmp_path, ",age\n0,?\n1,NA\n2,3\n"))
    assert frame.columns.tolist() == ["Unnamed: 0", "age"]
    assert frame["age"].isna().tolist() == [True, True, False]


def test_parquet_index_with_a_name_is_a_column_and_one_without_is_not(tmp_path):
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([7, 9], name="key"))
    frame.to_parquet(path)
    assert sorted(read_table(path).columns) == ["a", "key"]
    frame.rename_axis(None).to_parquet(path)
    assert read_table(path).columns.tolist() == ["a"]


BROKEN_FILES = [
    ("t.csv", b"", "the file is empty"),
    ("t.csv", b" \n \n", "the file is empty"),
    ("t.csv", b"a,b\n", "no rows"),
    (
        "t.csv",
        b"a,b\n1,2\n3\n",
        r"row 3 \(the names are row 1\) has 1 cells, but there are 2 columns",
    ),
    ("t.csv", b"a,b\n1,2,3\n", "row 2 .* has 3 cells, but there are 2 columns"),
    ("t.csv", b"a,b,a\n1,2,3\n", "more than one column named 'a'"),
    ("t.csv", b"a,\n1,2\n", "Column 2 of .* has no name"),
    ("t.csv", b"a;b\n1;2\n", "not separated by commas"),
    ("t.csv", b"a,b\n1,\xff\xfe\n", "column 'b' is not UTF-8 text"),
    ("t.csv", bytes(range(256)), "not a text file"),
    ("t.csv", b"caf\xe9,b\n1,2\n", "not a text file in UTF-8"),
    ("t.csv.gz", b"a,b\n1,2\n", "not a whole gzip file"),
    ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 50, mtime=0)[:-9], "not a whole gzip file"),
    ("t.parquet", b"a,b\n1,2\n", "not a whole Parquet file"),
    ("t.xlsx", b"PK", "must end in .csv, .csv.gz or .parquet"),
]


@pytest.mark.parametrize(("name", "content", "message"), BROKEN_FILES)
def test_broken_file_is_a_clear_error(tmp_path, name, content, message):
    with pytest.raises(FileError, match=message):
        read_table(csv(tmp_path, content, name))


def test_absent_file_and_folder_are_clear_errors(tmp_path):
    with pytest.raises(FileError, match="there is no such file"):
        read_table(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError, match="it is a folder"):
        read_table(tmp_path / "folder.csv")
    with pytest.raises(FileError, match="null"):
        read_table("a\0b.csv")


def test_stem_of_a_table_leaves_out_folder_and_extension():
    assert [table_stem(n) for n in ("a/b.csv.gz", "b.csv", "b.parquet", "c")] == [
        "b",
        "b",
        "b",
        "c",
    ]


def test_other_frames_become_pandas_frames():
    import pyarrow as pa

    assert as_frame(pa.table({"a": [1, 2]}))["a"].tolist() == [1, 2]
    assert as_frame({"a": [1, 2]}).columns.tolist() == ["a"]
    assert as_frame(pd.DataFrame({3: [1.0]}, index=[9])).index.tolist() == [0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "A data frame is needed. Got list"),
        (np.ones(2), r"two dimensions, rows × columns. Got an array of shape \(2,\)"),
        ([[1, 2], [3]], "differ in length"),
        ({"a": [1, 2], "b": [1]}, "do not fit together"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column|unique"),
    ],
)
def test_what_is_no_frame_is_a_clear_error(table, message):
    with pytest.raises(DataError, match=message):
        as_frame(table)


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
        (["a", "a"], None, "one class only"),
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


# --- The schema -----------------------------------------------------------------------------------


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 400
    return pd.DataFrame(
        {
            "size": rng.normal(50, 10, n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 90, n)),
            "open": rng.random(n) < 0.5,
            "sky": rng.choice(["clear", "rain"], n),
            "town": [f"town{i % 40:02}" for i in range(n)],
            "version": 3,
            "price": rng.normal(size=n),
        }
    )


def test_schema_survives_json_and_codes_the_same(frame):
    schema = TableSchema.learn(frame, "price")
    again = TableSchema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema
    np.testing.assert_array_equal(again.encode(frame), schema.encode(frame))


def test_schema_names_every_column_of_numbers(frame):
    schema = TableSchema.learn(frame, "price")
    assert schema.features == (
        *("size", "age", "age (missing)", "open", "sky=clear", "sky=rain", "town"),
    )
    assert schema.encode(frame).shape == (400, 7)
    assert schema.codes == {6: 41}
    assert schema.text_columns == ("sky", "town")
    assert "'version' is left out" in schema.notes[0]


def test_order_of_columns_and_further_columns_do_not_matter(frame):
    schema = TableSchema.learn(frame, "price")
    other = frame[frame.columns[::-1]].assign(extra="?")
    np.testing.assert_array_equal(schema.encode(other), schema.encode(frame))


def test_missing_columns_are_an_error_that_names_them(frame):
    schema = TableSchema.learn(frame, "price")
    with pytest.raises(DataError, match="trained on 5; missing: 'age', 'sky'"):
        schema.encode(frame.drop(columns=["sky", "age"]))


def test_statistics_come_from_the_training_rows_only(frame):
    schema = TableSchema.learn(frame.iloc[:200], "price")
    changed = frame.copy()
    changed.loc[200:, "size"] = 1e6
    assert TableSchema.learn(changed.iloc[:200], "price") == schema


def test_unseen_categories_are_counted_by_column(frame):
    schema = TableSchema.learn(frame, "price")
    other = frame.head(3).assign(sky=["fog", "rain", "fog"], town="Atlantis")
    assert schema.unseen(other) == {"sky": 2, "town": 3}
    assert schema.unseen(frame) == {}


def test_table_without_rows_or_usable_columns_is_an_error(frame):
    schema = TableSchema.learn(frame, "price")
    with pytest.raises(DataError, match="no rows"):
        schema.encode(frame.head(0))
    with pytest.raises(DataError, match="no column to learn from"):
        TableSchema.learn(frame[["version", "price"]], "price")


def test_mistyped_target_is_an_error_with_the_nearest_name(frame):
    with pytest.raises(DataError, match="no column 'prize'") as caught:
        TableSchema.learn(frame, "prize")
    assert caught.value.hint == "Did you mean 'price'?"


GOOD = {"columns": [{"kind": "number", "name": "a", "mean": 0.0, "standard_deviation": 1.0}]}
BAD_SCHEMAS = [
    None,
    {},
    {"columns": [], "target": None, "left_out": {}},
    {"columns": ["a"], "target": None, "left_out": {}},
    {"columns": [{"kind": "magic", "name": "a"}], "target": None, "left_out": {}},
    {"columns": [{"kind": "number", "name": "a"}], "target": None, "left_out": {}},
    {"columns": [{"kind": "number", "name": "a", "mean": "0", "standard_deviation": 1.0}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "number", "name": "a", "mean": 0.0, "standard_deviation": 0.0}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "category", "name": "a", "levels": ["b", "a"]}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "category", "name": "a", "levels": [1]}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "code", "name": "a", "levels": []}]} | {"target": None, "left_out": {}},
    GOOD | {"target": {"name": "y"}, "left_out": {}},
    GOOD | {"target": None, "left_out": None},
]


@pytest.mark.parametrize("description", BAD_SCHEMAS)
def test_broken_schema_in_a_file_is_a_clear_error(description):
    with pytest.raises((SpecError, ParameterError)):
        TableSchema.from_dict(description)


# --- Splitting ------------------------------------------------------------------------------------


def test_split_leaves_no_row_out_and_none_twice():
    split = split_rows(103, test_fraction=0.2, validation_fraction=0.25, seed=3)
    rows = np.concatenate([split.training, split.validation, split.test])
    assert sorted(rows) == list(range(103))
    assert (len(split.test), len(split.validation)) == (21, 20)


def test_split_depends_on_the_seed_alone():
    def test_rows(seed: int) -> list[int]:
        split = split_rows(50, test_fraction=0.2, validation_fraction=0.2, seed=seed)
        return split.test.tolist()

    assert test_rows(1) == test_rows(1)
    assert test_rows(1) != test_rows(2)


def test_test_rows_do_not_depend_on_the_validation_fraction():
    a = split_rows(50, test_fraction=0.2, validation_fraction=0.0, seed=0)
    b = split_rows(50, test_fraction=0.2, validation_fraction=0.5, seed=0)
    np.testing.assert_array_equal(a.test, b.test)


def test_classes_are_shared_out_in_proportion():
    strata = np.repeat(["a", "b", "c"], [70, 20, 10])
    split = split_rows(100, test_fraction=0.2, validation_fraction=0.25, seed=0, strata=strata)
    assert np.unique(strata[split.test], return_counts=True)[1].tolist() == [14, 4, 2]
    assert np.unique(strata[split.validation], return_counts=True)[1].tolist() == [14, 4, 2]


def test_class_of_one_row_is_trained_on():
    strata = ["a"] * 20 + ["b"]
    split = split_rows(21, test_fraction=0.5, validation_fraction=0.5, seed=0, strata=strata)
    assert 20 in split.training


@pytest.mark.parametrize(
    ("n_rows", "test_fraction", "validation_fraction", "lacking"),
    [(1, 0.2, 0.2, "test"), (4, 0.3, 0.1, "validation"), (2, 0.5, 0.5, "validation")],
)
def test_table_too_small_to_split_is_a_clear_error(
    n_rows, test_fraction, validation_fraction, lacking
):
    with pytest.raises(DataError, match=f"too small to leave {lacking} rows"):
        split_rows(
            n_rows, test_fraction=test_fraction, validation_fraction=validation_fraction, seed=0
        )


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_fraction_out_of_range_is_a_clear_error(fraction):
    with pytest.raises(ParameterError, match="'test_fraction' must be in"):
        split_rows(10, test_fraction=fraction, validation_fraction=0.2, seed=0)


def test_nothing_set_aside_when_nothing_is_asked():
    split = split_rows(5, test_fraction=0, validation_fraction=0, seed=0)
    assert (len(split.training), len(split.validation), len(split.test)) == (5, 0, 0)


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
