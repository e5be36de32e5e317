"""Networks and recipes as documents; what is custom in them is only named.

A file carries no code. A part that a user wrote comes back as a stand-in with its name: the model
can be looked at, but predicts and trains only when the original is put back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ravine.engine.handles import engine_network
from ravine.errors import ParameterError, SpecError
from ravine.specs.layers import Dense, Layer, Residual
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import UnsavedFunction
from ravine.specs.spec import for_engine
from ravine.specs.stand_ins import UnsavedLayer, UnsavedOptimizer, as_saved

__all__ = [
    "network_to_document",
    "originals",
    "recipe_from_document",
    "recipe_to_document",
    "sizes_of_stand_ins",
]


def network_to_document(network: Network, handle: Any) -> dict[str, Any]:
    """Give a network as plain data; what is custom in it is named, with the shapes of its arrays.

    Parameters
    ----------
    network : Network
        Any network.
    handle : Network32 or Network64
        The engine's handle of it.

    Returns
    -------
    dict
        What `Network.from_dict` reads.

    Examples
    --------
    >>> import ravine as rv
    >>> from ravine.engine.handles import engine_network
    >>> network = rv.Network([rv.Dense(1)])
    >>> handle = engine_network(network.to_dict(), (3,), 0.0, "float32")
    >>> network_to_document(network, handle) == network.to_dict()
    True
    """
    document = as_saved(network)
    custom = [layer for layer in handle.layers if layer["is_custom"]]
    for described, layer in zip(_custom(document["layers"]), custom, strict=True):
        arrays = [entry for entry in handle.layout if entry["layer"] == layer["name"]]
        described["output_shape"] = list(layer["output_shape"])
        described["parameters"] = {
            entry["name"].rpartition(".")[2]: [list(entry["shape"]), entry["role"]]
            for entry in arrays
        }
    return document


def _custom(layers: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Find the custom layers in the order in which the engine builds them."""
    for layer in layers:
        if "custom" in layer:
            yield layer
        elif layer["kind"] == "Residual":
            yield from _custom(layer["layers"])


def sizes_of_stand_ins(layers: Sequence[Layer]) -> Iterator[int]:
    """Give the sizes of the arrays that a file claims for custom layers."""
    for layer in layers:
        if isinstance(layer, UnsavedLayer):
            yield sum(math.prod(shape) for _, shape, _ in layer.arrays)
        elif isinstance(layer, Residual):
            yield from sizes_of_stand_ins(layer.layers)


def recipe_to_document(recipe: Recipe) -> dict[str, Any]:
    """Give a recipe as plain data; what is custom in it is only named.

    Parameters
    ----------
    recipe : Recipe
        Any recipe.

    Returns
    -------
    dict
        ``{"recipe": ...}``.

    Examples
    --------
    >>> document = recipe_to_document(Recipe(epochs=5, augmentation=min))
    >>> document["recipe"]["epochs"], document["recipe"]["augmentation"]
    (5, [{'custom': 'min'}])
    """
    return {"recipe": as_saved(recipe)}


def recipe_from_document(document: Mapping[str, Any]) -> Recipe:
    """Make a recipe from what `recipe_to_document` gave.

    Parameters
    ----------
    document : mapping
        From a file, so nothing about it is taken for granted. Files of version 0.1 name a custom
        optimizer and custom functions beside the recipe.

    Returns
    -------
    Recipe
        The recipe, with stand-ins for what is custom.

    Raises
    ------
    SpecError, ParameterError
        If the document describes no recipe.

    Examples
    --------
    >>> recipe_from_document(recipe_to_document(Recipe(epochs=5)))
    Recipe(optimizer=Adam(learning_rate=0.001), epochs=5)
    """
    recipe = Recipe.from_dict(document.get("recipe", {}))
    own_optimizer = document.get("own_optimizer")
    if isinstance(own_optimizer, str):
        recipe = recipe.replace(optimizer=UnsavedOptimizer(own_optimizer))
    functions = document.get("own_functions") or {}
    if not isinstance(functions, Mapping):
        raise SpecError("'own_functions' must be a dictionary.")
    augmentation = list(recipe.augmentation)
    for place, description in functions.items():
        if not (place.isascii() and place.isdigit() and isinstance(description, str)):
            raise SpecError("'own_functions' must name functions by their place.")
        augmentation.insert(int(place), UnsavedFunction(description))
    return recipe.replace(augmentation=tuple(augmentation))


def originals(model: Any, network: Network | None, recipe: Recipe | None) -> dict[str, Any]:
    """Check that a network and a recipe are those that a loaded model was trained with.

    Parameters
    ----------
    model : Model
        With stand-ins for what is custom.
    network, recipe : Network, Recipe or None
        The originals; None where there is nothing to put back.

    Returns
    -------
    dict
        The fields of the model that they are.

    Raises
    ------
    ParameterError
        If anything but the stand-ins differs.

    Examples
    --------
    >>> originals.__name__  # see Model.put_back
    'originals'
    """
    found: dict[str, Any] = {}
    for name, kind, new in (("network", Network, network), ("recipe", Recipe, recipe)):
        old = getattr(model, name)
        if new is None:
            continue
        if not isinstance(new, kind):
            raise ParameterError(f"put_back takes a {kind.__name__}. Got {new!r}.")
        if isinstance(new, Network):
            new = _with_units_of(old, new)
        if as_saved(old) != as_saved(new):
            raise ParameterError(
                f"The model was trained with another {name}: {old!r} instead of {new!r}."
            )
        found[name] = new
    if network is not None:
        dropout, dtype = model.recipe.dropout, model.recipe.dtype
        handle = engine_network(for_engine(found["network"]), model.input_shape, dropout, dtype)
        if handle.layout != model._engine.layout:
            raise ParameterError(
                "The custom layers of the network have other parameters than those of the model, "
                "by name or by shape."
            )
    return found


def _with_units_of(old: Network, new: Network) -> Network:
    """Fill in the units of a last Dense(None) as training did."""
    last, first = new.layers[-1], old.layers[-1]
    if isinstance(last, Dense) and last.units is None and isinstance(first, Dense):
        return Network([*new.layers[:-1], last.replace(units=first.units)], new.loss)
    return new
