"""Bias and variance on a measured table: simulated from a reference that is fitted to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.decomposition import Comparison, estimate, moments
from ravine.diagnostics.bias_variance.learners import Learner
from ravine.diagnostics.bias_variance.populations import DataSet, Population, held_out, population
from ravine.diagnostics.bias_variance.reference import Choice, choose, named_reference
from ravine.diagnostics.bias_variance.residuals import ROUNDS, Reference, match_errors
from ravine.diagnostics.bias_variance.sweeps import Sweep, check_changes
from ravine.diagnostics.bias_variance.tables import Table
from ravine.diagnostics.bias_variance.worlds import Labels, World

__all__ = ["FromReference", "Plan", "Subjects"]

# What random numbers are drawn for; those below are taken by designs.
_FOLD_SEEDS, _REAL_SEEDS, _ROUNDS, _ROUND_SEEDS, _TABLES, _AGAIN, _WORLD = range(10, 17)

_REAL_FITS = 5
_FEWEST_ROWS = 1000
_FEW_MODELS = 10

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How much is simulated.

    Parameters
    ----------
    data_sets : int
        Data sets that each setting is trained on.
    seeds : int
        Models for each of them.
    tables : int
        Tables of the iterated simulation; 0 leaves it out.

    Examples
    --------
    >>> Plan(30, 1, 8).few
    10
    """

    data_sets: int
    seeds: int
    tables: int

    @property
    def few(self) -> int:
        """Data sets if only bias² and its spread are wanted."""
        return min(self.data_sets, _FEW_MODELS)


@dataclass(frozen=True, eq=False)
class Subjects:
    """What is studied, and what may be the reference.

    Parameters
    ----------
    learner : Learner
        Of the settings.
    sweep : Sweep
        The settings.
    reference : object
        A value of the sweep, or None: chosen.
    estimator : Learner or None
        A reference that is not part of the sweep.
    name : str
        What that is called.
    sigma : float or None
        The noise, where it is known.
    """

    learner: Learner
    sweep: Sweep
    reference: Any = None
    estimator: Learner | None = None
    name: str = ""
    sigma: float | None = None


class FromReference:
    """A study of one table, step by step.

    Parameters
    ----------
    subjects : Subjects
        What is studied.
    table : Table
        On what.
    plan : Plan
        How much.
    """

    def __init__(self, subjects: Subjects, table: Table, plan: Plan) -> None:
        self.subjects, self.table, self.plan = subjects, table, plan
        self.n_settings = len(subjects.sweep.settings)
        self.n_outputs = table.scored.shape[1]
        self.folds = table.folds()
        self.n_fits = 1 if subjects.estimator is not None else _REAL_FITS

    @property
    def n_runs(self) -> int:
        """How many networks will be trained."""
        plan, several = self.plan, self.n_settings > 1 or self.subjects.estimator is not None
        fits = self.n_settings * _REAL_FITS + self.n_settings * len(self.folds.pairs)
        models = self.n_settings * plan.data_sets * plan.seeds
        other = self.n_settings * plan.few if several else 0
        rounds = ROUNDS * self._round_tables * len(self.folds.pairs) if self._matches else 0
        again = self.n_settings * (len(self._fewer_folds.pairs) + plan.few) + self.n_fits
        if self.subjects.estimator is not None:
            rounds, again = 0, self.n_settings * plan.few
        return fits + models + other + rounds + plan.tables * again

    def run(self) -> None:
        """Do it all; the results are attributes."""
        table, subjects = self.table, self.subjects
        places = range(self.n_settings)
        found = self._held_out(subjects.learner, places, [table.y], self.folds, _FOLD_SEEDS)[:, 0]
        squares = table.squares(table.scored[self.folds.held_out] - found)
        by_row = np.stack([self.folds.by_row(row) for row in squares])
        self.cv_error = by_row.mean(axis=1)
        self.cv_error_se = np.array([self.folds.standard_error(row) for row in by_row])
        self._fit_table()
        self.choice = self._choose(self.cv_error, self.cv_error_se)
        self.reference_world = self._world_of_choice(found, squares)
        self.population = self._population(self.reference_world, self.plan.data_sets, _WORLD)
        self.bias2_other, self.bias2_other_se = self._with_other(found)
        self._iterate()

    def comparison(self, world: World, *, sampled: bool) -> Comparison:
        """Give what predictions for the test rows are compared with."""
        units = self.table.test_units
        return Comparison(
            world.centre,
            world.squared_noise,
            measured=False,
            sampled=sampled,
            units=units,
            weight=self.table.weight,
        )

    # --- The table itself ------------------------------------------------------------------------

    def _fit_table(self) -> None:
        """Fit each setting to the table, from a few seeds; their mean may be the reference."""
        whole = DataSet(self.table.y, np.arange(self.table.n))
        self.fits = self._models(
            self.subjects.learner, [whole], _REAL_FITS, _REAL_SEEDS, range(self.n_settings)
        )
        check_changes(self.subjects.sweep, self.fits.predictions)
        missed = self.fits.predictions[:, 0, :, self.table.n :] - self.table.test
        self.test_errors = self.table.squares(missed).mean(axis=1)

    def _choose(self, errors: Array, standard_errors: Array) -> Choice:
        subjects = self.subjects
        if subjects.estimator is not None:
            least = choose(subjects.sweep, errors, np.zeros_like(errors))
            return Choice(None, subjects.name, "given", least.place)
        if subjects.reference is not None:
            return named_reference(subjects.sweep, subjects.reference, errors)
        return choose(subjects.sweep, errors, standard_errors)

    def _world_of_choice(self, found: Array, squares: Array) -> World:
        """Make the reference's world, with a noise that gives the table's own error."""
        place, table = self.choice.place, self.table
        if place is None:
            assert self.subjects.estimator is not None
            learner, of_setting = self.subjects.estimator, 0
            found = self._held_out(learner, [0], [table.y], self.folds, _FOLD_SEEDS)[:, 0]
            squares = table.squares(table.scored[self.folds.held_out] - found)
            whole = DataSet(table.y, np.arange(table.n))
            fitted = self._models(learner, [whole], 1, _REAL_SEEDS, [0]).predictions[0, 0]
        else:
            learner, of_setting = self.subjects.learner, place
            fitted = self.fits.predictions[place, 0]
        self.scale: Array | None = None
        prediction = fitted.astype(np.float64).mean(axis=0)
        if not self._is_number:
            return self._classes(prediction, found[of_setting], table.scored, self.folds)
        reference = self._reference(prediction, found[of_setting], table.scored, self.folds)
        if self.subjects.sigma is not None:
            self.scale = reference.noise.scale_to(self.subjects.sigma)
        else:
            self.scale = match_errors(
                reference,
                squares[of_setting],
                self.folds,
                lambda tables: self._held_out(
                    learner, [of_setting], tables, self.folds, _ROUND_SEEDS
                )[0],
                lambda: [table.generator(_ROUNDS, i) for i in range(self._round_tables)],
            )
        return reference.world(self.scale)

    # --- What is simulated -----------------------------------------------------------------------

    def _with_other(self, found: Array) -> tuple[Array, Array]:
        """Give bias² and its standard error where the other candidate is the truth."""
        other, table = self.choice.other, self.table
        if other is None:
            nothing = np.full(self.n_settings, np.nan)
            return nothing, nothing
        prediction = self.fits.predictions[other, 0].astype(np.float64).mean(axis=0)
        world = self._plain_world(prediction, found[other], table.scored, self.folds)
        models = self._population(world, self.plan.few, _WORLD)
        return self._parts(models, world)["bias2"]

    def _iterate(self) -> None:
        """Run the method on tables from the reference's world, where the truth is known."""
        table, tables = self.table, self.plan.tables
        shape = (tables, self.n_settings)
        self.again = {name: np.full((2, *shape), np.nan) for name in ("bias2", "variance")}
        if not tables:
            return
        drawn = [self.reference_world.table(table.generator(_TABLES, i)) for i in range(tables)]
        folds = self._fewer_folds
        learner = self.subjects.estimator or self.subjects.learner
        places = range(1 if self.subjects.estimator is not None else self.n_settings)
        found = self._held_out(learner, places, drawn, folds, _AGAIN)
        scored = np.stack([table.as_scored(y) for y in drawn])
        squares = table.squares(scored[:, folds.held_out] - found)
        for i in range(tables):
            by_row = np.stack([folds.by_row(row) for row in squares[:, i]])
            place = 0
            if self.subjects.estimator is None:
                errors = np.array([folds.standard_error(row) for row in by_row])
                place = self._choose(by_row.mean(axis=1), errors).place or 0
            data_set = DataSet(drawn[i], np.arange(table.n))
            fits = self._models(learner, [data_set], self.n_fits, _REAL_SEEDS, [place])
            prediction = fits.predictions[0, 0].astype(np.float64).mean(axis=0)
            world = self._plain_world(prediction, found[place, i], scored[i], folds)
            models = self._population(world, self.plan.few, _AGAIN, i + 1)
            for name, (values, errors) in self._parts(models, world).items():
                self.again[name][:, i] = values, errors

    def _parts(self, models: Population, world: World) -> dict[str, tuple[Array, Array]]:
        """Compute bias² and variance of each setting, at these test rows."""
        comparison = self.comparison(world, sampled=False)
        names = ("bias2", "variance")
        values = np.full((2, len(names), self.n_settings), np.nan)
        for i, predictions in enumerate(models.predictions):
            if not models.failures[i]:
                found = estimate(moments(predictions, comparison))
                values[:, :, i] = np.array([found[name][:2] for name in names]).T
        return {name: (values[0, j], values[1, j]) for j, name in enumerate(names)}

    # --- Worlds ----------------------------------------------------------------------------------

    @property
    def _is_number(self) -> bool:
        return self.table.kind == "number"

    @property
    def _matches(self) -> bool:
        return self._is_number and self.subjects.sigma is None

    @property
    def _round_tables(self) -> int:
        """Tables for each round of `match_errors`: about 1,000 rows, at least 3 tables."""
        return max(3, -(-_FEWEST_ROWS // self.table.n))

    @property
    def _fewer_folds(self) -> Any:
        return self.table.folds(repeats=1)

    def _plain_world(self, prediction: Array, found: Array, scored: Array, folds: Any) -> World:
        """Make a world with the noise's scale that was found for the reference."""
        if not self._is_number:
            return self._classes(prediction, found, scored, folds)
        reference = self._reference(prediction, found, scored, folds)
        assert self.scale is not None
        scale = np.resize(self.scale, len(reference.noise.scale))
        if len(reference.noise.scale) != len(self.scale):
            scale[:] = np.sqrt(np.mean(self.scale**2))
        return reference.world(scale)

    def _reference(self, prediction: Array, found: Array, scored: Array, folds: Any) -> Reference:
        table = self.table
        return Reference.of(
            prediction,
            found,
            scored,
            folds,
            groups=table.groups,
            relative=table.relative,
            centred=table.centred,
            weight=table.weight,
            copy_of=table.copy_of,
        )

    def _classes(self, prediction: Array, found: Array, scored: Array, folds: Any) -> World:
        """Make a world of labels, with probabilities that are calibrated on held-out rows."""
        from ravine.estimators.neural.calibration import fit_temperature, tempered

        table = self.table
        several = table.kind == "labels"
        known = scored[folds.held_out]
        if several:
            pairs = np.stack([1 - found, found], axis=-1).reshape(-1, 2)
            codes = known.ravel().astype(np.int64)
        else:
            pairs, codes = found, known.argmax(axis=1)
        temperature = fit_temperature(pairs, codes, np.ones(len(codes)))
        if several:
            both = np.stack([1 - prediction, prediction], axis=-1).reshape(-1, 2)
            expected = tempered(both, temperature)[:, 1].reshape(prediction.shape)
        else:
            expected = tempered(prediction, temperature)
        return World(expected, Labels(several), table.n, table.weight, table.copy_of)

    # --- Fits ------------------------------------------------------------------------------------

    def _population(self, world: World, count: int, purpose: int, number: int = 0) -> Population:
        """Fit every setting to tables of a world, and predict the test rows."""
        rows = np.arange(self.table.n)
        data_sets = [
            DataSet(world.table(self.table.generator(purpose, 10_000 * number + i)), rows)
            for i in range(count)
        ]
        seeds = self.plan.seeds if count == self.plan.data_sets and not number else 1
        test = self.table.all_rows[self.table.n :]
        return population(
            self.subjects.learner,
            range(self.n_settings),
            data_sets,
            seeds,
            test,
            self.n_outputs,
            lambda model: self._seed(0, model),
        )

    def _models(
        self,
        learner: Learner,
        data_sets: Sequence[DataSet],
        seeds: int,
        purpose: int,
        settings: Sequence[int],
    ) -> Population:
        """Fit settings to tables, and predict all rows."""
        return population(
            learner,
            settings,
            data_sets,
            seeds,
            self.table.all_rows,
            self.n_outputs,
            lambda model: self._seed(purpose, model),
        )

    def _held_out(
        self,
        learner: Learner,
        places: Sequence[int],
        tables: Sequence[NDArray[Any]],
        folds: Any,
        purpose: int,
    ) -> Array:
        return held_out(
            learner, places, tables, folds, self.n_outputs, lambda fit: self._seed(purpose, fit)
        )

    def _seed(self, purpose: int, number: int) -> int:
        return int(self.table.generator(purpose, number).integers(2**31))
