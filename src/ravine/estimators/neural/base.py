"""What both estimators of tables do: learn the columns, train the members, remember all of it."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ravine.errors import DataError, ParameterError
from ravine.estimators.neural.calibration import fit_temperature, tempered
from ravine.estimators.neural.data import TrainingRows
from ravine.estimators.neural.file import SavedNeural
from ravine.estimators.neural.members import (
    Kind,
    held_out_predictions,
    mean_history,
    taken,
    train_members,
)
from ravine.estimators.neural.options import Inputs, make_coding, make_network
from ravine.estimators.neural.rows import (
    as_table,
    chosen_columns,
    column_names,
    made_up_names,
    other_names,
)
from ravine.estimators.neural.weights import choose_weights
from ravine.models.model import Model
from ravine.specs.losses import Loss
from ravine.tables import TableSchema, Target
from ravine.tables.text.interpreting import interpret, warn_of

__all__ = ["NeuralEstimator"]

#: With fewer members of each kind, none are trained to see first which kinds count.
_FEWEST_TO_TRY = 4


class NeuralEstimator(SavedNeural, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]
    """The common part of `NeuralClassifier` and `NeuralRegressor`; not for use by itself."""

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """Check the parameters."""

    # --- Training -------------------------------------------------------------------------------

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

    def _validation_table(self, X: Any, y: Any, sample_weight: Any) -> Any:
        """Take the table of the rows that validate, if they are given."""
        if (X is None) != (y is None):
            raise ParameterError("X_val and y_val must be given together, or neither of them.")
        if X is None:
            if sample_weight is not None:
                raise ParameterError("sample_weight_val needs X_val and y_val.")
            return None
        return self._table(X, "X_val")

    def _encode_validation(self, rows: TrainingRows) -> NDArray[np.float64]:
        """Encode the rows that validate; what is said of them counts rows as they were given."""
        try:
            return self.schema_.encode(rows.validation)[rows.apart]
        except DataError as error:
            raise DataError(f"X_val: {error}", hint=error.hint) from error

    def _train(
        self,
        rows: TrainingRows,
        y: NDArray[Any],
        weights: NDArray[np.float64] | None,
        *,
        losses: Sequence[Loss],
        outputs: int,
        options: dict[str, Any],
        classes: NDArray[Any] | None = None,
    ) -> list[NDArray[np.float64]]:
        """Train the members; give what each row was predicted by those that had set it aside."""
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        coding = make_coding(options, *rows.frame.shape)
        found = dataclasses.replace(self._table_read, frame=rows.frame)
        self.schema_ = TableSchema.of(found, coding=coding)
        del self._table_read  # text was read before rows were put into another order
        warn_of(self.schema_.warnings, stacklevel=4)
        self.notes_ = (*self.schema_.notes, *rows.notes)
        X = self.schema_.encode(rows.frame).astype(options["dtype"])
        if rows.validation is not None:
            X = np.concatenate([X, self._encode_validation(rows).astype(options["dtype"])])
        kinds = []
        for number, chosen in enumerate(options["kinds"]):
            inputs = Inputs.of(chosen, self.schema_, coding)
            networks = tuple(make_network(chosen, inputs, outputs, loss) for loss in losses)
            kinds.append(Kind(number, chosen, inputs.columns, networks))
        n_members = options["n_members"]
        splits = rows.splits(n_members, options["validation_fraction"], seed, classes)
        how: dict[str, Any] = {"threads": self._threads(), "progress": bool(self.verbose)}
        self._kinds = [kind.columns for kind in kinds]
        weigh = functools.partial(
            self._weigh,
            X=X,
            y=y,
            weights=np.ones(len(X)) if weights is None else weights,
            splits=splits,
            losses=losses,
            classes=classes if classes is not None and options["calibrate"] else None,
        )
        # Half of the members of each kind show which kinds count; only these get the others.
        few = n_members // 2 if len(kinds) > 1 and n_members >= _FEWEST_TO_TRY else n_members
        groups = train_members(kinds, X, y, weights, splits[:few], seed, **how)
        held_out = weigh(kinds, groups)
        if few < n_members:
            kinds, groups = self._that_count(kinds, groups)
            rest = train_members(kinds, X, y, weights, splits[few:], seed, first=few, **how)
            groups = [some + more for some, more in zip(groups, rest, strict=True)]
            held_out = weigh(kinds, groups)
        kinds, groups = self._that_count(kinds, groups)
        self.history_ = mean_history([model for group in groups for model in group])
        if options["refit_full"] and len(splits[0][1]):
            # Parts, since the epochs that "auto" chooses for all rows are fewer.
            parts = [
                float(np.mean([(model.best_epoch or 1) / model.recipe.epochs for model in group]))
                for group in groups
                for _ in group
            ]
            everything = [(np.arange(len(X)), np.arange(0))] * n_members
            groups = train_members(kinds, X, y, weights, everything, seed, parts=parts, **how)
        self.members_ = [model for group in groups for model in group]
        return held_out

    def _weigh(
        self,
        kinds: Sequence[Kind],
        groups: Sequence[list[Model]],
        *,
        X: NDArray[Any],
        y: NDArray[Any],
        weights: NDArray[np.float64],
        splits: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
        losses: Sequence[Loss],
        classes: NDArray[Any] | None,
    ) -> list[NDArray[np.float64]]:
        """Weigh these kinds, all others with 0; give what held-out rows are predicted by all."""
        numbers = [kind.number for kind in kinds]
        self.variant_weights_ = np.zeros((len(losses), len(self._kinds)))
        self._temperatures = np.ones(len(self._kinds))
        found = [
            held_out_predictions(
                group,
                taken(X, kinds[place % len(kinds)].columns),
                splits[: len(group)],
                self._member_prediction,
            )
            for place, group in enumerate(groups)
        ]
        if classes is not None:
            found, self._temperatures[numbers] = _tempered(found, classes, weights)
        held_out = []
        for place, loss in enumerate(losses):
            own = found[place * len(kinds) : (place + 1) * len(kinds)]
            self.variant_weights_[place, numbers], mean = _weighed(own, y, weights, loss)
            held_out.append(mean)
        return held_out

    def _that_count(
        self, kinds: Sequence[Kind], groups: Sequence[list[Model]]
    ) -> tuple[list[Kind], list[list[Model]]]:
        """Leave out the kinds that have no weight, and their members."""
        counts = self._counts
        return [kind for kind in kinds if counts[kind.number]], [
            group for place, group in enumerate(groups) if counts[kinds[place % len(kinds)].number]
        ]

    @property
    def _counts(self) -> list[bool]:
        """Say of each kind of members whether it has a weight; ``members_`` are of these alone."""
        return [bool(weights.any()) for weights in self.variant_weights_.T]

    def _know_target(self, target: Target) -> None:
        """Put what is predicted into the schema."""
        self.schema_ = dataclasses.replace(self.schema_, target=target)

    def _threads(self) -> int:
        """Give the threads to use: all cores, but only one inside a parallel search."""
        return int(effective_n_jobs(-1 if self.n_jobs is None else self.n_jobs))

    @staticmethod
    def _member_prediction(model: Model, X: NDArray[Any]) -> NDArray[np.float64]:
        """Predict with one member: probabilities, or numbers in the networks' unit."""
        if model.classes is None:
            return np.asarray(model.predict(X), dtype=np.float64).reshape(len(X), -1)
        found = np.asarray(model.predict_proba(X), dtype=np.float64)
        return np.asarray(found / found.sum(axis=1, keepdims=True))  # 1 to float64's last digits

    # --- Predictions ----------------------------------------------------------------------------

    def _coded(self, X: Any) -> NDArray[Any]:
        """Turn rows to predict into what the members take."""
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
        """Average the members' predictions, network by network, each kind by its weight."""
        found = []
        kinds = np.flatnonzero(self._counts)
        size = len(self.members_) // (len(self.variant_weights_) * len(kinds))
        members = iter(self.members_)
        for weights in self.variant_weights_:
            total: Any = 0.0
            for kind in kinds:
                group = [next(members) for _ in range(size)]
                if weights[kind]:
                    rows = taken(X, self._kinds[kind])
                    each = [self._member_prediction(model, rows) for model in group]
                    mean = tempered(np.mean(each, axis=0), self._temperatures[kind])
                    total = total + weights[kind] * mean
            found.append(total)
        return found

    # --- Saved ----------------------------------------------------------------------------------

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        return tags


def _tempered(
    found: list[NDArray[np.float64]], codes: NDArray[Any], weights: NDArray[np.float64]
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Make kinds' probabilities for held-out rows alike in sharpness; give the temperatures too."""
    known = ~np.isnan(found[0][:, 0])
    temperatures = np.ones(len(found))
    if len(found) > 1 and known.any():
        temperatures[:] = [
            fit_temperature(each[known], codes[known], weights[known]) for each in found
        ]
    return [tempered(*each) for each in zip(found, temperatures, strict=True)], temperatures


def _weighed(
    kinds: Sequence[NDArray[np.float64]],
    y: NDArray[Any],
    weights: NDArray[np.float64],
    loss: Loss,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weigh the kinds by their predictions for rows held out; give these predictions' mean too."""
    known = ~np.isnan(kinds[0][:, 0])
    chosen = np.full(len(kinds), 1 / len(kinds))
    if len(kinds) > 1 and weights[known].any():
        held_out = [each[known] for each in kinds]
        chosen = choose_weights(held_out, y[known], weights[known], loss)
    return chosen, sum(
        (weight * each for weight, each in zip(chosen, kinds, strict=True)),
        start=np.zeros_like(kinds[0]),
    )
