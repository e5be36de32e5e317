"""Custom layers and losses by themselves: whether their slopes are those of their values.

A mistake in the ``dx`` of a layer spoils the gradients of all layers before it, so that these fail
too. Here each part is held against differences of its own values, at what it was last given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.specs.custom import LayerPart, LossPart

__all__ = ["Recorded", "recorded_parts"]

Array = NDArray[np.float64]

#: How far the slopes on both sides of a point differ where it is a kink, relative to the slopes.
_KINK = 1e-2


class Recorded:
    """A custom part, and what it was given and returned when its slope was last asked for.

    Parameters
    ----------
    part : LayerPart or LossPart
        The part; what it is called with is recorded from now on.

    Examples
    --------
    >>> Recorded.__name__
    'Recorded'
    """

    def __init__(self, part: LayerPart | LossPart) -> None:
        self.part = part
        self.point = self.slope = np.empty(0)
        self._value: Callable[[Array], Array] = np.copy
        if isinstance(part, LayerPart):
            self._record_layer(part)
        else:
            self._record_loss(part)

    @property
    def name(self) -> str:
        """What the derivative is called."""
        is_layer = isinstance(self.part, LayerPart)
        return f"{self.part.place} (dx)" if is_layer else "loss (slope)"

    def label(self, place: int) -> str:
        """Name a place of the flat input."""
        index = ", ".join(str(int(i)) for i in np.unravel_index(place, self.point.shape))
        return f"{self.part.place}.input[{index}]"

    def errors(
        self, places: NDArray[np.int64], step: float, tolerance: float, rounding: float
    ) -> Iterator[float | None]:
        """Compare derivatives at places of the flat input; None where there is a kink."""
        floor = rounding / (step * tolerance) * float(np.abs(self.slope).max(initial=0.0))
        for place in places:
            error, before, after = self._compare(place, step, floor)
            kinked = abs(after - before) > _KINK * (abs(before) + abs(after)) + floor
            if not kinked and error > tolerance:  # a smaller nudge does not help a mistake
                kinked = self._compare(place, step / 4, floor)[0] < error / 2
            yield None if kinked else error

    def _compare(self, place: Any, step: float, floor: float) -> tuple[float, float, float]:
        """Give the relative error of a derivative, and the slopes on both sides."""
        row, column = np.unravel_index(place, (len(self.point), self.point[0].size))
        nudge = step * max(1.0, abs(float(self.point[row].flat[column])))
        low, middle, high = (self._at(row, column, by) for by in (-nudge, 0.0, nudge))
        analytic, numeric = float(self.slope[row].flat[column]), (high - low) / (2 * nudge)
        before, after = (middle - low) / nudge, (high - middle) / nudge
        off, size = abs(analytic - numeric), max(abs(analytic) + abs(numeric), floor)
        if not np.isfinite(off):
            return np.inf, before, after
        return off / size if off > 0 else 0.0, before, after

    def _at(self, row: Any, column: Any, by: float) -> float:
        x = self.point.copy()
        x[row].flat[column] += by
        return float(self._value(x)[row])

    def _record_layer(self, part: LayerPart) -> None:
        backward, forward = part.backward, part.forward

        def record(x: Array, y: Array, dy: Array, *parameters: Array) -> tuple[Array, ...]:
            self.point, upstream = x.copy(), dy.copy()
            kept = [array.copy() for array in parameters]
            found = backward(x, y, dy, *parameters)
            self.slope = found[0]
            self._value = lambda at: (
                (forward(at.copy(), *kept)[0] * upstream).reshape(len(at), -1).sum(axis=1)
            )
            return found

        part.backward = record  # type: ignore[method-assign]

    def _record_loss(self, part: LossPart) -> None:
        slope, value = part.slope, part.value

        def record(z: Array, y: Array) -> tuple[Array]:
            self.point, targets = z.copy(), y.copy()
            found = slope(z, y)
            self.slope = found[0]
            self._value = lambda at: value(at.copy(), targets.copy())[0]
            return found

        part.slope = record  # type: ignore[method-assign]


def recorded_parts(described: Any) -> Iterator[Recorded]:
    """Find the custom layers and losses in what the engine is told, and record their calls.

    Parameters
    ----------
    described : dict
        What `for_engine` gave.

    Yields
    ------
    Recorded
        One for each, in the order of the network.

    Examples
    --------
    >>> import ravine as rv
    >>> from ravine.specs.spec import for_engine
    >>> list(recorded_parts(for_engine(rv.Network([rv.Dense(1)]))))
    []
    """
    if isinstance(described, Mapping):
        for value in described.values():
            yield from recorded_parts(value)
    elif isinstance(described, list):
        for item in described:
            yield from recorded_parts(item)
    elif isinstance(described, LayerPart | LossPart):
        yield Recorded(described)
