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
from ravine import _engine, initializers, losses
from ravine.errors import ParameterError, RavineError, SpecError
from ravine.spec import MAX_DEPTH, Spec
from tests.builders.spec_strategies import FAMILIES, KINDS, specs

# Each kind with every field away from its default.
EXAMPLES = [
    rv.Normalize(),
    rv.Dense(
        3,
        activation=rv.Activation("elu", alpha=0.5),
        use_bias=False,
        initializer=initializers.Glorot("normal"),
        penalty=None,
    ),
    rv.Activation("leaky_relu", alpha=0.2),
    rv.BatchNorm(momentum=0.5, epsilon=1e-3),
    rv.LayerNorm(epsilon=1e-3),
    rv.Dropout(0.5, fades=True, length=20),
    rv.GaussianNoise(0.1),
    rv.Embedding((4, 1), (3, 7), (2, 5), initializer="orthogonal", penalty=rv.L2(0.1)),
    rv.PiecewiseLinear(
        3,
        (4, 1),
        (5, 7),
        activation="tanh",
        use_bias=False,
        pace=2.0,
        initializer="he_normal",
        penalty=None,
    ),
    rv.Periodic((4, 1), 3, initializer=initializers.Normal(0.1), penalty=rv.L1(0.1)),
    rv.Scale(pace=2.0, penalty=None),
    rv.Residual([rv.Dense(2), rv.Residual([rv.Dropout(0.1)])]),
    rv.Flatten(),
    rv.SGD(rv.CosineDecay(0.1, length=3), momentum=0.9, nesterov=True, weight_decay=0.1),
    rv.DeltaBarDelta(0.1, kappa=0.2, phi=0.3, theta=0.4),
    rv.Rprop(0.1, eta_minus=0.4, eta_plus=1.3, step_min=1e-4, step_max=1.0),
    rv.Adagrad(0.1, epsilon=1e-3, epsilon_inside_root=True, weight_decay=0.1),
    rv.RMSprop(0.1, beta2=0.8, epsilon=1e-3, epsilon_inside_root=True, weight_decay=0.1),
    rv.Adam(
        0.1,
        beta1=rv.CosineDecay(0.5, final=0.9),
        beta2=0.8,
        epsilon=1e-3,
        epsilon_inside_root=True,
        epsilon_hat=True,
        bias_correction=False,
        weight_decay=0.1,
    ),
    rv.AdamW(
        0.1,
        beta1=0.8,
        beta2=0.8,
        epsilon=1e-3,
        epsilon_inside_root=True,
        epsilon_hat=True,
        bias_correction=False,
        weight_decay=0.1,
    ),
    rv.LBFGS(0.5, memory=5, max_evaluations=9, c1=1e-3, c2=0.5),
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
    losses.SquaredError(),
    losses.AbsoluteError(),
    losses.Huber(2.0),
    losses.Quantile(0.9),
    losses.Poisson(),
    losses.Gamma(),
    losses.BinaryCrossEntropy(),
    losses.CrossEntropy(0.1),
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
    assert list(data) == ["kind", *(field.name for field in dataclasses.fields(spec))]
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


# --- Each error by its message -------------------------------------------------------------------

ERRORS = [
    # numbers
    (lambda: rv.Adam(beta1=1.0), "The 'beta1' parameter of Adam must be in [0, 1). Got 1.0."),
    (lambda: rv.Adam(beta2=-0.1), "The 'beta2' parameter of Adam must be in [0, 1). Got -0.1."),
    (lambda: rv.Adam(-1), "The 'learning_rate' parameter of Adam must be at least 0. Got -1.0."),
    (
        lambda: rv.Adam(float("nan")),
        "The 'learning_rate' parameter of Adam must be a finite number. Got nan.",
    ),
    (
        lambda: rv.Adam(np.float32("inf")),
        "The 'learning_rate' parameter of Adam must be a finite number. Got inf.",
    ),
    (
        lambda: rv.Adam(10**400),
        "The 'learning_rate' parameter of Adam must be a finite number. "
        "Got a whole number of 1329 bits.",
    ),
    (
        lambda: rv.Adam(True),
        "The 'learning_rate' parameter of Adam must be a number at least 0. Got True (bool).",
    ),
    (
        lambda: rv.Network([10**5000]),
        "The 'layers' parameter of Network must be a layer (Normalize, Dense, Activation, "
        "BatchNorm, LayerNorm, Dropout, GaussianNoise, Embedding, PiecewiseLinear, Periodic, "
        "Scale, Residual, Flatten). Got a whole number of 16610 bits.",
    ),
    (
        lambda: rv.Dense([10**5000]),
        "The 'units' parameter of Dense must be a whole number, at least 1. Got a list.",
    ),
    (
        lambda: rv.Adam("0.1"),
        "The 'learning_rate' parameter of Adam must be a number at least 0. Got '0.1' (str).",
    ),
    (
        lambda: rv.Adam(epsilon=0),
        "The 'epsilon' parameter of Adam must be greater than 0. Got 0.0.",
    ),
    (
        lambda: rv.Adam(epsilon=None),
        "The 'epsilon' parameter of Adam must be a number greater than 0. Got None.",
    ),
    (
        lambda: rv.Adam(epsilon=1j),
        "The 'epsilon' parameter of Adam must be a number greater than 0. Got 1j (complex).",
    ),
    (
        lambda: rv.StepDecay(0.1, factor=1.5, every=2),
        "The 'factor' parameter of StepDecay must be in (0, 1]. Got 1.5.",
    ),
    (
        lambda: initializers.Constant(np.nan),
        "The 'value' parameter of Constant must be a finite number. Got nan.",
    ),
    # whole numbers
    (
        lambda: rv.Dense(0),
        "The 'units' parameter of Dense must be a whole number, at least 1. Got 0.",
    ),
    (
        lambda: rv.Dense(2.0),
        "The 'units' parameter of Dense must be a whole number, at least 1. Got 2.0.",
    ),
    (
        lambda: rv.Dense(True),
        "The 'units' parameter of Dense must be a whole number, at least 1. Got True (bool).",
    ),
    (
        lambda: rv.Dense(2**31),
        "The 'units' parameter of Dense must be a whole number, at most 2147483647. "
        "Got 2147483648.",
    ),
    (
        lambda: rv.Recipe(seed=-1),
        "The 'seed' parameter of Recipe must be a whole number from 0 to 9223372036854775807. "
        "Got -1.",
    ),
    # flags and names
    (
        lambda: rv.SGD(momentum=0.9, nesterov=1),
        "The 'nesterov' parameter of SGD must be True or False. Got 1.",
    ),
    (
        lambda: initializers.He("gauss"),
        "The 'distribution' parameter of He must be one of 'uniform', 'normal'. Got 'gauss' (str).",
    ),
    (
        lambda: rv.Recipe(dtype="float16"),
        "The 'dtype' parameter of Recipe must be one of 'float32', 'float64'. Got 'float16' (str).",
    ),
    (
        lambda: rv.Dense(1, activation="rellu"),
        "The 'activation' parameter of Dense must be one of 'identity', 'relu', 'leaky_relu', "
        "'elu', 'selu', 'gelu', 'silu', 'mish', 'softplus', 'tanh', 'sigmoid'. "
        "Got 'rellu' (str).",
    ),
    # descriptions in descriptions
    (
        lambda: rv.Recipe(optimizer="adamm"),
        "The 'optimizer' parameter of Recipe must be one of 'sgd', 'delta_bar_delta', 'rprop', "
        "'adagrad', 'rmsprop', 'adam', 'adamw', 'lbfgs' or an optimizer object. "
        "Got 'adamm' (str).",
    ),
    (
        lambda: rv.Recipe(optimizer=rv.Adam),
        "The 'optimizer' parameter of Recipe must be an optimizer (SGD, DeltaBarDelta, Rprop, "
        "Adagrad, RMSprop, Adam, AdamW, LBFGS). Got the class Adam (write Adam(...)).",
    ),
    (
        lambda: rv.Recipe(penalty=0.1),
        "The 'penalty' parameter of Recipe must be a penalty (L1, L2, ElasticNet). Got 0.1.",
    ),
    (
        lambda: rv.Recipe(stopping=10),
        "The 'stopping' parameter of Recipe must be a stopping rule (EarlyStopping). Got 10.",
    ),
    (
        lambda: rv.Recipe(augmentation=rv.Flip),
        "The 'augmentation' parameter of Recipe must be an augmentation or a function. "
        "Got the class Flip (write Flip(...)).",
    ),
    (
        lambda: rv.Dense(1, activation=3),
        "The 'activation' parameter of Dense must be None, an Activation or its name. Got 3.",
    ),
    (
        lambda: rv.Network(rv.Dense(1)),
        "The 'layers' parameter of Network must be a list or a tuple. Got Dense(1) (Dense).",
    ),
    (
        lambda: rv.Network([]),
        "The 'layers' parameter of Network must be a list of at least 1 item(s). Got [] (list).",
    ),
    (
        lambda: rv.Residual(()),
        "The 'layers' parameter of Residual must be a list of at least 1 item(s). Got () (tuple).",
    ),
    (
        lambda: rv.Network([rv.Adam()]),
        "The 'layers' parameter of Network must be a layer (Normalize, Dense, Activation, "
        "BatchNorm, LayerNorm, Dropout, GaussianNoise, Embedding, PiecewiseLinear, Periodic, "
        "Scale, Residual, Flatten). Got Adam(learning_rate=0.001) (Adam).",
    ),
    (
        lambda: rv.Adam(learning_rate=rv.L2(1)),
        "The 'learning_rate' parameter of Adam must be a number at least 0. Got L2(1.0) (L2).",
    ),
    # fields that go together
    (
        lambda: rv.SGD(nesterov=True),
        "The 'momentum' parameter of SGD must be greater than 0 when nesterov is True. Got 0.0.",
    ),
    (
        lambda: rv.SGD(momentum=rv.StepDecay(1.0, 0.5, 2)),
        "The 'momentum' parameter of SGD must stay in [0, 1). StepDecay(1.0, 0.5, 2.0) reaches 1.",
    ),
    (
        lambda: rv.Adam(beta1=rv.ReduceOnPlateau(0.5)),
        "The 'beta1' parameter of Adam must be a number or a schedule of time alone. "
        "Got ReduceOnPlateau(0.5) (ReduceOnPlateau).",
    ),
    (
        lambda: rv.Adam(beta1=rv.Warmup(2, rv.ReduceOnPlateau(0.5))),
        "The 'beta1' parameter of Adam must be a number or a schedule of time alone. "
        "Got Warmup(2.0, ReduceOnPlateau(0.5)) (Warmup).",
    ),
    (
        lambda: rv.Rprop(step_min=1.0, step_max=0.5),
        "The 'step_max' parameter of Rprop must be at least its step_min, 1. Got 0.5.",
    ),
    (
        lambda: rv.Rprop(rv.StepDecay(0.1, 0.5, 2)),
        "The 'learning_rate' parameter of Rprop must be a number at least 0. "
        "Got StepDecay(0.1, 0.5, 2.0) (StepDecay).",
    ),
    (
        lambda: rv.LBFGS(c1=0.9, c2=0.5),
        "The 'c1' parameter of LBFGS must be less than its c2, 0.5. Got 0.9.",
    ),
    (
        lambda: rv.OneCycle(0.1, initial=0.2),
        "The 'initial' parameter of OneCycle must be at most its maximum, 0.1. Got 0.2.",
    ),
    (
        lambda: rv.ReduceOnPlateau(0.1, minimum=0.2),
        "The 'minimum' parameter of ReduceOnPlateau must be at most its initial value, 0.1. "
        "Got 0.2.",
    ),
    (
        lambda: rv.Warmup(5, rv.StepDecay(0.1, 0.5, 2, unit="step")),
        "The 'then' parameter of Warmup must count in its own unit, 'epoch'. "
        "StepDecay(0.1, 0.5, 2.0, unit='step') counts in 'step'.",
    ),
    (
        lambda: rv.Activation("relu", alpha=0.1),
        "The 'alpha' parameter of Activation must be None for 'relu', which has none. Got 0.1.",
    ),
    (
        lambda: rv.Embedding((1, 1), (2, 2), 3),
        "The 'columns' parameter of Embedding must be a tuple of distinct positions. "
        "Got (1, 1) (tuple).",
    ),
    (
        lambda: rv.Embedding((0, 1), (2,), 3),
        "The 'levels' parameter of Embedding must be as long as its columns, 2. Got (2,) (tuple).",
    ),
    (
        lambda: rv.Embedding((0, 1), (2, 2), (3,)),
        "The 'dimension' parameter of Embedding must be as long as its columns, 2. "
        "Got (3,) (tuple).",
    ),
    (
        lambda: rv.PiecewiseLinear(8, (1, 1), 2),
        "The 'columns' parameter of PiecewiseLinear must be a tuple of distinct positions. "
        "Got (1, 1) (tuple).",
    ),
    (
        lambda: rv.PiecewiseLinear(8, (0, 1), (2,)),
        "The 'bins' parameter of PiecewiseLinear must be as long as its columns, 2. "
        "Got (2,) (tuple).",
    ),
    (
        lambda: rv.Network([rv.Dense(2), rv.PiecewiseLinear(8, (0,), 2)]),
        "PiecewiseLinear reads a table's own columns: it must be the first layer of a Network or "
        "stand right behind Normalize or Embedding. Here it is layer 2; one PiecewiseLinear can "
        "take several columns.",
    ),
    (
        lambda: rv.Periodic((2, 2)),
        "The 'columns' parameter of Periodic must be a tuple of distinct positions. "
        "Got (2, 2) (tuple).",
    ),
    (
        lambda: rv.Residual([rv.PiecewiseLinear(8, (0,), 2)]),
        "PiecewiseLinear reads a table's own columns: it cannot stand in a Residual.",
    ),
    (
        lambda: rv.Synthesize(categories=(1, (1, 2))),
        "The 'categories' parameter of Synthesize must be columns named once each. "
        "Got (1, (1, 2)) (tuple).",
    ),
    (
        lambda: rv.Residual([rv.Normalize()]),
        "Normalize reads a table's own columns: it cannot stand in a Residual.",
    ),
    (
        lambda: rv.Network([rv.Dense(2), rv.Normalize()]),
        "Normalize must be the very first layer of a Network. Here it is layer 2; BatchNorm "
        "standardises inside a network.",
    ),
    (
        lambda: rv.Network([rv.Normalize(), rv.Dense(2), rv.Embedding((0,), (2,), 1)]),
        "Embedding reads a table's own columns: it must be the first layer of a Network or stand "
        "right behind Normalize. Here it is layer 3; one Embedding can take several columns.",
    ),
    (
        lambda: rv.Recipe(optimizer="lbfgs", batch_size=32),
        "LBFGS needs all rows at every step: the 'batch_size' parameter of Recipe must be None or "
        "'full' with it. Got 32.",
    ),
    (
        lambda: rv.Recipe(optimizer="rprop", penalty=rv.L1(0.1, proximal=True)),
        "Rprop cannot go with L1(0.1, proximal=True): soft-thresholding after the step needs a "
        "learning rate, which its steps do not have.",
    ),
    (
        lambda: rv.Recipe(batch_size="all"),
        "The 'batch_size' parameter of Recipe must be a whole number, at least 1. Got 'all' (str).",
    ),
    (
        lambda: rv.EarlyStopping(monitor="val_f1"),
        "The 'monitor' parameter of EarlyStopping must be one of 'loss', 'val_loss', "
        "'val_accuracy', 'val_r2', 'val_rmse'. Got 'val_f1' (str).",
    ),
]


@pytest.mark.parametrize(
    ("make", "message"), ERRORS, ids=lambda case: None if callable(case) else case[4:60]
)
def test_a_bad_value_is_refused_by_name_rule_and_value(make, message):
    with pytest.raises(ParameterError) as caught:
        make()
    assert str(caught.value) == message


SPEC_ERRORS = [
    (rv.Optimizer, {"kind": "Adamm"}, "Unknown kind 'Adamm' (str) of an optimizer. Known kinds: "
     "SGD, DeltaBarDelta, Rprop, Adagrad, RMSprop, Adam, AdamW, LBFGS."),
    (rv.Adam, {"kind": "SGD"}, "Unknown kind 'SGD' (str) of an optimizer. Known kinds: Adam."),
    (rv.Optimizer, {"kind": 3}, "Unknown kind 3 of an optimizer. Known kinds: "
     "SGD, DeltaBarDelta, Rprop, Adagrad, RMSprop, Adam, AdamW, LBFGS."),
    (rv.Penalty, {"alpha": 1.0}, "The description of a penalty lacks its 'kind'. Known kinds: "
     "L1, L2, ElasticNet."),
    (rv.Penalty, {"kind": "L2", "alfa": 1.0}, "L2 has no field 'alfa'. Its fields: alpha, "
     "include_bias."),
    (rv.Layer, {"kind": "Flatten", "x": 1}, "Flatten has no field 'x'. Its fields: none."),
    (rv.Layer, {"kind": "Flatten", 3: 1}, "Flatten has no field '3'. Its fields: none."),
    (rv.Penalty, {"kind": "L2"}, "L2 lacks its field 'alpha'."),
    (rv.Recipe, {"optimizer": {"kind": "Adam", "beta3": 0.9}}, "Adam has no field 'beta3'. Its "
     "fields: learning_rate, beta1, beta2, epsilon, epsilon_inside_root, epsilon_hat, "
     "bias_correction, weight_decay."),
    (rv.Network, [], "The description of a network must be a dictionary. Got [] (list)."),
]  # fmt: skip


@pytest.mark.parametrize(("base", "data", "message"), SPEC_ERRORS)
def test_a_bad_dictionary_is_refused_and_what_is_known_is_listed(base, data, message):
    with pytest.raises(SpecError) as caught:
        base.from_dict(data)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda: rv.Optimizer.from_dict({"kind": "Adamm"}), "Did you mean 'Adam'?"),
        (lambda: rv.L2.from_dict({"alfa": 1}), "Did you mean 'alpha'?"),
        (lambda: rv.Recipe(optimizer="adamm"), "Did you mean 'adam'?"),
        (lambda: rv.Dense(1, activation="rellu"), "Did you mean 'relu'?"),
        (lambda: rv.Recipe(optimizer="quantum"), None),
    ],
)
def test_a_typing_error_is_answered_with_the_nearest_name(make, hint):
    with pytest.raises(RavineError) as caught:
        make()
    assert caught.value.hint == hint


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
    engine = _engine.Network64(rv.Network([rv.Dense(1, penalty=spec)]).to_dict(), (1,))
    w, s = np.array([2.0, 0.0]), engine.initial_state()
    _, penalty, *_ = engine.objective(w, s, np.ones((1, 1)), np.ones((1, 1)), None, None, 0, False)
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


# --- One's own classes and functions -------------------------------------------------------------


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
        "kinds (SGD, DeltaBarDelta, Rprop, Adagrad, RMSprop, Adam, AdamW, LBFGS) can be read back."
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
