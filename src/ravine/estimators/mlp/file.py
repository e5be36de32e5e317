"""A fitted MLP as one safetensors file, and back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import check_is_fitted

from ravine.errors import SpecError
from ravine.estimators.mlp.recipe import layer_sizes
from ravine.estimators.mlp.targets import Labels
from ravine.models.file import write_model_file
from ravine.models.model import Model
from ravine.specs.augmentation import Augmentation
from ravine.specs.layers import Layer
from ravine.specs.losses import Loss
from ravine.specs.optimizers import Optimizer
from ravine.specs.schedules import Schedule
from ravine.specs.spec import Spec

__all__ = ["SavedMLP"]

#: The families of parameters that can be descriptions.
_FAMILIES: dict[str, type[Spec]] = {
    "activation": Layer,
    "solver": Optimizer,
    "learning_rate_init": Schedule,
    "loss": Loss,
    "augmentation": Augmentation,
}
_SPEC, _PAIRS = "$description", "$pairs"
_CURVES = ("loss_curve_", "validation_scores_")
_NUMBERS = ("loss_", "best_loss_", "best_validation_score_")
_COUNTS = ("n_iter_", "t_", "_no_improvement_count")
_LABEL_TYPES = {"str", "object", "bool", "float64", "float32", "float16"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}

Arrays = Mapping[str, NDArray[Any]]


class SavedMLP:
    """What saves a fitted MLP, and makes it of what a file holds."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator into one safetensors file, whole or not at all.

        The file holds parameters, weights and history, and no code: parameters that are functions
        or objects of one's own, and generators of random numbers, are left out with a warning. What
        an optimizer remembers between two calls of ``partial_fit`` is left out, too.

        Parameters
        ----------
        path : str or path-like
            The file; `ravine.load` gives the estimator back.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        check_is_fitted(self)
        _write(self, path)

    @classmethod
    def _restore(cls, document: Mapping[str, Any], arrays: Arrays) -> Any:
        """Make the estimator of what a file holds, after checking all of it."""
        return _restored(cls, document, arrays)


def _write(estimator: Any, path: str | os.PathLike[str]) -> None:
    document, arrays = estimator.model_.to_parts()
    parameters, left_out = {}, []
    for name, value in estimator.get_params(deep=False).items():
        try:
            parameters[name] = _plain(value)
        except SpecError:
            left_out.append(name)
    if left_out:
        warnings.warn(
            f"{', '.join(left_out)} of {type(estimator).__name__} holds code or a generator, which "
            "no file of ravine's carries: what is loaded has the default there.",
            UserWarning,
            stacklevel=3,
        )
    names = getattr(estimator, "feature_names_in_", None)
    learnt: dict[str, Any] = {
        name: getattr(estimator, name)
        for name in (*_NUMBERS, *_COUNTS)
        if getattr(estimator, name, None) is not None
    }
    learnt["feature_names"] = None if names is None else names.tolist()
    if is_classifier(estimator):
        learnt["labels"] = _labels_to_document(estimator._labels)
    for name in _CURVES:
        if getattr(estimator, name, None) is not None:
            arrays[name] = np.asarray(getattr(estimator, name), dtype=np.float64)
    document |= {
        "estimator": type(estimator).__name__,
        "parameters": parameters,
        "learnt": learnt,
    }
    write_model_file(path, document, arrays)


def _restored(kind: type, document: Mapping[str, Any], arrays: Arrays) -> Any:
    estimator = _unfitted(kind, _field(document, "parameters", dict))
    learnt = _field(document, "learnt", dict)
    model = Model.from_parts(document, {k: a for k, a in arrays.items() if k not in _CURVES})
    estimator.n_features_in_ = model.input_shape[0]
    if is_classifier(estimator):
        estimator._labels = labels = _labels_from_document(_field(learnt, "labels", dict))
        estimator.classes_, estimator.n_outputs_ = labels.classes, labels.n_outputs
        if (labels.kind == "multilabel") != (model.classes is None):
            raise SpecError("The labels of the estimator do not suit its network.")
    named = model.parameters
    dense = [name for name in named if name.startswith("dense_") and name.endswith(".weight")]
    coefs = [np.array(named[name]) for name in dense]
    intercepts = [np.array(named[name.replace(".weight", ".bias")]) for name in dense]
    if not is_classifier(estimator):
        estimator.n_outputs_ = coefs[-1].shape[1] if coefs else 0
    sizes = [*layer_sizes(estimator.hidden_layer_sizes), estimator.n_outputs_]
    chain = [estimator.n_features_in_, *sizes]
    if len(model.input_shape) != 1 or [coef.shape for coef in coefs] != list(pairwise(chain)):
        raise SpecError("The network of the estimator does not have the layers that it names.")
    estimator._model, estimator._memory = model, None
    estimator.coefs_, estimator.intercepts_ = coefs, intercepts
    estimator.n_layers_ = len(chain)
    estimator.out_activation_ = estimator._out_activation()
    _restore_progress(estimator, learnt, arrays)
    names = learnt.get("feature_names")
    if names is not None:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise SpecError("The names of the columns must be text.")
        if len(names) != estimator.n_features_in_:
            raise SpecError("The names of the columns are not as many as the columns.")
        estimator.feature_names_in_ = np.asarray(names, dtype=object)
    return estimator


def _restore_progress(estimator: Any, learnt: Mapping[str, Any], arrays: Arrays) -> None:
    for name in _COUNTS:
        if name in learnt:
            setattr(estimator, name, _field(learnt, name, int))
    for name in _NUMBERS:
        if name in learnt:
            setattr(estimator, name, _field(learnt, name, float))
    for name in _CURVES:
        if name in arrays:
            if arrays[name].ndim != 1 or arrays[name].dtype != np.float64:
                raise SpecError(f"The array {name!r} is no curve.")
            setattr(estimator, name, arrays[name].tolist())
    if "loss_curve_" in arrays:  # of mini-batches: what does not apply is None
        for name in ("best_loss_", "best_validation_score_", "validation_scores_"):
            if not hasattr(estimator, name):
                setattr(estimator, name, None)


# --- Parameters ----------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Write a parameter as plain data; SpecError where it is none."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Spec):
        return {_SPEC: value.to_dict()}
    if isinstance(value, Mapping):
        return {_PAIRS: [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise SpecError(f"{type(value).__name__} is no plain data.")


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_parameter(name, item) for item in value)
    if not isinstance(value, dict):
        return value
    if set(value) == {_SPEC} and name in _FAMILIES and isinstance(value[_SPEC], dict):
        return _FAMILIES[name].from_dict(value[_SPEC])
    if set(value) == {_PAIRS}:
        try:
            return dict(value[_PAIRS])
        except (TypeError, ValueError) as error:
            raise SpecError(f"The parameter {name!r:.60} cannot be read.") from error
    raise SpecError(f"The parameter {name!r:.60} cannot be read.")


def _unfitted(kind: type, described: Mapping[str, Any]) -> Any:
    """Make an estimator of parameters, checked as those of any other are."""
    estimator = kind()
    unknown = set(described) - set(estimator.get_params(deep=False))
    if unknown:
        raise SpecError(f"{kind.__name__} has no parameter {min(unknown)!r:.60}.")
    estimator.set_params(**{name: _parameter(name, value) for name, value in described.items()})
    try:
        estimator._validate_params()
    except InvalidParameterError as error:
        raise SpecError(str(error)) from error
    return estimator


# --- Labels --------------------------------------------------------------------------------------


def _labels_to_document(labels: Labels) -> dict[str, Any]:
    classes = labels.classes
    if not all(isinstance(label, str | int | float) for label in classes.tolist()):
        raise SpecError(
            f"Classes of type {classes.dtype} cannot be written to a file.",
            hint="Train on labels that are text or numbers.",
        )
    return {
        "kind": labels.kind,
        "sparse": labels.sparse,
        "type": "str" if classes.dtype.kind == "U" else classes.dtype.name,
        "labels": classes.tolist(),
    }


def _labels_from_document(described: Mapping[str, Any]) -> Labels:
    kind, values = described.get("kind"), described.get("labels")
    if (
        kind not in ("binary", "multiclass", "multilabel")
        or not isinstance(described.get("type"), str)
        or described["type"] not in _LABEL_TYPES
        or not isinstance(values, list)
        or not values
        or not all(isinstance(value, str | int | float) for value in values)
    ):
        raise SpecError("The labels of the estimator cannot be read.")
    try:
        classes = np.array(values, dtype=described["type"])
        ordered = bool((classes[:-1] < classes[1:]).all())
    except (TypeError, ValueError, OverflowError) as error:
        raise SpecError(f"The labels of the estimator cannot be read: {error}.") from error
    few = len(values) <= 2
    if (
        not ordered
        or classes.tolist() != values
        or (kind != "multilabel" and few != (kind == "binary"))
    ):
        raise SpecError("The labels of the estimator do not fit together.")
    return Labels(kind, classes, _field(described, "sparse", bool))


def _field(document: Mapping[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if kind is float and type(value) is int:
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SpecError(f"{name!r} of the estimator must be of type {kind.__name__}.")
    return value
