"""What the two MLPs share: fit, partial_fit, and the fitted network."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ravine.data.feature_names import feature_names
from ravine.errors import DataError, ParameterError
from ravine.estimators.bases import BaseEstimator
from ravine.estimators.mlp.file import SavedMLP
from ravine.estimators.mlp.fitting import Fitting
from ravine.estimators.mlp.parameters import CONSTRAINTS, MLPParameters
from ravine.estimators.mlp.recipe import layer_sizes, rule_of
from ravine.estimators.mlp.validation import Validation
from ravine.ground.kept import check_kept
from ravine.models.history import History
from ravine.models.model import Model
from ravine.specs.optimizers import OPTIMIZERS, Optimizer

__all__ = ["BaseMLP", "dense", "learns_in_steps"]

_FLOATS = (np.float64, np.float32)


def learns_in_steps(estimator: Any) -> bool:
    """Whether `partial_fit` is there: line searches need all rows at once."""
    solver = estimator.solver
    known = (
        isinstance(solver, Optimizer) or solver in OPTIMIZERS.shorthands
    )  # else `fit` raises an error
    if known and rule_of(solver).evaluates:
        raise AttributeError(
            f"partial_fit needs an optimizer that learns from mini-batches. {solver!r} does not."
        )
    return True


class BaseMLP(MLPParameters, SavedMLP, BaseEstimator):
    """What MLPClassifier and MLPRegressor share.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        The weights between each layer and the next (inputs × outputs), and the biases.
    loss_, best_loss_ : float
        The loss of the last epoch, with its penalty, and the smallest; the latter is None with
        early_stopping, and absent for "lbfgs", like the attributes of the next line.
    loss_curve_, validation_scores_, best_validation_score_ : list of float, list of float, float
        The loss of each epoch; the score of each and the best one, None without early_stopping.
    n_iter_, t_ : int
        Epochs of the last fit; rows seen in all of them.
    n_layers_, n_outputs_, out_activation_ : int, int, str
        Number of layers, including inputs and outputs; of outputs; and the output activation.
    n_features_in_, feature_names_in_ : int, ndarray of str
        Columns of X, and their names if it had any.
    model_, history_ : Model, History
        The network as `ravine.train` gives it, and what happened in each epoch.

    Examples
    --------
    >>> issubclass(BaseMLP, BaseEstimator)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    #: Whether targets are numbers, and not classes.
    _of_numbers: ClassVar[bool] = False

    #: The fitted network, and the optimizer's state for the next partial_fit.
    _model: Model | None = None
    _memory: dict[str, Any] | None = None

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        """Give the names of the parameters; scikit-learn reads them off the signature each time."""
        names: list[str] = super()._get_param_names()
        return names

    # --- Fitting --------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
    ) -> Self:
        """Fit the network.

        Without ``X_val``, ``groups`` and ``time``, early stopping draws scikit-learn's validation
        rows for the same random state. It draws single rows, so copies of a row may be on both
        sides; ``groups`` keeps them together.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            How much each row counts. As in scikit-learn, the loss of each mini-batch is divided by
            its own sum of weights, so that weights have less effect in small mini-batches than in
            `ravine.train`.
        X_val, y_val : array-like of shapes (n_val, n_features) and (n_val,) or (n_val, n_outputs)
            Rows for early stopping to validate on, instead of ``validation_fraction``. Give both.
        sample_weight_val : array-like of shape (n_val,), optional
            How much each of these rows counts.
        groups : array-like of shape (n_samples,), optional
            The group of each row: early stopping validates on whole groups, drawn so that the share
            of rows, and of each class, is close to ``validation_fraction``.
        time : array-like of shape (n_samples,), optional
            The time of each row, numbers or dates: early stopping validates on the latest rows, or
            with ``groups`` on the groups that end last.

        Returns
        -------
        estimator
            Itself.

        Raises
        ------
        ParameterError
            If validation rows, groups or times are given and early stopping does not use them.
        DataError
            If the validation rows do not suit, or groups or times lack a value or are all the same.
        """
        validation = Validation(X_val, y_val, sample_weight_val, groups, time)
        return self._fit(X, y, sample_weight, incremental=False, validation=validation)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        *,
        incremental: bool,
        validation: Validation = Validation(),  # noqa: B008 - immutable
    ) -> Self:
        hidden = layer_sizes(self.hidden_layer_sizes)
        if incremental and self.early_stopping:
            raise ParameterError("partial_fit does not support early_stopping=True.")
        validation.check_use(self)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._check_data(X, y, incremental=incremental, reset=first)
        check_kept(sample_weight, "sample_weight")
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        weights = self._weigh(y, weights, incremental=incremental)
        apart = self._check_validation(validation, y)
        targets = self._encode(y)
        rng = check_random_state(self.random_state)
        objective = self._objective()
        sizes = [*hidden, self.n_outputs_]
        if first:
            self._begin(X.shape[1], sizes, rng, X.dtype)
        elif [coef.shape[1] for coef in self.coefs_] != sizes:
            raise ParameterError(
                f"hidden_layer_sizes={hidden} does not fit the weights to start from, whose layers "
                f"have {[coef.shape[1] for coef in self.coefs_]} units.",
                hint="Use warm_start=False.",
            )
        fitting = Fitting(self, objective, X, targets, weights, incremental=incremental)
        fitting.validation, fitting.sides = apart, (validation.groups, validation.time)
        fitting.run(sizes, rng)
        return self

    def _check_pair(self, X: Any, y: Any, *, reset: bool, suffix: str = "") -> tuple[Any, Any]:
        """Check rows and their targets."""
        feature_names(X)  # two columns of one name are refused
        check_kept(X, f"X{suffix}")
        check_kept(y, f"y{suffix}")
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=self._of_numbers,
            dtype=_FLOATS,
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _check_validation(self, validation: Validation, y: Any) -> tuple[Any, ...] | None:
        """Check given validation rows, and encode their targets like those of training."""
        if validation.X is None:
            return None
        try:
            X_val, y_val = self._check_pair(validation.X, validation.y, reset=False, suffix="_val")
            weights = validation.sample_weight
            check_kept(weights, "sample_weight_val")
            if weights is not None:
                weights = _check_sample_weight(weights, X_val)
        except ValueError as error:
            raise DataError(f"X_val, y_val and sample_weight_val do not suit: {error}") from error
        self._check_targets(y_val)
        weights = self._weigh_validation(y, y_val, weights)
        rows = (dense(X_val), self._encode(y_val))
        return rows if weights is None else (*rows, weights)

    def _weigh_validation(
        self, y: Any, y_val: Any, sample_weight: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        """Give the weights of validation rows, with the class weights of the training rows."""
        return sample_weight

    def _weigh(
        self, y: Any, sample_weight: NDArray[Any] | None, *, incremental: bool
    ) -> NDArray[Any] | None:
        """Give the weights of the rows; a classifier multiplies them by its class weights."""
        return sample_weight

    def _begin(self, n_inputs: int, sizes: list[int], rng: Any, dtype: Any) -> None:
        """Draw the initial weights as scikit-learn does, so that the same state gives the same."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(sizes) + 1
        self.out_activation_ = self._out_activation()
        kind = np.dtype(self.dtype or dtype)
        factor = 2.0 if self.activation in ("logistic", "sigmoid") else 6.0
        self.coefs_, self.intercepts_ = [], []
        for n_in, n_out in zip([n_inputs, *sizes[:-1]], sizes, strict=True):
            bound = np.sqrt(factor / (n_in + n_out))
            self.coefs_.append(rng.uniform(-bound, bound, (n_in, n_out)).astype(kind, copy=False))
            self.intercepts_.append(rng.uniform(-bound, bound, n_out).astype(kind, copy=False))
        self._model = self._memory = None
        if rule_of(self.solver).evaluates:
            return
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.best_loss_ = None if self.early_stopping else np.inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None

    # --- The fitted network -----------------------------------------------------------------------

    @property
    def model_(self) -> Model:
        """The fitted network with the weights that coefs_ and intercepts_ hold.

        Returns
        -------
        Model
            A model as from `ravine.train`, with its summary and history.
        """
        model = self._fitted()
        named = model.parameters
        changed = {}
        for i, (coef, intercept) in enumerate(
            zip(self.coefs_, self.intercepts_, strict=True), start=1
        ):
            for name, own in ((f"dense_{i}.weight", coef), (f"dense_{i}.bias", intercept)):
                if not np.array_equal(named[name], own):
                    changed[name] = np.reshape(own, named[name].shape)
        if changed:
            vector = np.concatenate([np.ravel(a) for a in (named | changed).values()])
            model = self._model = dataclasses.replace(model, parameters_vector=vector)
        return model

    @property
    def history_(self) -> History:
        """What happened in each epoch, from ravine's engine.

        Returns
        -------
        History
            A row per epoch; losses are those of the network (``model_.network.loss``).
        """
        return self._fitted().history

    def _fitted(self) -> Model:
        check_is_fitted(self)
        assert self._model is not None
        return self._model

    def _rows(self, X: Any) -> NDArray[Any]:
        """Check rows to predict."""
        feature_names(X)  # two columns of one name are refused
        check_kept(X, "X")
        return dense(validate_data(self, X, accept_sparse=["csr", "csc"], reset=False))

    def __sklearn_is_fitted__(self) -> bool:
        return getattr(self, "_model", None) is not None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def dense(X: Any) -> NDArray[Any]:
    """Convert a sparse matrix to an array; ravine multiplies dense ones."""
    return np.asarray(X.toarray() if scipy.sparse.issparse(X) else X)
