"""Bias and variance: how much of an error comes from the model, the sample and the noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ravine.diagnostics.bias_variance.error_parts import BiasVariance
from ravine.diagnostics.bias_variance.inputs import Inputs, Truth, measured_table, true_world
from ravine.diagnostics.bias_variance.learners import EstimatorLearner, NetworkLearner
from ravine.diagnostics.bias_variance.studies import (
    Study,
    study_reference,
    study_resampled,
    study_world,
)
from ravine.diagnostics.bias_variance.sweeps import read_sweep
from ravine.errors import ParameterError
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import Choice, Number, Whole, shown
from ravine.training.jobs import Job
from ravine.training.train import Progress

__all__ = ["Method", "bias_variance"]

Method = Literal["model", "subsets", "bootstrap"]


def bias_variance(
    network: Network,
    X: ArrayLike,
    y: ArrayLike | None = None,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    *,
    over: Mapping[str, Any] | None = None,
    n_models: int = 100,
    n_seeds: int = 1,
    truth: Truth | None = None,
    noise: float | None = None,
    X_test: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    test_fraction: float = 0.2,
    sampled: bool | None = None,
    method: Method | None = None,
    reference: Any = None,
    n_tables: int = 8,
    groups: ArrayLike | None = None,
    groups_test: ArrayLike | None = None,
    time: ArrayLike | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = None,
) -> BiasVariance:
    """Split the error of a network into bias², variance and noise, over a swept setting.

    ``MSE(x) = (E f̂(x) − f(x))² + Var f̂(x) + σ²``, averaged over test rows. The expectation is over
    data sets. A simulator (``truth``) can draw many; a measured table is only one. In that case the
    default is to simulate from a reference: a model is fitted to the table and taken as the truth,
    noise drawn from its residuals is added, and a population is trained on such targets at the
    table's own X. Bias is then measured relative to that reference.

    Rows of a table that are equal in X, y, group and time are copies of one another: they are on
    the same side of each split, are drawn together, and get the same simulated targets. If the same
    X also occurs with another y, or there are fewer than 50 different rows, each appearing ten
    times on average, equal rows are independent observations.

    A population of models is trained for each swept value; model m has the same data, initial
    weights and order of rows for every value, so that differences between values are paired.

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
    over : dict of one str to values, optional
        A field of the recipe and a list of its values, such as ``{"penalty.alpha": [0, 1e-4]}``; a
        recipe without a penalty takes `L2` for ``penalty.alpha``. Or ``"network"`` and a list of
        networks, of ``(label, network)`` pairs, or a dictionary of labels to networks, for width
        and depth: ``{"network": [mlp(8), mlp(64), mlp(64, 64)]}``. None: as they are.
    n_models : int, default 100
        Models for each value, at least 3; a multiple of ``n_seeds``, at least 3 times it.
    n_seeds : int, default 1
        Models for each data set, each from its own seed. From 4 on, the variance by initial
        weights and order of rows is separated from the variance by data.
    truth : callable, optional
        ``f``: gives the expected targets, or the probabilities of the classes (or of class 1 of
        two), for the rows of a matrix of float64. Each model then gets its own targets at the same
        X, and is tested on fresh targets.
    noise : float, optional
        σ, the standard deviation of the targets, at least 0. Needed with ``truth``, except for a
        classification, where the probabilities give it. With ``y``: the noise, if it is known.
    X_test : array-like, optional
        Rows to test on. None: X itself, with fresh targets, if ``truth`` is given, otherwise rows
        of X that are set aside.
    y_test : array-like, optional
        Their measured targets.
    test_fraction : float, default 0.2
        Part of measured rows that is set aside to test on, in (0, 1), if there is no ``X_test``.
    sampled : bool, optional
        Whether the test rows are a sample of the rows to come, so that standard errors and
        intervals count the sampling of x, too. None: yes for a table, no with ``truth``, where they
        hold for these test rows.
    method : {"model", "subsets", "bootstrap"}, optional
        Where each model's data comes from, on a table; None is ``"model"``: targets simulated from
        a reference. ``"subsets"``: each model has its own n / n_models of the rows; true for tables
        of that size, but noise is part of bias² unless it is known. ``"bootstrap"``: n rows drawn
        from n with replacement; only the variance, and an out-of-bag error.
    reference : swept value or estimator, optional
        What is taken as the truth: one of the swept values, or any estimator with scikit-learn's
        ``fit`` and ``predict`` (for classes ``predict_proba``). None: if values are ordered
        (penalty, weight decay, dropout, max_norm, epochs, width), the most flexible one whose
        cross-validated error is within one standard error of the lowest; otherwise the one with
        the lowest error, with a warning that it is favoured.
    n_tables : int, default 8
        Tables of the iterated simulation, at least 2, or 0 for none: the whole method is run on
        tables drawn from the reference, where the truth is known, which shows the mean error of
        bias² and variance, and how much they vary from table to table.
    groups : array-like, shape (n,), optional
        Group of each row of X. Rows of a group are set aside, held out and drawn together.
    groups_test : array-like, shape (n_test,), optional
        Group of each row of X_test. Rows of a group count as one draw in standard errors.
    time : array-like, shape (n,), optional
        Time of each row of X. Test and validation rows are the latest.
    seed : int, default 0
        Seed of everything random, at least 0.
    threads : int, optional
        Threads to use, at least 1; None: one per core. The result does not depend on it.
    progress : bool or callable, optional
        As in `train`.

    Returns
    -------
    BiasVariance
        The parts, with standard errors and 95 % intervals. The variance of the models' mean is
        subtracted from bias², so that it may be slightly below 0. With ``method="model"`` they hold
        given the reference; only with ``truth`` do they refer to the truth.

    Warns
    -----
    RuntimeWarning
        If the reference is the setting of the lowest error of an unordered sweep.

    Raises
    ------
    ParameterError
        If the parameters cannot be combined, or if all values of ``over`` give the same models,
        bit for bit.
    DataError
        If the data cannot be trained on or tested on, or is too little for this many models.
    DivergenceError
        If models diverged at every value; where they do at some, the parts there are NaN.

    References
    ----------
    Geman, Bienenstock & Doursat (1992), Neural Computation 4(1); for the Brier score (1950, Monthly
    Weather Review 78(1)) in place of the squared error, the same identity for each class. The
    reference: the parametric bootstrap of Efron & Tibshirani (1993), chapter 6, with residuals.

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
    Job(network, recipe)  # raises an error if they are something else
    n_models = Whole(at_least=3)("bias_variance", "n_models", n_models)
    n_seeds = Whole(at_least=1)("bias_variance", "n_seeds", n_seeds)
    if n_models % n_seeds or n_models < 3 * n_seeds:
        raise ParameterError(
            "The 'n_models' parameter of bias_variance must be a multiple of 'n_seeds', at least 3 "
            f"times it. Got n_models={n_models}, n_seeds={n_seeds}."
        )
    seed = Whole(at_least=0)("bias_variance", "seed", seed)
    sigma = None if noise is None else Number(at_least=0)("bias_variance", "noise", noise)
    sweep = read_sweep(network, recipe, over, y)
    inputs = Inputs.of(sweep, X)
    study = Study(sweep, inputs.columns, n_models // n_seeds, n_seeds, seed)
    if groups_test is not None and (truth is not None or X_test is None):
        raise ParameterError(
            "The 'groups_test' parameter of bias_variance is for measured rows that are given as "
            "X_test and y_test; there are none.",
        )
    if truth is not None:
        _check_simulation(truth, y_test, method, reference)
        test = None if X_test is None else inputs.test_rows(X_test)
        world = true_world(inputs, truth, sigma, test)
        rows = np.concatenate([inputs.X, inputs.X if test is None else test])
        units = _own_units(groups, time)
        if units and not any(s.recipe.validation_fraction > 0 for s in sweep.settings):
            raise ParameterError(
                f"The '{next(iter(units))}' parameter would change nothing: with 'truth', no rows "
                "are set aside except for validation, and the recipe's validation_fraction is 0."
            )
        with _reporting(progress) as report:
            learner = NetworkLearner(
                sweep.settings, rows, world.n, units, threads, report, study.n_models
            )
            return study_world(study, learner, world, sampled=bool(sampled))
    kind = Choice(("model", "subsets", "bootstrap"))(
        "bias_variance", "method", "model" if method is None else method
    )
    fraction = Number(above=0, below=1)("bias_variance", "test_fraction", test_fraction)
    targets, given = _check_measured(inputs.network, y, X_test, y_test, sigma)
    _check_method(kind, sigma, reference)
    tables = Whole(at_least=0)("bias_variance", "n_tables", n_tables)
    if tables == 1:
        raise ParameterError(
            "The 'n_tables' parameter of bias_variance must be 0 or at least 2. Got 1."
        )
    is_sampled = True if sampled is None else bool(sampled)
    test_rows = fraction if given is None else given
    table, rows = measured_table(inputs, targets, test_rows, seed, groups, time, groups_test)
    units = _own_units(table.units, table.time)
    with _reporting(progress) as report:
        learner = NetworkLearner(sweep.settings, rows, table.n, units, threads, report, 0)
        if kind != "model":
            learner.total = study.n_models
            return study_resampled(study, learner, table, kind, sigma, sampled=is_sampled)
        estimator = None
        if reference is not None and hasattr(reference, "fit") and not isinstance(reference, type):
            classifier = inputs.network.loss.classifies
            _check_estimator(reference, inputs.kind)
            estimator = EstimatorLearner(reference, rows, inputs.columns, classifier=classifier)
        return study_reference(
            study, learner, table, (reference, estimator), sigma, tables, sampled=is_sampled
        )


def _own_units(groups: ArrayLike | None, time: ArrayLike | None) -> dict[str, ArrayLike]:
    """Give groups and time as far as they are given."""
    return {
        name: value for name, value in (("groups", groups), ("time", time)) if value is not None
    }


def _check_simulation(truth: object, y_test: object, method: object, reference: object) -> None:
    if not callable(truth):
        raise ParameterError(
            f"The 'truth' parameter of bias_variance must be a function of X. Got {shown(truth)}."
        )
    if y_test is not None:
        raise ParameterError("With 'truth', targets to test on are simulated: leave 'y_test' out.")
    if method is not None:
        raise ParameterError(
            "With 'truth', each model gets its own targets at all rows of X: leave 'method' "
            f"out. Got {method!r}."
        )
    if reference is not None:
        raise ParameterError("With 'truth', that is the reference: leave 'reference' out.")


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
    if noise is not None and network.loss.classifies:
        raise ParameterError("A classification has no σ: leave 'noise' out.")
    if noise is not None and network.loss.link == "log":
        raise ParameterError(
            f"With the loss {type(network.loss).__name__}, noise grows with what is expected, so "
            "that it has no one σ: leave 'noise' out."
        )
    if X_test is not None and y_test is not None:
        return y, (X_test, y_test)
    if X_test is not None or y_test is not None:
        given, missing = ("X_test", "y_test") if y_test is None else ("y_test", "X_test")
        raise ParameterError(f"{given} is given, but {missing} is not: measured rows need both.")
    return y, None


def _check_method(method: str, noise: float | None, reference: object) -> None:
    if method != "model" and reference is not None:
        raise ParameterError(
            f"With method={method!r} nothing is taken as the truth: leave 'reference' out."
        )
    if method == "bootstrap" and noise is not None:
        raise ParameterError(
            "method=\"bootstrap\" gives the variance alone, which needs no noise: leave 'noise' "
            "out."
        )


def _check_estimator(estimator: Any, kind: str) -> None:
    needed = "predict" if kind == "number" else "predict_proba"
    if kind == "labels":
        raise ParameterError(
            "An estimator cannot be the 'reference' of a network of several labels: leave it out, "
            "or name a swept value."
        )
    if not hasattr(estimator, needed):
        raise ParameterError(
            f"The 'reference' of a {'regression' if kind == 'number' else 'classification'} needs "
            f"a method {needed}. Got {shown(estimator)}."
        )


@contextmanager
def _reporting(progress: Progress) -> Iterator[Progress]:
    """Open the live line, if one is asked for, for all that is to come."""
    if progress is True:
        from ravine.ground.progress import live_progress

        with live_progress() as report:
            yield report
    else:
        yield progress
