"""Runs as a table: what distinguishes them, and what they gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from ravine.studies.trials import Result

__all__ = ["as_column", "differing", "histories_frame", "runs_frame"]


def as_column(values: Sequence[Any]) -> pd.Series[Any]:
    """Give labels as a column; None stays None beside numbers and text.

    Examples
    --------
    >>> as_column([None, 0.5]).tolist()
    [None, 0.5]
    """
    import pandas as pd

    return pd.Series(list(values), dtype=object if None in values else None)


def differing(labels: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the labels that are not the same everywhere, in the order in which they first occur.

    Examples
    --------
    >>> differing([{"seed": 0, "epochs": 5}, {"seed": 1, "epochs": 5}])
    ['seed']
    """
    names = dict.fromkeys(name for row in labels for name in row)
    return [
        name
        for name in names
        if len({(name in row, type(row.get(name)), row.get(name)) for row in labels}) > 1
    ]


def runs_frame(
    labels: Sequence[Mapping[str, Any]], folds: Sequence[int], results: Sequence[Result]
) -> pd.DataFrame:
    """Give a row a run.

    Parameters
    ----------
    labels : sequence of dict
        Of each run.
    folds : sequence of int
        The fold of each run, shown if there are several.
    results : sequence of Result
        What they gave.

    Returns
    -------
    DataFrame
        Labels that differ, ``fold``, scores, ``epochs``, ``steps``, ``seconds`` and ``status``.

    Examples
    --------
    >>> from ravine.studies.trials import Result
    >>> result = Result("finished", "", {"loss": 0.5}, 1, 4, None, 0.1)
    >>> list(runs_frame([{"seed": 0}, {"seed": 1}], [0, 0], [result, result]))
    ['seed', 'loss', 'epochs', 'steps', 'seconds', 'status']
    """
    import pandas as pd

    columns: dict[str, Any] = _settings(labels, folds)
    scores = list(dict.fromkeys(name for result in results for name in result.scores))
    for name in scores:
        columns[name] = [result.scores.get(name, float("nan")) for result in results]
    for name in ("epochs", "steps", "seconds", "status"):
        columns[name] = [getattr(result, name) for result in results]
    return pd.DataFrame(columns)


def histories_frame(
    labels: Sequence[Mapping[str, Any]], folds: Sequence[int], results: Sequence[Result]
) -> pd.DataFrame:
    """Give a row an epoch of each run.

    Parameters
    ----------
    labels, folds, results
        As in `runs_frame`; results with their history.

    Returns
    -------
    DataFrame
        Labels that differ, ``fold``, and the columns of the histories.

    Examples
    --------
    >>> from ravine.studies.trials import Result
    >>> history = {"epoch": np.array([1.0, 2.0]), "loss": np.array([0.5, 0.25])}
    >>> result = Result("finished", "", {}, 2, 8, None, 0.1, history)
    >>> histories_frame([{"seed": 0}, {"seed": 1}], [0, 0], [result, result])["seed"].tolist()
    [0, 0, 1, 1]
    """
    import pandas as pd

    rows = np.repeat(np.arange(len(results)), [result.epochs for result in results])
    settings = _settings(labels, folds)
    columns: dict[str, Any] = {
        name: as_column([values[row] for row in rows]) for name, values in settings.items()
    }
    for name in dict.fromkeys(name for result in results for name in result.history):
        parts = [r.history.get(name, np.full(r.epochs, np.nan)) for r in results]
        column = np.concatenate(parts)
        columns[name] = column.astype(np.int64) if name in ("epoch", "step") else column
    return pd.DataFrame(columns)


def _settings(labels: Sequence[Mapping[str, Any]], folds: Sequence[int]) -> dict[str, Any]:
    """Give what identifies runs, as columns."""
    columns: dict[str, Any] = {
        name: as_column([row.get(name) for row in labels]) for name in differing(labels)
    }
    return columns | {"fold": list(folds)} if len(set(folds)) > 1 else columns
