"""Handles: objects that the engine holds for Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["engine_network"]


def engine_network(
    network: Mapping[str, Any], input_shape: Sequence[int], dropout: float, dtype: str
) -> Any:
    """Make the engine's handle of a network.

    Parameters
    ----------
    network : dict
        What is fitted: ``Network.to_dict()``.
    input_shape : sequence of int
        The shape of a row.
    dropout : float
        The recipe's dropout rate.
    dtype : {"float32", "float64"}
        The precision.

    Returns
    -------
    Network32 or Network64
        The handle.

    Examples
    --------
    >>> import ravine as rv
    >>> engine_network(rv.Network([rv.Dense(1)]).to_dict(), (3,), 0.0, "float32").n_parameters
    4
    """
    from ravine.engine import _engine

    kind = _engine.Network32 if dtype == "float32" else _engine.Network64
    return kind(dict(network), [int(size) for size in input_shape], float(dropout))
