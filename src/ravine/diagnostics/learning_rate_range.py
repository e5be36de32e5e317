"""The learning-rate range: which rates are good, and which is the largest that is stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ravine.data.outputs import with_outputs
from ravine.data.shared import SharedData
from ravine.diagnostics.model_gradients import Array
from ravine.diagnostics.rate_runs import RateRuns, short, with_rate
from ravine.errors import ParameterError
from ravine.ground.numeric import as_array
from ravine.ground.packages import needs
from ravine.specs.layers import Dense
from ravine.specs.network import Network
from ravine.specs.optimizers import LBFGS
from ravine.specs.recipe import Recipe
from ravine.training.jobs import Job, check_kinds
from ravine.training.run import Run
from ravine.training.train import train_many

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["LearningRateRange", "learning_rate_range"]

#: What is set aside to judge rates by, where the recipe sets nothing aside.
_VALIDATION = 0.2
_LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """What `learning_rate_range` found; printing it gives a sentence.

    Parameters
    ----------
    rates : ndarray, shape (rates,)
        What was tried, ascending.
    losses, val_losses : ndarray, shape (rates, seeds)
        Training and validation loss at the end of each run; infinite where it diverged.
    constant_loss : ndarray, shape (seeds,)
        Validation loss of the best constant prediction.
    interval : tuple (low, high) or None
        The good rates: those next to the best that do as well, as far as the seeds can tell. None:
        there is no clear optimum.
    largest_stable : float or None
        The largest rate at which no seed's training loss ends above where it began. None: the
        smallest rate is too large already, or none is too large.
    epochs : int
        How long the runs were.
    """

    rates: Array
    losses: Array
    val_losses: Array
    constant_loss: Array
    interval: tuple[float, float] | None
    largest_stable: float | None
    epochs: int

    def to_frame(self) -> pd.DataFrame:
        """Give a row per rate.

        Returns
        -------
        pandas.DataFrame
            ``learning_rate``; the mean over seeds of ``loss`` and ``val_loss`` with their smallest
            and largest (``loss_low``, …); how many of the runs ``diverged``; whether the rate is
            ``good``.
        """
        needs("to_frame", "pandas")
        import pandas as pd

        columns: dict[str, Any] = {"learning_rate": self.rates}
        for name, losses in (("loss", self.losses), ("val_loss", self.val_losses)):
            columns[name] = losses.mean(axis=1)
            columns[f"{name}_low"], columns[f"{name}_high"] = losses.min(axis=1), losses.max(axis=1)
        columns["diverged"] = np.isinf(self.losses).sum(axis=1)
        low, high = self.interval or (np.inf, np.inf)
        columns["good"] = np.clip(self.rates, low, high) == self.rates
        return pd.DataFrame(columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw training and validation loss over the rate, with bands over the seeds.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            Good rates are shaded, the largest stable one is a vertical line, the loss of the best
            constant a horizontal one. Rates at which a run diverged have no point.
        """
        from ravine.plots.instruments import BLUE, GREY, ORANGE, axes_for, finish

        ax = axes_for(ax)
        constant = float(self.constant_loss.mean())
        for losses, colour, line, name in (
            (self.losses, BLUE, "-", "training"),
            (self.val_losses, ORANGE, "--", "validation"),
        ):
            shown = np.where(np.isfinite(losses).all(axis=1, keepdims=True), losses, np.nan)
            ax.plot(
                self.rates, shown.mean(axis=1), line, color=colour, marker="o", ms=4, label=name
            )
            ax.fill_between(
                self.rates, shown.min(axis=1), shown.max(axis=1), color=colour, alpha=0.15, lw=0
            )
        ax.axhline(constant, color=GREY, ls=":", lw=1.2, label="best constant")
        if self.interval is not None:
            ax.axvspan(*self.interval, color="#009E73", alpha=0.15, lw=0, label="good rates")
        if self.largest_stable is not None:
            ax.axvline(self.largest_stable, color=GREY, ls="-.", lw=1.2, label="largest stable")
        ax.set_xscale("log")
        there = np.concatenate([self.losses.ravel(), self.val_losses.ravel()])
        there = there[np.isfinite(there)]
        if len(there) and there.min() > 0:
            ax.set_yscale("log")
            ax.set_ylim(there.min() / 1.2, min(float(there.max()), 10 * constant) * 1.2)
        return finish(ax, "learning rate", f"loss after {self.epochs} epochs")

    def __str__(self) -> str:
        seeds = self.losses.shape[1]
        if self.interval is None:
            good = (
                f"There is no clear optimum: at none of {len(self.rates)} rates does the "
                f"validation loss ({np.nanmin(self.val_losses.mean(axis=1)):.4g} at best) beat "
                f"the best constant's ({self.constant_loss.mean():.4g}) by more than {seeds} seeds "
                "scatter"
            )
        else:
            low, high = self.interval
            best = int(np.argmin(self.val_losses.mean(axis=1)))
            which = f"Rates from {low:.3g} to {high:.3g} are" if low < high else f"{low:.3g} is"
            good = (
                f"{which} good (validation loss "
                f"{self.val_losses[best].mean():.4g} at {self.rates[best]:.3g}, over {seeds} seeds)"
            )
            ends = [low == self.rates[0], high == self.rates[-1]]
            if any(ends):
                good += ", and perhaps beyond what was tried"
        if self.largest_stable is None:
            return f"{good}; no largest stable rate was found."
        return f"{good}; the largest stable rate is {self.largest_stable:.4g}."


def learning_rate_range(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    rates: Sequence[float] | None = None,
    seeds: int = 5,
    steps: int = 200,
    threads: int | None = None,
) -> LearningRateRange:
    """Train short runs at many constant learning rates, and say which rates are good.

    Each rate has its own runs from first weights, one for each seed; nothing is ramped. Two
    questions are answered apart.

    *Which rates are good?* Part of the rows is set aside, anew for each seed. The best rate has the
    lowest mean validation loss. If that is not below the loss of the best constant, of which it is
    taken as a part where that is positive, there is no clear optimum: a one-sided t-test over the
    seeds, at 5 %, with Bonferroni's correction for the rates and Nadeau and Bengio's variance for
    rows that overlap. Otherwise the rates next to it are good as long as their loss exceeds its own
    by less than a standard error of the difference, and is below that of the best constant for
    every seed.

    *Which is the largest stable one?* The recipe as it is; a rate is stable if no seed's training
    loss (of the last epoch) exceeds that of the first weights. Bisection finds the largest, to 1 %.
    On a quadratic with full batches it is ``2/λ_max``, with momentum ``2 (1 + β)/λ_max``.

    Parameters
    ----------
    network : Network
        What is fitted.
    X : array-like, shape (n, ...)
        Inputs.
    y : array-like, shape (n,) or (n, outputs)
        Targets.
    recipe : Recipe, default Recipe()
        How it is trained; constant rates take the place of its own, and early stopping is off.
    rates : sequence of float, optional
        At least 2, greater than 0, ascending. None: 19 from 1e-5 to 10.
    seeds : int, default 5
        Runs for each rate, at least 2.
    steps : int, default 200
        A run has the recipe's epochs, but no more than about so many steps, and at least one epoch.
    threads : int, optional
        As in `train`.

    Returns
    -------
    LearningRateRange
        ``.interval`` and ``.largest_stable``, the losses, a picture and a sentence.

    Raises
    ------
    ParameterError
        If rates, seeds or steps break their rule, or the optimizer has no learning rate to try.
    DataError
        If X or y cannot be trained on.

    References
    ----------
    Nadeau and Bengio (2003), "Inference for the generalization error".

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 2))
    >>> y = X[:, 0] + 0.1 * rng.normal(size=80)
    >>> recipe = rv.Recipe(optimizer="sgd", batch_size="full")
    >>> found = rv.learning_rate_range(rv.Network([rv.Dense(1)]), X, y, recipe=recipe, seeds=3)
    >>> found.interval[1] < found.largest_stable
    True
    """
    check_kinds(network, recipe)
    tried = _checked_rates(rates)
    for name, value, least in (("seeds", seeds, 2), ("steps", steps, 1)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ParameterError(
                f"The '{name}' parameter of learning_rate_range must be a whole number, at least "
                f"{least}. Got {value!r}."
            )
    _check_rule(recipe)
    network = with_outputs(network, y)
    n = len(as_array(X, "X"))
    whole = RateRuns(network, X, y, short(recipe, n, steps), int(seeds), threads)
    share = recipe.validation_fraction or _VALIDATION
    apart = RateRuns(
        network, X, y, whole.recipe.replace(validation_fraction=share), int(seeds), threads
    )
    losses, val_losses = apart.losses(list(tried))
    constant = _constant_losses(apart)
    own = losses if recipe.validation_fraction else whole.losses(list(tried))[0]
    return LearningRateRange(
        rates=tried,
        losses=losses,
        val_losses=val_losses,
        constant_loss=constant,
        interval=_good(tried, val_losses, constant, share),
        largest_stable=whole.largest_stable(tried, own),
        epochs=whole.recipe.epochs,
    )


def _check_rule(recipe: Recipe) -> None:
    rule = recipe.optimizer
    if rule.evaluates:
        raise ParameterError(
            f"learning_rate_range tries constant rates, but {type(rule).__name__} searches for the "
            "length of each step."
        )
    if not hasattr(rule, "learning_rate"):
        raise ParameterError(
            f"learning_rate_range needs an optimizer with a learning_rate. Got {rule!r}."
        )


def _checked_rates(rates: Sequence[float] | None) -> Array:
    if rates is None:
        return np.geomspace(1e-5, 10.0, 19)
    array = np.asarray(rates, dtype=np.float64) if np.size(rates) else np.empty(0)
    good = array.ndim == 1 and len(array) >= 2 and bool(np.isfinite(array).all())
    if not good or (array <= 0).any() or (np.diff(array) <= 0).any():
        raise ParameterError(
            "The 'rates' parameter of learning_rate_range must be at least 2 numbers greater than "
            f"0, ascending. Got {rates!r}.",
            hint="Such as rates=rv.geomspace(1e-4, 1.0, 9).",
        )
    return array


def _constant_losses(runs: RateRuns) -> Array:
    """Give the validation loss of the best constant of the training rows, by seed."""
    data = SharedData(runs.X, runs.y)
    alone = with_outputs(Network([Dense(None)], loss=runs.network.loss), runs.y)
    recipe = Recipe(optimizer=LBFGS(), epochs=50, dtype="float64")
    jobs = []
    for seed in range(runs.seeds):
        sides = Run(runs.network, with_rate(runs.recipe, 1.0, seed), data)
        jobs.append(Job(alone, recipe, rows=sides.rows, validation_rows=sides.validation_rows))
    models = train_many(jobs, np.zeros((len(data.all_rows), 1)), runs.y, threads=runs.threads)
    return np.array([model.history["val_loss"][-1] for model in models])


def _good(rates: Array, losses: Array, constant: Array, share: float) -> tuple[float, float] | None:
    """Give the rates next to the best that do as well; None if the best is no better than none."""
    seeds = losses.shape[1]
    means = np.where(np.isfinite(losses).all(axis=1), losses.mean(axis=1), np.inf)
    best = int(np.argmin(means))
    if not np.isfinite(means[best]):
        return None
    # rows of the seeds' sides overlap, so that their losses scatter less than those of new tables
    overlap = np.sqrt(1 / seeds + share / (1 - share))
    # as a part of the constant's loss, which scatters with the rows that are set aside
    gain = (constant - losses[best]) / (constant if (constant > 0).all() else 1.0)
    needs("learning_rate_range", "scipy")
    from scipy.stats import t

    needed = float(t.ppf(1 - _LEVEL / len(rates), seeds - 1)) * gain.std(ddof=1) * overlap
    if not gain.mean() > needed:
        return None
    ends = []
    for step in (-1, 1):
        place = best
        while 0 <= place + step < len(rates):
            if not (losses[place + step] < constant).all():
                break
            excess = losses[place + step] - losses[best]
            if excess.mean() > excess.std(ddof=1) * overlap:
                break
            place += step
        ends.append(float(rates[place]))
    return ends[0], ends[1]
