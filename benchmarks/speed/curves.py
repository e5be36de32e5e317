"""Time per step against width, batch size and number of networks, ravine next to its peers."""

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.results import SPEED, check_writable, write
from benchmarks.speed.cases import Case, make_data
from benchmarks.speed.measuring import alternate, per_step

#: A training is to last about so long, at so many flop/s and so much beside them in each step.
SECONDS, RATE, OVERHEAD = 0.05, 80e9, 20e-6

#: So many networks take long enough to be trained only once.
MANY = 100


def of_width(value):
    return Case(f"width {value}", 1024, 30, (value, value), 1, 128, 1)


def of_batch(value):
    return Case(f"batch size {value}", max(1024, 4 * value), 30, (64, 64), 1, value, 1)


def of_networks(value):
    return Case(f"networks {value}", 1024, 20, (32, 32), 1, 64, 8, networks=value)


CURVES = {
    "width": (of_width, (8, 32, 128, 512, 2048), "30 → w-w → 1, batch 128"),
    "batch size": (of_batch, (1, 4, 16, 64, 256, 1024), "30 → 64-64 → 1"),
    "networks": (of_networks, (1, 4, 16, 64, 256, 1024), "20 → 32-32 → 1, batch 64"),
}


def main():
    options = _options()
    machine.limit_threads(options.threads)
    check_writable(options.out)
    curves = {}
    for name, (make_case, values, title) in CURVES.items():
        systems = {}
        for value in values[::3] if options.quick else values:
            case = lengthened(make_case(value))
            for system, us in _measure(case, options).items():
                points = systems.setdefault(system, {"at": [], "us_per_step": []})
                points["at"].append(value)
                points["us_per_step"].append(us)
            print(f"{case.name}: measured", flush=True)
        curves[name] = {"title": title, "systems": systems}
    result = {"machine": machine.describe(), "threads": options.threads, "curves": curves}
    write(result, options.out / "curves.json")

    from benchmarks.speed.pictures import draw_curves

    draw_curves(result, options.out / "curves.png")


def lengthened(case, seconds=SECONDS):
    """Give the case with more epochs, for a training that is no shorter than can be timed."""
    epoch = case.networks * (case.flops / RATE + OVERHEAD) * (case.rows // case.batch)
    return replace(case, epochs=max(case.epochs, round(seconds / epoch)))


def _measure(case, options):
    from benchmarks.speed.systems import start

    trainings, _ = start(case, *make_data(case), options.threads)
    actions = {t.name: t.run for t in trainings}
    if case.networks > MANY:
        seconds = alternate(actions, 1)
    else:
        alternate(actions, 1)  # the first time is slower
        seconds = alternate(actions, options.repetitions)
    return {name.removesuffix(" vmap"): per_step(case, s) for name, s in seconds.items()}


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2, help="threads of every system (2)")
    parser.add_argument("--repetitions", type=int, default=3, help="trainings that are timed (3)")
    parser.add_argument("--quick", action="store_true", help="few points: to try it out")
    parser.add_argument("--out", type=Path, default=SPEED, help="folder for curves.json, .png")
    return parser.parse_args()


if __name__ == "__main__":
    main()
