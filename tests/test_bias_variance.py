"""bias_variance: what it trains, what it gives back, what it refuses; and jobs with own targets."""

import importlib

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.diagnostics import BiasVariance, decomposition
from ravine.diagnostics.decomposition import Reference, decompose
from ravine.diagnostics.designs import Basis, Resampling, Simulation
from ravine.errors import DataError, DivergenceError, ParameterError, SpecError

study = importlib.import_module("ravine.diagnostics.bias_variance")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X @ [1.0, -2.0] + 0.5 * RNG.normal(size=60)
LABELS = np.where(Y > 0, "up", "down")
LINE = rv.Network([rv.Dense(1)])
CLASSES = rv.Network([rv.Dense(3)], loss="cross_entropy")
BINARY = rv.Network([rv.Dense(1)], loss="binary_cross_entropy")
MULTI_LABEL = rv.Network([rv.Dense(2)], loss="binary_cross_entropy")
QUICK = rv.Recipe(optimizer=rv.SGD(0.1), epochs=5, batch_size=20)
NUMBERS = [name for part in decomposition.PARTS for name in (part, f"{part}_se")]


def truth(X):
    return X[:, 0] ** 2


def simulated(recipe=QUICK, network=LINE, **options):
    settings = {"n_models": 6, "truth": truth, "noise": 0.5} | options
    return rv.bias_variance(network, X, None, recipe, **settings)


def measured(recipe=QUICK, network=LINE, y=Y, **options):
    return rv.bias_variance(network, X, y, recipe, **{"n_models": 6} | options)


def numbers(found):
    return np.array([getattr(found, name) for name in NUMBERS])


# --- Jobs with targets of their own ---------------------------------------------------------------


def test_a_job_with_targets_of_its_own_comes_out_as_if_trained_alone():
    others = [RNG.normal(size=60) for _ in range(2)]
    recipes = [QUICK.replace(seed=seed, dtype=f"float{32 * (seed + 1)}") for seed in range(2)]
    jobs = [rv.Job(LINE, r, y=y) for y, r in zip(others, recipes, strict=True)]
    shared = rv.Job(LINE, QUICK)
    *own, last = rv.train_many([*jobs, shared], X, Y)
    for model, y, recipe in zip(own, others, recipes, strict=True):
        alone = rv.train(LINE, X, y, recipe)
        np.testing.assert_array_equal(model.parameters_vector, alone.parameters_vector)
    alone = rv.train(LINE, X, Y, QUICK)
    np.testing.assert_array_equal(last.parameters_vector, alone.parameters_vector)


def test_jobs_that_all_have_targets_need_no_shared_ones():
    jobs = [rv.Job(LINE, QUICK, y=Y), rv.Job(BINARY, QUICK, y=LABELS)]
    regression, classifier = rv.train_many(jobs, X)
    assert regression.classes is None
    assert classifier.classes.tolist() == ["down", "up"]


@pytest.mark.parametrize(
    ("job", "error", "message"),
    [
        (rv.Job(LINE), ParameterError, "The job at place 1 has no targets"),
        (rv.Job(LINE, y=Y[:3]), DataError, "y has 3 rows, but X has 60"),
        (rv.Job(BINARY, y=np.zeros(60)), DataError, "a single class, 0.0"),
    ],
)
def test_targets_that_do_not_suit_are_refused(job, error, message):
    with pytest.raises(error, match=message):
        rv.train_many([rv.Job(LINE, y=Y), job], X)


# --- The statistics -------------------------------------------------------------------------------


def test_three_models_at_one_point_by_hand():
    # 0, 1, 2 about 1; the truth is 3, σ = 2. s² = 1, bias² (1 − 3)² − 1/3 = 11/3; errors 25, 0, 4.
    # Without 0, 1 or 2 in turn s² is ½, 2, ½, bias² (1.5 − 3)² − ¼ = 2, (1 − 3)² − 1 = 3,
    # (½ − 3)² − ¼ = 6 and the mean error 2, 14.5, 12.5: squares about their means are 1.5, 8⅔ and
    # 90⅙, and the jackknife takes 2/3 of them.
    predictions = np.array([0.0, 1.0, 2.0]).reshape(3, 1, 1)
    fresh = np.array([5.0, 1.0, 0.0]).reshape(3, 1, 1)
    reference = Reference(np.array([[3.0]]), np.array([4.0]), measured=False, fresh=fresh)
    found = decompose(predictions, reference)
    assert found["variance"] == pytest.approx((1, np.sqrt(2 / 3 * 1.5)))
    assert found["bias2"] == pytest.approx((11 / 3, np.sqrt(2 / 3 * (26 / 3))))
    assert found["noise"] == (4.0, 0.0)
    assert found["mse"] == pytest.approx((29 / 3, np.sqrt(2 / 3 * (90 + 1 / 6))))


def test_standard_errors_are_those_of_leaving_out_each_model_in_turn():
    rng = np.random.default_rng(1)
    predictions, centre = rng.normal(size=(7, 11, 2)), rng.normal(size=(11, 2))
    fresh = rng.normal(size=predictions.shape)
    whole = decompose(predictions, Reference(centre, np.ones(11), measured=False, fresh=fresh))
    rest = []
    for left_out in range(7):
        kept = np.arange(7) != left_out
        reference = Reference(centre, np.ones(11), measured=False, fresh=fresh[kept])
        rest.append(decompose(predictions[kept], reference))
    for name in ("bias2", "variance", "mse"):
        without = np.array([parts[name][0] for parts in rest])
        expected = np.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum())
        assert whole[name][1] == pytest.approx(expected, rel=1e-10)


def test_on_measured_rows_leaving_out_each_row_in_turn_is_added():
    rng = np.random.default_rng(1)
    predictions, centre = rng.normal(size=(7, 11, 2)), rng.normal(size=(11, 2))
    whole = decompose(predictions, Reference(centre, None, measured=True))
    models = decompose(predictions, Reference(centre, np.ones(11), measured=False))
    rest = []
    for left_out in range(11):
        kept = np.arange(11) != left_out
        rest.append(decompose(predictions[:, kept], Reference(centre[kept], None, measured=True)))
    for name in ("bias2", "variance", "mse"):
        without = np.array([parts[name][0] for parts in rest])
        of_rows = 10 / 11 * ((without - without.mean()) ** 2).sum()
        assert whole[name][1] == pytest.approx(np.sqrt(models[name][1] ** 2 + of_rows), rel=1e-10)


def test_rows_in_pieces_give_the_same_as_all_at_once(monkeypatch):
    rng = np.random.default_rng(1)
    predictions, centre = rng.normal(size=(5, 23, 2)), rng.normal(size=(23, 2))
    reference = Reference(centre, None, measured=True, weight=0.5)
    whole = decompose(predictions, reference)
    monkeypatch.setattr(decomposition, "_NUMBERS_AT_ONCE", 40)
    pieces = decompose(predictions, reference)
    np.testing.assert_allclose(list(pieces.values()), list(whole.values()), rtol=1e-12)


# --- What is trained ------------------------------------------------------------------------------


def calls_of_train_many(monkeypatch):
    """Record the jobs of each call, and pass it on."""
    calls = []

    def recorded(jobs, *arguments, **options):
        calls.append(jobs)
        return rv.train_many(jobs, *arguments, **options)

    monkeypatch.setattr(study, "train_many", recorded)
    return calls


def test_all_values_and_models_are_one_population(monkeypatch):
    calls = calls_of_train_many(monkeypatch)
    simulated(over={"penalty.alpha": [0, 0.1, 1.0]})
    (jobs,) = calls
    alphas = [job.recipe.penalty.alpha for job in jobs]
    assert alphas == [0.0] * 6 + [0.1] * 6 + [1.0] * 6


def test_models_differ_in_seed_and_targets_and_are_the_same_for_every_value(monkeypatch):
    calls = calls_of_train_many(monkeypatch)
    simulated(over={"epochs": [2, 5]})
    (jobs,) = calls
    first, second = jobs[:6], jobs[6:]
    assert len({job.recipe.seed for job in first}) == 6
    assert len({float(job.y[0, 0]) for job in first}) == 6
    for one, other in zip(first, second, strict=True):
        assert one.recipe.seed == other.recipe.seed
        assert one.y is other.y
        assert (one.recipe.epochs, other.recipe.epochs) == (2, 5)


def test_with_little_memory_values_are_studied_one_after_the_other(monkeypatch):
    over = {"penalty.alpha": [0, 0.1, 1.0]}
    seen = []
    together = simulated(over=over)
    calls = calls_of_train_many(monkeypatch)
    monkeypatch.setattr(study, "_MOST_PREDICTIONS_AT_ONCE", 2 * 6 * 60)
    apart = simulated(over=over, progress=seen.append)
    assert [len(jobs) for jobs in calls] == [12, 6]
    np.testing.assert_array_equal(numbers(apart), numbers(together))
    assert {row["run"] for row in seen} == set(range(18))
    assert {row["runs"] for row in seen} == {18}


@pytest.mark.parametrize("make", [simulated, measured])
def test_the_same_seed_gives_the_same_on_any_number_of_threads(make):
    one, two, other = make(threads=1), make(threads=2), make(threads=2, seed=1)
    np.testing.assert_array_equal(numbers(one), numbers(two))
    assert (one.variance != other.variance).all()


def test_bootstrap_samples_are_of_full_size_and_leave_the_test_rows_alone():
    basis = Basis(LINE, QUICK, X, 0, 6)
    design = Resampling(basis, Y, None, "bootstrap", 0.25)
    samples = [design.job(QUICK, model).rows for model in range(6)]
    assert {len(rows) for rows in samples} == {45}
    used = set(np.concatenate(samples).tolist())
    assert len(used) > 40
    tested = {tuple(row) for row in design.X_test.tolist()}
    assert len(tested) == 15
    assert not tested & {tuple(design.X[row].tolist()) for row in used}
    # Some rows stand several times: 1 − 1/e of them come at all.
    assert all(0.5 < len(np.unique(rows)) / 45 < 0.75 for rows in samples)


def test_validation_rows_are_no_copies_of_bootstrapped_training_rows():
    recipe = QUICK.replace(validation_fraction=0.2, stopping=rv.EarlyStopping(patience=2))
    design = Resampling(Basis(LINE, recipe, X, 0, 6), Y, None, "bootstrap", 0.25)
    for model in range(6):
        job = design.job(recipe, model)
        assert len(job.rows) == 36
        assert len(job.validation_rows) == 9
        assert not set(job.rows) & set(job.validation_rows)
    assert np.isfinite(numbers(measured(recipe))[:4]).all()
    assert np.isfinite(numbers(simulated(recipe))).all()
    assert np.isfinite(numbers(measured(recipe, method="subsets", n_models=3))[:4]).all()


def test_subsets_have_no_row_in_common():
    design = Resampling(Basis(LINE, QUICK, X, 0, 7), Y, None, "subsets", 0.25)
    samples = [design.job(QUICK, model).rows for model in range(7)]
    assert {len(rows) for rows in samples} == {6}
    assert len(np.unique(np.concatenate(samples))) == 42


def test_simulated_targets_have_the_mean_and_the_spread_that_were_asked_for():
    many = np.tile(X[:1], (4000, 1))
    design = Simulation(Basis(LINE, QUICK, many, 0, 3), truth, 0.5, None)
    y = design.job(QUICK, 1).y
    # Of 4000 values the mean is known to 0.008 and the standard deviation to 0.006.
    assert y.mean() == pytest.approx(truth(X)[0], abs=0.03)
    assert y.std() == pytest.approx(0.5, abs=0.025)
    assert not np.array_equal(y, design.reference.fresh[1])


def test_simulated_labels_have_the_frequencies_that_were_asked_for():
    shares = np.array([0.2, 0.5, 0.3])
    many = np.zeros((4000, 2))
    design = Simulation(
        Basis(CLASSES, QUICK, many, 0, 3), lambda X: np.tile(shares, (len(X), 1)), None, None
    )
    counts = np.bincount(design.job(QUICK, 0).y, minlength=3)
    np.testing.assert_allclose(counts / 4000, shares, atol=0.03)  # four standard deviations
    np.testing.assert_allclose(design.reference.fresh.sum(axis=2), 1)
    np.testing.assert_allclose(design.reference.noise, (shares * (1 - shares)).sum())


@pytest.mark.parametrize(
    ("network", "given"),
    [
        (BINARY, lambda X: np.full(len(X), 0.3)),
        (BINARY, lambda X: np.tile([0.7, 0.3], (len(X), 1))),
        (MULTI_LABEL, lambda X: np.tile([0.3, 0.3], (len(X), 1))),
    ],
)
def test_two_classes_and_several_labels_are_simulated_too(network, given):
    found = simulated(network=network, truth=given, noise=None)
    # Two classes: 2 p (1 − p); two labels of p (1 − p) each are averaged.
    assert found.noise[0] == pytest.approx(0.42 if network is BINARY else 0.21)
    assert found.measure == "Brier score"


def test_several_outputs_are_averaged():
    one = simulated(rv.Recipe(optimizer="lbfgs", epochs=50), noise=0.5)
    both = simulated(
        rv.Recipe(optimizer="lbfgs", epochs=50),
        rv.Network([rv.Dense(2)]),
        truth=lambda X: np.column_stack([truth(X), truth(X)]),
        n_models=40,
    )
    assert both.noise[0] == 0.25
    assert both.variance[0] == pytest.approx(one.variance[0], rel=1)
    assert both.bias2[0] == pytest.approx(one.bias2[0], rel=0.2)


# --- What comes back ------------------------------------------------------------------------------


def test_simulated_parts_are_separate_and_measured_ones_say_that_they_are_not():
    assert simulated().separate
    assert measured(noise=0.5).separate
    together = measured()
    assert not together.separate
    assert np.isnan(together.noise).all()
    np.testing.assert_allclose(together.bias2 + together.variance, together.mse, rtol=1e-12)
    np.testing.assert_allclose(measured(noise=0.5).bias2, together.bias2 - 0.25, rtol=1e-9)


def test_the_frame_has_a_row_for_each_value():
    frame = simulated(over={"penalty.alpha": [0, 0.1]}).to_frame()
    assert list(frame.columns) == ["penalty.alpha", *NUMBERS, "separate", "diverged"]
    assert frame["penalty.alpha"].tolist() == [0, 0.1]
    assert frame["separate"].all()
    assert list(simulated().to_frame().columns) == [*NUMBERS, "separate", "diverged"]


def test_values_may_be_anything_that_the_field_takes():
    found = simulated(over={"optimizer": ["sgd", rv.Adam(0.1)]})
    assert found.values.tolist() == ["sgd", rv.Adam(0.1)]
    assert found.best in ("sgd", rv.Adam(0.1))
    assert simulated(over={"shuffle": [True, False]}).values.tolist() == [True, False]
    assert simulated(over={"epochs": np.array([1, 2])}).values.tolist() == [1, 2]
    clipped = simulated(over={"clip_norm": [None, 0.01]})
    assert clipped.values.tolist() == [None, 0.01]
    assert clipped.variance[0] != clipped.variance[1]


def test_values_may_ask_for_different_precisions():
    found = simulated(over={"dtype": ["float32", "float64"]})
    assert found.bias2[0] == pytest.approx(found.bias2[1], rel=1e-4)


def test_the_best_value_has_the_smallest_error():
    over = {"penalty.alpha": [100.0, 0.01, 10.0]}
    found = simulated(rv.Recipe(optimizer="lbfgs"), truth=lambda X: X[:, 0], over=over)
    assert found.best == 0.01
    assert isinstance(found.best, float)


def test_it_prints_as_a_table_with_as_many_digits_as_are_known():
    text = repr(simulated(over={"penalty.alpha": [0, 0.1]}))
    head, names, *rows = text.splitlines()
    assert head == (
        "BiasVariance of 6 models for each penalty.alpha, simulated, squared error on 60 test rows"
    )
    assert names.split() == ["penalty.alpha", "bias²", "variance", "noise", "MSE"]
    assert len(rows) == 2
    assert rows[0].split("±")[0].split()[0] == "0"
    assert "bias² + noise" in repr(measured())
    assert "Brier score" in repr(measured(network=BINARY, y=LABELS))


def test_it_shows_as_html_with_the_same_cells():
    found = simulated(over={"penalty.alpha": [0, 0.1]})
    text = found._repr_html_()
    assert text.count("<tr>") == 3
    assert all(f"<td>{cell}</td>" in text for row in found.to_text()[1] for cell in row)


def test_scaled_is_in_another_unit():
    found = measured(noise=0.5)
    other = found.scaled(100.0)
    np.testing.assert_allclose(numbers(other), 100 * numbers(found))
    assert other.n_models == 6


def test_a_value_at_which_models_diverge_is_marked_and_harms_no_other():
    found = simulated(QUICK.replace(epochs=400), over={"optimizer.learning_rate": [0.1, 1e4]})
    assert found.diverged.tolist() == [0, 6]
    assert np.isfinite(numbers(found)[:, 0]).all()
    assert np.isnan(numbers(found)[:, 1]).all()
    assert found.best == 0.1
    assert "6 models diverged" in repr(found)
    assert "–" in repr(found)
    assert np.isfinite(found.plot(Figure().add_subplot()).get_ylim()).all()


def test_divergence_at_every_value_is_an_error():
    with pytest.raises(DivergenceError, match=r"Of 6 models 6 diverged, .*run 1 of 6 .*infinite"):
        simulated(QUICK.replace(epochs=400, optimizer=rv.SGD(1e4)))


# --- The picture ----------------------------------------------------------------------------------


def made_up(values, field="penalty.alpha", separate=True, bias2=None):
    n = len(values)
    ones = np.ones(n)
    return BiasVariance(
        field=field,
        values=np.array(values),
        bias2=np.linspace(0, 1, n) if bias2 is None else bias2,
        bias2_se=0.1 * ones,
        variance=np.linspace(0.5, 0.1, n),
        variance_se=0.1 * ones,
        noise=0.2 * ones if separate else np.nan * ones,
        noise_se=0 * ones,
        mse=ones,
        mse_se=0.1 * ones,
        diverged=np.zeros(n, int),
        separate=separate,
        method="simulated",
        n_models=9,
        n_test=9,
        measure="squared error",
    )


def labels(ax):
    return [line.get_label() for line in ax.lines]


def test_the_picture_has_a_curve_for_each_part_and_marks_the_least_total():
    ax = made_up([0.0, 1e-4, 1e-2, 1.0]).plot(Figure().add_subplot())
    assert labels(ax) == ["bias²", "variance", "noise", "total", "least at 0"]
    assert ax.get_xlabel() == "penalty.alpha"
    assert ax.get_ylabel() == "squared error"
    np.testing.assert_allclose(ax.lines[3].get_ydata(), np.linspace(0.7, 1.3, 4))
    together = made_up([0.0, 1e-4], separate=False).plot(Figure().add_subplot())
    assert labels(together)[:3] == ["bias² + noise", "variance", "total"]


def test_values_over_decades_have_a_logarithmic_axis_with_zero_at_its_end():
    ax = made_up([1.0, 0.0, 1e-4, 1e-2]).plot(Figure().add_subplot())
    assert ax.get_xscale() == "log"
    places = ax.lines[0].get_xdata()
    np.testing.assert_allclose(places, [1e-6, 1e-4, 1e-2, 1.0])  # sorted; 0 a step to the left
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["0", "$10^{-4}$", "$10^{-3}$", "$10^{-2}$", "$10^{-1}$", "$10^{0}$"]
    few = made_up([1, 2, 4, 32, 64]).plot(Figure().add_subplot())
    assert [label.get_text() for label in few.get_xticklabels()] == ["1", "2", "4", "32", "64"]
    assert made_up([0.0, 0.1, 0.2]).plot(Figure().add_subplot()).get_xscale() == "linear"


def test_an_error_over_decades_has_a_logarithmic_axis_too():
    ax = made_up([1, 2, 3], bias2=np.array([0.01, 1.0, 100.0])).plot(Figure().add_subplot())
    assert ax.get_yscale() == "log"


def test_what_is_no_number_stands_side_by_side_and_is_not_joined():
    values = np.array(["sgd", None], object)
    ax = made_up(values, "optimizer").plot(Figure().add_subplot())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["sgd", "None"]
    assert ax.lines[0].get_linestyle() == "None"


def test_without_a_swept_field_the_parts_are_bars():
    ax = made_up([None], None).plot(Figure().add_subplot())
    assert [patch.get_height() for patch in ax.patches] == pytest.approx([0, 0.5, 0.2, 0.7])
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["bias²", "variance", "noise", "total"]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(DataError, match="no value has an error"):
        made_up([1, 2], bias2=np.full(2, np.nan)).plot(Figure().add_subplot())


# --- What is refused ------------------------------------------------------------------------------

ONE_CLASS = {"truth": lambda X: np.ones((len(X), 3)), "noise": None, "network": CLASSES}
REFUSED = [
    (simulated, {"n_models": 1}, ParameterError, "'n_models' .* at least 3. Got 1"),
    (simulated, {"n_models": 2.5}, ParameterError, "'n_models' .* whole number"),
    (simulated, {"seed": -1}, ParameterError, "'seed' .* at least 0"),
    (simulated, {"noise": None}, ParameterError, "'noise' is not given"),
    (simulated, {"noise": -1.0}, ParameterError, "'noise' .* at least 0. Got -1"),
    (simulated, {"truth": 3}, ParameterError, "'truth' .* function of X. Got 3"),
    (simulated, {"truth": lambda X: X}, DataError, r"shape \(60, 1\).* Got \(60, 2\)"),
    (simulated, {"truth": lambda X: X[:3, 0]}, DataError, r"shape \(60, 1\).* Got \(3, 1\)"),
    (simulated, {"truth": lambda X: X[:, 0] / 0}, DataError, r"truth\(X\) has .*infinite"),
    (simulated, {"y_test": Y}, ParameterError, "leave 'y_test' out"),
    (simulated, {"method": "subsets"}, ParameterError, "leave 'method' out"),
    (simulated, {"network": CLASSES}, ParameterError, "Leave 'noise' out for a classification"),
    (simulated, ONE_CLASS, DataError, "must add up to 1 in each row. Got 3"),
    (simulated, ONE_CLASS | {"truth": lambda X: -X}, DataError, "shape"),
    (
        simulated,
        ONE_CLASS | {"truth": lambda X: np.tile([-1.0, 1.0, 1.0], (len(X), 1))},
        DataError,
        "probabilities, from 0 to 1",
    ),
    (simulated, {"over": {}}, ParameterError, "dictionary of one field"),
    (simulated, {"over": {"epochs": [1], "dropout": [0]}}, ParameterError, "of one field"),
    (simulated, {"over": ["epochs"]}, ParameterError, "dictionary of one field"),
    (simulated, {"over": {"epochs": []}}, ParameterError, "list of values, at least one"),
    (simulated, {"over": {"epochs": "12"}}, ParameterError, "list of values"),
    (simulated, {"over": {"epochs": 12}}, ParameterError, "list of values"),
    (simulated, {"over": {"epoch": [1]}}, SpecError, "Recipe has no field 'epoch'"),
    (simulated, {"over": {"epochs": [0]}}, ParameterError, "'epochs' .* at least 1"),
    (simulated, {"over": {"seed": [1, 2]}}, ParameterError, "'seed' cannot be swept"),
    (simulated, {"recipe": "adam"}, ParameterError, "recipe must be a Recipe"),
    (simulated, {"network": [1]}, ParameterError, "network must be a Network"),
    (measured, {"y": None}, ParameterError, "There are no targets"),
    (measured, {"X_test": X}, ParameterError, "X_test is given, but y_test is not"),
    (measured, {"y_test": Y}, ParameterError, "y_test is given, but X_test is not"),
    (measured, {"method": "jackknife"}, ParameterError, "'method' .* one of 'bootstrap'"),
    (measured, {"test_fraction": 1.0}, ParameterError, r"'test_fraction' .* in \(0, 1\)"),
    (measured, {"test_fraction": 0.001}, DataError, "at least two rows to test on"),
    (measured, {"n_models": 40, "method": "subsets"}, DataError, "40 models two rows"),
    (measured, {"network": BINARY, "y": LABELS, "noise": 1.0}, ParameterError, "has no σ"),
    (measured, {"X_test": X[:, :1], "y_test": Y}, DataError, "X_test has 1 column"),
    (measured, {"X_test": X, "y_test": Y[:5]}, DataError, "y_test has 5 rows"),
    (
        measured,
        {"network": BINARY, "y": LABELS, "X_test": X[:2], "y_test": ["up", "left"]},
        DataError,
        "y_test holds labels that the training rows did not have: 'left'",
    ),
    (measured, {"progress": 7}, ParameterError, "'progress' .* Got 7"),
    (measured, {"threads": 0}, ParameterError, "'threads' .* at least 1"),
]


@pytest.mark.parametrize(("make", "options", "error", "message"), REFUSED)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_does_not_go_together_is_refused(make, options, error, message):
    with pytest.raises(error, match=message):
        make(**options)


def test_a_live_line_is_no_trouble_where_there_is_no_terminal(capsys):
    simulated(progress=True)
    assert capsys.readouterr() == ("", "")


def test_an_interruption_comes_out():
    def interrupt(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulated(QUICK.replace(epochs=20_000), progress=interrupt)
