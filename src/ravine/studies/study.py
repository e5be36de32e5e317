"""Study: jobs, trained on the same splits of a table, and what they say of their settings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ravine.errors import ParameterError
from ravine.ground.packages import needs
from ravine.ground.text import plural
from ravine.specs.rules import nearest
from ravine.studies.frame import differing, histories_frame, runs_frame
from ravine.studies.jobs import LabelledJob, labelled
from ravine.studies.splits import Split, check_classes, folds, held_out
from ravine.studies.store import Store
from ravine.studies.stored import keys_of, train_stored
from ravine.studies.summary import summarise
from ravine.studies.table import Table, join
from ravine.studies.trials import Result, Trial, train_trials
from ravine.training.jobs import Job
from ravine.training.train import Progress

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Study"]

#: The job's and the fold's number of a run.
Place = tuple[int, int]


class Study:
    """Jobs that are trained on the same splits of a table, and compared.

    Parameters
    ----------
    jobs : sequence of Job
        Such as `ravine.grid` and `ravine.sample` make. Jobs that name rows, targets or groups of
        their own are refused.
    store : path, optional
        A folder that keeps every run from the moment it ends, one file a run. A study that was
        interrupted or killed goes on from there, and so does one with more jobs. Several processes
        may work on it, and folders of the same study may be copied into one another. None: runs
        are kept in memory.

    Attributes
    ----------
    jobs : list of LabelledJob
        What was given.

    Raises
    ------
    ParameterError
        If there is no job, or one has rows of its own.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> jobs = rv.grid(rv.mlp(), rv.Recipe(epochs=20), seed=range(3), **{
    ...     "optimizer.learning_rate": [0.001, 0.1]})
    >>> study = rv.Study(jobs).run(X, 3 * X[:, 0] + 1)
    >>> study.best.labels["optimizer.learning_rate"]
    0.1
    >>> len(study.to_frame())
    6
    """

    def __init__(self, jobs: Sequence[Job], store: str | os.PathLike[str] | None = None) -> None:
        needs("A study", "sklearn")  # which copies of rows are found with
        self.jobs = labelled(jobs)
        for job in self.jobs:
            own = [
                name
                for name in ("rows", "validation_rows", "y", "groups", "time")
                if getattr(job, name) is not None
            ]
            if own:
                raise ParameterError(
                    f"Job '{job.label}' has {own[0]} of its own: a study trains all jobs on the "
                    "same rows.",
                    hint="Pass groups, time, validation or cv to Study.run, or use train_many.",
                )
        self.store = None if store is None else os.fspath(store)
        self._splits: list[Split] = []
        self._results: dict[Place, Result] = {}
        self._opened: Store | None = None
        self._keys: dict[Place, str] = {}
        self._ran_on: tuple[str, list[str]] = ("", [])

    def run(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        validation: float | ArrayLike | tuple[ArrayLike, ArrayLike] = 0.2,
        cv: int | Iterable[Any] | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
        threads: int | None = None,
        progress: Progress = None,
        executor: Any = None,
    ) -> Study:
        """Train what has not been trained yet.

        All jobs train on the same rows and are scored on the same others. Copies of a row, and rows
        of a group, lie on one side. The rows held out are what ``val_loss`` and early stopping look
        at; a job whose recipe has a ``validation_fraction`` sets that part of its training rows
        aside to watch, and sees those held out only when it has ended.

        Parameters
        ----------
        X : array-like, shape (n, inputs) or (n, height, width[, channels])
            Inputs.
        y : array-like, shape (n,) or (n, outputs)
            Targets.
        validation : float, array-like of int or tuple (X, y), default 0.2
            The part of the rows to hold out, stratified by class; or row numbers, or a mask; or
            other rows.
        cv : int, splitter or iterable, optional
            Instead of that, the number of folds, each held out in turn; or a splitter of
            scikit-learn's, or pairs of row numbers.
        groups : array-like, shape (n,), optional
            The group of each row: no group is on both sides.
        time : array-like, shape (n,), optional
            The time of each row: the latest are held out; with ``cv``, each fold holds out the rows
            that follow all those that it trains on.
        threads : int, optional
            Threads to use; None: one per core. Results do not depend on it.
        progress : bool or callable, optional
            As in `ravine.train`.
        executor : str, Executor or Client, optional
            Whose workers train, as in `ravine.train_many`: ``"joblib"``, ``"dask"``, ``"ray"`` or
            any executor of `concurrent.futures`. Results do not depend on it.

        Returns
        -------
        Study
            Itself. After Ctrl-C a warning says how many runs are done, and ``run`` again goes on.

        Raises
        ------
        ParameterError, DataError
            If jobs and rows do not go together, or rows cannot be held out so. Nothing has been
            trained then.
        FileError
            If the store cannot be read or written, or holds runs on other rows or of another
            version. What was done before stays.
        WorkerError
            If two workers died at the same run, or one has another version of ravine. What was
            done before stays: run the study again.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> study = rv.Study(rv.grid(rv.mlp(4), rv.Recipe(epochs=2), seed=range(2)))
        >>> study.run(X, X[:, 0], cv=5).to_frame().shape
        (10, 10)
        """
        table, splits = self._divide(X, y, validation, cv, groups, time)
        on = (table.hash, [split.hash for split in splits])
        if on != self._ran_on:
            self._results = {}
        self._splits, self._ran_on = splits, on
        places = list(self._places())
        trials = [Trial(self.jobs[job], splits[fold]) for job, fold in places]
        try:
            for number, result in self._train(trials, table, threads, progress, executor):
                self._results[places[number]] = result
        except KeyboardInterrupt:
            warnings.warn(
                f"Interrupted: {len(self._results)} of {plural(len(places), 'run')} are done. "
                "Run the study again to go on.",
                RuntimeWarning,
                stacklevel=2,
            )
        return self

    @property
    def has_run(self) -> bool:
        """Whether any run is done.

        Returns
        -------
        bool
            False before `run`.

        Examples
        --------
        >>> import ravine as rv
        >>> rv.Study(rv.grid(rv.mlp(4), rv.Recipe(), seed=range(2))).has_run
        False
        """
        return bool(self._results)

    def to_frame(self) -> pd.DataFrame:
        """Give the runs as a table, in the order of jobs and folds.

        Returns
        -------
        pandas.DataFrame
            A row a run: its labels that differ, ``fold`` if there are several, ``loss`` and
            ``val_…`` (of the epoch whose weights the model has; NaN where it diverged), ``epochs``,
            ``steps``, ``seconds`` and ``status``.

        Raises
        ------
        ParameterError
            If nothing has been run.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> study = rv.Study(rv.grid(rv.mlp(), rv.Recipe(epochs=2), seed=range(2)))
        >>> list(study.run(X, X[:, 0]).to_frame())
        ['seed', 'loss', 'val_loss', 'val_r2', 'val_rmse', 'epochs', 'steps', 'seconds', 'status']
        """
        places = self._done()
        return runs_frame(
            [self.jobs[job].labels for job, _ in places],
            [fold for _, fold in places],
            [self._results[place] for place in places],
        )

    def histories(self) -> pd.DataFrame:
        """Give what happened in each epoch of each run.

        Returns
        -------
        pandas.DataFrame
            A row an epoch of a run: the run's labels that differ, ``fold`` if there are several,
            and the columns of `History`.

        Raises
        ------
        ParameterError
            If nothing has been run.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> study = rv.Study(rv.grid(rv.mlp(), rv.Recipe(epochs=5), seed=range(2)))
        >>> len(study.run(X, X[:, 0]).histories())
        10
        """
        places = self._done()
        return histories_frame(
            [self.jobs[job].labels for job, _ in places],
            [fold for _, fold in places],
            [self._whole(place) for place in places],
        )

    def summary(
        self,
        by: str | Sequence[str] | None = None,
        *,
        metric: str = "val_loss",
        against: Any = None,
        confidence: float = 0.95,
    ) -> pd.DataFrame:
        """Say how settings do: means with standard errors, and differences in pairs of runs.

        Without ``cv``, the estimand is the mean over seeds on this split, with J seeds and
        ``se = s √(1/J)``. With it, the mean over new tables with as many training rows: what a
        fold's runs give is averaged over seeds first, and with J folds ``se = s √(1/J + n_test /
        n_train)`` (Nadeau & Bengio 2003). Whatever else was varied is averaged over as well.
        Differences are between runs of the same seed, fold and other settings.

        Parameters
        ----------
        by : str or list of str, optional
            Settings to tell apart. None: all that differ, but for ``seed``.
        metric : str, default "val_loss"
            A score. Of an accuracy or an R² more is better.
        against : object, optional
            The label (a tuple where there are several settings) that differences are from, chosen
            before one looks: each interval then holds by itself. None: the best, and intervals hold
            for all pairs of settings at once (Bonferroni), since the best was picked by its result.
        confidence : float, default 0.95
            Of intervals, in (0, 1).

        Returns
        -------
        pandas.DataFrame
            The best first: the settings, ``runs``, ``diverged``, ``mean``, ``se``, ``difference``
            (from the best or from `against`), ``difference_se``, ``low`` and ``high``. A setting of
            which a run diverged has no mean and comes last. ``summary.attrs["estimand"]`` says in
            words what is estimated.

        Raises
        ------
        ParameterError
            If nothing has been run, or there is no such setting or score.

        References
        ----------
        Nadeau & Bengio (2003), Inference for the generalization error, Machine Learning 52.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> jobs = rv.grid(rv.mlp(), rv.Recipe(epochs=20), seed=range(3), **{
        ...     "optimizer.learning_rate": [0.001, 0.1]})
        >>> rv.Study(jobs).run(X, X[:, 0]).summary("optimizer.learning_rate")["runs"].tolist()
        [3, 3]
        """
        settings = self._settings()
        return summarise(
            self.to_frame(),
            self._by(by, settings),
            settings=settings,
            metric=metric,
            ratio=self._ratio,
            against=against,
            confidence=confidence,
        )

    @property
    def best(self) -> LabelledJob:
        """The job whose setting has the lowest mean ``val_loss`` over seeds and folds.

        Returns
        -------
        LabelledJob
            With the first of its seeds.

        Raises
        ------
        ParameterError
            If nothing has been run, or all settings diverged.

        Examples
        --------
        >>> import numpy as np
        >>> import ravine as rv
        >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
        >>> jobs = rv.grid(rv.mlp(), rv.Recipe(optimizer=rv.SGD(0.1)), epochs=[1, 20])
        >>> rv.Study(jobs).run(X, X[:, 0]).best.recipe.epochs
        20
        """
        summary = self.summary()
        if summary["mean"].isna().all():
            raise ParameterError(
                f"All {plural(len(summary), 'setting')} diverged: none is the best.",
                hint="Try a tenth of the learning rates.",
            )
        by = self._by(None, self._settings())
        labels = {name: summary[name][0] for name in by}
        return next(
            job for job in self.jobs if all(job.labels.get(n) == v for n, v in labels.items())
        )

    def __repr__(self) -> str:
        done = f"{len(self._results)} of {plural(len(self.jobs) * len(self._splits), 'run')} done"
        kept = "" if self.store is None else f", store={self.store!r}"
        return f"Study({plural(len(self.jobs), 'job')}, {done}{kept})"

    def _divide(
        self, X: Any, y: Any, validation: Any, cv: Any, groups: Any, time: Any
    ) -> tuple[Table, list[Split]]:
        """Check the rows, and hold some out."""
        apart = isinstance(validation, tuple) and cv is None
        if apart and (len(validation) != 2 or groups is not None or time is not None):
            raise ParameterError(
                "validation=(X, y) gives the rows to hold out: it needs those two, and groups and "
                "time cannot go with it."
            )
        first = Table(X, y, groups, time)
        table = Table(*join((X, y), validation)) if apart else first
        classes = table.classes(self.jobs)
        if cv is not None:
            splits = folds(table, cv, classes)
        elif apart:
            splits = [held_out(table, range(len(first), len(table)))]
        else:
            splits = [held_out(table, validation, classes)]
        check_classes(splits, classes, of_many=cv is not None)
        return table, splits

    def _places(self) -> Iterator[Place]:
        for job in range(len(self.jobs)):
            for fold in range(len(self._splits)):
                yield job, fold

    def _train(
        self,
        trials: Sequence[Trial],
        table: Table,
        threads: int | None,
        progress: Progress,
        executor: Any,
    ) -> Iterator[tuple[int, Result]]:
        """Train trials that have not been; with a store, those that it does not have."""
        if self.store is not None:
            store = self._opened = Store(self.store)
            self._keys = dict(zip(self._places(), keys_of(trials, table), strict=True))
            yield from train_stored(
                store, trials, table, threads=threads, progress=progress, executor=executor
            )
            return
        left = [n for n, place in enumerate(self._places()) if place not in self._results]
        chosen = [trials[number] for number in left]
        for number, result in train_trials(
            chosen, table, threads=threads, progress=progress, executor=executor
        ):
            yield left[number], result

    def _done(self) -> list[Place]:
        """Give the places of runs that are done."""
        if not self.has_run:
            raise ParameterError("Nothing has been run.", hint="Call run(X, y) first.")
        return [place for place in self._places() if place in self._results]

    def _whole(self, place: Place) -> Result:
        """Give what a run gave, with its history, which the store may have to be asked for."""
        result = self._results[place]
        if not result.history and self._opened is not None:
            result = self._results[place] = self._opened.read(self._keys[place]).result
        return result

    def _settings(self) -> list[str]:
        """Name the columns that identify a run."""
        done = self._done()
        names = differing([self.jobs[job].labels for job, _ in done])
        return [*names, "fold"] if len({fold for _, fold in done}) > 1 else names

    def _by(self, by: str | Sequence[str] | None, settings: Sequence[str]) -> list[str]:
        if by is None:
            return [name for name in settings if name not in ("seed", "fold")]
        names = [by] if isinstance(by, str) else list(by)
        for name in names:
            if name not in settings:
                raise ParameterError(
                    f"No setting '{name}' differs among the runs. Those that do: "
                    f"{', '.join(settings) or 'none'}.",
                    hint=nearest(name, settings),
                )
        return names

    @property
    def _ratio(self) -> float:
        """n_test / n_train, on average over the folds."""
        return sum(split.ratio for split in self._splits) / len(self._splits)
