"""How settings differ: paired by data set and by test row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.decomposition import Moments, estimate

__all__ = ["Differences", "mean_over_rows", "paired"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Differences:
    """Each setting minus each other one.

    Parameters
    ----------
    values, errors : dict of str to ndarray, shape (V, V)
        ``values[name][i, j]``: setting i minus setting j; its standard error.
    """

    values: dict[str, Array]
    errors: dict[str, Array]

    def scaled(self, factor: float) -> Differences:
        """Give the same in another unit."""
        return Differences(
            {name: values * factor for name, values in self.values.items()},
            {name: errors * factor for name, errors in self.errors.items()},
        )


def paired(
    of_settings: Sequence[Moments | None],
    errors_of_rows: Array | None,
    units: NDArray[np.int64] | None,
) -> Differences:
    """Compare every two settings.

    Parameters
    ----------
    of_settings : sequence of Moments or None
        Of each setting, on the same data sets and test rows; None where models diverged.
    errors_of_rows : ndarray, shape (V, rows), optional
        Measured squared errors of each setting, where they do not come from these models.
    units : ndarray of int, shape (rows,), optional
        Which rows were sampled together.

    Returns
    -------
    Differences
        Of all parts and of the measured error, ``"mse"``.
    """
    count = len(of_settings)
    names = ("bias2", "variance", "total", "mse")
    values = {name: np.full((count, count), np.nan) for name in names}
    errors = {name: np.full((count, count), np.nan) for name in names}
    for i, one in enumerate(of_settings):
        for j, other in enumerate(of_settings[: i + 1]):
            if one is None or other is None:
                continue
            found = dict.fromkeys(names, (0.0, 0.0)) if i == j else _pair(one, other)
            if errors_of_rows is not None:
                found["mse"] = mean_over_rows(errors_of_rows[i] - errors_of_rows[j], units)
            for name in names:
                value, error = found[name]
                values[name][i, j], values[name][j, i] = value, -value
                errors[name][i, j] = errors[name][j, i] = error
    return Differences(values, errors)


def _pair(one: Moments, other: Moments) -> dict[str, tuple[float, float]]:
    return {name: (e.value, e.se) for name, e in estimate(one, other).items()}


def mean_over_rows(values: Array, units: NDArray[np.int64] | None) -> tuple[float, float]:
    """Give a mean over rows and its standard error, by units of rows.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        NaN: left out.
    units : ndarray of int, shape (rows,), optional
        Which rows were sampled together.

    Returns
    -------
    value, error : float
        The mean and its standard error.

    Examples
    --------
    >>> mean_over_rows(np.array([1.0, 2.0, 3.0]), None)[0]
    2.0
    """
    known = np.isfinite(values)
    if known.sum() < 2:
        return float("nan"), float("nan")
    kept = values[known]
    codes = np.arange(len(kept)) if units is None else units[known]
    codes = np.unique(codes, return_inverse=True)[1]
    count = codes.max() + 1
    if count < 2:
        return float(kept.mean()), float("nan")
    sums = np.bincount(codes, kept - kept.mean()) / len(kept)
    return float(kept.mean()), float(np.sqrt(count / (count - 1) * np.square(sums).sum()))
