"""Columns of every data type of pandas, Polars and PyArrow mean what plain NumPy ones mean."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravine.errors import DataWarning, RavineError
from ravine.tables import TableSchema
from tests.builders.quick_tables import learnt_or_refused

N = 12
EPOCH = dt.datetime(1970, 1, 1)


def pandas_of(dtype):
    return lambda values: pd.DataFrame({"c": pd.Series(pd.array(values, dtype=dtype))})


def objects(values):
    return pd.DataFrame({"c": pd.Series(values, dtype=object)})


def with_na(values):
    return objects([pd.NA if value is None else value for value in values])


def numpy_of(dtype, missing):
    def make(values):
        filled = [missing if value is None else value for value in values]
        return pd.DataFrame({"c": np.array(filled, dtype=dtype)})

    return make


def polars_of(dtype):
    return lambda values: pl.DataFrame({"c": pl.Series(values, dtype=dtype, strict=False)})


def decimals(make):
    return lambda values: make([None if v is None else Decimal(v) for v in values])


def arrow_of(dtype):
    return lambda values: pa.table({"c": pa.array(values, type=dtype)})


def arrow_in_pandas(dtype):
    return pandas_of(pd.ArrowDtype(dtype))


def in_chunks(values):
    return pa.table({"c": pa.chunked_array([values[:5], [], values[5:]], pa.float64())})


def days(make):
    return lambda values: make([None if value is None else value.date() for value in values])


DECIMAL = pa.decimal128(12, 2)
NAN, NAT = float("nan"), np.datetime64("NaT")
NUMBERS = {
    "objects": objects,
    "objects with NA": with_na,
    "float32": numpy_of("f4", NAN),
    "longdouble": numpy_of(np.longdouble, NAN),
    "Float32": pandas_of("Float32"),
    "Float64": pandas_of("Float64"),
    "double[pyarrow]": arrow_in_pandas(pa.float64()),
    "decimal[pyarrow]": decimals(arrow_in_pandas(DECIMAL)),
    "objects of decimals": decimals(objects),
    "sparse": lambda values: numpy_of("f8", NAN)(values).astype(pd.SparseDtype("float", NAN)),
    "polars Float32": polars_of(pl.Float32),
    "polars Float64": polars_of(pl.Float64),
    "polars Decimal": decimals(polars_of(pl.Decimal(12, 2))),
    "arrow float": arrow_of(pa.float32()),
    "arrow decimal": decimals(arrow_of(DECIMAL)),
    "arrow chunks": in_chunks,
}
WHOLE = {
    **{name: NUMBERS[name] for name in ("objects", "objects with NA", "Float64", "arrow chunks")},
    **{f"pandas {name}": pandas_of(name) for name in ("Int8", "Int16", "Int32", "Int64")},
    **{f"polars {kind}": polars_of(kind) for kind in (pl.Int8, pl.Int16, pl.Int64, pl.Int128)},
    **{f"arrow {kind}": arrow_of(kind) for kind in (pa.int8(), pa.int32(), pa.int64(), DECIMAL)},
    "int16[pyarrow]": arrow_in_pandas(pa.int16()),
}
BOOLEANS = {
    "objects with NA": with_na,
    "boolean": pandas_of("boolean"),
    "bool[pyarrow]": arrow_in_pandas(pa.bool_()),
    "polars": polars_of(pl.Boolean),
    "arrow": arrow_of(pa.bool_()),
}
TEXTS = {
    "objects with NA": with_na,
    "string": pandas_of("string"),
    "string[python]": pandas_of("string[python]"),
    "string[pyarrow]": pandas_of("string[pyarrow]"),
    "large_string[pyarrow]": arrow_in_pandas(pa.large_string()),
    "polars": polars_of(pl.String),
    "arrow": arrow_of(pa.string()),
    "arrow large": arrow_of(pa.large_string()),
}
CATEGORIES = {
    "polars Categorical": polars_of(pl.Categorical),
    "arrow dictionary": arrow_of(pa.dictionary(pa.int8(), pa.string())),
}
DATES = {
    "objects": objects,
    **{f"M8[{unit}]": numpy_of(f"M8[{unit}]", NAT) for unit in ("s", "ms", "ns")},
    "days": numpy_of("M8[D]", NAT),
    "timestamp[pyarrow]": arrow_in_pandas(pa.timestamp("ms")),
    "date32[pyarrow]": days(arrow_in_pandas(pa.date32())),
    "objects of days": days(objects),
    "polars": polars_of(pl.Datetime("ms")),
    "polars Date": days(polars_of(pl.Date)),
    "arrow": arrow_of(pa.timestamp("ns")),
    "arrow date64": days(arrow_of(pa.date64())),
}
DURATIONS = {
    "objects": objects,
    **{f"m8[{unit}]": numpy_of(f"m8[{unit}]", np.timedelta64("NaT")) for unit in ("s", "ms", "ns")},
    "duration[pyarrow]": arrow_in_pandas(pa.duration("s")),
    "polars": polars_of(pl.Duration("ms")),
    "arrow": arrow_of(pa.duration("us")),
}
TIMES = {
    "objects with NA": with_na,
    "time64[pyarrow]": arrow_in_pandas(pa.time64("us")),
    "polars": polars_of(pl.Time),
    "arrow time32": arrow_of(pa.time32("s")),
}
#: Values of each kind, the plain column of them, and other columns that hold the same.
KINDS = {
    "numbers": (
        st.integers(-400, 400).map(lambda quarter: quarter / 4),
        numpy_of("f8", NAN),
        NUMBERS,
    ),
    "whole numbers": (st.integers(-90, 90), numpy_of("f8", NAN), WHOLE),
    "booleans": (st.booleans(), objects, BOOLEANS),
    "texts": (st.sampled_from(["a", "b", " a", "A", "7", "é", ""]), objects, TEXTS),
    # Categories are text whatever they hold, so that none of these looks like a number.
    "categories": (st.sampled_from(["a", "b", " a", "A", "é", ""]), objects, CATEGORIES),
    "dates": (
        st.integers(0, 20_000).map(lambda day: EPOCH + dt.timedelta(day)),
        numpy_of("M8[us]", NAT),
        DATES,
    ),
    "durations": (
        st.integers(0, 90_000).map(lambda seconds: dt.timedelta(seconds=seconds)),
        numpy_of("m8[us]", np.timedelta64("NaT")),
        DURATIONS,
    ),
    "times": (
        st.integers(0, 86_399).map(lambda s: (EPOCH + dt.timedelta(seconds=s)).time()),
        objects,
        TIMES,
    ),
}


@st.composite
def columns(draw, kind):
    """Rows to learn from, and to predict; how the column is made."""
    values, plain, others = KINDS[kind]
    cells = st.lists(st.one_of(values, st.none()) if draw(st.booleans()) else values,
                     min_size=N, max_size=N)  # fmt: skip
    made = others[draw(st.sampled_from(sorted(others)))]
    return draw(cells), draw(cells), plain, made


def encoded(schema, table):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return schema.encode(table).tolist()
        except RavineError as error:
            return str(error)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), coding=st.sampled_from(["standard", "robust"]))
def test_a_column_of_any_data_type_is_learnt_and_coded_as_the_plain_one(kind, data, coding):
    rows, others, plain, made = data.draw(columns(kind))
    expected, said = learnt_or_refused(plain(rows), coding=coding)
    schema, also_said = learnt_or_refused(made(rows), coding=coding)
    assert also_said == said
    if isinstance(expected, RavineError):
        assert str(schema) == str(expected)
        return
    assert schema.to_dict() == expected.to_dict()
    for table in (rows, others):
        assert encoded(schema, made(table)) == encoded(expected, plain(table))
        assert encoded(expected, made(table)) == encoded(expected, plain(table))


@pytest.mark.parametrize("name", sorted({**WHOLE, **NUMBERS}))
def test_a_column_that_counts_the_rows_is_found_whatever_its_data_type(name):
    table = {**WHOLE, **NUMBERS}[name](list(range(1, N + 1)))
    with pytest.warns(DataWarning, match="'c' counts the rows"):
        TableSchema.learn(table)
