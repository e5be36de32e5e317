"""Finding columns of a table by their names, and the rows whose target is known."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ravine.errors import DataError
from ravine.ground.text import plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_column", "check_columns", "drop_columns", "listed", "rows_with_target", "similar"]


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
    hint = f"Did you mean {near[0]!r}?" if near else f"Its columns are {listed(names)}."
    said = "" if role == "column" else f" (the {role})"
    raise DataError(f"The table has no column {name!r}{said}.", hint=hint)


def check_columns(frame: pd.DataFrame, names: list[str]) -> None:
    """Check that a table has rows and all columns that a model was trained on.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    names : list of str
        The columns.

    Raises
    ------
    DataError
        If it has no rows, or columns are missing.
    """
    present = [str(column) for column in frame.columns]
    known = set(present)
    absent = [name for name in names if name not in known]
    if absent:
        raise DataError(
            f"The table has {plural(len(present), 'column')}, but the model was trained on "
            f"{len(names)}; missing: {listed(absent)}.",
            hint=similar(absent, present) or "Give a table with the columns of the training table.",
        )
    if not len(frame):
        raise DataError("The table has no rows.")


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


def rows_with_target(frame: pd.DataFrame, target: str, *, renumber: bool = True) -> pd.DataFrame:
    """Keep the rows whose target is known, numbered from 0, or with ``renumber=False`` as before.

    Examples
    --------
    >>> import pandas as pd
    >>> len(rows_with_target(pd.DataFrame({"price": [1.0, None]}), "price"))
    1
    """
    check_column(frame, target, "target")
    kept = frame[frame[target].notna()]
    if not len(kept):
        raise DataError(
            f"The target {target!r} is missing in every row.", hint="Check the target column."
        )
    return kept.reset_index(drop=True) if renumber else kept


def similar(absent: list[str], present: list[str]) -> str:
    """Say which columns may be meant by the missing ones; nothing if that cannot be guessed.

    Examples
    --------
    >>> similar(["age", "income"], ["Age", "rooms"])
    "Did you mean 'Age' for 'age'?"
    """
    plain = {_plain(name): name for name in present}
    for name in absent:
        other = plain.get(_plain(name))
        if other is not None:
            how = "blanks" if "".join(name.split()) == "".join(other.split()) else "Unicode's form"
            return f"{other!r} differs from {name!r} only in {how}: rename it."
    near = [(name, difflib.get_close_matches(name, present, n=1)) for name in absent[:12]]
    found = [f"{names[0]!r} for {name!r}" for name, names in near if names]
    return f"Did you mean {', '.join(found)}?" if found else ""


def _plain(name: str) -> str:
    """Spell a name without what cannot be seen of it."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def listed(names: list[str], most: int = 12) -> str:
    """List names, the first of them if they are many.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
