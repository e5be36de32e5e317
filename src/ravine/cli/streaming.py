"""A table is streamed through a model: notes on odd values, and a live line."""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ravine.cli.output import console, say
from ravine.errors import DataWarning

if TYPE_CHECKING:
    from ravine.tables.chunks import Chunk, TableChunks
    from ravine.tables.schema import TableSchema
    from ravine.tables.values import Unread

__all__ = ["stream_table"]

_PATIENCE = 0.5
"""Seconds before the live line is shown; most tables take less."""


@contextmanager
def stream_table(
    path: str, schema: TableSchema, *, with_target: bool = False, live: bool = True
) -> Iterator[Iterator[Chunk]]:
    """Open a table for a model, to be read piece by piece.

    Columns that are not used are named at the beginning, categories that the model does not know
    counted at the end, on standard error.

    Parameters
    ----------
    path : str
        The table's file.
    schema : TableSchema
        The model's schema.
    with_target : bool, default False
        Whether the target's column is needed.
    live : bool, default True
        Whether a terminal may show a live line.

    Yields
    ------
    iterator of Chunk
        The rows.

    Raises
    ------
    FileError, DataError
        If the table cannot be read, or lacks columns.
    """
    from ravine.tables.chunks import TableChunks
    from ravine.tables.text.interpreting import said_of_unread

    unseen: Counter[str] = Counter()
    unread: dict[str, Unread] = {}

    def chunks() -> Iterator[Chunk]:
        for chunk in table:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)  # said once, for all chunks
                yield chunk
            unseen.update(schema.unseen(chunk.frame))
            _count(unread, schema.unread(chunk.frame), chunk)
            show(table)

    with TableChunks(path, schema, with_target=with_target) as table:
        _say_unused(table.names, schema)
        with _live_line(live) as show:
            yield chunks()
    _say_unseen(unseen)
    for sentence in said_of_unread(unread):
        say(f"note: {sentence}")


def _count(total: dict[str, Unread], some: dict[str, Unread], chunk: Chunk) -> None:
    """Count texts among numbers over the chunks of a file."""
    for name, found in some.items():
        first = total.get(name) or replace(found, count=0, row=chunk.places[found.row - 1] + 1)
        total[name] = replace(first, count=first.count + found.count)


def _say_unused(names: list[str], schema: TableSchema) -> None:
    from ravine.ground.text import plural

    used = {column.name for column in schema.columns} | set(schema.left_out)
    if schema.target is not None:
        used.add(schema.target.name)
    unused = [repr(name) for name in names if name not in used]
    if unused:
        few = ", ".join(unused[:8]) + (" …" if len(unused) > 8 else "")
        say(f"note: {plural(len(unused), 'column')} not used: {few}")


def _say_unseen(unseen: Counter[str]) -> None:
    from ravine.ground.text import plural

    for name, count in unseen.items():
        say(
            f"note: column {name!r}: {plural(count, 'value')} of categories that training never "
            "or hardly saw; treated as unknown"
        )


@contextmanager
def _live_line(wanted: bool) -> Iterator[Callable[[TableChunks], None]]:
    """Show the progress of reading, if it takes long enough."""
    if not wanted or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as TimeLeftColumn

    progress = Progress(
        BarColumn(bar_width=20),
        TextColumn("{task.fields[rows]} rows"),
        TextColumn("{task.fields[rate]} rows/s", style="cyan"),
        TimeElapsedColumn(),
        TextColumn("elapsed", style="dim"),
        TimeLeftColumn(compact=True),
        TextColumn("left", style="dim"),
        console=console(sys.stderr),
        transient=True,
    )
    task = progress.add_task("", total=1.0, rows="0", rate="0")
    started = time.perf_counter()

    def show(table: TableChunks) -> None:
        seconds = time.perf_counter() - started
        if seconds > _PATIENCE:
            progress.start()
            rate = f"{table.rows_read / seconds:,.0f}"
            rows = f"{table.rows_read:,}"
            progress.update(task, completed=table.share_read, rows=rows, rate=rate)

    try:
        yield show
    finally:
        progress.stop()
