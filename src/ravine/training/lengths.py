"""What lasts as long as the run: schedules without a length, and a Dropout that fades."""

from __future__ import annotations

from typing import Any

from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.schedules import Schedule
from ravine.specs.spec import Spec
from ravine.specs.stand_ins import as_saved

__all__ = ["as_long_as_the_run", "with_lengths"]


def as_long_as_the_run(network: Network, recipe: Recipe) -> list[str]:
    """Name the parts that would have other values from the first step on if epochs were added.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How.

    Returns
    -------
    list of str
        The kinds, each once.

    Examples
    --------
    >>> import ravine as rv
    >>> network = rv.Network([rv.Dropout(0.5, fades=True), rv.Dense(1)])
    >>> recipe = rv.Recipe(optimizer=rv.SGD(rv.Warmup(5, rv.CosineDecay(0.1))))
    >>> as_long_as_the_run(network, recipe)
    ['Dropout', 'CosineDecay']
    """
    rate = getattr(recipe.optimizer, "learning_rate", None)  # also that of a custom rule
    parts = [network, recipe.optimizer, rate if isinstance(rate, Schedule) else None]
    kinds = [kind for part in parts for kind in _open_kinds(_plain(part))]
    return list(dict.fromkeys(kinds))


def with_lengths(part: Any, epochs: float) -> Any:
    """Fill in the lengths that a run of so many epochs gives to what counts epochs.

    Parameters
    ----------
    part : dict, list or plain value
        A description, as `to_dict` gives it.
    epochs : float
        How many epochs the run has.

    Returns
    -------
    dict, list or plain value
        The same with lengths. Parts that count steps are not changed.

    Examples
    --------
    >>> import ravine as rv
    >>> schedule = rv.Warmup(5, rv.CosineDecay(0.1))
    >>> with_lengths(schedule.to_dict(), 20)["then"]["length"]
    15.0
    """
    if isinstance(part, list):
        return [with_lengths(item, epochs) for item in part]
    if not isinstance(part, dict):
        return part
    counts_epochs = part.get("unit", "epoch") == "epoch"
    starts = part["length"] if part.get("kind") == "Warmup" and counts_epochs else 0.0
    filled = {name: with_lengths(item, max(epochs - starts, 0.0)) for name, item in part.items()}
    return filled | {"length": float(epochs)} if _is_open(part) and counts_epochs else filled


def _plain(part: Spec | None) -> Any:
    """Describe a part; what is custom in it has no length that could be open."""
    return None if part is None else as_saved(part)


def _open_kinds(part: Any) -> list[str]:
    if isinstance(part, list):
        return [kind for item in part for kind in _open_kinds(item)]
    if not isinstance(part, dict):
        return []
    own = [part["kind"]] if _is_open(part) else []
    return own + _open_kinds(list(part.values()))


def _is_open(part: dict[str, Any]) -> bool:
    return part.get("length", 0) is None and part.get("fades", True)
