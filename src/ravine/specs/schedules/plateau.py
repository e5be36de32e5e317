"""A value that falls whenever training stalls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

from ravine.errors import ParameterError
from ravine.specs.rules import Choice, Maybe, Number, Rule, Whole, broken
from ravine.specs.schedules.base import POSITIVE, Schedule

__all__ = ["ReduceOnPlateau"]

#: What `ReduceOnPlateau` and early stopping can watch.
MONITORS = ("loss", "val_loss", "val_accuracy", "val_r2", "val_rmse")

Monitor = Literal["loss", "val_loss", "val_accuracy", "val_r2", "val_rmse"]


@dataclass(frozen=True, repr=False)
class ReduceOnPlateau(Schedule):
    """A constant that is multiplied by ``factor`` whenever the monitored value stalls.

    After ``patience`` epochs in a row whose value is not better than the best so far by more than
    ``min_delta`` (accuracy and R² are better when larger), ``η ← max(η · factor, minimum)`` and the
    count starts again. An epoch whose value is infinite or NaN is not better; if all are, the run
    has diverged. After a `Warmup`, epochs that begin during the warm-up are not counted.

    Parameters
    ----------
    initial : float
        The first value, at least 0.
    factor : float, default 0.1
        What it is multiplied by, in (0, 1).
    patience : int, default 10
        Epochs without improvement to wait for, at least 1.
    min_delta : float, default 0.0
        Smallest change that counts as an improvement, at least 0, in units of the monitored value.
    minimum : float, default 0.0
        The lowest value, between 0 and ``initial``.
    monitor : {"loss", "val_loss", "val_accuracy", "val_r2", "val_rmse"}, optional
        What is watched. None: the validation loss if there is validation, else the training loss.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.ReduceOnPlateau(0.1, patience=5)(0)
    0.1
    """

    initial: float
    _: KW_ONLY
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 0.0
    minimum: float = 0.0
    monitor: Monitor | None = None

    _values: ClassVar[tuple[str, ...]] = ("initial", "minimum")
    _rules: ClassVar[Mapping[str, Rule]] = {
        "initial": POSITIVE,
        "factor": Number(above=0, below=1),
        "patience": Whole(at_least=1),
        "min_delta": Number(at_least=0),
        "minimum": POSITIVE,
        "monitor": Maybe(Choice(MONITORS)),
    }

    def _check(self) -> None:
        if self.minimum > self.initial:
            rule = f"at most its initial value, {self.initial:g}"
            raise broken("ReduceOnPlateau", "minimum", rule, self.minimum)

    def _value(self, t: float, slack: float) -> float:
        if t == 0:
            return self.initial
        raise ParameterError(
            "ReduceOnPlateau depends on training: only its value at t = 0 is known beforehand."
        )

    @property
    def plateau(self) -> ReduceOnPlateau:
        """Itself."""
        return self

    def _highest(self) -> float:
        return self.initial
