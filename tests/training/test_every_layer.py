"""A network with any layer trains alone as in company, goes on from a checkpoint, and is saved."""

from __future__ import annotations

import numpy as np
import pytest

import ravine as rv
from tests.builders.layers import NETWORKS, Y
from tests.builders.same_models import assert_same_model

RECIPE = rv.Recipe(epochs=4, batch_size=7, seed=3)
each_network = pytest.mark.parametrize(("layers", "X"), NETWORKS.values(), ids=NETWORKS.keys())


@each_network
def test_it_trains_alone_as_in_company(layers, X):
    network = rv.Network(layers)
    recipes = [RECIPE, RECIPE.replace(optimizer="sgd", seed=4), RECIPE.replace(dtype="float64")]
    together = rv.train_many([rv.Job(network, recipe) for recipe in recipes], X, Y, threads=2)
    for recipe, member in zip(recipes, together, strict=True):
        assert_same_model(member, rv.train(network, X, Y, recipe, threads=1))


@each_network
def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_happened(layers, X, tmp_path):
    network, path = rv.Network(layers), tmp_path / "run.safetensors"

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rv.train(network, X, Y, RECIPE, checkpoint=path, callback=interrupt)
    assert len(rv.load(path).history) < RECIPE.epochs
    assert_same_model(rv.train(network, X, Y, RECIPE, start=path), rv.train(network, X, Y, RECIPE))


@each_network
def test_it_predicts_the_same_when_it_was_saved_and_loaded(layers, X, tmp_path):
    model = rv.train(rv.Network(layers), X, Y, RECIPE)
    model.save(tmp_path / "model.safetensors")
    again = rv.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
