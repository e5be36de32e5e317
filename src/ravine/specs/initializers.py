"""Initializers: the weights before the first step.

``I`` and ``O`` are the inputs and outputs of the weight matrix. Biases start at 0. The usual ones
have names: ``Dense(64, initializer="he_normal")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ravine.specs.rules import Choice, Number, Rule
from ravine.specs.spec import Family, Spec, kinds_in

__all__ = [
    "Constant",
    "Glorot",
    "He",
    "Initializer",
    "LeCun",
    "Normal",
    "Orthogonal",
    "Uniform",
]

Distribution = Literal["uniform", "normal"]

_DISTRIBUTION: Mapping[str, Rule] = {"distribution": Choice(("uniform", "normal"))}


class Initializer(Spec):
    """The base of every initializer.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Dense(64, initializer="he_normal").initializer
    He()
    """


@dataclass(frozen=True, repr=False)
class Constant(Initializer):
    """Every weight the same. Names: ``"constant"`` and ``"zeros"`` (0), ``"ones"`` (1).

    Parameters
    ----------
    value : float, default 0.0
        The value.

    Examples
    --------
    >>> from ravine.initializers import Constant
    >>> Constant(0.5)
    Constant(value=0.5)
    """

    value: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = {"value": Number()}


@dataclass(frozen=True, repr=False)
class Normal(Initializer):
    """Normal with mean 0, not truncated: ``N(0, stddev²)``. Name: ``"normal"``.

    Parameters
    ----------
    stddev : float, default 0.05
        Standard deviation, at least 0.

    Examples
    --------
    >>> from ravine.initializers import Normal
    >>> Normal(0.01)
    Normal(stddev=0.01)
    """

    stddev: float = 0.05

    _rules: ClassVar[Mapping[str, Rule]] = {"stddev": Number(at_least=0)}


@dataclass(frozen=True, repr=False)
class Uniform(Initializer):
    """Uniform around 0: ``U(−limit, limit)``. Name: ``"uniform"``.

    Parameters
    ----------
    limit : float, default 0.05
        Half the width, at least 0.

    Examples
    --------
    >>> from ravine.initializers import Uniform
    >>> Uniform(0.1)
    Uniform(limit=0.1)
    """

    limit: float = 0.05

    _rules: ClassVar[Mapping[str, Rule]] = {"limit": Number(at_least=0)}


@dataclass(frozen=True, repr=False)
class Glorot(Initializer):
    """Variance ``2 / (I + O)``, for symmetric activations.

    Names: ``"glorot_uniform"`` (limit ``√(6 / (I + O))``) and ``"glorot_normal"``.

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default "uniform"
        The distribution; both have the variance above.

    References
    ----------
    Glorot & Bengio (2010), AISTATS, equation 16.

    Examples
    --------
    >>> from ravine.initializers import Glorot
    >>> Glorot("normal")
    Glorot(distribution='normal')
    """

    distribution: Distribution = "uniform"

    _rules: ClassVar[Mapping[str, Rule]] = _DISTRIBUTION


@dataclass(frozen=True, repr=False)
class He(Initializer):
    """Variance ``2 / I``, for the ReLU family.

    Names: ``"he_normal"`` and ``"he_uniform"`` (limit ``√(6 / I)``).

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default "normal"
        The distribution; both have the variance above.

    References
    ----------
    He et al. (2015), Delving Deep into Rectifiers, ICCV, equation 10.

    Examples
    --------
    >>> from ravine.initializers import He
    >>> He("uniform")
    He(distribution='uniform')
    """

    distribution: Distribution = "normal"

    _rules: ClassVar[Mapping[str, Rule]] = _DISTRIBUTION


@dataclass(frozen=True, repr=False)
class LeCun(Initializer):
    """Variance ``1 / I``, for SELU.

    Names: ``"lecun_normal"`` and ``"lecun_uniform"`` (limit ``√(3 / I)``).

    Parameters
    ----------
    distribution : {"uniform", "normal"}, default "normal"
        The distribution; both have the variance above.

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), Efficient BackProp, section 4.6.

    Examples
    --------
    >>> from ravine.initializers import LeCun
    >>> LeCun()
    LeCun()
    """

    distribution: Distribution = "normal"

    _rules: ClassVar[Mapping[str, Rule]] = _DISTRIBUTION


@dataclass(frozen=True, repr=False)
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, times ``gain``. Name: ``"orthogonal"``.

    Parameters
    ----------
    gain : float, default 1.0
        Factor, at least 0.

    References
    ----------
    Saxe, McClelland & Ganguli (2014), ICLR.

    Examples
    --------
    >>> from ravine.initializers import Orthogonal
    >>> Orthogonal(gain=2.0)
    Orthogonal(gain=2.0)
    """

    gain: float = 1.0

    _rules: ClassVar[Mapping[str, Rule]] = {"gain": Number(at_least=0)}


INITIALIZERS: Family[Initializer] = Family(
    "an initializer",
    Initializer,
    kinds_in(Initializer, __name__),
    {
        "zeros": Constant(0.0),
        "ones": Constant(1.0),
        "constant": Constant(),
        "normal": Normal(),
        "uniform": Uniform(),
        "glorot_uniform": Glorot("uniform"),
        "glorot_normal": Glorot("normal"),
        "he_uniform": He("uniform"),
        "he_normal": He("normal"),
        "lecun_uniform": LeCun("uniform"),
        "lecun_normal": LeCun("normal"),
        "orthogonal": Orthogonal(),
    },
)
