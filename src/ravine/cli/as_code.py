"""Values as Python that makes them again."""

from __future__ import annotations

from typing import Any

__all__ = ["as_code"]


def as_code(value: Any) -> str:
    """Write a value as Python that makes it again.

    Parameters
    ----------
    value : object
        A description, plain data, or a list of such.

    Returns
    -------
    str
        An expression, with ravine as ``rv``.

    Examples
    --------
    >>> import ravine as rv
    >>> as_code([rv.L2(0.1), None])
    "[rv.L2.from_dict({'kind': 'L2', 'alpha': 0.1, 'include_bias': False}), None]"
    """
    from ravine.specs.spec import Spec

    if isinstance(value, Spec):
        return f"rv.{type(value).__name__}.from_dict({value.to_dict()!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(as_code, value))}]"
    return repr(value)
