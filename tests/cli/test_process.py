"""The command line as a process: exit codes, streams, colours, terminals, interruptions."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ravine
import ravine.cli.app
import ravine.diagnostics.gradients
from ravine.cli import main
from ravine.cli.commands.demo import demo_table
from ravine.tables import read_table

RAVINE = [sys.executable, "-m", "ravine.cli"]
COMMANDS = ["demo", "train", "predict", "evaluate", "describe", "check-gradients", "bias-variance"]


def run(*words: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RAVINE, *map(str, words)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run_in_terminal(*words: object, folder: Path, **environment: str) -> str:
    """Run with standard output and error on a terminal; what it showed."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*RAVINE, *map(str, words)],
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    shown = b""
    while True:
        ready, _, _ = select.select([parent], [], [], 60)
        try:
            chunk = os.read(parent, 65536) if ready else b""
        except OSError:
            chunk = b""
        if not chunk:
            break
        shown += chunk
    os.close(parent)
    assert process.wait(timeout=60) == 0
    return shown.decode()


TRAIN = ["train", demo_table(), "--target", "bikers", "--estimator", "mlp", "--out", "out"]


def test_results_go_to_standard_output_and_messages_to_standard_error(tmp_path):
    done = run(*TRAIN, "--epochs", 3, "--json", folder=tmp_path)
    assert done.returncode == 0
    assert set(json.loads(done.stdout)["scores"]) == {"training", "validation", "test"}
    assert "saved in" not in done.stdout
    assert "finished: 3 of 3 epochs" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stderr


def test_terminal_shows_a_live_line_with_both_losses_and_times(tmp_path):
    shown = run_in_terminal(*TRAIN, "--epochs", 60, "--patience", 0, folder=tmp_path)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert re.search(r"epoch \d+/60 training [\d.,]+ · validation [\d.,]+ 0:00:0\d elapsed", plain)
    assert "left" in plain
    assert re.search(r"\x1b\[\d*;?3[0-9]m", shown)


def test_no_color_is_honoured_on_a_terminal(tmp_path):
    shown = run_in_terminal(*TRAIN, "--epochs", 3, folder=tmp_path, NO_COLOR="1")
    assert "epoch" in shown
    assert not re.search(r"\x1b\[[\d;]*3[0-9](;\d+)*m", shown)


def test_usage_error_is_exit_code_2_without_traceback(tmp_path):
    done = run("trian", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: No such command 'trian'.")
    assert "hint: ravine --help" in done.stderr


def test_our_own_fault_is_exit_code_1_in_two_lines(monkeypatch, capsys):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(ravine.cli.app, "app", lambda *_, **__: broken())
    assert main(["demo"]) == 1
    err = capsys.readouterr().err
    assert "fault of ravine's own: ZeroDivisionError: division by zero" in err
    assert "Traceback" not in err
    monkeypatch.setenv("RAVINE_TRACEBACK", "1")
    assert main(["demo"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_exit_code_130_in_one_line_and_leaves_the_checkpoint(tmp_path):
    words = [*TRAIN, "--epochs", 1_000_000, "--patience", 0, "--checkpoint", 1]
    process = subprocess.Popen(
        [*RAVINE, *map(str, words)], cwd=tmp_path, stdout=-1, stderr=-1, text=True
    )
    checkpoint = tmp_path / "out" / "checkpoint.safetensors"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "interrupted"
    assert "resume with: --recipe out/recipe.toml --out out --resume" in err
    assert ravine.load(checkpoint).status == "interrupted"


def test_version_and_help_are_results(tmp_path):
    done = run("--version", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ravine ")
    done = run(folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(command, capsys):
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert "Example" in out
    assert f"ravine {command} " in " ".join(out.split())
    assert err == ""


def test_help_loads_nothing_heavy(tmp_path):
    code = (
        "import sys; from ravine.cli import main; main(['train', '--help']); "
        "heavy = {'numpy', 'pandas', 'sklearn', 'matplotlib', 'pyarrow'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_broken_pipe_is_no_traceback(tmp_path):
    run(*TRAIN, "--epochs", 1, folder=tmp_path)
    ravine_ = " ".join(RAVINE)
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{ravine_} predict out {demo_table()} | head -n 1; exit ${{PIPESTATUS[0]}}",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "prediction\n"
    assert done.returncode in (0, 128 + signal.SIGPIPE)
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


def test_check_gradients_passes_on_the_default_network(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["check-gradients", str(demo_table()), "--target", "bikers", "--hidden", "8"]
    assert main([*words, "--activation", "gelu"]) == 0
    out = capsys.readouterr().out
    assert "dense_1" in out
    assert "passed" in out
    assert main([*words, "--l1", "0.01", "--dropout", "0.5", "--batch-norm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert list(tmp_path.iterdir()) == []


def test_check_gradients_that_fails_is_exit_code_1(capsys, monkeypatch):
    real = ravine.diagnostics.gradients.check_gradients

    def failing(
        *arguments: object, **options: object
    ) -> ravine.diagnostics.gradients.GradientReport:
        report = real(*arguments, **options)
        layers = tuple(dataclasses.replace(layer, passed=False) for layer in report.layers)
        return dataclasses.replace(report, layers=layers)

    monkeypatch.setattr(ravine.diagnostics.gradients, "check_gradients", failing)
    words = ["check-gradients", str(demo_table()), "--target", "bikers", "--hidden", "4"]
    assert main(words) == 1
    assert "FAILED" in capsys.readouterr().out


def test_demo_compares_saves_and_names_commands_that_work(tmp_path):
    done = run("demo", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for text in (
        "scikit-learn's MLPRegressor",
        "HistGradientBoostingRegressor",
        "predict the mean",
        "test RMSE",
    ):
        assert text in done.stdout
    assert re.search(r"ravine, \d+ networks", done.stdout)
    folder = tmp_path / "ravine-demo"
    names = {"bikeshare.csv.gz", "history.csv", "learning_curve.png", "model.safetensors"}
    assert {path.name for path in folder.iterdir()} == names | {"recipe.toml"}
    *_, first, second = done.stderr.strip().splitlines()
    for line in (first, second):
        done = subprocess.run(
            line.split(), cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    model = ravine.load(folder / "model.safetensors")
    table = read_table(demo_table())
    assert model.score(table.drop(columns="bikers"), table["bikers"]) > 0.94
