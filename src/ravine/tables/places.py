"""The places in a file of the rows of a part of its table, for errors that name a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from ravine.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rows_of_the_file"]

Places: TypeAlias = "Sequence[int] | pd.Index[Any]"

_ROW = re.compile(r"(.*\bin row )(\d+)(, counted from 0)?(.*)", flags=re.DOTALL)


@contextmanager
def rows_of_the_file(places: Places) -> Iterator[None]:
    """Let errors of a part of a table count rows as in the file.

    Parameters
    ----------
    places : sequence of int, or index of a data frame
        The place of each row of the part in the file, from 0.

    Examples
    --------
    >>> with rows_of_the_file([4, 9]):
    ...     raise DataError("Got 'soon' in row 2.")
    Traceback (most recent call last):
        ...
    ravine.errors.DataError: Got 'soon' in row 10.
    """
    try:
        yield
    except DataError as error:
        raise DataError(_placed(str(error), places), hint=error.hint) from error


def _placed(message: str, places: Places) -> str:
    """Count the row that a message names, its last one, as in the file."""
    found = _ROW.fullmatch(message)
    if found is None:
        return message
    place = int(found[2]) - (0 if found[3] else 1)
    if not 0 <= place < len(places):
        return message
    return f"{found[1]}{places[place] + 1}{found[4]}"
