"""Reading whatever ravine saved."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ravine.errors import SpecError
from ravine.models.file import read_model_file
from ravine.models.model import Model
from ravine.models.reading import usable

__all__ = ["load"]

#: Where each kind of estimator lives.
_KINDS = {
    "MLPClassifier": "ravine.estimators.mlp.estimators",
    "MLPRegressor": "ravine.estimators.mlp.estimators",
    "NeuralClassifier": "ravine.estimators.neural.classifier",
    "NeuralRegressor": "ravine.estimators.neural.regressor",
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
    if "estimator" in document:
        with usable(path, "estimator"):
            kind = document["estimator"]
            if not isinstance(kind, str) or kind not in _KINDS:
                raise SpecError(f"The kind of estimator {kind!r:.60} is not known.")
            found = getattr(importlib.import_module(_KINDS[kind]), kind)
            return found._restore(document, arrays)
    with usable(path):
        model = Model.from_parts(document, arrays)
        if "schema" not in document:
            return model
        from ravine.tables.fitted.table_model import TableModel  # a model of arrays needs no pandas

        return TableModel.from_parts(model, document["schema"])
