"""``--group`` and ``--time``: groups are not torn apart, and the latest rows are tested on."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.cli.fitting import prepare
from ravine.cli.flags.estimator import read_estimator_settings
from ravine.cli.flags.network import read_network_settings
from ravine.cli.flags.options import DataFlags, NetworkFlags, NeuralFlags, RecipeFlags
from ravine.specs.recipe_file import RecipeFile
from tests.builders.command_line import run

N = 300
RNG = np.random.default_rng(0)
SITE = RNG.integers(0, 20, N)
FRAME = pd.DataFrame(
    {
        "site": [f"site {site}" for site in SITE],
        "day": (np.datetime64("2024-01-01") + RNG.integers(0, 90, N)).astype(str),
        "x": RNG.normal(size=N),
        "row": np.arange(N) + 0.5,
        "colour": RNG.choice(list("rgb"), N),
    }
)
FRAME["y"] = 2 * FRAME["x"] + RNG.normal(size=20)[SITE] + 0.3 * RNG.normal(size=N)
FRAME["kind"] = np.where(FRAME["y"] > 0, "high", "low")
ESTIMATORS = {"mlp": ["--estimator", "mlp"], "neural": ["--members", 1]}


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("t.csv", index=False)


def train(*words: object, table: str = "t.csv", out: str = "out") -> int:
    return run(
        "train", table, "--target", "y", "--drop", "kind", "--epochs", 2, "--out", out, *words
    )


def parts(flags: dict[str, object], frame: pd.DataFrame = FRAME) -> dict[str, np.ndarray]:
    """Find the rows that one network is trained, validated and tested on."""
    settings = read_network_settings(
        RecipeFile(), DataFlags(target="y", **flags), NetworkFlags(), RecipeFlags()
    )
    prepared = prepare(frame, settings)
    y = frame["y"].to_numpy()
    found = {}
    for name, part in prepared.parts.items():  # every row has a target of its own
        targets = np.ravel(prepared.target.decode(part.y))
        found[name] = np.abs(y[:, None] - targets).argmin(axis=0)
    return found


def apart(values: np.ndarray, *rows: np.ndarray) -> bool:
    """Whether no value is in two of the parts."""
    sets = [set(values[r]) for r in rows]
    return not any(a & b for i, a in enumerate(sets) for b in sets[:i])


# --- Which rows are set aside -------------------------------------------------------------------


def test_no_group_has_rows_in_two_parts():
    found = parts({"group": "site"})
    assert sorted(np.concatenate(list(found.values()))) == list(range(N))
    assert apart(SITE, *found.values())
    assert abs(len(found["test"]) - 60) <= 8
    assert abs(len(found["validation"]) - 48) <= 8


def test_the_latest_rows_are_tested_on_and_the_next_latest_validated_on():
    found = parts({"time": "day"})
    day = FRAME["day"].to_numpy()
    assert day[found["training"]].max() < day[found["validation"]].min()
    assert day[found["validation"]].max() < day[found["test"]].min()


def test_groups_that_end_last_are_tested_on():
    found = parts({"group": "site", "time": "day"})
    day = FRAME["day"].to_numpy()
    assert apart(SITE, *found.values())
    ends = [day[site == SITE].max() for site in np.unique(SITE[found["test"]])]
    assert day[[*found["training"], *found["validation"]]].max() < min(ends)


TIMES = {
    "numbers": FRAME["row"] - 0.5,
    "years": 2000 + np.arange(N) // 10,
    "dates": pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(N), unit="h"),
    "text": (np.datetime64("2024-01-01T00:00") + np.arange(N)).astype(str),
    "with a zone": pd.date_range("2024-01-01", periods=N, freq="h", tz="Europe/Berlin"),
    "durations": pd.to_timedelta(np.arange(N), unit="s"),
    "ordered": pd.Categorical.from_codes(np.arange(N) // 100, ["b", "a", "c"], ordered=True),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_may_be_numbers_dates_and_whatever_has_an_order(name):
    found = parts({"time": "when"}, FRAME.assign(when=TIMES[name]))
    assert found["training"].max() < found["validation"].min()
    assert found["validation"].max() < found["test"].min()


def test_a_note_says_that_far_more_rows_are_set_aside_than_asked_for(capsys):
    parts({"time": "when"}, FRAME.assign(when=TIMES["ordered"]))
    told = " ".join(capsys.readouterr().err.split())
    assert "note: 100 of 200 rows are set aside as the latest, where 40 were asked for" in told


@pytest.mark.parametrize("values", [SITE, SITE + 0.5, SITE % 2 == 0, pd.Categorical(SITE)])
def test_groups_may_be_of_any_sort(values):
    frame = FRAME.assign(group=values)
    flags = {"group": "group", "validation_fraction": 0.0}
    if np.asarray(values).dtype == bool:  # two groups: one to train on, one to test on
        assert apart(np.asarray(values), *parts(flags, frame).values())
    else:
        assert apart(SITE, *parts(flags, frame).values())


def test_copies_of_a_row_are_on_one_side_of_every_split(capsys):
    twice = FRAME.iloc[np.r_[0:N, 0:N:2]].reset_index(drop=True)
    flags = {"target": "y"}
    settings = read_network_settings(
        RecipeFile(), DataFlags(**flags), NetworkFlags(), RecipeFlags()
    )
    prepared = prepare(twice, settings)
    rows = [np.round(prepared.target.decode(part.y).ravel(), 4) for part in prepared.parts.values()]
    assert len(rows) == 3
    assert sum(len(part) for part in rows) == N + N // 2
    assert len(np.unique(np.concatenate(rows))) == sum(len(np.unique(part)) for part in rows)
    settings = read_estimator_settings(
        RecipeFile(), DataFlags(**flags), NetworkFlags(), RecipeFlags(), NeuralFlags()
    )
    table = prepare(twice, settings)
    assert not set(table.frames["training"]["y"]) & set(table.frames["test"]["y"])
    told = " ".join(capsys.readouterr().err.split())
    assert told.count(f"note: {N // 2} rows are copies of another row, equal in every column") == 2


def test_rows_that_are_equal_by_chance_are_split_at_random_with_a_note(capsys):
    cells = pd.DataFrame({"a": np.arange(N) % 5, "y": RNG.integers(0, 3, N).astype(float)})
    table = prepare(
        cells,
        read_estimator_settings(
            RecipeFile(), DataFlags(target="y"), NetworkFlags(), RecipeFlags(), NeuralFlags()
        ),
    )
    assert len(table.frames["test"]) == N // 5
    assert (
        table.frames["test"]
        .drop_duplicates()
        .merge(table.frames["training"].drop_duplicates())
        .shape[0]
        > 10
    )
    told = " ".join(capsys.readouterr().err.split())
    assert f"note: {N} rows that are equal in every column count as independent" in told


def test_the_neural_estimators_get_what_is_left_to_split():
    flags = DataFlags(target="y", group="site", time="day")
    settings = read_estimator_settings(
        RecipeFile(), flags, NetworkFlags(), RecipeFlags(), NeuralFlags()
    )
    found = prepare(FRAME, settings)
    train_rows, test_rows = (
        np.rint(f["row"] - 0.5).astype(int)
        for f in (found.frames["training"], found.frames["test"])
    )
    assert apart(SITE, train_rows, test_rows)
    assert "site" not in found.frames["training"]
    assert "day" not in found.frames["training"]
    day = FRAME["day"].to_numpy()
    for values, codes in ((SITE, found.sides["groups"]), (day, found.sides["time"])):
        here = values[train_rows]
        assert len({(v, c) for v, c in zip(here, codes, strict=True)}) == len(set(here))
    order = np.argsort(found.sides["time"], kind="stable")
    assert (np.sort(day[train_rows]) == day[train_rows][order]).all()


# --- The commands -------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_columns_are_not_learnt_from_and_that_is_said(estimator, capsys):
    assert train("--group", "site", "--time", "day", "--json", *ESTIMATORS[estimator]) == 0
    out, err = capsys.readouterr()
    notes = [
        "Column 'site' (--group) is not learnt from; rows are set aside by it.",
        "Column 'day' (--time) is not learnt from; rows are set aside by it.",
    ]
    assert json.loads(out)["notes"][:2] == notes
    for note in notes:
        assert f"note: {note}" in err
    model = rv.load("out/model.safetensors")
    schema = model.schema if estimator == "mlp" else model.schema_
    assert {column.name for column in schema.columns} == {"x", "row", "colour"}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_recipe_file_knows_the_columns_and_gives_the_same_model(estimator):
    assert train("--group", "site", "--time", "day", *ESTIMATORS[estimator]) == 0
    data = tomllib.loads(Path("out/recipe.toml").read_text())["data"]
    assert (data["group"], data["time"]) == ("site", "day")
    assert run("train", "t.csv", "--recipe", "out/recipe.toml", "--out", "again") == 0
    for name in ("model.safetensors", "recipe.toml"):
        assert Path("out", name).read_bytes() == Path("again", name).read_bytes()
    words = ["--recipe", "out/recipe.toml", "--out", "other", "--time", "row"]
    assert run("train", "t.csv", *words) == 0
    assert tomllib.loads(Path("other/recipe.toml").read_text())["data"]["time"] == "row"


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_tables_with_and_without_the_columns_are_predicted_alike(estimator, capsys):
    assert train("--group", "site", "--time", "day", *ESTIMATORS[estimator]) == 0
    FRAME.drop(columns=["site", "day"]).to_csv("lacks.csv", index=False)
    found = {}
    for name in ("t.csv", "lacks.csv"):
        capsys.readouterr()
        assert run("predict", "out/model.safetensors", name) == 0
        predicted = capsys.readouterr().out
        assert run("evaluate", "out/model.safetensors", name, "--json") == 0
        found[name] = predicted, json.loads(capsys.readouterr().out)["rmse"]
    assert found["t.csv"] == found["lacks.csv"]


def test_without_the_flags_nothing_is_recorded():
    assert train(*ESTIMATORS["mlp"]) == 0
    assert not {"group", "time"} & set(tomllib.loads(Path("out/recipe.toml").read_text())["data"])


# --- Errors -------------------------------------------------------------------------------------

ODD = FRAME.assign(
    one="a", two=["a", "b"] * (N // 2), season=["spring", "autumn"] * (N // 2), year=2024
)
ODD.loc[[3, 9], "site"] = None
ODD.loc[7, "day"] = None
ODD.loc[0, "y"] = None


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("flags", "message", "hint"),
    [
        (["--group", "sit"], "no column 'sit' (the column of --group)", "Did you mean 'site'?"),
        (["--time", "days"], "no column 'days' (the column of --time)", "Did you mean 'day'?"),
        (["--group", "y"], "--group names the target 'y'", "Name another column"),
        (["--time", "y"], "--time names the target 'y'", "Name another column"),
        (["--group", "site"], "'site' (--group) has no value in row 4 and 1 more", "Fill it in"),
        (["--time", "day"], "Column 'day' (--time) has no value in row 8", "Fill it in"),
        (["--time", "season"], "'season' (--time) holds text, such as 'spring'", "2024-12-31"),
        (["--group", "one"], "--group 'one': All rows are of one group: there", "other columns"),
        (["--time", "year"], "--time 'year': All rows are of one time: there", "other columns"),
        (["--group", "two"], "All rows that are not tested on are of one group", "fraction"),
        (
            ["--group", "two", "--test-fraction", 0, "--validation-fraction", 0],
            "--group would change nothing: no rows are set aside",
            "--validation-fraction",
        ),
    ],
)
def test_what_cannot_be_split_names_column_row_and_cure(estimator, flags, message, hint, capsys):
    ODD.to_csv("odd.csv", index=False)
    assert train(*flags, *ESTIMATORS[estimator], table="odd.csv") != 0
    err = capsys.readouterr().err
    assert message in err
    assert hint in err
    assert not Path("out").exists()


def test_a_row_without_a_target_needs_no_group():
    frame = FRAME.copy()
    frame.loc[5, ["y", "site", "day"]] = None
    frame.to_csv("gap.csv", index=False)
    assert train("--group", "site", "--time", "day", *ESTIMATORS["mlp"], table="gap.csv") == 0
