"""``ravine train --estimator mlp``: files, scores, reproducibility, flags, and what it refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from tests.builders.command_line import run

TRAIN = ["train", "--estimator", "mlp"]
FILES = ["history.csv", "learning_curve.png", "model.safetensors", "recipe.toml"]


def write_table(path: Path, n: int = 240) -> Path:
    """A table of every sort of column; the price is nearly linear in two of them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 10, n),
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(1, 90, n)),
            "open": rng.random(n) < 0.5,
            "sky": rng.choice(["clear", "rain", "snow"], n),
            "town": [f"town{i % 40:02}" for i in range(n)],
            "version": 3,
        }
    )
    frame["price"] = 1000 + 20 * frame["size"] + 50 * frame["open"] + rng.normal(0, 5, n)
    frame["kind"] = np.where(frame["size"] > 50, "large", "small")
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_table(tmp_path / "homes.csv")


def train(table: Path, *words: object, target: str = "price") -> int:
    """Train one network, quickly."""
    return run(*TRAIN, table.name, "--target", target, "--epochs", 8, *words)


def test_train_writes_four_files_into_a_folder_named_after_the_table(table, capsys):
    assert train(table) == 0
    assert sorted(p.name for p in Path("ravine-homes").iterdir()) == FILES
    out, err = capsys.readouterr()
    assert "training" in out
    assert "validation" in out
    assert "test" in out
    assert "mean: RMSE" in out
    assert "note: Column 'version' is left out" in err
    assert "saved in ravine-homes" in err


def test_history_has_a_row_an_epoch_and_losses_in_the_targets_own_unit(table):
    assert train(table, "--patience", 0) == 0
    history = pd.read_csv("ravine-homes/history.csv")
    assert history["epoch"].tolist() == list(range(1, 9))
    np.testing.assert_allclose(history["val_rmse"] ** 2, history["val_loss"], rtol=1e-5)


def test_json_scores_are_those_of_the_saved_model(table, capsys):
    assert train(table, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["rows"] == {"training": 154, "validation": 38, "test": 48}
    model = rv.load(result["files"]["model"])
    frame = pd.read_csv(table)
    everything = model.evaluate(frame)["loss"] * len(frame)
    parts = sum(result["scores"][part]["loss"] * n for part, n in result["rows"].items())
    assert parts == pytest.approx(everything, rel=1e-4)


def test_baseline_predicts_the_training_rows_mean(table, capsys):
    assert train(table, "--json", "--test-fraction", 0, "--validation-fraction", 0) == 0
    result = json.loads(capsys.readouterr().out)
    price = pd.read_csv(table)["price"]
    assert result["rows"] == {"training": 240}
    assert result["baseline"]["training"]["rmse"] == pytest.approx(price.std(ddof=0), rel=1e-6)
    assert result["baseline"]["training"]["r2"] == pytest.approx(0, abs=1e-9)


def test_baseline_of_classes_knows_their_frequencies(table, capsys):
    assert train(table, "--json", "--test-fraction", 0, target="kind") == 0
    result = json.loads(capsys.readouterr().out)
    rows = result["rows"]["training"]
    share = round(result["baseline"]["training"]["accuracy"] * rows) / rows
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert result["task"] == "classification"
    assert result["baseline"]["training"]["loss"] == pytest.approx(entropy, rel=1e-6)
    assert result["scores"]["training"]["loss"] < 0.8 * entropy


RUNS = [
    ("price", []),
    ("price", ["--hidden", "16", "--activation", "gelu", "--batch-norm", "--dropout", "0.1"]),
    ("price", ["--loss", "gamma", "--hidden", "8"]),
    ("price", ["--optimizer", "lbfgs", "--l2", "1e-3", "--validation-fraction", "0"]),
    ("price", ["--optimizer", "sgd", "--momentum", "0.9", "--schedule", "step:0.5:2"]),
    ("kind", ["--l1", "1e-4", "--l2", "1e-4", "--batch-size", "full", "--dtype", "float64"]),
    ("sky", ["--optimizer", "adamw", "--weight-decay", "0.1", "--clip-norm", "1"]),
    ("open", ["--averaging", "0", "--hidden", "0", "--drop", "town", "--drop", "kind"]),
]


@pytest.mark.parametrize(("target", "flags"), RUNS)
def test_recipe_file_gives_the_same_model_byte_for_byte(table, target, flags):
    assert train(table, "--out", "first", *flags, target=target) == 0
    assert run("train", table.name, "--recipe", "first/recipe.toml", "--out", "second") == 0
    for name in ("model.safetensors", "recipe.toml"):
        assert Path("first", name).read_bytes() == Path("second", name).read_bytes()


def test_flags_change_what_the_recipe_file_says(table):
    assert train(table, "--out", "first", "--hidden", "16") == 0
    words = ["--recipe", "first/recipe.toml", "--out", "second", "--seed", "7", "--l2", "0.01"]
    assert run("train", table.name, *words, "--learning-rate", "0.1") == 0
    recipe = tomllib.loads(Path("second/recipe.toml").read_text())["recipe"]
    assert recipe["seed"] == 7
    assert recipe["penalty"]["alpha"] == 0.01
    assert recipe["optimizer"]["learning_rate"]["initial"] == 0.1
    assert recipe["epochs"] == 8


def test_network_file_gets_the_embedding_that_the_table_needs(table):
    Path("network.toml").write_text(
        '[network]\nlayers = [{kind = "Dense", units = 4, activation = "tanh"}, '
        '{kind = "Dense", units = 1}]\n'
    )
    assert train(table, "--network", "network.toml") == 0
    layers = rv.load("ravine-homes/model.safetensors").model.network.layers
    assert [type(layer).__name__ for layer in layers] == ["Embedding", "Dense", "Dense"]


def test_statistics_are_learnt_from_the_training_rows_only(table, capsys):
    assert train(table, "--json") == 0
    json.loads(capsys.readouterr().out)
    schema = rv.load("ravine-homes/model.safetensors").schema
    from ravine.tables import split_rows

    split = split_rows(240, test_fraction=0.2, validation_fraction=0.2, seed=0)
    rows = pd.read_csv(table).iloc[split.training]
    assert schema.columns[0].mean == pytest.approx(rows["size"].mean(), rel=1e-12)
    assert schema.target.mean == pytest.approx(rows["price"].mean(), rel=1e-12)


def test_rows_without_target_are_left_out_with_a_note(table, capsys):
    frame = pd.read_csv(table)
    frame.loc[:9, "price"] = np.nan
    frame.to_csv(table, index=False)
    assert train(table, "--json") == 0
    out, err = capsys.readouterr()
    assert sum(json.loads(out)["rows"].values()) == 230
    assert "note: 10 rows without a 'price' left out" in err


def test_held_out_rows_that_lack_what_no_training_row_lacks_are_left_out_with_a_note(table, capsys):
    from ravine.tables import split_rows

    split = split_rows(240, test_fraction=0.2, validation_fraction=0.2, seed=0)
    frame = pd.read_csv(table)
    frame.loc[split.test[:3], "size"] = np.nan
    frame.to_csv(table, index=False)
    assert train(table, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"]["test"] == 45
    assert "note: 3 test rows left out" in err


def test_parquet_and_csv_give_the_same_model(table):
    pd.read_csv(table).to_parquet("homes.parquet")
    assert train(table, "--out", "a") == 0
    assert run(*TRAIN, "homes.parquet", "--target", "price", "--epochs", 8, "--out", "b") == 0
    assert Path("a/model.safetensors").read_bytes() == Path("b/model.safetensors").read_bytes()


def test_resumed_training_gives_the_weights_of_an_uninterrupted_one(table):
    flags = ["--patience", 0, "--schedule", "exponential:0.05"]
    assert train(table, "--out", "whole", *flags) == 0
    assert train(table, "--out", "parts", *flags, "--epochs", 4, "--checkpoint", 2) == 0
    assert train(table, "--out", "parts", *flags, "--resume") == 0
    whole, parts = (rv.load(f"{folder}/model.safetensors").model for folder in ("whole", "parts"))
    np.testing.assert_array_equal(whole.parameters_vector, parts.parameters_vector)
    assert len(parts.history) == 8


def test_own_results_are_written_over_and_other_files_are_left_alone(table):
    assert train(table) == 0
    Path("ravine-homes/notes.txt").write_text("mine")
    assert train(table, "--seed", 1) == 0
    assert Path("ravine-homes/notes.txt").read_text() == "mine"


WRONG = [
    (["--target", "prize"], "no column 'prize'", "Did you mean 'price'?"),
    ([], "column to predict is not given", "--target COLUMN"),
    (["--target", "price", "--hidden", "64,x"], "--hidden must be whole numbers", "--hidden 64,64"),
    (["--target", "price", "--task", "ranking"], "--task must be", None),
    (["--target", "sky", "--task", "regression"], "holds text", "--task classification"),
    (["--target", "price", "--optimizer", "adm"], "'adam'", "Did you mean 'adam'?"),
    (["--target", "price", "--momentum", "0.9"], "Adam has no momentum", "another --optimizer"),
    (["--target", "price", "--learning-rate", "-1"], "must be at least 0. Got -1.0", None),
    (["--target", "price", "--schedule", "step:1"], "is written step:FACTOR:EVERY", None),
    (["--target", "price", "--schedule", "magic"], "--schedule must be one of", "exponential:0.05"),
    (["--target", "price", "--batch-size", "many"], "--batch-size must be", None),
    (["--target", "price", "--test-fraction", "1"], "'test_fraction' must be in [0, 1)", None),
    (["--target", "price", "--loss", "cross_entropy"], "", None),
    (["--target", "price", "--validation-fraction", "0", "--patience", "5"], "--patience", None),
    (["--target", "price", "--drop", "nothing"], "no column 'nothing'", None),
    (["--target", "price", "--network", "none.toml"], "no such file", None),
    (["--target", "price", "--network", "homes.csv", "--hidden", "8"], "--hidden describes", None),
    (["--target", "price", "--recipe", "homes.csv"], "no valid TOML", None),
    (["--target", "price", "--resume"], "nothing to resume", "--checkpoint"),
    (["--target", "price", "--epochs", "x"], "--epochs", "ravine train --help"),
    (["--target", "price", "--nonsense"], "--nonsense", "ravine train --help"),
    (["--target", "version"], "only one class", None),
]


@pytest.mark.parametrize(("words", "message", "hint"), WRONG)
def test_what_the_user_got_wrong_is_one_line_a_hint_and_exit_code_2(
    table, capsys, words, message, hint
):
    assert run(*TRAIN, table.name, *words) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert out == ""
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert len(lines) <= 2
    if hint is not None:
        assert lines[1].startswith("hint: ")
        assert hint in lines[1]


def test_diverging_training_is_the_users_error_and_names_the_rate(table, capsys):
    words = ["--optimizer", "sgd", "--learning-rate", "1e30", "--schedule", "constant"]
    assert train(table, *words) == 2
    err = capsys.readouterr().err
    assert "error: " in err
    assert "1e+30" in err


def test_foreign_files_in_the_folder_are_not_written_over(table, capsys):
    Path("mine").mkdir()
    Path("mine/history.csv").write_text("precious")
    assert train(table, "--out", "mine") == 2
    assert "did not write" in capsys.readouterr().err
    assert Path("mine/history.csv").read_text() == "precious"


def test_folder_that_cannot_be_made_is_a_clear_error(table, capsys):
    Path("file").write_text("")
    assert train(table, "--out", "file") == 2
    assert train(table, "--out", "file/below") == 2
    assert train(table, "--out", "/proc/nowhere") == 2
    err = capsys.readouterr().err
    assert err.count("error: ") == 3
    assert "hint: " in err


def test_unknown_field_in_the_data_of_a_recipe_file_is_named(table, capsys):
    Path("recipe.toml").write_text('[data]\ntarget = "price"\ncolour = "red"\n')
    assert run("train", table.name, "--recipe", "recipe.toml") == 2
    assert "in [data]: unknown field 'colour'" in capsys.readouterr().err


def test_tables_too_small_are_clear_errors(table, capsys):
    for n in (0, 1, 2, 3):
        Path("small.csv").write_text(table.read_text().partition("\n")[0] + "\n")
        frame = pd.read_csv(table).head(n)
        frame.to_csv("small.csv", index=False)
        assert run(*TRAIN, "small.csv", "--target", "price") == 2
    assert capsys.readouterr().err.count("error: ") == 4
