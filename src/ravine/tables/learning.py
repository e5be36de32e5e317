"""What a schema learns from the training rows: its targets and its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ravine.errors import DataError
from ravine.tables.columns.learning import learn_column, with_reading
from ravine.tables.finding import check_column
from ravine.tables.target import Target, Task

if TYPE_CHECKING:
    import pandas as pd

    from ravine.tables.coding import Coding
    from ravine.tables.columns import Column
    from ravine.tables.text.interpreting import Interpreted

__all__ = ["learn_columns", "learn_targets"]


def learn_targets(
    frame: pd.DataFrame, names: Sequence[str], task: Task | None, standardise: bool
) -> tuple[Target, ...]:
    """Learn what is predicted; all targets have the same task.

    Parameters
    ----------
    frame : pandas.DataFrame
        The training rows.
    names : sequence of str
        The columns.
    task : {"regression", "classification"} or None
        The task; ``None`` infers it.
    standardise : bool
        Whether a regression is trained on the standardised target.

    Returns
    -------
    tuple of Target
        One for each name.

    Raises
    ------
    DataError
        If a column is not there or cannot be used, or the tasks differ.
    """
    for name in names:
        check_column(frame, name, "target")
    targets = tuple(
        Target.learn(frame[name], name, task=task, standardise=standardise) for name in names
    )
    if len({target.task for target in targets}) > 1:
        tasks = ", ".join(f"{target.name!r} is a {target.task}" for target in targets)
        raise DataError(
            f"Several targets must have the same task. Here {tasks}.",
            hint="Say which one it is (task='regression'), or train a model for each.",
        )
    return targets


def learn_columns(
    table: Interpreted, names: Sequence[str], coding: Coding
) -> tuple[tuple[Column, ...], dict[str, str]]:
    """Learn how columns become numbers.

    Parameters
    ----------
    table : Interpreted
        The training rows, and what was found in the whole table.
    names : sequence of str
        The columns.
    coding : Coding
        How they are to be coded.

    Returns
    -------
    columns : tuple of Column
        Those that are used.
    left_out : dict of str to str
        Those that are not, and why.
    """
    columns: list[Column] = []
    left_out = dict(table.left_out)
    for name in names:
        column = learn_column(table.frame[name], name, coding)
        if isinstance(column, str):
            left_out[name] = column
        else:
            columns.append(with_reading(column, *table.readings.get(name, ())))
    return tuple(columns), left_out
