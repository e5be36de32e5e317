"""Time `ravine.compare`: six optimizers, twelve rates and ten seeds on hourly bicycle hire.

8,645 rows, two hidden layers of 64 units, 30 epochs. Prints seconds and, since other programs may
run beside it, the processor's seconds of this one: divided by the cores they are what a machine
that does nothing else takes. `python -m benchmarks.studies.compare_optimizers`, from the root.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import ravine as rv
from ravine.tables import TableSchema, read_table
from ravine.tables.fitted.networks import default_network

TABLE = Path("examples/data/bikeshare.csv.gz")
OPTIMIZERS = {
    "SGD": rv.SGD(),
    "SGD with momentum": rv.SGD(momentum=0.9),
    "Adagrad": rv.Adagrad(),
    "RMSprop": rv.RMSprop(),
    "Adam": rv.Adam(),
    "AdamW": rv.AdamW(),
}


def main() -> None:
    """Run the comparison once, and print what it took and what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path, default=None, help="a JSON file for the figures")
    given = parser.parse_args()
    frame = read_table(TABLE)
    schema = TableSchema.learn(frame, "bikers")
    X, y = schema.encode(frame), schema.encode_target(frame)
    network = default_network(schema, hidden=(64, 64))
    started, used = time.perf_counter(), time.process_time()
    found = rv.compare(
        X,
        y,
        network=network,
        optimizers=OPTIMIZERS,
        rates=rv.geomspace(1e-4, 1, 12),
        recipe=rv.Recipe(epochs=given.epochs),
        seeds=10,
        threads=given.threads,
    )
    table, verdict = found.to_frame(), found.verdict
    figures = {
        "rows": len(X),
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "cores": os.cpu_count(),
        "runs": sum(
            len(o.tuning.tries) + len(o.final) + sum(map(len, o.others.values()))
            for o in found.outcomes
        ),
        "version": rv.__version__,
        "candidates": table.round(6).to_dict("records"),
        "verdict": verdict,
    }
    print(table.to_string(), verdict, sep="\n")
    print({name: figures[name] for name in ("seconds", "processor_seconds", "runs")})
    if given.out is not None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
