"""Predictions are finite, or an error says which row is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError

__all__ = ["check_predictions", "check_scores", "overflowed"]


def check_predictions(found: NDArray[Any]) -> NDArray[Any]:
    """Check that predictions are finite.

    Parameters
    ----------
    found : ndarray, shape (n, ...)
        Numbers.

    Returns
    -------
    ndarray
        The same.

    Raises
    ------
    DataError
        If one is infinite or NaN.

    Examples
    --------
    >>> check_predictions(np.array([1.0, np.inf]))
    Traceback (most recent call last):
    ravine.errors.DataError: The prediction is inf in row 1, counted from 0.
    """
    good = np.isfinite(found)
    if good.all():
        return found
    index = tuple(np.argwhere(~good)[0])
    raise DataError(
        f"The prediction is {float(found[index])} in row {int(index[0])}, counted from 0.",
        hint="Look for values in this row that are far beyond those of training. If there are "
        "none, the training diverged: train again with a lower learning rate.",
    )


def overflowed(scores: Mapping[str, float]) -> list[str]:
    """Name the scores that are infinite or NaN; R² of a single row is NaN for a reason.

    Examples
    --------
    >>> overflowed({"loss": math.inf, "rmse": 2.0, "r2": math.nan})
    ['loss']
    """
    return [n for n, s in scores.items() if math.isinf(s) or (math.isnan(s) and n != "r2")]


def check_scores(scores: Mapping[str, float]) -> None:
    """Check that scores of finite predictions are finite.

    Raises
    ------
    DataError
        If one is not.

    Examples
    --------
    >>> check_scores({"rmse": math.inf})
    Traceback (most recent call last):
    ravine.errors.DataError: The score 'rmse' is beyond the largest number: inf.
    """
    bad = overflowed(scores)
    if bad:
        raise DataError(
            f"The score {bad[0]!r} is beyond the largest number: {scores[bad[0]]}.",
            hint="A target or a prediction is huge. Look for wrong values in the target, or divide "
            "it by a constant and train again.",
        )
