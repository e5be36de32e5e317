"""What training must withstand: whatever it is given, an error of ravine's or a good model.

Nothing crashes, no other exception comes out (warnings are errors here), no result is of the wrong
shape or not finite.
"""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.errors import DivergenceError, RavineError
from ravine.specs.losses import LOSSES as FAMILY
from tests.builders.losses import CASES, targets

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def attempt(function):
    """What the function gives, or the error of ravine's that it raises instead."""
    try:
        return function()
    except RavineError as error:
        return error


# --- random descriptions ------------------------------------------------------------------------

WRONG = st.sampled_from(
    [None, True, -1, 0, 1, 2**70, 0.5, -0.5, 1e300, float("nan"), float("inf"), "", "relu", [], {}]
)
UNITS = st.integers(1, 6)
ACTIVATIONS = st.sampled_from([None, "relu", "tanh", "gelu", "selu", "softplus", "mish", "elu"])
INITIALIZERS = st.sampled_from(
    [None, "zeros", "ones", "orthogonal", "he_normal", "lecun_uniform", "glorot_uniform", "normal"]
)
PENALTIES = st.sampled_from(
    [
        None,
        {"kind": "L1", "alpha": 0.01},
        {"kind": "L1", "alpha": 0.1, "proximal": True, "include_bias": True},
        {"kind": "L2", "alpha": 0.5},
        {"kind": "ElasticNet", "alpha": 0.1, "l1_ratio": 0.2, "proximal": True},
        {"kind": "L2", "alpha": 1e6},
    ]
)
RATES = st.one_of(
    st.sampled_from([0.0, 1e-3, 0.1, 10.0, 1e10, 1e300]),
    st.sampled_from(
        [
            {"kind": "ExponentialDecay", "initial": 0.1, "rate": 0.1},
            {"kind": "InverseDecay", "initial": 0.1, "rate": 0.1, "power": 2.0, "unit": "step"},
            {"kind": "StepDecay", "initial": 0.1, "factor": 0.5, "every": 2},
            {"kind": "CosineDecay", "initial": 0.1},
            {"kind": "Warmup", "length": 2, "then": 0.05},
            {"kind": "OneCycle", "maximum": 0.1},
            {"kind": "ReduceOnPlateau", "initial": 0.1, "patience": 1},
        ]
    ),
)
RULES = st.sampled_from(
    ["SGD", "DeltaBarDelta", "Rprop", "Adagrad", "RMSprop", "Adam", "AdamW", "LBFGS"]
)


def dense(units=UNITS):
    return st.fixed_dictionaries(
        {"kind": st.just("Dense"), "units": units},
        optional={
            "activation": ACTIVATIONS,
            "use_bias": st.booleans(),
            "initializer": INITIALIZERS,
            "penalty": PENALTIES | st.just("recipe"),
        },
    )


SIMPLE = st.one_of(
    dense(),
    st.sampled_from(
        [
            {"kind": "BatchNorm"},
            {"kind": "LayerNorm"},
            {"kind": "Dropout", "rate": 0.5},
            {"kind": "Dropout", "rate": 0.99},
            {"kind": "GaussianNoise", "stddev": 1.0},
            {"kind": "Activation", "name": "sigmoid"},
            {"kind": "Flatten"},
        ]
    ),
)
EMBEDDING = st.just({"kind": "Embedding", "columns": [0, 2], "levels": [3, 2], "dimension": [2, 1]})
LAYERS = st.recursive(
    SIMPLE,
    lambda inner: st.fixed_dictionaries(
        {"kind": st.just("Residual"), "layers": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=4,
)
BINS = st.just({"kind": "PiecewiseLinear", "units": 3, "columns": [0, 2], "bins": [3, 1]})
FIRST = st.lists(st.just({"kind": "Normalize"}) | EMBEDDING | BINS | SIMPLE, max_size=2)
LOSSES = st.sampled_from([*FAMILY.shorthands, *(case.loss.to_dict() for case in CASES)])
AUGMENTATIONS = st.lists(
    st.sampled_from(
        [
            {"kind": "Noise", "stddev": 0.1},
            {"kind": "Mixup", "alpha": 0.2},
            {"kind": "Synthesize", "fraction": 0.5},
            {"kind": "Rotate", "degrees": 20},
            {"kind": "Shift", "fraction": 0.2},
            {"kind": "Zoom", "fraction": 0.2},
            {"kind": "Flip"},
        ]
    ),
    max_size=2,
)
STOPPINGS = st.sampled_from(
    [
        None,
        {"kind": "EarlyStopping", "patience": 1},
        {"kind": "EarlyStopping", "patience": 2, "monitor": "loss"},
        {"kind": "EarlyStopping", "patience": 2, "monitor": "val_accuracy"},
        {"kind": "EarlyStopping", "patience": 1, "monitor": "val_r2", "restore_best": False},
    ]
)

NETWORKS = st.fixed_dictionaries(
    {
        "kind": st.just("Network"),
        "layers": st.builds(
            lambda first, middle, last: [*first, *middle, last],
            FIRST,
            st.lists(LAYERS, max_size=3),
            dense(st.sampled_from([1, 2, 3])),
        ),
        "loss": LOSSES,
    }
)
RECIPES = st.fixed_dictionaries(
    {
        "kind": st.just("Recipe"),
        "optimizer": st.builds(
            lambda kind, rate: {"kind": kind, "learning_rate": rate}, RULES, RATES
        ),
        "epochs": st.integers(1, 3),
    },
    optional={
        "batch_size": st.sampled_from([None, "full", 1, 2, 7, 1000]),
        "penalty": PENALTIES,
        "dropout": st.sampled_from([0.0, 0.3]),
        "clip_norm": st.sampled_from([None, 1e-3, 1.0]),
        "max_norm": st.sampled_from([None, 1e-3, 1.0]),
        "augmentation": AUGMENTATIONS,
        "validation_fraction": st.sampled_from([0.0, 0.01, 0.3, 0.99]),
        "stopping": STOPPINGS,
        "averaging": st.sampled_from([None, 0.5, 0.999]),
        "shuffle": st.booleans(),
        "seed": st.integers(0, 5),
        "dtype": st.sampled_from(["float32", "float64"]),
    },
)


def spoilt(draw, description):
    """The same description with one value, somewhere, replaced by something else."""
    places = []

    def walk(value):
        if isinstance(value, dict | list):
            for key in value if isinstance(value, dict) else range(len(value)):
                places.append((value, key))
                walk(value[key])

    description = copied(description)
    walk(description)
    holder, key = places[draw(st.integers(0, len(places) - 1))]
    holder[key] = draw(WRONG)
    return description


def copied(value):
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=400, suppress_health_check=SLOW)
@given(st.data(), st.sampled_from([(rv.Network, NETWORKS), (rv.Recipe, RECIPES)]))
def test_any_description_is_read_back_the_same_or_refused(data, family):
    kind, strategy = family
    description = spoilt(data.draw, data.draw(strategy))
    spec = attempt(lambda: kind.from_dict(description))
    if isinstance(spec, RavineError):
        assert str(spec)
        return
    assert kind.from_dict(spec.to_dict()) == spec
    assert isinstance(repr(spec), str)


# --- random arrays ------------------------------------------------------------------------------

PLAIN = st.floats(-3, 3, width=32)
ODD = st.sampled_from([0.0, -0.0, 1e-40, 1e-8, 1e8, 1e30, 3e38, -3e38, 1e300, np.nan, np.inf])
DTYPES = st.sampled_from(["float64", "float32", "float16", "int64", "int8", "bool", "object"])


@st.composite
def inputs(draw, rows):
    columns = draw(st.integers(0, 5) if draw(st.integers(0, 9)) == 0 else st.integers(3, 5))
    shape = draw(st.sampled_from([(rows, columns)] * 8 + [(rows, 3, 4), (rows, 3, 4, 2), (rows,)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    X = rng.normal(size=shape)
    if X.ndim == 2 and draw(st.booleans()):
        X = np.floor(np.abs(X))  # codes, perhaps
    if X.size and draw(st.integers(0, 3)) == 0:
        X.flat[draw(st.integers(0, X.size - 1))] = draw(ODD | PLAIN)
    if X.ndim == 2 and columns and draw(st.integers(0, 4)) == 0:
        X[:, draw(st.integers(0, columns - 1))] = draw(PLAIN)
    return laid_out(draw, X)


@st.composite
def outputs(draw, rows):
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    y = draw(
        st.sampled_from(
            [
                rng.normal(size=rows),
                rng.normal(size=(rows, 1)),
                rng.normal(size=(rows, 2)),
                rng.poisson(2, size=rows),
                rng.gamma(2, size=(rows, 1)),
                rng.integers(0, 2, rows),
                rng.integers(0, 3, rows),
                rng.integers(-1, 2, (rows, 1)),
                rng.integers(0, 2, (rows, 2)),
                np.full(rows, 2.5),
                np.zeros(rows),
                np.array(["no", "yes"])[rng.integers(0, 2, rows)],
                np.array(["a", "b", "c"], dtype=object)[rng.integers(0, 3, rows)],
                np.array([True, False])[rng.integers(0, 2, rows)],
                rng.normal(size=(rows, 2, 2)),
                1e30 * rng.normal(size=rows),
            ]
        )
    )
    if y.dtype.kind == "f" and y.size and draw(st.integers(0, 5)) == 0:
        y = y.copy()
        y.flat[0] = draw(ODD)
    return y if y.dtype.kind in "OU" else laid_out(draw, y)


def laid_out(draw, array):
    """The same numbers as another type, or otherwise in memory."""
    if draw(st.integers(0, 3)) == 0:
        with np.errstate(all="ignore"):
            array = array.astype(draw(DTYPES))
    how = draw(st.sampled_from(["as it is", "Fortran", "strided", "reversed", "read-only", "list"]))
    if how == "Fortran":
        array = np.asfortranarray(array)
    elif how == "strided":
        array = np.repeat(array, 2, axis=0)[::2]
    elif how == "reversed":
        array = array[::-1]
    elif how == "read-only":
        array = array.copy()
        array.flags.writeable = False
    elif how == "list":
        return array.tolist()
    return array


@settings(max_examples=400, suppress_health_check=SLOW)
@given(st.data(), NETWORKS, RECIPES, st.sampled_from([0, 1, 2, 3, 20, 20, 20, 33, 64, 64]))
def test_training_on_anything_gives_an_error_of_ravines_or_a_good_model(
    data, network, recipe, rows
):
    X = data.draw(inputs(rows))
    y = data.draw(outputs(data.draw(st.sampled_from([rows] * 9 + [rows + 1]))))
    weight = data.draw(
        st.sampled_from(
            [None] * 6
            + [np.ones(rows), np.zeros(rows), np.arange(rows), -np.ones(rows), [1.0], np.nan]
        )
    )
    threads = data.draw(st.sampled_from([None, 1, 2]))
    model = attempt(
        lambda: rv.train(
            rv.Network.from_dict(network),
            X,
            y,
            rv.Recipe.from_dict(recipe),
            sample_weight=weight,
            threads=threads,
        )
    )
    if isinstance(model, RavineError):
        assert str(model).strip()
    else:
        assert_good(model, X, y)


def assert_good(model, X, y):
    assert model.status in ("finished", "stopped early", "converged")
    for name, array in {**model.parameters, **model.state}.items():
        assert np.all(np.isfinite(array)), name
    n = len(X)
    predicted, scores = model.predict(X), model.evaluate(X, y)
    assert np.all(np.isfinite(predicted)) if predicted.dtype.kind == "f" else True
    assert len(predicted) == n
    if model.classes is not None:
        assert predicted.shape == (n,)
        assert set(predicted.tolist()) <= set(model.classes.tolist())
        probabilities = model.predict_proba(X)
        assert probabilities.shape == (n, len(model.classes))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    else:
        assert predicted.shape == np.shape(y) or predicted.shape == (n, np.shape(y)[-1])
    assert np.isfinite(scores["loss"])
    assert 1 <= len(model.history) <= model.recipe.epochs
    assert isinstance(model.summary(), str)


# --- sound descriptions, suited to their rows -----------------------------------------------------

NUMBER = st.sampled_from([1e-4, 1e-2, 0.3])
SCHEDULES = st.one_of(
    NUMBER,
    st.builds(rv.ExponentialDecay, NUMBER, rate=NUMBER),
    st.builds(rv.InverseDecay, NUMBER, rate=NUMBER, unit=st.sampled_from(["step", "epoch"])),
    st.builds(rv.StepDecay, NUMBER, factor=st.just(0.5), every=st.integers(1, 3)),
    st.builds(rv.CosineDecay, NUMBER, length=st.sampled_from([None, 2, 50])),
    st.builds(rv.Warmup, st.sampled_from([1, 2.5]), NUMBER),
    st.builds(rv.OneCycle, NUMBER, unit=st.sampled_from(["step", "epoch"])),
    st.builds(rv.ReduceOnPlateau, NUMBER, patience=st.integers(1, 2)),
)
DECAY = st.sampled_from([0.0, 1e-2])
STEPWISE = st.one_of(
    st.builds(
        rv.SGD,
        SCHEDULES,
        momentum=st.sampled_from([0.5, 0.9, rv.StepDecay(0.9, factor=0.5, every=1)]),
        nesterov=st.booleans(),
        weight_decay=DECAY,
    ),
    st.builds(rv.DeltaBarDelta, NUMBER),
    st.builds(rv.Adagrad, SCHEDULES, epsilon_inside_root=st.booleans(), weight_decay=DECAY),
    st.builds(rv.RMSprop, SCHEDULES, epsilon_inside_root=st.booleans(), weight_decay=DECAY),
    st.builds(rv.Adam, SCHEDULES, bias_correction=st.booleans(), weight_decay=DECAY),
    st.builds(rv.AdamW, SCHEDULES),
)
WHOLE = st.one_of(st.builds(rv.Rprop, NUMBER), st.builds(rv.LBFGS, max_evaluations=st.just(8)))
SMOOTH = st.sampled_from([None, rv.L2(0.01), rv.L1(0.01), rv.ElasticNet(0.1, include_bias=True)])
PROXIMAL = st.sampled_from([rv.L1(0.1, proximal=True), rv.ElasticNet(0.1, proximal=True)])
CODES = rv.Embedding([1, 3], [3, 2], [2, 1])


@st.composite
def stacks(draw, depth=3):
    """Layers that can follow one another, all but the last, on rows of any width."""
    layers = []
    for _ in range(draw(st.integers(0, depth))):
        units = draw(UNITS)
        activation, initializer = draw(ACTIVATIONS), draw(INITIALIZERS)
        layers.append(rv.Dense(units, activation=activation, initializer=initializer))
        layers.extend(
            draw(
                st.lists(
                    st.sampled_from(
                        [
                            rv.BatchNorm(),
                            rv.LayerNorm(),
                            rv.Activation("sigmoid"),
                            rv.Activation("leaky_relu", alpha=0.3),
                            rv.Dropout(0.4),
                            rv.GaussianNoise(0.3),
                        ]
                    ),
                    max_size=2,
                )
            )
        )
        if depth > 1 and draw(st.booleans()):
            inner = draw(stacks(depth=1))
            layers.append(rv.Residual([*inner, rv.Dense(units)]))
    return layers


@st.composite
def sound(draw):
    """A network, a recipe, rows: nothing wrong with them."""
    rows, outputs = draw(st.integers(4, 40)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    kind = draw(st.sampled_from(["table", "codes", "images"]))
    moves = [rv.Noise(0.1), rv.Mixup(0.3)]
    X = rng.normal(size=(rows, 5))
    first = draw(st.sampled_from([[], [rv.Normalize()]]))
    bins = draw(st.sampled_from([[], [rv.PiecewiseLinear(7, (0, 2), (3, 1), activation="relu")]]))
    if kind == "table":
        first = [*first, *bins]
    elif kind == "codes":
        first = [*first, CODES, *bins]
        X[:, 1], X[:, 3] = rng.integers(0, 3, rows), rng.integers(0, 2, rows)
        moves = [rv.Noise(0.1), rv.Synthesize(0.5)]
    elif kind == "images":
        X = rng.uniform(size=(rows, 5, 4) if draw(st.booleans()) else (rows, 4, 4, 2))
        first = [rv.Flatten()]
        moves = [rv.Rotate(20), rv.Shift(0.2), rv.Zoom(0.2), rv.Flip(vertical=True), rv.Noise(0.1)]

    loss = draw(LOSSES)
    described = rv.Network([rv.Dense(1)], loss).loss
    if described.targets == "classes":
        outputs = max(outputs, 2)
        y = np.arange(rows) % outputs
    elif described.targets == "binary":
        y = np.arange(rows * outputs).reshape(rows, outputs) // 2 % 2
    else:
        y = targets(described, rows, outputs, seed=draw(st.integers(0, 99)))
        y = y if described.targets == "real" else y + 1
    y = y[:, 0] if y.ndim == 2 and outputs == 1 and draw(st.booleans()) else y
    network = rv.Network.from_dict(
        {
            "layers": [layer.to_dict() for layer in [*first, *draw(stacks()), rv.Dense(outputs)]],
            "loss": loss,
        }
    )
    whole = draw(st.integers(0, 3)) == 0
    optimizer = draw(WHOLE if whole else STEPWISE)
    # A line search needs the gradient as it is.
    clips = [None] if isinstance(optimizer, rv.LBFGS) else [None, 0.1]
    recipe = rv.Recipe(
        optimizer=optimizer,
        batch_size=None if whole else draw(st.sampled_from([None, "full", 1, 3, 8, 1000])),
        epochs=draw(st.integers(1, 4)),
        penalty=draw(SMOOTH if whole else SMOOTH | PROXIMAL),
        dropout=draw(st.sampled_from([0.0, 0.3])),
        clip_norm=draw(st.sampled_from(clips)),
        max_norm=draw(st.sampled_from([None, 1.0])),
        augmentation=draw(st.lists(st.sampled_from(moves), max_size=2)),
        validation_fraction=draw(st.sampled_from([0.0, 0.3])),
        stopping=draw(st.sampled_from([None, rv.EarlyStopping(patience=1, monitor="loss")])),
        averaging=draw(st.sampled_from([None, 0.9])),
        shuffle=draw(st.booleans()),
        seed=draw(st.integers(0, 2**63 - 1)),
        dtype=draw(st.sampled_from(["float32", "float64"])),
    )
    weight = draw(st.sampled_from([None, rng.uniform(0.1, 1, rows), 1.0 * (np.arange(rows) > 1)]))
    return network, recipe, X, y, weight


@settings(max_examples=500, suppress_health_check=SLOW)
@given(sound(), st.sampled_from([1, 2]))
def test_what_is_sound_trains_and_says_what_it_lacks_otherwise(case, threads):
    network, recipe, X, y, weight = case
    model = attempt(lambda: rv.train(network, X, y, recipe, sample_weight=weight, threads=threads))
    if isinstance(model, RavineError):
        # A mini-batch of one row under BatchNorm, dropout asked for twice or where there is nothing
        # to drop, and a rate that is too high or 0 throughout are no soundness.
        known = ("BatchNorm", "The recipe has dropout=0.3", "rate would be 0 at every step")
        expected = any(words in str(model) for words in known)
        assert isinstance(model, DivergenceError) or expected, model
    else:
        assert_good(model, X, y)
        again = rv.train(network, X, y, recipe, sample_weight=weight, threads=3 - threads)
        for key, array in model.parameters.items():
            np.testing.assert_array_equal(again.parameters[key], array)
