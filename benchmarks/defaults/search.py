"""Finds the defaults of NeuralClassifier and NeuralRegressor: a random search that climbs.

From the best values so far, one or two parameters are drawn anew. The candidate is tried on more
and more tables (*rungs*), and goes as soon as it is no better than the best so far on the same
rows; one that is better on all rungs takes its place. Compared is the mean over tables of
``log(u + 0.005)``, u being what is left unexplained of a constant's squared error or log loss, on
rows that did not train. Ensembles are small here (--members), for speed.

Every trial is stored at once, and none is computed twice, so that a search can be stopped and goes
on where it was.
"""

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

import machine  # noqa: E402
from results import read as read_result  # noqa: E402
from results import write  # noqa: E402
from tables import Stopwatch, score  # noqa: E402

from defaults.rows import read, rows, tasks  # noqa: E402
from defaults.space import SPACE, START, neighbour  # noqa: E402

CHOSEN = FOLDER / "defaults.json"
#: Added to what is left unexplained, so that a table that all but explains itself decides nothing.
FLOOR = 0.005
#: Seeds of the rows on which a candidate is tried.
SEEDS = (0, 1)


def main():
    options = _options()
    machine.limit_threads(options.threads)
    until = time.monotonic() + 60 * options.minutes
    trials = Trials(options)
    best = start(options.kind)
    store(options.kind, best)
    number = 0
    while time.monotonic() < until:
        candidate = neighbour(best, SPACE[options.kind], np.random.default_rng([7, number]))
        number += 1
        gains = race(candidate, best, trials, options.kind)
        changed = {name: candidate[name] for name in best if candidate[name] != best[name]}
        mean = float(np.mean(gains))
        said = "dropped" if mean <= 0 else "better"
        print(f"{number} {changed}: {mean:+.2%} over {len(gains)}, {said}", flush=True)
        if mean > 0:
            best = candidate
            store(options.kind, best)


def race(candidate, best, trials, kind):
    """Try a candidate rung by rung; give by how much log u is lower, table by table."""
    gains = []
    for rung in rungs([task.name for task in tasks(kind)]):
        gains += [trials.left(best, *at) - trials.left(candidate, *at) for at in rung]
        if np.mean(gains) <= 0:
            break
    return gains


def rungs(names):
    """Give what is tried one after the other: lists of (table, seed)."""
    first = [(name, SEEDS[0]) for name in names]
    middle = len(names) // 2
    return [first[:middle], first[middle:], [(name, SEEDS[1]) for name in names]]


class Trials:
    """What each set of parameters leaves unexplained, computed once and stored."""

    def __init__(self, options):
        self._options, self._path = options, options.out / f"{options.kind}.jsonl"
        self._tables = {}
        self._known = {}
        if self._path.exists():
            for line in self._path.read_text("utf-8").splitlines():
                record = json.loads(line)
                self._known[_key(record)] = record["left"]

    def left(self, parameters, table, seed):
        """Give log(u + FLOOR) of the parameters on the rows of a table and seed."""
        record = {
            "table": table,
            "seed": seed,
            "members": self._options.members,
            "parameters": parameters,
        }
        if _key(record) not in self._known:
            record |= self._run(parameters, table, seed)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
            self._known[_key(record)] = record["left"]
        return float(np.log(self._known[_key(record)] + FLOOR))

    def _run(self, parameters, table, seed):
        task, X, y = self._table(table)
        cut = rows(task, X, y, seed)
        estimator = make(
            task.kind,
            parameters,
            n_members=self._options.members,
            random_state=seed,
            n_jobs=self._options.threads,
        )
        watch = Stopwatch()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(cut.X_train, cut.y_train)
        predict = estimator.predict_proba if task.kind == "classes" else estimator.predict
        predictions = np.asarray(predict(cut.X_test), dtype=np.float64)
        left = score(task.kind, predictions, cut.y_test)["unexplained"]
        return {"left": left, "cpu_seconds": watch.read()[1]}

    def _table(self, name):
        if name not in self._tables:
            (task,) = (task for task in tasks(self._options.kind) if task.name == name)
            self._tables[name] = (task, *read(task, self._options.data))
        return self._tables[name]


def make(kind, parameters, **options):
    """Give the estimator of a kind with these parameters."""
    import ravine

    estimator = ravine.NeuralClassifier if kind == "classes" else ravine.NeuralRegressor
    return estimator(**in_force(parameters), **options)


def in_force(parameters):
    """Give parameters as the estimators take them: JSON has no tuples."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in parameters.items()}


def start(kind):
    """Give where the search begins: what was chosen before, else START."""
    chosen = read_result(CHOSEN).get(kind, {}) if CHOSEN.exists() else {}
    return {name: (START | in_force(chosen))[name] for name in SPACE[kind]}


def store(kind, parameters):
    """Write the best so far beside those of the other kind."""
    chosen = read_result(CHOSEN) if CHOSEN.exists() else {}
    write(chosen | {kind: parameters}, CHOSEN)


def _key(record):
    parameters = json.dumps(record["parameters"], sort_keys=True)
    return record["table"], record["seed"], record["members"], parameters


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--kind", choices=list(SPACE), required=True)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long to search (20)")
    parser.add_argument("--members", type=int, default=2, help="members of an ensemble (2)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the trials")
    return parser.parse_args()


if __name__ == "__main__":
    main()
