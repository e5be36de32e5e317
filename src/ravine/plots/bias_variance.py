"""Bias and variance against a swept setting: the familiar picture, with its U."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bias_variance_curves"]

# Told apart by lightness as well as by hue, so that everybody can, and in grey (Okabe & Ito's).
_COLOURS = ("#0072B2", "#D55E00", "#8C8C8C")
_BLACK = "#111111"
_GREY = "#555555"
_SIZE = (7.0, 4.4)
_SPREAD = 0.15  # distance of the points of one name from its middle
_DECADES = 30.0
_TOTAL = "sum"
_NOTE_WIDTH = 26

Array = NDArray[np.float64]
Curves = Mapping[str, tuple[Array, Array, Array]]


def bias_variance_curves(
    values: NDArray[Any],
    curves: Curves,
    field: str | None,
    measure: str,
    ax: Axes | None = None,
    *,
    ordered: bool = False,
    notes: Sequence[str] = (),
) -> Axes:
    """Draw the parts of an error and their sum against the values of a field.

    Parameters
    ----------
    values : ndarray, shape (V,)
        Values of the field: numbers, or anything else.
    curves : dict of str to (ndarray, ndarray, ndarray)
        What to draw by name, with lower and upper ends of intervals; ``"sum"`` is highlighted and
        gets no band. The smallest value of the last one is marked.
    field : str or None
        Name of the field; without one, the parts are drawn as bars.
    measure : str
        What the error is, for the axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    ordered : bool, default False
        Whether values that are not numbers have an order, so that lines join them.
    notes : sequence of str
        Notes about the numbers; shown under the legend.

    Returns
    -------
    matplotlib.axes.Axes
        With the curves, the intervals of the parts as bands, and a legend beside them.

    Raises
    ------
    DataError
        If no value has an error to draw.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ones = np.ones(3)
    >>> curves = {"bias²": (ones, 0 * ones, 2 * ones), "sum": (2 * ones, ones, 3 * ones)}
    >>> ax = bias_variance_curves(
    ...     np.array([0.0, 1e-3, 1.0]), curves, "penalty.alpha", "error", Figure().add_subplot()
    ... )
    >>> ax.get_xscale(), [label.get_text() for label in ax.get_xticklabels()][:2]
    ('log', ['0', '$10^{-3}$'])
    """
    marked = list(curves.values())[-1][0]
    if not np.isfinite(marked).any():
        raise DataError("There is nothing to draw: no value has an error.")
    curves = {name: _bounded(*of_one, 3 * np.nanmax(marked)) for name, of_one in curves.items()}
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=_SIZE, layout="constrained")
    if field is None:
        _draw_bars(ax, curves)
        ax.set_xlabel("\n".join(notes), fontsize=8, color=_GREY)
    else:
        numeric = values.dtype.kind in "iuf"
        places = _place(ax, values) if numeric else _place_names(ax, values)
        order = np.argsort(places, kind="stable")
        sorted_curves = {n: (v[order], a[order], b[order]) for n, (v, a, b) in curves.items()}
        shifts = np.zeros(len(curves))
        if not (numeric or ordered):  # side by side, so that no point covers another
            shifts = np.linspace(-_SPREAD, _SPREAD, len(curves))
        _draw_curves(ax, places[order], sorted_curves, shifts, joined=numeric or ordered)
        best = int(np.nanargmin(marked))
        _mark_best(ax, places[best] + shifts[-1], marked[best], f"least at {_named(values[best])}")
        ax.set_xlabel(field)
        _put_legend(ax, notes)
    ax.set_ylabel(measure)
    ax.grid(visible=True, axis="y", color="#e5e5e5", lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _draw_curves(ax: Axes, places: Array, curves: Curves, shifts: Array, *, joined: bool) -> None:
    """Draw each part with its band, the total on top; lines join numbers only."""
    colours = _colours(curves)
    for (name, (heights, *ends)), colour, shift in zip(
        curves.items(), colours, shifts, strict=True
    ):
        is_total, is_exact = name == _TOTAL, not (ends[1] > ends[0]).any()
        style, marker = ("--", "") if is_exact else ("-" if joined else "none", "o")
        at = places if is_exact else places + shift
        (line,) = ax.plot(at, heights, ls=style, marker=marker, label=name, color=colour)
        line.set(linewidth=2.4 if is_total else 1.8, markersize=4 if joined else 6)
        if is_total or is_exact:
            continue
        if joined:
            ax.fill_between(at, ends[0], ends[1], color=colour, alpha=0.18, lw=0)
        else:
            lengths = np.maximum([heights - ends[0], ends[1] - heights], 0)
            ax.errorbar(at, heights, lengths, fmt="none", ecolor=colour, capsize=3)
    marked = list(curves.values())[-1][0]
    lowest, highest = np.nanmin(marked), np.nanmax(marked)
    if lowest > 0 and highest > _DECADES * lowest:
        ax.set_yscale("log", nonpositive="mask")
        ax.set_ylim(lowest / 30, highest * 2)
    else:
        ax.set_ylim(bottom=min(0.0, *(float(np.nanmin(v)) for v, *_ in curves.values())))
    ax.margins(x=0.03 if joined else 0.15)


def _bounded(values: Array, low: Array, high: Array, most: float) -> tuple[Array, Array, Array]:
    """Cut intervals that reach too far to be drawn, as those of a few models may."""
    return values, np.maximum(low, -most), np.minimum(high, np.maximum(most, values))


def _draw_bars(ax: Axes, curves: Curves) -> None:
    """Draw the parts as bars, since there is no field for the axis."""
    heights = [float(values[0]) for values, *_ in curves.values()]
    lengths = np.array([[v[0] - low[0], high[0] - v[0]] for v, low, high in curves.values()])
    errors = np.nan_to_num(np.maximum(lengths.T, 0))
    ax.bar(list(curves), heights, color=_colours(curves), width=0.6)
    ax.errorbar(list(curves), heights, errors, fmt="none", ecolor=_GREY, capsize=4, lw=1.2)
    for place, (height, error) in enumerate(zip(heights, errors[1], strict=True)):
        top = (place, max(height + error, 0.0))
        ax.annotate(f"{height:.3g}", top, (0, 4), textcoords="offset points", ha="center")
    ax.axhline(0, color=_BLACK, lw=0.8)
    ax.tick_params(axis="x", length=0)


def _colours(curves: Curves) -> list[str]:
    return [_BLACK if n == _TOTAL else c for n, c in zip(curves, (*_COLOURS, ""), strict=False)]


def _put_legend(ax: Axes, notes: Sequence[str]) -> None:
    """Put the legend beside the axes, where it covers nothing, and the notes under it."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
    text = "\n".join(textwrap.fill(note, _NOTE_WIDTH) for note in notes)
    ax.text(1.03, 0, text, transform=ax.transAxes, va="bottom", fontsize=8, color=_GREY)


def _mark_best(ax: Axes, place: float, height: float, label: str) -> None:
    ax.axvline(place, label=label, color=_GREY, lw=1.0, ls=":", zorder=1)
    ax.scatter([place], [height], s=60, lw=1.8, facecolors="white", edgecolors=_BLACK, zorder=4)


def _place_names(ax: Axes, values: NDArray[Any]) -> Array:
    """Put values that are not numbers side by side."""
    places = np.arange(len(values), dtype=np.float64)
    ax.set_xticks(places, [_named(value) for value in values])
    return places


def _place(ax: Axes, values: NDArray[Any]) -> Array:
    """Give the positions of numbers on the axis, which is logarithmic if they span decades."""
    places = values.astype(np.float64)
    positive = np.unique(places[places > 0])
    if places.min() >= 0 and len(positive) > 1 and positive[-1] > _DECADES * positive[0]:
        return _place_on_logarithmic_axis(ax, places, positive)
    return places


def _place_on_logarithmic_axis(ax: Axes, places: Array, positive: Array) -> Array:
    """Put 0, which has no logarithm, one step to the left of the smallest value, beyond a break."""
    from matplotlib.ticker import FixedLocator

    ax.set_xscale("log")
    ticks, labels = _logarithmic_ticks(positive)
    ax.xaxis.set_minor_locator(FixedLocator([]))
    if (places == 0).any():
        step = max(positive[1] / positive[0], 4.0)
        nothing = positive[0] / step
        places = np.where(places == 0, nothing, places)
        ticks, labels = np.concatenate([[nothing], ticks]), ["0", *labels]
        _break_axis(ax, nothing * np.sqrt(step))
    ax.set_xticks(ticks, labels)
    return places


def _logarithmic_ticks(positive: Array) -> tuple[Array, list[str]]:
    """Label the values themselves if they are few and apart, otherwise powers of ten."""
    powers = np.log10(positive)
    if powers[-1] - powers[0] < 3 and np.diff(powers).min() > (powers[-1] - powers[0]) / 12:
        return positive, [_named(value) for value in positive]
    first, last = np.ceil(powers[0] - 1e-9), np.floor(powers[-1] + 1e-9)
    tens = np.arange(first, last + 1, np.ceil((last - first + 1) / 8))
    return 10.0**tens, [f"$10^{{{int(power)}}}$" for power in tens]


def _break_axis(ax: Axes, place: float) -> None:
    """Draw two strokes across the axis at its break."""
    for shift in (-3, 3):
        ax.annotate(
            "/",
            (place, 0),
            xytext=(shift, 0),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=9,
        )


def _named(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)
