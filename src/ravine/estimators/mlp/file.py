"""A fitted MLP as one safetensors file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils._param_validation import InvalidParameterError

from ravine.errors import SpecError
from ravine.estimators.mlp.recipe import layer_sizes
from ravine.estimators.mlp.targets import Labels
from ravine.estimators.saved import (
    NamedArrays,
    SavableEstimator,
    check_parameters,
    classes_from_document,
    classes_to_document,
    field,
    names_from_document,
    plain,
)
from ravine.models.model import Model
from ravine.specs.augmentation import Augmentation
from ravine.specs.layers import Layer
from ravine.specs.losses import Loss
from ravine.specs.optimizers import Optimizer
from ravine.specs.schedules import Schedule
from ravine.specs.spec import Spec
from ravine.specs.stand_ins import as_saved

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


class SavedMLP(SavableEstimator):
    """Saves a fitted MLP, and restores it from a file."""

    @staticmethod
    def _parameter_to_document(name: str, value: Any) -> Any:
        return _written(value)

    def _to_parts(self, parameters: dict[str, Any]) -> tuple[dict[str, Any], NamedArrays]:
        return _parts_of(self, parameters)

    @classmethod
    def _restore(cls, document: Mapping[str, Any], arrays: NamedArrays) -> Any:
        return _restored(cls, document, arrays)


def _parts_of(
    estimator: Any, parameters: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    document, arrays = estimator.model_.to_parts()
    names = getattr(estimator, "feature_names_in_", None)
    learnt: dict[str, Any] = {
        name: getattr(estimator, name)
        for name in (*_NUMBERS, *_COUNTS)
        if getattr(estimator, name, None) is not None
    }
    learnt["feature_names"] = None if names is None else names.tolist()
    if is_classifier(estimator):
        labels = estimator._labels
        described = {"kind": labels.kind, "sparse": labels.sparse}
        learnt["labels"] = described | classes_to_document(labels.classes)
    for name in _CURVES:
        if getattr(estimator, name, None) is not None:
            arrays[name] = np.asarray(getattr(estimator, name), dtype=np.float64)
    document |= {
        "estimator": type(estimator).__name__,
        "parameters": parameters,
        "learnt": learnt,
    }
    return document, arrays


def _restored(kind: type, document: Mapping[str, Any], arrays: NamedArrays) -> Any:
    estimator = _unfitted(kind, field(document, "parameters", dict))
    learnt = field(document, "learnt", dict)
    model = Model.from_parts(document, {k: a for k, a in arrays.items() if k not in _CURVES})
    estimator.n_features_in_ = model.input_shape[0]
    if is_classifier(estimator):
        estimator._labels = labels = _labels(field(learnt, "labels", dict))
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
    names = names_from_document(learnt, "feature_names", estimator.n_features_in_)
    if names is not None:
        estimator.feature_names_in_ = np.asarray(names, dtype=object)
    return estimator


def _restore_progress(estimator: Any, learnt: Mapping[str, Any], arrays: NamedArrays) -> None:
    for name in _COUNTS:
        if name in learnt:
            setattr(estimator, name, field(learnt, name, int))
    for name in _NUMBERS:
        if name in learnt:
            setattr(estimator, name, field(learnt, name, float))
    for name in _CURVES:
        if name in arrays:
            if arrays[name].ndim != 1 or arrays[name].dtype != np.float64:
                raise SpecError(f"The array {name!r} is not a curve.")
            setattr(estimator, name, arrays[name].tolist())
    if "loss_curve_" in arrays:  # of mini-batches: what does not apply is None
        for name in ("best_loss_", "best_validation_score_", "validation_scores_"):
            if not hasattr(estimator, name):
                setattr(estimator, name, None)


# --- Parameters ----------------------------------------------------------------------------------


def _written(value: Any) -> Any:
    """Write a parameter as plain data: descriptions, mappings and lists of them as well."""
    if isinstance(value, Spec):
        return {_SPEC: as_saved(value)}
    if isinstance(value, Mapping):
        return {_PAIRS: [[_written(key), _written(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return plain(value)


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
    """Make an estimator from parameters, with the usual checks."""
    check_parameters(kind, described)
    estimator = kind()
    estimator.set_params(**{name: _parameter(name, value) for name, value in described.items()})
    try:
        estimator._validate_params()
    except InvalidParameterError as error:
        raise SpecError(str(error)) from error
    return estimator


def _labels(described: Mapping[str, Any]) -> Labels:
    """Make the labels of a classifier."""
    kind, classes = described.get("kind"), classes_from_document(described)
    if kind not in ("binary", "multiclass", "multilabel"):
        raise SpecError("The kind of labels of the estimator is not known.")
    if kind != "multilabel" and (len(classes) <= 2) != (kind == "binary"):
        raise SpecError("The classes of the estimator do not suit their kind.")
    return Labels(kind, classes, field(described, "sparse", bool))
