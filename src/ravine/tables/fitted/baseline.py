"""The simplest model of a table: the same prediction for every row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ravine.data.gate import as_targets
from ravine.models.history import History
from ravine.models.model import Model
from ravine.specs.layers import Dense
from ravine.specs.losses import Loss
from ravine.specs.losses.links import LINKS
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.tables.fitted.networks import outputs_for
from ravine.tables.fitted.table_model import TableModel
from ravine.tables.schema import TableSchema

__all__ = ["baseline_model", "best_constant"]

_LEAST = math.exp(-700)


def best_constant(loss: Loss, y: NDArray[np.generic], n_outputs: int = 1) -> NDArray[np.float64]:
    """Find the prediction that has the lowest loss on the training rows if all get the same.

    Parameters
    ----------
    loss : Loss
        The loss.
    y : numpy.ndarray of shape (n,)
        The training rows' target: numbers, or labels where the loss is one of labels.
    n_outputs : int, default 1
        How many numbers a prediction is.

    Returns
    -------
    numpy.ndarray of shape (n_outputs,)
        The mean, the median, the shares of the classes: what the loss predicts.

    Examples
    --------
    >>> from ravine.losses import AbsoluteError, CrossEntropy
    >>> best_constant(AbsoluteError(), np.array([1.0, 2.0, 9.0]))
    array([2.])
    >>> best_constant(CrossEntropy(), np.array(["a", "b", "b", "b"]), 2)
    array([0.25, 0.75])
    """
    values = as_targets(y, loss, n_outputs, "float64").values
    if loss.targets == "classes":
        values = np.eye(n_outputs)[values[:, 0].astype(np.intp)]
    return loss.baseline(values, np.ones(len(values)))


def baseline_model(schema: TableSchema, loss: Loss, y: NDArray[np.generic]) -> TableModel:
    """Make the model whose constant prediction has the lowest loss on the training rows.

    That is their mean, their median, the shares of their classes: what the loss predicts.

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
    n_outputs = outputs_for(schema, loss)
    constants = _outputs(loss, best_constant(loss, y, n_outputs))
    inputs = len(schema.features)
    weights = np.zeros(inputs * constants.size)
    model = Model(
        network=Network([Dense(constants.size)], loss=loss),
        recipe=Recipe(dtype="float64"),
        input_shape=(inputs,),
        parameters_vector=np.concatenate([weights, constants]),
        state_vector=np.zeros(0),
        history=History({}),
        classes=as_targets(y, loss, n_outputs, "float64").classes,
        one_dimensional=True,
        status="finished",
    )
    return TableModel(schema, model)


def _outputs(loss: Loss, constant: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the output of the last layer for a constant prediction; e⁻⁷⁰⁰ replaces 0."""
    link = LINKS[loss.link]
    found: NDArray[np.float64] = link.outputs(link.inside(constant, _LEAST))
    return found
