"""Layers of units: Dense, Scale, and stacks with a shortcut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ravine.errors import ParameterError
from ravine.specs.initializers import Initializer
from ravine.specs.layers.base import Activation, ActivationName, ActivationOrName, Layer
from ravine.specs.penalties import Penalty
from ravine.specs.rules import (
    Either,
    Flag,
    Items,
    Maybe,
    Number,
    Rule,
    Whole,
)
from ravine.specs.spec import Member

__all__ = ["Dense", "Flatten", "Residual", "Scale"]


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """Every output from every input: ``y = f(x W + b)``.

    Parameters
    ----------
    units : int or None
        Outputs, at least 1. None, only in the last layer of a network: taken from y when the
        network is trained: the number of its columns, or of its classes.
    activation : str or Activation, optional
        f. None: the identity.
    use_bias : bool, default True
        Whether there is a b; it starts at 0.
    initializer : str or Initializer, optional
        How W starts. None: what suits the activation after it (He for the ReLU family, LeCun for
        SELU, Glorot otherwise).
    penalty : "recipe", None or Penalty, default "recipe"
        This layer's norm penalty; ``"recipe"`` takes the recipe's, None switches it off here.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Dense(64, activation="relu", penalty=rv.L2(1e-4))
    Dense(64, activation='relu', penalty=L2(0.0001))
    """

    units: int | None
    _: KW_ONLY
    activation: Activation | None = None
    use_bias: bool = True
    initializer: Initializer | None = None
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    if TYPE_CHECKING:

        def __init__(
            self,
            units: int | None,
            *,
            activation: ActivationName | Activation | None = None,
            use_bias: bool = True,
            initializer: str | Initializer | None = None,
            penalty: Literal["recipe"] | Penalty | None = "recipe",
        ) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "units": Maybe(Whole(at_least=1)),
        "activation": Maybe(ActivationOrName()),
        "use_bias": Flag(),
        "initializer": Maybe(Member(Initializer)),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }


@dataclass(frozen=True, repr=False)
class Scale(Layer):
    """Multiply each input by its own learnt factor: ``y_j = (1 + pace · s_j) x_j``.

    s starts at 0. A layer after it can then ignore uninformative inputs quickly; weight decay
    and penalties pull the factors towards 1.

    Parameters
    ----------
    pace : float, default 6.0
        How many times as fast the factor moves as other weights do under an optimizer whose steps
        do not depend on how large a gradient is (Adam); greater than 0.
    penalty : "recipe", None or Penalty, default "recipe"
        Norm penalty on s; ``"recipe"`` takes the recipe's, None switches it off here.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted
    Trees on Tabular Data, NeurIPS, section 3. Departure: the pace is in the factor instead of the
    learning rate, so that decay pulls the factor to 1, not 0.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Scale(pace=1)
    Scale(pace=1.0)
    """

    _: KW_ONLY
    pace: float = 6.0
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    _rules: ClassVar[Mapping[str, Rule]] = {
        "pace": Number(above=0),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }


@dataclass(frozen=True, repr=False)
class Residual(Layer):
    """Add the output of a nested stack to its input: ``y = x + f(x)``.

    Parameters
    ----------
    layers : list of Layer
        f: at least one layer, none of them `Normalize` or `Embedding`; its output has the shape of
        its input.

    References
    ----------
    He et al. (2016), Deep Residual Learning for Image Recognition, CVPR, equation 1.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Residual([rv.Dense(8, activation="relu"), rv.Dense(8)])
    Residual([Dense(8, activation='relu'), Dense(8)])
    """

    layers: tuple[Layer, ...]

    if TYPE_CHECKING:

        def __init__(self, layers: Sequence[Layer]) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {"layers": Items(Member(Layer), at_least=1)}

    def _check(self) -> None:
        for layer in self.layers:
            if layer._only_first:
                kind = type(layer).__name__
                raise ParameterError(
                    f"{kind} reads the columns of a table: it cannot be in a Residual."
                )


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """Make one row of numbers from an image or any other array, in C order.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Flatten()
    Flatten()
    """
