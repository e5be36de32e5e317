"""The loss on a plane through a model's weights, and the ways of weights on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ravine.diagnostics.directions import directions_of
from ravine.diagnostics.model_gradients import Array, ModelGradients, check_model
from ravine.errors import DataError, ParameterError
from ravine.ground.packages import needs
from ravine.models.model import Model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Surface", "surface"]

_MARGIN = 0.1  # around paths, as a part of their extent


@dataclass(frozen=True, eq=False)
class Surface:
    """What `surface` found; printing it gives a sentence.

    Parameters
    ----------
    values : ndarray, shape (points, points)
        ``values[i, j]`` is the mean loss at ``centre + axes[0][i] d₀ + axes[1][j] d₁``.
    axes : tuple of two ndarrays, shape (points,)
        Coordinates along the directions; the model is at (0, 0).
    paths : dict of str to ndarray, shape (steps, 2)
        Ways of the weights, as near as the plane comes to them.
    centre : ndarray, shape (parameters,)
        The model's weights.
    directions : ndarray, shape (2, parameters)
        ``d₀`` and ``d₁``.
    loss : float
        The model's.
    """

    values: Array
    axes: tuple[Array, Array]
    paths: dict[str, Array]
    centre: Array
    directions: Array
    loss: float

    def to_frame(self) -> pd.DataFrame:
        """Give a row per point.

        Returns
        -------
        pandas.DataFrame
            ``first``, ``second`` (the coordinates) and ``loss``.
        """
        needs("to_frame", "pandas")
        import pandas as pd

        first, second = np.meshgrid(*self.axes, indexing="ij")
        columns = {"first": first.ravel(), "second": second.ravel(), "loss": self.values.ravel()}
        return pd.DataFrame(columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw lines of equal loss, the model as a cross, and the paths.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            Darker is lower. Each line is a quantile of the losses, which it names.
        """
        from ravine.plots.instruments import axes_for, finish, ways

        ax = axes_for(ax)
        there = self.values[np.isfinite(self.values)]
        levels = np.unique(np.quantile(there, np.linspace(0, 0.95, 12)))
        shown = np.where(np.isfinite(self.values), self.values, there.max()).T
        if len(levels) > 1:
            ax.contourf(*self.axes, shown, levels=levels, cmap="Blues_r", extend="max", alpha=0.7)
            lines = ax.contour(*self.axes, shown, levels=levels, colors="white", linewidths=0.8)
            ax.clabel(lines, levels[1::3], fmt="%.2g", fontsize=8, colors="black")
        ways(ax, self.paths)
        ax.plot([0], [0], "+", color="black", ms=10, mew=1.8, label="model")
        finish(ax, "along the first direction", "along the second direction")
        ax.grid(visible=False)
        return ax

    def __str__(self) -> str:
        there = np.isfinite(self.values)
        low = float(self.values[there].min())
        i, j = np.argwhere(self.values == low)[0]
        share = float((self.values[there] > 2 * self.loss).mean()) if self.loss > 0 else np.nan
        where = f"({self.axes[0][i]:.2g}, {self.axes[1][j]:.2g})"
        steep = "" if np.isnan(share) else f"; {share:.0%} of the points have more than twice it"
        if low < self.loss:
            return f"The model's loss is {self.loss:.4g}, but {low:.4g} at {where}{steep}."
        return f"The model's loss, {self.loss:.4g}, is the lowest on this plane{steep}."


def surface(
    model: Model,
    X: ArrayLike,
    y: ArrayLike,
    *,
    directions: str | Sequence[Model] = "random",
    paths: Sequence[ArrayLike] | Mapping[str, ArrayLike] | None = None,
    points: int = 41,
) -> Surface:
    """Evaluate a model's loss on a plane through its weights.

    At ``w + a d₀ + b d₁``: the mean loss, in prediction mode and in float64. A path of weights
    ``w_t`` is drawn at the (a, b) that come nearest to it, by least squares.

    Parameters
    ----------
    model : Model
        A trained network; it is only read.
    X : array-like, shape (n, *input_shape)
        Rows.
    y : array-like, shape (n,) or (n, outputs)
        Their targets.
    directions : {"random", "trajectory"} or two Models, default "random"
        Random, the part of each unit's incoming weights as long as these (biases and normalisation
        stay as they are); the two principal directions of the paths' differences from w; or to
        two other models of the same network, which lie at (1, 0) and (0, 1) then.
    paths : sequence or mapping of array-like, shape (steps, parameters), optional
        Weights along runs, flat as ``model.parameters_vector``; names of a mapping are shown.
    points : int, default 41
        Along each direction, at least 3.

    Returns
    -------
    Surface
        ``.values``, ``.axes``, ``.paths``, a picture and a sentence.

    Raises
    ------
    ParameterError
        If model is no Model, or directions, paths or points break their rule.
    DataError
        If X or y does not suit the model.

    References
    ----------
    Li, Xu, Taylor, Studer, Goldstein (2018), "Visualizing the loss landscape of neural nets".

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.array([[1.0], [2.0], [3.0]])
    >>> recipe = rv.Recipe(optimizer="lbfgs", dtype="float64")
    >>> model = rv.train(rv.Network([rv.Dense(1)]), X, X[:, 0] ** 2, recipe)
    >>> found = rv.surface(model, X, X[:, 0] ** 2, points=5)
    >>> found.values.shape, found.axes[0].tolist()
    ((5, 5), [-1.0, -0.5, 0.0, 0.5, 1.0])
    """
    check_model(model)
    if isinstance(points, bool) or not isinstance(points, int | np.integer) or points < 3:
        raise ParameterError(
            f"The 'points' parameter of surface must be a whole number, at least 3. Got {points!r}."
        )
    at = ModelGradients(model, X, y)
    ways = _checked_paths(paths, len(at.w))
    plane = directions_of(directions, model, at.layout, list(ways.values()))
    projected: dict[str, Array] = {
        name: np.asarray(np.linalg.lstsq(plane.T, (way - at.w).T, rcond=None)[0].T, np.float64)
        for name, way in ways.items()
    }
    axes = _axes(list(projected.values()), directions, int(points))
    values = np.array(
        [[at.loss(at.w + a * plane[0] + b * plane[1]) for b in axes[1]] for a in axes[0]]
    )
    if not np.isfinite(values).any():
        raise DataError("No point of the surface has a finite loss.")
    return Surface(values, axes, projected, at.w.copy(), plane, at.loss(at.w))


def _checked_paths(paths: Any, n: int) -> dict[str, Array]:
    """Give paths by name, each steps × parameters."""
    if paths is None:
        return {}
    named = (
        paths if isinstance(paths, Mapping) else {f"path {i}": p for i, p in enumerate(paths, 1)}
    )
    found: dict[str, Array] = {}
    for name, path in named.items():
        array = np.asarray(path, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != n or not np.isfinite(array).all():
            raise ParameterError(
                f"The 'paths' parameter of surface must hold arrays of finite numbers of shape "
                f"(steps, {n}). Got one of shape {array.shape} ({name})."
            )
        found[str(name)] = array
    return found


def _axes(paths: list[Array], directions: Any, points: int) -> tuple[Array, Array]:
    """Give coordinates that hold the model, the paths, and the models that directions lead to."""
    low, high = -np.ones(2), np.ones(2)
    if not isinstance(directions, str):
        low, high = np.full(2, -0.5), np.full(2, 1.5)
    elif directions == "trajectory":
        low = high = np.zeros(2)
    if paths:
        ways = np.vstack(paths)
        low, high = np.minimum(low, ways.min(axis=0)), np.maximum(high, ways.max(axis=0))
        margin = _MARGIN * np.maximum(high - low, 1e-3 * (high - low).max())
        low, high = low - margin, high + margin
    first, second = (np.linspace(a, b, points) for a, b in zip(low, high, strict=True))
    return first, second
