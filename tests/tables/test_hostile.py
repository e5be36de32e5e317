"""Tables that ask for too much: limits are said before memory is used up, and nothing aborts."""

import gzip
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ravine.ground.memory
import ravine.tables.limits as limits
from ravine.errors import FileError
from ravine.tables import TableSchema, read_table
from ravine.tables.chunks import TableChunks


def available(monkeypatch, count):
    for module in (ravine.ground.memory, limits):
        monkeypatch.setattr(module, "available_memory", lambda: count)


def numbers(rows):
    return b"a,b\n" + b"1,2\n" * rows


def ravine_command(*words, **options):
    command = [sys.executable, "-m", "ravine.cli", *map(str, words)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **{**pipes, **options})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, and large packed tables for it: a whole one, one with a bad cell, a damaged one."""
    path = tmp_path_factory.mktemp("hostile")
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(200, 4)).round(3)
    pd.DataFrame(rows, columns=[*"abcy"]).to_csv(path / "small.csv", index=False)
    words = ["train", path / "small.csv", "--target", "y", "--estimator", "mlp", "--epochs", "1"]
    process = ravine_command(*words, "--out", path / "m")
    process.communicate()
    assert process.returncode == 0
    names, _, cells = (path / "small.csv").read_bytes().partition(b"\n")
    large = names + b"\n" + cells * 1500
    (path / "good.csv.gz").write_bytes(gzip.compress(large, 1))
    bad = names + b"\n" + cells * 2 + b"1,oops,3,4\n" + cells * 1500
    (path / "bad.csv.gz").write_bytes(gzip.compress(bad, 1))
    damaged = bytearray(gzip.compress(large, 1))
    damaged[len(damaged) // 2] ^= 255
    (path / "damaged.csv.gz").write_bytes(damaged)
    return path


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize(("name", "said"), [("bad", "'oops'"), ("damaged", "whole gzip file")])
def test_a_fault_inside_a_large_packed_table_ends_with_its_message_and_2(
    folder, command, name, said
):
    process = ravine_command(command, folder / "m", folder / f"{name}.csv.gz")
    errors = process.communicate()[1]
    assert (process.returncode, said in errors) == (2, True), errors
    assert "Fatal" not in errors


def test_a_full_disk_inside_a_large_packed_table_ends_with_2(folder):
    with Path("/dev/full").open("w") as full:
        process = ravine_command("predict", folder / "m", folder / "good.csv.gz", stdout=full)
        errors = process.communicate()[1]
    assert process.returncode == 2, errors
    assert "the disk is full" in errors
    assert "Fatal" not in errors


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_inside_a_large_packed_table_ends_with_130_and_leaves_no_file(
    folder, sign, tmp_path
):
    words = ["predict", folder / "m", folder / "good.csv.gz", "--out", tmp_path / "p.csv"]
    process = ravine_command(*words)
    while process.poll() is None and not list(tmp_path.iterdir()):  # until it has begun to write
        time.sleep(0.01)
    process.send_signal(sign)
    errors = process.communicate()[1]
    assert process.returncode == 130, errors
    assert "Fatal" not in errors
    assert not list(tmp_path.iterdir())


def test_threads_of_arrow_that_read_a_table_never_touch_python(tmp_path):
    schema = TableSchema.learn(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 3.0]}))
    (tmp_path / "t.csv").write_bytes(numbers(3))
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(numbers(3)))
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), tmp_path / "t.parquet")
    for name in ("t.csv", "t.csv.gz", "t.parquet"):
        with TableChunks(tmp_path / name, schema) as table:
            assert type(table._source.raw) is pa.OSFile
            assert sum(len(chunk.frame) for chunk in table) in (1, 3)
            assert table.share_read == 1


def test_a_packed_table_of_several_members_is_read_to_its_end(tmp_path):
    content = numbers(5000)
    pieces = [gzip.compress(content[i : i + 999]) for i in range(0, len(content), 999)]
    (tmp_path / "t.csv.gz").write_bytes(b"".join([*pieces, gzip.compress(b"")]))
    schema = TableSchema.learn(pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 3.0]}))
    with TableChunks(tmp_path / "t.csv.gz", schema) as table:
        assert sum(len(chunk.frame) for chunk in table) == 5000
    assert len(read_table(tmp_path / "t.csv.gz")) == 5000


def test_a_row_of_names_beyond_its_limit_is_an_error_of_both_readers(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("a," + "b" * limits.LONGEST_NAMES + "\n1,2\n")
    schema = TableSchema.learn(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(FileError, match="names of the columns, is longer than 2,097,152 bytes"):
        read_table(path)
    with pytest.raises(FileError, match="names of the columns, is longer than 2,097,152 bytes"):
        TableChunks(path, schema)


def test_a_row_of_names_just_below_its_limit_is_read_by_both_readers(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("a," + "ü" * (limits.LONGEST_NAMES // 2 - 1) + "\r\n1,2\r\n3,4\r\n")
    schema = TableSchema.learn(pd.DataFrame({"a": [1.0, 2.0]}))
    assert read_table(path)["a"].tolist() == [1, 3]
    with TableChunks(path, schema) as table:
        assert [chunk.frame["a"].tolist() for chunk in table] == [[1, 3]]


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (b"a,b\r1,2", 3),
        (b"\r\n\na,b\n", 6),
        (b'"a\n""b""",c\n1,2', 11),
        (b'5",b\n1,2"\n', 4),
        (b"abc", 3),
    ],
)
def test_the_row_of_names_ends_where_the_parser_ends_it(head, end):
    assert limits.check_header("t.csv", head) == end


def test_more_columns_than_memory_holds_are_an_error(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    names = ",".join(f"c{i}" for i in range(2000))
    path.write_text(f"{names}\n{names}\n")
    available(monkeypatch, 10**6)
    with pytest.raises(FileError, match=r"its 2,000 columns need about 8\.2 MB of memory, but"):
        read_table(path)


def test_a_small_packed_table_that_unpacks_beyond_memory_is_an_error_before_it_is_used(
    tmp_path, monkeypatch
):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(numbers(10**6)))
    available(monkeypatch, 10**6)
    with pytest.raises(FileError, match="bytes that it unpacks to need about"):
        read_table(path)
    available(monkeypatch, 10**7)
    with pytest.raises(FileError, match=r"2,000,002 cells need about 96\.0 MB of memory, but only"):
        read_table(path)
    available(monkeypatch, 10**9)
    assert len(read_table(path)) == 10**6
    available(monkeypatch, None)
    assert len(read_table(path)) == 10**6


def test_a_plain_file_beyond_memory_is_an_error_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_bytes(numbers(10**6))
    available(monkeypatch, 10**6)
    with pytest.raises(FileError, match=r"its 4,000,004 bytes need about 8\.0 MB"):
        read_table(path)


def test_a_small_parquet_file_of_many_rows_beyond_memory_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": np.zeros(10**6)}), path)
    assert path.stat().st_size < 10**5
    available(monkeypatch, 10**6)
    with pytest.raises(FileError, match=r"its 1,000,000 cells need about 48\.0 MB of memory"):
        read_table(path)


def test_available_memory_is_no_more_than_the_process_may_use():
    code = (
        "import resource; from ravine.ground.memory import available_memory as left\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); print(left())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 0 < int(found.stdout) < 2**31, found.stderr


def test_rows_that_an_open_quotation_mark_swallows_are_not_lost_in_silence(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,b\n1,x\n1,"x\n' + b"3,4\n" * 300_000)
    with pytest.raises(
        FileError, match=r"column 'b' has a cell of 1,200,00\d bytes in row 2; at m"
    ):
        read_table(path)
    path.write_bytes(b"a,b\n1," + b"x" * limits.LONGEST_CELL + b"\n3,4\n")
    assert read_table(path)["b"].str.len().tolist() == [limits.LONGEST_CELL, 1]
