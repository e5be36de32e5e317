"""Claims: which runs a process is about to train, so that another one takes others."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from ravine.ground.files import file_error

__all__ = ["EXPIRY", "Claims"]

#: After so many seconds without a sign of life a claim is void. It is renewed four times as often.
EXPIRY = 60.0
#: A claim that is empty for so many seconds is one of a process that was killed while it made it.
BEING_MADE = 1.0


class Claims:
    """Files that say who trains which run; each is made in one step by one process alone.

    A claim is void when its process of this machine is gone, or has shown no sign of life for
    `EXPIRY` seconds. Then a run may be trained twice, but it is recorded once.

    Parameters
    ----------
    folder : Path
        Where they lie.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Claims(Path(folder)) as claims:
    ...     claims.take(["a", "b", "c"], 2)
    ['a', 'b']
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mine: set[str] = set()
        self._text = json.dumps(
            {"host": socket.gethostname(), "pid": os.getpid(), "token": secrets.token_hex(8)}
        ).encode()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> Claims:
        self._renewing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.release(list(self.mine))

    def take(self, keys: Iterable[str], most: int) -> list[str]:
        """Claim the first runs that nobody else does, at most so many.

        Raises
        ------
        FileError
            If claims cannot be written.
        """
        taken: list[str] = []
        for key in keys:
            if len(taken) == most:
                break
            if self._take(key):
                self.mine.add(key)
                taken.append(key)
        return taken

    def release(self, keys: Iterable[str]) -> None:
        """Give up claims."""
        for key in keys:
            self.mine.discard(key)
            with contextlib.suppress(OSError):
                (self.folder / key).unlink()

    def others(self) -> bool:
        """Whether somebody else has a claim that holds."""
        return any(self._holds(self.folder / name) for name in self.names() - self.mine)

    def names(self) -> set[str]:
        """Name all runs that somebody claims, or claimed when he was killed."""
        with os.scandir(self.folder) as entries:
            return {entry.name for entry in entries if not entry.name.startswith(".")}

    def _take(self, key: str) -> bool:
        path = self.folder / key
        for _ in range(2):
            try:
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            except FileExistsError:
                if self._holds(path):
                    return False
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
                continue
            except OSError as cause:
                raise file_error(path, "write", cause) from cause
            try:
                os.write(descriptor, self._text)
            except OSError as cause:
                raise file_error(path, "write", cause) from cause
            finally:
                os.close(descriptor)
            return True
        return False

    def _holds(self, path: Path) -> bool:
        """Whether a claim's process may still be at work."""
        try:
            age = time.time() - path.stat().st_mtime
            text = path.read_bytes()
            owner = json.loads(text) if text else None
        except (OSError, ValueError):
            return False
        if owner is None:
            return age < BEING_MADE
        if owner["host"] == socket.gethostname() and not _lives(owner["pid"]):
            return False
        return age < EXPIRY

    def _renew(self) -> None:
        while not self._ended.wait(EXPIRY / 4):
            for key in list(self.mine):
                with contextlib.suppress(OSError):
                    os.utime(self.folder / key)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
