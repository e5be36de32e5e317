"""What a comparison found: tables, a verdict in words, and a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.specs.rules import Number
from ravine.studies.contests import Difference, best_of, paired_differences, win_shares
from ravine.studies.intervals import Estimate, estimate
from ravine.studies.outcome import Outcome
from ravine.studies.verdict import verdict_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Comparison"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Candidates, each tuned with the same budget and run again with fresh seeds.

    `ravine.compare` makes it.

    Parameters
    ----------
    outcomes : list of Outcome
        Of each candidate, in the order given.
    kind : str
        What was compared, such as ``"optimizers"``.
    seeds : list of int
        The fresh seeds.
    test_units : ndarray of int64
        The unit of each test row; rows of a unit are drawn together.
    target : float or None
        A loss to reach.
    watched : str
        Which rows the target is watched on.

    Attributes
    ----------
    verdict : str
        What was found, in words; a difference that may be noise is called so.
    """

    outcomes: Sequence[Outcome]
    kind: str
    seeds: Sequence[int]
    test_units: NDArray[np.int64]
    target: float | None = None
    watched: str = "test"

    def to_frame(self) -> pd.DataFrame:
        """Give a row for each candidate, the best first.

        Returns
        -------
        pandas.DataFrame
            ``label``; ``mean`` and ``se`` of the test loss over fresh seeds (NaN if a run
            diverged); ``best_setting``; ``win_share``, the share of joint bootstraps of seeds and
            test rows that it wins; ``diverged``, the share of its final runs; ``seconds``,
            ``epochs`` and ``steps``, means of its final runs; ``tries``, the tuning runs that were
            made. With a target: ``reached``, the share of final runs that reached it, and the
            medians ``epochs_to_target``, ``steps_to_target`` and ``seconds_to_target``, in which a
            run that never reached it is later than all that did (NaN: at least half never did).

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> found = rv.compare(X, X[:, 0], network=rv.mlp(), optimizers=["sgd", "adam"],
        ...     recipe=rv.Recipe(epochs=3), seeds=3)
        >>> sorted(found.to_frame()["best_setting"])
        ['as given', 'as given']
        """
        import pandas as pd

        rows = [self._row(place) for place in self.order]
        frame = pd.DataFrame(rows)
        frame.attrs["estimand"] = self.estimand
        return frame

    def differences(self, confidence: float = 0.95) -> pd.DataFrame:
        """Compare all pairs of candidates, seed by seed.

        Parameters
        ----------
        confidence : float, default 0.95
            Probability that all intervals hold, in (0, 1).

        Returns
        -------
        pandas.DataFrame
            ``a``, ``b``, ``difference`` (of mean test losses, a − b), ``se``, ``low`` and ``high``:
            intervals over seeds on this split, which hold for all pairs at once (the largest |t| of
            all pairs). NaN where a run of either diverged.

        References
        ----------
        Westfall & Young (1993), Resampling-based multiple testing.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> found = rv.compare(X, X[:, 0], network=rv.mlp(), optimizers=["sgd", "adam"],
        ...     recipe=rv.Recipe(epochs=3), seeds=3)
        >>> list(found.differences())
        ['a', 'b', 'difference', 'se', 'low', 'high']
        """
        import pandas as pd

        confidence = Number(above=0, below=1)("differences", "confidence", confidence)
        labels = [outcome.label for outcome in self.outcomes]
        columns = ("a", "b", "difference", "se", "low", "high")
        rows = [
            (labels[d.a], labels[d.b], d.mean, d.se, d.low, d.high)
            for d in paired_differences(self.scores, confidence)
        ]
        frame = pd.DataFrame(rows, columns=list(columns))
        frame.attrs["estimand"] = self.estimand
        return frame

    def sensitivity(self) -> pd.DataFrame:
        """Say how much the learning rate matters.

        Returns
        -------
        pandas.DataFrame
            A row for each rate that each candidate tried: ``label``, ``learning_rate``,
            ``val_loss`` of the tuning run (NaN if it diverged), and over fresh seeds the test
            loss's ``mean`` and ``se``, the number of ``runs``, and the share ``diverged``, which
            the mean leaves out.

        Raises
        ------
        ParameterError
            If candidates were taken as given.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> found = rv.compare(X, X[:, 0], network=rv.mlp(), optimizers=["sgd", "adam"],
        ...     rates=[0.01, 0.1], budget=2, recipe=rv.Recipe(epochs=3), seeds=3)
        >>> found.sensitivity()["learning_rate"].tolist()
        [0.01, 0.1, 0.01, 0.1]
        """
        import pandas as pd

        self._need_tries()
        rows = []
        for outcome in self.outcomes:
            for rate in sorted(outcome.tuning.tries):
                losses = outcome.at(rate)
                good = losses[np.isfinite(losses)]
                found = estimate(good)
                rows.append(
                    {
                        "label": outcome.label,
                        "learning_rate": rate,
                        "val_loss": outcome.tuning.tries[rate].scores["val_loss"],
                        "mean": found.mean,
                        "se": found.se,
                        "runs": len(losses),
                        "diverged": 1 - len(good) / len(losses) if len(losses) else 1.0,
                    }
                )
        return pd.DataFrame(rows)

    def budget_curve(self) -> pd.DataFrame:
        """Give the score as a function of the tuning budget.

        Of the n tries of a candidate b are drawn without replacement; the one with the lowest
        validation loss is chosen, and scored on test rows and fresh seeds. A rate that diverged is
        a try like any other, and is chosen only if all b diverged.

        Returns
        -------
        pandas.DataFrame
            For each candidate and b = 1 … n: ``label``, ``tries``, the expected test loss ``mean``
            with its ``se`` over seeds, and ``failed``, the probability that the chosen run
            diverges, which the mean leaves out.

        Raises
        ------
        ParameterError
            If candidates were taken as given.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> found = rv.compare(X, X[:, 0], network=rv.mlp(), optimizers=["sgd", "adam"],
        ...     rates=[0.01, 0.1], budget=2, recipe=rv.Recipe(epochs=3), seeds=3)
        >>> found.budget_curve()["tries"].tolist()
        [1, 2, 1, 2]
        """
        import pandas as pd

        self._need_tries()
        rows = []
        for outcome in self.outcomes:
            tuning = outcome.tuning
            losses = [
                outcome.at(rate) if math.isfinite(tuning.score(rate)) else np.empty(0)
                for rate in tuning.ranked
            ]
            rows += [
                {"label": outcome.label, "tries": b, "mean": mean, "se": se, "failed": failed}
                for b, (mean, se, failed) in enumerate(best_of(losses), start=1)
            ]
        return pd.DataFrame(rows)

    @cached_property
    def verdict(self) -> str:
        """What was found, in words."""
        return verdict_of(
            self.outcomes,
            self.order,
            [self.mean(place) for place in range(len(self.outcomes))],
            self.pairs,
            self.win_shares,
            target=self.target,
            watched=self.watched,
        )

    def plot(self) -> Figure:
        """Draw the candidates' means, and how they depend on the rate and on the budget.

        Returns
        -------
        matplotlib.figure.Figure
            Candidates as given have only the first of the three panels. Of ``rows`` that is the
            learning curve.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> found = rv.compare(X, X[:, 0], network=rv.mlp(), optimizers=["sgd", "adam"],
        ...     recipe=rv.Recipe(epochs=3), seeds=3)
        >>> found.plot().axes[0].get_xlabel()
        'mean test loss ± 2 standard errors'
        """
        from ravine.plots.comparison import comparison_figure

        means = [self.mean(place) for place in self.order]
        return comparison_figure(
            [self.outcomes[place].label for place in self.order],
            np.array([found.mean for found in means]),
            np.array([found.se for found in means]),
            sensitivity=self._curves(self.sensitivity, "learning_rate") if self.tuned else {},
            budget=self._curves(self.budget_curve, "tries") if self.tuned else {},
            rows=self._rows_of_candidates,
        )

    def __repr__(self) -> str:
        return f"Comparison of {len(self.outcomes)} {self.kind}.\n{self.verdict}"

    @cached_property
    def scores(self) -> Array:
        """Test losses, candidates by fresh seeds; NaN where a run diverged."""
        nothing = np.full(len(self.seeds), np.nan)
        return np.stack([o.scores if len(o.final) else nothing for o in self.outcomes])

    @property
    def tuned(self) -> bool:
        """Whether learning rates were tried."""
        return any(outcome.tuning.tries for outcome in self.outcomes)

    @cached_property
    def order(self) -> list[int]:
        """Numbers of the candidates, the best first; those of which a run diverged come last."""
        means = self.scores.mean(axis=1)
        return [int(place) for place in np.argsort(means, kind="stable")]

    def mean(self, place: int) -> Estimate:
        """Estimate the mean test loss of a candidate over seeds."""
        return estimate(self.scores[place])

    @cached_property
    def pairs(self) -> list[Difference]:
        """All paired differences, with joint intervals of 95 %."""
        return paired_differences(self.scores)

    @cached_property
    def win_shares(self) -> Array:
        """The share of joint bootstraps that each candidate wins."""
        rows = len(self.test_units)
        losses = np.full((len(self.outcomes), len(self.seeds), rows), np.nan)
        for place, outcome in enumerate(self.outcomes):
            for seed, result in enumerate(outcome.final):
                if not result.diverged:
                    losses[place, seed] = result.measured["row_losses"]
        return win_shares(losses, self.test_units)

    @property
    def estimand(self) -> str:
        """What means, standard errors and intervals are about."""
        pairs = math.comb(len(self.outcomes), 2)
        return (
            f"Mean test loss over seeds, from {len(self.seeds)} fresh ones, of the chosen settings "
            "on this split of the table. Differences are in pairs of seeds, and their intervals"
            f"{f' hold for all {pairs} pairs at once' if pairs > 1 else ''} over seeds, too."
        )

    def _row(self, place: int) -> dict[str, Any]:
        outcome, found = self.outcomes[place], self.mean(place)
        row = {
            "label": outcome.label,
            "mean": found.mean,
            "se": found.se,
            "best_setting": outcome.setting,
            "win_share": float(self.win_shares[place]),
            "diverged": outcome.diverged,
        }
        for name in ("seconds", "epochs", "steps"):
            values = [getattr(result, name) for result in outcome.final]
            row[name] = float(np.mean(values)) if values else math.nan
        row["tries"] = len(outcome.tuning.tries)
        if self.target is not None:
            times = outcome.to_target(self.target)
            row["reached"] = float(np.isfinite(times[:, 0]).mean()) if len(times) else 0.0
            for column, name in enumerate(("epochs", "steps", "seconds")):
                row[f"{name}_to_target"] = _median(times[:, column])
        return row

    def _need_tries(self) -> None:
        if not self.tuned:
            raise ParameterError(
                "No learning rates were tried: candidates were taken as given.",
                hint="Pass rates=rv.geomspace(1e-4, 1, 9) to compare.",
            )

    def _curves(self, table: Any, x: str) -> dict[str, tuple[Array, Array, Array]]:
        """Give x, mean and standard error of each candidate, the best first."""
        frame = table()
        found = {}
        for place in self.order:
            own = frame[frame["label"] == self.outcomes[place].label]
            values = (own[name].to_numpy(np.float64) for name in (x, "mean", "se"))
            found[self.outcomes[place].label] = tuple(values)
        return found

    @property
    def _rows_of_candidates(self) -> Array | None:
        """Numbers of training rows, if those were compared."""
        if self.kind != "rows":
            return None
        return np.array([len(self.outcomes[p].tuning.candidate.rows) for p in self.order], float)


def _median(times: Array) -> float:
    """Give the median of times of which some are infinite; NaN if it is infinite itself."""
    ordered = np.sort(times)
    if not len(ordered):
        return math.nan
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float((low + high) / 2) if math.isfinite(high) else math.nan
