"""Reading whatever ravine saved."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ravine.errors import FileError, RavineError, SpecError
from ravine.model import restored
from ravine.model_file import read_model_file

__all__ = ["load"]

#: The modules that read estimators.
_READERS = {
    "MLPClassifier": "ravine.estimators.mlp_file",
    "MLPRegressor": "ravine.estimators.mlp_file",
    "NeuralClassifier": "ravine.estimators.neural_file",
    "NeuralRegressor": "ravine.estimators.neural_file",
}


def load(path: str | os.PathLike[str]) -> Any:
    """Read whatever ravine saved.

    Parameters
    ----------
    path : str or path-like
        A model file, the model file of a table, a fitted estimator, or a checkpoint.

    Returns
    -------
    Model, TableModel or estimator
        A `Model`; for a model that was trained on a table with named columns, a
        `ravine.tables.TableModel`; for an estimator, the estimator; for a checkpoint, the model of
        its best weights so far.

    Raises
    ------
    FileError
        If the file cannot be read, is truncated, damaged, or is no file of ravine's.

    Examples
    --------
    >>> load("nowhere.safetensors")
    Traceback (most recent call last):
    ravine.errors.FileError: Cannot read 'nowhere.safetensors': there is no such file or folder.
    """
    document, arrays = read_model_file(path)
    if "estimator" not in document:
        return restored(path, document, arrays)
    kind = document["estimator"]
    try:
        if not isinstance(kind, str) or kind not in _READERS:
            raise SpecError(f"The kind of estimator {kind!r:.60} is not known.")
        return importlib.import_module(_READERS[kind]).restore(document, arrays)
    except RavineError as error:
        raise FileError(
            f"{os.fspath(path)!r} holds no estimator that this ravine can use: {error}",
            hint="Train and save the estimator again.",
        ) from error
