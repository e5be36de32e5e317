"""What the runs of a study say of its settings: means, and differences in pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.ground.text import plural
from ravine.specs.rules import Number, nearest
from ravine.studies.frame import as_column
from ravine.studies.intervals import Estimate, estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cells", "higher_is_better", "ordered", "summarise"]

#: Scores of which more is better; of losses and errors less is.
_HIGHER = ("accuracy", "r2")


@dataclass(frozen=True, eq=False)
class Cells:
    """Scores of settings by what their runs share: seeds, folds and whatever else was varied.

    Parameters
    ----------
    scores : ndarray, shape (settings, cells)
        NaN where a run diverged.
    present : ndarray of bool, shape (settings, cells)
        Which runs there are.
    units : ndarray of int, shape (cells,)
        The seed or the fold of each cell: what is averaged first.
    ratio : float
        n_test / n_train over folds, 0 over seeds.

    Examples
    --------
    >>> scores = np.array([[1.0, 2.0], [1.5, 2.5]])
    >>> cells = Cells(scores, np.ones((2, 2), dtype=bool), np.array([0, 1]), 0.0)
    >>> cells.difference(1, 0).mean
    0.5
    """

    scores: NDArray[np.float64]
    present: NDArray[np.bool_]
    units: NDArray[np.int64]
    ratio: float

    def mean(self, setting: int, confidence: float = 0.95) -> Estimate:
        """Estimate the mean score of a setting."""
        return self._over_units(self.scores[setting], self.present[setting], confidence)

    def difference(self, setting: int, other: int, confidence: float = 0.95) -> Estimate:
        """Estimate how much more the score of a setting is than another's, in pairs of runs."""
        both = self.present[setting] & self.present[other]
        return self._over_units(self.scores[setting] - self.scores[other], both, confidence)

    def _over_units(
        self, values: NDArray[np.float64], there: NDArray[np.bool_], confidence: float
    ) -> Estimate:
        units = self.units[there]
        counts = np.bincount(units)
        sums = np.bincount(units, values[there])
        return estimate(sums[counts > 0] / counts[counts > 0], self.ratio, confidence)


def summarise(
    frame: pd.DataFrame,
    by: Sequence[str],
    *,
    settings: Sequence[str],
    metric: str,
    ratio: float,
    against: Any = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Summarise runs by some of their settings.

    Parameters
    ----------
    frame : DataFrame
        A row a run, as `Study.to_frame` gives it.
    by : sequence of str
        Settings to tell apart.
    settings : sequence of str
        All columns that identify a run: settings, ``seed`` and ``fold``.
    metric : str
        A score.
    ratio : float
        n_test / n_train where the runs have folds.
    against : object, optional
        The setting that differences are from; None: the best.
    confidence : float, default 0.95
        Of intervals.

    Returns
    -------
    DataFrame
        As `Study.summary` says.
    """
    import pandas as pd

    confidence = Number(above=0, below=1)("summary", "confidence", confidence)
    _check_metric(frame, metric)
    keys, cells = _cells(frame, by, settings, metric, ratio)
    order = ordered([cells.mean(i).mean for i in range(len(keys))], metric)
    reference = order[0] if against is None else _place(against, keys)
    pairs = math.comb(len(keys), 2) if against is None else 1
    each = 1 - (1 - confidence) / max(pairs, 1)
    rows = []
    for place in order:
        mean, apart = cells.mean(place), cells.difference(place, reference, each)
        there = cells.present[place]
        rows.append(
            {
                "runs": int(there.sum()),
                "diverged": int(np.isnan(cells.scores[place][there]).sum()),
                "mean": mean.mean,
                "se": mean.se,
                "difference": apart.mean,
                "difference_se": apart.se,
                "low": apart.low,
                "high": apart.high,
            }
        )
    labels = {name: as_column([keys[i][n] for i in order]) for n, name in enumerate(by)}
    summary = pd.DataFrame(labels | {name: [row[name] for row in rows] for name in rows[0]})
    summary.attrs["estimand"] = _estimand(cells, metric, confidence, pairs, keys[reference])
    return summary


def higher_is_better(metric: str) -> bool:
    """Whether more of a score is better.

    Examples
    --------
    >>> higher_is_better("val_r2"), higher_is_better("val_loss")
    (True, False)
    """
    return metric.rpartition("_")[2] in _HIGHER


def ordered(means: Sequence[float], metric: str) -> list[int]:
    """Give the places of means, the best first, those that are NaN last.

    Examples
    --------
    >>> ordered([0.3, float("nan"), 0.1], "val_loss")
    [2, 0, 1]
    """
    signed = -np.asarray(means) if higher_is_better(metric) else np.asarray(means)
    return [int(i) for i in np.argsort(signed, kind="stable")]  # NaN are last


def _check_metric(frame: pd.DataFrame, metric: str) -> None:
    scores = [name for name in frame if str(name) == "loss" or str(name).startswith("val_")]
    if metric not in scores:
        raise ParameterError(
            f"The runs have no score '{metric}'. Their scores: {', '.join(map(str, scores))}.",
            hint=nearest(metric, map(str, scores)),
        )


def _cells(
    frame: pd.DataFrame, by: Sequence[str], settings: Sequence[str], metric: str, ratio: float
) -> tuple[list[tuple[Any, ...]], Cells]:
    """Lay scores out, settings by cells."""
    keys: dict[tuple[Any, ...], int] = {}
    shared: dict[tuple[Any, ...], int] = {}
    unit_of: dict[int, Any] = {}
    others = [name for name in settings if name not in by]
    unit = "fold" if "fold" in others else "seed" if "seed" in others else None
    places = []
    columns: Mapping[str, list[Any]] = {name: frame[name].tolist() for name in settings}
    for row in range(len(frame)):
        setting = tuple(columns[name][row] for name in by)
        cell = tuple(columns[name][row] for name in others)
        place = (
            keys.setdefault(setting, len(keys)),
            shared.setdefault(cell, len(shared)),
        )
        unit_of[place[1]] = 0 if unit is None else columns[unit][row]
        places.append(place)
    scores = np.full((len(keys), len(shared)), np.nan)
    present = np.zeros(scores.shape, dtype=bool)
    where = tuple(np.array(places, dtype=np.int64).reshape(-1, 2).T)
    scores[where], present[where] = frame[metric].to_numpy(np.float64), True
    units = np.unique([unit_of[i] for i in range(len(shared))], return_inverse=True)[1]
    return list(keys), Cells(scores, present, units, ratio if unit == "fold" else 0.0)


def _place(against: Any, keys: Sequence[tuple[Any, ...]]) -> int:
    wanted = against if isinstance(against, tuple) else (against,)
    if wanted not in keys:
        known = ", ".join(_said(key) for key in keys)
        raise ParameterError(f"No setting is {against!r}. The settings: {known:.300}.")
    return list(keys).index(wanted)


def _said(key: tuple[Any, ...]) -> str:
    return repr(key[0]) if len(key) == 1 else repr(key)


def _estimand(
    cells: Cells, metric: str, confidence: float, pairs: int, reference: tuple[Any, ...]
) -> str:
    """Say what standard errors and intervals are about."""
    count = len(np.unique(cells.units))
    if count < 2:
        return f"{metric} of one run each: without several seeds or folds there are no errors."
    if cells.ratio:
        over = (
            f"over new tables of this size, from {plural(count, 'fold')} (Nadeau and Bengio's "
            f"factor 1/{count} + {cells.ratio:.3g})"
        )
    else:
        over = f"over seeds on this split, from {plural(count, 'seed')}"
    if len(cells.scores) == 1:
        return f"Mean {metric} {over}."
    held = f"for all {pairs} pairs at once" if pairs > 1 else "for each by itself"
    return (
        f"Mean {metric} {over}. Differences are from {_said(reference)}, in pairs of runs; their "
        f"{confidence:.4g} intervals hold {held}."
    )
