"""What the bits of a run depend on besides its description: versions and the instruction level."""

from __future__ import annotations

import os
import platform
import socket

import numpy as np

__all__ = ["versions", "worker"]


def versions() -> dict[str, str]:
    """Give what the bits of a run depend on: ravine's version and the instruction level.

    Examples
    --------
    >>> sorted(versions())
    ['level', 'numpy', 'python', 'ravine']
    """
    import ravine
    from ravine.engine import _engine

    return {
        "ravine": ravine.__version__,
        "level": _engine.Population32.__module__.rpartition("_")[2],
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def worker() -> str:
    """Name this process among those of all machines.

    Examples
    --------
    >>> worker() == f"{socket.gethostname()}:{os.getpid()}"
    True
    """
    return f"{socket.gethostname()}:{os.getpid()}"
