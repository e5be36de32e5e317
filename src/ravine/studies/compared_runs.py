"""The runs of a comparison: tries that are validated, and fresh runs that are tested."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.models.model import Model
from ravine.specs.schedules import Schedule
from ravine.studies.candidates import Candidate
from ravine.studies.outcome import Outcome
from ravine.studies.splits import Split, check_classes
from ravine.studies.store import Store
from ravine.studies.stored import keys_of, train_stored
from ravine.studies.table import Table
from ravine.studies.trials import Measure, Result, Trial, train_trials
from ravine.studies.tuning import Tuning
from ravine.training.executors.kinds import Opened
from ravine.training.train import Progress

__all__ = ["Parts", "Runs", "watches"]

Rows = NDArray[np.int64]

#: Fresh seeds of each rate that is not the best, for the curves.
_SEEDS_OF_OTHERS = 3


@dataclass(frozen=True, eq=False)
class Parts:
    """Which rows train, validate and test."""

    train: Rows
    validation: Rows
    test: Rows


@dataclass(frozen=True, eq=False)
class OnTestRows:
    """Measures a model on test rows: the mean loss, and perhaps that of each row."""

    table: Table
    rows: Rows
    of_rows: bool

    def __call__(self, model: Model, trial: Trial) -> dict[str, ArrayLike]:
        """Give the losses."""
        X, y = self.table.X[self.rows], self.table.y[self.rows]
        found: dict[str, ArrayLike] = {"test_loss": model.evaluate(X, y)["loss"]}
        return found | ({"row_losses": model.row_losses(X, y)} if self.of_rows else {})


@dataclass(frozen=True, eq=False)
class Runs:
    """Trains the runs of a comparison, on the parts of the table that each may see."""

    table: Table
    parts: Parts
    store: str | os.PathLike[str] | None
    threads: int | None
    progress: Progress
    executor: Opened | None
    splits: dict[tuple[int, int], Split] = field(default_factory=dict)

    def check(self, candidates: Sequence[Candidate]) -> None:
        """Refuse training rows of one class."""
        classes = self.table.classes([candidate.job(None, 0) for candidate in candidates])
        for rows in {len(c.rows): c.rows for c in candidates}.values():
            for held in (self.parts.validation, self.parts.test):
                check_classes([Split(rows, held)], classes, of_many=False)

    def tune(self, tries: Sequence[tuple[Candidate, float]], seed: int) -> list[Result]:
        """Train tries with the tuning seed; they are scored on validation rows."""
        trials = [
            Trial(candidate.job(rate, seed), self._split(candidate, self.parts.validation))
            for candidate, rate in tries
        ]
        return self._train(trials, None, "tuning")

    def judge(self, tunings: Sequence[Tuning], seeds: Sequence[int]) -> list[Outcome]:
        """Run best settings with fresh seeds, and other rates with some of them; test them all."""
        finals = [
            self._fresh(tuning.candidate, tuning.best, seed)
            for tuning in tunings
            for seed in (seeds if tuning.best is not None or not tuning.tries else ())
        ]
        others = [
            (tuning, rate)
            for tuning in tunings
            for rate in sorted(tuning.tries)
            if rate != tuning.best and np.isfinite(tuning.score(rate))
        ]
        few = seeds[:_SEEDS_OF_OTHERS]
        curves = [self._fresh(t.candidate, rate, seed) for t, rate in others for seed in few]
        of_finals = iter(
            self._train(finals, OnTestRows(self.table, self.parts.test, of_rows=True), "final")
        )
        of_curves = iter(
            self._train(curves, OnTestRows(self.table, self.parts.test, of_rows=False), "curves")
        )
        found = []
        for tuning in tunings:
            ran = tuning.best is not None or not tuning.tries
            final = [next(of_finals) for _ in seeds] if ran else []
            own = [rate for other, rate in others if other is tuning]
            found.append(Outcome(tuning, final, {r: [next(of_curves) for _ in few] for r in own}))
        return found

    def _fresh(self, candidate: Candidate, rate: float | None, seed: int) -> Trial:
        """Give a run that is tested; only one that watches rows gets those that validate."""
        held = self.parts.validation if watches(candidate) else self.parts.test
        return Trial(candidate.job(rate, seed), self._split(candidate, held))

    def _split(self, candidate: Candidate, held: Rows) -> Split:
        """Give the one split of these rows, which its trials share."""
        key = (id(candidate.rows), id(held))
        return self.splits.setdefault(key, Split(candidate.rows, held))

    def _train(
        self, trials: Sequence[Trial], measure: Measure | None, purpose: str
    ) -> list[Result]:
        """Train trials, and give what they gave in their order."""
        if measure is not None:  # records are of these test rows
            purpose += f" {Split(self.parts.train, self.parts.test).hash}"
        if self.store is None:
            found = dict(self._run(train_trials, trials, measure))
        else:
            found = self._train_stored(Path(self.store), trials, measure, purpose)
        if len(found) < len(trials):  # the engine was stopped between runs
            raise KeyboardInterrupt
        return [found[number] for number in range(len(trials))]

    def _train_stored(
        self, folder: Path, trials: Sequence[Trial], measure: Measure | None, purpose: str
    ) -> dict[int, Result]:
        """Train what the store does not have; each split has a store of its own."""
        lots: dict[str, list[int]] = {}
        for number, trial in enumerate(trials):
            lots.setdefault(trial.split.hash, []).append(number)
        found: dict[int, Result] = {}
        for name, numbers in lots.items():
            store, chosen = Store(str(folder / name)), [trials[number] for number in numbers]
            train = partial(train_stored, store, purpose=purpose)
            found.update((numbers[place], got) for place, got in self._run(train, chosen, measure))
            keys = keys_of(chosen, self.table, purpose)
            for number, key in zip(numbers, keys, strict=True):
                if not found[number].history:  # it was there: its arrays are still to be read
                    found[number] = store.read(key).result
        return found

    def _run(
        self,
        train: Callable[..., Iterator[tuple[int, Result]]],
        trials: Sequence[Trial],
        measure: Measure | None,
    ) -> Iterator[tuple[int, Result]]:
        return train(
            trials,
            self.table,
            threads=self.threads,
            progress=self.progress,
            measure=measure,
            executor=self.executor,
        )


def watches(candidate: Candidate) -> bool:
    """Whether training looks at the rows that validate.

    Examples
    --------
    >>> import ravine as rv
    >>> stopped = rv.Recipe(stopping=rv.EarlyStopping())
    >>> [watches(Candidate("it", rv.mlp(4), how, np.arange(3))) for how in (rv.Recipe(), stopped)]
    [False, True]
    """
    recipe = candidate.recipe
    rate = recipe.optimizer.learning_rate
    plateau = isinstance(rate, Schedule) and rate.plateau is not None
    return recipe.validation_fraction == 0 and (recipe.stopping is not None or plateau)
