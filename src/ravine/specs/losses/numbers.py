"""Losses of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ravine.specs.losses import statistics
from ravine.specs.losses.base import Loss, Numbers
from ravine.specs.losses.domains import DomainName
from ravine.specs.losses.links import LinkName
from ravine.specs.rules import Number, Rule

__all__ = ["AbsoluteError", "Gamma", "Huber", "Poisson", "Quantile", "SquaredError"]


@dataclass(frozen=True, repr=False)
class SquaredError(Loss):
    """Squared error, without a half.

    ``r²``. Predicts the mean.

    Name: ``"squared_error"``.

    Examples
    --------
    >>> from ravine.losses import SquaredError
    >>> SquaredError()
    SquaredError()
    """

    link: ClassVar[LinkName] = "identity"
    targets: ClassVar[DomainName] = "real"
    predicts: ClassVar[str] = "mean"
    unit_power: ClassVar[int] = 2
    measure: ClassVar[str] = "RMSE"
    measured_as_root: ClassVar[bool] = True

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the mean of each column."""
        return statistics.mean(y, weights)


@dataclass(frozen=True, repr=False)
class AbsoluteError(Loss):
    """Absolute error.

    ``|r|``. Predicts the median.

    Name: ``"absolute_error"``. The derivative at r = 0 is taken as 0.

    Examples
    --------
    >>> from ravine.losses import AbsoluteError
    >>> AbsoluteError()
    AbsoluteError()
    """

    link: ClassVar[LinkName] = "identity"
    targets: ClassVar[DomainName] = "real"
    predicts: ClassVar[str] = "median"
    unit_power: ClassVar[int] = 1
    measure: ClassVar[str] = "mean absolute error"

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the median of each column."""
        return statistics.quantile(y, weights, 0.5)


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """Huber's loss: squared near 0, absolute beyond δ.

    ``½ r²`` if ``|r| ≤ δ``, else ``δ (|r| − ½ δ)``. Predicts a number between median and
    mean: the M-estimate of location.

    Name: ``"huber"``.

    Parameters
    ----------
    delta : float, default 1.0
        δ, in units of the target, greater than 0.

    References
    ----------
    Huber (1964), Annals of Mathematical Statistics 35(1).

    Examples
    --------
    >>> from ravine.losses import Huber
    >>> Huber(delta=2.0)
    Huber(delta=2.0)
    """

    delta: float = 1.0

    link: ClassVar[LinkName] = "identity"
    targets: ClassVar[DomainName] = "real"
    predicts: ClassVar[str] = "Huber mean"
    unit_power: ClassVar[int] = 2
    measure: ClassVar[str] = "Huber loss"
    _rules: ClassVar[Mapping[str, Rule]] = {"delta": Number(above=0)}

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the M-estimate of location of each column."""
        return statistics.huber_location(y, weights, self.delta)


@dataclass(frozen=True, repr=False)
class Quantile(Loss):
    """The pinball loss.

    ``max(τ (y − z), (τ − 1) (y − z))``. Predicts the τ-quantile.

    Name: ``"quantile"``. The derivative at z = y is taken as 0.

    Parameters
    ----------
    tau : float, default 0.5
        τ, in (0, 1).

    References
    ----------
    Koenker & Bassett (1978), Econometrica 46(1).

    Examples
    --------
    >>> from ravine.losses import Quantile
    >>> Quantile(0.9)
    Quantile(tau=0.9)
    """

    tau: float = 0.5

    link: ClassVar[LinkName] = "identity"
    targets: ClassVar[DomainName] = "real"
    predicts: ClassVar[str] = "quantile"
    unit_power: ClassVar[int] = 1
    measure: ClassVar[str] = "quantile loss"
    _rules: ClassVar[Mapping[str, Rule]] = {"tau": Number(above=0, below=1)}

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the τ-quantile of each column."""
        return statistics.quantile(y, weights, self.tau)


@dataclass(frozen=True, repr=False)
class Poisson(Loss):
    """Poisson's negative log-likelihood with a log link.

    ``e^z − y z``, without ``log y!``. Predicts the mean, ``e^z``; targets are at least 0.

    Name: ``"poisson"``.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, chapter 6.

    Examples
    --------
    >>> from ravine.losses import Poisson
    >>> Poisson()
    Poisson()
    """

    link: ClassVar[LinkName] = "log"
    targets: ClassVar[DomainName] = "non_negative"
    predicts: ClassVar[str] = "mean"
    unit_power: ClassVar[int] = 1
    measure: ClassVar[str] = "Poisson loss"

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the mean of each column."""
        return statistics.mean(y, weights)


@dataclass(frozen=True, repr=False)
class Gamma(Loss):
    """The gamma distribution's negative log-likelihood with a log link.

    ``z + y e^(−z)``. Predicts the mean, ``e^z``; targets are greater than 0.

    Name: ``"gamma"``. The dispersion is taken as 1 and terms in y alone are dropped.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, chapter 8. The log link is not the
    canonical one; it keeps means positive.

    Examples
    --------
    >>> from ravine.losses import Gamma
    >>> Gamma()
    Gamma()
    """

    link: ClassVar[LinkName] = "log"
    targets: ClassVar[DomainName] = "positive"
    predicts: ClassVar[str] = "mean"
    unit_power: ClassVar[int] = 0
    measure: ClassVar[str] = "gamma loss"

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the mean of each column."""
        return statistics.mean(y, weights)
