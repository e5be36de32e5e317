"""The tables: what each asks for, how it is read, and which rows train and test.

A part of the rows, the *reserve*, is cut off once and for all: test rows come from it alone, and
the search for the defaults of ravine never sees it.
"""

from dataclasses import dataclass

import numpy as np

#: Part of a table's rows that test rows are drawn from, and part that is tested on for each seed.
RESERVE, TESTED = 0.4, 0.25
#: More rows than this neither train nor test.
MOST_ROWS = 10_000


@dataclass(frozen=True)
class Task:
    """A table and the column that is predicted."""

    name: str
    kind: str  # "regression" | "classes"
    target: str


@dataclass(frozen=True)
class Rows:
    """The rows of one seed: training and test, as pandas has them; classes as numbers from 0."""

    X_train: object
    y_train: np.ndarray
    X_test: object
    y_test: np.ndarray


TASKS = (
    Task("diamonds", "regression", "price"),
    Task("adult", "classes", "income"),
    Task("bank", "classes", "y"),
    Task("wine", "regression", "quality"),
    Task("titanic", "classes", "survived"),
    Task("bikeshare", "regression", "bikers"),
    Task("segment", "classes", "category"),
    Task("shuttle", "classes", "anomaly"),
    Task("flights", "regression", "arr_delay"),
    Task("mnist_5k", "classes", "digit"),
)


def read_table(task, folder):
    """Give the columns (a pandas frame) and the target; classes become numbers from 0."""
    import pandas as pd

    if task.name == "mnist_5k":
        images, y = read_images(folder / "mnist_5k.npz")
        pixels = images.reshape(len(images), -1)
        X = pd.DataFrame(pixels, columns=[f"pixel_{i}" for i in range(pixels.shape[1])])
    else:
        X = pd.read_csv(folder / f"{task.name}.csv.gz")
        y = X.pop(task.target).to_numpy()
    if task.kind == "classes":
        return X, np.unique(y, return_inverse=True)[1]
    return X, y.astype(np.float64)


def read_images(path):
    """Give images and digits; each image is the mean of 2 × 2 of its pixels, 14 × 14."""
    stored = np.load(path)
    images = stored["X"].astype(np.float64).reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return images, stored["y"].astype(np.int64)


def reserve(task, y):
    """Cut the rows into those that may be tested on and those that never are."""
    rng = np.random.default_rng(4)
    free, held = _split(rng, np.arange(len(y)), y, round(RESERVE * len(y)), task.kind)
    return held, free


def split(task, y, seed):
    """Give the numbers of the training and test rows of a seed."""
    held, free = reserve(task, y)
    rng = np.random.default_rng([4, seed])
    n_test = min(round(TESTED * len(y)), MOST_ROWS)
    rest, test = _split(rng, held, y, n_test, task.kind)
    train = np.concatenate([rest, free])
    if len(train) > MOST_ROWS:
        _, train = _split(rng, train, y, MOST_ROWS, task.kind)
    return rng.permutation(train), test


def cut(X, y, train, test):
    """Give the rows of a split."""
    return Rows(
        X.iloc[train].reset_index(drop=True),
        y[train],
        X.iloc[test].reset_index(drop=True),
        y[test],
    )


def _split(rng, rows, y, n, kind):
    """Draw n of the rows, of each class its share; give those left and those drawn."""
    if kind == "regression":
        drawn = rng.permutation(len(rows))
        return rows[np.sort(drawn[n:])], rows[np.sort(drawn[:n])]
    from sklearn.model_selection import train_test_split

    seed = int(rng.integers(2**31))
    left, drawn = train_test_split(rows, test_size=n, stratify=y[rows], random_state=seed)
    return np.sort(left), np.sort(drawn)
