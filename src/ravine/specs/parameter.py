"""Parameters of custom layers."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ravine.specs.initializers import Constant, Initializer
from ravine.specs.rules import Choice, Items, Whole
from ravine.specs.spec import Member

__all__ = ["Parameter"]

_ZEROS = Constant()


@dataclass(frozen=True)
class Parameter:
    """An array of parameters of a custom `Layer`: its shape, and how it starts.

    Parameters
    ----------
    shape : int or tuple of int
        Its shape, at least one axis of at least 1. Kept as a tuple.
    initializer : float, str or Initializer, default 0.0
        How it starts. A number is the value of every element.
    role : {"weight", "bias"}, default "weight"
        Penalties and weight decay leave out biases.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Parameter(3, 1.0).shape
    (3,)
    """

    shape: tuple[int, ...]
    initializer: Initializer = _ZEROS
    role: Literal["weight", "bias"] = "weight"

    if TYPE_CHECKING:

        def __init__(
            self,
            shape: int | tuple[int, ...],
            initializer: float | str | Initializer = 0.0,
            role: Literal["weight", "bias"] = "weight",
        ) -> None: ...

    def __post_init__(self) -> None:
        shape = Items(Whole(at_least=1), at_least=1, single=True)
        start: Any = self.initializer
        if isinstance(start, numbers.Real) and not isinstance(start, bool):
            start = Constant(float(start))
        for name, rule, value in (
            ("shape", shape, self.shape),
            ("initializer", Member(Initializer), start),
            ("role", Choice(("weight", "bias")), self.role),
        ):
            object.__setattr__(self, name, rule("Parameter", name, value))
