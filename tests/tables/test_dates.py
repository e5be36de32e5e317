"""Dates, times of day and durations, in every form that tables hold them, become numbers."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ravine.errors import DataError, SpecError
from ravine.tables import (
    ROBUST,
    STANDARD,
    DateColumn,
    NumberColumn,
    TableSchema,
    as_frame,
    learn_column,
    read_table,
)
from ravine.tables.columns import read_column

DAYS = [dt.date(2023, 12, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
TEXTS = [day.isoformat() for day in DAYS]


def learnt(values, coding=STANDARD):
    return learn_column(pd.Series(values), "when", coding)


def feature(column, values, name):
    return column.encode(pd.Series(values))[:, column.features.index(name)].tolist()


# --- What dates become ----------------------------------------------------------------------------


def test_elapsed_time_is_standardised():
    column = learnt(pd.to_datetime(["1970-01-01", "1970-01-03"]))
    assert (column.center, column.spread) == (86400.0, 86400.0)
    assert feature(column, ["1970-01-03", "1970-01-12"], "when") == [1, 10]


def test_elapsed_time_is_scaled_robustly_and_clipped_in_the_robust_coding():
    column = learnt(pd.to_datetime([f"2024-01-{d:02}" for d in range(1, 30)]), ROBUST)
    assert column.center == dt.datetime(2024, 1, 15, tzinfo=dt.UTC).timestamp()
    assert column.spread == 14 * 86400
    near, far = feature(column, ["2024-01-29", "9999-12-31"], "when")
    assert near == pytest.approx(3 / np.sqrt(10))
    assert 2.999 < far <= 3


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (["2024-01-01", "2025-01-01"], ("year", "weekday")),
        (["2024-01-01", "2024-04-01"], ("month",)),
        (["2024-01-01", "2024-01-08"], ("day",)),
        (["2024-01-01", "2024-01-02"], ("day", "weekday")),
        (["2024-01-01 10:30", "2024-01-01 12:30"], ("hour",)),
        (["2024-01-01 10:30", "2024-01-01 10:31"], ("hour", "minute")),
        (["2024-01-01 10:30:01", "2024-01-01 10:30:02"], ()),
    ],
)
def test_parts_that_are_the_same_in_all_training_rows_are_left_out(values, parts):
    assert learnt(values).parts == parts


def test_parts_of_the_calendar_are_those_of_the_date():
    column = learnt(["2023-01-01 00:00", "2024-04-16 06:15"])
    day = ["2024-07-17 18:45"]  # a Wednesday
    half = 2 * np.pi * 16 / 31
    expected = {
        "when month (sin)": 0,
        "when month (cos)": -1,
        "when day (sin)": np.sin(half),
        "when day (cos)": np.cos(half),
        "when hour (sin)": -np.sin(2 * np.pi * 5.25 / 24),
        "when minute (sin)": -1,
        "when minute (cos)": 0,
        "when Tuesday": 0,
        "when Wednesday": 1,
    }
    for name, value in expected.items():
        assert feature(column, day, name)[0] == pytest.approx(value, abs=1e-14), name
    start = ["2024-01-01"]
    assert feature(column, day, "when year") == feature(column, start, "when")


def test_end_and_start_of_a_cycle_are_neighbours():
    column = learnt(["2024-01-01 00:00", "2024-12-31 23:59"])
    hours = column.encode(pd.Series(["2024-01-01 23:59", "2024-01-01 00:00", "2024-01-01 12:00"]))
    first = column.features.index("when hour (sin)")
    late, early, noon = hours[:, first : first + 2]
    assert np.linalg.norm(late - early) < 0.01
    assert np.linalg.norm(noon - early) == pytest.approx(2)


def test_missing_dates_are_nought_and_marked_if_training_had_some():
    column = learnt(["2024-01-01", None, "2024-05-02"])
    coded = column.encode(pd.Series([None, "2024-01-01"], dtype=object))
    assert coded[0].tolist() == [0.0] * (len(column.features) - 1) + [1.0]
    assert coded[1, -1] == 0
    assert column.readable(pd.Series([None, "2024-01-01"])).all()


def test_missing_date_where_training_had_none_is_an_error():
    column = learnt(["2024-01-01", "2024-05-02"])
    with pytest.raises(DataError, match=r"'when' has 1 missing value \(the first in row 2\)"):
        column.encode(pd.Series(["2024-01-01", None]))
    assert column.readable(pd.Series(["2024-01-01", None])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("values", "reason"), [([DAYS[0]] * 2, "the same value"), ([pd.NaT] * 2, "empty")]
)
def test_dates_that_say_nothing_are_left_out(values, reason):
    assert reason in learn_column(pd.Series(values, dtype="M8[s]"), "when", ROBUST)


@pytest.mark.parametrize("coding", [STANDARD, ROBUST])
def test_one_date_with_gaps_keeps_only_what_is_missing(coding):
    values = pd.Series(["2024-01-01", None])
    np.testing.assert_array_equal(
        learn_column(values, "w", coding).encode(values), [[0, 0], [0, 1]]
    )


# --- Every form of a date -------------------------------------------------------------------------

FORMS = {
    "datetime64": pd.Series(pd.to_datetime(TEXTS)),
    "seconds": pd.Series(np.array(TEXTS, dtype="M8[s]")),
    "nanoseconds": pd.Series(np.array(TEXTS, dtype="M8[ns]")),
    "dates": pd.Series(DAYS, dtype=object),
    "datetimes": pd.Series([dt.datetime(d.year, d.month, d.day) for d in DAYS], dtype=object),
    "texts": pd.Series(TEXTS),
    "texts with time": pd.Series([f"{text}T00:00:00.000" for text in TEXTS]),
    "texts as ISO 8601 also knows them": pd.Series([f"{text}t00:00:00,0" for text in TEXTS]),
    "texts with slashes and blanks": pd.Series([f" {t.replace('-', '/')} " for t in TEXTS]),
    "objects of numpy": pd.Series([np.datetime64(t) for t in TEXTS], dtype=object),
    "periods": pd.Series(pd.PeriodIndex(TEXTS, freq="D")),
    "arrow timestamps": pd.Series(pd.to_datetime(TEXTS)).astype("timestamp[us][pyarrow]"),
    "arrow dates": pd.Series(DAYS, dtype=pd.ArrowDtype(pa.date32())),
    "polars dates": as_frame(pl.DataFrame({"a": DAYS}))["a"],
    "pyarrow dates": as_frame(pa.table({"a": DAYS}))["a"],
    "pyarrow timestamps": as_frame(pa.table({"a": pa.array(DAYS).cast(pa.timestamp("ms"))}))["a"],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_date_is_learnt_and_coded_alike(form):
    column = learn_column(FORMS[form], "when", ROBUST)
    assert column == learnt(TEXTS, ROBUST)
    np.testing.assert_array_equal(column.encode(FORMS[form]), column.encode(pd.Series(TEXTS)))


def test_dates_of_a_csv_file_are_dates_and_so_are_those_of_parquet(tmp_path):
    (tmp_path / "t.csv").write_text("when,n\n2023-12-31,1\n,2\n2024-03-01,2\n")
    frame = read_table(tmp_path / "t.csv")
    frame.to_parquet(tmp_path / "t.parquet")
    schema = TableSchema.learn(frame)
    assert [column.kind for column in schema.columns] == ["date", "number"]
    again = read_table(tmp_path / "t.parquet")
    np.testing.assert_array_equal(schema.encode(again), schema.encode(frame))


def test_one_missing_date_alone_can_be_coded():
    column = learnt(["2024-01-01", None, "2024-05-02"])
    for empty in (pd.Series([None]), pd.Series([np.nan]), pd.Series([None], dtype="Int64")):
        assert column.encode(empty)[0, -1] == 1


def test_years_beyond_nanoseconds_are_dates_too():
    column = learnt(["0001-01-01", "2024-01-01", "9999-12-31"], ROBUST)
    assert np.isfinite(column.encode(pd.Series(["0001-01-01", "9999-12-31"]))).all()


# --- Time zones -----------------------------------------------------------------------------------

BERLIN = ["2024-01-01T00:30+01:00", "2024-07-01T00:30+02:00"]


def test_calendar_is_that_of_the_training_rows_zone_and_elapsed_time_is_absolute():
    series = pd.Series(pd.to_datetime(BERLIN, utc=True)).dt.tz_convert("Europe/Berlin")
    column = learn_column(series, "when", STANDARD)
    assert (column.zone, column.parts) == ("Europe/Berlin", ("month",))
    in_utc = series.dt.tz_convert("UTC")
    in_new_york = series.dt.tz_convert("America/New_York")
    for other in (in_utc, in_new_york, pd.Series(BERLIN), in_utc.astype("M8[s, UTC]")):
        np.testing.assert_array_equal(column.encode(other), column.encode(series))


@pytest.mark.parametrize(
    ("values", "zone"),
    [
        (BERLIN, "UTC"),  # two offsets
        (["2024-01-01T00:30+02:00", "2024-01-02T00:30+02:00"], "UTC+02:00"),
        (["2024-01-01T00:30Z", "2024-01-02T00:30Z"], "UTC"),
        (["2024-01-01T00:30z", "2024-01-02T00:30:00+00:00"], "UTC"),
        (["2024-01-01T00:30-0330", "2024-01-02T00:30-0330"], "UTC-03:30"),
    ],
)
def test_offsets_in_texts_are_zones(values, zone):
    column = learnt(values)
    assert column.zone == zone
    assert read_column(column.to_dict()) == column
    elapsed = (pd.Timestamp(values[1]) - pd.Timestamp(values[0])).total_seconds()
    first, second = feature(column, values, "when")
    assert (second - first) * column.spread == pytest.approx(elapsed)


@pytest.mark.parametrize(
    ("training", "other", "message"),
    [
        (TEXTS, BERLIN, "have a time zone, but those of the training rows had none"),
        (BERLIN, TEXTS, r"have no time zone, but those of the training rows had one \(UTC\)"),
    ],
)
def test_zone_where_training_had_none_and_the_reverse_are_errors(training, other, message):
    with pytest.raises(DataError, match=message):
        learnt(training).encode(pd.Series(other))


def test_dates_with_and_without_a_zone_in_one_column_are_an_error():
    with pytest.raises(
        DataError, match=r"with a time zone \(2024-01-01T00:30Z\) and dates without"
    ):
        learnt(["2024-01-01T00:30Z", "2024-01-02"])


# --- Times of day and durations -------------------------------------------------------------------


def test_times_of_day_are_hours_on_the_clock():
    column = learnt([dt.time(6), dt.time(18), None])
    assert column.features == ("when", "when hour (sin)", "when hour (cos)", "when (missing)")
    coded = column.encode(pd.Series([dt.time(12), None]))
    np.testing.assert_allclose(coded, [[0, 0, -1, 0], [0, 0, 0, 1]], atol=1e-14)


@pytest.mark.parametrize("library", [pl.DataFrame, pa.table, pd.DataFrame])
def test_durations_are_numbers_in_seconds(library):
    hours = [dt.timedelta(hours=h) for h in (1, 3)]
    column = learn_column(as_frame(library({"a": hours}))["a"], "when")
    assert column == NumberColumn("when", 7200.0, 3600.0, duration=True)
    assert column.encode(pd.Series([dt.timedelta(hours=5)])).tolist() == [[3]]


def test_missing_duration_is_marked_as_any_number():
    column = learnt([dt.timedelta(1), None, dt.timedelta(2)], ROBUST)
    assert column.features == ("when", "when (missing)")
    assert column.encode(pd.Series([None, dt.timedelta(1.5)])).tolist() == [[0, 1], [0, 0]]


# --- What does not fit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("training", "other", "message"),
    [
        (TEXTS, ["2024-01-01", "soon"], "must hold dates. Got 'soon' in row 2"),
        (BERLIN, [BERLIN[0], "soon"], "must hold dates. Got 'soon' in row 2"),
        (TEXTS, [3.5], r"must hold dates. Got 3.5 in row 1"),
        (TEXTS, [dt.time(3)], r"must hold dates. Got datetime.time\(3, 0\) in row 1"),
        ([dt.time(3), dt.time(4)], [None, "noon"], "must hold times of day. Got 'noon' in row 2"),
        ([dt.timedelta(3), dt.timedelta(4)], [3], "must hold durations. Got 3 in row 1"),
        ([1, 2], TEXTS, "must hold numbers. Got the text '2023-12-31' in row 1"),
        ([1, 2], DAYS, "must hold numbers. Got '2023-12-31' in row 1"),
        ([1, 2], [dt.timedelta(3)], "must hold numbers. Got '3 days"),
        ([True, False], DAYS, "must hold numbers. Got '2023-12-31' in row 1"),
    ],
)
def test_other_things_than_in_training_are_an_error_that_names_them(training, other, message):
    with pytest.raises(DataError, match=message):
        learnt(training).encode(pd.Series(other))


@pytest.mark.parametrize("values", [["1/2/2020", None], ["1-2-24"], ["01.02.2024", "03.02.2024"]])
def test_dates_whose_day_and_month_can_be_mixed_up_are_an_error(values):
    with pytest.raises(DataError, match="can be read in more than one way"):
        learnt(values)


def test_text_that_looks_like_dates_until_it_does_not_is_an_error_that_names_the_row():
    with pytest.raises(DataError, match=r"must hold dates. Got 'unknown' in row 151"):
        learnt(["2024-01-01", "2024-01-02"] * 75 + ["unknown"])


@pytest.mark.parametrize(
    "values", [["2024", "2025"] * 9, ["20240101", "20240102"] * 9, ["a-1"] * 9]
)
def test_text_that_is_no_date_stays_text(values):
    assert not isinstance(learnt(values), DateColumn)


GOOD = DateColumn("when", 1.0, 2.0, ("year", "weekday"), True, "Europe/Berlin", True, True)


def test_dates_survive_json():
    assert read_column(json.loads(json.dumps(GOOD.to_dict()))) == GOOD


@pytest.mark.parametrize(
    "broken",
    [
        {"zone": "Atlantis"},
        {"zone": "../../etc/passwd"},
        {"zone": "America"},
        {"zone": "UTC+99:00"},
        {"spread": 0.0},
        {"center": 1e300},
        {"center": float("nan")},
        {"parts": ["weekday", "year"]},
        {"parts": ["year", "year"]},
        {"parts": ["century"]},
        {"parts": [1]},
        {"clock": "no"},
    ],
)
def test_broken_dates_in_a_file_are_a_clear_error(broken):
    with pytest.raises(SpecError):
        read_column(GOOD.to_dict() | broken)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (TEXTS, "2024-02-09 ± 28.5 days; year, month, day, weekday"),
        (BERLIN, "2024-03-31 ± 91 days (UTC); year, month, day, hour"),
        ([dt.time(6), dt.time(18)], "12:00 ± 6 hours; hour"),
    ],
)
def test_what_was_learnt_of_dates_can_be_read(values, text):
    assert learnt(values).learnt == text
