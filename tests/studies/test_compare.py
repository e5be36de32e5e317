"""compare: equal budgets on validation rows, then fresh seeds and test rows."""

import numpy as np
import pytest

import ravine as rv
from ravine.errors import DataError, ParameterError
from ravine.studies import compare as module
from ravine.studies import stored
from tests.builders.small_runs import CLASSIFIER, NETWORK, X, Y

SHORT = rv.Recipe(epochs=4)
RATES = [0.003, 0.03]
TEST, VALIDATION = np.arange(0, 40), np.arange(40, 80)
LABELS = np.where(Y > 0, "high", "low")


def small(x=X, y=Y, **changes):
    asked = {
        "network": NETWORK,
        "optimizers": ["sgd", "adam"],
        "recipe": SHORT,
        "rates": RATES,
        "seeds": 4,
        "threads": 1,
        "test": TEST,
        "validation": VALIDATION,
    }
    return rv.compare(x, y, **asked | changes)


def tables(found):
    frame = found.to_frame().drop(columns="seconds")
    return [frame, found.differences(), found.sensitivity(), found.budget_curve()]


def test_a_candidate_is_scored_as_train_and_evaluate_score_it():
    found = small(seeds=2)
    rest = np.setdiff1d(np.arange(len(X)), np.concatenate([TEST, VALIDATION]))
    row = found.to_frame().set_index("label").loc["Adam"]
    rate = float(row["best_setting"].removeprefix("learning_rate="))
    losses = []
    for seed in (1, 2):
        recipe = SHORT.replace(optimizer=rv.Adam(rate), seed=seed)
        model = rv.train_many([rv.Job(NETWORK, recipe, rows=rest)], X, Y)[0]
        losses.append(model.evaluate(X[TEST], Y[TEST])["loss"])
    assert row["mean"] == pytest.approx(np.mean(losses), rel=1e-6)
    assert row["se"] == pytest.approx(np.std(losses, ddof=1) / np.sqrt(2), rel=1e-5)


def test_the_best_rate_is_that_of_the_tuning_seed_on_validation_rows():
    found = small()
    rest = np.setdiff1d(np.arange(len(X)), np.concatenate([TEST, VALIDATION]))
    tried = found.sensitivity()
    for _, row in tried[tried["label"] == "SGD"].iterrows():
        recipe = SHORT.replace(optimizer=rv.SGD(row["learning_rate"]), seed=0)
        job = rv.Job(NETWORK, recipe, rows=rest, validation_rows=VALIDATION)
        assert row["val_loss"] == rv.train_many([job], X, Y)[0].history["val_loss"][-1]
    for outcome in found.outcomes:
        own = tried[tried["label"] == outcome.label].set_index("learning_rate")["val_loss"]
        assert outcome.tuning.best == own.idxmin()


def test_selection_never_sees_test_rows():
    poisoned_x, poisoned_y = X.copy(), Y.copy()
    poisoned_x[TEST], poisoned_y[TEST] = 9.0, 1e3
    clean, poisoned = small(), small(poisoned_x, poisoned_y)
    for one, other in zip(clean.outcomes, poisoned.outcomes, strict=True):
        assert one.setting == other.setting
        assert list(one.tuning.tries) == list(other.tuning.tries)
        for rate, result in one.tuning.tries.items():
            assert other.tuning.tries[rate].scores == result.scores
    assert (poisoned.to_frame()["mean"] > 1e3 * clean.to_frame()["mean"]).all()


def test_reports_never_see_validation_rows_or_tuning_seeds():
    # The scores of validation rows are changed so that the same rate is chosen: no report moves.
    poisoned = Y.copy()
    poisoned[VALIDATION] += 1e-3
    clean, other = small(), small(y=poisoned)
    assert [o.setting for o in clean.outcomes] == [o.setting for o in other.outcomes]
    for one, two in zip(tables(clean), tables(other), strict=True):
        reports = [name for name in one if name != "val_loss"]
        assert one[reports].equals(two[reports])
    assert not set(clean.seeds) & {SHORT.seed}


def test_early_stopping_watches_validation_rows_not_test_rows():
    recipe = rv.Recipe(epochs=30, stopping=rv.EarlyStopping(patience=2))
    poisoned = Y.copy()
    poisoned[TEST] = 1e3
    clean, other = small(recipe=recipe), small(y=poisoned, recipe=recipe)
    for one, two in zip(clean.outcomes, other.outcomes, strict=True):
        assert [run.epochs for run in one.final] == [run.epochs for run in two.final]
        assert min(run.epochs for run in one.final) >= 3


def test_results_are_the_same_bits_for_any_number_of_threads():
    for one, two in zip(tables(small(threads=1)), tables(small(threads=3)), strict=True):
        assert one.equals(two)


def test_candidates_share_first_weights_and_orders():
    # With a rate of 0 nothing is learnt: what is left are the first weights of each seed.
    found = small(optimizers={"a": rv.SGD(1e-30), "b": rv.Adam(1e-30)}, rates=None)
    np.testing.assert_allclose(found.scores[0], found.scores[1], rtol=1e-6)
    assert len(set(found.scores[0])) == 4


def test_identical_candidates_count_as_several_and_tie():
    found = small(optimizers=[rv.SGD(0.1)] * 3, rates=None)
    frame = found.to_frame()
    assert frame["label"].tolist() == ["SGD #1", "SGD #2", "SGD #3"]
    assert frame["win_share"].tolist() == pytest.approx([1 / 3] * 3)
    assert (found.differences()[["difference", "low", "high"]] == 0).all(axis=None)
    assert "is noise" in found.verdict


def test_a_store_is_gone_on_with_and_gives_the_same(tmp_path, monkeypatch):
    train, left = stored.train_trials, [11]

    def press(*args, **kwargs):
        for found in train(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(stored, "train_trials", press)
    with pytest.raises(KeyboardInterrupt):
        small(store=tmp_path)
    done = {path.name for path in tmp_path.rglob("runs/*")}
    assert len(done) == 11
    monkeypatch.setattr(stored, "train_trials", train)
    found = small(store=tmp_path)
    for one, two in zip(tables(found), tables(small()), strict=True):
        assert one.equals(two)
    assert done < {path.name for path in tmp_path.rglob("runs/*")}
    monkeypatch.setattr(stored, "train_trials", None)  # nothing is left to train
    again = small(store=tmp_path)
    assert again.to_frame().equals(found.to_frame())


@pytest.mark.parametrize(
    ("kind", "values", "labels"),
    [
        ("schedules", [0.1, rv.CosineDecay(0.1)], {"learning_rate=0.1", "CosineDecay"}),
        ("batch_sizes", [16, "full"], {"batch_size=16", "batch_size=full"}),
        ("penalties", [None, rv.L2(0.1)], {"penalty=None", "L2"}),
        ("dropouts", {"none": 0.0, "half": 0.5}, {"none", "half"}),
        ("networks", [rv.mlp(2), rv.mlp(8, 8)], {"2", "8-8"}),
        ("rows", [20, 120], {"20 rows", "120 rows"}),
    ],
)
def test_every_kind_of_candidate_is_compared(kind, values, labels):
    network = None if kind == "networks" else rv.mlp(4, 4)
    found = small(network=network, optimizers=None, **{kind: values})
    assert set(found.to_frame()["label"]) == labels
    assert found.kind == kind
    assert len(found.differences()) == 1


def test_of_a_schedule_the_highest_rate_is_tuned():
    found = small(
        optimizers=None, schedules=[rv.ExponentialDecay(0.5, 0.1), rv.Warmup(2, 0.5)], budget=2
    )
    for outcome in found.outcomes:
        rule = outcome.tuning.candidate.job(RATES[0], 0).recipe.optimizer.learning_rate
        assert max(rule(t) for t in (0, 2)) == RATES[0]


def test_smaller_lots_of_rows_lie_within_larger_ones_and_never_test():
    found = small(optimizers=None, rows=[20, 60, 120])
    lots = [set(outcome.tuning.candidate.rows) for outcome in found.outcomes]
    assert [len(lot) for lot in lots] == [20, 60, 120]
    assert lots[0] < lots[1] < lots[2]
    assert not lots[2] & {*TEST, *VALIDATION}
    assert found.plot().axes[0].get_xlabel() == "training rows"


def test_rows_set_apart_as_tables_are_the_same_as_their_numbers():
    order = np.concatenate([np.arange(80, 200), VALIDATION, TEST])
    one = small(X[order], Y[order], validation=np.arange(120, 160), test=np.arange(160, 200))
    two = small(X[80:], Y[80:], validation=(X[VALIDATION], Y[VALIDATION]), test=(X[TEST], Y[TEST]))
    for a, b in zip(tables(one), tables(two), strict=True):
        assert a.equals(b)


def test_fractions_groups_and_times_keep_sides_apart():
    groups, time = np.repeat(np.arange(50), 4), np.arange(200)
    for sides in ({"groups": groups}, {"time": time}, {}):
        _, parts = module._divide(
            X, Y, 0.25, 0.2, **{"groups": None, "time": None} | sides, networks=[NETWORK]
        )
        lots = [set(rows) for rows in (parts.train, parts.validation, parts.test)]
        assert set().union(*lots) == set(range(200))
        assert sum(map(len, lots)) == 200
        assert (len(lots[2]), len(lots[1])) == (40, 40)
        if "groups" in sides:
            assert not {*groups[parts.test]} & {*groups[parts.train], *groups[parts.validation]}
        if "time" in sides:
            assert max(lots[0]) < min(lots[1]) < max(lots[1]) < min(lots[2])


def test_runs_that_never_reach_the_target_are_censored_and_said():
    candidates = {"slow": rv.SGD(1e-5), "fast": rv.Adam(0.1)}
    found = small(optimizers=candidates, rates=None, target=2.0, recipe=rv.Recipe(epochs=12))
    frame = found.to_frame().set_index("label")
    assert frame.loc["slow", "reached"] == 0
    assert np.isnan(frame.loc["slow", "epochs_to_target"])
    fast = [run.history for run in found.outcomes[1].final]
    reached = [np.flatnonzero(history["val_loss"] <= 2.0)[0] for history in fast]
    assert frame.loc["fast", "epochs_to_target"] == np.median(reached) + 1
    steps = [history["step"][place] for history, place in zip(fast, reached, strict=True)]
    assert frame.loc["fast", "steps_to_target"] == np.median(steps)
    assert "4 of 4 final runs of slow never reached it: censored" in found.verdict
    assert "a loss of 2 on test rows" in found.verdict


def test_a_candidate_that_diverges_comes_last_and_is_said():
    found = small(optimizers={"mad": rv.SGD(1e20), "sane": rv.SGD(0.01)}, rates=None)
    frame = found.to_frame()
    assert frame["label"].tolist() == ["sane", "mad"]
    assert (frame["diverged"][1], frame["win_share"][1]) == (1.0, 0.0)
    assert np.isnan(frame["mean"][1])
    assert "4 of 4 final runs of mad diverged: it has no mean and cannot win" in found.verdict
    assert found.plot().axes


def test_rates_that_diverge_are_tries_of_the_curve():
    found = small(rates=[0.01, 0.1, 1e30], budget=3, optimizers=["sgd", "adam"])
    curve = found.budget_curve().set_index(["label", "tries"])
    assert curve.loc[("SGD", 1), "failed"] == pytest.approx(1 / 3)
    assert curve.loc[("SGD", 3), "failed"] == 0
    tried = found.sensitivity().set_index(["label", "learning_rate"])
    assert tried.loc[("SGD", 1e30), "diverged"] == 1
    assert np.isnan(tried.loc[("SGD", 1e30), "val_loss"])


def test_if_every_try_of_every_candidate_diverges_it_is_an_error():
    with pytest.raises(ParameterError, match="All 4 tuning runs diverged"):
        small(rates=[1e30], budget=2, optimizers={"a": rv.SGD(), "b": rv.SGD(momentum=0.5)})


def test_equal_time_is_a_budget():
    found = small(budget="5 s")
    assert (found.to_frame()["tries"] >= 2).all()
    assert "5 s of training" in found.verdict


def test_classes_are_compared_by_their_loss():
    found = small(y=LABELS, network=CLASSIFIER, rates=None)
    losses = found.outcomes[0].final[0].measured
    assert losses["row_losses"].mean() == pytest.approx(losses["test_loss"][0], rel=1e-6)


def test_custom_optimizers_can_be_compared():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Plain(rv.Optimizer):
        learning_rate: float = 0.03

        def init(self, n):
            return None

        def update(self, w, g, state, k, learning_rate):
            w -= learning_rate * g

    found = small(optimizers={"own": Plain(), "SGD": rv.SGD()}, budget=2)
    np.testing.assert_allclose(found.scores[0], found.scores[1], rtol=1e-4)


def test_candidates_as_given_have_no_curves():
    found = small(rates=None)
    assert found.to_frame()["tries"].tolist() == [0, 0]
    for table in (found.sensitivity, found.budget_curve):
        with pytest.raises(ParameterError, match="No learning rates were tried"):
            table()
    assert "taken as given" in found.verdict
    assert len(found.plot().axes) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizers": None}, "needs exactly one kind of candidates"),
        ({"rows": [10, 20]}, "Got optimizers, rows"),
        ({"optimizers": ["adam"]}, "at least 2 candidates"),
        ({"optimizers": "adam"}, "must be a list"),
        ({"optimizers": ["adam", "adamm"]}, "optimizer"),
        ({"network": None}, "either network="),
        ({"network": "mlp"}, "must be a Network"),
        ({"seeds": 1}, "'seeds' parameter of compare must be"),
        ({"optimizers": None, "rows": [10, 500]}, "'rows' parameter of compare"),
        ({"optimizers": None, "dropouts": [0.1, 1.5]}, "dropout"),
        ({"test": 1.5}, "'test' parameter must be a part of the rows"),
        ({"validation": 0.0}, "'validation' parameter must be a part"),
        ({"target": "low"}, "'target' parameter of compare"),
    ],
)
def test_what_cannot_be_compared_is_an_error(changes, message):
    with pytest.raises((ParameterError, DataError), match=message):
        small(**changes)


def test_a_row_cannot_validate_and_test():
    with pytest.raises(DataError, match="Row 30 is in both 'validation' and 'test'"):
        small(validation=np.arange(30, 60))
    with pytest.raises(DataError):
        small(groups=np.arange(200) % 5)  # each group is on all sides
