"""Random spellings and random names: what is read is what was written, or it is named."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravine.errors import DataError
from ravine.tables import TableSchema
from tests.builders.quick_tables import learnt_or_refused

N = 12
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def grouped(mark, point):
    def spell(value):
        return f"{value:,.2f}".replace(",", "_").replace(".", point).replace("_", mark)

    return spell


SPELLINGS = {
    "plain": repr,
    "plus": lambda value: f"{value:+.2f}",
    "exponent": lambda value: f"{value:.12e}",
    "commas": grouped(",", "."),
    "apostrophes": grouped("'", "."),
    "dollars": lambda value: f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}",
    "euros": lambda value: grouped(".", ",")(value) + " €",
    "spaces": grouped("\u202f", ","),
    "parentheses": lambda value: f"({-value:,.2f})" if value < 0 else f"{value:,.2f}",
    "percent": lambda value: f"{value * 100:.0f}%",
    "minus": lambda value: f"{value:.2f}".replace("-", "−"),
}
#: Numbers of two decimals; the first is one that no two conventions read alike.
NUMBERS = st.lists(
    st.integers(-(10**8), 10**8).map(lambda cents: cents / 100), min_size=N - 1, max_size=N - 1
).map(lambda values: [1234567.25, *values])
GAPS = st.lists(st.booleans(), min_size=N - 1, max_size=N - 1).map(lambda gaps: [False, *gaps])


@settings(max_examples=150, **QUIET)
@given(st.sampled_from(sorted(SPELLINGS)), NUMBERS, GAPS, st.sampled_from([None, "", "NA", " "]))
def test_numbers_however_spelled_are_learnt_and_coded_as_plain_ones(way, numbers, gaps, blank):
    plain = [np.nan if gap else number for number, gap in zip(numbers, gaps, strict=True)]
    cells = [
        blank if gap else SPELLINGS[way](number) for number, gap in zip(numbers, gaps, strict=True)
    ]
    expected = TableSchema.learn({"c": plain})
    schema, said = learnt_or_refused({"c": cells})
    assert len(said) == 1
    assert "number" in said[0]
    table = {"c": cells}
    np.testing.assert_allclose(schema.encode(table), expected.encode({"c": plain}), rtol=1e-9)


DAYS = st.lists(
    st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)), min_size=N - 1, max_size=N - 1
).map(lambda days: [dt.date(2033, 12, 31), *days])
DATES = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y", "%b %d, %Y", "%a, %d %b %Y"]


@settings(max_examples=80, **QUIET)
@given(st.sampled_from(DATES), DAYS, GAPS)
def test_dates_however_spelled_are_learnt_and_coded_as_plain_ones(way, days, gaps):
    plain = [np.datetime64("NaT") if gap else day for day, gap in zip(days, gaps, strict=True)]
    cells = [None if gap else day.strftime(way) for day, gap in zip(days, gaps, strict=True)]
    frame = pd.DataFrame({"c": np.array(plain, dtype="M8[us]")})
    expected, schema = TableSchema.learn(frame), learnt_or_refused({"c": cells})[0]
    np.testing.assert_allclose(schema.encode({"c": cells}), expected.encode(frame), rtol=1e-9)


NAMES = st.one_of(
    st.text(max_size=6),
    st.integers(-3, 10),
    st.dates(),
    st.tuples(st.sampled_from("ab"), st.integers(0, 3)),
    st.sampled_from(["id", "index", "Unnamed: 0", " a", "a", "a ", "é", "e\u0301", ",", '"', "\n"]),
)
CELLS = {
    "numbers": [0.5, 2.0, 3.5, 1.0] * 3,
    "counter": list(range(N)),
    "texts": list("abca") * 3,
    "constant": [1.0] * N,
    "empty": [None] * N,
    "different texts": [f"text {row}" for row in range(N)],
    "codes": ["007", "12", "003", "5"] * 3,
}


@settings(max_examples=150, **QUIET)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from(sorted(CELLS))), min_size=1, max_size=5),
    st.permutations(range(5)),
)
def test_every_column_is_in_the_schema_or_named_and_found_by_its_name(columns, order):
    frame = pd.concat([pd.Series(CELLS[kind]) for _, kind in columns], axis=1)
    frame.columns = pd.Index([name for name, _ in columns], dtype=object, tupleize_cols=False)
    schema, said = learnt_or_refused(frame)
    if isinstance(schema, DataError):
        assert schema.hint  # names that clash, or no column to learn from
        return
    assert len(schema.columns) + len(schema.left_out) == len(columns)
    for name in schema.left_out:
        assert any(repr(name) in note for note in schema.notes)
    assert {note for note in schema.notes if note in said} == set(schema.warnings)
    shuffled = frame.iloc[:, [place for place in order if place < len(columns)]]
    np.testing.assert_array_equal(schema.encode(shuffled), schema.encode(frame))
    again = TableSchema.from_dict(schema.to_dict())
    np.testing.assert_array_equal(again.encode(frame), schema.encode(frame))
