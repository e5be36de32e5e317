"""Bias and variance: how much of an error comes from the model, the sample and the noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DivergenceError, ParameterError
from ..network import Network
from ..penalties import L2
from ..recipe import Recipe
from ..rules import Choice, Number, Whole, shown
from ..training import Job, Progress, train_many
from .decomposition import PARTS, Estimate, decompose
from .designs import Basis, Design, Resampling, Simulation, Truth, classifies, respond
from .error_parts import BiasVariance

__all__ = ["bias_variance"]

Method = Literal["bootstrap", "subsets"]

_MOST_PREDICTIONS_AT_ONCE = 2**26
_DIVERGED: dict[str, Estimate] = dict.fromkeys(PARTS, (np.nan, np.nan))


def bias_variance(
    network: Network,
    X: ArrayLike,
    y: ArrayLike | None = None,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    *,
    over: Mapping[str, Sequence[Any]] | None = None,
    n_models: int = 100,
    truth: Truth | None = None,
    noise: float | None = None,
    X_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    test_fraction: float = 0.2,
    method: Method = "bootstrap",
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = None,
) -> BiasVariance:
    """Take the error of a network apart: bias², variance and noise, over a swept setting.

    ``MSE(x) = (E f̂(x) − f(x))² + Var f̂(x) + σ²``, averaged over test rows. A population of models
    is trained for each swept value, each on data, first weights and an order of rows of its own;
    model m has the same ones for every value, so that differences between values show sooner.

    Parameters
    ----------
    network : Network
        What is fitted. The error of a regression is the squared error of its predictions, whatever
        the loss, averaged over outputs. For a classification it is the Brier score
        ``Σ_k (p_k − y_k)²``: the probabilities against 1 for the true class and 0 for the others.
    X : array-like, shape (n, inputs) or (n, height, width[, channels])
        Inputs.
    y : array-like, shape (n,) or (n, outputs), optional
        Measured targets; not used, and may be None, where ``truth`` simulates them.
    recipe : Recipe, default Recipe()
        How models are trained. Its ``seed`` is not used.
    over : dict of one str to a list, optional
        A field of the recipe and its values, such as ``{"penalty.alpha": [0, 1e-4, 1e-3]}``; a
        recipe without a penalty takes `L2` for ``penalty.alpha``. None: the recipe as it is.
    n_models : int, default 100
        Models for each value, at least 3.
    truth : callable, optional
        ``f``: gives the expected targets, or the probabilities of the classes (or of class 1 of
        two), for the rows of a matrix of float64. Each model then gets targets of its own at the
        same X, and is tested on fresh targets.
    noise : float, optional
        σ, the standard deviation of the targets, at least 0. Needed with ``truth``, except for a
        classification, where the probabilities say it. With ``y``: what is known of the noise.
    X_test : array-like, optional
        Rows to test on. None: X itself, with fresh targets, if they are simulated, otherwise rows
        of X that are set aside.
    y_test : array-like, optional
        Their measured targets.
    test_fraction : float, default 0.2
        Part of measured rows that is set aside to test on, in (0, 1), if there is no ``X_test``.
    method : {"bootstrap", "subsets"}, default "bootstrap"
        How models get rows of measured data: n drawn from n with replacement; or n / n_models each,
        none for two. Subsets are independent, as new tables would be, but small: the result holds
        for tables of their size. Bootstrap samples are of full size, but all from this table: their
        variance estimates that between new tables.
    seed : int, default 0
        Of everything random, at least 0.
    threads : int, optional
        Threads to use, at least 1; None: one per core. The result does not depend on it.
    progress : bool or callable, optional
        As in `train`.

    Returns
    -------
    BiasVariance
        The parts, with standard errors: the delete-one jackknife's over models, to which, for
        measured rows, that over test rows is added (as squares). The variance has the divisor
        ``n_models − 1``, and from bias² the variance of the models' mean is subtracted; so bias²
        may come out slightly below 0. With ``truth``, or with ``noise`` and y, all three parts are
        separate. With y alone bias² and noise come out as one: ``bias2`` holds the sum, ``noise``
        is NaN and ``separate`` is False.

    Raises
    ------
    ParameterError
        If the parameters do not go together.
    DataError
        If the data cannot be trained on or tested on, or is too little for this many models.
    DivergenceError
        If models diverged at every value; where they do at some, the parts there are NaN.

    References
    ----------
    Geman, Bienenstock & Doursat (1992), Neural Computation 4(1); for the Brier score (1950, Monthly
    Weather Review 78(1)) in place of the squared error, the same identity for each class.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-3, 3, 20).reshape(-1, 1)
    >>> network = rv.Network([rv.Dense(20, activation="tanh"), rv.Dense(1)])
    >>> found = rv.bias_variance(
    ...     network, X, None, rv.Recipe(optimizer="lbfgs", epochs=300),
    ...     over={"penalty.alpha": [1e-4, 1e-2, 1.0]},
    ...     truth=lambda X: np.sin(X[:, 0]), noise=0.5, n_models=20,
    ... )
    >>> bool(found.variance[0] > found.variance[2]), bool(found.bias2[0] < found.bias2[2])
    (True, True)
    >>> found.best
    0.01
    """
    Job(network, recipe)  # complains if they are something else
    n_models = Whole(at_least=3)("bias_variance", "n_models", n_models)
    field, values, recipes = _swept(recipe, over)
    known = None if noise is None else Number(at_least=0)("bias_variance", "noise", noise)
    base = Basis(network, recipe, X, Whole(at_least=0)("bias_variance", "seed", seed), n_models)
    design: Design
    if truth is None:
        measured, test = _check_measured(network, y, X_test, y_test, known)
        fraction = Number(above=0, below=1)("bias_variance", "test_fraction", test_fraction)
        kind = Choice(("bootstrap", "subsets"))("bias_variance", "method", method)
        design = Resampling(base, measured, known, kind, fraction if test is None else test)
    else:
        _check_simulation(truth, y_test, method)
        design = Simulation(base, truth, known, X_test)
    found, diverged = _study(design, recipes, progress, threads)
    columns = {}
    for name in PARTS:
        columns[name] = np.array([estimates[name][0] for estimates in found])
        columns[f"{name}_se"] = np.array([estimates[name][1] for estimates in found])
    return BiasVariance(
        field=field,
        values=values,
        **columns,
        diverged=diverged,
        separate=design.reference.noise is not None,
        method=design.name,
        n_models=n_models,
        n_test=len(design.X_test),
        measure="Brier score" if classifies(network) else "squared error",
    )


def _swept(
    recipe: Recipe, over: Mapping[str, Sequence[Any]] | None
) -> tuple[str | None, NDArray[Any], list[Recipe]]:
    """Give the swept field, its values, and the recipe for each value."""
    if over is None:
        return None, np.array([None]), [recipe]
    if not isinstance(over, Mapping) or len(over) != 1:
        raise ParameterError(
            "The 'over' parameter of bias_variance must be a dictionary of one field and its "
            f"values. Got {shown(over)}.",
            hint='For example over={"penalty.alpha": [0, 1e-4, 1e-3]}.',
        )
    ((field, values),) = over.items()
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or not len(values):
        raise ParameterError(
            f"over[{field!r}] must be a list of values, at least one. Got {shown(values)}."
        )
    if field == "seed":
        raise ParameterError("'seed' cannot be swept: each model has a seed of its own.")
    if field.startswith("penalty.") and recipe.penalty is None:
        recipe = recipe.replace(penalty=L2(0.0))
    recipes = [recipe.replace(**{field: value}) for value in values]
    numeric = all(isinstance(v, int | float | np.number) and type(v) is not bool for v in values)
    kept = np.empty(len(values), dtype=object)
    kept[:] = list(values)
    return field, np.array(values) if numeric else kept, recipes


def _check_simulation(truth: object, y_test: object, method: str) -> None:
    if not callable(truth):
        raise ParameterError(
            f"The 'truth' parameter of bias_variance must be a function of X. Got {shown(truth)}."
        )
    if y_test is not None:
        raise ParameterError("With 'truth', targets to test on are simulated: leave 'y_test' out.")
    if method != "bootstrap":
        raise ParameterError(
            "With 'truth', each model gets targets of its own at all rows of X: leave 'method' "
            f"out. Got {method!r}."
        )


def _check_measured(
    network: Network,
    y: ArrayLike | None,
    X_test: ArrayLike | None,
    y_test: ArrayLike | None,
    noise: float | None,
) -> tuple[ArrayLike, tuple[ArrayLike, ArrayLike] | None]:
    """Check what measured data needs; gives the targets, and the test rows if they are given."""
    if y is None:
        raise ParameterError(
            "There are no targets: y is None, and there is no 'truth' to simulate them.",
            hint="Pass y, or truth=function and noise=σ.",
        )
    if noise is not None and classifies(network):
        raise ParameterError("A classification has no σ: leave 'noise' out.")
    if X_test is not None and y_test is not None:
        return y, (X_test, y_test)
    if X_test is not None or y_test is not None:
        given, missing = ("X_test", "y_test") if y_test is None else ("y_test", "X_test")
        raise ParameterError(f"{given} is given, but {missing} is not: measured rows need both.")
    return y, None


def _study(
    design: Design,
    recipes: Sequence[Recipe],
    progress: Progress,
    threads: int | None,
) -> tuple[list[dict[str, Estimate]], NDArray[np.int64]]:
    """Train all models, and take the error apart for each recipe: all of them in one population.

    Only if the predictions would need too much memory, a few recipes at a time are taken.
    """
    at_once = max(1, _MOST_PREDICTIONS_AT_ONCE // (design.n_models * design.reference.centre.size))
    found: list[dict[str, Estimate]] = []
    diverged: list[int] = []
    failed: list[tuple[int, str]] = []
    with _reporting(progress) as report:
        for first in range(0, len(recipes), at_once):
            some = recipes[first : first + at_once]
            said = report
            if callable(report):
                said = _shifted(report, first * design.n_models, len(recipes) * design.n_models)
            predictions, failures = _predictions(design, some, said, threads)
            for of_recipe, of_these in zip(predictions, failures, strict=True):
                found.append(_DIVERGED if of_these else decompose(of_recipe, design.reference))
                diverged.append(len(of_these))
                failed += of_these
    if all(diverged):
        raise DivergenceError(
            f"Of {len(recipes) * design.n_models} models {len(failed)} diverged, some at every "
            f"value. {min(failed)[1]}"
        )
    return found, np.array(diverged)


def _predictions(
    design: Design, recipes: Sequence[Recipe], progress: Progress, threads: int | None
) -> tuple[NDArray[Any], list[list[tuple[int, str]]]]:
    """Train a population, and predict the test rows; models are not kept.

    Gives predictions, recipes × models × test rows × outputs, and which models of each recipe
    diverged, with what is to be said of it.
    """
    n_models = design.n_models
    jobs = [design.job(recipe, model) for recipe in recipes for model in range(n_models)]
    kind = np.result_type(*{recipe.dtype for recipe in recipes})
    predictions = np.empty((len(recipes), n_models, *design.reference.centre.shape), kind)
    failures: list[list[tuple[int, str]]] = [[] for _ in recipes]
    population = train_many(
        jobs, design.X, design.y, threads=threads, progress=progress, as_completed=True
    )
    for number, model in population:
        recipe, member = divmod(number, n_models)
        if model.status == "diverged":
            failures[recipe].append((number, model.message))
        else:
            predictions[recipe, member] = respond(model, design.X_test)
    return predictions, failures


@contextmanager
def _reporting(progress: Progress) -> Iterator[Progress]:
    """Open the live line, if one is asked for, for all that is to come."""
    if progress is True:
        from ..progress import live_progress

        with live_progress() as report:
            yield report
    else:
        yield progress


def _shifted(
    report: Callable[[Mapping[str, Any]], None], first: int, count: int
) -> Callable[[Mapping[str, Any]], None]:
    """Count the runs through all calls of `train_many`."""
    return lambda row: report({**row, "run": row["run"] + first, "runs": count})
