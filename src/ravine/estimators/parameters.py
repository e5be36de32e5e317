"""Docstrings of estimators, written once: what a class documents, its subclasses document too."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["documented", "documented_like"]

_TITLE = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_ENTRY = re.compile(r"^(?=\w)", re.MULTILINE)
#: The sections of a docstring: those inherited entry by entry, and those inherited whole.
_BY_ENTRY = ("Parameters", "Attributes")
_TOGETHER = ("Notes", "References")
#: The order of all of them.
_ORDER = ("Parameters", "Attributes", "Returns", "Raises", "Warns", *_TOGETHER, "Examples")

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def documented(cls: type[T]) -> type[T]:
    """Add the documentation of a class's bases to its own docstring.

    Parameters and attributes are taken from the bases if the class does not document them itself;
    parameters are in the order of the signature. Notes and references of the bases come before its
    own. Examples are not inherited.

    Parameters
    ----------
    cls : type
        The class; bases outside ravine do not count.

    Returns
    -------
    type
        The same class.

    Examples
    --------
    >>> class Base:
    ...     '''What both share.
    ...
    ...     Parameters
    ...     ----------
    ...     alpha : float
    ...         Strength.
    ...     '''
    >>> @documented
    ... class Leaf(Base):
    ...     '''A leaf.
    ...
    ...     Parameters
    ...     ----------
    ...     beta : float
    ...         Decay.
    ...     '''
    ...
    ...     def __init__(self, alpha, beta):
    ...         pass
    >>> [line for line in Leaf.__doc__.splitlines() if ":" in line]
    ['alpha : float', 'beta : float']
    """
    if cls.__doc__ is None:  # python -OO has none
        return cls
    own, *inherited = [
        _sections(text)
        for base in cls.__mro__
        if base is cls or _is_ours(base)
        if (text := base.__dict__.get("__doc__"))
    ]
    every = (own, *inherited)
    for name in _BY_ENTRY:
        own[name] = _merged([sections.get(name, "") for sections in every], cls)
    for name in _TOGETHER:
        own[name] = "\n".join(part[name] for part in reversed(every) if part.get(name))
    cls.__doc__ = _written(own)
    return cls


def documented_like(source: Callable[..., Any]) -> Callable[[F], F]:
    """Copy the documentation of a method's parameters into the docstring of another method.

    Parameters
    ----------
    source : callable
        The method that documents parameters of the same names.

    Returns
    -------
    callable
        A decorator; parameters that its method documents itself are not changed.

    Examples
    --------
    >>> def fit(X):
    ...     '''Learn.
    ...
    ...     Parameters
    ...     ----------
    ...     X : array
    ...         Rows.
    ...     '''
    >>> @documented_like(fit)
    ... def predict(X):
    ...     '''Predict.'''
    >>> "X : array" in predict.__doc__
    True
    """

    def write(method: F) -> F:
        if method.__doc__ is None:  # python -OO has none
            return method
        own, other = (_sections(f.__doc__ or "") for f in (method, source))
        texts = [part.get("Parameters", "") for part in (own, other)]
        entries = _merged(texts, method, known_alone=True)
        method.__doc__ = _written(own | {"Parameters": entries})
        return method

    return write


def _is_ours(base: type) -> bool:
    return base.__module__.partition(".")[0] in ("ravine", "__main__")


def _sections(text: str) -> dict[str, str]:
    """Divide a docstring by its titles; the text above the first one has the title ''."""
    above, *parts = _TITLE.split(inspect.cleandoc(text))
    found = {"": above.strip()}
    return found | {t: part.strip() for t, part in zip(parts[::2], parts[1::2], strict=True)}


def _written(sections: dict[str, str]) -> str:
    """Put a docstring together."""
    parts = [
        f"{name}\n{'-' * len(name)}\n{sections[name]}" for name in _ORDER if sections.get(name)
    ]
    return "\n\n".join([sections[""], *parts])


def _merged(texts: list[str], thing: Callable[..., Any], *, known_alone: bool = False) -> str:
    """Merge entries, the first of a name, in the signature's order; perhaps those of it alone."""
    entries: dict[str, str] = {}
    for text in texts:
        for entry in filter(None, _ENTRY.split(text)):
            entries.setdefault(entry.partition(" : ")[0], entry.strip())
    order = list(inspect.signature(thing).parameters)

    def place(names: str) -> int:
        first = names.partition(",")[0]
        return order.index(first) if first in order else len(order)

    kept = [names for names in entries if not known_alone or place(names) < len(order)]
    return "\n".join(entries[names] for names in sorted(kept, key=place))
