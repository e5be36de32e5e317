"""What comes in as data is taken exactly, or refused with a reason."""

import datetime as dt
import decimal
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ravine as rv
from ravine.data.codes import check_codes, code_columns
from ravine.data.gate import as_features, as_targets
from ravine.data.weights import as_sample_weight
from ravine.errors import DataError
from ravine.losses import BinaryCrossEntropy, Gamma, Poisson, Quantile, SquaredError

# --- X: what is taken ---------------------------------------------------------------------------

SMALL = [[1, 2], [3, 4], [5, 6]]
ARRAY = np.array(SMALL, dtype=np.float64)


def read_only(array):
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    "X",
    [
        SMALL,
        tuple(map(tuple, SMALL)),
        ARRAY,
        ARRAY.astype(np.float16),
        ARRAY.astype(np.float32),
        ARRAY.astype(np.longdouble),
        ARRAY.astype(">f8"),
        ARRAY.astype(">i4"),
        ARRAY.astype(np.uint8),
        ARRAY.astype(np.int64),
        ARRAY.astype(object),
        np.asfortranarray(ARRAY),
        np.repeat(ARRAY, 2, axis=0)[::2],
        ARRAY[::-1][::-1],
        read_only(ARRAY.copy()),
        np.ma.array(ARRAY),
        pd.DataFrame(SMALL),
        pd.DataFrame({"a": [1.0, 3.0, 5.0], "b": [2, 4, 6]}),
        pd.DataFrame(SMALL, dtype="Int64"),
        pd.DataFrame({"a": [1.0, 3.0, 5.0], "b": [2, 4, 6]}).astype(object),
        [[decimal.Decimal(1), 2], [3, np.float32(4)], [5, np.int8(6)]],
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_spelling_of_the_same_numbers_gives_the_same_array(X, dtype):
    found = as_features(X, (2,), dtype)
    np.testing.assert_array_equal(found, ARRAY)
    assert found.dtype == dtype
    assert type(found) is np.ndarray
    assert found.flags.c_contiguous
    assert found.flags.aligned


def test_an_array_that_is_right_already_is_not_copied():
    X = ARRAY.astype(np.float32)
    assert as_features(X, (2,), "float32") is X


def test_unaligned_numbers_are_aligned():
    raw = np.zeros(1 + ARRAY.nbytes, dtype=np.uint8)
    X = raw[1:].view(np.float64).reshape(ARRAY.shape)
    X[:] = ARRAY
    assert not X.flags.aligned
    assert as_features(X, (2,), "float64").flags.aligned


def test_booleans_are_zero_and_one():
    assert as_features([[True, False]]).tolist() == [[1.0, 0.0]]
    assert as_features(np.array([[True, 0.5]], dtype=object)).tolist() == [[1.0, 0.5]]


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 8, 8, 2)])
def test_images_keep_their_shape(shape):
    assert as_features(np.zeros(shape, np.uint8), shape[1:]).shape == shape


def test_any_shape_is_taken_when_none_is_known():
    assert as_features(np.zeros((5, 3))).shape == (5, 3)


def test_one_row_and_constant_columns_are_fine():
    assert as_features([[1.0, 1.0]]).shape == (1, 2)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float32", 2**24),
        ("float32", -(2**24)),
        ("float32", 2**24 + 2),
        ("float32", 2**40),
        ("float32", -(2**63)),
        ("float64", 2**53),
        ("float64", 2**62 + 2**20),
        ("float64", -(2**63)),
    ],
)
def test_large_whole_numbers_that_fit_are_exact(dtype, value):
    assert int(as_features(np.array([[value]], dtype=np.int64), dtype=dtype)[0, 0]) == value
    assert int(as_features([[value]], dtype=dtype)[0, 0]) == value
    assert int(as_features(np.array([[value]], dtype=object), dtype=dtype)[0, 0]) == value


@given(
    hnp.arrays(
        st.sampled_from([np.int64, np.uint64, np.int32, np.uint32, np.int16]),
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
    ),
    st.sampled_from(["float32", "float64"]),
)
@settings(deadline=None)
def test_whole_numbers_are_taken_exactly_or_refused(X, dtype):
    exact = all(int(np.dtype(dtype).type(v)) == int(v) for v in X.ravel())
    if exact:
        found = as_features(X, dtype=dtype)
        assert [int(v) for v in found.ravel()] == [int(v) for v in X.ravel()]
    else:
        with pytest.raises(DataError, match="cannot hold exactly"):
            as_features(X, dtype=dtype)


@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4),
        elements={"allow_subnormal": False},
    )
)
@settings(deadline=None)
def test_any_array_of_floats_becomes_finite_or_a_data_error(X):
    try:
        found = as_features(X)
    except DataError:
        return
    assert np.isfinite(found).all()
    assert found.shape == X.shape
    np.testing.assert_array_equal(found, X.astype(np.float32))


# --- X: what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1, 2, 3], r"X must have rows and columns. Got an array of shape \(3,\)"),
        (np.zeros((0, 2)), "X has no rows"),
        ([], r"X must have rows and columns"),
        (np.zeros((3, 0)), "X has no columns"),
        (np.zeros((2, 2, 2, 2, 2)), "at most 4 axes"),
        ([[1], [2, 3]], "X is not a rectangular array of numbers"),
        (3.0, r"one row per sample. Got 3.0"),
        (None, "one row per sample. Got None"),
        ({"a": [1]}, "one row per sample. Got {'a': "),
        ("text", "one row per sample. Got 'text'"),
        ([["a", "b"]], "Column 0 of X holds text, such as 'a'"),
        (np.array([[1.0, "red"]], dtype=object), "Column 1 of X holds text, such as 'red'"),
        (np.array([[1.0, "1.5"]], dtype=object), "Column 1 of X holds text, such as '1.5'"),
        (
            pd.DataFrame({"age": [1.0], "colour": ["red"]}),
            "Column 'colour' of X holds text, such as 'red'",
        ),
        (pd.DataFrame({"c": pd.Categorical(["red"])}), "Column 'c' of X holds text"),
        (pd.DataFrame({"when": [pd.Timestamp("2020-01-01")]}), "Column 'when' of X holds dates"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), "Column 0 of X holds dates"),
        (np.array([[1]], dtype="m8[s]"), "Column 0 of X holds time spans"),
        ([[1 + 2j]], r"Column 0 of X holds complex numbers, such as \(1\+2j\)"),
        (np.array([[1, 2j]], dtype=object), "Column 1 of X holds complex numbers, such as 2j"),
        (np.array([[b"a"]]), "Column 0 of X holds bytes"),
        (np.array([[dt.date(2020, 1, 1)]], dtype=object), "Column 0 of X holds dates"),
        (np.array([[object()]], dtype=object), "Column 0 of X holds object objects"),
        (np.zeros((2, 1), dtype=[("a", "f4")]), "Column 0 of X holds records"),
        (
            [[0.0, 1.0], [np.nan, 1.0]],
            "X has one value that is missing or infinite: nan in row 1, column 0",
        ),
        (
            [[0.0, -np.inf], [np.nan, 1.0]],
            "X has 2 values that are missing or infinite: -inf in row 0, column 1 is the first",
        ),
        (np.array([[1.0, None]], dtype=object), "missing or infinite: nan in row 0, column 1"),
        (pd.DataFrame({"a": [1, None]}, dtype="Int64"), "nan in row 1, column 'a'"),
        (np.full((2, 2, 2), np.nan), r"nan in row 0, position \(0, 0\) is the first"),
        (np.ma.masked_invalid([[np.nan, 1.0]]), "X has 1 masked value"),
        ([[1e300]], r"X holds 1e\+300 \(row 0, column 0\), beyond what float32 can hold"),
        ([[10**400]], "beyond what float32 can hold"),
        (
            [[1, 2**24 + 1]],
            r"whole number 16777217 \(row 0, column 1\), which float32 cannot hold exactly",
        ),
        (
            np.array([[1.5, -(2**24) - 1]], dtype=object)[:, 1:],
            "whole number -16777217 .* cannot hold exactly",
        ),
        (np.array([[2**64 - 1]], dtype=np.uint64), "18446744073709551615"),
        (np.array([[10**30 + 1]], dtype=object), "cannot hold exactly"),
    ],
)
def test_what_a_network_cannot_read_is_refused_with_a_reason(X, message):
    with pytest.raises(DataError, match=message):
        as_features(X)


def test_sparse_matrices_say_how_to_make_them_dense():
    from scipy import sparse

    with pytest.raises(DataError, match="X is a sparse matrix") as caught:
        as_features(sparse.csr_array(ARRAY))
    assert "toarray" in caught.value.hint


@pytest.mark.parametrize("X", [[[1e300]], [[2**24 + 1]]])
def test_numbers_too_large_for_float32_name_the_cure(X):
    with pytest.raises(DataError) as caught:
        as_features(X)
    assert 'dtype="float64"' in caught.value.hint
    assert as_features(X, dtype="float64")[0, 0] == X[0][0]


def test_whole_numbers_too_large_for_float64_do_not_name_it_as_the_cure():
    with pytest.raises(DataError, match="which float64 cannot hold exactly") as caught:
        as_features([[2**53 + 1]], dtype="float64")
    assert "float64" not in caught.value.hint


@pytest.mark.parametrize(
    ("shape", "expected", "message"),
    [
        ((2, 7), (9,), "X has 7 columns, but the model was trained on 9"),
        ((2, 1), (9,), "X has 1 column, but the model was trained on 9"),
        ((2, 8, 8), (64,), r"X has rows of shape \(8, 8\), but the model was trained on rows of"),
        ((2, 64), (8, 8), r"trained on rows of shape \(8, 8\)"),
    ],
)
def test_rows_of_another_shape_are_refused(shape, expected, message):
    with pytest.raises(DataError, match=message):
        as_features(np.zeros(shape), expected)


def test_rows_that_only_need_another_shape_say_so():
    with pytest.raises(DataError) as caught:
        as_features(np.zeros((2, 64)), (8, 8), name="validation X")
    assert "reshape(-1, 8, 8)" in caught.value.hint
    assert str(caught.value).startswith("validation X")


def test_refusing_warns_of_nothing():
    with pytest.raises(DataError), warnings.catch_warnings(action="error"):
        as_features([[1e300, 1.0]])


# --- y of a regression --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "n_outputs", "shape", "one_dimensional"),
    [
        ([1.0, 2.0, 3.0], 1, (3, 1), True),
        ([[1.0], [2.0]], 1, (2, 1), False),
        ([[1.0, 2.0], [3.0, 4.0]], 2, (2, 2), False),
        (pd.Series([1, 2]), 1, (2, 1), True),
        (pd.DataFrame({"a": [1.0], "b": [2]}), 2, (1, 2), False),
        ([True, False], 1, (2, 1), True),
        ([5.0, 5.0], 1, (2, 1), True),
    ],
)
def test_targets_become_a_matrix_and_remember_their_shape(y, n_outputs, shape, one_dimensional):
    targets = as_targets(y, SquaredError(), n_outputs)
    assert targets.values.shape == shape
    assert targets.values.dtype == np.float32
    assert targets.one_dimensional is one_dimensional
    assert targets.classes is None
    np.testing.assert_array_equal(targets.values.ravel(), np.asarray(y, float).ravel())


@pytest.mark.parametrize(
    ("y", "loss", "n_outputs", "message"),
    [
        (
            [1.0, np.nan],
            SquaredError(),
            1,
            "y has one value that is missing or infinite: nan in row 1",
        ),
        ([1.0, np.inf], SquaredError(), 1, "inf in row 1"),
        ([1.0, None], SquaredError(), 1, "nan in row 1"),
        (["a", "b"], SquaredError(), 1, "y holds text, such as 'a'"),
        ([1j, 2j], SquaredError(), 1, "y holds complex numbers"),
        ([], SquaredError(), 1, "y has no rows"),
        (3.0, SquaredError(), 1, "y must be an array"),
        (np.zeros((2, 2, 2)), SquaredError(), 1, "y must have one or two axes"),
        ([1.0, 2.0], SquaredError(), 2, "y has 1 column, but the network has 2 outputs"),
        (np.zeros((2, 3)), SquaredError(), 1, "y has 3 columns, but the network has 1 output"),
        (np.zeros((2, 0)), SquaredError(), 1, "y has 0 columns"),
        ([0, 1, -2], Poisson(), 1, r"y must be at least 0 for the loss Poisson. Got -2.0 in row 2"),
        ([1, 0], Gamma(), 1, r"y must be greater than 0 for the loss Gamma. Got 0.0 in row 1"),
        ([1e300], Quantile(), 1, "beyond what float32 can hold"),
        ([2**24 + 1], SquaredError(), 1, "cannot hold exactly"),
        ([[0, 1], [1, 2]], BinaryCrossEntropy(), 2, "matrix of 0 and 1 .* Got 2.0 in row 1"),
        ([[0.5, 1]], BinaryCrossEntropy(), 2, "matrix of 0 and 1"),
    ],
)
def test_targets_that_a_regression_cannot_use_are_refused(y, loss, n_outputs, message):
    with pytest.raises(DataError, match=message):
        as_targets(y, loss, n_outputs)


def test_poisson_takes_zero_and_gamma_what_is_small():
    assert as_targets([0, 3], Poisson(), 1).values.tolist() == [[0.0], [3.0]]
    assert as_targets([1e-3], Gamma(), 1).values[0, 0] == np.float32(1e-3)


def test_text_for_a_regression_says_how_to_classify():
    with pytest.raises(DataError) as caught:
        as_targets(["a", "b"], SquaredError(), 1)
    assert "cross_entropy" in caught.value.hint


def test_another_number_of_rows_than_x_has_is_refused():
    with pytest.raises(DataError, match="validation y has 2 rows, but X has 3"):
        as_targets([1.0, 2.0], SquaredError(), 1, n_rows=3, name="validation y")


def test_several_binary_outputs_take_a_matrix():
    targets = as_targets([[0, 1], [True, False]], BinaryCrossEntropy(), 2)
    assert targets.values.tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert targets.classes is None


# --- sample weights -----------------------------------------------------------------------------


def test_no_weights_stay_none():
    assert as_sample_weight(None, 3) is None


def test_weights_become_floats():
    weights = as_sample_weight([1, 0, 2], 3, "float64")
    assert weights.tolist() == [1.0, 0.0, 2.0]
    assert weights.dtype == np.float64


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], r"one weight for each of the 3 rows. Got an array of shape \(2,\)"),
        ([[1.0], [2.0], [3.0]], r"one weight for each of the 3 rows"),
        ([1.0, -0.5, 1.0], r"sample_weight must be at least 0. Got -0.5 in row 1"),
        ([0, 0, 0], "sample_weight is 0 in every row"),
        ([1.0, np.nan, 1.0], "sample_weight has one value that is missing or infinite"),
        ([1.0, np.inf, 1.0], "missing or infinite: inf in row 1"),
        (["a", "b", "c"], "sample_weight holds text"),
        (2.0, "must be an array"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, message):
    with pytest.raises(DataError, match=message):
        as_sample_weight(weights, 3)


# --- codes of categories ------------------------------------------------------------------------


def test_the_columns_of_an_embedding_are_found():
    embedding = rv.Embedding(columns=(3, 1), levels=(5, 7), dimension=2)
    assert code_columns(rv.Network([embedding, rv.Dense(1)])) == {3: 5, 1: 7}
    assert code_columns(rv.Network([rv.Normalize(), embedding, rv.Dense(1)])) == {3: 5, 1: 7}
    assert code_columns(rv.Network([rv.Normalize(), rv.Dense(1)])) == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3.0, r"Column 1 of X must hold whole numbers from 0 to 2. Got 3.0 in row 1"),
        (-1.0, "Got -1.0 in row 1"),
        (0.5, "Got 0.5 in row 1"),
    ],
)
def test_codes_outside_the_levels_are_refused(value, message):
    X = np.array([[9.0, 2.0], [9.0, value]], dtype=np.float32)
    with pytest.raises(DataError, match=message):
        check_codes(X, {1: 3})


def test_codes_within_the_levels_are_taken():
    check_codes(np.array([[9.0, 0.0], [9.0, 2.0]]), {1: 3})


@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 3)])
def test_an_embedding_of_a_column_that_is_not_there_is_refused(shape):
    with pytest.raises(DataError, match="embeds column 2, but X has the shape"):
        check_codes(np.zeros(shape), {2: 3})
