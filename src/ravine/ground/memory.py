"""How much memory is available to this process, and a clear error before it is used up."""

from __future__ import annotations

import os
from pathlib import Path

from ravine.errors import FileError

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

__all__ = ["available_memory", "check_memory"]

_CGROUP = Path("/sys/fs/cgroup")
_LIMITS = (
    (_CGROUP / "memory.max", _CGROUP / "memory.current"),
    (
        _CGROUP / "memory/memory.limit_in_bytes",
        _CGROUP / "memory/memory.usage_in_bytes",
    ),
)


def available_memory() -> int | None:
    """Give the number of bytes that this process can still use.

    The smallest of what is left on the machine, under the container's limit and under ``ulimit
    -v``. If the system does not say what is left, this is all of the machine's memory.

    Returns
    -------
    int or None
        Bytes; None if the system says nothing.

    Examples
    --------
    >>> left = available_memory()
    >>> left is None or left > 0
    True
    """
    found = [_of_machine(), _of_container(), _of_process()]
    known = [left for left in found if left is not None]
    return max(min(known), 0) if known else None


def check_memory(name: str, needed: int, why: str, left: int | None = None) -> None:
    """Check that a table fits into memory, before it is read.

    Parameters
    ----------
    name : str
        The table's file.
    needed : int
        Bytes that it needs at least.
    why : str
        The part of the file that needs them.
    left : int, optional
        Bytes that are available; ``None`` asks the system.

    Raises
    ------
    FileError
        If less is available.

    Examples
    --------
    >>> check_memory("t.csv", 2**60, "its 2 columns")
    Traceback (most recent call last):
    ravine.errors.FileError: Cannot read 't.csv': its 2 columns need about 1,152,921,504.6 GB of ...
    """
    left = available_memory() if left is None else left
    if left is not None and needed > left:
        raise FileError(
            f"Cannot read {name!r}: {why} need about {_gigabytes(needed)} of memory, but only "
            f"{_gigabytes(left)} are available.",
            hint="Use fewer rows or columns, or a machine with more memory.",
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def _number_in(path: Path) -> int | None:
    """Read a whole number from a file; None if there is no such file or number."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _line_of(path: str, name: str) -> int | None:
    """Read one line of a table of the kernel, in bytes."""
    try:
        with Path(path).open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _of_machine() -> int | None:
    left = _line_of("/proc/meminfo", "MemAvailable:")
    if left is not None:
        return left
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_container() -> int | None:
    for limit, used in _LIMITS:
        most, now = _number_in(limit), _number_in(used)
        if most is not None and now is not None:
            return most - now
    return None


def _of_process() -> int | None:
    if resource is None:
        return None
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return None
    return most - (_line_of("/proc/self/status", "VmSize:") or 0)
