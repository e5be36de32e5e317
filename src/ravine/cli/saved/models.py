"""A saved model as the commands see it: one network of a table, or an estimator of tables."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ravine.errors import DataError, FileError, ParameterError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.writing import Rows
    from ravine.estimators.neural.classifier import NeuralClassifier
    from ravine.estimators.neural.regressor import NeuralRegressor
    from ravine.models.history import History
    from ravine.models.model import Model
    from ravine.tables.fitted.table_model import TableModel
    from ravine.tables.schema import OnNewMissing, TableSchema
    from ravine.tables.target import Target

__all__ = ["SavedEstimator", "SavedModel", "SavedNetwork", "seen_by_commands"]


class SavedModel(Protocol):
    """What commands ask a saved model for; a frame has the columns of ``schema``, at least."""

    @property
    def schema(self) -> TableSchema:
        """What was learnt of the columns."""

    @property
    def notes(self) -> Sequence[str]:
        """What was noticed in training, in sentences."""

    @property
    def target(self) -> Target:
        """What is predicted."""

    @property
    def networks(self) -> Sequence[Model]:
        """The trained networks: one, or the members of the ensemble."""

    @property
    def history(self) -> History:
        """How training went, losses in the target's own unit."""

    def save(self, path: Path) -> None:
        """Write the model without times: the same training gives the same file."""

    def filling(self, on_new_missing: OnNewMissing) -> SavedModel:
        """Give the same model, which takes values that are newly missing as this says."""

    def predict(self, frame: pd.DataFrame, *, probabilities: bool = False) -> Rows:
        """Give the predictions, and the probability of each class, by the names of columns."""

    def probabilities(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Give the probability of each class of the target."""

    def interval(self, frame: pd.DataFrame, coverage: float) -> NDArray[Any]:
        """Give the lower and the upper end of an interval for each row."""

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows whose target is known: means over rows, ``mse`` among them if there is one."""


def seen_by_commands(model: Any, path: str) -> SavedModel:
    """Tell what `ravine.load` gave.

    Parameters
    ----------
    model : object
        From `ravine.load`.
    path : str
        The file that it came from, for the message.

    Returns
    -------
    SavedModel
        The model.

    Raises
    ------
    FileError
        If it is no model of a table with one target.
    """
    from ravine.tables.fitted.table_model import TableModel

    if isinstance(model, TableModel):
        return SavedNetwork(model)
    schema = getattr(model, "schema_", None)
    if schema is None:
        raise FileError(
            f"{path!r} holds a model that was trained on arrays, not on a table: it knows no "
            "columns.",
            hint="Use ravine.load in Python, or train with: ravine train TABLE --target COLUMN",
        )
    if schema.target is None:
        raise FileError(
            f"{path!r} holds an estimator that does not predict one column of numbers, texts or "
            "booleans.",
            hint="Use ravine.load in Python.",
        )
    return SavedEstimator(model)


@dataclass(frozen=True)
class SavedNetwork:
    """One network, trained by ``ravine train --estimator mlp``.

    Parameters
    ----------
    model : TableModel
        The network and its schema.
    """

    model: TableModel

    @property
    def schema(self) -> TableSchema:
        """What was learnt of the columns."""
        return self.model.schema

    @property
    def notes(self) -> Sequence[str]:
        """What was noticed in training."""
        return self.schema.notes

    @property
    def target(self) -> Target:
        """What is predicted."""
        return self.model.target

    @property
    def networks(self) -> Sequence[Model]:
        """The network."""
        return [self.model.model]

    @property
    def history(self) -> History:
        """How training went."""
        return self.model.history

    def save(self, path: Path) -> None:
        """Write the model without times."""
        network = self.model.model
        timeless = replace(network, history=_without_times(network.history))
        replace(self.model, model=timeless).save(path)

    def filling(self, on_new_missing: OnNewMissing) -> SavedNetwork:
        """Give the same model, which takes values that are newly missing as this says."""
        return replace(self, model=replace(self.model, on_new_missing=on_new_missing))

    def predict(self, frame: pd.DataFrame, *, probabilities: bool = False) -> Rows:
        """Give the predictions, and the probability of each class."""
        columns = _shares(self.target, self.probabilities(frame)) if probabilities else {}
        return {"prediction": self.model.predict(frame), **columns}

    def probabilities(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Give the probability of each class."""
        return self.model.predict_proba(frame)

    def interval(self, frame: pd.DataFrame, coverage: float) -> NDArray[Any]:
        """Refuse: one network knows no intervals."""
        raise ParameterError(
            "--interval needs a model that was trained with --estimator neural; this one is a "
            "single network.",
            hint="Leave --interval out, or train again without --estimator mlp.",
        )

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows: loss, and squared errors or right answers."""
        scores = self.model.evaluate(frame)
        if self.target.task == "regression":
            return {"loss": scores["loss"], "mse": scores["rmse"] ** 2}
        return scores


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
        """What was learnt of the columns."""
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
        import numpy as np

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
        from ravine.models.history import History
        from ravine.tables.fitted.table_model import loss_unit

        raw, unit = self.estimator.history_, 1.0
        if self.target.task == "regression":
            unit = loss_unit(self.estimator.members_[0].network.loss, self.target)
        scales = dict.fromkeys(("loss", "penalty", "val_loss"), unit)
        scales["val_rmse"] = self.target.standard_deviation
        return History({name: raw[name] * scales.get(name, 1) for name in raw}, raw.best_epoch)

    def save(self, path: Path) -> None:
        """Write the estimator without times."""
        timeless = copy.copy(self.estimator)
        timeless.history_ = _without_times(timeless.history_)
        timeless.members_ = [
            replace(member, history=_without_times(member.history)) for member in timeless.members_
        ]
        timeless.save(path)

    def filling(self, on_new_missing: OnNewMissing) -> SavedEstimator:
        """Give the same model, which takes values that are newly missing as this says."""
        estimator = copy.copy(self.estimator)
        estimator.on_new_missing = on_new_missing
        return replace(self, estimator=estimator)

    def predict(self, frame: pd.DataFrame, *, probabilities: bool = False) -> Rows:
        """Give the predictions and the probability of each class, or a column a quantile."""
        if probabilities or self.target.task == "classification":
            shares = self.probabilities(frame)
            columns = _shares(self.target, shares) if probabilities else {}
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
        """Score rows: errors in the target's unit, or log loss and right answers."""
        from ravine.cli.saved.measures import of_classes, of_numbers, of_quantiles

        if self.target.task == "classification":
            labels = self.target.encode(frame[self.target.name])
            return of_classes(labels, self.probabilities(frame), self.estimator.classes_)
        y = self.target.decode(self.target.encode(frame[self.target.name]))
        found = self.estimator.predict(self._known(frame))
        if not self.quantiles:
            return of_numbers(y, found)
        return of_quantiles(y, found.reshape(len(found), -1), self.quantiles)

    def _known(self, frame: pd.DataFrame) -> Any:
        """Give the columns of training; those that say nothing need not be there."""
        names = getattr(self.estimator, "feature_names_in_", self.estimator._other_names)
        if names is None:  # it was trained on an array
            made_up = [f"x{place}" for place in range(self.estimator.n_features_in_)]
            return frame.reindex(columns=made_up).to_numpy()
        return frame.reindex(columns=list(names))


def _shares(target: Target, found: NDArray[Any]) -> dict[str, NDArray[Any]]:
    columns = found.astype(float).T
    return {f"probability {c}": column for c, column in zip(target.classes, columns, strict=True)}


def _without_times(history: History) -> History:
    from ravine.models.history import History

    return History({n: history[n] for n in history if n != "seconds"}, history.best_epoch)
