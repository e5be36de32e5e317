"""The family of errors that ravine raises.

Every message names the thing, the rule, the value and, if known, the cure. ``hint`` is the
next thing to try; the command line prints it on a separate line.
"""

from __future__ import annotations

from typing import Any

from ravine.ground.text import screenful

__all__ = [
    "DataError",
    "DataWarning",
    "DivergenceError",
    "FileError",
    "MissingPackageError",
    "ParameterError",
    "RavineError",
    "SpecError",
    "WorkerError",
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
    """Part of a table is not learnt exactly as it is: names the column, the row and the cure."""


class DivergenceError(RavineError, ArithmeticError, ValueError):
    """A run's loss or weights became infinite or not a number.

    Parameters
    ----------
    message : str
        What became infinite or NaN, and when.
    hint : str, optional
        The next thing to try.
    model : Model, optional
        The result of the run, as `ravine.train_many` gives it, with the history up to the end. Its
        weights are those of the best epoch (``model.best_epoch``) if the recipe has early stopping,
        else the last ones, which need not be finite. None if no network was trained.
    """

    def __init__(self, message: str, *, hint: str | None = None, model: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.model = model


class FileError(RavineError, OSError):
    """A file cannot be read or written, or is not what it claims to be."""


class MissingPackageError(RavineError, ImportError):
    """A package that is needed for this task is not installed."""


class WorkerError(RavineError, RuntimeError):
    """A worker of an executor cannot do its part: it died twice at a run, or has another version.

    Parameters
    ----------
    message : str
        Which run or worker, and what happened.
    hint : str, optional
        The next thing to try.
    models : dict of int to Model, optional
        From `ravine.train_many`: the models of the runs that had ended, by the job's number.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, models: dict[int, Any] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.models = {} if models is None else models
