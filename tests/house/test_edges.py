"""What training must withstand, case by case: few rows, odd shapes, extreme values."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, DivergenceError, ParameterError, RavineError

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
