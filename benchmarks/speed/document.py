"""Writes the numbers of the last run into docs/performance.md, between its markers."""

from pathlib import Path

from benchmarks.markdown import markdown_table, with_parts
from benchmarks.results import SPEED, read

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"


def main():
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(filled(text, SPEED), encoding="utf-8")


def filled(text, folder):
    """Give the document with each marked part made anew from the results in a folder."""
    peers, costs = read(folder / "peers.json"), read(folder / "costs.json")
    return with_parts(text, "speed/document.py", _parts(peers, costs))


def _parts(peers, costs):
    return {
        "machine": _machine(peers),
        "goals": _goals(peers),
        "systems": _systems(peers),
        "layers": _layers(costs),
        "start": _start(costs),
        "prediction": _prediction(costs),
    }


def _machine(peers):
    described = peers["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in described["versions"].items() if v)
    return [
        f"{described['processor']}, {described['cores']} cores, {described['system']}; Python "
        f"{described['python']}, {versions}. The engine ran at instruction level "
        f"{described['engine']}, every system on {peers['threads']} threads. "
        f"The machine's own sgemm: {peers['sgemm_gflops']:.0f} Gflop/s. Before each case, with "
        f"nothing of the benchmark running, {min(peers['others_busy']):.1f} to "
        f"{max(peers['others_busy']):.1f} cores were busy with other things. {described['date']}."
    ]


def _goals(peers):
    rows = []
    for case in peers["cases"]:
        own = case["systems"]["ravine"]
        shape = "-".join(map(str, case["hidden"])) + f" → {case['outputs']}"
        rows.append(
            [
                case["name"],
                f"{case['rows']:,} × {case['inputs']}",
                shape,
                str(case["batch"]),
                _microseconds(own["us_per_step"]["median"]),
                case["best_peer"],
                f"{case['ratio']:.2f}×",
                f"{case['goal']:g}×",
                "yes" if case["reached"] else "**no**",
                f"{own['share_of_sgemm']:.0%}",
            ]
        )
    heads = "case|rows × inputs|hidden → outputs|batch|ravine, µs|best peer|"
    heads += "faster by|goal|reached|of sgemm"
    return markdown_table(heads.split("|"), rows)


def _systems(peers):
    rows = []
    for case in peers["cases"]:
        for name, system in case["systems"].items():
            us, compiling = system["us_per_step"], system["compile_seconds"]
            rows.append(
                [
                    case["name"],
                    name,
                    _microseconds(us["median"]),
                    f"{_microseconds(us['low'])} – {_microseconds(us['high'])}",
                    f"{system['times_ravine']:.2f}",
                    f"{system['loss']:.4f} ± {system['loss_se']:.4f}",
                    "" if compiling is None else f"{compiling:.1f}",
                ]
            )
    heads = "case|system|µs|min – max|× ravine|training loss ± standard error|compiling, s"
    return markdown_table(heads.split("|"), rows)


def _layers(costs):
    cases = list(costs["layers"])
    rows = [
        [
            kind,
            *(
                f"{_microseconds(found['us_per_step']['median'])} ({found['times_relu']:.2f}×)"
                for found in (costs["layers"][case][kind] for case in cases)
            ),
        ]
        for kind in costs["layers"][cases[0]]
    ]
    return markdown_table(
        ["after each hidden layer", *(f"{case}, µs per step" for case in cases)], rows
    )


def _start(costs):
    seconds = costs["start_up"]
    rows = [[f"`{name}`", f"{1000 * times['median']:.0f}"] for name, times in seconds.items()]
    return markdown_table(["process", "ms"], rows)


def _prediction(costs):
    sizes = list(costs["prediction"])
    systems = list(costs["prediction"][sizes[0]])
    rows = [
        [name, *(f"{costs['prediction'][n][name]['rows_per_second']:,.0f}" for n in sizes)]
        for name in systems
    ]
    memory = costs["memory"]
    return [
        *markdown_table(["rows per second", *(f"{int(n):,} at a time" for n in sizes)], rows),
        "",
        f"One call of `train_many` with {memory['runs']:,} runs of a 20-32-32-1 network on 8,192 "
        f"rows grew the process by {memory['grown_megabytes']:.0f} MB at its peak, the data, which "
        "was there before, not counted.",
    ]


def _microseconds(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


if __name__ == "__main__":
    main()
