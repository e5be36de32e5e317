"""What the files of all estimators share: how they hold parameters, classes and names."""

from __future__ import annotations

import os
import warnings
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import SpecError
from ravine.ground.packages import needs
from ravine.models.file import write_model_file

__all__ = [
    "NamedArrays",
    "SavableEstimator",
    "check_parameters",
    "classes_from_document",
    "classes_to_document",
    "field",
    "listed",
    "names_from_document",
    "plain",
]

NamedArrays = Mapping[str, NDArray[Any]]

_LABEL_TYPES = {"str", "object", "bool", "float64", "float32", "float16"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class SavableEstimator:
    """Saves a fitted estimator, and restores it from a file."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one safetensors file, completely or not at all.

        The file holds parameters, weights and everything else that was learnt, and no code:
        parameters that are custom functions or objects, and generators of random numbers, are
        left out with a warning. The optimizer's state between two calls of ``partial_fit`` is left
        out, too. `ravine.load` restores the estimator; its predictions are the same to the last
        bit.

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"model.safetensors"``.

        Raises
        ------
        FileError
            If the file cannot be written; a former file is then unchanged.
        """
        needs("Saving an estimator", "sklearn")
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        parameters, left_out = {}, []
        for name, value in self.get_params(deep=False).items():  # type: ignore[attr-defined]
            try:
                parameters[name] = self._parameter_to_document(name, value)
            except SpecError:
                left_out.append(name)
        if left_out:
            warnings.warn(
                f"{', '.join(left_out)} of {type(self).__name__} holds code or a generator, which "
                "ravine's files do not hold: the loaded estimator has the default there.",
                UserWarning,
                stacklevel=2,
            )
        document, arrays = self._to_parts(parameters)
        write_model_file(path, document, arrays)

    @staticmethod
    @abstractmethod
    def _parameter_to_document(name: str, value: Any) -> Any:
        """Write a parameter as plain data; SpecError if that is impossible."""

    @abstractmethod
    def _to_parts(self, parameters: dict[str, Any]) -> tuple[dict[str, Any], NamedArrays]:
        """Give the document and the arrays of a file."""

    @classmethod
    @abstractmethod
    def _restore(cls, document: Mapping[str, Any], arrays: NamedArrays) -> Any:
        """Make the estimator from the contents of a file, after checking all of them."""


def plain(value: Any) -> Any:
    """Write a value as plain data.

    Parameters
    ----------
    value : object
        Text, a number, a boolean, None, or a list, tuple or array of them.

    Returns
    -------
    object
        The same, with Python's types only.

    Raises
    ------
    SpecError
        If it is anything else.

    Examples
    --------
    >>> plain((1, np.float64(0.5), np.array(["a"])))
    [1, 0.5, ['a']]
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise SpecError(f"{type(value).__name__} is not plain data.")


def check_parameters(kind: type[Any], described: Iterable[str]) -> None:
    """Refuse parameters that an estimator does not have."""
    unknown = set(described) - set(kind().get_params(deep=False))
    if unknown:
        raise SpecError(f"{kind.__name__} has no parameter {min(unknown)!r:.60}.")


def field(document: Mapping[str, Any], name: str, kind: type) -> Any:
    """Read a value of a document.

    Parameters
    ----------
    document : mapping
        Parts of a file.
    name : str
        The value's name.
    kind : type
        Its type; whole numbers are accepted for a float.

    Returns
    -------
    object
        The value.

    Raises
    ------
    SpecError
        If it is missing or of another type.

    Examples
    --------
    >>> field({"epochs": 3}, "epochs", int), field({"loss": 0}, "loss", float)
    (3, 0.0)
    """
    value = document.get(name)
    if kind is float and type(value) is int:
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SpecError(f"{name!r} of the estimator must be of type {kind.__name__}.")
    return value


def listed(document: Mapping[str, Any], name: str, kind: type, without: Iterable[Any]) -> list[Any]:
    """Read a list of values of one type; files that do not have it mean ``without``."""
    found = document.get(name)
    if found is None:
        return list(without)
    if not isinstance(found, list) or not all(type(item) is kind for item in found):
        raise SpecError(f"{name!r} of the estimator must be a list of type {kind.__name__}.")
    return found


def names_from_document(document: Mapping[str, Any], name: str, n_columns: int) -> list[str] | None:
    """Read the names of columns, if there are any: as many as columns, and all different."""
    if document.get(name) is None:
        return None
    names = listed(document, name, str, ())
    if len(names) != n_columns:
        raise SpecError("The names of the columns are not as many as the columns.")
    if len(set(names)) != len(names):
        raise SpecError("The names of the columns are not all different.")
    return names


def classes_to_document(classes: NDArray[Any]) -> dict[str, Any]:
    """Write the classes of a classifier as plain data.

    Examples
    --------
    >>> classes_to_document(np.array(["a", "b"]))
    {'type': 'str', 'labels': ['a', 'b']}
    """
    labels = classes.tolist()
    if not all(isinstance(label, str | int | float) for label in labels):
        raise SpecError(
            f"Classes of the type {type(labels[0]).__name__} cannot be written to a file.",
            hint="Train on labels that are text or numbers.",
        )
    kind = "str" if classes.dtype.kind == "U" else classes.dtype.name
    return {"type": kind, "labels": labels}


def classes_from_document(described: Any) -> NDArray[Any]:
    """Read the classes of a classifier, in ascending order.

    Examples
    --------
    >>> classes_from_document({"type": "int64", "labels": [3, 5]})
    array([3, 5])
    """
    labels = described.get("labels") if isinstance(described, Mapping) else None
    if (
        not isinstance(labels, list)
        or not labels
        or not all(isinstance(label, str | int | float) for label in labels)
        or not isinstance(described.get("type"), str)
        or described["type"] not in _LABEL_TYPES
    ):
        raise SpecError("The classes of the estimator cannot be read.")
    try:
        classes = np.array(labels, dtype=described["type"])
        ordered = bool((classes[:-1] < classes[1:]).all())
    except (TypeError, ValueError, OverflowError) as error:
        raise SpecError(f"The classes of the estimator cannot be read: {error}.") from error
    if classes.tolist() != labels or not ordered:
        raise SpecError("The classes of the estimator must be different, and in order.")
    return classes
