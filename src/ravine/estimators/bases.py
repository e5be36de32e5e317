"""scikit-learn's base classes with types, so that a type checker knows the parameters of ours.

scikit-learn has no types. To a type checker a class with an untyped base takes any argument: a
mistyped parameter would not be found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["BaseEstimator", "ClassifierMixin", "RegressorMixin"]

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike

    class BaseEstimator:
        """Parameters by name; attributes that `fit` leaves, and methods that routing adds."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Give the parameters by name."""

        def set_params(self, **params: Any) -> Self:
            """Change parameters."""

        @classmethod
        def _get_param_names(cls) -> list[str]: ...
        def __sklearn_tags__(self) -> Any: ...
        def __getattr__(self, name: str) -> Any: ...

    class ClassifierMixin:
        """A classifier."""

        def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
            """Give the accuracy."""

    class RegressorMixin:
        """A regressor."""

        def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
            """Give R²."""

else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
