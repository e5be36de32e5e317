"""`ravine study`: a file becomes a table with errors. `ravine runs`: a store is looked into."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from ravine.cli.app import main
from ravine.studies import stored

SPEC = """
[data]
table = "t.csv"
target = "y"
[recipe]
epochs = 3
[study]
seed = [0, 1]
optimizer.learning_rate = [0.001, 0.01]
penalty = ["none", {kind = "L2", alpha = 0.1}]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 120))
    rows = zip(a, b, rng.choice(list("xyz"), 120), 5 * a * b, strict=True)
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b", "c", "y"), *rows])
    (tmp_path / "rates.toml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_study_writes_its_runs_its_summary_a_picture_and_the_python_that_does_the_same(
    folder, capsys
):
    assert main(["study", "rates.toml", "--threads", "1"]) == 0
    said = capsys.readouterr()
    assert "over seeds on this split, from 2 seeds" in " ".join(said.out.split())
    assert "in units of its standard deviation" in " ".join(said.out.split())
    out = folder / "ravine-rates"
    runs, summary = table(out / "results.csv"), table(out / "summary.csv")
    assert len(runs) == 8
    assert {run["status"] for run in runs} == {"finished"}
    assert len(table(out / "histories.csv")) == 24
    assert len(summary) == 4
    assert [float(row["mean"]) for row in summary] == sorted(float(row["mean"]) for row in summary)
    assert (out / "summary.png").read_bytes()[1:4] == b"PNG"
    names = sorted(path.name for path in (out / "store" / "runs").iterdir())
    code = "import shutil; shutil.rmtree('store')\n" + (out / "study.py").read_text()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=out, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    again = sorted(path.name for path in (out / "store" / "runs").iterdir())
    assert again == names  # the keys of the same networks, recipes, rows and splits


def test_a_study_goes_on_only_where_it_is_asked_to(folder, capsys, monkeypatch):
    assert main(["study", "rates.toml"]) == 0
    first = [{**row, "seconds": ""} for row in table(folder / "ravine-rates" / "results.csv")]
    assert main(["study", "rates.toml"]) == 2
    assert "Pass --resume to go on" in capsys.readouterr().err
    monkeypatch.setattr(stored, "train_trials", None)  # nothing is left to train
    assert main(["study", "rates.toml", "--resume"]) == 0
    again = [{**row, "seconds": ""} for row in table(folder / "ravine-rates" / "results.csv")]
    assert again == first


def test_ctrl_c_keeps_what_is_done_and_resume_ends_it(folder, capsys, monkeypatch):
    train = stored.train_trials

    def press(*args, **kwargs):
        for number, found in enumerate(train(*args, **kwargs)):
            if number == 3:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(stored, "train_trials", press)
    assert main(["study", "rates.toml", "--threads", "1"]) == 130
    said = capsys.readouterr()
    assert "Interrupted: 3 of 8 runs are done" in said.err
    assert "--resume goes on" in said.err
    assert len(table(folder / "ravine-rates" / "results.csv")) == 3
    monkeypatch.setattr(stored, "train_trials", train)
    assert main(["study", "rates.toml", "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == 8


def test_folds_and_whole_networks_can_be_asked_for(folder, capsys):
    (folder / "folds.toml").write_text(
        '[data]\ntable = "t.csv"\ntarget = "y"\n[recipe]\nepochs = 2\n[study]\ncv = 3\n'
        'network = [{layers = [{kind = "Dense", units = 1}]}, {layers = [{kind = "Dense", '
        'units = 4, activation = "tanh"}, {kind = "Dense", units = 1}]}]\n'
    )
    assert main(["study", "folds.toml", "--json", "--out", "found"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["network"] for row in found["summary"]} == {"linear", "4"}
    assert found["runs"] == 6
    assert "over new tables of this size, from 3 folds" in found["estimand"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[study]", "[study]\nlearning_rate = [1]", "have no setting 'learning_rate'"),
        ("seed = [0, 1]", "seed = []", "The grid is empty: 'seed' has no values"),
        ("seed = [0, 1]", "seed = 3", "'seed' must be a list of values. Got 3"),
        ("seed = [0, 1]", "cv = 1", "cv must be a whole number from 2 on. Got 1"),
        ("seed = [0, 1]", "validation = 2", "validation must be a part of the rows"),
        ('kind = "L2"', 'kind = "L7"', "in [study]: penalty: Unknown kind"),
        ('table = "t.csv"', "", "the table to train on is not named"),
        ('"t.csv"', '"u.csv"', "Cannot read"),
        ("[study]", "[studie]", "unknown key 'studie'"),
    ],
)
def test_a_wrong_file_is_an_error_and_leaves_no_folder(folder, capsys, old, new, message):
    assert old in SPEC
    (folder / "rates.toml").write_text(SPEC.replace(old, new, 1))
    assert main(["study", "rates.toml"]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (folder / "ravine-rates").exists()


def test_a_file_without_a_study_and_a_folder_of_something_else_are_errors(folder, capsys):
    (folder / "plain.toml").write_text("[recipe]\nepochs = 3\n")
    assert main(["study", "plain.toml"]) == 2
    assert "there is no table [study]" in capsys.readouterr().err
    assert main(["study", "rates.toml", "--out", "."]) == 2
    assert "holds files that 'ravine study' did not write" in capsys.readouterr().err


def test_runs_are_listed_filtered_sorted_and_compared(folder, capsys):
    assert main(["study", "rates.toml"]) == 0
    capsys.readouterr()
    assert main(["runs", "ravine-rates", "--json", "--most", "0"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    losses = [run["val_loss"] for run in runs]
    assert len(losses) == 8
    assert losses == sorted(losses)
    rate = "optimizer.learning_rate"
    where = ["--where", f"{rate}=0.01", "--where", "penalty=none", "--sort", "seed"]
    assert main(["runs", "ravine-rates/store", "--json", *where]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [(run[rate], run["penalty"], run["seed"]) for run in found] == [
        (0.01, None, 0),
        (0.01, None, 1),
    ]
    assert main(["runs", "ravine-rates", "--json", "--diff", *(run["run"] for run in found)]) == 0
    differences = json.loads(capsys.readouterr().out)
    assert differences["recipe.seed"] == [0, 1]
    assert not any(name.startswith("network") for name in differences)
    assert main(["runs", "ravine-rates", "--most", "3"]) == 0
    assert "5 more runs: --most 0 lists all." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sort", "val_los"], "the runs have no column 'val_los'"),
        (["--where", "rate=1"], "the runs have no column 'rate'"),
        (["--where", "seed"], "--where must be COLUMN=VALUE"),
        (["--diff", "zz", "zz"], "No run begins with 'zz'"),
        (["--diff", "", ""], "8 runs begin with ''"),
    ],
)
def test_what_runs_cannot_show_is_an_error(folder, capsys, words, message):
    assert main(["study", "rates.toml"]) == 0
    capsys.readouterr()
    assert main(["runs", "ravine-rates", *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_folder_without_runs_is_an_error(folder, capsys):
    assert main(["runs", "."]) == 2
    assert "There is no store of a study in '.'" in capsys.readouterr().err
