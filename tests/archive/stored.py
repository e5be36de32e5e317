"""What the archive stores beside a file, which a test computes again from what it loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import ravine as rv
from ravine.errors import RavineError

#: Everything that a model or an estimator says of rows.
METHODS = ("predict", "predict_proba", "predict_log_proba", "predict_interval")

#: What an estimator learnt beside its networks.
LEARNT = (
    *("n_features_in_", "feature_names_in_", "n_outputs_", "classes_", "notes_"),
    *("n_iter_", "t_", "n_layers_", "out_activation_", "loss_", "best_loss_", "loss_curve_"),
    *("best_validation_score_", "validation_scores_", "temperature_", "variant_weights_"),
)


def outputs(found: Any, rows: Any) -> dict[str, np.ndarray]:
    """Give what a model or an estimator predicts for rows, by the name of the method."""
    given = {}
    for name in METHODS:
        try:
            given[name] = np.asarray(getattr(found, name)(rows))
        except (AttributeError, RavineError):  # it has none, or diverged
            continue
    return given


def curves(model: rv.Model) -> dict[str, np.ndarray]:
    """Give the columns of a model's history."""
    return {f"history.{name}": model.history[name] for name in model.history}


def described(model: rv.Model) -> dict[str, Any]:
    """Give what a model knows, without its numbers, as plain data."""
    return {
        "network": model.network.to_dict(),
        "recipe": described_recipe(model.recipe),
        "status": model.status,
        "best_epoch": model.best_epoch,
        "message": model.message,
        "input_shape": list(model.input_shape),
        "one_dimensional": model.one_dimensional,
        "feature_names": None if model.feature_names is None else list(model.feature_names),
        "classes": None if model.classes is None else model.classes.tolist(),
        "offsets": None if model.offsets is None else model.offsets.tolist(),
        "parameters": {name: list(array.shape) for name, array in model.parameters.items()},
        "state": {name: list(array.shape) for name, array in model.state.items()},
    }


def described_recipe(recipe: rv.Recipe) -> dict[str, Any]:
    """Give a recipe as plain data, with custom code by its name: a file holds no more of it."""
    kept = tuple(a for a in recipe.augmentation if isinstance(a, rv.Augmentation))
    own = {"own_functions": [a.__name__ for a in recipe.augmentation if a not in kept]}
    try:
        recipe.optimizer.to_dict()
    except RavineError:
        recipe = recipe.replace(optimizer=rv.Adam())
        own["own_optimizer"] = True
    return {**recipe.replace(augmentation=kept).to_dict(), **own}


def described_table(model: Any) -> dict[str, Any]:
    """Give what the model of a table knows, as plain data."""
    schema, target = model.schema, model.schema.target
    known = {"features": list(schema.features), "columns": [c.name for c in schema.columns]}
    known["target"] = {"name": target.name, "task": target.task, "classes": list(target.classes)}
    return {**described(model.model), "schema": known, "left_out": dict(schema.left_out)}


def learnt(estimator: Any) -> dict[str, Any]:
    """Give the parameters of an estimator and what it learnt, as plain data."""
    found = {n: getattr(estimator, n) for n in LEARNT if getattr(estimator, n, None) is not None}
    networks = getattr(estimator, "members_", None) or [estimator.model_]
    return {
        "parameters": {name: plain(v) for name, v in estimator.get_params(deep=False).items()},
        "learnt": {name: plain(value) for name, value in found.items()},
        "models": [described(model) for model in networks],
    }


def plain(value: Any) -> Any:
    """Give what JSON can hold."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {"pairs": [[plain(key), plain(item)] for key, item in value.items()]}
    return value.to_dict() if hasattr(value, "to_dict") else value


def read_rows(path: Path) -> pd.DataFrame:
    """Read the archive's table as a data frame with its types."""
    return pd.read_csv(path, parse_dates=["since"], dtype={"zip": str})


@dataclass(frozen=True)
class Momentum(rv.Optimizer):
    """A custom optimizer, with an array for its state."""

    learning_rate: float | rv.Schedule = 0.01
    beta: float = 0.9

    def init(self, n: int) -> np.ndarray:
        return np.zeros(n)

    def update(self, w: Any, g: Any, state: Any, k: int, learning_rate: float) -> None:
        state *= self.beta
        state += g
        w -= learning_rate * state


def jitter(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[Any, Any]:
    """A custom augmentation."""
    return X + 0.1 * rng.normal(size=X.shape), y


CUSTOM: dict[str, Callable[..., Any]] = {"Momentum": Momentum, "jitter": jitter}
