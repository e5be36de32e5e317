"""A model as a document and arrays, and back, with every check that a file calls for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.engine.handles import engine_network
from ravine.errors import SpecError
from ravine.models.history import History
from ravine.models.stand_ins import (
    network_to_document,
    recipe_from_document,
    recipe_to_document,
    sizes_of_stand_ins,
)
from ravine.specs.layers import (
    Dense,
    Embedding,
    Layer,
    Periodic,
    PiecewiseLinear,
    Residual,
)
from ravine.specs.network import Network
from ravine.specs.spec import for_engine

__all__ = [
    "OFFSETS",
    "STATUSES",
    "named_views",
    "pack",
    "shifted_means",
    "unpack",
]

STATUSES = ("finished", "stopped early", "converged", "diverged", "interrupted")
"""How a run may have ended."""

_PARAMETERS, _STATE, _HISTORY = "parameters.", "state.", "history."
#: Named as state, so that a ravine which knows no offsets refuses the file.
OFFSETS = "state.offsets"
_SMALL = 1_000_000
_LABEL_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int64": int,
    "uint64": int,
    "bool": bool,
    "float64": float,
}


def named_views(
    vector: NDArray[Any], layout: Iterable[Mapping[str, Any]]
) -> dict[str, NDArray[Any]]:
    """Give views of a flat vector by name.

    Parameters
    ----------
    vector : ndarray
        All parameters, or all state; or several such vectors, one behind the other.
    layout : iterable of dict
        The engine's: name, shape, offset, size.

    Returns
    -------
    dict of str to ndarray
        Views, as writable as the vector.

    Examples
    --------
    >>> layout = [{"name": "dense_1.weight", "shape": (2, 1), "offset": 0, "size": 2}]
    >>> named_views(np.array([1.0, 2.0]), layout)
    {'dense_1.weight': array([[1.],
           [2.]])}
    """
    return {
        entry["name"]: vector[..., entry["offset"] : entry["offset"] + entry["size"]].reshape(
            (*vector.shape[:-1], *entry["shape"])
        )
        for entry in layout
    }


def shifted_means(
    state: NDArray[Any], handle: Any, offsets: NDArray[np.float64] | None, sign: int
) -> NDArray[Any]:
    """Give a state whose first Normalize layer knows X less the offsets times a sign, in double.

    Parameters
    ----------
    state : ndarray
        All state, flat.
    handle : Network32 or Network64
        The engine's handle of the network.
    offsets : ndarray of float64, shape (inputs,), or None
        None gives the state as it is.
    sign : {1, -1}
        1 takes the offsets away from the means, -1 gives them back.

    Returns
    -------
    ndarray
        A state of its own, in double, or the one that was given.

    Examples
    --------
    >>> import ravine as rv
    >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
    >>> handle = engine_network(network.to_dict(), (1,), 0.0, "float32")
    >>> shifted_means(np.array([3.0, 1.0]), handle, np.array([1e9]), -1)
    array([1.e+09, 1.e+00])
    """
    if offsets is None:
        return state
    state = state.astype(np.float64)
    mean = named_views(state, handle.state_layout)["normalize_1.mean"]
    mean -= sign * offsets.reshape(mean.shape)
    return state


def pack(model: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Turn a model into a document and arrays.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    document : dict
        Plain data.
    arrays : dict of str to ndarray
        Parameters, state, history and offsets by name.

    Raises
    ------
    SpecError
        If the network holds what no file can carry.

    Examples
    --------
    >>> pack.__name__  # see Model.to_parts
    'pack'
    """
    classes = model.classes
    document = {
        "network": network_to_document(model.network, model._engine),
        **recipe_to_document(model.recipe),
        "input_shape": list(model.input_shape),
        "one_dimensional": model.one_dimensional,
        "feature_names": None if model.feature_names is None else list(model.feature_names),
        "classes": None
        if classes is None
        else {
            "type": "str" if classes.dtype.kind == "U" else str(classes.dtype),
            "labels": classes.tolist(),
        },
        "status": model.status,
        "best_epoch": model.best_epoch,
        "message": model.message,
        "history": list(model.history.columns),
    }
    arrays = {_PARAMETERS + name: array for name, array in model.parameters.items()}
    state = named_views(model.state_vector, model._engine.state_layout)
    arrays |= {_STATE + name: array for name, array in state.items()}
    if model.offsets is not None:
        arrays[OFFSETS] = model.offsets
    arrays |= {_HISTORY + name: model.history[name] for name in model.history}
    return document, arrays


def unpack(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Turn a document and arrays into the fields of a model, after checking all of them.

    Parameters
    ----------
    document : mapping
        What `pack` gave, perhaps by way of a file.
    arrays : mapping of str to ndarray
        Likewise.

    Returns
    -------
    dict
        The arguments of `ravine.Model`.

    Raises
    ------
    SpecError, ParameterError, DataError
        If they describe no model.

    Examples
    --------
    >>> unpack({}, {})
    Traceback (most recent call last):
    ravine.errors.SpecError: The description of the model lacks 'network'.
    """
    network = Network.from_dict(_field(document, "network", dict))
    recipe = recipe_from_document(document)
    shape = _input_shape(document)
    _check_size(network, shape, arrays)
    handle = engine_network(for_engine(network), shape, recipe.dropout, recipe.dtype)
    status = _field(document, "status", str)
    if status not in STATUSES:
        raise SpecError(f"The status of the model must be one of {', '.join(STATUSES)}.")
    named = {name: array for name, array in arrays.items() if name != OFFSETS}
    vectors = [
        _gather(named, prefix, layout, recipe.dtype, finite=status != "diverged")
        for prefix, layout in ((_PARAMETERS, handle.layout), (_STATE, handle.state_layout))
    ]
    best_epoch = document.get("best_epoch")
    if best_epoch is not None and type(best_epoch) is not int:
        raise SpecError("The best epoch of the model must be a whole number.")
    return {
        "network": network,
        "recipe": recipe,
        "input_shape": shape,
        "parameters_vector": vectors[0],
        "state_vector": vectors[1],
        "offsets": _offsets(arrays, handle, recipe.dtype, math.prod(shape)),
        "feature_names": _feature_names(document, shape),
        "history": _history(document, arrays, best_epoch),
        "classes": _classes(document, network, handle.n_outputs),
        "one_dimensional": _field(document, "one_dimensional", bool),
        "status": status,
        "best_epoch": best_epoch,
        "message": _field(document, "message", str),
    }


def _field(document: Mapping[str, Any], name: str, kind: type) -> Any:
    if name not in document:
        raise SpecError(f"The description of the model lacks '{name}'.")
    value = document[name]
    if not isinstance(value, kind):
        raise SpecError(f"'{name}' of the model must be of type {kind.__name__}.")
    return value


def _input_shape(document: Mapping[str, Any]) -> tuple[int, ...]:
    shape = _field(document, "input_shape", list)
    if not 1 <= len(shape) <= 3 or not all(type(s) is int and 0 < s < 2**31 for s in shape):
        raise SpecError("The 'input_shape' of the model must be one to three whole numbers.")
    return tuple(shape)


def _check_size(network: Network, shape: Sequence[int], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a network that is larger than its file, before the engine makes room for it."""
    stored = sum(array.size for array in arrays.values())
    largest = max([*_sizes(network.layers), *sizes_of_stand_ins(network.layers)], default=0)
    if largest > stored or math.prod(shape) > max(stored, _SMALL):
        raise SpecError("The network is larger than the arrays in the file.")


def _sizes(layers: Iterable[Layer]) -> Iterable[int]:
    """Numbers that a layer must have at least as many parameters as."""
    for layer in layers:
        if isinstance(layer, Dense):
            if layer.units is None:
                raise SpecError("The last layer of the network has no number of units.")
            yield layer.units
        elif isinstance(layer, Embedding):
            yield from (a * b for a, b in zip(layer.levels, layer.dimension, strict=True))
        elif isinstance(layer, PiecewiseLinear):
            yield layer.units * sum(layer.bins)
        elif isinstance(layer, Periodic):
            yield len(layer.columns) * layer.frequencies
        elif isinstance(layer, Residual):
            yield from _sizes(layer.layers)


def _gather(
    arrays: Mapping[str, NDArray[Any]],
    prefix: str,
    layout: Sequence[Mapping[str, Any]],
    dtype: str,
    *,
    finite: bool,
) -> NDArray[Any]:
    """Put named arrays together into the engine's flat vector."""
    found = {name.removeprefix(prefix) for name in arrays if name.startswith(prefix)}
    needed = {entry["name"] for entry in layout}
    if found != needed:
        odd = min(found ^ needed)
        verb = "lacks" if odd in needed else "has, but the network does not need,"
        raise SpecError(f"The file {verb} the array {prefix + odd[:60]!r}.")
    vector = np.zeros(sum(entry["size"] for entry in layout), dtype=dtype)
    for entry in layout:
        name = prefix + entry["name"]
        _check(arrays[name], name, tuple(entry["shape"]), vector.dtype, finite=finite)
        vector[entry["offset"] : entry["offset"] + entry["size"]] = arrays[name].ravel()
    return vector


def _feature_names(document: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[str, ...] | None:
    """Give the names of the columns; files of before have none."""
    names = document.get("feature_names")
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SpecError("The 'feature_names' of the model must be a list of text.")
    if (len(names),) != shape or len(set(names)) < len(names):
        raise SpecError("The 'feature_names' of the model must name each column once.")
    return tuple(names)


def _offsets(
    arrays: Mapping[str, NDArray[Any]], handle: Any, dtype: str, inputs: int
) -> NDArray[np.float64] | None:
    """Give the offsets of the columns; files of before have none."""
    if OFFSETS not in arrays:
        return None
    offsets = arrays[OFFSETS]
    _check(offsets, OFFSETS, (inputs,), np.dtype(np.float64), finite=True)
    if dtype != "float32" or np.delete(offsets, handle.centred_columns).any():
        raise SpecError("The file has offsets of columns that its network does not centre.")
    return offsets


def _check(
    array: NDArray[Any], name: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, finite: bool
) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise SpecError(
            f"The array {name!r} has shape {array.shape} and type {array.dtype}; the network needs "
            f"{shape} and {dtype}."
        )
    if finite and not np.isfinite(array).all():
        raise SpecError(f"The array {name!r} holds values that are not finite.")


def _history(
    document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], best_epoch: int | None
) -> History:
    names = _field(document, "history", list)
    found = {name.removeprefix(_HISTORY) for name in arrays if name.startswith(_HISTORY)}
    if not all(isinstance(name, str) for name in names) or set(names) != found:
        raise SpecError("The columns of the history are not those that the model names.")
    return History({name: arrays[_HISTORY + name] for name in names}, best_epoch)


def _classes(document: Mapping[str, Any], network: Network, n_outputs: int) -> NDArray[Any] | None:
    described = document.get("classes")
    labelled = network.loss.takes_labels(n_outputs)
    if described is None and not labelled:
        return None
    if not labelled or not isinstance(described, Mapping):
        raise SpecError("The classes of the model do not suit its loss.")
    label_type = _LABEL_TYPES.get(str(described.get("type")))
    labels = described.get("labels")
    if label_type is None or not isinstance(labels, list) or len(labels) != max(n_outputs, 2):
        raise SpecError("The classes of the model are not as many as its network tells apart.")
    if not all(type(label) is label_type for label in labels):
        raise SpecError("The classes of the model are not of the type that they should be.")
    try:
        classes = np.array(labels, dtype=np.str_ if label_type is str else described["type"])
    except OverflowError as error:
        raise SpecError(f"The classes of the model are too large: {error}.") from error
    if not (classes[:-1] < classes[1:]).all():
        raise SpecError("The classes of the model are not in order.")
    return classes
