"""The scores that all estimators share with scikit-learn's."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from ravine.estimators.bases import ClassifierMixin, RegressorMixin
from ravine.ground.kept import check_kept

__all__ = ["ScoredClassifier", "ScoredRegressor"]


class ScoredClassifier(ClassifierMixin):
    """A classifier that scores by accuracy."""

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Give the share of rows that are classified correctly.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n, columns)
            The rows.
        y : array-like of shape (n,), or of shape (n, labels) if `fit` was given several labels
            Their classes.
        sample_weight : array-like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        float
            From 0 to 1.

        Raises
        ------
        DataError
            If a target or a weight is masked.
        """
        check_kept(y, "y")
        check_kept(sample_weight, "sample_weight")
        return float(super().score(X, y, sample_weight))


class ScoredRegressor(RegressorMixin):
    """A regressor that scores by R²."""

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Give the coefficient of determination, R².

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, columns)
            The rows.
        y : array-like of shape (n,) or (n, outputs)
            Their targets.
        sample_weight : array-like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        float
            1 for perfect predictions, 0 for those of the mean.

        Raises
        ------
        DataError
            If a target or a weight is masked.
        """
        check_kept(y, "y")
        check_kept(sample_weight, "sample_weight")
        return float(super().score(X, y, sample_weight))
