"""Records written beside training: a disk's flushes wait for one another, not training for them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from ravine.studies.claims import Claims
from ravine.studies.record import Record
from ravine.studies.store import Store

__all__ = ["Writer"]

#: File systems flush several files for the price of one.
_THREADS = 8
#: So many records may wait to be written.
_MOST = 64


class Writer:
    """Writes records and gives up their claims; at its end everything is written.

    Parameters
    ----------
    store : Store
        Where to.
    claims : Claims
        Of the runs.

    Raises
    ------
    FileError
        From `add` or at the end, if a record could not be written.
    """

    def __init__(self, store: Store, claims: Claims) -> None:
        self._store, self._claims = store, claims
        self._pool = ThreadPoolExecutor(_THREADS, "ravine-records")
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._settle(0)

    def add(self, record: Record) -> None:
        """Have a record written, soon."""
        self._pending.append(self._pool.submit(self._write, record))
        self._settle(_MOST)

    def _settle(self, most: int) -> None:
        """Wait until no more than so many records are left; raise what went wrong."""
        while self._pending and (len(self._pending) > most or self._pending[0].done()):
            self._pending.popleft().result()

    def _write(self, record: Record) -> None:
        self._store.add(record)
        self._claims.release([record.key])
