"""NeuralRegressor: numbers for rows of a raw table, good without tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils import check_consistent_length

from ravine.errors import DataError, ParameterError
from ravine.estimators.bases import RegressorMixin
from ravine.estimators.neural.base import NeuralEstimator
from ravine.estimators.neural.calibration import Conformal
from ravine.estimators.neural.data import GivenRows, Goal, TrainingRows, check_weights
from ravine.estimators.neural.options import RegressorOptions
from ravine.estimators.neural.targets import TargetScale
from ravine.estimators.neural.y import target_numbers
from ravine.estimators.parameters import documented
from ravine.ground.kept import check_kept
from ravine.models.finite import check_predictions
from ravine.specs.losses import LOSSES, Loss, Quantile
from ravine.specs.losses.domains import DOMAINS
from ravine.specs.rules import Number
from ravine.tables import Target

__all__ = ["NeuralRegressor"]


@documented
@dataclass(eq=False, repr=False, kw_only=True)
class NeuralRegressor(RegressorMixin, NeuralEstimator):
    """Regress on rows of a raw table, with an ensemble of networks: good without tuning.

    Columns may hold numbers, booleans, text, categories and missing or infinite values; what is
    learnt about them is in ``schema_``. Targets are standardised internally; predictions are in
    their own unit.

    Parameters
    ----------
    loss : str, default "squared_error"
        The name of a loss of numbers of `ravine.losses`, which says what it predicts. "huber" has
        a δ of one standard deviation; the τ of "quantile" are ``quantiles``.
    quantiles : float or sequence of float, default (0.05, 0.5, 0.95)
        With ``loss="quantile"``: the levels to predict, in (0, 1). Each is fitted by its own
        ensemble; predictions are sorted, so that quantiles never cross, and are in ascending order
        of the levels.
    clip_predictions : bool, default True
        Whether predictions stay within the range of the training rows' targets.

    Attributes
    ----------
    members_ : list of ravine.Model
        The trained networks of the variants that count, variant by variant. With
        ``loss="quantile"``: those of the lowest level first.
    variant_weights_ : numpy.ndarray of shape (1 or quantiles, variants)
        How much each variant counts: first the one that the parameters themselves describe.
    history_ : ravine.History
        The members' histories, averaged; ``members_[i].history`` has each. Losses and errors are
        those of the targets as members learn them, in units of their standard deviations ("poisson"
        and "gamma": of their means), since several targets have no unit in common: ``val_rmse``
        times ``schema_.target.standard_deviation`` is in the unit of a single target.

    References
    ----------
    Chernozhukov, Fernández-Val & Galichon (2010), Quantile and Probability Curves Without Crossing,
    Econometrica 78(3). Romano, Patterson & Candès (2019), Conformalized Quantile Regression,
    NeurIPS.

    Examples
    --------
    >>> import pandas as pd
    >>> import ravine as rv
    >>> frame = pd.DataFrame({"rooms": [1, 2, 3, 4] * 25, "street": ["a", "b"] * 50})
    >>> estimator = rv.NeuralRegressor(n_members=2, random_state=0)
    >>> estimator.fit(frame, 100.0 * frame["rooms"]).predict(frame[:4]).round(-2)
    array([100., 200., 300., 400.])
    >>> estimator.predict_interval(frame[:4], coverage=0.9).shape
    (4, 2)
    """

    loss: str = "squared_error"
    quantiles: float | Sequence[float] = (0.05, 0.5, 0.95)
    clip_predictions: bool = True

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict the target of each row, in its own unit.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows; a table's columns may be in any order, and further ones are ignored.

        Returns
        -------
        numpy.ndarray of shape (n,) or (n, targets)
            Numbers. With ``loss="quantile"`` and several ``quantiles`` there is a last axis for
            them, along which numbers never fall.
        """
        found = self._in_unit(self._mean_predictions(self._coded(X)))
        return found[..., 0] if self._is_single else found

    def predict_interval(self, X: Any, coverage: float = 0.9) -> NDArray[np.float64]:
        """Predict an interval that holds the target with a given probability.

        The interval is conformal: it is made from the errors of predictions on the validation rows
        of the members. With ``loss="quantile"`` and several quantiles it widens or narrows the
        band between the lowest and the highest of them; otherwise it surrounds the prediction.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows.
        coverage : float, default 0.9
            The share of rows whose target is to lie in their interval, in (0, 1). It holds on
            average over rows like those of training, for each target by itself; if `fit` was given
            groups, over rows of new groups, which count equally.

        Returns
        -------
        numpy.ndarray of shape (n, 2) or (n, targets, 2)
            Lower and upper ends.

        Raises
        ------
        ParameterError
            If the estimator was trained without validation rows, or has too few of them, or of
            their groups, for this coverage: ``2 / (1 − coverage) − 1`` are needed.
        """
        coverage = Number(above=0, below=1)("predict_interval", "coverage", coverage)
        found = self._in_unit(self._mean_predictions(self._coded(X)))
        if not self._conformal:
            raise ParameterError(
                "predict_interval needs validation rows, and there were none in training.",
                hint="Set validation_fraction=0.2.",
            )
        columns = found.reshape(len(found), -1, found.shape[-1])
        ends = np.stack(
            [
                conformal.interval(columns[:, target, 0], columns[:, target, -1], coverage)
                for target, conformal in enumerate(self._conformal)
            ],
            axis=1,
        )
        if self._losses()[0].targets in ("non_negative", "positive"):
            ends = np.maximum(ends, 0.0)
        return ends[:, 0] if self._scale.one_dimensional else ends

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Score predictions: R², or with ``loss="quantile"`` the share of pinball loss explained.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The rows.
        y : array-like of shape (n,) or (n, targets)
            Their targets.
        sample_weight : array-like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        float
            1 for perfect predictions, 0 for those of a constant. The mean over targets (and over
            quantiles, of `sklearn.metrics.d2_pinball_score`).
        """
        check_kept(y, "y")
        check_kept(sample_weight, "sample_weight")
        found = self._in_unit(self._mean_predictions(self._coded(X)))
        if self.loss != "quantile":
            return float(r2_score(y, found[..., 0], sample_weight=sample_weight))
        levels = np.sort(np.atleast_1d(self.quantiles))
        scores = [
            d2_pinball_score(y, found[..., place], sample_weight=sample_weight, alpha=level)
            for place, level in enumerate(levels)
        ]
        return float(np.mean(scores))

    # --- What NeuralEstimator asks for ----------------------------------------------------------

    def _options(self) -> RegressorOptions:
        return RegressorOptions.of(self)

    def _given_rows(self, frame: Any, y: Any, sample_weight: Any) -> GivenRows:
        given = self._numeric_rows(frame, y, sample_weight)
        self._shape = given.y.shape[1:]
        return given

    def _given_validation(self, frame: Any, y: Any, sample_weight: Any) -> GivenRows:
        given = self._numeric_rows(frame, y, sample_weight, "_val")
        if given.y.shape[1:] != self._shape:
            raise DataError(
                f"y_val must have the targets of y: one row has the shape {self._shape}. Got "
                f"{given.y.shape[1:]}."
            )
        return given

    def _goal(self, rows: TrainingRows) -> Goal:
        n = len(rows.frame)
        own = None if rows.weights is None else rows.weights[:n]
        losses = self._losses()
        self._scale = TargetScale.learn(rows.y[:n], own, movable=losses[0].is_movable)
        targets = self._scale.encode(rows.y)
        y = targets[:, 0] if targets.shape[1] == 1 else targets
        return Goal(y, rows.weights, losses=losses, outputs=targets.shape[1])

    def _learn_from_held_out(
        self, rows: TrainingRows, goal: Goal, held_out: list[NDArray[np.float64]]
    ) -> None:
        self._conformal = []
        known = ~np.isnan(held_out[0][:, 0])
        if not known.any():
            return
        found = self._in_unit([part[known] for part in held_out])
        columns = found.reshape(len(found), -1, found.shape[-1])
        y = rows.y.reshape(len(rows.y), -1)[known]
        weights = None if rows.weights is None else rows.weights[known]
        groups = None if rows.groups is None else rows.groups[known]
        self._conformal = [
            Conformal.learn(columns[:, i, 0], columns[:, i, -1], y[:, i], weights, groups)
            for i in range(y.shape[1])
        ]

    def _target(self, name: str) -> Target | None:
        if not self._scale.one_dimensional:
            return None
        shift, spread = float(self._scale.shift[0]), float(self._scale.spread[0])
        return Target(name, "regression", shift, spread)

    # --- Numbers --------------------------------------------------------------------------------

    def _losses(self) -> list[Loss]:
        """Give the loss of each network: one, or one for each quantile, in ascending order."""
        if self.loss == "quantile":
            return [Quantile(level) for level in np.sort(np.atleast_1d(self.quantiles))]
        return [LOSSES.shorthands[self.loss]]

    @property
    def _is_single(self) -> bool:
        return self.loss != "quantile" or isinstance(self.quantiles, float)

    def _in_unit(self, found: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Give predictions in the target's unit, quantiles (one or more) on the last axis."""
        raised = np.sort(np.stack(found, axis=-1), axis=-1)
        return check_predictions(self._scale.decode(raised, clip=self.clip_predictions))

    def _numeric_rows(self, frame: Any, y: Any, sample_weight: Any, suffix: str = "") -> GivenRows:
        """Take rows, their targets and their weights."""
        numbers = target_numbers(y, f"y{suffix}")
        if numbers.ndim == 2 and numbers.shape[1] == 1:
            numbers = numbers[:, 0]
        check_consistent_length(frame, numbers)
        _check_range(numbers, self.loss)
        return GivenRows(
            frame, numbers, check_weights(sample_weight, frame, "sample_weight" + suffix)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _check_range(y: NDArray[np.float64], name: str) -> None:
    loss = LOSSES.shorthands[name]
    domain = DOMAINS[loss.targets]
    wrong = domain.outside(y)
    if wrong.any():
        raise DataError(
            f"The loss {name!r} needs targets {domain.rule}. y holds {y[wrong][0]:g} "
            f"({int(wrong.sum())} such values)."
        )
    if loss.link == "log" and not y.any():
        raise DataError(f"The loss {name!r} needs a target above 0. y is 0 in every row.")
