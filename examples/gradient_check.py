"""METHODS 2: is the gradient right? Central differences against backpropagation.

The nudge ε must be neither too large (the surface is curved) nor too small (numbers are rounded).
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import GREY, save

import ravine as rv


def nudges(panel):
    """Draw how far differences are from the true derivative of Rosenbrock's valley."""
    surface, x, along = rv.landscapes.rosenbrock, np.array([-1.2, 1.0]), np.array([1.0, 0.0])
    steps = np.geomspace(1e-13, 1e-1, 200)
    truth = surface.jac(x) @ along
    forward = [(surface(x + h * along) - surface(x)) / h for h in steps]
    central = [(surface(x + h * along) - surface(x - h * along)) / (2 * h) for h in steps]
    panel.loglog(steps, np.abs(forward / truth - 1), ".", ms=3, label="(f(x+ε) − f(x)) / ε")
    panel.loglog(steps, np.abs(central / truth - 1), ".", ms=3, label="(f(x+ε) − f(x−ε)) / 2ε")
    panel.set(title="Forward and central differences", xlabel="ε", ylabel="relative error")
    panel.set_ylim(bottom=1e-14)
    panel.legend(loc="lower left")


def layers(panel):
    """Draw the worst error of each layer of a network."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((32, 5))
    network = rv.Network(
        [
            rv.Dense(16, activation="gelu"),
            rv.BatchNorm(),
            rv.Dense(16, activation="relu"),
            rv.Residual([rv.LayerNorm(), rv.Dense(16, activation="tanh")]),
            rv.Dense(1),
        ],
        loss="huber",
    )
    recipe = rv.Recipe(dropout=0.2, penalty=rv.L2(1e-3))
    report = rv.check_gradients(network, X, X @ rng.standard_normal(5), recipe)
    print(report)
    names = [layer.layer for layer in report.layers]
    panel.barh(names, [layer.worst for layer in report.layers], height=0.6)
    panel.axvline(report.tolerance, color=GREY, ls="--")
    panel.text(1.4 * report.tolerance, len(names) - 1, "tolerance", color=GREY, va="center")
    panel.invert_yaxis()
    panel.set(title="Backpropagation's worst errors", xlabel="relative error", xscale="log")
    panel.set_xlim(1e-12, 1e-4)


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    nudges(left)
    layers(right)
    save(figure, "gradient_check.png")


if __name__ == "__main__":
    main()
