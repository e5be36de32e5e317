"""Curvature: the largest eigenvalues of the Hessian of a model's loss, and its condition number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ravine.diagnostics.lanczos import RitzValues, lanczos
from ravine.diagnostics.model_gradients import Array, ModelGradients, check_model
from ravine.errors import ParameterError
from ravine.ground.packages import needs
from ravine.models.model import Model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Curvature", "curvature"]

#: Up to so many parameters all eigenvalues are found; beyond, both ends of the spectrum.
_ALL = 300
_MOST_PRODUCTS = 300
#: How near a Ritz value must be, as a part of the largest.
_NEAR = 1e-6
_SEED = 0x1950


@dataclass(frozen=True, eq=False)
class Curvature:
    """What `curvature` found; printing it gives a sentence.

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        The largest of the Hessian, descending.
    errors : ndarray, shape (k,)
        How far each may be off: its residual in Lanczos's iteration, and the error of the
        differences of gradients.
    smallest : float
        The smallest eigenvalue; negative off a minimum.
    condition_number : float
        ``λ_max / λ_min``; infinite where λ_min is not above its error.
    parameters : int
        How many there are.
    products : int
        How many Hessian-vector products were taken.
    """

    eigenvalues: Array
    errors: Array
    smallest: float
    condition_number: float
    parameters: int
    products: int

    def to_frame(self) -> pd.DataFrame:
        """Give a row per eigenvalue.

        Returns
        -------
        pandas.DataFrame
            ``rank`` from 1, ``eigenvalue, error``, and ``largest_rate``, 2/λ: what a step of
            gradient descent may not exceed in this direction (NaN where λ ≤ 0).
        """
        needs("to_frame", "pandas")
        import pandas as pd

        rates = np.full(len(self.eigenvalues), np.nan)
        np.divide(2, self.eigenvalues, out=rates, where=self.eigenvalues > 0)
        return pd.DataFrame(
            {
                "rank": np.arange(1, len(rates) + 1),
                "eigenvalue": self.eigenvalues,
                "error": self.errors,
                "largest_rate": rates,
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the eigenvalues by rank, with their errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            Logarithmic if all are positive.
        """
        from ravine.plots.instruments import BLUE, GREY, axes_for, finish

        ax = axes_for(ax)
        ranks = np.arange(1, len(self.eigenvalues) + 1)
        ax.errorbar(ranks, self.eigenvalues, self.errors, fmt="o", color=BLUE, ecolor=GREY)
        ax.set_xticks(ranks if len(ranks) <= 12 else ranks[:: len(ranks) // 10])
        if (self.eigenvalues > 0).all():
            ax.set_yscale("log")
        else:
            ax.axhline(0, color=GREY, lw=0.8)
        return finish(ax, "rank", "eigenvalue of the Hessian", legend=False)

    def __str__(self) -> str:
        top = self.eigenvalues[0]
        head = f"The largest curvature is {top:.4g} ± {self.errors[0]:.1g}"
        if top > 0:
            head += f", so that gradient descent with full batches is stable up to {2 / top:.4g}"
        if np.isfinite(self.condition_number):
            return f"{head}; the condition number is {self.condition_number:.4g}."
        kind = "a direction goes down" if self.smallest < -self.errors[0] else "a direction is flat"
        return (
            f"{head}; the smallest is {self.smallest:.2g}: {kind}, and the condition number is "
            "infinite."
        )


def curvature(
    model: Model,
    X: ArrayLike,
    y: ArrayLike,
    k: int = 5,
    *,
    sample_weight: ArrayLike | None = None,
) -> Curvature:
    """Find the largest eigenvalues of the Hessian of a model's loss, and its condition number.

    Lanczos's iteration, each vector made orthogonal to all before it, on products
    ``H v ≈ (∇L(w + εv) − ∇L(w − εv)) / 2ε`` with ``‖v‖ = 1`` and ``ε = ∛u (1 + ‖w‖)``, u = 2.2e-16,
    in float64. Up to 300 parameters all eigenvalues are found; of more, both ends of the spectrum,
    to 1e-6 of the largest or in 300 products. L is the mean weighted loss, in prediction mode and
    without penalties. Across a kink (of ReLU), where there is no Hessian, a difference sees a
    jump of the gradient: take smooth activations to be sure.

    Parameters
    ----------
    model : Model
        A trained network; it is only read.
    X : array-like, shape (n, *input_shape)
        Rows.
    y : array-like, shape (n,) or (n, outputs)
        Their targets.
    k : int, default 5
        How many eigenvalues, at least 1; no more than there are parameters.
    sample_weight : array-like, shape (n,), optional
        How much each row counts, at least 0; a row of weight 0 is absent.

    Returns
    -------
    Curvature
        ``.eigenvalues``, ``.errors``, ``.condition_number``, a picture and a sentence.

    Raises
    ------
    ParameterError
        If model is no Model, or k is no whole number from 1 to their number.
    DataError
        If X or y does not suit the model.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.array([[2.0], [-2.0], [2.0], [-2.0]])
    >>> recipe = rv.Recipe(optimizer="lbfgs", dtype="float64")
    >>> model = rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0], recipe)
    >>> found = rv.curvature(model, X, X[:, 0], k=2)  # 2 mean(x²) and 2
    >>> found.eigenvalues.round(6).tolist(), round(found.condition_number, 6)
    ([8.0, 2.0], 4.0)
    """
    check_model(model)
    n = model.parameters_vector.size
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= n:
        raise ParameterError(
            f"The 'k' parameter of curvature must be a whole number from 1 to {n}, the number of "
            f"parameters. Got {k!r}."
        )
    at = ModelGradients(model, X, y, sample_weight)
    step = float(np.cbrt(np.finfo(np.float64).eps)) * (1 + float(np.linalg.norm(at.w)))
    products = 0

    def product(vector: Array) -> Array:
        nonlocal products
        products += 1
        return (at.mean(at.w + step * vector)[1] - at.mean(at.w - step * vector)[1]) / (2 * step)

    def enough(found: RitzValues) -> bool:
        if n <= _ALL or len(found.values) <= k:
            return False
        ends = np.r_[found.residuals[:k], found.residuals[-1]]
        return bool((ends <= _NEAR * np.abs(found.values).max()).all())

    found = lanczos(product, n, enough, np.random.default_rng(_SEED), _MOST_PRODUCTS)
    rounding = _difference_error(at, step)
    top, smallest = float(found.values[0]), float(found.values[-1])
    is_positive = smallest > float(found.residuals[-1]) + rounding
    return Curvature(
        eigenvalues=found.values[:k].copy(),
        errors=found.residuals[:k] + rounding,
        smallest=smallest,
        condition_number=top / smallest if is_positive else float("inf"),
        parameters=n,
        products=products,
    )


def _difference_error(at: ModelGradients, step: float) -> float:
    """Estimate the error of a product: how much it changes when the step is twice as long."""
    vector = np.random.default_rng(_SEED).normal(size=len(at.w))
    vector /= np.linalg.norm(vector)

    def difference(length: float) -> Array:
        ahead, behind = at.mean(at.w + length * vector)[1], at.mean(at.w - length * vector)[1]
        return (ahead - behind) / (2 * length)

    return float(np.linalg.norm(difference(step) - difference(2 * step)))
