"""METHODS 5: where a deep network starts decides whether it can learn at all.

Too small, and the signal dies on its way through the layers; too large, and it bursts. He's
variance 2/inputs keeps its size through rectified units.
"""

import numpy as np
from matplotlib import pyplot as plt
from picture import save
from sklearn.datasets import load_digits

import ravine as rv

STARTS = {
    "Normal(0.02): too small": rv.initializers.Normal(0.02),
    "Glorot": rv.initializers.Glorot("normal"),
    "He": rv.initializers.He("normal"),
    "Normal(0.4): too large": rv.initializers.Normal(0.4),
}
DEPTH, WIDTH = 10, 64


def spread_by_layer(initializer, images):
    """Give the standard deviation of what each layer puts out, before any training."""
    rng = np.random.default_rng(0)
    spreads, signal = [], images
    for _ in range(DEPTH):
        stack = [rv.Dense(WIDTH, activation="relu", initializer=initializer, use_bias=False)]
        still = rv.Recipe(optimizer=rv.SGD(0.0), epochs=1, seed=int(rng.integers(1000)))
        layer = rv.train(rv.Network(stack), signal, np.zeros((len(signal), WIDTH)), still)
        signal = layer.predict(signal)
        spreads.append(signal.std())
    return spreads


def main():
    images, labels = load_digits(return_X_y=True)
    images = (images - images.mean()) / images.std()
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    recipe = rv.Recipe(optimizer=rv.SGD(0.02), batch_size=64, epochs=30, clip_norm=1.0)
    for name, initializer in STARTS.items():
        left.plot(range(1, DEPTH + 1), spread_by_layer(initializer, images), "o-", ms=4, label=name)
        hidden = [rv.Dense(WIDTH, activation="relu", initializer=initializer)] * DEPTH
        network = rv.Network([*hidden, rv.Dense(10)], loss="cross_entropy")
        history = rv.train(network, images, labels, recipe).history
        right.plot(history["epoch"], history["loss"], label=name)
    left.set(title="Size of the signal at the start", xlabel="layer", yscale="log")
    left.set_ylabel("standard deviation of its output")
    right.set(title="Ten layers, SGD(0.02)", xlabel="epoch", ylabel="training loss", yscale="log")
    left.legend()
    save(figure, "initialization.png")


if __name__ == "__main__":
    main()
