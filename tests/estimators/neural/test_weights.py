"""Kinds of members are weighed by what they predict for rows that they were not trained on."""

import numpy as np
import pytest
from sklearn import metrics

from ravine import losses
from ravine.estimators.neural.weights import choose_weights

RNG = np.random.default_rng(0)
N = 400
Y = RNG.gamma(2.0, size=(N, 1))
NEAR, FAR = Y * np.exp(RNG.normal(0, 0.1, (N, 1))), Y * np.exp(RNG.normal(0, 1, (N, 1)))
WEIGHTS = RNG.random(N)

SAME = {  # up to a factor, or a term that does not depend on predictions
    "squared": (losses.SquaredError(), metrics.mean_squared_error, {}),
    "absolute": (losses.AbsoluteError(), metrics.mean_absolute_error, {}),
    "quantile": (losses.Quantile(0.8), metrics.mean_pinball_loss, {"alpha": 0.8}),
    "poisson": (losses.Poisson(), metrics.mean_poisson_deviance, {}),
    "gamma": (losses.Gamma(), metrics.mean_gamma_deviance, {}),
}


@pytest.mark.parametrize("name", SAME)
def test_losses_differ_as_scikit_learns_do(name):
    loss, theirs, options = SAME[name]
    ours = [loss.mean(each, Y, WEIGHTS) for each in (NEAR, FAR)]
    known = [theirs(Y, each, sample_weight=WEIGHTS, **options) for each in (NEAR, FAR)]
    factor = 0.5 if name in ("poisson", "gamma") else 1.0
    assert ours[1] - ours[0] == pytest.approx(factor * (known[1] - known[0]), rel=1e-9)


def test_independent_errors_are_averaged_by_their_precision():
    predictions = [Y + RNG.normal(0, 1, (N, 1)), Y + RNG.normal(0, 2, (N, 1)), Y + 100]
    chosen = choose_weights(predictions, Y, np.ones(N), losses.SquaredError())
    assert chosen.sum() == pytest.approx(1)
    np.testing.assert_allclose(chosen, [0.8, 0.2, 0.0], atol=0.08)


def test_rows_of_no_weight_have_no_say():
    half = np.arange(N) < N // 2
    one, other = np.where(half[:, None], Y, 9.0), np.where(half[:, None], 9.0, Y)
    chosen = choose_weights([one, other], Y, half.astype(float), losses.SquaredError())
    np.testing.assert_array_equal(chosen, [1.0, 0.0])
