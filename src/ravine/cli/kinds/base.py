"""What commands need from a kind of model: its settings, before training, and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ravine.cli.saved.running_scores import Scored

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.writing import Rows
    from ravine.models.history import History
    from ravine.models.model import Model
    from ravine.tables.schema import OnNewMissing, TableSchema
    from ravine.tables.target import Target

__all__ = ["Checkpoints", "Prepared", "SavedModel", "shares_by_class", "without_times"]


@dataclass(frozen=True)
class Checkpoints:
    """Where to write and find the state of an unfinished training.

    Parameters
    ----------
    path : Path, optional
        The file.
    every : int, optional
        Epochs between two states; ``None`` keeps none.
    resume : bool, default False
        Whether training resumes from the state in the file.
    begun : callable, optional
        Called once, when the first epoch has passed, if states are kept.
    """

    path: Path | None = None
    every: int | None = None
    resume: bool = False
    begun: Callable[[], None] | None = None


class Prepared(Protocol):
    """A model that is about to be trained: the rows are set aside, and all choices made."""

    @property
    def target(self) -> Target:
        """What is predicted."""

    @property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """The rows with their target, by purpose: training, validation, test."""

    @property
    def described(self) -> Mapping[str, Any]:
        """Its parts of a recipe file, as `write_recipe_file` takes them."""

    def fit(self, checkpoints: Checkpoints = ...) -> SavedModel:
        """Train, with a live line on a terminal."""


class SavedModel(Scored, Protocol):
    """A trained model; a frame has the columns of ``schema``, at least."""

    @property
    def schema(self) -> TableSchema:
        """What was learnt about the columns."""

    @property
    def notes(self) -> Sequence[str]:
        """What was noticed in training, in sentences."""

    @property
    def networks(self) -> Sequence[Model]:
        """The trained networks: one, or the members of the ensemble."""

    @property
    def history(self) -> History:
        """How training went, losses in the target's own unit."""

    @property
    def course(self) -> dict[str, Any]:
        """How training ended, as plain data."""

    def ending(self, seconds: float) -> str:
        """Say in a line how training ended, and after how many seconds."""

    @property
    def summary(self) -> str:
        """A description of the ensemble, in lines; empty for one network."""

    def to_dict(self) -> dict[str, Any]:
        """Describe the ensemble as plain data."""

    def save(self, path: Path) -> None:
        """Write the model without times: the same training gives the same file."""

    def filling(self, on_new_missing: OnNewMissing) -> SavedModel:
        """Give the same model with another treatment of newly missing values."""

    def predict(self, frame: pd.DataFrame, *, probabilities: bool = False) -> Rows:
        """Give the predictions, and the probability of each class, by the names of columns."""

    def probabilities(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Give the probability of each class of the target."""

    def interval(self, frame: pd.DataFrame, coverage: float) -> NDArray[Any]:
        """Give the lower and the upper end of an interval for each row."""

    def baseline(self, training: pd.DataFrame) -> tuple[str, Scored]:
        """Give the same prediction for every row, learnt from the training rows, and its name."""


def shares_by_class(target: Target, found: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Give probabilities by the names of their columns.

    Parameters
    ----------
    target : Target
        What is predicted.
    found : ndarray, shape (n, classes)
        The probabilities.

    Returns
    -------
    dict of str to ndarray
        A column for each class.
    """
    columns = found.astype(float).T
    return {f"probability {c}": column for c, column in zip(target.classes, columns, strict=True)}


def without_times(history: History) -> History:
    """Give a history without the seconds of its epochs, the same whenever the same is trained."""
    from ravine.models.history import History

    return History({n: history[n] for n in history if n != "seconds"}, history.best_epoch)
