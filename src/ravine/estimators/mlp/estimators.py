"""MLPClassifier and MLPRegressor: the parameters of scikit-learn's, trained by ravine's engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import check_is_fitted

from ravine.errors import DataError, ParameterError
from ravine.estimators.mlp.base import BaseMLP, dense, learns_in_steps
from ravine.estimators.mlp.recipe import LossUnits, as_loss
from ravine.estimators.mlp.targets import Labels
from ravine.estimators.parameters import documented, documented_like
from ravine.estimators.scoring import ScoredClassifier, ScoredRegressor
from ravine.specs.losses import OF_NUMBERS, Loss

__all__ = ["MLPClassifier", "MLPRegressor"]


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(ScoredClassifier, BaseMLP):
    """A multilayer perceptron for classes, with scikit-learn's interface.

    It minimises the log-loss (and the penalties). All parameters, attributes and methods of
    scikit-learn's `sklearn.neural_network.MLPClassifier` are there with the same meaning; those
    from ``l1`` on are ravine's.

    Parameters
    ----------
    loss : "log_loss" or Loss, default "log_loss"
        The loss; ``ravine.losses.CrossEntropy(label_smoothing=...)`` for three classes or more.
    class_weight : dict, "balanced" or None, default None
        Weights of the classes, times those of the rows; "balanced" counts all classes the same.
    monitor : {"val_loss", "val_accuracy"}, optional
        What early_stopping watches. None: scikit-learn's, "val_accuracy".

    Attributes
    ----------
    classes_ : ndarray
        The classes in order.

    Examples
    --------
    >>> import ravine as rv
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> classifier = rv.MLPClassifier(learning_rate_init=0.05, tol=1e-3, random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.9
    True
    """

    _score_name: ClassVar[str] = "val_accuracy"

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"log_loss"}), Loss],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "monitor": [StrOptions({"val_accuracy", "val_loss"}), None],
    }

    loss: Literal["log_loss"] | Loss = "log_loss"
    class_weight: Any = None

    @available_if(learns_in_steps)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @documented_like(BaseMLP.fit)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Continue training: one epoch over these rows, with the optimizer's present state.

        Parameters
        ----------
        classes : array-like of shape (n_classes,), optional
            All classes that can occur; needed in the first call.

        Returns
        -------
        MLPClassifier
            Itself.
        """
        if _check_partial_fit_first_call(self, classes):
            self._labels = Labels.learn(y, classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Classes, or a 0/1 matrix of labels.
        """
        probabilities = self.predict_proba(X)
        found: NDArray[Any] = self._labels.decode(probabilities)
        return found

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; for several labels, the probability of each.
        """
        check_is_fitted(self)
        return self.model_.predict_proba(self._rows(X))

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            ``log(predict_proba(X))``; minus infinity where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    # --- What BaseMLP asks for ------------------------------------------------------------------

    @property
    def _codes(self) -> NDArray[np.int64] | None:
        return self._labels.codes

    @property
    def _stratifies(self) -> bool:
        return self.n_outputs_ == 1

    def _check_data(
        self, X: Any, y: Any, *, incremental: bool, reset: bool
    ) -> tuple[NDArray[Any], Any]:
        X, y = self._check_pair(X, y, reset=reset)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._labels = Labels.learn(y)
            self.classes_ = self._labels.classes
        else:
            self._labels.check_known(y, all_of_them=self.warm_start)
        self.n_outputs_ = self._labels.n_outputs
        return dense(X), y

    def _check_targets(self, y_val: Any) -> None:
        self._labels.check_same(y_val, "y_val")

    def _out_activation(self) -> str:
        return "softmax" if self._labels.kind == "multiclass" else "logistic"

    def _weigh(
        self, y: Any, sample_weight: NDArray[Any] | None, *, incremental: bool
    ) -> NDArray[Any] | None:
        if self.class_weight is None:
            return sample_weight
        if incremental and self.class_weight == "balanced":
            raise ParameterError(
                "class_weight='balanced' needs all rows, but partial_fit sees only some of them.",
                hint="Pass a dictionary of weights.",
            )
        of_classes = np.asarray(compute_sample_weight(self.class_weight, y))
        return of_classes if sample_weight is None else sample_weight * of_classes

    def _weigh_validation(
        self, y: Any, y_val: Any, sample_weight: NDArray[Any] | None
    ) -> NDArray[Any] | None:
        if self.class_weight is None:
            return sample_weight
        n = y.shape[0]
        stack = scipy.sparse.vstack if scipy.sparse.issparse(y) else np.concatenate
        training = np.arange(n) if self.class_weight == "balanced" else None
        both = compute_sample_weight(self.class_weight, stack([y, y_val]), indices=training)
        of_classes = np.asarray(both)[n:]
        return of_classes if sample_weight is None else sample_weight * of_classes

    def _encode(self, y: Any) -> NDArray[Any]:
        return self._labels.encode(y)

    def _objective(self) -> LossUnits:
        exclusive = self._labels.kind == "multiclass"
        return LossUnits.of_classes(self.loss, self.n_outputs_, exclusive=exclusive)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass(eq=False, repr=False)
class _LossFirst:
    """The loss of a regression.

    Parameters
    ----------
    loss : str or Loss, default "squared_error"
        "squared_error" (halved) and "poisson" are scikit-learn's; the other losses of numbers of
        `ravine.losses`, or their names, are ravine's, unchanged.
    """

    loss: str | Loss = "squared_error"


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class MLPRegressor(ScoredRegressor, BaseMLP, _LossFirst):  # scikit-learn's first parameter
    """A multilayer perceptron for numbers, with scikit-learn's interface.

    All parameters, attributes and methods of scikit-learn's `sklearn.neural_network.MLPRegressor`
    are there with the same meaning; those from ``l1`` on are ravine's.

    Parameters
    ----------
    monitor : {"val_loss", "val_rmse", "val_r2"}, optional
        What early_stopping watches. None: scikit-learn's, "val_r2".

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = np.sin(3 * X[:, 0])
    >>> regressor = rv.MLPRegressor(solver="lbfgs", tol=1e-3, random_state=0).fit(X, y)
    >>> regressor.score(X, y) > 0.99
    True
    """

    _score_name: ClassVar[str] = "val_r2"
    _codes: ClassVar[None] = None
    _stratifies: ClassVar[bool] = False
    _of_numbers: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions(set(OF_NUMBERS)), Loss],
        "monitor": [StrOptions({"val_r2", "val_loss", "val_rmse"}), None],
    }

    @available_if(learns_in_steps)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @documented_like(BaseMLP.fit)
    def partial_fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Continue training: one epoch over these rows, with the optimizer's present state.

        Returns
        -------
        MLPRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
        """
        check_is_fitted(self)
        return self.model_.predict(self._rows(X))

    # --- What BaseMLP asks for ------------------------------------------------------------------

    def _check_data(
        self, X: Any, y: Any, *, incremental: bool, reset: bool
    ) -> tuple[NDArray[Any], Any]:
        X, y = self._check_pair(X, y, reset=reset)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return dense(X), y

    def _check_targets(self, y_val: Any) -> None:
        found = 1 if y_val.ndim == 1 else y_val.shape[1]
        if found != self.n_outputs_:
            raise DataError(f"y_val has {found} columns, but y has {self.n_outputs_}.")

    def _out_activation(self) -> str:
        return "exp" if as_loss(self.loss).link == "log" else "identity"

    def _encode(self, y: Any) -> NDArray[Any]:
        return np.asarray(y)

    def _objective(self) -> LossUnits:
        return LossUnits.of_regression(self.loss, self.n_outputs_)
