"""A population of P is P runs alone, bit for bit, whatever the number of threads."""

import re

import numpy as np
import pytest

import ravine as rv
from tests.builders.optimizers import CASES
from tests.builders.same_models import assert_same_model

STACKS = {
    "dense": [rv.Dense(8, activation="relu"), rv.Dense(1)],
    "norms and dropout": [
        rv.Normalize(),
        rv.Dense(8),
        rv.BatchNorm(),
        rv.Activation("silu"),
        rv.Dropout(0.3),
        rv.Residual([rv.LayerNorm(), rv.Dense(8, activation="tanh"), rv.GaussianNoise(0.1)]),
        rv.Dense(1),
    ],
}
RECIPES = [
    *(case.trains for case in CASES.values()),
    rv.Recipe(
        optimizer=rv.Adam(0.02),
        batch_size=16,
        epochs=30,
        augmentation=(rv.Noise(0.1), rv.Mixup(0.3)),
        stopping=rv.EarlyStopping(patience=3),
        seed=6,
    ),
]


def table(n=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 5))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=n)


def jobs(dtype):
    rng = np.random.default_rng(1)
    made = []
    for layers in STACKS.values():
        for recipe in RECIPES:
            order = rng.permutation(200)
            made.append(
                rv.Job(
                    rv.Network(layers),
                    recipe.replace(dtype=dtype),
                    rows=order[:137],
                    validation_rows=order[150:],
                )
            )
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_population_is_its_runs_alone_bit_for_bit(threads, dtype):
    X, y = table()
    population = jobs(dtype)
    together = rv.train_many(population, X, y, threads=threads)
    assert len(together) == len(population)
    for job, member in zip(population, together, strict=True):
        held_out = (X[job.validation_rows], y[job.validation_rows])
        alone = rv.train(
            job.network, X[job.rows], y[job.rows], job.recipe, validation=held_out, threads=1
        )
        assert_same_model(member, alone)


def test_the_order_and_the_company_of_a_run_do_not_matter():
    X, y = table()
    population = jobs("float32")
    forwards = rv.train_many(population, X, y, threads=2)
    backwards = rv.train_many(population[::-1], X, y, threads=2)
    for one, other in zip(forwards, backwards[::-1], strict=True):
        assert_same_model(one, other)


def test_two_classes_of_jobs_share_rows_that_repeat():
    # A bootstrap names rows more than once: as if the table had them more than once.
    X, y = table()
    rows = np.random.default_rng(5).integers(0, 200, 200)
    network, recipe = rv.Network(STACKS["dense"]), RECIPES[0]
    (member,) = rv.train_many([rv.Job(network, recipe, rows=rows)], X, y)
    alone = rv.train(network, X[rows], y[rows], recipe)
    for name in alone.parameters:
        np.testing.assert_array_equal(member.parameters[name], alone.parameters[name])


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    X, y = table()
    network = rv.Network(STACKS["norms and dropout"])
    first, again, other = (
        rv.train(network, X, y, rv.Recipe(batch_size=32, epochs=3, seed=seed)) for seed in (1, 1, 2)
    )
    for name in first.parameters:
        np.testing.assert_array_equal(first.parameters[name], again.parameters[name])
    assert any(
        not np.array_equal(first.parameters[name], other.parameters[name])
        for name in first.parameters
    )


def test_a_member_that_diverges_says_so_and_takes_no_other_with_it():
    X, y = table()
    network = rv.Network(STACKS["dense"])
    wild = rv.Recipe(optimizer=rv.SGD(1e6), batch_size=20, epochs=5)
    tame = RECIPES[0]
    models = rv.train_many([rv.Job(network, r) for r in (tame, wild, tame)], X, y, threads=2)
    assert [model.status for model in models] == ["finished", "diverged", "finished"]
    assert re.search(
        r"run 2 of 3 .* at step \d+ \(epoch 1\).* rate \(now 1e\+06\)", models[1].message
    )
    for survivor in (models[0], models[2]):
        assert_same_model(survivor, rv.train(network, X, y, tame))
    with pytest.raises(rv.errors.DivergenceError, match=r"at step \d+ .*rate \(now 1e\+06\)"):
        rv.train(network, X, y, wild)
