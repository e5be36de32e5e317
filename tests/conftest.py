"""What all tests share: quiet pictures, reproducible hypothesis, and data."""

import os
import signal

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's checks use it

from pathlib import Path

import hypothesis
import numpy as np
import pytest

# PyTorch's own tests run in .ci/run (`make conformance`); wheels are tried in empty environments
# (`make wheel-test`). A folder given by name is collected all the same.
collect_ignore = ["conformance/with_torch", "installation"]

# The same examples in every run; a slow machine is no failure.
hypothesis.settings.register_profile(
    "ravine", deadline=None, derandomize=True, print_blob=True, database=None
)
hypothesis.settings.load_profile("ravine")

DATA = Path(__file__).parents[1] / "examples" / "data"


@pytest.fixture(scope="session")
def digits():
    """Training and test halves of scikit-learn's digits: 8 × 8 pixels in columns, ten classes."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    return train_test_split(images / 16, labels, test_size=0.25, random_state=0, stratify=labels)


@pytest.fixture(scope="session")
def mnist():
    """The 5,000 images of mnist_5k (n × 28 × 28, 0 to 1), shuffled, with their labels."""
    with np.load(DATA / "mnist_5k.npz") as stored:
        images, labels = stored["X"], stored["y"]
    order = np.random.default_rng(0).permutation(len(images))
    return images[order].astype(np.float32) / 255, labels[order].astype(int)


def pytest_configure():
    """Hear Ctrl-C, and let child processes hear it, even where the shell made pytest deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
