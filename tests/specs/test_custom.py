"""One's own optimizers, penalties and functions in a description."""

import dataclasses

import numpy as np
import pytest

import ravine as rv
from ravine.errors import ParameterError, SpecError
from ravine.specs.optimizers import OPTIMIZERS


@dataclasses.dataclass(frozen=True)
class SignDescent(rv.Optimizer):
    learning_rate: float | rv.Schedule = 0.01

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * np.sign(g)


class PlainDescent(rv.Optimizer):
    """No dataclass, and not frozen: allowed as well."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    init = SignDescent.init
    update = SignDescent.update


def test_ones_own_optimizer_stands_in_a_recipe():
    assert rv.Recipe(optimizer=SignDescent(0.5)).optimizer.learning_rate == 0.5
    assert rv.Recipe(optimizer=PlainDescent(0.5)).optimizer.learning_rate == 0.5


def test_ones_own_optimizer_gets_its_rate_checked():
    with pytest.raises(ParameterError, match="'learning_rate' parameter of SignDescent"):
        SignDescent(-1)
    with pytest.raises(ParameterError, match="'learning_rate' parameter of PlainDescent"):
        rv.Recipe(optimizer=PlainDescent("fast"))


def test_ones_own_optimizer_cannot_be_written_to_a_file():
    with pytest.raises(SpecError) as caught:
        rv.Recipe(optimizer=SignDescent()).to_dict()
    assert str(caught.value) == (
        "SignDescent is a class of your own and cannot be written to a file: only ravine's own "
        f"kinds ({', '.join(OPTIMIZERS.kinds)}) can be read back."
    )


def test_ones_own_optimizer_is_never_looked_up_by_name():
    with pytest.raises(SpecError, match="Unknown kind 'SignDescent'"):
        rv.Optimizer.from_dict({"kind": "SignDescent"})
    with pytest.raises(SpecError, match="Known kinds: none"):
        SignDescent.from_dict({"kind": "SignDescent"})


def test_a_class_of_ones_own_that_borrows_the_name_of_a_kind_is_not_that_kind():
    borrowed = dataclasses.make_dataclass("Adam", [], bases=(SignDescent,), frozen=True)
    with pytest.raises(SpecError, match="Adam is a class of your own"):
        borrowed().to_dict()


@pytest.mark.parametrize("missing", ["init", "update", "learning_rate"])
def test_an_optimizer_that_lacks_what_training_calls_is_refused(missing):
    body = {"init": SignDescent.init, "update": SignDescent.update, "learning_rate": 0.1}
    del body[missing]
    kind = type("Unfinished", (rv.Optimizer,), body)
    with pytest.raises(ParameterError, match=rf"The optimizer Unfinished must .*{missing}"):
        rv.Recipe(optimizer=kind())


def test_a_layer_of_ones_own_is_refused_because_the_engine_cannot_run_it():
    kind = dataclasses.make_dataclass("Twice", [], bases=(rv.Layer,), frozen=True)
    with pytest.raises(ParameterError, match="must be a layer of ravine's own"):
        rv.Network([kind()])


def double(X, y, rng):
    return np.concatenate([X, X]), np.concatenate([y, y])


def test_a_function_stands_as_augmentation_but_cannot_be_written_to_a_file():
    recipe = rv.Recipe(augmentation=[rv.Noise(0.1), double])
    assert recipe.augmentation == (rv.Noise(0.1), double)
    assert "double" in repr(recipe)
    with pytest.raises(SpecError) as caught:
        recipe.to_dict()
    assert str(caught.value) == (
        "The 'augmentation' of Recipe holds double, a function of your own, which cannot be "
        "written to a file."
    )


def test_the_engine_runs_built_in_rules_so_they_have_no_update_in_python():
    for call in (lambda: rv.Adam().init(3), lambda: rv.Adam().update(None, None, None, 1, 0.1)):
        with pytest.raises(NotImplementedError, match="Adam runs in the engine"):
            call()
