"""History: what happened in each epoch of a run."""

from __future__ import annotations

import csv
import html
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DataError
from ravine.ground.files import atomic_write
from ravine.ground.packages import needs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ravine.specs.losses import Loss

__all__ = ["History"]

_WHOLE = ("epoch", "step")
_SHOWN_ROWS = 10


@final
class History:
    """What happened in each epoch of a run: columns of one number per epoch.

    It reads like a table: ``history["loss"]`` is a column, ``len(history)`` the number of
    epochs, and iterating gives the names of the columns. The columns are ``epoch`` (from 1),
    ``step`` (steps done by the end of the epoch), ``learning_rate`` (of the epoch's first step; the
    median over parameters if each has its own, the step length of a line search), ``loss`` and
    ``penalty`` (the data part and the penalty part of the training objective, averaged over the
    epoch's steps, each at the weights before it), ``val_loss`` with ``val_accuracy`` or ``val_r2``
    and ``val_rmse`` if there are validation rows, ``gradient_norm``, ``update_ratio`` (how far a
    step moves the weights, relative to their size), ``capacity`` (the sum of all learning rates so
    far), ``effective_capacity`` (for `SGD`: with momentum β in the sum, ``Σ_k η_k (1 −
    β^(τ−k+1)) / (1 − β)`` after τ steps; NaN for rules that rescale the gradient) and ``seconds``.

    Parameters
    ----------
    columns : mapping of str to array-like
        One-dimensional, all of one length. They are copied, and read-only from then on.
    best_epoch : int, optional
        The epoch whose weights the model has. None: the one of the lowest validation loss, if there
        is any.

    Raises
    ------
    DataError
        If a column does not have one number per epoch.

    Examples
    --------
    >>> history = History({"epoch": [1, 2], "loss": [0.5, 0.25]})
    >>> history["loss"]
    array([0.5 , 0.25])
    >>> len(history)
    2
    >>> list(history)
    ['epoch', 'loss']
    """

    __slots__ = ("_best_epoch", "_columns")

    _columns: dict[str, NDArray[Any]]
    _best_epoch: int | None

    def __init__(self, columns: Mapping[str, ArrayLike], best_epoch: int | None = None) -> None:
        self._columns = {name: _as_column(name, values) for name, values in columns.items()}
        lengths = {name: len(values) for name, values in self._columns.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"The columns of a history must have one length. Got {lengths}.")
        self._best_epoch = None if best_epoch is None else int(best_epoch)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns.

        Returns
        -------
        tuple of str
            In the order of `to_frame` and `to_csv`.

        Examples
        --------
        >>> History({"epoch": [1], "loss": [0.5]}).columns
        ('epoch', 'loss')
        """
        return tuple(self._columns)

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights the model has, or that of the lowest validation loss.

        Returns
        -------
        int or None
            From 1; None if it is not known and there are no validation rows.

        Examples
        --------
        >>> History({"epoch": [1, 2, 3], "val_loss": [0.5, 0.2, 0.3]}).best_epoch
        2
        """
        if self._best_epoch is not None:
            return self._best_epoch
        losses = self._columns.get("val_loss")
        if losses is None or not np.isfinite(losses).any():
            return None
        row = int(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan)))
        return int(self._columns["epoch"][row]) if "epoch" in self._columns else row + 1

    def keys(self) -> tuple[str, ...]:
        """Names of the columns, so that ``dict(history)`` works.

        Returns
        -------
        tuple of str
            The same as `columns`.

        Examples
        --------
        >>> dict(History({"loss": [0.5]}))
        {'loss': array([0.5])}
        """
        return self.columns

    def to_frame(self) -> pd.DataFrame:
        """Give the history as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            A row per epoch, a column per name.

        Examples
        --------
        >>> print(History({"epoch": [1, 2], "loss": [0.5, 0.25]}).to_frame())
           epoch  loss
        0      1  0.50
        1      2  0.25
        """
        needs("to_frame", "pandas")
        import pandas as pd

        return pd.DataFrame({name: values.copy() for name, values in self._columns.items()})

    def to_csv(self, path: str | os.PathLike[str], *, run: str | None = None) -> None:
        """Write the history as comma-separated values, completely or not at all.

        Every number is written with all its digits; a missing one (NaN) is an empty field.

        Parameters
        ----------
        path : str or path-like
            The file.
        run : str, optional
            The name of the run: a last column, ``run``, holds it in every row.

        Raises
        ------
        FileError
            If the file cannot be written.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "history.csv")
        ...     History({"epoch": [1, 2], "loss": [0.5, 0.25]}).to_csv(path)
        ...     print(path.read_text().strip())
        epoch,loss
        1,0.5
        2,0.25
        """
        with atomic_write(path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            more = [] if run is None else [run]
            writer.writerow([*self.columns, *(["run"] if more else [])])
            rows = zip(*(values.tolist() for values in self._columns.values()), strict=True)
            writer.writerows(
                ["" if value != value else repr(value) for value in row] + more for row in rows
            )

    def plot(self, ax: Axes | None = None, *, loss: Loss | None = None, target: str = "") -> Axes:
        """Draw the learning curve: training and validation loss per epoch, the best epoch marked.

        A squared error is drawn as its square root, which has the target's own unit.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        loss : Loss, optional
            What the losses are, such as ``model.network.loss``. None draws them as they are, as
            "loss".
        target : str, default ""
            What is predicted, for the axis.

        Returns
        -------
        matplotlib.axes.Axes
            With the curves. The loss has a logarithmic axis if it spans more than two decades.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> ax = Figure().add_subplot()
        >>> history = History({"epoch": [1, 2], "loss": [0.5, 0.25], "val_loss": [0.6, 0.4]})
        >>> [line.get_label() for line in history.plot(ax).lines]
        ['training', 'validation', 'best epoch: 2']
        """
        from ravine.plots.learning_curve import learning_curve

        return learning_curve(
            self._columns, ax, best_epoch=self.best_epoch, loss=loss, target=target
        )

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self._columns[name]
        except (KeyError, TypeError):
            raise KeyError(
                f"The history has no column {name!r}. Its columns: {', '.join(self.columns)}."
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name) or name not in self.__slots__:
            raise AttributeError(f"A History cannot be changed: '{name}' is fixed.")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return History, (self._columns, self._best_epoch)

    def __repr__(self) -> str:
        epochs = len(self)
        parts = [f"{epochs} epoch{'s' if epochs != 1 else ''}"]
        parts += [
            f"{name} {self[name][0]:.4g} → {self[name][-1]:.4g}"
            for name in ("loss", "val_loss")
            if name in self and epochs
        ]
        if self.best_epoch is not None:
            parts.append(f"best epoch {self.best_epoch}")
        return f"History({', '.join(parts)})"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = list(range(len(self)))
        half = _SHOWN_ROWS // 2
        if len(rows) > _SHOWN_ROWS + 1:
            body = "".join(map(self._html_row, rows[:half]))
            body += f"<tr>{'<td>…</td>' * len(self.columns)}</tr>"
            body += "".join(map(self._html_row, rows[-half:]))
        else:
            body = "".join(map(self._html_row, rows))
        caption = html.escape(repr(self))
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def _html_row(self, row: int) -> str:
        cells = (
            f"<td>{values[row]:,d}</td>"
            if values.dtype.kind == "i"
            else f"<td>{values[row]:.5g}</td>"
            for values in self._columns.values()
        )
        strong = ' style="font-weight:bold"' if self._epoch_of(row) == self.best_epoch else ""
        return f"<tr{strong}>{''.join(cells)}</tr>"

    def _epoch_of(self, row: int) -> int:
        return int(self._columns["epoch"][row]) if "epoch" in self._columns else row + 1


def _as_column(name: str, values: ArrayLike) -> NDArray[Any]:
    """Copy a column: whole numbers for epochs and steps, floats for all else; read-only."""
    column = np.array(values, dtype=np.int64 if name in _WHOLE else np.float64)
    if column.ndim != 1:
        raise DataError(
            f"The column '{name}' of a history must have one number per epoch. "
            f"Got an array of shape {column.shape}."
        )
    column.setflags(write=False)
    return column
