"""Checkpoints: a run on disk, whole, to go on from as if nothing had happened."""

from __future__ import annotations

import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import Offsets, SharedData
from .errors import FileError, ParameterError
from .model_file import read_model_file, write_model_file
from .model_parts import OFFSETS, pack
from .own_parts import recipe_to_document
from .runs import Run

__all__ = ["Checkpoint", "offsets_of", "resume"]

_PREFIX, _OWN = "checkpoint.", "checkpoint.own."
_ARRAYS = (
    "w",
    "state",
    "slots",
    "average",
    "best_w",
    "best_state",
    "schedule",
    "history",
    "counters",
)


class Checkpoint:
    """Where and how often a run is saved.

    A checkpoint is a model file (of the weights that the run would give if it ended there) that
    carries the state of the run as well.

    Parameters
    ----------
    path : path
        The file.
    every : int or None
        Epochs between two checkpoints; None is 1.
    run : Run
        The run.

    Examples
    --------
    >>> Checkpoint.__name__
    'Checkpoint'
    """

    def __init__(self, path: str | os.PathLike[str], every: int | None, run: Run) -> None:
        if every is not None and (
            isinstance(every, bool) or not isinstance(every, int) or every < 1
        ):
            raise ParameterError(
                "The 'every' parameter of train must be a whole number of at least 1. "
                f"Got {every!r}."
            )
        self.path = Path(path)
        self.every = every or 1
        self.run = run
        folder = self.path.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise FileError(
                f"The checkpoint {self.path} cannot be written: there is no writable folder "
                f"{folder}."
            )
        self._fingerprint = fingerprint(run)

    def write(self, snapshot: dict[str, Any], status: str = "interrupted") -> None:
        """Save the run as the engine's snapshot has it."""
        counters = snapshot["counters"]
        model = self.run.model(
            snapshot["result_w"],
            snapshot["result_state"],
            snapshot["history"],
            status=status,
            best_epoch=int(counters[6]),
        )
        document, arrays = pack(model)
        own = [] if self.run.own_optimizer is None else self.run.own_optimizer.saved()
        document["checkpoint"] = {"data": self._fingerprint, "own": len(own)}
        arrays |= {_PREFIX + name: snapshot[name] for name in _ARRAYS}
        arrays |= {f"{_OWN}{i}": array for i, array in enumerate(own)}
        write_model_file(self.path, document, arrays)


def resume(path: str | os.PathLike[str], run: Run) -> bool:
    """Have a run go on from a checkpoint.

    Parameters
    ----------
    path : path
        A file; if it holds a model and no checkpoint, nothing happens.
    run : Run
        The run.

    Returns
    -------
    bool
        Whether the file holds a checkpoint.

    Raises
    ------
    FileError
        If the file is damaged.
    ParameterError
        If it is the checkpoint of another run.

    Examples
    --------
    >>> resume.__name__
    'resume'
    """
    document, arrays = read_model_file(path)
    saved = document.get("checkpoint")
    if saved is None:
        return False
    if not isinstance(saved, dict) or any(_PREFIX + name not in arrays for name in _ARRAYS):
        raise FileError(f"{path} is not a whole checkpoint.")
    _check_same(path, document, run)
    if saved.get("data") != fingerprint(run):
        raise ParameterError(
            f"{path} is the checkpoint of a run on other data: the rows or their values differ.",
            hint="To start from its weights on new data, pass start=ravine.load(path).",
        )
    start = {name: arrays[_PREFIX + name] for name in _ARRAYS}
    _check_sizes(path, start, run)
    run.start = start
    if run.own_optimizer is not None:
        own = [arrays[f"{_OWN}{i}"] for i in range(len(arrays)) if f"{_OWN}{i}" in arrays]
        run.own_optimizer.restore(own)
    return True


def offsets_of(path: str | os.PathLike[str], data: SharedData) -> Offsets:
    """Read the offsets of a file's weights; None if there are none, or not for such rows.

    Parameters
    ----------
    path : path
        A file of a model or a checkpoint.
    data : SharedData
        The rows to go on with.

    Returns
    -------
    ndarray or None
        What `ravine.runs.Run` takes.

    Raises
    ------
    FileError
        If the file is damaged.

    Examples
    --------
    >>> offsets_of.__name__
    'offsets_of'
    """
    offsets = read_model_file(path)[1].get(OFFSETS)
    inputs = math.prod(data.training.shape[1:])
    fits = offsets is not None and offsets.dtype == np.float64 and offsets.shape == (inputs,)
    return offsets if fits else None


def fingerprint(run: Run) -> list[int]:
    """Compute what tells the data of one run from that of another."""
    checksum = run.data.fingerprint(run.recipe.dtype, run.offsets)
    found = [len(run.rows), len(run.validation_rows), checksum]
    if any(side is not None for side in run.sides):  # else X, y and the recipe say which validate
        found.append(zlib.crc32(run.validation_rows.tobytes()))
    return found


def _check_same(path: Any, document: dict[str, Any], run: Run) -> None:
    described = {"network": run.network.to_dict(), **recipe_to_document(run.recipe)}
    for name, now in described.items():
        then = document.get(name)
        if name == "recipe" and isinstance(then, dict):
            then, now = ({**fields, "epochs": None} for fields in (then, now))
        if then != now:
            what = "network" if name == "network" else "recipe"
            changed = ""
            if isinstance(then, dict) and isinstance(now, dict) and what == "recipe":
                keys = [key for key in now if then.get(key) != now[key]]
                changed = f" ({', '.join(keys)})"
            raise ParameterError(
                f"{path} is the checkpoint of a run with another {what}{changed}; only epochs may "
                "differ.",
                hint="To start a new run from its weights, pass start=ravine.load(path).",
            )


def _check_sizes(path: Any, start: dict[str, NDArray[Any]], run: Run) -> None:
    n, n_state = run.handle.n_parameters, run.handle.n_state
    kind = np.dtype(run.recipe.dtype)
    rules = {
        "w": (n,),
        "state": (n_state,),
        "average": (0, n),
        "best_w": (0, n),
        "best_state": (0, n_state),
    }
    for name, array in start.items():
        wanted = np.dtype("float64") if name in ("schedule", "history", "counters") else kind
        if (
            array.ndim != 1
            or array.dtype != wanted
            or len(array) not in rules.get(name, (len(array),))
        ):
            raise FileError(f"{path} is not a whole checkpoint: its array {name!r} does not fit.")
