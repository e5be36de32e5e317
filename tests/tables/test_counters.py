"""Names of columns, and columns that only count rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import DataError, DataWarning
from ravine.tables import TableSchema, read_table
from tests.builders.command_line import run
from tests.builders.quick_tables import QUICK, N, learnt, numbered, quick

# --- Names and counters ---------------------------------------------------------------------------


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


# --- Files of models ------------------------------------------------------------------------------


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
