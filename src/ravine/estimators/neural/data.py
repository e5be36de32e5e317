"""What one fit trains and validates on: rows merged and in order, and which ones validate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.rotating import Split, validation_splits
from ravine.data.sides import group_codes, time_ranks
from ravine.errors import DataError
from ravine.estimators.neural.copies import in_order, mean_one
from ravine.estimators.neural.equal_rows import equal_rows, with_targets
from ravine.ground.kept import check_kept
from ravine.ground.text import plural
from ravine.specs.losses import Loss

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GivenRows", "Goal", "TrainingRows", "check_weights"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GivenRows:
    """Rows as a fit was given them, checked.

    Parameters
    ----------
    frame : pandas.DataFrame
        n rows.
    y : numpy.ndarray of shape (n,) or (n, outputs)
        Their targets, as numbers.
    weights : numpy.ndarray of shape (n,), optional
        How much each counts, at least 0.
    notes : tuple of str, default ()
        What was noticed of their targets, in sentences.
    """

    frame: pd.DataFrame
    y: NDArray[Any]
    weights: Numbers | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Goal:
    """What members are trained towards.

    Parameters
    ----------
    y : numpy.ndarray of shape (n,) or (n, outputs)
        The target of each row, as networks learn it.
    weights : numpy.ndarray of shape (n,), optional
        How much each row counts; ``None``: all alike.
    losses : sequence of Loss
        The loss of each network: one, or one for each quantile.
    outputs : int
        Numbers that a network predicts.
    classes : numpy.ndarray of int64, shape (n,), optional
        The class of each row; rows that are set aside hold each class in proportion.
    alike_in_sharpness : bool, default False
        Whether probabilities of different variants are made alike in sharpness.
    """

    y: NDArray[Any]
    weights: Numbers | None
    losses: Sequence[Loss]
    outputs: int
    classes: NDArray[Any] | None = None
    alike_in_sharpness: bool = False


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Rows of training, and behind them the rows that validate if they were given apart.

    Parameters
    ----------
    frame : pandas.DataFrame
        The n rows of training, in their order; copies are merged.
    validation : pandas.DataFrame, optional
        The rows that were given to validate on, as they were given; absent ones (of weight 0) are
        written over with the first that counts.
    apart : numpy.ndarray of int64, shape (m,)
        Which of them count, in their order; m is 0 without them.
    y : numpy.ndarray of shape (n + m,) or (n + m, outputs)
        Targets of all.
    weights : numpy.ndarray of shape (n + m,), optional
        How much each counts; ``None``: all alike.
    groups, times : numpy.ndarray of int64, shape (n,), optional
        Codes of the training rows' groups, and ranks of their times.
    notes : tuple of str
        What was done with copies, and noticed of targets, in sentences.
    """

    frame: pd.DataFrame
    validation: pd.DataFrame | None
    apart: NDArray[np.int64]
    y: NDArray[Any]
    weights: Numbers | None
    groups: NDArray[np.int64] | None
    times: NDArray[np.int64] | None
    notes: tuple[str, ...]

    @classmethod
    def gather(
        cls,
        given: GivenRows,
        validation: GivenRows | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> TrainingRows:
        """Merge copies of rows, and put rows into the order of training.

        Parameters
        ----------
        given : GivenRows
            The rows to train on, and to split if none are given to validate on.
        validation : GivenRows, optional
            Rows to validate on.
        groups, time : array-like of shape (n,), optional
            The group and the time of each row to train on, if none are given to validate on.

        Returns
        -------
        TrainingRows
            The rows.

        Raises
        ------
        DataError
            If groups or times do not fit the rows.
        """
        n = len(given.frame)
        absent = None if given.weights is None else given.weights == 0
        codes = None if groups is None else group_codes(groups, n, absent=absent)
        ranks = None if time is None else time_ranks(time, n, absent=absent)
        rows = in_order(given.frame, given.y, given.weights, groups=codes, times=ranks)
        y, weights, notes = given.y[rows.places], rows.weights, rows.notes
        frame, table, apart = _taken(given.frame, rows.places), None, np.empty(0, dtype=np.int64)
        if validation is not None:
            others = in_order(validation.frame, validation.y, validation.weights, table="X_val")
            table, apart = _present(validation), others.places
            y = np.concatenate([y, validation.y[apart]])
            weights = _joined((weights, len(frame)), (others.weights, len(apart)))
            notes += (*others.notes, *_notes_on_both(frame, _taken(table, apart), y))
        notes += given.notes
        return cls(frame, table, apart, y, weights, rows.groups, rows.times, notes)

    def splits(
        self, n_members: int, fraction: float, seed: int, classes: NDArray[Any] | None
    ) -> list[Split]:
        """Say which rows each member trains on, and which it validates on.

        Parameters
        ----------
        n_members : int
            How many members.
        fraction : float
            Part of the rows to set aside, if none were given to validate on.
        seed : int
            Seed of the splits.
        classes : numpy.ndarray of shape (n + m,), optional
            A class per row.

        Returns
        -------
        list of (training rows, validation rows)
            One pair a member.
        """
        n = len(self.frame)
        if self.validation is not None:
            return [(np.arange(n), np.arange(n, len(self.y)))] * n_members
        return validation_splits(
            n, n_members, fraction, seed, classes, groups=self.groups, times=self.times
        )

    def weighted(self, factors: Numbers) -> Numbers | None:
        """Multiply the rows' weights with others, and scale them to a mean of 1."""
        return mean_one(factors if self.weights is None else self.weights * factors)


def check_weights(weights: Any, frame: pd.DataFrame, name: str) -> Numbers | None:
    """Check weights of rows.

    Parameters
    ----------
    weights : array-like of shape (n,), optional
        The weights.
    frame : pandas.DataFrame
        The rows.
    name : str
        What the weights are called in messages.

    Returns
    -------
    numpy.ndarray of shape (n,), or None
        The weights; ``None`` as it is.

    Raises
    ------
    DataError
        If they do not fit the rows, one is negative or no number, or all are 0.
    """
    from sklearn.utils.validation import _check_sample_weight

    if weights is None:
        return None
    check_kept(weights, name)
    try:
        found: Numbers = _check_sample_weight(weights, frame, dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{name} cannot be used: {error}") from error
    if (found < 0).any():
        raise DataError(
            f"{name} must not be negative. Got {found.min():g} in row {int(found.argmin()) + 1}."
        )
    return found


def _taken(frame: pd.DataFrame, places: NDArray[np.int64]) -> pd.DataFrame:
    return frame.iloc[places].reset_index(drop=True)


def _present(rows: GivenRows) -> pd.DataFrame:
    """Give rows in their places, with absent ones written over: nothing is to be said of those."""
    if rows.weights is None or rows.weights.all():
        return rows.frame
    first = int((rows.weights > 0).argmax())
    return _taken(rows.frame, np.where(rows.weights > 0, np.arange(len(rows.frame)), first))


def _notes_on_both(frame: pd.DataFrame, apart: pd.DataFrame, y: NDArray[Any]) -> tuple[str, ...]:
    """Say how many of the rows that validate are rows of training, too."""
    import pandas as pd

    codes = with_targets(equal_rows(pd.concat([frame, apart], ignore_index=True)), y)
    count = int(np.isin(codes[len(frame) :], codes[: len(frame)]).sum())
    if not count:
        return ()
    which = f"{count:,} of {plural(len(apart), 'row')} of X_val {'is' if count == 1 else 'are'}"
    return (
        f"{which} in X as well, equal in every column and the target: what is learnt of them is "
        "not validated.",
    )


def _joined(*parts: tuple[Numbers | None, int]) -> Numbers | None:
    """Put weights of rows behind one another; ``None`` if all rows count alike."""
    if all(weights is None for weights, _ in parts):
        return None
    return np.concatenate([np.ones(n) if own is None else own for own, n in parts])
