"""The family of errors that ravine raises.

Every message names the thing, the rule, the value and, where it is known, the cure. ``hint`` is the
next thing to try; the command line prints it on a line of its own.
"""

from __future__ import annotations

from .printable import screenful

__all__ = [
    "DataError",
    "DataWarning",
    "DivergenceError",
    "FileError",
    "ParameterError",
    "RavineError",
    "SpecError",
]


class RavineError(Exception):
    """The base of every error that ravine raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong: the thing, the rule and the value. A message longer than a screen is cut in
        the middle.
    hint : str, optional
        The next thing to try.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(screenful(message))
        self.hint = hint


class ParameterError(RavineError, ValueError):
    """A parameter of a network, a recipe or a function breaks its rule."""


class SpecError(RavineError, ValueError):
    """A description of a network or a recipe (a dictionary or a file) cannot be read."""


class DataError(RavineError, ValueError):
    """The data cannot be trained on, predicted from or evaluated."""


class DataWarning(UserWarning):
    """Something of a table is not learnt as it stands there: the column, the row and the cure."""


class DivergenceError(RavineError, ArithmeticError, ValueError):
    """A run's loss or weights became infinite or not a number."""


class FileError(RavineError, OSError):
    """A file cannot be read or written, or is not what it claims to be."""
