"""Settings by dotted names: fields of a recipe, of a network and of its layers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ravine.errors import SpecError
from ravine.specs.layers import Layer
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import nearest
from ravine.specs.spec import Spec

__all__ = ["changed", "known_settings", "layer_names"]

#: The fields of a recipe.
_RATE = "optimizer.learning_rate"
_DIRECT = tuple(field.name for field in dataclasses.fields(Recipe))


def changed(
    network: Network, recipe: Recipe, settings: Mapping[str, Any]
) -> tuple[Network, Recipe]:
    """Give a network and a recipe with some settings changed.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How.
    settings : mapping of str to object
        New values by name: ``"network"`` and ``"recipe"`` are the whole objects; a field of the
        recipe goes by its own dotted name (``"optimizer.learning_rate"``), one of the network by
        ``"network.loss"``, one of a layer by the layer's number from 0 or its name
        (``"network.1.units"``, ``"network.dense_1.units"``). Whole objects are put in first. A
        number for ``"optimizer.learning_rate"`` is the highest value of a schedule that is there,
        which keeps its shape.

    Returns
    -------
    network, recipe : Network, Recipe
        Both checked.

    Raises
    ------
    SpecError
        If a name is unknown; the nearest known one is named.
    ParameterError
        If a value breaks its rule.

    Examples
    --------
    >>> import ravine as rv
    >>> settings = {"optimizer.learning_rate": 0.1, "network.dense_1.units": 8}
    >>> changed(rv.mlp(4), rv.Recipe(), settings)[1]
    Recipe(optimizer=Adam(learning_rate=0.1))
    """
    network = settings.get("network", network)
    recipe = settings.get("recipe", recipe)
    if not isinstance(network, Network) or not isinstance(recipe, Recipe):
        wrong = ("network", "a Network", network)
        if isinstance(network, Network):
            wrong = ("recipe", "a Recipe", recipe)
        raise SpecError(f"The setting '{wrong[0]}' must be {wrong[1]}. Got {wrong[2]!r:.80}.")
    direct = {name: value for name, value in settings.items() if name in _DIRECT}
    recipe = recipe.replace(**direct)
    for name, value in settings.items():
        if name in direct or name in ("network", "recipe"):
            continue
        try:
            if name.startswith("network."):
                network = _in_network(network, name.removeprefix("network."), value)
            elif name == _RATE and hasattr(recipe.optimizer, "learning_rate"):
                recipe = recipe.replace(optimizer=recipe.optimizer.with_rate(value))
            else:
                recipe = recipe.replace(**{name: value})
        except SpecError as error:
            if name in known_settings(network, recipe):  # it is the value that is wrong
                raise
            raise _unknown(name, network, recipe) from error
    return network, recipe


def known_settings(network: Network, recipe: Recipe) -> list[str]:
    """Name all settings that `changed` knows of a network and a recipe.

    Examples
    --------
    >>> import ravine as rv
    >>> names = known_settings(rv.mlp(4), rv.Recipe())
    >>> "optimizer.beta1" in names, "network.dense_2.units" in names, "optimizer.beta" in names
    (True, True, False)
    """
    layers = [
        f"network.{name}.{field}"
        for name, layer in layer_names(network).items()
        for field in _fields(layer)
    ]
    return ["network", "recipe", *_fields(recipe), "network.loss", "network.layers", *layers]


def layer_names(network: Network) -> dict[str, Layer]:
    """Give the layers of a network by name, as those of the trained arrays begin.

    Examples
    --------
    >>> import ravine as rv
    >>> list(layer_names(rv.mlp(4, dropout=0.1)))
    ['normalize_1', 'dense_1', 'dropout_1', 'dense_2']
    """
    named: dict[str, Layer] = {}
    counts: dict[str, int] = {}
    for layer in network.layers:
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
        counts[kind] = counts.get(kind, 0) + 1
        named[f"{kind}_{counts[kind]}"] = layer
    return named


def _in_network(network: Network, path: str, value: Any) -> Network:
    """Change a field of the network, or of one of its layers."""
    first, dot, rest = path.partition(".")
    if first in ("loss", "layers"):
        return network.replace(**{path: value})
    names = list(layer_names(network))
    place = int(first) if first.isdecimal() else names.index(first) if first in names else -1
    if not dot or not 0 <= place < len(names):
        raise SpecError(f"The network has no layer '{first}'.")
    layers = list(network.layers)
    layers[place] = layers[place].replace(**{rest: value})
    return network.replace(layers=tuple(layers))


def _fields(part: Spec) -> Iterator[str]:
    """Name the fields of a description and, dotted, those of the descriptions in them."""
    for field in dataclasses.fields(part):  # type: ignore[arg-type]
        yield field.name
        value = getattr(part, field.name)
        if isinstance(value, Spec) and dataclasses.is_dataclass(value):
            yield from (f"{field.name}.{inner}" for inner in _fields(value))


def _unknown(name: str, network: Network, recipe: Recipe) -> SpecError:
    known = known_settings(network, recipe)
    last = name.rpartition(".")[2]
    ends = [path for path in known if path.rpartition(".")[2] == last]
    hint = f"Did you mean '{ends[0]}'?" if ends else nearest(name, known)
    return SpecError(
        f"This network and recipe have no setting '{name}'. Settings are 'network', "
        f"'network.LAYER.FIELD', the recipe's fields ({', '.join(_DIRECT)}) and what is in them, "
        "such as 'optimizer.learning_rate'.",
        hint=hint,
    )
