"""The rows that training sees: what augmentation makes of a table or of images in one epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.shared import SharedData
from ravine.errors import ParameterError
from ravine.ground.numeric import as_array
from ravine.specs.augmentation import (
    Augmentation,
    Flip,
    Mixup,
    Noise,
    Rotate,
    Shift,
    Synthesize,
    Zoom,
    built_in_of,
)
from ravine.specs.layers import Dense, Flatten, Normalize
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import Whole
from ravine.training.run import Run

__all__ = ["augment"]

#: Augmentations that do not change targets.
_MOVES = (Flip, Noise, Rotate, Shift, Zoom)

_Augmentations = Augmentation | Callable[..., Any] | Sequence[Augmentation | Callable[..., Any]]

_Rows = tuple[NDArray[Any], NDArray[Any]]
_WeightedRows = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


@overload
def augment(
    X: ArrayLike,
    y: ArrayLike,
    augmentation: _Augmentations,
    *,
    sample_weight: None = None,
    network: Network | None = None,
    seed: int = 0,
    epoch: int = 1,
    dtype: Literal["float32", "float64"] = "float32",
) -> _Rows: ...


@overload
def augment(
    X: ArrayLike,
    y: ArrayLike,
    augmentation: _Augmentations,
    *,
    sample_weight: ArrayLike,
    network: Network | None = None,
    seed: int = 0,
    epoch: int = 1,
    dtype: Literal["float32", "float64"] = "float32",
) -> _WeightedRows: ...


def augment(
    X: ArrayLike,
    y: ArrayLike,
    augmentation: _Augmentations,
    *,
    sample_weight: ArrayLike | None = None,
    network: Network | None = None,
    seed: int = 0,
    epoch: int = 1,
    dtype: Literal["float32", "float64"] = "float32",
) -> _Rows | _WeightedRows:
    """Show the rows of one epoch as augmentation makes them, before anything is trained.

    They come in the order of X, those that `ravine.Synthesize` adds last. They are what a run with
    the same seed, ``batch_size="full"`` and ``shuffle=False`` trains on, bit for bit. In smaller
    mini-batches each row is moved and gets its noise in the same way, but `ravine.Mixup` takes its
    partners from the row's own mini-batch.

    Parameters
    ----------
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs: finite numbers.
    y : array-like, shape (n,) or (n, outputs)
        Targets: numbers, or labels.
    augmentation : Augmentation, function or sequence of them
        As in `ravine.Recipe`.
    sample_weight : array-like, shape (n,), optional
        Weights, at least 0. Rows of weight 0 are left out.
    network : Network, optional
        Its loss says whether y holds classes, and its Embedding which columns hold codes. None:
        y holds classes if it is not numbers.
    seed : int, default 0
        The recipe's seed.
    epoch : int, default 1
        Number of the epoch, at least 1.
    dtype : {"float32", "float64"}, default "float32"
        The recipe's precision.

    Returns
    -------
    X : ndarray, shape (m, inputs) or (m, height, width[, channels])
        The rows; m is n unless rows are added, or a custom function changes their number.
        In `dtype`, or in float64 if float32 would lose values of X.
    y : ndarray, shape (m,) or (m, outputs)
        Their targets: labels as given; with Mixup a probability for each class instead, in
        the order of the sorted classes, shape (m, classes) (with binary cross-entropy that of the
        second class).
    sample_weight : ndarray, shape (m,)
        Their weights, in `dtype`; only if weights are given. Synthetic rows have the mean
        weight of their class (of all rows in a regression), mixed rows a blend of two weights.

    Raises
    ------
    ParameterError
        If `augmentation`, `network`, `seed`, `epoch` or `dtype` breaks its rule.
    DataError
        If X, y and `sample_weight` cannot be trained on.

    Warns
    -----
    UserWarning
        If Synthesize does not suit the rows.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.arange(20.0).reshape(10, 2)
    >>> noisy, y = rv.augment(X, ["cat", "dog"] * 5, [rv.Noise(0.1), rv.Synthesize(0.4)])
    >>> noisy.shape
    (14, 2)
    >>> y[8:]
    array(['cat', 'dog', 'cat', 'cat', 'dog', 'dog'], dtype='<U3')
    """
    if network is not None and not isinstance(network, Network):
        raise ParameterError(f"network must be a Network. Got {network!r}.")
    number = Whole(at_least=1)("augment", "epoch", epoch) - 1
    recipe = Recipe(
        augmentation=augmentation,
        batch_size="full",
        seed=seed,
        dtype=dtype,
    )
    run = Run(network or _network_for(y), recipe, SharedData(X, y, sample_weight), stacklevel=4)
    rows, targets, weights = _made_rows(run, number)
    rows = rows.reshape(-1, *run.data.input_shape(recipe.dtype))
    if run.offsets is not None:
        rows = rows + run.offsets.reshape(rows.shape[1:])  # in double
    given = _as_given(targets, run, y)
    return (rows, given) if weights is None else (rows, given, weights)


def _network_for(y: ArrayLike) -> Network:
    """Give a network whose loss suits y; it is not trained."""
    targets = as_array(y, "y")
    if targets.dtype.kind in "iuf":
        outputs = 1 if targets.ndim == 1 else targets.shape[1]
        return Network([Normalize(), Flatten(), Dense(max(outputs, 1))])
    return Network([Normalize(), Flatten(), Dense(None)], loss="cross_entropy")


def _made_rows(run: Run, epoch: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """Take the steps of an epoch's augmentation in the engine's order, on one mini-batch."""
    from ravine.engine import _engine

    wide = run.recipe.dtype == "float64"
    synthesize = _engine.synthesize64 if wide else _engine.synthesize32
    change = _engine.augment64 if wide else _engine.augment32
    items, seed, codes = run.recipe.augmentation, run.recipe.seed, run.handle.code_columns
    features = run.data.training.features(run.recipe.dtype, run.offsets)[run.rows]
    training = rows = features.reshape(len(features), -1)
    known = targets = run.targets.values[run.rows]
    weights = run.data.training.weights(run.recipe.dtype)
    of_training = weights = None if weights is None else weights[run.rows]
    outputs = run.handle.n_outputs
    custom = run.custom_augmentation()
    if custom is not None:
        rows, targets = custom(epoch)
    for item in [item for item in items if isinstance(item, Synthesize)][-1:]:
        classes = 0 if known.shape[1] == outputs else outputs
        X, y, s = synthesize(
            item.to_dict(), codes, training, known, classes, seed, epoch, of_training
        )
        rows, targets = np.concatenate([rows, X]), np.concatenate([targets, y])
        weights = None if weights is None else np.concatenate([weights, s])
    if any(isinstance(item, Mixup) for item in items) and targets.shape[1] != outputs:
        targets = np.eye(outputs, dtype=targets.dtype)[targets[:, 0].astype(int)]
    shape = list(run.data.input_shape(run.recipe.dtype))
    described = [item.to_dict() for item in built_in_of(items) if not isinstance(item, Synthesize)]
    made: tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None] = change(
        described, shape, codes, rows, targets, seed, epoch, training, weights, of_training
    )
    return made


def _as_given(targets: NDArray[Any], run: Run, y: ArrayLike) -> NDArray[Any]:
    """Give targets in the form of y: labels, and one axis if y has one."""
    if all(isinstance(item, _MOVES) for item in run.recipe.augmentation):
        return as_array(y, "y")[run.rows]
    is_mixed = any(isinstance(item, Mixup) for item in run.recipe.augmentation)
    classes = run.targets.classes
    if classes is not None and not is_mixed:
        labels: NDArray[Any] = classes[targets[:, 0].astype(int)]
        return labels if run.targets.one_dimensional else labels[:, np.newaxis]
    one = targets.shape[1] == 1 and (run.targets.one_dimensional or classes is not None)
    return targets[:, 0] if one else targets
