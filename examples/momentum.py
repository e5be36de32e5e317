"""METHODS 3: the path of plain descent, of momentum and of Adam down the same ravine.

Across the ravine the curvature is a hundred times that along it. Plain descent must take steps
small enough for the walls, and crawls along the floor. Momentum adds up what steps have in common.
"""

from matplotlib import pyplot as plt
from picture import COLOURS, save

import ravine as rv

STEPS = 100
OPTIMIZERS = {
    "SGD(0.018)": rv.SGD(0.018),
    "SGD(0.018, momentum=0.8)": rv.SGD(0.018, momentum=0.8),
    "Adam(0.1)": rv.Adam(0.1),
}


def main():
    surface = rv.landscapes.ravine(condition=100)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), width_ratios=[1.2, 1])
    surface.plot(left)
    plt.setp(left.collections, alpha=0.4)
    left.grid(visible=False)
    for (name, optimizer), colour in zip(OPTIMIZERS.items(), COLOURS, strict=False):
        walk = rv.minimize(
            surface, surface.start, jac=surface.jac, optimizer=optimizer, steps=STEPS
        )
        left.plot(*walk.path.T, ".-", color=colour, ms=4, lw=1.2, label=name)
        right.plot(walk.path_fun, color=colour, label=name)
    left.set(title=f"{STEPS} steps from the same start", aspect="equal")
    left.set(xlim=(-2.2, 0.6), ylim=(-1.5, 0.5))
    right.set(title="Height above the minimum", xlabel="step", yscale="log")
    right.legend()
    save(figure, "momentum.png")


if __name__ == "__main__":
    main()
