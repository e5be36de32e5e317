"""Writes the results of accuracy.py into docs/tables.md, between its markers."""

from pathlib import Path

from benchmarks.markdown import markdown_table, with_parts
from benchmarks.results import TABLES, read

DOCUMENT = Path(__file__).parents[2] / "docs" / "tables.md"


def main():
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(filled(text, TABLES), encoding="utf-8")


def filled(text, folder):
    """Give the document with each marked part made anew from the results in a folder."""
    result = read(folder / "tables.json")
    parts = {"machine": _machine(result), "scores": _scores(result["scores"])}
    for name in ("finished", "finished_by_error", "all"):
        parts[name.replace("_", " ")] = _ranks(result["comparisons"][name])
    return with_parts(text, "tables/document.py", parts)


def _machine(result):
    described = result["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in result["versions"].items())
    return [
        f"{described['processor']}, {described['cores']} cores, {described['system']}; Python "
        f"{described['python']}, {versions}. Every system on {result['threads']} threads. "
        f"{described['date']}."
    ]


def _scores(scores):
    names = list(dict.fromkeys(name for row in scores.values() for name in row))
    rows = []
    for table, row in scores.items():
        best = min(own["rank"]["mean"] for own in row.values())
        rows.append([table, *(_cell(row.get(name), best) for name in names)])
    return markdown_table(["table", *names], rows)


def _cell(own, best):
    if own is None:
        return "–"
    rank = own["rank"]
    error = "" if rank["se"] is None else f" ± {rank['se']:.1g}"
    text = f"{rank['mean']:.4g}{error} ({own['seeds']})"
    return f"**{text}**" if rank["mean"] == best else text


def _ranks(comparison):
    systems = comparison["systems"]
    rows = [
        [
            name,
            f"{systems[name]['mean_rank']:.2f} ± {_number(systems[name]['rank_se'], '.2f')}",
            f"{systems[name]['fit_cpu_seconds']:.1f}",
            _number(systems[name].get("times_ravine"), ".2f"),
            f"{systems[name]['predict_seconds']:.2f}",
        ]
        for name in sorted(systems, key=lambda name: systems[name]["mean_rank"])
    ]
    heads = ["system", "mean rank", "CPU s a fit", "× ravine", "s a prediction"]
    counts = sorted({len(seeds) for seeds in comparison["seeds"].values()})
    return [
        *markdown_table(heads, rows),
        "",
        f"{len(comparison['tables'])} tables, {'–'.join(map(str, counts))} common "
        f"{'seed' if counts == [1] else 'seeds'} of each; "
        f"critical difference {_number(comparison['critical_difference'], '.2f')}, Friedman's p "
        f"{_number(comparison['friedman_p'], '.2g')}.",
    ]


def _number(value, form):
    return "–" if value is None else format(value, form)


if __name__ == "__main__":
    main()
