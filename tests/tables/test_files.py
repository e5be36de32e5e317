"""Files of tables are read whole or refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ravine.errors import DataError, FileError
from ravine.tables import as_frame, read_table, table_stem

DEMO = Path(__file__).parents[2] / "examples" / "data" / "bikeshare.csv.gz"


def csv(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_demo_table_has_its_rows_and_columns():
    assert read_table(DEMO).shape == (8645, 13)


def test_csv_gz_and_parquet_hold_the_same_as_csv(tmp_path):
    content = "city,size,open\nRome,2.5,True\n,1,False\nParis,,True\n"
    plain = read_table(csv(tmp_path, content))
    packed = read_table(csv(tmp_path, gzip.compress(content.encode(), mtime=0), "table.csv.gz"))
    plain.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(plain, packed)
    pd.testing.assert_frame_equal(plain, read_table(tmp_path / "table.parquet"))


def test_type_of_a_column_is_judged_by_all_of_its_cells(tmp_path):
    lines = ["number", *["1"] * 700_000, "2.5"]
    assert read_table(csv(tmp_path, "\n".join(lines)))["number"].iloc[-1] == 2.5


def test_text_columns_stay_text_although_they_look_like_numbers(tmp_path):
    frame = read_table(csv(tmp_path, "zip,n\n02134,1\n10001,2\n"), text_columns=["zip", "absent"])
    assert frame["zip"].tolist() == ["02134", "10001"]


def test_missing_cells_question_marks_and_row_numbers_are_understood(tmp_path):
    frame = read_table(csv(tmp_path, ",age\n0,?\n1,NA\n2,3\n"))
    assert frame.columns.tolist() == ["Unnamed: 0", "age"]
    assert frame["age"].isna().tolist() == [True, True, False]


def test_parquet_index_with_a_name_is_a_column_and_one_without_is_not(tmp_path):
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([7, 9], name="key"))
    frame.to_parquet(path)
    assert sorted(read_table(path).columns) == ["a", "key"]
    frame.rename_axis(None).to_parquet(path)
    assert read_table(path).columns.tolist() == ["a"]


BROKEN_FILES = [
    ("t.csv", b"", "the file is empty"),
    ("t.csv", b" \n \n", "the file is empty"),
    ("t.csv", b"a,b\n", "no rows"),
    (
        "t.csv",
        b"a,b\n1,2\n3\n",
        r"row 3 \(the names are row 1\) has 1 cells, but there are 2 columns",
    ),
    ("t.csv", b"a,b\n1,2,3\n", "row 2 .* has 3 cells, but there are 2 columns"),
    ("t.csv", b"a,b,a\n1,2,3\n", "more than one column named 'a'"),
    ("t.csv", b"a,\n1,2\n", "Column 2 of .* has no name"),
    ("t.csv", b"a;b\n1;2\n", "not separated by commas"),
    ("t.csv", b"a,b\n1,\xff\xfe\n", "column 'b' is not UTF-8 text"),
    ("t.csv", bytes(range(256)), "not a text file"),
    ("t.csv", b"caf\xe9,b\n1,2\n", "not a text file in UTF-8"),
    ("t.csv.gz", b"a,b\n1,2\n", "not a whole gzip file"),
    ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 50, mtime=0)[:-9], "not a whole gzip file"),
    ("t.parquet", b"a,b\n1,2\n", "not a whole Parquet file"),
    ("t.xlsx", b"PK", "must end in .csv, .csv.gz or .parquet"),
]


@pytest.mark.parametrize(("name", "content", "message"), BROKEN_FILES)
def test_broken_file_is_a_clear_error(tmp_path, name, content, message):
    with pytest.raises(FileError, match=message):
        read_table(csv(tmp_path, content, name))


def test_absent_file_and_folder_are_clear_errors(tmp_path):
    with pytest.raises(FileError, match="there is no such file"):
        read_table(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileError, match="it is a folder"):
        read_table(tmp_path / "folder.csv")
    with pytest.raises(FileError, match="null"):
        read_table("a\0b.csv")


def test_stem_of_a_table_leaves_out_folder_and_extension():
    assert [table_stem(n) for n in ("a/b.csv.gz", "b.csv", "b.parquet", "c")] == [
        "b",
        "b",
        "b",
        "c",
    ]


def test_other_frames_become_pandas_frames():
    import pyarrow as pa

    assert as_frame(pa.table({"a": [1, 2]}))["a"].tolist() == [1, 2]
    assert as_frame({"a": [1, 2]}).columns.tolist() == ["a"]
    assert as_frame(pd.DataFrame({3: [1.0]}, index=[9])).index.tolist() == [0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "A data frame is needed. Got list"),
        (np.ones(2), r"two dimensions, rows × columns. Got an array of shape \(2,\)"),
        ([[1, 2], [3]], "differ in length"),
        ({"a": [1, 2], "b": [1]}, "do not fit together"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column|unique"),
    ],
)
def test_what_is_no_frame_is_a_clear_error(table, message):
    with pytest.raises(DataError, match=message):
        as_frame(table)
