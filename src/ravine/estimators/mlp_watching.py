"""When an MLP stops learning: scikit-learn's rules, as callbacks of a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ravine.errors import DivergenceError
from ravine.model import Model

__all__ = ["LineSearchWatch", "Watch"]

#: Below this the rate of ``learning_rate="adaptive"`` is not divided further.
_SMALLEST_RATE = 1e-6

#: Relative change of the objective at which L-BFGS has converged, SciPy's default.
_SMALLEST_CHANGE = 1e7 * float(np.finfo(np.float64).eps)

_CURE = "Try a tenth of the learning rate first."

Row = dict[str, float]


class Watch:
    """Follows a run epoch by epoch, fills in the estimator's curves, and says when to stop.

    An epoch that does not improve on the best value by ``tol`` counts; more than
    ``n_iter_no_change`` such epochs in a row end the run, or lower the rate. Unlike in
    `ravine.EarlyStopping`, the best value is the smallest loss itself, however little it improved
    on the one before.

    Parameters
    ----------
    estimator : estimator
        The MLP.
    loss_of : callable
        Gives the estimator's loss of a row of the history.
    rows : int
        Training rows.
    epochs : int
        Epochs until the run ends in any case.
    score_of : callable, optional
        Gives the validation score of a row; None: the training loss is watched.
    rate : float, optional
        The rate of the first epoch, where the run must end for it to change; `next_rate` is then
        that of the next stretch.

    Examples
    --------
    >>> Watch.__name__
    'Watch'
    """

    def __init__(
        self,
        estimator: Any,
        loss_of: Callable[[Row], float],
        *,
        rows: int,
        epochs: int,
        score_of: Callable[[Row], float] | None = None,
        rate: float | None = None,
    ) -> None:
        self.estimator, self.loss_of, self.score_of = estimator, loss_of, score_of
        self.rows, self.epochs, self.rate = rows, epochs, rate
        self.next_rate: float | None = None
        self.converged = False
        self._more = _listed(estimator.callbacks)

    def __call__(self, row: Row) -> bool:
        """Look at an epoch; True ends the run, or its stretch."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.rows
        estimator.loss_ = self.loss_of(row)
        estimator.loss_curve_.append(estimator.loss_)
        if estimator.verbose:
            self._say(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
        if self._improves(row):
            estimator._no_improvement_count = 0
        else:
            estimator._no_improvement_count += 1
        wanted = [bool(call(row)) for call in self._more]
        self.next_rate = self._decide()
        if any(wanted):
            self.converged, self.next_rate = True, None
        last = estimator.n_iter_ >= self.epochs
        if last:
            self.next_rate = None
        return self.converged or last or self.next_rate is not None

    def diverge(self, model: Model) -> None:
        """Note an epoch that diverged: an error, unless early stopping has weights from before."""
        if self.score_of is None or not model.best_epoch:
            raise DivergenceError(model.message, hint=_CURE)
        estimator = self.estimator
        estimator.n_iter_ += 1
        estimator.t_ += self.rows
        estimator.loss_ = np.nan
        estimator.loss_curve_.append(np.nan)
        estimator.validation_scores_.append(np.nan)
        self.converged = True
        warnings.warn(
            f"{model.message} The weights are those of epoch {model.best_epoch}.",
            ConvergenceWarning,
            stacklevel=7,
        )

    def _improves(self, row: Row) -> bool:
        estimator = self.estimator
        if self.score_of is None:
            best, now = estimator.best_loss_, estimator.loss_
            estimator.best_loss_ = min(best, now)
            return not now > best - estimator.tol
        best, now = estimator.best_validation_score_, self.score_of(row)
        estimator.validation_scores_.append(now)
        self._say(f"Validation score: {now:f}")
        if now > best:
            estimator.best_validation_score_ = now
        return not now < best + estimator.tol

    def _decide(self) -> float | None:
        """End the run when it stalls, or give the rate of the next epoch where it changes."""
        estimator = self.estimator
        stalls = estimator._no_improvement_count > estimator.n_iter_no_change
        schedule = "constant" if self.rate is None else estimator.learning_rate
        if schedule == "invscaling":
            initial = float(estimator.learning_rate_init)
            self.rate = initial / (estimator.t_ + 1) ** estimator.power_t
            self.converged = stalls
            return self.rate
        if not stalls:
            return None
        if schedule == "adaptive" and self.rate is not None and self.rate > _SMALLEST_RATE:
            estimator._no_improvement_count = 0
            self.rate /= 5.0
            self._say(f"No improvement: the learning rate is now {self.rate:f}.")
            return self.rate
        self.converged = True
        what = "loss" if self.score_of is None else "validation score"
        self._say(
            f"The {what} did not improve by tol={estimator.tol:f} in "
            f"{estimator.n_iter_no_change} epochs. Stopping."
        )
        return None

    def _say(self, text: str) -> None:
        if self.estimator.verbose:
            print(text)  # noqa: T201 - what verbose asks for


class LineSearchWatch:
    """Follows L-BFGS: it has converged when the gradient is small, or the objective stands still.

    Parameters
    ----------
    estimator : estimator
        The MLP.
    loss_of : callable
        Gives the estimator's objective of a row of the history.
    c : float
        ravine's gradient in units of the estimator's.
    epochs : int
        Iterations after which it ends in any case.

    Examples
    --------
    >>> LineSearchWatch.__name__
    'LineSearchWatch'
    """

    def __init__(
        self, estimator: Any, loss_of: Callable[[Row], float], *, c: float, epochs: int
    ) -> None:
        self.estimator, self.loss_of, self.c, self.epochs = estimator, loss_of, c, epochs
        self.next_rate: float | None = None
        self.converged = False
        self._last = np.inf
        self._more = _listed(estimator.callbacks)

    def diverge(self, model: Model) -> None:
        """Say that the search diverged."""
        raise DivergenceError(model.message, hint=_CURE)

    def __call__(self, row: Row) -> bool:
        """Look at an iteration, whose row has loss and gradient where it began."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        value = self.loss_of(row)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {value:.8f}")  # noqa: T201
        size = max(abs(self._last), abs(value), 1.0)
        still = np.isfinite(size) and self._last - value <= _SMALLEST_CHANGE * size
        self._last = value
        flat = row["gradient_norm"] / self.c <= estimator.tol
        wanted = [bool(call(row)) for call in self._more]
        self.converged = still or flat or any(wanted)
        return self.converged or estimator.n_iter_ >= self.epochs


def _listed(callbacks: Any) -> list[Callable[[Row], Any]]:
    if callbacks is None:
        return []
    return [callbacks] if callable(callbacks) else list(callbacks)
