"""From a table and settings to a trained model and its scores."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.cli.known_rows import known_rows
from ravine.cli.output import console, say

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.flags.settings import Settings
    from ravine.cli.known_rows import KnownRows
    from ravine.specs.network import Network
    from ravine.specs.recipe import Recipe
    from ravine.tables.fitted.table_model import TableModel
    from ravine.tables.schema import TableSchema
    from ravine.tables.target import Target

__all__ = [
    "Checkpoints",
    "Fitted",
    "Part",
    "Prepared",
    "fit",
    "prepare",
    "readable_rows",
]


@dataclass(frozen=True)
class Part:
    """Rows for one purpose (training, validation or test), coded as numbers."""

    name: str
    X: NDArray[Any]
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.X)


@dataclass(frozen=True)
class Prepared:
    """A table ready to be trained on: its schema, learnt from the training rows, and the parts.

    ``sides`` holds the groups and the times of the training rows, ``test_groups`` the groups of the
    test rows, if there are any.
    """

    schema: TableSchema
    network: Network
    recipe: Recipe
    training: Part
    validation: Part | None
    test: Part | None
    sides: Mapping[str, Any] = field(default_factory=dict)
    test_groups: NDArray[np.int64] | None = None

    @property
    def target(self) -> Target:
        """What is predicted."""
        assert self.schema.target is not None
        return self.schema.target

    @property
    def parts(self) -> list[Part]:
        """The parts that there are."""
        return [part for part in (self.training, self.validation, self.test) if part is not None]


@dataclass(frozen=True)
class Checkpoints:
    """Where to keep and to find the state of an unfinished training."""

    path: Path | None = None
    every: int | None = None
    resume: bool = False


@dataclass(frozen=True)
class Fitted:
    """What training gave."""

    model: TableModel
    seconds: float


def prepare(table: str | pd.DataFrame, settings: Settings) -> Prepared:
    """Set rows aside, learn the schema from the training rows, and code all rows as numbers.

    Parameters
    ----------
    table : str or pandas.DataFrame
        The table's file, or the table.
    settings : Settings
        What is asked for.

    Returns
    -------
    Prepared
        The parts, and the network that fits them.

    Raises
    ------
    RavineError
        If table and settings do not go together.
    """
    from ravine.tables import TableSchema, infer_task
    from ravine.tables.places import rows_of_the_file

    known = known_rows(table, settings)
    with rows_of_the_file(known.frame.index):
        task = settings.task or infer_task(known.frame[settings.target], settings.target)
    recipe = settings.recipe
    training, validation, test = known.split(
        settings, task, recipe.validation_fraction, recipe.seed
    )
    with rows_of_the_file(training.frame.index):
        schema = TableSchema.of(
            replace(known.table, frame=training.frame.reset_index(drop=True)),
            [settings.target],
            task=task,
            standardise_target=settings.standardise_target,
        ).knowing(known.table, settings.missing)
    for note in schema.notes:
        say(f"note: {note}")
    return Prepared(
        schema,
        settings.network_for(schema),
        recipe.replace(validation_fraction=0.0),
        _coded("training", training.frame, schema),
        _part("validation", validation.frame, schema),
        _part("test", test.frame, schema),
        training.sides,
        _groups_of_coded(test, schema),
    )


def _groups_of_coded(rows: KnownRows, schema: TableSchema) -> NDArray[np.int64] | None:
    """Give the groups of the rows that `_part` codes, if there are any."""
    if rows.groups is None or not len(rows):
        return None
    groups: NDArray[np.int64] = rows.groups[schema.readable(rows.frame)]
    return groups


def _part(name: str, rows: pd.DataFrame, schema: TableSchema) -> Part | None:
    """Code rows that were set aside, if there are any."""
    rows = readable_rows(rows, schema, name) if len(rows) else rows
    return _coded(name, rows, schema) if len(rows) else None


def _coded(name: str, rows: pd.DataFrame, schema: TableSchema) -> Part:
    """Code rows, numbered as in the file, which errors name."""
    from ravine.tables.places import rows_of_the_file

    with rows_of_the_file(rows.index):
        return Part(name, schema.encode(rows), schema.encode_target(rows))


def readable_rows(rows: pd.DataFrame, schema: TableSchema, name: str) -> pd.DataFrame:
    """Leave out rows in which something is missing that no training row lacked, with a note.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows that were set aside.
    schema : TableSchema
        What was learnt from the training rows.
    name : str
        What the rows are for, for the note.

    Returns
    -------
    pandas.DataFrame
        The rows that can be scored.
    """
    from ravine.ground.text import plural

    readable = schema.readable(rows)
    if readable.all():
        return rows
    lost = plural(int((~readable).sum()), f"{name} row")
    say(f"note: {lost} left out: a value is missing, or infinite, where none is in training")
    return rows[readable]


def fit(prepared: Prepared, checkpoints: Checkpoints = Checkpoints()) -> Fitted:
    """Train, with a live line on a terminal.

    Parameters
    ----------
    prepared : Prepared
        What to train on.
    checkpoints : Checkpoints
        Where to keep the state, and whether to go on from there.

    Returns
    -------
    Fitted
        The model, and how long it took.
    """
    from ravine.ground.progress import live_progress
    from ravine.tables.fitted.table_model import TableModel, loss_unit
    from ravine.training.train import train

    validation = prepared.validation
    started = time.perf_counter()
    unit = loss_unit(prepared.network.loss, prepared.target)
    with live_progress(console(sys.stderr), scale=unit) as report:
        model = train(
            prepared.network,
            prepared.training.X,
            prepared.training.y,
            prepared.recipe,
            validation=None if validation is None else (validation.X, validation.y),
            start=checkpoints.path if checkpoints.resume else None,
            checkpoint=checkpoints.path if checkpoints.every else None,
            every=checkpoints.every,
            progress=report,
        )
    return Fitted(TableModel(prepared.schema, model), time.perf_counter() - started)
