"""METHODS 6: when to stop, and why it is the capacity Σηₖ that counts, not the number of epochs."""

from matplotlib import pyplot as plt
from picture import BLUE, GREY, ORANGE, save
from sklearn.datasets import load_diabetes

import ravine as rv

CAPACITY = 60
RATES = [0.01, 0.02, 0.04]


def run(rate, **fields):
    """Train on 309 patients, watch 133 others, until the rates add up to the capacity."""
    data = load_diabetes()
    y = (data.target - data.target.mean()) / data.target.std()
    network = rv.Network([rv.Normalize(), rv.Dense(32, activation="tanh"), rv.Dense(1)])
    recipe = rv.Recipe(
        optimizer=rv.SGD(rate),
        batch_size="full",
        epochs=round(CAPACITY / rate),
        validation_fraction=0.3,
        seed=3,
        **fields,
    )
    return rv.train(network, data.data, y, recipe)


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    history = run(RATES[1]).history
    stopped = run(RATES[1], stopping=rv.EarlyStopping(patience=200))
    left.plot(history["epoch"], history["loss"], color=BLUE, label="training")
    left.plot(history["epoch"], history["val_loss"], color=ORANGE, label="validation")
    left.axvline(stopped.best_epoch, color=GREY, ls="--", label="the weights that are kept")
    left.axvline(len(stopped.history), color=GREY, ls=":", label="the end, 200 epochs later")
    left.set(title=f"Early stopping, η = {RATES[1]}", xlabel="epoch")
    left.set_ylabel("squared error, in variances of y")
    left.set_ylim(0.3, 0.7)
    left.legend()

    for rate, width in zip(RATES, [9, 5, 1.5], strict=True):
        history = run(rate).history
        label = f"η = {rate}: {len(history)} epochs"
        right.plot(history["capacity"], history["val_loss"], lw=width, label=label)
    right.set(title="Three rates, one curve", xlabel="capacity Σηₖ")
    right.legend(title="validation loss")
    save(figure, "early_stopping.png")


if __name__ == "__main__":
    main()
