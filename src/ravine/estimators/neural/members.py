"""The members of an ensemble: their kinds, their training, what they predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DivergenceError
from ravine.estimators.neural.options import make_recipe
from ravine.models.history import History
from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.training.jobs import Job
from ravine.training.lengths import with_lengths
from ravine.training.train import train_many

__all__ = [
    "Kind",
    "held_out_predictions",
    "mean_history",
    "taken",
    "train_members",
]

#: Columns of a history that stay as they were once a member has ended.
_HELD = ("loss", "penalty", "val_loss", "val_accuracy", "val_r2", "val_rmse")

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Kind:
    """Members that are trained alike.

    Parameters
    ----------
    number : int
        Which kind it is, from 0.
    options : mapping
        Their parameters.
    columns : tuple of int
        Which columns of the coded rows they take.
    networks : tuple of Network
        What is fitted: one network, or one for each quantile.
    """

    number: int
    options: Mapping[str, Any]
    columns: tuple[int, ...]
    networks: tuple[Network, ...]


def train_members(
    kinds: Sequence[Kind],
    X: NDArray[Any],
    y: NDArray[Any],
    weights: NDArray[np.float64] | None,
    splits: Sequence[tuple[Places, Places]],
    seed: int,
    *,
    first: int = 0,
    parts: Sequence[float] | None = None,
    threads: int,
    progress: bool,
) -> list[list[Model]]:
    """Train all members over the same coded rows: one population for all that share columns.

    Parameters
    ----------
    kinds : sequence of Kind
        The kinds of members.
    X, y, weights : numpy.ndarray
        Coded rows, their target and how much each counts.
    splits : sequence of (rows, validation rows)
        One pair a member of each kind.
    seed : int
        Members get seeds that follow from it.
    first : int, default 0
        How many members of each kind there are before these.
    parts : sequence of float, optional
        After what part of its epochs each run ends; its schedule, and a dropout that fades, keep
        the length of them all.
    threads : int
        Threads to use.
    progress : bool
        Whether to show a live line.

    Returns
    -------
    list of list of Model
        Network by network, for each kind by kind, the members.

    Raises
    ------
    DivergenceError
        If a run diverged; ``error.model`` is that member.
    KeyboardInterrupt
        If training was interrupted.
    """
    jobs: list[Job] = []
    columns: list[tuple[int, ...]] = []
    for network in range(len(kinds[0].networks)):
        for kind in kinds:
            drawn = np.random.default_rng([seed, 1, kind.number])
            seeds = drawn.integers(2**31, size=first + len(splits))[first:]
            for (kept, aside), own in zip(splits, seeds.tolist(), strict=True):
                recipe = make_recipe(kind.options, len(kept), validated=len(aside) > 0, seed=own)
                fitted = kind.networks[network]
                if parts is not None:
                    fitted = Network.from_dict(with_lengths(fitted.to_dict(), recipe.epochs))
                    recipe = recipe.replace(epochs=max(1, round(parts[len(jobs)] * recipe.epochs)))
                validation = aside if len(aside) else None
                jobs.append(Job(fitted, recipe, rows=kept, validation_rows=validation))
                columns.append(kind.columns)
    trained: dict[int, Model] = {}
    for chosen in dict.fromkeys(columns):
        places = [place for place, own in enumerate(columns) if own == chosen]
        models = train_many(
            [jobs[place] for place in places],
            taken(X, chosen),
            y,
            sample_weight=weights,
            threads=threads,
            progress=progress or None,
        )
        for model in models:
            if model.status == "diverged":
                raise DivergenceError(
                    model.message,
                    hint="Lower learning_rate to a tenth, or set clip_norm=1.",
                    model=model,
                )
        if any(model.status == "interrupted" for model in models):
            raise KeyboardInterrupt
        trained |= dict(zip(places, models, strict=True))
    every = [trained[place] for place in range(len(jobs))]
    return [every[start : start + len(splits)] for start in range(0, len(every), len(splits))]


def taken(X: NDArray[Any], columns: Sequence[int]) -> NDArray[Any]:
    """Give some columns of coded rows; the rows themselves if these are all.

    Examples
    --------
    >>> taken(np.array([[1, 2, 3]]), (0, 2))
    array([[1, 3]])
    """
    return X if len(columns) == X.shape[1] else np.ascontiguousarray(X[:, list(columns)])


def held_out_predictions(
    models: Sequence[Model],
    X: NDArray[Any],
    splits: Sequence[tuple[Places, Places]],
    predict: Callable[[Model, NDArray[Any]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Average, for each row, the predictions of the members that had set it aside.

    Parameters
    ----------
    models : sequence of Model
        The members.
    X : numpy.ndarray of shape (n, inputs)
        The rows of training.
    splits : sequence of (rows, validation rows)
        Those of the members.
    predict : callable
        ``predict(model, rows)`` of shape (rows, outputs).

    Returns
    -------
    numpy.ndarray of shape (n, outputs)
        The means; NaN where no member had set the row aside.
    """
    total: NDArray[np.float64] | None = None
    counts = np.zeros(len(X))
    for model, (_, aside) in zip(models, splits, strict=True):
        if not len(aside):
            continue
        found = predict(model, X[aside])
        if total is None:
            total = np.zeros((len(X), found.shape[1]))
        total[aside] += found
        counts[aside] += 1
    if total is None:
        return np.full((len(X), 1), np.nan)
    with np.errstate(invalid="ignore"):
        return total / counts[:, None]


def mean_history(models: Sequence[Model]) -> History:
    """Average the histories of members, epoch by epoch.

    Of a member that has ended, the last losses and scores count on, so that the mean does not jump
    where some end before others; all else is averaged over those that still trained.

    Parameters
    ----------
    models : sequence of Model
        The members.

    Returns
    -------
    History
        The means; its best epoch is the members' mean best epoch.
    """
    longest = max((model.history for model in models), key=len)
    columns = {}
    for name in longest:
        table = np.full((len(models), len(longest)), np.nan)
        for row, model in zip(table, models, strict=True):
            ended = len(model.history)
            row[:ended] = model.history[name]
            if name in _HELD and ended:
                row[ended:] = row[ended - 1]
        known = ~np.isnan(table)
        with np.errstate(invalid="ignore"):  # R² of one row is not a number
            columns[name] = np.where(known, table, 0.0).sum(axis=0) / known.sum(axis=0)
    columns["epoch"] = longest["epoch"]
    best = [model.best_epoch for model in models if model.best_epoch is not None]
    return History(columns, round(float(np.mean(best))) if best else None)
