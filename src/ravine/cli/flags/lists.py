"""Names that the help lists. They come from the families, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterable

from ravine.cli.flags.optimizer import FORMS
from ravine.specs.layers.base import ACTIVATIONS as _ACTIVATIONS
from ravine.specs.losses import LOSSES as _LOSSES
from ravine.specs.optimizers import OPTIMIZERS as _OPTIMIZERS
from ravine.specs.recipe import Recipe

__all__ = ["ACTIVATIONS", "FULL", "LOSSES", "OPTIMIZERS", "OWN_RATES", "RATES", "SCHEDULES", "either"]


def either(names: Iterable[str], word: str = "or") -> str:
    """List names in words.

    Examples
    --------
    >>> either(["sgd"]), either(["sgd", "adam", "lbfgs"])
    ('sgd', 'sgd, adam or lbfgs')
    """
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


RATES = {"adam": 3e-3, "adamw": 3e-3}
"""Learning rates of the command line; other optimizers have their own."""

OWN_RATES = (
    ", ".join(
        f"{rate:g} for {either((n for n in RATES if RATES[n] == rate), 'and')}"
        for rate in dict.fromkeys(RATES.values())
    )
    + ", the optimizer's own for others"
)
ACTIVATIONS = either(_ACTIVATIONS)
LOSSES = either(_LOSSES.shorthands)
OPTIMIZERS = either(_OPTIMIZERS.shorthands)
SCHEDULES = either(usage for usage, *_ in FORMS.values())
FULL = either(
    (n for n in _OPTIMIZERS.shorthands if Recipe(optimizer=n).rows_per_step == "full"), "and"
)
"""Optimizers that take all rows at every step."""
