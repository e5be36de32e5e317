"""``ravine bias-variance``: files, numbers in the target's own unit, flags, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.cli import main
from ravine.cli.commands.bias_variance import parse_over
from ravine.errors import ParameterError

QUICK = ["--models", "4", "--tables", "2", "--epochs", "3", "--hidden", "4"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(50, 10, 200), "sky": rng.choice(["sun", "rain"], 200)})
    frame["price"] = 1000 + 20 * frame["size"] + rng.normal(0, 5, 200)
    frame["kind"] = np.where(frame["size"] > 50, "large", "small")
    frame.to_csv("homes.csv", index=False)
    return Path("homes.csv")


def run(*words: object) -> int:
    return main(["bias-variance", "homes.csv", *map(str, words)])


def study(*words: object, target: str = "price") -> int:
    return run("--target", target, *QUICK, *words)


def test_it_writes_numbers_and_a_picture_and_prints_a_table(table, capsys):
    assert study("--over", "penalty.alpha=0,1e-3,0.1") == 0
    out, err = capsys.readouterr()
    frame = pd.read_csv("ravine-homes/bias_variance.csv")
    assert frame["penalty.alpha"].tolist() == [0, 1e-3, 0.1]
    assert list(frame.columns[1:5]) == ["bias2", "bias2_se", "variance", "variance_se"]
    np.testing.assert_allclose(frame["bias2"] + frame["variance"] + frame["noise"], frame["total"])
    assert frame["reference"].str.startswith("penalty.alpha=").all()
    assert Path("ravine-homes/bias_variance.png").read_bytes()[1:4] == b"PNG"
    assert "price (regression)" in out
    assert "in the unit of 'price', squared: 4 models, 40 test rows" in out
    assert "Bias is measured against a reference, not the truth: penalty.alpha=" in out
    assert "X is held fixed" in out
    assert "bias² again" in out
    assert max(map(len, out.splitlines())) <= 100
    assert "finished: 12 models in" in err
    assert "saved in ravine-homes: bias_variance.csv, bias_variance.png" in err


def test_json_says_the_same_as_the_file(table, capsys):
    words = ("--over", "epochs=1,3", "--noise", 5, "--out", "o", "--seed", 2, "--json")
    assert study(*words) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["rows"] == {"training": 160, "test": 40}
    assert (result["field"], result["models"], result["separate"]) == ("epochs", 4, True)
    frame = pd.read_csv(result["files"]["numbers"])
    assert [row["epochs"] for row in result["results"]] == [1, 3]
    for name in ("bias2", "variance", "noise", "mse_se"):
        np.testing.assert_allclose([row[name] for row in result["results"]], frame[name])
    np.testing.assert_allclose(frame["noise"], 25.0)


def test_errors_are_in_the_targets_own_unit_squared(table, capsys):
    assert study("--over", "epochs=3", "--json") == 0
    first = json.loads(capsys.readouterr().out)["results"][0]
    frame = pd.read_csv("homes.csv")
    frame.assign(price=frame["price"] * 10).to_csv("homes.csv", index=False)
    assert study("--over", "epochs=3", "--json") == 0
    other = json.loads(capsys.readouterr().out)["results"][0]
    for name in ("bias2", "variance_se", "mse"):
        assert other[name] == pytest.approx(100 * first[name], rel=1e-3)  # trained in float32


def test_classes_have_a_brier_score(table, capsys):
    assert study("--drop", "price", "--over", "dropout=0,0.5", "--json", target="kind") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["measure"], result["task"]) == ("Brier score", "classification")
    assert all(0 < row["mse"] < 2 for row in result["results"])
    assert all(0 < row["noise"] < 1 for row in result["results"])


def test_subsets_and_a_bootstrap_say_what_they_do_not_know(table, capsys):
    assert study("--method", "subsets", "--over", "epochs=1,3") == 0
    assert "bias² + noise" in capsys.readouterr().out
    assert study("--method", "bootstrap", "--over", "epochs=1,3", "--json") == 0
    result = json.loads(capsys.readouterr().out)["results"][0]
    assert result["bias2"] is None
    assert result["variance"] > 0
    assert result["out_of_bag"] > 0


def test_the_reference_may_be_named_and_variance_told_apart(table, capsys):
    words = ("--over", "penalty.alpha=0.1,0", "--reference", 0, "--seeds", 4, "--models", 12)
    assert study(*words, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["reference"] == "penalty.alpha=0"
    row = result["results"][0]
    assert row["variance_seeds"] + row["variance_data"] == pytest.approx(row["variance"])


def test_the_recipe_as_it_is_needs_no_field(table, capsys):
    assert study("--method", "subsets") == 0
    out = capsys.readouterr().out
    assert "penalty" not in out
    assert "True for tables of the size of a subset" in out
    assert len(pd.read_csv("ravine-homes/bias_variance.csv")) == 1


def test_the_same_words_give_the_same_file_and_may_be_said_again(table):
    path = Path("ravine-homes/bias_variance.csv")
    assert study("--over", "penalty.alpha=0,0.1") == 0
    first = path.read_bytes()
    assert study("--over", "penalty.alpha=0,0.1") == 0
    assert path.read_bytes() == first


def test_values_at_which_models_diverge_are_told(table, capsys):
    words = ("--optimizer", "sgd", "--schedule", "constant", "--patience", 0, "--averaging", 0)
    assert study(*words, "--epochs", 200, "--over", "optimizer.learning_rate=0.01,1e6") == 0
    out, err = capsys.readouterr()
    assert "note: 4 models diverged at optimizer.learning_rate=1000000.0: no numbers" in err
    assert "–" in out


REFUSED = [
    (["--over", "penalty.alpha"], "--over must be a field, = and values"),
    (["--over", "=1,2"], "--over must be a field"),
    (["--over", "epochs=1,,2"], "--over must be a field"),
    (["--over", "epoch=1"], "Recipe has no field 'epoch'"),
    (["--over", "epochs=few"], "'epochs' parameter of Recipe must be a whole number"),
    (["--over", "seed=1,2"], "'seed' cannot be swept"),
    (["--models", "2"], "Invalid value for '--models'"),
    (["--method", "jackknife"], "must be one of 'model', 'subsets', 'bootstrap'"),
    (["--test-fraction", "0"], "There are no rows to test on"),
    (["--noise", "-1"], "'noise' parameter of bias_variance must be at least 0"),
    (["--out", "homes.csv"], "there is a file of that name"),
    (["--models", "100", "--method", "subsets"], "are too few for 100 models with two rows each"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_what_is_wrong_is_told_in_a_line_with_exit_code_2(table, capsys, words, message):
    assert study(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_a_file_of_somebody_elses_is_left_alone(table, capsys):
    Path("o").mkdir()
    Path("o/bias_variance.csv").write_text("my own\n")
    assert study("--out", "o") == 2
    assert "holds a bias_variance.csv that 'ravine bias-variance' did not write" in (
        capsys.readouterr().err
    )
    assert Path("o/bias_variance.csv").read_text() == "my own\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epochs=10, 20", {"epochs": [10, 20]}),
        ("penalty.alpha=0,1e-4", {"penalty.alpha": [0, 1e-4]}),
        ("optimizer=sgd,adam", {"optimizer": ["sgd", "adam"]}),
        ("clip_norm=none,0.5", {"clip_norm": [None, 0.5]}),
        ("shuffle=true,False", {"shuffle": [True, False]}),
    ],
)
def test_values_of_over_are_what_they_look_like(text, expected):
    assert parse_over(text) == expected


def test_over_without_values_is_an_error():
    with pytest.raises(ParameterError, match="--over must be a field"):
        parse_over("epochs=")


def test_rows_of_one_group_count_together_in_standard_errors(table, monkeypatch):
    frame = pd.read_csv(table)
    frame["site"] = np.arange(200) // 10
    frame.loc[::17, "size"] = np.nan
    frame.to_csv(table, index=False)
    seen = {}
    real = rv.bias_variance

    def watched(*words, **options):
        seen.update(options)
        return real(*words, **options)

    monkeypatch.setattr("ravine.diagnostics.bias_variance.study.bias_variance", watched)
    assert study("--group", "site") == 0
    assert len(seen["groups_test"]) == len(seen["X_test"]) > 30
    assert not set(seen["groups_test"]) & set(seen["groups"])


def test_no_number_is_cut_in_a_narrow_terminal(table, capsys, monkeypatch):
    monkeypatch.setattr("ravine.cli.output._WIDTH_WITHOUT_TERMINAL", 80)
    words = ("--models", 12, "--seeds", 4, "--over", "epochs=3,100", "--json")
    assert study(*words, target="kind") == 0
    result = json.loads(capsys.readouterr().out)
    assert study(*words[:-1], target="kind") == 0
    out, _ = capsys.readouterr()
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= 80
    table_of_parts = out.split("With another reference")[0]
    for row in result["results"]:
        assert f"{row['noise']:.3g}" in table_of_parts


def test_hidden_layers_are_swept(table, capsys):
    assert study("--over", "hidden=0,4,4x4", "--reference", "4", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["field"] == "network"
    assert [row["network"] for row in result["results"]] == ["0", "4", "4x4"]
    assert result["reference"] == "network=4"
    assert len({row["variance"] for row in result["results"]}) == 3


def test_hidden_layers_that_are_none_are_an_error(table, capsys):
    assert study("--over", "hidden=4,4") == 2
    assert "are called '4'" in capsys.readouterr().err
    assert study("--over", "hidden=4,wide") == 2
    assert "--hidden must be whole numbers" in capsys.readouterr().err
