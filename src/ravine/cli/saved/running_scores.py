"""Scores of a model, computed piece by piece."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.tables.target import Target

__all__ = ["RunningScores", "Scored", "scores_of"]


class Scored(Protocol):
    """What can be scored piece by piece."""

    @property
    def target(self) -> Target:
        """What is predicted."""

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows: means over them, ``mse`` among them for numbers."""


class RunningScores:
    """Scores of a model on rows in pieces, as if they were given at once.

    Losses, squared errors and correct answers are sums over rows. The squared distances of the
    targets from their mean, which R² needs, are combined by the rule of Chan, Golub & LeVeque
    (1979): ``S = S₁ + S₂ + (m₂ − m₁)² n₁ n₂ / (n₁ + n₂)``.

    Parameters
    ----------
    model : Scored
        The model.

    Attributes
    ----------
    rows : int
        The rows that were scored.
    """

    def __init__(self, model: Scored) -> None:
        self.model = model
        self.rows = 0
        self._sums: dict[str, float] = {}
        self._mean = self._squares = 0.0

    def add(self, frame: pd.DataFrame) -> None:
        """Score further rows, whose target is known.

        Parameters
        ----------
        frame : pandas.DataFrame
            n rows with the target's column.
        """
        n, means = len(frame), self.model.means(frame)
        if "mse" in means:
            target = self.model.target
            self._add_spread(target.decode(target.encode(frame[target.name])), n)
        for name, value in means.items():
            self._sums[name] = self._sums.get(name, 0.0) + n * value
        self.rows += n

    def scores(self) -> dict[str, float]:
        """Give the scores of all rows; of ``mse``, its root and R².

        Raises
        ------
        DataError
            If one is beyond the largest number.
        """
        from ravine.models.finite import check_scores

        found = {name: total / self.rows for name, total in self._sums.items()}
        check_scores(found)
        if "mse" in found:
            found |= {"rmse": math.sqrt(found.pop("mse")), "r2": self._r2(self._sums["mse"])}
        return found

    def _r2(self, squares: float) -> float:
        if self.rows < 2:
            return math.nan
        if self._squares == 0:
            return float(squares == 0)
        return 1 - squares / self._squares

    def _add_spread(self, y: NDArray[Any], n: int) -> None:
        import numpy as np

        mean = float(y.mean())
        ours = self.rows / (self.rows + n)
        with np.errstate(over="ignore"):  # check_scores refuses what is beyond the largest number
            gap = np.square(mean - self._mean)
            self._squares += float(((y - mean) ** 2).sum() + gap * n * ours)
        self._mean += (mean - self._mean) * (1 - ours)


def scores_of(model: Scored, frame: pd.DataFrame) -> dict[str, float]:
    """Score rows at once; errors name them by their numbers in the file.

    Parameters
    ----------
    model : Scored
        The model.
    frame : pandas.DataFrame
        Rows whose target is known.

    Returns
    -------
    dict of str to float
        As from `RunningScores.scores`.
    """
    from ravine.tables.places import rows_of_the_file

    running = RunningScores(model)
    with rows_of_the_file(frame.index):
        running.add(frame)
    return running.scores()
