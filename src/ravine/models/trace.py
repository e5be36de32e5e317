"""Trace: what was recorded of the steps of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.ground.packages import needs
from ravine.models.parts import named_views
from ravine.specs.rules import nearest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Recorded", "Trace"]


@final
class Recorded(dict[str, NDArray[Any]]):
    """One thing that was recorded, for each parameter: arrays by name with a row per step.

    Parameters
    ----------
    flat : ndarray, shape (rows, n)
        A row for each recorded step, all n parameters behind one another.
    layout : iterable of dict
        The engine's layout of the parameters.

    Examples
    --------
    >>> layout = [{"name": "dense_1.weight", "shape": (2, 1), "offset": 0, "size": 2}]
    >>> recorded = Recorded(np.zeros((5, 2)), layout)
    >>> recorded["dense_1.weight"].shape, recorded.flat.shape
    ((5, 2, 1), (5, 2))
    """

    def __init__(self, flat: NDArray[Any], layout: Iterable[Mapping[str, Any]]) -> None:
        flat.setflags(write=False)
        self.flat = flat
        super().__init__(named_views(flat, layout))


@final
class Trace:
    """What was recorded of the steps of a run; a row for each recorded step.

    ``trace["loss"]`` and ``trace["learning_rate"]`` are arrays with a number for each row;
    ``trace["weights"]`` and everything else that each parameter has are mappings of the parameter's
    name to an array with one more axis in front, ``trace["weights"]["dense_1.weight"]`` of shape
    (rows, inputs, outputs); their ``flat`` holds all parameters, shape (rows, n).

    A row is about one step. ``loss`` is the loss of its mini-batch, without penalty, and
    ``gradient`` the gradient with it, both at the weights before the step, before clipping.
    ``weights`` and what the optimizer keeps are those after it. ``learning_rate`` is the
    schedule's, or the step length of a line search.

    Parameters
    ----------
    columns : mapping of str to ndarray
        ``step`` and ``epoch``, both from 1, and whatever else has a number for each row.
    arrays : mapping of str to ndarray
        Whatever each parameter has: shape (rows, n), or (rows, k, n) for a list of k vectors.
    layout : iterable of dict
        The engine's layout of the parameters.

    Examples
    --------
    >>> import ravine as rv
    >>> recipe = rv.Recipe(optimizer=rv.SGD(0.1, momentum=0.5), epochs=3)
    >>> network = rv.Network([rv.Dense(1, use_bias=False, initializer="zeros")])
    >>> record = ["weights", "velocity", "learning_rate"]
    >>> trace = rv.train(network, [[1.0]], [1.0], recipe, record=record).trace
    >>> print(trace)
    3 recorded steps, 1 to 3: weights, velocity (1 parameter), learning_rate
    >>> trace["weights"]["dense_1.weight"].shape
    (3, 1, 1)
    >>> trace.step
    array([1, 2, 3])
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray[Any]],
        arrays: Mapping[str, NDArray[Any]],
        layout: Iterable[Mapping[str, Any]],
    ) -> None:
        layout = list(layout)
        self._columns = {name: _read_only(column) for name, column in columns.items()}
        self._recorded = {name: Recorded(array, layout) for name, array in arrays.items()}

    @property
    def step(self) -> NDArray[np.int64]:
        """The numbers of the recorded steps, from 1.

        Returns
        -------
        ndarray of int
            One for each row.
        """
        return self._columns["step"]

    @property
    def epoch(self) -> NDArray[np.int64]:
        """The epochs that the steps belong to, from 1.

        Returns
        -------
        ndarray of int
            One for each row.
        """
        return self._columns["epoch"]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what was recorded.

        Returns
        -------
        tuple of str
            What ``trace[name]`` knows, beside "step" and "epoch".
        """
        own = [name for name in self._columns if name not in ("step", "epoch")]
        return (*self._recorded, *own)

    def __len__(self) -> int:
        return len(self.step)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._recorded or name in self._columns

    def __getitem__(self, name: str) -> Any:
        if name in self._recorded:
            return self._recorded[name]
        if name in self._columns:
            return self._columns[name]
        raise ParameterError(
            f"The trace has no {name!r}. Recorded are: {', '.join(self.names)}.",
            hint=nearest(name, self.names),
        )

    def to_frame(self) -> pd.DataFrame:
        """Give the trace as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            A row per recorded step; the columns ``step``, ``epoch``, those of one number, and one
            for each element of each parameter, such as ``weights.dense_1.weight[0, 2]``.

        Examples
        --------
        >>> import ravine as rv
        >>> network = rv.Network([rv.Dense(1)])
        >>> recipe = rv.Recipe(epochs=2)
        >>> model = rv.train(network, [[1.0]], [1.0], recipe, record=["weights"])
        >>> list(model.trace.to_frame())
        ['step', 'epoch', 'weights.dense_1.weight[0, 0]', 'weights.dense_1.bias[0]']
        """
        needs("to_frame", "pandas")
        import pandas as pd

        columns: dict[str, NDArray[Any]] = dict(self._columns)
        for name, recorded in self._recorded.items():
            for label, values in _elements(recorded):
                columns[f"{name}.{label}"] = values
        return pd.DataFrame(columns)

    def plot(self, ax: Axes | None = None, *, name: str | None = None) -> Axes:
        """Draw one thing that was recorded over the steps.

        Up to ten elements are lines with their names; more are a line for their median and bands
        for the middle half and the middle 90 % of them.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        name : str, optional
            What to draw, such as "weights"; None: the first that was recorded.

        Returns
        -------
        matplotlib.axes.Axes
            With the picture.

        Raises
        ------
        ParameterError
            If it was not recorded.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> import ravine as rv
        >>> network = rv.Network([rv.Dense(1)])
        >>> model = rv.train(network, [[1.0]], [1.0], record=["weights"])
        >>> model.trace.plot(Figure().add_subplot()).get_ylabel()
        'weights'
        """
        from ravine.plots.trace import lines_over_steps

        name = self.names[0] if name is None else name
        recorded = self[name]
        lines = dict(_elements(recorded)) if isinstance(recorded, Recorded) else {name: recorded}
        return lines_over_steps(self.step, lines, name, ax)

    def __str__(self) -> str:
        rows = len(self)
        steps = f"{rows:,} recorded step{'s' if rows != 1 else ''}"
        if rows:
            first, last = self.step[[0, -1]]
            steps += f", {first:,} to {last:,}" if rows > 1 else f", {first:,}"
        own = [name for name in self.names if name not in self._recorded]
        what = ", ".join(self._recorded)
        if self._recorded:
            n = next(iter(self._recorded.values())).flat.shape[-1]
            what += f" ({n:,} parameter{'s' if n != 1 else ''})"
        return f"{steps}: {', '.join([what, *own] if what else own)}"

    def __repr__(self) -> str:
        return f"Trace({self})"


def _read_only(column: NDArray[Any]) -> NDArray[Any]:
    column.setflags(write=False)
    return column


def _elements(recorded: Recorded) -> Iterator[tuple[str, NDArray[Any]]]:
    """Give each element of each parameter over the rows, with its name."""
    for parameter, array in recorded.items():
        for place in np.ndindex(array.shape[1:]):
            yield f"{parameter}[{', '.join(map(str, place))}]", array[(slice(None), *place)]
