"""Words: counts with their nouns, and untrusted text made safe to show."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["choice", "plural", "printable", "screenful"]

_MOST = 2000
"""Characters of an error's message: about a screenful."""


def printable(text: str) -> str:
    r"""Escape characters that a terminal would obey: control characters and direction marks.

    Parameters
    ----------
    text : str
        Any text. Its line breaks stay.

    Returns
    -------
    str
        The text; a character that is not printable (`str.isprintable`) is written as an escape.

    Examples
    --------
    >>> print(printable("price" + chr(27) + "[31m"))
    price\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def screenful(text: str) -> str:
    """Cut a message in the middle if it is longer than a screen.

    Parameters
    ----------
    text : str
        The message.

    Returns
    -------
    str
        At most 2,000 characters, and a note that says how many are left out.

    Examples
    --------
    >>> len(screenful("x" * 10**6))
    2035
    """
    if len(text) <= _MOST:
        return text
    left_out = f" … ({len(text) - _MOST:,} characters left out) … "
    return text[: _MOST // 2] + left_out + text[-_MOST // 2 :]


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "row"), plural(8645, "row"), plural(2, "class", "classes")
    ('1 row', '8,645 rows', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def choice(names: Iterable[str], joint: str = "or") -> str:
    """Join names as in a sentence.

    Examples
    --------
    >>> choice(["adam", "sgd", "lbfgs"]), choice(["l1", "l2"], "and")
    ('adam, sgd or lbfgs', 'l1 and l2')
    """
    *first, last = names
    return f"{', '.join(first)} {joint} {last}" if first else last
