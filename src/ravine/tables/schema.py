"""What a model knows about the table it was trained on: columns, target and their coding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ravine.errors import DataError, SpecError
from ravine.specs.spec import Member
from ravine.tables.coding import Coding
from ravine.tables.columns import (
    BinaryColumn,
    CategoryColumn,
    CodeColumn,
    Column,
    OrderedColumn,
)
from ravine.tables.columns.learning import SAYS_NOTHING, with_reading
from ravine.tables.columns.places import bins_of, codes_of, scaled_of
from ravine.tables.document import read_document, write_document
from ravine.tables.finding import check_column, check_columns
from ravine.tables.frames import as_frame
from ravine.tables.learning import learn_columns, learn_targets
from ravine.tables.target import Target, Task
from ravine.tables.text.interpreting import Interpreted, interpret, said_of_unread, warn_of
from ravine.tables.values import Unread

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OnNewMissing", "TableSchema"]

OnNewMissing = Literal["error", "median"]


@dataclass(frozen=True)
class TableSchema:
    """Raw columns → columns of numbers, learnt from the training rows only.

    Parameters
    ----------
    columns : tuple of Column
        The columns that are used, in the order of the training table.
    target : Target, optional
        What is predicted; ``None`` if that is nothing or several columns.
    left_out : dict of str to str, optional
        Columns of the training table that are not used, and why.
    targets : tuple of Target, optional
        All that is predicted; all of them have the same task.
    remarks : tuple of str, optional
        What else was noticed in the training table, in sentences.
    missing_values : tuple of str, optional
        The cells of a CSV file that count as missing; ``None`` for the usual ones.

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
    targets: tuple[Target, ...] = ()
    remarks: tuple[str, ...] = ()
    missing_values: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.targets and self.target is not None:
            object.__setattr__(self, "targets", (self.target,))
        only = self.targets[0] if len(self.targets) == 1 else None
        if self.target not in (None, only):
            raise SpecError("The target of a schema must be the only one of its targets.")
        object.__setattr__(self, "target", only)
        _check_different([column.name for column in self.columns], "columns")
        _check_different([target.name for target in self.targets], "targets")

    @classmethod
    def learn(
        cls,
        frame: Any,
        target: str | Sequence[str] | None = None,
        *,
        task: Task | None = None,
        standardise_target: bool = True,
        coding: str | Coding = "standard",
    ) -> TableSchema:
        """Learn from the training rows.

        Parameters
        ----------
        frame : data frame, dict of columns, array, …
            The training rows and nothing else, as ``as_frame`` takes them.
        target : str or sequence of str, optional
            Name of the column that is predicted, or names of several.
        task : {"regression", "classification"}, optional
            What kind of prediction; ``None`` infers it from the target.
        standardise_target : bool, default True
            Whether a regression is trained on the standardised target.
        coding : {"standard", "robust"} or Coding, default "standard"
            How columns become numbers: standardised numbers and one-hot text, or the coding of the
            neural estimators (`ROBUST`), or any other `Coding`.

        Returns
        -------
        TableSchema
            What was learnt.

        Raises
        ------
        DataError
            If a column cannot be used, or none is left.

        Warns
        -----
        DataWarning
            About everything in the table that is not learnt exactly as it is.
        """
        names = [] if target is None else [target] if isinstance(target, str) else list(target)
        frame = as_frame(frame)
        for name in names:
            check_column(frame, name, "target")
        schema = cls.of(
            interpret(frame, names, task),
            names,
            task=task,
            standardise_target=standardise_target,
            coding=coding,
        )
        warn_of(schema.warnings)
        return schema

    @classmethod
    def of(
        cls,
        table: Interpreted,
        targets: Sequence[str] = (),
        *,
        task: Task | None = None,
        standardise_target: bool = True,
        coding: str | Coding = "standard",
    ) -> TableSchema:
        """Learn from training rows of a table whose text was read already; without warnings.

        Parameters
        ----------
        table : Interpreted
            The training rows, and what was found in the whole table.
        targets : sequence of str
            Names of the columns that are predicted.
        task, standardise_target, coding
            As for ``learn``.

        Returns
        -------
        TableSchema
            What was learnt.
        """
        frame, chosen = table.frame, Member(Coding)("TableSchema", "coding", coding)
        learnt = learn_targets(frame, targets, task, standardise_target)
        rest = [str(column) for column in frame.columns if column not in targets]
        columns, left_out = learn_columns(table, rest, chosen)
        schema = cls(columns, left_out=left_out, targets=learnt, remarks=tuple(table.remarks))
        if not columns:
            raise DataError(
                " ".join(["The table has no column to learn from.", *schema.notes]),
                hint="Check the table, its target and --drop.",
            )
        return schema

    def knowing(
        self, table: Interpreted, missing_values: tuple[str, ...] | None = None
    ) -> TableSchema:
        """Add what was found in the whole table that the training rows are a part of.

        Parameters
        ----------
        table : Interpreted
            The whole table.
        missing_values : tuple of str, optional
            The cells of its file that counted as missing; ``None`` for the usual ones.

        Returns
        -------
        TableSchema
            The same columns, with readings, remarks and what was left out.
        """
        return replace(
            self,
            columns=tuple(with_reading(c, *table.readings.get(c.name, ())) for c in self.columns),
            left_out={**table.left_out, **self.left_out},
            remarks=tuple(dict.fromkeys((*table.remarks, *self.remarks))),
            missing_values=missing_values,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed while learning, in sentences."""
        return (*_left_out(self.left_out), *self.remarks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The notes that say that something was not learnt exactly as it is in the table."""
        lost = {name: why for name, why in self.left_out.items() if why not in SAYS_NOTHING}
        return (*_left_out(lost), *self.remarks)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of numbers, in the order of ``encode``."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def codes(self) -> dict[int, int]:
        """Which columns of numbers hold codes for an Embedding layer, and how many codes."""
        return codes_of(self.columns)

    @property
    def scaled(self) -> tuple[int, ...]:
        """Which columns of numbers are scaled, and clipped, numbers of the table."""
        return scaled_of(self.columns)

    @property
    def bins(self) -> tuple[dict[int, int], ...]:
        """Which columns of numbers say how many bins lie below a number, and of how many.

        One dictionary for each of the numbers of bins in the coding. A `ravine.PiecewiseLinear`
        layer takes the columns of one of them.
        """
        return bins_of(self.columns)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold text; ``read_table`` should keep them so."""
        texts = BinaryColumn | CategoryColumn | CodeColumn | OrderedColumn
        names = [column.name for column in self.columns if isinstance(column, texts)]
        named = (t.name for t in self.targets if any(isinstance(c, str) for c in t.classes))
        return (*names, *named)

    def encode(
        self,
        frame: Any,
        *,
        dtype: DTypeLike = np.float64,
        on_new_missing: OnNewMissing = "error",
    ) -> NDArray[Any]:
        """Turn rows of a table into rows of numbers.

        The columns may be in any order, and further ones are ignored. Every row is coded by
        itself, so that a large table can be coded piece by piece.

        Parameters
        ----------
        frame : data frame, dict of columns, array, …
            Any rows, n of them, as ``as_frame`` takes them.
        dtype : data type, default float64
            Type of the result; float32 halves its memory. (Everything is computed in float64.)
        on_new_missing : {"error", "median"}, default "error"
            How to treat a missing value in a column that had none missing in training: as an error,
            or as the median of the training rows (with standard coding, the mean; a boolean or a
            date counts as being in the middle).

        Returns
        -------
        numpy.ndarray of shape (n, len(features))
            The numbers.

        Raises
        ------
        DataError
            If a column is missing, holds something else than in training, or lacks values where
            none were missing in training.

        Warns
        -----
        DataWarning
            If text that is not a number counts as missing.
        """
        frame, fill = self._fitting(frame), on_new_missing == "median"
        coded = np.empty((len(frame), len(self.features)), dtype)
        end = 0
        for column in self.columns:
            start, end = end, end + len(column.features)
            coded[:, start:end] = column.encode(frame[column.name], fill=fill)
        warn_of(said_of_unread(self._unread(frame)))
        return coded

    def encode_target(self, frame: Any) -> NDArray[Any]:
        """Turn the target's column, or the targets' columns, into what the network is trained on.

        Parameters
        ----------
        frame : data frame, dict of columns, array, …
            Rows whose target is known, n of them.

        Returns
        -------
        numpy.ndarray of shape (n,) or (n, targets)
            Standardised numbers, or class labels; one column per target if there are several.

        Raises
        ------
        DataError
            If the table has no such column, or the column has a class that training did not have.
        """
        if not self.targets:
            raise DataError("This schema was learnt without a target.")
        frame = as_frame(frame)
        coded = []
        for target in self.targets:
            check_column(frame, target.name, "target")
            coded.append(target.encode(frame[target.name]))
        if self.target is not None:
            return coded[0]
        alike = len({values.dtype.kind for values in coded}) == 1
        return np.column_stack(coded if alike else [values.astype(object) for values in coded])

    def readable(self, frame: Any) -> NDArray[np.bool_]:
        """Tell the rows without a missing or infinite value that training never had in its column.

        Parameters
        ----------
        frame : data frame, dict of columns, array, …
            Any rows, n of them.

        Returns
        -------
        numpy.ndarray of shape (n,)
            True for the rows that ``encode`` can take.
        """
        frame = self._fitting(frame)
        readable = [column.readable(frame[column.name]) for column in self.columns]
        return np.asarray(np.logical_and.reduce(readable), dtype=np.bool_)

    def unseen(self, frame: Any) -> dict[str, int]:
        """Count, for each column, the values whose category the training rows did not have.

        Such a value is treated as unknown. Columns without any are not listed.

        Parameters
        ----------
        frame : data frame, dict of columns, array, …
            Any rows.

        Returns
        -------
        dict of str to int
            Column name → number of such values.
        """
        frame = self._fitting(frame)
        counts = {column.name: column.unseen(frame[column.name]) for column in self.columns}
        return {name: count for name, count in counts.items() if count}

    def unread(self, frame: Any) -> dict[str, Unread]:
        """Find, for each column of numbers, the texts that are not numbers and count as missing.

        Parameters
        ----------
        frame : data frame, dict of columns, array, …
            Any rows.

        Returns
        -------
        dict of str to Unread
            Column name → how many there are, and the first. Columns without any are not listed.
        """
        return self._unread(self._fitting(frame))

    def _unread(self, frame: pd.DataFrame) -> dict[str, Unread]:
        found = {column.name: column.unread(frame[column.name]) for column in self.columns}
        return {name: unread for name, unread in found.items() if unread is not None}

    def _fitting(self, table: Any) -> pd.DataFrame:
        """Make a frame of a table that has every column."""
        frame = as_frame(table)
        check_columns(frame, [column.name for column in self.columns])
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Describe the schema with plain data that JSON can hold."""
        return write_document(
            self.columns, self.targets, self.left_out, self.remarks, self.missing_values
        )

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
        return cls(**read_document(description))


def _left_out(left_out: Mapping[str, str]) -> list[str]:
    return [f"Column {name!r} is left out: {why}." for name, why in left_out.items()]


def _check_different(names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SpecError(f"Two of the {what} of a schema have the same name, {twice!r}.")
