"""`ravine tune`: the settings that predict a table best, and the recipe that has them."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from ravine.cli.app import main
from ravine.training.pausing import PausedRuns

GIVEN = ["tune", "t.csv", "--target", "y", "--epochs", "9", "--budget", "4", "--seeds", "2"]
VARIED = ["--vary", "optimizer.learning_rate=1e-4:0.1:log", "--vary", "network=4,8-8"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 150))
    rows = zip(a, b, rng.choice(list("xyz"), 150), 5 * a * b, strict=True)
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b", "c", "y"), *rows])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path):
    with path.open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def test_a_search_writes_its_table_the_recipe_and_the_python_that_does_the_same(folder, capsys):
    assert main([*GIVEN, *VARIED, "--threads", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    out = folder / "ravine-tune-t"
    rows = table(out / "results.csv")
    assert len(rows) == len(found["settings"]) == 14
    assert {row["status"] for row in rows} == {"finished", "dropped"}
    assert {row["network"] for row in rows} == {"4", "8-8"}
    ended = [float(row["val_loss"]) for row in rows if row["status"] == "finished"]
    assert found["best"]["scores"]["val_loss"] == min(ended)
    names = sorted(path.name for path in (out / "store" / "runs").iterdir())
    code = "import shutil; shutil.rmtree('store')\n" + (out / "tune.py").read_text()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=out, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (out / "store" / "runs").iterdir()) == names


def test_train_takes_the_recipe_that_was_found(folder, capsys):
    assert main([*GIVEN, *VARIED]) == 0
    said = capsys.readouterr()
    assert "chance helped to choose it" in " ".join(said.out.split())
    assert "The best first" in said.out
    recipe = folder / "ravine-tune-t" / "recipe.toml"
    assert f"ravine train t.csv --recipe ravine-tune-t/{recipe.name}" in said.err
    assert main(["train", "t.csv", "--recipe", str(recipe), "--out", "m", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"]["test"]


def test_a_search_goes_on_where_it_was_interrupted(folder, capsys, monkeypatch):
    train = PausedRuns.train

    def press(self, numbers, epoch, **kwargs):
        if epoch == 9:
            raise KeyboardInterrupt
        yield from train(self, numbers, epoch, **kwargs)

    monkeypatch.setattr(PausedRuns, "train", press)
    assert main([*GIVEN, *VARIED]) == 130
    said = capsys.readouterr().err
    assert "Interrupted: 14 settings" in said or "Interrupted: 14 configurations" in said
    assert "--resume goes on" in said
    monkeypatch.setattr(PausedRuns, "train", train)
    assert main([*GIVEN, *VARIED]) == 2
    assert "Pass --resume to go on" in capsys.readouterr().err
    assert main([*GIVEN, *VARIED, "--resume"]) == 0
    resumed = table(folder / "ravine-tune-t" / "results.csv")
    assert main([*GIVEN, *VARIED, "--out", "whole"]) == 0
    assert table(folder / "whole" / "results.csv") == resumed


def test_without_vary_rate_batch_size_and_layers_are_varied(folder, capsys):
    assert main([*GIVEN, "--cv", "2", "--budget", "6"]) == 0
    rows = table(folder / "ravine-tune-t" / "results.csv")
    assert {"network", "optimizer.learning_rate", "batch_size"} <= set(rows[0])
    assert {row["runs"] for row in rows} == {"2"}
    importances = table(folder / "ravine-tune-t" / "importances.csv")
    assert len(importances) == 3


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--vary", "x"], "--vary must be NAME=VALUES. Got 'x'"),
        (["--vary", "batch_size=a:b"], "NAME=LOW:HIGH"),
        (["--vary", "batch_size=8", "--vary", "batch_size=9"], "names 'batch_size' twice"),
        (["--vary", "batchsize=8,16"], "Did you mean 'batch_size'?"),
        (["--vary", "optimizer.beta=0.5:0.9"], "Did you mean 'optimizer.beta"),
        (["--budget", "1"], "too small for one rung"),
        (["--metric", "val_accuracy"], "scores of the rows held out"),
        (["--validation-fraction", "0"], "no validation rows to choose by"),
        (["--method", "magic"], "must be 'sobol' or 'tpe'"),
        (["--vary", "optimizer.learning_rate=1e15,1e16"], "and all diverged"),
    ],
)
def test_what_cannot_be_searched_is_refused(folder, capsys, flags, message):
    assert main([*GIVEN, *flags]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
