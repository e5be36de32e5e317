"""Two effective rates, measured: Adagrad's, which dies away, and momentum's, η / (1 − β).

Adagrad divides by the root of the sum of all squared gradients so far. While gradients do not
shrink, that root grows as √k, and the rate falls as 1 / √k: after 100 times the steps, a tenth.
RMSprop forgets old gradients, so its rate stays. Momentum adds up what successive steps have in
common: under a gradient that stays 1, the step grows from η to η / (1 − β).
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import COLOURS, save

import ravine as rv

SEEDS = 5
ETA = 0.01


def table(seed, rows=400):
    """Give inputs and a noisy target, whose gradients therefore never vanish."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 6))
    return X, X @ rng.normal(size=6) + rng.normal(size=rows)


def adaptive_rate(optimizer, seed):
    """Give the median rate of all weights, η / √ṽ, over the steps of a run."""
    recipe = rv.Recipe(optimizer=optimizer, batch_size=4, epochs=20, seed=seed)
    network = rv.Network([rv.Dense(8, activation="tanh"), rv.Dense(1)])
    trace = rv.train(network, *table(seed), recipe, record=["squared_gradient"]).trace
    root = np.sqrt(trace["squared_gradient"].flat)
    return trace.step, np.median(ETA / np.maximum(root, 1e-12), axis=1)


def momentum_step(beta, steps=60):
    """Give the sizes of steps down a slope of 1, as parts of η."""
    walk = rv.minimize(
        lambda x: (float(x[0]), np.ones(1)),
        [0.0],
        jac=True,
        optimizer=rv.SGD(ETA, momentum=beta),
        steps=steps,
    )
    return -np.diff(walk.path[:, 0]) / ETA


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
    for rule, colour in ((rv.Adagrad(ETA), COLOURS[1]), (rv.RMSprop(ETA), COLOURS[0])):
        name = type(rule).__name__
        runs = [adaptive_rate(rule, seed) for seed in range(SEEDS)]
        step, rates = runs[0][0], np.array([rate for _, rate in runs])
        relative = rates / rates[:, [9]]
        left.fill_between(step, relative.min(0), relative.max(0), color=colour, alpha=0.25, lw=0)
        left.plot(step, np.median(relative, axis=0), color=colour, label=name)
        last = np.median(relative[:, -1])
        print(f"{name}: its rate at step {step[-1]} is {last:.2g} of that at step 10")
    left.plot(step[9:], np.sqrt(10 / step[9:]), "k:", lw=1, label="√(10 / k)")
    left.set(xscale="log", yscale="log", xlabel="step k", ylabel="rate, 1 at step 10")
    left.set(title=f"Median rate η / √ṽ of the weights ({SEEDS} seeds)", xlim=(10, None))
    left.legend()
    for beta, colour in zip((0.0, 0.5, 0.9), COLOURS, strict=False):
        sizes = momentum_step(beta)
        right.plot(np.arange(1, len(sizes) + 1), sizes, color=colour, label=f"β = {beta:g}")
        right.axhline(1 / (1 - beta), color=colour, ls=":", lw=1)
        print(
            f"momentum {beta:g}: steps grow to {sizes[-1]:.3f} η; 1 / (1 − β) = {1 / (1 - beta):g}"
        )
    right.set(title="Steps down a steady slope of 1", xlabel="step", ylabel="size of the step in η")
    right.legend()
    save(figure, "effective_rates.png")


if __name__ == "__main__":
    main()
