"""What both estimators of tables share: learning the columns, training and predicting."""

from __future__ import annotations

import dataclasses
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ravine.errors import DataError
from ravine.estimators.bases import BaseEstimator
from ravine.estimators.neural.calibration import tempered
from ravine.estimators.neural.data import GivenRows, Goal, TrainingRows
from ravine.estimators.neural.ensemble import Ensemble, refitted, train_ensemble
from ravine.estimators.neural.file import SavedNeural
from ravine.estimators.neural.members import (
    Lesson,
    VariantPlan,
    mean_history,
    member_predictions,
    taken,
)
from ravine.estimators.neural.options import Options
from ravine.estimators.neural.parameters import NeuralParameters
from ravine.estimators.neural.recipe import Inputs, member_network, table_coding
from ravine.estimators.neural.rows import (
    as_table,
    chosen_columns,
    column_names,
    made_up_names,
    name_of,
    other_names,
)
from ravine.estimators.validation import check_validation
from ravine.tables import Coding, TableSchema, Target
from ravine.tables.text.interpreting import interpret, warn_of

__all__ = ["NeuralEstimator"]


class NeuralEstimator(
    NeuralParameters,
    SavedNeural,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """The common part of `NeuralClassifier` and `NeuralRegressor`; not to be used directly.

    Attributes
    ----------
    schema_ : ravine.tables.TableSchema
        What was learnt about the columns, and about the target if there is one.
    members_ : list of ravine.Model
        The trained networks of the variants that count, variant by variant.
    variant_weights_ : numpy.ndarray of shape (1, variants)
        How much each variant counts; the first is that of the estimator's own parameters.
    history_ : ravine.History
        The members' histories, averaged; ``members_[i].history`` has each.
    notes_ : tuple of str
        What was noticed in training, in sentences: columns left out, copies of rows.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : numpy.ndarray of str
        Their names, if X had names.

    Notes
    -----
    Rows are put into an order that depends on their contents, so the order of a table makes no
    difference. Equal rows are merged into one with the sum of their weights, so that no member
    validates on a copy of a row that it trained on; a weight of k means k equal rows, and scaling
    all weights changes nothing. If equal columns occur with different targets, or a table holds
    fewer than 50 different rows many times, equal rows count as independent observations, and
    ``notes_`` says so. docs/neural.md explains the method.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted
    Trees on Tabular Data, NeurIPS. Gorishniy, Rubachev & Babenko (2022), On Embeddings for
    Numerical Features in Tabular Deep Learning, NeurIPS. Gorishniy, Kotelnikov & Babenko (2025),
    TabM, ICLR. Caruana et al. (2004), Ensemble Selection from Libraries of Models, ICML.
    """

    schema_: TableSchema

    @abstractmethod
    def _options(self) -> Options:
        """Check the parameters, and describe them."""

    @abstractmethod
    def _given_rows(self, frame: Any, y: Any, sample_weight: Any) -> GivenRows:
        """Check the targets and the weights of training rows."""

    @abstractmethod
    def _given_validation(self, frame: Any, y: Any, sample_weight: Any) -> GivenRows:
        """Check the targets and the weights of validation rows."""

    @abstractmethod
    def _goal(self, rows: TrainingRows) -> Goal:
        """Give the losses of the members."""

    @abstractmethod
    def _learn_from_held_out(
        self, rows: TrainingRows, goal: Goal, held_out: list[NDArray[np.float64]]
    ) -> None:
        """Learn from the predictions of each row by the members that had set it aside."""

    @abstractmethod
    def _target(self, name: str) -> Target | None:
        """Describe what is predicted for the schema, if a schema can hold it."""

    # --- Training -------------------------------------------------------------------------------

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
        """Learn the columns, and train the members on them.

        Parameters
        ----------
        X : data frame, array-like or sparse matrix of shape (n, columns)
            The training rows, unprepared.
        y : array-like of shape (n,), or for a regressor also (n, targets)
            Their targets: classes as labels of any type, or finite numbers.
        sample_weight : array-like of shape (n,), optional
            How much each row counts, at least 0. A row of weight 0 is absent; scaling all weights
            changes nothing.
        X_val, y_val : optional
            Rows to validate on, like X and y, instead of ``validation_fraction`` of X. Columns are
            learnt from X alone. Not together with groups or time.
        sample_weight_val : array-like of shape (m,), optional
            How much each of them counts.
        groups : array-like of shape (n,), optional
            The group of each row, such as a patient or a site. A member trains on all rows of a
            group or on none, and a regressor's intervals hold for rows of new groups.
        time : array-like of shape (n,), optional
            The time of each row, numbers or dates. All members set the latest rows aside: about
            ``validation_fraction`` of them; rows of one time stay together.

        Returns
        -------
        estimator
            Itself.

        Raises
        ------
        ParameterError
            If a parameter breaks its rule.
        DataError, ValueError
            If X, y or the weights cannot be trained on.
        """
        options = self._options()
        check_validation(X_val, y_val, sample_weight_val, groups=groups, time=time)
        frame = self._learn_columns(X)
        given = self._given_rows(frame, _required(self, y), sample_weight)
        validation = None
        if X_val is not None:
            table = self._table(X_val, "X_val")
            validation = self._given_validation(table, y_val, sample_weight_val)
        rows = TrainingRows.gather(given, validation, groups, time)
        goal = self._goal(rows)
        coding = table_coding(options, *rows.frame.shape)
        self._learn_schema(rows, coding)
        lesson = self._lesson(options, rows, goal)
        plans = self._plans(options, goal, coding)
        codes = goal.classes if goal.alike_in_sharpness else None
        ensemble = train_ensemble(plans, lesson, goal.losses, codes)
        self.history_ = mean_history(ensemble.models)
        if options.refit_full and lesson.sets_aside:
            ensemble = refitted(ensemble, lesson)
        self._keep(ensemble, plans)
        self._learn_from_held_out(rows, goal, ensemble.held_out)
        target = self._target(name_of(y))
        if target is not None:
            self.schema_ = dataclasses.replace(self.schema_, target=target)
        return self

    def _learn_columns(self, X: Any) -> Any:
        """Take the table of training rows: its names, its number of columns."""
        frame = as_table(X)
        if len(frame) < 2:
            raise DataError(
                "At least two rows are needed to train on. Got X with 1 sample.",
                hint="Give more rows.",
            )
        names = column_names(X)
        self.n_features_in_ = frame.shape[1]
        self._other_names = other_names(X)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._table_read = interpret(frame)
        if self._table_read.frame.shape[1] == 0:
            left_out = TableSchema((), left_out=self._table_read.left_out)
            raise DataError(" ".join(["X has no column to learn from.", *left_out.notes]))
        return self._table_read.frame

    def _learn_schema(self, rows: TrainingRows, coding: Coding) -> None:
        """Learn the columns from rows in the order of training."""
        found = dataclasses.replace(self._table_read, frame=rows.frame)
        self.schema_ = TableSchema.of(found, coding=coding)
        del self._table_read  # text was read before rows were reordered
        warn_of(self.schema_.warnings, stacklevel=4)
        self.notes_ = (*self.schema_.notes, *rows.notes)

    def _lesson(self, options: Options, rows: TrainingRows, goal: Goal) -> Lesson:
        """Gather what the members are trained on."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        return Lesson(
            self._code(rows).astype(options.dtype, copy=False),
            goal.y,
            goal.weights,
            rows.splits(options.n_members, options.validation_fraction, seed, goal.classes),
            seed,
            options.dtype,
            self._threads(),
            progress=bool(self.verbose),
        )

    def _code(self, rows: TrainingRows) -> NDArray[Any]:
        """Code the training rows, followed by the validation rows, for the members."""
        X = self.schema_.encode(rows.frame)
        if rows.validation is None:
            return X
        try:  # messages count rows as they were given
            apart = self.schema_.encode(rows.validation)[rows.apart]
        except DataError as error:
            raise DataError(f"X_val: {error}", hint=error.hint) from error
        return np.concatenate([X, apart])

    def _plans(self, options: Options, goal: Goal, coding: Coding) -> list[VariantPlan]:
        """Plan the inputs and networks of each variant."""
        plans = []
        for number, variant in enumerate(options.variants):
            inputs = Inputs.of(variant, self.schema_, coding)
            networks = tuple(
                member_network(variant, inputs, goal.outputs, loss) for loss in goal.losses
            )
            plans.append(VariantPlan(number, variant, inputs.columns, networks))
        return plans

    def _keep(self, ensemble: Ensemble, plans: Sequence[VariantPlan]) -> None:
        """Store everything that predictions need."""
        self.members_ = ensemble.models
        self.variant_weights_ = ensemble.weights
        self._temperatures = ensemble.temperatures
        self._columns = [plan.columns for plan in plans]

    @property
    def _counts(self) -> list[bool]:
        """Say for each variant whether it has a weight; ``members_`` belong to these only."""
        return [bool(weights.any()) for weights in self.variant_weights_.T]

    def _threads(self) -> int:
        """Give the number of threads: all cores, but only one inside a parallel search."""
        return int(effective_n_jobs(-1 if self.n_jobs is None else self.n_jobs))

    # --- Predictions ----------------------------------------------------------------------------

    def _coded(self, X: Any) -> NDArray[Any]:
        """Code rows to predict for the members."""
        check_is_fitted(self)
        coded = self.schema_.encode(self._table(X), on_new_missing=self.on_new_missing)
        return coded.astype(self.dtype)

    def _table(self, X: Any, name: str = "X") -> Any:
        """Take a table with the columns of the training table."""
        frame = as_table(X)
        names = column_names(X)
        known = getattr(self, "feature_names_in_", None)
        others = other_names(X)
        if known is not None:
            by_name = names is not None or set(known) <= set(others or ())
        else:
            by_name = self._other_names is not None and not (names is None and others is None)
        named = known if known is not None else self._other_names
        if by_name and named is not None:
            frame = chosen_columns(frame, named)
        elif frame.shape[1] != self.n_features_in_:
            raise DataError(
                f"{name} has {frame.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        else:
            self._warn_of_names(known, names, name)
            numbered = [str(place) for place in range(frame.shape[1])]
            if named is None and set(others or ()) == set(numbered):
                frame = frame[numbered]
            frame.columns = made_up_names(frame.shape[1]) if named is None else named
        return frame

    def _warn_of_names(self, known: Any, names: Any, table: str) -> None:
        kind = type(self).__name__
        if known is not None:
            warnings.warn(
                f"{table} does not have valid feature names, but {kind} was fitted with feature "
                "names",
                stacklevel=5,
            )
        elif names is not None:
            warnings.warn(
                f"{table} has feature names, but {kind} was fitted without feature names",
                stacklevel=5,
            )

    def _mean_predictions(self, X: NDArray[Any]) -> list[NDArray[np.float64]]:
        """Average the members' predictions, network by network, each variant by its weight."""
        found = []
        variants = np.flatnonzero(self._counts)
        size = len(self.members_) // (len(self.variant_weights_) * len(variants))
        members = iter(self.members_)
        for weights in self.variant_weights_:
            total: Any = 0.0
            for variant in variants:
                group = [next(members) for _ in range(size)]
                if weights[variant]:
                    rows = taken(X, self._columns[variant])
                    each = [member_predictions(model, rows) for model in group]
                    mean = tempered(np.mean(each, axis=0), self._temperatures[variant])
                    total = total + weights[variant] * mean
            found.append(total)
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        return tags


def _required(estimator: Any, y: Any) -> Any:
    if y is None:
        raise DataError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    return y
