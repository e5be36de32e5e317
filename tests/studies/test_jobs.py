"""grid, sample and geomspace: jobs whose labels say what distinguishes them."""

import numpy as np
import pytest
from scipy import stats

import ravine as rv
from ravine.errors import ParameterError, SpecError

RATE = "optimizer.learning_rate"


def test_a_grid_has_every_combination_and_the_last_setting_changes_fastest():
    jobs = rv.grid(rv.mlp(4), rv.Recipe(epochs=3), seed=[7, 8], **{RATE: [0.1, 0.2]})
    found = [(job.recipe.seed, job.recipe.optimizer.learning_rate) for job in jobs]
    assert found == [(7, 0.1), (7, 0.2), (8, 0.1), (8, 0.2)]
    assert [job.recipe.epochs for job in jobs] == [3] * 4
    assert jobs[1].labels == {"seed": 7, RATE: 0.2}
    assert jobs[1].label == "seed=7, learning_rate=0.2"


def test_whole_objects_are_put_in_before_their_fields_in_whatever_order_they_are_named():
    jobs = rv.grid(rv.mlp(4), rv.Recipe(), **{RATE: [0.5], "optimizer": [rv.SGD(), "adam"]})
    assert [job.recipe.optimizer for job in jobs] == [rv.SGD(0.5), rv.Adam(0.5)]
    assert [job.labels["optimizer"] for job in jobs] == ["SGD", "adam"]


def test_networks_and_their_layers_are_settings():
    small, deep = rv.grid(rv.mlp(4), rv.Recipe(), network=[rv.mlp(3), rv.mlp(3, 5)])
    assert (small.network, deep.network) == (rv.mlp(3), rv.mlp(3, 5))
    assert [small.labels["network"], deep.labels["network"]] == ["3", "3-5"]
    for name in ("network.dense_1.units", "network.1.units"):
        (job,) = rv.grid(rv.mlp(4), rv.Recipe(), **{name: [9]})
        assert job.network == rv.mlp(9)
    (job,) = rv.grid(rv.mlp(4), rv.Recipe(), **{"network.loss": ["huber"]})
    assert job.network.loss == rv.losses.Huber()


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([rv.SGD(), rv.Adam()], ["SGD", "Adam"]),
        ([rv.Adam(0.1), rv.Adam(0.2)], ["Adam(learning_rate=0.1)", "Adam(learning_rate=0.2)"]),
        ([None, rv.L2(0.1)], [None, "L2"]),
    ],
)
def test_a_label_says_no_more_than_tells_its_value_from_the_others(values, labels):
    name = "penalty" if None in values else "optimizer"
    jobs = rv.grid(rv.mlp(4), rv.Recipe(), **{name: values})
    assert [job.labels[name] for job in jobs] == labels


def test_two_networks_that_differ_in_nothing_short_have_different_labels():
    alike = [rv.mlp(3), rv.mlp(3, activation="tanh"), rv.mlp(3, loss="huber")]
    labels = [job.labels["network"] for job in rv.grid(rv.mlp(1), rv.Recipe(), network=alike)]
    assert len(set(labels)) == 3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("optimizer.learning_rat", "optimizer.learning_rate"),
        ("learning_rate", "optimizer.learning_rate"),
        ("optimizr", "optimizer"),
        ("network.dense_1.unit", "network.dense_1.units"),
        ("network.dense_9.units", "network.dense_1.units"),
    ],
)
def test_an_unknown_setting_is_an_error_that_names_the_nearest(name, hint):
    with pytest.raises(SpecError, match=f"have no setting '{name}'") as caught:
        rv.grid(rv.mlp(4), rv.Recipe(), **{name: [1]})
    assert caught.value.hint == f"Did you mean '{hint}'?"
    with pytest.raises(SpecError, match=f"have no setting '{name}'"):
        rv.sample(rv.mlp(4), rv.Recipe(), {name: [1]}, 1)


def test_a_setting_that_one_of_the_optimizers_lacks_is_an_error():
    with pytest.raises(SpecError, match=r"have no setting 'optimizer\.momentum'"):
        rv.grid(
            rv.mlp(4),
            rv.Recipe(),
            optimizer=[rv.SGD(), rv.Adam()],
            **{"optimizer.momentum": [0.9]},
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs at least one setting"),
        ({"seed": []}, "The grid is empty: 'seed' has no values"),
        ({"seed": 3}, "The values of 'seed' must be a list. Got 3"),
        ({"dtype": "float64"}, "The values of 'dtype' must be a list"),
        ({"seed": [1, 1]}, "The values of 'seed' hold 1 twice"),
        ({"batch_size": [0]}, "The 'batch_size' parameter of Recipe must be"),
        ({"network": [3]}, "The setting 'network' must be a Network"),
    ],
)
def test_a_grid_of_nothing_or_of_wrong_values_is_an_error(settings, message):
    with pytest.raises((ParameterError, SpecError), match=message):
        rv.grid(rv.mlp(4), rv.Recipe(), **settings)


def test_a_sample_of_n_has_one_point_in_each_nth_of_every_setting():
    n = 37  # no power of two
    space = {RATE: (1e-4, 1.0, "log"), "clip_norm": (0.5, 2.5), "batch_size": [16, 32, 64]}
    jobs = rv.sample(rv.mlp(4), rv.Recipe(), space, n, seed=3)
    rates = np.sort([np.log10(job.recipe.optimizer.learning_rate) for job in jobs])
    assert (np.floor((rates + 4) / 4 * n) == np.arange(n)).all()
    clips = np.sort([job.recipe.clip_norm for job in jobs])
    assert (np.floor((clips - 0.5) / 2 * n) == np.arange(n)).all()
    sizes = [job.recipe.batch_size for job in jobs]
    assert sorted(sizes.count(size) for size in (16, 32, 64)) == [12, 12, 13]


def test_a_sample_fills_the_plane_better_than_points_at_random():
    space = {RATE: (1.0, 2.0), "clip_norm": (1.0, 2.0)}
    jobs = rv.sample(rv.mlp(4), rv.Recipe(), space, 64)
    points = np.array([(j.recipe.optimizer.learning_rate, j.recipe.clip_norm) for j in jobs]) - 1
    at_random = np.random.default_rng(0).uniform(size=(200, 64, 2))
    least = min(stats.qmc.discrepancy(other) for other in at_random)
    assert stats.qmc.discrepancy(points) < least


def test_a_sample_follows_from_its_seed():
    space = {RATE: (1e-4, 1.0, "log")}
    one, same, other = (
        [j.recipe for j in rv.sample(rv.mlp(4), rv.Recipe(), space, 5, seed)] for seed in (0, 0, 1)
    )
    assert one == same
    assert one != other


def test_ranges_of_whole_numbers_and_distributions_are_sampled():
    space = {"epochs": (1, 4), RATE: stats.loguniform(1e-3, 1e-1)}
    jobs = rv.sample(rv.mlp(4), rv.Recipe(), space, 8)
    assert sorted(job.recipe.epochs for job in jobs) == [1, 1, 2, 2, 3, 3, 4, 4]
    rates = [job.recipe.optimizer.learning_rate for job in jobs]
    assert min(rates) < 2e-3
    assert max(rates) > 5e-2


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "must name at least one setting"),
        ({RATE: []}, "must be a list, "),
        ({RATE: (1.0, 0.1)}, "low < high"),
        ({RATE: (0.0, 1.0, "log")}, "low > 0 for 'log'"),
        ({RATE: (0.1, 1.0, "lin")}, "must be .low, high. or"),
        ({RATE: (0.1,)}, "must be .low, high. or"),
        ({RATE: "0.1"}, "must be a list, "),
    ],
)
def test_a_space_of_nothing_is_an_error(space, message):
    with pytest.raises(ParameterError, match=message):
        rv.sample(rv.mlp(4), rv.Recipe(), space, 4)


def test_a_sample_of_no_points_is_an_error():
    with pytest.raises(ParameterError, match="'n' parameter of sample"):
        rv.sample(rv.mlp(4), rv.Recipe(), {RATE: (0.1, 1.0)}, 0)


def test_geomspace_has_equal_ratios_and_numbers_as_people_write_them():
    assert rv.geomspace(1e-4, 1, 9) == [
        0.0001,
        0.000316227766017,
        0.001,
        0.00316227766017,
        0.01,
        0.0316227766017,
        0.1,
        0.316227766017,
        1.0,
    ]
    assert rv.geomspace(100, 1, 3) == [100.0, 10.0, 1.0]


@pytest.mark.parametrize("arguments", [(0, 1, 3), (1, -1, 3), (1, 2, 1)])
def test_geomspace_of_what_has_no_ratio_is_an_error(arguments):
    with pytest.raises(ParameterError, match="parameter of geomspace"):
        rv.geomspace(*arguments)
