"""Rows are set aside in whole units: copies and groups on one side, near the wanted share, or the
latest; and without any of these as ever."""

import datetime as dt
import subprocess
import sys
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravine.data.sides import group_codes, time_ranks
from ravine.data.splitting import check_sides, split_rows, units_of
from ravine.errors import DataError

RNG = np.random.default_rng(0)


@st.composite
def rows_in_units(draw, most=40):
    """Unit of each row: at least two units, of 1 to 9 rows, in any order."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=2, max_size=most))
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(sum(sizes))
    return np.repeat(np.arange(len(sizes)), sizes)[order]


FRACTIONS = st.floats(0.02, 0.98)
SEEDS = st.integers(0, 1000)


def wanted(n, fraction):
    return min(max(1, round(n * fraction)), n - 1)


def check_halves(n, kept, aside):
    assert np.array_equal(np.union1d(kept, aside), np.arange(n))
    assert len(kept) + len(aside) == n
    assert len(kept) > 0
    assert len(aside) > 0
    for half in (kept, aside):
        assert half.dtype == np.int64
        assert (np.diff(half) > 0).all()


# --- Today's bits -------------------------------------------------------------------------------


def test_single_rows_are_drawn_as_they_ever_were():
    assert split_rows(12, 0.25, 0)[1].tolist() == [0, 7, 9]
    assert split_rows(12, 0.5, 7)[1].tolist() == [1, 3, 5, 6, 8, 9]
    assert split_rows(12, 0.34, 3, np.array([0, 1, 2] * 4))[1].tolist() == [0, 4, 7, 8]
    stratified = split_rows(1000, 0.2, 1, np.arange(1000) % 7 % 3)[1]
    assert zlib.crc32(stratified.tobytes()) == 3657097373
    assert zlib.crc32(split_rows(1001, 0.37, 2)[1].tobytes()) == 2985249773


@given(n=st.integers(2, 200), fraction=FRACTIONS, seed=SEEDS, n_classes=st.integers(0, 5))
def test_units_of_one_row_change_nothing(n, fraction, seed, n_classes):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, n_classes, n) if n_classes else None
    plain = split_rows(n, fraction, seed, classes)
    check_halves(n, *plain)
    assert len(plain[1]) == wanted(n, fraction)
    names = [f"patient {i}" for i in rng.permutation(n)]
    for units in ({"identity": rng.permutation(n) * 3}, {"groups": names}):
        for one, other in zip(plain, split_rows(n, fraction, seed, classes, **units), strict=True):
            assert np.array_equal(one, other)


# --- Whole units --------------------------------------------------------------------------------


@given(units=rows_in_units(), fraction=FRACTIONS, seed=SEEDS, as_groups=st.booleans())
def test_a_unit_lies_on_one_side_and_the_share_of_rows_is_near(units, fraction, seed, as_groups):
    n = len(units)
    which = {"groups" if as_groups else "identity": units}
    kept, aside = split_rows(n, fraction, seed, **which)
    check_halves(n, kept, aside)
    assert not np.isin(units[kept], units[aside]).any()
    sizes = np.bincount(units)
    nearest = np.abs(len(aside) - wanted(n, fraction))
    lone = min(len(np.unique(units[aside])), len(np.unique(units[kept]))) == 1
    assert nearest <= sizes.max() / 2 or lone
    again = split_rows(n, fraction, seed, **which)
    assert np.array_equal(again[1], aside)


@given(units=rows_in_units(), fraction=FRACTIONS, seed=SEEDS, n_classes=st.integers(2, 4))
def test_each_class_of_two_units_or_more_gives_its_share_of_copies(
    units, fraction, seed, n_classes
):
    of_unit = np.random.default_rng(seed).integers(0, n_classes, units.max() + 1)
    classes = of_unit[units]
    kept, aside = split_rows(len(units), fraction, seed, classes, identity=units)
    check_halves(len(units), kept, aside)
    assert not np.isin(units[kept], units[aside]).any()
    several = [code for code in np.unique(of_unit) if (of_unit == code).sum() > 1]
    for code in several:
        assert (classes[kept] == code).any()
        largest = np.bincount(units)[of_unit == code].max()
        if len(several) == len(np.unique(of_unit)):
            ideal = (classes == code).sum() * wanted(len(units), fraction) / len(units)
            assert abs((classes[aside] == code).sum() - ideal) <= 2 * max(9, largest)
    if len(several) < len(np.unique(of_unit)) and several:  # what one unit alone has, is learnt
        alone = np.setdiff1d(of_unit, several)
        assert np.isin(alone, classes[kept]).all()


@given(units=rows_in_units(), fraction=FRACTIONS, seed=SEEDS, n_classes=st.integers(2, 4))
def test_groups_of_mixed_classes_lie_on_one_side(units, fraction, seed, n_classes):
    classes = np.random.default_rng(seed).integers(0, n_classes, len(units))
    kept, aside = split_rows(len(units), fraction, seed, classes, groups=units)
    check_halves(len(units), kept, aside)
    assert not np.isin(units[kept], units[aside]).any()


@pytest.mark.parametrize("n", [20, 57, 300])
@pytest.mark.parametrize("seed", range(5))
def test_a_bootstrap_sample_is_split_into_the_very_share_of_each_class(n, seed):
    rows = np.random.default_rng(seed).integers(0, n, n)
    for of_row in (None, np.arange(n) % 2):
        classes = None if of_row is None else of_row[rows]
        kept, aside = split_rows(n, 0.25, seed, classes, identity=rows)
        assert len(aside) == wanted(n, 0.25)
        assert not np.isin(rows[kept], rows[aside]).any()
        if of_row is not None:
            assert abs(classes[aside].mean() - classes.mean()) * len(aside) < 1.5


@pytest.mark.parametrize("seed", range(20))
def test_groups_are_stratified_as_well_as_whole_groups_allow(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(40), rng.integers(10, 30, 40))
    rates = rng.uniform(0.1, 0.9, 40)
    classes = (rng.random(len(groups)) < rates[groups]).astype(int)
    kept, aside = split_rows(len(groups), 0.25, seed, classes, groups=groups)
    assert abs(len(aside) / len(groups) - 0.25) < 0.02
    assert abs(classes[aside].mean() - classes[kept].mean()) < 0.05


@pytest.mark.parametrize("seed", range(10))
def test_patients_of_one_diagnosis_are_drawn_by_diagnosis(seed):
    patients = np.repeat(np.arange(50), 8)
    ill = (patients < 5).astype(float)  # a tenth: five patients
    _, aside = split_rows(400, 0.2, seed, ill, groups=patients)
    assert len(aside) == 80
    assert ill[aside].sum() == 8  # one of the five


def test_every_group_can_be_set_aside():
    groups = np.repeat(np.arange(10), 5)
    drawn = [groups[split_rows(50, 0.2, seed, groups=groups)[1]] for seed in range(100)]
    assert np.bincount(np.concatenate(drawn)).min() >= 50  # of 100 expected


def test_large_groups_are_no_obstacle():
    groups = np.repeat(["a", "b", "c"], 60)
    for fraction in (0.05, 0.2, 0.45):
        assert len(split_rows(180, fraction, 0, groups=groups)[1]) == 60
    assert len(split_rows(180, 0.9, 0, groups=groups)[1]) == 120
    lone = np.repeat([0, 1], [1, 99])
    assert [len(split_rows(100, f, 0, groups=lone)[1]) for f in (0.1, 0.9)] == [1, 99]
    uneven = np.repeat(np.arange(5), [10, 10, 30, 50, 100])
    for fraction in (0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5):
        assert len(split_rows(200, fraction, 0, groups=uneven)[1]) == 200 * fraction


def test_the_names_of_groups_do_not_matter():
    codes = RNG.integers(0, 20, 150)
    names = np.array([f"site {(7 * c) % 20:02}" for c in range(20)])[codes]
    for other in (names, list(names), pd.Series(names), pd.Categorical(names), codes + 0.5):
        one, two = (split_rows(150, 0.3, 4, groups=g)[1] for g in (codes, other))
        assert np.array_equal(one, two)


# --- Units --------------------------------------------------------------------------------------


def test_copies_and_groups_are_chained():
    identity = [1, 1, 2, 2, 3, 4]
    groups = ["a", "b", "b", "c", "d", "e"]
    assert units_of(6, identity, groups).tolist() == [0, 0, 0, 0, 1, 2]
    assert units_of(6).tolist() == [0, 1, 2, 3, 4, 5]
    assert units_of(6, groups=groups).tolist() == [0, 1, 1, 2, 3, 4]


@given(n=st.integers(1, 40), seed=SEEDS, n_ids=st.integers(1, 30), n_groups=st.integers(1, 30))
def test_units_are_the_connected_parts(n, seed, n_ids, n_groups):
    rng = np.random.default_rng(seed)
    identity, groups = rng.integers(0, n_ids, n), rng.integers(0, n_groups, n)
    slowly = list(range(n))  # the smallest row that a chain leads to
    for _ in range(n):
        slowly = [
            min(slowly[j] for j in range(n) if identity[i] == identity[j] or groups[i] == groups[j])
            for i in range(n)
        ]
    expected = [sorted(set(slowly)).index(first) for first in slowly]
    assert units_of(n, identity, groups).tolist() == expected


def test_values_of_different_types_are_different_groups():
    assert group_codes([1, "1", 2, "1"], 4).tolist() == [0, 1, 2, 1]
    assert group_codes([("a", 1), ("a", 2), ("a", 1)], 3, "groups").tolist() == [0, 1, 0]


# --- Time ---------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.* rows are set aside as the latest")
@given(
    times=st.lists(st.integers(0, 12), min_size=2, max_size=60).filter(lambda t: len(set(t)) > 1),
    fraction=FRACTIONS,
)
def test_the_latest_rows_are_set_aside_and_ties_stay_together(times, fraction):
    n = len(times)
    time = np.array(times)
    kept, aside = split_rows(n, fraction, 0, time=time)
    check_halves(n, kept, aside)
    assert time[kept].max() < time[aside].min()
    cuts = [int((time >= t).sum()) for t in np.unique(time)[1:]]
    nearest = min(abs(cut - wanted(n, fraction)) for cut in cuts)
    assert abs(len(aside) - wanted(n, fraction)) == nearest


@pytest.mark.filterwarnings("ignore:.* rows are set aside as the latest")
@given(units=rows_in_units(), fraction=FRACTIONS, seed=SEEDS)
def test_with_groups_no_training_row_is_as_late_as_the_end_of_a_group_aside(units, fraction, seed):
    time = np.random.default_rng(seed).integers(0, 30, len(units)).astype(float)
    ends = np.array([time[units == unit].max() for unit in range(units.max() + 1)])
    if len(set(ends)) == 1:
        with pytest.raises(DataError, match=r"All (groups end at the same|rows are of one) time"):
            split_rows(len(units), fraction, 0, groups=units, time=time)
        return
    kept, aside = split_rows(len(units), fraction, 0, groups=units, time=time)
    check_halves(len(units), kept, aside)
    assert not np.isin(units[kept], units[aside]).any()
    assert time[kept].max() < ends[units[aside]].min()
    check_sides(kept, aside, group_codes(units, len(units)), time_ranks(time, len(units)))


def test_far_more_rows_than_asked_for_are_set_aside_with_a_warning():
    days = np.repeat([1, 2, 3, 4], [30, 30, 20, 20])
    for aside in (split_rows(100, 0.1, 0, time=days)[1], split_rows(100, 0.25, 0, time=days)[1]):
        assert len(aside) == 20  # not more than twice as many
    with pytest.warns(UserWarning, match=r"^20 of 100 rows .* 9 were asked for: so many are at"):
        assert len(split_rows(100, 0.09, 0, time=days)[1]) == 20
    ends = np.repeat([1, 2, 2, 2, 2], 20)  # four of five groups end on the second day
    with pytest.warns(UserWarning, match=r"^80 of 100 .* 20 .* in groups that end at the latest"):
        split_rows(100, 0.2, 0, groups=np.arange(100) // 20, time=ends)


STAMPS = pd.date_range("2024-01-30", periods=6, freq="D")


@pytest.mark.parametrize(
    "time",
    [
        [3, 1, 2, 6, 5, 4],
        np.array([3, 1, 2, 6, 5, 4], dtype=np.uint8),
        [3.5, -np.inf, 2, np.inf, 5, 4],
        STAMPS.to_numpy()[[2, 0, 1, 5, 4, 3]],
        pd.Series(STAMPS[[2, 0, 1, 5, 4, 3]], index=list("abcdef")),
        pd.Series(STAMPS[[2, 0, 1, 5, 4, 3]]).dt.tz_localize("Europe/Berlin"),
        list(STAMPS[[2, 0, 1, 5, 4, 3]]),
        [dt.date(2024, 1, day) for day in (30, 2, 3, 31, 30, 30)],
        pd.Series([3, 1, 2, 6, 5, 4], dtype="Int64"),
        STAMPS[[2, 0, 1, 5, 4, 3]].to_period("D"),
        (STAMPS - STAMPS[0])[[2, 0, 1, 5, 4, 3]],
    ],
    ids=lambda time: f"{type(time).__name__}-{getattr(time, 'dtype', '')}",
)
def test_times_are_numbers_or_dates_of_any_sort(time):
    assert split_rows(6, 0.17, 0, time=time)[1].tolist() == [3]


# --- Errors -------------------------------------------------------------------------------------

MISSING = [None, np.nan, pd.NaT, pd.NA]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
@pytest.mark.parametrize("values", [["a", "b", "c", "a"], [1, 2, 3, 1], [0.5, 2.0, 3.0, 1.0]])
def test_a_missing_group_is_an_error_that_names_the_row(missing, values):
    for groups in ([*values, missing], pd.Series([*values, missing], dtype=object)):
        with pytest.raises(DataError, match="groups has no value in row 4") as error:
            split_rows(5, 0.2, 0, groups=groups)
        assert "its own group" in error.value.hint


@pytest.mark.parametrize(
    "time",
    [
        [1.0, 2.0, np.nan, np.nan],
        np.array([1.0, 2.0, np.nan, 3.0], dtype=np.float32),
        np.array(["2024-01-01", "2024-01-02", "NaT", "2024-01-04"], dtype="datetime64[D]"),
        pd.Series([STAMPS[0], STAMPS[1], pd.NaT, STAMPS[2]]),
        [STAMPS[0], STAMPS[1], None, STAMPS[2]],
        pd.Series([1, 2, None, 4], dtype="Int64"),
    ],
    ids=lambda time: f"{type(time).__name__}-{getattr(time, 'dtype', '')}",
)
def test_a_missing_time_is_an_error_that_names_the_row(time):
    with pytest.raises(DataError, match="time has no value in row 2") as error:
        split_rows(4, 0.5, 0, time=time)
    assert error.value.hint


@pytest.mark.parametrize(
    ("sides", "message", "hint"),
    [
        ({"groups": [1, 2]}, r"groups must have one value for each of the 4 rows.*\(2,\)", None),
        ({"time": np.ones((4, 1))}, r"time must have one value for each .*\(4, 1\)", None),
        ({"identity": [0, 0, 0, 0]}, "All 4 rows are copies of one row", "several"),
        ({"groups": ["a"] * 4}, "All 4 rows are of one group", "several groups"),
        ({"identity": [0, 0, 1, 1], "groups": [0, 1, 1, 0]}, "of one group", "several groups"),
        ({"time": [7, 7, 7, 7]}, "All rows are of one time", "Leave time out"),
        (
            {"groups": [0, 0, 1, 1], "time": [1, 3, 2, 3]},
            "All groups end at the same time",
            "Leave time out",
        ),
        ({"time": ["1/2/2020"] * 4}, "numbers or dates. Got '1/2/2020' in row 0", "to_datetime"),
        ({"time": np.array(["b", "a", "a", "c"])}, "Got 'b' in row 0", "to_datetime"),
        ({"time": [1, 2, "x", 3]}, "Got 'x' in row 2", "to_datetime"),
        ({"time": [1, dt.date(2020, 1, 1), 2, 3]}, "no common order", "one sort"),
        ({"time": [1j, 2, 3, 4]}, "no common order", "one sort"),
        ({"groups": [[1], [2], [3], {}]}, "cannot be compared", "numbers or text"),
        ({"groups": 3}, "groups must be an array", None),
    ],
)
def test_what_cannot_be_split_is_an_error_with_its_cure(sides, message, hint):
    with pytest.raises(DataError, match=message) as error:
        split_rows(4, 0.5, 0, **sides)
    assert hint is None or hint in error.value.hint


def test_a_single_row_is_an_error():
    with pytest.raises(DataError, match="1 row cannot be split"):
        split_rows(1, 0.5, 0)


def test_explicit_sides_may_not_share_rows_or_groups_or_run_backwards():
    kept, aside = np.array([0, 1, 2]), np.array([3, 4])
    check_sides(kept, aside, np.array([0, 0, 1, 2, 2]), np.array([0, 0, 1, 2, 2]))
    with pytest.raises(DataError, match="Row 4 is both trained on and validated on"):
        check_sides(np.array([0, 4, 1, 2]), aside)
    with pytest.raises(DataError, match=r"Row 1 is trained on and row 4 .* of one group"):
        check_sides(kept, aside, np.array([0, 1, 0, 2, 1]))
    with pytest.raises(DataError, match=r"Row 1 .* not before that of row 4"):
        check_sides(kept, aside, None, np.array([0, 2, 1, 3, 2]))
    with pytest.raises(DataError, match="last row of row 4's group"):
        check_sides(kept, aside, np.array([0, 0, 1, 2, 3]), np.array([0, 2, 1, 3, 2]))


def test_splitting_loads_neither_pandas_nor_scipy_where_each_row_is_a_unit():
    code = (
        "import sys, ravine.data.splitting as s;"
        "s.split_rows(9, 0.3, 0, groups=list('aabbccdde'), time=range(9));"
        "assert not {'pandas', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
