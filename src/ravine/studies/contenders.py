"""Contenders: the configurations of a search, what is to train them, and how they compare."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ravine.studies.claims import Claims
from ravine.studies.intervals import Estimate, estimate
from ravine.studies.labels import Label
from ravine.studies.record import Record, result_of
from ravine.studies.splits import Split
from ravine.studies.store import Store
from ravine.studies.summary import ordered
from ravine.studies.trials import Result
from ravine.studies.writer import Writer

__all__ = ["Contender", "Places", "Trainer", "best_first", "stored"]

#: The split and the seed of each run of a configuration: all configurations have the same.
Places = Sequence[tuple[Split, int]]


@dataclass(eq=False)
class Contender:
    """A configuration, and what its runs gave at the last rung that all of them came to.

    Parameters
    ----------
    number : int
        Which of the search.
    settings : dict of str to object
        Values by the settings' names.
    labels : dict of str to (bool, int, float, str or None)
        The same, as tables show them.
    ratio : float, default 0.0
        Rows held out for each that is trained on, where the runs have different folds.
    rung : int, default 0
        The epochs of that rung.
    results : list of Result
        One a run.

    Examples
    --------
    >>> runs = [Result("finished", "", {"val_loss": v}, 1, 4, None, 0.1) for v in (1.0, 3.0)]
    >>> Contender(0, {}, {}, rung=1, results=runs).score("val_loss").mean
    2.0
    """

    number: int
    settings: Mapping[str, Any]
    labels: Mapping[str, Label]
    ratio: float = 0.0
    rung: int = 0
    results: list[Result] = field(default_factory=list)

    @property
    def diverged(self) -> bool:
        """Whether one of its runs diverged, or predicts infinite numbers for rows held out."""
        losses = [result.scores.get("val_loss", math.nan) for result in self.results]
        return not all(map(math.isfinite, losses))

    @property
    def seconds(self) -> float:
        """How long its runs trained."""
        return sum(result.seconds for result in self.results)

    def score(self, metric: str) -> Estimate:
        """Estimate the mean score over its runs; NaN if there are none, or one diverged."""
        if self.diverged or not self.results:
            return Estimate(math.nan, math.nan, math.nan, math.nan)
        return estimate(np.array([result.scores[metric] for result in self.results]), self.ratio)


def best_first(contenders: Sequence[Contender], metric: str) -> list[Contender]:
    """Order contenders: those that came further first, then by score; those without one last.

    Examples
    --------
    >>> runs = [Result("finished", "", {"val_loss": v}, 1, 4, None, 0.1) for v in (1.0, 3.0)]
    >>> few = [Contender(i, {}, {}, rung=r, results=[run]) for i, (r, run) in
    ...     enumerate(zip((1, 3), runs))]
    >>> [contender.number for contender in best_first(few, "val_loss")]
    [1, 0]
    """
    order = ordered([contender.score(metric).mean for contender in contenders], metric)
    found = [contenders[place] for place in order]
    return sorted(found, key=lambda c: (math.isnan(c.score(metric).mean), -c.rung))


class Trainer(ABC):
    """What trains contenders: networks that pause, or estimators."""

    #: Epochs of a whole run.
    epochs: int
    #: Whether runs can pause.
    halves: bool

    @abstractmethod
    def begin(self, contenders: Sequence[Contender]) -> None:
        """Make the runs of a generation, and refuse what cannot be trained."""

    @abstractmethod
    def train(self, contenders: Sequence[Contender], rung: int) -> Iterator[tuple[int, Result]]:
        """Train contenders of the generation to a rung.

        Yields
        ------
        number, result : int, Result
            A run's: contender after contender, as many for each as it has places.
        """

    @abstractmethod
    def metrics(self) -> list[str]:
        """Name the scores of rows held out; one must have begun."""


def stored(
    store: Store | None,
    keys: Sequence[str],
    about: Callable[[int], Mapping[str, Any]],
    train: Callable[[Sequence[int]], Iterator[tuple[int, Result]]],
) -> Iterator[tuple[int, Result]]:
    """Yield results: at once where the store has them, else when they are trained and recorded.

    Parameters
    ----------
    store : Store or None
        Where results are kept, if anywhere.
    keys : sequence of str
        Of the runs.
    about : callable
        Describes a run, for its record.
    train : callable
        Trains those runs whose numbers it is given.

    Yields
    ------
    number, result : int, Result
        Everything that was yielded is in the store when the iterator ends, however it ends.
    """
    if store is None:
        yield from train(range(len(keys)))
        return
    there = store.headers()
    fresh = [number for number, key in enumerate(keys) if key not in there]
    for number, key in enumerate(keys):
        if key in there:
            yield number, result_of(there[key])
    if not fresh:
        return
    with Claims(store.claims) as claims, Writer(store, claims) as writer:
        for number, result in train(fresh):
            writer.add(Record(keys[number], about(number), result))
            yield number, result
