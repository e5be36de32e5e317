"""When an MLP stops learning: scikit-learn's rules, as watchers of a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ravine.errors import DivergenceError
from ravine.models.model import Model
from ravine.training.watching import Callback, EachEpoch, Epochs, Patience, Watcher

__all__ = ["EpochWatcher", "LineSearchWatcher"]

#: Below this the rate of ``learning_rate="adaptive"`` is not divided further.
_SMALLEST_RATE = 1e-6

#: Relative change of the objective at which L-BFGS has converged, SciPy's default.
_SMALLEST_CHANGE = 1e7 * float(np.finfo(np.float64).eps)

#: More epochs than any run has.
_FOREVER = 2**31 - 1

_CURE = "Try a tenth of the learning rate first."


class EpochWatcher(Watcher):
    """Follows a run of epochs, fills in the estimator's curves, and says when to stop.

    An epoch that does not improve on the best value by ``tol`` counts; more than
    ``n_iter_no_change`` such epochs in a row end the run, or lower the rate. Unlike in
    `ravine.EarlyStopping`, the best value is the smallest loss, however small the improvement was.

    After an epoch that counts as number c, no run can end before ``n_iter_no_change + 1 - c`` more:
    until then nothing has to be checked, unless each epoch must be reported. Epochs whose loss
    improves postpone the check, which the engine knows by itself (`patience`).

    Parameters
    ----------
    estimator : estimator
        The MLP.
    losses_of : callable
        Gives the estimator's losses of some epochs.
    loss_terms : tuple of float
        These losses in terms of the history: ``(of_loss, of_penalty, constant)``, as in `Patience`.
    rows : int
        Training rows.
    epochs : int
        Epochs until the run ends in any case.
    scores_of : callable, optional
        Gives the validation scores of some epochs; None: the training loss is watched.
    rate : float, optional
        The rate of the first epoch, if the run must be paused to change it; `next_rate` is then
        the rate after the pause.
    """

    def __init__(
        self,
        estimator: Any,
        losses_of: Callable[[Epochs], NDArray[np.float64]],
        loss_terms: tuple[float, float, float],
        *,
        rows: int,
        epochs: int,
        scores_of: Callable[[Epochs], NDArray[np.float64]] | None = None,
        rate: float | None = None,
    ) -> None:
        self.estimator, self.losses_of, self.scores_of = estimator, losses_of, scores_of
        self.loss_terms = loss_terms
        self.rows, self.epochs, self.rate = rows, epochs, rate
        self.next_rate: float | None = None
        self.converged = False
        self._tell = _teller(estimator.callbacks)

    def see(self, epochs: Epochs) -> int:
        """Check epochs; 0 ends or pauses the run, else the result is how many may pass unseen."""
        estimator = self.estimator
        losses = self.losses_of(epochs).tolist()
        scores = None if self.scores_of is None else self.scores_of(epochs).tolist()
        estimator.n_iter_ += len(losses)
        estimator.t_ += self.rows * len(losses)
        estimator.loss_ = losses[-1]
        estimator.loss_curve_ += losses
        self._say(f"Iteration {estimator.n_iter_}, loss = {losses[-1]:.8f}")
        if scores is None:
            estimator.best_loss_ = -self._count([-loss for loss in losses], -estimator.best_loss_)
        else:
            self._say(f"Validation score: {scores[-1]:f}")
            estimator.validation_scores_ += scores
            best = self._count(scores, estimator.best_validation_score_)
            estimator.best_validation_score_ = best
        wanted = self._tell is not None and self._tell.see(epochs) == 0
        self.next_rate = self._decide()
        if wanted:
            self.converged, self.next_rate = True, None
        left = self.epochs - estimator.n_iter_
        if left <= 0:
            self.next_rate = None
        if self.converged or left <= 0 or self.next_rate is not None:
            return 0
        if estimator.verbose or self._tell is not None:
            return 1
        return int(min(left, estimator.n_iter_no_change + 1 - estimator._no_improvement_count))

    def patience(self) -> Patience | None:
        """Say how many epochs may pass after one that improves."""
        estimator = self.estimator
        told = bool(estimator.verbose) or self._tell is not None
        stepwise = self.rate is not None and estimator.learning_rate == "invscaling"
        if told or stepwise or self.scores_of is not None or self.epochs == 1:
            return None
        epochs = int(min(estimator.n_iter_no_change + 1, _FOREVER))
        return Patience(estimator.tol, epochs, *self.loss_terms, best=estimator.best_loss_)

    def diverge(self, model: Model) -> None:
        """Note an epoch that diverged: an error, unless early stopping has weights from before."""
        if self.scores_of is None or not model.best_epoch:
            raise DivergenceError(model.message, hint=_CURE, model=model)
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

    def _count(self, values: list[float], best: float) -> float:
        """Count each value (larger is better); give the new best."""
        tol, count = self.estimator.tol, self.estimator._no_improvement_count
        for value in values:
            count = count + 1 if value < best + tol else 0
            best = max(best, value)
        self.estimator._no_improvement_count = count
        return best

    def _decide(self) -> float | None:
        """End the run when it stalls, or give the rate of the next epoch if it changes."""
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
        what = "loss" if self.scores_of is None else "validation score"
        self._say(
            f"The {what} did not improve by tol={estimator.tol:f} in "
            f"{estimator.n_iter_no_change} epochs. Stopping."
        )
        return None

    def _say(self, text: str) -> None:
        if self.estimator.verbose:
            print(text)  # noqa: T201 - what verbose asks for


class LineSearchWatcher(Watcher):
    """Follows L-BFGS: it has converged when the gradient is small, or the objective is steady.

    Parameters
    ----------
    estimator : estimator
        The MLP.
    losses_of : callable
        Gives the estimator's objective of some iterations.
    c : float
        ravine's gradient in units of the estimator's.
    epochs : int
        Iterations after which it ends in any case.
    """

    def __init__(
        self,
        estimator: Any,
        losses_of: Callable[[Epochs], NDArray[np.float64]],
        *,
        c: float,
        epochs: int,
    ) -> None:
        self.estimator, self.losses_of, self.c, self.epochs = estimator, losses_of, c, epochs
        self.next_rate: float | None = None
        self.converged = False
        self._last = np.inf
        self._tell = _teller(estimator.callbacks)

    def diverge(self, model: Model) -> None:
        """Say that the search diverged."""
        raise DivergenceError(model.message, hint=_CURE, model=model)

    def see(self, epochs: Epochs) -> int:
        """Check iterations one by one; loss and gradient are those at the start of each."""
        estimator = self.estimator
        estimator.n_iter_ += 1
        value = float(self.losses_of(epochs)[-1])
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {value:.8f}")  # noqa: T201
        size = max(abs(self._last), abs(value), 1.0)
        still = np.isfinite(size) and self._last - value <= _SMALLEST_CHANGE * size
        self._last = value
        flat = epochs["gradient_norm"][-1] / self.c <= estimator.tol
        wanted = self._tell is not None and self._tell.see(epochs) == 0
        self.converged = bool(still or flat or wanted)
        return 0 if self.converged or estimator.n_iter_ >= self.epochs else 1


def _teller(callbacks: Any) -> EachEpoch | None:
    """Make one of an estimator's callbacks: all are called, and any of them ends the run."""
    listed: list[Callback] = [callbacks] if callable(callbacks) else list(callbacks or ())

    def call_all(row: dict[str, float]) -> bool:
        wanted = [bool(call(row)) for call in listed]
        return any(wanted)

    return EachEpoch(call_all) if listed else None
