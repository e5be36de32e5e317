"""The systems: each module trains a case, whole, in its system's own best way.

`start(case, X, y, threads)` of each gives a list of `Training`.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SYSTEMS = ("with_ravine", "with_jax", "with_pytorch", "with_scikit_learn")


@dataclass(frozen=True)
class Training:
    """A system, ready to train a case, its data at hand in its own arrays."""

    name: str
    run: Callable[[int], Any]  # trains from a seed; returns when all is computed
    outputs: Callable[[Any], Any]  # of what run gave: (networks, rows, outputs)
    compile_seconds: float | None = None


def start(case, X, y, threads, wanted=SYSTEMS):
    """Give the trainings of all systems, and the reasons why some are missing."""
    trainings, missing = [], []
    for name in wanted:
        try:
            module = importlib.import_module(f"benchmarks.speed.systems.{name}")
        except ModuleNotFoundError as error:
            if error.name and error.name.startswith("systems"):
                raise
            missing.append(f"{name.removeprefix('with_')}: {error.name} is not installed")
            continue
        trainings += module.start(case, X, y, threads)
    return trainings, missing
