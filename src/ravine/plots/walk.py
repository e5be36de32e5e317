"""A walk down a function: its path on contours, or its heights; still and moving."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.ground.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["animate_walk", "draw_walk"]

Array = NDArray[np.float64]
Surface = tuple[Array, Array, Array]

_PATH, _END = "#D55E00", "#0072B2"
_FLOOR = 1e-3
_LEVELS = 20
_DECADES = 100.0
_SIZE, _DPI = (5.6, 4.2), 90


def draw_walk(path: Array, heights: Array, surface: Surface | None, ax: Axes) -> Line2D:
    """Draw a walk.

    Parameters
    ----------
    path : ndarray of shape (steps + 1, n)
        The points.
    heights : ndarray of shape (steps + 1,)
        The function there.
    surface : tuple of ndarray, optional
        Two axes, and the heights over them, NaN where there are none. The contours lie at even
        distances of the logarithm of the height above the lowest.
    ax : matplotlib.axes.Axes
        Where to draw: the path if n is 2, else the heights over the steps.

    Returns
    -------
    matplotlib.lines.Line2D
        The walk.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> walk = draw_walk(np.eye(3), np.arange(3.0), None, Figure().add_subplot())
    >>> walk.get_ydata().tolist()
    [0.0, 1.0, 2.0]
    """
    ax.spines[["top", "right"]].set_visible(False)
    if path.shape[1] != 2:
        (line,) = ax.plot(heights, color=_PATH, lw=1.4)
        if heights.min() > 0 and heights.max() > _DECADES * heights.min():
            ax.set_yscale("log")
        ax.set(xlabel="step", ylabel="fun")
        return line
    if surface is not None:
        _draw_contours(ax, *surface)
    (line,) = ax.plot(*path.T, marker=".", ms=4, lw=1.2, color=_PATH, label="path")
    ax.plot(*path[0], marker="o", ms=6, ls="", mfc="white", mec=_PATH, label="start")
    ax.plot(*path[-1], marker="X", ms=8, ls="", color=_END, label="end")
    ax.legend(framealpha=0.9, edgecolor="none", fontsize="small", loc="best")
    ax.set(xlabel="x[0]", ylabel="x[1]")
    return line


def animate_walk(
    path: Array,
    heights: Array,
    surface: Surface | None,
    shown: Iterable[int],
    fps: float,
    file: str | os.PathLike[str],
) -> None:
    """Write a walk as an animated GIF, without any window.

    Parameters
    ----------
    path, heights, surface
        As in `draw_walk`.
    shown : iterable of int
        The steps at which the pictures end.
    fps : float
        Pictures a second.
    file : str or path-like
        The file.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from matplotlib.animation import PillowWriter
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    ax = figure.add_subplot()
    line = draw_walk(path, heights, surface, ax)
    whole: Any = line.get_xydata()
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    with atomic_write(file) as temporary:
        writer: Any = PillowWriter(fps=fps)  # type: ignore[arg-type]  # it divides by it
        with writer.saving(figure, temporary, _DPI):
            for step in shown:
                line.set_data(*whole[: step + 1].T)
                ax.set_title(f"step {step}: {heights[step]:.4g}")
                writer.grab_frame()


def _draw_contours(ax: Axes, x: Array, y: Array, heights: Array) -> None:
    there = heights[np.isfinite(heights)]
    if not there.size or there.max() == there.min():
        return
    above = np.ma.masked_invalid(heights - there.min())
    levels = np.geomspace(_FLOOR * above.max(), above.max(), _LEVELS)
    ax.contour(x, y, above, levels=levels, cmap="Greys_r", linewidths=0.7, alpha=0.5)
