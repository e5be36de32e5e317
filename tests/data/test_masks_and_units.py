"""Masks, units and missing marks are never dropped: they are missing values, or errors."""

import numpy as np
import pandas as pd
import pytest

import ravine as rv
from ravine.errors import DataError, ParameterError
from ravine.ground.kept import check_kept, count_masked, unmasked
from ravine.tables import as_frame

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(40, 3))
Y = X[:, 0] + 0.1
LABELS = np.where(Y > 0, "yes", "no")
WEIGHTS = np.ones(40)


def masked(values, garbage):
    """Mask the sixth value, and put garbage under the mask."""
    found = np.ma.masked_array(values.copy(), mask=np.zeros(values.shape, bool))
    found.data[5] = garbage
    found.mask[5] = True
    return found


def neural(kind=rv.NeuralRegressor):
    return kind(n_members=1, epochs=2, n_jobs=1, random_state=0)


def mlp(kind=rv.MLPRegressor, **more):
    return kind(hidden_layer_sizes=(2,), max_iter=2, random_state=0, **more)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", [lambda m: m, list, lambda m: {n: m[:, n] for n in range(3)}])
def test_a_masked_input_of_a_neural_estimator_is_a_missing_one(form):
    hidden = form(masked(X, 1e6))
    gaps = form(masked(X, 1e6).filled(np.nan))
    expected = neural().fit(gaps, Y)
    found = neural().fit(hidden, Y)
    assert np.array_equal(found.predict(X), expected.predict(X))
    assert np.array_equal(found.predict(hidden), expected.predict(gaps))


def test_a_masked_integer_or_text_of_a_table_is_a_missing_one():
    numbers = np.ma.masked_array([1, 2, 999], mask=[False, False, True])
    texts = np.ma.masked_array(["a", "b", "garbage"], mask=[False, False, True])
    dates = np.ma.masked_array(np.array(["2024-01-01"] * 3, "M8[D]"), mask=[False, True, False])
    frame = as_frame({"n": numbers, "t": texts, "d": dates})
    assert frame.isna().to_numpy().tolist() == [[False] * 3, [False, False, True], [True, True, 0]]
    assert frame["n"].tolist()[:2] == [1, 2]


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (neural(), masked(Y, 1e6)),
        (neural(rv.NeuralClassifier), masked(LABELS, "no")),
        (neural(rv.NeuralClassifier), masked((Y > 0).astype(int), 1)),
    ],
)
def test_a_masked_target_of_a_neural_estimator_is_a_missing_one(estimator, y):
    with pytest.raises(ValueError, match=r"missing|NaN"):
        estimator.fit(X, y)


ESTIMATORS = [
    (neural, rv.NeuralRegressor, Y),
    (neural, rv.NeuralClassifier, LABELS),
    (mlp, rv.MLPRegressor, Y),
    (mlp, rv.MLPClassifier, LABELS),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("make", "kind", "y"), ESTIMATORS)
def test_masked_weights_and_targets_of_scores_are_errors(make, kind, y):
    weights = masked(WEIGHTS, 1e6)
    with pytest.raises(DataError, match="sample_weight has 1 masked value"):
        make(kind).fit(X, y, sample_weight=weights)
    fitted = make(kind).fit(X, y)
    with pytest.raises(DataError, match="sample_weight has 1 masked value"):
        fitted.score(X, y, sample_weight=weights)
    with pytest.raises(DataError, match="y has 1 masked value"):
        fitted.score(X, masked(y, y[0]))
    assert fitted.score(X, y) == fitted.score(X, y, sample_weight=WEIGHTS)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", [rv.MLPRegressor, rv.MLPClassifier])
def test_masks_are_errors_of_mlps(kind):
    y = Y if kind is rv.MLPRegressor else LABELS
    hidden = masked(X, 1e6)
    for bad in (hidden, list(hidden)):
        with pytest.raises(DataError, match="X has 3 masked values"):
            mlp(kind).fit(bad, y)
    with pytest.raises(DataError, match="y has 1 masked value"):
        mlp(kind).fit(X, masked(y, y[0]))
    fitted = mlp(kind, early_stopping=True).fit(X, y)
    with pytest.raises(DataError, match="X has 3 masked values"):
        fitted.predict(hidden)
    validation = {"X_val": X, "y_val": y, "sample_weight_val": WEIGHTS}
    for name, value in (("X_val", hidden), ("y_val", masked(y, y[0]))):
        with pytest.raises(DataError, match=f"{name} has"):
            mlp(kind, early_stopping=True).fit(X, y, **validation | {name: value})
    weights = {"sample_weight_val": masked(WEIGHTS, 1e6)}
    with pytest.raises(DataError, match="sample_weight_val has 1 masked value"):
        mlp(kind, early_stopping=True).fit(X, y, **validation | weights)


NETWORK = rv.Network([rv.Dense(1)])
MODEL = rv.train(NETWORK, X, Y, rv.Recipe(epochs=1))
HIDDEN = masked(X, 1e6)


@pytest.mark.parametrize(
    "use",
    [
        lambda: rv.train(NETWORK, HIDDEN, Y),
        lambda: rv.train(NETWORK, list(HIDDEN), Y),
        lambda: rv.train(NETWORK, X, masked(Y, 1e6)),
        lambda: rv.train(NETWORK, X, Y, sample_weight=masked(WEIGHTS, 9)),
        lambda: rv.train(NETWORK, X, Y, groups=masked(np.arange(40), 1)),
        lambda: rv.train(NETWORK, X, Y, time=masked(np.arange(40), 1)),
        lambda: rv.train(NETWORK, X, Y, groups=[np.ma.masked, *range(39)]),
        lambda: MODEL.predict(HIDDEN),
        lambda: MODEL.evaluate(X, masked(Y, 1e6)),
        lambda: MODEL.evaluate(X, Y, sample_weight=masked(WEIGHTS, 9)),
        lambda: rv.check_gradients(NETWORK, HIDDEN, Y),
        lambda: rv.augment(HIDDEN, Y, rv.Noise(0.1)),
        lambda: rv.bias_variance(NETWORK, HIDDEN, Y, n_models=3),
        lambda: rv.minimize(lambda x: float(x @ x), masked(np.ones(9), 4)),
        lambda: rv.minimize(lambda x: np.ma.masked, np.ones(2)),
    ],
)
def test_a_mask_is_an_error_where_no_value_may_be_missing(use):
    with pytest.raises(
        (DataError, ParameterError), match=r"masked value|no value in row 0|real num"
    ):
        use()


@pytest.mark.parametrize("what", ["sample_weight", "groups", "time"])
@pytest.mark.parametrize("values", [pd.array([1, *[2] * 38, None], dtype="Int64")])
def test_a_missing_mark_of_pandas_beside_rows_is_an_error(what, values):
    for use in (values, pd.Series(values)):
        with pytest.raises(DataError, match=r"missing|no value in row 39"):
            rv.train(NETWORK, X, Y, rv.Recipe(epochs=1, validation_fraction=0.2), **{what: use})


def test_an_array_without_masked_values_is_as_good_as_a_plain_one():
    plain = np.ma.masked_array(X, mask=False)
    assert count_masked(plain) == count_masked([[1.0, "a"], []]) == 0
    assert np.array_equal(MODEL.predict(plain), MODEL.predict(X))
    assert type(unmasked(plain)) is np.ndarray


def test_numbers_with_a_unit_are_an_error():
    kind = type("Quantity", (np.ndarray,), {"unit": "km", "__module__": "astropy.units.quantity"})
    lengths = X.view(kind)
    for use in (
        lambda: MODEL.predict(lengths),
        lambda: mlp().fit(lengths, Y),
        lambda: neural().fit(lengths, Y),
        lambda: as_frame(lengths),
    ):
        with pytest.raises(DataError, match="has the unit 'km', which would be lost"):
            use()
    check_kept(pd.DataFrame({"unit": [1.0]}), "X")
