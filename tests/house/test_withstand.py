"""What training must withstand: whatever it is given, an error of ravine's or a good model.

Nothing crashes, no other exception comes out (warnings are errors here), no result is of the wrong
shape or not finite.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.errors import DataError, DivergenceError, ParameterError, RavineError

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
LOSSES = st.sampled_from(
    [
        "squared_error",
        "absolute_error",
        "huber",
        {"kind": "Quantile", "tau": 0.9},
        "poisson",
        "gamma",
        "binary_cross_entropy",
        "cross_entropy",
        {"kind": "CrossEntropy", "label_smoothing": 0.2},
    ]
)
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
    name = loss if isinstance(loss, str) else loss["kind"]
    if name in ("cross_entropy", "CrossEntropy"):
        outputs = max(outputs, 2)
        y = np.arange(rows) % outputs
    elif name == "binary_cross_entropy":
        y = np.arange(rows * outputs).reshape(rows, outputs) // 2 % 2
    elif name in ("poisson", "gamma"):
        y = 1.0 + rng.poisson(2, (rows, outputs))
    else:
        y = rng.normal(size=(rows, outputs))
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


# --- each on its own ----------------------------------------------------------------------------

LINE = rv.Network([rv.Dense(1)])
CLASSIFIER = rv.Network([rv.Dense(4, activation="tanh"), rv.Dense(3)], loss="cross_entropy")
RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(size=(30, 3)), RNG.normal(size=30), np.arange(30) % 3
QUICK = rv.Recipe(epochs=2)
NORMED = rv.Network([rv.Dense(4), rv.BatchNorm(), rv.Dense(1)])


def test_one_row_is_enough_for_a_line():
    model = rv.train(LINE, X[:1], Y[:1], QUICK)
    assert model.predict(X).shape == (30,)


def test_zero_rows_are_an_error():
    with pytest.raises(DataError, match="X has no rows"):
        rv.train(LINE, X[:0], Y[:0], QUICK)


def test_a_batch_of_one_row_under_batch_norm_is_a_clear_error():
    with pytest.raises(RavineError, match="BatchNorm needs at least two rows"):
        rv.train(NORMED, X[:1], Y[:1], QUICK)


@pytest.mark.parametrize("batch_size", [1, 29])
def test_batches_of_one_row_under_batch_norm_are_a_clear_error_and_a_last_one_is_avoided(
    batch_size,
):
    # 30 rows in batches of 29 leave one over.
    recipe = rv.Recipe(epochs=2, batch_size=batch_size)
    if batch_size == 1:
        with pytest.raises(RavineError, match="BatchNorm needs at least two rows") as caught:
            rv.train(NORMED, X, Y, recipe)
        assert "batch_size" in f"{caught.value} {caught.value.hint}"
    else:
        assert np.all(np.isfinite(rv.train(NORMED, X, Y, recipe).predict(X)))


def test_a_batch_larger_than_the_data_is_the_full_batch():
    models = [rv.train(LINE, X, Y, rv.Recipe(epochs=3, batch_size=size)) for size in (1000, "full")]
    np.testing.assert_array_equal(*(model.parameters["dense_1.weight"] for model in models))


def test_a_learning_rate_of_zero_changes_nothing():
    rates = [
        rv.train(LINE, X, Y, rv.Recipe(epochs=epochs, optimizer=rv.SGD(0.0))) for epochs in (1, 5)
    ]
    np.testing.assert_array_equal(*(model.parameters["dense_1.weight"] for model in rates))


def test_a_negative_learning_rate_is_refused():
    with pytest.raises(ParameterError, match=r"'learning_rate' parameter of SGD .*Got -0\.1"):
        rv.SGD(-0.1)


@pytest.mark.parametrize("rule", [rv.SGD, rv.DeltaBarDelta])
def test_a_huge_learning_rate_is_a_divergence_that_names_step_and_rate(rule):
    with pytest.raises(DivergenceError) as caught:
        rv.train(LINE, X, Y, rv.Recipe(epochs=200, optimizer=rule(1e8)))
    message = str(caught.value)
    assert "step" in message
    assert "epoch" in message
    assert "rate" in f"{message} {caught.value.hint}"


@pytest.mark.parametrize(("rate", "what"), [(1e30, "loss"), (3e38, "weights")])
def test_a_last_step_that_ruins_the_weights_is_a_divergence_at_that_step(rate, what):
    # No further step would see it: 1e30 leaves finite weights whose loss is infinite.
    recipe = rv.Recipe(epochs=1, batch_size="full", optimizer=rv.SGD(rate))
    with pytest.raises(DivergenceError, match=rf"The {what} became .* at step 1 \(epoch 1\)"):
        rv.train(LINE, X, 5 * Y, recipe)


def test_a_column_too_large_for_batch_norm_is_a_divergence_and_no_model():
    x = X.copy()
    x[0, 0] = 1e30  # its square is beyond float32
    network = rv.Network([rv.BatchNorm(), rv.Dense(1)])
    with pytest.raises(DivergenceError, match="running statistics") as caught:
        rv.train(network, x, Y, rv.Recipe(epochs=1))
    assert "Normalize" in str(caught.value)
    for cured in (
        rv.train(network, x, Y, rv.Recipe(epochs=1, dtype="float64")),
        rv.train(rv.Network([rv.Normalize(), *network.layers]), x, Y, rv.Recipe(epochs=1)),
    ):
        assert np.all(np.isfinite(cured.predict(x)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named_with_their_place(bad):
    spoilt_x = X.copy()
    spoilt_x[4, 1] = bad
    with pytest.raises(DataError, match="row 4, column 1"):
        rv.train(LINE, spoilt_x, Y, QUICK)
    spoilt_y = Y.copy()
    spoilt_y[4] = bad
    with pytest.raises(DataError, match="row 4"):
        rv.train(LINE, X, spoilt_y, QUICK)


def test_rows_of_x_and_y_must_be_as_many():
    with pytest.raises(DataError, match="y has 29 rows, but X has 30"):
        rv.train(LINE, X, Y[:29], QUICK)


def test_a_column_y_is_predicted_as_a_column():
    row, column = (rv.train(LINE, X, y, QUICK) for y in (Y, Y[:, np.newaxis]))
    assert row.predict(X).shape == (30,)
    assert column.predict(X).shape == (30, 1)
    np.testing.assert_array_equal(row.predict(X), column.predict(X).ravel())


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 3, axis=0)[::3],
    "reversed twice": lambda a: a[::-1].copy()[::-1],
    "float64": lambda a: a.astype(np.float64),
    "list": lambda a: a.tolist(),
    "object": lambda a: a.astype(object),
    "other byte order": lambda a: a.astype(">f4"),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_how_an_array_lies_in_memory_does_not_matter(layout):
    x, y = X.astype(np.float32), Y.astype(np.float32)
    plain, other = rv.train(LINE, x, y, QUICK), rv.train(LINE, layout(x), layout(y), QUICK)
    for name in plain.parameters:
        np.testing.assert_array_equal(plain.parameters[name], other.parameters[name])


def test_data_is_left_as_it_was_and_may_be_read_only():
    x, y = X.astype(np.float32), Y.astype(np.float32)
    before = x.copy(), y.copy()
    x.flags.writeable = y.flags.writeable = False
    network = rv.Network([rv.Normalize(), rv.GaussianNoise(0.5), rv.Dense(1)])
    recipe = rv.Recipe(epochs=2, augmentation=(rv.Noise(0.5), rv.Mixup(0.5)))
    rv.train(network, x, y, recipe)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_a_constant_column_and_a_constant_target_train():
    x = X.copy()
    x[:, 1] = 1e6
    network = rv.Network([rv.Normalize(), rv.Dense(1)])
    model = rv.train(network, x, np.full(30, 4.0), rv.Recipe(epochs=400, optimizer=rv.Adam(0.05)))
    np.testing.assert_allclose(model.predict(x), 4.0, atol=0.05)
    assert not np.isinf(model.evaluate(x, np.full(30, 4.0))["loss"])


def test_one_class_only_is_an_error():
    with pytest.raises(DataError, match="single class"):
        rv.train(CLASSIFIER, X, np.zeros(30, dtype=int), QUICK)


def test_a_class_that_only_validation_has_is_an_error():
    network = rv.Network([rv.Dense(2)], loss="cross_entropy")
    with pytest.raises(DataError, match=r"(?i)validation.*'?c'?"):
        rv.train(
            network, X, np.array(["a", "b"] * 15), QUICK, validation=(X, np.array(["a", "c"] * 15))
        )


def test_labels_of_text_come_back_as_text():
    labels = np.array(["low", "middle", "high"])[LABELS]
    model = rv.train(CLASSIFIER, X, labels, QUICK)
    assert set(model.predict(X)) <= {"low", "middle", "high"}
    assert model.classes.tolist() == ["high", "low", "middle"]


def test_x_of_another_width_is_refused_in_prediction():
    model = rv.train(LINE, X, Y, QUICK)
    with pytest.raises(DataError, match="X has 2 columns, but the model was trained on 3"):
        model.predict(X[:, :2])


def test_validation_fraction_that_leaves_no_training_rows_is_an_error():
    with pytest.raises(RavineError, match="1 row cannot be split into training and validation"):
        rv.train(LINE, X[:1], Y[:1], rv.Recipe(validation_fraction=0.5))


def test_stopping_on_validation_without_validation_is_an_error():
    with pytest.raises(RavineError, match="validation"):
        rv.train(LINE, X, Y, rv.Recipe(stopping=rv.EarlyStopping()))


def test_pictures_are_moved_and_tables_are_not():
    with pytest.raises(RavineError, match="Rotate"):
        rv.train(LINE, X, Y, rv.Recipe(augmentation=rv.Rotate(10)))


def test_a_function_that_spoils_the_rows_is_told_so():
    for spoil in (
        lambda X, y, rng: (X * np.nan, y),
        lambda X, y, rng: (X[:, :2], y),
        lambda X, y, rng: (X, y[:3]),
        lambda X, y, rng: X,
        lambda X, y, rng: None,
    ):
        with pytest.raises(RavineError):
            rv.train(LINE, X, Y, rv.Recipe(epochs=2, augmentation=spoil))


def test_an_error_of_a_users_own_function_comes_out_as_it_is():
    def fails(X, y, rng):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        rv.train(LINE, X, Y, rv.Recipe(epochs=2, augmentation=fails))

    def callback(*_):
        raise ZeroDivisionError("mine too")

    with pytest.raises(ZeroDivisionError, match="mine too"):
        rv.train(LINE, X, Y, QUICK, callback=callback)


def test_whole_numbers_too_large_for_the_type_are_refused():
    x = np.full((30, 2), 2**24 + 1, dtype=np.int64)
    with pytest.raises(DataError, match="16777217"):
        rv.train(LINE, x, Y, QUICK)
    rv.train(LINE, x % 1000, Y, QUICK)


def test_sample_weights_of_zero_are_rows_left_out():
    # To rounding: sums are over other numbers of rows.
    weight = (np.arange(30) < 20).astype(float)
    recipe = rv.Recipe(optimizer=rv.SGD(0.05), batch_size="full", epochs=20, dtype="float64")
    all_rows = rv.train(LINE, X, Y, recipe, sample_weight=weight)
    some = rv.train(LINE, X[:20], Y[:20], recipe)
    for name in some.parameters:
        np.testing.assert_allclose(all_rows.parameters[name], some.parameters[name], rtol=1e-12)


def test_a_log_link_that_predicts_the_infinite_is_a_divergence_though_its_loss_is_finite():
    # From z = 0 one step of rate 10⁻³ down the slope 1 − 10⁶ leads to z = 1000 and more: the loss
    # z + y e^(−z) is finite, the prediction e^z is not.
    network = rv.Network([rv.Dense(1, initializer="zeros")], loss="gamma")
    recipe = rv.Recipe(optimizer=rv.SGD(1e-3), epochs=1)
    with pytest.raises(DivergenceError, match=r"prediction became infinite or NaN at step 1 \("):
        rv.train(network, [[1.0]], [1e6], recipe)
