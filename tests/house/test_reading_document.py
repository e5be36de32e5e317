"""docs/reading.md: what it says of cells, files and data types is what happens."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ravine.errors import DataError, DataWarning
from ravine.tables import TableSchema, as_frame, read_table
from ravine.tables.text.kinds import Texts, understand

PAGE = (Path(__file__).parents[2] / "docs" / "reading.md").read_text()
FRAMES = {"pd": pd, "np": np, "pa": pa, "pl": pl, "dt": dt, "Decimal": Decimal}


def arrow(values, kind):
    if pa.types.is_dictionary(kind):
        return pd.arrays.ArrowExtensionArray(pa.array(values).dictionary_encode())
    return pd.array(values, dtype=pd.ArrowDtype(kind))


def rows(name):
    """The rows of a table of the page: a list of the codes of each cell."""
    table = re.search(rf"<!-- tested: {name} -->(.*?)<!-- end -->", PAGE, re.DOTALL)[1]
    lines = [line for line in table.strip().splitlines() if line.startswith("| `")]
    found = [
        [re.findall(r"`([^`]+)`", c) or [c.strip()] for c in re.split(r" \| ?", line[2:])][:3]
        for line in lines
    ]
    assert len(found) > 3
    return found


def value(code):
    return eval(code, FRAMES | {"arrow": arrow})


@pytest.mark.parametrize(("cells", "kind", "first"), [row[:3] for row in rows("cells")], ids=str)
def test_cells_are_read_as_the_page_says(cells, kind, first):
    found = understand(Texts.of(pd.Series(cells), "c"))
    assert found.kind == kind[0]
    assert (found.values[0] if found.kind != "text" else cells[0]) == value(first[0])


@pytest.mark.parametrize(("cells", "because"), [row[:2] for row in rows("refused")], ids=str)
def test_cells_that_can_be_read_in_two_ways_are_refused_with_both(cells, because):
    with pytest.raises(DataError, match=because[0]) as caught:
        understand(Texts.of(pd.Series(cells), "c"))
    assert re.search(r"'c'.* row \d", str(caught.value))


@pytest.mark.parametrize(("file", "columns"), [row[:2] for row in rows("files")], ids=str)
def test_files_are_read_as_the_page_says(file, columns, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(file[0].encode().decode("unicode_escape"), newline="")
    frame = read_table(path)
    found = {name: frame[name].astype(object).where(frame[name].notna(), None) for name in frame}
    assert {name: column.tolist() for name, column in found.items()} == value(columns[0])


@pytest.mark.parametrize("coding", ["standard", "robust"])
@pytest.mark.parametrize(("typed", "plain"), [row[:2] for row in rows("types")], ids=str)
def test_every_data_type_means_what_the_plain_one_means(typed, plain, coding):
    def learnt(values):
        column = values if isinstance(values, pl.Series) else pd.Series(values)
        table = (
            pl.DataFrame({"x": column, "y": [1, 5, 2, 9]})
            if column is values
            else {
                "x": column,
                "y": [1, 5, 2, 9],
            }
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            return TableSchema.learn(table, coding=coding), as_frame(table)

    (schema, frame), (other, simple) = learnt(value(typed[0])), learnt(value(plain[0]))
    assert schema.columns == other.columns
    assert schema.left_out == other.left_out
    np.testing.assert_array_equal(schema.encode(frame), other.encode(simple))
    np.testing.assert_array_equal(schema.encode(simple), schema.encode(frame))
