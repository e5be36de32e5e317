"""NeuralClassifier: classes of rows of a raw table, good without tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import compute_class_weight

from ravine.errors import DataError
from ravine.estimators.neural.base import NeuralEstimator
from ravine.estimators.neural.calibration import fit_temperature, tempered
from ravine.estimators.neural.data import GivenRows, Goal, TrainingRows, check_weights
from ravine.estimators.neural.options import ClassifierOptions
from ravine.estimators.neural.y import class_labels
from ravine.estimators.parameters import documented
from ravine.estimators.scoring import ScoredClassifier
from ravine.ground.text import plural
from ravine.specs.losses import CrossEntropy
from ravine.tables import Target

__all__ = ["NeuralClassifier"]


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class NeuralClassifier(ScoredClassifier, NeuralEstimator):
    """Classify rows of a raw table, with an ensemble of networks: good without tuning.

    Columns may hold numbers, booleans, text, categories and missing or infinite values; what is
    learnt of them is in ``schema_``. The probability of a class is the members' mean, sharpened or
    softened by one temperature that was fitted on the rows that they had set aside.

    Parameters
    ----------
    label_smoothing : float, default 0.05
        Share of each target that is spread over all classes, in [0, 1).
    calibrate : bool, default True
        Whether a temperature is fitted.
    class_weight : dict or "balanced", optional
        Weight of each class; "balanced" gives all classes the same total weight.

    Attributes
    ----------
    classes_ : numpy.ndarray of shape (classes,)
        The classes, sorted. One whose rows all have a ``sample_weight`` of 0, or whose
        ``class_weight`` is 0, has the probability 0.
    temperature_ : float
        What the logarithms of the mean probabilities are divided by; 1 is none.

    References
    ----------
    Guo et al. (2017), On Calibration of Modern Neural Networks, ICML.

    Examples
    --------
    >>> import pandas as pd
    >>> import ravine as rv
    >>> sky = ["clear", "rain", "clear", "clouds"] * 20
    >>> frame = pd.DataFrame({"sky": sky, "wind": [*range(40)] * 2})
    >>> estimator = rv.NeuralClassifier(n_members=2, random_state=0)
    >>> estimator.fit(frame, [s == "rain" for s in sky]).predict(frame[:4])
    array([False,  True, False, False])
    """

    label_smoothing: float = 0.05
    calibrate: bool = True
    class_weight: Mapping[Any, float] | Literal["balanced"] | None = None

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows; a table's columns may be in any order, and further ones are ignored.

        Returns
        -------
        numpy.ndarray of shape (n,)
            The most probable classes.
        """
        found = self.predict_proba(X)
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows; a table's columns may be in any order, and further ones are ignored.

        Returns
        -------
        numpy.ndarray of shape (n, classes)
            Columns in the order of ``classes_``, adding up to 1.
        """
        coded = self._coded(X)
        found = tempered(self._mean_predictions(coded)[0], self.temperature_)
        if len(self._trained_classes) == len(self.classes_):
            return found
        every = np.zeros((len(found), len(self.classes_)))
        every[:, self._trained_classes] = found
        return every

    # --- What NeuralEstimator asks for ----------------------------------------------------------

    def _options(self) -> ClassifierOptions:
        return ClassifierOptions.of(self)

    def _given_rows(self, frame: Any, y: Any, sample_weight: Any) -> GivenRows:
        labels = class_labels(y, "y", frame)
        weights = check_weights(sample_weight, frame, "sample_weight")
        notes = self._learn_classes(labels, weights)
        return GivenRows(frame, *self._as_codes(labels, weights), notes)

    def _given_validation(self, frame: Any, y: Any, sample_weight: Any) -> GivenRows:
        labels = class_labels(y, "y_val", frame)
        weights = check_weights(sample_weight, frame, "sample_weight_val")
        present = labels if weights is None else labels[weights > 0]
        unknown = np.setdiff1d(present, self.classes_)
        if len(unknown):
            raise DataError(
                f"y_val holds the class {unknown[0]!s}, which y does not hold.",
                hint="Leave such rows out of X_val and y_val, or give some to X and y.",
            )
        codes, weights = self._as_codes(labels, weights)
        if weights is not None and not weights.any():
            raise DataError("All rows of X_val weigh 0: nothing is left to validate on.")
        return GivenRows(frame, codes, weights)

    def _goal(self, rows: TrainingRows) -> Goal:
        return Goal(
            rows.y,
            self._with_class_weight(rows),
            losses=[CrossEntropy()],
            outputs=len(self._trained_classes),
            classes=rows.y,
            alike_in_sharpness=self.calibrate,
        )

    def _learn_from_held_out(
        self, rows: TrainingRows, goal: Goal, held_out: list[NDArray[np.float64]]
    ) -> None:
        self.temperature_ = 1.0
        known = ~np.isnan(held_out[0][:, 0])
        if self.calibrate and known.any():
            counted = np.ones(len(goal.y)) if goal.weights is None else goal.weights
            found = held_out[0][known]
            self.temperature_ = fit_temperature(found, goal.y[known], counted[known])

    def _target(self, name: str) -> Target | None:
        labels = self.classes_.tolist()
        if not all(isinstance(label, str | int) for label in labels):
            return None
        return Target(name, "classification", classes=tuple(labels))

    # --- Classes --------------------------------------------------------------------------------

    def _learn_classes(
        self, labels: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> tuple[str, ...]:
        """Find the classes, and which of them are trained; say which have no weight."""
        known, codes = np.unique(labels, return_inverse=True)
        present = np.bincount(codes, weights=weights) > 0
        self.classes_ = known
        if len(known) < 2:
            raise DataError(
                f"y holds one class only ({known[0]!s}): there is nothing to tell apart.",
                hint="Check the target.",
            )
        if present.sum() < 2:
            raise DataError(
                f"y holds {plural(len(known), 'class', 'classes')}, but only rows of "
                f"{known[present.argmax()]!s} weigh more than 0: there is nothing to tell apart.",
                hint="Check the weights of the rows.",
            )
        self._trained_classes = np.flatnonzero(present & (self._class_weights() > 0))
        if len(self._trained_classes) < 2:
            raise DataError(
                "class_weight is 0 for all classes but one: there is nothing to tell apart.",
                hint="Give two classes a weight above 0.",
            )
        return tuple(
            f"The class {label!s} has the probability 0: all its rows weigh 0."
            for label in known[~present]
        )

    def _class_weights(self) -> NDArray[np.float64]:
        """Give the weight of each class as a dictionary says it; 1 without one."""
        named = isinstance(self.class_weight, str) and self.class_weight == "balanced"
        given = None if named else self.class_weight
        found = compute_class_weight(given, classes=self.classes_, y=self.classes_)
        return np.asarray(found, dtype=np.float64)

    def _as_codes(
        self, labels: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
        """Turn labels into codes of the trained classes; rows of others get the weight 0."""
        trained = self.classes_[self._trained_classes]
        codes = np.minimum(np.searchsorted(trained, labels), len(trained) - 1)
        others = trained[codes] != labels
        if others.any():
            weights = np.where(others, 0.0, 1.0 if weights is None else weights)
        return codes, weights

    def _with_class_weight(self, rows: TrainingRows) -> NDArray[np.float64] | None:
        """Multiply the rows' weights with those of their classes."""
        if self.class_weight is None:
            return rows.weights
        of_class = self._class_weights()[self._trained_classes]
        if isinstance(self.class_weight, str):
            n = len(rows.frame)
            own = None if rows.weights is None else rows.weights[:n]
            sums = np.bincount(rows.y[:n], weights=own)
            of_class = sums.sum() / (len(sums) * sums)
        return rows.weighted(of_class[rows.y])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
