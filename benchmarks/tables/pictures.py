"""The critical-difference plot (Demšar 2006, figure 1)."""

import numpy as np

from benchmarks.speed.pictures import LOOK, plt
from benchmarks.tables.ranks import cliques


def draw_ranks(comparison, path):
    """Draw mean ranks on a line; a bar joins systems that differ by less than the critical one."""
    systems, difference = comparison["systems"], comparison["critical_difference"]
    if difference is None:
        return
    names = sorted(systems, key=lambda name: systems[name]["mean_rank"])
    at = np.array([systems[name]["mean_rank"] for name in names])
    groups, half, k = cliques(at, difference), (len(names) + 1) // 2, len(names)
    below = 0.35 * len(groups) + 0.3
    with plt.rc_context(LOOK):
        figure, panel = plt.subplots(figsize=(8, 1.6 + 0.28 * (half + len(groups))))
        panel.hlines(0, 1, k, color="black")
        for tick in range(1, k + 1):
            panel.vlines(tick, 0, 0.15, color="black")
            panel.text(tick, 0.25, str(tick), ha="center")
        panel.hlines(1.1, 1, 1 + difference, color="#888888", lw=2)
        panel.text(1 + difference / 2, 1.2, f"critical difference {difference:.2f}", ha="center")
        for i, (name, place) in enumerate(zip(names, at, strict=True)):
            left = i < half
            y = -below - 0.5 * (i if left else k - 1 - i)
            end = 0.8 if left else k + 0.2
            bold = "bold" if name == "ravine" else "normal"
            panel.plot([place, place, end], [0, y, y], color="#888888", lw=1)
            panel.text(
                end + (-0.05 if left else 0.05),
                y,
                f"{name}  {place:.2f}" if left else f"{place:.2f}  {name}",
                ha="right" if left else "left",
                va="center",
                weight=bold,
            )
        for level, (first, last) in enumerate(groups):
            panel.hlines(
                -0.3 - 0.35 * level, at[first] - 0.03, at[last] + 0.03, color="black", lw=4
            )
        panel.set(xlim=(-1.2, k + 2.2), ylim=(-below - 0.5 * half, 1.7))
        panel.axis("off")
        figure.savefig(path)
        plt.close(figure)
