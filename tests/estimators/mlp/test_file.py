"""A fitted MLP is one file that comes back to the last bit."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import ravine as rv
from ravine.errors import FileError
from ravine.models.file import read_model_file, write_model_file
from tests.builders.mlp import CLASSES, IRIS, NUMBERS, X_CLASSES, X, fitted, noise

RNG = np.random.default_rng(1)


SAVED = {
    "plain": ("MLPRegressor", X, NUMBERS, {}),
    "two columns": ("MLPRegressor", X, np.column_stack([NUMBERS, NUMBERS]), {}),
    "counts": ("MLPRegressor", X, RNG.poisson(2, size=240), {"loss": "poisson"}),
    "stopped early": ("MLPRegressor", X, NUMBERS, {"early_stopping": True}),
    "searched": ("MLPRegressor", X, NUMBERS, {"solver": "lbfgs", "dtype": "float32"}),
    "classes": ("MLPClassifier", X_CLASSES, np.array(["no", "yes"])[CLASSES], {}),
    "objects": ("MLPClassifier", *IRIS[:1], np.array(["a", "b", "c"], object)[IRIS[1]], {}),
    "labels": ("MLPClassifier", X, (X[:, :2] > 0).astype(int), {}),
    "one class": ("MLPClassifier", X, np.zeros(240, int), {}),
    "weighted classes": (
        "MLPClassifier",
        X_CLASSES,
        CLASSES,
        {"class_weight": {0: 1.0, 1: 2.0}},
    ),
    "all sorts": (
        "MLPClassifier",
        *IRIS,
        {
            "solver": rv.AdamW(rv.CosineDecay(0.01)),
            "activation": ["relu", rv.Activation("elu", alpha=0.5)],
            "hidden_layer_sizes": np.array([5, 4]),
            "alpha": [0.1, 0.2, 0.3],
            "batch_norm": True,
            "loss": rv.losses.CrossEntropy(label_smoothing=0.1),
            "augmentation": [noise()],
            "n_iter_no_change": np.inf,
        },
    ),
}
ATTRIBUTES = (
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "n_iter_",
    "t_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
)


@pytest.mark.parametrize("case", SAVED)
def test_a_saved_estimator_is_the_same_when_it_is_loaded(case, tmp_path):
    kind, rows, y, parameters = SAVED[case]
    estimator = fitted(kind, rows, y, max_iter=5, **parameters)
    estimator.save(tmp_path / "m.safetensors")
    loaded = rv.load(tmp_path / "m.safetensors")
    assert type(loaded) is type(estimator)
    np.testing.assert_array_equal(loaded.predict(rows), estimator.predict(rows))
    for name in ATTRIBUTES:
        assert getattr(loaded, name, "none") == getattr(estimator, name, "none"), name
    if kind == "MLPClassifier":
        assert loaded.classes_.dtype == estimator.classes_.dtype
        np.testing.assert_array_equal(loaded.predict_proba(rows), estimator.predict_proba(rows))
    given, found = estimator.get_params(), loaded.get_params()
    for name, value in given.items():
        as_list = list(value) if isinstance(value, list | tuple | np.ndarray) else value
        again = list(found[name]) if isinstance(found[name], tuple) else found[name]
        assert again == as_list, name
    if parameters.get("solver") != "lbfgs" and not estimator.early_stopping:
        for one in (estimator, loaded):
            one.set_params(warm_start=True, max_iter=2)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                one.fit(rows, y)
        np.testing.assert_array_equal(loaded.coefs_[0], estimator.coefs_[0])


def test_names_of_columns_are_saved(tmp_path):
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abcde"))
    fitted("MLPRegressor", frame, NUMBERS).save(tmp_path / "m.safetensors")
    loaded = rv.load(tmp_path / "m.safetensors")
    assert loaded.feature_names_in_.tolist() == list("abcde")
    assert loaded.predict(frame).shape == (240,)


def test_code_is_not_saved_and_that_is_said(tmp_path):
    estimator = fitted(
        "MLPRegressor",
        X,
        NUMBERS,
        callbacks=lambda row: False,
        random_state=np.random.RandomState(0),
    )
    with pytest.warns(UserWarning, match=r"callbacks, random_state of MLPRegressor holds code"):
        estimator.save(tmp_path / "m.safetensors")
    assert rv.load(tmp_path / "m.safetensors").callbacks is None


def spoil(document, path, value):
    *inner, last = path
    for name in inner:
        document = document[name]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["estimator"], "os.system", "The kind of estimator 'os.system' is not known"),
        (["estimator"], ["MLPClassifier"], "is not known"),
        (["parameters"], [], "'parameters' of the estimator must be of type dict"),
        (["parameters", "wheels"], 4, "has no parameter 'wheels'"),
        (["parameters", "alpha"], -1, "The 'alpha' parameter"),
        (["parameters", "alpha"], {"$description": {"kind": "Adam"}}, "'alpha' cannot be read"),
        (["parameters", "solver"], {"$description": {"kind": "system"}}, "system"),
        (["parameters", "class_weight"], {"$pairs": [[1]]}, "'class_weight' cannot be read"),
        (["parameters", "hidden_layer_sizes"], [7], "does not have the layers that it names"),
        (["learnt"], None, "'learnt' of the estimator must be of type dict"),
        (["learnt", "n_iter_"], "many", "'n_iter_' of the estimator must be of type int"),
        (["learnt", "loss_"], "low", "'loss_' of the estimator must be of type float"),
        (["learnt", "feature_names"], ["a"], "not as many as the columns"),
        (["learnt", "feature_names"], [1, 2, 3, 4, 5], "a list of type str"),
        (["learnt", "labels", "kind"], "ternary", "kind of labels of the estimator is not known"),
        (["learnt", "labels", "labels"], [1, 0], "must be different, and in order"),
        (["learnt", "labels", "labels"], [0, 1, 2], "do not suit their kind"),
        (["learnt", "labels", "kind"], "multilabel", "do not suit its network"),
        (["learnt", "labels", "type"], "int8", None),
    ],
)
def test_a_file_that_a_stranger_wrote_is_a_clear_error(path, value, message, tmp_path):
    file = tmp_path / "m.safetensors"
    fitted("MLPClassifier", X_CLASSES, CLASSES, max_iter=1).save(file)
    document, arrays = read_model_file(file)
    spoil(document, path, value)
    write_model_file(file, document, arrays)
    if message is None:
        assert rv.load(file).classes_.dtype == np.int8
        return
    with pytest.raises(FileError) as error:
        rv.load(file)
    assert message in str(error.value)


def test_a_curve_that_is_none_is_a_clear_error(tmp_path):
    file = tmp_path / "m.safetensors"
    fitted("MLPClassifier", X_CLASSES, CLASSES, max_iter=1).save(file)
    document, arrays = read_model_file(file)
    write_model_file(file, document, {**arrays, "loss_curve_": np.zeros((2, 2))})
    with pytest.raises(FileError, match="is not a curve"):
        rv.load(file)


def test_under_batch_norm_a_last_row_by_itself_joins_the_mini_batch_before_it():
    # 201 rows in mini-batches of 200 (the default), and of 50: one mini-batch, and four
    inputs = np.resize(X, (201, X.shape[1])) + np.arange(201)[:, None] % 7
    for batch_size, steps in (("auto", 1), (50, 4)):
        losses = []
        for alpha in (0.0, 100.0):
            estimator = rv.MLPRegressor(
                batch_norm=True,
                solver="sgd",
                learning_rate_init=1e-12,
                alpha=alpha,
                max_iter=1,
                batch_size=batch_size,
                shuffle=False,
                random_state=0,
            )
            with pytest.warns(ConvergenceWarning):
                estimator.fit(inputs, np.resize(NUMBERS, 201))
            losses.append(estimator.loss_)
        assert len(estimator.model_.history["step"]) == 1
        assert estimator.model_.history["step"][0] == steps
        # each mini-batch of B rows has alpha ½‖W‖² / B, and counts B times of n
        norm = sum((W**2).sum() for W in estimator.coefs_)
        assert losses[1] - losses[0] == pytest.approx(steps * 100.0 * norm / 2 / 201, rel=1e-5)
