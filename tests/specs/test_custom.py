"""Custom parts in a description: ordinary classes that compare, show and change as others do."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

import ravine as rv
from ravine.errors import ParameterError, SpecError
from tests.builders.custom_parts import RELU, Jitter, Linear, Momentum, Relu, Ridge, Smooth
from tests.builders.custom_parts import Decay as DecayedRate


@dataclasses.dataclass(frozen=True)
class SignDescent(rv.Optimizer):
    learning_rate: float | rv.Schedule = 0.01

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * np.sign(g)


class Weighted(Smooth):
    def __init__(self, weights, **options):
        super().__init__(**options)
        self.weights = weights


# Ordinary classes.


def test_a_part_is_equal_and_hashable_by_its_arguments():
    assert Momentum(0.1) == Momentum(learning_rate=0.1, beta=0.9)
    assert hash(Momentum(0.1)) == hash(Momentum(0.1, beta=0.9))
    assert Momentum(0.1) != Momentum(0.2)
    assert Momentum(0.1) != SignDescent(0.1)
    assert Relu() == Relu()
    assert Relu() != Linear(3)
    assert len({Ridge(1.0), Ridge(1.0), Ridge(2.0)}) == 2


def test_arguments_may_be_lists_dictionaries_and_arrays():
    for make in (list, tuple, np.array, lambda values: {"a": list(values)}):
        one, other, third = (Weighted(make(values)) for values in ((1, 2), (1, 2), (1, 3)))
        assert one == other
        assert hash(one) == hash(other)
        assert one != third
    assert Weighted([1, 2], delta=2.0) != Weighted([1, 2])


def test_an_argument_that_cannot_be_compared_is_refused_at_once():
    with pytest.raises(TypeError, match="Weighted cannot be compared by its arguments"):
        Weighted(bytearray(b"ab"))


def test_a_part_shows_its_arguments():
    assert repr(Momentum(0.1)) == "Momentum(learning_rate=0.1)"
    assert repr(Momentum()) == "Momentum(learning_rate=0.01)"
    assert repr(Momentum(0.1, beta=0.5)) == "Momentum(learning_rate=0.1, beta=0.5)"
    assert repr(Ridge(0.5)) == "Ridge(0.5)"
    assert repr(Relu()) == "Relu()"
    assert repr(rv.Recipe(optimizer=Momentum(0.1), epochs=5)) == (
        "Recipe(optimizer=Momentum(learning_rate=0.1), epochs=5)"
    )


def test_a_part_is_changed_by_replace_alone():
    assert Momentum(0.1).replace(beta=0.5) == Momentum(0.1, beta=0.5)
    assert Weighted([1], delta=2.0).replace(weights=[2]) == Weighted([2], delta=2.0)
    recipe = rv.Recipe(optimizer=Momentum(0.1))
    assert recipe.replace(**{"optimizer.learning_rate": 0.3}).optimizer == Momentum(0.3)
    with pytest.raises(SpecError, match="Momentum has no field 'gamma'"):
        Momentum().replace(gamma=1)
    with pytest.raises(AttributeError, match="does not change: 'beta' cannot be set"):
        Momentum().beta = 0.5


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
@pytest.mark.parametrize("part", [Momentum(0.1, beta=0.5), Relu(), Ridge(2.0), Jitter(0.1), RELU])
def test_a_part_can_be_copied_and_pickled(part, way):
    assert way(part) == part
    assert hash(way(part)) == hash(part)
    assert repr(way(part)) == repr(part)


def test_a_call_with_wrong_arguments_says_which():
    with pytest.raises(TypeError, match=r"Momentum\(...\): got an unexpected keyword argument 'x'"):
        Momentum(x=1)


def test_a_class_without_an_init_says_that_it_has_none():
    class Forgotten(SignDescent):
        pass

    class Bare(rv.Optimizer):
        learning_rate: float = 0.1

    assert Forgotten(0.1).learning_rate == 0.1
    with pytest.raises(TypeError, match="neither an __init__ nor @dataclass"):
        Bare(0.2)


def test_a_subclass_of_a_built_in_kind_is_compared_by_all_its_arguments():
    class Tagged(rv.L2):
        def __init__(self, alpha, tag):
            super().__init__(alpha)
            object.__setattr__(self, "tag", tag)

    assert Tagged(0.1, "a") == Tagged(0.1, "a")
    assert Tagged(0.1, "a") != Tagged(0.1, "b")


# In networks and recipes.


def test_custom_parts_stand_wherever_built_in_ones_do():
    network = rv.Network([Linear(3), rv.Residual([Relu()]), rv.Dense(1, activation=RELU)], Smooth())
    assert network == rv.Network(list(network.layers), Smooth())
    assert hash(network) == hash(rv.Network(list(network.layers), Smooth()))
    recipe = rv.Recipe(
        optimizer=rv.SGD(np.cos, momentum=DecayedRate(0.9, 0.1)),
        penalty=Ridge(0.1),
        augmentation=[rv.Noise(0.1), Jitter(0.2)],
    )
    assert recipe.optimizer.learning_rate == rv.FunctionOfTime(np.cos)
    assert rv.Warmup(5, np.cos).then(0) == 1.0


def test_the_rate_of_a_custom_optimizer_is_checked():
    with pytest.raises(ParameterError, match="'learning_rate' parameter of SignDescent"):
        SignDescent(-1)
    with pytest.raises(ParameterError, match="'learning_rate' parameter of Momentum"):
        Momentum("fast")


@pytest.mark.parametrize(
    ("base", "missing", "use"),
    [
        (rv.Optimizer, "init", lambda part: rv.Recipe(optimizer=part)),
        (rv.Layer, "forward", lambda part: rv.Network([part])),
        (rv.losses.Loss, "value", lambda part: rv.Network([rv.Dense(1)], part)),
        (rv.Penalty, "value", lambda part: rv.Recipe(penalty=part)),
        (rv.Schedule, "value", rv.SGD),
        (rv.Augmentation, "__call__", lambda part: rv.Recipe(augmentation=part)),
    ],
)
def test_a_part_that_lacks_a_method_is_refused_before_anything_runs(base, missing, use):
    part = type("Unfinished", (base,), {})()
    with pytest.raises(ParameterError) as caught:
        use(part)
    assert str(caught.value) == (
        f"Unfinished, a custom subclass of {base.__name__}, must define {missing}()."
    )


def test_an_optimizer_without_a_learning_rate_is_refused():
    kind = type("Unfinished", (rv.Optimizer,), {"init": id, "update": id})
    with pytest.raises(ParameterError, match="must have an attribute 'learning_rate'"):
        rv.Recipe(optimizer=kind())


def test_a_part_that_cannot_be_hashed_is_refused():
    kind = dataclasses.make_dataclass("Loose", [("a", int)], bases=(Relu,))
    with pytest.raises(ParameterError, match=r"Loose, .* cannot be hashed"):
        rv.Network([kind(1)])


def test_a_part_must_not_have_the_name_of_a_built_in_one():
    with pytest.raises(ParameterError, match="Dense, a custom subclass of Layer, must not have"):
        rv.Network([type("Dense", (Relu,), {})()])


def test_an_activation_is_a_function_with_its_slope():
    assert repr(rv.Activation(np.sin, slope=np.cos)) == "Activation(sin, slope=cos)"
    with pytest.raises(ParameterError, match="The activation sin needs its derivative"):
        rv.Activation(np.sin)
    with pytest.raises(ParameterError, match="must be None for 'relu'"):
        rv.Activation("relu", slope=np.cos)
    with pytest.raises(ParameterError, match="must be an Activation") as caught:
        rv.Dense(3, activation=np.sin)
    assert caught.value.hint == "Write Activation(sin, slope=...)."
    with pytest.raises(TypeError, match="cannot be a subclass of Activation"):
        type("Mine", (rv.Activation,), {})


def test_a_custom_loss_has_traits_that_say_no_more_than_is_known():
    loss = Smooth()
    assert (loss.link, loss.targets, loss.classifies) == ("identity", "real", False)
    assert loss.unit_power is None
    with pytest.raises(SpecError, match="does not say which constant prediction"):
        loss.baseline(np.ones((3, 1)), np.ones(3))
    with pytest.raises(SpecError, match="The trait 'link' of the loss Odd must be one of"):
        type("Odd", (Smooth,), {"link": "square"})
    assert loss.mean([[1.0], [3.0]], [1.0, 1.0]) == 0.75


def test_custom_schedules_scale_but_their_peak_is_not_known():
    schedule = rv.FunctionOfTime(lambda t: 1 + t, unit="step")
    assert schedule.scaled(0.5)(3) == 2.0
    assert schedule.scaled(0.5).unit == "step"
    assert rv.Warmup(2, DecayedRate(0.1, 0.0)).scaled(3)(5) == pytest.approx(0.3)
    with pytest.raises(ParameterError, match=r"highest value of Decay.* is not known"):
        DecayedRate(0.1, 0.1).with_peak(0.5)


# No file carries code.


def test_what_is_custom_cannot_be_written_as_plain_data():
    with pytest.raises(SpecError) as caught:
        rv.Recipe(optimizer=SignDescent()).to_dict()
    assert str(caught.value).startswith(
        "SignDescent is a custom class and cannot be written as plain data: only ravine's own "
        "kinds (SGD, "
    )
    for part in (
        rv.Network([Relu()]),
        rv.Network([rv.Dense(1)], Smooth()),
        rv.Dense(1, activation=RELU),
        rv.SGD(np.cos),
        rv.Recipe(penalty=Ridge(1.0)),
        rv.Recipe(augmentation=Jitter(1.0)),
        rv.Recipe(augmentation=np.cos),
    ):
        with pytest.raises(SpecError, match="cannot be written as plain data"):
            part.to_dict()


def test_a_custom_class_is_never_looked_up_by_name():
    with pytest.raises(SpecError, match="Unknown kind 'SignDescent'"):
        rv.Optimizer.from_dict({"kind": "SignDescent"})
    with pytest.raises(SpecError, match="Known kinds: none"):
        SignDescent.from_dict({"kind": "SignDescent"})


def test_the_engine_runs_built_in_parts_so_they_have_no_methods_in_python():
    for call in (
        lambda: rv.Adam().init(3),
        lambda: rv.Adam().update(None, None, None, 1, 0.1),
        lambda: rv.Dense(3).forward(None, {}),
        lambda: rv.Dense(3).output_shape((3,)),
        lambda: rv.losses.Huber().slope(None, None),
        lambda: rv.L2(1.0).value(None),
    ):
        with pytest.raises(NotImplementedError, match="runs in the engine"):
            call()
