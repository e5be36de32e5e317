"""The picture of a bias-variance study."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from ravine.diagnostics.bias_variance.differences import Differences
from ravine.diagnostics.bias_variance.error_parts import BiasVariance
from ravine.errors import DataError


def made_up(values, field="penalty.alpha", separate=True, bias2=None, ordered=True):
    n = len(values)
    ones = np.ones(n)
    bias2 = np.linspace(0, 1, n) if bias2 is None else bias2
    variance, noise = np.linspace(0.5, 0.1, n), 0.2 * ones if separate else np.nan * ones
    parts = {"bias2": bias2, "variance": variance, "noise": noise, "mse": ones}
    parts["total"] = bias2 + variance + (noise if separate else 0)
    for name in ("variance_seeds", "variance_data", "out_of_bag"):
        parts[name] = np.nan * ones
    errors = {f"{name}_se": (0 if name == "noise" else 0.1) * ones for name in parts}
    ends = {
        name: np.column_stack([v - 2 * errors[f"{name}_se"], v + 2 * errors[f"{name}_se"]])
        for name, v in parts.items()
    }
    return BiasVariance(
        field=field,
        values=np.array(values),
        **parts,
        **errors,
        intervals=ends,
        diverged=np.zeros(n, int),
        separate=separate,
        sampled=False,
        ordered=ordered,
        method="simulated" if separate else "subsets",
        reference=None,
        pairs=Differences({}, {}),
        n_models=9,
        n_seeds=1,
        n_test=9,
        measure="squared error",
    )


def labels(ax):
    return [line.get_label() for line in ax.lines]


def test_the_picture_has_a_curve_for_each_part_and_marks_the_least_total():
    ax = made_up([0.0, 1e-4, 1e-2, 1.0]).plot(Figure().add_subplot())
    assert labels(ax) == ["bias²", "variance", "noise", "sum", "least at 0"]
    assert ax.get_xlabel() == "penalty.alpha"
    assert ax.get_ylabel() == "squared error"
    np.testing.assert_allclose(ax.lines[3].get_ydata(), np.linspace(0.7, 1.3, 4))
    together = made_up([0.0, 1e-4], separate=False).plot(Figure().add_subplot())
    assert labels(together)[:3] == ["bias² + noise", "variance", "sum"]


def test_values_over_decades_have_a_logarithmic_axis_with_zero_at_its_end():
    ax = made_up([1.0, 0.0, 1e-4, 1e-2]).plot(Figure().add_subplot())
    assert ax.get_xscale() == "log"
    places = ax.lines[0].get_xdata()
    np.testing.assert_allclose(places, [1e-6, 1e-4, 1e-2, 1.0])  # sorted; 0 a step to the left
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["0", "$10^{-4}$", "$10^{-3}$", "$10^{-2}$", "$10^{-1}$", "$10^{0}$"]
    few = made_up([1, 2, 4, 32, 64]).plot(Figure().add_subplot())
    assert [label.get_text() for label in few.get_xticklabels()] == ["1", "2", "4", "32", "64"]
    assert made_up([0.0, 0.1, 0.2]).plot(Figure().add_subplot()).get_xscale() == "linear"


def test_an_error_over_decades_has_a_logarithmic_axis_too():
    ax = made_up([1, 2, 3], bias2=np.array([0.01, 1.0, 100.0])).plot(Figure().add_subplot())
    assert ax.get_yscale() == "log"


def test_what_is_no_number_stands_side_by_side_and_is_not_joined():
    values = np.array(["sgd", None], object)
    ax = made_up(values, "optimizer", ordered=False).plot(Figure().add_subplot())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["sgd", "None"]
    assert ax.lines[0].get_linestyle() == "None"
    widths = made_up(np.array(["8", "64"], object), "network").plot(Figure().add_subplot())
    assert widths.lines[0].get_linestyle() == "-"


@pytest.mark.parametrize("values", [["a", "b", "c"], [1, 2, 3], [0.0, 1e-3, 1.0]])
def test_the_legend_and_the_notes_cover_nothing_that_is_drawn(values):
    figure = Figure(layout="constrained")
    ax = made_up(np.array(values, object if values[0] == "a" else None)).plot(figure.add_subplot())
    figure.draw_without_rendering()
    inside = ax.get_window_extent()
    assert ax.get_legend().get_window_extent().x0 >= inside.x1 - 1
    (note,) = [text for text in ax.texts if "95 %" in text.get_text()]
    assert note.get_window_extent().x0 >= inside.x1
    assert note.get_window_extent().y1 < ax.get_legend().get_window_extent().y0
    assert "over models" in note.get_text().replace("\n", " ")


def test_without_a_swept_field_the_parts_are_bars():
    ax = made_up([None], None).plot(Figure().add_subplot())
    assert [patch.get_height() for patch in ax.patches] == pytest.approx([0, 0.5, 0.2, 0.7])
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["bias²", "variance", "noise", "sum"]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(DataError, match="no value has an error"):
        made_up([1, 2], bias2=np.full(2, np.nan)).plot(Figure().add_subplot())
