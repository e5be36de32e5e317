"""What a search found: the best configuration, all of them, and which settings matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ravine.errors import ParameterError
from ravine.ground.text import plural
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.studies.contenders import Contender, best_first
from ravine.studies.frame import as_column
from ravine.studies.importances import setting_importances
from ravine.studies.network_trainer import NetworkTrainer

if TYPE_CHECKING:
    import pandas as pd

    from ravine.studies.estimator_trainer import EstimatorTrainer

__all__ = ["Best", "Tuned"]


@dataclass(frozen=True)
class Best:
    """The best configuration of a search.

    Parameters
    ----------
    settings : dict of str to object
        Values by the settings' names.
    scores, errors : dict of str to float
        The mean of each metric over its runs, and the standard error of that mean. They were used
        to choose it, so they flatter it: rows that the search never saw give the honest score.
    epochs : int or None
        After how many epochs of a run; None for an estimator.
    network : Network or None
        What to fit.
    recipe : Recipe or None
        How.
    estimator : object or None
        Not fitted, with the settings as its parameters.

    Examples
    --------
    >>> Best({"batch_size": 32}, {"val_loss": 0.5}, {"val_loss": 0.1}, 10).scores
    {'val_loss': 0.5}
    """

    settings: Mapping[str, Any]
    scores: Mapping[str, float]
    errors: Mapping[str, float]
    epochs: int | None
    network: Network | None = None
    recipe: Recipe | None = None
    estimator: Any = None


class Tuned:
    """What `ravine.tune` gives.

    Parameters
    ----------
    contenders : sequence of Contender
        All configurations, in the order in which they were proposed.
    trainer : Trainer
        What trained them.
    metrics : sequence of str
        The scores that were asked for; the first decides.
    runs : int
        Runs of each configuration.

    Examples
    --------
    >>> import ravine as rv
    >>> X = [[i / 50] for i in range(100)]
    >>> y = [3 * row[0] + 1 for row in X]
    >>> space = {"optimizer.learning_rate": (1e-4, 0.3, "log")}
    >>> found = rv.tune(rv.mlp(8), X, y, space, recipe=rv.Recipe(epochs=9), budget=4, seeds=2)
    >>> len(found.to_frame())
    14
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        trainer: NetworkTrainer | EstimatorTrainer,
        metrics: Sequence[str],
        runs: int,
    ) -> None:
        self._contenders, self._trainer = list(contenders), trainer
        self._metrics, self._runs = list(metrics), runs

    @property
    def has_run(self) -> bool:
        """Whether any configuration came to a rung.

        Returns
        -------
        bool
            False only if the search was interrupted before.

        Examples
        --------
        >>> import ravine as rv
        >>> X = [[i / 50] for i in range(100)]
        >>> space = {"batch_size": [16, 32]}
        >>> rv.tune(rv.mlp(8), X, X, space, recipe=rv.Recipe(epochs=2), budget=2).has_run
        True
        """
        return any(contender.results for contender in self._contenders)

    @property
    def best(self) -> Best:
        """The configuration with the best first metric, of those that trained for most epochs.

        Returns
        -------
        Best
            With network and recipe, or the estimator.

        Raises
        ------
        ParameterError
            If no configuration was trained, or all diverged.

        Examples
        --------
        >>> import ravine as rv
        >>> X = [[i / 50] for i in range(100)]
        >>> y = [3 * row[0] + 1 for row in X]
        >>> space = {"optimizer.learning_rate": [1e-5, 0.1]}
        >>> found = rv.tune(rv.mlp(8), X, y, space, recipe=rv.Recipe(epochs=9), budget=3, seeds=2)
        >>> found.best.recipe
        Recipe(optimizer=Adam(learning_rate=0.1), epochs=9)
        """
        done = self._done()
        good = [c for c in done if c.score(self._metrics[0]).mean == c.score(self._metrics[0]).mean]
        if not good:
            raise ParameterError(
                f"{plural(len(done), 'configuration')} were tried, and all diverged: none is the "
                "best.",
                hint="Let the space reach down to a tenth of its learning rates.",
            )
        first = best_first(good, self._metrics[0])[0]
        scores = {name: first.score(name) for name in self._metrics}
        of_networks = isinstance(self._trainer, NetworkTrainer)
        parts: dict[str, Any] = {}
        if isinstance(self._trainer, NetworkTrainer):
            parts["network"], parts["recipe"] = self._trainer.made(first.settings)
        else:
            parts["estimator"] = self._trainer.made(first.settings)
        return Best(
            dict(first.settings),
            {name: score.mean for name, score in scores.items()},
            {name: score.se for name, score in scores.items()},
            first.rung if of_networks else None,
            **parts,
        )

    def to_frame(self) -> pd.DataFrame:
        """Give the configurations as a table, in the order in which they were tried.

        Returns
        -------
        pandas.DataFrame
            A row a configuration: its settings; each metric and its standard error
            (``val_loss_se``), means over its runs after ``epochs`` epochs; ``runs``; ``seconds``;
            and ``status``: "finished", "dropped" (at a rung, where ``epochs`` says) or "diverged".

        Raises
        ------
        ParameterError
            If no configuration was trained.

        Examples
        --------
        >>> import ravine as rv
        >>> X = [[i / 50] for i in range(100)]
        >>> y = [3 * row[0] + 1 for row in X]
        >>> space = {"optimizer.learning_rate": (1e-4, 0.3, "log")}
        >>> found = rv.tune(rv.mlp(8), X, y, space, recipe=rv.Recipe(epochs=9), budget=4, seeds=2)
        >>> found.to_frame()["status"].value_counts().to_dict()
        {'dropped': 12, 'finished': 2}
        """
        import pandas as pd

        done = self._done()
        columns: dict[str, Any] = {
            name: as_column([c.labels[name] for c in done]) for name in done[0].labels
        }
        for metric in self._metrics:
            scores = [contender.score(metric) for contender in done]
            columns[metric] = [score.mean for score in scores]
            columns[f"{metric}_se"] = [score.se for score in scores]
        if self._trainer.halves:
            columns["epochs"] = [contender.rung for contender in done]
        columns["runs"] = [len(contender.results) for contender in done]
        columns["seconds"] = [contender.seconds for contender in done]
        columns["status"] = [self._status(contender) for contender in done]
        return pd.DataFrame(columns)

    def importances(self, confidence: float = 0.95) -> pd.DataFrame:
        """Estimate how much each setting matters, with errors.

        Configurations are ranked: those that came further before those that were dropped, then by
        the first metric, diverged ones last. A setting's importance is the share of the variance of
        ranks that is lost without it (the total Sobol index), estimated by permutation in random
        forests, on configurations that these did not learn from. It is about the space that was
        searched: of a narrower range it would be less. With ``method="tpe"`` configurations crowd
        where scores are good, and importances are about that crowd.

        Parameters
        ----------
        confidence : float, default 0.95
            Of intervals, in (0, 1).

        Returns
        -------
        pandas.DataFrame
            A row a setting, the most important first: ``setting``, ``importance``, ``se``, ``low``,
            ``high``.

        Raises
        ------
        ParameterError
            If there are fewer than 15 configurations.

        Examples
        --------
        >>> import ravine as rv
        >>> X = [[i / 50] for i in range(100)]
        >>> y = [3 * row[0] + 1 for row in X]
        >>> space = {"optimizer.learning_rate": (1e-4, 0.3, "log"), "batch_size": [16, 17]}
        >>> found = rv.tune(rv.mlp(8), X, y, space, recipe=rv.Recipe(epochs=9), budget=9, seeds=1)
        >>> found.importances()["setting"][0]
        'optimizer.learning_rate'
        """
        import pandas as pd

        ordered = best_first(self._done(), self._metrics[0])
        values = {
            name: [contender.labels[name] for contender in ordered]
            for name in (ordered[0].labels if ordered else ())
        }
        found = setting_importances(values, range(len(ordered)), confidence)
        rows = sorted(found.items(), key=lambda item: -item[1].mean)
        return pd.DataFrame(
            [
                {"setting": n, "importance": e.mean, "se": e.se, "low": e.low, "high": e.high}
                for n, e in rows
            ]
        )

    def __repr__(self) -> str:
        done = sum(bool(contender.results) for contender in self._contenders)
        return f"Tuned({plural(done, 'configuration')}, {plural(self._runs, 'run')} each)"

    def _done(self) -> list[Contender]:
        done = [contender for contender in self._contenders if contender.results]
        if not done:
            raise ParameterError(
                "No configuration has been trained yet.", hint="Run the search to its first rung."
            )
        return done

    def _status(self, contender: Contender) -> str:
        if contender.diverged:
            return "diverged"
        return "finished" if contender.rung == self._trainer.epochs else "dropped"
