"""What ``--vary`` says: a setting, and where its values are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ravine.cli.flags.words import units_of
from ravine.errors import ParameterError

if TYPE_CHECKING:
    from ravine.specs.recipe import Recipe

__all__ = ["default_space", "space_of"]

_HINT = "Such as --vary optimizer.learning_rate=1e-4:1:log --vary batch_size=32,64"


def space_of(texts: Sequence[str]) -> dict[str, Any]:
    """Read where settings are drawn from.

    ``NAME=LOW:HIGH`` is a range, ``NAME=LOW:HIGH:log`` one of equal ratios, ``NAME=A,B,C`` a list;
    ``network=32,64-64`` lists the units of hidden layers.

    Raises
    ------
    ParameterError
        If a text is none of these, or names a setting twice.

    Examples
    --------
    >>> space_of(["optimizer.learning_rate=1e-4:1:log", "network=0,64-32"])
    {'optimizer.learning_rate': (0.0001, 1, 'log'), 'network': [(), (64, 32)]}
    """
    space: dict[str, Any] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name or not values:
            raise ParameterError(f"--vary must be NAME=VALUES. Got {text!r}.", hint=_HINT)
        if name in space:
            raise ParameterError(f"--vary names {name!r} twice.", hint=_HINT)
        space[name] = _values(name, values, text)
    return space


def default_space(recipe: Recipe) -> dict[str, Any]:
    """Give what is varied if nothing is named: rate, batch size and hidden layers.

    The rate goes from a thirtieth of the optimizer's own to ten times as much.

    Examples
    --------
    >>> from ravine.specs.recipe import Recipe
    >>> default_space(Recipe())["optimizer.learning_rate"]
    (3.3333333333333335e-05, 0.01, 'log')
    """
    from ravine.specs.schedules import Schedule

    space: dict[str, Any] = {"network": [(32,), (64,), (64, 64), (128, 128)]}
    rate = getattr(recipe.optimizer, "learning_rate", None)
    highest = rate._highest() if isinstance(rate, Schedule) else rate
    if isinstance(highest, float) and highest > 0:
        space["optimizer.learning_rate"] = (highest / 30, highest * 10, "log")
    if recipe.batch_size != "full":
        space["batch_size"] = [32, 64, 128, 256]
    return space


def _values(name: str, values: str, text: str) -> Any:
    if name == "network":
        return [units_of(part.replace("-", ",")) for part in values.split(",")]
    if ":" not in values:
        return [_value(part.strip()) for part in values.split(",")]
    parts = [part.strip() for part in values.split(":")]
    ends = [_value(part) for part in parts[:2]]
    if not all(isinstance(end, int | float) for end in ends) or parts[2:] not in ([], ["log"]):
        raise ParameterError(f"--vary must be NAME=LOW:HIGH or NAME=LOW:HIGH:log. Got {text!r}.",
                             hint=_HINT)  # fmt: skip
    return (*ends, *parts[2:])


def _value(text: str) -> Any:
    """Read a value: a number, true, false, none, or a name."""
    words: dict[str, Any] = {"true": True, "false": False, "none": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
