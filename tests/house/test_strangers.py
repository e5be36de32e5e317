"""Text of strangers: names and labels never move the cursor, nor turn a line around."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.cli import main
from ravine.errors import FileError, ParameterError, SpecError
from ravine.ground.text import printable
from ravine.models.file import read_model_file, write_model_file
from ravine.specs.recipe_file import read_recipe_file
from tests.cli.test_process import run_in_terminal

ESCAPE, BIDI = "\x1b[31m", "\u202e"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model whose columns and classes are called badly, and its table."""
    folder = tmp_path_factory.mktemp("strange")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"size{ESCAPE}": rng.normal(size=60), f"age{BIDI}": rng.normal(size=60)})
    frame["kind"] = np.where(frame.iloc[:, 0] > 0, f"large{ESCAPE}{BIDI}", "=1+1")
    frame.to_csv(folder / "table.csv", index=False)
    words = ["train", folder / "table.csv", "--target", "kind", "--out", folder / "out"]
    assert main([str(word) for word in (*words, "--estimator", "mlp", "--epochs", 20)]) == 0
    return folder


def is_safe(text):
    return all(c.isprintable() or c in "\r\n" for c in text)


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize("command", ["describe", "evaluate"])
def test_names_and_labels_are_shown_escaped(folder, command, more, capsys):
    capsys.readouterr()
    table = [] if command == "describe" else [str(folder / "table.csv")]
    assert main([command, str(folder / "out"), *table, *more]) == 0
    out, err = capsys.readouterr()
    assert "size" in out or "large" in out or "loss" in out
    assert is_safe(out + err)


def test_predictions_are_escaped_on_a_terminal_and_as_they_are_in_a_file(folder):
    words = ["predict", folder / "out", folder / "table.csv"]
    shown = run_in_terminal(*words, folder=folder)
    assert r"large\x1b[31m\u202e" in shown
    assert BIDI not in shown
    assert f"large{ESCAPE}" not in shown
    assert main([str(word) for word in (*words, "--out", folder / "kinds.csv")]) == 0
    assert f"large{ESCAPE}{BIDI}" in set(pd.read_csv(folder / "kinds.csv")["prediction"])


def test_safe_csv_keeps_labels_from_being_formulas(folder):
    words = ["predict", folder / "out", folder / "table.csv", "--out", folder / "safe.csv"]
    assert main([str(word) for word in (*words, "--safe-csv")]) == 0
    found = set(pd.read_csv(folder / "safe.csv")["prediction"])
    assert "'=1+1" in found
    assert "=1+1" not in found


def test_a_summary_of_a_strangers_model_is_escaped():
    model = rv.train(
        rv.Network([rv.Dense(2)], loss="cross_entropy"),
        np.eye(4),
        [f"a{ESCAPE}", "b", f"a{ESCAPE}", "b"],
        rv.Recipe(epochs=1),
    )
    assert is_safe(str(model.summary()))


def test_ordinary_text_of_any_language_stays():
    for text in ("Größe", "年齢", "размер", "🚲", "a\nb"):
        assert printable(text) == text


@pytest.mark.parametrize("command", [["describe"], ["predict", "table.csv"]])
def test_a_full_standard_output_is_the_users_error(folder, command):
    name, *table = command
    words = [name, "out", *table]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ravine.cli", *words],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "Cannot write 'standard output': the disk is full." in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_message_is_cut_to_a_screenful():
    error = ParameterError(f"The value {'9' * 100_000} is too large.")
    assert len(str(error)) < 2100
    assert "characters left out" in str(error)


@pytest.mark.parametrize("value", [[None], [[None]], None, "x", [1.5], [-1], {}, [2**70]])
def test_hidden_layer_sizes_of_a_broken_file_are_a_clear_error(value, tmp_path):
    path = tmp_path / "m.safetensors"
    X = np.random.default_rng(0).normal(size=(30, 2))
    rv.MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", max_iter=100, tol=1).fit(X, X[:, 0]).save(
        path
    )
    document, arrays = read_model_file(path)
    document["parameters"]["hidden_layer_sizes"] = value
    write_model_file(path, document, arrays)
    with pytest.raises(FileError):
        rv.load(path)


@pytest.mark.parametrize("text", ["epochs = " + "9" * 5000, "epochs = [None]", "epochs = 1e999"])
def test_odd_numbers_in_a_recipe_file_are_a_clear_error(text, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(f"[recipe]\n{text}\n")
    with pytest.raises(SpecError) as caught:
        read_recipe_file(path)
    assert len(str(caught.value)) < 2100
