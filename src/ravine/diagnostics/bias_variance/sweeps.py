"""What is swept: a field of the recipe or the network, its values, and which is more flexible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.outputs import with_outputs
from ravine.diagnostics.bias_variance.learners import Setting
from ravine.errors import ParameterError
from ravine.specs.layers import Dense
from ravine.specs.network import Network
from ravine.specs.penalties import L2
from ravine.specs.recipe import Recipe
from ravine.specs.rules import shown

__all__ = ["Sweep", "check_changes", "read_sweep"]

#: Fields whose values are more flexible the larger (+1) or the smaller (−1) they are.
_FLEXIBLE = {
    "epochs": 1,
    "max_norm": 1,
    "dropout": -1,
    "penalty.alpha": -1,
    "optimizer.weight_decay": -1,
}

#: Why a field may change nothing, by the beginning of its name.
_UNUSED = {
    "penalty": "Every layer has its own penalty, or switches it off: leave these out.",
    "stopping": "No run stopped early: train for more epochs.",
    "epochs": "Every run stopped before the least of them: raise the patience.",
    "max_norm": "No weights grew that long: try smaller values.",
    "clip_norm": "No gradient was that long: try smaller values.",
}


@dataclass(frozen=True, eq=False)
class Sweep:
    """The settings that are compared.

    Parameters
    ----------
    field : str or None
        What is swept; None: nothing.
    values : ndarray
        Its values; names, where networks are swept.
    settings : list of Setting
        A network and a recipe for each value.
    flexibility : ndarray of float, or None
        A number for each value that grows with what the setting can fit; None: unordered.

    Examples
    --------
    >>> import ravine as rv
    >>> found = read_sweep(rv.Network([rv.Dense(1)]), rv.Recipe(), {"epochs": [10, 20]})
    >>> found.flexibility
    array([10., 20.])
    """

    field: str | None
    values: NDArray[Any]
    settings: list[Setting]
    flexibility: NDArray[np.float64] | None

    def place(self, value: object) -> int | None:
        """Give the place of a value, or None."""
        places = [i for i, known in enumerate(self.values.tolist()) if known == value]
        return places[0] if places else None

    def name(self, place: int) -> str:
        """Call a setting by its value."""
        value = self.values[place]
        text = f"{value:g}" if isinstance(value, float | np.floating) else str(value)
        return (
            "the network and recipe as they are" if self.field is None else (f"{self.field}={text}")
        )


def read_sweep(
    network: Network, recipe: Recipe, over: Mapping[str, Any] | None, y: Any = None
) -> Sweep:
    """Read what is swept.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How.
    over : dict of one str to values, or None
        A field of the recipe, or ``"network"``.
    y : array-like, optional
        Targets, for networks that take their outputs from them.

    Returns
    -------
    Sweep
        The settings.

    Raises
    ------
    ParameterError
        If it is something else.
    """
    if over is None or "network" not in over:
        network = with_outputs(network, y)
    if over is None:
        return Sweep(None, np.array([None]), [Setting(network, recipe)], np.zeros(1))
    if not isinstance(over, Mapping) or len(over) != 1:
        raise ParameterError(
            "The 'over' parameter of bias_variance must be a dictionary of one field and its "
            f"values. Got {shown(over)}.",
            hint='For example over={"penalty.alpha": [0, 1e-4, 1e-3]}.',
        )
    ((field, values),) = over.items()
    if field == "network":
        return _networks(recipe, values, y)
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or not len(values):
        raise ParameterError(
            f"over[{field!r}] must be a list of values, at least one. Got {shown(values)}."
        )
    if field == "seed":
        raise ParameterError("'seed' cannot be swept: each model has its own seed.")
    if field.startswith("penalty.") and recipe.penalty is None:
        recipe = recipe.replace(penalty=L2(0.0))
    settings = [Setting(network, _changed(recipe, field, value)) for value in values]
    numeric = all(isinstance(v, int | float | np.number) and type(v) is not bool for v in values)
    kept = np.empty(len(values), dtype=object)
    kept[:] = list(values)
    flexibility = None
    if field in _FLEXIBLE and (numeric or field == "max_norm"):
        numbers = [np.inf if value is None else float(value) for value in values]
        flexibility = _FLEXIBLE[field] * np.array(numbers)
    return Sweep(field, np.array(values) if numeric else kept, settings, flexibility)


def check_changes(sweep: Sweep, predictions: NDArray[Any]) -> None:
    """Check that what is swept changes the models.

    Parameters
    ----------
    sweep : Sweep
        The settings.
    predictions : ndarray, shape (settings, ...)
        What their models predict, from the same data and seeds; NaN where one failed.

    Raises
    ------
    ParameterError
        If all settings predict the same, bit for bit.

    Examples
    --------
    >>> import ravine as rv
    >>> sweep = read_sweep(rv.Network([rv.Dense(1)]), rv.Recipe(), {"max_norm": [8.0, 9.0]})
    >>> check_changes(sweep, np.ones((2, 3)))
    Traceback (most recent call last):
    ravine.errors.ParameterError: over['max_norm'] changes nothing: all 2 values give ...
    """
    first, *others = predictions
    if not others or not all(np.array_equal(first, other) for other in others):
        return
    hint = next((h for name, h in _UNUSED.items() if str(sweep.field).startswith(name)), None)
    raise ParameterError(
        f"over[{sweep.field!r}] changes nothing: all {len(predictions)} values give the same "
        "models.",
        hint=hint or "Sweep a field that the network and the rest of the recipe make use of.",
    )


def _changed(recipe: Recipe, field: str, value: Any) -> Recipe:
    """Change a field; a number for the learning rate keeps the shape of a schedule."""
    if field == "optimizer.learning_rate" and hasattr(recipe.optimizer, "learning_rate"):
        return recipe.replace(optimizer=recipe.optimizer.with_rate(value))
    return recipe.replace(**{field: value})


def _networks(recipe: Recipe, given: Any, y: Any) -> Sweep:
    """Read networks: a list of them, or with labels as a dictionary or pairs."""
    pairs = list(given.items()) if isinstance(given, Mapping) else None
    if pairs is None and isinstance(given, Sequence) and not isinstance(given, str):
        pairs = [item if _is_pair(item) else (None, item) for item in given]
    if not pairs or not all(isinstance(network, Network) for _, network in pairs):
        raise ParameterError(
            "over['network'] must be a list of networks, of (label, network) pairs, or a "
            f"dictionary of labels to networks. Got {shown(given)}.",
            hint='For example over={"network": [rv.mlp(8), rv.mlp(64), rv.mlp(64, 64)]}.',
        )
    labels = [_label(network) if label is None else str(label) for label, network in pairs]
    repeated = [label for label in labels if labels.count(label) > 1]
    if repeated:
        raise ParameterError(
            f"Two networks of over['network'] are called {repeated[0]!r}: give them labels.",
            hint='For example over={"network": {"narrow": rv.mlp(8), "wide": rv.mlp(64)}}.',
        )
    networks = [with_outputs(network, y) for _, network in pairs]
    if len({(type(n.loss) if n.loss.classifies else None) for n in networks}) > 1:
        raise ParameterError(
            "The networks of over['network'] must all be for one task: their losses are "
            f"{', '.join(type(n.loss).__name__ for n in networks)}."
        )
    values = np.empty(len(labels), dtype=object)
    values[:] = labels
    return Sweep("network", values, [Setting(n, recipe) for n in networks], _widths(networks))


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str)


def _label(network: Network) -> str:
    """Call a network by the units of its hidden layers, or by its layers."""
    units = [layer.units for layer in network.layers if isinstance(layer, Dense)][:-1]
    return " × ".join(map(str, units)) if units else "no hidden layer"


def _widths(networks: Sequence[Network]) -> NDArray[np.float64] | None:
    """Give the width of networks that differ in nothing else, or None."""
    shapes = {_shape(network) for network in networks}
    if len(shapes) > 1:
        return None
    units = np.array(
        [
            [layer.units for layer in network.layers if isinstance(layer, Dense)][:-1]
            for network in networks
        ],
        dtype=np.float64,
    ).reshape(len(networks), -1)
    order = np.lexsort(units.T[::-1])
    nested = (np.diff(units[order], axis=0) >= 0).all() and units.shape[1] > 0
    return units.sum(axis=1) if nested else None


def _shape(network: Network) -> tuple[object, ...]:
    """Describe a network without its widths."""
    kept = [
        layer.replace(units=1) if isinstance(layer, Dense) else layer for layer in network.layers
    ]
    return (*map(repr, kept), repr(network.loss))
