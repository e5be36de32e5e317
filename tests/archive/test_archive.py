"""Files of every version that was released load, and predict what they predicted then.

Each folder beside this file was written by one version (``make_archive.py``). It is never changed:
a test that fails here says that users' files are lost.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from stored import CUSTOM, curves, described, described_table, learnt, outputs, read_rows

import ravine as rv
from ravine.cli import main
from ravine.tables import TableModel

ARCHIVE = Path(__file__).parent

#: How far a prediction may be off, as a part of the largest one. Another instruction level adds in
#: another order; each of a few dozen roundings counts 6e-8 in float32, 1e-16 in float64.
ROUNDING = {"float32": 1e-5, "float64": 1e-12}

#: The same after further training: each step enlarges what the steps before it rounded.
ROUNDING_OF_STEPS = {"float32": 1e-4, "float64": 1e-10}


def each(name: str, pattern: str) -> Any:
    """Give a test everything of a pattern, in the folders of all versions."""
    found = sorted(ARCHIVE.glob(f"*/{pattern}"))
    assert found, pattern
    return pytest.mark.parametrize(name, found, ids=[str(f.relative_to(ARCHIVE)) for f in found])


def known_of(path: Path) -> Any:
    return json.loads(path.with_suffix(".json").read_text())


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path.with_suffix(".npz")) as stored:
        return dict(stored)


def inputs_of(arrays: dict[str, np.ndarray]) -> Any:
    """Give the rows to predict, with the names of columns if there are any."""
    columns = arrays.get("columns")
    return arrays["X"] if columns is None else pd.DataFrame(arrays["X"], columns=columns)


def assert_says(found: Any, stored: Any, where: str = "") -> None:
    """Check that all that was stored is found; a later version may say more."""
    if isinstance(stored, dict):
        assert isinstance(found, dict), where
        for name, value in stored.items():
            assert name in found, f"{where}.{name}"
            assert_says(found[name], value, f"{where}.{name}")
    elif isinstance(stored, list):
        assert len(found) == len(stored), where
        for place, (one, other) in enumerate(zip(found, stored, strict=True)):
            assert_says(one, other, f"{where}[{place}]")
    else:
        assert found == stored, where


def assert_near(found: np.ndarray, stored: np.ndarray, tolerance: float) -> None:
    """Check numbers to a part of the largest, and anything else for equality."""
    assert found.shape == stored.shape
    if stored.dtype.kind != "f":
        assert found.astype(stored.dtype).tolist() == stored.tolist()
        return
    assert found.dtype == stored.dtype
    finite = np.isfinite(stored)
    np.testing.assert_array_equal(found[~finite], stored[~finite])
    largest = np.abs(stored[finite]).max(initial=0)
    np.testing.assert_allclose(found[finite], stored[finite], rtol=0, atol=tolerance * largest)


def assert_predicts(found: Any, rows: Any, stored: dict[str, np.ndarray], tolerance: float) -> None:
    """Check that every method gives what it gave, and that none refuses."""
    now = outputs(found, rows)
    then = {name: array for name, array in stored.items() if name.startswith("predict")}
    assert now.keys() >= then.keys()
    for name, array in then.items():
        assert_near(now[name], array, tolerance)


def assert_same_history(model: rv.Model, stored: dict[str, np.ndarray]) -> None:
    then = {name: array for name, array in stored.items() if name.startswith("history.")}
    now = curves(model)
    assert now.keys() >= then.keys() > set()
    for name, array in then.items():
        np.testing.assert_array_equal(now[name], array)


def run(*words: Any) -> None:
    assert main([str(word) for word in words]) == 0


@each("path", "models/*.safetensors")
def test_a_model_knows_and_predicts_what_it_did(path):
    model, stored = rv.load(path), arrays_of(path)
    assert isinstance(model, rv.Model)
    assert_says(described(model), known_of(path))
    assert_same_history(model, stored)
    assert_predicts(model, inputs_of(stored), stored, ROUNDING[model.dtype])


@each("path", "models/*.safetensors")
def test_a_model_that_is_loaded_and_saved_is_the_same(path, tmp_path):
    model = rv.load(path)
    model.save(tmp_path / "again.safetensors")
    again = rv.load(tmp_path / "again.safetensors")
    np.testing.assert_array_equal(again.parameters_vector, model.parameters_vector)
    np.testing.assert_array_equal(again.state_vector, model.state_vector)
    assert_says(described(again), known_of(path))
    assert_same_history(again, arrays_of(path))


@each("path", "models/own_code.safetensors")
def test_a_model_of_custom_code_names_it_and_trains_on_when_it_is_put_back(path):
    model, stored = rv.load(path), arrays_of(path)
    assert "Momentum(learning_rate=0.02" in repr(model.recipe.optimizer)
    assert [a.__name__ for a in model.recipe.augmentation[1:]] == ["jitter"]
    own = model.recipe.replace(optimizer=CUSTOM["Momentum"](0.02), augmentation=(), epochs=1)
    rv.train(model.network, stored["X"], stored["X"][:, 0], own, start=path, threads=1)


@each("path", "tables/*.safetensors")
def test_a_model_of_a_table_knows_its_columns_and_predicts_what_it_did(path):
    model, rows = rv.load(path), read_rows(path.parents[1] / "table.csv")
    assert isinstance(model, TableModel)
    assert_says(described_table(model), known_of(path))
    assert_predicts(model, rows, arrays_of(path), ROUNDING[model.model.dtype])


@each("path", "estimators/*.safetensors")
def test_an_estimator_knows_and_predicts_what_it_did(path):
    estimator, stored = rv.load(path), arrays_of(path)
    table = read_rows(path.parents[1] / "table.csv")
    networks = getattr(estimator, "members_", None) or [estimator.model_]
    assert_says(json.loads(json.dumps(learnt(estimator))), known_of(path))
    assert_predicts(
        estimator,
        inputs_of(stored) if "X" in stored else table,
        stored,
        ROUNDING[networks[0].dtype],
    )


@each("path", "estimators/*partial_fit.safetensors")
def test_an_mlp_that_learns_step_by_step_goes_on(path):
    estimator, stored = rv.load(path), arrays_of(path)
    estimator.partial_fit(stored["X"], stored["y"])
    tolerance = ROUNDING_OF_STEPS[estimator.model_.dtype]
    assert_near(estimator.predict(stored["X"]), stored["next"], tolerance)


@each("path", "checkpoints/*.safetensors")
def test_a_checkpoint_holds_the_model_of_its_epoch(path):
    assert_says(described(rv.load(path)), known_of(path)["half"])


@each("path", "checkpoints/*.safetensors")
def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(path):
    known, stored = known_of(path), arrays_of(path)
    network = rv.Network.from_dict(known["whole"]["network"])
    recipe = rv.Recipe.from_dict(
        {k: v for k, v in known["whole"]["recipe"].items() if not k.startswith("own_")}
    )
    if "own_optimizer" in known["whole"]["recipe"]:
        recipe = recipe.replace(optimizer=CUSTOM["Momentum"](0.01))
    model = rv.train(network, stored["X"], stored["y"], recipe, start=path, threads=1)
    assert_says(described(model), known["whole"])
    tolerance = ROUNDING_OF_STEPS[model.dtype]
    assert_near(model.parameters_vector, stored["parameters"], tolerance)
    assert_near(model.state_vector, stored["state"], tolerance)
    assert_predicts(model, stored["X"], stored, tolerance)
    half = len(rv.load(path).history)
    for name, column in curves(model).items():
        if name != "history.seconds" and name in stored:
            np.testing.assert_array_equal(column[:half], stored[name][:half])
            assert_near(column, stored[name], tolerance)


@each("path", "recipes/*.toml")
def test_a_recipe_file_says_the_same_network_and_recipe(path, tmp_path):
    run("train", path.parents[1] / "table.csv", "--recipe", path, "--out", tmp_path)
    model = rv.load(tmp_path / "model.safetensors").model
    now, known = described(model), known_of(path)
    for part in ("network", "recipe"):
        assert_says(now[part], known[part])
    assert_same_recipe_file(tmp_path / "recipe.toml", path)


@each("folder", "folders/*")
def test_a_folder_of_results_predicts_what_it_did(folder, tmp_path):
    asked = known_of(folder / "asked")["predict"]
    found, table = tmp_path / "predictions.csv", folder.parents[1] / "table.csv"
    run("predict", folder / "model.safetensors", table, *asked, "--out", found)
    now, then = pd.read_csv(found), pd.read_csv(folder / "predictions.csv")
    assert list(now) == list(then)
    for name in then:
        assert_near(now[name].to_numpy(), then[name].to_numpy(), ROUNDING["float32"])


@each("folder", "folders/*")
def test_a_folder_of_results_is_described_as_one_training(folder, capsys):
    run("describe", folder)
    assert "of another training" not in capsys.readouterr().err


@each("folder", "folders/*")
def test_the_recipe_file_of_a_folder_says_the_same_when_it_trains_again(folder, tmp_path):
    recipe, table = folder / "recipe.toml", folder.parents[1] / "table.csv"
    run("train", table, "--recipe", recipe, "--out", tmp_path)
    assert_same_recipe_file(tmp_path / "recipe.toml", recipe)
    again, first = (rv.load(place / "model.safetensors") for place in (tmp_path, folder))
    assert type(again) is type(first)
    now, then = again.predict(read_rows(table)), first.predict(read_rows(table))
    assert (now.shape, now.dtype.kind) == (then.shape, then.dtype.kind)


@each("state", "folders/*/checkpoint.safetensors")
def test_a_training_goes_on_from_the_state_kept_in_its_folder(state, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(state.parent, out)
    words = ["--recipe", out / "recipe.toml", "--out", out, "--resume", "--epochs", 5]
    run("train", state.parents[2] / "table.csv", *words)
    first, longer = (rv.load(place / "model.safetensors").history for place in (state.parent, out))
    assert longer["epoch"].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(longer["loss"][:3], first["loss"])


def assert_same_recipe_file(found: Path, stored: Path) -> None:
    """Check that a recipe file, written again, says what it said; but for what run it is of."""
    now, then = (tomllib.loads(path.read_text()) for path in (found, stored))
    for name in ("run", "made_by"):
        then["data"].pop(name)
    assert_says(now, then)
