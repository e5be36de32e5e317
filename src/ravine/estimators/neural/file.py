"""A fitted estimator as a document and arrays in one safetensors file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from ravine.errors import SpecError
from ravine.estimators.neural.calibration import Conformal
from ravine.estimators.neural.rows import made_up_names
from ravine.estimators.neural.targets import TargetScale
from ravine.estimators.saved import (
    NamedArrays,
    SavableEstimator,
    check_parameters,
    classes_from_document,
    classes_to_document,
    field,
    listed,
    names_from_document,
    plain,
)
from ravine.ground.text import plural
from ravine.models.history import History
from ravine.models.model import Model
from ravine.tables import TableSchema

__all__ = ["SavedNeural"]

_SCALE = ("shift", "spread", "lowest", "highest")
_CONFORMAL = ("centres", "below", "above")


class SavedNeural(SavableEstimator):
    """Saves a fitted estimator of tables, and restores it from a file."""

    @staticmethod
    def _parameter_to_document(name: str, value: Any) -> Any:
        if isinstance(value, Mapping):  # weights of classes
            return {"pairs": [[plain(key), plain(item)] for key, item in value.items()]}
        if name == "variants" and isinstance(value, list | tuple):
            return [{key: plain(item) for key, item in change.items()} for change in value]
        return plain(value)

    def _to_parts(self, parameters: dict[str, Any]) -> tuple[dict[str, Any], NamedArrays]:
        return _parts_of(self, parameters)

    @classmethod
    def _restore(cls, document: Mapping[str, Any], arrays: NamedArrays) -> Any:
        return _restored(cls, document, arrays)


def _parts_of(
    estimator: Any, parameters: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    arrays: dict[str, NDArray[Any]] = {}
    members = []
    for place, model in enumerate(estimator.members_):
        described, held = model.to_parts()
        members.append(described)
        arrays |= {f"members.{place}.{name}": array for name, array in held.items()}
    history = estimator.history_
    arrays |= {f"history.{name}": history[name] for name in history}
    names = getattr(estimator, "feature_names_in_", None)
    learnt: dict[str, Any] = {
        "n_features": estimator.n_features_in_,
        "feature_names": None if names is None else names.tolist(),
        "history": list(history),
        "best_epoch": history.best_epoch,
        "notes": list(estimator.notes_),
        **({} if estimator._other_names is None else {"column_names": estimator._other_names}),
        "columns": [list(columns) for columns in estimator._columns],
    }
    arrays["variant_weights"] = estimator.variant_weights_
    arrays["temperatures"] = estimator._temperatures
    if is_classifier(estimator):
        learnt["classes"] = classes_to_document(estimator.classes_)
        learnt["temperature"] = estimator.temperature_
        if len(estimator._trained_classes) < len(estimator.classes_):
            learnt["trained_classes"] = estimator._trained_classes.tolist()
    else:
        learnt["one_dimensional"] = estimator._scale.one_dimensional
        arrays |= {f"scale.{name}": getattr(estimator._scale, name) for name in _SCALE}
        for place, conformal in enumerate(estimator._conformal):
            arrays |= {f"conformal.{place}.{name}": getattr(conformal, name) for name in _CONFORMAL}
            if conformal.masses is not None:
                arrays[f"conformal.{place}.masses"] = conformal.masses
        learnt["grouped"] = any(conformal.grouped for conformal in estimator._conformal)
    document = {
        "estimator": type(estimator).__name__,
        "parameters": parameters,
        "learnt": learnt,
        "schema": estimator.schema_.to_dict(),
        "members": members,
    }
    return document, arrays


def _restored(kind: type, document: Mapping[str, Any], arrays: NamedArrays) -> Any:
    estimator = _made(kind, field(document, "parameters", dict))
    learnt = field(document, "learnt", dict)
    estimator.schema_ = TableSchema.from_dict(document.get("schema"))
    estimator.members_ = [
        Model.from_parts(_as_dict(described), _under(arrays, f"members.{place}."))
        for place, described in enumerate(field(document, "members", list))
    ]
    estimator.history_ = _history(learnt, _under(arrays, "history."))
    _restore_names(estimator, learnt)
    estimator.notes_ = tuple(listed(learnt, "notes", str, estimator.schema_.notes))
    if is_classifier(estimator):
        networks, outputs = 1, _restore_classes(estimator, learnt)
    else:
        networks, outputs = _restore_targets(estimator, learnt, arrays)
    _restore_variants(estimator, learnt, arrays, networks)
    _check_members(estimator, networks, outputs)
    return estimator


# --- Parameters ----------------------------------------------------------------------------------


def _tuples(value: Any) -> Any:
    """Turn lists of a file into tuples."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _made(kind: type, described: dict[str, Any]) -> Any:
    """Make an unfitted estimator, with the usual checks of its parameters."""
    values = {name: _tuples(value) for name, value in described.items()}
    weight = values.get("class_weight")
    if isinstance(weight, dict):
        pairs = weight.get("pairs")
        if not isinstance(pairs, tuple) or not all(_is_pair(pair) for pair in pairs):
            raise SpecError("The class weights of the estimator cannot be read.")
        values["class_weight"] = dict(pairs)
    check_parameters(kind, values)
    estimator = kind(**values)
    estimator._options()
    return estimator


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, tuple)
        and len(pair) == 2
        and isinstance(pair[0], str | int | float)
        and isinstance(pair[1], int | float)
    )


# --- What was learnt -----------------------------------------------------------------------------


def _restore_names(estimator: Any, learnt: dict[str, Any]) -> None:
    estimator.n_features_in_ = field(learnt, "n_features", int)
    names, other_names = (
        names_from_document(learnt, name, estimator.n_features_in_)
        for name in ("feature_names", "column_names")
    )
    estimator._other_names = None
    if names is not None:
        estimator.feature_names_in_ = np.asarray(names, dtype=object)
        known = set(names)
    elif other_names is not None:
        estimator._other_names, known = other_names, set(other_names)
    else:
        most = len(estimator.schema_.columns) + len(estimator.schema_.left_out)
        known = set(made_up_names(min(estimator.n_features_in_, most)))
    odd = {column.name for column in estimator.schema_.columns} - known
    if odd:
        raise SpecError(
            f"The schema has a column that the estimator does not have: {min(odd)!r:.60}."
        )


def _restore_classes(estimator: Any, learnt: dict[str, Any]) -> int:
    estimator.classes_ = classes_from_document(learnt.get("classes"))
    estimator.temperature_ = field(learnt, "temperature", float)
    if not (np.isfinite(estimator.temperature_) and estimator.temperature_ > 0):
        raise SpecError("The temperature of the estimator must be a finite number above 0.")
    n = len(estimator.classes_)
    trained = listed(learnt, "trained_classes", int, range(n))
    if (
        len(trained) < 2
        or sorted(set(trained)) != trained
        or not 0 <= trained[0] <= trained[-1] < n
    ):
        raise SpecError("The trained classes of the estimator are not among its classes.")
    estimator._trained_classes = np.array(trained, dtype=np.int64)
    return len(trained)


def _restore_targets(
    estimator: Any, learnt: dict[str, Any], arrays: NamedArrays
) -> tuple[int, int]:
    shift, spread, lowest, highest = (_numbers_of(arrays, f"scale.{name}") for name in _SCALE)
    outputs = len(shift)
    one_dimensional = field(learnt, "one_dimensional", bool)
    if (
        outputs < 1
        or {len(spread), len(lowest), len(highest)} != {outputs}
        or (one_dimensional and outputs > 1)
    ):
        raise SpecError("The units of the estimator's targets do not fit together.")
    estimator._scale = TargetScale(shift, spread, lowest, highest, one_dimensional)
    found = [_under(arrays, f"conformal.{place}.") for place in range(outputs)]
    estimator._conformal = []
    grouped = "grouped" in learnt and field(learnt, "grouped", bool)
    if any(found):
        for held in found:
            centres, below, above = (_numbers_of(held, name) for name in _CONFORMAL)
            masses = _numbers_of(held, "masses") if "masses" in held else None
            sides = [centres, below, above, *([] if masses is None else [masses])]
            if len({len(side) for side in sides}) > 1 or (
                sides[-1] is masses and (masses <= 0).any()
            ):
                raise SpecError("The residuals of the estimator do not fit together.")
            estimator._conformal.append(Conformal(centres, below, above, masses, grouped))
    return len(estimator._losses()), outputs


def _restore_variants(
    estimator: Any, learnt: dict[str, Any], arrays: NamedArrays, networks: int
) -> None:
    n, variants = len(estimator.schema_.features), field(learnt, "columns", list)
    for columns in variants:
        if not isinstance(columns, list) or not all(type(c) is int for c in columns):
            raise SpecError("The columns of a variant must be whole numbers.")
        if not columns or sorted(set(columns)) != columns or not 0 <= columns[0] <= columns[-1] < n:
            raise SpecError("The columns of a variant are not those of the schema.")
    weights = arrays.get("variant_weights")
    if (
        weights is None
        or weights.dtype != np.float64
        or weights.shape != (networks, len(variants))
        or not (weights >= 0).all()
        or not np.allclose(weights.sum(axis=1), 1)
    ):
        raise SpecError("The weights of the variants do not fit together.")
    estimator._temperatures = _numbers_of(arrays, "temperatures")
    if estimator._temperatures.shape != (len(variants),) or not (estimator._temperatures > 0).all():
        raise SpecError("The temperatures of the variants do not fit together.")
    estimator._columns = [tuple(columns) for columns in variants]
    estimator.variant_weights_ = weights


def _check_members(estimator: Any, networks: int, outputs: int) -> None:
    """Check that members, schema and targets belong together."""
    used = zip(estimator._columns, estimator._counts, strict=True)
    variants = [columns for columns, counts in used if counts]
    if not estimator.members_ or len(estimator.members_) % (networks * len(variants)):
        raise SpecError(
            f"The file holds {len(estimator.members_)} members; as many are needed for each of "
            f"{plural(networks * len(variants), 'network')}."
        )
    size = len(estimator.members_) // (networks * len(variants))
    for place, model in enumerate(estimator.members_):
        inputs = len(variants[place // size % len(variants)])
        given = 1 if model.classes is None else len(model.classes)
        wanted = outputs if model.classes is not None else 1
        if (
            tuple(model.input_shape) != (inputs,)
            or model.dtype != estimator.dtype
            or is_classifier(estimator) != (model.classes is not None)
            or given != wanted
            or (model.classes is None and model._engine.n_outputs != outputs)
        ):
            raise SpecError("A member of the estimator does not fit its schema and its target.")


def _history(learnt: dict[str, Any], arrays: NamedArrays) -> History:
    names, best = field(learnt, "history", list), learnt.get("best_epoch")
    if not all(isinstance(name, str) for name in names) or set(names) != set(arrays):
        raise SpecError("The columns of the history are not those that the estimator names.")
    if best is not None and type(best) is not int:
        raise SpecError("The best epoch of the estimator must be a whole number.")
    return History({name: arrays[name] for name in names}, best)


# --- Reading untrusted contents -------------------------------------------------------------------


def _as_dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError("A member of the estimator has no proper description.")
    return value


def _under(arrays: NamedArrays, prefix: str) -> dict[str, NDArray[Any]]:
    """Give the arrays whose names have a prefix, without that prefix."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _numbers_of(arrays: NamedArrays, name: str) -> NDArray[np.float64]:
    array = arrays.get(name)
    if array is None or array.dtype != np.float64 or array.ndim != 1:
        raise SpecError(f"The file lacks the numbers {name!r}.")
    if not np.isfinite(array).all():
        raise SpecError(f"The array {name!r} holds values that are not finite.")
    return array
