"""METHODS 6: dropout keeps a network from learning by heart, and can say how sure it is."""

import numpy as np
from matplotlib import pyplot as plt
from picture import BLUE, GREY, save
from sklearn.datasets import load_digits

import ravine as rv


def uncertainty(panel):
    """Draw a band from the networks that dropout leaves: it widens away from the rows."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-3, -0.5, 60), rng.uniform(1.2, 3, 60)])
    y = np.sin(1.5 * x) + 0.1 * rng.standard_normal(len(x))
    layers = [*[rv.Dense(128, activation="relu")] * 2, rv.Dense(1)]
    recipe = rv.Recipe(optimizer=rv.Adam(rv.CosineDecay(3e-3)), dropout=0.05, epochs=800)
    model = rv.train(rv.Network(layers), x[:, None], y, recipe)
    at = np.linspace(-4, 4, 200)
    draws = model.predict(at[:, None], samples=300)
    mean, spread = draws.mean(axis=0), draws.std(axis=0)
    panel.fill_between(at, mean - 2 * spread, mean + 2 * spread, color=BLUE, alpha=0.2, lw=0)
    panel.plot(at, mean, color=BLUE)
    panel.plot(x, y, ".", color=GREY)
    panel.set(title="300 draws: mean ± 2 sd", xlabel="x", ylabel="y", ylim=(-2.2, 2.7))


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
    uncertainty(right)
    save(figure, "dropout.png")


if __name__ == "__main__":
    main()
