"""How columns are to be coded as numbers: one choice for a whole table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravine.errors import ParameterError

__all__ = ["ROBUST", "STANDARD", "Coding"]


@dataclass(frozen=True)
class Coding:
    """How the columns of a table become numbers.

    Parameters
    ----------
    scaling : {"standard", "robust"}, default "standard"
        Numbers by mean and standard deviation (`NumberColumn`), or by median and quartiles with a
        smooth clip (`RobustColumn`).
    n_bins : int, default 0
        How many bins a number has; 0 for none. A column says how many of them it has come through,
        for a PiecewiseLinear layer. It goes with robust scaling.
    more_bins : tuple of int, default ()
        Further such columns beside that of ``n_bins``: how many bins each of them counts.
    keep_scaled : bool, default True
        Whether the scaled number stands beside its bins; otherwise these stand for it.
    most_one_hot_levels : int, default 30
        Text with more levels than this becomes integer codes for an Embedding layer.
    fewest_rows_of_a_level : int, default 5
        In a column of codes, a level seen less often than this in training shares code 0.
    tails : bool, default False
        Whether a further column tells how far a number lies beyond the smooth clip. It goes with
        robust scaling.
    signed : bool, default False
        Whether what has two levels, text or boolean, becomes one column of −1 and 1. Otherwise text
        has a column of 0 and 1 for either level, and a boolean one of 0 and 1.

    Examples
    --------
    >>> Coding(scaling="robust", n_bins=16).most_one_hot_levels
    30
    """

    scaling: Literal["standard", "robust"] = "standard"
    n_bins: int = 0
    more_bins: tuple[int, ...] = ()
    keep_scaled: bool = True
    most_one_hot_levels: int = 30
    fewest_rows_of_a_level: int = 5
    tails: bool = False
    signed: bool = False

    def __post_init__(self) -> None:
        if self.scaling not in ("standard", "robust"):
            raise ParameterError(
                f"The 'scaling' parameter of Coding must be 'standard' or 'robust'. "
                f"Got {self.scaling!r}."
            )
        for name, least in (
            ("n_bins", 0),
            ("most_one_hot_levels", 0),
            ("fewest_rows_of_a_level", 1),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ParameterError(
                    f"The {name!r} parameter of Coding must be a whole number of at least {least}. "
                    f"Got {value!r}."
                )
        if self.n_bins and self.scaling != "robust":
            raise ParameterError(
                "The 'n_bins' parameter of Coding goes with scaling='robust'. "
                f"Got n_bins={self.n_bins} with scaling={self.scaling!r}."
            )
        if not all(self.n_bins and type(n) is int and n > 0 for n in self.more_bins):
            raise ParameterError(
                "The 'more_bins' parameter of Coding must be whole numbers of at least 1, beside "
                f"n_bins. Got {self.more_bins!r} beside n_bins={self.n_bins}."
            )
        if self.tails and self.scaling != "robust":
            raise ParameterError(
                "The 'tails' parameter of Coding goes with scaling='robust'. "
                f"Got tails={self.tails!r} with scaling={self.scaling!r}."
            )
        if not self.n_bins and not self.keep_scaled:
            raise ParameterError(
                "With keep_scaled=False and no bins, nothing would stand for a number.",
                hint="Set n_bins.",
            )

    @staticmethod
    def named(coding: str | Coding) -> Coding:
        """Get a coding by its name, "standard" or "robust".

        Examples
        --------
        >>> Coding.named("robust") == ROBUST
        True
        """
        if isinstance(coding, Coding):
            return coding
        if not isinstance(coding, str) or coding not in _NAMED:
            raise ParameterError(
                f"The 'coding' parameter must be 'standard', 'robust' or a Coding. Got {coding!r}."
            )
        return _NAMED[coding]


STANDARD = Coding()
"""Numbers standardised, text of up to 30 levels one-hot."""

ROBUST = Coding(scaling="robust", most_one_hot_levels=9, signed=True)
"""The Neural estimators' coding: robust scaling, text of up to 9 levels one-hot."""

_NAMED = {"standard": STANDARD, "robust": ROBUST}
