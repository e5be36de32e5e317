"""Descriptions: frozen data that checks itself, to a dictionary and back."""

import contextlib
import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ravine as rv
from ravine import initializers, losses
from ravine.engine import _engine
from ravine.errors import ParameterError, RavineError, SpecError
from ravine.specs.spec import MAX_DEPTH, Spec
from tests.builders.layers import EXAMPLES as LAYERS
from tests.builders.losses import EXAMPLES as LOSSES
from tests.builders.optimizers import CASES
from tests.builders.spec_strategies import FAMILIES, KINDS, specs

#: The field of an activation that is a function, which is no plain data.
ONLY_OF_FUNCTIONS = "slope"

# Each kind with every field away from its default.
EXAMPLES = [
    *LAYERS,
    *(case.example for case in CASES.values()),
    rv.ExponentialDecay(0.1, 0.2, unit="step"),
    rv.InverseDecay(0.1, 0.2, power=0.5, unit="step"),
    rv.StepDecay(0.1, 0.5, 3, unit="step"),
    rv.CosineDecay(0.1, final=0.01, length=7, unit="step"),
    rv.CyclicCosine(0.1, cycles=3, length=7, unit="step"),
    rv.Warmup(2, rv.ExponentialDecay(0.1, 0.2, unit="step"), unit="step"),
    rv.OneCycle(0.1, initial=0.01, final=0.02, peak=0.4, length=9, unit="step"),
    rv.ReduceOnPlateau(
        0.1, factor=0.5, patience=3, min_delta=0.01, minimum=0.001, monitor="val_loss"
    ),
    rv.L1(0.1, proximal=True, include_bias=True),
    rv.L2(0.1, include_bias=True),
    rv.ElasticNet(0.1, l1_ratio=0.3, proximal=True, include_bias=True),
    *LOSSES,
    initializers.Constant(0.5),
    initializers.Normal(0.1),
    initializers.Uniform(0.1),
    initializers.Glorot("normal"),
    initializers.He("uniform"),
    initializers.LeCun("uniform"),
    initializers.Orthogonal(2.0),
    rv.Rotate(15),
    rv.Shift(0.1),
    rv.Zoom(0.1),
    rv.Flip(horizontal=False, vertical=True),
    rv.Noise(0.1, relative=False),
    rv.Mixup(0.4),
    rv.Synthesize(0.5, categories=(3, (5, 6))),
    rv.EarlyStopping(patience=3, min_delta=0.01, monitor="val_r2", restore_best=False),
    rv.Network([rv.Normalize(), rv.Dense(4, activation="relu"), rv.Dense(1)], loss="huber"),
    rv.Recipe(
        optimizer=rv.SGD(0.1),
        batch_size=32,
        epochs=7,
        penalty=rv.L1(0.1),
        dropout=0.1,
        clip_norm=1.0,
        max_norm=2.0,
        augmentation=[rv.Noise(0.1), rv.Mixup()],
        validation_fraction=0.2,
        stopping=rv.EarlyStopping(),
        averaging=0.99,
        shuffle=False,
        seed=3,
        dtype="float64",
    ),
]


def kind_name(value):
    return value.__name__ if isinstance(value, type) else type(value).__name__


each_example = pytest.mark.parametrize("spec", EXAMPLES, ids=kind_name)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=kind_name)


def test_the_examples_cover_every_kind_once():
    assert sorted(kind_name(spec) for spec in EXAMPLES) == sorted(kind_name(k) for k in KINDS)


@each_example
def test_the_examples_leave_no_field_at_its_default(spec):
    for field in dataclasses.fields(spec):
        if field.name != ONLY_OF_FUNCTIONS:
            assert getattr(spec, field.name) != field.default, field.name


@each_kind
def test_every_field_has_a_rule_and_every_rule_a_field(kind):
    assert list(kind._rules) == [field.name for field in dataclasses.fields(kind)]


@each_example
def test_a_dictionary_through_json_gives_the_same_description(spec):
    again = type(spec).from_dict(json.loads(json.dumps(spec.to_dict(), allow_nan=False)))
    assert again == spec
    assert type(again) is type(spec)


@each_example
def test_the_family_finds_a_kind_by_its_name(spec):
    assert type(spec)._family.base.from_dict(spec.to_dict()) == spec


@each_example
def test_a_dictionary_names_the_kind_first_and_then_all_fields(spec):
    data = spec.to_dict()
    fields = [field.name for field in dataclasses.fields(spec) if field.name != ONLY_OF_FUNCTIONS]
    assert list(data) == ["kind", *fields]
    assert data["kind"] == type(spec).__name__


@each_example
def test_the_repr_is_an_expression_for_the_same_description(spec):
    names = {name: getattr(rv, name) for name in dir(rv) if name[0].isupper() and name in _BUILT}
    names |= vars(losses) | vars(initializers)
    assert eval(repr(spec), names) == spec


_BUILT = {kind.__name__ for kind in KINDS}


@each_example
def test_descriptions_are_immutable_hashable_and_survive_copies(spec):
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.kind = "other"
    for again in (copy.copy(spec), copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        assert again == spec
        assert hash(again) == hash(spec)


@each_kind
@given(data=st.data())
def test_random_descriptions_come_back_from_their_dictionary(kind, data):
    spec = data.draw(specs(kind))
    assert kind.from_dict(json.loads(json.dumps(spec.to_dict(), allow_nan=False))) == spec
    assert (
        eval(
            repr(spec),
            {name: getattr(rv, name) for name in _BUILT if name in rv.__all__}
            | vars(losses)
            | vars(initializers),
        )
        == spec
    )


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.sampled_from([np.float32(1.5), np.nan, object(), int, len, 10**4000, np.zeros(2)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.just("kind"), inner, max_size=3)
    ),
    max_leaves=6,
)


@each_kind
@given(data=st.data())
def test_whatever_a_field_is_given_the_answer_is_a_description_or_a_clear_error(kind, data):
    values = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(kind._rules, anything)))
    missing = [f for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    try:
        spec = kind.from_dict({"kind": kind.__name__} | values)
    except RavineError:
        pass  # each message has its own test below
    else:
        assert all(field.name in values for field in missing)
        assert isinstance(spec, kind)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.noun)
@given(data=anything)
def test_whatever_a_dictionary_holds_the_answer_is_a_description_or_a_clear_error(family, data):
    with contextlib.suppress(RavineError):  # each message has its own test below
        assert isinstance(family.base.from_dict(data), family.base)


# --- The engine reads the same dictionaries -------------------------------------------------------


def of(base):
    return pytest.mark.parametrize(
        "spec", [spec for spec in EXAMPLES if isinstance(spec, base)], ids=kind_name
    )


@of(rv.Layer)
def test_the_engine_knows_every_layer(spec):
    inputs = spec.layers[0].units if isinstance(spec, rv.Residual) else 8
    network = rv.Network([spec])
    assert _engine.Network64(network.to_dict(), (inputs,)).layers[0]["kind"] == kind_name(spec)


@of(losses.Loss)
def test_the_engine_knows_every_loss(spec):
    network = rv.Network([rv.Dense(3)], loss=spec)
    assert _engine.Network64(network.to_dict(), (2,)).n_outputs == 3


@of(initializers.Initializer)
def test_the_engine_knows_every_initializer(spec):
    engine = _engine.Network64(rv.Network([rv.Dense(3, initializer=spec)]).to_dict(), (2,))
    assert np.isfinite(engine.initialise(0)).all()


@of(rv.Penalty)
def test_the_engine_knows_every_penalty(spec):
    network = rv.Network([rv.Dense(1, penalty=spec)]).to_dict()
    one = np.ones((1, 1))
    objective = _engine.Objective64(network, (1,), rv.Recipe(batch_size="full").to_dict(), one, one)
    _, penalty, *_ = objective(np.array([2.0, 0.0]), np.empty(0), False)
    by_hand = {"L1": 0.1 * 2, "L2": 0.1 * 0.5 * 4, "ElasticNet": 0.1 * (0.3 * 2 + 0.7 * 0.5 * 4)}
    assert penalty == pytest.approx(by_hand[kind_name(spec)], rel=1e-15)  # a few roundings


@of(rv.Optimizer)
def test_the_engine_knows_every_optimizer(spec):
    assert _engine.Optimizer64(spec.to_dict(), 3, 10)


@of(rv.Augmentation)
def test_the_engine_knows_every_augmentation(spec):
    X, y = np.random.default_rng(0).random((6, 16)), np.zeros((6, 1))
    changed, _, _ = _engine.augment64([spec.to_dict()], (4, 4), (), X, y, 0, 0)
    assert changed.shape == X.shape


# --- Nesting -------------------------------------------------------------------------------------


def nested_dictionary(depth):
    data = {"kind": "Dense", "units": 1}
    for _ in range(depth):
        data = {"kind": "Residual", "layers": [data]}
    return data


def test_nesting_up_to_the_limit_is_fine_and_comes_back():
    layer = rv.Layer.from_dict(nested_dictionary(MAX_DEPTH - 2))
    network = rv.Network([layer])
    assert rv.Network.from_dict(network.to_dict()) == network
    assert hash(network) == hash(rv.Network.from_dict(network.to_dict()))


@pytest.mark.parametrize("depth", [MAX_DEPTH, 5_000, 200_000])
def test_a_dictionary_nested_too_deeply_is_an_error_not_a_crash(depth):
    data = nested_dictionary(depth)
    with pytest.raises(RavineError, match=f"nested deeper than {MAX_DEPTH} levels"):
        rv.Layer.from_dict(data)
    while data.get("layers"):  # taken apart by hand: even to free it is deep
        data = data.pop("layers")[0]


def test_a_dictionary_that_holds_itself_is_an_error_not_a_crash():
    data = {"kind": "Residual", "layers": []}
    data["layers"].append(data)
    with pytest.raises(SpecError, match="nested deeper than"):
        rv.Layer.from_dict(data)


def test_objects_nested_too_deeply_are_refused_when_made():
    layer = rv.Dense(1)
    for _ in range(MAX_DEPTH - 1):
        layer = rv.Residual([layer])
    with pytest.raises(ParameterError, match="Residual is nested deeper than 32 levels"):
        rv.Residual([layer])


# --- How it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (rv.Network([rv.Dense(1)]), "Network([Dense(1)], loss='squared_error')"),
        (rv.Network([rv.Dense(1)], losses.Huber(2)), "Network([Dense(1)], loss=Huber(delta=2.0))"),
        (rv.Recipe(), "Recipe(optimizer=Adam(learning_rate=0.001))"),
        (
            rv.Recipe(optimizer="sgd", penalty=rv.L2(0.1), epochs=3),
            "Recipe(optimizer=SGD(learning_rate=0.01), epochs=3, penalty=L2(0.1))",
        ),
        (rv.RMSprop(beta2=0.99), "RMSprop(learning_rate=0.001, beta2=0.99)"),
        (rv.Dense(3, initializer=initializers.Constant(1)), "Dense(3, initializer='ones')"),
        (rv.Adam(rv.Warmup(2, 0.1)), "Adam(learning_rate=Warmup(2.0, 0.1))"),
    ],
)
def test_the_repr_shows_the_learning_rate_and_what_differs_from_the_defaults(spec, text):
    assert repr(spec) == text


def test_a_notebook_shows_a_recipe_as_a_table_with_what_was_set_in_bold():
    shown = rv.Recipe(epochs=3)._repr_html_()
    assert "<tr><td>epochs</td><td><b><code>3</code></b></td></tr>" in shown
    assert "<tr><td>seed</td><td><code>0</code></td></tr>" in shown


def test_a_notebook_shows_a_network_as_a_table_of_layers():
    shown = rv.Network([rv.Dense(4, activation="relu"), rv.Dense(1)])._repr_html_()
    assert shown.count("<tr><td>") == 2
    assert "Dense(4, activation=&#x27;relu&#x27;)" in shown


def test_the_base_of_all_descriptions_is_one_class():
    assert all(issubclass(kind, Spec) for kind in KINDS)
