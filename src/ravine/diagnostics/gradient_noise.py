"""Gradient noise: how much rows disagree about where to go, and what batch size that asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.diagnostics.model_gradients import Array, ModelGradients, check_rows_apart, untrained
from ravine.diagnostics.noise_interval import noise_interval, noise_moments
from ravine.errors import DataError, ParameterError
from ravine.ground.packages import needs
from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["GradientNoise", "gradient_noise"]

#: How many mini-batches of each size are drawn to see where their gradients point.
_DRAWS = 60
#: Rows whose gradients are held at a time.
_HELD = 256
_FEWEST = 4


@dataclass(frozen=True, eq=False)
class GradientNoise:
    """What `gradient_noise` found; printing it gives a sentence.

    Parameters
    ----------
    noise_scale : float
        ``tr Σ / ‖G‖²``, in rows; infinite where ‖G‖² is not above 0.
    noise_scale_low, noise_scale_high : float
        Ends of its 95 % interval; the upper one may be infinite.
    suggested_batch_size : int or None
        The noise scale as a whole number of rows in [1, n]; None where its interval has no upper
        end, so that these rows do not say which way is down.
    trace_of_covariance : float
        ``tr Σ``, Σ the covariance of the gradients of single rows.
    squared_norm : float
        ``‖G‖²``, without the part that noise adds to ``‖ḡ‖²``; it may be negative.
    rows : int
        n.
    batch_sizes : ndarray of int
        Sizes of mini-batches that were drawn.
    cosines : ndarray, shape (sizes, 3)
        Mean, 5 % and 95 % quantile of the cosine between a mini-batch's gradient and that of all
        rows.
    """

    noise_scale: float
    noise_scale_low: float
    noise_scale_high: float
    suggested_batch_size: int | None
    trace_of_covariance: float
    squared_norm: float
    rows: int
    batch_sizes: NDArray[np.int64]
    cosines: Array

    def to_frame(self) -> pd.DataFrame:
        """Give a row per batch size.

        Returns
        -------
        pandas.DataFrame
            ``batch_size``; ``cosine`` to the gradient of all rows with the quantiles ``low`` and
            ``high`` of single mini-batches; ``noise_share``, the part of ``E‖g_B‖²`` that is
            noise, ``tr Σ / B / (‖G‖² + tr Σ / B)``.
        """
        needs("to_frame", "pandas")
        import pandas as pd

        noise = self.trace_of_covariance / self.batch_sizes
        total = max(self.squared_norm, 0.0) + noise
        share = np.divide(noise, total, out=np.zeros_like(noise), where=total > 0)
        mean, low, high = self.cosines.T
        return pd.DataFrame(
            {
                "batch_size": self.batch_sizes,
                "cosine": mean,
                "low": low,
                "high": high,
                "noise_share": share,
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cosine to the gradient of all rows by batch size, and the noise scale.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            The mean as a line, nine mini-batches of ten as a band, the noise scale as a vertical
            line with its interval at the foot.
        """
        from ravine.plots.instruments import BLUE, ORANGE, axes_for, finish

        ax = axes_for(ax)
        mean, low, high = self.cosines.T
        ax.fill_between(self.batch_sizes, low, high, color=BLUE, alpha=0.18, lw=0, label="9 of 10")
        ax.plot(self.batch_sizes, mean, "o-", color=BLUE, lw=1.8, ms=4, label="mean")
        ax.set_xscale("log", base=2)
        ax.set_ylim(min(0.0, float(low.min())) - 0.05, 1.05)
        first, last = 1.0, float(self.rows)
        ax.set_xlim(first / 1.2, last * 1.2)
        if first <= self.noise_scale <= last:
            ax.axvline(self.noise_scale, color=ORANGE, ls=":", lw=1.8, label="noise scale")
        ends = np.clip([self.noise_scale_low, self.noise_scale_high], first, last)
        if ends[0] < ends[1]:
            foot = ax.get_ylim()[0] + 0.02
            ax.plot(
                ends,
                [foot, foot],
                color=ORANGE,
                lw=4,
                solid_capstyle="butt",
                label="its 95 % interval",
            )
        return finish(ax, "rows in a mini-batch", "cosine to the gradient of all rows")

    def __str__(self) -> str:
        scale = f"{self.noise_scale:.3g}" if np.isfinite(self.noise_scale) else "∞"
        high = f"{self.noise_scale_high:.3g}" if np.isfinite(self.noise_scale_high) else "∞"
        head = f"The noise scale is {scale} rows (95 %: {self.noise_scale_low:.3g} to {high})"
        at_one = self.to_frame()["cosine"].iloc[0]
        alone = (
            f"; a single row's gradient has the mean cosine {at_one:.2f} to that of all "
            f"{self.rows:,} rows"
        )
        if self.suggested_batch_size is None:
            return f"{head}{alone}: these rows do not tell the gradient from noise."
        if self.suggested_batch_size == 1:
            return f"{head}{alone}: one row a step is as good a guide per row as any batch."
        return (
            f"{head}{alone}: up to some {self.suggested_batch_size:,} rows a step, more rows make "
            "each step better."
        )


def gradient_noise(
    network_or_model: Network | Model,
    X: ArrayLike,
    y: ArrayLike,
    *,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
) -> GradientNoise:
    """Measure how much the gradients of single rows scatter around their mean.

    With ``g_i = ∂L(ŷ_i, y_i)/∂w`` and their mean ``ḡ``: ``tr Σ = Σ ‖g_i − ḡ‖² / (n − 1)``,
    ``‖G‖² = ‖ḡ‖² − tr Σ / n``, and the simple noise scale is ``tr Σ / ‖G‖²``. A mini-batch of that
    many rows has as much noise as gradient; with fewer, steps are mostly noise, with many more,
    rows are wasted. The rows are taken as a sample; the interval is Fieller's for a ratio, with
    the jackknife's covariance. Penalties have no part in it, since they have no noise. Dropout and
    noise layers do nothing.

    Parameters
    ----------
    network_or_model : Network or Model
        A model is measured where it stands, a network at the first weights that `train` gives it.
        The noise scale usually grows in training: measure at both ends.
    X : array-like, shape (n, ...)
        Rows, at least 4.
    y : array-like, shape (n,) or (n, outputs)
        Their targets.
    recipe : Recipe, default Recipe()
        Its seed draws the first weights of a network, and the mini-batches.

    Returns
    -------
    GradientNoise
        The numbers, the cosines by batch size, a picture and a sentence.

    Raises
    ------
    ParameterError
        If the network has a BatchNorm, or there is neither a network nor a model.
    DataError
        If there are fewer than 4 rows, or X or y cannot be trained on.

    References
    ----------
    McCandlish, Kaplan, Amodei (2018), "An empirical model of large-batch training", equation 2.9
    and appendix A.1. Departure: the interval, which they do not give.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> network = rv.Network([rv.Dense(1)])
    >>> found = rv.gradient_noise(network, X, X[:, 0] + rng.normal(size=200))
    >>> found.noise_scale_low < found.noise_scale < found.noise_scale_high
    True
    """
    if isinstance(network_or_model, Network):
        check_rows_apart(network_or_model, "gradient_noise")
        model = untrained(network_or_model, X, y, recipe)
    elif isinstance(network_or_model, Model):
        check_rows_apart(network_or_model.network, "gradient_noise")
        model = network_or_model
    else:
        raise ParameterError(
            f"gradient_noise measures a Network or a Model. Got {type(network_or_model).__name__}."
        )
    at = ModelGradients(model, X, y)
    n = len(at)
    if n < _FEWEST:
        raise DataError(f"gradient_noise needs at least {_FEWEST} rows. Got {n}.")
    whole = at.mean(at.w)[1]
    squares, products = _row_products(at, whole)
    trace, square = noise_moments(squares, products)
    low, high = noise_interval(squares, products)
    scale = trace / square if square > 0 else (np.inf if trace > 0 else np.nan)
    sizes = np.unique([*(2 ** np.arange(int(np.log2(n)) + 1)), n])
    return GradientNoise(
        noise_scale=float(scale),
        noise_scale_low=low,
        noise_scale_high=high,
        suggested_batch_size=int(np.clip(round(scale), 1, n)) if np.isfinite(high) else None,
        trace_of_covariance=trace,
        squared_norm=square,
        rows=n,
        batch_sizes=sizes,
        cosines=_cosines(at, whole, sizes, np.random.default_rng([recipe.seed, 0x2015])),
    )


def _row_products(at: ModelGradients, whole: Array) -> tuple[Array, Array]:
    """Give ‖g_i‖² and g_i · Σ g_j of every row, holding few gradients at a time."""
    squares, products = np.empty(len(at)), np.empty(len(at))
    for start in range(0, len(at), _HELD):
        rows = at.rows(at.w, start, start + _HELD)
        squares[start : start + _HELD] = (rows**2).sum(axis=1)
        products[start : start + _HELD] = rows @ whole * len(at)
    return squares, products


def _cosines(
    at: ModelGradients, whole: Array, sizes: NDArray[np.int64], rng: np.random.Generator
) -> Array:
    """Give mean and quantiles of the cosine between mini-batches of each size and all rows."""
    found = []
    length = np.linalg.norm(whole)
    for size in sizes:
        draws = []
        for _ in range(_DRAWS if size < len(at) else 1):
            gradient = at.mean(at.w, rng.choice(len(at), int(size), replace=False))[1]
            lengths = np.linalg.norm(gradient) * length
            draws.append(float(gradient @ whole / lengths) if lengths > 0 else 0.0)
        found.append([np.mean(draws), *np.quantile(draws, [0.05, 0.95])])
    return np.array(found)
