"""What flags and recipe file say about a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ravine.cli.flags.options import DataFlags, RecipeFlags
from ravine.errors import ParameterError, SpecError

if TYPE_CHECKING:
    from ravine.specs.recipe_file import RecipeFile
    from ravine.tables.target import Task

__all__ = ["TableSettings", "file_of", "table_settings"]

_DATA_KEYS = {
    "made_by": str,
    "run": str,
    "table": str,
    "target": str,
    "task": str,
    "drop": list,
    "missing": list,
    "group": str,
    "time": str,
    "test_fraction": float,
}


@dataclass(frozen=True)
class TableSettings:
    """What is predicted, from what, and which rows are tested on.

    Parameters
    ----------
    target : str
        The column to predict.
    task : {"regression", "classification"} or None
        ``None`` infers it.
    drop : tuple of str
        Columns to leave out.
    test_fraction : float
        Share of the rows to test on.
    missing : tuple of str, optional
        Cells that count as missing, besides empty ones; ``None`` for the usual ones.
    group, time : str or None
        Columns by which rows are set aside: whole groups, the latest. They are not learnt from.
    """

    target: str
    task: Task | None
    drop: tuple[str, ...]
    test_fraction: float
    missing: tuple[str, ...] | None
    group: str | None
    time: str | None

    @property
    def side_columns(self) -> dict[str, str]:
        """The columns by which rows are set aside, by their flags."""
        both = {"--group": self.group, "--time": self.time}
        return {flag: name for flag, name in both.items() if name is not None}

    @property
    def notes(self) -> list[str]:
        """Notes about these columns."""
        return [
            f"Column {name!r} ({flag}) is not learnt from; rows are set aside by it."
            for flag, name in self.side_columns.items()
        ]


def file_of(flags: RecipeFlags) -> RecipeFile:
    """Read the file that --recipe names; without one, give an empty one."""
    from ravine.specs.recipe_file import RecipeFile, read_recipe_file

    return RecipeFile() if flags.recipe is None else read_recipe_file(flags.recipe)


def table_settings(path: str | None, file: RecipeFile, data: DataFlags) -> TableSettings:
    """Combine the flags about the data with the [data] of a recipe file.

    Parameters
    ----------
    path : str or None
        Name of the recipe file.
    file : RecipeFile
        What it holds.
    data : DataFlags
        The flags.

    Returns
    -------
    TableSettings
        The settings.

    Raises
    ------
    ParameterError, SpecError
        If a flag or the file is wrong.
    """
    said = _checked_data(path, file.data or {})
    target = data.target or said.get("target")
    if target is None:
        raise ParameterError(
            "The column to predict is not given.", hint="Name it: --target COLUMN."
        )
    task = data.task or said.get("task")
    if task not in (None, "regression", "classification"):
        raise ParameterError(f"--task must be regression or classification. Got {task!r}.")
    test_fraction = data.test_fraction
    if test_fraction is None:
        test_fraction = float(said.get("test_fraction", 0.2))
    drop = tuple(data.drop if data.drop is not None else said.get("drop", ()))
    group, time = data.group or said.get("group"), data.time or said.get("time")
    missing = _missing(data.missing, said)
    return TableSettings(
        target, cast("Task | None", task), drop, test_fraction, missing, group, time
    )


def _missing(flag: str | None, said: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Read which cells count as missing; None for the usual ones."""
    if flag is not None:
        return tuple(cell.strip() for cell in flag.split(",") if cell.strip())
    return tuple(map(str, said["missing"])) if "missing" in said else None


def _checked_data(path: str | None, said: Mapping[str, Any]) -> Mapping[str, Any]:
    for key, value in said.items():
        kind = _DATA_KEYS.get(key)
        if kind is None:
            raise SpecError(
                f"{path}: in [data]: unknown field {key!r}.",
                hint=f"Its fields are {', '.join(_DATA_KEYS)}.",
            )
        if not isinstance(value, int | float if kind is float else kind):
            raise SpecError(f"{path}: in [data]: {key!r} cannot be {value!r}.")
    return said
