"""`mlp`: the usual network in a line; and outputs that are filled in from the targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ParameterError
from .layers import Dense, Dropout, Layer, Normalize, Residual
from .losses import BinaryCrossEntropy, CrossEntropy
from .network import Network
from .rules import Flag, Number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .layers import Activation
    from .losses import Loss

__all__ = ["mlp", "with_outputs"]


def mlp(
    *hidden: int,
    outputs: int | None = 1,
    activation: str | Activation = "relu",
    dropout: float = 0,
    normalize: bool = True,
    loss: str | Loss = "squared_error",
) -> Network:
    """Make a multilayer perceptron: fully connected layers, one behind the other.

    Parameters
    ----------
    *hidden : int
        Units of each hidden layer, at least 1; none for a linear model.
    outputs : int or None, default 1
        Units of the last layer. None: filled in from y when the network is trained: its columns, or
        for ``"cross_entropy"`` the number of its classes.
    activation : str or Activation, default "relu"
        Of the hidden layers.
    dropout : float, default 0
        Dropout rate behind each hidden layer, in [0, 1).
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


def with_outputs(network: Network, y: Any, weights: NDArray[Any] | None = None) -> Network:
    """Fill in how many outputs a network has, where its last layer leaves that to the targets.

    Parameters
    ----------
    network : Network
        Any network.
    y : array-like or None
        Targets.
    weights : ndarray, optional
        Of their rows; those of weight 0 are absent, and so are classes that only they have.

    Returns
    -------
    Network
        The same, if its last layer says it.

    Raises
    ------
    ParameterError
        If there are no targets to tell it, or another layer than the last waits for them.
    DataError
        If the targets are not such as networks are trained on.

    Examples
    --------
    >>> with_outputs(mlp(outputs=None, normalize=False), [[1.0, 2.0], [3.0, 4.0]])
    Network([Dense(2)], loss='squared_error')
    """
    last = network.layers[-1]
    if any(map(_is_open, network.layers[:-1])) or (isinstance(last, Residual) and _is_open(last)):
        raise ParameterError(
            "Dense(None), whose units are filled in from y, can only be the last layer of a "
            "Network. Say how many units the others have."
        )
    if not isinstance(last, Dense) or last.units is not None:
        return network
    if y is None:
        raise ParameterError(
            "The network's last layer, Dense(None), takes its units from y, but there is no y.",
            hint="Say how many: Dense(1), or mlp(..., outputs=1).",
        )
    units = _outputs(network.loss, y, weights)
    return network.replace(layers=(*network.layers[:-1], last.replace(units=units)))


def _is_open(layer: Layer) -> bool:
    """Whether a layer's units are to be filled in."""
    if isinstance(layer, Residual):
        return any(map(_is_open, layer.layers))
    return isinstance(layer, Dense) and layer.units is None


def _outputs(loss: Loss, y: Any, weights: NDArray[Any] | None) -> int:
    import numpy as np

    from .labels import as_labels
    from .numeric import as_array

    if isinstance(loss, CrossEntropy):
        labels = as_labels(y)
        if weights is not None and len(weights) == len(labels):
            labels = labels[weights > 0]
        present = np.unique(labels)
        codes = labels.dtype.kind == "i" and present[0] >= 0
        return max(2, int(present[-1]) + 1 if codes and present[-1] < 2**16 else len(present))
    array = as_array(y, "y")
    columns = array.shape[1] if array.ndim == 2 else 1
    if isinstance(loss, BinaryCrossEntropy) and columns < 2:
        return 1
    return max(1, columns)
