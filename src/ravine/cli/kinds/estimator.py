"""An estimator of tables: prepared, trained, and as the commands see it when it is saved."""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ravine.cli.kinds.base import Checkpoints, shares_by_class, without_times
from ravine.cli.output import number, say
from ravine.errors import DataError, DataWarning
from ravine.ground.text import plural

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.flags.estimator import EstimatorSettings
    from ravine.cli.known_rows import SplitRows
    from ravine.cli.saved.running_scores import Scored
    from ravine.cli.writing import Rows
    from ravine.estimators.neural.classifier import NeuralClassifier
    from ravine.estimators.neural.regressor import NeuralRegressor
    from ravine.models.history import History
    from ravine.models.model import Model
    from ravine.specs.losses import Loss
    from ravine.tables.schema import OnNewMissing, TableSchema
    from ravine.tables.target import Target
    from ravine.tables.text.interpreting import Interpreted

__all__ = ["PreparedEstimator", "SavedEstimator"]


@dataclass(frozen=True)
class PreparedEstimator:
    """An estimator, rows to train on, which its members split again, and test rows.

    Parameters
    ----------
    settings : EstimatorSettings
        The settings.
    target : Target
        What is predicted, learnt from the training rows.
    frames : dict of str to DataFrame
        Training rows, and test rows if there are any.
    table : Interpreted
        What was found in the text of the whole table.
    sides : dict of str to ndarray
        Groups and times by which the members split, if there are any.
    """

    settings: EstimatorSettings
    target: Target
    frames: Mapping[str, pd.DataFrame]
    table: Interpreted
    sides: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: EstimatorSettings, rows: SplitRows) -> PreparedEstimator:
        """Learn the target, and check the estimator's parameters.

        Parameters
        ----------
        settings : EstimatorSettings
            What is asked for.
        rows : SplitRows
            The rows.

        Returns
        -------
        PreparedEstimator
            Ready to be trained.

        Raises
        ------
        RavineError
            If rows and settings do not suit each other.
        """
        from ravine.tables import Target
        from ravine.tables.places import rows_of_the_file

        training, name = rows.training, settings.table.target
        with rows_of_the_file(training.frame.index):
            target = Target.learn(training.frame[name], name, task=rows.task)
        frames = {"training": training.frame.reset_index(drop=True)}
        if len(rows.test):
            frames["test"] = rows.test.frame
        sides = training.sides if settings.shares(rows.task)[1] else {}
        settings.estimator(rows.task, verbose=False)._options()
        return cls(settings, target, frames, training.table, sides)

    @property
    def described(self) -> Mapping[str, Any]:
        """What a recipe file says: the estimator's parameters."""
        return {"estimator": self.settings.parameters_for(self.target.task)}

    def fit(self, checkpoints: Checkpoints = Checkpoints()) -> SavedEstimator:  # noqa: B008 - immutable
        """Train, with a live line on a terminal.

        Parameters
        ----------
        checkpoints : Checkpoints
            None: an estimator keeps no state.

        Returns
        -------
        SavedEstimator
            The model.
        """
        import pandas as pd

        assert checkpoints.every is None
        target, training = self.target, self.frames["training"]
        estimator = self.settings.estimator(target.task, verbose=sys.stderr.isatty())
        y = pd.Series(_values(training, target), name=target.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # the notes say the same
            estimator.fit(training.drop(columns=target.name), y, **self.sides)
        self._tell_of_the_table(estimator)
        for note in estimator.notes_:
            say(f"note: {note}")
        return SavedEstimator(estimator)

    def _tell_of_the_table(self, estimator: Any) -> None:
        """Tell an estimator, which saw a part of the table, what was found in all of it."""
        before = set(estimator.schema_.notes)
        estimator.schema_ = estimator.schema_.knowing(self.table, self.settings.table.missing)
        further = [note for note in estimator.notes_ if note not in before]
        estimator.notes_ = (*estimator.schema_.notes, *further)


@dataclass(frozen=True)
class SavedEstimator:
    """An estimator of tables, trained by ``ravine train`` or in Python.

    Parameters
    ----------
    estimator : NeuralClassifier or NeuralRegressor
        Fitted.
    """

    estimator: NeuralClassifier | NeuralRegressor

    @property
    def schema(self) -> TableSchema:
        """What was learnt about the columns."""
        return self.estimator.schema_

    @property
    def notes(self) -> Sequence[str]:
        """What was noticed in training."""
        notes: tuple[str, ...] = self.estimator.notes_
        return notes

    @property
    def target(self) -> Target:
        """What is predicted."""
        assert self.schema.target is not None
        return self.schema.target

    @property
    def quantiles(self) -> list[float]:
        """The quantiles that are predicted, ascending; none for means and medians."""
        if getattr(self.estimator, "loss", None) != "quantile":
            return []
        levels: list[float] = np.sort(np.atleast_1d(self.estimator.quantiles)).tolist()
        return levels

    @property
    def networks(self) -> Sequence[Model]:
        """The members."""
        members: list[Model] = self.estimator.members_
        return members

    @property
    def interval_rows(self) -> int:
        """How many validation rows the intervals of a regression were learnt from."""
        learnt = getattr(self.estimator, "_conformal", [])
        return len(learnt[0].centres) if learnt else 0

    @property
    def history(self) -> History:
        """How training went, on average over the members."""
        from ravine.tables.fitted.table_model import history_in_unit

        loss = self.networks[0].network.loss
        return history_in_unit(self.estimator.history_, loss, self.target)

    @property
    def course(self) -> dict[str, Any]:
        """How training ended."""
        lengths = self._lengths
        return {
            "status": "finished",
            "members": len(lengths),
            "epochs": max(lengths),
            "best_epoch": self.estimator.history_.best_epoch,
        }

    def ending(self, seconds: float) -> str:
        """Say how many members needed how many epochs."""
        lengths = self._lengths
        epochs = f"{min(lengths)} to {max(lengths)}" if len(set(lengths)) > 1 else f"{lengths[0]}"
        line = (
            f"finished: {plural(len(lengths), 'member')}, {epochs} epochs each in {seconds:.1f} s"
        )
        best = self.estimator.history_.best_epoch
        return line if best is None else f"{line}, best epoch {best} on average"

    @property
    def _lengths(self) -> list[int]:
        return [len(member.history) for member in self.networks]

    @property
    def summary(self) -> str:
        """What the estimator is, how it is calibrated, and that the first member follows."""
        lines = [repr(self.estimator)]
        count = len(self.networks)
        if self.target.task == "classification":
            temperature = number(self.estimator.temperature_)
            lines.append(f"temperature of the probabilities: {temperature} (1 is none)")
        elif self.interval_rows:
            rows = f"{self.interval_rows:,}"
            lines.append(f"intervals: from the errors in {rows} validation rows")
        weights = self.estimator.variant_weights_
        if weights.shape[1] > 1:
            shares = " and ".join(" ".join(f"{share:.0%}" for share in row) for row in weights)
            lines.append(f"{weights.shape[1]} variants of members, which count {shares}")
        if count > 1:
            lines.append(f"{count} members, the first of which is:")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Describe the estimator and its members."""
        described = {
            "estimator": type(self.estimator).__name__,
            "estimator_parameters": self.estimator.get_params(),
            "members": len(self.networks),
            "variant_weights": self.estimator.variant_weights_.tolist(),
        }
        if self.target.task == "classification":
            described["temperature"] = self.estimator.temperature_
        return described

    def save(self, path: Path) -> None:
        """Write the estimator without times."""
        timeless = copy.copy(self.estimator)
        timeless.history_ = without_times(timeless.history_)
        timeless.members_ = [
            replace(member, history=without_times(member.history)) for member in timeless.members_
        ]
        timeless.save(path)

    def filling(self, on_new_missing: OnNewMissing) -> SavedEstimator:
        """Give the same model with another treatment of newly missing values."""
        estimator = copy.copy(self.estimator)
        estimator.on_new_missing = on_new_missing
        return replace(self, estimator=estimator)

    def predict(self, frame: pd.DataFrame, *, probabilities: bool = False) -> Rows:
        """Give the predictions and the probability of each class, or one column per quantile."""
        if probabilities or self.target.task == "classification":
            shares = self.probabilities(frame)
            columns = shares_by_class(self.target, shares) if probabilities else {}
            return {"prediction": self.estimator.classes_[shares.argmax(axis=1)], **columns}
        found = self.estimator.predict(self._known(frame))
        if not self.quantiles:
            return {"prediction": found}
        curves = found.reshape(len(found), -1).T
        return {f"quantile {q:g}": c for q, c in zip(self.quantiles, curves, strict=True)}

    def probabilities(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Give the probability of each class."""
        if self.target.task == "regression":
            raise DataError(
                f"The model predicts numbers ({self.target.name!r}); there are no probabilities.",
                hint="Ask for the predictions alone, or for an --interval.",
            )
        return self.estimator.predict_proba(self._known(frame))

    def interval(self, frame: pd.DataFrame, coverage: float) -> NDArray[Any]:
        """Give the lower and the upper end of an interval for each row."""
        if self.target.task == "classification":
            raise DataError(
                f"The model predicts classes ({self.target.name!r}); there are no intervals.",
                hint="Ask for --probabilities.",
            )
        return self.estimator.predict_interval(self._known(frame), coverage)

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows: errors in the target's unit, or log loss and accuracy."""
        if self.target.task == "classification":
            return self.compared(frame, self.probabilities(frame))
        found = self.estimator.predict(self._known(frame))
        return self.compared(frame, found.reshape(len(found), -1) if self.quantiles else found)

    def compared(self, frame: pd.DataFrame, found: NDArray[Any]) -> dict[str, float]:
        """Compare predictions (probabilities, numbers or columns of quantiles) with the target."""
        from ravine.cli.saved.measures import of_classes, of_numbers, of_quantiles

        values = _values(frame, self.target)
        if self.target.task == "classification":
            return of_classes(values, found, self.estimator.classes_)
        if self.quantiles:
            return of_quantiles(values, found, self.quantiles)
        return of_numbers(values, found)

    def baseline(self, training: pd.DataFrame) -> tuple[str, Scored]:
        """Give the constant prediction that has the lowest loss on the training rows."""
        from ravine.specs.losses import CrossEntropy, Quantile
        from ravine.tables.fitted.baseline import best_constant

        y = self.target.encode(training[self.target.name])
        if self.target.task == "classification":  # without the smoothing of the members' loss
            shares = best_constant(CrossEntropy(), y, len(self.estimator.classes_))
            return "frequencies", _Constant(self, shares)
        loss = self.networks[0].network.loss
        losses: list[Loss] = [Quantile(level) for level in self.quantiles] or [loss]
        found = self.target.decode(np.concatenate([best_constant(each, y) for each in losses]))
        if self.quantiles:
            return "quantiles", _Constant(self, found)
        return loss.predicts, _Constant(self, found[0])

    def _known(self, frame: pd.DataFrame) -> Any:
        """Give the columns of training; those that were left out may be missing."""
        names = getattr(self.estimator, "feature_names_in_", self.estimator._other_names)
        if names is None:  # it was trained on an array
            made_up = [f"x{place}" for place in range(self.estimator.n_features_in_)]
            return frame.reindex(columns=made_up).to_numpy()
        return frame.reindex(columns=list(names))


@dataclass(frozen=True)
class _Constant:
    """The same prediction for every row, scored like those of an estimator."""

    model: SavedEstimator
    prediction: NDArray[np.float64]

    @property
    def target(self) -> Target:
        """What is predicted."""
        return self.model.target

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows."""
        found = np.broadcast_to(self.prediction, (len(frame), *self.prediction.shape))
        return self.model.compared(frame, found)


def _values(frame: pd.DataFrame, target: Target) -> NDArray[Any]:
    """Get the target: numbers in their own unit, or labels as the classes are."""
    encoded = target.encode(frame[target.name])
    return target.decode(encoded) if target.task == "regression" else encoded
