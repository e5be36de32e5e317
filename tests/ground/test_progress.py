"""The live line: shown on terminals only, with both losses apart."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ravine.ground.progress import live_progress


def shown(reports, *, scale=1.0, **options):
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True, **options)
    with live_progress(console, scale=scale) as report:
        for one in reports:
            report(one)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())


def epoch(number, *, run=0, loss=0.5, val_loss=0.25, **more):
    return {"run": run, "epoch": number, "epochs": 4, "loss": loss, "val_loss": val_loss, **more}


def test_line_shows_epoch_losses_and_time():
    last = shown([epoch(1), epoch(2)]).splitlines()[-1]
    assert "epoch 2/4" in last
    assert "training 0.5 · validation 0.25" in last
    assert "0:00:00 elapsed" in last


def test_line_without_validation_shows_training_alone():
    text = shown([epoch(1, val_loss=float("nan"))])
    assert "training 0.5" in text
    assert "validation" not in text


def test_losses_are_shown_in_the_unit_that_is_asked_for():
    text = shown([epoch(1)], scale=100_000.0)
    assert "training 50,000 · validation 25,000" in text


def test_several_runs_share_the_line():
    reports = [epoch(4, run=0, runs=3), epoch(2, run=1, runs=3)]
    assert "2 of 3 runs · epoch 2/4" in shown(reports)


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nothing_is_shown_where_there_is_no_terminal(stream, capsys):
    console = None if stream is None else Console(file=stream)
    with live_progress(console) as report:
        report(epoch(1))
    assert capsys.readouterr().err == ""
    assert stream is None or stream.getvalue() == ""


def test_line_ends_well_when_training_fails():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True)

    def interrupted():
        with live_progress(console) as report:
            report(epoch(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().endswith("\x1b[?25h")
