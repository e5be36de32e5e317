"""What was learnt of copies, weights and groups is saved."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import FileError
from ravine.models.file import read_model_file, write_model_file
from tests.builders.neural_copies import classifier, outcome, regressor, repeated, table


@pytest.mark.parametrize("how", ["weights", "groups", "X_val", "time"])
def test_what_was_learnt_of_weights_and_groups_is_saved(how, tmp_path):
    frame, y = table(120)
    given = {
        "weights": {"sample_weight": np.arange(1, 121)},
        "groups": {"groups": np.arange(120) % 30},
        "X_val": {"X_val": frame, "y_val": y},
        "time": {"time": np.arange(120)},
    }[how]
    found = regressor(n_members=5).fit(*repeated(frame, y, 1), **given)
    found.save(tmp_path / "m.safetensors")
    again = rv.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(outcome(again, frame), outcome(found, frame))
    assert again.notes_ == found.notes_
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == (
        tmp_path / "again.safetensors"
    ).read_bytes()


def written(estimator, path, change):
    """Save an estimator, and change what the file says."""
    estimator.save(path)
    document, arrays = read_model_file(path)
    change(document["learnt"], arrays)
    write_model_file(path, document, arrays)
    return rv.load(path)


def test_a_file_of_before_has_no_notes_groups_or_masses(tmp_path):
    frame, y = table(80)
    found = regressor(n_members=5).fit(frame.assign(version=7), y)

    def as_before(learnt, arrays):
        del learnt["notes"], learnt["grouped"]
        assert not [name for name in arrays if name.endswith("masses")]

    again = written(found, tmp_path / "m.safetensors", as_before)
    np.testing.assert_array_equal(
        outcome(again, frame.assign(version=7)), outcome(found, frame.assign(version=7))
    )
    assert again.notes_ == found.notes_


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("notes", "all is well", "'notes' of the estimator must be a list of type str"),
        ("notes", [1], "'notes' of the estimator must be a list of type str"),
        ("grouped", "yes", "'grouped' of the estimator must be of type bool"),
        ("masses", -np.ones(80), "residuals of the estimator do not fit"),
        ("masses", np.ones(3), "residuals of the estimator do not fit"),
        ("trained_classes", [0], "not among its classes"),
        ("trained_classes", [0, 2], "not among its classes"),
        ("trained_classes", [True, 1], "must be a list of type int"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused(name, value, message, tmp_path):
    frame, y = table(80)
    make, y = (classifier, y > 0) if name == "trained_classes" else (regressor, y)

    def change(learnt, arrays):
        if name == "masses":
            arrays["conformal.0.masses"] = value
        else:
            learnt[name] = value

    with pytest.raises(FileError, match=message):
        written(make(n_members=5).fit(frame, y), tmp_path / "m.safetensors", change)
