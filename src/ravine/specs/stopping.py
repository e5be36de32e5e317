"""Stopping: when training ends before its last epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.rules import Choice, Flag, Number, Rule, Whole
from ravine.specs.schedules import MONITORS, Monitor
from ravine.specs.spec import Family, Spec

__all__ = ["EarlyStopping"]


@dataclass(frozen=True, repr=False)
class EarlyStopping(Spec):
    """Stop after ``patience`` epochs in a row without an improvement of the monitored value.

    A value improves when it is better than the best so far by more than ``min_delta``. Values
    with ``val_`` in their name need validation rows: ``validation_fraction`` in the recipe, or
    ``validation=``
    in `ravine.train`. A value that is infinite or NaN is not an improvement. A value that is
    undefined for the validation rows (R² of a single row, or of targets that are all the same) is
    an error before training. A run whose value is not a number in any epoch has diverged.

    ``"loss"`` is the data part of the training objective, without penalties, as training computes
    it (with dropout, noise and augmentation). With full batches it is the loss of the weights
    before the epoch's one step. The model then gets these weights, whose loss is the best epoch's,
    even if the recipe averages weights (the loss is not that of the average). With mini-batches
    the loss is a mean over moving weights, and the model gets the weights at the epoch's end.

    Parameters
    ----------
    patience : int, default 10
        Epochs without improvement to wait for, at least 1.
    min_delta : float, default 0.0
        Smallest change that counts, at least 0, in units of the monitored value.
    monitor : {"loss", "val_loss", "val_accuracy", "val_r2", "val_rmse"}, default "val_loss"
        What is watched. Losses and RMSE are better when smaller, accuracy and R² when larger.
    restore_best : bool, default True
        Whether the model gets the weights of the best epoch, or those of the last. A run that
        diverged always gets those of its best epoch.

    References
    ----------
    Prechelt (1998), Early Stopping - But When?, class UP of the criteria.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.EarlyStopping(patience=5)
    EarlyStopping(patience=5)
    """

    _: KW_ONLY
    patience: int = 10
    min_delta: float = 0.0
    monitor: Monitor = "val_loss"
    restore_best: bool = True

    _rules: ClassVar[Mapping[str, Rule]] = {
        "patience": Whole(at_least=1),
        "min_delta": Number(at_least=0),
        "monitor": Choice(MONITORS),
        "restore_best": Flag(),
    }


STOPPINGS: Family[EarlyStopping] = Family("a stopping rule", EarlyStopping, (EarlyStopping,))
