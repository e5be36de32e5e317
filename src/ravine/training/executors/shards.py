"""How many tasks go into a shard: as many as take some tenths of a second."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Shards"]

#: How long a shard should take, in seconds: long beside the milliseconds of sending one, and short
#: beside what one would mind to lose.
_AIM, _LEAST = 0.7, 0.2
#: Seconds for a unit of cost, before anything has been measured; and what a run costs besides.
_GUESS, _EACH = 1e-9, 5e-4


class Shards:
    """Cuts what is left into shards, by costs whose price it learns.

    Parameters
    ----------
    costs : sequence of float
        What each task costs, in any unit; those of an engine are parameters × rows × epochs.
    slots : int
        How many shards are computed at once.

    Examples
    --------
    >>> shards = Shards([1e8, 3e8, 1e8], slots=1)
    >>> shards.next(), shards.next(), shards.next()
    ([1], [2], [0])
    """

    def __init__(self, costs: Sequence[float], slots: int) -> None:
        self._costs, self._slots = costs, slots
        self._left = sorted(range(len(costs)), key=lambda n: costs[n])  # the dearest is last
        self._cost_left = float(sum(costs))
        self._seconds = self._cost = 0.0

    def __len__(self) -> int:
        return len(self._left)

    def next(self) -> list[int]:
        """Take the next shard: the dearest tasks that are left, and fewer towards the end."""
        share = self._takes(self._cost_left, len(self._left)) / (2 * self._slots)
        most = max(_LEAST, min(_AIM if self._cost else _LEAST, share))
        taken: list[int] = []
        seconds = 0.0
        while self._left:
            seconds += self._takes(self._costs[self._left[-1]], 1)
            if taken and seconds > most:
                break
            taken.append(self._left.pop())
            self._cost_left -= self._costs[taken[-1]]
        return taken

    def learn(self, numbers: Sequence[int], seconds: float) -> None:
        """Take note of how long a shard took."""
        self._seconds += seconds
        self._cost += sum(self._costs[n] for n in numbers) + len(numbers) * _EACH / _GUESS

    def _takes(self, cost: float, tasks: int) -> float:
        """Estimate how long tasks take."""
        price = self._seconds / self._cost if self._cost else _GUESS
        return (cost + tasks * _EACH / _GUESS) * price
