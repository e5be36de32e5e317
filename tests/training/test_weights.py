"""Sample weights: the same at every batch size, absent at 0, and only their ratios matter."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import ravine as rv
from ravine.errors import DataError
from tests.builders.same_models import assert_same_model

# Whether a copula suits these targets has no part here.
pytestmark = pytest.mark.filterwarnings("ignore:Synthesize:UserWarning")

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 3))
NUMBERS = ROWS @ [1.0, -2.0, 0.5] + 0.3 * ROWS[:, 0] ** 2
CLASSES = (NUMBERS > 0).astype(int)
HIDDEN = [rv.Dense(4, activation="tanh"), rv.Dense(1)]

NETWORKS = {
    "plain": rv.Network(HIDDEN),
    "Normalize": rv.Network([rv.Normalize(), *HIDDEN]),
    "BatchNorm": rv.Network(
        [rv.Dense(4, use_bias=False), rv.BatchNorm(), rv.Activation("relu"), rv.Dense(1)]
    ),
    "Poisson": rv.Network(HIDDEN, loss="poisson"),
}
AUGMENTATIONS = {
    "none": (),
    "Noise": rv.Noise(0.1),
    "Mixup": rv.Mixup(0.5),
    "Synthesize": rv.Synthesize(0.5),
    "all": [rv.Synthesize(0.3), rv.Noise(0.1), rv.Mixup(0.5)],
    "own": lambda X, y, rng: (X + rng.normal(size=X.shape), y),
}

#: Weights of some rows, a part of them 0; never fewer than half of the rows are left.
WEIGHTS = st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0, 7.5]), min_size=10, max_size=20).map(
    lambda some: np.concatenate([some, np.linspace(0.5, 2, 40 - len(some))])
)


def train(network, X, y, weights, batch_size=None, **fields):
    """Train for three epochs, in mini-batches that leave no row alone if no size is asked for."""
    sizes = [9, 10, 11, 13] if batch_size is None else [batch_size]
    while True:
        fields = {"epochs": 3, "dtype": "float64", **fields, "batch_size": sizes.pop(0)}
        try:
            recipe = rv.Recipe(**fields)
            return rv.train(network, X, y, recipe, sample_weight=weights, threads=1)
        except rv.errors.ParameterError as error:
            if not sizes or "batch of one" not in str(error):
                raise


def targets_of(name):
    return np.abs(NUMBERS).round() if name == "Poisson" else NUMBERS


def everything(model):
    """Give all numbers of a model but the times."""
    history = model.history.to_frame().drop(columns="seconds").to_numpy()
    return [model.parameters_vector, model.state_vector, history]


# --- the same at every batch size ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch_size", "rate", "epochs", "averaging"),
    [
        (1, 0.05, 1500, 0.9999),
        (7, 0.05, 2000, 0.9999),
        (64, 0.1, 4000, 0.9999),
        ("full", 0.1, 8000, None),
    ],
)
def test_a_weighted_ridge_reaches_its_closed_form(batch_size, rate, epochs, averaging):
    rng = np.random.default_rng(0)
    n, alpha = 250, 0.3
    X = rng.normal(size=(n, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.3 * X[:, 0] ** 2 + 0.5 * rng.normal(size=n)
    s = rng.choice([1.0, 9.0], n)
    design, shares = np.column_stack([X, np.ones(n)]), (s / s.sum())[:, np.newaxis]
    normal = design.T @ (design * shares) + np.diag([alpha / 2] * 3 + [0])
    right = np.linalg.solve(normal, design.T @ (y * shares[:, 0]))
    model = train(
        rv.Network([rv.Dense(1)]), X, y, s,
        optimizer=rv.SGD(rv.InverseDecay(rate, 2 * rate)), batch_size=batch_size, epochs=epochs,
        penalty=rv.L2(alpha), averaging=averaging,
    )  # fmt: skip
    found = np.append(model.parameters["dense_1.weight"], model.parameters["dense_1.bias"])
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-3)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 64, "full"])
@pytest.mark.parametrize("own", [(), AUGMENTATIONS["own"]], ids=["rows", "own rows"])
def test_two_groups_that_weigh_1_and_9_reach_nine_tenths(batch_size, own):
    X, y = np.zeros((400, 1)), np.arange(400) % 2.0
    own = () if own == () else lambda X, y, rng: (X, y)
    model = train(
        rv.Network([rv.Dense(1)]), X, y, np.where(y == 1, 9.0, 1.0),
        optimizer=rv.SGD(rv.InverseDecay(0.2, 0.2)), batch_size=batch_size, epochs=300,
        averaging=None if batch_size == "full" else 0.999, augmentation=own,
    )  # fmt: skip
    assert model.predict([[0.0]])[0] == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize("batch_size", [1, 3, 10, "full"])
def test_a_step_divides_by_its_rows_times_the_mean_weight_of_the_runs_rows(batch_size):
    # ŷ = w at x = 1 and y = 0: ∂L/∂w is the mini-batch's sum of 2 w s / (B s̄).
    s = np.array([1.0, 2.0, 9.0, 0.0, 4.0, 1.0, 3.0, 0.0, 5.0, 2.0])
    network = rv.Network([rv.Dense(1, use_bias=False, initializer=rv.initializers.Constant(4.0))])
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.05), batch_size=batch_size, epochs=1, shuffle=False, dtype="float64"
    )
    rows = [0, 1, 2, 3, 4, 6, 6]  # row 3 weighs nothing; row 6 stands twice
    (model,) = rv.train_many(
        [rv.Job(network, recipe, rows=rows)], np.ones((10, 1)), np.zeros(10), sample_weight=s
    )
    left = s[[0, 1, 2, 4, 6, 6]]
    size = len(left) if batch_size == "full" else batch_size
    w, loss = 4.0, 0.0
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        loss += w * w * batch.sum()
        w -= 0.05 * 2 * w * batch.sum() / (len(batch) * left.mean())
    assert model.parameters["dense_1.weight"].item() == pytest.approx(w, rel=1e-13)
    # The history's loss is the weighted mean over the epoch.
    assert model.history["loss"][0] == pytest.approx(loss / left.sum(), rel=1e-13)


@pytest.mark.parametrize("rule", ["sgd", "adagrad", "rmsprop", "adam", "adamw", "delta_bar_delta"])
def test_default_recipes_train_at_weights_of_1_and_99(rule):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 4))
    y = (rng.uniform(size=2000) < 0.01 * np.exp(X[:, 0])).astype(int)
    network = rv.Network([rv.Dense(16, activation="relu"), rv.Dense(2)], loss="cross_entropy")
    weights = np.where(y == 1, 99.0, 1.0)
    model = rv.train(network, X, y, rv.Recipe(optimizer=rule), sample_weight=weights, threads=1)
    loss = model.history["loss"]
    assert loss[-1] < min(loss[0], np.log(2))


def test_weights_and_copies_are_the_same_table_in_full_batches():
    counts = RNG.integers(1, 4, 40)
    copied = np.repeat(np.arange(40), counts)
    for name in ("plain", "Normalize", "BatchNorm"):
        fields = {"batch_size": "full", "penalty": rv.L2(0.1)}
        one = train(NETWORKS[name], ROWS, NUMBERS, counts.astype(float), **fields)
        other = train(NETWORKS[name], ROWS[copied], NUMBERS[copied], None, **fields)
        np.testing.assert_allclose(one.parameters_vector, other.parameters_vector, rtol=1e-9)
        np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-10)


# --- absent at 0 --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
@settings(max_examples=6)
@given(weights=WEIGHTS, seed=st.integers(0, 99), fraction=st.sampled_from([0.0, 0.3]))
def test_a_row_of_weight_0_is_absent_bit_for_bit(name, augmentation, weights, seed, fraction):
    if name == "Poisson" and augmentation != ():
        fraction = 0.0
    y = targets_of(name)
    present = weights > 0
    fields = {"augmentation": augmentation, "seed": seed, "validation_fraction": fraction}
    spoilt = np.where(present[:, np.newaxis], ROWS, 1e6)
    one = train(NETWORKS[name], spoilt, y, weights, **fields)
    assert_same_model(
        one, train(NETWORKS[name], ROWS[present], y[present], weights[present], **fields)
    )


def test_rows_of_weight_0_are_absent_where_the_others_have_no_weights():
    weights = (np.arange(40) % 3 > 0).astype(float)
    present = weights > 0
    for name, network in NETWORKS.items():
        one = train(network, ROWS, targets_of(name), weights, augmentation=rv.Mixup(0.5))
        alone = (ROWS[present], targets_of(name)[present])
        assert_same_model(one, train(network, *alone, None, augmentation=rv.Mixup(0.5)))


@settings(max_examples=10)
@given(weights=WEIGHTS)
def test_validation_and_evaluation_leave_rows_of_weight_0_out(weights):
    present = weights > 0
    spoilt = np.where(present[:, np.newaxis], ROWS, 1e200)  # whose loss is infinite
    recipe = rv.Recipe(epochs=2, dtype="float64")
    network = NETWORKS["plain"]
    one = rv.train(network, ROWS, NUMBERS, recipe, validation=(spoilt, NUMBERS, weights))
    rest = (ROWS[present], NUMBERS[present], weights[present])
    assert_same_model(one, rv.train(network, ROWS, NUMBERS, recipe, validation=rest))
    assert one.evaluate(spoilt, NUMBERS, weights) == one.evaluate(*rest)
    first, last = np.arange(40)[:25], np.arange(40)[25:]
    jobs = [rv.Job(network, recipe, rows=first, validation_rows=last)]
    (model,) = rv.train_many(jobs, ROWS, NUMBERS, sample_weight=weights)
    sides = [(ROWS[kept], NUMBERS[kept], weights[kept]) for kept in (first[present[:25]], last)]
    alone = rv.train(network, *sides[0][:2], recipe, sample_weight=sides[0][2], validation=sides[1])
    assert_same_model(model, alone)


def test_a_users_function_sees_the_rows_that_weigh_something():
    weights = np.where(np.arange(40) % 4 == 0, 0.0, 2.0)
    seen = []

    def own(X, y, rng):
        seen.append((X.copy(), y.copy()))
        return X, y

    train(NETWORKS["plain"], ROWS, NUMBERS, weights, augmentation=own, epochs=1)
    np.testing.assert_array_equal(seen[0][0], ROWS[weights > 0])
    np.testing.assert_array_equal(seen[0][1], NUMBERS[weights > 0])


def test_a_class_that_weighs_nothing_is_none():
    labels = np.array(["no", "yes"])[CLASSES].astype("U6")
    labels[[3, 8]] = "typo"
    weights = np.where(labels == "typo", 0.0, 1.0)
    network = rv.Network([rv.Dense(2)], loss="cross_entropy")
    model = train(network, ROWS, labels, weights)
    assert list(model.classes) == ["no", "yes"]
    known = labels != "typo"
    assert_same_model(model, train(network, ROWS[known], labels[known], None))
    scores = model.evaluate(ROWS[known], labels[known])
    assert model.evaluate(ROWS, labels, weights) == scores


def test_a_class_that_the_network_has_an_output_for_may_weigh_nothing():
    labels = np.array(["a", "b", "c"])[np.arange(40) % 3]
    weights = np.where(labels == "c", 0.0, 1.0)
    network = rv.Network([rv.Dense(3)], loss="cross_entropy")
    model = train(network, ROWS, labels, weights)
    assert list(model.classes) == ["a", "b", "c"]
    rows = np.flatnonzero(weights)
    jobs = [rv.Job(network, model.recipe, rows=rows)]
    assert_same_model(model, rv.train_many(jobs, ROWS, labels)[0])


def test_a_target_that_is_missing_matters_only_where_its_row_weighs_something():
    y, weights = NUMBERS.copy(), np.ones(40)
    y[[5, 7]], weights[5] = np.nan, 0
    with pytest.raises(rv.errors.DataError, match="row 7"):
        train(NETWORKS["plain"], ROWS, y, weights)
    weights[7] = 0
    kept = weights > 0
    one = train(NETWORKS["plain"], ROWS, y, weights)
    assert_same_model(one, train(NETWORKS["plain"], ROWS[kept], NUMBERS[kept], None))


def test_weights_that_are_0_wherever_a_run_looks_are_an_error():
    weights = np.repeat([1.0, 0.0], 20)
    recipe = rv.Recipe(epochs=1)
    for rows, message in (
        ({"rows": range(20, 40)}, "0 in every training row"),
        ({"rows": range(20), "validation_rows": range(20, 40)}, "every row of validation_rows"),
    ):
        job = rv.Job(NETWORKS["plain"], recipe, **rows)
        with pytest.raises(rv.errors.DataError, match=message):
            rv.train_many([job], ROWS, NUMBERS, sample_weight=weights)


# --- only ratios matter -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_weights_times_a_power_of_two_give_the_same_bits(name, augmentation, dtype):
    weights = np.random.default_rng(3).choice([0.0, 0.3, 1.0, 2.7, 20.0], 40)
    fields = {"augmentation": augmentation, "dtype": dtype, "validation_fraction": 0.2}
    if name == "Poisson":
        fields["augmentation"] = ()
    one = train(NETWORKS[name], ROWS, targets_of(name), weights, **fields)
    for factor in (0.5, 2.0**40, 2.0**-200, 2.0**500):
        assert_same_model(
            one, train(NETWORKS[name], ROWS, targets_of(name), factor * weights, **fields)
        )
        scores = one.evaluate(ROWS, targets_of(name), weights)
        assert scores == one.evaluate(ROWS, targets_of(name), factor * weights)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
@settings(max_examples=5)
@given(weights=WEIGHTS, factor=st.floats(1e-9, 1e9))
def test_weights_times_any_constant_give_the_same_model(name, augmentation, weights, factor):
    y = targets_of(name)
    fields = {"augmentation": () if name == "Poisson" else augmentation}
    one = train(NETWORKS[name], ROWS, y, weights, **fields)
    other = train(NETWORKS[name], ROWS, y, factor * weights, **fields)
    for a, b in zip(everything(one), everything(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("constant", [1.0, 0.1, 1 / 3, 40.0])
@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_equal_weights_are_none_bit_for_bit(constant, augmentation):
    for name in ("Normalize", "BatchNorm"):
        fields = {"augmentation": augmentation, "validation_fraction": 0.2}
        one = train(NETWORKS[name], ROWS, NUMBERS, None, **fields)
        assert_same_model(
            one, train(NETWORKS[name], ROWS, NUMBERS, np.full(40, constant), **fields)
        )


# --- what is learnt from rows counts by weight --------------------------------------------------


def test_normalize_learns_weighted_mean_and_standard_deviation():
    weights = RNG.uniform(0, 5, 40)
    state = train(NETWORKS["Normalize"], ROWS, NUMBERS, weights).state
    mean = np.average(ROWS, axis=0, weights=weights)
    spread = np.sqrt(np.average((ROWS - mean) ** 2, axis=0, weights=weights))
    np.testing.assert_allclose(state["normalize_1.mean"], mean, rtol=1e-13)
    np.testing.assert_allclose(state["normalize_1.standard_deviation"], spread, rtol=1e-13)


def test_batch_norm_moves_its_statistics_by_weighted_ones():
    # One full batch through BatchNorm(momentum=0): the running ones are the batch's.
    weights = RNG.uniform(0, 5, 40)
    network = rv.Network([rv.BatchNorm(momentum=0.0), rv.Dense(1)])
    state = train(network, ROWS, NUMBERS, weights, batch_size="full", epochs=1).state
    mean = np.average(ROWS, axis=0, weights=weights)
    biased = np.average((ROWS - mean) ** 2, axis=0, weights=weights)
    unbiased = biased / (1 - (weights**2).sum() / weights.sum() ** 2)
    np.testing.assert_allclose(state["batch_norm_1.mean"], mean, rtol=1e-13)
    np.testing.assert_allclose(state["batch_norm_1.variance"], unbiased, rtol=1e-13)


def test_synthetic_rows_weigh_the_mean_weight_of_their_class():
    # ŷ = 0 in both outputs: the loss of a row is log 2 whatever its class, so that the history
    # shows nothing; the first step's gradient of the bias shows each class's total weight.
    weights = np.where(CLASSES == 1, 5.0, 1.0) * np.linspace(0.5, 1.5, 40)
    network = rv.Network([rv.Dense(2, initializer="zeros")], loss="cross_entropy")
    biases = [
        train(
            network, ROWS, CLASSES, weights, optimizer=rv.SGD(1.0), batch_size="full", epochs=1,
            augmentation=made,
        ).parameters["dense_1.bias"]
        for made in ((), rv.Synthesize(1.0))
    ]  # fmt: skip
    # As many rows of each class are added as there are: the balance of weights stays.
    np.testing.assert_allclose(*biases, rtol=1e-12)
    assert biases[0][0] < 0 < biases[0][1]


def test_mixed_rows_keep_the_optimum_of_weighted_rows():
    # X says nothing: the best constant is the weighted mean, mixed or not.
    X, y = np.zeros((400, 1)), np.arange(400) % 2.0
    model = train(
        rv.Network([rv.Dense(1)]), X, y, np.where(y == 1, 9.0, 1.0), batch_size=16, epochs=300,
        optimizer=rv.SGD(rv.InverseDecay(0.2, 0.2)), averaging=0.999, augmentation=rv.Mixup(1.0),
    )  # fmt: skip
    assert model.predict([[0.0]])[0] == pytest.approx(0.9, abs=0.005)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("odd", [np.nan, np.inf, 1e39, 7.0, 0.5])
def test_inputs_of_rows_of_weight_0_may_be_anything(odd, dtype):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 3, 30), rng.normal(size=30)])
    y = X[:, 0] + X[:, 1]
    network = rv.Network([rv.Embedding((0,), (3,), (2,)), rv.BatchNorm(), rv.Dense(1)])
    recipe = rv.Recipe(epochs=3, batch_size=8, dtype=dtype)
    extra = np.insert(X, 4, [odd, np.nan], axis=0)
    weight = np.insert(rng.uniform(1, 2, 30), 4, 0.0)
    found = rv.train(network, extra, np.insert(y, 4, 1e9), recipe, sample_weight=weight, threads=1)
    alone = rv.train(network, X, y, recipe, sample_weight=weight[weight > 0], threads=1)
    assert (found.parameters_vector == alone.parameters_vector).all()
    assert (found.state_vector == alone.state_vector).all()
    extra[9, 0] = odd
    with pytest.raises(DataError, match="row 9"):
        rv.train(network, extra, np.insert(y, 4, 1e9), recipe, sample_weight=weight, threads=1)
