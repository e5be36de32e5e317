"""Tables larger than memory: read in pieces, with the results and errors of the whole."""

from __future__ import annotations

import functools
import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ravine as rv
import ravine.tables.chunks
from ravine.cli.commands.demo import demo_table
from ravine.errors import RavineError
from ravine.tables import TableModel, TableSchema, default_network, read_table
from ravine.tables.chunks import TableChunks
from tests.builders.command_line import run

N = 360
FORMATS = [".csv", ".csv.gz", ".parquet"]


def table() -> pd.DataFrame:
    """Columns of every kind that look like another kind, or empty, for a while."""
    rng = np.random.default_rng(0)
    row = np.arange(N)
    frame = pd.DataFrame(
        {
            "size": np.where(row < 200, row % 50, rng.normal(50, 10, N)),  # whole at first
            "age": np.where(row % 120 < 90, np.nan, row % 90),  # empty for long
            "open": np.where(row < 150, None, row % 3 == 0),  # empty at first
            "zip": np.where(row < 120, "02134", np.where(row < 240, "K1A", "10001")),
            "town": [f"{i % 40:02}" for i in row],  # looks like numbers, has an Embedding
            "sky": np.where(row % 150 < 90, "", rng.choice(["clear", "true", "7"], N)),
        }
    )
    frame["sky"] = frame["sky"].replace("", None)
    frame["note"] = "1"
    frame.loc[N - 1, "note"] = 'said "no",\nand went'
    frame["price"] = 1000 + 20 * frame["size"] + rng.normal(0, 5, N)
    frame["kind"] = np.where(frame["size"] > 25, "large", "small")
    return frame


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the table in each format, and a model of each task."""
    folder, frame = tmp_path_factory.mktemp("streams"), table()
    for extension in FORMATS:
        write(frame, folder / f"homes{extension}")
    for target, other in (("price", "kind"), ("kind", "price")):
        rows = frame.drop(columns=[other, "note"])
        schema = TableSchema.learn(rows, target)
        X, y = schema.encode(rows), schema.encode_target(rows)
        model = rv.train(default_network(schema, hidden=[8]), X, y, rv.Recipe(epochs=2))
        TableModel(schema, model).save(folder / f"{target}.safetensors")
    return folder


@pytest.fixture
def folder(trained, monkeypatch, tmp_path):
    """A copy to work in."""
    for path in trained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def in_pieces(monkeypatch, rows: int) -> None:
    pieces = functools.partial(TableChunks, rows=rows)
    monkeypatch.setattr(ravine.tables.chunks, "TableChunks", pieces)


# --- The same as at once --------------------------------------------------------------------------


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize(("rows", "block"), [(1, None), (7, 500), (100, None), (10**6, 300)])
def test_predictions_do_not_depend_on_where_the_table_is_cut(folder, extension, rows, block):
    model = rv.load("kind.safetensors")
    whole = model.predict_proba(table())
    with TableChunks(f"homes{extension}", model.schema, rows=rows, block=block) as chunks:
        pieces = [(chunk.places, model.predict_proba(chunk.frame)) for chunk in chunks]
    assert [place for places, _ in pieces for place in places] == list(range(N))
    np.testing.assert_array_equal(np.concatenate([shares for _, shares in pieces]), whole)
    assert len(pieces) >= N / rows or block


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("form", ["--json", "--out=p.csv", "--out=p.csv.gz", "--out=p.parquet"])
def test_what_is_written_does_not_depend_on_where_the_table_is_cut(
    folder, monkeypatch, capsys, extension, form
):
    words = ["predict", "kind.safetensors", f"homes{extension}", "--probabilities", form]
    found = []
    for rows in (10**6, 7):
        in_pieces(monkeypatch, rows)
        assert run(*words) == 0
        out = Path(form.removeprefix("--out="))
        result = pd.read_parquet(out) if out.suffix == ".parquet" else None
        found.append((capsys.readouterr(), out.exists() and result is None and out.read_bytes()))
        if result is not None:
            expected = rv.load("kind.safetensors").predict_proba(table())
            np.testing.assert_array_equal(result.iloc[:, 1:], expected)
    assert found[0] == found[1]


@pytest.mark.parametrize("target", ["price", "kind"])
@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("rows", [7, 100])
def test_scores_do_not_depend_on_where_the_table_is_cut(
    folder, monkeypatch, capsys, target, extension, rows
):
    frame = table()
    frame.loc[frame.index % 10 == 3, target] = None
    write(frame, Path(f"gaps{extension}"))
    in_pieces(monkeypatch, rows)
    assert run("evaluate", f"{target}.safetensors", f"gaps{extension}", "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    expected = rv.load(f"{target}.safetensors").evaluate(frame)
    assert f"note: 36 rows without a '{target}' left out" in err
    assert (found["rows"], found["target"]) == (324, target)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("coding", ["standard", "robust"])
@pytest.mark.parametrize("extension", FORMATS)
def test_dates_and_times_mean_the_same_wherever_the_table_is_cut(tmp_path, coding, extension):
    n = 60
    frame = pd.DataFrame(
        {
            "opens": [f"{i % 24:02}:{i:02}:00" for i in range(n)],
            "zone": [f"2024-0{i % 9 + 1}-11T10:00:00+0{i % 3}:00" for i in range(n)],
            "day": [f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(n)],
            "slash": [f"2024/{i % 12 + 1:02}/{i % 28 + 1:02}" for i in range(n)],
            "moment": [f"2024-{i % 12 + 1:02}-01 10:00:{i:02}.{i:03}" for i in range(n)],
        }
    )
    frame.loc[:20, "day"] = frame.loc[30:50, "zone"] = frame.loc[40:, "opens"] = None
    frame.to_csv(tmp_path / "dates.csv", index=False)
    whole = read_table(tmp_path / "dates.csv")
    path = write(whole, tmp_path / f"dates{extension}")
    schema = TableSchema.learn(whole, coding=coding)
    with TableChunks(path, schema, rows=7, block=300) as chunks:
        coded = np.concatenate([schema.encode(chunk.frame) for chunk in chunks])
    np.testing.assert_array_equal(coded, schema.encode(whole))


def test_unseen_categories_are_counted_over_the_whole_table(folder, monkeypatch, capsys):
    frame = table()
    frame.loc[frame.index % 10 == 0, "zip"] = "elsewhere"
    write(frame, Path("new.csv"))
    in_pieces(monkeypatch, 7)
    assert run("predict", "price.safetensors", "new.csv", "--out", "p.csv") == 0
    err = capsys.readouterr().err
    assert err.count("note: column 'zip': 36 values of categories") == 1
    assert err.count("columns not used: 'note', 'kind'") == 1


def test_columns_that_are_not_used_may_hold_anything(folder):
    frame = table().assign(note=[b"\xff".decode("latin-1")] + ["1"] * (N - 1))
    frame.to_csv("odd.csv", index=False, encoding="latin-1")
    assert run("predict", "price.safetensors", "odd.csv", "--out", "p.csv") == 0
    assert len(pd.read_csv("p.csv")) == N


# --- What is wrong, and in which row --------------------------------------------------------------

BAD = {
    "text among numbers": ("size", "big", "'size' must hold numbers. Got the text 'big'"),
    "infinite": ("size", "inf", "'size' has 1 infinite value"),
    "missing": ("size", "", "'size' has 1 missing value"),
    "no boolean": ("open", "2", "'open' must hold true or false. Got the text '2'"),
}


@pytest.mark.parametrize("rows", [7, 10**6])
@pytest.mark.parametrize("fault", BAD)
def test_bad_cell_is_an_error_that_names_its_row_in_the_file(
    folder, monkeypatch, capsys, fault, rows
):
    column, cell, message = BAD[fault]
    frame = table().astype({column: object})
    frame.loc[309, column] = cell
    frame.to_csv("bad.csv", index=False)
    in_pieces(monkeypatch, rows)
    refused(capsys, message, "row 310", "bad.csv")


def refused(capsys, message: str, row: str, name: str) -> None:
    """Check that a prediction fails as the user's mistake, and leaves nothing behind."""
    before = sorted(Path.cwd().iterdir())
    for words in (["--out", "p.parquet"], ["--out", "p.csv.gz"]):
        assert run("predict", "price.safetensors", name, *words) == 2
        out, err = capsys.readouterr()
        error = next(line for line in err.splitlines() if line.startswith("error: "))
        assert out == ""
        assert message in error
        assert row in error
    assert sorted(Path.cwd().iterdir()) == before


@pytest.mark.parametrize("block", [300, None])
def test_ragged_row_is_an_error_that_names_it(folder, monkeypatch, capsys, block):
    lines = table().drop(columns="note").to_csv(index=False).splitlines()
    lines[310] += ",1"
    Path("ragged.csv").write_text("\n".join(lines))
    pieces = functools.partial(TableChunks, block=block)
    monkeypatch.setattr(ravine.tables.chunks, "TableChunks", pieces)
    refused(capsys, "9 cells, but there are 8", "row 311 (the names are row 1)", "ragged.csv")


def test_text_that_is_not_utf8_is_an_error_that_names_its_row(folder, capsys):
    content = table().to_csv(index=False).encode().replace(b"K1A", b"K\xff1", 1)
    Path("latin.csv").write_bytes(content)
    refused(capsys, "column 'zip' is not UTF-8 text", "row 121", "latin.csv")


def test_text_among_the_numbers_of_a_parquet_file_is_named_with_its_row(
    folder, monkeypatch, capsys
):
    sizes = [*[None] * 309, "big", *[None] * 50]
    table().assign(age=sizes).to_parquet("bad.parquet")
    in_pieces(monkeypatch, 7)
    refused(capsys, "'age' must hold numbers", "row 310", "bad.parquet")


def test_row_of_a_bad_cell_is_counted_over_rows_without_a_target(folder, monkeypatch, capsys):
    frame = table()
    frame.loc[frame.index % 2 == 0, "price"] = None
    frame.loc[309, "size"] = None
    frame.to_csv("bad.csv", index=False)
    in_pieces(monkeypatch, 7)
    assert run("evaluate", "price.safetensors", "bad.csv") == 2
    assert "row 310" in capsys.readouterr().err


def test_quotation_mark_that_is_never_closed_is_an_error(folder, monkeypatch, capsys):
    lines = table().drop(columns="note").to_csv(index=False).splitlines()
    lines[100] = '"' + lines[100]
    Path("open.csv").write_text("\n".join(lines))
    pieces = functools.partial(TableChunks, block=5000)
    monkeypatch.setattr(ravine.tables.chunks, "TableChunks", pieces)
    refused(capsys, "a row is longer than 5,000 bytes", "row", "open.csv")


BROKEN = {
    "short.csv.gz": lambda: gzip.compress(Path("homes.csv").read_bytes())[:-500],
    "damaged.csv.gz": lambda: (
        gzip.compress(Path("homes.csv").read_bytes(), mtime=0)[:-8] + b"0" * 8
    ),
    "text.csv.gz": lambda: b"size,age",
    "short.parquet": lambda: Path("homes.parquet").read_bytes()[:-500],
    "text.parquet": lambda: b"size,age",
    "empty.csv": lambda: b"",
    "blank.csv": lambda: b"\n \n",
    "binary.csv": lambda: bytes(range(256)) * 9,
    "names.csv": lambda: table().head(0).to_csv(index=False).encode(),
    "semicolons.csv": lambda: table().to_csv(index=False, sep=";").encode(),
    "twice.csv": lambda: b"size,size\n1,2\n",
    "nameless.csv": lambda: b"size,,age\n1,2,3\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_table_is_a_clear_error_that_names_the_file(folder, capsys, name):
    Path(name).write_bytes(BROKEN[name]())
    refused(capsys, name, "", name)


def test_what_is_no_file_is_a_clear_error(folder, capsys):
    Path("folder.csv").mkdir()
    refused(capsys, "there is no such file", "", "nowhere.csv")
    refused(capsys, "it is a folder", "", "folder.csv")


def test_failure_leaves_the_former_results_whole(folder, capsys):
    assert run("predict", "price.safetensors", "homes.csv", "--out", "p.csv") == 0
    before = Path("p.csv").read_bytes()
    Path("bad.csv").write_text(Path("homes.csv").read_text() + "1,2\n")
    assert run("predict", "price.safetensors", "bad.csv", "--out", "p.csv") == 2
    assert Path("p.csv").read_bytes() == before


def test_first_column_without_a_name_is_left_out(folder, capsys):
    table().to_csv("numbered.csv")
    for name in ("homes.csv", "numbered.csv"):
        assert run("predict", "price.safetensors", name, "--out", f"p-{name}") == 0
    assert Path("p-homes.csv").read_bytes() == Path("p-numbered.csv").read_bytes()


def test_whole_numbers_that_are_names_are_read_alike_with_and_without_gaps(folder):
    model = rv.load("price.safetensors")
    frame = table().assign(town=pd.array([2**60 + 1] * N, dtype="Int64"))
    frame.loc[N - 1, "town"] = None
    frame.to_parquet("large.parquet")
    with TableChunks("large.parquet", model.schema, rows=7) as chunks:
        towns = {town for chunk in chunks for town in chunk.frame["town"].dropna()}
    assert towns == {str(2**60 + 1)}


# --- As a process ---------------------------------------------------------------------------------

MEASURE = """
import resource, sys
from ravine.cli import main
code = main(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""


def repeated(source: Path, target: Path, size: int) -> None:
    """Write a CSV file of about ``size`` bytes by repeating the rows of another."""
    names, _, rows = gzip.decompress(source.read_bytes()).partition(b"\n")
    with target.open("wb") as file:
        file.write(names + b"\n")
        for _ in range(max(size // len(rows), 1)):
            file.write(rows)


@pytest.fixture(scope="module")
def bikes(tmp_path_factory):
    """A quick model of the demo's table, and the table repeated to 4 MB and 32 MB."""
    folder = tmp_path_factory.mktemp("bikes")
    words = ["--target", "bikers", "--estimator", "mlp", "--hidden", "8", "--epochs", "1"]
    assert run("train", demo_table(), *words, "--out", folder / "model") == 0
    repeated(demo_table(), folder / "small.csv", 4_000_000)
    repeated(demo_table(), folder / "large.csv", 32_000_000)
    yield folder
    (folder / "large.csv").unlink()


@pytest.mark.parametrize("words", [["predict", "--out", "p.parquet"], ["evaluate"]])
def test_memory_does_not_grow_with_the_table(bikes, words):
    peaks = []
    for name in ("small.csv", "large.csv"):
        command = [words[0], "model", name, *words[1:]]
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *command],
            cwd=bikes,
            capture_output=True,
            text=True,
            check=True,
        )
        code, peak = map(int, done.stderr.splitlines()[-1].split())
        assert code == 0
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 20  # the coded rows of the large one alone are 55 MB


def test_ctrl_c_leaves_nothing_behind(bikes):
    before = sorted(bikes.iterdir())
    process = subprocess.Popen(
        [sys.executable, "-m", "ravine.cli", "predict", "model", "large.csv", "--out", "all.csv"],
        cwd=bikes,
        stdout=-1,
        stderr=-1,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(path.stat().st_size > 10_000 for path in bikes.glob(".ravine-*")):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert sorted(bikes.iterdir()) == before


def test_full_disk_behind_standard_output_is_a_clear_error(bikes):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ravine.cli", "predict", "model", "small.csv"],
            cwd=bikes,
            stdout=full,
            stderr=-1,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "error: Cannot write 'standard output': the disk is full." in done.stderr


def test_errors_of_the_reader_are_ravines_own(folder):
    with pytest.raises(RavineError, match="missing: 'size'"):
        TableChunks(
            write(table().drop(columns="size"), Path("less.csv")),
            rv.load("price.safetensors").schema,
        )
