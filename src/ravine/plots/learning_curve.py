"""The learning curve: training and validation loss per epoch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..history import History

__all__ = ["learning_curve", "save_learning_curve"]

# Told apart by lightness as well as by hue, so that everybody can, and in grey (Okabe & Ito's).
_CURVES = {"loss": ("training", "#0072B2"), "val_loss": ("validation", "#D55E00")}
_GREY = "#555555"
_FEW_POINTS = 15
_DECADES = 100.0
_SIZE = (7.0, 4.2)


def learning_curve(history: History, ax: Axes | None = None) -> Axes:
    """Draw training and validation loss per epoch, with the best epoch marked.

    Parameters
    ----------
    history : History
        With the columns ``loss`` and, if there were validation rows, ``val_loss``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the curves. The loss has a logarithmic axis if it spans more than two decades.

    Raises
    ------
    DataError
        If the history has no epoch, or no loss.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import ravine as rv
    >>> history = rv.History({"epoch": [1, 2], "loss": [10.0, 0.01]})
    >>> learning_curve(history, Figure().add_subplot()).get_yscale()
    'log'
    """
    if len(history) == 0 or "loss" not in history:
        raise DataError("There is nothing to draw: the history has no epoch with a loss.")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=_SIZE, layout="constrained")
    epochs = history["epoch"] if "epoch" in history else np.arange(1, len(history) + 1)
    curves = {name: _finite(history[name]) for name in _CURVES if name in history}
    for name, losses in curves.items():
        label, colour = _CURVES[name]
        marker = "o" if len(epochs) <= _FEW_POINTS else ""
        ax.plot(epochs, losses, label=label, color=colour, lw=1.8, marker=marker, ms=4)
    if _spans_decades(np.concatenate(list(curves.values()))):
        ax.set_yscale("log")
    _mark_best(ax, history.best_epoch, epochs, curves)
    _dress(ax, several=len(curves) > 1)
    return ax


def save_learning_curve(history: History, path: str | os.PathLike[str], *, title: str = "") -> None:
    """Draw a learning curve into a picture file, whole or not at all, without any window.

    Parameters
    ----------
    history : History
        With the columns ``loss`` and, if there were validation rows, ``val_loss``.
    path : str or path-like
        The file; its suffix says the format (.png, .svg, .pdf).
    title : str, optional
        Written above the curves.

    Raises
    ------
    FileError
        If the file cannot be written.
    DataError
        If the history has no epoch, or the suffix names no format.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ravine as rv
    >>> history = rv.History({"epoch": [1, 2], "loss": [0.5, 0.25]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "curve.png")
    ...     save_learning_curve(history, path)
    ...     path.read_bytes()[1:4]
    b'PNG'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    suffix = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()  # noqa: PTH122
    if suffix not in figure.canvas.get_supported_filetypes():
        raise DataError(
            f"A picture cannot be saved as {os.fspath(path)!r}: its suffix names no known format.",
            hint="Use .png, .svg or .pdf.",
        )
    ax = learning_curve(history, figure.add_subplot())
    if title:
        ax.set_title(title, loc="left", fontsize="medium")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=150, format=suffix)


def _finite(losses: NDArray[Any]) -> NDArray[Any]:
    """Leave gaps where a run that diverged has no number to draw."""
    return np.where(np.isfinite(losses), losses, np.nan)


def _spans_decades(losses: NDArray[Any]) -> bool:
    losses = losses[np.isfinite(losses)]
    return bool(losses.size and losses.min() > 0 and losses.max() > _DECADES * losses.min())


def _mark_best(
    ax: Axes, best: int | None, epochs: NDArray[Any], curves: dict[str, NDArray[Any]]
) -> None:
    """Mark the best epoch by a line, and its validation loss by a ring."""
    if best is None or best not in epochs:
        return
    ax.axvline(best, label=f"best epoch: {best}", color=_GREY, lw=1.0, ls=":", zorder=1)
    if "val_loss" in curves:
        loss = curves["val_loss"][np.flatnonzero(epochs == best)[0]]
        colour = _CURVES["val_loss"][1]
        ax.scatter([best], [loss], s=60, lw=1.8, facecolors="white", edgecolors=colour, zorder=3)


def _dress(ax: Axes, *, several: bool) -> None:
    """Give the axes their labels, and take away what does not inform."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.set_ylabel("loss" if several else "training loss")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    ax.margins(x=0.02)
    ax.grid(visible=True, axis="y", color="#e5e5e5", lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
