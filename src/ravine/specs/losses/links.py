"""Links: how a prediction follows from the output z of the last layer, and z from a prediction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LINKS", "Link", "LinkName"]

LinkName = Literal["identity", "log", "logit", "softmax"]


@dataclass(frozen=True)
class Link:
    """The function that turns predictions p into outputs z.

    Parameters
    ----------
    lowest, highest : float
        Predictions lie strictly between them.
    outputs : callable
        Gives z for p; both are arrays of shape (n, outputs).
    predictions : callable
        Gives p for z.

    Examples
    --------
    >>> import numpy as np
    >>> LINKS["log"].inside(np.array([[0.0], [5.0]]), margin=0.5)
    array([[0.5],
           [5. ]])
    """

    lowest: float
    highest: float
    outputs: Callable[[NDArray[Any]], NDArray[Any]]
    predictions: Callable[[NDArray[Any]], NDArray[Any]]

    def holds(self, predictions: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which predictions lie in the range; NaN never does."""
        return (predictions > self.lowest) & (predictions < self.highest)

    def inside(self, predictions: NDArray[Any], margin: float) -> NDArray[Any]:
        """Move predictions that are closer than ``margin`` to an end of the range away from it."""
        return predictions.clip(self.lowest + margin, self.highest - margin)


def _identity(p: NDArray[Any]) -> NDArray[Any]:
    return p


def _log(p: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    found: NDArray[Any] = np.log(p)
    return found


def _logit(p: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    found: NDArray[Any] = np.log(p) - np.log1p(-p)
    return found


def _exp(z: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    with np.errstate(over="ignore"):
        found: NDArray[Any] = np.exp(z)
    return found


def _sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    e = np.exp(-np.abs(z))
    found: NDArray[Any] = np.where(z < 0, e, 1) / (1 + e)
    return found


def _softmax(z: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    e = np.exp(z - z.max(axis=1, keepdims=True))
    found: NDArray[Any] = e / e.sum(axis=1, keepdims=True)
    return found


#: ``p = z``; ``p = e^z``; ``p = 1 / (1 + e^(−z))``; ``p_j = e^(z_j) / Σ_k e^(z_k)``, where
#: ``z_j = log p_j`` is one of the outputs that give p.
LINKS: Mapping[LinkName, Link] = {
    "identity": Link(-math.inf, math.inf, _identity, _identity),
    "log": Link(0.0, math.inf, _log, _exp),
    "logit": Link(0.0, 1.0, _logit, _sigmoid),
    "softmax": Link(0.0, 1.0, _log, _softmax),
}
