"""Trials that a store keeps: those that it has are read, the others trained and recorded."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ravine.errors import FileError, SpecError
from ravine.ground.text import plural
from ravine.specs.network import Network
from ravine.studies.claims import Claims
from ravine.studies.record import Record, result_of
from ravine.studies.splits import Split
from ravine.studies.store import Store
from ravine.studies.table import Table
from ravine.studies.trials import Measure, Result, Trial, train_trials
from ravine.studies.writer import Writer
from ravine.training.executors.kinds import opened
from ravine.training.origin import versions
from ravine.training.population import check_threads
from ravine.training.train import Progress

__all__ = ["check_store", "describe", "keys_of", "train_stored"]

#: How long the runs that are claimed at once should take, in seconds.
_STRETCH = 20.0
#: How often to look whether others have trained what they claim, in seconds.
_PAUSE = 0.1


def train_stored(
    store: Store,
    trials: Sequence[Trial],
    table: Table,
    *,
    threads: int | None = None,
    progress: Progress = None,
    measure: Measure | None = None,
    purpose: str = "",
    executor: Any = None,
) -> Iterator[tuple[int, Result]]:
    """Yield what trials give: at once where the store has it, else when they have been trained.

    Results are written while others train, and all of them are in the store when the iterator ends,
    however it ends. Results that the store had come without their columns (`Store.read` gives
    them). Other processes may work on the same store.

    Parameters
    ----------
    store : Store
        Where results are kept.
    trials, table, threads, progress, measure
        As in `train_trials`.
    purpose : str, default ""
        Tells runs that are measured otherwise from these.
    executor : str, Executor or Client, optional
        As in `ravine.train_many`.

    Yields
    ------
    number, result : int, Result

    Raises
    ------
    FileError
        If the store cannot be used, or is one of another table, split or version.
    """
    workers = opened(executor, threads)
    slots = check_threads(threads) if workers is None else workers.slots
    store.prepare()
    keys = keys_of(trials, table, purpose)
    places: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        places.setdefault(key, []).append(number)
    check_store(store.headers(), table, [trial.split for trial in trials])
    with Claims(store.claims) as claims:
        left = dict.fromkeys(places)
        most = 4 * slots
        claims.release(key for key in claims.names() if key in store)  # of the killed
        while left:
            for key, header in _there(store, left).items():
                del left[key]
                yield from ((number, result_of(header)) for number in places[key])
            taken = claims.take(left, _share(most, len(left), claims))
            fresh = [key for key in taken if key not in store]
            claims.release(set(taken) - set(fresh))
            if not fresh:
                if not taken and left:
                    time.sleep(_PAUSE)
                continue
            started = time.perf_counter()
            chosen = [trials[places[key][0]] for key in fresh]
            with Writer(store, claims) as writer:
                for number, result in train_trials(
                    chosen,
                    table,
                    threads=threads,
                    progress=progress,
                    measure=measure,
                    executor=workers,
                ):
                    key = fresh[number]
                    writer.add(Record(key, describe(chosen[number], table), result))
                    del left[key]
                    yield from ((place, result) for place in places[key])
            claims.release(fresh)
            each = (time.perf_counter() - started) / len(fresh)
            most = max(4 * slots, int(_STRETCH / max(each, 1e-6)))


def keys_of(trials: Sequence[Trial], table: Table, purpose: str = "") -> list[str]:
    """Give each trial the key of its record: it follows from network, recipe, rows and split.

    Parameters
    ----------
    trials : sequence of Trial
        The trials.
    table : Table
        The rows.
    purpose : str, default ""
        What else tells records apart.

    Returns
    -------
    list of str
        Thirty-two hexadecimal digits each.

    Raises
    ------
    SpecError
        If a network or a recipe holds code of the user's own, which no file can carry.
    """
    keys = []
    for trial in trials:
        try:
            network = json.dumps(_described(trial.job.network), sort_keys=True)
            recipe = json.dumps(trial.job.recipe.to_dict(), sort_keys=True)
        except SpecError as error:
            raise SpecError(
                f"Job '{trial.job.label}' cannot be kept in a store: {error}",
                hint="Leave store out: its runs are then kept in memory.",
            ) from error
        parts = (network, recipe, table.hash, trial.split.hash, purpose)
        keys.append(hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32])
    return keys


def describe(trial: Trial, table: Table) -> dict[str, Any]:
    """Describe a trial as its record does.

    Returns
    -------
    dict
        As `Record` has it.
    """
    return {
        "label": trial.job.label,
        "labels": dict(trial.job.labels),
        "fold": trial.split.fold,
        "network": _described(trial.job.network),
        "recipe": trial.job.recipe.to_dict(),
        "data": table.hash,
        "split": trial.split.hash,
        "rows": len(trial.split.rows),
        "validation_rows": len(trial.split.validation_rows),
    }


@lru_cache(maxsize=64)
def _described(network: Network) -> dict[str, Any]:
    """Describe a network: once for the many runs that share it."""
    return network.to_dict()


def check_store(
    headers: Mapping[str, Mapping[str, Any]], table: Table, splits: Iterable[Split]
) -> None:
    """Refuse a store of another table, split or version, and tell of several instruction levels.

    Parameters
    ----------
    headers : dict of str to dict
        The headers of all records.
    table : Table
        The rows.
    splits : iterable of Split
        Which rows are to be trained on.

    Raises
    ------
    FileError
        If it is another study's.
    """
    now, hashes = versions(), {split.hash for split in splits}
    cure = "Name another folder, or run the study on what it was begun with."
    for header in headers.values():
        if header["data"] != table.hash:
            raise FileError(
                f"The store holds runs on another table (hash {header['data']}; this one has "
                f"{table.hash}): X, y, groups or time are not the same.",
                hint=cure,
            )
        if header["split"] not in hashes:
            raise FileError(
                f"The store holds runs on another split of this table ({header['rows']} rows to "
                f"train on, {header['validation_rows']} held out): validation or cv are not the "
                "same.",
                hint=cure,
            )
        if header["origin"]["ravine"] != now["ravine"]:
            raise FileError(
                f"The store holds runs of ravine {header['origin']['ravine']}, and this is "
                f"{now['ravine']}: bits are those of one version.",
                hint="Name another folder, or use that version.",
            )
    levels = Counter(header["origin"]["level"] for header in headers.values())
    if set(levels) | {now["level"]} != {now["level"]}:
        said = ", ".join(f"{plural(n, 'run')} at {level}" for level, n in sorted(levels.items()))
        warnings.warn(
            f"The store mixes levels of the processor's instructions ({said}; this process has "
            f"{now['level']}): the last digits of its runs differ.",
            UserWarning,
            stacklevel=4,
        )


def _there(store: Store, left: Mapping[str, None]) -> dict[str, dict[str, Any]]:
    """Give the headers of those runs that are in the store by now."""
    return {key: header for key, header in store.headers().items() if key in left}


def _share(most: int, left: int, claims: Claims) -> int:
    """Give how many runs to claim: a part of them only, where others are at work."""
    return max(1, min(most, left // 4)) if claims.others() else most
