"""What early stopping of the MLPs validates on: rows that are given, whole groups, the latest."""

import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ravine as rv
from ravine.errors import DataError, ParameterError
from ravine.estimators.mlp.fitting import Fitting

RNG = np.random.default_rng(0)
N = 240
X = RNG.normal(size=(N, 4))
NUMBERS = np.sin(X[:, 0]) + X[:, 1] + 0.1 * RNG.normal(size=N)
CLASSES = np.array(["a", "b", "c"])[np.digitize(NUMBERS, [-0.5, 0.7])]
SITES = RNG.integers(0, 24, N)
DAYS = np.datetime64("2024-01-01") + RNG.integers(0, 60, N)
X_VAL = RNG.normal(size=(50, 4))
NUMBERS_VAL = np.sin(X_VAL[:, 0]) + X_VAL[:, 1]
CLASSES_VAL = np.array(["a", "b", "c"])[np.digitize(NUMBERS_VAL, [-0.5, 0.7])]
KINDS = ["MLPClassifier", "MLPRegressor"]
DATA = {"MLPClassifier": (CLASSES, CLASSES_VAL), "MLPRegressor": (NUMBERS, NUMBERS_VAL)}
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def estimator(kind, **parameters):
    return getattr(rv, kind)(**(QUICK | {"early_stopping": True} | parameters))


@pytest.fixture
def splits(monkeypatch):
    """Rows that each fit trained and validated on."""
    seen = []
    train = Fitting._train

    def spy(self, *arguments):
        seen.append((self.X, self.validation))
        return train(self, *arguments)

    monkeypatch.setattr(Fitting, "_train", spy)
    return seen


def places(rows, X=X):
    """Find rows of X."""
    where = {row.tobytes(): i for i, row in enumerate(X)}
    return np.array([where[row.tobytes()] for row in np.ascontiguousarray(rows)])


# --- Groups and times ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_group_is_validated_on_or_trained_on(kind, seed, splits):
    y, _ = DATA[kind]
    names = [f"site {site}" for site in SITES]
    estimator(kind, validation_fraction=0.25, random_state=seed).fit(X, y, groups=names)
    trained, apart = places(splits[0][0]), places(splits[0][1][0])
    assert not np.isin(SITES[trained], SITES[apart]).any()
    assert sorted([*trained, *apart]) == list(range(N))
    assert abs(len(apart) - N / 4) <= 8
    if kind == "MLPClassifier":
        shares = [[(CLASSES[r] == c).mean() for c in "abc"] for r in (trained, apart)]
        np.testing.assert_allclose(*shares, atol=0.12)


def test_the_latest_rows_are_validated_on(splits):
    estimator("MLPRegressor").fit(X, NUMBERS, time=DAYS)
    trained, apart = places(splits[0][0]), places(splits[0][1][0])
    assert DAYS[trained].max() < DAYS[apart].min()
    estimator("MLPRegressor").fit(X, NUMBERS, time=DAYS, groups=SITES)
    trained, apart = places(splits[1][0]), places(splits[1][1][0])
    ends = [DAYS[site == SITES].max() for site in np.unique(SITES[apart])]
    assert DAYS[trained].max() < min(ends)
    assert not np.isin(SITES[trained], SITES[apart]).any()


def test_copies_of_a_row_are_kept_together_by_groups_alone(splits):
    # without them the rows are scikit-learn's, as test_mlp_equality shows
    rows = np.repeat(np.arange(N), 3)
    for groups in (None, rows):
        estimator("MLPRegressor").fit(X[rows], NUMBERS[rows], groups=groups)
    shared = [np.isin(places(a), places(apart[0])).any() for a, apart in splits]
    assert shared == [True, False]


def test_the_same_random_state_draws_the_same_groups(splits):
    for seed in (0, 0, 1):
        estimator("MLPRegressor", random_state=seed).fit(X, NUMBERS, groups=SITES)
    apart = [validation[0] for _, validation in splits]
    assert np.array_equal(apart[0], apart[1])
    assert not np.array_equal(apart[0], apart[2])


# --- Rows that are given ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_given_rows_are_validated_on_and_all_others_trained_on(kind, splits):
    y, y_val = DATA[kind]
    fitted = estimator(kind).fit(X, y, X_val=X_VAL, y_val=y_val)
    trained, apart = splits[0]
    assert np.array_equal(trained, X)
    assert np.array_equal(apart[0], X_VAL)
    assert len(fitted.validation_scores_) == fitted.n_iter_
    best = max(fitted.validation_scores_)
    assert fitted.score(X_VAL, y_val) == pytest.approx(best, abs=1e-12)  # the weights are the best


def test_the_split_of_scikit_learn_given_by_hand_is_the_same_fit(splits):
    drawn = estimator("MLPRegressor", shuffle=False).fit(X, NUMBERS)
    trained, (X_val, y_val) = splits[0]
    y = NUMBERS[places(trained)]
    given = estimator("MLPRegressor", shuffle=False).fit(trained, y, X_val=X_val, y_val=y_val)
    assert drawn.validation_scores_ == given.validation_scores_
    assert np.array_equal(drawn.coefs_[0], given.coefs_[0])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_the_given_rows_count(kind):
    y, y_val = DATA[kind]
    weights = (np.arange(50) < 20).astype(float)
    some = {"X_val": X_VAL[:20], "y_val": y_val[:20]}
    weighted = {"X_val": X_VAL, "y_val": y_val, "sample_weight_val": weights}
    scores = [estimator(kind).fit(X, y, **rows).validation_scores_ for rows in (some, weighted)]
    np.testing.assert_allclose(*scores, rtol=1e-9)


@pytest.mark.parametrize("class_weight", [{"a": 1, "b": 2, "c": 5}, "balanced"])
def test_class_weights_of_the_training_rows_weigh_the_given_ones(class_weight, splits):
    fit = estimator("MLPClassifier", class_weight=class_weight, monitor="val_loss").fit
    fit(X, CLASSES, X_val=X_VAL, y_val=CLASSES_VAL, sample_weight_val=np.full(50, 2.0))
    if class_weight == "balanced":
        class_weight = {c: N / 3 / (c == CLASSES).sum() for c in "abc"}
    expected = [2 * class_weight[c] for c in CLASSES_VAL]
    np.testing.assert_allclose(splits[0][1][2], expected)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_labels_and_sparse_rows_are_validated_on(sparse, class_weight):
    labels = np.column_stack([NUMBERS > 0, X[:, 2] > 0.3]).astype(int)
    labels_val = np.column_stack([NUMBERS_VAL > 0, X_VAL[:, 2] > 0.3]).astype(int)
    make = scipy.sparse.csr_matrix if sparse else np.asarray
    fitted = estimator("MLPClassifier", class_weight=class_weight).fit(
        make(X), make(labels), X_val=make(X_VAL), y_val=make(labels_val)
    )
    if class_weight is None:
        best = max(fitted.validation_scores_)
        assert fitted.score(X_VAL, labels_val) == pytest.approx(best)


def test_given_rows_are_used_by_fits_that_go_on():
    fitted = estimator("MLPRegressor", warm_start=True)
    for _ in range(2):
        fitted.fit(X, NUMBERS, X_val=X_VAL, y_val=NUMBERS_VAL)
    assert fitted.score(X_VAL, NUMBERS_VAL) == pytest.approx(max(fitted.validation_scores_))


# --- Routing ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*rows are set aside as the latest")  # few sites, few days
def test_groups_are_routed_through_cross_validation_and_a_pipeline(splits):
    with sklearn.config_context(enable_metadata_routing=True):
        model = estimator("MLPClassifier").set_fit_request(groups=True, time=True)
        pipeline = make_pipeline(StandardScaler(), model)
        found = cross_validate(
            pipeline,
            X,
            CLASSES,
            cv=GroupKFold(4),
            params={"groups": SITES, "time": DAYS},
            return_indices=True,
            error_score="raise",
        )
    assert len(splits) == 4
    for (trained, apart), rows in zip(splits, found["indices"]["train"], strict=True):
        scaled = StandardScaler().fit_transform(X[rows])
        kept, aside = rows[places(trained, scaled)], rows[places(apart[0], scaled)]
        assert not np.isin(SITES[kept], SITES[aside]).any()
        ends = [DAYS[rows][site == SITES[rows]].max() for site in np.unique(SITES[aside])]
        assert DAYS[kept].max() < min(ends)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_that_are_not_asked_for_are_not_routed(kind, splits):
    y, _ = DATA[kind]
    with sklearn.config_context(enable_metadata_routing=True):
        model = estimator(kind).set_fit_request(groups=False)
        cross_validate(model, X, y, cv=GroupKFold(3), params={"groups": SITES})
        search = GridSearchCV(
            estimator(kind).set_fit_request(groups=True),
            {"alpha": [0.1, 0.01]},
            cv=GroupKFold(3),
        ).fit(X, y, groups=SITES)
    shared = [np.isin(SITES[places(a)], SITES[places(b[0])]).any() for a, b in splits]
    assert shared == [True] * 3 + [False] * 7
    assert set(search.best_params_) == {"alpha"}


# --- Errors -------------------------------------------------------------------------------------

ROWS = {"X_val": X_VAL, "y_val": NUMBERS_VAL}


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        ({"early_stopping": False}, ROWS, "X_val is for early stopping, but early_stopping is"),
        ({"early_stopping": False}, {"groups": SITES}, "groups is for early stopping"),
        ({"early_stopping": False}, {"time": DAYS}, "time is for early stopping"),
        ({"solver": "lbfgs"}, ROWS, "X_val .* the solver lbfgs does not have"),
        ({"solver": rv.LBFGS()}, {"groups": SITES}, "groups .* the solver lbfgs does not have"),
        ({}, {"X_val": X_VAL}, "X_val and y_val must be given together"),
        ({}, {"y_val": NUMBERS_VAL}, "X_val and y_val must be given together"),
        ({}, {"sample_weight_val": np.ones(50)}, "sample_weight_val needs X_val"),
        ({}, ROWS | {"groups": SITES}, "groups would change nothing: X_val"),
        ({}, ROWS | {"time": DAYS}, "time would change nothing: X_val"),
    ],
)
def test_what_would_change_nothing_is_an_error(parameters, given, message):
    with pytest.raises(ParameterError, match=message):
        estimator("MLPRegressor", **parameters).fit(X, NUMBERS, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (ROWS | {"X_val": X_VAL[:, :3]}, "X_val, y_val .* 3 features"),
        (ROWS | {"y_val": NUMBERS_VAL[:-1]}, r"X_val, y_val .*\[50, 49\]"),
        (ROWS | {"X_val": np.full((50, 4), np.nan)}, "X_val, y_val .* NaN"),
        (ROWS | {"sample_weight_val": np.ones(9)}, "sample_weight_val .*50"),
        (ROWS | {"sample_weight_val": np.zeros(50)}, "at least one non-zero"),
        (ROWS | {"y_val": np.ones((50, 2))}, "y_val has 2 columns, but y has 1"),
        ({"X_val": X_VAL[:1], "y_val": NUMBERS_VAL[:1]}, "validation set is too small"),
        ({"groups": SITES[1:]}, "groups must have one value for each of the 240 rows"),
        ({"groups": np.ones(N)}, "All 240 rows are of one group"),
        ({"time": np.where(np.arange(N) == 7, np.nan, 1)}, "time has no value in row 7"),
    ],
)
def test_validation_rows_that_do_not_suit_are_errors(given, message):
    with pytest.raises(ValueError, match=message):
        estimator("MLPRegressor").fit(X, NUMBERS, **given)


def test_classes_that_are_not_trained_on_cannot_be_validated_on():
    strange = np.where(CLASSES_VAL == "a", "z", CLASSES_VAL)
    with pytest.raises(
        DataError, match=r"y_val has classes that y does not have: \['z'\]"
    ) as error:
        estimator("MLPClassifier").fit(X, CLASSES, X_val=X_VAL, y_val=strange)
    assert "Leave out these rows" in error.value.hint
    labels = np.column_stack([NUMBERS > 0, X[:, 2] > 0.3]).astype(int)
    with pytest.raises(DataError, match="y_val must be a 0/1 matrix of 2 labels"):
        estimator("MLPClassifier").fit(X, labels, X_val=X_VAL, y_val=np.ones((50, 3), int))


def test_names_of_columns_of_the_given_rows_are_checked():
    pd = pytest.importorskip("pandas")
    frame, apart = pd.DataFrame(X, columns=list("abcd")), pd.DataFrame(X_VAL, columns=list("dcba"))
    with pytest.raises(DataError, match="feature names"):
        estimator("MLPRegressor").fit(frame, NUMBERS, X_val=apart, y_val=NUMBERS_VAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator("MLPRegressor").fit(frame, NUMBERS, X_val=apart[list("abcd")], y_val=NUMBERS_VAL)
