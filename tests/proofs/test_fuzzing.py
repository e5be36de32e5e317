"""Files of strangers: whatever was done to a file, it is read as a model or refused as a file.

Thousands of mutations, the same in every run: of the bytes, and of the description inside with its
checksum made good, which is what a stranger with intent would do. RAVINE_PROOFS=long tries ten
thousand; the short version some hundred of each sort.
"""

import copy
import os
import random

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import FileError, RavineError, SpecError
from ravine.models.file import read_model_file, write_model_file
from ravine.specs.recipe_file import read_recipe_file, write_recipe_file

LONG = os.environ.get("RAVINE_PROOFS") == "long"
TRIES = 1700 if LONG else 60  # of each sort and kind of file; six kinds

WRONG = [None, True, False, -1, 0, 1, 2, 7, 2**40, 2**70, 0.5, -0.5, 1e300, float("nan")]
WRONG += [float("inf"), "", "relu", "float64", "\u202egpj", "x" * 10_000, [], {}, [None], [[]]]
WRONG += [{"kind": "Dense"}, {"kind": "Adam"}, [0, 0], [1e300], [-1, 2**62]]

X = np.random.default_rng(0).normal(size=(60, 3))
TABLE = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "x", "y"), "c": X[:, 2]})
Y = X[:, 0] + (X[:, 1] > 0)
C = np.where(Y > 0.5, "yes", "no")


def network(outputs=1, loss="squared_error"):
    layers = [rv.Normalize(), rv.Dense(4, activation="relu"), rv.BatchNorm(), rv.Dense(outputs)]
    return rv.Network(layers, loss=loss)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of each kind, and rows that what it holds can predict."""
    folder = tmp_path_factory.mktemp("models")
    recipe = rv.Recipe(epochs=2, batch_size=16)
    ensemble = {"n_members": 1, "epochs": 2, "n_jobs": 1, "random_state": 0, "variants": None}
    rv.train(network(), X, Y, recipe).save(folder / "model.safetensors")
    rv.train(network(2, "cross_entropy"), X, C, recipe).save(folder / "classes.safetensors")
    rv.train(network(), X, Y, recipe, checkpoint=folder / "checkpoint.safetensors")
    rv.MLPClassifier(
        hidden_layer_sizes=8, solver="adam", max_iter=30, tol=1, n_iter_no_change=2
    ).fit(X, C).save(folder / "mlp.safetensors")
    rv.NeuralRegressor(**ensemble).fit(TABLE, Y).save(folder / "numbers.safetensors")
    rv.NeuralClassifier(**ensemble).fit(TABLE, C).save(folder / "labels.safetensors")
    rows = dict.fromkeys(("numbers", "labels"), TABLE)
    return {path: rows.get(path.stem, X) for path in sorted(folder.iterdir())}


def refusal(read, path, *errors):
    """What a file is refused with, if it is: one of these errors, not longer than a screen."""
    try:
        read(path)
    except errors as error:
        return error
    return None


def attempt(path, rows):
    """Read a file and predict with what it holds: either works, or says why not."""
    refused = refusal(rv.load, path, FileError)
    if refused is not None:
        assert len(str(refused)) < 2100
        return
    model = rv.load(path)
    try:
        with np.errstate(all="ignore"):
            assert len(model.predict(rows)) == len(rows)
    except (RavineError, ValueError):
        pass  # what it holds does not suit these rows


def test_files_with_any_bytes_changed_are_refused(files, tmp_path):
    rng = random.Random(0)
    target = tmp_path / "mutated.safetensors"
    for path, rows in files.items():
        content = path.read_bytes()
        for _ in range(TRIES):
            target.write_bytes(mutated(content, rng))
            attempt(target, rows)


def mutated(content, rng):
    """Some bytes flipped, cut out, doubled or put in."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place = (
            rng.randrange(min(len(data), 4000)) if rng.random() < 0.7 else rng.randrange(len(data))
        )
        match rng.randrange(5):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                del data[place : place + rng.choice([1, 8, 100])]
            case 2:
                data[place:place] = data[place : place + rng.choice([1, 8, 100])]
            case 3:
                data[place:place] = rng.randbytes(rng.choice([1, 4, 50]))
            case 4:
                del data[max(place, 1) :]
        data = data or bytearray(b"\0")
    return bytes(data)


def test_descriptions_with_any_value_changed_are_refused_or_sound(files, tmp_path):
    rng = random.Random(1)
    target = tmp_path / "mutated.safetensors"
    for path, rows in files.items():
        document, arrays = read_model_file(path)
        for _ in range(TRIES):
            changed, held = copy.deepcopy(document), dict(arrays)
            if rng.random() < 0.8:
                spoil(changed, rng)
            else:
                spoil_array(held, rng)
            write_model_file(target, changed, held)
            attempt(target, rows)


def spoil(document, rng):
    """Change, remove, add or swap one value anywhere in a document."""
    places = [(document, key) for key in document]
    for holder, key in places:
        inside = holder[key]
        if isinstance(inside, dict):
            places += [(inside, name) for name in inside]
        elif isinstance(inside, list):
            places += [(inside, i) for i in range(min(len(inside), 20))]
    holder, key = rng.choice(places)
    match rng.randrange(4):
        case 0 | 1:
            holder[key] = copy.deepcopy(rng.choice(WRONG))
        case 2:
            del holder[key]
        case 3:
            other, name = rng.choice(places)
            holder[key] = copy.deepcopy(other[name])


def spoil_array(arrays, rng):
    """Change an array's values, size, shape or type."""
    name = rng.choice(sorted(arrays))
    array = np.array(arrays[name])
    match rng.randrange(5):
        case 0:
            del arrays[name]
        case 1:
            arrays[name] = array.ravel()[: rng.randrange(array.size + 1)]
        case 2:
            arrays[name] = array.reshape(1, *array.shape)
        case 3:
            with np.errstate(invalid="ignore"):
                arrays[name] = array.astype(rng.choice(["f4", "f8", "i8", "u1", "?"]))
        case 4 if array.size:
            array.ravel()[rng.randrange(array.size)] = rng.choice([0, 1, 100])
            arrays[name] = array
        case _:
            arrays["stranger"] = array


def test_recipe_files_with_any_text_changed_are_read_or_refused(tmp_path):
    rng = random.Random(2)
    path = tmp_path / "recipe.toml"
    recipe = rv.Recipe(
        optimizer=rv.Adam(rv.Warmup(2, rv.CosineDecay(0.1))),
        penalty=rv.L2(1e-3),
        augmentation=[rv.Noise(0.1)],
        stopping=rv.EarlyStopping(),
        validation_fraction=0.2,
    )
    write_recipe_file(path, recipe=recipe, network=network(), data={"target": "y", "drop": ["a"]})
    text = path.read_text("utf-8")
    words = ["1", "-1", "0.5", "nan", "inf", "true", '""', "[]", "{}", "[[", "]]", "=", "#", '"']
    words += ["9" * 5000, "1e999", "[None]", "\n", '"\\u202e"', "kind", "[recipe]", "[data]"]
    for _ in range(6 * TRIES):
        data = text
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(data))
            end = start + rng.choice([0, 1, 5, 30])
            data = data[:start] + rng.choice([*words, ""]) + data[end:]
        path.write_text(data, "utf-8")
        refused = refusal(read_recipe_file, path, FileError, SpecError)
        assert refused is None or len(str(refused)) < 2100
