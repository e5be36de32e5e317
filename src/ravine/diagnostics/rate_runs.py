"""Short runs over learning rates and seeds, and the largest rate at which none of them climbs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ravine.diagnostics.model_gradients import Array, untrained
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.jobs import Job
from ravine.training.train import train_many

__all__ = ["RateRuns", "short", "with_rate"]

#: How near the bisection comes to the largest stable rate, as a factor.
_NEAR = 1.01
_DOUBLINGS = 30


def with_rate(recipe: Recipe, rate: float, seed: int = 0) -> Recipe:
    """Give a recipe with a constant rate, and its seed so many further.

    Parameters
    ----------
    recipe : Recipe
        Any recipe whose optimizer has a learning rate.
    rate : float
        η.
    seed : int, default 0
        What is added to the recipe's seed.

    Returns
    -------
    Recipe
        The same but for these, and without early stopping.
    """
    rule = recipe.optimizer.replace(learning_rate=float(rate))
    return recipe.replace(optimizer=rule, stopping=None, seed=recipe.seed + seed)


def short(recipe: Recipe, n: int, steps: int) -> Recipe:
    """Give a recipe that takes no more than so many steps, or one epoch if that is more.

    Parameters
    ----------
    recipe : Recipe
        Any recipe.
    n : int
        Training rows.
    steps : int
        The most steps.

    Returns
    -------
    Recipe
        The same with as few epochs.
    """
    rows = recipe.rows_per_step
    an_epoch = 1 if rows == "full" else math.ceil(n / rows)
    return recipe.replace(epochs=min(recipe.epochs, max(1, steps // an_epoch)))


@dataclass(frozen=True, eq=False)
class RateRuns:
    """A network, rows and a recipe, to be trained at many rates.

    Parameters
    ----------
    network : Network
        What is fitted.
    X, y : array-like
        Rows and targets.
    recipe : Recipe
        How; its rate is replaced.
    seeds : int
        How many runs a rate has.
    threads : int, optional
        As in `train`.
    """

    network: Network
    X: ArrayLike
    y: ArrayLike
    recipe: Recipe
    seeds: int
    threads: int | None = None

    def losses(self, rates: Sequence[float]) -> tuple[Array, Array]:
        """Give training and validation losses after the runs, rates × seeds.

        Infinite where a run diverged; of validation, NaN where no rows are set aside.
        """
        jobs = [
            Job(self.network, with_rate(self.recipe, rate, seed))
            for rate in rates
            for seed in range(self.seeds)
        ]
        models = train_many(jobs, self.X, self.y, threads=self.threads)
        found = np.full((2, len(models)), np.nan)
        for i, model in enumerate(models):
            if model.status == "diverged":
                found[:, i] = np.inf
                continue
            found[0, i] = model.history["loss"][-1]
            if "val_loss" in model.history:
                found[1, i] = model.history["val_loss"][-1]
        train, validation = found.reshape(2, len(rates), self.seeds)
        return train, validation

    def first_losses(self) -> Array:
        """Give the loss before the first step, by seed."""
        models = (
            untrained(self.network, self.X, self.y, with_rate(self.recipe, 1.0, seed))
            for seed in range(self.seeds)
        )
        return np.array([model.evaluate(self.X, self.y)["loss"] for model in models])

    def largest_stable(self, rates: Array, train: Array) -> float | None:
        """Bisect for the largest rate at which no seed's loss ends above where it began.

        Starts from the losses of the rates that were tried, and doubles the last one as long as it
        is stable. None where the smallest rate is not, or no rate is too large.
        """
        first = self.first_losses()

        def stable(losses: Array) -> Any:
            return np.asarray(losses <= first).all(axis=-1)

        held = stable(train)
        if not held[0]:
            return None
        if held.all():
            low = float(rates[-1])
            for _ in range(_DOUBLINGS):
                high = 2 * low
                if not stable(self.losses([high])[0])[0]:
                    break
                low = high
            else:
                return None
        else:
            place = int(np.argmin(held))
            low, high = float(rates[place - 1]), float(rates[place])
        while high > low * _NEAR:
            middle = math.sqrt(low * high)
            if stable(self.losses([middle])[0])[0]:
                low = middle
            else:
                high = middle
        return low
