"""Chooses the kinds of members that are best together, from stored trials; see README.md.

Nothing is trained: what an ensemble leaves unexplained follows from what its kinds predicted alone.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.defaults.ensembles import unexplained
from benchmarks.defaults.rows import TABLES
from benchmarks.defaults.space import name_of, present
from benchmarks.defaults.trials import FOLDER, Trials, add_options, listed
from benchmarks.markdown import markdown_table
from benchmarks.results import write

CHOSEN = FOLDER / "defaults.json"
#: Added to what is left unexplained, so that a table that all but explains itself decides nothing.
FLOOR = 0.005


def main():
    options = _options()
    trials = Trials(options)
    kinds = trials.kinds()
    cases = [(table, seed) for table in options.tables for seed in options.seeds]
    sets = Sets(kinds, cases, trials)
    print(f"{len(sets.names)} of {len(kinds)} kinds are tried on all tables and seeds.")
    if options.list:
        options.list.write_text(listing(sets), "utf-8")
        return
    against = options.against or [name_of(kind) for kind in present()]
    wanted = [*options.show, *against] if options.show else options.start
    absent = [name for name in wanted if name not in sets.names]
    if absent or not sets.names:
        sys.exit(f"Not tried on all of them: {', '.join(absent) or 'any'}.")
    if options.show:
        show(sets, tuple(options.show), tuple(against))
        return
    last = None
    for step in choose(sets, options.start, options.least_gain, options.most):
        show(sets, step, last)
        last = step
    if options.store:
        store([kinds[name] for name in last])


class Sets:
    """What sets of kinds leave unexplained, and how long they train, case by case."""

    def __init__(self, kinds, cases, trials):
        self.cases = cases
        self._trials, self._left = {}, {}
        for name, parameters in kinds.items():
            found = [trials.load(parameters, *case) for case in cases]
            if all(found):
                self._trials[name] = found
        self.names = list(self._trials)

    def left(self, names):
        """Give log(u + FLOOR) of the kinds together."""
        if names not in self._left:
            together = zip(*(self._trials[name] for name in names), strict=True)
            left = [
                unexplained(TABLES[table], trials)
                for (table, _), trials in zip(self.cases, together, strict=True)
            ]
            self._left[names] = np.log(np.array(left) + FLOOR)
        return self._left[names]

    def seconds(self, names):
        """Give the processor seconds of the kinds together."""
        return sum(np.array([trial["seconds"] for trial in self._trials[name]]) for name in names)


def choose(sets, start=(), least_gain=0.002, most=6):
    """Add kinds one by one, each time the one that leaves least; give the set of each step.

    The first is the best single kind, or `start`. It ends when no kind gains as much as it has to.
    """
    chosen = tuple(start)
    if chosen:
        yield chosen
    while len(chosen) < most:
        further = [(*chosen, name) for name in sets.names if name not in chosen]
        best = min(further, key=lambda names: sets.left(names).mean(), default=None)
        if best is None:
            return
        if chosen and (sets.left(chosen) - sets.left(best)).mean() < least_gain:
            return
        chosen = best
        yield chosen


def show(sets, names, against=None):
    """Print a set of kinds and what it gains over another: by how much log u is lower."""
    print("\n" + " + ".join(names))
    if against is None:
        print(f"  mean log u {sets.left(names).mean():.4f}")
        return
    gains = sets.left(against) - sets.left(names)
    tables = np.array([table for table, _ in sets.cases])
    by_table = {table: gains[tables == table] for table in dict.fromkeys(tables)}
    mean = _with_error([own.mean() for own in by_table.values()])
    times = np.exp(np.mean(np.log(sets.seconds(names) / sets.seconds(against))))
    print(f"  against {' + '.join(against)}")
    print(f"  {mean} % gained, {times:.2f} × the processor time; by table, ± over seeds:")
    for table, own in by_table.items():
        print(f"    {table:14}{_with_error(own)}")


def listing(sets):
    """Give a document of what each kind alone leaves, and how long it trains."""
    tables, seeds = (list(dict.fromkeys(part)) for part in zip(*sets.cases, strict=True))
    of_table = [[own == table for own, _ in sets.cases] for table in tables]
    rows = []
    for name in sorted(sets.names, key=lambda name: sets.left((name,)).mean()):
        left = sets.left((name,))
        percent = [f"{100 * (np.exp(left[own]).mean() - FLOOR):.3g}" for own in of_table]
        rows.append([name, f"{left.mean():.3f}", f"{sets.seconds((name,)).sum():.0f}", *percent])
    lines = [
        "# What each kind alone leaves",
        "",
        "u, in percent of a constant prediction's squared error or log loss on rows that judge;",
        f"the mean of log(u + {FLOOR}); processor seconds of training. All that were tried on",
        "all of it. [README.md](README.md) explains them. Written by",
        "",
        "```",
        "python -m benchmarks.defaults.portfolio --cache CACHE --list FILE \\",
        f"    --seeds {','.join(map(str, seeds))} --tables {','.join(tables)}",
        "```",
        "",
        *markdown_table(["kind", "mean log u", "CPU s", *tables], rows),
    ]
    return "\n".join(lines) + "\n"


def _with_error(values):
    percent = 100 * np.asarray(values)
    if len(percent) == 1:
        return f"{percent[0]:+7.2f}"
    return f"{percent.mean():+7.2f} ± {percent.std(ddof=1) / len(percent) ** 0.5:.2f}"


def store(kinds, path=CHOSEN):
    """Write the kinds that were chosen: the first in full, of the others where they differ."""
    first, *others = kinds
    variants = [{name: v for name, v in kind.items() if v != first[name]} for kind in others]
    parameters = {name: v for name, v in first.items() if name != "label_smoothing"}
    smoothing = first["label_smoothing"]
    write({"parameters": parameters, "label_smoothing": smoothing, "variants": variants}, path)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--from", type=listed, default=[], dest="start", help="begin with these")
    parser.add_argument("--least-gain", type=float, default=0.002, help="of a kind (0.002)")
    parser.add_argument("--most", type=int, default=6, help="most kinds (6)")
    parser.add_argument("--show", type=listed, help="show this set of kinds, choose none")
    parser.add_argument("--against", type=listed, help="compare it with these (the estimators')")
    parser.add_argument("--list", type=Path, help="write a list of all kinds there, choose none")
    parser.add_argument("--store", action="store_true", help="write what was chosen")
    return parser.parse_args()


if __name__ == "__main__":
    main()
