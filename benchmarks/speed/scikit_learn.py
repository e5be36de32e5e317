"""The MLPs next to scikit-learn's: the same parameters, ten data sets, ten seeds.

Both are fitted to the same rows, in turn, and score the same test rows: first whether the scores
agree within their noise, then how long a fit takes. Ratios within a run are the result; seconds are
the machine's.
"""

import argparse
import math
import statistics
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import machine
from benchmarks.results import SPEED, check_writable, write
from benchmarks.speed.measuring import alternate, summarise

#: The median of the ratios that is aimed for, at default parameters.
GOAL = 8.0

#: Rows to fit to, at most.
MOST_ROWS = 10_000

#: Scores agree when the mean difference over the seeds is within so many of its standard errors.
STANDARD_ERRORS = 4.0

#: The tables of --data: the target of each, and whether it is a class.
TABLES = {
    "adult": ("income", True),
    "bank": ("y", True),
    "bikeshare": ("bikers", False),
    "diamonds": ("price", False),
    "segment": ("category", True),
    "shuttle": ("anomaly", True),
    "titanic": ("survived", True),
    "wine": ("quality", True),
}

SYSTEMS = ("scikit-learn", "ravine", "ravine, float32")


@dataclass(frozen=True)
class DataSet:
    """Rows as numbers, standardised by the rows that are fitted to."""

    name: str
    X: object
    y: object
    classes: bool


def main():
    options = _options()
    machine.limit_threads(options.threads)
    check_writable(options.out)
    found, busy = [], []
    for data in _chosen(options):
        busy.append(machine.others_busy())
        found.append(measure(data, options.seeds, options.max_iter))
        result = finish(found, options)
        result["others_busy"] = busy
        write(result, options.out / "scikit_learn.json")  # an interrupted run leaves what it has
        print(f"{data.name}: measured", flush=True)
    show(result)


def measure(data, seeds, max_iter=200):
    """Fit all systems from each seed, in turn, and score them on rows that none of them saw."""
    splits = [split(data, seed) for seed in range(seeds)]
    scores = {name: [0.0] * seeds for name in SYSTEMS}
    epochs = {name: [0] * seeds for name in SYSTEMS}

    def fit(name):
        def run(seed):
            estimator = make(name, data.classes, seed, max_iter)
            train_X, test_X, train_y, test_y = splits[seed]
            estimator.fit(train_X, train_y)
            fitted[name] = estimator, test_X, test_y

        return run

    fitted, seconds = {}, {name: [] for name in SYSTEMS}
    fits = {name: fit(name) for name in SYSTEMS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # neither converges in 200 epochs everywhere
        for name in SYSTEMS:
            fits[name](0)  # warm: libraries loaded, kernels chosen
        for seed in range(seeds):
            # the order turns with the seed, so that a busy moment meets all of them
            order = dict(list(fits.items())[:: -1 if seed % 2 else 1])
            actions = {name: partial(run_again, run, seed) for name, run in order.items()}
            for name, taken in alternate(actions, 1).items():
                seconds[name] += taken
                estimator, X, y = fitted[name]
                scores[name][seed] = float(estimator.score(X, y))
                epochs[name][seed] = int(estimator.n_iter_)
    train_X = splits[0][0]
    return {
        "name": data.name,
        "rows": len(train_X),
        "columns": train_X.shape[1],
        "score": "accuracy" if data.classes else "R²",
        "systems": {
            name: {
                "seconds": summarise(seconds[name]),
                "scores": scores[name],
                "epochs": statistics.mean(epochs[name]),
                "ratios": [a / b for a, b in zip(seconds[SYSTEMS[0]], seconds[name], strict=True)],
            }
            for name in SYSTEMS
        },
    }


def run_again(run, seed, _repetition):
    run(seed)


def finish(found, options):
    """Add what follows: ratios, differences with their standard errors, and the medians."""
    for case in found:
        base = case["systems"][SYSTEMS[0]]
        for system in case["systems"].values():
            system["times_as_fast"] = statistics.median(system["ratios"])
            system["score"] = statistics.mean(system["scores"])
            system |= compare(system["scores"], base["scores"])
    return {
        "machine": machine.describe(),
        "threads": options.threads,
        "seeds": options.seeds,
        "max_iter": options.max_iter,
        "goal": GOAL,
        "median_ratio": {
            name: statistics.median(case["systems"][name]["times_as_fast"] for case in found)
            for name in SYSTEMS[1:]
        },
        "cases": found,
    }


def compare(scores, base):
    """Give the mean difference of paired scores, its standard error, and whether it is noise."""
    differences = [a - b for a, b in zip(scores, base, strict=True)]
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(differences)) if len(scores) > 1 else 0.0
    return {
        "difference": mean,
        "standard_error": error,
        "agrees": abs(mean) <= STANDARD_ERRORS * error or mean == 0,
    }


def show(result):
    """Print the result."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"MLPs at equal parameters, {result['seeds']} seeds, {result['threads']} threads"
    )
    for column in ("data", "rows × columns", "system", "ms", "× as fast", "score", "difference"):
        left = column in ("data", "system")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for case in result["cases"]:
        for number, (name, system) in enumerate(case["systems"].items()):
            mark = "" if system["agrees"] else " !"
            table.add_row(
                "" if number else case["name"],
                "" if number else f"{case['rows']:,} × {case['columns']}",
                name,
                f"{1000 * system['seconds']['median']:,.1f}",
                f"{system['times_as_fast']:.1f}" if number else "",
                f"{system['score']:.4f}",
                f"{system['difference']:+.4f} ± {system['standard_error']:.4f}{mark}"
                if number
                else case["score"],
            )
        table.add_section()
    Console(width=120).print(table)
    for name, ratio in result["median_ratio"].items():
        said = "reached" if ratio >= result["goal"] else "not reached"
        print(
            f"{name}: {ratio:.1f} times as fast in the median; the goal of {result['goal']:g} is "
            f"{said}."
        )
    odd = [
        f"{case['name']} ({name})"
        for case in result["cases"]
        for name, system in case["systems"].items()
        if not system["agrees"]
    ]
    print("All scores agree within their noise." if not odd else f"Not within: {', '.join(odd)}.")


def make(name, classes, seed, max_iter=200):
    """Make an estimator with the default parameters."""
    import sklearn.neural_network

    import ravine as rv

    home = sklearn.neural_network if name == "scikit-learn" else rv
    more = {"dtype": "float32"} if name.endswith("float32") else {}
    kind = home.MLPClassifier if classes else home.MLPRegressor
    return kind(random_state=seed, max_iter=max_iter, **more)


def split(data, seed):
    """Set a quarter of the rows aside; fit what standardises to the others."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    most = min(MOST_ROWS, math.floor(0.75 * len(data.X)))
    train_X, test_X, train_y, test_y = train_test_split(
        data.X,
        data.y,
        train_size=most,
        random_state=seed,
        stratify=data.y if data.classes else None,
    )
    scaler = StandardScaler().fit(train_X)
    if not data.classes:
        centre, spread = train_y.mean(), train_y.std()
        train_y, test_y = ((part - centre) / spread for part in (train_y, test_y))
    return scaler.transform(train_X), scaler.transform(test_X), train_y, test_y


def bundled():
    """Give the ten sets that scikit-learn brings or makes."""
    from sklearn import datasets as sets

    made = {"random_state": 0}
    five = {"n_informative": 10, "n_classes": 5, **made}
    return [
        DataSet("iris", *sets.load_iris(return_X_y=True), True),
        DataSet("wine", *sets.load_wine(return_X_y=True), True),
        DataSet("diabetes", *sets.load_diabetes(return_X_y=True), False),
        DataSet("breast cancer", *sets.load_breast_cancer(return_X_y=True), True),
        DataSet("digits", *sets.load_digits(return_X_y=True), True),
        DataSet("moons", *sets.make_moons(2_000, noise=0.3, **made), True),
        DataSet("friedman 1", *sets.make_friedman1(4_000, noise=1.0, **made), False),
        DataSet("friedman 2", *sets.make_friedman2(8_000, noise=50.0, **made), False),
        DataSet("linear", *sets.make_regression(10_000, 30, noise=50.0, **made), False),
        DataSet("five classes", *sets.make_classification(13_000, 20, **five), True),
    ]


def tables(folder):
    """Give the tables of a folder, coded as numbers, those that are missing left out."""
    import pandas as pd

    found = []
    for name, (target, classes) in TABLES.items():
        path = folder / f"{name}.csv.gz"
        if not path.exists():
            continue
        frame = pd.read_csv(path)
        frame = frame.sample(min(len(frame), 2 * MOST_ROWS), random_state=0)
        y = frame.pop(target)
        X = pd.get_dummies(frame, dummy_na=True, dtype=float)
        X = X.fillna(X.median())
        y = y.astype(str) if classes else y.astype(float)
        found.append(DataSet(f"{name} (table)", X.to_numpy(), y.to_numpy(), classes))
    return found


def _chosen(options):
    sets = bundled() + (tables(options.data) if options.data else [])
    chosen = [data for data in sets if options.only in (None, data.name)]
    if not chosen:
        raise SystemExit(f"--only must be one of {', '.join(data.name for data in sets)}.")
    return chosen


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2, help="cores for both libraries (2)")
    parser.add_argument("--seeds", type=int, default=10, help="fits of each (10)")
    parser.add_argument("--max-iter", type=int, default=200, help="epochs at most (200)")
    parser.add_argument("--data", type=Path, help="a folder of tables to measure as well")
    parser.add_argument("--only", help="one data set, by name")
    parser.add_argument("--quick", action="store_true", help="two seeds, few epochs: to try it out")
    parser.add_argument("--out", type=Path, default=SPEED, help="folder for scikit_learn.json")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.max_iter = 2, 5
    return options


if __name__ == "__main__":
    main()
