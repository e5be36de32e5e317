"""The positions of codes, scaled numbers and bins among a table's columns of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ravine.tables.columns.base import BINS, Column
from ravine.tables.columns.categories import CodeColumn
from ravine.tables.columns.numbers import RobustColumn

__all__ = ["bins_of", "codes_of", "scaled_of"]


def codes_of(columns: Sequence[Column]) -> dict[int, int]:
    """Find which columns of numbers hold codes for an Embedding layer, and how many codes.

    Examples
    --------
    >>> codes_of([CodeColumn("town", levels=("Bonn", "Ulm"))])
    {0: 3}
    """
    return {
        position: len(column.levels) + 1
        for position, column in _placed(columns)
        if isinstance(column, CodeColumn)
    }


def scaled_of(columns: Sequence[Column]) -> tuple[int, ...]:
    """Find which columns of numbers are scaled, and clipped, numbers of the table.

    Examples
    --------
    >>> scaled_of([CodeColumn("town", levels=("Bonn", "Ulm"))])
    ()
    """
    return tuple(
        position
        for position, column in _placed(columns)
        if isinstance(column, RobustColumn) and column.scaled
    )


def bins_of(columns: Sequence[Column]) -> tuple[dict[int, int], ...]:
    """Find which columns of numbers count bins, and of how many: one dictionary for each binning.

    Examples
    --------
    >>> bins_of([CodeColumn("town", levels=("Bonn", "Ulm"))])
    ()
    """
    found: list[dict[int, int]] = []
    for position, column in _placed(columns):
        if isinstance(column, RobustColumn) and column.bins:
            first = position + column.features.index(f"{column.name} {BINS}")
            for place, edges in enumerate(column.binnings):
                if place == len(found):
                    found.append({})
                found[place][first + place] = len(edges) - 1
    return tuple(found)


def _placed(columns: Sequence[Column]) -> Iterator[tuple[int, Column]]:
    """Give each column with the place of its first column of numbers."""
    position = 0
    for column in columns:
        yield position, column
        position += len(column.features)
