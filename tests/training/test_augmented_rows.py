"""What `augment` shows is what training sees."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(size=(12, 4, 4))
ROWS = RNG.normal(size=(60, 3)) * [1, 10, 0.1] + 5
Y = ROWS @ [1.0, 0.1, 5.0]


WEIGHTS = np.arange(60) % 4.0  # every fourth is 0
CHANGES = [
    (ROWS, [rv.Noise(0.2)]),
    (ROWS, [rv.Mixup(1.0)]),
    (ROWS, [rv.Synthesize(0.5)]),
    (ROWS, [rv.Synthesize(0.5), rv.Noise(0.1), rv.Mixup(0.4)]),
    (ROWS, [lambda X, y, rng: (X + rng.normal(size=X.shape), 2 * y), rv.Noise(0.1)]),
    (IMAGES, [rv.Rotate(20), rv.Shift(0.2), rv.Zoom(0.1), rv.Flip(), rv.Noise(0.05)]),
]
NAMES = ["noise", "mixup", "synthesize", "all", "own", "images"]


def after_one_step(X, y, augmentation, seed, sample_weight=None):
    """Give the weights of a linear unit after a step from 0: the mean of target × input."""
    network = rv.Network([rv.Flatten(), rv.Dense(1, use_bias=False, initializer="zeros")])
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.5),
        batch_size="full",
        shuffle=False,
        epochs=1,
        augmentation=augmentation,
        seed=seed,
        dtype="float64",
    )
    model = rv.train(network, X, y, recipe, sample_weight=sample_weight)
    return model.parameters["dense_1.weight"][:, 0]


@pytest.mark.parametrize(("X", "augmentation"), CHANGES, ids=NAMES)
def test_the_first_step_of_training_is_made_of_the_rows_that_augment_shows(X, augmentation):
    y = Y[: len(X)]
    shown, targets = rv.augment(X, y, augmentation, seed=3, dtype="float64")
    weights = after_one_step(X, y, augmentation, seed=3)
    expected = targets @ shown.reshape(len(shown), -1) / len(shown)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


@pytest.mark.parametrize(("X", "augmentation"), CHANGES, ids=NAMES)
def test_with_weights_the_first_step_is_made_of_the_weighted_rows_that_augment_shows(
    X, augmentation
):
    y, s = Y[: len(X)], WEIGHTS[: len(X)]
    shown, targets, weights = rv.augment(
        X, y, augmentation, sample_weight=s, seed=3, dtype="float64"
    )
    found = after_one_step(X, y, augmentation, seed=3, sample_weight=s)
    # Divided by the rows and the mean weight of the training rows.
    rows = len(shown) * s[s > 0].mean()
    expected = (weights * targets) @ shown.reshape(len(shown), -1) / rows
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("X", "augmentation"), CHANGES, ids=NAMES)
def test_rows_of_weight_0_might_as_well_not_be_there(X, augmentation):
    y, s = Y[: len(X)], WEIGHTS[: len(X)]
    found = rv.augment(X, y, augmentation, sample_weight=s)
    present = s > 0
    without = rv.augment(X[present], y[present], augmentation, sample_weight=s[present])
    for one, other in zip(found, without, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_class_of_rows_of_weight_0_is_no_class():
    labels = np.array(["cat", "dog", "cow"] * 20)
    options = {"sample_weight": np.where(labels == "cow", 0.0, 1.0)}
    _, targets, _ = rv.augment(ROWS, labels, rv.Synthesize(), **options)
    assert set(targets) == {"cat", "dog"}
    assert rv.augment(ROWS, labels, rv.Mixup(), **options)[1].shape == (40, 2)


def test_a_synthetic_row_weighs_the_mean_of_its_class():
    labels = np.array(["cat", "dog"] * 30)
    weights = np.where(labels == "cat", 1.0, 3.0)
    _, targets, made = rv.augment(ROWS, labels, rv.Synthesize(), sample_weight=weights)
    np.testing.assert_array_equal(made, np.where(targets == "cat", 1.0, 3.0))
    _, _, made = rv.augment(ROWS, Y, rv.Synthesize(), sample_weight=weights)
    np.testing.assert_array_equal(made, np.append(weights, np.full(60, 2.0)))


def test_each_epoch_and_each_seed_has_rows_of_its_own():
    first, again, other_epoch, other_seed = (
        rv.augment(ROWS, Y, rv.Noise(0.1), **fields)[0]
        for fields in ({}, {"epoch": 1}, {"epoch": 2}, {"seed": 1})
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other_epoch).any()
    assert (first != other_seed).any()


def test_a_later_epoch_is_the_one_that_training_sees():
    network = rv.Network([rv.Dense(1, use_bias=False, initializer="zeros")])
    recipe = rv.Recipe(
        optimizer=rv.SGD(1e-3),
        batch_size="full",
        shuffle=False,
        epochs=2,
        augmentation=rv.Noise(0.2),
        dtype="float64",
    )
    after_one, after_two = (
        rv.train(network, ROWS, Y, recipe.replace(epochs=n)).parameters["dense_1.weight"][:, 0]
        for n in (1, 2)
    )
    shown, targets = rv.augment(ROWS, Y, rv.Noise(0.2), epoch=2, dtype="float64")
    gradient = 2 * shown.T @ (shown @ after_one - targets) / len(shown)
    np.testing.assert_allclose(after_two, after_one - 1e-3 * gradient, rtol=1e-10)


def test_rows_keep_their_order_and_synthetic_ones_come_last():
    shown, targets = rv.augment(ROWS, Y, [rv.Synthesize(0.5)], dtype="float64")
    assert shown.shape == (90, 3)
    np.testing.assert_array_equal(shown[:60], ROWS)
    np.testing.assert_array_equal(targets[:60], Y)
    assert (shown[60:] >= ROWS.min(axis=0)).all()
    assert (shown[60:] <= ROWS.max(axis=0)).all()


def test_labels_come_back_as_labels():
    labels = np.array(["cat", "dog"] * 30)
    _, targets = rv.augment(ROWS, labels, [rv.Noise(0.1), rv.Synthesize(1.0)])
    np.testing.assert_array_equal(targets[:60], labels)
    assert sorted(targets[60:]) == sorted(labels)


@pytest.mark.parametrize("y", [np.arange(12), np.arange(12) % 2 == 0, ["a", "b", "c"] * 4])
def test_targets_that_nothing_changes_come_back_as_they_were(y):
    _, targets = rv.augment(IMAGES, y, rv.Rotate(10))
    assert targets.dtype == np.asarray(y).dtype
    np.testing.assert_array_equal(targets, y)


def test_mixup_gives_a_probability_for_each_class_in_the_order_of_the_classes():
    labels = np.array(["dog"] * 30 + ["cat"] * 20 + ["cow"] * 10)
    shown, mixed = rv.augment(ROWS, labels, rv.Mixup(1.0), dtype="float64")
    assert mixed.shape == (60, 3)
    np.testing.assert_allclose(mixed.sum(axis=1), 1)
    # λ is as often near 1 as near 0, so the classes keep their shares: 1/3, 1/6 and 1/2
    np.testing.assert_allclose(mixed.mean(axis=0), [1 / 3, 1 / 6, 1 / 2], atol=0.1)
    assert (mixed.max(axis=1) < 0.99).any()
    assert (shown != ROWS).any()


def test_a_network_says_whether_whole_numbers_are_classes_and_what_are_codes():
    codes = np.column_stack([ROWS, np.arange(60) % 4])
    network = rv.Network(
        [rv.Embedding(columns=(3,), levels=(4,), dimension=2), rv.Dense(2)], loss="cross_entropy"
    )
    shown, targets = rv.augment(codes, np.arange(60) % 2, rv.Noise(0.5), network=network)
    np.testing.assert_array_equal(shown[:, 3], codes[:, 3])
    np.testing.assert_array_equal(targets, np.arange(60) % 2)
    _, mixed = rv.augment(ROWS, np.arange(60) % 2, rv.Mixup(), network=rv.Network([rv.Dense(1)]))
    assert mixed.shape == (60,)


def test_shapes_are_those_of_x_and_y():
    shown, targets = rv.augment(IMAGES, np.ones((12, 2)), [rv.Shift(0.1), rv.Mixup()])
    assert shown.shape == (12, 4, 4)
    assert shown.dtype == np.float32
    assert targets.shape == (12, 2)
    assert rv.augment(ROWS, Y.reshape(-1, 1), rv.Synthesize(0.5))[1].shape == (90, 1)


def test_x_and_y_are_left_alone():
    X, y = ROWS.astype("f4"), Y.astype("f4")
    before = X.copy(), y.copy()
    shown, targets = rv.augment(X, y, [])
    shown += 1
    targets += 1
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_synthesize_warns_here_too_and_the_warning_is_for_who_asked():
    X = np.random.default_rng(0).standard_normal((300, 2))
    with pytest.warns(UserWarning, match="Synthesize does not suit") as caught:
        rv.augment(X, X[:, 0] ** 2, rv.Synthesize())
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"augmentation": [3]}, ParameterError, "must be an augmentation"),
        ({"epoch": 0}, ParameterError, "'epoch' parameter of augment must be .*at least 1"),
        ({"seed": -1}, ParameterError, "'seed'"),
        ({"dtype": "float16"}, ParameterError, "'dtype'"),
        ({"network": "mlp"}, ParameterError, "network must be a Network"),
        ({"X": [[np.nan, 1.0]] * 60}, DataError, "NaN|missing"),
        ({"y": Y[:5]}, DataError, "y has 5 rows, but X has 60"),
        ({"augmentation": rv.Rotate(10)}, ParameterError, "Rotate needs images"),
    ],
)
def test_what_cannot_be_shown_is_an_error(arguments, error, message):
    with pytest.raises(error, match=message):
        rv.augment(**{"X": ROWS, "y": Y, "augmentation": rv.Noise(0.1), **arguments})


def test_times_in_seconds_keep_their_differences():
    """Float32 holds numbers around 1.7e9 in steps of 128."""
    X = 1.7e9 + np.arange(60.0).reshape(-1, 1)
    shown, _ = rv.augment(X, Y, [rv.Synthesize(0.5)])
    np.testing.assert_array_equal(shown[:60], X)
    assert len(np.unique(np.floor(shown[60:]))) > 10
