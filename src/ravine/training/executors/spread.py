"""Work spread over workers: shards go out, answers come in, and what is lost goes out again."""

from __future__ import annotations

import hashlib
import math
import pickle
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ravine.errors import ParameterError, WorkerError
from ravine.models.history import History
from ravine.training.executors.kinds import Opened
from ravine.training.executors.shards import Shards
from ravine.training.executors.worker import packed
from ravine.training.origin import versions, worker

__all__ = ["Work", "said_of", "spread"]

#: How long to wait for answers, in seconds, so that Ctrl-C is seen in time.
_POLL = 0.1


@dataclass(frozen=True)
class Work:
    """What is to be computed: a function of shared data and of tasks, which know nothing of it.

    Parameters
    ----------
    function : callable
        ``function(shared, tasks)`` gives a result for each of the tasks, on one thread; one of a
        module.
    shared : object
        What all tasks need: sent to each worker once.
    tasks : sequence
        The tasks.
    costs : sequence of float
        What each of them costs: parameters × rows × epochs.
    names : sequence of str
        What each of them is called in messages.
    """

    function: Callable[[Any, list[Any]], Sequence[Any]]
    shared: Any
    tasks: Sequence[Any]
    costs: Sequence[float]
    names: Sequence[str] = field(repr=False)


def spread(work: Work, executor: Opened) -> Iterator[tuple[int, Any]]:
    """Compute tasks on the workers of an executor, and yield results as they come.

    Parameters
    ----------
    work : Work
        What is to be computed.
    executor : Opened
        On whose workers.

    Yields
    ------
    number, result : int, object
        Each task once, in no order. Leaving the iterator, or Ctrl-C, stops the rest.

    Raises
    ------
    ParameterError
        If something cannot be sent to other processes.
    WorkerError
        If two workers died at the same task, or a worker has another version of ravine. What has
        been yielded before is done.

    Examples
    --------
    >>> from ravine.training.executors.kinds import opened
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> def scaled(factor, numbers):
    ...     return [factor * number for number in numbers]
    >>> with ThreadPoolExecutor(2) as pool:
    ...     sorted(spread(Work(scaled, 10, [1, 2, 3], [1, 1, 1], "abc"), opened(pool)))
    [(0, 10), (1, 20), (2, 30)]
    """
    if len(work.tasks):
        yield from _Spread(work, executor).results()


def said_of(
    history: History | Mapping[str, Any], run: int, runs: int, epochs: int
) -> dict[str, Any]:
    """Give what is reported of a run that has ended: its last epoch, as that of a run nearby.

    Examples
    --------
    >>> said_of({"epoch": [1, 2], "loss": [0.5, 0.25]}, 3, 8, 2)
    {'run': 3, 'runs': 8, 'epoch': 2, 'epochs': 2, 'loss': 0.25, 'val_loss': nan}
    """
    last = {name: history[name][-1] for name in history if len(history[name])}
    losses = {name: float(last.get(name, math.nan)) for name in ("loss", "val_loss")}
    return {"run": run, "runs": runs, "epoch": int(last.get("epoch", 0)), "epochs": epochs} | losses


class _Spread:
    """The work while it is under way."""

    def __init__(self, work: Work, executor: Opened) -> None:
        self.work, self.executor = work, executor
        self.data = _sendable(work.shared, "What the runs share")
        self.call = {
            "version": versions()["ravine"],
            "driver": worker(),
            "key": hashlib.sha256(self.data).hexdigest(),
        }
        self.shards = Shards(work.costs, executor.slots)
        self.running: dict[Future[Any], list[int]] = {}
        self.suspects: deque[int] = deque()  # a worker died when they were there
        self.struck: set[int] = set()
        self.warned = False

    def results(self) -> Iterator[tuple[int, Any]]:
        try:
            self._fill()
            while self.running:
                done, _ = wait(self.running, _POLL, FIRST_COMPLETED)
                for future in done:
                    yield from self._answer(future)
                    self._fill()
        finally:
            if self.running:
                with _undisturbed():
                    self.executor.stop(self.running)

    def _fill(self) -> None:
        """Send shards out: one more for every second worker than there are workers, as a stock.

        Where a worker that dies takes the others' work along, nobody knows whose fault it was: the
        tasks that were lost then run again one by one, alone.
        """
        slots = self.executor.slots
        if self.executor.breaks and self.struck & {n for r in self.running.values() for n in r}:
            return
        while self.suspects and (not self.running or not self.executor.breaks):
            self._send([self.suspects.popleft()])
            if self.executor.breaks:
                return
        if self.suspects:
            return
        while len(self.shards) and len(self.running) < slots + slots // 2:
            self._send(self.shards.next())

    def _send(self, numbers: list[int], *, data: bool = False) -> None:
        tasks = [self.work.tasks[n] for n in numbers]
        named = f"Run '{self.work.names[numbers[0]]}'"
        call = self.call | {"tasks": _sendable((self.work.function, tasks), named)}
        sent = self.data if data else None
        try:
            future = self.executor.submit(call, sent)
        except BrokenExecutor:
            self.executor.renew()
            future = self.executor.submit(call, sent)
        self.running[future] = numbers

    def _answer(self, future: Future[Any]) -> Iterator[tuple[int, Any]]:
        numbers = self.running.pop(future)
        try:
            answer = future.result()
        except self.executor.lost as error:
            self._lose(numbers, error)
            return
        if answer["status"] == "missing":
            self._send(numbers, data=True)
        elif answer["status"] == "error":
            raise pickle.loads(answer["error"])  # noqa: S301 - from our worker
        else:
            self._check(answer)
            self.shards.learn(numbers, answer["seconds"])
            self.struck.difference_update(numbers)
            yield from zip(numbers, pickle.loads(answer["results"]), strict=True)  # noqa: S301

    def _lose(self, numbers: list[int], error: BaseException) -> None:
        """Have lost tasks run again, each by itself; one that is lost again is at fault."""
        again = self.struck.intersection(numbers)
        if again:
            name = self.work.names[min(again)]
            raise WorkerError(
                f"Run '{name}' was lost twice: each time the worker that trained it died "
                f"({type(error).__name__}). What was done before is kept.",
                hint="Look at the workers' memory, and train this run alone in this process "
                "(executor=None).",
            ) from error
        self.struck.update(numbers)
        self.suspects.extend(numbers)

    def _check(self, answer: dict[str, Any]) -> None:
        """Refuse answers of another version, and tell of another instruction level."""
        here, there = versions(), answer["origin"]
        if answer["status"] == "version":
            raise WorkerError(
                f"Worker {there['worker']} has ravine {there['ravine']}, and this process has "
                f"{here['ravine']}: bits are those of one version.",
                hint=f"Install ravine {here['ravine']} where the workers run.",
            )
        if here["level"] != there["level"] and not self.warned:
            self.warned = True
            warnings.warn(
                f"Worker {there['worker']} has the level {there['level']} of the processor's "
                f"instructions, and this process has {here['level']}: the last digits of its runs "
                "differ.",
                UserWarning,
                stacklevel=2,
            )


def _sendable(thing: Any, name: str) -> bytes:
    """Pickle something, code of the user's own, too."""
    try:
        return packed(thing)
    except Exception as error:
        raise ParameterError(
            f"{name} cannot be sent to other processes: {error}.",
            hint="Code of one's own must not hold open files, locks or the like. Or train in this "
            "process: executor=None.",
        ) from error


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C come between: stopping takes a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
