"""The training of an ensemble, and how much each variant counts, by held-out rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.estimators.neural.calibration import fit_temperature, tempered
from ravine.estimators.neural.members import (
    Lesson,
    VariantPlan,
    held_out_predictions,
    taken,
    train_members,
)
from ravine.estimators.neural.weights import choose_weights
from ravine.models.model import Model
from ravine.specs.losses import Loss

__all__ = ["Ensemble", "refitted", "train_ensemble", "weighed"]

#: With fewer members of each variant, all of them are trained at once.
_FEWEST_TO_TRY = 4

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Trained members, and how much their variants count.

    Parameters
    ----------
    plans : sequence of VariantPlan
        The variants that have members.
    members : list of list of Model
        Network by network, for each variant by variant.
    weights : numpy.ndarray of shape (networks, variants)
        How much each variant counts, including those without members.
    temperatures : numpy.ndarray of shape (variants,)
        They make the variants' probabilities equally sharp.
    held_out : list of numpy.ndarray of shape (n, outputs)
        For each network, the predictions of the rows by the members that had set them aside; NaN
        where there are none.
    """

    plans: Sequence[VariantPlan]
    members: list[list[Model]]
    weights: Numbers
    temperatures: Numbers
    held_out: list[Numbers]

    @property
    def models(self) -> list[Model]:
        """All members, in one list."""
        return [model for group in self.members for model in group]

    def that_counts(self) -> Ensemble:
        """Leave out the variants that have no weight, and their members."""
        counts = [bool(weights.any()) for weights in self.weights.T]
        plans = [plan for plan in self.plans if counts[plan.number]]
        members = [
            group
            for place, group in enumerate(self.members)
            if counts[self.plans[place % len(self.plans)].number]
        ]
        return dataclasses.replace(self, plans=plans, members=members)


def train_ensemble(
    plans: Sequence[VariantPlan],
    lesson: Lesson,
    losses: Sequence[Loss],
    codes: NDArray[Any] | None = None,
) -> Ensemble:
    """Train the members: first half of those of each variant, to see which variants count.

    Only variants that count get the other half.

    Parameters
    ----------
    plans : sequence of VariantPlan
        The variants.
    lesson : Lesson
        What they are trained on.
    losses : sequence of Loss
        The loss of each network.
    codes : numpy.ndarray of shape (n,), optional
        The class of each row, if the variants' probabilities are to be made equally sharp.

    Returns
    -------
    Ensemble
        The variants that count, and their members.
    """
    size = len(lesson.splits)
    few = size // 2 if len(plans) > 1 and size >= _FEWEST_TO_TRY else size
    members = train_members(plans, lesson, last=few)
    ensemble = _weigh(plans, members, lesson, losses, codes, len(plans))
    if few < size:
        tried = ensemble.that_counts()
        more = train_members(tried.plans, lesson, first=few)
        members = [some + others for some, others in zip(tried.members, more, strict=True)]
        ensemble = _weigh(tried.plans, members, lesson, losses, codes, len(plans))
    return ensemble.that_counts()


def refitted(ensemble: Ensemble, lesson: Lesson) -> Ensemble:
    """Train the members again on all rows, for the fraction of epochs that was best on average.

    A fraction, because "auto" chooses fewer epochs for all rows.

    Parameters
    ----------
    ensemble : Ensemble
        Trained members, which set rows aside.
    lesson : Lesson
        What they were trained on.

    Returns
    -------
    Ensemble
        The same with other members.
    """
    parts = [
        float(np.mean([(model.best_epoch or 1) / model.recipe.epochs for model in group]))
        for group in ensemble.members
        for _ in group
    ]
    everything = [(np.arange(len(lesson.X)), np.arange(0))] * len(lesson.splits)
    whole = dataclasses.replace(lesson, splits=everything)
    return dataclasses.replace(ensemble, members=train_members(ensemble.plans, whole, parts=parts))


def _weigh(
    plans: Sequence[VariantPlan],
    members: list[list[Model]],
    lesson: Lesson,
    losses: Sequence[Loss],
    codes: NDArray[Any] | None,
    n_variants: int,
) -> Ensemble:
    """Give these variants weights, and all others 0."""
    rows = np.ones(len(lesson.X)) if lesson.weights is None else lesson.weights
    numbers = [plan.number for plan in plans]
    weights, temperatures = np.zeros((len(losses), n_variants)), np.ones(n_variants)
    found = [
        held_out_predictions(
            group,
            taken(lesson.X, plans[place % len(plans)].columns),
            lesson.splits[: len(group)],
        )
        for place, group in enumerate(members)
    ]
    if codes is not None:
        found, temperatures[numbers] = _tempered(found, codes, rows)
    held_out = []
    for place, loss in enumerate(losses):
        own = found[place * len(plans) : (place + 1) * len(plans)]
        weights[place, numbers], mean = weighed(own, lesson.y, rows, loss)
        held_out.append(mean)
    return Ensemble(plans, members, weights, temperatures, held_out)


def _tempered(
    found: list[Numbers], codes: NDArray[Any], weights: Numbers
) -> tuple[list[Numbers], Numbers]:
    """Make variants' probabilities for held-out rows equally sharp; give temperatures too."""
    known = ~np.isnan(found[0][:, 0])
    temperatures = np.ones(len(found))
    if len(found) > 1 and known.any():
        temperatures[:] = [
            fit_temperature(each[known], codes[known], weights[known]) for each in found
        ]
    return [tempered(*each) for each in zip(found, temperatures, strict=True)], temperatures


def weighed(
    variants: Sequence[Numbers], y: NDArray[Any], weights: Numbers, loss: Loss
) -> tuple[Numbers, Numbers]:
    """Choose weights of variants by their predictions for held-out rows.

    Parameters
    ----------
    variants : sequence of numpy.ndarray of shape (n, outputs)
        The predictions of each; NaN for rows that nothing held out.
    y : numpy.ndarray
        The true values.
    weights : numpy.ndarray of shape (n,)
        How much each row counts.
    loss : Loss
        The loss to minimise.

    Returns
    -------
    chosen : numpy.ndarray of shape (variants,)
        The weights; all equal if nothing was held out.
    mean : numpy.ndarray of shape (n, outputs)
        The predictions, averaged with these weights.
    """
    known = ~np.isnan(variants[0][:, 0])
    chosen = np.full(len(variants), 1 / len(variants))
    if len(variants) > 1 and weights[known].any():
        held_out = [each[known] for each in variants]
        chosen = choose_weights(held_out, y[known], weights[known], loss)
    return chosen, sum(
        (weight * each for weight, each in zip(chosen, variants, strict=True)),
        start=np.zeros_like(variants[0]),
    )
