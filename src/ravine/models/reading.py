"""Models of arrays, read from their files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ravine.errors import FileError, RavineError, SpecError
from ravine.models.file import read_model_file
from ravine.models.model import Model

__all__ = ["read_model", "usable"]


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model of arrays; `ravine.load` reads whatever ravine saved.

    Parameters
    ----------
    path : str or path-like
        A model file, or a checkpoint, which gives the model of its best weights so far.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    FileError
        If the file cannot be read, is truncated, damaged, or holds no model of arrays.

    Examples
    --------
    >>> read_model("nowhere.safetensors")
    Traceback (most recent call last):
    ravine.errors.FileError: Cannot read 'nowhere.safetensors': there is no such file or folder.
    """
    document, arrays = read_model_file(path)
    with usable(path):
        if "schema" in document:
            raise SpecError("it is the model of a table, which takes columns, not arrays.")
        return Model.from_parts(document, arrays)


@contextlib.contextmanager
def usable(path: str | os.PathLike[str], noun: str = "model") -> Iterator[None]:
    """Name the file, and the cure, in an error about what it holds."""
    try:
        yield
    except RavineError as error:
        raise FileError(
            f"{os.fspath(path)!r} holds no {noun} that this ravine can use: {error}",
            hint=f"Train and save the {noun} again.",
        ) from error
