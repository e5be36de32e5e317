"""A model with the schema of its table: it predicts from raw columns."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ravine.errors import DataError, FileError, SpecError
from ravine.models.file import read_model_file, write_model_file
from ravine.models.finite import check_predictions
from ravine.models.history import History
from ravine.models.model import Model
from ravine.models.reading import usable
from ravine.specs.losses import Loss
from ravine.tables.finding import rows_with_target
from ravine.tables.frames import as_frame
from ravine.tables.schema import OnNewMissing, TableSchema
from ravine.tables.target import Target

__all__ = ["TableModel", "history_in_unit", "loss_unit"]


@dataclass(frozen=True)
class TableModel:
    """A trained network and the schema of the table that it was trained on.

    It takes tables (pandas, or any frame that narwhals knows) and gives predictions in the target's
    own unit. Columns may be in any order, further ones are ignored, and a category that the
    training rows did not have is treated as unknown (``schema.unseen`` counts them).

    Parameters
    ----------
    schema : TableSchema
        The columns and the target.
    model : Model
        The network, trained on ``schema.encode(rows)`` and ``schema.encode_target(rows)``.
    on_new_missing : {"error", "median"}, default "error"
        What to do with a missing value in a column that had none missing in the training rows, see
        `TableSchema.encode`. Not saved.

    Examples
    --------
    >>> import pandas as pd
    >>> from ravine.specs.layers import Dense
    >>> from ravine.specs.network import Network
    >>> from ravine.specs.optimizers import SGD
    >>> from ravine.specs.recipe import Recipe
    >>> from ravine.training.train import train
    >>> frame = pd.DataFrame({"rooms": [1, 2, 3, 4] * 8, "price": [150.0, 250.0, 350.0, 450.0] * 8})
    >>> schema = TableSchema.learn(frame, "price", task="regression")
    >>> recipe = Recipe(optimizer=SGD(0.3), epochs=60)
    >>> model = train(
    ...     Network([Dense(1)]), schema.encode(frame), schema.encode_target(frame), recipe
    ... )
    >>> TableModel(schema, model).predict({"rooms": [2, 5]}).round()
    array([250., 550.])
    """

    schema: TableSchema
    model: Model
    on_new_missing: OnNewMissing = "error"

    def __post_init__(self) -> None:
        if self.schema.target is None:
            raise DataError("A TableModel needs a schema with a target.")

    @property
    def target(self) -> Target:
        """What is predicted."""
        assert self.schema.target is not None
        return self.schema.target

    @property
    def history(self) -> History:
        """History of the training, losses and errors in the target's own unit."""
        return history_in_unit(self.model.history, self.model.network.loss, self.target)

    @property
    def loss_unit(self) -> float:
        """The factor that gives a loss of the network in the target's own unit."""
        return loss_unit(self.model.network.loss, self.target)

    def predict(self, table: Any) -> NDArray[Any]:
        """Predict the target of each row.

        Parameters
        ----------
        table : data frame or dict of columns
            n rows.

        Returns
        -------
        numpy.ndarray of shape (n,)
            Numbers in the target's own unit, or classes.

        Raises
        ------
        DataError
            If the table does not fit the schema.
        """
        predictions = self.model.predict(self._coded(as_frame(table)))
        if self.target.task != "regression":
            return predictions
        return check_predictions(self.target.decode(predictions))

    def predict_proba(self, table: Any) -> NDArray[Any]:
        """Predict the probability of each class.

        Parameters
        ----------
        table : data frame or dict of columns
            n rows.

        Returns
        -------
        numpy.ndarray of shape (n, classes)
            Columns in the order of ``target.classes``.

        Raises
        ------
        DataError
            If the model is a regression, or the table does not fit the schema.
        """
        if self.target.task == "regression":
            raise DataError(
                f"The model predicts numbers ({self.target.name!r}); there are no probabilities.",
                hint="Ask for the predictions alone.",
            )
        return self.model.predict_proba(self._coded(as_frame(table)))

    def evaluate(self, table: Any) -> dict[str, float]:
        """Compare predictions with the known target; rows without one are left out.

        Parameters
        ----------
        table : data frame or dict of columns
            Rows with the target's column.

        Returns
        -------
        dict of str to float
            ``loss``, and ``rmse`` and ``r2`` (regression, in the target's unit) or ``accuracy``.

        Raises
        ------
        DataError
            If the table does not fit the schema, or has a class that training did not have.
        """
        frame = rows_with_target(as_frame(table), self.target.name)
        return self.score(self._coded(frame), self.schema.encode_target(frame))

    def _coded(self, frame: Any) -> NDArray[Any]:
        return self.schema.encode(frame, on_new_missing=self.on_new_missing)

    def score(self, X: NDArray[Any], y: NDArray[Any]) -> dict[str, float]:
        """Evaluate on rows that the schema has coded already; scores as ``evaluate`` gives them.

        Parameters
        ----------
        X : numpy.ndarray of shape (n, features)
            From ``schema.encode``.
        y : numpy.ndarray of shape (n,)
            From ``schema.encode_target``.

        Returns
        -------
        dict of str to float
            As from ``evaluate``.
        """
        scores = {name: float(value) for name, value in self.model.evaluate(X, y).items()}
        units = {"loss": self.loss_unit, "rmse": self.target.standard_deviation}
        return {name: value * units.get(name, 1.0) for name, value in scores.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write model and schema into one safetensors file, completely or not at all.

        Parameters
        ----------
        path : str or path-like
            The file.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        document, arrays = self.model.to_parts()
        write_model_file(path, {**document, "schema": self.schema.to_dict()}, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TableModel:
        """Read what ``save`` wrote.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        TableModel
            The model and its schema.

        Raises
        ------
        FileError
            If the file cannot be read, is damaged, or holds a model of arrays instead of a table.
        """
        document, arrays = read_model_file(path)
        with usable(path):
            model = Model.from_parts(document, arrays)
        if "schema" not in document:
            raise FileError(
                f"{os.fspath(path)!r} holds a model that was trained on arrays, not on a table: it "
                "knows no columns.",
                hint="Use ravine.load in Python, or train with: ravine train TABLE --target COLUMN",
            )
        with usable(path):
            return cls.from_parts(model, document["schema"])

    @classmethod
    def from_parts(cls, model: Model, schema: dict[str, Any]) -> TableModel:
        """Put a model and the description of its schema together.

        Parameters
        ----------
        model : Model
            The model.
        schema : dict
            What ``TableSchema.to_dict`` gave.

        Returns
        -------
        TableModel
            Both.
        """
        found = TableSchema.from_dict(schema)
        if tuple(model.input_shape) != (len(found.features),):
            raise DataError(
                f"The schema gives {len(found.features)} columns of numbers, but the model takes "
                f"inputs of shape {tuple(model.input_shape)}."
            )
        return cls(found, model)

    def summary(self) -> str:
        """Describe the table, the target and the network in lines of text.

        Returns
        -------
        str
            Several lines.
        """
        lines = [f"{self._headline()}:"]
        columns = self.schema.columns
        width = max(len(column.name) for column in columns)
        widest = max(len(column.kind) for column in columns)
        for column in columns:
            n = len(column.features)
            many = "1 input" if n == 1 else f"{n} inputs"
            lines.append(f"  {column.name:<{width}}  {column.kind:<{widest}}  {many}")
        return "\n".join([*lines, "", self.model.summary()])

    def _headline(self) -> str:
        target = self.target
        what = "regression" if target.task == "regression" else f"{len(target.classes)} classes"
        count = len(self.schema.columns)
        return f"{target.name} ({what}) from {count} column{'' if count == 1 else 's'}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(column.name)}</td><td>{column.kind}</td>"
            f"<td>{len(column.features)}</td></tr>"
            for column in self.schema.columns
        )
        return (
            f"<table><caption>{html.escape(self._headline())}</caption>"
            "<thead><tr><th>column</th><th>kind</th><th>inputs</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>{self.model._repr_html_()}"
        )


def history_in_unit(history: History, loss: Loss, target: Target) -> History:
    """Give a history whose losses and errors are in the target's own unit.

    Parameters
    ----------
    history : History
        As training gave it.
    loss : Loss
        The network's loss.
    target : Target
        The target.

    Returns
    -------
    History
        The same epochs.
    """
    scales = dict.fromkeys(("loss", "penalty", "val_loss"), loss_unit(loss, target))
    scales["val_rmse"] = target.standard_deviation
    columns = {name: history[name] * scales.get(name, 1) for name in history}
    return History(columns, history.best_epoch)


def loss_unit(loss: Loss, target: Target) -> float:
    """Find the factor that gives a loss in the target's own unit.

    With the target divided by s: s^k, where k is the loss's ``unit_power``. A parameter in the
    target's unit, such as Huber's δ, is then in units of s.

    Parameters
    ----------
    loss : Loss
        The network's loss.
    target : Target
        The target.

    Returns
    -------
    float
        The factor.

    Examples
    --------
    >>> from ravine.losses import SquaredError
    >>> loss_unit(SquaredError(), Target("price", "regression", 10.0, 3.0))
    9.0
    """
    if target.task == "classification":
        return 1.0
    if loss.unit_power is None:
        raise SpecError(
            f"The custom loss {type(loss).__name__} does not say how it grows with the "
            "target's unit.",
            hint="Give its class the attribute unit_power.",
        )
    return float(target.standard_deviation**loss.unit_power)
