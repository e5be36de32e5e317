"""METHODS 6: dropout keeps a network from learning by heart, and its draws scatter.

How far the draws scatter says how much the network leans on single units at a place. It does not
say where rows are missing: in this gap, where the units put out little, the draws scatter least.
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import BLUE, GREY, save
from sklearn.datasets import load_digits

import ravine as rv

GAP = (-0.5, 1.2)


def draws(panel):
    """Draw a band from the networks that dropout leaves, on rows with a gap in their midst."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-3, GAP[0], 60), rng.uniform(GAP[1], 3, 60)])
    y = np.sin(1.5 * x) + 0.1 * rng.standard_normal(len(x))
    layers = [*[rv.Dense(128, activation="relu")] * 2, rv.Dense(1)]
    recipe = rv.Recipe(optimizer=rv.Adam(rv.CosineDecay(3e-3)), dropout=0.05, epochs=800)
    model = rv.train(rv.Network(layers), x[:, None], y, recipe)
    at = np.linspace(-4, 4, 200)
    found = model.predict(at[:, None], samples=300)
    mean, spread = found.mean(axis=0), found.std(axis=0)
    band = {"color": BLUE, "alpha": 0.25, "lw": 0, "label": "mean ± 2 sd"}
    panel.fill_between(at, mean - 2 * spread, mean + 2 * spread, **band)
    panel.plot(at, mean, color=BLUE)
    panel.plot(x, y, ".", color=GREY, label="rows")
    panel.axvspan(*GAP, color="#EEEEEE", zorder=0)
    panel.text(sum(GAP) / 2, -2.3, "no rows", color="#555555", ha="center")
    panel.set(xlabel="x", ylabel="y", ylim=(-2.5, 3))
    panel.set_title("300 draws: they differ least where there are no rows")
    panel.legend(loc="lower left", fontsize=8.5)
    in_gap = (at > GAP[0]) & (at < GAP[1])
    beyond = np.abs(at) > 3
    places = {"at the rows": ~in_gap & ~beyond, "in the gap": in_gap, "beyond them": beyond}
    told = [f"{spread[where].mean():.2f} {name}" for name, where in places.items()]
    print("standard deviation of the draws:", ", ".join(told))


def digits(panel):
    """Draw the validation loss of digits learnt from 300 rows, for three rates of dropout."""
    images, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))
    wrong = order[:60]
    labels[wrong] = rng.integers(10, size=len(wrong))
    network = rv.Network(
        [*[rv.Dense(256, activation="relu")] * 2, rv.Dense(10)], loss="cross_entropy"
    )
    rates = [0.0, 0.2, 0.5]
    jobs = [
        rv.Job(network, rv.Recipe(dropout=p), rows=order[:300], validation_rows=order[300:])
        for p in rates
    ]
    for p, model in zip(rates, rv.train_many(jobs, images / 16, labels), strict=True):
        panel.plot(model.history["epoch"], model.history["val_loss"], label=f"p = {p}")
    panel.set(xlabel="epoch", ylabel="validation loss", ylim=(0, 1.5))
    panel.set_title("Digits from 300 rows, 60 of them mislabelled")
    panel.legend(title="dropout")


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    digits(left)
    draws(right)
    save(figure, "dropout.png")


if __name__ == "__main__":
    main()
