"""What a trained model predicts and says of itself."""

import dataclasses

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, ParameterError
from tests.builders.trained_models import LABELS, QUICK, X, Y, inputs, made, trained

# --- Predictions --------------------------------------------------------------------------------


def test_a_dense_layer_predicts_its_weights_times_the_inputs_plus_its_bias():
    model = made("column")
    weight, bias = model.parameters["dense_1.weight"], model.parameters["dense_1.bias"]
    expected = X.astype(np.float32) @ weight + bias
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5)  # float32


@pytest.mark.parametrize(
    ("name", "shape"),
    [("regression", (7,)), ("column", (7, 1)), ("two outputs", (7, 2)), ("images", (7,))],
)
def test_predictions_have_the_axes_that_the_targets_had(name, shape):
    model = made(name)
    assert model.predict(inputs(model)).shape == shape


def test_the_inverse_link_is_applied():
    model = made("counts")
    weight, bias = model.parameters["dense_1.weight"], model.parameters["dense_1.bias"]
    log_mean = X.astype(np.float32) @ weight + bias
    np.testing.assert_allclose(model.predict(X), np.exp(log_mean)[:, 0], rtol=1e-5)  # float32


@pytest.mark.parametrize(
    ("name", "classes", "columns"),
    [
        ("classes", ["high", "low", "middle"], 3),
        ("numbered", [0, 1, 2, 3], 4),
        ("yes or no", [False, True], 2),
    ],
)
def test_a_classifier_predicts_labels_and_probabilities(name, classes, columns):
    model = made(name)
    assert model.classes.tolist() == classes
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (60, columns)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)  # float32
    labels = model.predict(X)
    assert labels.shape == (60,)
    assert labels.dtype == model.classes.dtype
    assert labels.tolist() == model.classes[probabilities.argmax(axis=1)].tolist()


def test_several_binary_outputs_predict_a_matrix():
    model = made("matrix")
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (60, 2)
    np.testing.assert_array_equal(model.predict(X), probabilities > 0.5)
    assert model.predict(X).dtype == np.int64
    assert model.classes is None


def test_probabilities_of_a_regression_are_refused(regression):
    with pytest.raises(
        ParameterError, match="needs a classifier, but the network's loss is Squared"
    ):
        regression.predict_proba(X)


def test_row_by_row_predictions_are_those_of_all_rows(model):
    rows = inputs(model)
    together = model.predict(rows)
    alone = np.concatenate([model.predict(rows[i : i + 1]) for i in range(len(rows))])
    if together.dtype.kind == "f":
        np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-6)  # order of sums
    else:
        np.testing.assert_array_equal(alone, together)


def test_the_same_numbers_of_any_type_give_the_same_predictions(regression):
    rows = np.arange(6).reshape(2, 3)
    expected = regression.predict(rows.astype(np.float32))
    for same in (rows, rows.tolist(), rows.astype(np.float16), np.asfortranarray(rows)):
        np.testing.assert_array_equal(regression.predict(same), expected)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((2, 7)), "X has 7 columns, but the model was trained on 3"),
        (np.zeros((0, 3)), "X has no rows"),
        (np.zeros(3), "must have rows and columns"),
        ([[1.0, np.nan, 0.0]], "nan in row 0, column 1"),
        ([[1.0, "a", 0.0]], "text"),
    ],
)
def test_inputs_that_do_not_suit_the_model_are_refused(regression, rows, message):
    with pytest.raises(DataError, match=message):
        regression.predict(rows)
    with pytest.raises(DataError, match=message):
        regression.evaluate(rows, [0.0])


def test_codes_of_unknown_categories_are_refused():
    model = made("everything")
    rows = inputs(model)
    rows[3, 1] = 5
    with pytest.raises(DataError, match="Column 1 of X must hold whole numbers from 0 to 4"):
        model.predict(rows)


# --- Monte-Carlo dropout ------------------------------------------------------------------------


def test_dropout_samples_spread_around_the_prediction():
    model = trained([rv.Dense(50, activation="tanh"), rv.Dropout(0.5), rv.Dense(1)])
    samples = model.predict(X, samples=400)
    assert samples.shape == (400, 60)
    # The last layer is linear in what is dropped, so the mean over masks is the prediction; the
    # largest of 60 means lies within 4.5 of its standard errors, but for one case in 2,000.
    error = samples.std(axis=0) / np.sqrt(400)
    assert (samples.std(axis=0) > 0).all()
    assert (np.abs(samples.mean(axis=0) - model.predict(X)) < 4.5 * error).all()


def test_dropout_samples_are_the_same_each_time():
    model = trained([rv.Dense(8), rv.Dense(1)], recipe=QUICK.replace(dropout=0.5))
    first = model.predict(X, samples=3)
    np.testing.assert_array_equal(model.predict(X, samples=3), first)
    np.testing.assert_array_equal(model.predict(X, samples=2), first[:2])
    assert (first[0] != first[1]).any()


def test_dropout_samples_of_a_classifier_are_probabilities():
    layers = [rv.Residual([rv.Dense(3), rv.Dropout(0.5)]), rv.Dense(3)]
    model = trained(layers, "cross_entropy", y=LABELS)
    samples = model.predict(X, samples=4)
    assert samples.shape == (4, 60, 3)
    np.testing.assert_allclose(samples.sum(axis=2), 1.0, rtol=1e-6)  # float32


@pytest.mark.parametrize("samples", [0, -1, 1.5, True, "3"])
def test_samples_must_be_a_positive_whole_number(regression, samples):
    with pytest.raises(ParameterError, match="'samples' parameter of predict must be a whole"):
        regression.predict(X, samples=samples)


def test_samples_without_dropout_are_refused(regression):
    with pytest.raises(ParameterError, match="this network has no dropout"):
        regression.predict(X, samples=3)


# --- Scores -------------------------------------------------------------------------------------


def test_scores_of_a_regression_are_scikit_learns(regression):
    from sklearn.metrics import mean_squared_error, r2_score

    weights = np.random.default_rng(2).random(60)
    for w in (None, weights):
        scores = regression.evaluate(X, Y, w)
        predicted = regression.predict(X).astype(float)
        mse = mean_squared_error(Y, predicted, sample_weight=w)
        assert scores["loss"] == pytest.approx(mse, rel=1e-5)  # float32
        assert scores["rmse"] == pytest.approx(np.sqrt(mse), rel=1e-5)
        assert scores["r2"] == pytest.approx(r2_score(Y, predicted, sample_weight=w), rel=1e-4)


@pytest.mark.parametrize(("name", "y"), [("classes", LABELS), ("yes or no", Y > 0)])
def test_scores_of_a_classifier_are_scikit_learns(name, y):
    from sklearn.metrics import accuracy_score, log_loss

    model = made(name)
    scores = model.evaluate(X, y)
    assert scores.keys() == {"loss", "accuracy"}
    assert scores["accuracy"] == pytest.approx(accuracy_score(y, model.predict(X)))
    expected = log_loss(y, model.predict_proba(X), labels=list(model.classes))
    assert scores["loss"] == pytest.approx(expected, rel=1e-5)  # float32


@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson", rv.losses.Quantile(0.9)])
def test_losses_of_rows_are_the_loss_of_each_by_itself(loss):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.uniform(0.5, 2, size=30)
    model = rv.train(rv.mlp(4, loss=loss), X, y, rv.Recipe(epochs=2))
    found = model.row_losses(X, y)
    assert found.shape == (30,)
    predictions = model.predict(X).reshape(-1, 1)
    alone = [model.network.loss.mean(predictions[[i]], y[[i]]) for i in range(30)]
    np.testing.assert_allclose(found, alone, rtol=2e-4)
    assert found.mean() == pytest.approx(model.evaluate(X, y)["loss"], rel=1e-5)


def test_losses_of_rows_of_a_classifier_are_minus_the_log_of_the_probability():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.choice(list("abc"), size=30)
    network = rv.Network([rv.Dense(3)], loss="cross_entropy")
    model = rv.train(network, X, y, rv.Recipe(epochs=2))
    chosen = model.predict_proba(X)[np.arange(30), np.searchsorted(model.classes, y)]
    np.testing.assert_allclose(model.row_losses(X, y), -np.log(chosen), rtol=1e-4)


def test_labels_that_training_did_not_have_are_named():
    with pytest.raises(DataError, match="labels that the training rows did not have: 'huge'"):
        made("classes").evaluate(X[:2], ["low", "huge"])


def test_a_single_class_can_be_evaluated():
    assert made("classes").evaluate(X[:2], ["low", "low"]).keys() == {"loss", "accuracy"}


@pytest.mark.parametrize(
    ("y", "weights", "message"),
    [
        (Y[:5], None, "y has 5 rows, but X has 60"),
        (np.stack([Y, Y], axis=1), None, "y has 2 columns, but the network has 1 output"),
        (Y, np.ones(5), "one weight for each of the 60 rows"),
        (Y, np.zeros(60), "is 0 in every row"),
    ],
)
def test_targets_that_do_not_suit_the_model_are_refused(regression, y, weights, message):
    with pytest.raises(DataError, match=message):
        regression.evaluate(X, y, weights)


# --- What it says of itself ---------------------------------------------------------------------


def test_parameters_and_state_have_names_and_shapes():
    model = made("everything")
    shapes = {name: array.shape for name, array in model.parameters.items()}
    assert shapes == {
        "embedding_1.column_1": (5, 2),
        "dense_1.weight": (4, 6),
        "dense_1.bias": (6,),
        "batch_norm_1.scale": (6,),
        "batch_norm_1.shift": (6,),
        "residual_1.dense_1.weight": (6, 6),
        "residual_1.dense_1.bias": (6,),
        "residual_1.layer_norm_1.scale": (6,),
        "residual_1.layer_norm_1.shift": (6,),
        "dense_2.weight": (6, 1),
        "dense_2.bias": (1,),
    }
    assert {name: array.shape for name, array in model.state.items()} == {
        "normalize_1.mean": (3,),
        "normalize_1.standard_deviation": (3,),
        "batch_norm_1.mean": (6,),
        "batch_norm_1.variance": (6,),
    }


def test_nothing_in_a_model_can_be_changed(regression):
    with pytest.raises(ValueError, match="read-only"):
        regression.parameters["dense_1.weight"][0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        regression.state["normalize_1.mean"][0] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        regression.network = None


def test_the_summary_lists_layers_shapes_and_parameters(regression):
    assert str(regression.summary()).splitlines() == [
        "layer         kind        output  parameters",
        "────────────────────────────────────────────",
        "normalize_1   Normalize   3                0",
        "dense_1       Dense       4               16",
        "activation_1  Activation  4                0",
        "dense_2       Dense       1                5",
        "────────────────────────────────────────────",
        "parameters    21 (float32), and 6 of state",
        "loss          'squared_error'",
        "optimizer     Adam(learning_rate=0.001)",
        "training      finished after 3 epochs",
    ]
    assert repr(regression.summary()) == str(regression.summary())


def test_the_summary_of_any_model_adds_up(model):
    lines = str(model.summary()).splitlines()
    rule = lines[1]
    table = lines[2 : lines.index(rule, 2)]
    outer = [line for line in table if not line.startswith(" ")]
    assert sum(int(line.split()[-1].replace(",", "")) for line in outer) == (
        model.parameters_vector.size
    )
    assert len({len(line) for line in table}) <= 1


def test_a_notebook_shows_layers_and_facts(model):
    html = model._repr_html_()
    assert html.startswith("<table>")
    assert html.count("<tr>") == html.count("</tr>")
    assert "parameters" in html


def test_labels_are_escaped_in_a_notebook():
    model = trained([rv.Dense(2)], "cross_entropy", y=np.where(Y > 0, "<b>", "&"))
    assert "<b>" not in model._repr_html_()


def test_its_repr_is_one_line(model):
    assert repr(model).startswith("Model(")
    assert "\n" not in repr(model)
