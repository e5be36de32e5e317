"""Missing cells mean the same in training and in prediction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import DataError, DataWarning
from ravine.tables import TableSchema, read_table
from ravine.tables.chunks import TableChunks
from tests.builders.command_line import run
from tests.builders.quick_tables import QUICK, N, learnt, numbered, quick

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
