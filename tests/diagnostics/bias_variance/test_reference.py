"""bias_variance on a table: the reference, its noise, and sweeps over networks."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import ravine as rv
from ravine.data.folds import make_folds
from ravine.diagnostics.bias_variance.reference import choose
from ravine.diagnostics.bias_variance.residuals import Reference, match_errors
from ravine.diagnostics.bias_variance.sweeps import read_sweep
from ravine.diagnostics.bias_variance.worlds import Labels, Residuals, World
from ravine.errors import DataError, DivergenceError, ParameterError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.5 * RNG.normal(size=80)
LABELS = np.where(Y > 0.3, "up", np.where(Y < -0.5, "down", "level"))
LINE = rv.Network([rv.Dense(1)])
LEAST_SQUARES = rv.Recipe(optimizer="lbfgs", epochs=40)
QUICK = rv.Recipe(optimizer=rv.SGD(0.1), epochs=5, batch_size=20)


def study(network=LINE, y=Y, recipe=LEAST_SQUARES, **options):
    settings = {"n_models": 12, "n_tables": 2} | options
    return rv.bias_variance(network, X, y, recipe, **settings)


# --- Which reference ------------------------------------------------------------------------------


def swept(field, values):
    return read_sweep(LINE, rv.Recipe(optimizer=rv.AdamW()), {field: values})


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("penalty.alpha", [0.0, 0.1, 1.0], 0),
        ("dropout", [0.5, 0.1, 0.2], 1),
        ("epochs", [10, 20, 40], 2),
        ("optimizer.weight_decay", [0.0, 0.1, 0.2], 0),
        ("max_norm", [1.0, None, 2.0], 1),
    ],
)
def test_of_equal_errors_the_most_flexible_setting_is_the_reference(field, values, expected):
    choice = choose(swept(field, values), np.ones(3), np.full(3, 0.1))
    assert choice.place == expected
    assert not choice.favoured


def test_a_flexible_setting_beyond_one_standard_error_is_not_the_reference():
    sweep = swept("epochs", [1, 10, 100, 1000])
    choice = choose(sweep, np.array([2.0, 1.0, 1.09, 1.2]), np.full(4, 0.1))
    assert choice.name == "epochs=100"
    assert sweep.name(choice.other) == "epochs=10"  # that of the least error
    choice = choose(sweep, np.array([2.0, 1.0, 1.11, np.nan]), np.full(4, 0.1))
    assert choice.name == "epochs=10"
    assert sweep.name(choice.other) == "epochs=100"  # the next more flexible one
    assert choose(sweep, np.array([2.0, 1.5, 1.3, 1.0]), np.full(4, 0.1)).other == 2
    with pytest.raises(DivergenceError, match="with rows held out"):
        choose(sweep, np.full(4, np.nan), np.full(4, np.nan))


def test_settings_without_an_order_warn_that_the_reference_is_favoured():
    with pytest.warns(RuntimeWarning, match=r"no order .*comes out too small"):
        found = study(recipe=QUICK, over={"optimizer": ["sgd", "adam"]})
    assert found.reference.favoured
    assert not found.ordered
    assert "its own bias² comes out too small" in " ".join(found.notes)


def test_a_named_reference_is_taken_and_said():
    found = study(over={"penalty.alpha": [0.0, 0.5]}, reference=0.5)
    assert (found.reference.name, found.reference.other) == ("penalty.alpha=0.5", "penalty.alpha=0")
    assert found.reference.rule == "given"
    assert "measured against a reference, not the truth: penalty.alpha=0.5" in repr(found)
    assert "X is held fixed" in found._repr_html_()


def test_the_result_says_how_far_bias_moves_and_what_the_method_finds_again():
    found = study(over={"penalty.alpha": [0.0, 3.0]}, n_tables=3)
    report = found.reference
    assert report.other == "penalty.alpha=3"
    # Against itself the heavy penalty has much less bias than against none.
    assert report.bias2_other[1] < 0.5 * found.bias2[1]
    assert report.bias2_again[1] == pytest.approx(found.bias2[1], rel=0.5)
    assert np.isfinite(report.bias2_spread).all()
    head, rows = found.reference_text()
    assert head == ["penalty.alpha", "bias² by the other", "bias² again", "variance again"]
    assert len(rows) == 2
    alone = study(n_tables=0)
    assert alone.reference.other is None
    assert np.isnan(alone.reference.bias2_again).all()
    assert alone.reference_text() is None


@pytest.mark.parametrize("y", [Y, LABELS], ids=["numbers", "classes"])
def test_any_estimator_may_be_the_reference(y):
    classes = y is LABELS
    network = rv.mlp(outputs=None, loss="cross_entropy" if classes else "squared_error")
    estimator = LogisticRegression() if classes else LinearRegression()
    found = study(network, y, over={"penalty.alpha": [0.0, 1.0]}, reference=estimator)
    assert found.reference.name == type(estimator).__name__
    assert found.bias2[1] > 3 * found.bias2_se[1]
    if not classes:
        # The same function: no bias at all.
        assert found.intervals["bias2"][0, 0] < 0.005
    with pytest.raises(ParameterError, match="needs a method predict"):
        study(network, y, reference=type("Fit", (), {"fit": None})())


def test_a_linear_fit_to_a_line_has_no_bias_and_the_variance_of_its_closed_form():
    # Inputs of the training and test rows are not known outside, but for a given test set.
    rng = np.random.default_rng(1)
    X_test = rng.normal(size=(200, 3))
    y_test = X_test @ [1.0, -2.0, 0.5] + 0.5 * rng.normal(size=200)
    found = study(n_models=200, X_test=X_test, y_test=y_test, n_tables=0, sampled=False)
    design = np.column_stack([np.ones(80), X])
    smoother = np.column_stack([np.ones(200), X_test]) @ np.linalg.pinv(design)
    shape = (smoother**2).sum(axis=1).mean()
    assert found.intervals["bias2"][0, 0] < 0 < found.intervals["bias2"][0, 1]
    assert found.bias2[0] < 0.001
    low, high = found.intervals["variance"][0]
    assert low < found.noise[0] * shape < high
    # 80 residuals of 76 degrees of freedom know σ² = 0.25 to 16 %.
    assert found.noise[0] == pytest.approx(0.25, rel=0.35)
    assert found.mse[0] == pytest.approx(found.total[0], rel=0.35)


def test_noise_that_is_known_is_drawn_as_large_as_it_is():
    found = study(noise=0.7, n_tables=0)
    assert found.noise[0] == pytest.approx(0.49, rel=1e-9)
    assert study(noise=0.0, n_tables=0).variance[0] < 1e-6
    for loss in ("poisson", "gamma"):
        with pytest.raises(ParameterError, match="no one σ"):
            study(rv.mlp(loss=loss), np.exp(Y), noise=0.7)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "absolute_error", "huber", "quantile"])
def test_other_losses_of_numbers_are_simulated_too(loss):
    y = np.exp(Y / 4) if loss in ("poisson", "gamma") else Y
    found = study(rv.mlp(loss=loss), y, rv.Recipe(epochs=60, optimizer=rv.Adam(0.05)))
    assert np.isfinite([found.bias2, found.variance, found.noise]).all()
    assert found.noise[0] > 0


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_several_outputs_classes_and_labels_are_simulated_too(loss):
    y = LABELS if loss == "cross_entropy" else np.column_stack([Y > 0, Y > 1]).astype(int)
    found = study(rv.mlp(4, outputs=None, loss=loss), y, QUICK, over={"epochs": [2, 5]})
    assert found.measure == "Brier score"
    assert (found.noise > 0).all()
    both = study(rv.mlp(outputs=None), np.column_stack([Y, -Y]))
    one = study(rv.mlp(outputs=None), Y)
    assert both.noise[0] == pytest.approx(one.noise[0], rel=0.2)


# --- Its noise ------------------------------------------------------------------------------------


def line_reference(y, X, groups=None, seed=0):
    """A straight line through the origin as the reference, which is fitted without error."""
    n = len(y)
    folds = make_folds(n, seed, groups=groups)
    prediction = X[:, :1]
    return folds, Reference.of(
        prediction,
        prediction[folds.held_out],
        y[:, np.newaxis],
        folds,
        groups=groups,
        relative=False,
        centred=True,
        weight=1.0,
    )


def test_where_residuals_spread_with_the_prediction_they_are_drawn_by_it():
    rng = np.random.default_rng(0)
    X = np.linspace(0, 1, 400)[:, np.newaxis]
    noise = X[:, 0] * rng.normal(size=400)
    _, reference = line_reference(X[:, 0] + noise, X)
    squared = reference.world().noise.squared(np.arange(400), X)[:, 0]
    assert squared[-40:].mean() == pytest.approx(0.81, rel=0.3)
    assert squared[:40].mean() < 0.05
    _, reference = line_reference(X[:, 0] + rng.normal(size=400), X)
    assert len(reference.noise.scale) == 1


def test_the_noise_is_scaled_until_simulated_errors_are_the_measured_ones():
    # The method errs by the mean of the training rows: held-out squares are σ² (1 + 1/k) with k
    # rows to train on. Few rows, so that it matters: residuals are 5/4 of the noise.
    rng = np.random.default_rng(0)
    n = 5
    X = np.zeros((n, 1))
    ratios = []
    for _ in range(20):
        y = rng.normal(size=n)
        folds = make_folds(n, 0)
        means = np.stack([np.full(len(aside), y[kept].mean()) for kept, aside in folds.pairs])
        found = means.reshape(-1, 1)
        reference = Reference.of(
            np.full((n, 1), y.mean()),
            found,
            y[:, np.newaxis],
            folds,
            groups=None,
            relative=False,
            centred=True,
            weight=1.0,
        )

        def predict(tables, folds=folds):
            return np.stack(
                [
                    np.concatenate([np.full((len(a), 1), table[k].mean()) for k, a in folds.pairs])
                    for table in tables
                ]
            )

        measured = np.square(y[folds.held_out] - found[:, 0])
        generators = [np.random.default_rng([7, i]) for i in range(200)]
        scale = match_errors(
            reference,
            measured,
            folds,
            predict,
            lambda generators=generators: [np.random.default_rng([7, i]) for i in range(200)],
        )
        world = reference.world(scale)
        ratios.append(world.noise.squared(np.arange(n), X).mean() / y.var(ddof=1))
    # Exact: mean held-out square = s² n / (n − 1) for k = n − 1, which is σ² (1 + 1 / (n − 1)).
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.02)


def test_the_rows_of_a_group_draw_noise_that_is_alike():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 5)
    y = rng.normal(size=60)[groups] + 0.1 * rng.normal(size=300)
    _, reference = line_reference(y, np.zeros((300, 1)), groups)
    drawn = reference.world().table(np.random.default_rng(1))[:, 0]
    within = np.mean([drawn[groups == group].var() for group in range(60)])
    assert within < 0.05 * drawn.var()


def test_targets_that_are_never_negative_are_not_drawn_below_0():
    residuals = np.array([[-0.9], [0.0], [0.9]])
    noise = Residuals(residuals, np.zeros(3, int), np.zeros(500, int), np.ones(1), relative=True)
    scaled = noise.scaled(np.array([5.0]))
    drawn = scaled.draw(np.arange(500), np.ones((500, 1)), np.random.default_rng(0))
    assert drawn.min() > 0
    assert scaled.scale[0] == pytest.approx(0.999 / 0.9)


def test_a_drawn_table_holds_two_classes_or_says_that_it_cannot():
    rare = World(np.tile([0.98, 0.02], (6, 1)), Labels(multi_label=False), 5, 1.0)
    assert len(set(rare.table(np.random.default_rng(0)).tolist())) == 2
    never = World(np.tile([1.0, 0.0], (6, 1)), Labels(multi_label=False), 5, 1.0)
    with pytest.raises(DataError, match="of one class"):
        never.table(np.random.default_rng(0))


# --- Networks as settings -------------------------------------------------------------------------


def test_widths_are_ordered_and_depths_are_not():
    widths = read_sweep(LINE, QUICK, {"network": [rv.mlp(8), rv.mlp(2), rv.mlp(64)]})
    assert widths.values.tolist() == ["8", "2", "64"]
    assert widths.flexibility.tolist() == [8, 2, 64]
    assert read_sweep(LINE, QUICK, {"network": [rv.mlp(8), rv.mlp(8, 8)]}).flexibility is None
    crossed = {"network": [rv.mlp(8, 2), rv.mlp(2, 8)]}
    assert read_sweep(LINE, QUICK, crossed).flexibility is None
    other = {"network": [rv.mlp(8), rv.mlp(16, activation="tanh")]}
    assert read_sweep(LINE, QUICK, other).flexibility is None


@pytest.mark.parametrize("given", [{"thin": 2, "wide": 16}, [("thin", 2), ("wide", 16)]])
def test_networks_are_swept_under_their_labels(given):
    if isinstance(given, dict):
        networks = {label: rv.mlp(units) for label, units in given.items()}
    else:
        networks = [(label, rv.mlp(units)) for label, units in given]
    found = study(recipe=QUICK, over={"network": networks})
    assert found.field == "network"
    assert found.values.tolist() == ["thin", "wide"]
    assert found.ordered
    assert found.to_frame()["network"].tolist() == ["thin", "wide"]
    assert found.variance[0] != found.variance[1]
    truth = rv.bias_variance(
        LINE,
        X,
        None,
        QUICK,
        over={"network": networks},
        truth=lambda X: X[:, 0],
        noise=1.0,
        n_models=4,
    )
    assert truth.best in ("thin", "wide")


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ([], "must be a list of networks"),
        ("mlp", "must be a list of networks"),
        ([8, 16], "must be a list of networks"),
        ([rv.mlp(8), rv.mlp(8, activation="tanh")], "are called '8': give them labels"),
        ([rv.mlp(8), rv.mlp(4, loss="cross_entropy", outputs=3)], "all be for one task"),
        ([rv.mlp(8), rv.mlp(4, outputs=2)], "same number of outputs. Got 1, 2"),
    ],
)
def test_networks_that_cannot_be_compared_are_refused(networks, message):
    with pytest.raises(ParameterError, match=message):
        study(over={"network": networks})


# --- Differences ----------------------------------------------------------------------------------


def test_differences_are_paired_and_against_any_value():
    found = study(over={"penalty.alpha": [0.0, 1.0, 3.0]}, n_models=30)
    frame = found.differences(1.0)
    assert frame["penalty.alpha"].tolist() == [0, 1, 3]
    np.testing.assert_allclose(frame["bias2"], found.bias2 - found.bias2[1])
    np.testing.assert_allclose(frame["total"], found.total - found.total[1])
    np.testing.assert_allclose(frame["mse"], found.mse - found.mse[1])
    assert (frame.loc[1, ["bias2_se", "total_se", "mse_se"]] == 0).all()
    unpaired = np.hypot(found.total_se[0], found.total_se[1])
    assert frame["total_se"][0] < unpaired
    assert found.differences()["total"].min() == 0  # against the best
    with pytest.raises(ParameterError, match="must be one of the values"):
        found.differences(7)
    with pytest.raises(ParameterError, match="nothing was swept"):
        study().differences()
