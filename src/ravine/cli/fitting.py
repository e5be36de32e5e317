"""From a table and settings to a trained model and its scores: one path for every kind of model."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from ravine.cli.flags.network import NetworkSettings
from ravine.cli.kinds.base import Checkpoints, Prepared
from ravine.cli.known_rows import known_rows, readable_rows

if TYPE_CHECKING:
    import pandas as pd

    from ravine.cli.flags.estimator import EstimatorSettings
    from ravine.cli.kinds.base import SavedModel
    from ravine.cli.kinds.estimator import PreparedEstimator
    from ravine.cli.kinds.network import PreparedNetwork
    from ravine.cli.saved.scores import Scores

__all__ = ["Fitted", "fit", "prepare", "score"]


@dataclass(frozen=True)
class Fitted:
    """The result of training."""

    model: SavedModel
    seconds: float

    @property
    def ending(self) -> str:
        """Say in a line how long training took and why it ended."""
        return self.model.ending(self.seconds)


@overload
def prepare(table: str | pd.DataFrame, settings: NetworkSettings) -> PreparedNetwork: ...
@overload
def prepare(table: str | pd.DataFrame, settings: EstimatorSettings) -> PreparedEstimator: ...
def prepare(
    table: str | pd.DataFrame, settings: NetworkSettings | EstimatorSettings
) -> PreparedNetwork | PreparedEstimator:
    """Keep the rows whose target is known, set rows aside, and make all choices that need the rows.

    Parameters
    ----------
    table : str or pandas.DataFrame
        The table's file, or the table.
    settings : NetworkSettings or EstimatorSettings
        The settings.

    Returns
    -------
    PreparedNetwork or PreparedEstimator
        Ready to be trained.

    Raises
    ------
    RavineError
        If table and settings do not suit each other.
    """
    known = known_rows(table, settings.table)
    task = known.task_for(settings.table)
    rows = known.split(settings.table, task, settings.shares(task), settings.seed)
    if isinstance(settings, NetworkSettings):
        from ravine.cli.kinds.network import PreparedNetwork

        return PreparedNetwork.of(settings, rows)
    from ravine.cli.kinds.estimator import PreparedEstimator

    return PreparedEstimator.of(settings, rows)


def fit(prepared: Prepared, checkpoints: Checkpoints = Checkpoints()) -> Fitted:  # noqa: B008
    """Train, with a live line on a terminal.

    Parameters
    ----------
    prepared : Prepared
        What to train.
    checkpoints : Checkpoints
        Where to write the state, and whether to resume from it.

    Returns
    -------
    Fitted
        The model, and how long it took.
    """
    started = time.perf_counter()
    model = prepared.fit(checkpoints)
    return Fitted(model, time.perf_counter() - started)


def score(model: SavedModel, prepared: Prepared) -> Scores:
    """Score a model on all rows that were set aside or trained on, next to the baseline.

    Parameters
    ----------
    model : SavedModel
        The trained model.
    prepared : Prepared
        The rows.

    Returns
    -------
    Scores
        The scores.
    """
    from ravine.cli.saved.running_scores import scores_of
    from ravine.cli.saved.scores import Scores

    rows = {n: readable_rows(f, model.schema, n) for n, f in prepared.frames.items()}
    rows = {name: frame for name, frame in rows.items() if len(frame)}
    simple, baseline = model.baseline(prepared.frames["training"])
    return Scores(
        model.target.name,
        model.target.task,
        {name: len(frame) for name, frame in rows.items()},
        {name: scores_of(model, frame) for name, frame in rows.items()},
        {name: scores_of(baseline, frame) for name, frame in rows.items()},
        simple,
    )
