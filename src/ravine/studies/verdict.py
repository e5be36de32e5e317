"""The verdict of a comparison in words: what is clear, and what may be noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ravine.ground.text import choice, plural
from ravine.studies.contests import Difference
from ravine.studies.intervals import Estimate
from ravine.studies.outcome import Outcome

__all__ = ["verdict_of"]


def verdict_of(
    outcomes: Sequence[Outcome],
    order: Sequence[int],
    means: Sequence[Estimate],
    pairs: Sequence[Difference],
    win_shares: NDArray[np.float64],
    *,
    target: float | None,
    watched: str,
) -> str:
    """Say what a comparison found.

    Parameters
    ----------
    outcomes : sequence of Outcome
        The candidates.
    order : sequence of int
        Their numbers, the best first.
    means : sequence of Estimate
        Their mean test losses.
    pairs : sequence of Difference
        Their differences.
    win_shares : ndarray
        How often each wins where seeds and test rows are drawn anew.
    target : float or None
        A loss to reach.
    watched : str
        On which rows.

    Returns
    -------
    str
        Sentences, a thought a line.
    """
    best = order[0]
    lines = ["Every candidate has runs that diverged: none can be called the best."]
    if not math.isnan(means[best].mean):
        labels = [outcome.label for outcome in outcomes]
        seeds = plural(len(outcomes[best].final), "seed")
        mean = f"{means[best].mean:.4g} ± {means[best].se:.2g} over {seeds}"
        lines = [f"{labels[best]} has the lowest mean test loss, {mean}."]
        lines += _of_differences(labels, best, pairs)
        lines[-1] += (
            f" With seeds and test rows drawn anew, {labels[best]} wins "
            f"{100 * win_shares[best]:.0f} % of the time."
        )
    lines += [*_of_the_budget(outcomes), *_of_divergence(outcomes)]
    return "\n".join([*lines, *_of_the_target(outcomes, target, watched)])


def _of_differences(labels: Sequence[str], best: int, pairs: Sequence[Difference]) -> Iterator[str]:
    """Say which differences are clear, and which are noise."""
    clear: list[str] = []
    noise: list[str] = []
    for pair in pairs:
        if best not in (pair.a, pair.b) or math.isnan(pair.mean):
            continue
        other, sign = (pair.b, -1) if pair.a == best else (pair.a, 1)
        low, high = sorted((sign * pair.low, sign * pair.high))
        said = f"{labels[other]} (by {sign * pair.mean:.3g}, {low:.3g} … {high:.3g})"
        (clear if pair.is_clear else noise).append(said)
    if clear:
        yield f"It is better than {choice(clear, 'and')}: seeds do not explain that."
    if noise:
        holds = "the interval holds" if len(noise) == 1 else "the intervals hold"
        yield (
            f"Its lead over {choice(noise, 'and')} is noise, as far as these seeds tell: {holds} 0."
        )
    others = [pair for pair in pairs if best not in (pair.a, pair.b)]
    told = sum(pair.is_clear for pair in others)
    if others:
        yield f"Of the other pairs, {told} of {len(others)} differ by more than noise."
    at_once = f"hold for all {len(pairs)} pairs at once" if len(pairs) > 1 else "hold"
    yield f"Intervals {at_once} with 95 % confidence, over seeds on this split."


def _of_the_budget(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not any(outcome.tuning.tries for outcome in outcomes):
        yield "Learning rates were taken as given."
        return
    yield (
        f"Each candidate could spend {outcomes[0].tuning.budget} on its learning rate; a rate that "
        "diverged is a try."
    )
    at_edge = [o.label for o in outcomes if o.tuning.best is not None and o.tuning.at_edge]
    if at_edge:
        yield (
            f"The budget ended with the best rate at the edge of what was tried for "
            f"{choice(at_edge, 'and')}: a larger budget may improve it."
        )


def _of_divergence(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        tries = outcome.tuning.tries
        lost = int(np.isnan(outcome.scores).sum())
        if not outcome.final:
            yield f"All {plural(len(tries), 'try', 'tries')} of {outcome.label} diverged."
        elif lost:
            yield (
                f"{lost} of {plural(len(outcome.final), 'final run')} of {outcome.label} diverged: "
                "it has no mean and cannot win."
            )


def _of_the_target(
    outcomes: Sequence[Outcome], target: float | None, watched: str
) -> Iterator[str]:
    if target is None:
        return
    yield f"The target is a loss of {target:g} on {watched} rows, after each epoch."
    for outcome in outcomes:
        if missed := _missed(outcome, target):
            yield (
                f"{missed} of {plural(len(outcome.final), 'final run')} of {outcome.label} never "
                "reached it: censored, later than all that did."
            )


def _missed(outcome: Outcome, target: float) -> int:
    times: Sequence[float] = outcome.to_target(target)[:, 0].tolist()
    return sum(math.isinf(time) for time in times)
