"""Short forms of descriptions, and changes of them."""

import numpy as np
import pytest

import ravine as rv
from ravine import initializers, losses
from ravine.errors import SpecError

# --- Shorthands and conversions ------------------------------------------------------------------

SHORTHANDS = [
    (lambda: rv.Recipe(optimizer="adam").optimizer, rv.Adam()),
    (lambda: rv.Recipe(optimizer="sgd").optimizer, rv.SGD()),
    (lambda: rv.Network([rv.Dense(1)], "quantile").loss, losses.Quantile()),
    (lambda: rv.Network([rv.Dense(1)]).loss, losses.SquaredError()),
    (lambda: rv.Dense(1, activation="gelu").activation, rv.Activation("gelu")),
    (lambda: rv.Dense(1, initializer="zeros").initializer, initializers.Constant(0.0)),
    (lambda: rv.Dense(1, initializer="he_normal").initializer, initializers.He("normal")),
    (lambda: rv.Dense(1, initializer="lecun_uniform").initializer, initializers.LeCun("uniform")),
    (lambda: rv.Recipe(augmentation=rv.Mixup()).augmentation, (rv.Mixup(),)),
    (lambda: rv.Embedding([1, 2], [3, 4], 5).dimension, (5, 5)),
    (lambda: rv.PiecewiseLinear(1, [1, 2], 5).bins, (5, 5)),
    (lambda: rv.Recipe(penalty={"kind": "L2", "alpha": 1}).penalty, rv.L2(1.0)),
]


@pytest.mark.parametrize(("make", "meaning"), SHORTHANDS)
def test_shorthands_become_what_they_stand_for(make, meaning):
    assert make() == meaning


def test_numpy_scalars_become_numbers_of_python():
    spec = rv.Recipe(
        seed=np.int64(3),
        dropout=np.float32(0.5),
        shuffle=np.bool_(False),
        optimizer=rv.Adam(np.float64(0.1)),
    )
    assert (type(spec.seed), type(spec.dropout), type(spec.shuffle)) == (int, float, bool)
    assert type(spec.optimizer.learning_rate) is float
    assert spec == rv.Recipe(seed=3, dropout=0.5, shuffle=False, optimizer=rv.Adam(0.1))


def test_a_whole_number_becomes_a_float_where_a_number_is_meant():
    assert repr(rv.L2(1)) == "L2(1.0)"


def test_the_kind_may_be_left_out_where_only_one_is_possible():
    assert rv.Recipe.from_dict({"epochs": 3}) == rv.Recipe(epochs=3)
    assert rv.Adam.from_dict({}) == rv.Adam()


@pytest.mark.parametrize(
    ("recipe", "rows"),
    [
        (rv.Recipe(), 128),
        (rv.Recipe(batch_size=7), 7),
        (rv.Recipe(optimizer="lbfgs"), "full"),
        (rv.Recipe(optimizer="rprop"), "full"),
        (rv.Recipe(optimizer="delta_bar_delta"), "full"),
        (rv.Recipe(optimizer="delta_bar_delta", batch_size=32), 32),
    ],
)
def test_no_batch_size_stands_for_128_or_for_all_rows_where_the_rule_wants_them(recipe, rows):
    assert recipe.rows_per_step == rows


# --- Changing a description ----------------------------------------------------------------------


def test_replace_reaches_into_fields_of_fields():
    recipe = rv.Recipe(optimizer=rv.SGD(rv.StepDecay(0.1, 0.5, 10), momentum=0.9))
    changed = recipe.replace(**{"optimizer.learning_rate.initial": 0.2, "seed": 5})
    assert changed.optimizer == rv.SGD(rv.StepDecay(0.2, 0.5, 10), momentum=0.9)
    assert changed.seed == 5
    assert recipe.optimizer.learning_rate.initial == 0.1


def test_replace_applies_dotted_names_to_what_the_same_call_puts_in():
    changed = rv.Recipe().replace(**{"optimizer": rv.SGD(), "optimizer.momentum": 0.5})
    assert changed == rv.Recipe(optimizer=rv.SGD(momentum=0.5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, "Recipe has no field 'epoch'. Its fields: optimizer, batch_size,"),
        ({"optimizer.rate": 3}, "Adam has no field 'rate'. Its fields: learning_rate,"),
        ({"penalty.alpha": 3}, "'penalty.alpha' cannot be reached: Recipe.penalty is None."),
    ],
)
def test_replace_names_what_does_not_exist(changes, message):
    with pytest.raises(SpecError) as caught:
        rv.Recipe().replace(**changes)
    assert str(caught.value).startswith(message)
