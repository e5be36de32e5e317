"""Results on standard output, messages on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ravine.errors import MissingPackageError
from ravine.ground.packages import needs
from ravine.ground.text import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "can_draw",
    "console",
    "json_text",
    "note",
    "number",
    "print_json",
    "print_table",
    "say",
    "show",
]

_WIDTH_WITHOUT_TERMINAL = 100


def console(stream: TextIO) -> Console:
    """Make a console for a stream; colours and live lines are for terminals, NO_COLOR honoured.

    Examples
    --------
    >>> import io
    >>> console(io.StringIO()).is_terminal
    False
    """
    from rich.console import Console

    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)


def say(message: str, *, style: str | None = None, word: int = 0) -> None:
    """Say something on standard error, in one line; ``style`` is for its first ``word`` characters.

    Examples
    --------
    >>> say("note: all is well")
    """
    message = printable(message)
    if not sys.stderr.isatty():  # this does not need rich
        sys.stderr.write(message + "\n")
        return
    from rich.text import Text

    text = Text(message)
    if style:
        text.stylize(style, 0, word)
    console(sys.stderr).print(text, soft_wrap=True)


def can_draw(picture: str) -> bool:
    """Whether pictures can be drawn. If not, say so of this one, and what to install.

    Examples
    --------
    >>> can_draw("learning_curve.png")
    True
    """
    try:
        needs(picture, "matplotlib")
    except MissingPackageError as missing:
        say(f"note: {missing}")
        return False
    return True


def show(text: str = "", *, style: str | None = None, wrap: bool = False) -> None:
    """Show text on standard output; its lines are broken at the width of the terminal if asked.

    Examples
    --------
    >>> show("all is well")
    all is well
    """
    console(sys.stdout).print(printable(text), style=style, soft_wrap=not wrap)


def print_json(result: Mapping[str, Any]) -> None:
    """Print a result as JSON; numbers that JSON cannot express become null.

    Examples
    --------
    >>> print_json({"loss": float("nan"), "rows": 3})
    {"loss": null, "rows": 3}
    """
    sys.stdout.write(json_text(_plain(result)) + "\n")


def json_text(value: Any) -> str:
    """Write JSON that is safe to show: characters that are not printable are escaped.

    Examples
    --------
    >>> json_text({"é": 1})
    '{"é": 1}'
    """
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    note: str | None = None,
    texts: int = 1,
) -> None:
    """Print a table; the first columns (``texts`` of them) are text, the others numbers.

    Numbers are never cut: if the terminal is narrow, a cell continues in the next line.

    Examples
    --------
    >>> print_table("pets", ["kind", "count"], [["cats", "3"]])
    pets
    ╭──────┬───────╮
    │ kind │ count │
    ├──────┼───────┤
    │ cats │     3 │
    ╰──────┴───────╯
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.ROUNDED, header_style="bold")
    for position, column in enumerate(columns):
        if position < texts:
            table.add_column(printable(column), no_wrap=True)
            continue
        words = " ".join([column, *(row[position] for row in rows)]).split()
        longest = max(map(len, words), default=1)
        table.add_column(printable(column), justify="right", min_width=longest)
    for row in rows:
        table.add_row(*map(printable, row))
    show(title, style="bold", wrap=True)
    console(sys.stdout).print(table)
    if note:
        show(note, style="dim", wrap=True)


def note(sentence: str) -> None:
    """Print a sentence about a result, under it.

    Examples
    --------
    >>> note("All is well.")
    All is well.
    """
    show(sentence, style="dim", wrap=True)


def number(value: float | None) -> str:
    """Write a number for people: about four digits, thousands separated; a dash for none.

    Examples
    --------
    >>> [number(x) for x in (0.123456, 12.3456, 1234.5678, 2.0, None, 1e-9)]
    ['0.1235', '12.35', '1,235', '2.000', '–', '1.000e-09']
    """
    if value is None or math.isnan(value):
        return "–"
    size = abs(value)
    if not math.isfinite(value) or size >= 1e9 or 0 < size < 1e-4:
        return f"{value:.3e}"
    digits = 4 if size < 1 else max(0, 3 - math.floor(math.log10(size)))
    return f"{value:,.{digits}f}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
