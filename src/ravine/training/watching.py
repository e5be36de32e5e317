"""Watchers: what sees a run between its epochs and may end it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Callback", "EachEpoch", "EngineHook", "Epochs", "Patience", "Watcher"]

#: The columns of the history over some epochs, by name.
Epochs = Mapping[str, NDArray[np.float64]]

#: What `ravine.train` takes: called with an epoch's row of the history; True ends the run.
Callback = Callable[[dict[str, float]], bool | None]


@dataclass(frozen=True)
class Patience:
    """How many epochs may pass before a watcher could stop a run whose loss stalls.

    Parameters
    ----------
    tol : float
        An epoch improves if its loss is below the best before it by more than this.
    epochs : int
        How many epochs may pass unseen after one that improves.
    of_loss, of_penalty, constant : float
        The loss, from the columns of the history: ``of_loss · loss + of_penalty · penalty +
        constant``.
    best : float, default infinity
        The smallest loss so far.

    Examples
    --------
    >>> Patience(tol=1e-4, epochs=11, of_loss=0.5, of_penalty=1.0, constant=0.0).best
    inf
    """

    tol: float
    epochs: int
    of_loss: float
    of_penalty: float
    constant: float
    best: float = np.inf


class Watcher(ABC):
    """What sees a run between its epochs, on a thread of the engine, and may end it.

    Each epoch is seen once, in order; those that the run ended with are shown when it has ended.
    """

    @abstractmethod
    def see(self, epochs: Epochs) -> int:
        """See the epochs since the last call; return how many may pass until the next, 0 to end.

        Parameters
        ----------
        epochs : mapping of str to ndarray
            The columns of the history, over these epochs.

        Returns
        -------
        int
            0 ends the run.
        """

    def patience(self) -> Patience | None:
        """Say, before the run starts, which improvements postpone the next call."""
        return None


class EachEpoch(Watcher):
    """Calls a callback with each epoch's row of the history; the run ends when it returns True.

    Parameters
    ----------
    callback : callable
        Given a row as a dictionary.

    Examples
    --------
    >>> EachEpoch(lambda row: row["loss"] < 1.0).see({"loss": np.array([0.5])})
    0
    """

    def __init__(self, callback: Callback) -> None:
        self.callback = callback

    def see(self, epochs: Epochs) -> int:
        """Call the callback for each epoch."""
        rows = zip(*(column.tolist() for column in epochs.values()), strict=True)
        wanted = [self.callback(dict(zip(epochs, row, strict=True))) for row in rows]
        return 0 if any(wanted) else 1


class EngineHook:
    """What the engine calls between epochs: it shows them to a watcher and saves snapshots.

    Parameters
    ----------
    columns : callable
        Names the columns of the engine's history.
    watcher : Watcher, optional
        The watcher that sees the epochs.
    save : callable, optional
        Given a snapshot after every so many epochs.
    every : int, default 0
        How many.
    """

    def __init__(
        self,
        columns: Callable[[NDArray[np.float64]], dict[str, NDArray[np.float64]]],
        watcher: Watcher | None,
        save: Callable[[dict[str, Any]], None] | None = None,
        every: int = 0,
    ) -> None:
        self.columns, self.watcher, self.save, self.every = columns, watcher, save, every
        self._last = 0.0  # the last epoch that was shown

    def __call__(self, history: NDArray[np.float64], snapshot: dict[str, Any] | None) -> int:
        """Receive the epochs since the last call, and a snapshot if one is due."""
        if self.save is not None and snapshot is not None:
            self.save(snapshot)
        epochs = self.columns(history)
        self._last = epochs["epoch"][-1]
        return self.every if self.watcher is None else self.watcher.see(epochs)

    def show_rest(self, history: NDArray[np.float64], since: float) -> None:
        """Show the watcher the epochs after `since` that it has not seen when a run has ended."""
        epochs = self.columns(history)
        unseen = epochs["epoch"] > max(self._last, since)
        if self.watcher is not None and unseen.any():
            self.watcher.see({name: column[unseen] for name, column in epochs.items()})

    def patience(self) -> dict[str, Any] | None:
        """Give the watcher's patience as the engine reads it."""
        found = None if self.watcher is None else self.watcher.patience()
        return None if found is None else asdict(found)
