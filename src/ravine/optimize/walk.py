"""What `minimize` gives: SciPy's result, which also draws, tabulates and animates its path."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.ground.packages import needs
from ravine.specs.rules import Number, Whole, broken

needs("minimize", "scipy")

from scipy.optimize import OptimizeResult  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Walk"]

Array = NDArray[np.float64]

_GRID = 60
#: How far a picture reaches beyond a path, as a part of the path's own extent.
_MARGIN = 0.25
_FRAMES, _FPS = Whole(at_least=2, at_most=1000), Number(above=0, at_most=50)


class Walk(OptimizeResult):  # type: ignore[misc]  # SciPy has no types
    """A walk down a function: a `scipy.optimize.OptimizeResult` that can be looked at.

    Parameters
    ----------
    height : callable
        Gives the value of the function at a point; infinite or NaN where it has none.
    **fields
        Those of the result, ``path`` and ``path_fun`` among them.

    Examples
    --------
    >>> import ravine as rv
    >>> valley = rv.landscapes.ill_conditioned(4)
    >>> walk = rv.minimize(valley, [1.0, 1.0], jac=valley.jac, optimizer=rv.SGD(0.125), steps=2)
    >>> walk.nit, walk["fun"] == walk.fun
    (2, True)
    """

    def __init__(self, height: Callable[[Array], float], **fields: Any) -> None:
        super().__init__(**fields)
        self.__dict__["_height"] = height

    def __getstate__(self) -> None:
        """Leave the function behind in copies and pickles: it need not be one that pickle knows."""

    def to_frame(self) -> pd.DataFrame:
        """Give the path as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            A row per point, the start among them: ``step`` (0 at the start), ``x[0]``, ``x[1]`` …
            and ``fun``.

        Examples
        --------
        >>> import ravine as rv
        >>> valley = rv.landscapes.ill_conditioned(4)
        >>> walk = rv.minimize(valley, [1.0, 1.0], jac=valley.jac, optimizer=rv.SGD(0.5), steps=1)
        >>> print(walk.to_frame())
           step  x[0]  x[1]    fun
        0     0   1.0   1.0  2.500
        1     1   0.5  -1.0  2.125
        """
        needs("to_frame", "pandas")
        import pandas as pd

        columns: dict[str, NDArray[Any]] = {"step": np.arange(len(self.path))}
        columns |= {f"x[{i}]": column for i, column in enumerate(self.path.T)}
        return pd.DataFrame(columns | {"fun": self.path_fun})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the path on contours of the function; if x has not 2 numbers, the heights.

        The function is evaluated at 3,600 points around the path. Contours are missing where it is
        infinite or not a number or raises an arithmetic error, and in a copy or an unpickled
        result, which does not have the function.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            With the picture.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> import ravine as rv
        >>> surface = rv.landscapes.rosenbrock
        >>> walk = rv.minimize(surface, surface.start, jac=surface.jac, optimizer=rv.LBFGS())
        >>> walk.plot(Figure().add_subplot()).get_xlabel()
        'x[0]'
        """
        from ravine.plots.walk import draw_walk

        draw_walk(self.path, self.path_fun, self._surface(), ax=(ax := _axes(ax)))
        return ax

    def animate(self, path: str | os.PathLike[str], *, frames: int = 60, fps: float = 12) -> None:
        """Write the walk as an animated GIF, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"walk.gif"``; it must end so.
        frames : int, default 60
            At most so many pictures, from 2 to 1,000, at even distances of steps; the first shows
            the start, the last the end.
        fps : float, default 12
            Pictures a second, in (0, 50].

        Raises
        ------
        FileError
            If the file cannot be written.
        ParameterError
            If `path`, `frames` or `fps` breaks its rule.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import ravine as rv
        >>> valley = rv.landscapes.ill_conditioned(4)
        >>> walk = rv.minimize(valley, [1.0, 1.0], jac=valley.jac, steps=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     walk.animate(pathlib.Path(folder, "walk.gif"))
        ...     pathlib.Path(folder, "walk.gif").read_bytes()[:6]
        b'GIF89a'
        """
        from ravine.plots.walk import animate_walk

        if Path(path).suffix.lower() != ".gif":
            raise broken("animate", "path", "the name of a .gif file", path)
        frames, fps = _FRAMES("animate", "frames", frames), _FPS("animate", "fps", fps)
        needs("A picture", "matplotlib")
        last = len(self.path) - 1
        shown = np.unique(np.linspace(0, last, min(frames, last + 1)).round().astype(int))
        animate_walk(self.path, self.path_fun, self._surface(), shown, fps, path)

    def _surface(self) -> tuple[Array, Array, Array] | None:
        """Give both axes around the path, and the heights over them, NaN where there are none."""
        height = vars(self).get("_height")
        if height is None or self.path.shape[1] != 2:
            return None
        low, high = self.path.min(axis=0), self.path.max(axis=0)
        extent = (high - low).max() or 1.0
        margin = _MARGIN * np.maximum(high - low, 0.2 * extent)
        x, y = (np.linspace(*ends, _GRID) for ends in zip(low - margin, high + margin, strict=True))
        heights = np.array([[_finite(height, np.array([a, b])) for a in x] for b in y])
        return x, y, heights


def _finite(height: Callable[[Array], float], point: Array) -> float:
    try:
        with np.errstate(all="ignore"):
            value = height(point)
    except (ArithmeticError, ValueError):
        return np.nan
    return value if np.isfinite(value) else np.nan


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        needs("A picture", "matplotlib")
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(layout="constrained")
    return ax
