"""Each error of a description, by its message."""

import numpy as np
import pytest

import ravine as rv
from ravine import initializers
from ravine.errors import ParameterError, RavineError, SpecError
from ravine.specs.layers import LAYERS
from ravine.specs.optimizers import OPTIMIZERS

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
        f"The 'layers' parameter of Network must be a layer ({', '.join(LAYERS.kinds)}). "
        "Got a whole number of 16610 bits.",
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
        "The 'optimizer' parameter of Recipe must be one of "
        f"{str(list(OPTIMIZERS.shorthands))[1:-1]} or an optimizer object. Got 'adamm' (str).",
    ),
    (
        lambda: rv.Recipe(optimizer=rv.Adam),
        "The 'optimizer' parameter of Recipe must be an optimizer "
        f"({', '.join(OPTIMIZERS.kinds)}). Got the class Adam (write Adam(...)).",
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
        f"The 'layers' parameter of Network must be a layer ({', '.join(LAYERS.kinds)}). "
        "Got Adam(learning_rate=0.001) (Adam).",
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
        "PiecewiseLinear reads the columns of a table: it must be the first layer of a Network or "
        "come right after Normalize or Embedding. Here it is layer 2; one PiecewiseLinear can "
        "take several columns.",
    ),
    (
        lambda: rv.Periodic((2, 2)),
        "The 'columns' parameter of Periodic must be a tuple of distinct positions. "
        "Got (2, 2) (tuple).",
    ),
    (
        lambda: rv.Residual([rv.PiecewiseLinear(8, (0,), 2)]),
        "PiecewiseLinear reads the columns of a table: it cannot be in a Residual.",
    ),
    (
        lambda: rv.Synthesize(categories=(1, (1, 2))),
        "The 'categories' parameter of Synthesize must be columns named once each. "
        "Got (1, (1, 2)) (tuple).",
    ),
    (
        lambda: rv.Residual([rv.Normalize()]),
        "Normalize reads the columns of a table: it cannot be in a Residual.",
    ),
    (
        lambda: rv.Network([rv.Dense(2), rv.Normalize()]),
        "Normalize must be the very first layer of a Network. Here it is layer 2; BatchNorm "
        "standardises inside a network.",
    ),
    (
        lambda: rv.Network([rv.Normalize(), rv.Dense(2), rv.Embedding((0,), (2,), 1)]),
        "Embedding reads the columns of a table: it must be the first layer of a Network or come "
        "right after Normalize. Here it is layer 3; one Embedding can take several columns.",
    ),
    (
        lambda: rv.Recipe(optimizer="lbfgs", batch_size=32),
        "LBFGS needs all rows at every step: the 'batch_size' parameter of Recipe must be None or "
        "'full' with it. Got 32.",
    ),
    (
        lambda: rv.Recipe(optimizer="rprop", penalty=rv.L1(0.1, proximal=True)),
        "Rprop cannot be combined with L1(0.1, proximal=True): soft-thresholding needs steps "
        "that are a rate times the gradient, and its steps are not.",
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
     f"{', '.join(OPTIMIZERS.kinds)}."),
    (rv.Adam, {"kind": "SGD"}, "Unknown kind 'SGD' (str) of an optimizer. Known kinds: Adam."),
    (rv.Optimizer, {"kind": 3}, "Unknown kind 3 of an optimizer. Known kinds: "
     f"{', '.join(OPTIMIZERS.kinds)}."),
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
