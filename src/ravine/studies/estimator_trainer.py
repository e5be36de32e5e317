"""Estimators as contenders: each is fitted in full, since it does not wait in the middle."""

from __future__ import annotations

import hashlib
import inspect
import json
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DivergenceError, ParameterError, SpecError
from ravine.ground.numeric import as_array
from ravine.ground.packages import needs
from ravine.specs.rules import nearest
from ravine.studies.contenders import Contender, Places, Trainer, stored
from ravine.studies.jobs import in_words
from ravine.studies.splits import Split
from ravine.studies.store import Store
from ravine.studies.table import Table
from ravine.studies.trials import Result, dated, origin_here

__all__ = ["EstimatorTrainer", "estimator_scores"]


class EstimatorTrainer(Trainer):
    """Fits an estimator with other parameters, one fit after another.

    Parameters
    ----------
    estimator : object
        With scikit-learn's ``get_params``, ``set_params``, ``fit`` and ``predict``.
    X, y : array-like or data frame
        The rows, as the estimator takes them.
    table : Table
        The same, coded, with groups and times.
    given : dict
        Groups and times as they were given; what ``fit`` takes of them it gets, for the rows that
        it trains on, unless its ``early_stopping`` is off.
    places : sequence of (Split, int)
        The split and the ``random_state`` of each run.
    store : Store or None
        Where results are kept.
    """

    halves = False
    epochs = 1

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        table: Table,
        given: Mapping[str, Any],
        places: Places,
        store: Store | None,
    ) -> None:
        self.estimator, self.X, self.table, self.places = estimator, X, table, places
        self.y = as_array(y, "y")
        takes = inspect.signature(estimator.fit).parameters
        self._given = {n: v for n, v in given.items() if v is not None and n in takes}
        self._store, self._origin = store, origin_here()
        self._classifies = hasattr(estimator, "predict_proba")

    def made(self, settings: Mapping[str, Any], seed: int | None = None) -> Any:
        """Give a fresh estimator with parameters.

        Raises
        ------
        SpecError
            If a parameter is unknown; the nearest known one is named.
        ParameterError
            If the seed is varied.
        """
        needs("Tuning an estimator", "sklearn")
        from sklearn.base import clone

        known = self.estimator.get_params()
        for name in settings:
            if name not in known:
                raise SpecError(
                    f"{type(self.estimator).__name__} has no parameter '{name}'.",
                    hint=nearest(name.rpartition(".")[2], known),
                )
        if "random_state" in settings:
            raise ParameterError(
                "The space of tune cannot vary 'random_state': every configuration runs with the "
                "same seeds.",
                hint="Pass seeds= to tune.",
            )
        seeded = {} if seed is None or "random_state" not in known else {"random_state": seed}
        return clone(self.estimator).set_params(**settings, **seeded)

    def begin(self, contenders: Sequence[Contender]) -> None:
        """Refuse unknown parameters."""
        for contender in contenders:
            self.made(contender.settings)

    def train(self, contenders: Sequence[Contender], rung: int) -> Iterator[tuple[int, Result]]:
        """Fit contenders."""
        fits = [(contender, *place) for contender in contenders for place in self.places]

        def train(chosen: Sequence[int]) -> Iterator[tuple[int, Result]]:
            for number in chosen:
                yield number, self._fit(*fits[number])

        keys = [""] * len(fits) if self._store is None else [self._key(*fit) for fit in fits]
        return stored(self._store, keys, lambda n: self._describe(*fits[n]), train)

    def metrics(self) -> list[str]:
        """Name the scores of rows held out."""
        return ["val_loss", *(["val_accuracy"] if self._classifies else ["val_r2", "val_rmse"])]

    def _fit(self, contender: Contender, split: Split, seed: int) -> Result:
        from sklearn.utils import _safe_indexing as rows_of

        estimator = self.made(contender.settings, seed)
        watches = getattr(estimator, "early_stopping", True)  # MLPs use groups and times for it
        given = self._given if watches else {}
        sides = {name: rows_of(values, split.rows) for name, values in given.items()}
        names, started = self.metrics(), clock.perf_counter()
        try:
            estimator.fit(rows_of(self.X, split.rows), self.y[split.rows], **sides)
            held = split.validation_rows
            scores = estimator_scores(estimator, rows_of(self.X, held), self.y[held])
            status, message = "finished", ""
        except DivergenceError as error:
            scores = dict.fromkeys(names, float("nan"))
            status, message = "diverged", str(error)
        seconds = clock.perf_counter() - started
        epochs = int(np.max(getattr(estimator, "n_iter_", 0)))
        origin = dated(self._origin)
        return Result(status, message, scores, epochs, 0, None, seconds, origin=origin)

    def _key(self, contender: Contender, split: Split, seed: int) -> str:
        of_estimator = self._described(contender, seed)
        parts = (json.dumps(of_estimator, sort_keys=True), self.table.hash, split.hash, "estimator")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def _described(self, contender: Contender, seed: int) -> dict[str, Any]:
        estimator = self.made(contender.settings, seed)
        kind = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
        return {"kind": kind} | {n: repr(v) for n, v in sorted(estimator.get_params().items())}

    def _describe(self, contender: Contender, split: Split, seed: int) -> dict[str, Any]:
        labels = {**contender.labels, "seed": seed}
        return {
            "label": in_words(labels),
            "labels": labels,
            "fold": split.fold,
            "network": {},
            "recipe": self._described(contender, seed),
            "data": self.table.hash,
            "split": split.hash,
            "rows": len(split.rows),
            "validation_rows": len(split.validation_rows),
        }


def estimator_scores(estimator: Any, X: Any, y: NDArray[Any]) -> dict[str, float]:
    """Score a fitted estimator on rows.

    Parameters
    ----------
    estimator : object
        Fitted.
    X, y : array-like
        The rows.

    Returns
    -------
    dict of str to float
        Of a classifier ``val_loss``, the mean of −ln p(class), p at least 2.2e-16, and
        ``val_accuracy``; of others ``val_loss``, the mean squared error, ``val_r2`` and
        ``val_rmse``.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> mean = DummyRegressor().fit([[0], [1]], [1.0, 3.0])
    >>> estimator_scores(mean, [[0], [1]], np.array([1.0, 3.0]))
    {'val_loss': 1.0, 'val_r2': 0.0, 'val_rmse': 1.0}
    """
    if hasattr(estimator, "predict_proba"):
        chances = np.asarray(estimator.predict_proba(X), np.float64)
        right = np.asarray(estimator.classes_)[None, :] == np.asarray(y).reshape(-1, 1)
        chance = np.clip((chances * right).sum(axis=1), np.finfo(np.float64).eps, None)
        hits = np.asarray(estimator.predict(X)).reshape(-1) == np.asarray(y).reshape(-1)
        return {"val_loss": float(-np.log(chance).mean()), "val_accuracy": float(hits.mean())}
    from sklearn.metrics import r2_score

    truth = np.asarray(y, np.float64)
    predicted = np.asarray(estimator.predict(X), np.float64).reshape(truth.shape)
    error = float(((predicted - truth) ** 2).mean())
    r2 = float(r2_score(truth, predicted))
    return {"val_loss": error, "val_r2": r2, "val_rmse": float(np.sqrt(error))}
