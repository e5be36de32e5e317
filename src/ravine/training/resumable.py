"""A training in stretches: it goes on where it stood, on other rows or at another rate."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ravine.data.shared import Offsets, SharedData
from ravine.models.model import Model
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.training.population import Population
from ravine.training.run import Look, Patience, Run

__all__ = ["Stretches"]

#: What a run carries from one stretch to the next, beside its weights.
_CARRIED = (
    "slots",
    "average",
    "average_state",
    "best_w",
    "best_state",
    "before",
    "schedule",
    "history",
    "counters",
)


class Stretches:
    """One training, in as many stretches as it takes.

    A stretch is a run of its own that begins with everything that the one before it ended with:
    weights, the optimizer's state and count of steps, the best weights so far, the history. So
    stretches on the same rows with the same recipe are, bit for bit, one run that was never
    interrupted; but the rows may change between them (learning as data comes), and so may the
    learning rate (a rule of one's own). Epochs are counted on.

    Parameters
    ----------
    network : Network
        What is fitted.
    parameters, state : ndarray, optional
        Weights to begin with, flat as in ``Model.parameters_vector``, and what is learnt beside
        them; None: the recipe's first ones.
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
    >>> halves = Stretches(network)
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
        return 0 if self.memory is None else int(self.memory["counters"][0])

    def train(
        self,
        data: SharedData,
        recipe: Recipe,
        *,
        classes: NDArray[Any] | None = None,
        look: Look | None = None,
        patience: Patience | None = None,
        threads: int = 1,
    ) -> Model:
        """Train until the recipe's number of epochs, the earlier ones included, is done.

        Parameters
        ----------
        data : SharedData
            The rows.
        recipe : Recipe
            How; of the sort and with the batch size of the stretches before it.
        classes : ndarray, optional
            The classes, where the rows need not hold all of them.
        look : callable, optional
            As `ravine.training.run.Look` says; it sees every epoch.
        patience : Patience, optional
            How long it may go without looking.
        threads : int, default 1
            Threads to use.

        Returns
        -------
        Model
            The trained network; its history goes back to the first stretch. After Ctrl-C its status
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
        )
        self._offsets, run.keep = run.offsets, True
        run.watch(look, patience=patience)
        self._restore(run)
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
            self._weights = {name: snapshot[name] for name in ("w", "state")}
            self.memory = {name: snapshot[name] for name in _CARRIED}
            if run.own_optimizer is not None:
                self.memory["own"] = run.own_optimizer.saved()
        return model

    def _restore(self, run: Run) -> None:
        if self._weights is None:
            return
        kind = np.dtype(run.recipe.dtype)
        run.start = {name: np.asarray(a, dtype=kind) for name, a in self._weights.items()}
        if self.memory is None:
            return
        run.start |= {name: self.memory[name] for name in _CARRIED}
        if run.own_optimizer is not None:
            run.own_optimizer.restore(self.memory["own"])
