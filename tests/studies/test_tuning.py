"""Tuning: the same budget for every candidate, whatever its tries cost."""

import math

import numpy as np
import pytest

import ravine as rv
from ravine.errors import ParameterError
from ravine.studies.candidates import Candidate
from ravine.studies.trials import Result
from ravine.studies.tuning import Budget, Tuning, read_budget, read_rates, tune_rates

NETWORK = rv.mlp(4)


def candidate(optimizer="sgd", epochs=10):
    recipe = rv.Recipe(optimizer=optimizer, epochs=epochs)
    return Candidate("it", NETWORK, recipe, np.arange(10))


def tuned(loss_at, rates, budget, optimizer="sgd", steps=10, seconds=1.0):
    """Tune a candidate whose validation loss is a function of the rate; give it and the rounds."""
    tuning, rounds = Tuning(candidate(optimizer), budget, list(rates)), []

    def train(tries):
        rounds.append([rate for _, rate in tries])
        return [
            Result("finished", "", {"val_loss": loss_at(rate)}, 10, steps, None, seconds)
            for _, rate in tries
        ]

    tune_rates([tuning], train)
    return tuning, rounds


def valley(bottom):
    return lambda rate: abs(math.log10(rate) - math.log10(bottom))


def test_a_best_rate_within_the_grid_ends_tuning():
    tuning, rounds = tuned(valley(0.01), [0.001, 0.01, 0.1], Budget(9))
    assert (rounds, tuning.best, tuning.spent) == ([[0.001, 0.01, 0.1]], 0.01, 3)
    assert not tuning.at_edge


def test_a_best_rate_at_the_edge_extends_the_grid_in_its_own_ratio():
    tuning, rounds = tuned(valley(10), [0.01, 0.1], Budget(9))
    assert rounds == [[0.01, 0.1], [1.0], [10.0], [100.0]]
    assert (tuning.best, tuning.at_edge, tuning.spent) == (10.0, False, 5)
    down, _ = tuned(valley(1e-4), [0.01, 0.1], Budget(9))
    assert (down.best, min(down.tries)) == (1e-4, 1e-5)


def test_extending_is_charged_to_the_budget():
    tuning, rounds = tuned(valley(10), [0.01, 0.1], Budget(3))
    assert rounds == [[0.01, 0.1], [1.0]]
    assert tuning.at_edge


def test_fewer_runs_than_rates_are_spread_over_the_grid():
    rates = rv.geomspace(1e-4, 1, 9)
    _, rounds = tuned(valley(0.01), rates, Budget(3))
    assert rounds == [[rates[0], rates[4], rates[8]]]
    assert tuned(valley(0.01), rates, Budget(1))[1] == [[rates[4]]]


def test_rates_that_diverge_are_tries_and_the_edge_is_that_of_all_tries():
    def loss(rate):
        return math.nan if rate > 0.05 else 1 / rate

    tuning, rounds = tuned(loss, [0.001, 0.01, 0.1], Budget(9))
    assert (rounds, tuning.best, tuning.spent) == ([[0.001, 0.01, 0.1]], 0.01, 3)


def test_if_every_rate_diverges_lower_ones_are_tried():
    tuning, rounds = tuned(lambda rate: math.inf, [0.1, 1.0], Budget(4))
    assert rounds == [[0.1, 1.0], [0.01], [0.001]]
    assert tuning.best is None


def test_a_line_search_is_charged_the_gradients_that_it_takes_at_least():
    tuning, rounds = tuned(valley(1), rv.geomspace(0.1, 10, 5), Budget(4), "lbfgs", steps=10)
    assert (len(tuning.tries), tuning.spent) == (2, 4)
    assert len(rounds[0]) == 1
    ended, _ = tuned(valley(1), rv.geomspace(0.1, 10, 5), Budget(4), "lbfgs", steps=5)
    assert (len(ended.tries), ended.spent) == (4, 4)  # it converged in half of its epochs


def test_equal_time_tries_as_many_rates_as_fit():
    rates = rv.geomspace(1e-4, 1, 9)
    slow, _ = tuned(valley(0.01), rates, Budget(5.5, in_seconds=True), seconds=1.0)
    fast, _ = tuned(valley(0.01), rates, Budget(5.5, in_seconds=True), seconds=0.5)
    assert (len(slow.tries), slow.spent) == (5, 5)
    assert (len(fast.tries), fast.spent) == (9, 4.5)


def test_budgets_and_rates_are_read_and_refused():
    assert read_budget(None, [0.1, 0.2]) == Budget(5)
    assert read_budget("1.5s", [0.1]) == Budget(1.5, in_seconds=True)
    assert read_rates(np.array([1.0, 0.1])) == [0.1, 1.0]
    for budget in ("60", "s", "-1 s", "nan s", 0, 1.5, True):
        with pytest.raises(ParameterError, match="'budget' parameter of compare must be"):
            read_budget(budget, [0.1])
    with pytest.raises(ParameterError, match="nothing to spend on: rates is None"):
        read_budget(5, None)
    for rates in ([], [0.0], 0.1, [0.1, 0.1], ["a"]):
        with pytest.raises(ParameterError, match="'rates' parameter of compare"):
            read_rates(rates)
