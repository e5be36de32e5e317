"""The two directions of a slice through a model's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine.diagnostics.model_gradients import Array
from ravine.errors import ParameterError
from ravine.models.model import Model

__all__ = ["directions_of", "random_directions"]

_SEED = 0x2018


def directions_of(
    kind: str | Sequence[Model], model: Model, layout: Sequence[dict[str, Any]], paths: list[Array]
) -> Array:
    """Give two directions as rows.

    Parameters
    ----------
    kind : {"random", "trajectory"} or sequence of Model
        As in `surface`.
    model : Model
        Where the slice is centred.
    layout : sequence of dict
        Where each array lies in the vector of parameters.
    paths : list of ndarray, shape (steps, parameters)
        Ways of the weights.

    Returns
    -------
    ndarray, shape (2, parameters)
        The directions.

    Raises
    ------
    ParameterError
        If the kind is none of these, or it lacks what it needs.
    """
    w = model.parameters_vector.astype(np.float64)
    if isinstance(kind, str):
        if kind == "random":
            return random_directions(w, layout)
        if kind == "trajectory":
            return _of_paths(w, paths)
    elif isinstance(kind, list | tuple) and len(kind) == 2:
        return _to_models(w, model, kind)
    raise ParameterError(
        "The 'directions' parameter of surface must be 'random', 'trajectory' or two Models. "
        f"Got {kind!r}."
    )


def random_directions(w: Array, layout: Sequence[dict[str, Any]]) -> Array:
    """Draw two directions, normalised filter by filter (Li 2018).

    The part of each unit's incoming weights gets the norm of these weights; biases and
    normalisation parameters stay as they are.

    Parameters
    ----------
    w : ndarray, shape (parameters,)
        Where the slice is centred.
    layout : sequence of dict
        Where each array lies.

    Returns
    -------
    ndarray, shape (2, parameters)
        The directions.
    """
    drawn = np.random.default_rng(_SEED).normal(size=(2, len(w)))
    found = np.zeros_like(drawn)
    for part in layout:
        if part["role"] != "weight":
            continue
        place = slice(part["offset"], part["offset"] + part["size"])
        units = part["shape"][-1]
        own = w[place].reshape(-1, units)
        for direction, result in zip(drawn, found, strict=True):
            filters = direction[place].reshape(-1, units)
            lengths = np.linalg.norm(own, axis=0) / np.linalg.norm(filters, axis=0)
            result[place] = (filters * lengths).ravel()
    return found


def _of_paths(w: Array, paths: list[Array]) -> Array:
    """Give the two principal directions of the ways to w."""
    if not paths:
        raise ParameterError(
            "surface(directions='trajectory') needs the weights along a path.",
            hint="Pass paths=[array of shape (steps, parameters)].",
        )
    _, _, main = np.linalg.svd(np.vstack(paths) - w, full_matrices=False)
    if len(main) < 2:
        raise ParameterError("surface(directions='trajectory') needs a path of at least 2 steps.")
    return np.asarray(main[:2])


def _to_models(w: Array, model: Model, others: Sequence[Model]) -> Array:
    for other in others:
        if not isinstance(other, Model) or other.parameters_vector.size != w.size:
            raise ParameterError(
                "The Models in the 'directions' parameter of surface must have the network of the "
                f"model, {model!r}. Got {other!r}."
            )
    return np.array([other.parameters_vector - w for other in others])
