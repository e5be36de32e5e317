"""What a comparison found of one candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ravine.studies.trials import Result
from ravine.studies.tuning import Tuning

__all__ = ["Outcome"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was found of one candidate.

    Parameters
    ----------
    tuning : Tuning
        The candidate and its tries, on tuning seeds and validation rows.
    final : list of Result
        Runs of its best setting with fresh seeds; none if every try diverged.
    others : dict of float to list of Result
        Runs of the other rates that were tried, with the first of the fresh seeds.
    """

    tuning: Tuning
    final: Sequence[Result]
    others: Mapping[float, Sequence[Result]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the candidate is called."""
        return self.tuning.candidate.label

    @property
    def setting(self) -> str:
        """Its best setting."""
        if not self.tuning.tries:
            return "as given"
        rate = self.tuning.best
        return "every rate diverged" if rate is None else f"learning_rate={rate:.6g}"

    @property
    def scores(self) -> Array:
        """The test loss of each fresh seed, NaN where the run diverged."""
        return _test_losses(self.final)

    @property
    def diverged(self) -> float:
        """The share of its final runs that diverged."""
        return float(np.isnan(self.scores).mean()) if len(self.final) else 1.0

    def at(self, rate: float) -> Array:
        """Give the test losses of a rate that was tried, over fresh seeds."""
        return self.scores if rate == self.tuning.best else _test_losses(self.others.get(rate, ()))

    def to_target(self, target: float) -> Array:
        """Give epochs, steps and seconds of each final run to a loss; infinite if never reached."""
        found = np.full((len(self.final), 3), np.inf)
        for place, result in enumerate(self.final):
            if result.diverged:
                continue
            reached = np.flatnonzero(result.history["val_loss"] <= target)
            if len(reached):
                columns = ("epoch", "step", "seconds")
                found[place] = [result.history[name][reached[0]] for name in columns]
        return found


def _test_losses(results: Sequence[Result]) -> Array:
    return np.array(
        [np.nan if r.diverged else float(r.measured["test_loss"][0]) for r in results],
        dtype=np.float64,
    )
