"""Tables that ask for too much: how much memory and time the commands take before they say so.

Each command is a process of its own; its peak memory is what the system counts.
"""

import argparse
import gzip
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.results import TABLES, check_writable, write

COMMANDS = ("predict", "evaluate", "train")
MEGABYTE = 2**20


@dataclass(frozen=True)
class Size:
    """How large the tables are.

    Parameters
    ----------
    rows : int
        Of tables of four columns.
    names : int
        Bytes of a row of names.
    unpacked : int
        Bytes that a small packed file unpacks to.
    memory : int
        Bytes of address space that the training of that file may use.
    """

    rows: int
    names: int
    unpacked: int
    memory: int


FULL = Size(1_000_000, 40 * MEGABYTE, 1200 * MEGABYTE, 4096 * MEGABYTE)
QUICK = Size(20_000, 3 * MEGABYTE, 300 * MEGABYTE, 3072 * MEGABYTE)

NAMES = b"a,b,c,y\n"


def write_tables(folder, size):
    """Write the tables, and give the cases: a name, a command, a table, the code that is right."""
    rows = b"".join(b"%d,%d.5,%d,%d\n" % (i, i % 7, i % 11, i % 5) for i in range(200))
    (folder / "small.csv").write_bytes(NAMES + rows)
    copies = size.rows // 200
    bad = rows * (copies // 2) + b"1,oops,3,4\n" + rows * (copies - copies // 2)
    long = b"a,b,y," + b"c" * size.names + b"\n" + b"1,2,3,4\n" * 50
    many = b",".join(b"%d" % i for i in range(size.names // 8)) + b"\n1,2\n"
    packed = gzip.compress(NAMES + rows * copies, 1, mtime=0)
    damaged = bytearray(packed)
    damaged[len(damaged) // 2] ^= 255
    contents = {
        "good.csv": NAMES + rows * copies,
        "good.csv.gz": packed,
        "bad.csv.gz": gzip.compress(NAMES + bad, 1, mtime=0),
        "damaged.csv.gz": bytes(damaged),
        "cut.csv.gz": packed[: len(packed) // 2],
        "long_names.csv": long,
        "many_names.csv": many,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    _write_bomb(folder / "bomb.csv.gz", size.unpacked)
    return [
        ("a good table", "predict", "good.csv", 0),
        ("a good packed table", "predict", "good.csv.gz", 0),
        ("a bad cell halfway", "predict", "bad.csv.gz", 2),
        ("a bad cell halfway", "evaluate", "bad.csv.gz", 2),
        ("a damaged byte halfway", "predict", "damaged.csv.gz", 2),
        ("cut off halfway", "predict", "cut.csv.gz", 2),
        ("one long name", "predict", "long_names.csv", 2),
        ("one long name", "train", "long_names.csv", 2),
        ("many names", "train", "many_names.csv", 2),
        ("packed a thousandfold", "train", "bomb.csv.gz", 2),
    ]


def _write_bomb(path, unpacked):
    piece = b"1,2,3,4\n" * 2**17
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(NAMES)
        for _ in range(unpacked // len(piece)):
            file.write(piece)


def measure(words, memory=None):
    """Run a command; give its code, its last words, its time and its peak memory."""
    context = multiprocessing.get_context("spawn")  # its only child is the command
    with context.Pool(1) as pool:
        return pool.apply(_measure, (words, memory))


def _measure(words, memory):
    def limit():
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ravine.cli", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {
        "code": done.returncode,
        "said": done.stderr.strip().partition("\n")[0][-200:],
        "seconds": time.perf_counter() - started,
        "peak_megabytes": peak / MEGABYTE,
    }


def run(folder, size):
    """Measure all cases in a folder; a wrong code is an error."""
    cases = write_tables(folder, size)
    model = folder / "model"
    options = ("--target", "y", "--estimator", "mlp", "--epochs", "1", "--out")
    trained = measure(("train", folder / "small.csv", *options, model))
    if trained["code"]:
        raise SystemExit(f"No model to measure: {trained['said']}")
    found = []
    for name, command, table, code in cases:
        bomb = table == "bomb.csv.gz"
        last = (folder / table, *options, folder / "no") if command == "train" else None
        measured = measure(
            (command, *(last or (model, folder / table))), size.memory if bomb else None
        )
        measured["said"] = measured["said"].replace(f"{folder}/", "")
        if measured["code"] != code:
            raise SystemExit(f"{command} of {table}: {measured}")
        bytes_of_file = (folder / table).stat().st_size
        found.append(
            {"case": name, "command": command, "file_megabytes": bytes_of_file / MEGABYTE}
            | measured
        )
        print(
            f"{name:24} {command:9} {bytes_of_file / MEGABYTE:8.1f} MB "
            f"code {code} {measured['seconds']:6.1f} s {measured['peak_megabytes']:7.0f} MB"
        )
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small tables")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder for the result")
    chosen = parser.parse_args(arguments)
    check_writable(chosen.out)
    with tempfile.TemporaryDirectory() as folder:
        cases = run(Path(folder), QUICK if chosen.quick else FULL)
    write({"machine": machine.describe(), "cases": cases}, chosen.out / "hostile_tables.json")


if __name__ == "__main__":
    main()
