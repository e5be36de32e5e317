"""``ravine predict``, ``evaluate`` and ``describe``: saved models meet tables, good and bad."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.cli import main
from tests.builders.command_line import run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a table, a regression and a classification that were trained on it."""
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 10, n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 90, n)),
            "zip": rng.choice(["02134", "10001"], n),
            "same": 1,
        }
    )
    frame["price"] = 1000 + 20 * frame["size"] + rng.normal(0, 5, n)
    frame["kind"] = np.where(frame["size"] > 50, "large", "small")
    frame["zip"] = frame["zip"].where(rng.random(n) < 0.95, "K1A")
    frame.to_csv(folder / "homes.csv", index=False)
    for target, other in (("price", "kind"), ("kind", "price")):
        words = ["train", str(folder / "homes.csv"), "--target", target, "--drop", other]
        words += ["--estimator", "mlp", "--epochs", "8", "--out", str(folder / target)]
        assert main(words) == 0
    return folder


def test_predictions_are_those_of_the_model_in_the_targets_own_unit(folder, capsys):
    assert run("predict", "price/model.safetensors", "homes.csv") == 0
    out = capsys.readouterr().out
    predictions = pd.read_csv(io.StringIO(out))
    frame = pd.read_csv("homes.csv", dtype={"zip": str})
    model = rv.load("price/model.safetensors")
    np.testing.assert_allclose(predictions["prediction"], model.predict(frame), rtol=1e-8)
    assert predictions["prediction"].mean() == pytest.approx(frame["price"].mean(), rel=0.1)


def test_folder_stands_for_the_model_in_it(folder, capsys):
    assert run("predict", "price", "homes.csv") == 0
    by_folder = capsys.readouterr().out
    assert run("predict", "price/model.safetensors", "homes.csv") == 0
    assert capsys.readouterr().out == by_folder


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.parquet"])
def test_predictions_go_to_a_file_when_asked(folder, capsys, name):
    assert run("predict", "kind", "homes.csv", "--out", name, "--probabilities") == 0
    out, err = capsys.readouterr()
    read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
    result = read(name)
    assert out == ""
    assert f"wrote 300 predictions of 'kind' to {name}" in err
    assert result.columns.tolist() == ["prediction", "probability large", "probability small"]
    np.testing.assert_allclose(result.iloc[:, 1:].sum(axis=1), 1, atol=1e-6)
    assert set(result["prediction"]) == {"large", "small"}


def test_json_predictions_are_an_object_a_row(folder, capsys):
    assert run("predict", "kind", "homes.csv", "--json", "--probabilities") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    model, frame = rv.load("kind/model.safetensors"), pd.read_csv("homes.csv", dtype={"zip": str})
    assert [row["prediction"] for row in rows] == model.predict(frame).tolist()
    shares = [[row["probability large"], row["probability small"]] for row in rows]
    np.testing.assert_array_equal(shares, model.predict_proba(frame))


def test_json_is_a_summary_where_the_rows_go_to_a_file(folder, capsys):
    assert run("predict", "price", "homes.csv", "--json", "--out", "p.csv") == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {"target": "price", "rows": 300, "file": "p.csv"}
    assert len(pd.read_csv("p.csv")) == 300


def test_columns_in_another_order_and_further_ones_give_the_same_predictions(folder, capsys):
    frame = pd.read_csv("homes.csv", dtype={"zip": str})
    frame[frame.columns[::-1]].assign(colour="red").to_csv("other.csv", index=False)
    assert run("predict", "price", "homes.csv") == 0
    expected = capsys.readouterr().out
    assert run("predict", "price", "other.csv") == 0
    out, err = capsys.readouterr()
    assert out == expected
    assert "note: 2 columns not used: 'kind', 'colour'" in err


def test_text_column_that_looks_like_numbers_in_the_new_table_is_read_as_text(folder, capsys):
    frame = pd.read_csv("homes.csv", dtype={"zip": str})
    some = frame[frame["zip"] == "02134"]
    some.to_csv("some.csv", index=False)
    assert run("predict", "price", "some.csv") == 0
    out, err = capsys.readouterr()
    expected = rv.load("price/model.safetensors").predict(some)
    np.testing.assert_allclose(pd.read_csv(io.StringIO(out))["prediction"], expected, rtol=1e-8)
    assert "'zip'" not in err


def test_unseen_categories_are_counted_once_on_standard_error(folder, capsys):
    frame = pd.read_csv("homes.csv", dtype={"zip": str}).head(5)
    frame.assign(zip=["x", "y", "02134", "x", "z"]).to_csv("new.csv", index=False)
    assert run("predict", "price", "new.csv") == 0
    err = capsys.readouterr().err
    assert err.count("note: column 'zip': 4 values of categories") == 1


def test_target_may_be_absent_when_predicting(folder, capsys):
    pd.read_csv("homes.csv").drop(columns=["price", "kind"]).to_csv("bare.csv", index=False)
    assert run("predict", "price", "bare.csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 301


def test_evaluate_prints_scores_and_gives_the_same_as_json(folder, capsys):
    assert run("evaluate", "price", "homes.csv") == 0
    assert "RMSE" in capsys.readouterr().out
    assert run("evaluate", "price", "homes.csv", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["rows"] == 300
    assert scores["rmse"] ** 2 == pytest.approx(scores["loss"], rel=1e-5)


def test_evaluate_leaves_rows_without_target_out(folder, capsys):
    frame = pd.read_csv("homes.csv", dtype={"zip": str})
    frame.loc[:99, "kind"] = None
    frame.to_csv("part.csv", index=False)
    assert run("evaluate", "kind", "part.csv", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"] == 200
    assert "note: 100 rows without a 'kind' left out" in err


def test_describe_names_columns_layers_and_what_was_left_out(folder, capsys):
    assert run("describe", "price") == 0
    out = capsys.readouterr().out
    for text in ("price: regression", "size", "02134, 10001, K1A", "dense_1", "Column 'same'"):
        assert text in out
    assert run("describe", "kind", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["schema"]["target"]["classes"] == ["large", "small"]
    assert rv.Recipe.from_dict(result["recipe"]).epochs == 8


# --- What they refuse -----------------------------------------------------------------------------


def refused(capsys, *words: object) -> str:
    """Run a command that must fail as the user's mistake; its error line."""
    assert run(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert lines[0].startswith("error: ")
    assert all(line.startswith("hint: ") for line in lines[1:])
    return lines[0]


def test_missing_columns_are_named(folder, capsys):
    pd.read_csv("homes.csv").drop(columns=["size", "zip"]).to_csv("less.csv", index=False)
    assert "missing: 'size', 'zip'" in refused(capsys, "predict", "price", "less.csv")


def test_text_among_numbers_is_named(folder, capsys):
    pd.read_csv("homes.csv").assign(size="big").to_csv("text.csv", index=False)
    assert "'size' must hold numbers. Got the text 'big'" in refused(
        capsys, "predict", "price", "text.csv"
    )


def test_missing_values_where_training_had_none_are_named(folder, capsys):
    frame = pd.read_csv("homes.csv")
    frame.loc[3, "size"] = np.nan
    frame.to_csv("hole.csv", index=False)
    assert "'size' has 1 missing value (the first in row 4)" in refused(
        capsys, "predict", "price", "hole.csv"
    )


def test_infinite_values_are_named(folder, capsys):
    frame = pd.read_csv("homes.csv")
    frame.loc[3, "size"] = np.inf
    frame.to_csv("endless.csv", index=False)
    assert "'size' has 1 infinite value" in refused(capsys, "predict", "price", "endless.csv")


def test_class_that_training_did_not_have_is_named(folder, capsys):
    pd.read_csv("homes.csv").assign(kind="huge").to_csv("huge.csv", index=False)
    assert "the class huge" in refused(capsys, "evaluate", "kind", "huge.csv")


def test_evaluate_without_the_target_names_it(folder, capsys):
    pd.read_csv("homes.csv").drop(columns="price").to_csv("blind.csv", index=False)
    assert "no column 'price'" in refused(capsys, "evaluate", "price", "blind.csv")


def test_probabilities_of_a_regression_are_refused(folder, capsys):
    assert "there are no probabilities" in refused(
        capsys, "predict", "price", "homes.csv", "--probabilities"
    )


DAMAGES = {
    "empty": lambda content: b"",
    "text": lambda content: b"hello, world",
    "truncated": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
    "a terabyte": lambda content: (2**40).to_bytes(8, "little") + content[8:],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["predict", "evaluate", "describe"])
def test_damaged_model_is_a_clear_error(folder, capsys, command, damage):
    Path("bad.safetensors").write_bytes(
        DAMAGES[damage](Path("price/model.safetensors").read_bytes())
    )
    words = [command, "bad.safetensors", *([] if command == "describe" else ["homes.csv"])]
    assert "bad.safetensors" in refused(capsys, *words)


def test_absent_model_and_folder_without_one_are_clear_errors(folder, capsys):
    Path("void").mkdir(exist_ok=True)
    assert "no such file" in refused(capsys, "describe", "nowhere.safetensors")
    assert "no such file" in refused(capsys, "describe", "void")


def test_model_of_arrays_is_told_from_a_model_of_a_table(folder, capsys):
    X = np.arange(20.0).reshape(10, 2)
    network = rv.Network([rv.Normalize(), rv.Dense(1)])
    rv.train(network, X, X[:, 0], rv.Recipe(epochs=1)).save("arrays.safetensors")
    assert "trained on arrays, not on a table" in refused(
        capsys, "predict", "arrays.safetensors", "homes.csv"
    )


def test_output_that_would_hurt_or_cannot_be_written_is_refused(folder, capsys):
    before = Path("homes.csv").read_bytes()
    assert "would overwrite" in refused(
        capsys, "predict", "price", "homes.csv", "--out", "./homes.csv"
    )
    assert Path("homes.csv").read_bytes() == before
    assert "must end in" in refused(capsys, "predict", "price", "homes.csv", "--out", "p.xlsx")
    assert "does not exist" in refused(
        capsys, "predict", "price", "homes.csv", "--out", "nowhere/p.csv"
    )


# --- The same in Python ---------------------------------------------------------------------------


def test_saving_over_the_file_that_it_was_loaded_from_keeps_the_model(folder):
    path = Path("again.safetensors")
    path.write_bytes(Path("price/model.safetensors").read_bytes())
    model = rv.load(path)
    model.save(path)
    frame = pd.read_csv("homes.csv", dtype={"zip": str})
    np.testing.assert_array_equal(rv.load(path).predict(frame), model.predict(frame))


def test_model_takes_dictionaries_and_other_frames(folder):
    import pyarrow as pa

    frame = pd.read_csv("homes.csv", dtype={"zip": str})
    model = rv.load("price/model.safetensors")
    expected = model.predict(frame)
    np.testing.assert_array_equal(model.predict(pa.Table.from_pandas(frame)), expected)
    columns = {str(name): frame[name].tolist() for name in frame}
    np.testing.assert_array_equal(model.predict(columns), expected)


def test_summary_and_notebook_table_name_target_and_columns(folder):
    model = rv.load("kind/model.safetensors")
    for text in (model.summary(), model._repr_html_()):
        assert "kind (2 classes) from 3 columns" in text
        assert "zip" in text
        assert "dense_1" in text
