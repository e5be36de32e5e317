"""A comparison: mean scores of candidates, by learning rate, and by tuning budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.files import atomic_write
from ravine.plots.study import study_means

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["comparison_figure", "save_comparison"]

Array = NDArray[np.float64]
#: x, means and standard errors.
Curve = tuple[Array, Array, Array]

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
_MARKERS = "osD^vPX*"
_DECADES = 10.0


def comparison_figure(
    labels: Sequence[str],
    means: Array,
    errors: Array,
    *,
    sensitivity: Mapping[str, Curve],
    budget: Mapping[str, Curve],
    rows: Array | None = None,
) -> Figure:
    """Draw a comparison; the legend stands below all panels.

    Parameters
    ----------
    labels : sequence of str
        Candidates, the best first.
    means, errors : ndarray
        Of their test losses; a mean that is NaN has no dot.
    sensitivity : dict of str to (rates, means, errors)
        Test loss by learning rate; empty: not drawn.
    budget : dict of str to (tries, means, errors)
        Expected test loss by the number of tries; empty: not drawn.
    rows : ndarray, optional
        Numbers of training rows: the first panel is then the learning curve.

    Returns
    -------
    matplotlib.figure.Figure
        With one panel or three.

    Raises
    ------
    DataError
        If there is nothing to draw.

    Examples
    --------
    >>> means, errors = np.array([0.1, 0.2]), np.array([0.01, 0.02])
    >>> len(comparison_figure(["a", "b"], means, errors, sensitivity={}, budget={}).axes)
    1
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not len(labels):
        raise DataError("There are no candidates to draw.")
    panels = 3 if sensitivity and budget else 1
    height = 4.2 + 0.25 * max(0, len(labels) - 6)
    figure = Figure(figsize=(5.0 * panels if panels > 1 else 7.0, height), layout="constrained")
    axes = [figure.add_subplot(1, panels, place + 1) for place in range(panels)]
    if rows is None:
        study_means(labels, means, errors, "test loss", axes[0])
    else:
        _learning_curve(axes[0], rows, means, errors)
    if panels == 1:
        return figure
    if rows is None:
        _colour_dots(axes[0], labels, means)
    _curves(axes[1], sensitivity, "learning rate", "mean test loss")
    axes[1].set_xscale("log")
    _curves(axes[2], budget, "tuning runs", "expected test loss")
    axes[2].xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, names = axes[1].get_legend_handles_labels()
    columns = min(len(names), 6)
    figure.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        title="bands: ± 2 standard errors over seeds",
    )
    return figure


def save_comparison(figure: Figure, path: Path) -> None:
    """Write a figure into a PNG file, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    path : Path
        The file.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _learning_curve(ax: Axes, rows: Array, means: Array, errors: Array) -> None:
    order = np.argsort(rows)
    bars = 2 * np.nan_to_num(errors[order])
    ax.errorbar(rows[order], means[order], yerr=bars, fmt="o-", color=_COLOURS[0], capsize=2)
    ax.set_xscale("log")
    ax.set_xlabel("training rows")
    ax.set_ylabel("mean test loss ± 2 standard errors")
    _finish(ax, means)


def _curves(ax: Axes, curves: Mapping[str, Curve], x: str, y: str) -> None:
    """Draw a line with a band of two standard errors for each candidate."""
    drawn = []
    for place, (label, (at, means, errors)) in enumerate(curves.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        marker = _MARKERS[place % len(_MARKERS)]
        style = ("-", "--", ":")[place // len(_COLOURS) % 3]
        ax.plot(at, means, style, color=colour, marker=marker, markersize=4, label=label)
        low, high = means - 2 * errors, means + 2 * errors
        ax.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        drawn.append(means)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    _finish(ax, np.concatenate(drawn))


def _colour_dots(ax: Axes, labels: Sequence[str], means: Array) -> None:
    """Draw the dots of candidates as their lines are in the other panels."""
    for place in range(len(labels)):
        colour, marker = _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]
        ax.plot(means[place], place, marker, color=colour, markersize=9, zorder=5)


def _finish(ax: Axes, means: Array) -> None:
    """Draw losses of several orders of magnitude on a logarithmic axis; leave spines out."""
    there = means[np.isfinite(means)]
    if len(there) and there.min() > 0 and there.max() > _DECADES * there.min():
        ax.set_yscale("log")
        ax.set_ylim(there.min() / 1.3, there.max() * 1.3)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
