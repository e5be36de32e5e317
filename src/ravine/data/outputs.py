"""The number of outputs, taken from the targets: Dense(None), the last layer of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.labels import as_labels
from ravine.errors import ParameterError
from ravine.ground.numeric import as_array
from ravine.specs.layers import Dense, Layer, Residual
from ravine.specs.losses import Loss
from ravine.specs.network import Network

__all__ = ["with_outputs"]


def with_outputs(network: Network, y: Any, weights: NDArray[Any] | None = None) -> Network:
    """Fill in the number of outputs of a network whose last layer leaves it to the targets.

    Parameters
    ----------
    network : Network
        Any network.
    y : array-like or None
        Targets.
    weights : ndarray, optional
        Weights of the rows; rows of weight 0 are absent, and so are classes that only they have.

    Returns
    -------
    Network
        The same network, if its last layer has a number of units.

    Raises
    ------
    ParameterError
        If there are no targets, or a layer other than the last has no number of units.
    DataError
        If the targets cannot be trained on.

    Examples
    --------
    >>> import ravine as rv
    >>> with_outputs(rv.mlp(outputs=None, normalize=False), [[1.0, 2.0], [3.0, 4.0]])
    Network([Dense(2)], loss='squared_error')
    """
    last = network.layers[-1]
    if any(map(_is_open, network.layers[:-1])) or (isinstance(last, Residual) and _is_open(last)):
        raise ParameterError(
            "Dense(None), which takes its units from y, can only be the last layer of a "
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
    """Whether a layer takes its units from y."""
    if isinstance(layer, Residual):
        return any(map(_is_open, layer.layers))
    return isinstance(layer, Dense) and layer.units is None


def _outputs(loss: Loss, y: Any, weights: NDArray[Any] | None) -> int:
    if loss.targets == "classes":
        labels = as_labels(y)
        if weights is not None and len(weights) == len(labels):
            labels = labels[weights > 0]
        present = np.unique(labels)
        codes = labels.dtype.kind == "i" and present[0] >= 0
        return max(2, int(present[-1]) + 1 if codes and present[-1] < 2**16 else len(present))
    array = as_array(y, "y")
    columns = array.shape[1] if array.ndim == 2 else 1
    return max(1, columns)
