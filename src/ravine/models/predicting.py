"""Predictions, probabilities and scores of a trained network."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.codes import check_codes, code_columns
from ravine.data.feature_names import by_name
from ravine.data.gate import as_features, as_targets
from ravine.data.target_precision import are_kept
from ravine.data.weights import as_sample_weight, weighing
from ravine.engine.handles import engine_network
from ravine.errors import ParameterError
from ravine.models.finite import check_predictions, check_scores, overflowed
from ravine.specs.layers import Dropout, Layer, Residual
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine

__all__ = ["Predictor"]


class Predictor:
    """The part of a model that predicts; a model provides what is declared here."""

    network: Network
    recipe: Recipe
    input_shape: tuple[int, ...]
    parameters_vector: NDArray[Any]
    state_vector: NDArray[Any]
    classes: NDArray[Any] | None
    one_dimensional: bool
    offsets: NDArray[np.float64] | None
    feature_names: tuple[str, ...] | None

    @cached_property
    def _engine(self) -> Any:
        return engine_network(
            for_engine(self.network), self.input_shape, self.recipe.dropout, self.recipe.dtype
        )

    @cached_property
    def _levels(self) -> dict[int, int]:
        return code_columns(self.network)

    def predict(self, X: ArrayLike, *, samples: int | None = None) -> NDArray[Any]:
        """Predict the targets of rows.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.
        samples : int, optional
            Draw so many predictions with active dropout (Monte-Carlo dropout). Their spread shows
            how much the network depends on single units there; it is not an interval, and need not
            grow where there are no training rows.

        Returns
        -------
        ndarray
            Regression: shape (n,) if the targets had one axis, otherwise (n, outputs); the inverse
            link is applied (``e^z`` for a log link). Classification: class labels, shape
            (n,), or a 0/1 matrix for BinaryCrossEntropy with several outputs. With ``samples``: a
            leading axis of that length, and probabilities instead of labels.

        Raises
        ------
        DataError
            If X does not suit the model, or a prediction is not finite.
        ParameterError
            If ``samples`` is no positive whole number, or there is no dropout to draw.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> model.predict([[1.0, 2.0], [3.0, 4.0]]).shape
        (2,)
        """
        rows = self._rows(X)
        if samples is not None:
            return self._sample(rows, samples)
        response = self._respond(rows)
        if self.classes is not None:
            single = response.shape[1] == 1
            codes = response[:, 0] > 0.5 if single else response.argmax(axis=1)
            return np.asarray(self.classes[codes.astype(np.intp)])
        if self._is_classifier:
            return (response > 0.5).astype(np.int64)
        return self._shaped(response)

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.

        Returns
        -------
        ndarray, shape (n, classes)
            Columns in the order of ``classes``, which add up to 1; for BinaryCrossEntropy with
            several outputs, the probability of 1 for each output.

        Raises
        ------
        ParameterError
            If the model is not a classifier.
        DataError
            If X does not suit the model, or a prediction is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Dense(1)], loss="binary_cross_entropy")
        >>> model = rv.train(network, X, X[:, 0] > 3, rv.Recipe(epochs=1))
        >>> model.predict_proba([[1.0, 2.0]]).shape
        (1, 2)
        """
        if not self._is_classifier:
            loss = type(self.network.loss).__name__
            raise ParameterError(
                f"predict_proba needs a classifier, but the network's loss is {loss}.",
                hint="Use predict.",
            )
        return self._shaped(self._respond(self._rows(X)))

    def evaluate(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> dict[str, float]:
        """Compare predictions with known targets.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.
        y : array-like
            Their targets, of the kind that the model was trained on.
        sample_weight : array-like, shape (n,), optional
            How much each row counts, at least 0; a row of weight 0 is absent.

        Returns
        -------
        dict of str to float
            ``loss`` (the data part), and ``accuracy`` for a classifier (the share of rows that are
            classified correctly; with several labels per row, all of them), ``r2`` and ``rmse``
            (root mean squared error) for a regression.

        Raises
        ------
        DataError
            If the data does not suit the model, or a prediction or a score is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> network = rv.Network([rv.Normalize(), rv.Dense(1)])
        >>> model = rv.train(network, X, X[:, 0], rv.Recipe(epochs=1))
        >>> sorted(model.evaluate([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0]))
        ['loss', 'r2', 'rmse']
        """
        rows = self._rows(X)
        weights = as_sample_weight(sample_weight, len(rows), "float64")
        # Where float32 would lose the targets' spread, outputs are compared with them in double.
        single = self.recipe.dtype == "float32" and not self._is_classifier
        values = as_targets(
            y,
            self.network.loss,
            self._engine.n_outputs,
            "float64" if single else self.recipe.dtype,
            n_rows=len(rows),
            classes=self.classes,
            weights=weights,
        ).values
        if weights is not None:
            present = weighing(np.arange(len(rows)), weights)
            rows, values, weights = rows[present], values[present], weights[present]
        double = single and not are_kept(values)
        if not double:
            values = values.astype(self.recipe.dtype, copy=False)
        if weights is not None:
            weights = weights.astype(values.dtype, copy=False)
        scores: dict[str, float]
        if not double:
            learnt = (self.parameters_vector, self.state_vector, rows)
            scores = self._engine.evaluate(*learnt, values, weights)
        if double or overflowed(scores):
            self._respond(rows)  # must be finite
            scores = self._scores_in_double(rows, values, weights)
            check_scores(scores)
        return scores

    def row_losses(self, X: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Give the loss of each row by itself.

        Parameters
        ----------
        X : array-like, shape (n, *input_shape)
            The rows. Columns of a data frame are taken by name if the model was trained on one.
        y : array-like
            Their targets, of the kind that the model was trained on.

        Returns
        -------
        ndarray of float64, shape (n,)
            The data part, averaged over outputs. Their mean is the ``loss`` that `evaluate` gives.

        Raises
        ------
        DataError
            If the data does not suit the model, or a prediction is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.arange(8.0).reshape(4, 2)
        >>> model = rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0], rv.Recipe(epochs=1))
        >>> losses = model.row_losses(X, X[:, 0])
        >>> bool(np.isclose(losses.mean(), model.evaluate(X, X[:, 0])["loss"]))
        True
        """
        rows = self._rows(X)
        values = as_targets(
            y,
            self.network.loss,
            self._engine.n_outputs,
            "float64",
            n_rows=len(rows),
            classes=self.classes,
        ).values
        self._respond(rows)  # must be finite
        outputs, exact = self._outputs_in_double(rows)
        losses = [
            exact.score_outputs(outputs[i : i + 1], values[i : i + 1], None)["loss"]
            for i in range(len(rows))
        ]
        return np.array(losses, dtype=np.float64)

    def _outputs_in_double(self, rows: NDArray[Any]) -> tuple[NDArray[np.float64], Any]:
        """Give the network's outputs before the link, and a network that scores in double."""
        outputs = self._engine.predict(self.parameters_vector, self.state_vector, rows, raw=True)
        exact = engine_network(
            for_engine(self.network), self.input_shape, self.recipe.dropout, "float64"
        )
        return outputs.astype(np.float64), exact

    def _scores_in_double(
        self, rows: NDArray[Any], values: NDArray[Any], weights: NDArray[Any] | None
    ) -> dict[str, float]:
        """Compare the network's outputs with targets in double."""
        outputs, exact = self._outputs_in_double(rows)
        scores: dict[str, float] = exact.score_outputs(
            outputs,
            values.astype(np.float64),
            None if weights is None else weights.astype(np.float64),
        )
        return scores

    @property
    def _is_classifier(self) -> bool:
        return self.network.loss.classifies

    def _rows(self, X: ArrayLike) -> NDArray[Any]:
        """Check inputs, and flatten each row."""
        X = by_name(X, self.feature_names)
        rows = as_features(X, self.input_shape, self.recipe.dtype, offsets=self.offsets)
        check_codes(rows, self._levels)
        return rows.reshape(len(rows), -1)

    def _respond(self, rows: NDArray[Any], **draw: int) -> NDArray[Any]:
        response: NDArray[Any] = self._engine.predict(
            self.parameters_vector, self.state_vector, rows, **draw
        )
        return check_predictions(response)

    def _shaped(self, response: NDArray[Any]) -> NDArray[Any]:
        """Give a response the shape that users know: two columns for two classes, y's own axes."""
        if self.classes is not None:
            return np.hstack([1 - response, response]) if response.shape[1] == 1 else response
        return response[:, 0] if self.one_dimensional and response.shape[1] == 1 else response

    def _sample(self, rows: NDArray[Any], samples: int) -> NDArray[Any]:
        if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
            raise ParameterError(
                "The 'samples' parameter of predict must be a whole number, at least 1. "
                f"Got {samples!r}."
            )
        if self.recipe.dropout == 0 and not _drops(self.network.layers):
            raise ParameterError(
                "predict(samples=...) draws dropout masks, but this network has no dropout.",
                hint="Train it with Dropout layers or Recipe(dropout=...).",
            )
        draws = (
            self._respond(rows, seed=self.recipe.seed, draw=draw) for draw in range(int(samples))
        )
        return np.stack([self._shaped(response) for response in draws])


def _drops(layers: tuple[Layer, ...]) -> bool:
    """Whether any layer, at any depth, drops inputs."""
    return any(
        (isinstance(layer, Dropout) and layer.rate > 0)
        or (isinstance(layer, Residual) and _drops(layer.layers))
        for layer in layers
    )
