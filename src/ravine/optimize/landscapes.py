"""Classical surfaces to walk on with `ravine.minimize`, with their gradients and known minima.

`rosenbrock`, `beale`, `himmelblau` and `saddle` are surfaces; `ill_conditioned` and `ravine` make
one as elongated as wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import ParameterError
from ravine.ground.numeric import as_array, as_floats
from ravine.ground.packages import needs
from ravine.specs.rules import Number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Landscape",
    "beale",
    "himmelblau",
    "ill_conditioned",
    "ravine",
    "rosenbrock",
    "saddle",
]

Array = NDArray[np.float64]

_CONDITION = Number(at_least=1)
_FLOOR = 1e-3
_LEVELS = 24
_GRID = 240


@dataclass(frozen=True, eq=False)
class Landscape:
    """A function of two variables to minimise; call it as ``surface(x)``.

    Parameters
    ----------
    name : str
        What it is called.
    fun : callable
        ``fun(x)``, x of shape (2,) or (2, ...): the height, of shape () or (...).
    jac : callable
        ``jac(x)``, the gradient, of the shape of x.
    minima : ndarray of shape (k, 2)
        Where its global minima lie; k = 0 when there is none.
    minimum : float
        The height there; minus infinity when there is none.
    start : ndarray of shape (2,)
        Where walks on it usually start.
    bounds : tuple
        ``((x_low, x_high), (y_low, y_high))``: the part that is worth a picture.

    Examples
    --------
    >>> from ravine import landscapes
    >>> landscapes.rosenbrock([1.0, 1.0])
    0.0
    >>> landscapes.rosenbrock.jac([0.0, 0.0])
    array([-2.,  0.])
    >>> landscapes.beale
    Landscape('Beale', minimum 0 at (3, 0.5))
    """

    name: str
    fun: Callable[[Any], Any]
    jac: Callable[[Any], Array]
    minima: Array
    minimum: float
    start: Array
    bounds: tuple[tuple[float, float], tuple[float, float]]

    def __call__(self, x: ArrayLike) -> Any:
        """Give the height at x: a float, or an array for many places (x of shape (2, ...))."""
        height = np.asarray(self.fun(np.asarray(x, dtype=np.float64)))
        return height if height.ndim else float(height)

    def __repr__(self) -> str:
        if len(self.minima) == 0:
            return f"Landscape({self.name!r}, without a minimum)"
        places = ", ".join(f"({x:.4g}, {y:.4g})" for x, y in self.minima)
        return f"Landscape({self.name!r}, minimum {self.minimum:g} at {places})"

    def plot(self, ax: Axes | None = None, path: ArrayLike | None = None) -> Axes:
        """Draw its contours, its minima and, if given, a walk on it.

        The contours lie at even distances of the logarithm of the height above the lowest point, so
        that the floor of a valley shows as well as its walls.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        path : array_like of shape (steps + 1, 2), optional
            The walk, such as the ``path`` of a result of `ravine.minimize`.

        Returns
        -------
        matplotlib.axes.Axes
            With the picture.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> import ravine as rv
        >>> surface = rv.landscapes.ravine(condition=50)
        >>> walk = rv.minimize(surface, surface.start, jac=surface.jac, optimizer=rv.SGD(0.03))
        >>> surface.plot(Figure().add_subplot(), walk.path).get_title()
        'ravine'
        """
        if ax is None:
            needs("A picture", "matplotlib")
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(layout="constrained")
        axes = [np.linspace(low, high, _GRID) for low, high in self.bounds]
        height = self(np.stack(np.meshgrid(*axes)))
        above = height - min(float(height.min()), self.minimum if len(self.minima) else math.inf)
        levels = np.geomspace(_FLOOR * above.max(), above.max(), _LEVELS)
        ax.contour(*axes, above, levels=levels, cmap="Greys_r", linewidths=0.7)
        ax.plot(*self.minima.T, marker="*", ms=13, ls="", color="#009E73", label="minimum")
        if path is not None:
            walk = as_floats(as_array(path, "path"), "float64", "path")
            if walk.ndim != 2 or walk.shape[1] != 2:
                raise ParameterError(f"path must have shape (steps + 1, 2). Got {walk.shape}.")
            ax.plot(*walk.T, marker=".", ms=4, lw=1.2, color="#D55E00", label="path")
        ax.set(title=self.name, xlim=self.bounds[0], ylim=self.bounds[1], xlabel="x", ylabel="y")
        return ax


def _landscape(
    name: str,
    fun: Callable[[Any], Any],
    jac: Callable[[Any], Array],
    *,
    minima: list[tuple[float, float]],
    start: tuple[float, float],
    bounds: tuple[tuple[float, float], tuple[float, float]],
) -> Landscape:
    places = np.array(minima, dtype=np.float64).reshape(-1, 2)
    walk_from = np.array(start, dtype=np.float64)
    places.flags.writeable = walk_from.flags.writeable = False
    return Landscape(name, fun, jac, places, 0.0 if minima else -math.inf, walk_from, bounds)


def ill_conditioned(condition: float = 100.0) -> Landscape:
    """Make a quadratic valley along the x axis: ``½ (x² + κ y²)``.

    Steepest descent zigzags across it and creeps along it: at its best fixed rate, 2/(1 + κ), it
    needs about κ/2 steps for each factor of e. Rules with a rate for each parameter see a round
    bowl.

    Parameters
    ----------
    condition : float, default 100.0
        κ, the ratio of the curvatures across and along, at least 1.

    Returns
    -------
    Landscape
        The valley, its minimum 0 at (0, 0).

    Examples
    --------
    >>> from ravine import landscapes
    >>> landscapes.ill_conditioned(10)([1.0, 1.0])
    5.5
    """
    kappa = _CONDITION("ill_conditioned", "condition", condition)

    def fun(p: Any) -> Any:
        x, y = p
        return (x**2 + kappa * y**2) / 2

    def jac(p: Any) -> Array:
        x, y = p
        return np.array([x, kappa * y])

    return _landscape(
        "ill-conditioned valley",
        fun,
        jac,
        minima=[(0.0, 0.0)],
        start=(-2.0, 0.5),
        bounds=((-2.5, 1.0), (-1.0, 1.0)),
    )


def ravine(condition: float = 100.0, angle: float = 30.0) -> Landscape:
    """Make a ravine, the valley of `ill_conditioned` turned: ``½ (u² + κ v²)``.

    ``u = x cos φ + y sin φ`` runs along its floor and ``v = y cos φ − x sin φ`` across it. As both
    axes are mixed, a rate for each parameter no longer makes it round; momentum helps nevertheless.

    Parameters
    ----------
    condition : float, default 100.0
        κ, the ratio of the curvatures across and along, at least 1.
    angle : float, default 30.0
        φ, the direction of the floor, in degrees from the x axis.

    Returns
    -------
    Landscape
        The ravine, its minimum 0 at (0, 0).

    Examples
    --------
    >>> from ravine import landscapes
    >>> round(landscapes.ravine(100, angle=45)([1.0, 1.0]), 12)
    1.0
    >>> round(landscapes.ravine(100, angle=45)([1.0, -1.0]), 12)
    100.0
    """
    kappa = _CONDITION("ravine", "condition", condition)
    phi = math.radians(Number()("ravine", "angle", angle))
    c, s = math.cos(phi), math.sin(phi)

    def fun(p: Any) -> Any:
        x, y = p
        return ((c * x + s * y) ** 2 + kappa * (c * y - s * x) ** 2) / 2

    def jac(p: Any) -> Array:
        x, y = p
        u, v = c * x + s * y, kappa * (c * y - s * x)
        return np.array([c * u - s * v, s * u + c * v])

    return _landscape(
        "ravine",
        fun,
        jac,
        minima=[(0.0, 0.0)],
        start=(-2.0 * c - 0.5 * s, -2.0 * s + 0.5 * c),
        bounds=((-2.5, 1.5), (-2.0, 1.5)),
    )


def _rosenbrock(p: Any) -> Any:
    x, y = p
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2


def _rosenbrock_jac(p: Any) -> Array:
    x, y = p
    return np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)])


def _beale(p: Any) -> Any:
    x, y = p
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _beale_jac(p: Any) -> Array:
    x, y = p
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    along_x = 2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1))
    return np.array([along_x, 2 * x * (a + 2 * b * y + 3 * c * y**2)])


def _himmelblau(p: Any) -> Any:
    x, y = p
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _himmelblau_jac(p: Any) -> Array:
    x, y = p
    a, b = x**2 + y - 11, x + y**2 - 7
    return np.array([4 * x * a + 2 * b, 2 * a + 4 * y * b])


def _saddle(p: Any) -> Any:
    x, y = p
    return (x**2 - y**2) / 2


def _saddle_jac(p: Any) -> Array:
    x, y = p
    return np.array([x, -y])


#: Rosenbrock (1960): ``100 (y − x²)² + (1 − x)²``, a curved valley.
rosenbrock = _landscape(
    "Rosenbrock",
    _rosenbrock,
    _rosenbrock_jac,
    minima=[(1.0, 1.0)],
    start=(-1.2, 1.0),
    bounds=((-2.0, 2.0), (-1.0, 3.0)),
)

#: Beale (1958): ``(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²``, flat with steep
#: corners.
beale = _landscape(
    "Beale",
    _beale,
    _beale_jac,
    minima=[(3.0, 0.5)],
    start=(1.0, 1.0),
    bounds=((-4.5, 4.5), (-4.5, 4.5)),
)

#: Himmelblau (1972): ``(x² + y − 11)² + (x + y² − 7)²``, four minima of the same height. Apart from
#: (3, 2) their places are roots of both brackets, rounded to the nearest double.
himmelblau = _landscape(
    "Himmelblau",
    _himmelblau,
    _himmelblau_jac,
    minima=[
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.2831859912861696),
        (3.5844283403304917, -1.8481265269644036),
    ],
    start=(0.0, 0.0),
    bounds=((-5.0, 5.0), (-5.0, 5.0)),
)

#: A saddle: ``½ (x² − y²)``, falling without end on both sides of its ridge, near which it starts.
saddle = _landscape(
    "saddle",
    _saddle,
    _saddle_jac,
    minima=[],
    start=(-1.5, 1e-3),
    bounds=((-2.0, 2.0), (-2.0, 2.0)),
)
