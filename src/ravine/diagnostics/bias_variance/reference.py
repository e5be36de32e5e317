"""Which setting is taken as the truth, if there is only a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.sweeps import Sweep
from ravine.errors import DivergenceError, ParameterError
from ravine.specs.rules import shown

__all__ = ["Choice", "choose", "named_reference"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """A reference, and the one that it is compared with.

    Parameters
    ----------
    place : int or None
        Place of the setting; None: an estimator that is not part of the sweep.
    name : str
        Its name.
    rule : str
        Why it is the reference.
    other : int or None
        The setting that is tried in its place, to see how far bias² moves.
    favoured : bool
        Whether the reference is the setting of the lowest error, whose bias² is then too small.

    Examples
    --------
    >>> Choice(0, "epochs=64", "given", 1).favoured
    False
    """

    place: int | None
    name: str
    rule: str
    other: int | None
    favoured: bool = False


def choose(sweep: Sweep, errors: Array, standard_errors: Array) -> Choice:
    """Choose a reference by cross-validated errors.

    Ordered settings: the most flexible one whose error is within one standard error of the
    lowest, so that bias is not hidden. Unordered ones: the one with the lowest error.

    Parameters
    ----------
    sweep : Sweep
        The settings.
    errors, standard_errors : ndarray, shape (V,)
        Cross-validated; NaN where models diverged.

    Returns
    -------
    Choice
        The reference. It is compared with the setting of the lowest error; if it is that setting,
        with the next more flexible one, or else the next less flexible one, or, if unordered, with
        the setting of the second lowest error.

    Raises
    ------
    DivergenceError
        If models diverged at every value.

    Examples
    --------
    >>> import ravine as rv
    >>> from ravine.diagnostics.bias_variance.sweeps import read_sweep
    >>> line = rv.Network([rv.Dense(1)])
    >>> sweep = read_sweep(line, rv.Recipe(), {"penalty.alpha": [0.0, 0.1, 1.0]})
    >>> found = choose(sweep, np.array([1.05, 1.0, 2.0]), np.full(3, 0.1))
    >>> found.name, sweep.name(found.other)
    ('penalty.alpha=0', 'penalty.alpha=0.1')
    """
    if np.isnan(errors).all():
        raise DivergenceError("Models diverged at every value, with rows held out.")
    ranked = [int(i) for i in np.argsort(errors) if not np.isnan(errors[i])]
    least = ranked[0]
    if len(sweep.settings) == 1:
        return Choice(0, sweep.name(0), "the only setting", None)
    if sweep.flexibility is None:
        other = ranked[1] if len(ranked) > 1 else None
        return Choice(least, sweep.name(least), "lowest cross-validated error", other, True)
    flexibility = sweep.flexibility
    near = [i for i in ranked if errors[i] <= errors[least] + standard_errors[least]]
    place = max(near, key=lambda i: flexibility[i])
    other = least if place != least else _neighbour(ranked, place, flexibility)
    rule = "most flexible within one standard error of the lowest cross-validated error"
    return Choice(place, sweep.name(place), rule, other)


def named_reference(sweep: Sweep, value: object, errors: Array) -> Choice:
    """Take the setting that the user named.

    Parameters
    ----------
    sweep : Sweep
        The settings.
    value : object
        One of its values.
    errors : ndarray, shape (V,)
        Cross-validated.

    Returns
    -------
    Choice
        Compared with the setting of the lowest error among the others.

    Raises
    ------
    ParameterError
        If it is not one of the values.
    """
    place = sweep.place(value)
    if place is None:
        raise ParameterError(
            "The 'reference' parameter of bias_variance must be one of the swept values, an "
            f"estimator with fit and predict, or None. Got {shown(value)}.",
            hint=f"The values are {', '.join(map(str, sweep.values.tolist()))}.",
        )
    ranked = [int(i) for i in np.argsort(errors) if not np.isnan(errors[i]) and i != place]
    return Choice(place, sweep.name(place), "given", ranked[0] if ranked else None)


def _neighbour(ranked: list[int], place: int, flexibility: Array) -> int | None:
    """Give the next more flexible setting, or the next less flexible one."""
    more = [i for i in ranked if flexibility[i] > flexibility[place]]
    if more:
        return min(more, key=lambda i: flexibility[i])
    less = [i for i in ranked if i != place]
    return max(less, key=lambda i: flexibility[i]) if less else None
