"""How often Synthesize's check warns: seldom of a Gaussian copula, nearly always of curves.

RAVINE_PROOFS=long draws 200 tables of each sort and size, and prints the rates.
"""

import os
from contextlib import nullcontext

import numpy as np
import pytest
from scipy.stats import binom, norm

import ravine as rv
from ravine.training.copula_check import find_misfit

LONG = os.environ.get("RAVINE_PROOFS") == "long"
TABLES = 200 if LONG else 20
SIZES = [(60, 2), (200, 4), (400, 10), (1000, 20)] if LONG else [(60, 2), (200, 4), (400, 6)]
CURVES = {
    "normal": lambda z: z,
    "skewed": np.exp,
    "heavy tails": lambda z: np.tan(np.pi * (norm.cdf(z) - 0.5)),
    "counts": lambda z: np.floor(2 * np.exp(z / 2)),
    "rounded": np.round,
    "halves": lambda z: (z > 0).astype(float),
    "rare": lambda z: (z > 1).astype(float),
}


def correlation(rng, width):
    factors = rng.normal(size=(width, max(1, width // 2)))
    matrix = factors @ factors.T + np.diag(rng.uniform(0.05, 1, size=width))
    scale = np.sqrt(np.diag(matrix))
    return matrix / scale / scale[:, None]


def with_margins(rng, z, names):
    return np.column_stack([CURVES[rng.choice(names)](column) for column in z.T])


def numbers_of_a_copula(rng, n, width):
    z = rng.multivariate_normal(np.zeros(width + 1), correlation(rng, width + 1), size=n)
    X = with_margins(rng, z[:, 1:], list(CURVES))
    return X, with_margins(rng, z[:, :1], list(CURVES)[:5]), 0


def lines_without_noise(rng, n, width):
    X = rng.normal(size=(n, width))
    return np.exp(X), np.exp(X @ rng.normal(size=(width, 1))), 0


def classes_with_a_copula_each(rng, n, width):
    y = np.sort(rng.integers(3, size=n))
    z = [
        rng.multivariate_normal(rng.normal(size=width), correlation(rng, width), size=count)
        for count in np.bincount(y, minlength=3)
    ]
    return with_margins(rng, np.concatenate(z), list(CURVES)[:3]), y[:, None], 3


def squares_and_products(rng, n, width):
    X = rng.normal(size=(n, width))
    y = X[:, 0] ** 2 + X[:, 0] * X[:, 1] + rng.uniform(0, 0.7) * rng.normal(size=n)
    return X, y[:, None], 0


def products_of_skewed_columns(rng, n, width):
    X = rng.normal(size=(n, width))
    y = X[:, 0] * X[:, 1] + X[:, 1] + 0.5 * rng.normal(size=n)
    return np.exp(X), y[:, None], 0


def waves(rng, n, width):
    X = rng.uniform(-2, 2, size=(n, width))
    return X, (np.cos(2 * X[:, 0]) + X[:, 1] / 2 + 0.3 * rng.normal(size=n))[:, None], 0


def crosswise_classes(rng, n, width):
    X = rng.normal(size=(n, width))
    return X, (X[:, 0] * X[:, 1] > 0)[:, None].astype(float), 2


def rate(make, n, width):
    rng = np.random.default_rng([n, width])
    warned = 0
    for _ in range(TABLES):
        X, y, classes = make(rng, n, width)
        found = find_misfit(X, y.astype(float), classes, rv.Synthesize(), [])
        warned += found is not None and found.is_certain
    print(f"{make.__name__}, {n} × {width}: warned of {warned} of {TABLES} tables")
    return warned


@pytest.mark.parametrize(
    "make", [numbers_of_a_copula, lines_without_noise, classes_with_a_copula_each]
)
def test_at_most_one_table_of_twenty_of_a_gaussian_copula_is_warned_of(make, capsys):
    with capsys.disabled() if LONG else nullcontext():
        warned = sum(rate(make, n, width) for n, width in SIZES)
    # the number that one rate of 5 % passes once in a thousand such proofs
    assert warned <= binom.ppf(0.999, TABLES * len(SIZES), 0.05)


@pytest.mark.parametrize(
    "make", [squares_and_products, products_of_skewed_columns, waves, crosswise_classes]
)
def test_at_least_nineteen_of_twenty_tables_of_curves_and_products_are_warned_of(make, capsys):
    with capsys.disabled() if LONG else nullcontext():
        for n, width in SIZES:
            if n >= (400 if make is crosswise_classes else 200):
                assert rate(make, n, width) >= binom.ppf(0.001, TABLES, 0.95)
