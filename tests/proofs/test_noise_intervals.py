"""Intervals of the noise scale on simulated rows, over and over.

Rows of a linear network whose gradients have known moments: ``g = −2 (x·b + e) (x, 1)`` at the
weights 0. An interval that says 95 % holds the true noise scale in 95 % of samples, within the
range that so many repeats leave to chance (binomial, 99.9 %), whether its upper end is finite in
all of them or not. RAVINE_PROOFS=long takes 2,000 repeats and prints the figures.
"""

import os

import numpy as np
import pytest
from scipy import stats

from ravine.diagnostics.noise_interval import noise_interval

LONG = os.environ.get("RAVINE_PROOFS") == "long"
REPEATS = 2000 if LONG else 300
LEAST, MOST = (x / REPEATS for x in stats.binom.interval(0.999, REPEATS, 0.95))


def true_scale(b, p):
    """Give tr Σ / ‖G‖² of g = −2 (b x₁ + e) x, with x and e standard normal."""
    square = 4 * b**2
    return (4 * (b**2 * (p + 2) + p) - square) / square


@pytest.mark.parametrize(("n", "p", "b"), [(400, 3, 1.0), (1000, 5, 0.3), (1000, 3, 0.2)])
def test_an_interval_covers_as_often_as_it_says(n, p, b):
    rng = np.random.default_rng([n, p])
    covered, infinite = [], []
    for _ in range(REPEATS):
        X, e = rng.normal(size=(n, p)), rng.normal(size=n)
        rows = -2 * (b * X[:, 0] + e)[:, None] * X
        low, high = noise_interval((rows**2).sum(axis=1), rows @ rows.sum(axis=0))
        covered.append(low <= true_scale(b, p) <= high)
        infinite.append(np.isinf(high))
    if LONG:
        print(n, p, b, np.mean(covered), np.mean(infinite))
    assert LEAST <= np.mean(covered) <= MOST


def test_at_a_minimum_the_upper_end_is_infinite():
    rng = np.random.default_rng(0)
    ends = []
    for _ in range(100):
        X, e = rng.normal(size=(200, 4)), rng.normal(size=200)
        rows = e[:, None] * X
        ends.append(noise_interval((rows**2).sum(axis=1), rows @ rows.sum(axis=0))[1])
    assert np.isinf(ends).mean() > 0.95
