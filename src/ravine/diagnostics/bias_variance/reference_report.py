"""The report on a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ravine.diagnostics.bias_variance.from_reference import FromReference

__all__ = ["ReferenceReport"]

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceReport:
    """The reference that bias was measured against, and how much depends on it.

    Parameters
    ----------
    name : str
        The setting or the estimator.
    rule : str
        Why it is the reference.
    favoured : bool
        Whether its own bias² comes out too small, as it was chosen only by the lowest error.
    other : str or None
        The other candidate.
    cv_error, cv_error_se : ndarray, shape (V,)
        Cross-validated error of each setting on the training rows, by which it was chosen.
    bias2_other, bias2_other_se : ndarray, shape (V,)
        bias² with the other candidate as the reference, and its standard error over models.
    n_tables : int
        Tables of the iterated simulation.
    bias2_again, variance_again : ndarray, shape (V,)
        The mean results of the method on such tables. Their distance from ``bias2`` and
        ``variance`` of the result, which are the truth there, is the method's own distortion.
    bias2_spread, variance_spread : ndarray, shape (V,)
        The standard deviation of these results from table to table, without the part that is due
        to the number of models.

    Examples
    --------
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 40).reshape(-1, 1)
    >>> found = rv.bias_variance(
    ...     rv.Network([rv.Dense(1)]), X, X[:, 0] + np.sin(50 * X[:, 0]),
    ...     rv.Recipe(optimizer="lbfgs", epochs=20), over={"penalty.alpha": [0, 1]}, n_models=10,
    ... )
    >>> found.reference.name, found.reference.other
    ('penalty.alpha=0', 'penalty.alpha=1')
    """

    name: str
    rule: str
    favoured: bool
    other: str | None
    cv_error: Array
    cv_error_se: Array
    bias2_other: Array
    bias2_other_se: Array
    n_tables: int
    bias2_again: Array
    bias2_spread: Array
    variance_again: Array
    variance_spread: Array

    @classmethod
    def of(cls, steps: FromReference) -> ReferenceReport:
        """Summarise a study."""
        choice, sweep = steps.choice, steps.subjects.sweep
        bias2_again, bias2_spread = _spread(*steps.again["bias2"])
        variance_again, variance_spread = _spread(*steps.again["variance"])
        return cls(
            name=choice.name,
            rule=choice.rule,
            favoured=choice.favoured,
            other=None if choice.other is None else sweep.name(choice.other),
            cv_error=steps.cv_error,
            cv_error_se=steps.cv_error_se,
            bias2_other=steps.bias2_other,
            bias2_other_se=steps.bias2_other_se,
            n_tables=steps.plan.tables,
            bias2_again=bias2_again,
            bias2_spread=bias2_spread,
            variance_again=variance_again,
            variance_spread=variance_spread,
        )

    def scaled(self, factor: float) -> ReferenceReport:
        """Give the same in another unit."""
        kept = ("name", "rule", "favoured", "other", "n_tables")
        fields = {name: value for name, value in vars(self).items() if name not in kept}
        return ReferenceReport(
            **{name: getattr(self, name) for name in kept},
            **{name: value * factor for name, value in fields.items()},
        )


def _spread(values: Array, errors: Array) -> tuple[Array, Array]:
    """Give the mean over tables, and the standard deviation that is not due to the models."""
    if len(values) < 2:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    squared = values.var(axis=0, ddof=1) - np.square(errors).mean(axis=0)
    return values.mean(axis=0), np.sqrt(np.maximum(squared, 0.0))
