"""The flags of the optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine.cli.flags.schedules import schedule_from_text
from ravine.errors import ParameterError

if TYPE_CHECKING:
    from ravine.cli.flags.options import RecipeFlags
    from ravine.specs.optimizers import Optimizer
    from ravine.specs.schedules import Schedule

__all__ = ["change_optimizer", "peak_of"]


def change_optimizer(optimizer: Optimizer, flags: RecipeFlags) -> Optimizer:
    """Change an optimizer by the flags.

    A new learning rate is the highest value of a schedule, which keeps its shape.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer so far.
    flags : RecipeFlags
        ``optimizer``, ``learning_rate``, ``momentum``, ``schedule`` and ``weight_decay`` count.

    Returns
    -------
    Optimizer
        The changed optimizer.

    Raises
    ------
    ParameterError
        If a flag does not suit the optimizer.

    Examples
    --------
    >>> from ravine.cli.flags.options import RecipeFlags
    >>> from ravine.specs.optimizers import SGD
    >>> change_optimizer(SGD(), RecipeFlags(momentum=0.9, schedule="cosine"))
    SGD(learning_rate=CosineDecay(0.01), momentum=0.9)
    """
    from ravine.specs.recipe import Recipe
    from ravine.specs.schedules import Schedule

    if flags.optimizer is not None:
        optimizer = Recipe(optimizer=flags.optimizer).optimizer
    changes: dict[str, Any] = {
        name: value
        for name in ("learning_rate", "momentum", "weight_decay")
        if (value := getattr(flags, name)) is not None
    }
    for name in changes:
        if not hasattr(optimizer, name):
            flag = f"--{name.replace('_', '-')}"
            raise ParameterError(
                f"{type(optimizer).__name__} has no {name.replace('_', ' ')}: {flag} does not go "
                "with it.",
                hint=f"Leave out {flag}, or choose another --optimizer.",
            )
    present: Any = getattr(optimizer, "learning_rate", None)
    if flags.schedule is not None:
        changes["learning_rate"] = schedule_from_text(
            flags.schedule, peak_of(changes.get("learning_rate", present))
        )
    elif "learning_rate" in changes and isinstance(present, Schedule):
        changes["learning_rate"] = present.with_peak(changes["learning_rate"])
    return optimizer.replace(**changes) if changes else optimizer


def peak_of(rate: float | Schedule) -> float:
    """Find the number that a new schedule starts from."""
    from ravine.specs.schedules import Schedule

    return rate._highest() if isinstance(rate, Schedule) else rate
