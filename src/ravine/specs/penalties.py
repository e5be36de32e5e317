"""Norm penalties: what is added to the loss for large weights.

The penalised loss is ``L̃ = L + Σ_l α_l Ω(w_l)``. Biases and normalisation parameters are left out
unless ``include_bias=True``; α = 0 is exactly no penalty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ravine.specs.rules import Flag, Number, Rule
from ravine.specs.spec import Family, Spec, kinds_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["L1", "L2", "ElasticNet", "Penalty"]


class Penalty(Spec):
    """The base of every penalty, and the way to write a custom one.

    A custom penalty is a subclass with the methods `value` and `gradient`, α included. They are
    called for each array of weights, and for biases too if it has ``include_bias = True``. It
    works wherever others do, more slowly; a file keeps only its name (see
    `ravine.Model.put_back`).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Recipe(penalty=rv.L2(1e-4)).penalty
    L2(0.0001)
    >>> class Quartic(rv.Penalty):
    ...     def value(self, w):
    ...         return 0.01 * (w**4).sum()
    ...
    ...     def gradient(self, w):
    ...         return 0.04 * w**3
    >>> rv.Recipe(penalty=Quartic()).penalty
    Quartic()
    """

    def value(self, w: NDArray[np.floating[Any]]) -> float:
        """Compute what is added to the loss.

        Parameters
        ----------
        w : ndarray
            An array of weights in its own shape, such as (inputs, outputs).

        Returns
        -------
        float
            The penalty.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def gradient(self, w: NDArray[np.floating[Any]]) -> ArrayLike:
        """Compute the gradient of `value`.

        Parameters
        ----------
        w : ndarray
            As for `value`.

        Returns
        -------
        ndarray
            Of the shape of w.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def _engine_part(self, number: Number | None) -> dict[str, Any]:
        from ravine.specs.custom import PenaltyPart

        include_bias = bool(getattr(self, "include_bias", False))
        return {"part": PenaltyPart(self), "include_bias": include_bias}


@dataclass(frozen=True, repr=False)
class L1(Penalty):
    """Sum of absolute weights: ``α Σ|w|``.

    Parameters
    ----------
    alpha : float
        α, at least 0.
    proximal : bool, default False
        False adds ``α sign(w)`` to the gradient, and weights come close to 0. True shrinks them
        after each step, ``w ← sign(w) max(|w| − η_i α, 0)``, and weights become exactly 0; η_i is
        what the optimizer makes of the rate for a steady gradient: η for plain descent,
        ``η / (1 − β)`` with momentum, ``η / (√v̂ + ε)`` for Adam.
    include_bias : bool, default False
        Whether biases and normalisation parameters are penalised as well.

    References
    ----------
    Tibshirani (1996), JRSS B 58(1); Parikh & Boyd (2014), Proximal Algorithms, section 4.2.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.L1(0.01, proximal=True)
    L1(0.01, proximal=True)
    """

    alpha: float
    _: KW_ONLY
    proximal: bool = False
    include_bias: bool = False

    _rules: ClassVar[Mapping[str, Rule]] = {
        "alpha": Number(at_least=0),
        "proximal": Flag(),
        "include_bias": Flag(),
    }


@dataclass(frozen=True, repr=False)
class L2(Penalty):
    """Half the squared norm of the weights: ``α ½ ‖w‖²``.

    Its gradient, ``α w``, is part of g and goes through the optimizer's formula; the decoupled
    ``weight_decay`` of an optimizer does not.

    Parameters
    ----------
    alpha : float
        α, at least 0.
    include_bias : bool, default False
        Whether biases and normalisation parameters are penalised as well.

    References
    ----------
    Hoerl & Kennard (1970), Technometrics 12(1).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.L2(1e-4)
    L2(0.0001)
    """

    alpha: float
    _: KW_ONLY
    include_bias: bool = False

    _rules: ClassVar[Mapping[str, Rule]] = {"alpha": Number(at_least=0), "include_bias": Flag()}


@dataclass(frozen=True, repr=False)
class ElasticNet(Penalty):
    """Both: ``α (l1_ratio Σ|w| + (1 − l1_ratio) ½ ‖w‖²)``.

    Parameters
    ----------
    alpha : float
        α, at least 0.
    l1_ratio : float, default 0.5
        The part of L1, in [0, 1].
    proximal : bool, default False
        True takes the L1 part by soft-thresholding after each step, as `L1` does.
    include_bias : bool, default False
        Whether biases and normalisation parameters are penalised as well.

    References
    ----------
    Zou & Hastie (2005), JRSS B 67(2), in the form of Friedman, Hastie & Tibshirani (2010).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.ElasticNet(0.01, l1_ratio=0.9)
    ElasticNet(0.01, l1_ratio=0.9)
    """

    alpha: float
    _: KW_ONLY
    l1_ratio: float = 0.5
    proximal: bool = False
    include_bias: bool = False

    _rules: ClassVar[Mapping[str, Rule]] = {
        "alpha": Number(at_least=0),
        "l1_ratio": Number(at_least=0, at_most=1),
        "proximal": Flag(),
        "include_bias": Flag(),
    }


PENALTIES: Family[Penalty] = Family(
    "a penalty", Penalty, kinds_in(Penalty, __name__), extensible=("value", "gradient")
)
