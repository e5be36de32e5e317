"""Write an archive of what this ravine saves, for ``test_archive.py`` to load for ever after.

Run by hand, once for each version that is released, before it is released::

    python tests/archive/make_archive.py 0.1.0

It writes one file of each kind into a new folder of that name beside itself, and next to each what
it predicts. The same ravine on the same processor gives the same files, but for the seconds that
epochs took. The folder of a released version is never written again.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w
from archived_models import LABELS, X, Y, checkpoints, models, recipe, recipes, small
from archived_tables import INPUTS, of_arrays, of_tables, table
from sklearn.exceptions import ConvergenceWarning
from stored import (
    curves,
    described,
    described_recipe,
    described_table,
    learnt,
    outputs,
    read_rows,
)

import ravine as rv
from ravine.cli import main
from ravine.errors import DivergenceError
from ravine.tables import ROBUST, TableModel, TableSchema

# --- Models ---------------------------------------------------------------------------------------


def write_models(folder: Path) -> None:
    courses = set()
    for name, (network, rows, y, how, more) in models().items():
        try:
            model = rv.train(network, rows, y, how, threads=1, **more)
        except DivergenceError as error:
            model = error.model
        model.save(folder / f"{name}.safetensors")
        inputs = {"X": np.asarray(rows)}
        if model.feature_names is not None:
            inputs["columns"] = np.array(model.feature_names)
        write_beside(folder / name, described(model), inputs, outputs(model, rows), curves(model))
        courses.add("offsets" if model.offsets is not None else model.status)
    assert courses == {"offsets", "finished", "stopped early", "converged", "diverged"}


# --- Tables and estimators ------------------------------------------------------------------------


CODINGS = {
    "price": {},
    "kind": {"task": "classification"},
    "level": {"coding": ROBUST, "task": "classification"},
}


def write_tables(folder: Path, rows: pd.DataFrame) -> None:
    for target, how in CODINGS.items():
        frame = rows[[*INPUTS, target]]
        schema = TableSchema.learn(frame, target, **how)
        outs = 1 if target == "price" else len(schema.target.classes)
        loss = "squared_error" if target == "price" else "cross_entropy"
        network, y = small(loss, outs), schema.encode_target(frame)
        model = rv.train(network, schema.encode(frame), y, recipe(), threads=1)
        found = TableModel(schema, model)
        found.save(folder / f"{target}.safetensors")
        write_beside(folder / target, described_table(found), {}, outputs(found, rows))


def write_estimators(folder: Path, rows: pd.DataFrame) -> None:
    for name, estimator in of_arrays():
        estimator.save(folder / f"{name}.safetensors")
        columns = getattr(estimator, "feature_names_in_", None)
        frame = X if columns is None else pd.DataFrame(X, columns=columns)
        inputs = {"X": X} if columns is None else {"X": X, "columns": columns.astype(str)}
        known, given = learnt(estimator), outputs(estimator, frame)
        if name.endswith("partial_fit"):  # what it predicts when it is loaded and goes on
            inputs["y"] = Y if "regressor" in name else LABELS
            again = rv.load(folder / f"{name}.safetensors").partial_fit(X, inputs["y"])
            inputs["next"] = again.predict(X)
        write_beside(folder / name, known, inputs, given)
    for name, estimator in of_tables(rows):
        estimator.save(folder / f"{name}.safetensors")
        write_beside(folder / name, learnt(estimator), {}, outputs(estimator, rows))


# --- Checkpoints ---------------------------------------------------------------------------------


def write_checkpoints(folder: Path) -> None:
    network = rv.Network(
        [
            rv.Normalize(),
            rv.Dense(4, use_bias=False),  # before BatchNorm, a bias would be rounding alone
            rv.BatchNorm(),
            rv.Activation("tanh"),
            rv.Dense(1),
        ]
    )
    for name, how in checkpoints().items():
        path = folder / f"{name}.safetensors"

        def interrupt(row: Any) -> None:
            if row["epoch"] == 3:
                raise KeyboardInterrupt

        if name == "adam":  # saved by Ctrl-C; the others at the end of a shorter run
            with contextlib.suppress(KeyboardInterrupt):
                rv.train(network, X, Y, how, checkpoint=path, threads=1, callback=interrupt)
        else:
            rv.train(network, X, Y, how.replace(epochs=3), checkpoint=path, threads=1)
        whole = rv.train(network, X, Y, how, threads=1)
        resumed = rv.train(network, X, Y, how, start=path, threads=1)
        np.testing.assert_array_equal(resumed.parameters_vector, whole.parameters_vector)
        known = {"half": described(rv.load(path)), "whole": described(whole)}
        given = {"X": X, "y": Y, "parameters": whole.parameters_vector, "state": whole.state_vector}
        write_beside(folder / name, known, given, outputs(whole, X), curves(whole))


# --- The command line ----------------------------------------------------------------------------


FOLDERS = {
    "network_price": [
        *("--target", "price", "--estimator", "mlp"),
        *("--checkpoint", "1", "--schedule", "constant"),
    ],
    "network_kind": ["--target", "kind", "--estimator", "mlp", "--loss", "cross_entropy"],
    "neural_price": ["--target", "price", "--members", "1"],
    "neural_level": ["--target", "level", "--members", "1", "--balanced"],
    "neural_quantiles": ["--target", "price", "--members", "1", "--quantiles", "0.9,0.1"],
}
ASKED = {"kind": ["--probabilities"], "level": ["--probabilities"]}
INTERVAL = {"neural_price": ["--interval", "0.8"]}


def write_recipes(folder: Path, rows: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, (network, how) in recipes().items():
            given = {"network": toml(network.to_dict()), "recipe": toml(how.to_dict())}
            given["data"] = {"target": "price", "drop": ["kind", "level"]}
            asked = Path(scratch, "asked.toml")
            asked.write_text(tomli_w.dumps(given))
            run("train", rows, "--recipe", asked, "--out", scratch)
            Path(scratch, "recipe.toml").replace(folder / f"{name}.toml")
            model = rv.load(Path(scratch, "model.safetensors")).model
            assert model.recipe == how.replace(validation_fraction=0.0)
            write_json(folder / f"{name}.json", described(model))
            for file in Path(scratch).iterdir():
                file.unlink()


def toml(value: Any) -> Any:
    """Give plain data with None as recipe files say it."""
    if isinstance(value, dict):
        return {key: toml(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [toml(item) for item in value]
    return "none" if value is None else value


def write_folders(folder: Path, rows: Path) -> None:
    for name, words in FOLDERS.items():
        target = words[1]
        others = [w for t in ("price", "kind", "level") if t != target for w in ("--drop", t)]
        out = folder / name
        run("train", rows, *words, *others, "--hidden", "4", "--epochs", "3", "--out", out)
        (out / "learning_curve.png").unlink()  # a picture is never read
        asked = [*ASKED.get(target, []), *INTERVAL.get(name, [])]
        predictions = out / "predictions.csv"
        run("predict", out / "model.safetensors", rows, *asked, "--out", predictions)
        write_json(out / "asked.json", {"predict": asked})


def run(*words: Any) -> None:
    assert main([str(word) for word in words]) == 0, words


# --- Writing -------------------------------------------------------------------------------------


def write_beside(path: Path, known: dict[str, Any], *arrays: dict[str, Any]) -> None:
    """Write what a file is to give, beside it."""
    write_json(path.with_suffix(".json"), known)
    together = {name: np.asarray(values) for given in arrays for name, values in given.items()}
    texts = {n: a.astype(str) if a.dtype == object else a for n, a in together.items()}
    np.savez_compressed(path.with_suffix(".npz"), **texts)


def write_json(path: Path, known: Any) -> None:
    path.write_text(json.dumps(known) + "\n")


def check_complete() -> None:
    """Refuse an archive that lacks a kind of part."""
    bases = (rv.Layer, rv.Optimizer, rv.Schedule, rv.Penalty, rv.Augmentation, rv.losses.Loss)
    bases = (*bases, rv.initializers.Initializer)
    public = [
        getattr(space, n) for space in (rv, rv.losses, rv.initializers) for n in space.__all__
    ]
    kinds = {k.__name__ for k in public if isinstance(k, type) and issubclass(k, bases)}
    given = [(g[0].to_dict(), described_recipe(g[3])) for g in models().values()]
    missing = kinds - {base.__name__ for base in bases} - set(kinds_in(given))
    assert not missing, f"No model of the archive has {', '.join(sorted(missing))}."


def kinds_in(value: Any) -> Iterator[str]:
    """Give the kinds of all parts in plain data."""
    if isinstance(value, dict):
        yield from (value["kind"],) if "kind" in value else ()
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from kinds_in(item)


def make(folder: Path) -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are the point
    check_complete()
    for name in ("models", "tables", "estimators", "checkpoints", "recipes", "folders"):
        (folder / name).mkdir(parents=True)
    rows = folder / "table.csv"
    table().to_csv(rows, index=False)
    frame = read_rows(rows)
    write_models(folder / "models")
    write_tables(folder / "tables", frame)
    write_estimators(folder / "estimators", frame)
    write_checkpoints(folder / "checkpoints")
    write_recipes(folder / "recipes", rows)
    write_folders(folder / "folders", rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which version: python tests/archive/make_archive.py 0.1.0")
    make(Path(__file__).parent / sys.argv[1])
