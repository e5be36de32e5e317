"""Populations: runs that are trained together over the cores, and their results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ravine.data.shared import SharedData
from ravine.errors import ParameterError
from ravine.ground.progress import Report
from ravine.models.model import Model
from ravine.training.recording import check_trace_fits
from ravine.training.run import Run

if TYPE_CHECKING:
    from ravine.engine._engine import Population32, Population64

__all__ = ["Outcome", "Population", "check_threads", "places_of"]

#: How long to wait for news of the engine, so that Ctrl-C is seen in time.
_POLL_MILLISECONDS = 40


@dataclass
class Outcome:
    """The result of a run: the engine's dictionary, with names.

    Parameters
    ----------
    fields : dict
        The engine's.
    place : str
        "run 7 of 64", or "" for a single run.

    Examples
    --------
    >>> Outcome({"status": "finished"}, "").status
    'finished'
    """

    fields: dict[str, Any]
    place: str

    @classmethod
    def of_none(cls) -> Outcome:
        """Give the outcome of a run that never began."""
        empty = np.empty(0)
        fields = {"status": "interrupted", "result_w": empty, "history": empty, "best_epoch": 0}
        return cls(fields, "")

    @property
    def status(self) -> str:
        """How the run ended."""
        return str(self.fields["status"])

    @property
    def snapshot(self) -> dict[str, Any] | None:
        """The whole state at the last step boundary, if it was kept and there is one."""
        kept = self.fields["snapshot"]
        if kept is None or self.slots is None:
            return None
        return {**kept, **{name: self.fields[name] for name in ("result_w", "result_state")}}

    @property
    def slots(self) -> NDArray[Any] | None:
        """The optimizer's state at the last step boundary, if there is one."""
        kept = self.fields.get("snapshot")
        slots = self.fields.get("slots") if kept is None else kept["slots"]
        return slots if slots is not None and len(slots) else None

    @property
    def message(self) -> str:
        """A message about how the run ended."""
        if self.status != "diverged":
            return ""
        of_run = f" of {self.place}" if self.place else ""
        if self._in_vain:
            return (
                f"The value that {self.fields['diverged_what']}{of_run} watches was infinite or "
                f"NaN in every epoch (1 to {self.fields['epoch']})."
            )
        # Predictions are checked when all steps are done, everything else during the next one.
        under_way = 0 if self.fields["diverged_what"] == "prediction" else 1
        return (
            f"The {self.fields['diverged_what']}{of_run} became infinite or NaN at step "
            f"{self.fields['step'] + under_way} (epoch {self.fields['epoch'] + under_way}). "
            f"{self.cure}"
        )

    @property
    def hint(self) -> str:
        """The next thing to try after divergence."""
        if self._in_vain:
            return "Check the targets of the validation rows, and the history of the model."
        return "Try a tenth of the learning rate first."

    @property
    def _in_vain(self) -> bool:
        """Whether the run failed because the monitored value was never a number."""
        return self.fields["diverged_what"] in ("EarlyStopping", "ReduceOnPlateau")

    @property
    def cure(self) -> str:
        """What to do about divergence."""
        if self.fields["diverged_what"] == "running statistics":
            return 'Put Normalize first, or use Recipe(dtype="float64").'
        return f"Lower its learning rate (now {self.fields['diverged_rate']:.4g}) or set clip_norm."


class Population:
    """Runs that are trained together, and their results as far as they got.

    Parameters
    ----------
    runs : sequence of Run
        What to train.
    data : SharedData
        The rows that they share.
    places : sequence of str, optional
        What messages call each run, "run 7 of 64"; None: by its number here.

    Examples
    --------
    >>> import ravine as rv
    >>> data = SharedData([[1.0], [2.0]], [1.0, 2.0])
    >>> population = Population([Run(rv.Network([rv.Dense(1)]), rv.Recipe(), data)], data)
    >>> list(population.train(None, threads=1))
    [0]
    >>> population.model(0).status
    'finished'
    """

    def __init__(
        self, runs: Sequence[Run], data: SharedData, places: Sequence[str] | None = None
    ) -> None:
        self.runs, self.data = runs, data
        self.places = places_of(len(runs)) if places is None else places
        self.outcomes: dict[int, Outcome] = {}

    def train(self, report: Report | None, threads: int) -> Iterator[int]:
        """Train all, and yield the numbers of runs as they end.

        However it ends, also by Ctrl-C, it has the outcomes of all runs that were begun.
        """
        check_trace_fits(sum(run.trace_memory() for run in self.runs))
        for chosen in self._alike():
            yield from self._train(self.engine_of(chosen), chosen, report, threads)

    def engine_of(self, chosen: Sequence[int]) -> Population32 | Population64:
        """Make the engine's population of runs that read the same arrays."""
        from ravine.engine import _engine

        run = self.runs[chosen[0]]
        rows = self.data.for_engine(run.recipe.dtype, run.offsets)
        single = run.recipe.dtype == "float32"
        kind = _engine.Population32 if single else _engine.Population64
        return kind([self.runs[i].job() for i in chosen], *rows)

    def collect(
        self, engine: Population32 | Population64, chosen: Sequence[int], number: int
    ) -> int:
        """Take in what the engine's run of a number gave, once; give its number here."""
        run = chosen[number]
        self.outcomes[run] = Outcome(engine.outcome(number), self.places[run])
        return run

    def _alike(self) -> list[list[int]]:
        """Group runs that read the same arrays: those of one precision and the same offsets."""
        groups: dict[tuple[str, bytes], list[int]] = {}
        for number, run in enumerate(self.runs):
            offsets = b"" if run.offsets is None else run.offsets.tobytes()
            groups.setdefault((run.recipe.dtype, offsets), []).append(number)
        return [groups[key] for key in sorted(groups)]

    def model(self, number: int) -> Model:
        """Make the model of a run; for a run that never began, the initial one."""
        run = self.runs[number]
        outcome = self.outcomes.get(number, Outcome.of_none())
        fields = outcome.fields
        if not len(fields["result_w"]):
            fields = fields | {
                "result_w": run.handle.initialise(run.recipe.seed),
                "result_state": run.handle.initial_state(),
            }
        model = run.model(
            fields["result_w"],
            fields["result_state"],
            fields["history"],
            status=outcome.status,
            best_epoch=fields["best_epoch"],
            message=outcome.message,
        )
        slots = outcome.slots
        if run.custom_optimizer is not None:
            model.remember(run.custom_optimizer.state)
        elif slots is not None:
            model.remember(slots)
        if fields.get("trace") is not None:
            model.remember_trace(run.trace(fields["trace"]))
        return model

    def _train(
        self,
        engine: Population32 | Population64,
        chosen: Sequence[int],
        report: Report | None,
        threads: int,
    ) -> Iterator[int]:
        left = set(range(len(chosen)))
        try:
            engine.start(threads, report is not None)
            done = False
            while not done:
                done, finished, epochs = engine.wait(_POLL_MILLISECONDS)
                if report is not None:
                    self._report(report, chosen, epochs)
                for number in finished:
                    left.discard(number)
                    yield self.collect(engine, chosen, number)
        finally:
            engine.stop()
            for number in left:
                self.collect(engine, chosen, number)

    def _report(
        self,
        report: Report,
        chosen: Sequence[int],
        epochs: Sequence[tuple[int, int, float, float]],
    ) -> None:
        for number, epoch, loss, val_loss in epochs:
            run = chosen[number]
            report(
                {
                    "run": run,
                    "runs": len(self.runs),
                    "epoch": epoch,
                    "epochs": self.runs[run].recipe.epochs,
                    "loss": loss,
                    "val_loss": val_loss,
                }
            )


def places_of(runs: int) -> list[str]:
    """Give what messages call each of some runs: nothing, if there is one."""
    return [f"run {number + 1} of {runs}" if runs > 1 else "" for number in range(runs)]


def check_threads(threads: int | None) -> int:
    """Resolve the number of threads: None is one per core that this process may use."""
    if threads is None:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ParameterError(
            "The 'threads' parameter of train must be a whole number of at least 1. "
            f"Got {threads!r}."
        )
    return threads
