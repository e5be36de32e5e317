"""Limited-memory BFGS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.optimizers.base import Optimizer
from ravine.specs.rules import Number, Rule, Whole, broken

__all__ = ["LBFGS"]


@dataclass(frozen=True, repr=False)
class LBFGS(Optimizer):
    """Limited-memory BFGS: curvature from the last steps, a line search along each direction.

    ``d = −H g`` by the two-loop recursion over the last ``memory`` pairs of steps and gradient
    changes, ``w ← w + a d`` with a step length a that meets the strong Wolfe conditions,
    ``L(w + a d) ≤ L(w) + c1 a gᵀd`` and ``|∇L(w + a d)ᵀd| ≤ c2 |gᵀd|``. Needs full batches.

    Parameters
    ----------
    learning_rate : float, default 1.0
        The first step length that each line search tries, greater than 0; times ``min(1, 1/‖g‖₁)``
        while there are no pairs.
    memory : int, default 10
        Number of pairs to keep, at least 1.
    max_evaluations : int, default 25
        Evaluations of loss and gradient that one line search may take, at least 1.
    c1 : float, default 1e-4
        Sufficient decrease, in (0, 1) and below ``c2``.
    c2 : float, default 0.9
        Curvature, in (0, 1).

    References
    ----------
    Nocedal & Wright (2006), Algorithms 7.4, 7.5, 3.5 and 3.6.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.LBFGS(memory=20)
    LBFGS(learning_rate=1.0, memory=20)
    """

    learning_rate: float = 1.0
    _: KW_ONLY
    memory: int = 10
    max_evaluations: int = 25
    c1: float = 1e-4
    c2: float = 0.9

    full_batch: ClassVar[bool] = True
    adapts_rates: ClassVar[bool] = True
    evaluates: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": Number(above=0),
        "memory": Whole(at_least=1),
        "max_evaluations": Whole(at_least=1),
        "c1": Number(above=0, below=1),
        "c2": Number(above=0, below=1),
    }

    def _check(self) -> None:
        if self.c1 >= self.c2:
            raise broken("LBFGS", "c1", f"less than its c2, {self.c2:g}", self.c1)
