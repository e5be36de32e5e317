"""The executors: joblib's processes, Dask, Ray, and all that have the interface of Python's own.

Each gives futures of `concurrent.futures`, and knows which errors mean that a worker was lost.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from functools import cache
from typing import Any, Protocol

from ravine.errors import ParameterError
from ravine.ground.packages import needs
from ravine.specs.rules import nearest, shown
from ravine.training.executors.worker import ignore_interrupts, run_shard
from ravine.training.population import check_threads

__all__ = ["Opened", "opened"]

#: Seconds without work after which joblib's processes end.
_IDLE = 60


class Opened(Protocol):
    """What the spreading of work needs of an executor."""

    #: Errors of futures which mean that the worker is gone.
    lost: tuple[type[BaseException], ...]
    #: Whether one worker that dies takes the work of the others with it.
    breaks: bool

    @property
    def slots(self) -> int:
        """How many shards are computed at once."""

    def submit(self, call: dict[str, Any], data: Any) -> Future[Any]:
        """Have a shard computed."""

    def renew(self) -> None:
        """Go on after it broke."""

    def stop(self, running: Collection[Future[Any]]) -> None:
        """Stop what still runs, as far as can be."""


def opened(executor: Any, threads: int | None = None) -> Opened | None:
    """Give what a user calls an executor as one that work can be spread over.

    Parameters
    ----------
    executor : str, Executor, Client or None
        ``"joblib"``, ``"dask"``, ``"ray"``; any executor of `concurrent.futures`; a client of
        Dask's; None: none.
    threads : int, optional
        At most so many shards at once.

    Returns
    -------
    Opened or None

    Raises
    ------
    ParameterError
        If it is none of these.
    MissingPackageError
        If its package is not installed.

    Examples
    --------
    >>> opened(None)
    >>> opened("desk")
    Traceback (most recent call last):
    ravine.errors.ParameterError: The 'executor' parameter must be None, 'joblib', 'dask', 'ray' \
or an executor of concurrent.futures. Got 'desk' (str).
    """
    if threads is not None:
        check_threads(threads)
    if executor is None or isinstance(executor, _Pool | _Ray):
        return executor
    if executor == "joblib":
        return _Pool(None, threads)
    if executor == "dask":
        return _Dask(_current_client(), threads)
    if executor == "ray":
        return _Ray(threads)
    if callable(getattr(executor, "get_executor", None)):
        return _Dask(executor, threads)
    if callable(getattr(executor, "submit", None)):
        return _Pool(executor, threads)
    raise ParameterError(
        "The 'executor' parameter must be None, 'joblib', 'dask', 'ray' or an executor of "
        f"concurrent.futures. Got {shown(executor)}.",
        hint=nearest(executor, ("joblib", "dask", "ray")),
    )


class _Pool:
    """Any executor of `concurrent.futures`; None: processes that joblib keeps, one a core."""

    lost: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError)
    breaks = True

    def __init__(self, executor: Executor | None, threads: int | None) -> None:
        self._own = executor is None
        self._executor = _processes(check_threads(threads)) if executor is None else executor
        self._threads = threads

    @property
    def slots(self) -> int:
        workers = int(getattr(self._executor, "_max_workers", None) or check_threads(None))
        return min(workers, self._threads or workers)

    def submit(self, call: dict[str, Any], data: Any) -> Future[Any]:
        try:
            return self._executor.submit(run_shard, call, data)
        except BrokenExecutor:
            raise
        except RuntimeError as error:
            raise ParameterError(
                f"The executor takes no work: {error}.", hint="Pass one that is open."
            ) from error

    def renew(self) -> None:
        if not self._own:
            warnings.warn(
                "A worker of the executor died, and Python's pools do not survive that: what is "
                "left is trained in processes of joblib's.",
                RuntimeWarning,
                stacklevel=2,
            )
        slots, self._own = self.slots, True
        _processes.cache_clear()
        self._executor = _processes(slots)

    def stop(self, running: Collection[Future[Any]]) -> None:
        for future in running:
            future.cancel()
        if self._own and any(not future.done() for future in running):
            _processes.cache_clear()
            self._executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]


@cache
def _processes(workers: int) -> Executor:
    needs("executor='joblib'", "joblib")
    from joblib.externals.loky import ProcessPoolExecutor

    made: Executor = ProcessPoolExecutor(workers, timeout=_IDLE, initializer=ignore_interrupts)
    return made


class _Dask(_Pool):
    """The workers of a client of Dask's, whose scheduler runs again what dead workers had."""

    breaks = False

    def __init__(self, client: Any, threads: int | None) -> None:
        from distributed.scheduler import KilledWorker

        super().__init__(client.get_executor(pure=False), threads)
        self.lost = (*_Pool.lost, KilledWorker)
        self._client = client

    @property
    def slots(self) -> int:
        workers = max(1, int(sum(self._client.nthreads().values())))
        return min(workers, self._threads or workers)

    def submit(self, call: dict[str, Any], data: Any) -> Future[Any]:
        # As a part of the task: what is scattered is lost with the worker that has it.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")
            return super().submit(call, data)


def _current_client() -> Any:
    needs("executor='dask'", "distributed")
    from distributed import default_client

    try:
        return default_client()  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise ParameterError(
            "executor='dask' takes the current client of Dask's, and there is none.",
            hint="Make one first: client = distributed.Client(address), or Client() for workers "
            "on this machine.",
        ) from error


class _Ray:
    """The workers of Ray's."""

    breaks = False

    def __init__(self, threads: int | None) -> None:
        needs("executor='ray'", "ray")
        import ray
        from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

        if not ray.is_initialized():
            ray.init(log_to_driver=False)
        self.lost: tuple[type[BaseException], ...] = (
            CancelledError,
            NodeDiedError,
            OutOfMemoryError,
            WorkerCrashedError,
        )
        self._ray, self._threads = ray, threads
        self._run = ray.remote(num_cpus=1, max_retries=0)(run_shard)
        self._data: tuple[str, Any] = ("", None)
        self._sent: dict[Future[Any], Any] = {}

    @property
    def slots(self) -> int:
        workers = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return min(workers, self._threads or workers)

    def submit(self, call: dict[str, Any], data: Any) -> Future[Any]:
        if data is not None and self._data[0] != call["key"]:
            self._data = (call["key"], self._ray.put(data))
        reference = self._run.remote(call, None if data is None else self._data[1])
        future: Future[Any] = reference.future()
        self._sent = {f: r for f, r in self._sent.items() if not f.done()} | {future: reference}
        return future

    def renew(self) -> None:
        """Ray starts new workers by itself."""

    def stop(self, running: Collection[Future[Any]]) -> None:
        for future in running:
            self._ray.cancel(self._sent[future], force=True)
