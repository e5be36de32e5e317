"""A fitted Neural estimator is one file that runs no code, and comes back to the last bit."""

import json

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine import NeuralClassifier, NeuralRegressor
from ravine.errors import FileError
from ravine.models.file import read_model_file, write_model_file

QUICK = {"n_members": 2, "hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0, "n_jobs": 1}


def table(n=60):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "town": rng.choice(["Ulm", "Bonn", None], n),
            "street": [f"street {i}" for i in rng.integers(0, 11, n)],
        }
    )


FRAME = table()
Y = np.random.default_rng(1).gamma(2.0, size=60)
KIND = np.where(Y > 1.5, "large", "small")

ESTIMATORS = {
    "classes": (NeuralClassifier, {"class_weight": {"large": 2.0, "small": 1}}, KIND),
    "numbers": (NeuralRegressor, {}, Y),
    "several targets": (NeuralRegressor, {"refit_full": True}, np.column_stack([Y, -Y])),
    "quantiles": (NeuralRegressor, {"loss": "quantile", "quantiles": (0.1, 0.9)}, Y),
    "amounts": (NeuralRegressor, {"loss": "gamma", "dtype": "float64"}, Y),
    "no validation": (
        NeuralRegressor,
        {
            "validation_fraction": 0.0,
            "variants": ({"n_bins": 2}, {"number_embedding": "periodic"}),
        },
        Y,
    ),
    "a kind that does not count": (
        NeuralRegressor,
        {"n_members": 4, "epochs": 30, "variants": ({"learning_rate": 1e-12},)},
        Y,
    ),
    "own variants": (NeuralRegressor, {"variants": ({"hidden_layer_sizes": (4, 4)},)}, Y),
}


def fitted(name):
    kind, parameters, y = ESTIMATORS[name]
    return kind(**QUICK | parameters).fit(FRAME, y)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_is_loaded_is_what_was_saved(name, tmp_path):
    estimator = fitted(name)
    path = tmp_path / "m.safetensors"
    estimator.save(path)
    again = rv.load(path)
    assert type(again) is type(estimator)
    assert again.get_params() == estimator.get_params()
    np.testing.assert_array_equal(again.predict(FRAME), estimator.predict(FRAME))
    if isinstance(estimator, NeuralClassifier):
        np.testing.assert_array_equal(again.predict_proba(FRAME), estimator.predict_proba(FRAME))
    elif name != "no validation":
        one, other = (e.predict_interval(FRAME, 0.5) for e in (again, estimator))
        np.testing.assert_array_equal(one, other)
    assert again.schema_ == estimator.schema_
    assert again.history_.to_frame().equals(estimator.history_.to_frame())
    assert again.feature_names_in_.tolist() == ["size", "town", "street"]
    again.save(tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_an_estimator_of_arrays_comes_back_without_names(tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 3))
    X[:, 1] = 7.0
    estimator = NeuralRegressor(**QUICK | {"random_state": np.random.RandomState(0)}).fit(
        X, X[:, 0]
    )
    with pytest.warns(UserWarning, match="random_state of NeuralRegressor holds code or a gen"):
        estimator.save(tmp_path / "m.safetensors")
    again = rv.load(tmp_path / "m.safetensors")
    assert not hasattr(again, "feature_names_in_")
    assert again.random_state is None
    np.testing.assert_array_equal(again.predict(X), estimator.predict(X))


def test_the_file_is_data_and_no_pickle(tmp_path):
    path = tmp_path / "m.safetensors"
    fitted("classes").save(path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert set(header["__metadata__"]) == {"ravine"}
    kinds = {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    assert kinds == {"F32", "F64", "I64"}


def test_an_unfitted_estimator_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="is not fitted yet"):
        NeuralRegressor().save(tmp_path / "m.safetensors")


@pytest.mark.parametrize("kept", [0, 7, 100, 5000, -1])
def test_a_truncated_file_is_a_clear_error(kept, tmp_path):
    path = tmp_path / "m.safetensors"
    fitted("numbers").save(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileError, match=r"truncated|is not a ravine model"):
        rv.load(path)


def change(document, arrays, where, value):
    *parents, last = where
    for key in parents:
        document = document[key]
    if value is None:
        del document[last]
    else:
        document[last] = value


HOSTILE = {
    "another kind": ("classes", ["estimator"], "os.system", "is not known"),
    "no parameters": ("classes", ["parameters"], None, "'parameters' of the estimator"),
    "a strange parameter": ("classes", ["parameters", "x" * 200], 1, "has no parameter 'xxx"),
    "a wrong parameter": ("classes", ["parameters", "dropout"], 2.0, "'dropout' parameter"),
    "no members": ("classes", ["members"], [], "0 members; as many are needed"),
    "odd members": ("classes", ["members"], [3, 4], "no proper description"),
    "classes that repeat": ("classes", ["learnt", "classes", "labels"], ["a", "a"], "different"),
    "classes of objects": ("classes", ["learnt", "classes", "type"], "O8", "cannot be read"),
    "three classes": ("classes", ["learnt", "classes", "labels"], ["a", "b", "c"], "does not fit"),
    "a huge class": (
        "classes", ["learnt", "classes"], {"type": "int8", "labels": [1, 999]}, "cannot be read",
    ),
    "no temperature": ("classes", ["learnt", "temperature"], -1.0, "finite number above 0"),
    "weights of classes": (
        "classes", ["parameters", "class_weight"], {"pairs": [1]}, "class weights",
    ),
    "a schema of nothing": ("classes", ["schema"], {}, "A schema needs"),
    "other columns": ("classes", ["learnt", "feature_names"], ["a", "b", "c"], "has a column that"),
    "too few names": ("classes", ["learnt", "feature_names"], ["a"], "not as many"),
    "a name twice": ("classes", ["learnt", "feature_names"], ["a", "b", "b"], "not all different"),
    "names of numbers": ("classes", ["learnt", "feature_names"], [1, 2], "a list of type str"),
    "a boolean count": ("classes", ["learnt", "n_features"], True, "'n_features'"),
    "other precision": ("numbers", ["parameters", "dtype"], "float64", "does not fit"),
    "other quantiles": (
        "quantiles", ["parameters", "quantiles"], [0.1, 0.5, 0.9], "weights of the variants",
    ),
    "a variant of nothing": ("numbers", ["parameters", "variants"], [{"x": 1}], "'variants'"),
    "columns that are not there": (
        "numbers", ["learnt", "columns"], [[0, 99]] * 3, "not those of the schema",
    ),
    "columns in words": ("numbers", ["learnt", "columns"], [["0"]] * 3, "whole numbers"),
    "fewer variants": ("numbers", ["learnt", "columns"], [[0]], "variants do not fit together"),
    "a text as flag": ("numbers", ["learnt", "one_dimensional"], "yes", "'one_dimensional'"),
    "two as one": ("several targets", ["learnt", "one_dimensional"], True, "do not fit together"),
    "another history": ("numbers", ["learnt", "history"], ["loss"], "columns of the history"),
    "half an epoch": ("numbers", ["learnt", "best_epoch"], 1.5, "must be a whole number"),
}  # fmt: skip


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Document and arrays of each estimator, as its file holds them."""
    folder = tmp_path_factory.mktemp("saved")
    found = {}
    for name in ("classes", "numbers", "quantiles", "several targets"):
        fitted(name).save(folder / "m.safetensors")
        found[name] = read_model_file(folder / "m.safetensors")
    return found


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_says_what_cannot_be_is_refused(case, parts, tmp_path):
    name, where, value, message = HOSTILE[case]
    document, arrays = parts[name]
    document = json.loads(json.dumps(document))
    change(document, arrays, where, value)
    write_model_file(tmp_path / "m.safetensors", document, arrays)
    with pytest.raises(FileError, match=message):
        rv.load(tmp_path / "m.safetensors")


ARRAYS = {
    "scale.shift": (None, "lacks the numbers 'scale.shift'"),
    "scale.spread": (np.array([np.nan]), "not finite"),
    "scale.lowest": (np.zeros(3), "do not fit together"),
    "conformal.0.above": (np.zeros(2), "residuals of the estimator"),
    "conformal.0.below": (np.zeros(2, dtype=np.float32), "lacks the numbers"),
    "members.1.parameters.dense_1.weight": (None, "lacks the array"),
    "members.0.parameters.dense_1.bias": (np.zeros(9, np.float32), "has shape"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_do_not_fit_are_refused(name, parts, tmp_path):
    value, message = ARRAYS[name]
    document, arrays = parts["numbers"]
    arrays = {key: array for key, array in arrays.items() if key != name}
    if value is not None:
        arrays[name] = value
    write_model_file(tmp_path / "m.safetensors", document, arrays)
    with pytest.raises(FileError, match=message):
        rv.load(tmp_path / "m.safetensors")
