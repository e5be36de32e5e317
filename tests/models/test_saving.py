"""A saved model comes back whole; a file that holds no model is an error."""

import copy
import dataclasses
import hashlib
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.errors import DataError, FileError, ParameterError, RavineError, SpecError
from ravine.models.file import read_model_file, write_model_file
from tests.builders.trained_models import X, Y, inputs, made, trained


def assert_same(found, model):
    assert found.network == model.network
    assert found.recipe == model.recipe
    for name in ("input_shape", "one_dimensional", "status", "best_epoch", "message", "dtype"):
        assert getattr(found, name) == getattr(model, name)
    for name in ("parameters", "state"):
        theirs, ours = getattr(found, name), getattr(model, name)
        assert theirs.keys() == ours.keys()
        for key, array in ours.items():
            assert theirs[key].dtype == array.dtype
            np.testing.assert_array_equal(theirs[key], array)
            assert not theirs[key].flags.writeable
    assert found.history.columns == model.history.columns
    assert found.history.best_epoch == model.history.best_epoch
    for name in model.history:
        np.testing.assert_array_equal(found.history[name], model.history[name])
    if model.classes is None:
        assert found.classes is None
    else:
        assert found.classes.tolist() == model.classes.tolist()
        assert found.classes.dtype == model.classes.dtype
    rows = inputs(model)
    np.testing.assert_array_equal(found.predict(rows), model.predict(rows))
    assert repr(found) == repr(model)


# --- Saved and loaded ---------------------------------------------------------------------------


def test_a_loaded_model_is_the_saved_one(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    assert_same(rv.load(tmp_path / "m.safetensors"), model)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_copied_model_is_the_same(model, duplicate):
    model.predict(inputs(model))
    assert_same(duplicate(model), model)


def test_the_same_model_gives_the_same_file(regression, tmp_path):
    regression.save(tmp_path / "a")
    rv.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_model_can_be_saved_over_the_file_that_it_came_from(regression, tmp_path):
    path = tmp_path / "m.safetensors"
    regression.save(path)
    loaded = rv.load(path)
    loaded.save(path)
    assert_same(rv.load(path), regression)
    assert_same(loaded, regression)


def test_a_loaded_model_needs_no_file(regression, tmp_path):
    path = tmp_path / "m.safetensors"
    regression.save(path)
    loaded = rv.load(path)
    path.write_bytes(bytes(path.stat().st_size))
    assert_same(loaded, regression)


def test_any_safetensors_reader_sees_the_weights(regression, tmp_path):
    from safetensors.numpy import load_file

    regression.save(tmp_path / "m.safetensors")
    arrays = load_file(tmp_path / "m.safetensors")
    for name, array in regression.parameters.items():
        np.testing.assert_array_equal(arrays[f"parameters.{name}"], array)


def test_a_loaded_model_predicts_the_same_in_another_process(regression, tmp_path):
    path = tmp_path / "m.safetensors"
    regression.save(path)
    program = f"""
import numpy as np, ravine as rv
print(rv.load({str(path)!r}).predict(np.arange(6.0).reshape(2, 3)).tobytes().hex())
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = regression.predict(np.arange(6.0).reshape(2, 3)).tobytes().hex()
    assert done.stdout.strip() == expected


def test_a_checkpoint_is_loaded_as_a_model(tmp_path):
    path = tmp_path / "c.safetensors"
    model = trained([rv.Dense(1)], checkpoint=path)
    np.testing.assert_array_equal(rv.load(path).predict(X), model.predict(X))


@dataclasses.dataclass(frozen=True, repr=False)
class SignDescent(rv.Optimizer):
    learning_rate: float = 0.01

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * np.sign(g)


def jitter(X, y, rng):
    return X + rng.normal(scale=0.01, size=X.shape), y


OWN = rv.Recipe(optimizer=SignDescent(0.5), epochs=2, augmentation=[rv.Noise(0.1), jitter])


def test_code_of_ones_own_is_named_in_the_file_but_not_kept(tmp_path):
    model = trained([rv.Dense(1)], recipe=OWN)
    model.save(tmp_path / "m")
    loaded = rv.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert "SignDescent(learning_rate=0.5)" in repr(loaded.recipe.optimizer)
    assert loaded.recipe.augmentation[0] == rv.Noise(0.1)
    assert loaded.recipe.augmentation[1].description == "jitter"
    with pytest.raises(ParameterError, match=r"'SignDescent.*' is custom code"):
        rv.train(loaded.network, X, Y, loaded.recipe)
    restored = loaded.recipe.replace(optimizer=SignDescent(0.5), augmentation=OWN.augmentation)
    assert restored == OWN


def test_a_model_of_ones_own_code_can_be_saved_again_and_again(tmp_path):
    trained([rv.Dense(1)], recipe=OWN).save(tmp_path / "m")
    first = rv.load(tmp_path / "m")
    first.save(tmp_path / "m")
    assert rv.load(tmp_path / "m").recipe == first.recipe


def test_pickling_keeps_code_of_ones_own():
    model = trained([rv.Dense(1)], recipe=OWN)
    assert pickle.loads(pickle.dumps(model)).recipe == OWN


# --- Files that hold no model -------------------------------------------------------------------


def test_a_file_that_is_no_model_is_refused(tmp_path):
    write_model_file(tmp_path / "m", {"something": "else"}, {})
    with pytest.raises(
        FileError, match=r"holds no model that this ravine can use: .* lacks 'network'"
    ):
        rv.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("parameters.dense_1.weight", None, "lacks the array 'parameters.dense_1.weight'"),
        ("parameters.dense_3.weight", np.zeros(1, "f4"), "the network does not need"),
        ("state.normalize_1.mean", None, "lacks the array 'state.normalize_1.mean'"),
        ("state.more", np.zeros(1, "f4"), "the network does not need"),
        ("parameters.dense_1.weight", np.zeros((4, 3), "f4"), r"has shape \(4, 3\)"),
        ("parameters.dense_1.weight", np.zeros((3, 4)), "type float64"),
        ("parameters.dense_1.weight", np.full((3, 4), np.nan, "f4"), "not finite"),
        ("state.normalize_1.mean", np.full(3, np.inf, "f4"), "not finite"),
        ("history.loss", None, "columns of the history"),
        ("history.more", np.zeros(3), "columns of the history"),
        ("history.loss", np.zeros(5), "one length"),
        ("history.loss", np.zeros((3, 1)), "one number per epoch"),
    ],
)
def test_arrays_that_do_not_suit_the_network_are_refused(regression, name, change, message):
    document, arrays = regression.to_parts()
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change
    with pytest.raises(RavineError, match=message):
        rv.Model.from_parts(document, arrays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": {"kind": "Network", "layers": [{"kind": "Evil"}]}}, "Unknown kind"),
        ({"network": {"kind": "Dense", "units": 1}}, "Unknown kind"),
        ({"network": [1]}, "must be of type dict"),
        ({"recipe": 3}, "must be a dictionary"),
        ({"recipe": {"kind": "Recipe", "epochs": -1}}, "'epochs'"),
        ({"recipe": {"kind": "Recipe", "dtype": "float64"}}, "the network needs"),
        ({"input_shape": [4]}, "the network needs"),
        ({"input_shape": [2**40]}, "one to three whole numbers"),
        ({"input_shape": [2**30]}, "larger than the arrays"),
        ({"input_shape": []}, "one to three whole numbers"),
        ({"input_shape": [True]}, "one to three whole numbers"),
        ({"input_shape": "3"}, "must be of type list"),
        ({"status": "happy"}, "status of the model must be one of finished"),
        ({"best_epoch": "2"}, "best epoch"),
        ({"best_epoch": True}, "best epoch"),
        ({"history": ["loss"]}, "columns of the history"),
        ({"history": [["loss"]]}, "columns of the history"),
        ({"one_dimensional": 1}, "must be of type bool"),
        ({"message": None}, "must be of type str"),
        ({"classes": {"type": "int64", "labels": [0, 1]}}, "do not suit its loss"),
        ({"own_functions": [1]}, "own_functions"),
        ({"own_functions": {"x": "f"}}, "own_functions"),
    ],
)
def test_descriptions_that_make_no_sense_are_refused(regression, change, message):
    document, arrays = regression.to_parts()
    with pytest.raises(RavineError, match=message):
        rv.Model.from_parts(document | change, arrays)


@pytest.mark.parametrize(
    "classes",
    [
        None,
        [],
        {"type": "str", "labels": ["a", "b"]},
        {"type": "str", "labels": ["a", "b", 3]},
        {"type": "str", "labels": ["b", "a", "c"]},
        {"type": "str", "labels": ["a", "a", "c"]},
        {"type": "object", "labels": ["a", "b", "c"]},
        {"type": "int64", "labels": [1, 2, 2**70]},
        {"type": "int64", "labels": [True, 2, 3]},
        {"type": "float64", "labels": [1.0, 2.0, float("nan")]},
        {"type": ["str"], "labels": ["a", "b", "c"]},
        {"labels": ["a", "b", "c"]},
    ],
)
def test_classes_that_make_no_sense_are_refused(classes):
    document, arrays = made("classes").to_parts()
    with pytest.raises(SpecError, match="classes of the model"):
        rv.Model.from_parts(document | {"classes": classes}, arrays)


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "Dense", "units": 2**31 - 1},
        {"kind": "Residual", "layers": [{"kind": "Dense", "units": 2**31 - 1}]},
        {"kind": "Embedding", "columns": [0], "levels": [2**31 - 1], "dimension": [2**31 - 1]},
    ],
)
def test_a_network_larger_than_its_file_is_refused_before_it_is_built(regression, layer):
    document, arrays = regression.to_parts()
    document["network"]["layers"] = [layer, *[{"kind": "Dense", "units": 2**31 - 1}] * 3]
    with pytest.raises(SpecError, match="larger than the arrays in the file"):
        rv.Model.from_parts(document, arrays)


def test_a_model_that_diverged_is_saved_as_it_is(regression, tmp_path):
    values = np.full_like(regression.parameters_vector, np.nan)
    model = dataclasses.replace(regression, parameters_vector=values, status="diverged")
    model.save(tmp_path / "m")
    assert rv.load(tmp_path / "m").status == "diverged"


def test_a_newer_format_says_to_upgrade(regression, tmp_path):
    path = tmp_path / "m"
    regression.save(path)
    content = path.read_bytes().replace(b'{\\"format\\": 1', b'{\\"format\\": 7')
    path.write_bytes(content)
    with pytest.raises(FileError, match="was written by a newer ravine"):
        rv.load(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """Every place in a document."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inner:
        yield from places(item, (*path, key))


@given(data=st.data())
@settings(max_examples=300)
def test_no_change_of_a_document_crashes_or_escapes_the_checks(tmp_path_factory, data):
    model = made(data.draw(st.sampled_from(["everything", "classes"])))
    document, arrays = model.to_parts()
    document = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in places(document) if p]))
        target = document
        for key in path[:-1]:
            target = target[key]
        if data.draw(st.booleans()):
            target[path[-1]] = data.draw(json_values)
        else:
            del target[path[-1]]
    file = tmp_path_factory.mktemp("changed") / "m"
    try:
        write_model_file(file, document, arrays)
    except TypeError:  # a "$float" key, which a document cannot have
        return
    try:
        loaded = rv.load(file)
    except FileError:
        return
    assert np.isfinite(loaded.parameters_vector).all()
    try:
        loaded.predict(inputs(model))
    except DataError:
        return


@given(data=st.data())
@settings(max_examples=150)
def test_no_damage_of_a_file_gives_another_model(tmp_path_factory, data):
    model = made("regression")
    file = tmp_path_factory.mktemp("damaged") / "m"
    model.save(file)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    file.write_bytes(content)
    try:
        loaded = rv.load(file)
    except FileError:
        return
    assert_same(loaded, model)


def test_the_checksum_covers_the_document_and_the_arrays(regression, tmp_path):
    path = tmp_path / "m"
    regression.save(path)
    document, arrays = read_model_file(path)
    found = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(json.dumps([name, array.dtype.str, list(array.shape)]).encode())
        found.update(array.tobytes())
    assert found.hexdigest().encode() in path.read_bytes()
