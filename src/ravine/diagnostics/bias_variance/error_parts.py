"""What a study of bias and variance found: numbers, tables and a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.decomposition import PARTS, SEED_PARTS
from ravine.diagnostics.bias_variance.differences import Differences
from ravine.diagnostics.bias_variance.error_text import (
    Column,
    as_html,
    as_text,
    headline,
    main_table,
    notes,
    picture_notes,
    reference_table,
)
from ravine.diagnostics.bias_variance.reference_report import ReferenceReport
from ravine.errors import ParameterError
from ravine.specs.rules import shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["BiasVariance"]

Array = NDArray[np.float64]

_ALL = (*PARTS, *SEED_PARTS, "out_of_bag")


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BiasVariance:
    """What `ravine.bias_variance` found: the parts of the error for each swept value.

    ``total = bias2 + variance + noise``, each averaged over the test rows. ``mse`` is
    the measured error. On measured targets whose noise is not known (``"subsets"``), bias² and
    noise cannot be separated: then ``separate`` is False, ``bias2`` holds both and ``noise`` is
    NaN.

    Parameters
    ----------
    field : str or None
        What was swept.
    values : ndarray, shape (V,)
        Its values; a single None if nothing was swept.
    bias2, variance, noise, total : ndarray, shape (V,)
        The parts and their sum. For a classification the error is the Brier score,
        ``Σ_k (p_k − y_k)²`` over the classes k, which runs from 0 to 2.
    mse : ndarray, shape (V,)
        The error that was measured: with ``truth``, of all models on fresh targets; from a
        reference, of models that were trained on the table itself, on its test rows.
    variance_seeds, variance_data : ndarray, shape (V,)
        The variance by initial weights and order of rows, and the rest, by data, a difference that
        may be negative; NaN with one seed for each data set.
    out_of_bag : ndarray, shape (V,)
        Of a bootstrap: the error of the mean of those models that did not have a row.
    bias2_se, variance_se, noise_se, total_se, mse_se, variance_seeds_se, variance_data_se, \
out_of_bag_se : ndarray, shape (V,)
        Standard errors: over models and, where ``sampled``, over test rows.
    intervals : dict of str to ndarray, shape (V, 2)
        Ends of 95 % intervals of the parts.
    diverged : ndarray of int, shape (V,)
        How many models diverged; where there is one, the parts are NaN.
    separate : bool
        Whether bias² and noise are separate.
    sampled : bool
        Whether standard errors and intervals count the test rows as a sample.
    ordered : bool
        Whether the values have an order from less to more flexible.
    method : {"simulated", "model", "subsets", "bootstrap"}
        Where each model's data came from: a known truth, a reference, rows of the table.
    reference : ReferenceReport or None
        The reference of bias, if it is a fitted one.
    pairs : Differences
        Between settings; see `differences`.
    n_models, n_seeds, n_test : int
        Models for each value; how many share a data set; rows that they were tested on.
    measure : {"squared error", "Brier score"}
        The error that is split.

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
                bias²         variance  noise              sum       measured
    0.10783 ± 0.00007  0.0007 ± 0.0003   0.01  0.1186 ± 0.0003  0.121 ± 0.007
    ±: a standard error over models, at these test rows.
    measured: the error of all models on fresh targets.
    """

    field: str | None
    values: NDArray[Any]
    bias2: Array
    bias2_se: Array
    variance: Array
    variance_se: Array
    noise: Array
    noise_se: Array
    total: Array
    total_se: Array
    mse: Array
    mse_se: Array
    variance_seeds: Array
    variance_seeds_se: Array
    variance_data: Array
    variance_data_se: Array
    out_of_bag: Array
    out_of_bag_se: Array
    intervals: dict[str, Array]
    diverged: NDArray[np.int64]
    separate: bool
    sampled: bool
    ordered: bool
    method: str
    reference: ReferenceReport | None
    pairs: Differences
    n_models: int
    n_seeds: int
    n_test: int
    measure: str

    @property
    def best(self) -> Any:
        """The swept value with the smallest ``total``; of a bootstrap, ``out_of_bag``.

        Returns
        -------
        object
            One of ``values``.
        """
        return self.values.tolist()[self._best_place]

    @property
    def _best_place(self) -> int:
        return int(np.nanargmin(self.out_of_bag if self.method == "bootstrap" else self.total))

    def differences(self, against: Any = None) -> pd.DataFrame:
        """Give how each setting differs from one of them, paired by model and by test row.

        Model m has the same data and initial weights for every value, so that much chance cancels;
        the separate standard errors of two values can hide a clear difference.

        Parameters
        ----------
        against : object, optional
            One of the values; None: the `best`.

        Returns
        -------
        pandas.DataFrame
            A row for each swept value: the value, then ``bias2, bias2_se, variance, …, total, …,
            mse, mse_se``, each this setting minus the other.

        Raises
        ------
        ParameterError
            If nothing was swept, or it is not one of the values.
        """
        import pandas as pd

        if self.field is None:
            raise ParameterError("There is only one setting: nothing was swept ('over').")
        known = self.values.tolist()
        if against is not None and against not in known:
            raise ParameterError(
                f"'against' must be one of the values of {self.field}. Got {shown(against)}.",
                hint=f"They are {', '.join(map(str, known))}.",
            )
        place = self._best_place if against is None else known.index(against)
        columns: dict[str, Any] = {self.field: self.values}
        for name, values in self.pairs.values.items():
            columns[name] = values[:, place]
            columns[f"{name}_se"] = self.pairs.errors[name][:, place]
        return pd.DataFrame(columns)

    def scaled(self, factor: float) -> BiasVariance:
        """Give the same in another unit.

        Parameters
        ----------
        factor : float
            The factor of errors: the square of that of targets.

        Returns
        -------
        BiasVariance
            With all parts, standard errors and intervals multiplied.
        """
        names = [name for part in _ALL for name in (part, f"{part}_se")]
        return replace(
            self,
            **{name: getattr(self, name) * factor for name in names},
            intervals={name: ends * factor for name, ends in self.intervals.items()},
            pairs=self.pairs.scaled(factor),
            reference=None if self.reference is None else self.reference.scaled(factor),
        )

    def to_frame(self) -> pd.DataFrame:
        """Give the numbers as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            A row for each swept value: the value in a column named as the field, then ``bias2,
            bias2_se, variance, …, mse_se``; ``variance_seeds`` and ``variance_data`` where they are
            known; of a bootstrap ``out_of_bag``; from a reference ``reference``, ``cv_error``,
            ``bias2_other``, ``bias2_again``, ``bias2_spread``, ``variance_again`` and
            ``variance_spread``; then ``separate`` and ``diverged``.
        """
        import pandas as pd

        columns: dict[str, Any] = {} if self.field is None else {self.field: self.values}
        names = [*PARTS, *(SEED_PARTS if self.n_seeds > 1 else ())]
        for name in [*names, *(["out_of_bag"] if self.method == "bootstrap" else [])]:
            columns[name] = getattr(self, name)
            columns[f"{name}_se"] = getattr(self, f"{name}_se")
        if self.reference is not None:
            columns["reference"] = self.reference.name
            for name in ("cv_error", "bias2_other", "bias2_again", "bias2_spread"):
                columns[name] = getattr(self.reference, name)
            for name in ("variance_again", "variance_spread"):
                columns[name] = getattr(self.reference, name)
        return pd.DataFrame({**columns, "separate": self.separate, "diverged": self.diverged})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw bias², variance, noise and their sum against what was swept.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            With the curves, bands that are 95 % intervals, and a mark at the smallest sum; of a
            bootstrap the variance and the out-of-bag error. Values that span decades have a
            logarithmic axis, with 0 at its left end.
        """
        from ravine.plots.bias_variance import bias_variance_curves

        curves = {
            column.label: (column.values, *column.ends)
            for column in main_table(self, measured=False)
        }
        return bias_variance_curves(
            self.values,
            curves,
            self.field,
            self.measure,
            ax,
            ordered=self.ordered,
            notes=picture_notes(self),
        )

    def to_text(self) -> tuple[list[str], list[list[str]]]:
        """Give the numbers as people read them, with the digits that standard errors leave them.

        Returns
        -------
        head : list of str
            What the columns are.
        rows : list of list of str
            A row for each swept value.
        """
        return self._shown(main_table(self, measured=True))

    def reference_text(self) -> tuple[list[str], list[list[str]]] | None:
        """Give what depends on the reference as people read it: a table, or None without one.

        Returns
        -------
        head : list of str
            What the columns are.
        rows : list of list of str
            A row for each swept value.
        """
        columns = reference_table(self)
        return self._shown(columns) if columns else None

    @property
    def notes(self) -> list[str]:
        """Notes about the numbers, in sentences.

        Returns
        -------
        list of str
            The reference of bias, and what standard errors cover.
        """
        return notes(self)

    def _shown(self, columns: list[Column]) -> tuple[list[str], list[list[str]]]:
        head = [*([] if self.field is None else [self.field]), *(c.label for c in columns)]
        cells = [column.shown() for column in columns]
        if self.field is not None:
            values = self.values
            cells.insert(
                0, [f"{v:g}" if isinstance(v, float | np.floating) else str(v) for v in values]
            )
        return head, [list(row) for row in zip(*cells, strict=True)]

    @property
    def _tables(self) -> list[tuple[list[str], list[list[str]]]]:
        more = self.reference_text()
        return [self.to_text(), *([] if more is None else [more])]

    def __repr__(self) -> str:
        return as_text(headline(self), self._tables, self.notes)

    def _repr_html_(self) -> str:
        return as_html(headline(self), self._tables, self.notes)
