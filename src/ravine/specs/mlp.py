"""`mlp`: the usual network in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ravine.errors import ParameterError
from ravine.specs.layers import Dense, Dropout, Layer, Normalize
from ravine.specs.network import Network
from ravine.specs.rules import Flag, Number

if TYPE_CHECKING:
    from ravine.specs.layers import Activation
    from ravine.specs.losses import Loss

__all__ = ["mlp"]


def mlp(
    *hidden: int,
    outputs: int | None = 1,
    activation: str | Activation = "relu",
    dropout: float = 0,
    normalize: bool = True,
    loss: str | Loss = "squared_error",
) -> Network:
    """Make a multilayer perceptron: fully connected layers, one after the other.

    Parameters
    ----------
    *hidden : int
        Units of each hidden layer, at least 1; none for a linear model.
    outputs : int or None, default 1
        Units of the last layer. None: taken from y when the network is trained: the number of its
        columns, or of its classes for ``"cross_entropy"``.
    activation : str or Activation, default "relu"
        Activation of the hidden layers.
    dropout : float, default 0
        Dropout rate after each hidden layer, in [0, 1).
    normalize : bool, default True
        Whether inputs are standardised first.
    loss : str or Loss, default "squared_error"
        A loss of `ravine.losses` or its name.

    Returns
    -------
    Network
        The network.

    Raises
    ------
    ParameterError
        If a value breaks its rule.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.mlp(64, 32, dropout=0.1)
    Network([
        Normalize(),
        Dense(64, activation='relu'),
        Dropout(0.1),
        Dense(32, activation='relu'),
        Dropout(0.1),
        Dense(1),
    ], loss='squared_error')
    >>> rv.mlp(8, outputs=None, normalize=False, loss="cross_entropy")
    Network([Dense(8, activation='relu'), Dense(None)], loss='cross_entropy')
    """
    rate = Number(at_least=0, below=1)("mlp", "dropout", dropout)
    layers: list[Layer] = [Normalize()] if Flag()("mlp", "normalize", normalize) else []
    for units in hidden:
        if units is None:
            raise ParameterError("A hidden layer of mlp needs a number of units. Got None.")
        layers.append(Dense(units, activation=activation))  # type: ignore[arg-type]
        if rate > 0:
            layers.append(Dropout(rate))
    return Network([*layers, Dense(outputs)], loss=loss)
