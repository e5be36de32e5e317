"""Runs: what the engine is told of a network, a recipe and rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.gate import weighing
from ravine.data.labels import said_of_alike
from ravine.data.outputs import with_outputs
from ravine.data.shared import Arrays, Offsets, SharedData, rows_per_batch
from ravine.data.splitting import check_sides, split_rows
from ravine.errors import DataError, DataWarning, ParameterError
from ravine.models.history import History
from ravine.models.model import Model
from ravine.models.parts import shifted_means
from ravine.specs.augmentation import Synthesize, built_in_of, custom_of
from ravine.specs.layers import Dropout, Layer, Residual
from ravine.specs.network import Network
from ravine.specs.optimizers import SGD, Optimizer
from ravine.specs.recipe import Recipe, check_no_threshold
from ravine.specs.spec import for_engine
from ravine.training.copula_check import warn_of_misfit
from ravine.training.custom import OwnAugmentation, OwnOptimizer, is_own

__all__ = ["Callback", "Look", "Patience", "Run", "Sides", "each_epoch"]

#: The group and the time of each row, where there are any.
Sides = tuple[ArrayLike | None, ArrayLike | None]

Callback = Callable[[dict[str, float]], bool | None]

#: Is given the columns of the history over the epochs since it last looked, and gives the number of
#: epochs after which it wants to look again, or 0 to end the run.
Look = Callable[[dict[str, NDArray[np.float64]]], int]


@dataclass(frozen=True)
class Patience:
    """How long a run may be left alone: an epoch that improves puts the next look off.

    Parameters
    ----------
    tol : float
        By how much an epoch improves, at least, on the best before it.
    epochs : int
        How many epochs may pass unseen after one that improves.
    of_loss, of_penalty, constant : float
        The value that improves, from the columns of the history: ``of_loss · loss + of_penalty ·
        penalty + constant``.
    best : float, default infinity
        The best value so far.

    Examples
    --------
    >>> Patience(tol=1e-4, epochs=11, of_loss=0.5, of_penalty=1.0, constant=0.0).best
    inf
    """

    tol: float
    epochs: int
    of_loss: float
    of_penalty: float
    constant: float
    best: float = np.inf


class Run:
    """One run before it starts: everything about it checked.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How.
    data : SharedData
        The rows that runs share.
    rows, validation_rows : array-like of int, optional
        Which of them are this run's. Without `rows`, all that do not validate.
    y : array-like, optional
        Targets of this run alone.
    start : Model, optional
        Whose weights it starts from.
    classes : ndarray, optional
        The classes, where the rows need not hold all of them; None takes those of `start`, or finds
        them.
    weigh_by : {"run", "batch"}, default "run"
        "run": rows of weight 0 are absent, and the losses of B rows are divided by B times the mean
        weight of the training rows. "batch", for scikit-learn's MLPs: rows of weight 0 take up
        their places, and each mini-batch is divided by its own weights.
    sides : tuple (groups, time)
        The group and the time of each row of `data`, by which validation rows are set aside; None
        for either.
    offsets : ndarray, optional
        The offsets of the weights that it goes on from; None takes those of `start`, or those that
        the rows need.
    stacklevel : int, default 5
        Whom a warning is for, as in `warnings.warn`: who called `train`.

    Examples
    --------
    >>> import ravine as rv
    >>> data = SharedData([[1.0], [2.0]], [1.0, 2.0])
    >>> Run(rv.Network([rv.Dense(1)]), rv.Recipe(), data).rows
    array([0, 1])
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        data: SharedData,
        rows: ArrayLike | None = None,
        validation_rows: ArrayLike | None = None,
        *,
        y: ArrayLike | None = None,
        start: Model | None = None,
        classes: NDArray[Any] | None = None,
        weigh_by: Literal["run", "batch"] = "run",
        sides: Sides = (None, None),
        offsets: Offsets = None,
        stacklevel: int = 5,
    ) -> None:
        counted = None if weigh_by == "batch" else data.training.weights(recipe.dtype)
        network = with_outputs(network, data.training.y if y is None else y, counted)
        self.network, self.recipe, self.data = network, recipe, data
        self.weigh_by = weigh_by
        self.handle = data.handle(network, recipe)
        if start is not None:
            _check_start(network, data, recipe, start)
            offsets = start.offsets
        self.offsets = data.offsets(network, recipe, offsets)
        known = classes if start is None else start.classes
        self.places, self.targets = data.prepare(network, recipe, known, y, self.offsets)
        self.sides = data.training.sides(*sides, recipe.dtype)
        self.rows, self.validation_rows = self._choose_rows(rows, validation_rows)
        self.start: dict[str, NDArray[Any]] | None = None
        if start is not None:
            kind = np.dtype(recipe.dtype)
            state = shifted_means(start.state_vector, self.handle, start.offsets, -1)
            self.start = {
                "w": start.parameters_vector.astype(kind),
                "state": shifted_means(state, self.handle, self.offsets, 1).astype(kind),
            }
        self.own_optimizer = (
            OwnOptimizer(recipe.optimizer, self.handle.n_parameters, recipe.dtype)
            if is_own(recipe.optimizer)
            else None
        )
        self.on_epoch: Callable[[Any, Any], int] | None = None
        self.every = 0
        self.keep = False
        self._look: Look | None = None
        self._patience: Patience | None = None
        self._epochs_seen = 0
        self._check_together()
        if known is None:
            self._check_labels(stacklevel)
        self._check_copula(stacklevel)

    def watch(
        self,
        look: Look | None,
        save: Callable[[dict[str, Any]], None] | None = None,
        every: int = 0,
        patience: Patience | None = None,
    ) -> None:
        """Have epochs looked at, and the state saved after every so many."""
        if look is None and save is None:
            return
        self.every, self.keep, self._look = every, self.keep or every > 0, look
        self._patience = patience
        width = len(_engine_columns())

        def on_epoch(rows: NDArray[np.float64], snapshot: dict[str, Any] | None) -> int:
            if save is not None and snapshot is not None:
                save(snapshot)
            table = rows.reshape(-1, width)
            self._epochs_seen += len(table)
            return every if look is None else look(self._columns(table))

        self.on_epoch = on_epoch

    def show_rest(self, history: NDArray[np.float64]) -> None:
        """Have the epochs looked at that the run ended with before its watcher wanted to look."""
        table = history.reshape(-1, len(_engine_columns()))
        before = (
            0 if self.start is None or "counters" not in self.start else self.start["counters"][0]
        )
        rest = table[int(before) + self._epochs_seen :]
        if self._look is not None and len(rest):
            self._look(self._columns(rest))

    def job(self) -> dict[str, Any]:
        """Describe the run to the engine; if it is to be kept, it gives its whole state."""
        own = custom_of(self.recipe.augmentation)
        return {
            "network": self.data.described(self.network),
            "recipe": _engine_recipe(self.recipe),
            "input_shape": [int(size) for size in self.data.input_shape(self.recipe.dtype)],
            "rows": self.rows,
            "validation_rows": self.validation_rows,
            "targets": self.places,
            "start": self.start,
            "update": self.own_optimizer,
            "augment": OwnAugmentation(own, self) if own else None,
            "on_epoch": self.on_epoch,
            "every": self.every,
            "patience": None if self._patience is None else asdict(self._patience),
            "keep": self.keep,
            "divide_by_batch": self.weigh_by == "batch",
        }

    def model(
        self,
        w: NDArray[Any],
        state: NDArray[Any],
        history: NDArray[np.float64],
        *,
        status: str,
        best_epoch: int,
        message: str = "",
    ) -> Model:
        """Make a model of weights of this run."""
        stopping = self.recipe.stopping
        if stopping is not None and not stopping.restore_best and status != "diverged":
            best_epoch = 0  # the weights are those of the last
        return Model(
            network=self.network,
            recipe=self.recipe,
            input_shape=self.data.input_shape(self.recipe.dtype),
            parameters_vector=w,
            state_vector=state,
            history=History(
                self._columns(history.reshape(-1, len(_engine_columns()))), best_epoch or None
            ),
            classes=self.targets.classes,
            one_dimensional=self.targets.one_dimensional,
            offsets=self.offsets,
            feature_names=self.data.feature_names,
            status=status,
            best_epoch=best_epoch or None,
            message=message,
        )

    def _columns(self, table: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Name the engine's columns as the history does; without validation, leave its out."""
        columns = dict(zip(_engine_columns(), table.T, strict=True))
        val_loss, metric, rmse = (columns.pop(name) for name in ("val_loss", "metric", "rmse"))
        named: dict[str, NDArray[np.float64]] = {}
        for name, column in columns.items():
            named[name] = column
            if name == "penalty" and len(self.validation_rows):
                named["val_loss"] = val_loss
                if self.handle.classifies:
                    named["val_accuracy"] = metric
                else:
                    named["val_r2"], named["val_rmse"] = metric, rmse
        return named

    def _choose_rows(
        self, rows: ArrayLike | None, validation_rows: ArrayLike | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        n = len(self.data.training)
        chosen = self.data.all_rows if rows is None else _as_rows(rows, n, "rows")
        chosen = self._present(chosen, self.data.training)
        if not len(chosen):
            raise DataError("sample_weight is 0 in every training row: nothing would be learnt.")
        fraction = self.recipe.validation_fraction
        apart = self.data.validation
        self._check_use_of_sides(splits=fraction > 0 or validation_rows is not None)
        if fraction > 0 and (apart is not None or validation_rows is not None):
            raise ParameterError(
                "Validation rows are given, and the 'validation_fraction' parameter of Recipe is "
                f"{fraction}: only one of them can be.",
                hint="Use recipe.replace(validation_fraction=0).",
            )
        if apart is not None:
            return chosen, self._present(np.arange(len(apart)), apart)
        if validation_rows is not None:
            aside = _as_rows(validation_rows, n, "validation_rows")
            aside = self._present(aside, self.data.training)
            if not len(aside):
                raise DataError(
                    "sample_weight is 0 in every row of validation_rows: no validation loss can be "
                    "computed."
                )
            if rows is None:
                chosen = np.setdiff1d(chosen, aside)
            if not len(chosen):
                raise DataError("validation_rows holds all rows: none is left to train on.")
            check_sides(chosen, aside, *self.sides)
            return chosen, aside
        if fraction == 0:
            return chosen, np.empty(0, dtype=np.int64)
        codes = None if self.targets.classes is None else self.targets.values[chosen, 0]
        groups, time = (None if side is None else side[chosen] for side in self.sides)
        kept, aside = split_rows(
            len(chosen),
            fraction,
            self.recipe.seed,
            codes,
            identity=None if rows is None else chosen,
            groups=groups,
            time=time,
        )
        return chosen[kept], chosen[aside]

    def _present(self, rows: NDArray[np.int64], arrays: Arrays) -> NDArray[np.int64]:
        """Leave out the rows that are absent: bit for bit, they might as well not have come."""
        return (
            rows if self.weigh_by == "batch" else weighing(rows, arrays.weights(self.recipe.dtype))
        )

    def _check_use_of_sides(self, *, splits: bool) -> None:
        """Refuse groups and times that would change nothing."""
        given = [n for n, s in zip(("groups", "time"), self.sides, strict=True) if s is not None]
        if splits or not given:
            return
        why = "no validation rows are set aside"
        if self.data.validation is not None:
            why = "validation= gives the validation rows"
        raise ParameterError(
            f"The '{given[0]}' parameter would change nothing: {why}.",
            hint=f"Set Recipe(validation_fraction=0.2), or leave {given[0]} out.",
        )

    def _check_together(self) -> None:
        """Check what only network, recipe and rows together can break."""
        recipe = self.recipe
        monitors = [] if recipe.stopping is None else [("EarlyStopping", recipe.stopping.monitor)]
        plateau = getattr(recipe.optimizer.learning_rate, "plateau", None)
        if plateau is not None and plateau.monitor is not None:
            monitors.append(("ReduceOnPlateau", plateau.monitor))
        for name, monitor in monitors:
            self._check_monitor(name, monitor)
        self._check_dropout()
        for layer in _all_layers(self.network.layers):
            check_no_threshold(recipe.optimizer, getattr(layer, "penalty", None))
        if self.handle.needs_whole_batch:
            self._check_batch_of_one()

    def _check_labels(self, stacklevel: int) -> None:
        """Warn, once per data set, of labels that may be one."""
        classes = self.targets.classes
        if classes is None or classes.dtype.kind != "U":
            return
        for said in said_of_alike(classes.tolist(), "y"):
            if self.data.is_first(said):
                warnings.warn(said, DataWarning, stacklevel=stacklevel)

    def _check_copula(self, stacklevel: int) -> None:
        """Warn, once per data set, where Synthesize does not suit it."""
        for item in self.recipe.augmentation:
            if isinstance(item, Synthesize) and self.data.is_first(("Synthesize", item.categories)):
                weights = self.data.training.weights(self.recipe.dtype)
                rows = weighing(self.rows, weights)
                warn_of_misfit(
                    self.data.training.features(self.recipe.dtype, self.offsets)[rows].reshape(
                        len(rows), -1
                    ),
                    self.targets.values[rows],
                    item,
                    n_outputs=self.handle.n_outputs,
                    code_columns=self.handle.code_columns,
                    classes=self.targets.classes,
                    stacklevel=stacklevel + 1,
                )

    def _check_dropout(self) -> None:
        """Refuse a dropout of the recipe that the network's own, or its shape, makes nothing of."""
        rate = self.recipe.dropout
        if rate == 0:
            return
        if any(isinstance(layer, Dropout) for layer in _all_layers(self.network.layers)):
            raise ParameterError(
                f"The recipe has dropout={rate:g}, and the network has Dropout layers of its own: "
                "only one of them can be.",
                hint="Use recipe.replace(dropout=0), or a network without Dropout.",
            )
        if not any(layer["kind"] == "Dropout" for layer in self.handle.layers):
            raise ParameterError(
                f"The recipe has dropout={rate:g}, which acts before each Dense layer but the "
                "first. The network has none there, so it would change nothing.",
                hint="Add a hidden layer, or use dropout=0.",
            )

    def _check_monitor(self, name: str, monitor: str) -> None:
        if monitor == "loss":
            return
        if not len(self.validation_rows):
            raise ParameterError(
                f"{name} watches {monitor!r}, but there are no validation rows.",
                hint="Set Recipe(validation_fraction=0.2), pass validation=(X, y), or monitor "
                "'loss'.",
            )
        of_classes = monitor == "val_accuracy"
        if monitor != "val_loss" and of_classes != self.handle.classifies:
            what = "a classification" if self.handle.classifies else "a regression"
            raise ParameterError(f"{name} watches {monitor!r}, which {what} does not have.")
        if monitor == "val_r2":
            self._check_spread(name)

    def _check_spread(self, name: str) -> None:
        """Refuse to watch R² where it says nothing: it compares errors with the targets' spread."""
        counted = self.validation_rows
        if len(counted) < 2:
            why = "needs at least two rows (of a weight above 0)"
        else:
            targets = self._validated_on.values[self.places[1]][counted]
            if (targets != targets[0]).any():
                return
            why = "is 0 whatever is predicted where all targets are the same"
        raise ParameterError(
            f"{name} watches 'val_r2', which {why}. Validation rows that count: {len(counted)}.",
            hint="Take more validation rows, or monitor 'val_loss' or 'val_rmse'.",
        )

    @property
    def _validated_on(self) -> Arrays:
        return self.data.training if self.data.validation is None else self.data.validation

    def _check_batch_of_one(self) -> None:
        if custom_of(self.recipe.augmentation):
            return  # how many rows there will be, only the engine learns
        n = len(self.rows)
        made = [item for item in self.recipe.augmentation if isinstance(item, Synthesize)]
        n += sum(round(n * item.fraction) for item in made)
        size = self.recipe.rows_per_step
        _, _, last = rows_per_batch(n, n if size == "full" else size, joins=True)
        if last > 1:
            return
        one = n == 1
        raise ParameterError(
            "BatchNorm needs at least two rows in every mini-batch, but there is one training row."
            if one
            else f"BatchNorm needs at least two rows in every mini-batch. Got batch_size={size}.",
            hint="Use LayerNorm, or more rows." if one else "Use batch_size=2 or more.",
        )


def each_epoch(callback: Callback | None) -> Look | None:
    """Have a callback called with each epoch's row of the history; the run ends when it says so.

    Parameters
    ----------
    callback : callable or None
        Given a row as a dictionary.

    Returns
    -------
    callable or None
        What `Run.watch` takes.

    Examples
    --------
    >>> each_epoch(lambda row: row["loss"] < 1.0)({"loss": np.array([0.5])})
    0
    """
    if callback is None:
        return None

    def look(epochs: dict[str, NDArray[np.float64]]) -> int:
        rows = zip(*(column.tolist() for column in epochs.values()), strict=True)
        wanted = [callback(dict(zip(epochs, row, strict=True))) for row in rows]
        return 0 if any(wanted) else 1

    return look


def _engine_columns() -> tuple[str, ...]:
    from ravine.engine._engine import history_columns

    return history_columns


def described_optimizer(recipe: Recipe) -> dict[str, Any]:
    """Describe a recipe's optimizer to the engine: a custom rule by plain descent at its rate."""
    return for_engine(_engine_optimizer(recipe))


def _engine_optimizer(recipe: Recipe) -> Optimizer:
    rule = recipe.optimizer
    return (
        SGD(rule.learning_rate, weight_decay=getattr(rule, "weight_decay", 0.0))
        if is_own(rule)
        else rule
    )


def _engine_recipe(recipe: Recipe) -> dict[str, Any]:
    """Give the engine's recipe: what is of the user's own is called from there, not described."""
    rows_per_step = recipe.rows_per_step
    if is_own(recipe.optimizer):
        recipe = recipe.replace(optimizer=_engine_optimizer(recipe))
    built_in = tuple(built_in_of(recipe.augmentation))
    if built_in != recipe.augmentation:
        recipe = recipe.replace(augmentation=built_in)
    return for_engine(recipe) | {"batch_size": rows_per_step}


def _all_layers(layers: Sequence[Layer]) -> list[Layer]:
    found = []
    for layer in layers:
        found.append(layer)
        if isinstance(layer, Residual):
            found += _all_layers(layer.layers)
    return found


def _as_rows(rows: ArrayLike, n: int, name: str) -> NDArray[np.int64]:
    found = np.asarray(rows)
    if found.dtype == bool and found.shape == (n,):
        found = np.flatnonzero(found)
    if found.ndim != 1 or found.size == 0 or found.dtype.kind not in "iu":
        raise DataError(f"{name} must hold row numbers, at least one. Got {found!r:.60}.")
    if found.min() < 0 or found.max() >= n:
        raise DataError(
            f"{name} must hold numbers from 0 to {n - 1}. Got {found.min()} … {found.max()}."
        )
    return np.ascontiguousarray(found, dtype=np.int64)


def _check_start(network: Network, data: SharedData, recipe: Recipe, start: Model) -> None:
    input_shape = data.input_shape(recipe.dtype)
    if start.network != network:
        raise ParameterError(
            "The model that training is to start from has another network: "
            f"{start.network!r} instead of {network!r}."
        )
    if tuple(start.input_shape) != tuple(input_shape):
        raise DataError(
            f"X has rows of shape {input_shape}, but the model to start from was trained on rows "
            f"of shape {tuple(start.input_shape)}."
        )
    names = data.feature_names
    if None not in (names, start.feature_names) and names != start.feature_names:
        raise DataError(
            f"X has the columns {names}, but the model to start from was trained on "
            f"{start.feature_names}.",
            hint="Give the same columns in the same order.",
        )
