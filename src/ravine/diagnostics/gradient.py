"""The gradient of a model's loss, by name: of all rows together, or of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ravine.diagnostics.model_gradients import Array, ModelGradients, check_model, check_rows_apart
from ravine.ground.packages import needs
from ravine.models.model import Model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Gradient", "gradient"]


class Gradient(Mapping[str, Array]):
    """What `gradient` found: arrays named as ``model.parameters``.

    Parameters
    ----------
    flat : ndarray, shape (parameters,) or (n, parameters)
        All of it, as ``model.parameters_vector`` is laid out.
    arrays : mapping of str to ndarray
        The same by name.
    loss : float
        The objective that it is the gradient of.

    Examples
    --------
    >>> found = Gradient(np.array([3.0, 4.0]), {"dense_1.weight": np.array([[3.0], [4.0]])}, 1.0)
    >>> print(found)
    The gradient of the loss 1 has the norm 5; most of it is dense_1.weight's, with the norm 5.
    """

    def __init__(self, flat: Array, arrays: Mapping[str, Array], loss: float) -> None:
        self.flat, self.loss, self._arrays = flat, loss, dict(arrays)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def per_row(self) -> bool:
        """Whether there is one gradient for each row."""
        return self.flat.ndim == 2

    def to_frame(self) -> pd.DataFrame:
        """Give norm, root mean square and largest part of each array's gradient; one row an array.

        Returns
        -------
        pandas.DataFrame
            Columns ``parameter, size, norm, rms, largest``. Of gradients per row it is their mean
            that counts, and ``norm_of_rows`` is the mean norm of a row's.
        """
        needs("to_frame", "pandas")
        import pandas as pd

        rows = []
        for name, array in self.items():
            whole = array.mean(axis=0) if self.per_row else array
            norm = float(np.linalg.norm(whole))
            row = {
                "parameter": name,
                "size": whole.size,
                "norm": norm,
                "rms": norm / np.sqrt(whole.size),
                "largest": float(np.abs(whole).max()),
            }
            if self.per_row:
                flat = array.reshape(len(array), -1)
                row["norm_of_rows"] = float(np.linalg.norm(flat, axis=1).mean())
            rows.append(row)
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how large the gradient of each array is: the root mean square of its parts.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            A bar for each array, from the input down to the output.
        """
        from ravine.plots.instruments import bars

        frame = self.to_frame()
        names, sizes = frame["parameter"].tolist(), frame["rms"].to_numpy()
        return bars(names, sizes, "root mean square of ∂L/∂w", ax)

    def __str__(self) -> str:
        whole = self.flat.mean(axis=0) if self.per_row else self.flat
        frame = self.to_frame()
        most = frame.iloc[int(frame["norm"].to_numpy().argmax())]
        which = f"mean of {len(self.flat):,} gradients" if self.per_row else "gradient"
        return (
            f"The {which} of the loss {self.loss:.4g} has the norm {np.linalg.norm(whole):.4g}; "
            f"most of it is {most['parameter']}'s, with the norm {most['norm']:.4g}."
        )


def gradient(
    model: Model,
    X: ArrayLike,
    y: ArrayLike,
    per_row: bool = False,
    penalty: bool = False,
    *,
    sample_weight: ArrayLike | None = None,
) -> Gradient:
    """Compute the gradient of a model's loss by backpropagation, in float64.

    ``∂/∂w Σ s_i L(ŷ_i, y_i) / Σ s_i`` at the model's weights and in prediction mode: dropout and
    noise do nothing, `BatchNorm` takes its running statistics. The model is only read.

    Parameters
    ----------
    model : Model
        A trained network.
    X : array-like, shape (n, *input_shape)
        Rows.
    y : array-like, shape (n,) or (n, outputs)
        Their targets.
    per_row : bool, default False
        Give the gradient of each row: ``s_i / s̄ · ∂L(ŷ_i, y_i)/∂w``, whose mean over the rows is
        the gradient of all.
    penalty : bool, default False
        Add the penalties of the recipe and of the layers (to each row's gradient, if per row).
    sample_weight : array-like, shape (n,), optional
        How much each row counts, at least 0; a row of weight 0 is absent.

    Returns
    -------
    Gradient
        A mapping named as ``model.parameters``; ``.flat`` is all of it in one vector. With
        ``per_row``, every array has one more axis in front, of length n.

    Raises
    ------
    ParameterError
        If model is no Model, or a network with BatchNorm is asked for gradients per row.
    DataError
        If X or y does not suit the model.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X, y = np.array([[1.0], [2.0]]), np.array([1.0, 3.0])
    >>> recipe = rv.Recipe(optimizer="lbfgs", dtype="float64")
    >>> model = rv.train(rv.Network([rv.Dense(1)]), X, y, recipe)
    >>> found = rv.gradient(model, X, y + 1)  # 2 (ŷ − y) x, of which the mean
    >>> found["dense_1.weight"].round(3), found["dense_1.bias"].round(3)
    (array([[-3.]]), array([-2.]))
    >>> rv.gradient(model, X, y + 1, per_row=True)["dense_1.weight"].round(3).tolist()
    [[[-2.0]], [[-4.0]]]
    """
    check_model(model)
    if per_row:
        check_rows_apart(model.network, "gradient(per_row=True)")
    at = ModelGradients(model, X, y, sample_weight)
    loss, flat = at.mean(at.w)
    if per_row:
        flat = at.rows(at.w)
    if penalty:
        value, more = at.penalty(at.w)
        loss, flat = loss + value, flat + more
    return Gradient(flat, at.named(flat), loss)
