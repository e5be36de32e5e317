"""The store of trials: what each kind of members predicted on the rows of a table and seed."""

import json
import os
from pathlib import Path

import numpy as np

from benchmarks.defaults.rows import MOST_ROWS, TABLES
from benchmarks.defaults.space import KINDS, SHARED, hash_of, in_full, name_of, present

FOLDER = Path(__file__).parent


class Trials:
    """Trials of one size, in a folder: a file each, and a line each in the record of all."""

    def __init__(self, options):
        self._folder, self._records = options.cache, options.records
        self._size = {"members": options.members, "most_rows": options.most_rows}
        self._folder.mkdir(parents=True, exist_ok=True)

    def known(self, parameters, table, seed):
        """Say whether there was this trial."""
        return self._path(parameters, table, seed).exists()

    def load(self, parameters, table, seed):
        """Give what a trial gave; None if there was none or it diverged."""
        if not self.known(parameters, table, seed):
            return None
        with np.load(self._path(parameters, table, seed)) as stored:
            return dict(stored) or None

    def store(self, parameters, table, seed, found, left):
        """Store what a trial gave, and a record of it."""
        path = self._path(parameters, table, seed)
        partial = path.with_suffix(f".{os.getpid()}")
        with partial.open("wb") as file:
            np.savez(file, **found)
        partial.replace(path)
        record = {"parameters": parameters, "table": table, "seed": seed} | self._size
        seconds = round(float(found["seconds"]), 2) if found else None
        with self._records.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record | {"left": left, "cpu_seconds": seconds}) + "\n")

    def kinds(self):
        """Give every kind by its name: those of the estimators and of KINDS, those tried before."""
        found = [*present(), *(in_full(kind) for kind in KINDS.values())]
        if self._records.exists():
            lines = self._records.read_text("utf-8").splitlines()
            found += [json.loads(line)["parameters"] for line in lines]
        alike = [kind for kind in found if all(kind[n] == found[0][n] for n in SHARED)]
        return {name_of(kind): kind for kind in alike}

    def _path(self, parameters, table, seed):
        if TABLES[table].kind == "regression":
            parameters = {name: v for name, v in parameters.items() if name != "label_smoothing"}
        return self._folder / f"{hash_of([parameters, table, seed, self._size])}.npz"


def add_options(parser):
    """Add the options that say which trials."""
    parser.add_argument("--cache", type=Path, required=True, help="folder of the predictions")
    parser.add_argument("--tables", type=listed, default=list(TABLES), help="which (all)")
    parser.add_argument("--seeds", type=_numbers, default=[0, 1], help="seeds of the rows (0,1)")
    parser.add_argument("--members", type=int, default=5, help="members that train (5)")
    parser.add_argument("--most-rows", type=int, default=MOST_ROWS, help=f"({MOST_ROWS})")
    parser.add_argument("--records", type=Path, default=FOLDER / "trials.jsonl")


def listed(text):
    """Take names with commas between them."""
    return text.split(",")


def _numbers(text):
    return [int(number) for number in text.split(",")]
