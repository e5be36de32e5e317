"""What every optimizer is, and how a custom one is written."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ravine.errors import ParameterError
from ravine.specs.rules import Number, Rule
from ravine.specs.schedules import RATE, Schedule
from ravine.specs.spec import Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Optimizer"]

#: The rule of a decoupled weight decay.
DECAY = Number(at_least=0)


class Optimizer(Spec):
    """The base of every optimizer, and the way to write a custom one.

    A custom rule is a subclass with an attribute ``learning_rate`` and two methods, `init` and
    `update`; an attribute ``weight_decay`` acts as that of `SGD`. It then works in `ravine.train`,
    `ravine.train_many` and `ravine.minimize`, more slowly than a built-in one (those run in the
    engine and have no use for the two methods). Its objects are equal if their arguments are, and
    do not change once they are made: what changes from step to step is in the state. A recipe that
    holds one cannot be written to a file.

    A class says by four attributes, False unless it says otherwise, what goes with it:
    ``full_batch``, every step needs all training rows; ``adapts_rates``, the rule sets its rates by
    itself, ``learning_rate`` is only what they start at, and a recipe gives it full batches unless
    told otherwise; ``has_one_rate``, the step of each parameter is a rate times its gradient, or
    times a mean of its gradients, so that proximal penalties, which shrink weights by that rate,
    lead to the penalised optimum (of a custom rule the rate is ``learning_rate``); ``evaluates``, a
    step evaluates the objective at other points, which only rules of the engine can.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> class SignDescent(rv.Optimizer):
    ...     def __init__(self, learning_rate=0.01):
    ...         self.learning_rate = learning_rate
    ...
    ...     def init(self, n):
    ...         return None
    ...
    ...     def update(self, w, g, state, k, learning_rate):
    ...         w -= learning_rate * np.sign(g)
    >>> w = np.array([1.0, -1.0])
    >>> SignDescent().update(w, np.array([3.0, -0.1]), None, 1, 0.5)
    >>> w
    array([ 0.5, -0.5])
    """

    full_batch: ClassVar[bool] = False
    has_one_rate: ClassVar[bool] = False
    adapts_rates: ClassVar[bool] = False
    evaluates: ClassVar[bool] = False

    _rules: ClassVar[Mapping[str, Rule]] = {"learning_rate": RATE}
    _always_shown: ClassVar[tuple[str, ...]] = ("learning_rate",)

    if TYPE_CHECKING:

        @property
        def learning_rate(self) -> float | Schedule:
            """η, a number or a schedule."""

    def with_rate(self, rate: float | Schedule) -> Self:
        """Give the same optimizer with another learning rate.

        Parameters
        ----------
        rate : float or Schedule
            A number is the highest value of a schedule that is there, which keeps its shape.

        Returns
        -------
        Optimizer
            The rest is as it was.

        Examples
        --------
        >>> import ravine as rv
        >>> rv.SGD(rv.CosineDecay(0.1)).with_rate(0.5)
        SGD(learning_rate=CosineDecay(0.5))
        """
        present = self.learning_rate
        if isinstance(present, Schedule) and isinstance(rate, Real):
            rate = present.with_peak(float(rate))
        return self.replace(learning_rate=rate)

    def init(self, n: int) -> Any:
        """Make the state for ``n`` parameters.

        Parameters
        ----------
        n : int
            How many parameters there are.

        Returns
        -------
        object
            Whatever `update` needs to remember from step to step: arrays that it changes in place,
            a tuple of them, None. For checkpoints it must hold nothing but arrays and numbers, in
            tuples, lists and dictionaries.
        """
        raise NotImplementedError(
            f"{type(self).__name__} runs in the engine and has no Python state."
        )

    def update(
        self,
        w: NDArray[np.floating[Any]],
        g: NDArray[np.floating[Any]],
        state: Any,
        k: int,
        learning_rate: float,
    ) -> None:
        """Change the weights in place.

        Parameters
        ----------
        w : ndarray of shape (n,)
            All weights, a writable view: change it with ``w -= ...`` or ``w[:] = ...``.
        g : ndarray of shape (n,)
            The gradient at w, coupled penalty included, clipped where the recipe says so.
        state : object
            What `init` returned; it may be changed in place.
        k : int
            The number of this step, 1 at the first.
        learning_rate : float
            η of this step, from the schedule.
        """
        raise NotImplementedError(
            f"{type(self).__name__} runs in the engine and has no Python update."
        )


def check_own_rule(optimizer: Optimizer) -> None:
    """Refuse a custom optimizer that has no learning rate.

    Parameters
    ----------
    optimizer : Optimizer
        Any optimizer; ravine's own always pass.

    Raises
    ------
    ParameterError
        If the learning rate is missing or bad.
    """
    kind = type(optimizer)
    if kind in Optimizer._family:
        return
    if not hasattr(optimizer, "learning_rate"):
        raise ParameterError(
            f"The optimizer {kind.__name__} must have an attribute 'learning_rate'."
        )
    RATE(kind.__name__, "learning_rate", optimizer.learning_rate)
