"""What a model knows of the table it was trained on: columns, target and their coding."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError, SpecError
from ravine.tables.coding import Coding
from ravine.tables.columns import (
    BinaryColumn,
    CategoryColumn,
    CodeColumn,
    Column,
    OrderedColumn,
)
from ravine.tables.learning import learn_column
from ravine.tables.target import Target, Task
from ravine.tables.values import plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableSchema", "check_column", "drop_columns", "rows_with_target"]


@dataclass(frozen=True)
class TableSchema:
    """Columns as they come → columns of numbers, learnt from the training rows only.

    Parameters
    ----------
    columns : tuple of Column
        The columns that are used, in the order of the training table.
    target : Target, optional
        What is predicted.
    left_out : dict of str to str, optional
        Columns of the training table that say nothing, and why.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sky": ["rain", "clear", "rain"], "bikers": [3.0, 40.0, 5.0]})
    >>> schema = TableSchema.learn(frame, "bikers")
    >>> schema.features
    ('sky=clear', 'sky=rain')
    >>> schema.encode(frame[["sky"]])
    array([[0., 1.],
           [1., 0.],
           [0., 1.]])
    """

    columns: tuple[Column, ...]
    target: Target | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def learn(
        cls,
        frame: pd.DataFrame,
        target: str | None = None,
        *,
        task: Task | None = None,
        standardise_target: bool = True,
        coding: str | Coding = "standard",
    ) -> TableSchema:
        """Learn from the training rows.

        Parameters
        ----------
        frame : pandas.DataFrame
            The training rows and nothing else.
        target : str, optional
            Name of the column that is predicted.
        task : {"regression", "classification"}, optional
            What kind of prediction; ``None`` infers it from the target.
        standardise_target : bool, default True
            Whether a regression is trained on the standardised target.
        coding : {"standard", "robust"} or Coding, default "standard"
            How columns become numbers: standardised numbers and one-hot text, or what the Neural
            estimators use (`ROBUST`), or any other `Coding`.

        Returns
        -------
        TableSchema
            What was learnt.

        Raises
        ------
        DataError
            If a column cannot be used, or none is left.
        """
        coding = Coding.named(coding)
        learnt_target = None
        if target is not None:
            check_column(frame, target, "target")
            learnt_target = Target.learn(
                frame[target], target, task=task, standardise=standardise_target
            )
        columns: list[Column] = []
        left_out: dict[str, str] = {}
        for name in (str(column) for column in frame.columns if column != target):
            column = learn_column(frame[name], name, coding)
            if isinstance(column, str):
                left_out[name] = column
            else:
                columns.append(column)
        schema = cls(tuple(columns), learnt_target, left_out)
        if not columns:
            raise DataError(
                " ".join(["The table has no column to learn from.", *schema.notes]),
                hint="Check the table, its target and what --drop leaves of it.",
            )
        return schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed while learning, in sentences."""
        return tuple(f"Column {name!r} is left out: {why}." for name, why in self.left_out.items())

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of numbers, in the order of ``encode``."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def codes(self) -> dict[int, int]:
        """Which columns of numbers hold codes for an Embedding layer, and how many codes."""
        found, position = {}, 0
        for column in self.columns:
            if isinstance(column, CodeColumn):
                found[position] = len(column.levels) + 1
            position += len(column.features)
        return found

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold text; ``read_table`` should keep them so."""
        texts = BinaryColumn | CategoryColumn | CodeColumn | OrderedColumn
        names = [column.name for column in self.columns if isinstance(column, texts)]
        if self.target is not None and any(isinstance(c, str) for c in self.target.classes):
            names.append(self.target.name)
        return tuple(names)

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Turn rows of a table into rows of numbers.

        The columns may stand in any order, and further ones are ignored.

        Parameters
        ----------
        frame : pandas.DataFrame
            Any rows, n of them.

        Returns
        -------
        numpy.ndarray of shape (n, len(features))
            The numbers.

        Raises
        ------
        DataError
            If a column is missing, holds something else than in training, or lacks values where
            none were missing in training.
        """
        self.check(frame)
        return np.column_stack([column.encode(frame[column.name]) for column in self.columns])

    def encode_target(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Turn the target's column into what the network is trained on.

        Parameters
        ----------
        frame : pandas.DataFrame
            Rows whose target is known, n of them.

        Returns
        -------
        numpy.ndarray of shape (n,)
            Standardised numbers, or class labels.

        Raises
        ------
        DataError
            If the table has no such column, or the column a class that training had not.
        """
        if self.target is None:
            raise DataError("This schema was learnt without a target.")
        check_column(frame, self.target.name, "target")
        return self.target.encode(frame[self.target.name])

    def readable(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell the rows in which no value is missing, or infinite, as none was in training.

        Parameters
        ----------
        frame : pandas.DataFrame
            Any rows, n of them.

        Returns
        -------
        numpy.ndarray of shape (n,)
            True for the rows that ``encode`` can take.
        """
        self.check(frame)
        readable = [column.readable(frame[column.name]) for column in self.columns]
        return np.asarray(np.logical_and.reduce(readable), dtype=np.bool_)

    def unseen(self, frame: pd.DataFrame) -> dict[str, int]:
        """Count, for each column, the values whose category the training rows did not have.

        Such a value is coded as "none of the known ones". Columns without any are not listed.

        Parameters
        ----------
        frame : pandas.DataFrame
            Any rows.

        Returns
        -------
        dict of str to int
            Column name → number of such values.
        """
        self.check(frame)
        counts = {column.name: column.unseen(frame[column.name]) for column in self.columns}
        return {name: count for name, count in counts.items() if count}

    def check(self, frame: pd.DataFrame) -> None:
        """Check that a table has every column that is needed.

        Parameters
        ----------
        frame : pandas.DataFrame
            Any rows.

        Raises
        ------
        DataError
            If it has no rows, or columns are missing.
        """
        present = {str(column) for column in frame.columns}
        absent = [column.name for column in self.columns if column.name not in present]
        if absent:
            raise DataError(
                f"The table has {plural(len(present), 'column')}, but the model was trained on "
                f"{len(self.columns)}; missing: {_listed(absent)}.",
                hint="Give a table with the columns of the training table.",
            )
        if not len(frame):
            raise DataError("The table has no rows.")

    def to_dict(self) -> dict[str, Any]:
        """Describe the schema with plain data that JSON can hold."""
        return {
            "columns": [column.to_dict() for column in self.columns],
            "target": None if self.target is None else self.target.to_dict(),
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_dict(cls, description: Any) -> TableSchema:
        """Make a schema from what ``to_dict`` gave.

        Parameters
        ----------
        description : dict
            What ``to_dict`` gave.

        Returns
        -------
        TableSchema
            The schema.

        Raises
        ------
        SpecError
            If it is not such a description.
        """
        parts = {"columns", "target", "left_out"}
        if not isinstance(description, dict) or set(description) != parts:
            raise SpecError("A schema needs columns, a target and what is left out.")
        columns, left_out = description["columns"], description["left_out"]
        if not isinstance(columns, list) or not columns or not isinstance(left_out, dict):
            raise SpecError("A schema needs a list of columns, and what is left out by name.")
        target = description["target"]
        return cls(
            tuple(Column.from_dict(column) for column in columns),
            None if target is None else Target.from_dict(target),
            {str(name): str(why) for name, why in left_out.items()},
        )


def check_column(frame: pd.DataFrame, name: str, role: str = "column") -> None:
    """Check that a table has a column.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    name : str
        The column that is needed.
    role : str, default "column"
        What it is needed for, for the message.

    Raises
    ------
    DataError
        If it has none; the hint names the nearest.

    Examples
    --------
    >>> import pandas as pd
    >>> check_column(pd.DataFrame({"price": [1.0]}), "prize", "target")
    Traceback (most recent call last):
        ...
    ravine.errors.DataError: The table has no column 'prize' (the target).
    """
    names = [str(column) for column in frame.columns]
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Its columns are {_listed(names)}."
    said = "" if role == "column" else f" (the {role})"
    raise DataError(f"The table has no column {name!r}{said}.", hint=hint)


def drop_columns(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Leave columns out of a table.

    Examples
    --------
    >>> import pandas as pd
    >>> drop_columns(pd.DataFrame({"a": [1], "b": [2]}), ["b"]).columns.tolist()
    ['a']
    """
    names = list(names)
    for name in names:
        check_column(frame, name)
    return frame.drop(columns=names)


def rows_with_target(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Keep the rows whose target is known, numbered from 0.

    Examples
    --------
    >>> import pandas as pd
    >>> len(rows_with_target(pd.DataFrame({"price": [1.0, None]}), "price"))
    1
    """
    check_column(frame, target, "target")
    kept = frame[frame[target].notna()].reset_index(drop=True)
    if not len(kept):
        raise DataError(
            f"The target {target!r} is missing in every row.", hint="Check the target column."
        )
    return kept


def _listed(names: list[str], most: int = 12) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
