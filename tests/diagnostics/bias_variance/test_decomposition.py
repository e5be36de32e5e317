"""The statistics of bias_variance: error, bias, variance and noise of given predictions."""

import numpy as np
import pytest

from ravine.diagnostics.bias_variance import decomposition
from ravine.diagnostics.bias_variance.decomposition import Comparison, decompose


def test_three_models_at_one_point_by_hand():
    # 0, 1, 2 about 1; the truth is 3, σ = 2. s² = 1, bias² (1 − 3)² − 1/3 = 11/3; errors 25, 0, 4.
    # With three models the standard errors are the jackknife's. Without 0, 1 or 2 in turn s² is
    # ½, 2, ½ and the mean error 2, 14.5, 12.5: squares about their means are 1.5 and 90⅙, and the
    # jackknife takes 2/3 of them. The mean of 9, 4, 1 has the variance 49/3 / 3.
    predictions = np.array([0.0, 1.0, 2.0]).reshape(3, 1, 1)
    fresh = np.array([5.0, 1.0, 0.0]).reshape(3, 1, 1)
    comparison = Comparison(np.array([[3.0]]), np.array([4.0]), measured=False, fresh=fresh)
    found = decompose(predictions, comparison)
    assert found["variance"][:2] == pytest.approx((1, np.sqrt(2 / 3 * 1.5)))
    assert found["bias2"].value == pytest.approx(11 / 3)
    assert found["noise"][:2] == (4.0, 0.0)
    assert found["mse"][:2] == pytest.approx((29 / 3, np.sqrt(2 / 3 * (90 + 1 / 6))))
    assert found["total"][:2] == pytest.approx((14 / 3 + 4, np.sqrt(49 / 9)))


def brute(predictions, centre):
    """The parts of models × rows × outputs, from their definitions."""
    mean = predictions.mean(axis=0)
    variance = predictions.var(axis=0, ddof=1).sum(axis=-1).mean()
    bias2 = np.square(mean - centre).sum(axis=-1).mean() - variance / len(predictions)
    return {"bias2": bias2, "variance": variance, "total": bias2 + variance}


def test_parts_are_what_they_are_defined_to_be():
    rng = np.random.default_rng(1)
    predictions, centre = rng.normal(size=(7, 11, 2)), rng.normal(size=(11, 2))
    found = decompose(predictions, Comparison(centre, np.full(11, 0.5), measured=False))
    for name, value in brute(predictions, centre).items():
        assert found[name].value == pytest.approx(value + (0.5 if name == "total" else 0))


def test_the_standard_error_of_the_sum_is_that_of_leaving_out_each_model_in_turn():
    rng = np.random.default_rng(1)
    predictions, centre = rng.normal(size=(7, 11, 2)), rng.normal(size=(11, 2))
    whole = decompose(predictions, Comparison(centre, None, measured=False))
    without = np.array(
        [brute(np.delete(predictions, i, axis=0), centre)["total"] for i in range(7)]
    )
    expected = np.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum())
    assert whole["total"].se == pytest.approx(expected, rel=1e-10)


def test_sampled_rows_add_their_own_variance_to_a_standard_error():
    # All models are alike, so that rows alone make the standard error: that of a mean.
    errors = np.arange(1.0, 6.0)
    predictions = np.tile(errors, (4, 1))[..., np.newaxis]
    centre = np.zeros((5, 1))
    fixed = decompose(predictions, Comparison(centre, None, measured=False))
    sampled = decompose(predictions, Comparison(centre, None, measured=False, sampled=True))
    assert fixed["bias2"][:2] == pytest.approx((11.0, 0.0))
    assert sampled["bias2"].se == pytest.approx(np.std(errors**2, ddof=1) / np.sqrt(5))
    units = np.array([0, 0, 1, 1, 1])  # sums about the mean: (1 + 4 − 22), (9 + 16 + 25 − 33)
    grouped = decompose(
        predictions, Comparison(centre, None, measured=False, sampled=True, units=units)
    )
    assert grouped["bias2"].se == pytest.approx(np.sqrt(2 * (17**2 + 17**2)) / 5)


def test_variance_by_seeds_and_by_data_by_hand():
    # Two seeds on each of three data sets: 0, 2 · 1, 3 · 5, 7, about 0. Within data sets the
    # variance is 2; products of means 1, 2, 6: bias² (2 + 6 + 12) / 3; mean square 88 / 6.
    predictions = np.array([[0.0, 2.0], [1.0, 3.0], [5.0, 7.0]]).reshape(3, 2, 1, 1)
    found = decompose(predictions, Comparison(np.zeros((1, 1)), None, measured=False))
    assert found["variance_seeds"].value == pytest.approx(2)
    assert found["bias2"].value == pytest.approx(20 / 3)
    assert found["variance"].value == pytest.approx(88 / 6 - 20 / 3)
    assert found["variance_data"].value == pytest.approx(88 / 6 - 20 / 3 - 2)


def test_variance_by_data_may_come_out_negative():
    predictions = np.array([[-1.0, 1.0], [1.0, -1.0], [2.0, -2.0]]).reshape(3, 2, 1, 1)
    found = decompose(predictions, Comparison(np.zeros((1, 1)), None, measured=False))
    assert found["variance_data"].value == pytest.approx(2 - 4)  # squares 2, within data sets 4


def test_rows_in_pieces_give_the_same_as_all_at_once(monkeypatch):
    rng = np.random.default_rng(1)
    predictions, centre = rng.normal(size=(5, 23, 2)), rng.normal(size=(23, 2))
    units = np.arange(23) // 2
    comparison = Comparison(centre, None, measured=True, sampled=True, units=units, weight=0.5)
    whole = decompose(predictions, comparison)
    monkeypatch.setattr(decomposition, "_NUMBERS_AT_ONCE", 40)
    pieces = decompose(predictions, comparison)
    np.testing.assert_allclose(list(pieces.values()), list(whole.values()), rtol=1e-12)
