"""Flags become a recipe and a network; a flag outdoes a file, and a file the default."""

from __future__ import annotations

import pytest

import ravine as rv
from ravine.cli.flags.network import NetworkSettings, read_network_settings
from ravine.cli.flags.optimizer import change_optimizer
from ravine.cli.flags.options import DataFlags, NetworkFlags, RecipeFlags
from ravine.cli.flags.schedules import schedule_from_text
from ravine.cli.flags.table import file_of
from ravine.errors import ParameterError, RavineError
from ravine.specs.schedules import SCHEDULES as ALL_SCHEDULES


def settings(
    data: DataFlags,
    network: NetworkFlags = NetworkFlags(),  # noqa: B008 - immutable
    recipe: RecipeFlags = RecipeFlags(),  # noqa: B008 - immutable
) -> NetworkSettings:
    return read_network_settings(file_of(recipe), data, network, recipe)


def recipe_of(validation_fraction: float | None = None, **flags: object) -> rv.Recipe:
    data = DataFlags(target="y", validation_fraction=validation_fraction)
    return settings(data, recipe=RecipeFlags(**flags)).recipe


def test_default_recipe_is_adam_down_a_cosine_with_early_stopping():
    assert recipe_of() == rv.Recipe(
        optimizer=rv.Adam(rv.CosineDecay(3e-3)),
        epochs=200,
        validation_fraction=0.2,
        stopping=rv.EarlyStopping(patience=20),
        averaging=0.99,
    )


FLAGS = [
    ({"optimizer": "sgd"}, {"optimizer": rv.SGD(rv.CosineDecay(0.01))}),
    ({"learning_rate": 0.1}, {"optimizer": rv.Adam(rv.CosineDecay(0.1))}),
    ({"learning_rate": 0.1, "schedule": "constant"}, {"optimizer": rv.Adam(0.1)}),
    (
        {"optimizer": "sgd", "momentum": 0.9, "schedule": "exponential:0.05"},
        {"optimizer": rv.SGD(rv.ExponentialDecay(0.01, 0.05), momentum=0.9)},
    ),
    ({"optimizer": "lbfgs"}, {"optimizer": rv.LBFGS(), "averaging": None}),
    ({"optimizer": "rprop"}, {"optimizer": rv.Rprop(), "averaging": None}),
    (
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"optimizer": rv.AdamW(rv.CosineDecay(3e-3), weight_decay=0.1)},
    ),
    ({"l1": 1e-3}, {"penalty": rv.L1(1e-3)}),
    ({"l2": 1e-3}, {"penalty": rv.L2(1e-3)}),
    ({"l2": 0.0}, {"penalty": None}),
    ({"l1": 1e-3, "l2": 3e-3}, {"penalty": rv.ElasticNet(4e-3, l1_ratio=0.25)}),
    ({"batch_size": "32"}, {"batch_size": 32}),
    ({"batch_size": "full"}, {"batch_size": "full"}),
    ({"patience": 5}, {"stopping": rv.EarlyStopping(patience=5)}),
    ({"patience": 0}, {"stopping": None}),
    ({"clip_norm": 1.0, "averaging": 0.0}, {"clip_norm": 1.0, "averaging": None}),
    ({"epochs": 7, "dropout": 0.1, "seed": 3}, {"epochs": 7, "dropout": 0.1, "seed": 3}),
    ({"dtype": "float64"}, {"dtype": "float64"}),
    ({"validation_fraction": 0.0}, {"validation_fraction": 0.0, "stopping": None}),
]


@pytest.mark.parametrize(("flags", "changes"), FLAGS)
def test_each_flag_changes_its_own_field(flags, changes):
    assert recipe_of(**flags) == recipe_of().replace(**changes)


SCHEDULES = [
    ("constant", 0.1),
    ("exponential:0.5", rv.ExponentialDecay(0.1, 0.5)),
    ("inverse:0.5", rv.InverseDecay(0.1, 0.5)),
    ("inverse:0.5:2", rv.InverseDecay(0.1, 0.5, power=2)),
    ("step:0.5:10", rv.StepDecay(0.1, 0.5, 10)),
    ("cosine", rv.CosineDecay(0.1)),
    ("cosine:0.01", rv.CosineDecay(0.1, final=0.01)),
    ("cyclic_cosine", rv.CyclicCosine(0.1)),
    ("warmup:5", rv.Warmup(5, 0.1)),
    ("one_cycle", rv.OneCycle(0.1)),
    ("plateau", rv.ReduceOnPlateau(0.1)),
    ("plateau:0.5:3", rv.ReduceOnPlateau(0.1, factor=0.5, patience=3)),
]


@pytest.mark.parametrize(("text", "schedule"), SCHEDULES)
def test_short_form_of_each_schedule(text, schedule):
    assert schedule_from_text(text, 0.1) == schedule


@pytest.mark.parametrize(
    "text", ["", "cosinus", "exponential", "exponential:x", "step:1:2:3", "plateau:0.5:2.5"]
)
def test_broken_short_form_is_a_clear_error(text):
    with pytest.raises(ParameterError, match="schedule"):
        schedule_from_text(text, 0.1)


KEPT = [
    (rv.ExponentialDecay(0.1, 0.5), rv.ExponentialDecay(0.2, 0.5)),
    (rv.InverseDecay(0.1, 0.5), rv.InverseDecay(0.2, 0.5)),
    (rv.StepDecay(0.1, 0.5, 10), rv.StepDecay(0.2, 0.5, 10)),
    (rv.CosineDecay(0.1, final=0.01), rv.CosineDecay(0.2, final=0.02)),
    (rv.CyclicCosine(0.1, cycles=2), rv.CyclicCosine(0.2, cycles=2)),
    (rv.Warmup(5, 0.1), rv.Warmup(5, 0.2)),
    (rv.Warmup(5, rv.CyclicCosine(0.1)), rv.Warmup(5, rv.CyclicCosine(0.2))),
    (rv.Warmup(5, rv.Warmup(2, rv.OneCycle(0.1))), rv.Warmup(5, rv.Warmup(2, rv.OneCycle(0.2)))),
    (rv.OneCycle(0.1, initial=0.01), rv.OneCycle(0.2, initial=0.02)),
    (rv.OneCycle(0.1), rv.OneCycle(0.2)),
    (rv.ReduceOnPlateau(0.1, minimum=0.01), rv.ReduceOnPlateau(0.2, minimum=0.02)),
]


def test_every_schedule_is_among_those_that_a_new_rate_keeps():
    assert {type(schedule) for schedule, _ in KEPT} == set(ALL_SCHEDULES.kinds.values())


@pytest.mark.parametrize(("schedule", "wanted"), KEPT, ids=lambda schedule: repr(schedule))
def test_new_rate_is_the_highest_value_of_a_schedule_that_is_kept(schedule, wanted):
    kept = change_optimizer(rv.SGD(schedule), RecipeFlags(learning_rate=0.2))
    assert kept == rv.SGD(wanted)


@pytest.mark.parametrize("schedule", [schedule for schedule, _ in KEPT], ids=repr)
def test_new_schedule_starts_from_the_highest_value_of_the_one_before(schedule):
    changed = change_optimizer(rv.SGD(schedule), RecipeFlags(schedule="cosine"))
    assert changed == rv.SGD(rv.CosineDecay(0.1))


def test_new_rate_of_a_schedule_that_is_always_0_is_refused():
    with pytest.raises(ParameterError, match="is 0 at all times"):
        change_optimizer(rv.SGD(rv.CosineDecay(0.0)), RecipeFlags(learning_rate=0.2))


def test_recipe_file_stands_where_no_flag_speaks(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('[recipe]\nepochs = 5\n[recipe.optimizer]\nkind = "SGD"\nlearning_rate = 0.5\n')
    assert recipe_of(recipe=str(path)) == rv.Recipe(epochs=5, optimizer=rv.SGD(0.5))
    changed = recipe_of(recipe=str(path), momentum=0.9, seed=4)
    assert changed == rv.Recipe(epochs=5, optimizer=rv.SGD(0.5, momentum=0.9), seed=4)


def test_data_of_a_recipe_file_stands_where_no_flag_speaks(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('[data]\ntarget = "price"\ndrop = ["a"]\ntest_fraction = 0.5\n')
    said = settings(DataFlags(), recipe=RecipeFlags(recipe=str(path))).table
    assert (said.target, said.drop, said.test_fraction) == ("price", ("a",), 0.5)
    flags = DataFlags(target="y", drop=["b"], test_fraction=0.1)
    said = settings(flags, recipe=RecipeFlags(recipe=str(path))).table
    assert (said.target, said.drop, said.test_fraction) == ("y", ("b",), 0.1)


@pytest.mark.parametrize(
    "flags",
    [
        {"l1": -1.0},
        {"l1": 1.0, "l2": -1.0},
        {"dropout": 1.0},
        {"epochs": 0},
        {"seed": -1},
        {"averaging": 1.0},
        {"dtype": "float16"},
        {"batch_size": "0"},
        {"batch_size": "1e3"},
        {"optimizer": "lbfgs", "batch_size": "32"},
        {"optimizer": "rprop", "schedule": "cosine"},
        {"learning_rate": float("nan")},
    ],
)
def test_flag_out_of_range_is_a_clear_error(flags):
    with pytest.raises(RavineError):
        recipe_of(**flags)


def test_hidden_nought_is_a_linear_model():
    said = settings(DataFlags(target="y"), NetworkFlags(hidden="0"))
    assert said.hidden == ()
