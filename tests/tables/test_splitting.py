"""Rows of a table are held out."""

from __future__ import annotations

import numpy as np
import pytest

from ravine.errors import DataError, ParameterError
from ravine.tables import split_rows


def test_split_leaves_no_row_out_and_none_twice():
    split = split_rows(103, test_fraction=0.2, validation_fraction=0.25, seed=3)
    rows = np.concatenate([split.training, split.validation, split.test])
    assert sorted(rows) == list(range(103))
    assert (len(split.test), len(split.validation)) == (21, 20)


def test_split_depends_on_the_seed_alone():
    def test_rows(seed: int) -> list[int]:
        split = split_rows(50, test_fraction=0.2, validation_fraction=0.2, seed=seed)
        return split.test.tolist()

    assert test_rows(1) == test_rows(1)
    assert test_rows(1) != test_rows(2)


def test_test_rows_do_not_depend_on_the_validation_fraction():
    a = split_rows(50, test_fraction=0.2, validation_fraction=0.0, seed=0)
    b = split_rows(50, test_fraction=0.2, validation_fraction=0.5, seed=0)
    np.testing.assert_array_equal(a.test, b.test)


def test_classes_are_shared_out_in_proportion():
    strata = np.repeat(["a", "b", "c"], [70, 20, 10])
    split = split_rows(100, test_fraction=0.2, validation_fraction=0.25, seed=0, strata=strata)
    assert np.unique(strata[split.test], return_counts=True)[1].tolist() == [14, 4, 2]
    assert np.unique(strata[split.validation], return_counts=True)[1].tolist() == [14, 4, 2]


def test_class_of_one_row_is_trained_on():
    strata = ["a"] * 20 + ["b"]
    split = split_rows(21, test_fraction=0.5, validation_fraction=0.5, seed=0, strata=strata)
    assert 20 in split.training


@pytest.mark.parametrize(
    ("n_rows", "test_fraction", "validation_fraction", "lacking"),
    [(1, 0.2, 0.2, "test"), (4, 0.3, 0.1, "validation"), (2, 0.5, 0.5, "validation")],
)
def test_table_too_small_to_split_is_a_clear_error(
    n_rows, test_fraction, validation_fraction, lacking
):
    with pytest.raises(DataError, match=f"too small to leave {lacking} rows"):
        split_rows(
            n_rows, test_fraction=test_fraction, validation_fraction=validation_fraction, seed=0
        )


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_fraction_out_of_range_is_a_clear_error(fraction):
    with pytest.raises(ParameterError, match="'test_fraction' must be in"):
        split_rows(10, test_fraction=fraction, validation_fraction=0.2, seed=0)


def test_nothing_set_aside_when_nothing_is_asked():
    split = split_rows(5, test_fraction=0, validation_fraction=0, seed=0)
    assert (len(split.training), len(split.validation), len(split.test)) == (5, 0, 0)
