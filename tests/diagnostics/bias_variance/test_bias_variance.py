"""bias_variance: what it trains, what it gives back, what it refuses; and jobs with own targets."""

import importlib

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.diagnostics.bias_variance import decomposition
from ravine.diagnostics.bias_variance.inputs import Inputs, measured_table, true_world
from ravine.diagnostics.bias_variance.resampling import bootstrap_rows, disjoint_rows
from ravine.diagnostics.bias_variance.sweeps import read_sweep
from ravine.errors import DataError, DivergenceError, ParameterError, SpecError

learners = importlib.import_module("ravine.diagnostics.bias_variance.learners")

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
    return rv.bias_variance(network, X, y, recipe, **{"n_models": 6, "n_tables": 2} | options)


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


# --- What is trained ------------------------------------------------------------------------------


def calls_of_train_many(monkeypatch):
    """Record the jobs of each call, and pass it on."""
    calls = []

    def recorded(jobs, *arguments, **options):
        calls.append(jobs)
        return rv.train_many(jobs, *arguments, **options)

    monkeypatch.setattr(learners, "train_many", recorded)
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


def test_predictions_that_are_too_many_for_memory_lie_in_a_file(monkeypatch):
    over = {"penalty.alpha": [0, 0.1, 1.0]}
    together = simulated(over=over)
    populations = importlib.import_module("ravine.diagnostics.bias_variance.populations")
    monkeypatch.setattr(populations, "_MOST_IN_MEMORY", 100)
    apart = simulated(over=over)
    np.testing.assert_allclose(numbers(apart), numbers(together), rtol=1e-5)


@pytest.mark.parametrize("method", ["model", "subsets", "bootstrap"])
def test_progress_counts_every_run_that_there_will_be(method):
    seen = []
    options = {} if method != "subsets" else {"n_models": 4}
    measured(over={"epochs": [1, 2]}, method=method, progress=seen.append, **options)
    runs = {row["run"] for row in seen}
    assert runs == set(range(seen[0]["runs"]))


@pytest.mark.parametrize("make", [simulated, measured])
def test_the_same_seed_gives_the_same_on_any_number_of_threads(make):
    one, two, other = make(threads=1), make(threads=2), make(threads=2, seed=1)
    np.testing.assert_array_equal(numbers(one), numbers(two))
    assert (one.variance != other.variance).all()


def table_of(network=LINE, y=Y, test=0.25, groups=None, time=None):
    inputs = Inputs.of(read_sweep(network, QUICK, None), X)
    return measured_table(inputs, y, test, 0, groups, time)


def test_bootstrap_samples_are_of_full_size_and_leave_the_test_rows_alone():
    table, _ = table_of()
    samples = [bootstrap_rows(table, model) for model in range(6)]
    assert (table.n, len(table.test)) == (45, 15)
    assert {len(rows) for rows in samples} == {45}
    used = set(np.concatenate(samples).tolist())
    assert len(used) > 40
    assert max(used) < 45
    # Some rows stand several times: 1 − 1/e of them come at all.
    assert all(0.5 < len(np.unique(rows)) / 45 < 0.75 for rows in samples)


GROUPS = np.arange(60) // 4


def test_groups_are_set_aside_drawn_and_divided_whole():
    table, rows = table_of(groups=GROUPS)
    where = {
        tuple(row): group for row, group in zip(X.astype(np.float32).tolist(), GROUPS, strict=True)
    }
    found = np.array([where[tuple(row)] for row in rows.tolist()])
    assert not set(found[: table.n]) & set(found[table.n :])
    for model in range(4):
        counts = np.bincount(bootstrap_rows(table, model), minlength=table.n)
        for group in np.unique(table.groups):
            assert len(set(counts[table.groups == group])) == 1
    parts = disjoint_rows(table, 3)
    assert sum(map(len, parts)) == table.n
    assert not set(table.groups[parts[0]]) & set(table.groups[parts[1]])
    for kept, aside in table.folds().pairs:
        assert not set(table.groups[kept]) & set(table.groups[aside])


def test_later_rows_are_tested_on_and_held_out():
    time = RNG.permutation(60)
    table, rows = table_of(time=time)
    when = {tuple(row): t for row, t in zip(X.astype(np.float32).tolist(), time, strict=True)}
    found = np.array([when[tuple(row)] for row in rows.tolist()])
    assert found[: table.n].max() < found[table.n :].min()
    folds = table.folds().pairs
    assert len(folds) >= 3
    assert all(table.time[kept].max() < table.time[aside].min() for kept, aside in folds)


@pytest.mark.parametrize("options", [{"groups": GROUPS}, {"time": np.arange(60)}])
@pytest.mark.parametrize("method", ["model", "subsets", "bootstrap"])
def test_groups_and_time_go_with_every_method_and_with_early_stopping(options, method):
    recipe = QUICK.replace(validation_fraction=0.3, stopping=rv.EarlyStopping(patience=2))
    found = measured(recipe, method=method, n_models=3, **options)
    assert np.isfinite(found.variance).all()


def test_groups_and_time_go_with_recipes_that_set_nothing_aside():
    for options in ({"groups": GROUPS}, {"time": np.arange(60)}):
        assert np.isfinite(measured(n_models=3, **options).total).all()
        with pytest.raises(ParameterError, match="would change nothing"):
            simulated(**options)


def test_subsets_have_no_row_in_common():
    table, _ = table_of()
    samples = disjoint_rows(table, 7)
    assert {len(rows) for rows in samples} == {6}
    assert len(np.unique(np.concatenate(samples))) == 42


def world_of(network, X, truth, sigma):
    inputs = Inputs.of(read_sweep(network, QUICK, None), X)
    return true_world(inputs, truth, sigma, None)


def test_simulated_targets_have_the_mean_and_the_spread_that_were_asked_for():
    many = np.tile(X[:1], (4000, 1))
    world = world_of(LINE, many, truth, 0.5)
    y = world.table(np.random.default_rng(0))
    # Of 4000 values the mean is known to 0.008 and the standard deviation to 0.006.
    assert y.mean() == pytest.approx(truth(X)[0], abs=0.03)
    assert y.std() == pytest.approx(0.5, abs=0.025)
    assert not np.array_equal(y, world.fresh(np.random.default_rng(1)))


def test_simulated_labels_have_the_frequencies_that_were_asked_for():
    shares = np.array([0.2, 0.5, 0.3])
    world = world_of(CLASSES, np.zeros((4000, 2)), lambda X: np.tile(shares, (len(X), 1)), None)
    counts = np.bincount(world.table(np.random.default_rng(0)), minlength=3)
    np.testing.assert_allclose(counts / 4000, shares, atol=0.03)  # four standard deviations
    np.testing.assert_allclose(world.fresh(np.random.default_rng(0)).sum(axis=1), 1)
    np.testing.assert_allclose(world.squared_noise, (shares * (1 - shares)).sum())


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


def test_only_subsets_of_unknown_noise_do_not_tell_bias_from_it():
    assert simulated().separate
    assert measured().separate
    together = measured(method="subsets", n_models=3)
    assert not together.separate
    assert np.isnan(together.noise).all()
    np.testing.assert_allclose(together.bias2 + together.variance, together.mse, rtol=1e-12)
    known = measured(method="subsets", n_models=3, noise=0.5)
    assert known.separate
    np.testing.assert_allclose(known.bias2, together.bias2 - 0.25, rtol=1e-9)
    np.testing.assert_allclose(known.total, together.total, rtol=1e-9)


def test_the_sum_is_that_of_the_parts():
    for found in (simulated(), measured(), measured(noise=0.3)):
        np.testing.assert_allclose(found.bias2 + found.variance + found.noise, found.total)
        assert (found.mse != found.total).all()


def test_a_bootstrap_reports_variance_and_an_out_of_bag_error_alone():
    found = measured(method="bootstrap", over={"epochs": [1, 5]}, n_models=20)
    assert np.isfinite([found.variance, found.out_of_bag, found.out_of_bag_se]).all()
    for name in ("bias2", "noise", "total", "mse"):
        assert np.isnan(getattr(found, name)).all()
    text = repr(found)
    assert "bias² " not in text.splitlines()[1]
    assert "out-of-bag error" in text
    assert found.best == [1, 5][int(np.argmin(found.out_of_bag))]
    assert {"variance", "out_of_bag"} < set(found.differences())


def test_the_frame_has_a_row_for_each_value():
    frame = simulated(over={"penalty.alpha": [0, 0.1]}).to_frame()
    assert list(frame.columns) == ["penalty.alpha", *NUMBERS, "separate", "diverged"]
    assert frame["penalty.alpha"].tolist() == [0, 0.1]
    assert frame["separate"].all()
    assert list(simulated().to_frame().columns) == [*NUMBERS, "separate", "diverged"]
    assert {"reference", "cv_error", "bias2_other", "bias2_again"} < set(measured().to_frame())


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
    assert names.split() == [
        "penalty.alpha",
        "bias²",
        "variance",
        "noise",
        "sum",
        "measured",
    ]
    assert rows[2:] == [
        "±: a standard error over models, at these test rows.",
        "measured: the error of all models on fresh targets.",
    ]
    assert rows[0].split("±")[0].split()[0] == "0"
    assert "bias² + noise" in repr(measured(method="subsets", n_models=3))
    assert "Brier score" in repr(measured(network=BINARY, y=LABELS))


def test_it_shows_as_html_with_the_same_cells():
    found = simulated(over={"penalty.alpha": [0, 0.1]})
    text = found._repr_html_()
    assert text.count("<tr>") == 3
    assert all(f"<td>{cell}</td>" in text for row in found.to_text()[1] for cell in row)


def test_scaled_is_in_another_unit():
    found = measured(noise=0.5, over={"epochs": [1, 5]})
    other = found.scaled(100.0)
    np.testing.assert_allclose(numbers(other), 100 * numbers(found))
    for name in ("bias2_other", "bias2_again", "variance_spread", "cv_error_se"):
        np.testing.assert_allclose(
            getattr(other.reference, name), 100 * getattr(found.reference, name)
        )
    np.testing.assert_allclose(
        other.differences(1).to_numpy()[:, 1:], 100 * found.differences(1).to_numpy()[:, 1:]
    )
    np.testing.assert_allclose(other.intervals["bias2"], 100 * found.intervals["bias2"])
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
    (measured, {"method": "jackknife"}, ParameterError, "'method' .* one of 'model'"),
    (measured, {"method": "bootstrap", "noise": 1.0}, ParameterError, "needs no noise"),
    (measured, {"method": "subsets", "reference": 1}, ParameterError, "leave 'reference' out"),
    (measured, {"over": {"epochs": [1, 2]}, "reference": 3}, ParameterError, "one of the swept"),
    (measured, {"n_tables": 1}, ParameterError, "'n_tables' .* 0 or at least 2"),
    (measured, {"n_seeds": 4}, ParameterError, "multiple of 'n_seeds'"),
    (measured, {"groups": [1, 2]}, DataError, "groups must have one value for each of the 60"),
    (measured, {"groups": np.zeros(60)}, DataError, "of one group"),
    (
        measured,
        {"groups": np.arange(60) % 4, "test_fraction": 0.5},
        DataError,
        "cannot be held out in turn",
    ),
    (measured, {"groups": np.arange(60) % 3}, DataError, "two groups to test on"),
    (simulated, {"reference": 1}, ParameterError, "leave 'reference' out"),
    (measured, {"test_fraction": 1.0}, ParameterError, r"'test_fraction' .* in \(0, 1\)"),
    (measured, {"test_fraction": 0.001}, DataError, "at least two rows to test on"),
    (
        measured,
        {"n_models": 40, "method": "subsets"},
        DataError,
        "too few for 40 models with two rows each",
    ),
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
