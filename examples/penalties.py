"""METHODS 6: a growing penalty shrinks the weights; L1 sets them to zero, one after the other.

Ten measurements of 442 patients forecast how their diabetes goes on; the network is one linear
unit, so that each weight belongs to one measurement.
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import GREY, save
from sklearn.datasets import load_diabetes

import ravine as rv


def weight_paths(penalties, X, y):
    """Give the ten weights for each penalty: a population, trained at once."""
    network = rv.Network([rv.Normalize(), rv.Dense(1)])
    recipe = rv.Recipe(
        optimizer=rv.SGD(0.05, momentum=0.9), batch_size="full", epochs=1500, dtype="float64"
    )
    jobs = [rv.Job(network, recipe.replace(penalty=penalty)) for penalty in penalties]
    models = rv.train_many(jobs, X, y)
    return np.hstack([model.parameters["dense_1.weight"] for model in models]).T


def main():
    data = load_diabetes()
    y = (data.target - data.target.mean()) / data.target.std()
    panels = {
        "L1: α Σ|w|": (rv.L1, {"proximal": True}, np.geomspace(1e-3, 1.5, 30)),
        "L2: α ½ Σw²": (rv.L2, {}, np.geomspace(1e-2, 30, 30)),
    }
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    for panel, (title, (kind, options, alphas)) in zip(axes, panels.items(), strict=True):
        paths = weight_paths([kind(alpha, **options) for alpha in alphas], data.data, y)
        panel.axhline(0, color=GREY, lw=0.8)
        for number, (name, path) in enumerate(zip(data.feature_names, paths.T, strict=True)):
            panel.plot(alphas, path, ls="-" if number < 7 else "--", label=name)
        panel.set(title=title, xscale="log", xlabel="strength α")
        zeros = (paths == 0).sum(axis=1)
        print(f"{title}: weights that are exactly 0: {zeros[0]} at first, {zeros[-1]} at last")
    axes[0].set_ylabel("weight")
    axes[1].legend(ncols=2, fontsize=8.5, loc="lower right", title="measurement")
    save(figure, "penalties.png")


if __name__ == "__main__":
    main()
