"""The search itself: a generation is proposed, halved rung by rung, and learnt from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ravine.errors import ParameterError
from ravine.specs.rules import nearest
from ravine.studies.contenders import Contender, Places, Trainer, best_first
from ravine.studies.halving import Plan, plan
from ravine.studies.labels import Label, labels_of_all
from ravine.studies.proposals import Proposer
from ravine.studies.space import Choices, Dimension
from ravine.studies.summary import higher_is_better
from ravine.studies.trials import Result

__all__ = ["Search", "plans"]


class Search:
    """Configurations that were proposed so far, and what their runs gave.

    Parameters
    ----------
    trainer : Trainer
        Trains them.
    space : dict of str to Dimension
        Where settings are drawn from.
    proposer : Proposer
        Proposes them.
    places : sequence of (Split, int)
        The split and the seed of each run of a configuration.
    metric : str
        What decides.
    """

    def __init__(
        self,
        trainer: Trainer,
        space: Mapping[str, Dimension],
        proposer: Proposer,
        places: Places,
        metric: str,
    ) -> None:
        self.contenders: list[Contender] = []
        self._trainer, self._space, self._proposer = trainer, space, proposer
        self._runs, self._metric = len(places), metric
        folds = len({split.fold for split, _ in places}) > 1
        self._ratio = places[0][0].ratio if folds else 0.0
        self._labels = {
            name: labels_of_all(dimension.values)
            for name, dimension in space.items()
            if isinstance(dimension, Choices)
        }

    def advance(self, plan: Plan, metrics: list[str]) -> None:
        """Propose a generation, halve it, and tell how it went.

        Configurations that were proposed before are not trained again.
        """
        known = {_key(contender.labels): contender for contender in self.contenders}
        asked: list[Contender] = []
        fresh: list[Contender] = []
        for settings in self._proposer.ask(plan.sizes[0]):
            labels = {name: self._label(name, value) for name, value in settings.items()}
            if (key := _key(labels)) not in known:
                known[key] = Contender(
                    len(self.contenders) + len(fresh), settings, labels, self._ratio
                )
                fresh.append(known[key])
            asked.append(known[key])
        if fresh:
            self._trainer.begin(fresh)
            _check_metrics(metrics, self._trainer.metrics())
        self.contenders += fresh
        self._halve(fresh, plan)
        sign = -1 if higher_is_better(self._metric) else 1
        told = [(c.rung, sign * c.score(self._metric).mean) for c in asked]
        self._proposer.tell(told, ended=self._trainer.epochs)

    def _halve(self, contenders: list[Contender], plan: Plan) -> None:
        left = contenders
        for rung, size in zip(plan.rungs, plan.sizes, strict=True):
            good = (c for c in left if not c.rung or not math.isnan(c.score(self._metric).mean))
            left = best_first(list(good), self._metric)[:size]
            left.sort(key=lambda contender: contender.number)
            if left:
                self._train(left, rung)

    def _train(self, contenders: list[Contender], rung: int) -> None:
        """Train to a rung; a contender is there when all of its runs are."""
        results: list[dict[int, Result]] = [{} for _ in contenders]
        for number, result in self._trainer.train(contenders, rung):
            place, run = divmod(number, self._runs)
            results[place][run] = result
            if len(results[place]) == self._runs:
                contenders[place].rung = rung
                contenders[place].results = [results[place][i] for i in range(self._runs)]

    def _label(self, name: str, value: Any) -> Label:
        """Give the label of a value; those of a list are as short as tells them apart."""
        dimension = self._space[name]
        if not isinstance(dimension, Choices):
            return labels_of_all([value])[0]
        place = next(i for i, v in enumerate(dimension.values) if v is value or v == value)
        return self._labels[name][place]


def plans(budget: float, trainer: Trainer, generations: int) -> list[Plan]:
    """Divide a budget among generations: fewer of them where each would be too small.

    Raises
    ------
    ParameterError
        If it is too small for one.
    """
    for count in range(generations, 1, -1):
        try:
            each = plan(budget / count, trainer.epochs, halves=trainer.halves)
        except ParameterError:
            continue
        if each.sizes[0] >= 4:
            return [each] * count
    return [plan(budget, trainer.epochs, halves=trainer.halves)]


def _key(labels: Mapping[str, Label]) -> tuple[tuple[str, str, Label], ...]:
    return tuple((name, type(value).__name__, value) for name, value in labels.items())


def _check_metrics(metrics: list[str], known: list[str]) -> None:
    for metric in metrics:
        if metric not in known:
            raise ParameterError(
                f"The 'metric' parameter of tune must be of {', '.join(known)}, scores of the rows "
                f"held out. Got {metric!r:.80}.",
                hint=nearest(metric, known),
            )
