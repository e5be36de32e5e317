"""Names that the help lists. They come from the families, so that none is forgotten."""

from __future__ import annotations

from ravine.cli.flags.schedules import FORMS
from ravine.ground.text import choice
from ravine.specs.layers.base import ACTIVATIONS as _ACTIVATIONS
from ravine.specs.losses import LOSSES as _LOSSES
from ravine.specs.optimizers import OPTIMIZERS as _OPTIMIZERS
from ravine.specs.recipe import Recipe

__all__ = [
    "ACTIVATIONS",
    "FULL",
    "LOSSES",
    "NEURAL_SCHEDULES",
    "OPTIMIZERS",
    "OWN_RATES",
    "RATES",
    "SCHEDULES",
]


RATES = {"adam": 3e-3, "adamw": 3e-3}
"""Learning rates of the command line; other optimizers have their own."""

OWN_RATES = (
    ", ".join(
        f"{rate:g} for {choice((n for n in RATES if RATES[n] == rate), 'and')}"
        for rate in dict.fromkeys(RATES.values())
    )
    + ", the optimizer's own for others"
)
ACTIVATIONS = choice(_ACTIVATIONS)
LOSSES = choice(_LOSSES.shorthands)
OPTIMIZERS = choice(_OPTIMIZERS.shorthands)
SCHEDULES = choice(usage for usage, *_ in FORMS.values())
FULL = choice(
    (n for n in _OPTIMIZERS.shorthands if Recipe(optimizer=n).rows_per_step == "full"), "and"
)
"""Optimizers that take all rows at every step."""
NEURAL_SCHEDULES = ("cosine", "cyclic_cosine", "constant", "exponential", "one_cycle")
"""Schedules of the neural estimators; the help must not import these."""
