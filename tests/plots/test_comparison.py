"""The picture of a comparison."""

import numpy as np
import pytest

from ravine.errors import DataError
from ravine.plots.comparison import comparison_figure, save_comparison
from tests.builders.legends import covered_by_legends

LABELS = [f"candidate {i}" for i in range(7)]
RNG = np.random.default_rng(0)
MEANS, ERRORS = np.sort(RNG.uniform(0.1, 9, 7)), RNG.uniform(0.01, 0.1, 7)


def curves(xs):
    return {name: (xs, RNG.uniform(0.1, 9, len(xs)), np.full(len(xs), 0.05)) for name in LABELS}


def picture(**changes):
    how = {"sensitivity": curves(np.geomspace(1e-4, 1, 9)), "budget": curves(np.arange(1.0, 10))}
    return comparison_figure(LABELS, MEANS, ERRORS, **how | changes)


def test_the_legend_covers_nothing_and_names_every_candidate():
    figure = picture()
    assert covered_by_legends(figure) == []
    assert [text.get_text() for text in figure.legends[0].get_texts()] == LABELS


def test_labels_of_axes_lie_within_the_picture():
    figure = picture()
    figure.draw_without_rendering()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    boxes = [axis.label.get_window_extent() for axis in axes if axis.label.get_text()]
    assert len(boxes) == 5
    for box in boxes:
        for corner in (box.p0, box.p1):
            assert figure.bbox.contains(*corner)


def test_curves_with_gaps_and_candidates_without_a_mean_are_drawn(tmp_path):
    means = MEANS.copy()
    means[-1] = np.nan
    gap = (np.array([0.1, 1.0]), np.array([1.0, np.nan]), np.array([0.1, np.nan]))
    how = {"sensitivity": {"a": gap}, "budget": {"a": gap}}
    figure = comparison_figure(LABELS, means, ERRORS, **how)
    save_comparison(figure, tmp_path / "it.png")
    assert (tmp_path / "it.png").read_bytes()[1:4] == b"PNG"


def test_rows_are_drawn_as_a_learning_curve():
    ax = comparison_figure(
        ["80 rows", "20 rows"],
        np.array([1.0, 2.0]),
        np.array([0.1, 0.1]),
        sensitivity={},
        budget={},
        rows=np.array([80.0, 20.0]),
    ).axes[0]
    assert ax.lines[0].get_xydata().tolist() == [[20.0, 2.0], [80.0, 1.0]]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(DataError, match="no candidates"):
        comparison_figure([], np.array([]), np.array([]), sensitivity={}, budget={})
