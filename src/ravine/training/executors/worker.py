"""What a worker does: it keeps the shared data of the latest work, and computes shards of it."""

from __future__ import annotations

import pickle
import signal
import threading
import time
import traceback
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ravine.ground.packages import needs
from ravine.training.origin import versions, worker
from ravine.training.population import check_threads

__all__ = ["ignore_interrupts", "packed", "run_shard"]

#: How many pieces of work a worker keeps the shared data of.
_MOST_KEPT = 2

_KEPT: OrderedDict[str, Any] = OrderedDict()
_LOCK = threading.Lock()
#: A shard computes on one thread of the engine: no more of them at once than there are cores.
_CORES = threading.BoundedSemaphore(check_threads(None))


def run_shard(call: dict[str, Any], data: bytes | None) -> dict[str, Any]:
    """Compute a shard.

    Whatever goes in or out is plain, and all else in bytes of its own, so that a worker of another
    version can say so instead of failing at reading.

    Parameters
    ----------
    call : dict
        ``version`` of ravine; ``driver``, the process that asks; ``key`` of the shared data;
        ``tasks``, a pickle of ``(function, tasks)``.
    data : bytes, optional
        The pickled shared data, if the worker said that it lacks them.

    Returns
    -------
    dict
        ``status``: "done", with ``results`` (pickled), ``seconds`` and ``origin``; "missing": the
        shared data are not here; "version", with ``origin``; "error", with ``error`` (pickled).

    Examples
    --------
    >>> call = {"version": versions()["ravine"], "driver": worker(), "key": "0", "tasks": b""}
    >>> run_shard(call, None)["status"]
    'missing'
    """
    origin = versions() | {"worker": worker()}
    if origin["ravine"] != call["version"]:
        return {"status": "version", "origin": origin}
    try:
        with ExitStack() as stack:
            if call["driver"] != origin["worker"]:
                stack.enter_context(_quiet())
            found, shared = _shared(call["key"], data)
            if not found:
                return {"status": "missing"}
            function, tasks = pickle.loads(call["tasks"])  # noqa: S301 - from the driver
            stack.enter_context(_CORES)
            started = time.perf_counter()
            results = packed(function(shared, tasks))
            seconds = time.perf_counter() - started
    except Exception as error:
        return {"status": "error", "error": _pickled(error)}
    return {"status": "done", "results": results, "seconds": seconds, "origin": origin}


def packed(thing: Any) -> bytes:
    """Pickle something, code of the user's own, too.

    Examples
    --------
    >>> pickle.loads(packed(lambda x: x + 1))(1)
    2
    """
    needs("An executor", "cloudpickle")
    import cloudpickle

    found: bytes = cloudpickle.dumps(thing, protocol=5)
    return found


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that asks: a terminal sends it to its workers, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave warnings, which the driver has given, and Ctrl-C to the driver."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if main:
            ignore_interrupts()
        try:
            yield
        finally:
            if main:
                signal.signal(signal.SIGINT, before)


def _shared(key: str, data: bytes | None) -> tuple[bool, Any]:
    """Give the shared data of a key, if they are here or come with the call."""
    with _LOCK:
        if key not in _KEPT:
            if data is None:
                return False, None
            _KEPT[key] = pickle.loads(data)  # noqa: S301 - from the driver
            while len(_KEPT) > _MOST_KEPT:
                _KEPT.popitem(last=False)
        _KEPT.move_to_end(key)
        return True, _KEPT[key]


def _pickled(error: Exception) -> bytes:
    try:
        found = pickle.dumps(error)
        pickle.loads(found)  # noqa: S301 - just written
    except Exception:  # an error of the user's own that cannot travel: its text can
        return pickle.dumps(RuntimeError("".join(traceback.format_exception(error))))
    return found
