"""Targets: numbers in a unit that networks learn well, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError

__all__ = ["TargetScale"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TargetScale:
    """``z = (y − shift) / spread`` of each target, learnt from the training rows.

    Losses with a logarithmic link (poisson, gamma) need y above 0: their shift is 0 and their
    spread the mean, which changes their loss by a constant factor and term only.

    Parameters
    ----------
    shift, spread : numpy.ndarray of shape (targets,)
        Mean and standard deviation (over n), or 0 and the mean.
    lowest, highest : numpy.ndarray of shape (targets,)
        The range of y in the training rows.
    one_dimensional : bool
        Whether y had one axis.

    Examples
    --------
    >>> scale = TargetScale.learn(np.array([1.0, 3.0]), None, movable=True)
    >>> scale.encode(np.array([5.0])), scale.decode(np.array([[3.0]]), clip=True)
    (array([[3.]]), array([3.]))
    """

    shift: Numbers
    spread: Numbers
    lowest: Numbers
    highest: Numbers
    one_dimensional: bool

    @classmethod
    def learn(cls, y: Numbers, weights: Numbers | None, *, movable: bool) -> TargetScale:
        """Learn from the training rows.

        Parameters
        ----------
        y : numpy.ndarray of shape (n,) or (n, targets)
            Finite numbers.
        weights : numpy.ndarray of shape (n,), optional
            How much each row counts.
        movable : bool
            Whether a constant may be subtracted from the loss's targets.

        Returns
        -------
        TargetScale
            The unit.

        Raises
        ------
        DataError
            If the numbers are too large for their mean and standard deviation.
        """
        columns = y.reshape(len(y), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.average(columns, axis=0, weights=weights)
            spread = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
        if not np.isfinite(spread).all():
            raise DataError(
                "The numbers of y are too large to standardise.",
                hint="Rescale them: divide by a constant.",
            )
        if not movable:
            mean, spread = np.zeros_like(mean), mean
        # A constant target has no spread, except for rounding.
        negligible = spread <= 1e-14 * np.abs(columns).max(axis=0)
        return cls(
            mean,
            np.where(negligible, 1.0, spread),
            columns.min(axis=0),
            columns.max(axis=0),
            y.ndim == 1,
        )

    def encode(self, y: Numbers) -> Numbers:
        """Give the targets of a network, of shape (n, targets)."""
        return (y.reshape(len(y), -1) - self.shift) / self.spread

    def decode(self, z: Numbers, *, clip: bool) -> Numbers:
        """Give predictions in the target's own unit, within its range if ``clip``.

        Parameters
        ----------
        z : numpy.ndarray of shape (n, targets) or (n, targets, quantiles)
            Predictions of the networks.
        clip : bool
            Whether to keep to the range of the training rows.

        Returns
        -------
        numpy.ndarray of shape (n,), (n, targets), (n, quantiles) or (n, targets, quantiles)
            There is an axis of targets if y had one.
        """
        wide = (slice(None),) + (None,) * (z.ndim - 2)
        y = z * self.spread[wide] + self.shift[wide]
        if clip:
            y = np.clip(y, self.lowest[wide], self.highest[wide])
        return y[:, 0] if self.one_dimensional else y
