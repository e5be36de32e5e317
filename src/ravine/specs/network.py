"""Network: what is fitted, a stack of layers and a loss."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, ClassVar

from ravine.errors import ParameterError
from ravine.specs.layers import Embedding, Layer, Normalize, PiecewiseLinear
from ravine.specs.losses import Loss, SquaredError
from ravine.specs.rules import Items, Rule
from ravine.specs.spec import Family, Member, Spec, short

__all__ = ["Network"]

_LINE = 88
_SQUARED_ERROR = SquaredError()


@dataclass(frozen=True, repr=False)
class Network(Spec):
    """What is fitted: layers, one after the other, and the loss of the last one's output.

    The shape of the input is not part of it; training takes it from the data.

    Parameters
    ----------
    layers : list of Layer
        At least one; kept as a tuple. `Normalize` can only be the very first, `Embedding` the
        first or right after it.
    loss : str or Loss, default "squared_error"
        A loss of `ravine.losses`, or its name.

    Raises
    ------
    ParameterError
        If the layers cannot be in this order, whatever the data.

    Examples
    --------
    >>> import ravine as rv
    >>> network = rv.Network(
    ...     [rv.Normalize(), rv.Dense(64, activation="relu"), rv.Dropout(0.2), rv.Dense(1)],
    ...     loss="huber",
    ... )
    >>> network
    Network([
        Normalize(),
        Dense(64, activation='relu'),
        Dropout(0.2),
        Dense(1),
    ], loss='huber')
    >>> rv.Network.from_dict(network.to_dict()) == network
    True
    """

    layers: tuple[Layer, ...]
    loss: Loss = _SQUARED_ERROR

    if TYPE_CHECKING:

        def __init__(self, layers: Sequence[Layer], loss: str | Loss = "squared_error") -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "layers": Items(Member(Layer), at_least=1),
        "loss": Member(Loss),
    }

    def _check(self) -> None:
        for i, layer in enumerate(self.layers):
            if isinstance(layer, Normalize) and i > 0:
                raise ParameterError(
                    "Normalize must be the very first layer of a Network. "
                    f"Here it is layer {i + 1}; BatchNorm standardises inside a network."
                )
            before = self.layers[:i]
            if isinstance(layer, Embedding) and not _all(before, Normalize):
                raise ParameterError(
                    "Embedding reads the columns of a table: it must be the first layer of a "
                    f"Network or come right after Normalize. Here it is layer {i + 1}; one "
                    "Embedding can take several columns."
                )
            if isinstance(layer, PiecewiseLinear) and not _all(before, Normalize | Embedding):
                raise ParameterError(
                    "PiecewiseLinear reads the columns of a table: it must be the first layer of a "
                    "Network or come right after Normalize or Embedding. Here it is layer "
                    f"{i + 1}; one PiecewiseLinear can take several columns."
                )

    def __repr__(self) -> str:
        layers = [repr(layer) for layer in self.layers]
        end = f"], loss={short(self.loss)})"
        line = f"Network([{', '.join(layers)}{end}"
        if len(line) <= _LINE:
            return line
        return "\n".join(["Network([", *(f"    {layer}," for layer in layers), end])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{i}</td><td><code>{html.escape(repr(layer))}</code></td></tr>"
            for i, layer in enumerate(self.layers, 1)
        )
        loss = html.escape(repr(self.loss))
        return (
            f"<table><caption>Network, loss <code>{loss}</code></caption>"
            f"<thead><tr><th>layer</th><th></th></tr></thead><tbody>{rows}</tbody></table>"
        )


NETWORKS: Family[Network] = Family("a network", Network, (Network,))


def _all(layers: Iterable[Layer], kinds: type | UnionType) -> bool:
    return all(isinstance(layer, kinds) for layer in layers)
