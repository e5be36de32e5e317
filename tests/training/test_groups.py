"""Copies and groups of a row that is trained on do not validate; with times, the latest rows do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ravine as rv
from ravine.data.shared import SharedData
from ravine.errors import DataError, ParameterError
from ravine.training.run import Run

RNG = np.random.default_rng(0)
N = 120
X = RNG.normal(size=(N, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=N)
LABELS = np.where(Y > 0, "up", "down")
SITES = RNG.integers(0, 12, N)
NAMES = [f"site {site}" for site in SITES]
DAYS = np.datetime64("2024-01-01") + RNG.integers(0, 40, N)
LINEAR = rv.Network([rv.Dense(1)])
CLASSIFIER = rv.Network([rv.Dense(2)], loss="cross_entropy")
RECIPE = rv.Recipe(epochs=3, validation_fraction=0.25, batch_size=16)
WITHOUT = RECIPE.replace(validation_fraction=0.0)


def run(network=LINEAR, recipe=RECIPE, y=Y, rows=None, validation_rows=None, **sides):
    """Make a run, for its rows to be looked at."""
    both = (sides.get("groups"), sides.get("time"))
    return Run(network, recipe, SharedData(X, y), rows, validation_rows, sides=both)


def same(one, other):
    pairs = zip(one.parameters.values(), other.parameters.values(), strict=True)
    history = [[m.history[name].tolist() for name in ("loss", "val_loss")] for m in (one, other)]
    return all(np.array_equal(a, b) for a, b in pairs) and history[0] == history[1]


# --- Copies -------------------------------------------------------------------------------------


@given(seed=st.integers(0, 500), n=st.integers(10, 100), classes=st.booleans())
@settings(max_examples=50)
def test_all_copies_of_a_row_lie_on_one_side(seed, n, classes):
    rows = np.random.default_rng(seed).integers(0, N, n)
    network, y = (CLASSIFIER, LABELS) if classes else (LINEAR, Y)
    made = run(network, RECIPE.replace(seed=seed), y, rows)
    assert not np.isin(made.rows, made.validation_rows).any()
    assert sorted([*made.rows, *made.validation_rows]) == sorted(rows)
    assert abs(len(made.validation_rows) - n / 4) <= 1


def test_rows_that_stand_once_are_split_as_ever():
    rows = RNG.permutation(N)[:80]
    made = run(rows=rows)
    positions = np.searchsorted(np.sort(rows), np.sort(made.validation_rows))
    assert len(positions) == 20
    at = np.flatnonzero(np.isin(rows, made.validation_rows))
    from ravine.data.splitting import split_rows

    assert np.array_equal(at, split_rows(80, 0.25, 0)[1])


def test_early_stopping_of_bootstrapped_jobs_does_not_look_at_rows_that_are_trained_on():
    # Nothing can be learnt: the best epoch is an early one, unless copies are validated on.
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(400, 10)), rng.normal(size=400)
    network = rv.Network([rv.Normalize(), rv.Dense(64, activation="relu"), rv.Dense(1)])
    recipe = rv.Recipe(
        optimizer=rv.Adam(0.005),
        epochs=60,
        validation_fraction=0.25,
        stopping=rv.EarlyStopping(patience=10),
    )
    jobs = []
    for seed in range(10):
        rows = np.random.default_rng(seed).integers(0, 400, 400)
        jobs.append(rv.Job(network, recipe.replace(seed=seed), rows=rows))
    models = rv.train_many(jobs, X, y, threads=1)
    assert np.mean([model.best_epoch for model in models]) < 28  # 16; with copies on both sides 43


# --- Groups and times ---------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [SITES, NAMES, SITES + 0.5], ids=["numbers", "text", "floats"])
@pytest.mark.parametrize("classes", [False, True])
def test_a_group_lies_on_one_side(groups, classes):
    network, y = (CLASSIFIER, LABELS) if classes else (LINEAR, Y)
    made = run(network, y=y, groups=groups)
    assert not np.isin(SITES[made.rows], SITES[made.validation_rows]).any()
    assert abs(len(made.validation_rows) - N / 4) <= 6
    if classes:
        share = [(LABELS[r] == "up").mean() for r in (made.rows, made.validation_rows)]
        assert abs(share[0] - share[1]) < 0.15


def test_the_latest_rows_validate():
    made = run(time=DAYS)
    assert DAYS[made.rows].max() < DAYS[made.validation_rows].min()


def test_groups_that_end_last_validate():
    made = run(groups=SITES, time=DAYS)
    assert not np.isin(SITES[made.rows], SITES[made.validation_rows]).any()
    ends = [DAYS[site == SITES].max() for site in np.unique(SITES[made.validation_rows])]
    assert DAYS[made.rows].max() < min(ends)


def test_copies_and_groups_of_chosen_rows_lie_on_one_side():
    rows = RNG.integers(0, N, 200)
    made = run(rows=rows, groups=SITES)
    assert not np.isin(SITES[made.rows], SITES[made.validation_rows]).any()
    assert sorted([*made.rows, *made.validation_rows]) == sorted(rows)


@pytest.mark.parametrize(
    "sides", [{"groups": NAMES}, {"time": DAYS}, {"groups": NAMES, "time": DAYS}]
)
def test_a_population_is_its_solo_runs(sides):
    alone = rv.train(LINEAR, X, Y, RECIPE, **sides)
    jobs = [rv.Job(LINEAR, RECIPE, **sides), rv.Job(LINEAR, RECIPE), rv.Job(LINEAR, WITHOUT)]
    own, plain, _ = rv.train_many(jobs, X, Y, threads=2)
    shared = rv.train_many([jobs[1], jobs[2]], X, Y, **sides, threads=1)
    assert same(alone, own)
    assert same(alone, shared[0])
    assert not same(alone, plain)
    assert "val_loss" not in shared[1].history
    assert same(plain, rv.train(LINEAR, X, Y, RECIPE))


def test_a_jobs_own_groups_take_the_place_of_the_shared_ones():
    other = RNG.permutation(SITES)
    jobs = [rv.Job(LINEAR, RECIPE, groups=other), rv.Job(LINEAR, RECIPE)]
    models = rv.train_many(jobs, X, Y, groups=SITES, threads=1)
    assert same(models[0], rv.train(LINEAR, X, Y, RECIPE, groups=other))
    assert same(models[1], rv.train(LINEAR, X, Y, RECIPE, groups=SITES))


@pytest.mark.parametrize("sides", [{"groups": NAMES}, {"groups": SITES, "time": DAYS}])
def test_a_resumed_run_has_the_same_validation_rows(tmp_path, sides):
    whole = rv.train(LINEAR, X, Y, RECIPE, **sides)
    file = tmp_path / "run.safetensors"
    rv.train(LINEAR, X, Y, RECIPE.replace(epochs=1), checkpoint=file, **sides)
    assert same(whole, rv.train(LINEAR, X, Y, RECIPE, start=file, **sides))
    for others in ({}, {"groups": RNG.permutation(NAMES)}, {"time": np.arange(N)}):
        with pytest.raises(ParameterError, match="other data: the rows or their values differ"):
            rv.train(LINEAR, X, Y, RECIPE, start=file, **others)


# --- Explicit validation rows -------------------------------------------------------------------


def test_a_row_that_is_trained_on_may_not_validate():
    job = rv.Job(LINEAR, WITHOUT, rows=[3, 7, 7, 9], validation_rows=[1, 7])
    with pytest.raises(DataError, match="Row 7 is both trained on and validated on") as error:
        rv.train_many([job], X, Y)
    assert "np.isin" in error.value.hint


def test_without_rows_those_that_do_not_validate_are_trained_on():
    apart = np.arange(0, N, 4)
    rest = np.setdiff1d(np.arange(N), apart)
    jobs = [
        rv.Job(LINEAR, WITHOUT, validation_rows=apart),
        rv.Job(LINEAR, WITHOUT, rows=rest, validation_rows=apart),
    ]
    assert same(*rv.train_many(jobs, X, Y))
    with pytest.raises(DataError, match="validation_rows holds all rows"):
        rv.train_many([rv.Job(LINEAR, WITHOUT, validation_rows=range(N))], X, Y)


def test_explicit_validation_rows_are_checked_against_groups_and_times():
    apart = np.flatnonzero(SITES < 3)
    job = rv.Job(LINEAR, WITHOUT, validation_rows=apart)
    rv.train_many([job], X, Y, groups=SITES)
    with pytest.raises(DataError, match="of one group"):
        rv.train_many([job], X, Y, groups=RNG.permutation(SITES))
    with pytest.raises(DataError, match="its time is not before"):
        rv.train_many([job], X, Y, time=DAYS)
    late = rv.Job(LINEAR, WITHOUT, validation_rows=np.flatnonzero(DAYS.max() - 5 <= DAYS))
    rv.train_many([late], X, Y, time=DAYS)


# --- Errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [{"groups": SITES}, {"time": DAYS}])
def test_groups_and_times_that_change_nothing_are_errors(sides):
    (name,) = sides
    message = f"The '{name}' parameter.* would change nothing"
    with pytest.raises(ParameterError, match=message) as error:
        rv.train(LINEAR, X, Y, WITHOUT, **sides)
    assert "validation_fraction=0.2" in error.value.hint
    with pytest.raises(ParameterError, match=message + ": validation="):
        rv.train(LINEAR, X, Y, WITHOUT, validation=(X, Y), **sides)
    with pytest.raises(ParameterError, match=message):
        rv.train_many([rv.Job(LINEAR, WITHOUT, **sides), rv.Job(LINEAR, RECIPE)], X, Y)
    with pytest.raises(ParameterError, match=message):
        rv.train_many([rv.Job(LINEAR, WITHOUT)], X, Y, **sides)
    with pytest.raises(ParameterError, match=message):
        rv.train_many([rv.Job(LINEAR, RECIPE, **sides)], X, Y, **sides)


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"groups": SITES[:-1]}, r"groups must have one value for each of the 120 rows"),
        ({"time": np.where(np.arange(N) == 5, np.nan, 1.0)}, "time has no value in row 5"),
        ({"groups": np.zeros(N)}, "All 120 rows are of one group"),
        ({"time": np.zeros(N)}, "All rows are of one time"),
    ],
)
def test_what_cannot_be_split_is_an_error(sides, message):
    with pytest.raises(DataError, match=message):
        rv.train(LINEAR, X, Y, RECIPE, **sides)
    with pytest.raises(DataError, match=message):
        rv.train_many([rv.Job(LINEAR, RECIPE)], X, Y, **sides)


def test_a_row_of_weight_0_needs_neither_a_group_nor_a_time():
    weights = (np.arange(N) != 30).astype(float)
    names = [*NAMES[:30], None, *NAMES[31:]]
    days = DAYS.copy()
    days[30] = "NaT"
    rv.train(LINEAR, X, Y, RECIPE, sample_weight=weights, groups=names, time=days)
    with pytest.raises(DataError, match="time has no value in row 30"):
        rv.train(LINEAR, X, Y, RECIPE, time=days)


def test_a_missing_group_is_named_by_its_row_of_X():
    names = [*NAMES[:30], None, *NAMES[31:]]
    with pytest.raises(DataError, match="groups has no value in row 30"):
        rv.train_many([rv.Job(LINEAR, RECIPE, rows=[29, 30, 31])], X, Y, groups=names)
