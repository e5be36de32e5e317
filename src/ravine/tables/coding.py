"""How columns are to be coded as numbers: one choice for a whole table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ravine.errors import ParameterError
from ravine.specs.rules import Choice, Flag, Items, Rule, Whole
from ravine.specs.spec import Family, Spec

__all__ = ["CODINGS", "ROBUST", "STANDARD", "Coding"]


@dataclass(frozen=True, repr=False)
class Coding(Spec):
    """How the columns of a table become numbers.

    Parameters
    ----------
    scaling : {"standard", "robust"}, default "standard"
        Numbers by mean and standard deviation (`NumberColumn`), or by median and quartiles with a
        smooth clip (`RobustColumn`).
    n_bins : int, default 0
        How many bins a number has; 0 for none. A column says how many of them lie below the
        number, for a PiecewiseLinear layer. Needs robust scaling.
    more_bins : tuple of int, default ()
        Further such columns besides that of ``n_bins``: how many bins each of them counts.
    keep_scaled : bool, default True
        Whether the scaled number is kept beside its bins; otherwise the bins replace it.
    most_one_hot_levels : int, default 30
        Text with more levels than this becomes integer codes for an Embedding layer.
    fewest_rows_of_a_level : int, default 5
        In a column of codes, a level seen less often than this in training shares code 0.
    tails : bool, default False
        Whether a further column tells how far a number lies beyond the smooth clip. Needs robust
        scaling.
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

    _rules: ClassVar[Mapping[str, Rule]] = {
        "scaling": Choice(("standard", "robust")),
        "n_bins": Whole(at_least=0),
        "more_bins": Items(Whole(at_least=1)),
        "keep_scaled": Flag(),
        "most_one_hot_levels": Whole(at_least=0),
        "fewest_rows_of_a_level": Whole(at_least=1),
        "tails": Flag(),
        "signed": Flag(),
    }

    def _check(self) -> None:
        for name in ("n_bins", "tails"):
            if getattr(self, name) and self.scaling != "robust":
                raise ParameterError(
                    f"The {name!r} parameter of Coding needs scaling='robust'. "
                    f"Got {name}={getattr(self, name)!r} with scaling={self.scaling!r}."
                )
        if self.more_bins and not self.n_bins:
            raise ParameterError(
                "The 'more_bins' parameter of Coding needs n_bins. "
                f"Got {self.more_bins!r} beside n_bins=0."
            )
        if not self.n_bins and not self.keep_scaled:
            raise ParameterError(
                "With keep_scaled=False and no bins, numbers would be lost.",
                hint="Set n_bins.",
            )


STANDARD = Coding()
"""Numbers standardised, text of up to 30 levels one-hot."""

ROBUST = Coding(scaling="robust", most_one_hot_levels=9, signed=True)
"""The Neural estimators' coding: robust scaling, text of up to 9 levels one-hot."""

CODINGS: Family[Coding] = Family(
    "a coding", Coding, (Coding,), {"standard": STANDARD, "robust": ROBUST}
)
