"""The studies, from data to result: of a known truth, or of a table by one of its methods."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.decomposition import (
    PARTS,
    SEED_PARTS,
    Comparison,
    Moments,
    decompose,
    moments,
)
from ravine.diagnostics.bias_variance.differences import Differences, mean_over_rows, paired
from ravine.diagnostics.bias_variance.error_parts import BiasVariance
from ravine.diagnostics.bias_variance.from_reference import FromReference, Plan, Subjects
from ravine.diagnostics.bias_variance.intervals import Estimate
from ravine.diagnostics.bias_variance.learners import EstimatorLearner, NetworkLearner
from ravine.diagnostics.bias_variance.populations import DataSet, Population, population
from ravine.diagnostics.bias_variance.reference_report import ReferenceReport
from ravine.diagnostics.bias_variance.resampling import bootstrap_rows, disjoint_rows, out_of_bag
from ravine.diagnostics.bias_variance.sweeps import Sweep, check_changes
from ravine.diagnostics.bias_variance.tables import Table
from ravine.diagnostics.bias_variance.worlds import World
from ravine.errors import DivergenceError

__all__ = ["Study", "study_reference", "study_resampled", "study_world"]

# Purposes of random numbers: each purpose and each model has its own stream.
_SEEDS, _TARGETS, _TEST_TARGETS = range(3)

_UNKNOWN = Estimate(*[float("nan")] * 4)
_DIVERGED = dict.fromkeys((*PARTS, *SEED_PARTS), _UNKNOWN)


@dataclass(frozen=True, eq=False)
class Study:
    """What all studies share.

    Parameters
    ----------
    sweep : Sweep
        The settings.
    columns : int
        Of a prediction.
    data_sets, n_seeds : int
        Data sets for each setting, and models for each of them.
    seed : int
        Of everything random.
    """

    sweep: Sweep
    columns: int
    data_sets: int
    n_seeds: int
    seed: int

    @property
    def n_models(self) -> int:
        """Models of all settings."""
        return len(self.sweep.settings) * self.data_sets * self.n_seeds

    def generator(self, purpose: int, number: int) -> np.random.Generator:
        """Give random numbers for one purpose."""
        return np.random.default_rng([self.seed, purpose, number])

    def train(
        self, learner: NetworkLearner, data_sets: Sequence[DataSet], at: NDArray[np.int64]
    ) -> Population:
        """Fit every setting to every data set from every seed."""
        return population(
            learner,
            range(len(self.sweep.settings)),
            data_sets,
            self.n_seeds,
            at,
            self.columns,
            lambda model: int(self.generator(_SEEDS, model).integers(2**31)),
        )


def study_world(
    study: Study, learner: NetworkLearner, world: World, *, sampled: bool
) -> BiasVariance:
    """Train on targets of a known truth, and compare with it.

    Parameters
    ----------
    study : Study
        The settings.
    learner : NetworkLearner
        Of them.
    world : World
        The truth.
    sampled : bool
        Whether test rows are a sample.

    Returns
    -------
    BiasVariance
        All parts.
    """
    rows, count = np.arange(world.n), study.data_sets
    data_sets = [DataSet(world.table(study.generator(_TARGETS, i)), rows) for i in range(count)]
    trained = study.train(learner, data_sets, np.arange(world.n, len(world.expected)))
    fresh = np.stack([world.fresh(study.generator(_TEST_TARGETS, i)) for i in range(count)])
    comparison = Comparison(
        world.centre,
        world.squared_noise,
        measured=False,
        fresh=fresh,
        sampled=sampled,
        weight=world.weight,
    )
    return _Result(study, trained, comparison, "simulated", world.kind).get()


def study_resampled(
    study: Study,
    learner: NetworkLearner,
    table: Table,
    method: str,
    sigma: float | None,
    *,
    sampled: bool,
) -> BiasVariance:
    """Train on rows of a table: disjoint parts, or bootstrap samples.

    Parameters
    ----------
    study : Study
        The settings.
    learner : NetworkLearner
        Of them.
    table : Table
        The rows.
    method : {"subsets", "bootstrap"}
        Which rows each model gets.
    sigma : float or None
        The noise, where it is known.
    sampled : bool
        Whether test rows are a sample.

    Returns
    -------
    BiasVariance
        All parts for subsets, where the noise is known; for the bootstrap the variance, and an
        out-of-bag error.
    """
    bootstrap = method == "bootstrap"
    rows = (
        [bootstrap_rows(table, i) for i in range(study.data_sets)]
        if bootstrap
        else disjoint_rows(table, study.data_sets)
    )
    data_sets = [DataSet(table.y, part) for part in rows]
    at = table.all_rows if bootstrap else table.all_rows[table.n :]
    trained = study.train(learner, data_sets, at)
    inside = None
    if bootstrap:
        inside = np.stack(
            [out_of_bag(p[:, :, : table.n], rows, table) for p in trained.predictions]
        )
        tested = trained.predictions[:, :, :, table.n :]
        trained = Population(tested, trained.failures)
    noise = None if sigma is None else np.full(len(table.test), sigma**2)
    comparison = Comparison(
        table.test,
        noise,
        measured=True,
        sampled=sampled,
        units=table.test_units,
        weight=table.weight,
    )
    result = _Result(study, trained, comparison, method, table.kind)
    if inside is not None:
        result.keep_variance(inside, table.units)
    return result.get()


def study_reference(
    study: Study,
    learner: NetworkLearner,
    table: Table,
    reference: tuple[Any, EstimatorLearner | None],
    sigma: float | None,
    n_tables: int,
    *,
    sampled: bool,
) -> BiasVariance:
    """Simulate from a reference that is fitted to a table.

    Parameters
    ----------
    study : Study
        The settings.
    learner : NetworkLearner
        Of them.
    table : Table
        What the reference is fitted to.
    reference : tuple
        What was given, and its learner, if it is an estimator.
    sigma : float or None
        The noise, where it is known.
    n_tables : int
        Tables of the iterated simulation.
    sampled : bool
        Whether test rows are a sample.

    Returns
    -------
    BiasVariance
        All parts, relative to the reference.
    """
    given, estimator = reference
    subjects = Subjects(
        learner,
        study.sweep,
        None if estimator is not None else given,
        estimator,
        "" if estimator is None else type(given).__name__,
        sigma,
    )
    steps = FromReference(subjects, table, Plan(study.data_sets, study.n_seeds, n_tables))
    learner.total = steps.n_runs
    steps.run()
    if steps.choice.favoured:
        warnings.warn(
            f"The settings have no order from less to more flexible, so that {steps.choice.name}, "
            "which has the lowest cross-validated error, is the reference. Its own bias² is "
            "measured against itself and comes out too small. Pass reference=, such as a flexible "
            "estimator, to treat all alike.",
            RuntimeWarning,
            stacklevel=3,
        )
    comparison = steps.comparison(steps.reference_world, sampled=sampled)
    result = _Result(study, steps.population, comparison, "model", table.kind)
    result.set_measured(steps.test_errors, table.test_units)
    return result.get(ReferenceReport.of(steps))


class _Result:
    """A result in the making."""

    def __init__(
        self, study: Study, trained: Population, comparison: Comparison, method: str, kind: str
    ) -> None:
        self.study, self.comparison, self.method, self.kind = study, comparison, method, kind
        self.diverged = np.array([len(failed) for failed in trained.failures])
        if self.diverged.all():
            failures = [failure for failed in trained.failures for failure in failed]
            raise DivergenceError(
                f"Of {study.n_models} models {len(failures)} diverged, some at every value. "
                f"{min(failures)[1]}"
            )
        check_changes(study.sweep, trained.predictions)
        self.moments: list[Moments | None] = []
        self.parts: list[dict[str, Estimate]] = []
        for predictions, failed in zip(trained.predictions, self.diverged, strict=True):
            if failed:
                self.moments.append(None)
                self.parts.append(dict(_DIVERGED))
            else:
                self.moments.append(moments(predictions, comparison))
                self.parts.append(decompose(predictions, comparison))
        self.rows: tuple[NDArray[np.float64], NDArray[np.int64] | None] | None = None
        self.out_of_bag: list[tuple[float, float]] | None = None

    def set_measured(self, errors: NDArray[np.float64], units: NDArray[np.int64] | None) -> None:
        """Replace the errors on simulated targets by those on measured rows."""
        self.rows = (errors, units)
        for parts, of_rows in zip(self.parts, errors, strict=True):
            if np.isfinite(of_rows).all():
                value, se = mean_over_rows(of_rows, units)
                parts["mse"] = Estimate(value, se, value - 1.96 * se, value + 1.96 * se)
            else:
                parts["mse"] = _UNKNOWN

    def keep_variance(self, errors: NDArray[np.float64], groups: NDArray[np.int64] | None) -> None:
        """Drop everything except the variance, the only result of a bootstrap; add other errors."""
        self.rows = (errors, groups)
        self.out_of_bag = [mean_over_rows(row, groups) for row in errors]
        for parts in self.parts:
            parts.update(dict.fromkeys(("bias2", "noise", "total", "mse"), _UNKNOWN))

    def get(self, reference: ReferenceReport | None = None) -> BiasVariance:
        """Give the result."""
        study, names = self.study, (*PARTS, *SEED_PARTS)
        columns: dict[str, Any] = {}
        for name in names:
            columns[name] = np.array([parts[name].value for parts in self.parts])
            columns[f"{name}_se"] = np.array([parts[name].se for parts in self.parts])
        intervals = {
            name: np.array([(parts[name].low, parts[name].high) for parts in self.parts])
            for name in names
        }
        nothing = np.full(len(self.parts), np.nan)
        outside = self.out_of_bag
        return BiasVariance(
            field=study.sweep.field,
            values=study.sweep.values,
            **columns,
            intervals=intervals,
            out_of_bag=nothing if outside is None else np.array([value for value, _ in outside]),
            out_of_bag_se=nothing if outside is None else np.array([error for _, error in outside]),
            diverged=self.diverged,
            separate=self.comparison.noise is not None,
            sampled=self.comparison.sampled,
            ordered=study.sweep.flexibility is not None,
            method=self.method,
            reference=reference,
            pairs=self._pairs(),
            n_models=study.data_sets * study.n_seeds,
            n_seeds=study.n_seeds,
            n_test=len(self.comparison.centre),
            measure="squared error" if self.kind == "number" else "Brier score",
        )

    def _pairs(self) -> Differences:
        errors, units = self.rows if self.rows is not None else (None, None)
        found = paired(self.moments, errors, units)
        if self.out_of_bag is None:
            return found
        kept = ("variance", "mse")
        names = {"variance": "variance", "mse": "out_of_bag"}
        return Differences(
            {names[name]: found.values[name] for name in kept},
            {names[name]: found.errors[name] for name in kept},
        )
