"""Many numbers over the steps of a run: lines with names where they are few, else bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.ground.packages import needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["lines_over_steps"]

_BLUE = "#0072B2"
_FEW = 10
#: What part of the numbers lies within a band, and how dark it is.
_BANDS = ((90, 0.15), (50, 0.3))


def lines_over_steps(
    steps: NDArray[Any], lines: Mapping[str, NDArray[Any]], what: str, ax: Axes | None = None
) -> Axes:
    """Draw numbers over steps.

    Parameters
    ----------
    steps : ndarray of shape (rows,)
        The steps.
    lines : mapping of str to ndarray of shape (rows,)
        The numbers by name. Of more than ten, the median and two bands are drawn.
    what : str
        What they are, for the axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the picture.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> steps = np.array([1, 2])
    >>> ax = lines_over_steps(steps, {"a": steps, "b": 2 * steps}, "rate", Figure().add_subplot())
    >>> len(ax.lines), ax.get_xlabel()
    (2, 'step')
    """
    if ax is None:
        needs("A picture", "matplotlib")
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(layout="constrained")
    if len(lines) <= _FEW:
        for name, values in lines.items():
            ax.plot(steps, values, lw=1.4, label=name)
    else:
        _draw_bands(ax, steps, np.array(list(lines.values())))
    if len(lines) > 1:
        ax.legend(frameon=False, fontsize="small")
    ax.set(xlabel="step", ylabel=what)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _draw_bands(ax: Axes, steps: NDArray[Any], values: NDArray[Any]) -> None:
    for share, alpha in _BANDS:
        low, high = np.percentile(values, (50 - share / 2, 50 + share / 2), axis=0)
        label = f"{share} % of {len(values):,}"
        ax.fill_between(steps, low, high, color=_BLUE, alpha=alpha, lw=0, label=label)
    ax.plot(steps, np.median(values, axis=0), color=_BLUE, lw=1.4, label="median")
