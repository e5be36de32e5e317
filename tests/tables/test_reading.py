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
from ravine.cli import main
from ravine.errors import DataError, DataWarning, RavineError, SpecError
from ravine.tables import (
    Column,
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

N = 40
QUICK = ("--members", "2", "--hidden", "8", "--epochs", "2")


def run(*words):
    return main([str(word) for word in words])


def quick(kind=rv.NeuralRegressor, **other):
    fixed = {"n_members": 2, "variants": None, "hidden_layer_sizes": (8,), "epochs": 3, "n_jobs": 1}
    return kind(**fixed | {"random_state": 0} | other)


def learnt(table, *targets, **how):
    """A schema, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        schema = TableSchema.learn(table, *targets, **how)
    assert all(warning.category is DataWarning for warning in caught)
    return schema, [str(warning.message) for warning in caught]


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
        (["2.5"] * 39 + ["-"], "The target 'y' holds numbers but for '-' in row 40"),
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


# --- Missing words --------------------------------------------------------------------------------


def test_words_for_missing_values_are_classes_in_a_target_and_missing_in_a_feature(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("pool,y\nNA,None\nyes,no\nNA,None\n")
    with pytest.warns(DataWarning) as caught:
        frame = read_table(path, target="y")
    assert frame["y"].tolist() == ["None", "no", "None"]
    assert frame["pool"].isna().tolist() == [True, False, True]
    said = [str(warning.message) for warning in caught]
    assert said == [
        "Column 'pool': 2 cells 'NA' count as missing; --missing '' keeps such words as text.",
        "The target 'y' has 2 cells 'None', which are taken for a class; --missing 'None' leaves "
        "such rows out.",
    ]
    kept = read_table(path, missing_values=[])
    assert kept["pool"].tolist() == ["NA", "yes", "NA"]
    assert read_table(path, target="y", missing_values=["None"])["y"].isna().sum() == 2


def test_missing_cells_of_training_are_missing_in_prediction_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=N).round(3)
    pool = np.where(np.arange(N) % 3 == 0, "NA", "big")
    pd.DataFrame({"x": x, "pool": pool, "y": 3 * x}).to_csv("t.csv", index=False)
    for flags, levels in (((), ("big", None)), (("--missing", ""), ("NA", "big"))):
        assert run("train", "t.csv", "--target", "y", *QUICK, "--out", "m", *flags) == 0
        model = rv.load("m/model.safetensors")
        assert model.schema_.columns[1].levels == levels
        with TableChunks("t.csv", model.schema_, rows=7) as chunks:
            pieces = np.concatenate([model.schema_.encode(c.frame) for c in chunks])
        whole = read_table("t.csv", missing_values=model.schema_.missing_values) if flags else None
        if whole is not None:
            np.testing.assert_array_equal(pieces, model.schema_.encode(whole))
        assert run("train", "t.csv", "--recipe", "m/recipe.toml", "--out", "again") == 0
        assert rv.load("again/model.safetensors").schema_ == model.schema_
    capsys.readouterr()


def test_labels_that_differ_only_in_blanks_are_warned_of_in_memory_and_one_in_files(tmp_path):
    table = {"x": [i % 5 for i in range(N)], "y": ["yes", "yes ", "no", "no"] * 10}
    schema, said = learnt(table, "y")
    assert schema.target.classes == ("no", "yes", "yes ")
    assert "'yes' and 'yes ', which differ only in blanks" in said[0]
    with pytest.warns(DataWarning, match="'yes' and 'yes ', which differ only in blanks"):
        quick(rv.NeuralClassifier).fit(pd.DataFrame(table)[["x"]], table["y"])
    for path in (tmp_path / "t.csv", tmp_path / "t.parquet"):
        frame = pd.DataFrame(table)
        frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
        assert set(read_table(path)["y"]) == {"yes", "no"}


def test_a_model_whose_levels_have_blanks_finds_them_in_files(tmp_path):
    table = {" x": [" a", "b ", " a", "NA"], "y": [1.0, 2.0, 3.0, 5.0]}
    schema = TableSchema.learn(table, "y")
    pd.DataFrame(table).to_csv(tmp_path / "t.csv", index=False)
    with TableChunks(tmp_path / "t.csv", schema, rows=2) as chunks:
        pieces = np.concatenate([schema.encode(chunk.frame) for chunk in chunks])
    np.testing.assert_array_equal(pieces, schema.encode(table))


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


# --- Names and counters ---------------------------------------------------------------------------


def numbered(names):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) * [1, 10, 100]
    return pd.DataFrame(X, columns=list(names)), X @ [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "names",
    [range(3), [7, 3, 5], pd.date_range("2024-01-01", periods=3), [("a", 1), ("a", 2), ("b", 1)]],
    ids=["range", "numbers", "dates", "pairs"],
)
def test_names_that_are_no_text_are_found_by_name_also_after_saving(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame, y = numbered(names)
    model = quick().fit(frame, y)
    assert not hasattr(model, "feature_names_in_")
    expected = model.predict(frame)
    np.testing.assert_array_equal(model.predict(frame[frame.columns[::-1]]), expected)
    np.testing.assert_array_equal(model.predict(frame.to_numpy()), expected)
    model.save("m.safetensors")
    again = rv.load("m.safetensors")
    np.testing.assert_array_equal(again.predict(frame[frame.columns[::-1]]), expected)
    frame[frame.columns[::-1]].to_csv("t.csv", index=False)
    assert run("predict", "m.safetensors", "t.csv", "--out", "p.csv") == 0
    np.testing.assert_allclose(pd.read_csv("p.csv")["prediction"], expected, rtol=1e-6)
    with pytest.raises(DataError, match="missing"):
        model.predict(frame.set_axis([91, 92, 93], axis=1))


def test_an_array_goes_by_position_and_a_numbered_frame_by_its_numbers():
    frame, y = numbered(range(3))
    model = quick().fit(frame.to_numpy(), y)
    expected = model.predict(frame.to_numpy())
    np.testing.assert_array_equal(model.predict(frame[[2, 0, 1]]), expected)


@pytest.mark.parametrize("names", [["a", "a", "b"], [0, 0, 1]])
def test_two_columns_of_one_name_are_our_error_with_the_cure(names):
    frame, y = numbered(names)
    with pytest.raises(DataError, match="more than one column named") as caught:
        quick().fit(frame, y)
    assert "Rename" in caught.value.hint


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 7", "index", "id", "ID", "row"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_counter_that_is_called_so_is_left_out_with_a_note(name, first):
    table = {name: range(first, first + 9), "x": [i % 2 for i in range(9)]}
    schema, said = learnt(table)
    assert schema.left_out == {name: "it counts the rows"}
    assert said == [f"Column {name!r} is left out: it counts the rows."]
    assert schema.encode({"x": [0, 1]}).shape == (2, 1)


@pytest.mark.parametrize("numbers", [[2, 5, 6, 9, 30, 31], [5, 3, 9, 0, 1, 2]])
def test_numbers_of_rows_cut_or_shuffled_are_left_out_where_they_have_no_name(numbers):
    schema, said = learnt({"Unnamed: 0": numbers, "id": numbers, "x": [0, 1] * 3})
    assert schema.left_out == {"Unnamed: 0": "it numbers the rows"}
    assert len(said) == 1
    assert [column.name for column in schema.columns] == ["id", "x"]


def test_a_nameless_column_that_numbers_nothing_is_learnt_from(tmp_path):
    (tmp_path / "t.csv").write_text(",x\n5,1\n5,2\n7,1\n")
    frame = read_table(tmp_path / "t.csv")
    assert [column.name for column in TableSchema.learn(frame).columns] == ["Unnamed: 0", "x"]


def test_another_counter_is_kept_with_a_warning_and_what_does_not_count_without():
    schema, said = learnt({"day": range(9), "id": [3, 1, 2] * 3, "jump": [0, 2, *range(2, 9)]})
    assert [column.name for column in schema.columns] == ["day", "id", "jump"]
    assert len(said) == 1
    assert "'day' counts the rows of the table (0, 1, 2, …)" in said[0]


def test_a_row_number_is_left_out_by_its_place_in_the_whole_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=80)
    frame = pd.DataFrame({"x": x, "won": np.where(x > 0, "yes", "no")})
    frame.to_csv("a.csv")
    pd.read_csv("a.csv").to_csv("b.csv", index=False)
    for name in ("a", "b"):
        for more in (QUICK, ("--estimator", "mlp", "--epochs", "2")):
            assert run("train", f"{name}.csv", "--target", "won", *more, "--out", name) == 0
            assert (
                "note: Column 'Unnamed: 0' is left out: it counts the rows."
                in capsys.readouterr().err
            )
    assert run("evaluate", "b", "a.csv") == 0


def test_names_that_differ_only_in_what_cannot_be_seen_are_named_so():
    schema = TableSchema.learn({"größe": [1, 2], "b ": [1, 3]})
    for name, how in (("gro\u0308ße", "Unicode's form"), ("größe ", "blanks")):
        with pytest.raises(DataError, match="missing: 'größe'") as caught:
            schema.encode({name: [1], "b ": [1]})
        assert f"only in {how}" in caught.value.hint


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
        DataError, match=r"y holds datetime.time\(1, 0\) \(time\), which is no label"
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


# --- Missing only later ---------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["standard", "robust"])
def test_the_middle_of_the_training_rows_can_stand_for_what_is_newly_missing(coding):
    days = pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-05"] * 3)
    table = {
        "n": [1.0, 2.0, 3.0] * 3,
        "b": [True, False, True] * 3,
        "d": days,
        "t": list("aba") * 3,
    }
    schema = TableSchema.learn(table, coding=coding)
    gaps = {"n": [None, 2.0], "b": [None, True], "d": [None, days[1]], "t": [None, "a"]}
    with pytest.raises(DataError, match="'n' has 1 missing value") as caught:
        schema.encode(gaps)
    assert 'on_new_missing="median"' in caught.value.hint
    coded = schema.encode(gaps, on_new_missing="median")
    known = schema.encode({name: [cells[1]] for name, cells in gaps.items()})
    assert coded[0, schema.features.index("n")] == known[0, schema.features.index("n")]
    np.testing.assert_array_equal(coded[1], known[0])


def test_cross_validation_gives_numbers_although_a_fold_lacks_what_is_missing():
    from sklearn.model_selection import cross_val_score

    frame, y = numbered("abc")
    frame.loc[3, "a"] = np.nan
    scores = cross_val_score(quick(on_new_missing="median"), frame, y, cv=3, error_score="raise")
    assert np.isfinite(scores).all()
    with pytest.raises(DataError, match="had none in the training rows"):
        cross_val_score(quick(), frame, y, cv=3, error_score="raise")


def test_commands_take_the_median_for_what_is_newly_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame, y = numbered("abc")
    frame.assign(y=y).to_csv("t.csv", index=False)
    middle = frame.assign(y=y).head(2)
    middle.loc[0, "a"] = None
    middle.to_csv("new.csv", index=False)
    for more in (QUICK, ("--estimator", "mlp", "--epochs", "2")):
        assert run("train", "t.csv", "--target", "y", *more, "--out", "m") == 0
        for words in (["predict"], ["evaluate"]):
            assert run(words[0], "m", "new.csv") == 2
            assert run(words[0], "m", "new.csv", "--on-new-missing", "median") == 0
    assert run("predict", "m", "new.csv", "--on-new-missing", "mean") == 2
    assert "--on-new-missing must be error or median" in capsys.readouterr().err


# --- Rows of the file -----------------------------------------------------------------------------

BAD = {
    "no date": ("d", "unknown", "'d' must hold dates. Got 'unknown'"),
    "no day": ("d", "2023-13-45", "'d' must hold dates. Got '2023-13-45'"),
    "no time": ("t", "noon", "'t' must hold times of day. Got 'noon'"),
    "no target": ("y", "-", "The target 'y' holds numbers but for '-'"),
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
    monkeypatch.setattr("ravine.training.train", None)
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
    from ravine.cli.options import DataFlags, NetworkFlags, RecipeFlags
    from ravine.cli.settings import read_settings

    with pytest.MonkeyPatch.context() as patch:
        for module in (fitting, known_rows):
            patch.setattr(module, "say", said.append)
        settings_ = read_settings(DataFlags(target="target"), NetworkFlags(), RecipeFlags())
        try:
            prepared = fitting.prepare(str(path), settings_)
        except RavineError:
            return
    known = {column.name for column in prepared.schema.columns} | {"target"}
    words = " ".join(said)
    for name in read_table_names(path):
        assert name in known or f"{name!r}" in words, (name, said)
    lost = [int(m[1]) for line in said if (m := re.match(r"note: (\d+) .*left out", line))]
    assert len(frame) == sum(map(len, prepared.parts)) + sum(lost)


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
        Column.from_dict(NumberColumn("a", 0.0, 1.0).to_dict() | broken)
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


def test_a_counter_that_pandas_has_renamed_twice_is_left_out():
    frame = pd.DataFrame({"Unnamed: 0.1": np.arange(N), "x": np.arange(N) % 7})
    with pytest.warns(DataWarning, match="left out"):
        assert list(TableSchema.learn(frame).left_out) == ["Unnamed: 0.1"]


@pytest.mark.parametrize(
    ("pair", "how"),
    [(("a", " a"), "blanks"), (("a b", "a  b"), "blanks"), (("é", "e\u0301"), "Unicode's form")],
)
@pytest.mark.parametrize("kind", [list, pd.Categorical])
def test_texts_that_look_alike_are_warned_of_with_the_reason_also_as_categories(pair, how, kind):
    texts = kind([pair[i % 2] for i in range(N)])
    with pytest.warns(DataWarning, match=f"differ only in {how}"):
        TableSchema.learn(pd.DataFrame({"c": texts}))
    with pytest.warns(DataWarning, match="which differ only in blanks or in Unicode's form"):
        TableSchema.learn(pd.DataFrame({"c": np.arange(N) % 7, "y": texts}), "y")


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
