"""METHODS 8: the loss decides what is forecast: the mean, the median, a quantile."""

import numpy as np
from matplotlib import pyplot as plt
from picture import GREY, save

import ravine as rv


def fit(loss, x, y, at):
    """Give the curve that a small network fits under a loss."""
    layers = [rv.Normalize(), *[rv.Dense(32, activation="tanh")] * 2, rv.Dense(1)]
    recipe = rv.Recipe(
        optimizer=rv.Adam(rv.CosineDecay(1e-2)), batch_size=64, epochs=150, penalty=rv.L2(1e-4)
    )
    return rv.train(rv.Network(layers, loss=loss), x[:, None], y, recipe).predict(at[:, None])


def main():
    rng = np.random.default_rng(1)
    x, at = rng.uniform(0, 6, 1000), np.linspace(0, 6, 200)
    truth = np.sin(x)

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.8))
    wild = rng.random(len(x)) < 0.1
    y = truth + 0.2 * rng.standard_normal(len(x)) + wild * rng.exponential(5, len(x))
    left.plot(x, y, ".", color=GREY, ms=3, label="rows, one in ten wild")
    left.plot(at, fit("squared_error", x, y, at), label="squared_error: the mean")
    left.plot(at, fit("absolute_error", x, y, at), label="absolute_error: the median")
    left.plot(at, fit(rv.losses.Huber(0.5), x, y, at), "--", label="Huber(0.5): near the median")
    left.set(title="Rows that are far off", xlabel="x", ylabel="y", ylim=(-4, 5.5))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8.5)

    y = truth + (0.1 + 0.15 * x) * rng.standard_normal(len(x))
    right.plot(x, y, ".", color=GREY, ms=3)
    for tau in (0.9, 0.5, 0.1):
        curve = fit(rv.losses.Quantile(tau), x, y, at)
        below = np.mean(y < np.interp(x, at, curve))
        right.plot(at, curve, label=f"Quantile({tau}): {below:.0%} of the rows below")
    right.set(title="How far off to expect them", xlabel="x", ylabel="y", ylim=(-4, 5.5))
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), fontsize=8.5)
    save(figure, "losses.png")


if __name__ == "__main__":
    main()
