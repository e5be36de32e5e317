"""`ravine compare`: candidates on a table, results, and the Python that does the same."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from ravine.cli.app import main
from ravine.studies import stored

QUICK = ("--target", "y", "--epochs", "3", "--hidden", "4", "--seeds", "3", "--threads", "1")
RATES = ("--rates", "1e-3:1e-1:2", "--budget", "3")
OUT = "ravine-compare-t"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 150))
    rows = zip(a, b, rng.choice(list("xyz"), 150), 5 * a * b, strict=True)
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b", "c", "y"), *rows])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compare(*flags):
    return main(["compare", "t.csv", *QUICK, *flags])


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def without_seconds(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_comparison_writes_tables_a_picture_and_the_python_that_does_the_same(folder, capsys):
    assert compare(*RATES, "--optimizers", "sgd,adam", "--target-loss", "0.9") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "has the lowest mean test loss" in said
    assert "in units of its standard deviation" in said
    out = folder / OUT
    candidates = table(out / "candidates.csv")
    assert {row["label"] for row in candidates} == {"SGD", "Adam"}
    assert len(table(out / "differences.csv")) == 1
    assert len(table(out / "sensitivity.csv")) == len(table(out / "budget.csv")) >= 4
    assert (out / "verdict.txt").read_text().strip()
    picture = (out / "comparison.png").read_bytes()
    assert picture[1:4] == b"PNG"
    runs = sorted(path.name for path in out.rglob("runs/*"))
    code = (out / "compare.py").read_text()
    code = "import shutil; shutil.rmtree('store')\n" + code + "found.to_frame().to_csv('again.csv')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=out, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.rglob("runs/*")) == runs
    again = table(out / "again.csv")
    assert [row["mean"] for row in again] == [row["mean"] for row in candidates]


def test_ctrl_c_keeps_what_is_done_and_resume_ends_it(folder, capsys, monkeypatch):
    train = stored.train_trials

    def press(*args, **kwargs):
        for number, found in enumerate(train(*args, **kwargs)):
            if number == 3:
                raise KeyboardInterrupt
            yield found

    flags = (*RATES, "--optimizers", "sgd,adam")
    monkeypatch.setattr(stored, "train_trials", press)
    assert compare(*flags) == 130
    assert "--resume goes on" in capsys.readouterr().err
    assert len(list(folder.rglob("runs/*"))) == 3
    monkeypatch.setattr(stored, "train_trials", train)
    assert compare(*flags) == 2
    assert "Pass --resume to go on" in capsys.readouterr().err
    assert compare(*flags, "--resume", "--json") == 0
    resumed = json.loads(capsys.readouterr().out)
    assert compare(*flags, "--out", "whole", "--json") == 0
    whole = json.loads(capsys.readouterr().out)
    assert without_seconds(resumed["candidates"]) == without_seconds(whole["candidates"])
    assert resumed["differences"] == whole["differences"]
    assert resumed["verdict"] == whole["verdict"]


@pytest.mark.parametrize(
    ("flags", "labels"),
    [
        (("--schedules", "constant,exponential:0.1"), {"learning_rate=0.003", "ExponentialDecay"}),
        (("--batch-sizes", "16,full"), {"batch_size=16", "batch_size=full"}),
        (("--penalties", "0,1e-3"), {"penalty=None", "L2"}),
        (("--dropouts", "0,0.5", "--hidden", "4,4"), {"dropout=0.0", "dropout=0.5"}),
        (("--networks", "4,8x8"), {"4", "8-8"}),
        (("--rows", "30,60"), {"30 rows", "60 rows"}),
        (("--optimizers", "sgd,rprop"), {"SGD", "Rprop"}),
    ],
)
def test_every_kind_of_candidate_can_be_asked_for(folder, capsys, flags, labels):
    assert compare("--rates", "as-given", *flags, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["label"] for row in found["candidates"]} == labels
    assert "sensitivity" not in found


def test_optimizers_follow_the_schedule_that_is_asked_for(folder):
    flags = ("--optimizers", "sgd,adam", "--schedule", "exponential:0.1", "--rates", "as-given")
    assert compare(*flags) == 0
    assert (folder / OUT / "compare.py").read_text().count("ExponentialDecay") >= 2


def test_classes_are_compared(folder, capsys):
    flags = ("--optimizers", "sgd,adam", "--rates", "0.01,0.1", "--budget", "2", "--json")
    assert main(["compare", "t.csv", *QUICK, *flags, "--target", "c"]) == 0
    assert len(json.loads(capsys.readouterr().out)["candidates"]) == 2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--rates", "1:2"), "--rates must be LOW:HIGH:COUNT"),
        (("--rates", "a,b"), "--rates must be LOW:HIGH:COUNT"),
        (("--optimizers", "sgd,adam", "--rows", "5,6"), "one kind of candidates"),
        (("--rows", "5,x"), "--rows must be a list with commas"),
        (("--optimizers", "sgd,adamm"), "adamm"),
        (("--test-fraction", "0"), "--test-fraction must be above 0"),
        (("--validation-fraction", "0"), "--validation-fraction must be above 0"),
    ],
)
def test_what_cannot_be_compared_is_an_error_and_leaves_no_folder(folder, capsys, flags, message):
    assert compare(*flags) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (folder / OUT).exists()


def test_a_budget_that_means_nothing_is_an_error(folder, capsys):
    assert compare("--optimizers", "sgd,adam", "--budget", "soon") == 2
    assert "such as '60 s'. Got 'soon'" in " ".join(capsys.readouterr().err.split())
