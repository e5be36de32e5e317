"""The learning curve: training and validation loss per epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.files import atomic_write
from ravine.specs.losses import Loss

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["learning_curve", "save_learning_curve"]

# Told apart by lightness as well as by hue, so that everybody can, and in grey (Okabe & Ito's).
_CURVES = {"loss": ("training", "#0072B2"), "val_loss": ("validation", "#D55E00")}
_GREY = "#555555"
_FEW_POINTS = 15
_DECADES = 100.0
_SIZE = (7.0, 4.2)
_ROOM = 0.12  # for the legend, as a part of the height of the curves


def learning_curve(
    columns: Mapping[str, NDArray[Any]],
    ax: Axes | None = None,
    *,
    best_epoch: int | None = None,
    loss: Loss | None = None,
    target: str = "",
) -> Axes:
    """Draw training and validation loss per epoch, with the best epoch marked.

    A squared error is drawn as its square root, which has the target's own unit.

    Parameters
    ----------
    columns : dict of str to ndarray, or History
        A row per epoch: ``loss``; ``val_loss``, if there were validation rows; ``epoch``, from 1
        if it is not there.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    best_epoch : int, optional
        The epoch to mark.
    loss : Loss, optional
        The loss of the history. None draws the values unchanged, as "loss".
    target : str, default ""
        What is predicted, for the axis.

    Returns
    -------
    matplotlib.axes.Axes
        With the curves. The loss has a logarithmic axis if it spans more than two decades.

    Raises
    ------
    DataError
        If there is no epoch, or no loss.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> columns = {"loss": np.array([10.0, 0.01])}
    >>> learning_curve(columns, Figure().add_subplot()).get_yscale()
    'log'
    >>> from ravine.losses import SquaredError
    >>> ax = learning_curve(columns, Figure().add_subplot(), loss=SquaredError(), target="price")
    >>> ax.get_ylabel()
    'training RMSE of price'
    """
    if "loss" not in columns or len(columns["loss"]) == 0:
        raise DataError("There is nothing to draw: the history has no epoch with a loss.")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=_SIZE, layout="constrained")
    epochs = columns["epoch"] if "epoch" in columns else np.arange(1, len(columns["loss"]) + 1)
    curves = {name: _finite(columns[name]) for name in _CURVES if name in columns}
    if loss is not None and loss.measured_as_root:
        curves = {name: np.sqrt(losses) for name, losses in curves.items()}
    for name, losses in curves.items():
        label, colour = _CURVES[name]
        marker = "o" if len(epochs) <= _FEW_POINTS else ""
        ax.plot(epochs, losses, label=label, color=colour, lw=1.8, marker=marker, ms=4)
    if _spans_decades(np.concatenate(list(curves.values()))):
        ax.set_yscale("log")
    _mark_best(ax, best_epoch, epochs, curves)
    measure = ("loss" if loss is None else loss.measure) + (f" of {target}" if target else "")
    _dress(ax, measure if len(curves) > 1 else f"training {measure}")
    return ax


def save_learning_curve(
    columns: Mapping[str, NDArray[Any]],
    path: str | os.PathLike[str],
    *,
    best_epoch: int | None = None,
    loss: Loss | None = None,
    target: str = "",
    title: str = "",
) -> None:
    """Draw a learning curve into a picture file, completely or not at all, without any window.

    Parameters
    ----------
    columns : dict of str to ndarray, or History
        As in `learning_curve`.
    path : str or path-like
        The file; its suffix says the format (.png, .svg, .pdf).
    best_epoch, loss, target
        As in `learning_curve`.
    title : str, optional
        Written above the curves.

    Raises
    ------
    FileError
        If the file cannot be written.
    DataError
        If there is no epoch, or the suffix names no format.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> columns = {"loss": np.array([0.5, 0.25])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "curve.png")
    ...     save_learning_curve(columns, path)
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
    ax = learning_curve(
        columns, figure.add_subplot(), best_epoch=best_epoch, loss=loss, target=target
    )
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
    top = 1 - 1.2 * _ROOM
    ax.axvline(best, 0, top, label=f"best epoch: {best}", color=_GREY, lw=1.0, ls=":", zorder=1)
    if "val_loss" in curves:
        loss = curves["val_loss"][np.flatnonzero(epochs == best)[0]]
        colour = _CURVES["val_loss"][1]
        ax.scatter([best], [loss], s=60, lw=1.8, facecolors="white", edgecolors=colour, zorder=3)


def _dress(ax: Axes, measure: str) -> None:
    """Give the axes their labels, and remove superfluous lines."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.set_ylabel(measure)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    ax.margins(x=0.02)
    ax.grid(visible=True, axis="y", color="#e5e5e5", lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    _leave_room_above(ax)
    ax.legend(loc="upper right", ncols=3, frameon=False, borderaxespad=0)


def _leave_room_above(ax: Axes) -> None:
    """Keep the curves out of the top of the axes, where the legend is."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log":
        ax.set_ylim(low, high * (high / low) ** _ROOM)
    else:
        ax.set_ylim(low, high + (high - low) * _ROOM)
