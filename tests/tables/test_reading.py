"""Reading tables: no column, cell, class or row is lost in silence."""

from __future__ import annotations

import datetime as dt
import json
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.errors import DataError, DataWarning, RavineError, SpecError
from ravine.tables import (
    NumberColumn,
    TableModel,
    TableSchema,
    Target,
    as_frame,
    baseline_model,
    infer_task,
    learn_column,
    read_table,
)
from ravine.tables.chunks import TableChunks
from ravine.tables.columns import read_column
from tests.builders.command_line import run
from tests.builders.quick_tables import QUICK, N, learnt, quick

# --- Text that is nearly all numbers --------------------------------------------------------------


def test_odd_cells_among_numbers_are_missing_and_the_warning_has_count_cell_row_and_cure():
    cells = [str(i % 7) for i in range(N)]
    cells[5], cells[9] = "unknown", "-"
    schema, said = learnt({"amount": cells, "x": [i % 3 for i in range(N)]})
    assert said == [
        "Column 'amount': 38 of 40 cells that are not blank are numbers; the first that is not is "
        "'unknown' in row 6. These 2 cells count as missing: correct them, or leave them empty."
    ]
    assert schema.notes == tuple(said)
    coded = schema.encode({"amount": [3.0, None], "x": [1, 2]})
    with pytest.warns(DataWarning, match=r"'amount': 1 cell is no number .* 'sold' in row 2"):
        np.testing.assert_array_equal(schema.encode({"amount": ["3", "sold"], "x": [1, 2]}), coded)


@pytest.mark.parametrize(("odd", "kind"), [(8, "number"), (9, "category")])
def test_a_column_is_one_of_numbers_from_80_percent_on(odd, kind):
    cells = ["x"] * odd + [str(i % 5) for i in range(40 - odd)] + [" ", None]
    schema, said = learnt({"a": cells, "b": [i % 3 for i in range(42)]})
    assert schema.columns[0].kind == kind
    assert len(said) == 1
    assert "'x' in row 1" in said[0]


def test_clean_tables_give_no_warning():
    table = {"n": [i % 7 for i in range(N)], "t": ["a", "b"] * 20, "c": [1] * N, "e": [None] * N}
    assert learnt(table)[1] == []


def test_text_in_a_column_whose_training_rows_had_none_is_an_error():
    schema = TableSchema.learn({"a": [1, 2, None, 4]})
    assert schema.encode({"a": ["1", " ", "#DIV/0!", "NA"]}).tolist()[1:] == [[0, 1]] * 3
    with pytest.raises(DataError, match=r"'a' must hold numbers\. Got the text 'big' in row 2"):
        schema.encode({"a": ["1", "big"]})


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2.5"] * 39 + ["-"], "The target 'y' holds numbers except for '-' in row 40"),
        ([f"{1000 + i:,}.5" for i in range(N)], "written as text, such as '1,000.5' in row 1"),
        ([f"${i}" for i in range(N)], r"written as text, such as '\$0' in row 1"),
        ([f"{i}%" for i in range(N)], "written as text, such as '0%' in row 1"),
    ],
)
def test_a_target_that_is_nearly_numbers_is_an_error(cells, message):
    series = pd.Series(cells)
    for task in (None, "regression"):
        with pytest.raises(DataError, match=message):
            Target.learn(series, "y", task=task)
    with pytest.raises(DataError, match=message):
        infer_task(series, "y")
    assert len(Target.learn(series, "y", task="classification").classes) == len(set(cells))


@pytest.mark.parametrize("classes", [["007", "010", "100"], ["1", "2"], ["01", "1"]])
def test_labels_keep_their_spelling(classes):
    target = Target.learn(pd.Series(classes * 9), "y")
    assert target.classes == tuple(sorted(classes))


def test_whole_numbers_too_close_for_floats_are_left_out_for_the_true_reason():
    schema, said = learnt({"id": 2**60 + np.arange(9), "x": np.arange(9) % 2})
    why = "its whole numbers differ by less than float64 can tell apart beyond 2^53"
    assert schema.left_out == {"id": why}
    assert len(said) == 1


# --- The same in pieces ---------------------------------------------------------------------------

WAYS = {
    "plain": [f"{i / 4}" for i in range(N)],
    "thousands": [f"{1000.5 * (i % 9):,.2f}" for i in range(N)],
    "decimal comma": [f"{i / 4:.2f}".replace(".", ",") for i in range(N)],
    "percent": [f"{i % 9} %" for i in range(N)],
    "currency": [f"${1000 * (i % 9 + 1):,}.10" for i in range(N)],
    "odd": ["sold" if i == 11 else " " if i == 20 else f"{i % 9}" for i in range(N)],
    "blank": [" " if i == 33 else f"{i % 9}" for i in range(N)],
    "sheet": ["#DIV/0!" if i == 33 else f"{i % 9}" for i in range(N)],
    "codes": [f"{i % 4:03}" for i in range(N)],
    "day first": [f"{i % 28 + 1}/{i % 12 + 1}/1990" for i in range(N)],
    "month first": [f"{i % 12 + 1}-{i % 28 + 1}-1990 9:05 PM" for i in range(N)],
    "names": [f"Jan {i % 28 + 1:02}, 2024" for i in range(N)],
    "clock": [f"{i % 12 + 1}:05 {'AP'[i % 2]}M" for i in range(N)],
    "lasts": [f"{20 + i}:10:07" for i in range(N)],
    "days": [f"{i} days 09:05:00" for i in range(N)],
    "flag": ["true" if i % 3 else "FALSE" for i in range(N)],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rows", [3, 1000])
@pytest.mark.filterwarnings("ignore::ravine.errors.DataWarning")
def test_a_cell_means_the_same_in_a_piece_and_in_the_whole_file(tmp_path, way, rows):
    frame = pd.DataFrame({"a": WAYS[way], "b": [i % 5 for i in range(N)]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    whole = read_table(tmp_path / "t.csv")
    schema = TableSchema.learn(whole, coding="robust")
    assert [column.name for column in schema.columns] == ["a", "b"]
    assert TableSchema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema
    with TableChunks(tmp_path / "t.csv", schema, rows=rows, block=200) as chunks:
        pieces = np.concatenate([schema.encode(chunk.frame) for chunk in chunks])
    np.testing.assert_array_equal(pieces, schema.encode(whole))


def test_cells_that_count_as_missing_are_counted_over_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": [f"{v:.2f}" for v in rng.normal(size=300)], "b": rng.normal(size=300)}
    )
    frame["y"] = 2 * frame["b"]
    frame.loc[[5, 250, 270], "a"] = "sold"
    frame.to_csv("t.csv", index=False)
    assert run("train", "t.csv", "--target", "y", *QUICK, "--out", "m") == 0
    assert "note: Column 'a': 297 of 300 cells" in capsys.readouterr().err
    monkeypatch.setattr("ravine.tables.chunks._ROWS", 7)
    assert run("predict", "m", "t.csv", "--out", "p.csv") == 0
    err = capsys.readouterr().err
    said = "3 cells are no numbers and count as missing; the first is 'sold' in row 6"
    assert f"note: Column 'a': {said}" in err


# --- Targets of the estimators --------------------------------------------------------------------

X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=N)})


@pytest.mark.parametrize(
    "labels",
    [
        np.array([1, 0] * 20, dtype=object),
        np.array([True, False] * 20, dtype=object),
        pd.array([2**60 + 1, 2**60] * 20, dtype="Int64"),
        pd.array([2**60 + 1, 2**60] * 20, dtype="int64[pyarrow]"),
        np.array([2**64 - 1, 2**64 - 2] * 20, dtype=np.uint64),
        np.array([2**64 - 1, 2**64 - 2] * 20, dtype=object),
        pd.array(["b", "a"] * 20, dtype="string"),
        pd.Categorical(["b", "a"] * 20),
        pl.Series(["b", "a"] * 20),
        pl.Series([2**60 + 1, 2**60] * 20),
    ],
    ids=range(10),
)
def test_labels_of_every_data_type_come_back_exactly(labels):
    model = quick(rv.NeuralClassifier).fit(X, labels)
    assert model.classes_.tolist() == sorted(set(labels))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.to_timedelta(range(N), unit="h"), "y holds time spans"),
        (pd.date_range("2024-01-01", periods=N), "y holds dates"),
        (pd.period_range("2024-01", periods=N, freq="M"), "y holds dates"),
        ([dt.date(2024, 1, 1)] * N, "y holds dates"),
        (["1.5"] * 9 + ["-"] * 31, "y must hold numbers. Got the text '-' in row 10"),
    ],
)
def test_what_cannot_be_regressed_on_is_an_error_that_says_why(y, message):
    with pytest.raises(DataError, match=message):
        quick().fit(X, y)


@pytest.mark.parametrize(
    "labels",
    [
        pd.to_datetime(["2024-01-01", None] * 20),
        pd.array(["a", None] * 20, dtype="string"),
        np.array([1, None] * 20, dtype=object),
        pd.array([1, None] * 20, dtype="Int64"),
    ],
    ids=range(4),
)
def test_a_missing_label_is_an_error(labels):
    with pytest.raises(ValueError, match=r"missing label|NaN"):
        quick(rv.NeuralClassifier).fit(X, labels)


def test_what_is_no_label_is_an_error_that_names_it():
    with pytest.raises(
        DataError, match=r"y holds datetime.time\(1, 0\) \(time\), which is not a class label"
    ):
        quick(rv.NeuralClassifier).fit(X, [dt.time(1), dt.time(2)] * 20)


def test_labels_of_different_types_are_an_error_with_the_cure():
    with pytest.raises(DataError, match=r"different types, such as 1 \(int\) and 'no' \(str\)"):
        quick(rv.NeuralClassifier).fit(X, np.array([1, "no"] * 20, dtype=object))


@pytest.mark.parametrize(
    "y", [np.arange(N).astype(object), pd.array(np.arange(N), dtype="Int64"), pl.Series(range(N))]
)
def test_numbers_of_every_data_type_are_regressed_on_alike(y):
    expected = quick().fit(X, np.arange(N, dtype=np.float64)).predict(X)
    np.testing.assert_array_equal(quick().fit(X, y).predict(X), expected)


# --- Rows of the file -----------------------------------------------------------------------------

BAD = {
    "no date": ("d", "unknown", "'d' must hold dates. Got 'unknown'"),
    "no day": ("d", "2023-13-45", "'d' must hold dates. Got '2023-13-45'"),
    "no time": ("t", "noon", "'t' must hold times of day. Got 'noon'"),
    "no target": ("y", "-", "The target 'y' holds numbers except for '-'"),
    "no end": ("y", "inf", "Column 'y' holds 1 infinite value"),
}


@pytest.mark.parametrize("estimator", ["neural", "mlp"])
@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize("row", [7, 150])
def test_an_error_names_the_row_of_the_file_before_training(
    tmp_path, monkeypatch, capsys, fault, row, estimator
):
    monkeypatch.chdir(tmp_path)
    column, cell, message = BAD[fault]
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, 200), unit="D")
    frame = pd.DataFrame({"d": days.strftime("%Y-%m-%d"), "t": "9:05", "y": rng.normal(size=200)})
    frame["t"] = [f"{hour}:{hour:02}" for hour in rng.integers(0, 24, 200)]
    frame = frame.astype(object)
    frame.loc[3, "y"] = None
    frame.loc[row, column] = cell
    frame.to_csv("t.csv", index=False)
    monkeypatch.setattr("ravine.training.train.train", None)
    assert run("train", "t.csv", "--target", "y", "--estimator", estimator) == 2
    error = re.search("error: .*", capsys.readouterr().err)[0]
    assert message in error
    assert f"row {row + 1}" in error


# --- Any table ------------------------------------------------------------------------------------

CELLS = {
    "numbers": st.floats(-1e6, 1e6).map(lambda v: round(v, 2)),
    "spelled": st.floats(0, 1e5).map("{:,.2f}".format),
    "commas": st.floats(0, 1e5).map(lambda v: f"{v:.2f}".replace(".", ",")),
    "odd": st.sampled_from(["1", "2.5", "3", "4", " ", "", "sold", "#REF!", "NA"]),
    "codes": st.integers(0, 9).map("{:03}".format),
    "texts": st.sampled_from(["a", "b", "a ", " b", "NA", "None", ""]),
    "dates": st.dates().map(str),
    "day first": st.dates(dt.date(1990, 1, 1)).map("{:%d/%m/%Y}".format),
    "times": st.times().map("{:%H:%M}".format),
    "flags": st.sampled_from(["true", "false", ""]),
    "counter": st.none(),
}
NAMES = st.sampled_from(["a", " b", "größe", "id", "index", "0", "7", "Unnamed: 3", "x y"])


@st.composite
def files(draw):
    n = draw(st.integers(10, 30))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    table = {
        name: list(range(n))
        if kind == "counter"
        else draw(st.lists(CELLS[kind], min_size=n, max_size=n))
        for name, kind in zip(names, kinds, strict=True)
    }
    target = draw(st.lists(st.sampled_from(["yes", "no", "", "None"]), min_size=n, max_size=n))
    return pd.DataFrame(table | {"target": target})


@settings(max_examples=60, deadline=None)
@given(files())
def test_every_column_is_in_the_schema_or_named_and_every_row_trained_held_out_or_named(
    tmp_path_factory, frame
):
    path = tmp_path_factory.mktemp("any") / "t.csv"
    frame.to_csv(path, index=False)
    said = []
    from ravine.cli import fitting, known_rows
    from ravine.cli.flags.network import read_network_settings
    from ravine.cli.flags.options import DataFlags, NetworkFlags, RecipeFlags
    from ravine.cli.kinds import network
    from ravine.specs.recipe_file import RecipeFile

    with pytest.MonkeyPatch.context() as patch:
        for module in (network, known_rows):
            patch.setattr(module, "say", said.append)
        settings_ = read_network_settings(
            RecipeFile(), DataFlags(target="target"), NetworkFlags(), RecipeFlags()
        )
        try:
            prepared = fitting.prepare(str(path), settings_)
        except RavineError:
            return
    known = {column.name for column in prepared.schema.columns} | {"target"}
    words = " ".join(said)
    for name in read_table_names(path):
        assert name in known or f"{name!r}" in words, (name, said)
    lost = [int(m[1]) for line in said if (m := re.match(r"note: (\d+) .*left out", line))]
    assert len(frame) == sum(map(len, prepared.parts.values())) + sum(lost)


def read_table_names(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return list(read_table(path).columns)


# --- Files of models ------------------------------------------------------------------------------


def test_a_schema_of_before_is_read_and_one_without_readings_is_written_as_before():
    column = {"kind": "number", "name": "a", "mean": 0.0, "standard_deviation": 1.0}
    old = {"columns": [{**column, "missing": False, "limits": [], "duration": False}]}
    old |= {"target": None, "left_out": {}}
    assert TableSchema.from_dict(old).to_dict() == old


@pytest.mark.parametrize("broken", [{"reading": "guess"}, {"reading": 1}, {"odd": "yes"}])
def test_a_broken_reading_in_a_file_is_a_clear_error(broken):
    with pytest.raises(SpecError):
        read_column(NumberColumn("a", 0.0, 1.0).to_dict() | broken)
    with pytest.raises(SpecError):
        TableSchema.from_dict({"columns": [], "target": None, "left_out": {}, "remarks": [1]})


def test_a_table_model_keeps_its_readings_when_saved(tmp_path):
    table = {"a": [f"{i % 9},50" for i in range(N)], "y": [float(i % 5) for i in range(N)]}
    schema, _ = learnt(table, "y", task="regression")
    model = baseline_model(schema, rv.losses.SquaredError(), schema.encode_target(table))
    model.save(tmp_path / "m.safetensors")
    again = TableModel.load(tmp_path / "m.safetensors")
    assert again.schema == schema
    np.testing.assert_array_equal(again.predict(as_frame(table)), model.predict(table))
    assert learn_column(pd.Series(table["a"]), "a").reading == "comma"


@pytest.mark.parametrize(
    "make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"]
)
def test_a_first_column_without_a_name_counts_rows_in_memory_as_in_files(make):
    table = make({"": np.arange(N), "x": np.arange(N) % 7})
    with pytest.warns(DataWarning, match="'Unnamed: 0' is left out: it counts the rows"):
        estimator = quick(rv.NeuralRegressor).fit(table, np.arange(N) % 7)
    other = pd.DataFrame({"Unnamed: 0": np.arange(N)[::-1], "x": np.arange(N) % 7})
    np.testing.assert_array_equal(estimator.predict(table), estimator.predict(other))


def test_numbers_that_few_zeros_make_text_are_warned_of_and_codes_are_not():
    few = [str(i) for i in range(N - 1)] + ["007"]
    said = learnt({"c": few, "x": [i % 7 for i in range(N)]})[1]
    assert any(
        re.search(r"text, as codes are: 1 of 40 .* such as '007' in row 40", s) for s in said
    )
    for codes in (["007", "010", "100", "999"], ["0301", "08912", "017", "12"]):
        assert learnt({"c": codes * 10})[1] == []


def test_a_target_of_numbers_that_few_zeros_make_text_is_an_error():
    scores = [*map(str, range(1, N - 1)), "007", "010"]
    table = {"x": [i % 7 for i in range(N)], "y": scores}
    with pytest.raises(DataError, match="'007' in row 39") as caught:
        TableSchema.learn(table, "y")
    assert "--task classification" in caught.value.hint
    with pytest.warns(DataWarning, match="as codes are"):
        schema = TableSchema.learn(table, "y", task="classification")
    assert len(schema.target.classes) == N
