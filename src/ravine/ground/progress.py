"""One live line that shows the progress of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ravine.errors import ParameterError
from ravine.ground.packages import needs

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["Report", "live_progress", "reporting"]

Report = Callable[[Mapping[str, Any]], None]
"""Called after each epoch with ``run``, ``epoch``, ``epochs``, ``loss`` and ``val_loss``."""

_COLUMNS_OF_TIME_LEFT = 2


@contextmanager
def live_progress(console: Console | None = None, *, scale: float = 1.0) -> Iterator[Report]:
    """Show one line on the terminal while training runs.

    The line has a bar, the epoch, the losses of the training and of the validation rows, the time
    taken and the time left if nothing stops training early. Several runs share the line: the bar
    counts the epochs of all. If standard error is not a terminal, nothing is shown.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to show it; ``None`` is standard error.
    scale : float, default 1.0
        Factor by which losses are multiplied before they are shown, to give them in the target's
        own unit.

    Yields
    ------
    callable
        To be called after each epoch with a mapping of ``run``, ``epoch``, ``epochs``, ``loss``,
        ``val_loss`` (NaN without validation) and, if there are several, ``runs``.

    Examples
    --------
    >>> with live_progress() as report:
    ...     report({"run": 0, "epoch": 1, "epochs": 2, "loss": 0.5, "val_loss": 0.6})
    """
    if console is None:
        needs("The line of progress", "rich")
        from rich.console import Console

        console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda _: None
        return
    with _line(console) as progress:
        try:
            yield _Line(progress, scale)
        finally:
            progress.columns = progress.columns[:-_COLUMNS_OF_TIME_LEFT]


@contextmanager
def reporting(progress: bool | Report | None) -> Iterator[Report | None]:
    """Give what is called after each epoch, of what a user asked for.

    Parameters
    ----------
    progress : bool or callable, optional
        True shows a live line on a terminal; None and False show nothing.

    Yields
    ------
    callable or None

    Raises
    ------
    ParameterError
        If it is none of these.

    Examples
    --------
    >>> with reporting(print) as report:
    ...     report({"epoch": 1})
    {'epoch': 1}
    """
    if progress is True:
        with live_progress() as report:
            yield report
    elif callable(progress):
        yield progress
    elif progress in (None, False):
        yield None
    else:
        raise ParameterError(
            f"The 'progress' parameter of train must be True, False or callable. Got {progress!r}."
        )


class _Line:
    """Turns the report of an epoch into the text of the line."""

    def __init__(self, progress: Progress, scale: float) -> None:
        self.progress = progress
        self.scale = scale
        self.task = progress.add_task("", total=None, epochs="", losses="")
        self.epochs: dict[int, int] = {}
        self.done, self.most = 0, 1

    def __call__(self, report: Mapping[str, Any]) -> None:
        """Show the state after an epoch."""
        run, epoch, epochs = (int(report.get(key, 0)) for key in ("run", "epoch", "epochs"))
        runs = max(int(report.get("runs", 1)), len(self.epochs), 1)
        self.done += epoch - self.epochs.get(run, 0)
        self.most = max(self.most, epochs)
        self.epochs[run] = epoch
        many = f"{len(self.epochs)} of {runs} runs · " if runs > 1 else ""
        self.progress.update(
            self.task,
            total=self.most * runs,
            completed=self.done,
            epochs=f"{many}epoch {epoch}/{epochs}",
            losses=self._losses(report),
        )

    def _losses(self, report: Mapping[str, Any]) -> str:
        training, validation = (
            float(report.get(key, math.nan)) * self.scale for key in ("loss", "val_loss")
        )
        text = f"training {_short(training)}"
        return text if math.isnan(validation) else f"{text} · validation {_short(validation)}"


def _short(loss: float) -> str:
    return f"{loss:,.0f}" if 1e4 <= abs(loss) < 1e12 else f"{loss:.4g}"


def _line(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        BarColumn(bar_width=max(4, min(20, console.width - 80))),
        TextColumn("{task.fields[epochs]}"),
        TextColumn("{task.fields[losses]}", style="cyan"),
        TimeElapsedColumn(),
        TextColumn("elapsed", style="dim"),
        TimeRemainingColumn(compact=True),
        TextColumn("left", style="dim"),
        console=console,
    )
