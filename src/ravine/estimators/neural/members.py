"""The members of an ensemble: their training rows, training and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DivergenceError
from ravine.estimators.neural.options import Variant
from ravine.estimators.neural.recipe import member_recipe
from ravine.models.history import History
from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.training.jobs import Job
from ravine.training.lengths import with_lengths
from ravine.training.train import train_many

__all__ = [
    "Lesson",
    "VariantPlan",
    "held_out_predictions",
    "mean_history",
    "member_predictions",
    "taken",
    "train_members",
]

#: Columns of a history that keep their last value when a member has ended.
_HELD = ("loss", "penalty", "val_loss", "val_accuracy", "val_r2", "val_rmse")

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VariantPlan:
    """The inputs and the networks of the members of one variant.

    Parameters
    ----------
    number : int
        Which variant it is, from 0.
    variant : Variant
        How they are built and trained.
    columns : tuple of int
        Which columns of the coded rows they take.
    networks : tuple of Network
        What is fitted: one network, or one for each quantile.
    """

    number: int
    variant: Variant
    columns: tuple[int, ...]
    networks: tuple[Network, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What members are trained on, and how.

    Parameters
    ----------
    X, y : numpy.ndarray
        Coded rows of the type ``dtype``, and their target.
    weights : numpy.ndarray of shape (n,), optional
        How much each row counts; ``None``: all equally.
    splits : sequence of (rows, validation rows)
        One pair for each member of a variant.
    seed : int
        Members get seeds that follow from it.
    dtype : {"float32", "float64"}
        Precision of the members.
    threads : int
        Threads to use.
    progress : bool
        Whether to show a live line.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    weights: NDArray[np.float64] | None
    splits: Sequence[tuple[Places, Places]]
    seed: int
    dtype: Literal["float32", "float64"]
    threads: int
    progress: bool

    @property
    def sets_aside(self) -> bool:
        """Whether members set rows aside to validate on."""
        return len(self.splits[0][1]) > 0


def train_members(
    plans: Sequence[VariantPlan],
    lesson: Lesson,
    *,
    first: int = 0,
    last: int | None = None,
    parts: Sequence[float] | None = None,
) -> list[list[Model]]:
    """Train members on the same coded rows: one population for all that share columns.

    Parameters
    ----------
    plans : sequence of VariantPlan
        The variants.
    lesson : Lesson
        What they are trained on.
    first, last : int
        Which members of each variant: those from ``first`` to before ``last``, by default all.
    parts : sequence of float, optional
        The fraction of its epochs after which each run ends; its schedule, and a dropout that
        fades, keep the length of all epochs.

    Returns
    -------
    list of list of Model
        Network by network, for each variant by variant, the members.

    Raises
    ------
    DivergenceError
        If a run diverged; ``error.model`` is that member.
    KeyboardInterrupt
        If training was interrupted.
    """
    splits = lesson.splits[first:last]
    jobs: list[Job] = []
    columns: list[tuple[int, ...]] = []
    for network in range(len(plans[0].networks)):
        for plan in plans:
            seeds = _seeds(lesson.seed, plan.number, first + len(splits))[first:]
            for split, seed in zip(splits, seeds, strict=True):
                part = None if parts is None else parts[len(jobs)]
                jobs.append(
                    _job(plan.variant, plan.networks[network], split, seed, lesson.dtype, part)
                )
                columns.append(plan.columns)
    trained: dict[int, Model] = {}
    for chosen in dict.fromkeys(columns):
        places = [place for place, own in enumerate(columns) if own == chosen]
        models = train_many(
            [jobs[place] for place in places],
            taken(lesson.X, chosen),
            lesson.y,
            sample_weight=lesson.weights,
            threads=lesson.threads,
            progress=lesson.progress or None,
        )
        _check_ended(models)
        trained |= dict(zip(places, models, strict=True))
    every = [trained[place] for place in range(len(jobs))]
    return [every[start : start + len(splits)] for start in range(0, len(every), len(splits))]


def _seeds(seed: int, variant: int, count: int) -> list[int]:
    """Give the seeds of the first members of a variant."""
    found: list[int] = (
        np.random.default_rng([seed, 1, variant]).integers(2**31, size=count).tolist()
    )
    return found


def _job(
    variant: Variant,
    network: Network,
    split: tuple[Places, Places],
    seed: int,
    dtype: Literal["float32", "float64"],
    part: float | None,
) -> Job:
    """Make the job of one member; with ``part`` it ends after that fraction of its epochs."""
    kept, aside = split
    validated = len(aside) > 0
    recipe = member_recipe(variant, len(kept), validated=validated, seed=seed, dtype=dtype)
    if part is not None:
        network = Network.from_dict(with_lengths(network.to_dict(), recipe.epochs))
        recipe = recipe.replace(epochs=max(1, round(part * recipe.epochs)))
    return Job(network, recipe, rows=kept, validation_rows=aside if validated else None)


def _check_ended(models: Sequence[Model]) -> None:
    for model in models:
        if model.status == "diverged":
            raise DivergenceError(
                model.message,
                hint="Lower learning_rate to a tenth, or set clip_norm=1.",
                model=model,
            )
    if any(model.status == "interrupted" for model in models):
        raise KeyboardInterrupt


def member_predictions(model: Model, X: NDArray[Any]) -> NDArray[np.float64]:
    """Predict with one member: probabilities, or numbers in the networks' unit.

    Parameters
    ----------
    model : Model
        The member.
    X : numpy.ndarray of shape (n, inputs)
        Coded rows, the columns of its variant.

    Returns
    -------
    numpy.ndarray of shape (n, outputs)
        The predictions.
    """
    if model.classes is None:
        return np.asarray(model.predict(X), dtype=np.float64).reshape(len(X), -1)
    found = np.asarray(model.predict_proba(X), dtype=np.float64)
    return np.asarray(found / found.sum(axis=1, keepdims=True))  # 1 to float64's last digits


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
        found = member_predictions(model, X[aside])
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

    When a member has ended, its last losses and scores are used for later epochs, so that the mean
    does not jump; everything else is averaged over the members that still train.

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
