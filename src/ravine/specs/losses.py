"""Losses: the error of one row's prediction, averaged over rows and outputs.

``z`` is what the last layer gives, ``y`` the target, ``r = z − y``. With sample weights ``s`` the
loss is ``Σ s_i L_i / Σ s_i``; several outputs are averaged. Terms in y alone are dropped where
that is said. Each loss has a name that can stand for it: ``Network(layers, loss="huber")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ravine.specs.rules import Number, Rule
from ravine.specs.spec import Family, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Gamma",
    "Huber",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
]


class Loss(Spec):
    """The base of every loss, and the way to write a custom one.

    A custom loss is a subclass with the methods `value` and `slope`; `respond` is needed where a
    prediction is not the output itself. It works wherever others do, more slowly;
    `ravine.check_gradients` checks its slope. A file keeps only its name (see
    `ravine.Model.put_back`).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Network([rv.Dense(1)], loss="huber").loss
    Huber()
    >>> class Quartic(rv.losses.Loss):
    ...     def value(self, z, y):
    ...         return ((z - y) ** 4).sum(axis=1)
    ...
    ...     def slope(self, z, y):
    ...         return 4 * (z - y) ** 3
    >>> network = rv.Network([rv.Dense(1)], loss=Quartic())
    >>> rv.check_gradients(network, [[0.5], [-1.0]], [1.0, 2.0]).passed
    True
    """

    def value(self, z: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> ArrayLike:
        """Compute the loss of each row.

        Parameters
        ----------
        z : ndarray of shape (rows, outputs)
            What the last layer gives, in the precision of training.
        y : ndarray of shape (rows, outputs)
            The targets.

        Returns
        -------
        ndarray of shape (rows,)
            A number for each row, whatever the number of outputs.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def slope(self, z: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> ArrayLike:
        """Compute the derivative of each row's loss.

        Parameters
        ----------
        z, y : ndarray of shape (rows, outputs)
            As for `value`.

        Returns
        -------
        ndarray of shape (rows, outputs)
            ∂value/∂z.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def respond(self, z: NDArray[np.floating[Any]]) -> ArrayLike:
        """Turn outputs into predictions (the inverse link).

        Parameters
        ----------
        z : ndarray of shape (rows, outputs)
            What the last layer gives.

        Returns
        -------
        ndarray of shape (rows, outputs)
            Unless a custom loss says otherwise, z.
        """
        return z


@dataclass(frozen=True, repr=False)
class SquaredError(Loss):
    """Squared error, ``r²``, without a half. Name: ``"squared_error"``.

    Predicts the mean.

    Examples
    --------
    >>> from ravine.losses import SquaredError
    >>> SquaredError()
    SquaredError()
    """


@dataclass(frozen=True, repr=False)
class AbsoluteError(Loss):
    """Absolute error, ``|r|``; its derivative at 0 is taken as 0. Name: ``"absolute_error"``.

    Predicts the median.

    Examples
    --------
    >>> from ravine.losses import AbsoluteError
    >>> AbsoluteError()
    AbsoluteError()
    """


@dataclass(frozen=True, repr=False)
class Huber(Loss):
    """Huber's loss, ``½ r²`` if ``|r| ≤ δ``, else ``δ (|r| − ½ δ)``. Name: ``"huber"``.

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

    _rules: ClassVar[Mapping[str, Rule]] = {"delta": Number(above=0)}


@dataclass(frozen=True, repr=False)
class Quantile(Loss):
    """The pinball loss, ``max(τ (y − z), (τ − 1) (y − z))``. Name: ``"quantile"``.

    Predicts the τ-quantile; its derivative at y = z is taken as 0.

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

    _rules: ClassVar[Mapping[str, Rule]] = {"tau": Number(above=0, below=1)}


@dataclass(frozen=True, repr=False)
class Poisson(Loss):
    """Poisson's negative log-likelihood with a log link, ``e^z − y z``. Name: ``"poisson"``.

    z is the logarithm of the mean, predictions are ``e^z``, targets are at least 0. The term
    ``log y!`` is dropped.

    References
    ----------
    McCullagh & Nelder (1989), Generalized Linear Models, chapter 6.

    Examples
    --------
    >>> from ravine.losses import Poisson
    >>> Poisson()
    Poisson()
    """


@dataclass(frozen=True, repr=False)
class Gamma(Loss):
    """The gamma distribution's negative log-likelihood with a log link, ``z + y e^(−z)``.

    Name: ``"gamma"``. z is the logarithm of the mean, predictions are ``e^z``, targets are greater
    than 0. The dispersion is taken as 1 and terms in y alone are dropped.

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


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """Cross-entropy of 0/1 targets on logits. Name: ``"binary_cross_entropy"``.

    ``max(z, 0) − y z + log(1 + e^(−|z|))``, which is ``−y log p − (1 − y) log(1 − p)`` with
    ``p = 1 / (1 + e^(−z))``, and never overflows.

    Examples
    --------
    >>> from ravine.losses import BinaryCrossEntropy
    >>> BinaryCrossEntropy()
    BinaryCrossEntropy()
    """


@dataclass(frozen=True, repr=False)
class CrossEntropy(Loss):
    """Cross-entropy of one class out of K on logits. Name: ``"cross_entropy"``.

    ``log Σ_j e^(z_j) − Σ_j q_j z_j`` with ``q_j = (1 − s) [j = y] + s / K``, the largest logit
    taken out before the exponential.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s, in [0, 1).

    References
    ----------
    Szegedy et al. (2016), Rethinking the Inception Architecture, section 7 (label smoothing).

    Examples
    --------
    >>> from ravine.losses import CrossEntropy
    >>> CrossEntropy(label_smoothing=0.1)
    CrossEntropy(label_smoothing=0.1)
    """

    label_smoothing: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = {"label_smoothing": Number(at_least=0, below=1)}


LOSSES: Family[Loss] = Family(
    "a loss",
    Loss,
    (
        SquaredError,
        AbsoluteError,
        Huber,
        Quantile,
        Poisson,
        Gamma,
        BinaryCrossEntropy,
        CrossEntropy,
    ),
    {
        "squared_error": SquaredError(),
        "absolute_error": AbsoluteError(),
        "huber": Huber(),
        "quantile": Quantile(),
        "poisson": Poisson(),
        "gamma": Gamma(),
        "binary_cross_entropy": BinaryCrossEntropy(),
        "cross_entropy": CrossEntropy(),
    },
    extensible=("value", "slope"),
)
