"""METHODS 1: batch, mini-batch and stochastic gradient descent.

The gradient of all rows points the way; that of a few rows points it on average, for a fraction of
the work, so that many more steps fit into a pass through the data.
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import COLOURS, save

import ravine as rv

SIZES = {"full": "batch: all 1024 rows", 32: "mini-batch: 32 rows", 1: "stochastic: 1 row"}
STEPS = 40


def paths(panel, X, y, rng):
    """Draw the paths of two weights of a linear model: as many steps, of more or fewer rows."""

    def risk(w, rows):
        residual = X[rows] @ w - y[rows]
        return residual @ residual / len(rows), 2 * X[rows].T @ residual / len(rows)

    grid = np.stack(np.meshgrid(np.linspace(-1.2, 2.2, 80), np.linspace(-1.6, 1.6, 80)))
    heights = ((np.einsum("nj,jab->nab", X, grid) - y[:, None, None]) ** 2).mean(axis=0)
    panel.contour(*grid, heights, levels=15, colors="#CCCCCC", linewidths=0.8)
    for (size, name), colour in zip(SIZES.items(), COLOURS, strict=False):
        rows = len(y) if size == "full" else size
        walk = rv.minimize(
            lambda w, rows=rows: risk(w, rng.permutation(len(y))[:rows]),
            [-1.0, 1.4],
            jac=True,
            optimizer=rv.SGD(0.1),
            steps=STEPS,
        )
        panel.plot(*walk.path.T, ".-", color=colour, ms=4, lw=1.2, label=name)
    panel.set(title=f"{STEPS} steps of SGD(0.1), two weights", xlabel="w₁", ylabel="w₂")
    panel.grid(visible=False)


def main():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1024, 2)) @ [[1, 0.4], [0, 0.6]]
    noise = 0.5 * rng.standard_normal(len(X))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4))
    paths(left, X, X @ [1.0, -0.5] + noise, rng)
    network = rv.Network([rv.Dense(32, activation="tanh"), rv.Dense(1)])
    for size, name in SIZES.items():
        recipe = rv.Recipe(optimizer=rv.SGD(0.02), batch_size=size, epochs=20)
        history = rv.train(network, X, np.sin(2 * X[:, 0]) + X[:, 1] + noise, recipe).history
        right.plot(history["epoch"], history["loss"], label=name)
    right.set(title="20 passes through the rows, SGD(0.02)", xlabel="epoch")
    right.set(ylabel="training loss", ylim=(0, None), xticks=range(0, 21, 5))
    right.legend()
    save(figure, "batch_size.png")


if __name__ == "__main__":
    main()
