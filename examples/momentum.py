"""METHODS 3: the path of plain descent, of momentum and of Adam down the same ravine.

Across the ravine the curvature is 100 times that along it. Plain descent is best at a rate near
2 / 101, where it swings from wall to wall and creeps along the floor. At the same rate, momentum
lets the swings cancel and adds up what the steps have in common, and so does Adam.
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import COLOURS, save

import ravine as rv

STEPS = 100
ANGLE = 30.0
OPTIMIZERS = {
    "SGD(0.0196)": rv.SGD(0.0196),
    "SGD(0.0196, momentum=0.5)": rv.SGD(0.0196, momentum=0.5),
    "Adam(0.3)": rv.Adam(0.3),
}


def main():
    surface = rv.landscapes.ravine(condition=100, angle=ANGLE)
    across = np.array([-np.sin(np.radians(ANGLE)), np.cos(np.radians(ANGLE))])
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.9), width_ratios=[1.25, 1])
    surface.plot(left)
    plt.setp(left.collections, alpha=0.4)
    left.grid(visible=False)
    for (name, optimizer), colour in zip(OPTIMIZERS.items(), COLOURS, strict=False):
        walk = rv.minimize(
            surface, surface.start, jac=surface.jac, optimizer=optimizer, steps=STEPS
        )
        left.plot(*walk.path.T, ".-", color=colour, ms=4, lw=1.2, label=name)
        right.plot(walk.path_fun, color=colour, label=name)
        swings = np.abs(np.diff(walk.path @ across)).sum()
        print(f"{name}: {swings:.1f} travelled across the ravine, height {walk.fun:.2g} at the end")
    left.set(title=f"{STEPS} steps from the same start", aspect="equal")
    left.set(xlim=(-2.3, 0.6), ylim=(-1.6, 0.5))
    right.set(title="Height above the minimum", xlabel="step", ylabel="height", yscale="log")
    handles, names = right.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    save(figure, "momentum.png")


if __name__ == "__main__":
    main()
