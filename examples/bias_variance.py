"""METHODS 7: bias and variance: a penalty trades the one for the other, as does the time to stop.

Left, the truth is known: fifty networks for each penalty, each on targets of its own. Right,
targets are measured (how diabetes goes on in 442 patients). One of the lengths of training is
fitted to the table and taken for the truth; fifty networks are trained on targets drawn from it,
and bias is measured against it. All start from 0.
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import save
from sklearn.datasets import load_diabetes

import ravine as rv


def simulated_study():
    return rv.bias_variance(
        rv.Network([rv.Dense(20, activation="tanh"), rv.Dense(1)]),
        np.linspace(-3, 3, 20).reshape(-1, 1),
        None,
        rv.Recipe(optimizer="lbfgs", epochs=300),
        over={"penalty.alpha": [0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3]},
        n_models=50,
        truth=lambda X: np.sin(X[:, 0]),
        noise=0.5,
    )


def measured_study():
    data = load_diabetes()
    return rv.bias_variance(
        rv.Network(
            [rv.Normalize(), rv.Dense(64, activation="relu"), rv.Dense(1, initializer="zeros")]
        ),
        data.data,
        (data.target - data.target.mean()) / data.target.std(),
        rv.Recipe(optimizer=rv.Adam(3e-3), batch_size=32),
        over={"epochs": [1, 2, 4, 8, 16, 32, 64, 128]},
        n_models=50,
    )


def main():
    figure, axes = plt.subplots(1, 2, figsize=(13, 4.4))
    studies = {
        "the penalty, on a simulator": simulated_study(),
        "the length of training, on measured data": measured_study(),
    }
    for panel, (title, found) in zip(axes, studies.items(), strict=True):
        found.plot(panel).set_title(title)
        print(found, end="\n\n")
    save(figure, "bias_variance.png")


if __name__ == "__main__":
    main()
