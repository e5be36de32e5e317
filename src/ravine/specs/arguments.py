"""Descriptions with an ordinary ``__init__``: they are what they were made with.

A subclass that a user writes need not be a dataclass. Its arguments are kept as it is made; by
them it is compared, hashed, shown and changed, as a dataclass is by its fields.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any

__all__ = ["ARGUMENTS", "KEY", "keeping_arguments", "parameters_of", "rebuilt", "settle"]

#: The attributes that hold what a description was made with, and what it is compared by.
ARGUMENTS, KEY = "_arguments", "_key"


def keeping_arguments(init: Callable[..., None]) -> Callable[..., None]:
    """Have an ``__init__`` keep what it is called with, and check and lock the finished object.

    Parameters
    ----------
    init : function
        The ``__init__`` that the user wrote.

    Returns
    -------
    function
        What takes its place.
    """
    signature = inspect.signature(init)

    @functools.wraps(init)
    def keeping(self: Any, *args: Any, **kwargs: Any) -> None:
        if ARGUMENTS in vars(self):  # called by the __init__ of a subclass
            init(self, *args, **kwargs)
            return
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}(...): {error}.") from None
        bound.apply_defaults()
        settle(self, ARGUMENTS, dict(list(bound.arguments.items())[1:]))
        init(self, *args, **kwargs)
        self.__post_init__()
        settle(self, KEY, _key(self))

    return keeping


def settle(spec: Any, name: str, value: Any) -> None:
    """Set an attribute of a description that is being made."""
    object.__setattr__(spec, name, value)


def parameters_of(kind: type) -> Mapping[str, inspect.Parameter]:
    """Give what the ``__init__`` of a class takes, without self."""
    parameters = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    return dict(list(parameters.items())[1:])


def rebuilt(spec: Any, changes: Mapping[str, Any]) -> Any:
    """Make a description anew from its arguments, some of them changed."""
    signature = inspect.signature(type(spec).__init__)
    first = next(iter(signature.parameters))
    values = {first: None} | vars(spec)[ARGUMENTS] | changes
    bound = inspect.BoundArguments(signature, values)
    return type(spec)(*bound.args[1:], **bound.kwargs)


def _key(spec: Any) -> Hashable:
    """Give what a description is compared by: its arguments, in a form that can be hashed."""
    key = tuple((name, _frozen(value)) for name, value in vars(spec)[ARGUMENTS].items())
    try:
        hash(key)
    except TypeError as error:
        raise TypeError(
            f"{type(spec).__name__} cannot be compared by its arguments: {error}. They may be "
            "numbers, texts, functions, arrays, and lists and dictionaries of them."
        ) from None
    return key


def _frozen(value: Any) -> Hashable:
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(_frozen, value))
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, set):
        return frozenset(value)
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):  # an array
        return (value.shape, value.dtype.str, value.tobytes())
    return value  # type: ignore[no-any-return]
