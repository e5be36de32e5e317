"""Short labels: the values of a setting, as tables show them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ravine.specs.layers import Normalize
from ravine.specs.network import Network
from ravine.specs.spec import Spec, short

__all__ = ["Label", "labels_of_all", "short_labels"]

#: A value of a setting in a table.
Label = bool | int | float | str | None


def short_labels(values: Sequence[Any]) -> list[Label]:
    """Give each value of a setting a label: as short as tells it from the others.

    Parameters
    ----------
    values : sequence of object
        Different values. Numbers, text and None are their own labels.

    Returns
    -------
    list of bool, int, float, str or None
        Descriptions become the name of their kind, with those fields that tell them apart; networks
        the units of their hidden layers.

    Examples
    --------
    >>> import ravine as rv
    >>> short_labels([rv.SGD(0.1), rv.Adam(0.1), rv.Adam(0.01)])
    ['SGD', 'Adam(learning_rate=0.1)', 'Adam(learning_rate=0.01)']
    >>> short_labels([rv.mlp(8), rv.mlp(64, 32)])
    ['8', '64-32']
    >>> short_labels([0.1, "full", None])
    [0.1, 'full', None]
    """
    labels = [_plain(value) for value in values]
    if all(isinstance(value, Network) for value in values):
        labels = [_units(value) for value in values]
        if len(set(labels)) < len(labels):
            labels = [_kinds(value) for value in values]
    else:
        _tell_kinds_apart(values, labels)
    counts = Counter(map(str, labels))
    seen: Counter[str] = Counter()
    for place, label in enumerate(labels):
        if isinstance(label, str) and counts[label] > 1:
            seen[label] += 1
            labels[place] = f"{label} #{seen[label]}"
    return labels


def labels_of_all(values: Sequence[Any]) -> list[Label]:
    """Give the labels of values, some of which may be the same.

    Examples
    --------
    >>> labels_of_all([0.1, 0.2, 0.1])
    [0.1, 0.2, 0.1]
    """
    different: list[Any] = []
    places = []
    for value in values:
        same = [i for i, other in enumerate(different) if other is value or other == value]
        places.append(same[0] if same else len(different))
        if not same:
            different.append(value)
    labels = short_labels(different)
    return [labels[place] for place in places]


def _plain(value: Any) -> Label:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    item = getattr(value, "item", None)  # a number of NumPy's
    if callable(item) and getattr(value, "ndim", None) == 0:
        found: Label = item()
        return found
    return type(value).__name__ if isinstance(value, Spec) else short(value)


def _tell_kinds_apart(values: Sequence[Any], labels: list[Label]) -> None:
    """Add to the names of kinds that stand several times those fields that differ."""
    for kind in {type(value) for value in values if isinstance(value, Spec)}:
        places = [place for place, value in enumerate(values) if type(value) is kind]
        if len(places) < 2 or not dataclasses.is_dataclass(kind):
            continue
        names = [field.name for field in dataclasses.fields(kind)]
        differ = [n for n in names if len({short(getattr(values[p], n)) for p in places}) > 1]
        for place in places:
            said = (f"{name}={short(getattr(values[place], name))}" for name in differ)
            labels[place] = f"{kind.__name__}({', '.join(said)})" if differ else kind.__name__


def _units(network: Network) -> str:
    """Give the units of the hidden layers."""
    units = [str(layer.units) for layer in network.layers[:-1] if hasattr(layer, "units")]
    return "-".join(units) or "linear"


def _kinds(network: Network) -> str:
    """Give the hidden layers."""
    layers = [layer for layer in network.layers if not isinstance(layer, Normalize)]
    return " ".join(repr(layer).replace("activation=", "") for layer in layers[:-1]) or "linear"
