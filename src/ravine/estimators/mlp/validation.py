"""Which rows an MLP's early stopping validates on, if fit is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from ravine.errors import ParameterError
from ravine.estimators.mlp.recipe import rule_of
from ravine.estimators.validation import check_validation

__all__ = ["Validation"]


@dataclass(frozen=True, eq=False)
class Validation:
    """Validation rows, or how to choose them; if all are None, by scikit-learn's rule.

    Parameters
    ----------
    X, y, sample_weight : array-like, optional
        Validation rows, if given separately.
    groups, time : array-like, optional
        The group and the time of each training row.

    Examples
    --------
    >>> Validation(X=[[1.0]]).given
    ['X_val']
    """

    X: Any = None
    y: Any = None
    sample_weight: ArrayLike | None = None
    groups: ArrayLike | None = None
    time: ArrayLike | None = None

    @property
    def given(self) -> list[str]:
        """The names of those parameters of fit that are given."""
        values = {
            "X_val": self.X,
            "y_val": self.y,
            "sample_weight_val": self.sample_weight,
            "groups": self.groups,
            "time": self.time,
        }
        return [name for name, value in values.items() if value is not None]

    def check_use(self, estimator: Any) -> None:
        """Refuse parameters that would change nothing.

        Parameters
        ----------
        estimator : BaseMLP
            The MLP that is fitted.

        Raises
        ------
        ParameterError
            If something is given that early stopping does not use.
        """
        given = self.given
        if not given:
            return
        first = given[0]
        if not estimator.early_stopping:
            raise ParameterError(
                f"{first} is for early stopping, but early_stopping is False.",
                hint=f"Set early_stopping=True, or leave {first} out.",
            )
        if rule_of(estimator.solver).evaluates:
            raise ParameterError(
                f"{first} is for early stopping, which the solver lbfgs does not have.",
                hint=f"Use another solver, or leave {first} out.",
            )
        sides = {"groups": self.groups, "time": self.time}
        check_validation(self.X, self.y, self.sample_weight, **sides)
