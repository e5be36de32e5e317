"""summary: means and paired differences, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import ravine as rv
from ravine.errors import ParameterError
from ravine.studies.intervals import estimate
from ravine.studies.summary import summarise
from tests.builders.small_runs import NETWORK, X, Y

FRAME = pd.DataFrame(
    {
        "rate": ["a", "a", "a", "b", "b", "b"],
        "seed": [0, 1, 2, 0, 1, 2],
        "val_loss": [3.0, 5.0, 10.0, 1.0, 4.0, 7.0],
        "val_r2": [0.1, 0.2, 0.3, 0.3, 0.2, 0.4],
    }
)


def summed(frame=FRAME, **how):
    settings = [name for name in ("rate", "size", "seed", "fold") if name in frame]
    how = {"by": ["rate"], "metric": "val_loss", "ratio": 0.0} | how
    return summarise(frame, how.pop("by"), settings=settings, **how)


def test_means_and_paired_differences_over_seeds_by_hand():
    summary = summed()
    assert summary["rate"].tolist() == ["b", "a"]
    assert summary["runs"].tolist() == [3, 3]
    assert summary["mean"].tolist() == [4.0, 6.0]
    np.testing.assert_allclose(summary["se"], [3 / np.sqrt(3), np.sqrt(13 / 3)])
    # the pairs differ by 2, 1 and 3: mean 2, standard deviation 1; t(0.975, 2) = 4.302653
    assert summary["difference"].tolist() == [0.0, 2.0]
    np.testing.assert_allclose(summary["difference_se"], [0.0, 1 / np.sqrt(3)])
    np.testing.assert_allclose(summary["low"][1], 2 - 4.302653 / np.sqrt(3), rtol=1e-6)
    np.testing.assert_allclose(summary["high"][1], 2 + 4.302653 / np.sqrt(3), rtol=1e-6)
    assert "over seeds on this split, from 3 seeds" in summary.attrs["estimand"]


def test_pairs_are_scipys_paired_t_test():
    expected = stats.ttest_rel(FRAME["val_loss"][:3], FRAME["val_loss"][3:])
    interval = expected.confidence_interval(0.9)
    summary = summed(confidence=0.9, against="b")
    np.testing.assert_allclose(
        summary[["low", "high"]].to_numpy()[1], [interval.low, interval.high]
    )


def test_of_an_r2_more_is_better():
    assert summed(metric="val_r2")["rate"].tolist() == ["b", "a"]
    np.testing.assert_allclose(summed(metric="val_r2")["difference"], [0.0, -0.1])


def test_pairs_go_by_seed_not_by_place():
    turned = FRAME.iloc[[2, 0, 1, 3, 4, 5]].reset_index(drop=True)
    pd.testing.assert_frame_equal(summed(turned), summed())


def test_only_seeds_that_both_have_are_paired():
    fewer = FRAME.drop(index=5)
    summary = summed(fewer, against="a")
    assert summary["runs"].tolist() == [2, 3]
    assert summary["difference"].tolist() == [-1.5, 0.0]  # of seeds 0 and 1


def test_folds_are_the_units_seeds_are_averaged_first_and_the_factor_is_nadeau_and_bengios():
    frame = pd.DataFrame(
        {
            "rate": ["a"] * 4 + ["b"] * 4,
            "seed": [0, 0, 1, 1] * 2,
            "fold": [0, 1] * 4,
            "val_loss": [1.0, 2.0, 3.0, 6.0, 0.0, 0.0, 0.0, 0.0],
        }
    )
    summary = summed(frame, ratio=0.25, against="b")
    # by fold: (1 + 3) / 2 = 2 and (2 + 6) / 2 = 4; s = √2, factor 1/2 + 1/4
    row = summary.set_index("rate").loc["a"]
    assert row["difference"] == 3.0
    np.testing.assert_allclose(row["difference_se"], np.sqrt(2 * 0.75))
    assert "over new tables of this size, from 2 folds" in summary.attrs["estimand"]


def test_whatever_else_was_varied_is_averaged_within_a_seed():
    frame = pd.DataFrame(
        {
            "rate": ["a"] * 4 + ["b"] * 4,
            "size": [1, 2] * 4,
            "seed": [0, 0, 1, 1] * 2,
            "val_loss": [1.0, 3.0, 2.0, 8.0, 0.0, 0.0, 0.0, 0.0],
        }
    )
    row = summed(frame, against="b").set_index("rate").loc["a"]
    assert (row["runs"], row["mean"]) == (4, 3.5)
    np.testing.assert_allclose(row["se"], 1.5)  # of 2 and 5


def test_one_seed_has_no_error_and_it_says_so():
    summary = summed(FRAME[FRAME["seed"] == 0].reset_index(drop=True))
    assert summary["difference"].tolist() == [0.0, 2.0]
    assert summary[["se", "difference_se", "low", "high"]].isna().all(axis=None)
    assert "without several seeds or folds there are no errors" in summary.attrs["estimand"]


def test_intervals_against_the_best_of_three_hold_for_all_three_pairs():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(3, 5))
    frame = pd.DataFrame(
        {
            "rate": np.repeat(list("abc"), 5),
            "seed": np.tile(np.arange(5), 3),
            "val_loss": scores.ravel(),
        }
    )
    best = scores.mean(axis=1).argmin()
    other = (best + 1) % 3
    differences = scores[other] - scores[best]
    half = stats.t.ppf(1 - 0.05 / 3 / 2, 4) * differences.std(ddof=1) / np.sqrt(5)
    row = summed(frame).set_index("rate").loc["abc"[other]]
    np.testing.assert_allclose(
        [row["low"], row["high"]], differences.mean() + half * np.array([-1, 1])
    )
    assert "hold for all 3 pairs at once" in summed(frame).attrs["estimand"]


def test_an_estimate_of_one_value_or_none_has_no_error():
    assert estimate(np.array([2.0])).mean == 2.0
    assert np.isnan(estimate(np.array([2.0])).se)
    assert np.isnan(estimate(np.array([])).mean)


def test_settings_that_are_none_are_told_apart():
    study = rv.Study(
        rv.grid(NETWORK, rv.Recipe(epochs=2), penalty=[None, rv.L2(0.1)], seed=range(2))
    ).run(X, Y, threads=1)
    assert set(study.summary("penalty")["penalty"]) == {None, "L2"}
    jobs = rv.grid(NETWORK, rv.Recipe(epochs=2), clip_norm=[None, 0.5], seed=range(2))
    assert rv.Study(jobs).run(X, Y, threads=1).summary()["runs"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"by": "optimizer"}, "No setting 'optimizer' differs among the runs"),
        ({"metric": "val_los"}, "The runs have no score 'val_los'"),
        ({"metric": "epochs"}, "The runs have no score 'epochs'"),
        ({"against": 9}, "No setting is 9. The settings: 1, 2"),
        ({"confidence": 1}, "'confidence' parameter of summary"),
    ],
)
def test_what_a_summary_cannot_say_is_an_error(how, message):
    study = rv.Study(rv.grid(NETWORK, rv.Recipe(), epochs=[1, 2])).run(X, Y, threads=1)
    with pytest.raises(ParameterError, match=message):
        study.summary(**how)


def test_a_study_of_seeds_alone_has_one_row():
    study = rv.Study(rv.grid(NETWORK, rv.Recipe(epochs=2), seed=range(3))).run(X, Y, threads=1)
    summary = study.summary()
    assert summary["runs"].tolist() == [3]
    assert summary["mean"][0] == pytest.approx(study.to_frame()["val_loss"].mean())
    assert summary.attrs["estimand"].endswith("from 3 seeds.")
    assert study.best is study.jobs[0]
