"""Labels are taken exactly, or refused with a reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine.data.gate import as_targets
from ravine.data.labels import as_labels, encode_labels, find_classes
from ravine.errors import DataError, ParameterError
from ravine.losses import BinaryCrossEntropy, CrossEntropy


@pytest.mark.parametrize(
    ("y", "n_classes", "classes", "codes"),
    [
        (["dog", "cat", "dog"], 2, ["cat", "dog"], [1, 0, 1]),
        (np.array(["dog", "cat"], dtype=object), 2, ["cat", "dog"], [1, 0]),
        (pd.Series(["dog", "cat"]), 2, ["cat", "dog"], [1, 0]),
        (pd.Series(["dog", "cat"], dtype="category"), 2, ["cat", "dog"], [1, 0]),
        ([[2], [0]], 3, [0, 1, 2], [2, 0]),
        ([0, 2, 2], 3, [0, 1, 2], [0, 2, 2]),
        (np.array([0, 2], dtype=np.uint8), 3, [0, 1, 2], [0, 2]),
        ([10, 30, 20], 3, [10, 20, 30], [0, 2, 1]),
        ([-1, 1], 2, [-1, 1], [0, 1]),
        ([True, False], 2, [False, True], [1, 0]),
        ([1.0, 0.0, 1.0], 2, [0.0, 1.0], [1, 0, 1]),
        ([3.0, 7.0], 2, [3.0, 7.0], [0, 1]),
        (np.array([np.int8(4), 7], dtype=object), 2, [4, 7], [0, 1]),
        (pd.Series([1, 2], dtype="Int64"), 2, [1, 2], [0, 1]),
        (["é", "z", "A"], 3, ["A", "z", "é"], [2, 1, 0]),
    ],
)
def test_labels_of_any_sort_become_codes_and_back(y, n_classes, classes, codes):
    targets = as_targets(y, CrossEntropy(), n_classes)
    assert targets.classes.tolist() == classes
    assert targets.values.tolist() == [[code] for code in codes]
    back = targets.classes[targets.values[:, 0].astype(int)]
    assert back.tolist() == np.asarray(y).ravel().tolist()


def test_one_output_tells_two_classes_of_any_labels_apart():
    targets = as_targets(["yes", "no", "yes"], BinaryCrossEntropy(), 1)
    assert targets.classes.tolist() == ["no", "yes"]
    assert targets.values.tolist() == [[1.0], [0.0], [1.0]]


@pytest.mark.parametrize(
    ("y", "n_outputs", "message"),
    [
        (["a", "a"], 2, "y holds a single class, 'a'; a classifier needs at least two"),
        ([1, 1, 1], 3, "y holds a single class, 1"),
        (["a", "b", "c"], 2, r"y holds 3 classes \('a', 'b', 'c'\), but the network tells 2 apart"),
        (list(range(1, 9)), 3, "y holds 8 classes .1, 2, 3, 4, 5, …., but the network tells 3"),
        (["a", "b"], 3, "y holds 2 classes"),
        (["a", None], 2, "y has one missing label, in row 1"),
        (["a", np.nan, None], 2, "y has 2 missing labels, the first in row 1"),
        ([0.0, np.nan], 2, "y has one missing label, in row 1"),
        (pd.Series([1, None], dtype="Int64"), 2, "y has one missing label, in row 1"),
        ([0.0, np.inf], 2, "y holds inf, which is not a class label"),
        ([0.0, 0.37], 2, "y holds 0.37, which is not a class label"),
        (np.array([1, "a"], dtype=object), 2, "mixes labels of different types, such as 1 and 'a'"),
        (np.array([True, 2], dtype=object), 2, "mixes labels of different types"),
        ([[1, 0], [0, 1]], 2, r"one class label per row. Got an array of shape \(2, 2\)"),
        (np.array([b"a", b"b"]), 2, "y holds b'a', which is not a class label"),
        (np.array(["2020-01-01"], dtype="M8[D]"), 2, "which is not a class label"),
        ([1j, 2j], 2, "y holds 1j, which is not a class label"),
        (np.array([(1,), "a"], dtype=object), 2, r"y holds \(1,\), which is not a class label"),
        (np.array([2**70, 0], dtype=object), 2, "a whole number beyond 64 bits"),
        ([], 2, "y has no rows"),
        ("cat", 2, "y must be an array"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_refused(y, n_outputs, message):
    with pytest.raises(DataError, match=message):
        as_targets(y, CrossEntropy(), n_outputs)


def test_the_cure_for_the_wrong_number_of_classes_is_named():
    with pytest.raises(DataError) as caught:
        as_targets(["a", "b", "c"], CrossEntropy(), 5)
    assert caught.value.hint == "End the network with Dense(3)."
    with pytest.raises(DataError) as caught:
        as_targets(["a", "b", "c"], BinaryCrossEntropy(), 1)
    assert 'Dense(3), loss="cross_entropy"' in caught.value.hint


def test_a_one_hot_matrix_says_how_to_make_labels():
    with pytest.raises(DataError) as caught:
        as_targets(np.eye(3), CrossEntropy(), 3)
    assert "y.argmax(axis=1)" in caught.value.hint


def test_cross_entropy_of_one_output_is_refused():
    with pytest.raises(ParameterError, match="needs an output per class"):
        as_targets([0, 1], CrossEntropy(), 1)


@pytest.mark.parametrize(
    ("classes", "y", "message"),
    [
        (["a", "b"], ["a", "d", "e", "d"], "labels that the training rows did not have: 'd', 'e'"),
        ([0, 1, 2], [0, 3], "did not have: 3. The classes are 0, 1, 2"),
        ([0, 1, 2], ["0"], "did not have: '0'"),
        (["0", "1"], [0], "did not have: 0"),
        ([False, True], [2], "did not have: 2"),
    ],
)
def test_labels_that_training_did_not_have_are_named(classes, y, message):
    with pytest.raises(DataError, match=f"validation y .*{message}"):
        as_targets(y, CrossEntropy(), len(classes), classes=np.array(classes), name="validation y")


def test_known_classes_allow_any_part_of_them():
    targets = as_targets(["b", "b"], CrossEntropy(), 3, classes=np.array(["a", "b", "c"]))
    assert targets.values.tolist() == [[1.0], [1.0]]


def test_whole_floats_find_classes_of_whole_numbers():
    targets = as_targets([1.0, 0.0], CrossEntropy(), 2, classes=np.array([0, 1]))
    assert targets.values.tolist() == [[1.0], [0.0]]


@given(
    st.one_of(
        st.lists(st.integers(-5, 5), min_size=2, max_size=30),
        st.lists(st.text(st.characters(exclude_characters="\0"), max_size=3), min_size=2),
        st.lists(st.booleans(), min_size=2),
        st.lists(st.integers(-5, 5).map(float), min_size=2),
    )
)
@settings(deadline=None)
def test_codes_are_the_places_of_labels_among_the_classes(y):
    labels = as_labels(y)
    if len(set(y)) < 2:
        with pytest.raises(DataError, match="single class"):
            find_classes(labels, 2)
        return
    classes = find_classes(labels, len(set(y)))
    codes = encode_labels(labels, classes)
    assert classes[codes].tolist() == y
    assert (classes[:-1] < classes[1:]).all()
