"""How columns of every sort become numbers, in either coding."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ravine.errors import DataError, ParameterError, SpecError
from ravine.tables import (
    ROBUST,
    STANDARD,
    BinaryColumn,
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    Coding,
    NumberColumn,
    OrderedColumn,
    RobustColumn,
    TableSchema,
    learn_column,
)
from ravine.tables.columns import read_column

BINS = Coding(scaling="robust", n_bins=2)


def learnt(values, coding=ROBUST):
    return learn_column(pd.Series(values), "c", coding)


# --- Numbers --------------------------------------------------------------------------------------


def test_robust_numbers_are_by_the_median_and_the_distance_of_the_quartiles():
    column = learnt([0.0, 10.0, 20.0, 30.0, 1000.0])
    assert column == RobustColumn("c", median=20.0, spread=20.0)
    # x' = 0, 1 and 3 give x' / √(1 + x'²/9): 0, 3/√10 and 3/√2
    coded = column.encode(pd.Series([20, 40, 80]))[:, 0]
    np.testing.assert_allclose(coded, [0, 3 / np.sqrt(10), 3 / np.sqrt(2)], rtol=1e-14)


def test_where_quartiles_coincide_the_whole_range_counts_and_is_two():
    column = learnt([0] * 9 + [8])
    assert column == RobustColumn("c", median=0.0, spread=4.0)


def test_robust_numbers_never_leave_three_however_far_they_are():
    column = learnt([1.0, 2.0, 3.0, 4.0])
    coded = column.encode(pd.Series([1e308, -1e308, 1e200]))
    assert (np.abs(coded) <= 3).all()
    assert (np.abs(coded) > 2.999).all()


def test_tails_tell_values_apart_that_the_clip_makes_alike():
    numbers = [0.0] * 40 + [1.0] * 40 + [2.0] * 18 + [100.0, 200.0]
    column = learnt(numbers, Coding(scaling="robust", tails=True))
    assert column.features == ("c", "c (tails)")
    assert column.deviation == pytest.approx(np.std(numbers))
    clipped, tails = column.encode(pd.Series([100, 200, 1e300])).T
    assert clipped[1] - clipped[0] < 0.002
    x = (np.array([100, 200]) - 1) / np.std(numbers)
    np.testing.assert_allclose(tails[:2], x / np.sqrt(1 + (x / 10) ** 2), rtol=1e-14)
    assert tails[2] == pytest.approx(10)


@pytest.mark.parametrize("numbers", [[3.0, 3.0, None], [1e308, -1e308, 0.0]])
def test_numbers_without_a_deviation_have_no_tails(numbers):
    column = learnt(numbers, Coding(scaling="robust", tails=True))
    assert column.deviation == 0
    assert np.isfinite(column.encode(pd.Series(numbers))).all()


def test_median_stands_for_a_missing_robust_number_and_it_is_marked():
    column = learnt([1.0, 2.0, 3.0, np.nan])
    assert column.features == ("c", "c (missing)")
    np.testing.assert_array_equal(column.encode(pd.Series([2.0, np.nan])), [[0, 0], [0, 1]])


def test_bins_are_between_quantiles_and_come_through_one_after_the_other():
    column = learnt([0.0, 1.0, 2.0, 3.0, 10.0], BINS)
    assert column.bins == (0.0, 2.0, 10.0)
    assert column.features == ("c", "c (bins)")
    coded = column.encode(pd.Series([-5.0, 1.0, 2.0, 6.0, 99.0]))[:, 1]
    np.testing.assert_array_equal(coded, [0, 0.5, 1, 1.5, 2])


def test_bins_can_stand_for_the_number_and_a_missing_one_came_through_none():
    column = learnt([0.0, 4.0, 8.0, None], Coding(scaling="robust", n_bins=2, keep_scaled=False))
    assert column.features == ("c (bins)", "c (missing)")
    coded = column.encode(pd.Series([6.0, None]))
    np.testing.assert_array_equal(coded, [[1.5, 0], [0, 1]])


def test_several_numbers_of_bins_have_a_column_each():
    coding = Coding(scaling="robust", n_bins=2, more_bins=(1, 4))
    column = learnt([0.0, 1.0, 2.0, 3.0, 4.0], coding)
    assert column.features == ("c", "c (bins)", "c (bins 2)", "c (bins 3)")
    assert column.learnt.endswith(", 2 bins or 1 bin or 4 bins")
    coded = column.encode(pd.Series([3.0]))[0, 1:]
    np.testing.assert_allclose(coded, [1.5, 0.75, 3])
    assert read_column(json.loads(json.dumps(column.to_dict()))) == column
    frame = pd.DataFrame({"b": [1, 2, 3], "c": [5.0, 5.5, 9.0]})
    assert TableSchema.learn(frame, coding=coding).bins == (
        {1: 2, 5: 2},
        {2: 1, 6: 1},
        {3: 2, 7: 2},
    )


def test_quantiles_that_coincide_make_one_edge():
    assert learnt([0] * 50 + [1], Coding(scaling="robust", n_bins=8)).bins == (0.0, 1.0)


@pytest.mark.parametrize("coding", [STANDARD, ROBUST])
def test_infinite_values_are_the_ends_of_the_training_range_and_marked(coding):
    column = learnt([1.0, 2.0, 3.0, np.inf, -np.inf], coding)
    assert column.features == ("c", "c (infinite)")
    assert column.limits == (1.0, 3.0)
    coded = column.encode(pd.Series([np.inf, 3.0, -np.inf, 1.0]))
    np.testing.assert_array_equal(coded[:, 1], [1, 0, -1, 0])
    assert coded[0, 0] == coded[1, 0] > coded[3, 0] == coded[2, 0]


@pytest.mark.parametrize("coding", [STANDARD, ROBUST])
def test_infinite_value_where_training_had_none_is_an_error_not_a_guess(coding):
    column = learnt([1.0, 2.0, 3.0], coding)
    with pytest.raises(DataError, match=r"'c' has 1 infinite value \(the first in row 2\)"):
        column.encode(pd.Series([1.0, np.inf]))
    assert column.readable(pd.Series([1.0, np.inf, np.nan])).tolist() == [True, False, False]


@pytest.mark.parametrize("coding", [STANDARD, ROBUST, BINS])
@pytest.mark.parametrize(
    "values",
    [
        [np.inf, -np.inf, np.inf],
        [np.inf, None],
        [5.0, np.inf],
        [5.0, None, 5.0],
        [10**400, 1, -(10**400), None],
    ],
)
def test_column_with_gaps_only_is_still_finite_numbers(coding, values):
    coded = learnt(values, coding).encode(pd.Series(values))
    assert np.isfinite(coded).all()
    assert len(np.unique(coded, axis=0)) == len(set(values))


@pytest.mark.parametrize(
    "values", [[1e308, -1e308, 0.0], [1e-310, 0.0, 2e-310], [1e300, 0.0, 1e-300]]
)
@pytest.mark.parametrize("coding", [ROBUST, BINS])
def test_robust_numbers_may_be_as_large_or_as_close_as_float64_can_say(coding, values):
    coded = learnt(values, coding).encode(pd.Series(values))
    assert np.isfinite(coded).all()
    assert np.array_equal(np.argsort(coded[:, 0]), np.argsort(values))


# --- Categories -----------------------------------------------------------------------------------


def test_two_levels_are_minus_one_and_one_and_what_is_neither_is_nought():
    column = learnt(["no", "yes", "no"])
    assert column == BinaryColumn("c", ("no", "yes"))
    asked = pd.Series(["yes", "no", "maybe", None])
    np.testing.assert_array_equal(column.encode(asked), [[1], [-1], [0], [0]])
    assert column.unseen(asked) == 2


def test_two_levels_with_missing_values_have_a_mark_for_them():
    column = learnt(["no", "yes", None, "no"])
    assert column.features == ("c=yes", "c (missing)")
    asked = pd.Series(["yes", None, "maybe"])
    np.testing.assert_array_equal(column.encode(asked), [[1, 0], [0, 1], [0, 0]])
    assert column.unseen(asked) == 1


def test_booleans_are_minus_one_and_one_in_the_robust_coding():
    column = learnt([True, False, True])
    assert column == BooleanColumn("c", signed=True)
    np.testing.assert_array_equal(column.encode(pd.Series([False, True])), [[-1], [1]])


@pytest.mark.parametrize(("levels", "kind"), [(3, CategoryColumn), (9, CategoryColumn)])
def test_up_to_nine_levels_are_one_hot_in_the_robust_coding(levels, kind):
    assert isinstance(learnt([f"v{i % levels}" for i in range(100)]), kind)


def test_ten_levels_are_codes_in_the_robust_coding_and_missing_is_a_level():
    assert isinstance(learnt([f"v{i % 10}" for i in range(100)]), CodeColumn)
    assert isinstance(learnt([f"v{i % 9}" for i in range(90)] + [None]), CodeColumn)


def test_ordered_categories_keep_their_order_and_their_levels():
    sizes = pd.Categorical(
        ["M", "L", "S", "M"], categories=["XS", "S", "M", "L", "XL"], ordered=True
    )
    column = learn_column(pd.Series(sizes), "c", ROBUST)
    assert column == OrderedColumn("c", ("S", "M", "L"))
    assert column.features == ("c", "c=S", "c=M", "c=L")
    asked = pd.Series(["L", "S", "XL", None])
    expected = [[1, 0, 0, 1], [-1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(column.encode(asked), expected)
    assert column.unseen(asked) == 2


def test_many_ordered_categories_are_their_place_in_the_order():
    ages = pd.Categorical([1, 5, 3, 2, 4] * 4, ordered=True, categories=range(1, 20))
    coding = Coding(most_one_hot_levels=4)
    column = learn_column(pd.Series(ages), "c", coding)
    assert column.features == ("c",)
    np.testing.assert_array_equal(column.encode(pd.Series([1, 3, 4])), [[-1], [0], [0.5]])


def test_missing_ordered_category_is_marked():
    ages = pd.Series(pd.Categorical(["a", None, "b"], ordered=True))
    column = learn_column(ages, "c", ROBUST)
    np.testing.assert_array_equal(column.encode(ages), [[-1, 0], [0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [(["a", "a"], "the same value"), ([None, None], "empty")],
)
def test_ordered_category_that_says_nothing_is_left_out(values, expected):
    series = pd.Series(pd.Categorical(values, categories=["a", "b"], ordered=True))
    assert expected in learn_column(series, "c", ROBUST)


@pytest.mark.parametrize("coding", [STANDARD, ROBUST])
@pytest.mark.parametrize("dtype", ["boolean", "Int64", "string", "M8[s]", "m8[s]", "object"])
def test_column_without_a_value_is_left_out_whatever_its_type(dtype, coding):
    found = learn_column(pd.Series([None, None], dtype=dtype), "c", coding)
    assert found == "it is empty in every training row"


# --- Codings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scaling": "magic"}, "'scaling' parameter of Coding must be one of 'standard', 'robust'"),
        ({"n_bins": -1}, "'n_bins' parameter of Coding must be a whole number, at least 0"),
        ({"n_bins": 2.5}, "'n_bins' parameter"),
        ({"more_bins": (4,)}, "'more_bins' parameter of Coding needs n_bins"),
        ({"scaling": "robust", "n_bins": 4, "more_bins": (0,)}, "'more_bins' parameter"),
        ({"n_bins": 4}, "needs scaling='robust'"),
        ({"tails": True}, "needs scaling='robust'"),
        ({"keep_scaled": False}, "numbers would be lost"),
        ({"fewest_rows_of_a_level": 0}, "'fewest_rows_of_a_level' parameter"),
        ({"most_one_hot_levels": True}, "'most_one_hot_levels' parameter"),
        ({"signed": 1}, "'signed' parameter of Coding must be True or False"),
    ],
)
def test_coding_that_makes_no_sense_is_a_clear_error(settings, message):
    with pytest.raises(ParameterError, match=message):
        Coding(**settings)


def test_unknown_name_of_a_coding_is_a_clear_error():
    with pytest.raises(
        ParameterError, match="'coding' parameter of TableSchema must be one of 'standard'"
    ):
        TableSchema.learn(pd.DataFrame({"a": [1, 2]}), coding="best")


# --- Files ----------------------------------------------------------------------------------------

COLUMNS = [
    NumberColumn("c", 1.0, 2.0, True, (0.0, 3.0)),
    RobustColumn("c", 1.0, 0.0, True, (0.0, 3.0), (0.0, 1.0, 3.0), False),
    RobustColumn("c", 1.0, 2.0, deviation=3.0),
    BooleanColumn("c", True, True),
    BinaryColumn("c", ("a", "b"), True),
    CategoryColumn("c", ("a", "b", None)),
    CodeColumn("c", ("a", "b", None)),
    OrderedColumn("c", ("small", "large"), False, True),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.kind)
def test_every_kind_of_column_survives_json(column):
    assert read_column(json.loads(json.dumps(column.to_dict()))) == column


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "number", "name": "c", "mean": float("nan"), "standard_deviation": 1.0},
        {"kind": "number", "name": "c", "mean": 1.0, "standard_deviation": 1.0, "limits": [1.0]},
        {"kind": "number", "name": "c", "mean": 1.0, "standard_deviation": 1.0, "limits": [2.0, 1]},
        {"kind": "number", "name": "c", "mean": 1.0, "standard_deviation": 1.0, "levels": ["a"]},
        {"kind": "robust number", "name": "c", "median": 0.0, "spread": -1.0},
        {"kind": "robust number", "name": "c", "median": 0.0, "spread": float("inf")},
        {"kind": "robust number", "name": "c", "median": 0.0, "spread": 1.0, "bins": [1.0]},
        {"kind": "robust number", "name": "c", "median": 0.0, "spread": 1.0, "bins": [1.0, 1.0]},
        {"kind": "robust number", "name": "c", "median": 0.0, "spread": 1.0, "scaled": False},
        {
            "kind": "robust number",
            "name": "c",
            "median": 0.0,
            "spread": 1.0,
            "more_bins": [[0.0, 1.0]],
        },
        {
            "kind": "robust number",
            "name": "c",
            "median": 0.0,
            "spread": 1.0,
            "bins": [0.0, 1.0],
            "more_bins": [[]],
        },
        {
            "kind": "robust number",
            "name": "c",
            "median": 0.0,
            "spread": 1.0,
            "bins": [0.0, 1.0],
            "more_bins": [[1.0, 1.0]],
        },
        {"kind": "robust number", "name": "c", "median": 0.0, "spread": 1.0, "deviation": -1.0},
        {"kind": "binary", "name": "c", "levels": ["a"]},
        {"kind": "binary", "name": "c", "levels": ["a", None]},
        {"kind": "binary", "name": "c", "levels": ["b", "a"]},
        {"kind": "ordered", "name": "c", "levels": ["a"]},
        {"kind": "ordered", "name": "c", "levels": ["a", "a"]},
        {"kind": "ordered", "name": "c", "levels": ["a", None]},
        {"kind": ["number"], "name": "c"},
        {"kind": "boolean", "name": 3},
        {"kind": "boolean", "name": "c", "missing": 1},
    ],
)
def test_broken_column_in_a_file_is_a_clear_error(broken):
    with pytest.raises(SpecError):
        read_column(broken)
