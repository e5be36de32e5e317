"""Where settings are drawn from: ranges, choices and distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError

__all__ = ["Choices", "Dimension", "Distribution", "Range", "points_of", "read_space"]


class Dimension(Protocol):
    """A setting's values, laid out along [0, 1)."""

    def at(self, u: float) -> Any:
        """Give the value at u."""


@dataclass(frozen=True)
class Choices:
    """One of some values, whole objects too, each as likely.

    Examples
    --------
    >>> Choices((32, 64)).at(0.6)
    64
    """

    values: tuple[Any, ...]

    def at(self, u: float) -> Any:
        """Give the value at u."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, whole where both are; ``log``: equally likely by their logarithm.

    Examples
    --------
    >>> round(Range(1e-4, 1.0, log=True).at(0.5), 4)
    0.01
    >>> Range(1, 3).at(0.99)
    3
    """

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, u: float) -> float:
        """Give the value at u."""
        low, high = (self.low, self.high + 1) if self.whole else (self.low, self.high)
        if self.log:
            value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
        else:
            value = low + u * (high - low)
        value = min(max(value, self.low), self.high) if not self.whole else value
        return min(max(math.floor(value), self.low), self.high) if self.whole else float(value)


@dataclass(frozen=True)
class Distribution:
    """A distribution with a ``ppf``, such as those of SciPy.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> Distribution(uniform(0, 2)).at(0.5)
    1.0
    """

    law: Any

    def at(self, u: float) -> Any:
        """Give the value at u."""
        return np.asarray(self.law.ppf(u)).item()


def read_space(space: Mapping[str, Any]) -> dict[str, Dimension]:
    """Read where each setting is drawn from.

    Parameters
    ----------
    space : mapping of str to object
        By the setting's dotted name: ``(low, high)``, uniform, whole numbers where both are;
        ``(low, high, "log")``, log-uniform; a list (or range) of values or whole objects, each as
        likely; or a distribution of `scipy.stats` (anything that has ``ppf``).

    Returns
    -------
    dict of str to Dimension
        In the order of `space`.

    Raises
    ------
    ParameterError
        If there is no setting, or one has no values.

    Examples
    --------
    >>> read_space({"optimizer.learning_rate": (1e-4, 1.0, "log"), "batch_size": [32, 64]})
    {'optimizer.learning_rate': Range(low=0.0001, high=1.0, log=True), \
'batch_size': Choices(values=(32, 64))}
    """
    if not isinstance(space, Mapping) or not space:
        raise ParameterError(
            f"The 'space' parameter must name at least one setting. Got {space!r:.80}.",
            hint='Such as {"optimizer.learning_rate": (1e-4, 1.0, "log")}.',
        )
    return {name: _dimension(name, values) for name, values in space.items()}


def points_of(n: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Give n points of a scrambled Sobol sequence, one in each n-th of every axis.

    Examples
    --------
    >>> np.sort((4 * points_of(4, 1, seed=0)).astype(int).ravel())
    array([0, 1, 2, 3])
    """
    from scipy.stats import qmc

    exponent = max(n - 1, 0).bit_length()
    points = qmc.Sobol(dimensions, seed=seed).random_base2(exponent)[:n]
    ranks = np.argsort(np.argsort(points, axis=0, kind="stable"), axis=0)
    within = np.random.default_rng(seed).uniform(size=points.shape)
    return np.asarray((ranks + within) / n)


def _dimension(name: str, values: Any) -> Dimension:
    if isinstance(values, tuple):
        return _range(name, values)
    if callable(getattr(values, "ppf", None)):
        return Distribution(values)
    if hasattr(values, "tolist") or (isinstance(values, Sequence) and not isinstance(values, str)):
        choices = tuple(values.tolist() if hasattr(values, "tolist") else values)
        if choices:
            return Choices(choices)
    raise ParameterError(
        f"The values of '{name}' must be a list, (low, high), (low, high, 'log') or a distribution "
        f"with ppf. Got {values!r:.80}."
    )


def _range(name: str, values: tuple[Any, ...]) -> Range:
    numbers = values[:2]
    log = values[2:] == ("log",)
    good = len(values) == 2 + log and all(
        isinstance(x, int | float | np.number) and not isinstance(x, bool) and math.isfinite(x)
        for x in numbers
    )
    if not good or not numbers[0] < numbers[1] or (log and numbers[0] <= 0):
        raise ParameterError(
            f"A range of '{name}' must be (low, high) or (low, high, 'log') with low < high, and "
            f"low > 0 for 'log'. Got {values!r:.80}.",
            hint="Give values to choose from as a list.",
        )
    low, high = (x.item() if isinstance(x, np.number) else x for x in numbers)
    return Range(low, high, log)
