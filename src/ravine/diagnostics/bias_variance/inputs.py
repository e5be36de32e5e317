"""Checks of the input of `bias_variance`: rows, targets, a truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.arrays import true_rows
from ravine.data.gate import Targets, as_targets
from ravine.data.shared import SharedData
from ravine.data.splitting import group_codes, split_rows, time_ranks, units_of
from ravine.diagnostics.bias_variance.copied_rows import find_copies
from ravine.diagnostics.bias_variance.learners import Setting
from ravine.diagnostics.bias_variance.sweeps import Sweep
from ravine.diagnostics.bias_variance.tables import Table
from ravine.diagnostics.bias_variance.worlds import Labels, Noise, Normal, World
from ravine.errors import DataError, ParameterError
from ravine.ground.numeric import as_array, as_floats
from ravine.specs.network import Network

__all__ = ["Inputs", "Truth", "measured_table", "true_world"]

Truth = Callable[[NDArray[np.float64]], ArrayLike]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows, and what kind of targets networks have.

    Parameters
    ----------
    network : Network
        One of those that are studied; all have the same outputs and kind of loss.
    X : ndarray
        Rows.
    n_outputs : int
        The network's.
    """

    network: Network
    X: NDArray[Any]
    n_outputs: int

    @classmethod
    def of(cls, sweep: Sweep, X: ArrayLike) -> Inputs:
        """Check X, and that all networks fit it and give the same outputs."""
        first = sweep.settings[0]
        rows = true_rows(X, _finest(sweep))
        shared = SharedData(rows, None)
        outputs = [shared.handle(s.network, s.recipe).n_outputs for s in _distinct(sweep)]
        if len(set(outputs)) > 1:
            raise ParameterError(
                "The networks of over['network'] must have the same number of outputs. Got "
                f"{', '.join(map(str, outputs))}."
            )
        return cls(first.network, rows, int(outputs[0]))

    @property
    def kind(self) -> str:
        """What targets are: ``"number"``, ``"class"`` or ``"labels"``, several of 0 or 1."""
        loss = self.network.loss
        if not loss.classifies:
            return "number"
        return "class" if loss.takes_labels(self.n_outputs) else "labels"

    @property
    def columns(self) -> int:
        """Columns of a prediction: outputs or classes."""
        return max(2, self.n_outputs) if self.kind == "class" else self.n_outputs

    @property
    def weight(self) -> float:
        """The factor of squares: they are added up over classes, averaged over outputs.

        Returns
        -------
        float
            1, or 1 over the number of outputs.
        """
        return 1.0 if self.kind == "class" else 1.0 / self.n_outputs

    def test_rows(self, X_test: ArrayLike) -> NDArray[Any]:
        """Check rows to test on."""
        return true_rows(X_test, str(self.X.dtype), self.X.shape[1:], name="X_test")

    def targets(self, y: ArrayLike, name: str, rows: int, classes: NDArray[Any] | None) -> Targets:
        """Check targets."""
        loss = self.network.loss
        return as_targets(
            y, loss, self.n_outputs, "float64", n_rows=rows, classes=classes, name=name
        )


def true_world(
    inputs: Inputs, truth: Truth, sigma: float | None, X_test: NDArray[Any] | None
) -> World:
    """Make the world of a known truth.

    Parameters
    ----------
    inputs : Inputs
        Rows.
    truth : callable
        Of a matrix: expected targets or probabilities, a row for each row.
    sigma : float or None
        Standard deviation of numbers.
    X_test : ndarray or None
        Rows to test on; None: the rows themselves.

    Returns
    -------
    World
        Of all rows.

    Raises
    ------
    ParameterError, DataError
        If truth and noise do not suit the network.
    """
    noise: Noise
    if inputs.network.loss.classifies:
        if sigma is not None:
            raise ParameterError(
                "Leave 'noise' out for a classification: the probabilities that 'truth' gives "
                f"say how labels scatter. Got {sigma!r}."
            )
        noise = Labels(inputs.kind == "labels")
    elif sigma is None:
        raise ParameterError(
            "Targets are simulated with 'truth' and 'noise', but 'noise' is not given.",
            hint="Pass noise=σ, the standard deviation of the targets; 0 for none.",
        )
    else:
        noise = Normal(sigma)
    expected = _expected(inputs, truth, inputs.X)
    at_test = expected if X_test is None else _expected(inputs, truth, X_test)
    return World(np.concatenate([expected, at_test]), noise, len(inputs.X), inputs.weight)


def _expected(inputs: Inputs, truth: Truth, X: NDArray[Any]) -> NDArray[np.float64]:
    """Give the truth at rows, n × outputs or n × classes."""
    given = truth(X.astype(np.float64))
    values = as_floats(as_array(given, "truth(X)"), "float64", "truth(X)")
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if inputs.kind == "class" and inputs.n_outputs == 1 and values.shape[1] == 1:
        values = np.concatenate([1 - values, values], axis=1)
    wanted = (len(X), inputs.columns)
    if values.shape != wanted:
        raise DataError(
            f"truth(X) must have the shape {wanted}, a row for each row of X. Got {values.shape}."
        )
    if inputs.network.loss.classifies:
        _check_probabilities(values, several=inputs.kind == "labels")
    return values


def _check_probabilities(values: NDArray[np.float64], *, several: bool) -> None:
    if values.min() < 0 or values.max() > 1:
        raise DataError(
            "truth(X) must give probabilities, from 0 to 1, for a classification. "
            f"Got {values.min():g} … {values.max():g}."
        )
    sums = values.sum(axis=1)
    if not several and np.abs(sums - 1).max() > 1e-6:  # beyond any rounding
        raise DataError(
            "The probabilities that truth(X) gives must add up to 1 in each row. "
            f"Got {sums[np.abs(sums - 1).argmax()]:g}."
        )


def measured_table(
    inputs: Inputs,
    y: ArrayLike,
    test: tuple[ArrayLike, ArrayLike] | float,
    seed: int,
    groups: ArrayLike | None,
    time: ArrayLike | None,
    groups_test: ArrayLike | None = None,
) -> tuple[Table, NDArray[Any]]:
    """Check a table, and set its test rows aside if none are given.

    Parameters
    ----------
    inputs : Inputs
        Rows.
    y : array-like
        Targets.
    test : tuple (X, y) or float
        Rows to test on, or what part is set aside: with the same share of every class, in whole
        groups, or the latest.
    seed : int
        Of the draw.
    groups, time : array-like, optional
        Of each row.
    groups_test : array-like, optional
        Of each test row that is given.

    Returns
    -------
    table : Table
        Targets.
    X : ndarray
        Training rows, followed by test rows.

    Raises
    ------
    DataError
        If they do not suit the network, or there are too few.
    """
    X, n = inputs.X, len(inputs.X)
    targets = inputs.targets(y, "y", n, None)
    codes = None if targets.classes is None else targets.values[:, 0].astype(np.int64)
    scored = _scored(targets)
    group = None if groups is None else group_codes(groups, n, "groups")
    when = None if time is None else time_ranks(time, n)
    copies = find_copies(X, scored, group, when)
    units: NDArray[np.int64] | None = None
    if isinstance(test, float):
        kept, aside = split_rows(n, test, seed, codes, identity=copies, groups=group, time=when)
        X_test, y_test = X[aside], scored[aside]
        copies_test = None if copies is None else copies[aside]
        group_test = None if group is None else group[aside]
    else:
        kept = np.arange(n)
        X_test = inputs.test_rows(test[0])
        y_test = _scored(inputs.targets(test[1], "y_test", len(X_test), targets.classes))
        group_test = None
        if groups_test is not None:
            group_test = group_codes(groups_test, len(X_test), "groups_test")
        copies_test = find_copies(X_test, y_test, group_test)
    if copies_test is not None or group_test is not None:
        units = units_of(len(X_test), copies_test, group_test)
    if len(y_test) < 2 or (units is not None and units.max() < 1):
        what = "rows" if units is None else "groups"
        raise DataError(
            f"There must be at least two {what} to test on. There is one.",
            hint="Give X_test and y_test, or a larger test_fraction.",
        )
    loss = inputs.network.loss
    table = Table(
        y=scored[kept] if codes is None else codes[kept],
        scored=scored[kept],
        test=y_test,
        weight=inputs.weight,
        kind=inputs.kind,
        relative=loss.link == "log",
        centred=loss.predicts == "mean",
        groups=None if group is None else np.unique(group[kept], return_inverse=True)[1],
        time=None if when is None else when[kept],
        test_units=units,
        seed=seed,
        copies=None if copies is None else copies[kept],
    )
    return table, np.concatenate([X[kept], X_test])


def _scored(targets: Targets) -> NDArray[np.float64]:
    """Give targets to compare predictions with: a 1 for the class, or numbers."""
    if targets.classes is None:
        return targets.values
    return np.eye(len(targets.classes))[targets.values[:, 0].astype(np.intp)]


def _distinct(sweep: Sweep) -> list[Setting]:
    """Give a setting for each network."""
    return list({setting.network: setting for setting in sweep.settings}.values())


def _finest(sweep: Sweep) -> str:
    """Give the precision that all settings can be trained from."""
    kinds = {setting.recipe.dtype for setting in sweep.settings}
    return "float64" if "float64" in kinds else "float32"
