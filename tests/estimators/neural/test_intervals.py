"""Conformal intervals of rows with weights and groups."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import ParameterError
from ravine.estimators.neural.calibration import Conformal
from tests.builders.neural_copies import regressor, table


def test_rows_of_equal_weights_make_the_interval_of_rows_without():
    residuals = np.random.default_rng(0).normal(size=99)
    zeros = np.zeros(99)
    plain, weighted = (
        Conformal.learn(zeros, zeros, residuals, weights).interval(zeros[:1], zeros[:1], 0.9)
        for weights in (None, np.full(99, 4.0))
    )
    np.testing.assert_array_equal(plain, weighted)


def test_weighted_residuals_make_the_interval_worked_by_hand():
    # Masses w Σw/Σw² of weights 1 (20 rows) and 3 (10 rows): 50/110 and 150/110, together 22.7.
    # At a coverage of 0.8 a side needs (22.73 + 1) 0.9 = 21.35 of it. All but the outermost three
    # rows of weight 1, or the outermost of weight 3, have 22.73 − 1.36 = 21.37; no more can go.
    y = np.r_[np.arange(21.0, 41.0), -np.arange(1.0, 11.0)]
    weights = np.r_[np.ones(20), np.full(10, 3.0)]
    zeros = np.zeros(30)
    found = Conformal.learn(zeros, zeros, y, weights).interval(zeros[:1], zeros[:1], 0.8)
    np.testing.assert_array_equal(found, [[-9.0, 37.0]])


def test_grouped_residuals_make_the_interval_worked_by_hand():
    # 9 groups of 1, 2, … 9 rows; group g has the residuals g. A side at 0.8 needs (9 + 1) 0.9 = 9:
    # all groups. With 19 groups it needs 18 of 19: the 18th smallest residual.
    for count, expected in ((9, 9.0), (19, 18.0)):
        groups = np.repeat(np.arange(count), np.arange(1, count + 1))
        y, zeros = groups + 1.0, np.zeros(len(groups))
        found = Conformal.learn(zeros, zeros, y, None, groups)
        assert found.interval(zeros[:1], zeros[:1], 0.8)[0, 1] == expected


def test_too_few_groups_are_an_error_that_says_how_many_are_needed(tmp_path):
    frame, y = table(120)
    found = regressor(n_members=5).fit(frame, y, groups=np.arange(120) % 12)
    assert found.predict_interval(frame, 0.8).shape == (120, 2)
    found.save(tmp_path / "m.safetensors")
    for estimator in (found, rv.load(tmp_path / "m.safetensors")):
        with pytest.raises(ParameterError, match=r"at least 19 groups\. There are 12"):
            estimator.predict_interval(frame, 0.9)


def test_weighted_rows_count_like_as_many_equal_ones_as_they_are_sure_as():
    weights = np.r_[np.full(50, 1e-6), np.ones(10)]
    found = Conformal.learn(np.zeros(60), np.zeros(60), np.zeros(60), weights)
    with pytest.raises(ParameterError, match="There are 60 that count like 10 equal ones"):
        found.interval(np.zeros(1), np.zeros(1), 0.9)


@pytest.mark.parametrize("how", ["weights", "groups"])
def test_bins_of_weighted_rows_are_as_wide_as_predictions_err(how):
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 1, 8_000)
    y = centres + centres * rng.normal(size=8_000)
    given = (rng.integers(1, 4, 8_000).astype(float), None)
    if how == "groups":
        given = (None, np.arange(8_000) // 2)
    learnt = Conformal.learn(centres, centres, y, *given)
    new = np.array([0.1, 0.9])
    narrow, wide = np.diff(learnt.interval(new, new, 0.9), axis=1)[:, 0]
    assert wide > 4 * narrow
