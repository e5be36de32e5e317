"""One network of a table: prepared, trained, and as the commands see it when it is saved."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravine.cli.kinds.base import Checkpoints, shares_by_class, without_times
from ravine.cli.known_rows import readable_rows
from ravine.cli.output import console, note, number, say
from ravine.errors import ParameterError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from ravine.cli.flags.network import NetworkSettings
    from ravine.cli.known_rows import KnownRows, SplitRows
    from ravine.cli.saved.running_scores import Scored
    from ravine.cli.writing import Rows
    from ravine.models.history import History
    from ravine.models.model import Model
    from ravine.specs.network import Network
    from ravine.specs.recipe import Recipe
    from ravine.tables.fitted.table_model import TableModel
    from ravine.tables.schema import OnNewMissing, TableSchema
    from ravine.tables.target import Target

__all__ = ["Part", "PreparedNetwork", "SavedNetwork"]


@dataclass(frozen=True)
class Part:
    """Rows for one purpose (training, validation or test), coded as numbers."""

    frame: pd.DataFrame
    X: NDArray[Any]
    y: NDArray[Any]

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: TableSchema) -> Part:
        """Code rows, numbered as in the file, which errors name."""
        from ravine.tables.places import rows_of_the_file

        with rows_of_the_file(frame.index):
            return cls(frame, schema.encode(frame), schema.encode_target(frame))

    def __len__(self) -> int:
        return len(self.X)


@dataclass(frozen=True)
class PreparedNetwork:
    """A network and its recipe, with the schema learnt from the training rows, and the coded rows.

    Parameters
    ----------
    schema : TableSchema
        What was learnt of the columns.
    network : Network
        What is fitted.
    recipe : Recipe
        How it is trained; its validation rows are already set aside here.
    asked : Recipe
        How it is trained, as in a recipe file.
    parts : dict of str to Part
        Training rows, and validation and test rows if there are any.
    sides : dict of str to ndarray
        Groups and times of the training rows, if there are any.
    test_groups : ndarray of int64, optional
        Groups of the test rows.
    """

    schema: TableSchema
    network: Network
    recipe: Recipe
    asked: Recipe
    parts: Mapping[str, Part]
    sides: Mapping[str, Any]
    test_groups: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, settings: NetworkSettings, rows: SplitRows) -> PreparedNetwork:
        """Learn the schema from the training rows, make the network, and code all rows.

        Parameters
        ----------
        settings : NetworkSettings
            What is asked for.
        rows : SplitRows
            The rows.

        Returns
        -------
        PreparedNetwork
            Ready to be trained.

        Raises
        ------
        RavineError
            If rows and settings do not suit each other.
        """
        schema = _learn(settings, rows)
        for said in schema.notes:
            say(f"note: {said}")
        network = settings.network_for(schema)
        parts = {"training": Part.of(rows.training.frame, schema)}
        for name, frame in (("validation", rows.validation.frame), ("test", rows.test.frame)):
            readable = readable_rows(frame, schema, name)
            if len(readable):
                parts[name] = Part.of(readable, schema)
        recipe = settings.recipe.replace(validation_fraction=0.0)
        test_groups = _groups_of_readable(rows.test, schema)
        return cls(
            schema, network, recipe, settings.recipe, parts, rows.training.sides, test_groups
        )

    @property
    def target(self) -> Target:
        """What is predicted."""
        assert self.schema.target is not None
        return self.schema.target

    @property
    def training(self) -> Part:
        """The rows to train on."""
        return self.parts["training"]

    @property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """The rows by what they are for."""
        return {name: part.frame for name, part in self.parts.items()}

    @property
    def described(self) -> Mapping[str, Any]:
        """What a recipe file says: recipe and network."""
        return {"recipe": self.asked, "network": self.network}

    def say_unit(self) -> None:
        """Say what unit losses of a standardised target are in."""
        deviation = self.target.standard_deviation
        if deviation != 1:
            note(
                f"Losses are of {self.target.name!r} in units of its standard deviation, "
                f"{number(deviation)}."
            )

    def fit(self, checkpoints: Checkpoints = Checkpoints()) -> SavedNetwork:  # noqa: B008 - immutable
        """Train, with a live line on a terminal.

        Parameters
        ----------
        checkpoints : Checkpoints
            Where to write the state, and whether to resume from it.

        Returns
        -------
        SavedNetwork
            The model.
        """
        from ravine.ground.progress import live_progress
        from ravine.tables.fitted.table_model import TableModel, loss_unit
        from ravine.training.train import train

        validation = self.parts.get("validation")
        unit = loss_unit(self.network.loss, self.target)
        with live_progress(console(sys.stderr), scale=unit) as report:
            model = train(
                self.network,
                self.training.X,
                self.training.y,
                self.recipe,
                validation=None if validation is None else (validation.X, validation.y),
                start=checkpoints.path if checkpoints.resume else None,
                checkpoint=checkpoints.path if checkpoints.every else None,
                every=checkpoints.every,
                callback=_at_first(checkpoints.begun) if checkpoints.every else None,
                progress=report,
            )
        return SavedNetwork(TableModel(self.schema, model))


def _at_first(act: Callable[[], None] | None) -> Callable[[Mapping[str, Any]], None]:
    """Make a callback that acts after the first epoch that it is called for."""
    acts = [] if act is None else [act]

    def callback(_: Mapping[str, Any]) -> None:
        while acts:
            acts.pop()()

    return callback


def _learn(settings: NetworkSettings, rows: SplitRows) -> TableSchema:
    """Learn the schema from the training rows, of a table whose text was read as a whole."""
    from ravine.tables import TableSchema
    from ravine.tables.places import rows_of_the_file

    frame, table = rows.training.frame, rows.training.table
    with rows_of_the_file(frame.index):
        return TableSchema.of(
            replace(table, frame=frame.reset_index(drop=True)),
            [settings.table.target],
            task=rows.task,
            standardise_target=settings.standardise_target,
        ).knowing(table, settings.table.missing)


def _groups_of_readable(rows: KnownRows, schema: TableSchema) -> NDArray[np.int64] | None:
    """Give the groups of the rows that can be coded, if there are any."""
    if rows.groups is None or not len(rows):
        return None
    groups: NDArray[np.int64] = rows.groups[schema.readable(rows.frame)]
    return groups


@dataclass(frozen=True)
class SavedNetwork:
    """One network, trained by ``ravine train --estimator mlp``.

    Parameters
    ----------
    model : TableModel
        The network and its schema.
    """

    model: TableModel

    @property
    def schema(self) -> TableSchema:
        """What was learnt about the columns."""
        return self.model.schema

    @property
    def notes(self) -> Sequence[str]:
        """What was noticed in training."""
        return self.schema.notes

    @property
    def target(self) -> Target:
        """What is predicted."""
        return self.model.target

    @property
    def networks(self) -> Sequence[Model]:
        """The network."""
        return [self.model.model]

    @property
    def history(self) -> History:
        """How training went."""
        return self.model.history

    @property
    def course(self) -> dict[str, Any]:
        """How training ended."""
        network = self.model.model
        epochs = len(network.history)
        return {"status": network.status, "epochs": epochs, "best_epoch": network.best_epoch}

    def ending(self, seconds: float) -> str:
        """Say how many of the epochs were needed."""
        network = self.model.model
        many = f"{len(network.history)} of {network.recipe.epochs} epochs"
        line = f"{network.status}: {many} in {seconds:.1f} s"
        return line if network.best_epoch is None else f"{line}, best epoch {network.best_epoch}"

    summary = ""

    def to_dict(self) -> dict[str, Any]:
        """Give nothing: there is no ensemble."""
        return {}

    def save(self, path: Path) -> None:
        """Write the model without times."""
        network = self.model.model
        timeless = replace(network, history=without_times(network.history))
        replace(self.model, model=timeless).save(path)

    def filling(self, on_new_missing: OnNewMissing) -> SavedNetwork:
        """Give the same model with another treatment of newly missing values."""
        return replace(self, model=replace(self.model, on_new_missing=on_new_missing))

    def predict(self, frame: pd.DataFrame, *, probabilities: bool = False) -> Rows:
        """Give the predictions, and the probability of each class."""
        columns = shares_by_class(self.target, self.probabilities(frame)) if probabilities else {}
        return {"prediction": self.model.predict(frame), **columns}

    def probabilities(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Give the probability of each class."""
        return self.model.predict_proba(frame)

    def interval(self, frame: pd.DataFrame, coverage: float) -> NDArray[Any]:
        """Refuse: one network has no intervals."""
        raise ParameterError(
            "--interval needs a model that was trained with --estimator neural; this one is a "
            "single network.",
            hint="Leave out --interval, or train again without --estimator mlp.",
        )

    def means(self, frame: pd.DataFrame) -> dict[str, float]:
        """Score rows: loss, and squared errors or accuracy."""
        scores = self.model.evaluate(frame)
        if self.target.task == "regression":
            return {"loss": scores["loss"], "mse": scores["rmse"] ** 2}
        return scores

    def baseline(self, training: pd.DataFrame) -> tuple[str, Scored]:
        """Give the network whose constant prediction has the lowest loss on the training rows."""
        from ravine.tables.fitted.baseline import baseline_model

        loss = self.model.model.network.loss
        model = baseline_model(self.schema, loss, self.schema.encode_target(training))
        name = loss.predicts if self.target.task == "regression" else "frequencies"
        return name, SavedNetwork(model)
