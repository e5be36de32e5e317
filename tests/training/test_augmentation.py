"""What augmentation does to the rows that a network trains on, seen through training itself."""

import itertools

import numpy as np
import pytest

import ravine as rv

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(size=(12, 4, 4))
ROWS = RNG.normal(size=(200, 3)) * [1, 10, 0.1] + 5
GEOMETRY = (rv.Rotate(25), rv.Shift(0.2), rv.Zoom(0.2), rv.Flip(vertical=True))


def as_shown(images, *augmentation, seed=0, **fields):
    """Give the rows as training sees them.

    The gradient of a linear layer is a sum of target × input, so one step from zero weights, with
    an output for each row that is 1 for that row alone, leaves the rows themselves in the weights.
    """
    n = len(images)
    network = rv.Network([rv.Flatten(), rv.Dense(n, use_bias=False, initializer="zeros")])
    recipe = rv.Recipe(
        optimizer=rv.SGD(n * n / 2),
        batch_size="full",
        epochs=1,
        augmentation=augmentation,
        seed=seed,
        dtype="float64",
        **fields,
    )
    weight = rv.train(network, images, np.eye(n), recipe).parameters["dense_1.weight"]
    return weight.T.reshape(images.shape)


def losses_at_rest(X, y, *augmentation, weight=1.0, loss="squared_error", **fields):
    """Give the training loss of each epoch of a linear network whose weights never change."""
    outputs = fields.pop("outputs", 1)
    layer = rv.Dense(outputs, use_bias=False, initializer=rv.initializers.Constant(weight))
    recipe = rv.Recipe(
        **{"epochs": 1, "batch_size": 50, "dtype": "float64", **fields},
        optimizer=rv.SGD(0.0),
        augmentation=augmentation,
    )
    return rv.train(rv.Network([rv.Flatten(), layer], loss=loss), X, y, recipe).history["loss"]


def test_without_augmentation_training_sees_the_rows_as_they_are():
    np.testing.assert_allclose(as_shown(IMAGES), IMAGES, atol=1e-15)


def test_a_flip_shows_each_image_as_it_is_or_mirrored():
    seen = as_shown(IMAGES, rv.Flip(vertical=True))
    ways = [IMAGES[:, ::up, ::left] for up, left in itertools.product([1, -1], [1, -1])]
    matches = np.array([np.isclose(seen, way, atol=1e-15).all(axis=(1, 2)) for way in ways])
    assert (matches.sum(axis=0) == 1).all()
    assert (matches.sum(axis=1) > 0).sum() >= 3


def test_a_flip_of_colour_images_keeps_the_channels_of_a_pixel_together():
    images = RNG.uniform(size=(8, 3, 3, 2))
    seen = as_shown(images, rv.Flip())
    mirrored = np.isclose(seen, images[:, :, ::-1], atol=1e-15).all(axis=(1, 2, 3))
    same = np.isclose(seen, images, atol=1e-15).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert mirrored.any()


@pytest.mark.parametrize("augmentation", GEOMETRY[:3], ids=repr)
def test_geometry_agrees_with_scipy(augmentation):
    """Each image's map, read off a picture of its own coordinates, is given to SciPy."""
    from scipy.ndimage import affine_transform

    h = w = 9
    row, column = np.indices((h, w)) - 4.0
    # Channels: where a pixel came from (down, right), whether it came from inside, and a texture.
    picture = np.stack([row, column, np.ones((h, w)), RNG.uniform(size=(h, w))], axis=-1)
    for image in as_shown(np.repeat(picture[None], 6, axis=0), augmentation):
        inside = image[..., 2] > 1 - 1e-12
        here = np.column_stack([row[inside], column[inside], np.ones(inside.sum())])
        to_source, *_ = np.linalg.lstsq(here, image[inside][:, :2], rcond=None)
        matrix, moved = to_source[:2].T, to_source[2]
        # SciPy blends the edge with what lies outside only where there is a margin of zeros.
        expected = affine_transform(
            np.pad(picture[..., 3], 1), matrix, offset=moved + 5 - matrix @ [5, 5], order=1
        )
        np.testing.assert_allclose(image[..., 3], expected[1:-1, 1:-1], atol=1e-12)


def test_rows_are_changed_anew_in_each_epoch_and_the_same_by_the_same_seed():
    y = ROWS.sum(axis=1)
    plain = losses_at_rest(ROWS, y + 1, epochs=3)
    noisy = losses_at_rest(ROWS, y + 1, rv.Noise(0.1), epochs=3)
    np.testing.assert_allclose(plain, 1)
    assert len(set(noisy)) == 3
    assert (losses_at_rest(ROWS, y + 1, rv.Noise(0.1), epochs=3) == noisy).all()
    assert (losses_at_rest(ROWS, y + 1, rv.Noise(0.1), epochs=3, seed=1) != noisy).all()


@pytest.mark.parametrize("augmentation", [(rv.Noise(0.3),), GEOMETRY], ids=["noise", "geometry"])
def test_what_a_row_becomes_does_not_depend_on_its_mini_batch(augmentation):
    y = RNG.normal(size=len(IMAGES))
    by_size = [
        losses_at_rest(IMAGES, y, *augmentation, epochs=2, batch_size=size)
        for size in (1, 5, "full")
    ]
    # Sums in another order: rounding of float64.
    np.testing.assert_allclose(by_size[0], by_size[1], rtol=1e-13)
    np.testing.assert_allclose(by_size[0], by_size[2], rtol=1e-13)


@pytest.mark.parametrize(
    ("noise", "spread"), [(rv.Noise(0.2), ROWS.std(axis=0)), (rv.Noise(0.2, relative=False), 1)]
)
def test_noise_adds_its_variance_times_the_squared_weights_to_the_loss(noise, spread):
    """Bishop (1995): E[(ŷ + wᵀδ − y)²] = (ŷ − y)² + Σ w² var δ."""
    y = ROWS.sum(axis=1)
    losses = losses_at_rest(ROWS, y, noise, epochs=200)
    expected = 0.04 * np.sum(spread * np.ones(3) * (spread * np.ones(3)))
    # 40,000 squares of a normal: standard error √2/200.
    assert losses.mean() == pytest.approx(expected, rel=4 * np.sqrt(2) / 200)


def test_noise_leaves_the_codes_of_an_embedding_alone():
    X = np.column_stack([np.arange(60) % 3, np.zeros(60)])
    network = rv.Network(
        [rv.Embedding(columns=[0], levels=[3], dimension=2), rv.Dense(1)],
    )
    recipe = rv.Recipe(epochs=3, augmentation=rv.Noise(5.0, relative=False))
    assert rv.train(network, X, X[:, 0], recipe).status == "finished"
    with pytest.raises(rv.errors.ParameterError, match="Mixup cannot mix the codes"):
        rv.train(network, X, X[:, 0], recipe.replace(augmentation=rv.Mixup(0.2)))


def test_mixup_of_a_linear_truth_stays_on_it():
    np.testing.assert_allclose(losses_at_rest(ROWS, ROWS.sum(axis=1), rv.Mixup(1.0)), 0, atol=1e-25)


def test_mixup_of_noise_around_it_shrinks_its_variance_by_what_beta_says():
    """Blending independent errors: E[λ² + (1−λ)²] = 1 − 2 E[λ(1−λ)] = 1 − α/(2α + 1)."""
    signs = np.repeat([1.0, -1.0], 100)
    for alpha in (0.2, 2.0):
        losses = losses_at_rest(ROWS, ROWS.sum(axis=1) + signs, rv.Mixup(alpha), epochs=300)
        # Two rows of a mini-batch have correlation −1/199; the 300 epochs' own spread is the error.
        expected = 1 - alpha / (2 * alpha + 1) * (1 + 1 / 199)
        error = losses.std(ddof=1) / np.sqrt(len(losses))
        assert abs(losses.mean() - expected) < 4 * error


def test_mixup_blends_the_classes_of_its_rows():
    """Class 0 lies at −1, class 1 at +1: on blended rows the share of class 1 is (x + 1)/2."""
    labels = np.arange(200) % 2
    x = (2.0 * labels - 1)[:, None]
    network = rv.Network([rv.Dense(2)], loss="cross_entropy")
    fields = {"optimizer": rv.Adam(0.05), "epochs": 80, "batch_size": 50}
    mixed = rv.train(network, x, labels, rv.Recipe(augmentation=rv.Mixup(1.0), **fields))
    # Logits that are linear in x cannot do better than this: 0 at the middle, and bounded.
    assert mixed.predict_proba([[0.0]])[0, 1] == pytest.approx(0.5, abs=0.05)
    assert 0.85 < mixed.predict_proba([[1.0]])[0, 1] < 0.99
    sure = rv.train(network, x, labels, rv.Recipe(**fields))
    assert sure.predict_proba([[1.0]])[0, 1] > 0.99


def test_synthetic_rows_join_the_training_rows():
    for fraction, steps in [(0.5, 6), (1.0, 8), (0.01, 5)]:
        model = rv.train(
            rv.Network([rv.Dense(1)]),
            ROWS,
            ROWS.sum(axis=1),
            rv.Recipe(epochs=1, batch_size=50, augmentation=rv.Synthesize(fraction)),
        )
        assert model.history["step"][0] == steps


def test_synthetic_targets_take_levels_where_there_are_few():
    y = np.repeat([1.0, -1.0], 100)
    assert losses_at_rest(ROWS, y, rv.Synthesize(3.0), weight=0.0)[0] == pytest.approx(1, abs=1e-12)


def test_synthetic_classes_come_in_proportion_and_are_drawn_anew():
    labels = np.array(["few"] * 20 + ["many"] * 180)
    x = np.where(labels == "few", 3.0, -1.0)[:, None] + 0.1 * RNG.normal(size=(200, 1))
    # Weights that are the same for both classes: a loss of log 2, whatever the rows.
    losses = losses_at_rest(
        x, labels, rv.Synthesize(2.0), loss="cross_entropy", outputs=2, epochs=2
    )
    np.testing.assert_allclose(losses, np.log(2))
    y = np.where(labels == "few", 1.0, 0.0)
    squares = losses_at_rest(x, y, rv.Synthesize(2.0), weight=0.0, epochs=2)
    np.testing.assert_allclose(squares, 0.1)  # a tenth of the rows, made or not
    moving = losses_at_rest(x, y, rv.Synthesize(2.0), epochs=2)
    assert moving[0] != moving[1]


def test_a_binary_target_is_synthesized_by_class():
    y = np.arange(200) % 2
    x = np.where(y == 1, 3.0, -3.0)[:, None] + RNG.uniform(-0.5, 0.5, size=(200, 1))
    # The loss of logits ±3 ∓ ½ that fit their classes; a row with the wrong class would cost 6.
    losses = losses_at_rest(x, y, rv.Synthesize(5.0), loss="binary_cross_entropy", epochs=3)
    assert (losses < np.log1p(np.exp(-2.5))).all()


def test_a_function_gets_the_rows_and_a_generator_of_seed_and_epoch():
    calls = []

    def shuffled(X, y, rng):
        calls.append((X.copy(), rng.integers(1 << 60)))
        return X + 1, y

    y = ROWS.sum(axis=1)
    losses = losses_at_rest(ROWS, y, shuffled, epochs=3)
    np.testing.assert_allclose(losses, 9)  # each of three columns is one too large
    again = losses_at_rest(ROWS, y, shuffled, epochs=3)
    np.testing.assert_array_equal(losses, again)
    assert len({number for _, number in calls}) == 3
    for X, _ in calls:
        np.testing.assert_array_equal(X, ROWS)


def test_rows_that_a_function_changes_keep_their_sample_weights():
    counts = np.arange(200) < 100
    y = ROWS.sum(axis=1) + np.where(counts, 0.0, 1e3)
    network = rv.Network([rv.Dense(1, use_bias=False, initializer="ones")])
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.0), epochs=1, augmentation=lambda X, y, rng: (X + 1, y), dtype="float64"
    )
    model = rv.train(network, ROWS, y, recipe, sample_weight=counts.astype(float))
    np.testing.assert_allclose(model.history["loss"], 9)  # as if the other rows were not there


def test_only_training_rows_are_changed():
    y = ROWS.sum(axis=1)
    network = rv.Network([rv.Dense(1, use_bias=False, initializer="ones")])
    for augmentation in (rv.Noise(2.0), rv.Mixup(1.0), rv.Synthesize(1.0)):
        recipe = rv.Recipe(
            optimizer=rv.SGD(0.0), epochs=2, augmentation=augmentation, dtype="float64"
        )
        history = rv.train(network, ROWS, y + 1, recipe, validation=(ROWS, y + 1)).history
        np.testing.assert_allclose(history["val_loss"], 1)


@pytest.mark.parametrize("augmentation", GEOMETRY, ids=repr)
def test_geometry_of_rows_that_are_no_images_is_an_error(augmentation):
    with pytest.raises(rv.errors.ParameterError, match="needs images: rows of height"):
        losses_at_rest(ROWS, ROWS.sum(axis=1), augmentation)


@pytest.mark.parametrize("categories", [[3], [[0, 7]]])
def test_synthesize_with_a_column_that_x_lacks_is_an_error(categories):
    with pytest.raises(rv.errors.ParameterError, match="names a column that X lacks"):
        losses_at_rest(ROWS, ROWS.sum(axis=1), rv.Synthesize(categories=categories))
