"""Targets that float32 cannot hold are refused; those that it cannot score, scored in double."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.offsets import CONSTANT, KEPT, LOST, SMALL_CURE, lost_share, refuse_lost
from ravine.errors import DataError
from ravine.ground.numeric import Place, numbers_of
from ravine.specs.losses import Loss
from ravine.specs.losses.domains import DOMAINS

__all__ = ["are_kept", "check_targets_kept"]

_SINGLE = np.finfo(np.float32)
#: Targets of a smaller spread have squared errors that float32 cannot tell from 0.
_SMALLEST_SPREAD = 10 * float(np.sqrt(_SINGLE.tiny))
#: Targets beyond it have squared errors beyond float32.
_LARGEST = float(np.sqrt(_SINGLE.max))


def check_targets_kept(
    numbers: NDArray[Any], rounded: NDArray[Any], loss: Loss, place: Place
) -> None:
    """Refuse targets whose spread float32 would lose, or whose losses it cannot hold.

    Parameters
    ----------
    numbers, rounded : ndarray, shape (n, outputs)
        The targets as given, and in float32.
    loss : Loss
        The network's loss.
    place : Place
        What they are called in messages.

    Raises
    ------
    DataError
        If rounding changes more than 2⁻¹⁰ of a column's spread; for a loss of squares,
        if the spread is below 1e-18; if the loss of the prediction 0 is infinite (for
        SquaredError, if a value is beyond 1.8e19); for a loss of positive targets, if one is below
        1.2e-38.

    Examples
    --------
    >>> from ravine.losses import SquaredError
    >>> y = np.array([[1e8], [1e8 + 1.0]])
    >>> check_targets_kept(y, y.astype("float32"), SquaredError(), Place("y"))
    Traceback (most recent call last):
    ravine.errors.DataError: y loses values in float32: 2 different values become 1 (mean 1e+08, ...
    """
    if loss.classifies:
        return
    for column in range(rounded.shape[1]):
        several = rounded.shape[1] > 1
        name = f"Column {place.label(column)} of {place.name}" if several else place.name
        values = rounded[:, column].astype(np.float64)
        spread = float((values - values[0]).std())  # 0 where all are equal
        largest = float(max(values.max(), -values.min()))
        if 2.0**-24 * largest > LOST / 2 * spread or spread < _SINGLE.tiny:
            own = numbers_of(numbers[:, column], place)
            if lost_share(own) > LOST:
                refuse_lost(own, name, "Subtract its mean")
        if loss.targets == "positive":
            _check_above_zero(numbers_of(numbers[:, column], place), loss, name)
        if loss.link == "identity":
            _check_range(spread, largest, loss, name)


def are_kept(values: NDArray[np.float64]) -> bool:
    """Whether scores of targets in float32 agree with those of the targets in double.

    Parameters
    ----------
    values : ndarray of float64, shape (n, outputs)
        The targets.

    Returns
    -------
    bool
        False if rounding changes more than 2⁻¹⁷ of a column's spread, or squared errors may be too
        small or too large for float32.

    Examples
    --------
    >>> are_kept(np.array([[1.1], [1.3]])), are_kept(np.array([[1e8], [1e8 + 1]]))
    (True, False)
    """
    spread, largest = (values - values[0]).std(axis=0), np.abs(values).max(axis=0)
    too_small = (spread > CONSTANT * largest) & (spread < _SMALLEST_SPREAD)
    in_range = (largest <= _LARGEST) & ~too_small
    return bool((in_range & (lost_share(values) <= KEPT)).all())


def _check_above_zero(numbers: NDArray[Any], loss: Loss, name: str) -> None:
    bad = (numbers > 0) & (numbers < _SINGLE.tiny)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{name} holds {numbers[row].item()!r} (row {row}), too close to 0 for the loss "
            f"{type(loss).__name__} in float32, which needs {_SINGLE.tiny:.2g} at least.",
            hint=f"{SMALL_CURE}.",
        )


def _check_range(spread: float, largest: float, loss: Loss, name: str) -> None:
    """Refuse targets whose losses float32 would make 0 or infinite."""
    what = ""
    if (loss.unit_power or 0) > 1 and CONSTANT * largest < spread < _SMALLEST_SPREAD:
        what = f"has a spread of only {spread:.3g}, so that errors are too small"
    elif not np.isfinite(_loss_of_zero(largest, loss)):
        what = f"goes up to {largest:.3g}, so that errors are too large"
    if what:
        raise DataError(
            f"{name} {what} for the loss {type(loss).__name__} in float32.",
            hint='Multiply it by a constant, or use Recipe(dtype="float64").',
        )


def _loss_of_zero(largest: float, loss: Loss) -> float:
    """Give the loss of the prediction 0 for the largest target, of either sign, in float32."""
    y = np.array([largest, -largest], dtype=np.float32)
    y = y[~DOMAINS[loss.targets].outside(y)][:, np.newaxis]
    return loss.mean(np.zeros_like(y), y)
