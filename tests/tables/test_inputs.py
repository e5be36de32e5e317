"""Tables in every form, data frames, arrays, sparse matrices: one coding for all."""

from __future__ import annotations

import contextlib
import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine.errors import DataError, RavineError, SpecError
from ravine.tables import (
    Coding,
    TableSchema,
    Target,
    as_frame,
    frames,
    infer_task,
    read_table,
)

N = 60
BINS = Coding(scaling="robust", n_bins=4, most_one_hot_levels=9, signed=True)
CODINGS = ["standard", "robust", BINS]


def columns():
    """Columns of every sort, as plain lists that any library can make a table of."""
    rng = np.random.default_rng(0)
    start = dt.datetime(2024, 1, 1)
    return {
        "whole": rng.integers(-5, 5, N).tolist(),
        "real": rng.normal(size=N).tolist(),
        "gaps": [None if i % 7 == 0 else i / 3 for i in range(N)],
        "endless": [float("inf") if i % 9 == 0 else float(i) for i in range(N)],
        "flag": [i % 3 == 0 for i in range(N)],
        "maybe": [None if i % 5 == 0 else i % 3 == 0 for i in range(N)],
        "two": [["no", "yes"][i % 2] for i in range(N)],
        "few": [["a", "b", "c", None][i % 4] for i in range(N)],
        "many": [f"v{i % 11}" for i in range(N)],
        "day": [(start + dt.timedelta(days=7 * i)).date() for i in range(N)],
        "when": [None if i == 3 else start + dt.timedelta(hours=5 * i) for i in range(N)],
        "opens": [dt.time(i % 24, 30 * (i % 2)) for i in range(N)],
        "lasts": [dt.timedelta(minutes=i) for i in range(N)],
        "constant": [1] * N,
    }


FRAMES = {
    "dict": lambda: columns(),
    "pandas": lambda: pd.DataFrame(columns()),
    "pandas of objects": lambda: pd.DataFrame(columns()).astype(object),
    "pandas, nullable": lambda: pd.DataFrame(columns()).convert_dtypes(),
    "pandas, arrow": lambda: pa.table(columns()).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda: pl.DataFrame(columns(), strict=False),
    "pyarrow": lambda: pa.table(columns()),
}


@pytest.fixture(scope="module")
def frame():
    return as_frame(FRAMES["polars"]())


@pytest.mark.parametrize("coding", CODINGS, ids=["standard", "robust", "bins"])
@pytest.mark.parametrize("library", FRAMES)
def test_every_library_s_table_is_learnt_and_coded_alike(library, coding, frame):
    table = FRAMES[library]()
    schema = TableSchema.learn(frame, coding=coding)
    assert TableSchema.learn(table, coding=coding) == schema
    np.testing.assert_array_equal(schema.encode(table), schema.encode(frame))
    assert schema.unseen(table) == {}
    assert schema.readable(table).all()


def test_ordered_categories_of_every_library_are_ordered():
    sizes = ["S", "L", "M", "S"]
    levels = ["S", "M", "L"]
    pandas = pd.DataFrame({"a": pd.Categorical(sizes, categories=levels, ordered=True)})
    polars = pl.DataFrame({"a": pl.Series(sizes, dtype=pl.Enum(levels))})
    codes = pa.array([levels.index(size) for size in sizes])
    arrow = pa.table({"a": pa.DictionaryArray.from_arrays(codes, pa.array(levels), ordered=True)})
    schemas = [TableSchema.learn(table) for table in (pandas, polars, arrow)]
    assert [column.kind for column in schemas[0].columns] == ["ordered"]
    assert schemas == [schemas[0]] * 3


def test_decimals_are_numbers_in_every_library():
    values = pl.Series(["1.5", "2.5", None]).cast(pl.Decimal(5, 2))
    polars = pl.DataFrame({"a": values})
    schema = TableSchema.learn(polars)
    assert schema.encode(polars).tolist() == [[-1, 0], [1, 0], [0, 1]]
    np.testing.assert_array_equal(schema.encode(polars.to_arrow()), schema.encode(polars))


# --- Arrays ---------------------------------------------------------------------------------------

GRID = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0], [0.0, 4.0, 5.0]])


@pytest.mark.parametrize(
    "table",
    [
        GRID,
        GRID.astype(np.float32),
        GRID.astype(np.int8),
        np.asfortranarray(GRID),
        GRID.astype(object),
        GRID.tolist(),
        tuple(map(tuple, GRID)),
        sp.csr_matrix(GRID),
        sp.csc_array(GRID),
        sp.coo_array(GRID),
        sp.lil_matrix(GRID),
        sp.dok_matrix(GRID),
    ],
    ids=lambda table: type(table).__name__,
)
def test_columns_without_names_are_named_as_scikit_learn_names_them(table):
    frame = as_frame(table)
    assert frame.columns.tolist() == ["x0", "x1", "x2"]
    schema = TableSchema.learn(table, coding="robust")
    np.testing.assert_array_equal(schema.encode(GRID), schema.encode(table))


@pytest.mark.parametrize(
    ("names", "spelled"),
    [
        (range(3), ["0", "1", "2"]),
        ([7, 3, 5], ["7", "3", "5"]),
        ([("a", 1), ("a", 2), ("b", 1)], ["('a', 1)", "('a', 2)", "('b', 1)"]),
        (pd.date_range("2024-01-01", periods=3), ["2024-01-01", "2024-01-02", "2024-01-03"]),
        ([1.5, 2.5, 3.5], ["1.5", "2.5", "3.5"]),
    ],
)
def test_names_that_are_no_texts_are_spelled_as_a_csv_file_has_them(names, spelled, tmp_path):
    frame = pd.DataFrame(GRID, columns=list(names))
    assert as_frame(frame).columns.tolist() == spelled
    schema = TableSchema.learn(frame, coding="robust")
    np.testing.assert_array_equal(schema.encode(frame[frame.columns[::-1]]), schema.encode(frame))
    frame.to_csv(tmp_path / "t.csv", index=False)
    again = read_table(tmp_path / "t.csv")
    np.testing.assert_array_equal(schema.encode(again), schema.encode(frame))


def test_sparse_columns_of_pandas_are_numbers():
    frame = pd.DataFrame.sparse.from_spmatrix(sp.csr_matrix(GRID))
    np.testing.assert_array_equal(as_frame(frame).to_numpy(), GRID)


def test_columns_of_an_array_of_objects_have_each_their_own_type():
    table = np.array([[1, "a", True], [2.5, "b", None], [None, "a", False]], dtype=object)
    kinds = [column.kind for column in TableSchema.learn(table).columns]
    assert kinds == ["number", "category", "boolean"]
    assert TableSchema.learn(table.tolist()) == TableSchema.learn(table)


def test_frame_is_left_as_it_is():
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 9])
    TableSchema.learn(frame).encode(frame)
    assert frame.index.tolist() == [7, 9]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((2, 2, 2)), r"two dimensions.* Got an array of shape \(2, 2, 2\)"),
        (np.ones(3), "two dimensions"),
        (np.ones((2, 2)) * 1j, "Complex data not supported"),
        (
            pd.DataFrame([[1, 2]], columns=["a", 3]),
            r"named by texts \('a'\) and others are not \(3",
        ),
        (pd.DataFrame([[1, 2]], columns=["a", " "]), "Column 2 of the table has no name"),
        (pa.table([[1], [2]], names=["a", "a"]), "more than one column named 'a'"),
        (pl.LazyFrame({"a": [1]}), "A data frame is needed. Got LazyFrame"),
        ("table.csv", "A data frame is needed. Got str"),
        (None, "A data frame is needed. Got NoneType"),
    ],
)
def test_table_that_cannot_be_used_is_a_clear_error(table, message):
    with pytest.raises(DataError, match=message):
        as_frame(table)


def test_sparse_matrix_too_large_to_be_written_out_is_a_clear_error():
    with pytest.raises(DataError, match=r"would take 745.1 GiB as a dense array; at most 4 GiB"):
        as_frame(sp.csr_matrix((100_000, 1_000_000)))


def test_limit_for_sparse_matrices_is_the_one_that_is_stated(monkeypatch):
    monkeypatch.setattr(frames, "MOST_DENSE_BYTES", 9 * 8)
    assert as_frame(sp.csr_array(GRID)).shape == (3, 3)
    monkeypatch.setattr(frames, "MOST_DENSE_BYTES", 9 * 8 - 1)
    with pytest.raises(DataError, match=r"shape \(3, 3\)"):
        as_frame(sp.csr_array(GRID))


# --- Encoding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", CODINGS, ids=["standard", "robust", "bins"])
def test_rows_are_coded_each_by_itself(coding, frame):
    schema = TableSchema.learn(frame, coding=coding)
    whole = schema.encode(frame)
    pieces = [schema.encode(frame.iloc[start : start + 7]) for start in range(0, N, 7)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    order = np.random.default_rng(1).permutation(N)
    np.testing.assert_array_equal(schema.encode(frame.iloc[order]), whole[order])


@pytest.mark.parametrize("coding", CODINGS, ids=["standard", "robust", "bins"])
def test_order_of_the_training_rows_does_not_matter(coding, frame):
    order = np.random.default_rng(1).permutation(N)
    schema = TableSchema.learn(frame, coding=coding)
    shuffled = TableSchema.learn(frame.iloc[order], coding=coding)
    np.testing.assert_allclose(shuffled.encode(frame), schema.encode(frame), atol=1e-12)


def test_coded_rows_can_be_float32(frame):
    schema = TableSchema.learn(frame, coding="robust")
    coded = schema.encode(frame, dtype=np.float32)
    assert coded.dtype == np.float32
    np.testing.assert_array_equal(coded, schema.encode(frame).astype(np.float32))


def test_missing_columns_are_named_with_the_nearest_that_are_there(frame):
    schema = TableSchema.learn(frame)
    with pytest.raises(DataError, match="missing: 'real', 'flag'") as caught:
        schema.encode(frame.rename(columns={"real": "reals", "flag": "Flags"}))
    assert caught.value.hint == "Did you mean 'reals' for 'real', 'Flags' for 'flag'?"


@pytest.mark.parametrize("coding", CODINGS, ids=["standard", "robust", "bins"])
def test_schema_of_every_sort_of_column_survives_json(coding, frame):
    schema = TableSchema.learn(frame, "two", coding=coding)
    again = TableSchema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema
    np.testing.assert_array_equal(again.encode(frame), schema.encode(frame))


def test_features_are_as_many_as_there_are_columns_and_all_different(frame):
    for coding in CODINGS:
        schema = TableSchema.learn(frame, coding=coding)
        assert len(set(schema.features)) == schema.encode(frame).shape[1]


def test_codes_are_where_the_schema_says(frame):
    schema = TableSchema.learn(frame, coding="robust")
    ((position, levels),) = schema.codes.items()
    assert schema.features[position] == "many"
    assert levels == 12
    assert sorted(set(schema.encode(frame)[:, position])) == list(range(1, 12))


def test_two_columns_of_one_name_in_a_file_are_a_clear_error(frame):
    described = TableSchema.learn(frame[["real", "two"]]).to_dict()
    described["columns"] *= 2
    with pytest.raises(
        SpecError, match="Two of the columns of a schema have the same name, 'real'"
    ):
        TableSchema.from_dict(described)


# --- Targets --------------------------------------------------------------------------------------


def test_several_numbers_can_be_predicted_together(frame):
    schema = TableSchema.learn(frame, ["whole", "real"], task="regression")
    assert schema.target is None
    assert [target.name for target in schema.targets] == ["whole", "real"]
    assert {"whole", "real"}.isdisjoint(column.name for column in schema.columns)
    coded = schema.encode_target(frame)
    assert coded.shape == (N, 2)
    np.testing.assert_allclose(coded.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(schema.targets[1].decode(coded[:, 1]), frame["real"], atol=1e-12)
    assert TableSchema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_several_classes_can_be_predicted_together(frame):
    schema = TableSchema.learn(frame, ["two", "flag"])
    coded = schema.encode_target(frame)
    assert coded[:2].tolist() == [["no", True], ["yes", False]]
    assert schema.text_columns[-1] == "two"


def test_one_target_in_a_list_is_as_one_alone(frame):
    assert TableSchema.learn(frame, ["two"]) == TableSchema.learn(frame, "two")


def test_targets_that_set_different_tasks_are_a_clear_error(frame):
    with pytest.raises(DataError, match="'real' is a regression, 'two' is a classification"):
        TableSchema.learn(frame, ["real", "two"])


def test_mistyped_target_among_several_is_an_error_with_the_nearest_name(frame):
    with pytest.raises(DataError, match="no column 'reel'") as caught:
        TableSchema.learn(frame, ["whole", "reel"])
    assert caught.value.hint == "Did you mean 'real'?"


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.array([3, 1, 3], dtype=np.uint8), (1, 3)),
        (pd.array([3, 1, 3], dtype="Int64"), (1, 3)),
        ([2**60 + 1, 2**60, 2**60], (2**60, 2**60 + 1)),
        (pd.Categorical([3, 1, 3]), (1, 3)),
        (pd.Categorical(["b", "a"]), ("a", "b")),
        (pd.Categorical([True, False]), (False, True)),
        (np.array(["b", "a"], dtype=object), ("a", "b")),
        (pd.array([True, False], dtype="boolean"), (False, True)),
    ],
)
def test_classes_of_every_type_come_back_as_they_were(values, classes):
    series = pd.Series(values)
    target = Target.learn(series, "y", task="classification")
    assert target.classes == classes
    assert [type(label) for label in target.classes] == [type(label) for label in classes]
    assert target.encode(series).tolist() == series.tolist()


def test_classes_of_different_types_are_a_clear_error():
    with pytest.raises(DataError, match=r"different types: some are texts, but one is 1 \(int\)"):
        Target.learn(pd.Series(["a", 1, "b"]), "y")


@pytest.mark.parametrize("dtype", ["int64", "uint16", "Int64", "float32", "int64[pyarrow]"])
def test_counts_can_be_left_in_their_unit(dtype):
    counts = pd.Series(range(30), dtype=dtype)
    target = Target.learn(counts, "bikers", standardise=False)
    assert target.task == "regression"
    assert target.encode(counts).tolist() == list(range(30))


@pytest.mark.parametrize(
    "values", [[dt.date(2024, 1, 1), dt.date(2024, 1, 2)], ["2024-01-01", "2024-01-02"]]
)
@pytest.mark.parametrize("task", [None, "regression", "classification"])
def test_dates_cannot_be_predicted(values, task):
    with pytest.raises(DataError, match="target 'y' holds dates or times"):
        Target.learn(pd.Series(values), "y", task=task)
    with pytest.raises(DataError, match="target 'y' holds dates or times"):
        infer_task(pd.Series(values), "y")


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "y", "task": "regression", "mean": float("nan")},
        {"name": "y", "task": "regression", "classes": [1.5]},
        {"name": "y", "task": "regression", "mean": 1},
    ],
)
def test_broken_target_in_a_file_is_a_clear_error(broken):
    good = {"name": "y", "task": "regression", "mean": 0.0, "standard_deviation": 1.0}
    with pytest.raises(SpecError):
        Target.from_dict(good | {"classes": []} | broken)


# --- Any table ------------------------------------------------------------------------------------

CELLS = {
    "numbers": st.floats(),
    "integers": st.integers(),
    "few numbers": st.sampled_from([0.0, 1.0, 5.0, float("inf"), None]),
    "texts": st.sampled_from([None, "a", "b", "", "2024-01-01"]),
    "many texts": st.text(max_size=2),
    "booleans": st.sampled_from([None, True, False]),
    "dates": st.one_of(st.none(), st.dates()),
    "date texts": st.dates().map(str),
    "datetimes": st.datetimes(),
    "zoned": st.datetimes(
        min_value=dt.datetime(1700, 1, 1), timezones=st.sampled_from([dt.UTC, None])
    ),
    "times": st.one_of(st.none(), st.times()),
    "durations": st.timedeltas(),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(2, 12))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    made = {
        f"{kind} {i}": draw(st.lists(CELLS[kind], min_size=rows, max_size=rows))
        for i, kind in enumerate(kinds)
    }
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in made.items()})
    order = draw(st.permutations(range(rows)))
    return frame, list(order)


@pytest.mark.filterwarnings("ignore::ravine.errors.DataWarning")
@settings(max_examples=80)
@given(tables(), st.sampled_from(CODINGS))
def test_training_rows_become_finite_numbers_row_by_row_or_are_refused_clearly(table, coding):
    frame, order = table
    try:
        schema = TableSchema.learn(frame, coding=coding)
    except RavineError:
        return
    X = schema.encode(frame)
    assert X.shape == (len(frame), len(schema.features))
    assert np.isfinite(X).all()
    assert schema.readable(frame).all()
    described = json.loads(json.dumps(schema.to_dict(), allow_nan=False))
    assert TableSchema.from_dict(described) == schema
    np.testing.assert_array_equal(schema.encode(frame.iloc[order]), X[order])
    for row in range(len(frame)):
        np.testing.assert_array_equal(schema.encode(frame.iloc[[row]]), X[[row]])


@pytest.mark.filterwarnings("ignore::ravine.errors.DataWarning")
@settings(max_examples=60)
@given(tables(), tables(), st.sampled_from(CODINGS))
def test_other_rows_become_finite_numbers_or_are_refused_clearly(training, other, coding):
    renamed = other[0].set_axis(
        [*training[0].columns, *map(str, range(9))][: other[0].shape[1]], axis="columns"
    )
    with contextlib.suppress(RavineError):
        schema = TableSchema.learn(training[0], coding=coding)
        assert np.isfinite(schema.encode(renamed)).all()
