"""The pictures of the instruments: bars, lines by layer, bands over a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["axes_for", "bars", "finish", "lines_by_name", "ways"]

Array = NDArray[np.float64]

# Told apart by lightness as well as by hue, so that everybody can, and in grey (Okabe & Ito's).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"
_STYLES = ((BLUE, "o", "-"), (ORANGE, "s", "--"))
_SIZE = (7.0, 4.4)
_WAYS = (ORANGE, "#009E73", "#CC79A7", "#E69F00", "#111111")


def axes_for(ax: Axes | None) -> Axes:
    """Give the axes, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, optional
        What the caller was given.

    Returns
    -------
    matplotlib.axes.Axes
        To draw on.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=_SIZE, layout="constrained")
    return ax


def finish(ax: Axes, x: str, y: str, *, legend: bool = True) -> Axes:
    """Name the axes, and put the legend beside them, where it covers nothing.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        A drawing.
    x, y : str
        What the axes show, with its unit.
    legend : bool, default True
        Whether there is something to tell apart.

    Returns
    -------
    matplotlib.axes.Axes
        The same.
    """
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(visible=True, color="#e5e5e5", lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if legend:
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False)
    return ax


def bars(names: Sequence[str], sizes: Array, measure: str, ax: Axes | None = None) -> Axes:
    """Draw a horizontal bar for each name, from top to bottom.

    Parameters
    ----------
    names : sequence of str
        What is measured.
    sizes : ndarray
        How large each is, at least 0.
    measure : str
        What the size is.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the numbers at the ends of the bars.
    """
    ax = axes_for(ax)
    places = np.arange(len(names))
    drawn = ax.barh(places, sizes, color=BLUE, height=0.6)
    ax.bar_label(drawn, [f"{size:.2g}" for size in sizes], padding=4)
    ax.set_yticks(places, list(names))
    ax.invert_yaxis()
    ax.margins(x=0.15)
    finish(ax, measure, "", legend=False)
    ax.grid(visible=False, axis="y")
    return ax


def lines_by_name(
    names: Sequence[str], curves: Mapping[str, Array], measure: str, ax: Axes | None = None
) -> Axes:
    """Draw curves over names that have an order, such as layers.

    Parameters
    ----------
    names : sequence of str
        From left to right.
    curves : mapping of str to ndarray
        Two curves at most; what is not positive is left out.
    measure : str
        What their heights are.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With a logarithmic height.
    """
    ax = axes_for(ax)
    places = np.arange(len(names))
    for (name, heights), (colour, marker, line) in zip(curves.items(), _STYLES, strict=False):
        shown = np.where(heights > 0, heights, np.nan)
        ax.plot(places, shown, color=colour, marker=marker, ls=line, lw=1.8, label=name)
    if any((heights > 0).any() for heights in curves.values()):
        ax.set_yscale("log")
    ax.set_xticks(places, list(names), rotation=30, ha="right")
    return finish(ax, "layer, from the input to the output", measure)


def ways(ax: Axes, paths: Mapping[str, Array]) -> None:
    """Draw ways over a plane, each from an open circle to a full one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    paths : mapping of str to ndarray, shape (steps, 2)
        The ways by name.
    """
    for i, (name, way) in enumerate(paths.items()):
        (line,) = ax.plot(*way.T, color=_WAYS[i % len(_WAYS)], lw=1.6, label=name)
        ax.plot(*way[:1].T, "o", color=line.get_color(), mfc="white", ms=5)
        ax.plot(*way[-1:].T, "o", color=line.get_color(), ms=5)
