"""How a column of a table becomes columns of numbers: one class a way, learnt from rows."""

from __future__ import annotations

from ravine.tables.category_columns import (
    BinaryColumn,
    BooleanColumn,
    CategoryColumn,
    CodeColumn,
    OrderedColumn,
)
from ravine.tables.column import Column
from ravine.tables.date_column import DateColumn
from ravine.tables.number_columns import NumberColumn, RobustColumn

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
