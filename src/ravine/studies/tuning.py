"""Tuning the learning rate of candidates, each with the same budget, on validation rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ravine.errors import ParameterError
from ravine.specs.rules import Number, shown
from ravine.studies.candidates import Candidate
from ravine.studies.trials import Result

__all__ = ["Budget", "Tuning", "read_budget", "read_rates", "tune_rates"]

#: Runs beyond one for each rate, where no budget is named: for rates beyond the edge of the grid.
_BEYOND = 3
#: Where extending a grid ends, whatever the budget.
_LOWEST, _HIGHEST = 1e-12, 1e6


@dataclass(frozen=True)
class Budget:
    """What each candidate may spend on tuning.

    Parameters
    ----------
    amount : float
        Runs, or seconds.
    in_seconds : bool
        Which.
    """

    amount: float
    in_seconds: bool = False

    def __str__(self) -> str:
        if self.in_seconds:
            return f"{self.amount:g} s of training"
        return f"{self.amount:g} tuning runs"


@dataclass(eq=False)
class Tuning:
    """The tries of a candidate, and what they cost.

    Parameters
    ----------
    candidate : Candidate
        Whose rate is tuned.
    budget : Budget
        What it may spend.
    pending : list of float
        Rates of the grid that are still to be tried, in ascending order.
    tries : dict of float to Result
        What was tried.
    spent : float
        Of the budget.
    """

    candidate: Candidate
    budget: Budget
    pending: list[float]
    tries: dict[float, Result] = field(default_factory=dict)
    spent: float = 0.0

    def score(self, rate: float) -> float:
        """Give the validation loss of a try: infinite if it diverged."""
        value = self.tries[rate].scores["val_loss"]
        return value if math.isfinite(value) else math.inf

    @property
    def ranked(self) -> list[float]:
        """The rates that were tried, the best first; those that diverged come last."""
        return sorted(self.tries, key=lambda rate: (self.score(rate), rate))

    @property
    def best(self) -> float | None:
        """The rate of the lowest validation loss; None if all diverged."""
        ranked = self.ranked
        return ranked[0] if ranked and math.isfinite(self.score(ranked[0])) else None

    @property
    def at_edge(self) -> bool:
        """Whether the best rate is the lowest or the highest that was tried."""
        return self.best is None or self.best in (min(self.tries), max(self.tries))

    def next_rates(self) -> list[float]:
        """Give the rates to try next, as many as the budget allows; none when tuning is over."""
        affordable = self._affordable()
        if affordable < 1:
            return []
        if not self.pending:
            return self._beyond()[:affordable]
        taken = _spread(self.pending, affordable)
        self.pending = [rate for rate in self.pending if rate not in taken]
        return taken

    def record(self, rate: float, result: Result) -> None:
        """Keep what a try gave, and charge it."""
        self.tries[rate] = result
        self.spent += self._cost(result)

    def _affordable(self) -> int:
        """Give how many more tries the budget allows, at the mean cost of those before.

        Where the cost is not known beforehand, the first try is made whatever it costs.
        """
        known = not (self.budget.in_seconds or self.candidate.recipe.optimizer.evaluates)
        if not self.tries:
            return int(self.budget.amount) if known else 1
        cost = max(self.spent / len(self.tries), 1e-9)
        return int(min((self.budget.amount - self.spent) / cost + 1e-9, 1e6))

    def _cost(self, result: Result) -> float:
        """Give what a try costs.

        A run is charged 1. A step with a line search evaluates the gradient where it starts and at
        least once along the line: it is charged two passes through the rows.
        """
        if self.budget.in_seconds:
            return result.seconds
        recipe = self.candidate.recipe
        return 2 * result.steps / recipe.epochs if recipe.optimizer.evaluates else 1.0

    def _beyond(self) -> list[float]:
        """Give rates next to the edge of the grid that the best one lies at."""
        rates, best, found = sorted(self.tries), self.best, []
        several = len(rates) > 1
        if best is None or best == rates[0]:
            below = rates[0] / (rates[1] / rates[0] if several else math.sqrt(10))
            found += [below] if below >= _LOWEST else []
        if best is not None and best == rates[-1]:
            above = rates[-1] * (rates[-1] / rates[-2] if several else math.sqrt(10))
            found += [above] if above <= _HIGHEST else []
        return [float(f"{rate:.12g}") for rate in found]


def tune_rates(
    tunings: Sequence[Tuning],
    train: Callable[[Sequence[tuple[Candidate, float]]], Sequence[Result]],
) -> None:
    """Try rates until all budgets are spent or no best rate lies at an edge.

    Parameters
    ----------
    tunings : sequence of Tuning
        Changed in place. What can be tried at once is trained as one population.
    train : callable
        ``train([(candidate, rate), …]) -> results``, on tuning seeds, scored on validation rows.
    """
    while True:
        chosen = [(tuning, rate) for tuning in tunings for rate in tuning.next_rates()]
        if not chosen:
            return
        results = train([(tuning.candidate, rate) for tuning, rate in chosen])
        for (tuning, rate), result in zip(chosen, results, strict=True):
            tuning.record(rate, result)


def read_rates(rates: Sequence[float] | None) -> list[float] | None:
    """Check the grid of learning rates, and sort it.

    Examples
    --------
    >>> read_rates([0.1, 0.01])
    [0.01, 0.1]
    """
    if rates is None:
        return None
    try:
        given = list(rates)
    except TypeError:
        given = []
    if not given:
        raise ParameterError(
            f"The 'rates' parameter of compare must hold learning rates, or be None. Got "
            f"{shown(rates)}.",
            hint="Such as rv.geomspace(1e-4, 1, 9).",
        )
    found = [Number(above=0)("compare", "rates", rate) for rate in given]
    if len(set(found)) < len(found):
        raise ParameterError("The 'rates' parameter of compare holds a rate twice.")
    return sorted(found)


def read_budget(budget: float | str | None, rates: Sequence[float] | None) -> Budget:
    """Check what each candidate may spend on tuning.

    Examples
    --------
    >>> str(read_budget("60 s", [0.1])), str(read_budget(None, [0.1, 1.0]))
    ('60 s of training', '5 tuning runs')
    """
    if rates is None:
        if budget is not None:
            raise ParameterError(
                f"budget={budget!r} has nothing to spend on: rates is None, so that candidates are "
                "taken as given.",
                hint="Pass rates=rv.geomspace(1e-4, 1, 9), or leave budget out.",
            )
        return Budget(0)
    if budget is None:
        return Budget(len(rates) + _BEYOND)
    if isinstance(budget, str):
        number, unit = budget.strip().removesuffix("s").strip(), budget.strip()[-1:]
        try:
            seconds = float(number) if unit == "s" else math.nan
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds > 0):
            raise ParameterError(
                f"The 'budget' parameter of compare must be a number of tuning runs or a time such "
                f"as '60 s'. Got {budget!r}."
            )
        return Budget(seconds, in_seconds=True)
    amount = Number(at_least=1)("compare", "budget", budget)
    if amount != int(amount):
        raise ParameterError(
            f"The 'budget' parameter of compare must be a whole number of runs. Got {budget!r}."
        )
    return Budget(int(amount))


def _spread(rates: Sequence[float], count: int) -> list[float]:
    """Take some of the rates, spread evenly over all; one is the middle one."""
    if count >= len(rates):
        return list(rates)
    if count == 1:
        return [rates[len(rates) // 2]]
    places = np.round(np.linspace(0, len(rates) - 1, count)).astype(int)
    return [rates[place] for place in places]
