"""The range of learning rates: what it says of data that are known, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import ravine as rv
from ravine.diagnostics.rate_runs import short
from ravine.errors import DataError, ParameterError
from tests.builders.legends import covered_by_legends

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
y = X @ [1.0, 2.0, 0.5] + 0.1 * RNG.normal(size=120)
RECIPE = rv.Recipe(optimizer="sgd", batch_size="full", epochs=60)
LINEAR = rv.Network([rv.Dense(1)])
RATES = (1e-4, 1e-2, 0.1, 0.3, 3.0)


def measured(y=y, network=LINEAR, recipe=RECIPE, **more):
    more = {"rates": RATES, "seeds": 3, "threads": 1} | more
    return rv.learning_rate_range(network, X, y, recipe=recipe, **more)


def test_good_rates_lie_below_the_largest_stable_one_and_hold_the_best():
    found = measured()
    low, high = found.interval
    assert 0.01 < low <= 0.3
    assert low <= high < found.largest_stable < 3.0
    best = found.rates[found.val_losses.mean(axis=1).argmin()]
    assert low <= best <= high
    assert "good" in str(found)
    assert f"{found.largest_stable:.4g}" in str(found)


def test_targets_that_have_nothing_to_do_with_the_inputs_have_no_clear_optimum():
    found = measured(np.random.default_rng(1).normal(size=120))
    assert found.interval is None
    assert "no clear optimum" in str(found)
    assert not found.to_frame()["good"].any()


def test_losses_are_those_of_runs_of_their_own():
    found = measured()
    recipe = RECIPE.replace(optimizer=rv.SGD(0.1), validation_fraction=0.2, seed=1)
    alone = rv.train(LINEAR, X, y, recipe)
    assert found.losses[2, 1] == alone.history["loss"][-1]
    assert found.val_losses[2, 1] == alone.history["val_loss"][-1]


def test_the_best_constant_is_the_mean_of_the_training_rows():
    found = measured()
    from ravine.data.shared import SharedData
    from ravine.training.run import Run

    run = Run(LINEAR, RECIPE.replace(validation_fraction=0.2), SharedData(X, y))
    error = y[run.validation_rows] - y[run.rows].mean()
    assert found.constant_loss[0] == pytest.approx((error**2).mean(), rel=1e-6)


def test_a_rate_that_diverges_is_no_good_rate():
    found = measured(recipe=RECIPE.replace(dtype="float64"), rates=(0.1, 0.3, 3.0, 30.0))
    frame = found.to_frame()
    assert not frame["good"].iloc[2:].any()
    assert found.interval[1] <= 0.3


def test_the_search_goes_on_beyond_the_rates_that_were_given():
    found = measured(rates=(0.001, 0.01))
    assert found.largest_stable == pytest.approx(measured().largest_stable, rel=0.02)
    assert "perhaps beyond" in str(found)


def test_where_the_smallest_rate_climbs_there_is_no_largest_stable_one():
    found = measured(rates=(5.0, 10.0))
    assert found.largest_stable is None
    assert "no largest stable rate" in str(found)


def test_runs_are_no_longer_than_the_steps_and_the_recipe_allow():
    assert short(rv.Recipe(batch_size=10), 100, 200).epochs == 20
    assert short(rv.Recipe(batch_size=10, epochs=3), 100, 200).epochs == 3
    assert short(rv.Recipe(batch_size=1), 1000, 200).epochs == 1
    assert short(rv.Recipe(batch_size="full"), 1000, 200).epochs == 100


def test_classes_and_schedules_and_early_stopping_go():
    recipe = rv.Recipe(
        optimizer=rv.Adam(rv.ExponentialDecay(0.1, 0.1)),
        epochs=30,
        stopping=rv.EarlyStopping(),
        validation_fraction=0.3,
    )
    found = measured(
        np.where(y > 0, "yes", "no"), rv.mlp(8, outputs=None, loss="cross_entropy"), recipe
    )
    assert found.interval is not None


def test_the_picture_covers_nothing_and_names_its_axes():
    for targets in (y, np.random.default_rng(1).normal(size=120)):
        ax = measured(targets).plot(Figure(layout="constrained").add_subplot())
        assert ax.get_xlabel() == "learning rate"
        assert ax.get_xscale() == "log"
        assert not covered_by_legends(ax.figure)


@pytest.mark.parametrize(
    "rates", [(0.1,), (0.1, 0.01), (0.0, 0.1), (0.1, np.inf), (), ((0.1, 0.2),)]
)
def test_rates_that_do_not_rise_from_above_0_are_refused(rates):
    with pytest.raises(ParameterError, match="'rates'"):
        measured(rates=rates)


def test_other_bad_input_is_refused():
    with pytest.raises(ParameterError, match="'seeds'"):
        measured(seeds=1)
    with pytest.raises(ParameterError, match="'steps'"):
        measured(steps=0)
    with pytest.raises(ParameterError, match="LBFGS"):
        measured(recipe=rv.Recipe(optimizer="lbfgs"))
    with pytest.raises(ParameterError, match="network must be a Network"):
        measured(network=None)
    with pytest.raises(DataError):
        measured(np.full(120, np.nan))
