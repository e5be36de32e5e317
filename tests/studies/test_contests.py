"""Paired differences, joint intervals, bootstraps and curves by budget, against numbers by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ravine.studies.contests import best_of, critical, paired_differences, win_shares


def test_one_pair_has_the_interval_of_a_paired_t_test():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(2, 8)) + rng.normal(size=8)
    found = paired_differences(scores)[0]
    expected = stats.ttest_rel(*scores).confidence_interval(0.95)
    assert found.low == pytest.approx(expected.low, rel=1e-12)
    assert found.high == pytest.approx(expected.high, rel=1e-12)


def test_the_joint_quantile_is_that_of_the_largest_t_of_candidates_that_are_alike():
    # Simulated in another way: 3 candidates, 5 seeds, t by the formula of the paired test.
    drawn = np.random.default_rng(0).normal(size=(3, 20_000, 5))
    t = [
        np.abs(stats.ttest_rel(a, b, axis=1).statistic) for a, b in itertools.combinations(drawn, 2)
    ]
    c = critical(3, 5)
    assert (np.max(t, axis=0) > c).mean() == pytest.approx(0.05, abs=0.006)


def test_the_joint_quantile_lies_between_one_pair_and_bonferroni():
    for candidates, pairs in ((2, 1), (3, 3), (6, 15), (12, 66)):
        c = critical(candidates, 10)
        assert stats.t.ppf(0.975, 9) <= c * (1 + 1e-12)
        assert c <= stats.t.ppf(1 - 0.025 / pairs, 9) * (1 + 1e-12)


def test_identical_candidates_differ_by_nothing_and_nothing_is_clear():
    scores = np.tile(np.random.default_rng(0).normal(size=5), (6, 1))
    found = paired_differences(scores)
    assert len(found) == 15
    assert all((d.mean, d.low, d.high) == (0, 0, 0) and not d.is_clear for d in found)


def test_a_candidate_that_diverged_has_no_differences_and_changes_none():
    scores = np.random.default_rng(2).normal(size=(3, 6))
    whole = paired_differences(scores[:2])[0]
    scores[2, 3] = np.nan
    first, *others = paired_differences(scores)
    assert first == whole
    assert all(math.isnan(d.mean) and math.isnan(d.low) and not d.is_clear for d in others)


def test_the_curve_by_budget_is_the_mean_over_all_subsets():
    rng = np.random.default_rng(5)
    tests = [rng.normal(size=n) for n in (4, 2, 2, 2)]  # in the order of validation scores
    means = [values.mean() for values in tests]
    for b, (mean, _, failed) in enumerate(best_of(tests), start=1):
        chosen = [means[min(drawn)] for drawn in itertools.combinations(range(4), b)]
        assert mean == pytest.approx(np.mean(chosen), rel=1e-12)
        assert failed == 0


def test_a_try_that_diverged_is_chosen_only_if_all_did():
    curve = best_of([np.array([1.0, 2.0]), np.array([]), np.array([])])
    assert [round(failed, 12) for _, _, failed in curve] == [round(2 / 3, 12), round(1 / 3, 12), 0]
    assert [mean for mean, _, _ in curve] == [1.5, 1.5, 1.5]
    mean, se, failed = best_of([np.array([])])[0]
    assert (math.isnan(mean), math.isnan(se), failed) == (True, True, 1.0)


def test_at_the_whole_budget_the_curve_has_the_standard_error_of_the_best():
    values = np.array([1.0, 2.0, 4.0, 3.0])
    mean, se, _ = best_of([values, np.array([7.0, 9.0])])[-1]
    assert (mean, se) == (2.5, pytest.approx(values.std(ddof=1) / 2))


def test_bootstraps_of_one_row_unit_and_one_kind_of_seed_have_one_winner():
    losses = np.random.default_rng(0).normal(size=(1, 1, 8)) + np.array([0.0, 1.0])[:, None, None]
    assert win_shares(np.tile(losses, (1, 3, 1)), np.arange(8)).tolist() == [1, 0]


def test_ties_share_a_bootstrap_and_who_diverged_never_wins():
    losses = np.ones((3, 2, 4))
    losses[2, 0] = np.nan
    assert win_shares(losses, np.arange(4)).tolist() == [0.5, 0.5, 0]
    assert win_shares(np.full((2, 2, 3), np.nan), np.arange(3)).tolist() == [0, 0]


def test_rows_of_a_unit_are_drawn_together():
    # Candidate 0 is better in unit 0, candidate 1 by as much in unit 1: of two units drawn, both
    # are unit 0 in a quarter of cases, both unit 1 in another, and half are ties.
    losses = np.zeros((2, 2, 6))
    losses[0, :, 3:] = losses[1, :, :3] = 1
    shares = win_shares(losses, np.array([0, 0, 0, 1, 1, 1]), draws=2000)
    assert shares == pytest.approx([0.5, 0.5], abs=0.03)
    alone = win_shares(
        losses + np.array([0, 1e-3])[:, None, None], np.repeat([0, 1], 3), draws=2000
    )
    assert alone == pytest.approx([0.75, 0.25], abs=0.04)
