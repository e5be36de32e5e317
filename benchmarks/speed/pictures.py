"""Pictures of results."""

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

TICKS = (0.5, 1, 2, 5, 10, 20, 50)

# Told apart by lightness as well as by hue (Okabe & Ito's colours).
COLOURS = {
    "ravine": "#000000",
    "JAX": "#0072B2",
    "JAX vmap": "#0072B2",
    "JAX, one a thread": "#56B4E9",
    "PyTorch": "#D55E00",
    "PyTorch vmap": "#D55E00",
    "scikit-learn": "#E69F00",
}

LOOK = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "figure.dpi": 130,
    "grid.color": "#EEEEEE",
    "legend.frameon": False,
}

_PATCH = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # keeps lines out of numbers


def draw_ratios(result, path):
    """Draw how many times as long as ravine each peer takes, case by case, with the goals."""
    with plt.rc_context(LOOK):
        figure, panel = plt.subplots(figsize=(8, 5.5))
        place, ticks, labelled = 0.0, [], set()
        for case in result["cases"]:
            peers = {name: s for name, s in case["systems"].items() if name != "ravine"}
            top = place
            for name, system in peers.items():
                family = name.removesuffix(" vmap")
                label = None if family in labelled else family
                labelled.add(family)
                times = system["times_ravine"]
                panel.barh(place, times, color=COLOURS.get(name), label=label)
                panel.annotate(
                    f"{times:.1f}",
                    (times, place),
                    (4, 0),
                    textcoords="offset points",
                    va="center",
                    zorder=5,
                    bbox=_PATCH,
                )
                place += 1
            panel.plot([case["goal"]] * 2, [top - 0.5, place - 0.5], color="black", lw=2)
            ticks.append(((top + place - 1) / 2, case["name"]))
            place += 0.7
        panel.plot([], [], color="black", lw=2, label="goal (best peer)")
        panel.axvline(1, color="#888888", lw=1)
        panel.set(
            xscale="log",
            xlabel="time of a training, ravine's being 1",
            title=f"{result['machine']['processor']}, {result['threads']} threads",
        )
        panel.set_xticks(TICKS, map(str, TICKS))
        panel.set_xticks([], minor=True)
        panel.set_xlim(left=0.4)
        panel.set_yticks(*zip(*ticks, strict=True))
        panel.invert_yaxis()
        panel.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        figure.savefig(path)
        plt.close(figure)


def draw_curves(result, path):
    """Draw time per step against width, batch size and number of networks."""
    with plt.rc_context(LOOK | {"axes.grid": True}):
        figure, panels = plt.subplots(1, len(result["curves"]), figsize=(13, 4.2))
        for panel, (name, curve) in zip(panels, result["curves"].items(), strict=True):
            for system, points in curve["systems"].items():
                panel.plot(
                    points["at"],
                    [us["median"] for us in points["us_per_step"]],
                    marker="o",
                    ms=4,
                    color=COLOURS.get(system),
                    label=system,
                )
            panel.set(xscale="log", yscale="log", xlabel=name, title=curve["title"])
            panel.set_xscale("log", base=2)
            panel.legend(fontsize="small")
        panels[0].set_ylabel("µs per step and network")
        figure.savefig(path)
        plt.close(figure)
