"""Counts the instructions of fixed trainings, and fails when they are more than they were.

Valgrind counts what the engine and OpenBLAS execute in a few small trainings. Unlike a time, the
count hardly depends on the machine or on what else it does, so that a change that costs more than a
tenth is noticed wherever it is tested. It does depend on the compiler: another one may need
`--update`, on the state before the change.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

STORED = Path(__file__).with_name("guard.json")

#: More than this part above the stored count fails.
MARGIN = 0.10

#: The libraries that are counted: part of the file's name, and what it is called here.
COUNTED = {"_engine_": "engine", "openblas": "OpenBLAS", "libm.so": "libm", "libm-": "libm"}

#: The highest instruction level, and the kernels of OpenBLAS, that valgrind can run.
LEVEL, KERNELS = "v3", "Haswell"

#: What is trained: each a part of the engine that could become slow by itself.
CASES = ("dense", "wide", "population", "functions", "layers", "rules")


def jobs(case):
    """Give the jobs of a case, the number of its inputs and that of its rows."""
    import ravine as rv

    def network(units, activation="relu", *between):
        hidden = [layer for n in units for layer in (rv.Dense(n, activation=activation), *between)]
        return rv.Network([*hidden, rv.Dense(1)])

    def recipe(epochs, batch_size=64, **fields):
        return rv.Recipe(epochs=epochs, batch_size=batch_size, **fields)

    if case == "dense":
        return [rv.Job(network((32, 32)), recipe(20))], 20, 512
    if case == "wide":
        return [rv.Job(network((256, 128)), recipe(1, 128))], 100, 512
    if case == "population":
        return [rv.Job(network((8,)), recipe(10, 16, seed=seed)) for seed in range(20)], 5, 128
    if case == "functions":
        return [rv.Job(network((32,), name), recipe(8)) for name in ("gelu", "tanh")], 20, 512
    if case == "layers":
        kinds = (rv.BatchNorm(), rv.LayerNorm(), rv.Dropout(0.2))
        return [rv.Job(network((32,), "relu", kind), recipe(8)) for kind in kinds], 20, 512
    if case == "rules":
        rules = (rv.SGD(momentum=0.9), rv.RMSprop(), rv.Adagrad())
        fields = {"penalty": rv.ElasticNet(1e-4), "clip_norm": 1.0, "averaging": 0.9}
        jobs = [rv.Job(network((64, 64)), recipe(8, optimizer=rule, **fields)) for rule in rules]
        return jobs, 20, 64
    raise ValueError(case)


def main():
    options = _options()
    if options.train:
        train(options.train)
        return
    if shutil.which("valgrind") is None:
        raise SystemExit("The guard needs valgrind (on Debian, the package valgrind).")
    if platform.machine() not in ("x86_64", "AMD64"):
        raise SystemExit("The stored counts are those of x86-64.")
    found = {case: count(case) for case in CASES}
    if options.update:
        STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    lines, good = compare(found, json.loads(STORED.read_text("utf-8")))
    print(*lines, sep="\n")
    if not good:
        raise SystemExit(1)


def train(case):
    """Train a case; what valgrind watches."""
    import numpy as np

    import ravine as rv
    from ravine.engine import _engine

    if not _engine._engine.__name__.endswith(f"_{LEVEL}"):
        raise SystemExit(f"The guard needs the engine of level {LEVEL}: make develop builds it.")
    population, inputs, rows = jobs(case)
    X = np.sin(np.arange(rows * inputs, dtype=np.float32)).reshape(rows, inputs)
    models = rv.train_many(population, X, X.sum(axis=1), threads=1)
    assert all(model.status == "finished" for model in models)


def count(case):
    """Give the millions of instructions of a case, by library."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "callgrind.out"
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}"]
        done = subprocess.run(
            [*valgrind, sys.executable, __file__, "--train", case],
            env={
                **os.environ,
                "RAVINE_LEVEL": LEVEL,
                "OPENBLAS_CORETYPE": KERNELS,
                "OPENBLAS_NUM_THREADS": "1",
                "PYTHONHASHSEED": "0",
            },
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{case} cannot be counted:\n{done.stderr[-3000:]}")
        counts = by_library(path.read_text("utf-8"))
    found = Counter()
    for library, instructions in counts.items():
        for part, name in COUNTED.items():
            if part in Path(library).name:
                found[name] += instructions
    return {name: round(found[name] / 1e6, 2) for name in sorted(set(COUNTED.values()))}


def by_library(profile):
    """Add up the instructions of each library in a file that callgrind wrote.

    A name stands in full once, as "(7) name", and later as "(7)". The line after "calls=" is the
    cost of the call, which is counted where the called function stands.
    """
    names, counts, library, called = {}, Counter(), "", False
    for line in profile.splitlines():
        if match := re.match(r"(c?)ob=(\(\d+\))(?: (.+))?", line):
            nested, number, name = match.groups()
            if name:
                names[number] = name
            if not nested:
                library = names[number]
        elif line.startswith("calls="):
            called = True
        elif line[:1] in tuple("+-*0123456789"):
            if not called:
                counts[library] += int(line.split()[-1])
            called = False
    return counts


def compare(found, stored):
    """Give a line for each case, and whether none is too far above its stored count."""
    lines, good = [], True
    for case, counts in found.items():
        now, before = sum(counts.values()), sum(stored[case].values())
        change = now / before - 1
        line = f"{case}: {now:.1f} million instructions, {change:+.1%}"
        if change > MARGIN:
            good = False
            line += f", more than {MARGIN:.0%} above the {before:.1f} that are stored"
        elif change < -MARGIN:
            line += ": store the new count with --update"
        lines.append(line)
    return lines, good


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="store the counts of now")
    parser.add_argument("--train", choices=CASES, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
