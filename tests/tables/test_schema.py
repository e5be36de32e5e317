"""The schema of a table: saved, loaded, checked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ravine.errors import DataError, ParameterError, SpecError
from ravine.tables import TableSchema


def test_schema_survives_json_and_codes_the_same(frame):
    schema = TableSchema.learn(frame, "price")
    again = TableSchema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema
    np.testing.assert_array_equal(again.encode(frame), schema.encode(frame))


def test_schema_names_every_column_of_numbers(frame):
    schema = TableSchema.learn(frame, "price")
    assert schema.features == (
        *("size", "age", "age (missing)", "open", "sky=clear", "sky=rain", "town"),
    )
    assert schema.encode(frame).shape == (400, 7)
    assert schema.codes == {6: 41}
    assert schema.text_columns == ("sky", "town")
    assert "'version' is left out" in schema.notes[0]


def test_order_of_columns_and_further_columns_do_not_matter(frame):
    schema = TableSchema.learn(frame, "price")
    other = frame[frame.columns[::-1]].assign(extra="?")
    np.testing.assert_array_equal(schema.encode(other), schema.encode(frame))


def test_missing_columns_are_an_error_that_names_them(frame):
    schema = TableSchema.learn(frame, "price")
    with pytest.raises(DataError, match="trained on 5; missing: 'age', 'sky'"):
        schema.encode(frame.drop(columns=["sky", "age"]))


def test_statistics_come_from_the_training_rows_only(frame):
    schema = TableSchema.learn(frame.iloc[:200], "price")
    changed = frame.copy()
    changed.loc[200:, "size"] = 1e6
    assert TableSchema.learn(changed.iloc[:200], "price") == schema


def test_unseen_categories_are_counted_by_column(frame):
    schema = TableSchema.learn(frame, "price")
    other = frame.head(3).assign(sky=["fog", "rain", "fog"], town="Atlantis")
    assert schema.unseen(other) == {"sky": 2, "town": 3}
    assert schema.unseen(frame) == {}


def test_table_without_rows_or_usable_columns_is_an_error(frame):
    schema = TableSchema.learn(frame, "price")
    with pytest.raises(DataError, match="no rows"):
        schema.encode(frame.head(0))
    with pytest.raises(DataError, match="no column to learn from"):
        TableSchema.learn(frame[["version", "price"]], "price")


def test_mistyped_target_is_an_error_with_the_nearest_name(frame):
    with pytest.raises(DataError, match="no column 'prize'") as caught:
        TableSchema.learn(frame, "prize")
    assert caught.value.hint == "Did you mean 'price'?"


GOOD = {"columns": [{"kind": "number", "name": "a", "mean": 0.0, "standard_deviation": 1.0}]}
BAD_SCHEMAS = [
    None,
    {},
    {"columns": [], "target": None, "left_out": {}},
    {"columns": ["a"], "target": None, "left_out": {}},
    {"columns": [{"kind": "magic", "name": "a"}], "target": None, "left_out": {}},
    {"columns": [{"kind": "number", "name": "a"}], "target": None, "left_out": {}},
    {"columns": [{"kind": "number", "name": "a", "mean": "0", "standard_deviation": 1.0}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "number", "name": "a", "mean": 0.0, "standard_deviation": 0.0}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "category", "name": "a", "levels": ["b", "a"]}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "category", "name": "a", "levels": [1]}]}
    | {"target": None, "left_out": {}},
    {"columns": [{"kind": "code", "name": "a", "levels": []}]} | {"target": None, "left_out": {}},
    GOOD | {"target": {"name": "y"}, "left_out": {}},
    GOOD | {"target": None, "left_out": None},
]


@pytest.mark.parametrize("description", BAD_SCHEMAS)
def test_broken_schema_in_a_file_is_a_clear_error(description):
    with pytest.raises((SpecError, ParameterError)):
        TableSchema.from_dict(description)
