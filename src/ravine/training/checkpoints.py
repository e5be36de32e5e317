"""Checkpoints: a whole run on disk, to resume from as if nothing had happened."""

from __future__ import annotations

import math
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.offsets import Offsets
from ravine.data.shared import SharedData
from ravine.engine.optimizer_state import named_state, state_of_names
from ravine.engine.snapshot import counter, counters, fields, fields_in_double, history_columns
from ravine.errors import FileError, ParameterError
from ravine.models.file import read_model_file, write_model_file
from ravine.models.parts import OFFSETS, pack
from ravine.models.stand_ins import recipe_from_document, recipe_to_document
from ravine.optimize.custom import as_described
from ravine.specs.network import Network
from ravine.specs.optimizers import SGD
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine
from ravine.specs.stand_ins import as_saved
from ravine.training.lengths import as_long_as_the_run, with_lengths
from ravine.training.run import Run

__all__ = ["Checkpoint", "offsets_of", "resume"]

_PREFIX, _CUSTOM = "checkpoint.", "checkpoint.own."
_OPTIMIZER = "checkpoint.optimizer."

#: The optimizer's state, which the formats before the third kept as it lies in the engine.
_SLOTS = "slots"

#: What the arrays of a checkpoint mean; a file without this mark has the first format.
_FORMAT = 3

#: The last counters, of the effective capacity, which runs of the first versions did not have.
_LATER_COUNTERS = ("velocity", "effective_capacity")

#: The array that files of the first versions do not have. It is empty unless a run was stopped
#: between its last step and the end of that step's epoch.
_BEFORE = "before"


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
        model = self.run.model(
            snapshot["result_w"],
            snapshot["result_state"],
            snapshot["history"],
            status=status,
            best_epoch=int(counter(snapshot, "best_epoch")),
        )
        document, arrays = pack(model)
        custom = self.run.custom_state()
        document["checkpoint"] = {"format": _FORMAT, "data": self._fingerprint, "own": len(custom)}
        arrays |= {_PREFIX + name: snapshot[name] for name in fields() if name != _SLOTS}
        optimizer, n = _optimizer_of(self.run)
        named = named_state(optimizer, n, snapshot[_SLOTS])
        arrays |= {_OPTIMIZER + name: array for name, array in named.items()}
        arrays |= {f"{_CUSTOM}{i}": array for i, array in enumerate(custom)}
        write_model_file(self.path, document, arrays)


def resume(path: str | os.PathLike[str], run: Run) -> bool:
    """Let a run resume from a checkpoint.

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
        If the file is damaged, or of a later version of ravine.
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
    start = {name: arrays[_PREFIX + name] for name in fields() if _PREFIX + name in arrays}
    if not isinstance(saved, dict):
        raise FileError(f"{path} is not a whole checkpoint.")
    form = saved.get("format", 1)
    if form == 1:
        start = _of_format_1(start, run)
    elif form not in (2, _FORMAT):
        raise FileError(
            f"{path} is a checkpoint of format {saved['format']!r:.20}, but this version of ravine "
            f"reads formats 1 to {_FORMAT}.",
            hint="Update ravine.",
        )
    if "w" in start:
        start.setdefault(_BEFORE, start["w"][:0])
    named = {_SLOTS} if form == _FORMAT else set()
    if set(start) != set(fields()) - named:
        raise FileError(f"{path} is not a whole checkpoint.")
    _check_same(path, document, run)
    if saved.get("data") != fingerprint(run):
        raise ParameterError(
            f"{path} is the checkpoint of a run on other data: the rows or their values differ.",
            hint="To start from its weights on new data, pass start=ravine.load(path).",
        )
    if form == _FORMAT:
        start[_SLOTS] = _slots_of(path, arrays, run)
    _check_sizes(path, start, run)
    custom = [arrays[f"{_CUSTOM}{i}"] for i in range(len(arrays)) if f"{_CUSTOM}{i}" in arrays]
    run.resume(_with_effective_capacity(start, run), custom)
    return True


def offsets_of(path: str | os.PathLike[str], data: SharedData) -> Offsets:
    """Read the offsets of a file's weights; None if there are none, or not for such rows.

    Parameters
    ----------
    path : path
        A file of a model or a checkpoint.
    data : SharedData
        The rows to resume with.

    Returns
    -------
    ndarray or None
        What `ravine.training.run.Run` takes.

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
    """Compute a fingerprint of the data of a run."""
    checksum = run.data.fingerprint(run.recipe.dtype, run.offsets)
    found = [len(run.rows), len(run.validation_rows), checksum]
    if any(side is not None for side in run.sides):  # else X, y and the recipe say which validate
        found.append(zlib.crc32(run.validation_rows.tobytes()))
    return found


def _optimizer_of(run: Run) -> tuple[dict[str, Any], int]:
    """Describe a run's optimizer, and give the number of its parameters."""
    return for_engine(as_described(run.recipe.optimizer)), run.handle.n_parameters


def _slots_of(path: Any, arrays: dict[str, NDArray[Any]], run: Run) -> NDArray[Any]:
    """Give the optimizer's state as the engine has it, from the arrays of a file."""
    named = {
        name.removeprefix(_OPTIMIZER): array
        for name, array in arrays.items()
        if name.startswith(_OPTIMIZER)
    }
    dtype = run.recipe.dtype
    if any(array.dtype != np.dtype(dtype) for array in named.values()):
        raise FileError(f"{path} is not a whole checkpoint: its optimizer's state does not fit.")
    optimizer, n = _optimizer_of(run)
    try:
        return state_of_names(optimizer, n, named, dtype)
    except ParameterError as error:
        raise FileError(
            f"{path} is not a whole checkpoint: its optimizer's state does not fit."
        ) from error


def _of_format_1(start: dict[str, NDArray[Any]], run: Run) -> dict[str, NDArray[Any]]:
    """Bring arrays of the first format to the second.

    The first kept ``Σ_j d^(k−j) (1 − d) w_j`` of the weights' average, which is short of it by the
    factor ``1 − d^k`` after k steps, and no average of the running statistics: it begins with them
    as they are.
    """
    if not {"average", "state", "counters"} <= set(start):
        return start
    if start["counters"].shape not in _counted():
        return start
    average, state, steps = start["average"], start["state"], counter(start, "k")
    decay = run.recipe.averaging
    if decay is None or not len(average) or steps < 1:
        return start | {"average_state": np.zeros(len(state) if len(average) else 0, state.dtype)}
    whole = average.astype(np.float64) / (1 - decay**steps)
    return start | {"average": whole.astype(average.dtype), "average_state": state.copy()}


def _check_same(path: Any, document: dict[str, Any], run: Run) -> None:
    """Refuse the checkpoint of another run; only epochs may differ, where nothing depends on them.

    A schedule without a length has that of the run. So it is the same as one whose length is given.
    """
    then = _described(
        Network.from_dict(document.get("network", {})), recipe_from_document(document)
    )
    now = _described(run.network, run.recipe)
    before, after = then["recipe"].pop("epochs"), now["recipe"].pop("epochs")
    same = with_lengths(then, before) == with_lengths(now, after)
    kinds = [] if before == after else as_long_as_the_run(run.network, run.recipe)
    if same and not kinds:
        return
    if kinds and (same or then == now):
        verb = "has no length and lasts" if len(kinds) == 1 else "have no length and last"
        raise ParameterError(
            f"{path} is the checkpoint of a run of {before} epochs. {' and '.join(kinds)} {verb} "
            f"as long as the run: with epochs={after} all steps so far would have differed.",
            hint="Begin the run with its own length=... there. What counts epochs may resume "
            f"from this checkpoint with length={before}.",
        )
    what = "network" if then["network"] != now["network"] else "recipe"
    fields = [key for key, value in now["recipe"].items() if then["recipe"][key] != value]
    changed = f" ({', '.join(fields)})" if what == "recipe" and fields else ""
    raise ParameterError(
        f"{path} is the checkpoint of a run with another {what}{changed}; only epochs may differ.",
        hint="To start a new run from its weights, pass start=ravine.load(path).",
    )


def _described(network: Network, recipe: Recipe) -> dict[str, Any]:
    return {"network": as_saved(network), **recipe_to_document(recipe)}


def _counted() -> tuple[tuple[int, ...], ...]:
    """Give the shapes of the array of counters: that of the first versions, and today's."""
    today = len(counters())
    return (today - len(_LATER_COUNTERS),), (today,)


def _with_effective_capacity(start: dict[str, NDArray[Any]], run: Run) -> dict[str, NDArray[Any]]:
    """Add the column and the counters of the effective capacity to a run of an earlier version.

    For plain descent it equals the capacity; with momentum it is unknown.
    """
    counted, columns = start["counters"], history_columns()
    if counted.shape != _counted()[0]:
        return start
    rule = run.recipe.optimizer
    plain = isinstance(rule, SGD) and rule.momentum == 0
    new = columns.index("effective_capacity")
    history = start["history"].reshape(-1, len(columns) - 1)
    known = history[:, columns.index("capacity")] if plain else np.full(len(history), np.nan)
    added = (0.0, counter(start, "capacity")) if plain else (np.nan, np.nan)
    return start | {
        "counters": np.append(counted, added),
        "history": np.insert(history, new, known, axis=1).ravel(),
    }


def _check_sizes(path: Any, start: dict[str, NDArray[Any]], run: Run) -> None:
    n, n_state = run.handle.n_parameters, run.handle.n_state
    kind = np.dtype(run.recipe.dtype)
    rules = {
        "counters": tuple(shape[0] for shape in _counted()),
        "w": (n,),
        "state": (n_state,),
        "average": (0, n),
        "average_state": (0, n_state),
        "best_w": (0, n),
        "before": (0, n),
        "best_state": (0, n_state),
    }
    for name, array in start.items():
        wanted = np.dtype("float64") if name in fields_in_double() else kind
        if (
            array.ndim != 1
            or array.dtype != wanted
            or len(array) not in rules.get(name, (len(array),))
        ):
            raise FileError(f"{path} is not a whole checkpoint: its array {name!r} does not fit.")
