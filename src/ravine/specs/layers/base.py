"""What every layer is, and activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from ravine.specs.rules import (
    Choice,
    Maybe,
    Number,
    Rule,
    broken,
)
from ravine.specs.spec import Spec

__all__ = [
    "ACTIVATIONS",
    "ALPHA_DEFAULTS",
    "Activation",
    "ActivationName",
    "ActivationOrName",
    "Layer",
]


#: The activations by name.
ACTIVATIONS = (
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
)


#: Those that have a parameter α, and its default.
ALPHA_DEFAULTS = {"leaky_relu": 0.01, "elu": 1.0}


ActivationName = Literal[
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
]


class Layer(Spec):
    """The base of every layer.

    Examples
    --------
    >>> import ravine as rv
    >>> [layer.__class__.__name__ for layer in rv.Network([rv.Normalize(), rv.Dense(1)]).layers]
    ['Normalize', 'Dense']
    """

    _only_first: ClassVar[bool] = False  # whether it reads the table itself


@dataclass(frozen=True, repr=False)
class Activation(Layer):
    """An element-wise function.

    ==============  ====================================================================
    name            y
    ==============  ====================================================================
    ``identity``    ``x``
    ``relu``        ``max(x, 0)``
    ``leaky_relu``  ``x`` if x > 0, else ``α x`` (α = 0.01)
    ``elu``         ``x`` if x > 0, else ``α (e^x − 1)`` (α = 1)
    ``selu``        ``1.0507 · x`` if x > 0, else ``1.0507 · 1.67326 (e^x − 1)``
    ``gelu``        ``x Φ(x)``, Φ the normal distribution function, exact by erf
    ``silu``        ``x / (1 + e^(−x))``
    ``mish``        ``x tanh(log(1 + e^x))``
    ``softplus``    ``log(1 + e^x)``
    ``tanh``        ``tanh(x)``
    ``sigmoid``     ``1 / (1 + e^(−x))``
    ==============  ====================================================================

    Parameters
    ----------
    name : str
        One of the names above.
    alpha : float, optional
        α of ``leaky_relu`` and ``elu``, at least 0. None: the value above.

    References
    ----------
    Maas et al. (2013), leaky ReLU; Clevert et al. (2016), ELU; Klambauer et al. (2017), SELU;
    Hendrycks & Gimpel (2016), GELU; Elfwing et al. (2018), SiLU; Misra (2019), Mish.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Activation("leaky_relu", alpha=0.2)
    Activation('leaky_relu', alpha=0.2)
    """

    name: ActivationName
    _: KW_ONLY
    alpha: float | None = None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "name": Choice(ACTIVATIONS),
        "alpha": Maybe(Number(at_least=0)),
    }

    def _check(self) -> None:
        if self.alpha is not None and self.name not in ALPHA_DEFAULTS:
            raise broken(
                "Activation", "alpha", f"None for '{self.name}', which has none", self.alpha
            )

    def _shorthand(self) -> str | None:
        return self.name if self.alpha is None else None


@dataclass(frozen=True)
class ActivationOrName:
    """The rule of an activation: an `Activation`, its dictionary or its name."""

    def __call__(self, owner: str, name: str, value: Any) -> Activation:
        """Give the activation, or an error that names its owner."""
        if isinstance(value, Activation):
            return value
        if isinstance(value, Mapping):
            return Activation.from_dict(value)
        if isinstance(value, str):
            Choice(ACTIVATIONS)(owner, name, value)
            return Activation(value)  # type: ignore[arg-type]
        raise broken(owner, name, "None, an Activation or its name", value)
