"""ravine next to JAX, PyTorch and scikit-learn: whole trainings, the same work, the same run.

Each system first shows that it reaches the same training loss, over several seeds; then the
systems train in turn. Ratios within a run are the result; seconds are the machine's.
"""

import argparse
import statistics
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import machine
from benchmarks.results import SPEED, check_writable, write
from benchmarks.speed.cases import CASES, make_data, training_loss
from benchmarks.speed.measuring import alternate, per_step

#: Losses agree when they differ by fewer standard errors than this, or by a smaller part.
STANDARD_ERRORS, RELATIVE = 5.0, 0.02


def main():
    options = _options()
    machine.limit_threads(options.threads)
    check_writable(options.out)
    from benchmarks.speed.systems import start

    found, rates, busy = [], [], []
    for case in _chosen(options):
        busy.append(machine.others_busy())
        rates.append(machine.sgemm_rate(options.threads))
        X, y = make_data(case)
        trainings, missing = start(case, X, y, options.threads)
        losses = {t.name: _losses(case, t, y, options.seeds) for t in trainings}
        check_same_loss(case.name, losses)
        seconds = alternate({t.name: t.run for t in trainings}, options.repetitions)
        found.append(_case_result(case, trainings, losses, seconds))
        result = finish(found, statistics.median(rates), options.threads)
        result["others_busy"] = busy
        write(result, options.out / "peers.json")  # an interrupted run leaves what it has
        print(f"{case.name}: measured", *missing, sep="; ", flush=True)
    show(result)

    from benchmarks.speed.pictures import draw_ratios

    draw_ratios(result, options.out / "peers.png")


def check_same_loss(name, losses):
    """Refuse to compare systems that do not do the same: `losses` of several seeds, by system."""
    for system, own in losses.items():
        others = [loss for key, values in losses.items() if key != system for loss in values]
        if not others:
            continue
        difference = abs(statistics.mean(own) - statistics.mean(others))
        error = (_variance_of_mean(own) + _variance_of_mean(others)) ** 0.5
        if difference > max(STANDARD_ERRORS * error, RELATIVE * statistics.mean(others)):
            raise SystemExit(
                f"{name}: {system} reaches a training loss of {statistics.mean(own):.4g}, the "
                f"others {statistics.mean(others):.4g} (standard error of the difference "
                f"{error:.2g}): they do not do the same."
            )


def finish(cases, sgemm, threads):
    """Add what follows from the times: ratios, whether goals are reached, share of sgemm's rate."""
    for case in cases:
        systems = case["systems"]
        own = systems["ravine"]["us_per_step"]["median"]
        for system in systems.values():
            median = system["us_per_step"]["median"]
            system["times_ravine"] = median / own
            system["share_of_sgemm"] = case["flops_per_step"] / (median * 1e-6) / sgemm
        peers = {name: s["times_ravine"] for name, s in systems.items() if name != "ravine"}
        case["best_peer"] = min(peers, key=peers.get, default=None)
        case["ratio"] = peers.get(case["best_peer"])
        case["reached"] = None if case["ratio"] is None else case["ratio"] >= case["goal"]
    return {
        "machine": machine.describe(),
        "threads": threads,
        "sgemm_gflops": sgemm / 1e9,
        "cases": cases,
    }


def show(result):
    """Print the result."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"µs per step and network, {result['threads']} threads")
    for column in ("case", "system", "µs", "min – max", "× ravine", "sgemm", "loss", "compile"):
        table.add_column(
            column, justify="left" if column in ("case", "system") else "right", no_wrap=True
        )
    for case in result["cases"]:
        for number, (name, system) in enumerate(case["systems"].items()):
            us, compiling = system["us_per_step"], system["compile_seconds"]
            table.add_row(
                "" if number else case["name"],
                name,
                f"{us['median']:,.1f}",
                f"{us['low']:,.1f} – {us['high']:,.1f}",
                f"{system['times_ravine']:.2f}",
                f"{system['share_of_sgemm']:.0%}",
                f"{system['loss']:.4f} ± {system['loss_se']:.4f}",
                "" if compiling is None else f"{compiling:.1f} s",
            )
        table.add_section()
    console = Console(width=120)
    console.print(table)
    for case in result["cases"]:
        if case["ratio"] is not None:
            said = "reached" if case["reached"] else "not reached"
            print(
                f"{case['name']}: {case['ratio']:.2f} times as fast as {case['best_peer']}; "
                f"the goal of {case['goal']} is {said}."
            )
    print(f"sgemm of the machine: {result['sgemm_gflops']:.0f} Gflop/s")


def _losses(case, training, y, seeds):
    """Train from several seeds; in a population, each network has one."""
    runs = 1 if case.networks > 1 else seeds
    return [
        float(loss)
        for seed in range(1, 1 + runs)
        for loss in training_loss(case, training.outputs(training.run(seed)), y)
    ]


def _case_result(case, trainings, losses, seconds):
    systems = {
        t.name: {
            "us_per_step": per_step(case, seconds[t.name]),
            "seconds": seconds[t.name],
            "compile_seconds": t.compile_seconds,
            "loss": statistics.mean(losses[t.name]),
            "loss_se": _variance_of_mean(losses[t.name]) ** 0.5,
        }
        for t in trainings
    }
    return asdict(case) | {"flops_per_step": case.flops, "systems": systems}


def _variance_of_mean(values):
    return statistics.variance(values) / len(values) if len(values) > 1 else 0.0


def _chosen(options):
    cases = [case for case in CASES if options.only in (None, case.name)]
    if not cases:
        raise SystemExit(f"--only must be one of {', '.join(case.name for case in CASES)}.")
    return [replace(case, epochs=1) for case in cases] if options.quick else cases


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2, help="threads of every system (2)")
    parser.add_argument("--repetitions", type=int, default=7, help="trainings that are timed (7)")
    parser.add_argument("--seeds", type=int, default=5, help="trainings that losses compare (5)")
    parser.add_argument("--only", help="one case, by name")
    parser.add_argument("--quick", action="store_true", help="one epoch each: to try it out")
    parser.add_argument("--out", type=Path, default=SPEED, help="folder for peers.json, .png")
    return parser.parse_args()


if __name__ == "__main__":
    main()
