"""What a trained model predicts, says of itself, and keeps in its file."""

import copy
import dataclasses
import functools
import hashlib
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.errors import DataError, FileError, ParameterError, RavineError, SpecError
from ravine.model_file import read_model_file, write_model_file

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [-1, 1])]
COUNTS = RNG.poisson(2.0, 60)
IMAGES = RNG.normal(size=(60, 4, 4))
QUICK = rv.Recipe(epochs=3, batch_size=16)


def trained(layers, loss="squared_error", y=Y, recipe=QUICK, X=X, **more):
    return rv.train(rv.Network(layers, loss=loss), X, y, recipe, **more)


MODELS = {
    "regression": lambda: trained([rv.Normalize(), rv.Dense(4, activation="tanh"), rv.Dense(1)]),
    "column": lambda: trained([rv.Dense(1)], y=Y[:, None]),
    "two outputs": lambda: trained([rv.Dense(2)], y=np.stack([Y, -Y], axis=1)),
    "counts": lambda: trained([rv.Dense(1)], "poisson", y=COUNTS),
    "classes": lambda: trained([rv.Dense(3)], "cross_entropy", y=LABELS),
    "numbered": lambda: trained([rv.Dense(4)], "cross_entropy", y=np.digitize(Y, [-1, 1])),
    "yes or no": lambda: trained([rv.Dense(1)], "binary_cross_entropy", y=Y > 0),
    "matrix": lambda: trained(
        [rv.Dense(2)], "binary_cross_entropy", y=np.stack([Y > 0, Y > 1], axis=1)
    ),
    "everything": lambda: trained(
        [
            rv.Normalize(),
            rv.Embedding(columns=(1,), levels=(5,), dimension=2),
            rv.Dense(6, activation="relu", penalty=rv.L1(1e-3)),
            rv.BatchNorm(),
            rv.Residual([rv.Dense(6), rv.LayerNorm(), rv.Activation("gelu")]),
            rv.Dropout(0.2),
            rv.GaussianNoise(0.1),
            rv.Dense(1),
        ],
        rv.losses.Huber(2.0),
        X=np.column_stack([X[:, 0], np.arange(60) % 5, X[:, 2]]),
        recipe=rv.Recipe(
            optimizer=rv.AdamW(rv.ExponentialDecay(0.01, 0.1)),
            epochs=4,
            penalty=rv.L2(1e-4),
            validation_fraction=0.25,
            stopping=rv.EarlyStopping(patience=2),
            augmentation=rv.Noise(0.05),
            dtype="float64",
        ),
    ),
    "images": lambda: trained([rv.Flatten(), rv.Dense(1)], X=IMAGES),
    "no parameters": lambda: trained([rv.Normalize(), rv.Flatten()], X=X[:, :1]),
}


@functools.cache
def made(name):
    return MODELS[name]()


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return made(request.param)


@pytest.fixture(scope="module")
def regression():
    return made("regression")


def inputs(model, n=7):
    rows = np.random.default_rng(1).normal(size=(n, *model.input_shape))
    if any(isinstance(layer, rv.Embedding) for layer in model.network.layers):
        rows[:, 1] = np.arange(n) % 5
    return rows


def assert_same(found, model):
    assert found.network == model.network
    assert found.recipe == model.recipe
    for name in ("input_shape", "one_dimensional", "status", "best_epoch", "message", "dtype"):
        assert getattr(found, name) == getattr(model, name)
    for name in ("parameters", "state"):
        theirs, ours = getattr(found, name), getattr(model, name)
        assert theirs.keys() == ours.keys()
        for key, array in ours.items():
            assert theirs[key].dtype == array.dtype
            np.testing.assert_array_equal(theirs[key], array)
            assert not theirs[key].flags.writeable
    assert found.history.columns == model.history.columns
    assert found.history.best_epoch == model.history.best_epoch
    for name in model.history:
        np.testing.assert_array_equal(found.history[name], model.history[name])
    if model.classes is None:
        assert found.classes is None
    else:
        assert found.classes.tolist() == model.classes.tolist()
        assert found.classes.dtype == model.classes.dtype
    rows = inputs(model)
    np.testing.assert_array_equal(found.predict(rows), model.predict(rows))
    assert repr(found) == repr(model)


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


# --- Saved and loaded ---------------------------------------------------------------------------


def test_a_loaded_model_is_the_saved_one(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    assert_same(rv.load(tmp_path / "m.safetensors"), model)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_copied_model_is_the_same(model, duplicate):
    model.predict(inputs(model))
    assert_same(duplicate(model), model)


def test_the_same_model_gives_the_same_file(regression, tmp_path):
    regression.save(tmp_path / "a")
    rv.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_model_can_be_saved_over_the_file_that_it_came_from(regression, tmp_path):
    path = tmp_path / "m.safetensors"
    regression.save(path)
    loaded = rv.load(path)
    loaded.save(path)
    assert_same(rv.load(path), regression)
    assert_same(loaded, regression)


def test_a_loaded_model_needs_no_file(regression, tmp_path):
    path = tmp_path / "m.safetensors"
    regression.save(path)
    loaded = rv.load(path)
    path.write_bytes(bytes(path.stat().st_size))
    assert_same(loaded, regression)


def test_any_safetensors_reader_sees_the_weights(regression, tmp_path):
    from safetensors.numpy import load_file

    regression.save(tmp_path / "m.safetensors")
    arrays = load_file(tmp_path / "m.safetensors")
    for name, array in regression.parameters.items():
        np.testing.assert_array_equal(arrays[f"parameters.{name}"], array)


def test_a_loaded_model_predicts_the_same_in_another_process(regression, tmp_path):
    path = tmp_path / "m.safetensors"
    regression.save(path)
    program = f"""
import numpy as np, ravine as rv
print(rv.load({str(path)!r}).predict(np.arange(6.0).reshape(2, 3)).tobytes().hex())
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = regression.predict(np.arange(6.0).reshape(2, 3)).tobytes().hex()
    assert done.stdout.strip() == expected


def test_a_checkpoint_is_loaded_as_a_model(tmp_path):
    path = tmp_path / "c.safetensors"
    model = trained([rv.Dense(1)], checkpoint=path)
    np.testing.assert_array_equal(rv.load(path).predict(X), model.predict(X))


@dataclasses.dataclass(frozen=True, repr=False)
class SignDescent(rv.Optimizer):
    learning_rate: float = 0.01

    def init(self, n):
        return None

    def update(self, w, g, state, k, learning_rate):
        w -= learning_rate * np.sign(g)


def jitter(X, y, rng):
    return X + rng.normal(scale=0.01, size=X.shape), y


OWN = rv.Recipe(optimizer=SignDescent(0.5), epochs=2, augmentation=[rv.Noise(0.1), jitter])


def test_code_of_ones_own_is_named_in_the_file_but_not_kept(tmp_path):
    model = trained([rv.Dense(1)], recipe=OWN)
    model.save(tmp_path / "m")
    loaded = rv.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert "SignDescent(learning_rate=0.5)" in repr(loaded.recipe.optimizer)
    assert loaded.recipe.augmentation[0] == rv.Noise(0.1)
    assert loaded.recipe.augmentation[1].description == "jitter"
    with pytest.raises(ParameterError, match=r"'SignDescent.*' is code of a user's own"):
        rv.train(loaded.network, X, Y, loaded.recipe)
    restored = loaded.recipe.replace(optimizer=SignDescent(0.5), augmentation=OWN.augmentation)
    assert restored == OWN


def test_a_model_of_ones_own_code_can_be_saved_again_and_again(tmp_path):
    trained([rv.Dense(1)], recipe=OWN).save(tmp_path / "m")
    first = rv.load(tmp_path / "m")
    first.save(tmp_path / "m")
    assert rv.load(tmp_path / "m").recipe == first.recipe


def test_pickling_keeps_code_of_ones_own():
    model = trained([rv.Dense(1)], recipe=OWN)
    assert pickle.loads(pickle.dumps(model)).recipe == OWN


# --- Files that hold no model -------------------------------------------------------------------


def test_a_file_that_is_no_model_is_refused(tmp_path):
    write_model_file(tmp_path / "m", {"something": "else"}, {})
    with pytest.raises(
        FileError, match=r"holds no model that this ravine can use: .* lacks 'network'"
    ):
        rv.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("parameters.dense_1.weight", None, "lacks the array 'parameters.dense_1.weight'"),
        ("parameters.dense_3.weight", np.zeros(1, "f4"), "the network does not need"),
        ("state.normalize_1.mean", None, "lacks the array 'state.normalize_1.mean'"),
        ("state.more", np.zeros(1, "f4"), "the network does not need"),
        ("parameters.dense_1.weight", np.zeros((4, 3), "f4"), r"has shape \(4, 3\)"),
        ("parameters.dense_1.weight", np.zeros((3, 4)), "type float64"),
        ("parameters.dense_1.weight", np.full((3, 4), np.nan, "f4"), "not finite"),
        ("state.normalize_1.mean", np.full(3, np.inf, "f4"), "not finite"),
        ("history.loss", None, "columns of the history"),
        ("history.more", np.zeros(3), "columns of the history"),
        ("history.loss", np.zeros(5), "one length"),
        ("history.loss", np.zeros((3, 1)), "one number per epoch"),
    ],
)
def test_arrays_that_do_not_suit_the_network_are_refused(regression, name, change, message):
    document, arrays = regression.to_parts()
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change
    with pytest.raises(RavineError, match=message):
        rv.Model.from_parts(document, arrays)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": {"kind": "Network", "layers": [{"kind": "Evil"}]}}, "Unknown kind"),
        ({"network": {"kind": "Dense", "units": 1}}, "Unknown kind"),
        ({"network": [1]}, "must be of type dict"),
        ({"recipe": 3}, "must be a dictionary"),
        ({"recipe": {"kind": "Recipe", "epochs": -1}}, "'epochs'"),
        ({"recipe": {"kind": "Recipe", "dtype": "float64"}}, "the network needs"),
        ({"input_shape": [4]}, "the network needs"),
        ({"input_shape": [2**40]}, "one to three whole numbers"),
        ({"input_shape": [2**30]}, "larger than the arrays"),
        ({"input_shape": []}, "one to three whole numbers"),
        ({"input_shape": [True]}, "one to three whole numbers"),
        ({"input_shape": "3"}, "must be of type list"),
        ({"status": "happy"}, "status of the model must be one of finished"),
        ({"best_epoch": "2"}, "best epoch"),
        ({"best_epoch": True}, "best epoch"),
        ({"history": ["loss"]}, "columns of the history"),
        ({"history": [["loss"]]}, "columns of the history"),
        ({"one_dimensional": 1}, "must be of type bool"),
        ({"message": None}, "must be of type str"),
        ({"classes": {"type": "int64", "labels": [0, 1]}}, "do not suit its loss"),
        ({"own_functions": [1]}, "own_functions"),
        ({"own_functions": {"x": "f"}}, "own_functions"),
    ],
)
def test_descriptions_that_make_no_sense_are_refused(regression, change, message):
    document, arrays = regression.to_parts()
    with pytest.raises(RavineError, match=message):
        rv.Model.from_parts(document | change, arrays)


@pytest.mark.parametrize(
    "classes",
    [
        None,
        [],
        {"type": "str", "labels": ["a", "b"]},
        {"type": "str", "labels": ["a", "b", 3]},
        {"type": "str", "labels": ["b", "a", "c"]},
        {"type": "str", "labels": ["a", "a", "c"]},
        {"type": "object", "labels": ["a", "b", "c"]},
        {"type": "int64", "labels": [1, 2, 2**70]},
        {"type": "int64", "labels": [True, 2, 3]},
        {"type": "float64", "labels": [1.0, 2.0, float("nan")]},
        {"type": ["str"], "labels": ["a", "b", "c"]},
        {"labels": ["a", "b", "c"]},
    ],
)
def test_classes_that_make_no_sense_are_refused(classes):
    document, arrays = made("classes").to_parts()
    with pytest.raises(SpecError, match="classes of the model"):
        rv.Model.from_parts(document | {"classes": classes}, arrays)


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "Dense", "units": 2**31 - 1},
        {"kind": "Residual", "layers": [{"kind": "Dense", "units": 2**31 - 1}]},
        {"kind": "Embedding", "columns": [0], "levels": [2**31 - 1], "dimension": [2**31 - 1]},
    ],
)
def test_a_network_larger_than_its_file_is_refused_before_it_is_built(regression, layer):
    document, arrays = regression.to_parts()
    document["network"]["layers"] = [layer, *[{"kind": "Dense", "units": 2**31 - 1}] * 3]
    with pytest.raises(SpecError, match="larger than the arrays in the file"):
        rv.Model.from_parts(document, arrays)


def test_a_model_that_diverged_is_saved_as_it_is(regression, tmp_path):
    values = np.full_like(regression.parameters_vector, np.nan)
    model = dataclasses.replace(regression, parameters_vector=values, status="diverged")
    model.save(tmp_path / "m")
    assert rv.load(tmp_path / "m").status == "diverged"


def test_a_newer_format_says_to_upgrade(regression, tmp_path):
    path = tmp_path / "m"
    regression.save(path)
    content = path.read_bytes().replace(b'{\\"format\\": 1', b'{\\"format\\": 7')
    path.write_bytes(content)
    with pytest.raises(FileError, match="was written by a newer ravine"):
        rv.load(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """Every place in a document."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inner:
        yield from places(item, (*path, key))


@given(data=st.data())
@settings(max_examples=300)
def test_no_change_of_a_document_crashes_or_escapes_the_checks(tmp_path_factory, data):
    model = made(data.draw(st.sampled_from(["everything", "classes"])))
    document, arrays = model.to_parts()
    document = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in places(document) if p]))
        target = document
        for key in path[:-1]:
            target = target[key]
        if data.draw(st.booleans()):
            target[path[-1]] = data.draw(json_values)
        else:
            del target[path[-1]]
    file = tmp_path_factory.mktemp("changed") / "m"
    try:
        write_model_file(file, document, arrays)
    except TypeError:  # a "$float" key, which a document cannot have
        return
    try:
        loaded = rv.load(file)
    except FileError:
        return
    assert np.isfinite(loaded.parameters_vector).all()
    try:
        loaded.predict(inputs(model))
    except DataError:
        return


@given(data=st.data())
@settings(max_examples=150)
def test_no_damage_of_a_file_gives_another_model(tmp_path_factory, data):
    model = made("regression")
    file = tmp_path_factory.mktemp("damaged") / "m"
    model.save(file)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    file.write_bytes(content)
    try:
        loaded = rv.load(file)
    except FileError:
        return
    assert_same(loaded, model)


def test_the_checksum_covers_the_document_and_the_arrays(regression, tmp_path):
    path = tmp_path / "m"
    regression.save(path)
    document, arrays = read_model_file(path)
    found = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(json.dumps([name, array.dtype.str, list(array.shape)]).encode())
        found.update(array.tobytes())
    assert found.hexdigest().encode() in path.read_bytes()
