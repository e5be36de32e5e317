"""Accuracy on tables as they come: ravine's estimators next to what else one could take.

Every system gets the same training and test rows and the same number of threads, and keeps its own
defaults. Each result is stored at once, so that a run can be stopped, resumed and cut in pieces
(--systems, --tables, --seeds). Times on a machine that others use mean little; processor seconds,
which are stored too, mean more.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.results import TABLES, check_writable, write
from benchmarks.tables.ranks import compare
from benchmarks.tables.systems import SYSTEMS, make, missing
from benchmarks.tables.tasks import TASKS, cut, read_table, split

#: The score that ranks: what a constant prediction leaves is 1.
RANKING = {"regression": "rmse", "classes": "log_loss"}
#: The peers' versions that a result depends on.
PACKAGES = ("catboost", "lightgbm", "pytabkit", "scikit-learn", "torch", "numpy", "pandas")
#: A probability below this counts as this: less is rounding, and one row would decide a log loss.
LEAST_PROBABILITY = 1e-6


def main():
    options = _options()
    machine.limit_threads(options.threads)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # a thread that waits does not count as working
    check_writable(options.out)
    store = options.out / "tables.jsonl"
    failed = [] if options.show else measure(options, store)
    result = summarise(read_records(store), options.threads)
    write(result, options.out / "tables.json")
    show(result)

    from benchmarks.tables.pictures import draw_ranks

    for name in ("finished", "all"):
        if comparison := result["comparisons"].get(name):
            draw_ranks(comparison, options.out / f"tables_{name}.png")
    if failed:
        sys.exit("These failed:\n" + "\n".join(failed))


def measure(options, store):
    """Train and score what is not stored yet; give what failed."""
    done = {} if options.again else {_key(record) for record in read_records(store)}
    absent = missing(options.systems)
    for name, package in absent.items():
        print(f"{name} is left out: {package} is not installed.")
    failed = []
    for seed in options.seeds:
        for task in (task for task in TASKS if task.name in options.tables):
            wanted = [
                name
                for name in options.systems
                if name not in absent and (task.name, name, seed) not in done
            ]
            if not wanted:
                continue
            X, y = read_table(task, options.data)
            rows = cut(X, y, *split(task, y, seed))
            for name in wanted:
                try:
                    record = run(name, task, rows, seed, options.threads)
                except Exception as error:  # a peer's; the others go on, and the end says so
                    failed.append(f"{name} on {task.name}, seed {seed}: {error!r}")
                    print(failed[-1], file=sys.stderr, flush=True)
                    continue
                append(record, store)
                print(_said(record), flush=True)
    return failed


def run(name, task, rows, seed, threads):
    """Train one system on one table and score it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        system = make(name, task, rows.X_train, seed, threads)
        fit = Stopwatch()
        system.fit(rows.X_train, rows.y_train)
        fitted = fit.read()
        predict = Stopwatch()
        predictions = system.predict(rows.X_test)
        predicted = predict.read()
    scores = score(task.kind, predictions, rows.y_test)
    return {
        "table": task.name,
        "system": name,
        "seed": seed,
        "rows": [len(rows.y_train), len(rows.y_test)],
        "threads": threads,
        "scores": scores | {"rank": scores[RANKING[task.kind]]},
        "fit_seconds": fitted[0],
        "fit_cpu_seconds": fitted[1],
        "predict_seconds": predicted[0],
        "predict_cpu_seconds": predicted[1],
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "versions": {key: v for key, v in machine.versions(PACKAGES).items() if v},
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


class Stopwatch:
    """Seconds that pass, and those that processors worked for this process and its children."""

    def __init__(self):
        self._start = self._now()

    def read(self):
        """Give both since it was made."""
        return tuple(now - then for now, then in zip(self._now(), self._start, strict=True))

    @staticmethod
    def _now():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.perf_counter(), time.process_time() + children.ru_utime + children.ru_stime


def score(kind, predictions, y):
    """Give RMSE and 1 − R², or log loss and error; lower is better in each."""
    if not np.isfinite(predictions).all():
        raise ValueError("A prediction is not finite.")
    if kind == "regression":
        mse = float(np.mean((predictions - y) ** 2))
        return {"rmse": mse**0.5, "unexplained": mse / float(np.var(y))}
    p = np.clip(predictions, LEAST_PROBABILITY, 1)
    p /= p.sum(axis=1, keepdims=True)
    shares = np.bincount(y) / len(y)
    loss = float(-np.mean(np.log(p[np.arange(len(y)), y])))
    error = float(np.mean(predictions.argmax(axis=1) != y))
    left = loss / float(-np.sum(shares * np.log(shares)))
    return {"log_loss": loss, "error": error, "unexplained": left}


def read_records(store):
    """Give the stored results; of two for the same, the later."""
    if not store.exists():
        return []
    lines = (json.loads(line) for line in store.read_text("utf-8").splitlines())
    return list({_key(record): record for record in lines}.values())


def append(record, store):
    """Store one result at once."""
    with store.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def summarise(records, threads):
    """Give scores by table and system, and the comparisons."""
    order = [name for name in SYSTEMS if any(r["system"] == name for r in records)]
    scores = {}
    for task in TASKS:
        for name in order:
            own = [r for r in records if (r["table"], r["system"]) == (task.name, name)]
            if own:
                scores.setdefault(task.name, {})[name] = {
                    "seeds": len(own),
                    **{metric: _mean(own, metric) for metric in own[0]["scores"]},
                    "fit_cpu_seconds": statistics.mean(r["fit_cpu_seconds"] for r in own),
                }
    return {
        "machine": machine.describe(),
        "versions": records[-1]["versions"] if records else {},
        "threads": threads,
        "ranked_by": RANKING,
        "scores": scores,
        "comparisons": comparisons(records, order),
    }


def comparisons(records, order):
    """Compare systems on the tables and seeds that all of them have.

    "all" are all systems, on fewer tables where one has not finished; "finished" those that have
    every table that ravine has.
    """
    by_table = [r for task in TASKS for r in records if r["table"] == task.name]
    by_error = [
        r | {"scores": r["scores"] | {"rank": r["scores"].get("error", r["scores"]["rank"])}}
        for r in by_table
    ]
    tables = {name: {r["table"] for r in records if r["system"] == name} for name in order}
    wanted = tables.get("ravine", set())
    finished = [name for name in order if tables[name] >= wanted]
    found = {
        "all": compare(by_table, order),
        "finished": compare(by_table, finished),
        "finished_by_error": compare(by_error, finished),
    }
    return {name: comparison for name, comparison in found.items() if comparison}


def show(result):
    """Print scores by table, then ranks and times."""
    from rich.console import Console
    from rich.table import Table

    names = [n for n in SYSTEMS if any(n in row for row in result["scores"].values())]
    scores = Table(title="test RMSE or log loss, mean ± standard error (seeds)")
    for column in ("table", *names):
        scores.add_column(column, justify="left" if column == "table" else "right")
    for table, row in result["scores"].items():
        best = min(own["rank"]["mean"] for own in row.values())
        scores.add_row(table, *(_cell(row.get(name), best) for name in names))
    console = Console(width=160)
    console.print(scores)
    for name, comparison in result["comparisons"].items():
        console.print(_ranking(name.replace("_", " "), comparison))


def _ranking(title, comparison):
    from rich.table import Table

    n = len(comparison["tables"])
    seeds = {len(own) for own in comparison["seeds"].values()}
    several = "–".join(str(count) for count in sorted({min(seeds), max(seeds)}))
    table = Table(
        title=f"{title}: {n} tables, {several} common seeds",
        caption=f"critical difference {_number(comparison['critical_difference'], '.2f')}, "
        f"Friedman's p {_number(comparison['friedman_p'], '.2g')}",
    )
    for column in ("system", "mean rank", "CPU s a fit", "× ravine", "s a fit", "s a prediction"):
        table.add_column(column, justify="left" if column == "system" else "right")
    systems = comparison["systems"]
    for name in sorted(systems, key=lambda name: systems[name]["mean_rank"]):
        own = systems[name]
        table.add_row(
            name,
            f"{own['mean_rank']:.2f} ± {_number(own['rank_se'], '.2f')}",
            f"{own['fit_cpu_seconds']:.1f}",
            _number(own.get("times_ravine"), ".2f"),
            f"{own['fit_seconds']:.1f}",
            f"{own['predict_seconds']:.2f}",
        )
    return table


def _cell(own, best):
    if own is None:
        return "–"
    rank, mark = own["rank"], "*" if own["rank"]["mean"] == best else ""
    error = "" if rank["se"] is None else f" ± {rank['se']:.2g}"
    return f"{rank['mean']:.4g}{error} ({own['seeds']}){mark}"


def _number(value, form):
    return "–" if value is None else format(value, form)


def _mean(records, metric):
    values = [r["scores"][metric] for r in records]
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return {"mean": statistics.mean(values), "se": error}


def _key(record):
    return record["table"], record["system"], record["seed"]


def _said(record):
    return (
        f"{record['date'][11:]} seed {record['seed']} {record['table']:<10} {record['system']:<21}"
        f"{record['scores']['rank']:10.4f}  {record['fit_seconds']:6.1f} s, "
        f"{record['fit_cpu_seconds']:6.1f} s of CPU"
    )


def _some(names):
    def parse(text):
        chosen = text.split(",")
        if unknown := set(chosen) - set(names):
            raise argparse.ArgumentTypeError(
                f"{', '.join(sorted(unknown))}: not in {', '.join(names)}"
            )
        return chosen

    return parse


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables = [task.name for task in TASKS]
    parser.add_argument("--data", type=Path, help="folder of the tables")
    parser.add_argument(
        "--systems", type=_some(SYSTEMS), default=list(SYSTEMS), help="by name, a,b"
    )
    parser.add_argument("--tables", type=_some(tables), default=tables, help="by name, a,b")
    parser.add_argument(
        "--seeds", type=lambda text: [int(s) for s in text.split(",")], default=list(range(5))
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of every system (2)")
    parser.add_argument("--again", action="store_true", help="measure what is stored already")
    parser.add_argument("--show", action="store_true", help="only show what is stored")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder for tables.jsonl, .json")
    options = parser.parse_args()
    if not options.show and options.data is None:
        parser.error("--data says where the tables are; --show needs none.")
    return options


if __name__ == "__main__":
    main()
