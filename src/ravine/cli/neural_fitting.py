"""From a table and settings to a trained neural estimator and its scores."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ravine.cli.fitting import readable_rows
from ravine.cli.known_rows import known_rows
from ravine.cli.output import say
from ravine.cli.saved.models import SavedEstimator
from ravine.cli.saved.running_scores import RunningScores, Scored
from ravine.cli.saved.scores import Scores
from ravine.errors import DataWarning

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.flags.neural import NeuralSettings
    from ravine.tables.target import Target
    from ravine.tables.text.interpreting import Interpreted

__all__ = ["NeuralFit", "TableParts", "fit_neural", "part_table", "score_neural"]


@dataclass(frozen=True)
class TableParts:
    """A table whose target is known: rows to train on, which members split again, and test rows.

    ``sides`` holds the groups and the times by which they do, if there are any.
    ``table`` is all of it, with what was found in its text.
    """

    target: Target
    training: pd.DataFrame
    test: pd.DataFrame
    table: Interpreted
    sides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NeuralFit:
    """What training gave."""

    model: SavedEstimator
    seconds: float

    @property
    def ending(self) -> str:
        """Say in a line what was trained for how long."""
        estimator = self.model.estimator
        lengths = [len(member.history) for member in estimator.members_]
        epochs = f"{min(lengths)} to {max(lengths)}" if len(set(lengths)) > 1 else f"{lengths[0]}"
        members = f"{len(lengths)} member{'' if len(lengths) == 1 else 's'}"
        line = f"finished: {members}, {epochs} epochs each in {self.seconds:.1f} s"
        best = estimator.history_.best_epoch
        return line if best is None else f"{line}, best epoch {best} on average"


def part_table(table: str | pd.DataFrame, settings: NeuralSettings) -> TableParts:
    """Keep the rows whose target is known, and set the test rows aside.

    Parameters
    ----------
    table : str or pandas.DataFrame
        The table's file, or the table.
    settings : NeuralSettings
        What is asked for.

    Returns
    -------
    TableParts
        The parts.

    Raises
    ------
    RavineError
        If table and settings do not go together.
    """
    from ravine.tables import Target, infer_task
    from ravine.tables.places import rows_of_the_file

    data = settings.table
    known = known_rows(table, data)
    with rows_of_the_file(known.frame.index):
        task = data.task or infer_task(known.frame[data.target], data.target)
    validates = settings.estimator(task, verbose=False).validation_fraction
    # the members set their validation rows aside themselves
    training, _, test = known.split(
        data, task, validation_fraction=0.0, seed=settings.seed, later=validates
    )
    sides = training.sides if validates else {}
    with rows_of_the_file(training.frame.index):
        learnt = Target.learn(training.frame[data.target], data.target, task=task)
    rows = training.frame.reset_index(drop=True)
    return TableParts(learnt, rows, test.frame, known.table, sides)


def fit_neural(parts: TableParts, settings: NeuralSettings) -> NeuralFit:
    """Train, with a live line on a terminal.

    Parameters
    ----------
    parts : TableParts
        What to train on.
    settings : NeuralSettings
        How.

    Returns
    -------
    NeuralFit
        The estimator, and how long it took.
    """
    import pandas as pd

    target = parts.target
    estimator = settings.estimator(target.task, verbose=sys.stderr.isatty())
    y = pd.Series(_values(parts.training, target), name=target.name)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the notes say it all
        estimator.fit(parts.training.drop(columns=target.name), y, **parts.sides)
    seconds = time.perf_counter() - started
    _know_the_table(estimator, parts, settings)
    for note in estimator.notes_:
        say(f"note: {note}")
    return NeuralFit(SavedEstimator(estimator), seconds)


def _know_the_table(estimator: Any, parts: TableParts, settings: NeuralSettings) -> None:
    """Let an estimator know what was found in the whole table, of which it saw a part."""
    before = set(estimator.schema_.notes)
    estimator.schema_ = estimator.schema_.knowing(parts.table, settings.table.missing)
    further = [note for note in estimator.notes_ if note not in before]
    estimator.notes_ = (*estimator.schema_.notes, *further)


def score_neural(fitted: NeuralFit, parts: TableParts) -> Scores:
    """Score the estimator on training and test rows, next to a constant prediction.

    Parameters
    ----------
    fitted : NeuralFit
        The estimator.
    parts : TableParts
        The rows.

    Returns
    -------
    Scores
        What was found.
    """
    constant = _Constant(fitted.model, parts.training)
    groups = {"training": parts.training, "test": _readable(parts.test, fitted.model)}
    rows = {name: frame for name, frame in groups.items() if len(frame)}
    return Scores(
        parts.target.name,
        parts.target.task,
        {name: len(frame) for name, frame in rows.items()},
        {name: _scores(fitted.model, frame) for name, frame in rows.items()},
        {name: _scores(constant, frame) for name, frame in rows.items()},
        constant.name,
    )


class _Constant:
    """The same prediction for every row: mean, quantiles or shares of the training rows."""

    def __init__(self, model: SavedEstimator, training: pd.DataFrame) -> None:
        import numpy as np

        self.target, self.quantiles = model.target, model.quantiles
        values = _values(training, self.target)
        if self.target.task == "classification":
            self.name = "frequencies"
            self.classes = model.estimator.classes_
            self.constant = np.asarray([np.mean(values == label) for label in self.classes])
        elif self.quantiles:
            self.name = "quantiles"
            self.constant = np.quantile(values, self.quantiles)
        else:
            self.name = "mean"
            self.constant = np.asarray(values.mean())

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows."""
        import numpy as np

        from ravine.cli.saved.measures import of_classes, of_numbers, of_quantiles

        values = _values(frame, self.target)
        found = np.broadcast_to(self.constant, (len(values), *self.constant.shape))
        if self.target.task == "classification":
            return of_classes(values, found, self.classes)
        return (
            of_quantiles(values, found, self.quantiles)
            if self.quantiles
            else of_numbers(values, found)
        )


def _values(frame: pd.DataFrame, target: Target) -> NDArray[Any]:
    """Get the target: numbers in their own unit, or labels as the classes are."""
    encoded = target.encode(frame[target.name])
    return target.decode(encoded) if target.task == "regression" else encoded


def _scores(model: Scored, frame: pd.DataFrame) -> dict[str, float]:
    from ravine.tables.places import rows_of_the_file

    running = RunningScores(model)
    with rows_of_the_file(frame.index):
        running.add(frame)
    return running.scores()


def _readable(frame: pd.DataFrame, model: SavedEstimator) -> pd.DataFrame:
    """Keep the rows that lack no value of which no training row lacked any."""
    return frame if not len(frame) else readable_rows(frame, model.schema, "test")
