"""ravine: `train` for one network, `train_many` for a population."""

import numpy as np

import ravine as rv
from benchmarks.speed.cases import LEARNING_RATE
from benchmarks.speed.systems import Training


def describe(case):
    """Give network and recipe."""
    layers = [rv.Dense(n, activation="relu", initializer="he_normal") for n in case.hidden]
    last = rv.Dense(case.outputs, initializer="he_normal")
    network = rv.Network(
        [*layers, last], loss="cross_entropy" if case.classifies else "squared_error"
    )
    recipe = rv.Recipe(optimizer=rv.Adam(LEARNING_RATE), batch_size=case.batch, epochs=case.epochs)
    return network, recipe


def start(case, X, y, threads):
    network, recipe = describe(case)

    def run(seed):
        if case.networks == 1:
            return [rv.train(network, X, y, recipe.replace(seed=seed), threads=threads)]
        jobs = [
            rv.Job(network, recipe.replace(seed=seed * case.networks + i))
            for i in range(case.networks)
        ]
        return rv.train_many(jobs, X, y, threads=threads)

    def outputs(models):
        if case.classifies:
            return np.log([model.predict_proba(X) for model in models])
        return [model.predict(X) for model in models]

    return [Training("ravine", run, outputs)]
