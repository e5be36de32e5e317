"""Trains kinds of members one by one and stores what each predicts; see README.md.

Nothing is computed twice, so that a search can be stopped and goes on where it was. portfolio.py
then finds which kinds are best together.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.defaults.ensembles import unexplained
from benchmarks.defaults.rows import TABLES, read, rows
from benchmarks.defaults.space import KINDS, draw, in_full, name_of, present
from benchmarks.defaults.trials import Trials, add_options
from benchmarks.tables.accuracy import Stopwatch


def main():
    options = _options()
    machine.limit_threads(options.threads)
    until = time.monotonic() + 60 * options.minutes
    trials, cuts = Trials(options), Cuts(options)
    for seed in options.seeds:
        for kind in candidates(options.drawn):
            for table in options.tables:
                if trials.known(kind, table, seed):
                    continue
                if time.monotonic() > until:
                    return
                task, cut = TABLES[table], cuts.get(table, seed)
                found = train(task, cut, kind, seed, options.members, options.threads)
                left = unexplained(task, [found]) if found else None
                trials.store(kind, table, seed, found, left)
                said = f"{left:.5f}, {found['seconds']:.1f} s" if found else "diverged"
                print(f"{name_of(kind)} on {table}, seed {seed}: {said}", flush=True)
    print("All of it is tried.")


def candidates(drawn):
    """Give what is tried, in full: the estimators' kinds, those written down, some drawn ones."""
    further = [draw(np.random.default_rng([7, number])) for number in range(drawn)]
    return [*present(), *(in_full(kind) for kind in (*KINDS.values(), *further))]


class Cuts:
    """The rows of each table and seed, read once."""

    def __init__(self, options):
        self._options, self._tables, self._cuts = options, {}, {}

    def get(self, table, seed):
        """Give rows that train and rows that judge."""
        task = TABLES[table]
        if table not in self._tables:
            self._tables[table] = read(task, self._options.data)
        if (table, seed) not in self._cuts:
            most = self._options.most_rows
            self._cuts[table, seed] = rows(task, *self._tables[table], seed, most)
        return self._cuts[table, seed]


def train(task, cut, kind, seed, members, threads):
    """Train members of one kind; give what they predict, or nothing if they diverged."""
    import ravine

    classes = task.kind == "classes"
    own = {"calibrate": False} if classes else {}
    estimator = _keeping(ravine.NeuralClassifier if classes else ravine.NeuralRegressor)(
        **{name: v for name, v in kind.items() if classes or name != "label_smoothing"},
        **own,
        variants=None,
        n_members=members,
        random_state=seed,
        n_jobs=threads,
    )
    watch = Stopwatch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator.fit(cut.X_train, cut.y_train)
        except ravine.DivergenceError:
            return {}
    return _found(estimator, cut, classes) | {"seconds": watch.read()[1]}


class _Kept:
    """What an estimator throws away: the predictions for rows set aside."""

    def _learn_from_held_out(self, rows, goal, held_out):
        super()._learn_from_held_out(rows, goal, held_out)
        known = ~np.isnan(held_out[0][:, 0])
        counted = np.ones(len(goal.y)) if goal.weights is None else goal.weights
        self.kept = held_out[0][known], goal.y[known], counted[known]


def _keeping(estimator):
    return type("Keeping", (_Kept, estimator), {})


def _found(estimator, cut, classes):
    """Give the predictions, of classes as probabilities, of numbers in the networks' unit."""
    from ravine.estimators.neural.calibration import fit_temperature

    held_out, y, weights = estimator.kept
    judged = estimator._mean_predictions(estimator._coded(cut.X_test))[0]
    found = {
        "held_out": held_out.astype(np.float32),
        "y": y,
        "weights": weights,
        "judged": judged.astype(np.float32),
    }
    if classes:
        temperature = fit_temperature(*estimator.kept)
        return found | {"truth": cut.y_test, "limits": [0.0, 1.0], "temperature": temperature}
    scale = estimator._scale
    limits = [scale.encode(end)[0, 0] for end in (scale.lowest, scale.highest)]
    return found | {"truth": scale.encode(cut.y_test), "limits": limits}


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    add_options(parser)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long to search (20)")
    parser.add_argument("--drawn", type=int, default=0, help="drawn kinds beside the others (0)")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
