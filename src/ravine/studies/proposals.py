"""Which configurations to try: points that fill a space, or what TPE learns from scores."""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ravine.errors import ParameterError
from ravine.ground.packages import needs
from ravine.specs.rules import nearest
from ravine.studies.space import Choices, Dimension, Range, points_of

__all__ = ["METHODS", "Proposer", "proposer"]

#: What `method` may be, and in how many generations configurations are then asked for.
METHODS = {"sobol": 1, "tpe": 4}

Settings = dict[str, Any]


class Proposer(ABC):
    """Proposes configurations in generations, and is told how they did."""

    @abstractmethod
    def ask(self, n: int) -> list[Settings]:
        """Give n configurations: a value for each setting."""

    @abstractmethod
    def tell(self, outcomes: Sequence[tuple[int, float]], *, ended: int) -> None:
        """Take in the configurations of the last `ask`, in order.

        Parameters
        ----------
        outcomes : sequence of (int, float)
            The epochs of the last rung of each, and its score there: less is better, NaN is bad.
        ended : int
            The epochs of a whole run.
        """


class Sobol(Proposer):
    """Points of a scrambled Sobol sequence, one in each n-th of every setting's range."""

    def __init__(self, space: Mapping[str, Dimension], seed: int) -> None:
        self._space, self._seed = space, seed

    def ask(self, n: int) -> list[Settings]:
        points = points_of(n, len(self._space), self._seed)
        return [
            {name: d.at(u) for (name, d), u in zip(self._space.items(), point, strict=True)}
            for point in points
        ]

    def tell(self, outcomes: Sequence[tuple[int, float]], *, ended: int) -> None:
        """Learn nothing: all points are made beforehand."""


class TPE(Proposer):
    """Optuna's tree-structured Parzen estimator, asked and told a generation at a time.

    Trials that were left at a rung are told as pruned there. TPE ranks those that came further
    before them.

    References
    ----------
    Bergstra, Bardenet, Bengio & Kégl (2011), Algorithms for hyper-parameter optimization.
    """

    def __init__(self, space: Mapping[str, Dimension], seed: int) -> None:
        needs("method='tpe'", "optuna")
        import optuna

        self._space, self._optuna = space, optuna
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(logging.WARNING)  # it announces each study on standard error
        try:
            self._study = optuna.create_study(sampler=sampler)
        finally:
            optuna.logging.set_verbosity(level)
        self._asked: list[Any] = []

    def ask(self, n: int) -> list[Settings]:
        self._asked = [self._study.ask() for _ in range(n)]
        return [
            {name: _suggested(trial, name, d) for name, d in self._space.items()}
            for trial in self._asked
        ]

    def tell(self, outcomes: Sequence[tuple[int, float]], *, ended: int) -> None:
        state = self._optuna.trial.TrialState
        for trial, (epochs, score) in zip(self._asked, outcomes, strict=True):
            if math.isnan(score):
                score = math.inf
            if epochs == ended:
                self._study.tell(trial, score)
            else:
                trial.report(score, epochs)
                self._study.tell(trial, state=state.PRUNED)


def proposer(method: str, space: Mapping[str, Dimension], seed: int) -> Proposer:
    """Make the proposer that a method names.

    Raises
    ------
    ParameterError
        If there is no such method.
    MissingPackageError
        If it is "tpe", and Optuna is not installed.

    Examples
    --------
    >>> len(proposer("sobol", {"batch_size": Choices((32, 64))}, 0).ask(4))
    4
    """
    if method not in METHODS:
        raise ParameterError(
            f"The 'method' parameter of tune must be 'sobol' or 'tpe'. Got {method!r:.80}.",
            hint=nearest(method, METHODS),
        )
    return Sobol(space, seed) if method == "sobol" else TPE(space, seed)


def _suggested(trial: Any, name: str, dimension: Dimension) -> Any:
    """Have Optuna suggest a value of a setting."""
    if isinstance(dimension, Choices):
        return dimension.values[trial.suggest_categorical(name, range(len(dimension.values)))]
    if isinstance(dimension, Range):
        suggest = trial.suggest_int if dimension.whole else trial.suggest_float
        return suggest(name, dimension.low, dimension.high, log=dimension.log)
    return dimension.at(trial.suggest_float(name, 0.0, float(np.nextafter(1.0, 0.0))))
