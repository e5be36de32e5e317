"""What layers add to a step; start-up, memory and prediction."""

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.results import SPEED, check_writable, write
from benchmarks.speed.cases import CASES, make_data
from benchmarks.speed.measuring import alternate, per_step, summarise


def main():
    options = _options()
    machine.limit_threads(options.threads)
    check_writable(options.out)
    result = {
        "machine": machine.describe(),
        "threads": options.threads,
        "layers": layers(options.threads, 2 if options.quick else 9),
        "start_up": start_up(2 if options.quick else 15),
        "memory": memory(50 if options.quick else 1000, options.threads),
        "prediction": prediction(options.threads, 2 if options.quick else 15),
    }
    write(result, options.out / "costs.json")
    show(result)


def layers(threads, repetitions):
    """Time steps of `small` and `medium` with other layers than Dense and relu."""
    import ravine as rv

    kinds = {
        "relu": lambda: [rv.Activation("relu")],
        "gelu": lambda: [rv.Activation("gelu")],
        "tanh": lambda: [rv.Activation("tanh")],
        "BatchNorm and relu": lambda: [rv.BatchNorm(), rv.Activation("relu")],
        "relu and Dropout": lambda: [rv.Activation("relu"), rv.Dropout(0.2)],
    }
    found = {}
    for case in (replace(CASES[1], epochs=8), replace(CASES[2], epochs=2)):
        X, y = make_data(case)
        recipe = rv.Recipe(batch_size=case.batch, epochs=case.epochs)
        trainings = {}
        for name, make in kinds.items():
            stack = [layer for n in case.hidden for layer in (rv.Dense(n), *make())]
            network = rv.Network([*stack, rv.Dense(case.outputs)])
            trainings[name] = _trainer(rv, network, X, y, recipe, threads)
            trainings[name](0)
        seconds = alternate(trainings, repetitions)
        found[case.name] = {name: {"us_per_step": per_step(case, s)} for name, s in seconds.items()}
        plain = found[case.name]["relu"]["us_per_step"]["median"]
        for times in found[case.name].values():
            times["times_relu"] = times["us_per_step"]["median"] / plain
    return found


def _trainer(rv, network, X, y, recipe, threads):
    return lambda seed: rv.train(network, X, y, recipe.replace(seed=seed), threads=threads)


def start_up(repetitions):
    """Time processes that only start."""
    codes = {
        "python": "pass",
        "import numpy": "import numpy",
        "import ravine": "import ravine",
        "import ravine; ravine.train": "import ravine; ravine.train",
        "ravine --help": "import sys; from ravine.cli import main; sys.argv[1:] = ['-h']; main()",
    }
    actions = {
        name: lambda _, code=code: subprocess.run(
            [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL
        )
        for name, code in codes.items()
    }
    alternate(actions, 1)  # files come into the system's cache
    return {name: summarise(s) for name, s in alternate(actions, repetitions).items()}


def memory(runs, threads):
    """Measure by how much one call of `train_many` grows a fresh process, beyond the data."""
    code = f"from benchmarks.speed import costs; costs.print_growth({runs}, {threads})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    return {"runs": runs, "grown_megabytes": float(done.stdout)}


def print_growth(runs, threads):
    """Train that many tiny networks; print the growth up to the peak, in MB."""
    import ravine as rv
    from ravine.engine import _engine  # noqa: F401 - its own size is not meant

    case = replace(CASES[0], epochs=2)
    X, y = make_data(case)
    network = rv.Network([*(rv.Dense(n, activation="relu") for n in case.hidden), rv.Dense(1)])
    recipe = rv.Recipe(batch_size=case.batch, epochs=case.epochs)
    before = _status("VmRSS")
    jobs = [rv.Job(network, recipe.replace(seed=seed)) for seed in range(runs)]
    models = rv.train_many(jobs, X, y, threads=threads)
    assert len(models) == runs
    print((_status("VmHWM") - before) / 1000)


def _status(name):
    """Read a line of /proc/self/status, in kB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1.024 for line in lines if line.startswith(name))


def prediction(threads, repetitions):
    """Time predictions of `small`, a row at a time and 100,000 at once."""
    import numpy as np

    from benchmarks.speed.systems import start

    case = replace(CASES[1], epochs=1)
    X, y = make_data(case)
    trainings, _ = start(case, X, y, threads, ("with_ravine", "with_pytorch", "with_scikit_learn"))
    many = np.tile(X, (13, 1))[:100_000]
    found = {}
    for rows, calls in ((1, 300), (100_000, 1)):
        x = np.ascontiguousarray(many[:rows])
        predictors = {t.name: _predictor(t, x, calls) for t in trainings}
        seconds = alternate(predictors, repetitions + 1)
        found[str(rows)] = {
            name: {"rows_per_second": rows * calls / summarise(s[1:])["median"]}
            for name, s in seconds.items()
        }
    return found


def _predictor(training, x, calls):
    trained = training.run(0)
    if training.name == "PyTorch":
        import torch

        rows = torch.from_numpy(x)

        def predict(_):
            with torch.inference_mode():
                for _ in range(calls):
                    trained(rows)
    else:
        model = trained[0] if isinstance(trained, list) else trained

        def predict(_):
            for _ in range(calls):
                model.predict(x)

    return predict


def show(result):
    for case, kinds in result["layers"].items():
        for name, times in kinds.items():
            print(
                f"{case}, {name}: {times['us_per_step']['median']:,.1f} µs per step, "
                f"{times['times_relu']:.2f} × relu"
            )
    for name, seconds in result["start_up"].items():
        print(f"{name}: {seconds['median']:.3f} s")
    grown = result["memory"]
    print(f"{grown['runs']} runs in one call: {grown['grown_megabytes']:.0f} MB")
    for rows, systems in result["prediction"].items():
        for name, rate in systems.items():
            print(f"predict {rows} rows, {name}: {rate['rows_per_second']:,.0f} rows/s")


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="threads of every system (2)")
    parser.add_argument("--quick", action="store_true", help="few repetitions: to try it out")
    parser.add_argument("--out", type=Path, default=SPEED, help="folder for costs.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
