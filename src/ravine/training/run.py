"""Runs: what the engine is told about a network, a recipe and rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.offsets import Offsets
from ravine.data.outputs import with_outputs
from ravine.data.shared import SharedData
from ravine.engine.snapshot import columns_of, counter, fields
from ravine.models.history import History
from ravine.models.model import Model
from ravine.models.parts import shifted_means
from ravine.models.trace import Trace
from ravine.optimize.custom import CustomOptimizer, as_described, is_custom
from ravine.specs.augmentation import built_in_of, custom_of
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.spec import for_engine
from ravine.training.chosen_rows import RowChoice, WeighBy
from ravine.training.custom import CustomAugmentation
from ravine.training.recording import Recording
from ravine.training.together import Together, check_start
from ravine.training.watching import EngineHook, Watcher

__all__ = ["OnStep", "Run", "Sides"]

#: Given step, epoch, loss, learning rate, weights, gradient, and what gives the run's snapshot.
OnStep = Callable[..., bool]

#: The group and the time of each row, if there are any.
Sides = tuple[ArrayLike | None, ArrayLike | None]


class Run:
    """One run before it starts: everything about it checked.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How it is trained.
    data : SharedData
        The rows that runs share.
    rows, validation_rows : array-like of int, optional
        Which of them are this run's. Without `rows`, all that do not validate.
    y : array-like, optional
        Targets of this run alone.
    start : Model, optional
        The model whose weights it starts from.
    classes : ndarray, optional
        The classes, if the rows may lack some of them; None takes those of `start`, or finds them.
    weigh_by : {"run", "batch"}, default "run"
        "run": rows of weight 0 are absent, and the losses of B rows are divided by B times the mean
        weight of the training rows. "batch", for scikit-learn's MLPs: rows of weight 0 keep
        their places, and the loss of each mini-batch is divided by its own weights.
    sides : tuple (groups, time)
        The group and the time of each row of `data`, by which validation rows are set aside; None
        for either.
    offsets : ndarray, optional
        The offsets of the weights that it resumes from; None takes those of `start`, or those that
        the rows need.
    recording : Recording, optional
        What to record of its steps.
    keep : bool, default False
        Whether it gives its snapshot when it has ended, to resume from.
    stacklevel : int, default 5
        As in `warnings.warn`, so that a warning points to the caller of `train`.

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
        weigh_by: WeighBy = "run",
        sides: Sides = (None, None),
        offsets: Offsets = None,
        recording: Recording | None = None,
        keep: bool = False,
        stacklevel: int = 5,
    ) -> None:
        counted = None if weigh_by == "batch" else data.training.weights(recipe.dtype)
        network = with_outputs(network, data.training.y if y is None else y, counted)
        self.network, self.recipe, self.data = network, recipe, data
        self.weigh_by, self.keep, self.recording = weigh_by, keep, recording
        self.handle = data.handle(network, recipe)
        if start is not None:
            check_start(network, data, recipe, start)
            offsets = start.offsets
        self.offsets = data.offsets(network, recipe, offsets)
        known = classes if start is None else start.classes
        self.places, self.targets = data.prepare(network, recipe, known, y, self.offsets)
        self.sides = data.training.sides(*sides, recipe.dtype)
        choice = RowChoice(data, recipe, self.targets, self.sides, weigh_by)
        self.rows, self.validation_rows = choice.of(rows, validation_rows)
        self._start = None if start is None else self._weights_of(start)
        self.custom_optimizer = (
            CustomOptimizer(recipe.optimizer, self.handle.n_parameters)
            if is_custom(recipe.optimizer)
            else None
        )
        self._hook: EngineHook | None = None
        self._on_step: OnStep | None = None
        Together(
            network,
            recipe,
            data,
            self.handle,
            self.targets,
            self.places,
            self.rows,
            self.validation_rows,
            self.offsets,
        ).check(labels=known is None, stacklevel=stacklevel)

    @property
    def cost(self) -> float:
        """What it costs beside others: (parameters + 100) × rows × epochs."""
        return float(self.handle.n_parameters + 100) * len(self.rows) * self.recipe.epochs

    def watch(
        self,
        watcher: Watcher | None,
        save: Callable[[dict[str, Any]], None] | None = None,
        every: int = 0,
    ) -> None:
        """Have a watcher see the epochs, and a snapshot saved after every so many, or neither."""
        self._hook = None
        if watcher is not None or save is not None:
            self.keep = self.keep or every > 0
            self._hook = EngineHook(self._columns, watcher, save, every)

    def pause(self, on_step: OnStep) -> None:
        """Have each step handed to a function, on the run's thread; False ends the run."""
        self._on_step = on_step

    def trace_memory(self) -> int:
        """Give the bytes that the trace of the run takes at most."""
        if self.recording is None:
            return 0
        return self.recording.memory(self.recipe, len(self.rows), self.handle.n_parameters)

    def trace(self, taken: Mapping[str, NDArray[Any]]) -> Trace | None:
        """Make the trace of what the engine recorded."""
        if self.recording is None:
            return None
        n = self.handle.n_parameters
        return self.recording.trace(taken, self.recipe.optimizer, n, self.handle.layout)

    def resume(self, snapshot: Mapping[str, Any], custom: Sequence[NDArray[Any]] = ()) -> None:
        """Resume from a snapshot, or from weights alone.

        Parameters
        ----------
        snapshot : mapping of str to ndarray
            The engine's fields by name; "w" and "state" alone are weights with a fresh optimizer.
        custom : sequence of ndarray
            What `custom_state` gave.
        """
        names = fields() if "counters" in snapshot else ("w", "state")
        self._start = {name: snapshot[name] for name in names}
        if self.custom_optimizer is not None and "counters" in snapshot:
            self.custom_optimizer.restore(custom)

    def custom_state(self) -> list[NDArray[Any]]:
        """Give the state of a custom optimizer, as it is now; it is empty for others."""
        return [] if self.custom_optimizer is None else self.custom_optimizer.saved()

    def show_rest(self, history: NDArray[np.float64]) -> None:
        """Show the watcher the epochs that the run ended with before it wanted to see more."""
        if self._hook is not None:
            start = self._start
            done = 0.0 if start is None or "counters" not in start else counter(start, "epoch")
            self._hook.show_rest(history, done)

    def job(self) -> dict[str, Any]:
        """Describe the run to the engine; if it is kept, it gives its whole state."""
        hook = self._hook
        return {
            "network": self.data.described(self.network),
            "recipe": _engine_recipe(self.recipe),
            "input_shape": [int(size) for size in self.data.input_shape(self.recipe.dtype)],
            "rows": self.rows,
            "validation_rows": self.validation_rows,
            "targets": self.places,
            "start": self._start,
            "update": self.custom_optimizer,
            "augment": self.custom_augmentation(),
            "on_epoch": hook,
            "every": 0 if hook is None else hook.every,
            "patience": None if hook is None else hook.patience(),
            "record": None if self.recording is None else self._recorded(self.recording),
            "on_step": self._on_step,
            "keep": self.keep,
            "divide_by_batch": self.weigh_by == "batch",
        }

    def custom_augmentation(self) -> CustomAugmentation | None:
        """Give the function that makes an epoch's rows by the recipe's custom functions, if any."""
        functions = custom_of(self.recipe.augmentation)
        if not functions:
            return None
        return CustomAugmentation(
            functions, self.network, self.recipe, self.data, self.rows, self.targets, self.offsets
        )

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
            history=History(self._columns(history), best_epoch or None),
            classes=self.targets.classes,
            one_dimensional=self.targets.one_dimensional,
            offsets=self.offsets,
            feature_names=self.data.feature_names,
            status=status,
            best_epoch=best_epoch or None,
            message=message,
        )

    def _recorded(self, recording: Recording) -> tuple[list[str], int, int]:
        """Say what the engine records: arrays, every so many steps, how many rows in all."""
        return recording.vectors, recording.every, recording.rows(self.recipe, len(self.rows))

    def _columns(self, history: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Name the engine's columns as the history does; without validation, leave its out."""
        columns = columns_of(history)
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

    def _weights_of(self, start: Model) -> dict[str, NDArray[Any]]:
        """Give a model's weights to start from; its means become relative to this run's offsets."""
        kind = np.dtype(self.recipe.dtype)
        state = shifted_means(start.state_vector, self.handle, start.offsets, -1)
        return {
            "w": start.parameters_vector.astype(kind),
            "state": shifted_means(state, self.handle, self.offsets, 1).astype(kind),
        }


def _engine_recipe(recipe: Recipe) -> dict[str, Any]:
    """Give the engine's recipe: what is custom is called from there, not described."""
    rows_per_step = recipe.rows_per_step
    if is_custom(recipe.optimizer):
        recipe = recipe.replace(optimizer=as_described(recipe.optimizer))
    built_in = tuple(built_in_of(recipe.augmentation))
    if built_in != recipe.augmentation:
        recipe = recipe.replace(augmentation=built_in)
    return for_engine(recipe) | {"batch_size": rows_per_step}
