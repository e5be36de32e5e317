"""What a training leaves on disk: everything of one run, or what was there before."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import ravine
from ravine.cli import main
from ravine.ground.files import atomic_write, remove_leftovers
from ravine.models.file import read_checksum

NAMES = ["history.csv", "learning_curve.png", "model.safetensors", "recipe.toml"]
LONG = ["--epochs", "1000000", "--patience", "0"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": range(60), "price": [3.0 * (i % 7) for i in range(60)]})
    frame.to_csv("prices.csv", index=False)
    return "prices.csv"


def train(*more: str) -> int:
    words = ["train", "prices.csv", "--target", "price", "--out", "out", "--estimator", "mlp"]
    return main([*words, "--epochs", "3", *more])


def contents():
    return {path.name: path.read_bytes() for path in sorted(Path("out").iterdir())}


def start(*more: str) -> subprocess.Popen[str]:
    words = ["train", "prices.csv", "--target", "price", "--out", "out", "--estimator", "mlp"]
    command = [sys.executable, "-m", "ravine.cli", *words, *more]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True)


def wait_for(seen, seconds=60):
    deadline = time.monotonic() + seconds
    while not seen() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen()


def test_every_file_of_a_run_says_which_run_it_is_of(table, capsys):
    assert train() == 0
    run = read_checksum("out/model.safetensors")
    assert tomllib.loads(Path("out/recipe.toml").read_text())["data"]["run"] == run
    assert set(pd.read_csv("out/history.csv")["run"]) == {run}
    assert run.encode() in Path("out/learning_curve.png").read_bytes()
    capsys.readouterr()
    assert main(["describe", "out"]) == 0
    assert "of another training" not in capsys.readouterr().err


def test_an_interrupted_second_training_leaves_the_first_one_as_it_was(table, monkeypatch):
    assert train() == 0
    before = contents()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ravine.cli.fitting.fit", interrupted)
    assert train("--hidden", "3") == 130
    assert contents() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ravine.errors.DataError("no")])
def test_a_checkpointed_training_that_never_began_leaves_the_folder_as_it_was(
    table, error, monkeypatch, capsys
):
    assert train() == 0
    before = contents()

    def failed(*_, **__):
        raise error

    monkeypatch.setattr("ravine.training.train.train", failed)
    assert train("--hidden", "3", "--checkpoint", "1") in (130, 2)
    assert contents() == before
    assert "go on with" not in capsys.readouterr().err


def test_the_recipe_of_a_checkpointed_training_is_there_while_it_runs(table):
    process = start(*LONG, "--checkpoint", "1")
    files = Path("out/recipe.toml"), Path("out/checkpoint.safetensors")
    wait_for(lambda: all(file.exists() for file in files))
    process.kill()
    process.communicate(timeout=60)
    assert "run" not in tomllib.loads(Path("out/recipe.toml").read_text())["data"]


@pytest.mark.parametrize("name", ["recipe.toml", "history.csv"])
def test_a_file_of_another_run_beside_the_model_is_said(table, name, capsys):
    assert train("--out", "other", "--seed", "5") == 0
    assert train() == 0
    Path("out", name).write_bytes(Path("other", name).read_bytes())
    capsys.readouterr()
    for words in (["describe", "out"], ["predict", "out", "prices.csv"]):
        assert main(words) == 0
        said = capsys.readouterr().err
        assert f"note: {name} beside the model is of another training" in said


def test_a_checkpointed_training_that_did_not_end_is_said_beside_the_older_model(table, capsys):
    assert train() == 0
    process = start(*LONG, "--checkpoint", "1")
    wait_for(Path("out/checkpoint.safetensors").exists)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "resume with: --recipe out/recipe.toml --out out --resume" in err
    assert main(["describe", "out"]) == 0
    assert "note: recipe.toml beside the model is of another training" in capsys.readouterr().err
    assert ravine.load("out/checkpoint.safetensors").status == "interrupted"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_written_changes_no_other_and_the_model_is_saved_elsewhere(
    table, name, monkeypatch, capsys
):
    assert train() == 0
    before = contents()
    write = atomic_write

    def full(path):
        if Path(path) == Path("out", name):
            raise ravine.errors.FileError(f"Cannot write {str(path)!r}: the disk is full.")
        return write(path)

    monkeypatch.setattr("ravine.cli.saved.folder.atomic_write", full)
    assert train("--seed", "7") == 2
    said = capsys.readouterr().err
    assert "the disk is full. The trained model was saved as '" in said
    saved = said.split("was saved as '")[1].split("'")[0]
    assert ravine.load(saved).model.recipe.seed == 7
    assert contents() == before


def test_temporary_files_of_killed_runs_are_removed_and_those_of_live_ones_stay(tmp_path):
    old, held, fresh = (tmp_path / f".ravine-{digit * 16}.csv" for digit in "abc")
    for path in (old, held, fresh):
        path.write_text("half a file")
    for path in (old, held):
        os.utime(path, (0, 0))
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_leftovers(tmp_path)
        assert sorted(tmp_path.iterdir()) == [held, fresh]
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == [fresh]


def test_a_file_being_written_is_never_a_leftover(tmp_path):
    with atomic_write(tmp_path / "slow.csv") as temporary:
        os.utime(temporary, (0, 0))
        remove_leftovers(tmp_path)
        temporary.write_text("all of it")
    assert (tmp_path / "slow.csv").read_text() == "all of it"
