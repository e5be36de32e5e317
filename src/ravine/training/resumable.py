"""A training that can be resumed where it ended, on other rows or at another rate."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ravine.data.offsets import Offsets
from ravine.data.shared import SharedData
from ravine.engine.snapshot import counter, fields
from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.population import Population
from ravine.training.run import Run
from ravine.training.watching import Watcher

__all__ = ["ResumableTraining"]

#: The parts of a snapshot that belong to the network; the rest is the state of the run.
_WEIGHTS = ("w", "state")


class ResumableTraining:
    """One training, in as many calls of `train` as it takes.

    Each call is a run that begins with everything that the previous one ended with: weights, the
    optimizer's state and count of steps, the best weights so far, the history. So calls with the
    same rows and the same recipe are, bit for bit, one run that was never interrupted; but the rows
    may change between them (learning as data comes), and so may the learning rate (scikit-learn's
    adaptive one). The count of epochs continues.

    Parameters
    ----------
    network : Network
        What is fitted.
    parameters, state : ndarray, optional
        Weights to begin with, flat as in ``Model.parameters_vector``, and what else was learnt;
        None: the recipe's initial ones.
    memory : dict, optional
        The `memory` of another training of this network: its optimizer's state and counters are
        taken over.
    weigh_by : {"run", "batch"}, default "run"
        As in `ravine.training.run.Run`.

    Examples
    --------
    >>> import ravine as rv
    >>> from ravine.data.shared import SharedData
    >>> data = SharedData([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> network = rv.Network([rv.Dense(1)])
    >>> recipe = rv.Recipe(optimizer=rv.SGD(0.1), epochs=3)
    >>> halves = ResumableTraining(network)
    >>> for epochs in (1, 3):
    ...     model = halves.train(data, recipe.replace(epochs=epochs), threads=1)
    >>> whole = rv.train(network, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], recipe)
    >>> bool((model.parameters_vector == whole.parameters_vector).all())
    True
    """

    def __init__(
        self,
        network: Network,
        parameters: NDArray[Any] | None = None,
        state: NDArray[Any] | None = None,
        memory: dict[str, Any] | None = None,
        *,
        weigh_by: Literal["run", "batch"] = "run",
    ) -> None:
        self.network = network
        self.weigh_by = weigh_by
        self._weights = None if parameters is None else {"w": parameters, "state": state}
        self.memory = memory
        self._offsets: Offsets = None

    @property
    def epochs(self) -> int:
        """Epochs done so far."""
        return 0 if self.memory is None else int(counter(self.memory, "epoch"))

    def train(
        self,
        data: SharedData,
        recipe: Recipe,
        *,
        classes: NDArray[Any] | None = None,
        watcher: Watcher | None = None,
        threads: int = 1,
    ) -> Model:
        """Train until the recipe's number of epochs, the earlier ones included, is done.

        Parameters
        ----------
        data : SharedData
            The rows.
        recipe : Recipe
            How to train; with the same kind of optimizer and batch size as in earlier calls.
        classes : ndarray, optional
            The classes, if the rows may lack some of them.
        watcher : Watcher, optional
            It sees every epoch.
        threads : int, default 1
            Threads to use.

        Returns
        -------
        Model
            The trained network; its history goes back to the first call. After Ctrl-C its status
            is "interrupted", and "diverged" if loss or weights became infinite or not a number;
            with early stopping it then has the best weights before.
        """
        run = Run(
            self.network,
            recipe,
            data,
            classes=classes,
            weigh_by=self.weigh_by,
            offsets=self._offsets,
            keep=True,
        )
        self._offsets = run.offsets
        run.watch(watcher)
        self._resume(run)
        population = Population([run], data)
        try:
            for _ in population.train(None, threads):
                pass
        except KeyboardInterrupt:
            if 0 not in population.outcomes:
                raise
        run.show_rest(population.outcomes[0].fields["history"])
        model = population.model(0)
        snapshot = population.outcomes[0].snapshot
        if snapshot is not None:
            self._weights = {name: snapshot[name] for name in _WEIGHTS}
            self.memory = {name: snapshot[name] for name in fields() if name not in _WEIGHTS}
            self.memory["own"] = run.custom_state()
        return model

    def _resume(self, run: Run) -> None:
        if self._weights is None:
            return
        kind = np.dtype(run.recipe.dtype)
        weights = {name: np.asarray(a, dtype=kind) for name, a in self._weights.items()}
        memory = self.memory or {}
        run.resume({**weights, **memory}, memory.get("own", ()))
