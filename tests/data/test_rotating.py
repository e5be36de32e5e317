"""Rows set aside in turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.data.rotating import deal, forward_splits, validation_splits
from ravine.data.splitting import in_proportion, unit_ends
from ravine.errors import DataError


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(2, 7), st.integers(0, 99))
def test_every_fold_holds_its_share_of_each_class_to_a_row(classes, n_folds, seed):
    classes = np.array(classes)
    folds = deal(len(classes), n_folds, np.random.default_rng(seed), classes)
    used = min(n_folds, len(classes))
    assert set(folds.tolist()) == set(range(used))
    for code in set(classes.tolist()):
        counts = np.bincount(folds[classes == code], minlength=used)
        assert counts.max() - counts.min() <= 1


@given(st.data(), st.integers(2, 50), st.integers(1, 6))
def test_what_is_set_aside_is_later_than_all_that_is_trained_on(data, n, n_folds):
    units = np.array(data.draw(st.lists(st.integers(0, 20), min_size=n, max_size=n)))
    units = np.unique(units, return_inverse=True)[1].reshape(-1)
    times = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)))
    ends = unit_ends(units, times)[units]
    if len(set(ends.tolist())) < 2:
        with pytest.raises(DataError, match="All rows are of one time"):
            forward_splits(units, times, n_folds)
        return
    splits = forward_splits(units, times, n_folds)
    assert 1 <= len(splits) <= n_folds
    for kept, aside in splits:
        assert ends[kept].max() < ends[aside].min()
        assert not set(units[kept].tolist()) & set(units[aside].tolist())
    everything = np.concatenate([aside for _, aside in splits])
    assert len(set(everything.tolist())) == len(everything)  # each row is set aside once at most
    assert ends[everything].max() == ends.max()


def test_stretches_set_every_row_aside_once_before_any_twice():
    splits = validation_splits(20, 8, 0.25, seed=3)
    for rounds in (splits[:4], splits[4:]):
        assert sorted(np.concatenate([aside for _, aside in rounds]).tolist()) == list(range(20))
    assert splits[0][1].tolist() != splits[4][1].tolist()


def test_a_stretch_anywhere_holds_each_class_in_proportion():
    classes = np.array([0] * 60 + [1] * 30 + [2] * 10)
    for rng in (None, np.random.default_rng(0)):
        ordered = classes[in_proportion(classes, rng)]
        for first in range(0, 100, 10):
            counts = np.bincount(ordered[first : first + 10], minlength=3)
            assert np.abs(counts - [6, 3, 1]).max() <= 1
