"""The cases: what is trained, on which rows, and the loss that every system must reach."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Case:
    """A fully connected network with ReLU, trained by Adam on mini-batches, in float32.

    One output is a regression (squared error), more are classes (cross-entropy). First weights are
    normal with variance 2/inputs of the layer, biases 0. Rows are shuffled every epoch, by each
    network for itself.
    """

    name: str
    rows: int
    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    batch: int
    epochs: int
    networks: int = 1
    goal: float | None = None  # times faster than the best peer

    def __post_init__(self):
        if self.rows % self.batch:
            raise ValueError(f"{self.name}: {self.rows} rows are no whole number of batches.")

    @property
    def classifies(self):
        return self.outputs > 1

    @property
    def sizes(self):
        """Inputs, hidden units, outputs."""
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def steps(self):
        """Of each network, in the whole training."""
        return self.epochs * (self.rows // self.batch)

    @property
    def flops(self):
        """Of the matrix products of one network and step.

        Forward, gradient of the weights, gradient of the inputs: 2 B I O each, less the last of the
        first layer, which nobody needs.
        """
        products = sum(inputs * outputs for inputs, outputs in pairwise(self.sizes))
        return 6 * self.batch * products - 2 * self.batch * self.sizes[0] * self.sizes[1]


CASES = (
    Case("tiny", 8192, 20, (32, 32), 1, 64, epochs=32, goal=5),
    Case("small", 8192, 30, (64, 64), 1, 128, epochs=32, goal=4),
    Case("medium", 16384, 100, (256, 256), 1, 256, epochs=4, goal=1.8),
    Case("large", 16384, 784, (512, 256), 10, 128, epochs=2, goal=1.4),
    Case("32 × tiny", 8192, 20, (32, 32), 1, 64, epochs=6, networks=32, goal=5),
    Case("32 × small", 8192, 30, (64, 64), 1, 128, epochs=6, networks=32, goal=3),
)


def make_data(case):
    """Make inputs, and targets that a random network of one tanh layer gives, with noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((case.rows, case.inputs)).astype(np.float32)
    first = rng.standard_normal((case.inputs, 32)) / np.sqrt(case.inputs)
    last = rng.standard_normal((32, case.outputs)) / np.sqrt(32)
    z = np.tanh(2 * X @ first) @ last
    z += 0.1 * z.std() * rng.standard_normal(z.shape)
    if case.classifies:
        return X, z.argmax(axis=1).astype(np.int64)
    return X, (z[:, 0] / z.std()).astype(np.float32)


def training_loss(case, outputs, y):
    """Give the mean loss of each network, from its outputs: (networks, rows, outputs)."""
    z = np.asarray(outputs, dtype=np.float64).reshape(case.networks, case.rows, case.outputs)
    if not case.classifies:
        return ((z[..., 0] - y) ** 2).mean(axis=1)
    z -= z.max(axis=2, keepdims=True)
    chosen = np.take_along_axis(z, y.reshape(1, -1, 1), axis=2)[..., 0]
    return (np.log(np.exp(z).sum(axis=2)) - chosen).mean(axis=1)
