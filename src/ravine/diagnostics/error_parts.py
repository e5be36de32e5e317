"""What a study of bias and variance found: numbers, a table and a picture."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from .decomposition import PARTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["BiasVariance"]

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BiasVariance:
    """What `ravine.bias_variance` found: the parts of the error for each swept value.

    ``mse = bias2 + variance + noise``, each averaged over the test rows and given with a standard
    error. On measured targets whose noise is not known, bias² and noise cannot be told apart: then
    ``separate`` is False, ``bias2`` holds both and ``noise`` is NaN.

    Parameters
    ----------
    field : str or None
        The recipe's field that was swept.
    values : ndarray, shape (V,)
        Its values; a single None if nothing was swept.
    bias2, variance, noise, mse : ndarray, shape (V,)
        The parts and the measured mean squared error. For a classification the error is the Brier
        score, ``Σ_k (p_k − y_k)²`` over the classes k, which runs from 0 to 2.
    bias2_se, variance_se, noise_se, mse_se : ndarray, shape (V,)
        Their standard errors.
    diverged : ndarray of int, shape (V,)
        How many models diverged; where there is one, the parts are NaN.
    separate : bool
        Whether bias² and noise are told apart.
    method : {"simulated", "bootstrap", "subsets"}
        Where each model's data came from.
    n_models, n_test : int
        Models for each value; rows that they were tested on.
    measure : {"squared error", "Brier score"}
        What is taken apart.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> found = rv.bias_variance(
    ...     rv.Network([rv.Dense(1)]), X, None, rv.Recipe(optimizer="lbfgs", epochs=20),
    ...     truth=lambda X: X[:, 0] ** 2, noise=0.1, n_models=10,
    ... )
    >>> found
    BiasVariance of 10 models, simulated, squared error on 20 test rows
                bias²           variance  noise              MSE
    0.10783 ± 0.00011  0.00073 ± 0.00027   0.01  0.1207 ± 0.0071
    """

    field: str | None
    values: NDArray[Any]
    bias2: Array
    bias2_se: Array
    variance: Array
    variance_se: Array
    noise: Array
    noise_se: Array
    mse: Array
    mse_se: Array
    diverged: NDArray[np.int64]
    separate: bool
    method: str
    n_models: int
    n_test: int
    measure: str

    @property
    def best(self) -> Any:
        """The swept value with the smallest ``bias2 + variance``, which is the smallest error.

        Returns
        -------
        object
            One of ``values``.
        """
        return self.values.tolist()[int(np.nanargmin(self.bias2 + self.variance))]

    def scaled(self, factor: float) -> BiasVariance:
        """Give the same in another unit.

        Parameters
        ----------
        factor : float
            What errors are multiplied with: the square of what targets would be.

        Returns
        -------
        BiasVariance
            With all parts and their standard errors multiplied.
        """
        names = [name for part in PARTS for name in (part, f"{part}_se")]
        return replace(self, **{name: getattr(self, name) * factor for name in names})

    def to_frame(self) -> pd.DataFrame:
        """Give the numbers as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            A row for each swept value: the value in a column named as the field, then ``bias2,
            bias2_se, variance, …, mse_se``, ``separate`` and ``diverged``.
        """
        import pandas as pd

        columns: dict[str, Any] = {} if self.field is None else {self.field: self.values}
        for name in PARTS:
            columns[name] = getattr(self, name)
            columns[f"{name}_se"] = getattr(self, f"{name}_se")
        return pd.DataFrame({**columns, "separate": self.separate, "diverged": self.diverged})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw bias², variance, noise and their sum against the swept field.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            With the curves, bands of two standard errors to each side of the parts, and a mark at
            the smallest sum. Values that span decades have a logarithmic axis, with 0 at its left
            end.
        """
        from ..plots.bias_variance import bias_variance_curves

        total = self.bias2 + self.variance + (self.noise if self.separate else 0)
        parts = {
            label: (getattr(self, name), getattr(self, f"{name}_se"))
            for name, label in self._labels.items()
            if name != "mse"
        }
        return bias_variance_curves(
            self.values, {**parts, "total": (total, self.mse_se)}, self.field, self.measure, ax
        )

    @property
    def _labels(self) -> dict[str, str]:
        """What the parts are called; the noise has no name where it is a part of another."""
        error = "MSE" if self.measure == "squared error" else "Brier score"
        if self.separate:
            return {"bias2": "bias²", "variance": "variance", "noise": "noise", "mse": error}
        return {"bias2": "bias² + noise", "variance": "variance", "mse": error}

    def to_text(self) -> tuple[list[str], list[list[str]]]:
        """Give the numbers as people read them, with the digits that standard errors leave them.

        Returns
        -------
        head : list of str
            What the columns are.
        rows : list of list of str
            A row for each swept value.
        """
        labels = self._labels
        head = [*([] if self.field is None else [self.field]), *labels.values()]
        columns = [
            map(_shown_estimate, getattr(self, name), getattr(self, f"{name}_se"))
            for name in labels
        ]
        if self.field is not None:
            columns.insert(0, map(_shown_value, self.values))
        return head, [list(row) for row in zip(*columns, strict=True)]

    @property
    def _headline(self) -> str:
        of_each = "" if self.field is None else f" for each {self.field}"
        line = (
            f"BiasVariance of {self.n_models} models{of_each}, {self.method}, {self.measure} on "
            f"{self.n_test:,} test rows"
        )
        if self.diverged.any():
            line += f"; {self.diverged.sum()} models diverged"
        return line

    def __repr__(self) -> str:
        head, rows = self.to_text()
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = (
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            for row in (head, *rows)
        )
        return "\n".join([self._headline, *lines])

    def _repr_html_(self) -> str:
        head, rows = self.to_text()
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        return (
            f"<table><caption>{html.escape(self._headline)}</caption>"
            f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
        )


def _shown_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _shown_estimate(value: float, error: float) -> str:
    """Show an estimate with the digits that its standard error leaves it."""
    if math.isnan(value):
        return "–"
    if not error > 0:
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    if digits > 9:
        return f"{value:.3e} ± {error:.1e}"
    return f"{value:,.{digits}f} ± {error:,.{digits}f}"
