"""Networks and recipes as contenders: their runs pause at rungs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from ravine.errors import ParameterError, RavineError
from ravine.ground.progress import Report, live_progress
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.studies.contenders import Contender, Places, Trainer, stored
from ravine.studies.jobs import LabelledJob, in_words
from ravine.studies.settings import changed
from ravine.studies.store import Store
from ravine.studies.stored import describe, keys_of
from ravine.studies.table import Table
from ravine.studies.trials import Result, Trial, name_job, origin_here, result_from
from ravine.training.pausing import PausedRuns
from ravine.training.population import check_threads
from ravine.training.train import Progress

__all__ = ["NetworkTrainer"]

_RATE = "optimizer.learning_rate"


class NetworkTrainer(Trainer):
    """Trains settings of a network and a recipe, each generation as one population.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How.
    table : Table
        The rows.
    places : sequence of (Split, int)
        The split and the seed of each run.
    store : Store or None
        Where results are kept.
    threads : int or None
        As in `ravine.train_many`.
    progress : bool or callable, optional
        As in `ravine.train_many`; a run's number is its number in the population.
    """

    halves = True

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        table: Table,
        places: Places,
        store: Store | None,
        threads: int | None,
        progress: Progress,
    ) -> None:
        self.network, self.recipe, self.table, self.places = network, recipe, table, places
        self.epochs = recipe.epochs
        self._store, self._threads = store, check_threads(threads)
        self._progress = _checked(progress)
        self._origin = origin_here()
        self._trials: list[Trial] = []
        self._first: dict[int, int] = {}  # the place of a contender's first trial
        self._paused: PausedRuns | None = None

    def made(self, settings: Mapping[str, Any]) -> tuple[Network, Recipe]:
        """Give the network and the recipe that settings stand for.

        Raises
        ------
        SpecError
            If a setting is unknown.
        ParameterError
            If a value breaks its rule, or changes what all runs share.
        """
        network, recipe = changed(self.network, self.recipe, settings)
        for name, why in (
            ("epochs", "runs are compared after the same number of epochs"),
            ("seed", "every configuration runs with the same seeds"),
        ):
            if name in settings or getattr(recipe, name) != getattr(self.recipe, name):
                raise ParameterError(
                    f"The space of tune cannot vary '{name}': {why}.",
                    hint="Use Recipe(epochs=...), and let EarlyStopping end runs."
                    if name == "epochs"
                    else "Pass seeds= to tune.",
                )
        return network, recipe

    def begin(self, contenders: Sequence[Contender]) -> None:
        """Make the runs of a generation."""
        self._trials, self._first, self._paused = [], {}, None
        for contender in contenders:
            self._first[contender.number] = len(self._trials)
            network, recipe = self.made(contender.settings)
            for split, seed in self.places:
                labels = {**contender.labels, "seed": seed}
                job = LabelledJob(
                    network, recipe.replace(seed=seed), label=in_words(labels), labels=labels
                )
                self._trials.append(Trial(job, split))

    def train(self, contenders: Sequence[Contender], rung: int) -> Iterator[tuple[int, Result]]:
        """Train contenders to a rung; those of the generation that are left out are dropped."""
        runs = range(len(self.places))
        numbers = [self._first[contender.number] + run for contender in contenders for run in runs]
        trials = [self._trials[number] for number in numbers]

        def train(chosen: Sequence[int]) -> Iterator[tuple[int, Result]]:
            back = {numbers[place]: place for place in chosen}
            for number, result in self._train(list(back), rung):
                yield back[number], result

        if self._paused is not None:
            self._paused.forget(sorted(set(range(len(self._trials))) - set(numbers)))
        keys = keys_of(trials, self.table, f"epoch {rung}") if self._store is not None else []
        keys = keys or [""] * len(trials)
        return stored(self._store, keys, lambda n: describe(trials[n], self.table), train)

    def metrics(self) -> list[str]:
        """Name the scores of rows held out."""
        kinds = {trial.job.network.loss.classifies for trial in self._trials}
        of_kind = {True: ["val_accuracy"], False: ["val_r2", "val_rmse"]}
        return ["val_loss", *(of_kind[kinds.pop()] if len(kinds) == 1 else [])]

    def _train(self, numbers: Sequence[int], rung: int) -> Iterator[tuple[int, Result]]:
        if self._paused is None:
            jobs = [trial.placed(self.table) for trial in self._trials]
            try:
                self._paused = PausedRuns(jobs, self.table.X, self.table.y)
            except RavineError:
                name_job(self._trials, self.table)
                raise
        with ExitStack() as stack:
            report = self._report(stack, rung)
            for number, model in self._paused.train(
                numbers, rung, threads=self._threads, report=report
            ):
                trial = self._trials[number]
                yield number, result_from(trial, model, self.table, None, self._origin)

    def _report(self, stack: ExitStack, rung: int) -> Report | None:
        """Give what is called after each epoch: for it, runs end at the rung."""
        if not self._progress:
            return None
        show: Callable[[Mapping[str, Any]], None] = (
            stack.enter_context(live_progress()) if self._progress is True else self._progress
        )
        return lambda epoch: show({**epoch, "epochs": rung})


def _checked(progress: Progress) -> Progress:
    if progress not in (None, True, False) and not callable(progress):
        raise ParameterError(
            f"The 'progress' parameter of tune must be True, False or callable. Got {progress!r}."
        )
    return progress
