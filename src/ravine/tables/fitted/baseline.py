"""The simplest model of a table: the same prediction for every row."""

from __future__ import annotations

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

__all__ = ["baseline_model"]


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
    constants = _constants(loss, y, classes)
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


def _constants(
    loss: Loss, y: NDArray[np.generic], classes: NDArray[np.generic] | None
) -> NDArray[np.float64]:
    """Find what the last layer gives for every row."""
    if classes is not None:
        shares = np.asarray([np.mean(y == label) for label in classes], dtype=np.float64)
        if isinstance(loss, BinaryCrossEntropy):
            return np.log(shares[1:] / shares[:1])
        if isinstance(loss, CrossEntropy):
            return np.log(shares)
        y = np.asarray(y == classes[-1], dtype=np.float64)
    mean = np.asarray(y, dtype=np.float64).mean(keepdims=True)
    return np.asarray(np.log(mean) if has_own_unit(loss) else mean, dtype=np.float64)
