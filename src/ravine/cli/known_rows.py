"""The rows of a table whose target is known, and which of them must stay together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ravine.cli.output import say
from ravine.errors import DataError, ParameterError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.flags.table import TableSettings
    from ravine.tables.schema import TableSchema
    from ravine.tables.target import Task
    from ravine.tables.text.interpreting import Interpreted

__all__ = ["KnownRows", "SplitRows", "known_rows", "readable_rows"]

_FRACTIONS = "--test-fraction or --validation-fraction"


@dataclass(frozen=True)
class KnownRows:
    """Rows whose target is known.

    Parameters
    ----------
    frame : pandas.DataFrame
        The target and the columns to learn from, rows numbered as in the file, from 0.
    table : Interpreted
        What was found in the text of the whole table.
    groups, time : ndarray of int64, shape (n,), or None
        Codes of the groups of ``--group``, and ranks of the times of ``--time``.
    """

    frame: pd.DataFrame
    table: Interpreted
    groups: NDArray[np.int64] | None = None
    time: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def sides(self) -> dict[str, NDArray[np.int64]]:
        """Groups and times, if there are any, by parameter name."""
        both = {"groups": self.groups, "time": self.time}
        return {name: values for name, values in both.items() if values is not None}

    def task_for(self, settings: TableSettings) -> Task:
        """Give the task that is asked for, or the one that the target suggests."""
        from ravine.tables import infer_task
        from ravine.tables.places import rows_of_the_file

        if settings.task is not None:
            return settings.task
        with rows_of_the_file(self.frame.index):
            return infer_task(self.frame[settings.target], settings.target)

    def split(
        self, settings: TableSettings, task: Task, shares: tuple[float, float], seed: int
    ) -> SplitRows:
        """Set rows aside: training, validation and test rows; classes in proportion.

        ``shares`` are the share of the rows to validate on, and the share of the training rows
        that the members will set aside.
        """
        from ravine.tables.splitting import check_sides_differ, split_rows
        from ravine.tables.text.kinds import text_of

        fractions, later = (settings.test_fraction, shares[0]), shares[1]
        if self.sides and not any((*fractions, later)):
            flag = "--group" if self.groups is not None else "--time"
            raise ParameterError(
                f"{flag} would change nothing: no rows are set aside.",
                hint=f"Set {_FRACTIONS}, or leave out {flag}.",
            )
        regression, target = task == "regression", self.frame[settings.target]
        identity = self._identity(settings.target) if any((*fractions, later)) else None
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                split = split_rows(
                    len(self),
                    test_fraction=fractions[0],
                    validation_fraction=fractions[1],
                    seed=seed,
                    strata=None if regression else [text_of(v) for v in target],
                    identity=identity,
                    **self.sides,
                )
            for warning in told:
                say(f"note: {warning.message}")
            check_sides_differ(self._take(split.training).sides, "validation", later)
        except DataError as error:
            if not self.sides:
                raise
            where = " and ".join(f"{flag} {c!r}" for flag, c in settings.side_columns.items())
            raise DataError(
                f"{where}: {error}",
                hint=f"Name other columns, or set {_FRACTIONS} to 0.",
            ) from error
        parts = (split.training, split.validation, split.test)
        return SplitRows(task, *map(self._take, parts))

    def _identity(self, target: str) -> NDArray[np.int64] | None:
        """Give copies of a row the same number; None if there are none."""
        from ravine.estimators.neural.copies import copies_of

        identity, note = copies_of(self.frame, target, apart=list(self.sides.values()))
        if note is not None:
            say(f"note: {note}")
        return identity

    def _take(self, rows: NDArray[np.int64]) -> KnownRows:
        sides = {name: values[rows] for name, values in self.sides.items()}
        return KnownRows(self.frame.iloc[rows], self.table, **sides)


@dataclass(frozen=True)
class SplitRows:
    """Rows by purpose; there may be no validation or test rows."""

    task: Task
    training: KnownRows
    validation: KnownRows
    test: KnownRows


def known_rows(table: str | pd.DataFrame, settings: TableSettings) -> KnownRows:
    """Read a table; keep the rows whose target is known, and the columns that are learnt from.

    Text is read here, before any rows are set aside, so that errors name the rows of the file.

    Parameters
    ----------
    table : str or pandas.DataFrame
        The table's file, or the table.
    settings : TableSettings
        What is predicted, from what, and by which columns rows are set aside.

    Returns
    -------
    KnownRows
        The rows.

    Raises
    ------
    ParameterError
        If ``--group`` or ``--time`` names the target.
    DataError
        If a column is not there, or one of these two lacks a value in such a row.
    """
    from ravine.ground.text import plural
    from ravine.tables import as_frame, check_column, drop_columns, rows_with_target
    from ravine.tables.reading import read_with_remarks
    from ravine.tables.text.interpreting import interpret

    target = settings.target
    if isinstance(table, str):
        frame, remarks = read_with_remarks(table, (), target, settings.missing)
    else:
        frame, remarks = as_frame(table), []
    check_column(frame, target, "target")
    for flag, name in settings.side_columns.items():
        if name == target:
            raise ParameterError(
                f"{flag} names the target {name!r}.",
                hint=f"Name another column, or leave out {flag}.",
            )
        check_column(frame, name, f"column of {flag}")
    names = dict.fromkeys([*settings.drop, *settings.side_columns.values()])
    found = interpret(drop_columns(frame, names), [target], settings.task)
    known = rows_with_target(found.frame, target, renumber=False)
    if len(known) < len(frame):
        lost = plural(len(frame) - len(known), "row")
        say(f"note: {lost} without a {target!r} left out")
    present = frame[target].notna().to_numpy()
    groups, time = (
        None if name is None else read(frame[name], present, flag)
        for flag, name, read in (
            ("--group", settings.group, _groups_of),
            ("--time", settings.time, _times_of),
        )
    )
    for note in settings.notes:
        say(f"note: {note}")
    kept = [said for said in remarks if not any(said.startswith(f"Column {n!r}") for n in names)]
    return KnownRows(known, replace(found, remarks=(*kept, *found.remarks)), groups, time)


def readable_rows(rows: pd.DataFrame, schema: TableSchema, name: str) -> pd.DataFrame:
    """Leave out rows with a missing value that training never had, with a note.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows that were set aside.
    schema : TableSchema
        What was learnt from the training rows.
    name : str
        The purpose of the rows, for the note.

    Returns
    -------
    pandas.DataFrame
        The rows that can be scored.
    """
    import numpy as np

    from ravine.ground.text import plural

    readable = schema.readable(rows) if len(rows) else np.ones(0, bool)
    if readable.all():
        return rows
    lost = plural(int((~readable).sum()), f"{name} row")
    say(f"note: {lost} left out: a value is missing, or infinite, where none is in training")
    return rows[readable]


def _groups_of(column: pd.Series[Any], present: NDArray[np.bool_], flag: str) -> Any:
    from ravine.data.sides import group_codes

    _refuse_gaps(column, column.isna().to_numpy(), present, flag)
    what = f"Column {column.name!r} ({flag})"
    return group_codes(column[present].to_numpy(dtype=object), int(present.sum()), what)


def _times_of(column: pd.Series[Any], present: NDArray[np.bool_], flag: str) -> Any:
    import numpy as np

    from ravine.data.sides import time_ranks

    times = _numbers(column, flag)
    _refuse_gaps(column, np.isnan(times), present, flag)
    return time_ranks(times[present], int(present.sum()))


def _numbers(column: pd.Series[Any], flag: str) -> NDArray[np.float64]:
    """Read times as numbers that are in their order; NaN where there is none."""
    import numpy as np

    from ravine.tables.text.interpreting import understood_series
    from ravine.tables.text.kinds import Texts, understand
    from ravine.tables.times import dates_of, durations_of, times_of_day_of
    from ravine.tables.values import holds_text, kind_of, numbers_of

    name = str(column.name)
    if holds_text(column):
        texts = Texts.of(column, name)
        column = understood_series(understand(texts), texts, column)
    kind = kind_of(column, name)
    if kind == "text":
        known = column.dropna()
        raise DataError(
            f"Column {name!r} ({flag}) holds text, such as {str(known.iloc[0])!r}, which has no "
            "order in time.",
            hint="Write its times as numbers, or as dates with the year first: 2024-12-31.",
        )
    if kind == "ordered":
        codes = column.cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    if kind == "duration":
        return durations_of(column, name)
    if kind in ("date", "time"):
        return (dates_of if kind == "date" else times_of_day_of)(column, name).seconds
    return numbers_of(column, name, infinite=True)


def _refuse_gaps(
    column: pd.Series[Any], missing: NDArray[np.bool_], present: NDArray[np.bool_], flag: str
) -> None:
    gaps = missing & present
    if gaps.any():
        many = f" and {gaps.sum() - 1:,} more" if gaps.sum() > 1 else ""
        raise DataError(
            f"Column {column.name!r} ({flag}) has no value in row {gaps.argmax() + 1}{many}.",
            hint=f"Fill it in, leave out such rows, or leave out {flag}.",
        )
