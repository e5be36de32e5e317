"""``ravine lr-range`` and ``ravine noise``: their files, their words, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ravine.cli.app import main

SHORT = ["--rates", "5", "--lowest", "1e-4", "--highest", "1", "--seeds", "2", "--epochs", "3"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(50, 10, 150), "sky": rng.choice(["sun", "rain"], 150)})
    frame["price"] = 1000 + 20 * frame["size"] + rng.normal(0, 5, 150)
    frame.to_csv("homes.csv", index=False)


def run(command, *words):
    extra = SHORT if command == "lr-range" else []
    return main([command, "homes.csv", "--target", "price", "--hidden", "4", *extra, *words])


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("command", ["lr-range", "noise"])
def test_the_sentence_the_table_the_picture_and_python_that_does_the_same(command, capsys):
    assert run(command) == 0
    said = " ".join(capsys.readouterr().out.split())
    folder = Path(f"ravine-{command}-homes")
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{command}{end}" for end in (".csv", ".png", ".py")} | {"data.npz"}
    written = (folder / f"{command}.csv").read_bytes()
    again = subprocess.run(
        [sys.executable, "-W", "error", f"{command}.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() in said
    assert (folder / f"{command}.csv").read_bytes() == written


@pytest.mark.usefixtures("table")
def test_json_holds_the_numbers_and_the_table(capsys):
    assert run("noise", "--json", "--out", "here") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["noise_scale_low"] <= found["noise_scale"]
    assert found["table"][0]["batch_size"] == 1
    assert run("lr-range", "--json", "--out", "there") == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"interval", "largest_stable", "table"}
    assert [row["learning_rate"] for row in found["table"]] == pytest.approx(
        [1e-4, 1e-3, 1e-2, 0.1, 1]
    )


@pytest.mark.usefixtures("table")
def test_a_second_time_the_files_are_written_again_but_not_over_others():
    assert run("noise", "--out", "here") == 0
    assert run("noise", "--out", "here") == 0
    Path("mine").mkdir()
    Path("mine/noise.csv").write_text("my own")
    assert run("noise", "--out", "mine") == 2
    assert Path("mine/noise.csv").read_text() == "my own"


@pytest.mark.usefixtures("table")
def test_a_range_that_ends_below_its_start_is_refused(capsys):
    assert run("lr-range", "--lowest", "0.1", "--highest", "0.01") == 2
    assert "error" in capsys.readouterr().err
