"""The settings of the neural estimators, from flags and recipe file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ravine.cli.flags.lists import NEURAL_SCHEDULES
from ravine.cli.flags.options import DataFlags, NetworkFlags, NeuralFlags, RecipeFlags, RunFlags
from ravine.cli.flags.table import TableSettings, table_settings
from ravine.cli.flags.words import batch_size_of, units_of
from ravine.errors import ParameterError, SpecError

if TYPE_CHECKING:
    from ravine.estimators.neural.classifier import NeuralClassifier
    from ravine.estimators.neural.regressor import NeuralRegressor
    from ravine.specs.recipe_file import RecipeFile

__all__ = ["MLP_ONLY", "EstimatorSettings", "choose_estimator", "read_estimator_settings"]

MLP_ONLY = ("network", "optimizer", "momentum", "l1", "l2", "checkpoint", "resume")
"""Fields of the groups of flags that mean nothing to the neural estimators."""

_NOT_IN_FILES = {"verbose", "n_jobs"}
_LEFT_TO_THE_TASK = {"loss", "quantiles", "class_weight"}


@dataclass(frozen=True)
class EstimatorSettings:
    """Everything that training a neural estimator on a table needs to know.

    Parameters
    ----------
    table : TableSettings
        What is predicted, from what, and which rows are tested on.
    parameters : dict of str to object
        The estimator's parameters that differ from the defaults.
    """

    table: TableSettings
    parameters: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """The seed of everything random."""
        return int(self.parameters["random_state"])

    def shares(self, task: str) -> tuple[float, float]:
        """Give no validation rows here: the members set their own aside."""
        return 0.0, self.estimator(task, verbose=False).validation_fraction

    def parameters_for(self, task: str) -> dict[str, Any]:
        """Give all parameters that a result depends on, including defaults, for a recipe file."""
        said = self.estimator(task, verbose=False).get_params()
        return {name: value for name, value in said.items() if name not in _NOT_IN_FILES}

    def estimator(self, task: str, *, verbose: bool) -> NeuralClassifier | NeuralRegressor:
        """Make the estimator for a task.

        Parameters
        ----------
        task : {"regression", "classification"}
            The task.
        verbose : bool
            Whether training shows a live line.

        Returns
        -------
        NeuralClassifier or NeuralRegressor
            Not fitted yet.

        Raises
        ------
        ParameterError
            If a parameter is for the other task.
        SpecError
            If the estimator has no such parameter.
        """
        from ravine.estimators.neural.classifier import NeuralClassifier
        from ravine.estimators.neural.regressor import NeuralRegressor

        kind = NeuralClassifier if task == "classification" else NeuralRegressor
        known = set(kind().get_params())
        for name in set(self.parameters) - known:
            if name in _LEFT_TO_THE_TASK:
                flag = "--balanced" if name == "class_weight" else f"--{name}"
                other = "classifications" if name == "class_weight" else "regressions"
                raise ParameterError(
                    f"{flag} is for {other}, but {self.table.target!r} is a {task}.",
                    hint=f"Leave {flag} out, or give the --task.",
                )
            raise SpecError(
                f"The recipe file gives {name!r} to the estimator, but {kind.__name__} has no such "
                "parameter."
            )
        return kind(**self.parameters, verbose=verbose)


def choose_estimator(
    wanted: str | None,
    file: RecipeFile,
    *flags: DataFlags | NetworkFlags | RecipeFlags | NeuralFlags | RunFlags,
) -> str:
    """Choose the estimator, and check that all flags are for it.

    Parameters
    ----------
    wanted : str or None
        The value of ``--estimator``; ``None`` follows the recipe file, else "neural".
    file : RecipeFile
        What ``--recipe`` names; empty if nothing.
    *flags : groups of flags
        The flags.

    Returns
    -------
    {"neural", "mlp"}
        The estimator.

    Raises
    ------
    ParameterError
        If there is no such estimator, or a flag or the file is for the other one.

    Examples
    --------
    >>> from ravine.specs.recipe_file import RecipeFile
    >>> choose_estimator(None, RecipeFile(), RecipeFlags(epochs=5))
    'neural'
    """
    if wanted not in (None, "neural", "mlp"):
        raise ParameterError(f"--estimator must be neural or mlp. Got {wanted!r}.")
    of_file = None
    if file.estimator is not None:
        of_file = "neural"
    elif file.recipe is not None or file.network is not None:
        of_file = "mlp"
    chosen = wanted or of_file or "neural"
    if of_file not in (None, chosen):
        raise ParameterError(
            f"The recipe file is for --estimator {of_file}, but --estimator {chosen} was given.",
            hint=f"Leave out --estimator {chosen} or --recipe.",
        )
    other = "mlp" if chosen == "neural" else "neural"
    for group in flags:
        for field in fields(group):
            is_neural = isinstance(group, NeuralFlags)
            only = "neural" if is_neural else "mlp" if field.name in MLP_ONLY else chosen
            if only == other and getattr(group, field.name) not in (None, False):
                flag = "--" + field.name.replace("_", "-")
                raise ParameterError(
                    f"{flag} needs --estimator {other}.",
                    hint=f"Leave out --estimator {chosen} or {flag}."
                    if wanted
                    else f"Add --estimator {other}, or leave {flag} out.",
                )
    return chosen


def read_estimator_settings(
    file: RecipeFile,
    data: DataFlags,
    network: NetworkFlags,
    recipe: RecipeFlags,
    neural: NeuralFlags,
) -> EstimatorSettings:
    """Combine the flags and the recipe file; flags override the file.

    Parameters
    ----------
    file : RecipeFile
        What ``--recipe`` names; empty if nothing.
    data, network, recipe, neural : groups of flags
        The flags.

    Returns
    -------
    EstimatorSettings
        The settings.

    Raises
    ------
    ParameterError, SpecError
        If a flag or the file is wrong.

    Examples
    --------
    >>> from ravine.specs.recipe_file import RecipeFile
    >>> read_estimator_settings(
    ...     RecipeFile(), DataFlags(target="y"), NetworkFlags(), RecipeFlags(), NeuralFlags()
    ... ).parameters
    {'random_state': 0}
    """
    said = file.estimator or {}
    parameters = {"random_state": 0, **said, **_flagged(network, recipe, neural)}
    if data.validation_fraction is not None:
        parameters["validation_fraction"] = data.validation_fraction
    return EstimatorSettings(table_settings(recipe.recipe, file, data), parameters)


def _flagged(network: NetworkFlags, recipe: RecipeFlags, neural: NeuralFlags) -> dict[str, Any]:
    """Turn the flags into parameters of the estimators."""
    given: dict[str, Any] = {
        "activation": network.activation,
        "loss": network.loss,
        "learning_rate": recipe.learning_rate,
        "epochs": recipe.epochs,
        "dropout": recipe.dropout,
        "weight_decay": recipe.weight_decay,
        "random_state": recipe.seed,
        "dtype": recipe.dtype,
        "n_members": neural.members,
        "refit_full": neural.refit or None,
        "class_weight": "balanced" if neural.balanced else None,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    if network.hidden is not None:
        parameters["hidden_layer_sizes"] = units_of(network.hidden)
    if network.batch_norm is not None:
        parameters["normalization"] = "batch" if network.batch_norm else None
    if recipe.batch_size is not None:
        parameters["batch_size"] = batch_size_of(recipe.batch_size)
    if recipe.schedule is not None:
        parameters["schedule"] = _schedule(recipe.schedule)
    for name in ("patience", "clip_norm", "averaging"):  # 0 means none
        if getattr(recipe, name) is not None:
            parameters[name] = getattr(recipe, name) or None
    if neural.quantiles is not None:
        parameters |= {"loss": "quantile", "quantiles": _quantiles(neural.quantiles)}
    return parameters


def _schedule(text: str) -> str:
    if text not in NEURAL_SCHEDULES:
        raise ParameterError(
            f"--schedule must be one of {', '.join(NEURAL_SCHEDULES)}. Got {text!r}.",
            hint="Schedules with numbers, and others, need --estimator mlp.",
        )
    return text


def _quantiles(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ParameterError(
            f"--quantiles must be numbers between 0 and 1 with commas between them. Got {text!r}.",
            hint="For a band of 90 % around the median: --quantiles 0.05,0.5,0.95",
        ) from None
