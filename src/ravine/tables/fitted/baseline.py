"""The simplest model of a table: the same prediction for every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ravine.models.history import History
from ravine.models.model import Model
from ravine.specs.layers import Dense
from ravine.specs.losses import BinaryCrossEntropy, CrossEntropy, Loss
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.tables.fitted.networks import has_own_unit
from ravine.tables.fitted.table_model import TableModel
from ravine.tables.schema import TableSchema

__all__ = ["Baseline", "baseline_model"]


@dataclass(frozen=True, eq=False)
class Baseline:
    """The mean, quantiles or frequencies of the training rows' target, predicted for every row.

    Parameters
    ----------
    name : {"mean", "quantiles", "frequencies"}
        Which of them.
    prediction : numpy.ndarray of shape (), (quantiles,) or (classes,)
        What is predicted for each row.

    Examples
    --------
    >>> Baseline.learn(np.array([1.0, 2.0, 6.0])).predict(2)
    array([3., 3.])
    >>> Baseline.learn(np.array(["a", "b", "b", "b"]), classes=["a", "b"]).predict(1)
    array([[0.25, 0.75]])
    """

    name: Literal["mean", "quantiles", "frequencies"]
    prediction: NDArray[np.float64]

    @classmethod
    def learn(
        cls,
        y: NDArray[Any],
        classes: Sequence[Any] | NDArray[Any] | None = None,
        quantiles: Sequence[float] = (),
    ) -> Baseline:
        """Learn from the training rows.

        Parameters
        ----------
        y : numpy.ndarray of shape (n,)
            Numbers, or labels of classes.
        classes : sequence, optional
            The classes, if they are predicted.
        quantiles : sequence of float, optional
            The quantiles, if they are predicted, in (0, 1).

        Returns
        -------
        Baseline
            What was learnt.
        """
        if classes is not None:
            shares = [np.mean(y == label) for label in classes]
            return cls("frequencies", np.asarray(shares, dtype=np.float64))
        if len(quantiles):
            return cls("quantiles", np.quantile(y, quantiles))
        return cls("mean", np.asarray(np.asarray(y, dtype=np.float64).mean()))

    def predict(self, n: int) -> NDArray[np.float64]:
        """Give the prediction for n rows, one below the other."""
        return np.broadcast_to(self.prediction, (n, *self.prediction.shape))


def baseline_model(schema: TableSchema, loss: Loss, y: NDArray[np.generic]) -> TableModel:
    """Make the model that predicts the training rows' mean, or the frequencies of their classes.

    It is a network of one Dense layer whose weights are 0, so that its scores are computed as those
    of any other model.

    Parameters
    ----------
    schema : TableSchema
        The schema of the table.
    loss : Loss
        The loss that it is compared by.
    y : numpy.ndarray of shape (n,)
        The training rows' target, as ``schema.encode_target`` gives it.

    Returns
    -------
    TableModel
        The constant model.
    """
    classes = None
    if schema.target is not None and schema.target.task == "classification":
        classes = np.unique(y)
    constants = _constants(loss, Baseline.learn(y, classes))
    inputs = len(schema.features)
    weights = np.zeros(inputs * constants.size)
    model = Model(
        network=Network([Dense(constants.size)], loss=loss),
        recipe=Recipe(dtype="float64"),
        input_shape=(inputs,),
        parameters_vector=np.concatenate([weights, constants]),
        state_vector=np.zeros(0),
        history=History({}),
        classes=classes,
        one_dimensional=True,
        status="finished",
    )
    return TableModel(schema, model)


def _constants(loss: Loss, baseline: Baseline) -> NDArray[np.float64]:
    """Find what the last layer gives for every row."""
    constant = np.atleast_1d(baseline.prediction)
    if baseline.name == "frequencies":
        if isinstance(loss, BinaryCrossEntropy):
            return np.log(constant[1:] / constant[:1])
        if isinstance(loss, CrossEntropy):
            return np.log(constant)
        constant = constant[-1:]
    return np.log(constant) if has_own_unit(loss) else constant
