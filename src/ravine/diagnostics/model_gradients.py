"""The loss of some rows as a function of a model's parameters, with its gradients, in float64.

Everything is in prediction mode: dropout and noise do nothing, BatchNorm takes its running
statistics. The model is only read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.codes import check_codes, code_columns
from ravine.data.feature_names import by_name
from ravine.data.gate import as_features, as_targets
from ravine.data.outputs import with_outputs
from ravine.data.shared import SharedData
from ravine.data.weights import as_sample_weight, weighing
from ravine.diagnostics.gradients import coupled
from ravine.engine.handles import engine_network
from ravine.errors import DataError, ParameterError
from ravine.models.history import History
from ravine.models.model import Model
from ravine.specs.layers import BatchNorm, Layer, Residual
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine

__all__ = ["Array", "ModelGradients", "check_model", "check_rows_apart", "untrained"]

Array = NDArray[np.float64]


class ModelGradients:
    """Gradients of the mean weighted loss of a model on some rows.

    Parameters
    ----------
    model : Model
        Whose parameters; float32 ones are taken as they are, and everything is added up in float64.
    X, y : array-like
        Rows, and their targets of the kind that the model was trained on.
    sample_weight : array-like, shape (n,), optional
        How much each row counts; a row of weight 0 is absent.

    Examples
    --------
    >>> import ravine as rv
    >>> recipe = rv.Recipe(epochs=1, dtype="float64")
    >>> model = rv.train(rv.Network([rv.Dense(1)]), [[1.0], [2.0]], [1.0, 2.0], recipe)
    >>> at = ModelGradients(model, [[1.0], [2.0]], [1.0, 2.0])
    >>> at.rows(at.w).mean(axis=0) == at.mean(at.w)[1]
    array([ True,  True])
    """

    def __init__(
        self, model: Model, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        from ravine.engine._engine import Gradients64

        check_model(model)
        self.model = model
        described: dict[str, Any] = for_engine(model.network)
        handle = engine_network(described, model.input_shape, 0.0, "float64")
        rows = as_features(
            by_name(X, model.feature_names), model.input_shape, "float64", offsets=model.offsets
        )
        check_codes(rows, code_columns(model.network))
        if not len(rows):
            raise DataError("X has no rows to take gradients of.")
        weights = as_sample_weight(sample_weight, len(rows), "float64")
        targets = as_targets(
            y,
            model.network.loss,
            handle.n_outputs,
            "float64",
            n_rows=len(rows),
            classes=model.classes,
            weights=weights,
        ).values
        if weights is not None:
            present = weighing(np.arange(len(rows)), weights)
            rows, targets, weights = rows[present], targets[present], weights[present]
        self.X: Array = np.ascontiguousarray(rows.reshape(len(rows), -1))
        self.y: Array = _in_columns(targets, handle.n_outputs)
        self.weights: Array | None = weights
        self.layout: list[dict[str, Any]] = handle.layout
        self.layers: list[dict[str, Any]] = [e for e in handle.layers if "." not in e["name"]]
        self.w: Array = model.parameters_vector.astype(np.float64)
        self.state: Array = model.state_vector.astype(np.float64)
        self.handle = handle
        self.engine = Gradients64(described, [int(size) for size in model.input_shape])

    def __len__(self) -> int:
        return len(self.X)

    def mean(self, w: Array, chosen: NDArray[np.int64] | None = None) -> tuple[float, Array]:
        """Give the mean weighted loss at w and its gradient, of all rows or of chosen ones."""
        X, y, s = self.X, self.y, self.weights
        if chosen is not None:
            X, y, s = X[chosen], y[chosen], None if s is None else s[chosen]
        total = len(X) if s is None else float(s.sum())
        loss, gradient = self.engine.of_sum(w, self.state, X, y, s)
        return loss / total, gradient / total

    def loss(self, w: Array) -> float:
        """Give the mean weighted loss at w, without a gradient."""
        scores = self.handle.evaluate(w, self.state, self.X, self.y, self.weights)
        return float(scores["loss"])

    def rows(self, w: Array, start: int = 0, end: int | None = None) -> Array:
        """Give the gradient of each row's loss times its weight over the mean weight."""
        gradients: Array = self.engine.of_rows(w, self.state, self.X[start:end], self.y[start:end])
        if self.weights is not None:
            gradients *= (self.weights[start:end] / self.weights.mean())[:, None]
        return gradients

    def penalty(self, w: Array) -> tuple[float, Array]:
        """Give the penalty of the model's recipe and layers at w, and its gradient."""
        described = coupled(for_engine(self.model.network))
        from ravine.engine._engine import Gradients64

        engine = Gradients64(described, [int(size) for size in self.model.input_shape])
        penalty = self.model.recipe.penalty
        found: tuple[float, Array] = engine.of_penalty(
            w, None if penalty is None else coupled(for_engine(penalty))
        )
        return found

    def named(self, flat: Array) -> dict[str, Array]:
        """Name the parts of flat vectors (along the last axis) as ``model.parameters`` does."""
        ahead = flat.shape[:-1]
        return {
            part["name"]: flat[..., part["offset"] : part["offset"] + part["size"]].reshape(
                *ahead, *part["shape"]
            )
            for part in self.layout
        }


def check_model(model: object) -> None:
    """Refuse what is no model, and say where one is to be found.

    Parameters
    ----------
    model : object
        Whatever was given.

    Raises
    ------
    ParameterError
        If it is no Model.
    """
    if not isinstance(model, Model):
        raise ParameterError(
            f"model must be a Model, as train and load give them. Got {type(model).__name__}.",
            hint="Train one: rv.train(network, X, y, recipe).",
        )


def check_rows_apart(network: Network, what: str) -> None:
    """Refuse BatchNorm where every row needs a gradient of its own.

    Parameters
    ----------
    network : Network
        Any network.
    what : str
        What was asked for.

    Raises
    ------
    ParameterError
        If there is one, at any depth.
    """
    if _mixes_rows(network.layers):
        raise ParameterError(
            f"{what} needs the gradient of one row, but this network has a BatchNorm, whose output "
            "for a row depends on the other rows of its mini-batch.",
            hint="Take LayerNorm in its place, or the gradient of all rows.",
        )


def untrained(network: Network, X: ArrayLike, y: ArrayLike, recipe: Recipe) -> Model:
    """Give the model that a run has before its first step.

    Parameters
    ----------
    network, X, y, recipe
        As in `train`.

    Returns
    -------
    Model
        First weights by the recipe's seed; what a first Normalize learns from X.

    Examples
    --------
    >>> import ravine as rv
    >>> untrained(rv.Network([rv.Dense(1)]), [[1.0], [2.0]], [1.0, 2.0], rv.Recipe())
    Model(1 → 1, 2 parameters, SquaredError, untrained)
    """
    network, data = with_outputs(network, y), SharedData(X, y)
    offsets = data.offsets(network, recipe)
    _, targets = data.prepare(network, recipe, None, offsets=offsets)
    handle = data.handle(network, recipe)
    return Model(
        network=network,
        recipe=recipe,
        input_shape=data.input_shape(recipe.dtype),
        parameters_vector=handle.initialise(recipe.seed),
        state_vector=handle.initial_state(data.training.for_engine(recipe.dtype, offsets)[0]),
        history=History({}),
        classes=targets.classes,
        one_dimensional=targets.one_dimensional,
        offsets=offsets,
        feature_names=data.feature_names,
        status="untrained",
    )


def _in_columns(targets: NDArray[Any], outputs: int) -> Array:
    """Give a column per output: class codes become rows of 0 with one 1."""
    if targets.shape[1] == outputs:
        return np.ascontiguousarray(targets, np.float64)
    return np.eye(outputs)[targets[:, 0].astype(np.intp)]


def _mixes_rows(layers: tuple[Layer, ...]) -> bool:
    return any(
        isinstance(layer, BatchNorm) or (isinstance(layer, Residual) and _mixes_rows(layer.layers))
        for layer in layers
    )
