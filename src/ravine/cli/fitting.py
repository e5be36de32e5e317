"""From a table and settings to a trained model and its scores."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.cli.output import console, say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.settings import Settings, TableSettings
    from ravine.network import Network
    from ravine.recipe import Recipe
    from ravine.tables.interpreting import Interpreted
    from ravine.tables.schema import TableSchema
    from ravine.tables.table_model import TableModel
    from ravine.tables.target import Target

__all__ = [
    "Checkpoints",
    "Fitted",
    "Part",
    "Prepared",
    "fit",
    "prepare",
    "readable_rows",
    "usable_rows",
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
    """A table ready to be trained on: its schema, learnt from the training rows, and the parts."""

    schema: TableSchema
    network: Network
    recipe: Recipe
    training: Part
    validation: Part | None
    test: Part | None

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


def prepare(path: str, settings: Settings) -> Prepared:
    """Set rows aside, learn the schema from the training rows, and code all rows as numbers.

    Parameters
    ----------
    path : str
        The table's file.
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

    table = usable_rows(path, settings)
    known = table.frame
    with rows_of_the_file(known.index):
        task = settings.task or infer_task(known[settings.target], settings.target)
    training, validation, test = _split(known, settings, task)
    with rows_of_the_file(training.index):
        schema = TableSchema.of(
            replace(table, frame=training.reset_index(drop=True)),
            [settings.target],
            task=task,
            standardise_target=settings.standardise_target,
        ).knowing(table, settings.missing)
    for note in schema.notes:
        say(f"note: {note}")
    return Prepared(
        schema,
        settings.network_for(schema),
        settings.recipe.replace(validation_fraction=0.0),
        _coded("training", training, schema),
        _part("validation", validation, schema),
        _part("test", test, schema),
    )


def usable_rows(path: str, settings: TableSettings) -> Interpreted:
    """Read a table; keep the rows whose target is known and the columns that are to be used.

    Text is read here, before any rows are set aside, so that errors name the rows of the file.

    Parameters
    ----------
    path : str
        The table's file.
    settings : TableSettings
        What is predicted, and from what.

    Returns
    -------
    Interpreted
        The rows, numbered as in the file, from 0.
    """
    from ravine.tables import check_column, drop_columns, rows_with_target
    from ravine.tables.interpreting import interpret
    from ravine.tables.reading import read_with_remarks
    from ravine.tables.values import plural

    target = settings.target
    frame, remarks = read_with_remarks(path, target=target, missing_values=settings.missing)
    check_column(frame, target, "target")
    table = interpret(drop_columns(frame, settings.drop), [target], settings.task)
    known = rows_with_target(table.frame, target, renumber=False)
    if len(known) < len(frame):
        lost = plural(len(frame) - len(known), "row")
        say(f"note: {lost} without a {target!r} left out")
    dropped = [remark for remark in remarks if not any(f"{n!r}:" in remark for n in settings.drop)]
    return replace(table, frame=known, remarks=(*dropped, *table.remarks))


def _split(known: pd.DataFrame, settings: Settings, task: str) -> list[pd.DataFrame]:
    """Set rows aside: training, validation and test rows; classes in proportion."""
    from ravine.tables import split_rows
    from ravine.tables.values import text_of

    target = known[settings.target]
    split = split_rows(
        len(known),
        test_fraction=settings.test_fraction,
        validation_fraction=settings.recipe.validation_fraction,
        seed=settings.recipe.seed,
        strata=None if task == "regression" else [text_of(value) for value in target],
    )
    groups = (split.training, split.validation, split.test)
    return [known.iloc[rows] for rows in groups]


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
    from ravine.tables.values import plural

    readable = schema.readable(rows)
    if readable.all():
        return rows
    lost = plural(int((~readable).sum()), f"{name} row")
    say(f"note: {lost} left out: a value is missing where no training row lacks one")
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
    from ravine.progress import live_progress
    from ravine.tables.table_model import TableModel, loss_unit
    from ravine.training import train

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
