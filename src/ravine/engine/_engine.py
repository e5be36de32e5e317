"""The native engine, in the best build that this processor can run.

The engine is compiled once per instruction level: a wheel holds all levels, an installation from
the sources only that of its machine. ``RAVINE_LEVEL`` (``v2``, ``v3`` or ``v4``) asks for a lower
level than the best, to compare them. The engine's signatures are in ``_engine.pyi``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from types import ModuleType

from ravine.engine import _cpu
from ravine.ground.packages import needs


def _levels() -> list[str]:
    """Give the levels that this processor runs, the best first."""
    best = _cpu.instruction_level()
    return [level for level in ("v4", "v3", "v2") if level <= best] or ["base"]


def _load_engine() -> ModuleType:
    levels = _levels()
    asked = os.environ.get("RAVINE_LEVEL") or levels[0]
    if asked not in levels:
        raise ImportError(
            f"RAVINE_LEVEL must be a level that this processor runs: {', '.join(levels)}. "
            f"Got {asked!r}."
        )
    for level in levels[levels.index(asked) :]:
        if importlib.util.find_spec(f"ravine.engine._engine_{level}") is not None:
            return importlib.import_module(f"ravine.engine._engine_{level}")
    raise ImportError(
        f"This installation of ravine has no engine for level {asked} of the processor's "
        "instructions. Install ravine again on this machine."
    )


def _blas_library() -> str:
    """Find OpenBLAS in the package scipy-openblas32, without importing the package."""
    needs("ravine", "scipy_openblas32")
    package = importlib.util.find_spec("scipy_openblas32")
    if package is None or package.origin is None:
        raise ImportError("The package scipy-openblas32 has no folder.")
    folder = Path(package.origin).parent / "lib"
    libraries = sorted(folder.glob("libscipy_openblas*"))
    if not libraries:
        raise ImportError(f"The package scipy-openblas32 has no library in {folder}.")
    return str(libraries[0])


_engine = _load_engine()
_engine.load_blas(_blas_library())
globals().update({name: value for name, value in vars(_engine).items() if name[0] != "_"})
