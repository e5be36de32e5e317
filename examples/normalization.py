"""METHODS 5: columns on different scales make a ravine of the loss; normalising makes it round."""

import numpy as np
from matplotlib import pyplot as plt
from picture import save

import ravine as rv

BEFORE = {"as they come": [], "Normalize": [rv.Normalize()]}
BETWEEN = {"": [], " + BatchNorm": [rv.BatchNorm()], " + LayerNorm": [rv.LayerNorm()]}


def rows(n=2000):
    """Give ten columns whose scales go from 0.03 to 3, each as important as the others."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((n, 10))
    y = np.sin(z).sum(axis=1) + z[:, 0] * z[:, 9] + 0.1 * rng.standard_normal(n)
    return z * np.geomspace(0.03, 3, 10) + 0.5, y / y.std()


def network(before, between):
    layers = [*before]
    for _ in range(4):
        layers += [rv.Dense(32), *between, rv.Activation("relu")]
    return rv.Network([*layers, rv.Dense(1)])


def main():
    X, y = rows()
    recipe = rv.Recipe(optimizer=rv.SGD(0.01), batch_size=64, epochs=100, validation_fraction=0.25)
    choices = [("as they come", ""), *[("Normalize", name) for name in BETWEEN]]
    jobs = [rv.Job(network(BEFORE[first], BETWEEN[then]), recipe) for first, then in choices]
    figure, panel = plt.subplots(figsize=(6.4, 4.2))
    for (first, then), model in zip(choices, rv.train_many(jobs, X, y), strict=True):
        panel.plot(model.history["epoch"], model.history["val_loss"], label=first + then)
    panel.set(xlabel="epoch", ylabel="validation loss, in variances of y", ylim=(0, 1.3))
    panel.set_title("Four hidden layers, SGD(0.01), columns on scales from 0.03 to 3")
    panel.legend(loc="upper right", ncols=2)
    save(figure, "normalization.png")


if __name__ == "__main__":
    main()
