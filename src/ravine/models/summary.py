"""What a model consists of, as a table of text or of HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from ravine.ground.text import printable

__all__ = ["Summary", "html_table", "text_table"]

_HEAD = ("layer", "kind", "output", "parameters")


class Summary(str):
    r"""Text that shows itself as it is printed, line by line, in a notebook or at the prompt.

    Examples
    --------
    >>> Summary("two\nlines")
    two
    lines
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def text_table(layers: Sequence[Mapping[str, Any]], facts: Mapping[str, str]) -> Summary:
    """Draw the layers of a network as text.

    Parameters
    ----------
    layers : sequence of dict
        The engine's: name, kind, output_shape, n_parameters.
    facts : mapping of str to str
        Lines below the table.

    Returns
    -------
    Summary
        The text.

    Examples
    --------
    >>> layer = {"name": "dense_1", "kind": "Dense", "output_shape": (2,), "n_parameters": 8}
    >>> text_table([layer], {"loss": "SquaredError()"})
    layer    kind   output  parameters
    ──────────────────────────────────
    dense_1  Dense  2                8
    ──────────────────────────────────
    loss     SquaredError()
    """
    rows = [_HEAD, *_rows(layers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(
            cell.rjust(width) if column == len(_HEAD) - 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    rule = "─" * len(lines[0])
    first = max([widths[0], *map(len, facts)])
    ends = [f"{name.ljust(first)}  {value}" for name, value in facts.items()]
    return Summary(printable("\n".join([lines[0], rule, *lines[1:], rule, *ends])))


def html_table(layers: Sequence[Mapping[str, Any]], facts: Mapping[str, str], caption: str) -> str:
    """Draw the layers of a network as an HTML table.

    Parameters
    ----------
    layers : sequence of dict
        The engine's: name, kind, output_shape, n_parameters.
    facts : mapping of str to str
        Rows below the layers.
    caption : str
        Above the table.

    Returns
    -------
    str
        The table.

    Examples
    --------
    >>> html_table([], {}, "Model").startswith("<table><caption>Model</caption>")
    True
    """
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
        for row in _rows(layers)
    )
    foot = "".join(
        f"<tr><th>{html.escape(name)}</th><td colspan='{len(_HEAD) - 1}'>"
        f"<code>{html.escape(value)}</code></td></tr>"
        for name, value in facts.items()
    )
    return printable(
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody><tfoot>{foot}</tfoot></table>"
    )


def _rows(layers: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Turn the layers into text, those inside a Residual indented."""
    return [
        (
            "  " * layer["name"].count(".") + layer["name"],
            layer["kind"],
            " × ".join(map(str, layer["output_shape"])),
            f"{layer['n_parameters']:,}",
        )
        for layer in layers
    ]
