"""The verdict of a comparison in words: what is clear, and what may be noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ravine.ground.text import choice, plural

if TYPE_CHECKING:
    from ravine.studies.comparison import Comparison, Outcome

__all__ = ["verdict_of"]


def verdict_of(found: Comparison) -> str:
    """Say what a comparison found.

    Parameters
    ----------
    found : Comparison
        The comparison.

    Returns
    -------
    str
        Sentences, a thought a line.
    """
    best = found.order[0]
    if math.isnan(found.mean(best).mean):
        lines = ["Every candidate has runs that diverged: none can be called the best."]
    else:
        lines = [*_of_the_best(found, best)]
    lines += [*_of_the_budget(found), *_of_divergence(found), *_of_the_target(found)]
    return "\n".join(lines)


def _of_the_best(found: Comparison, best: int) -> Iterator[str]:
    label, mean = found.outcomes[best].label, found.mean(best)
    yield (
        f"{label} has the lowest mean test loss, {mean.mean:.4g} ± {mean.se:.2g} over "
        f"{plural(len(found.seeds), 'seed')}."
    )
    clear: list[str] = []
    noise: list[str] = []
    for pair in found.pairs:
        if best not in (pair.a, pair.b) or math.isnan(pair.mean):
            continue
        other, sign = (pair.b, -1) if pair.a == best else (pair.a, 1)
        low, high = sorted((sign * pair.low, sign * pair.high))
        said = f"{found.outcomes[other].label} (by {sign * pair.mean:.3g}, {low:.3g} … {high:.3g})"
        (clear if pair.is_clear else noise).append(said)
    if clear:
        yield f"It is better than {choice(clear, 'and')}: seeds do not explain that."
    if noise:
        holds = "the interval holds" if len(noise) == 1 else "the intervals hold"
        yield (
            f"Its lead over {choice(noise, 'and')} is noise, as far as these seeds tell: {holds} 0."
        )
    others = [pair for pair in found.pairs if best not in (pair.a, pair.b)]
    told = sum(pair.is_clear for pair in others)
    if others:
        yield f"Of the {plural(len(others), 'other pair')}, {told} differ by more than noise."
    pairs = len(found.pairs)
    at_once = f"hold for all {pairs} pairs at once" if pairs > 1 else "hold"
    yield (
        f"Intervals {at_once} with 95 % confidence, over seeds on this split. With seeds and test "
        f"rows drawn anew, {label} wins {100 * found.win_shares[best]:.0f} % of the time."
    )


def _of_the_budget(found: Comparison) -> Iterator[str]:
    if not found.tuned:
        yield "Learning rates were taken as given."
        return
    yield (
        f"Each candidate could spend {found.outcomes[0].tuning.budget} on its learning rate; a "
        "rate that diverged is a try."
    )
    at_edge = [o.label for o in found.outcomes if o.tuning.best is not None and o.tuning.at_edge]
    if at_edge:
        yield (
            f"The budget ended with the best rate at the edge of what was tried for "
            f"{choice(at_edge, 'and')}: a larger budget may improve it."
        )


def _of_divergence(found: Comparison) -> Iterator[str]:
    for outcome in found.outcomes:
        tries = outcome.tuning.tries
        lost = int(np.isnan(outcome.scores).sum())
        if not outcome.final:
            yield f"All {plural(len(tries), 'try', 'tries')} of {outcome.label} diverged."
        elif lost:
            yield (
                f"{lost} of {plural(len(outcome.final), 'final run')} of {outcome.label} diverged: "
                "it has no mean and cannot win."
            )


def _of_the_target(found: Comparison) -> Iterator[str]:
    if found.target is None:
        return
    yield f"The target is a loss of {found.target:g} on {found.watched} rows, after each epoch."
    never = [o for o in found.outcomes if _missed(o, found.target)]
    for outcome in never:
        yield (
            f"{_missed(outcome, found.target)} of {plural(len(outcome.final), 'final run')} of "
            f"{outcome.label} never reached it: censored, later than all that did."
        )


def _missed(outcome: Outcome, target: float) -> int:
    times: Sequence[float] = outcome.to_target(target)[:, 0].tolist()
    return sum(math.isinf(time) for time in times)
