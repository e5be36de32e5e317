"""One network and an estimator of many take the same path: settings, rows, scores, baseline."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from ravine.cli.flags.lists import NEURAL_SCHEDULES
from ravine.cli.flags.schedules import FORMS
from ravine.specs import recipe_file
from ravine.specs.layers.base import ACTIVATIONS
from ravine.specs.losses import LOSSES
from ravine.specs.optimizers import OPTIMIZERS
from ravine.specs.schedules import SCHEDULES
from tests.builders.command_line import run

N = 60
KINDS = {"mlp": ["--estimator", "mlp"], "neural": ["--members", 1, "--hidden", 4]}
ALL = ["--test-fraction", 0, "--json"]
ALL_ROWS = {"mlp": [*ALL, "--validation-fraction", 0], "neural": ALL}
Y = np.arange(N) ** 2 / 10


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pet = np.where(np.arange(N) % 4, "cat", "dog")
    pd.DataFrame({"a": np.arange(N) * 1.5, "y": Y, "pet": pet}).to_csv("t.csv", index=False)


def train(*words: object) -> int:
    return run("train", "t.csv", "--epochs", 2, "--out", "out", *words)


def result(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["y", "pet"])
def test_train_and_evaluate_give_the_same_scores_to_the_last_bit(kind, target, capsys):
    assert train("--target", target, *KINDS[kind], *ALL_ROWS[kind]) == 0
    trained = result(capsys)
    assert run("evaluate", "out", "t.csv", "--json") == 0
    evaluated = result(capsys)
    assert trained["rows"] == {"training": evaluated["rows"]}
    assert trained["scores"]["training"].items() <= evaluated.items()


@pytest.mark.parametrize("kind", KINDS)
def test_the_baseline_of_a_regression_predicts_the_mean(kind, capsys):
    assert train("--target", "y", *KINDS[kind], *ALL_ROWS[kind]) == 0
    said = result(capsys)["baseline"]["training"]
    assert said["rmse"] == pytest.approx(Y.std(), rel=1e-12)
    assert said["r2"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_baseline_of_classes_has_the_entropy_of_their_shares(kind, capsys):
    assert train("--target", "pet", *KINDS[kind], *ALL_ROWS[kind]) == 0
    said = result(capsys)["baseline"]["training"]
    entropy = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    assert said["loss" if kind == "mlp" else "log_loss"] == pytest.approx(entropy, rel=1e-12)
    assert said["accuracy"] == 0.75


def test_no_constants_have_a_lower_pinball_loss_than_the_baseline_of_quantiles(capsys):
    assert train("--target", "y", *KINDS["neural"], *ALL, "--quantiles", "0.1,0.5,0.9") == 0
    said = result(capsys)["baseline"]["training"]["pinball"]
    levels = np.array([0.1, 0.5, 0.9])
    missed = Y[:, None, None] - Y[None, :, None]  # the best constant is one of the targets
    losses = np.maximum(levels * missed, (levels - 1) * missed).mean(axis=0)
    assert said == pytest.approx(losses.min(axis=0).mean(), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_file_is_read_once(kind, monkeypatch):
    assert train("--target", "y", *KINDS[kind]) == 0
    reads = []
    read = recipe_file.read_recipe_file

    def counted(path):
        reads.append(str(path))
        return read(path)

    monkeypatch.setattr(recipe_file, "read_recipe_file", counted)
    assert run("train", "t.csv", "--recipe", "out/recipe.toml", "--out", "other") == 0
    assert reads.count("out/recipe.toml") == 1


@pytest.mark.parametrize("command", ["train", "check-gradients", "bias-variance"])
def test_the_help_names_every_loss_optimizer_and_activation(command, capsys):
    assert run(command, "--help") == 0
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert {*LOSSES.shorthands, *OPTIMIZERS.shorthands, *ACTIVATIONS} <= words


def test_every_schedule_of_the_family_has_a_short_form():
    numbers = [0.5, 2.0]
    made = {type(make(0.1, numbers[:fewest])) for _, fewest, _, make in FORMS.values()}
    assert made == {float, *SCHEDULES.kinds.values()}


def test_the_schedules_that_the_help_names_for_the_estimators_are_those_that_they_take():
    from typing import get_args

    from ravine.estimators.neural.parameters import ScheduleName

    assert get_args(ScheduleName) == NEURAL_SCHEDULES
