"""How a column of a table becomes columns of numbers: one class for each encoding."""

from __future__ import annotations

from typing import Any

from ravine.errors import SpecError
from ravine.tables.columns.base import Column, known_fields
from ravine.tables.columns.categories import (
    BinaryColumn,
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    OrderedColumn,
)
from ravine.tables.columns.dates import DateColumn
from ravine.tables.columns.numbers import NumberColumn, RobustColumn

__all__ = [
    "KINDS",
    "BinaryColumn",
    "BooleanColumn",
    "CategoryColumn",
    "CodeColumn",
    "Column",
    "DateColumn",
    "NumberColumn",
    "OrderedColumn",
    "RobustColumn",
    "read_column",
]

KINDS: dict[str, type[Column]] = {
    column.kind: column
    for column in (
        NumberColumn,
        RobustColumn,
        BooleanColumn,
        BinaryColumn,
        CategoryColumn,
        CodeColumn,
        OrderedColumn,
        DateColumn,
    )
}
"""Every kind of column that a file may hold."""


def read_column(description: Any) -> Column:
    """Make a column from what ``to_dict`` gave.

    Parameters
    ----------
    description : dict
        What ``to_dict`` gave.

    Returns
    -------
    Column
        Of the kind that it says.

    Raises
    ------
    SpecError
        If it is not such a description.

    Examples
    --------
    >>> from ravine.tables.columns import NumberColumn
    >>> column = NumberColumn("age", mean=30.0, standard_deviation=8.0)
    >>> read_column(column.to_dict()) == column
    True
    """
    kind = description.get("kind") if isinstance(description, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise SpecError(f"A column of a schema needs a kind ({', '.join(KINDS)}).")
    try:
        return KINDS[kind](**known_fields(description))
    except TypeError as error:
        raise SpecError(f"A column of a schema cannot be read: {error}.") from error
