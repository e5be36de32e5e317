"""What a study found: the mean score of each setting with its standard error, the best on top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["save_study_means", "study_means"]

_BLUE, _GREY = "#0072B2", "#555555"
_DECADES = 30.0

Array = NDArray[np.float64]


def study_means(
    labels: Sequence[str], means: Array, errors: Array, measure: str, ax: Axes | None = None
) -> Axes:
    """Draw a dot for the mean of each setting, with a bar of two standard errors either way.

    Parameters
    ----------
    labels : sequence of str
        The settings, from top to bottom.
    means, errors : ndarray
        Their means and standard errors; a mean that is NaN (a run diverged) has no dot, an error
        that is NaN no bar.
    measure : str
        What the score is, for the axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Logarithmic if the means are positive and span more than a factor of 30.

    Raises
    ------
    DataError
        If there is nothing to draw.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().add_subplot()
    >>> means, errors = np.array([0.1, 0.2]), np.array([0.01, 0.02])
    >>> study_means(["Adam", "SGD"], means, errors, "val_loss", ax).get_xlabel()
    'mean val_loss ± 2 standard errors'
    """
    if not len(labels):
        raise DataError("There are no settings to draw.")
    ax = _figure(len(labels)).add_subplot() if ax is None else ax
    places = np.arange(len(labels))
    bars = 2 * np.nan_to_num(errors)
    ax.errorbar(means, places, xerr=bars, fmt="o", color=_BLUE, ecolor=_GREY, capsize=2)
    ax.set_yticks(places, [str(label) for label in labels])
    ax.set_ylim(len(labels) - 0.5, -0.5)
    there = means[np.isfinite(means)]
    if len(there) and there.min() > 0 and there.max() > _DECADES * there.min():
        ax.set_xscale("log")
    ax.set_xlabel(f"mean {measure} ± 2 standard errors")
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def save_study_means(
    labels: Sequence[str], means: Array, errors: Array, measure: str, path: Path
) -> None:
    """Draw the means of settings into a PNG file, completely or not at all, without any window.

    Parameters
    ----------
    labels, means, errors, measure
        As in `study_means`.
    path : Path
        The file.

    Raises
    ------
    FileError
        If the file cannot be written.
    DataError
        If there is nothing to draw.
    """
    figure = _figure(len(labels))
    study_means(labels, means, errors, measure, figure.add_subplot())
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _figure(settings: int) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(7.0, 1.2 + 0.3 * settings), layout="constrained")
