"""Which rows a run trains on, and which it validates on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.arrays import Arrays
from ravine.data.gate import Targets
from ravine.data.shared import SharedData
from ravine.data.splitting import check_sides, split_rows
from ravine.data.weights import weighing
from ravine.errors import DataError, ParameterError
from ravine.specs.recipe import Recipe

__all__ = ["RowChoice", "SideCodes", "WeighBy"]

#: The group and the time of each row as whole numbers, if there are any.
SideCodes = tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]

WeighBy = Literal["run", "batch"]


@dataclass(frozen=True)
class RowChoice:
    """What decides which rows a run uses.

    Parameters
    ----------
    data : SharedData
        The rows that runs share.
    recipe : Recipe
        Its ``validation_fraction`` and its seed.
    targets : Targets
        The run's targets.
    sides : tuple (groups, time)
        The group and the time of each row, or None.
    weigh_by : {"run", "batch"}
        "run": rows of weight 0 are absent.
    """

    data: SharedData
    recipe: Recipe
    targets: Targets
    sides: SideCodes
    weigh_by: WeighBy

    def of(
        self, rows: ArrayLike | None, validation_rows: ArrayLike | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the rows to train on and those to validate on."""
        n = len(self.data.training)
        chosen = self.data.all_rows if rows is None else _as_rows(rows, n, "rows")
        chosen = self._present(chosen, self.data.training)
        if not len(chosen):
            raise DataError("sample_weight is 0 in every training row: nothing would be learnt.")
        fraction = self.recipe.validation_fraction
        apart = self.data.validation
        self._check_use_of_sides(splits=fraction > 0 or validation_rows is not None)
        if fraction > 0 and (apart is not None or validation_rows is not None):
            raise ParameterError(
                "Validation rows are given, and the 'validation_fraction' parameter of Recipe is "
                f"{fraction}: use only one of them.",
                hint="Use recipe.replace(validation_fraction=0).",
            )
        if apart is not None:
            return chosen, self._present(np.arange(len(apart)), apart)
        if validation_rows is not None:
            return self._named(chosen, validation_rows, all_others=rows is None)
        if fraction == 0:
            return chosen, np.empty(0, dtype=np.int64)
        return self._drawn(chosen, identity=None if rows is None else chosen)

    def _named(
        self, chosen: NDArray[np.int64], validation_rows: ArrayLike, *, all_others: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Validate on rows that were named."""
        training = self.data.training
        aside = self._present(_as_rows(validation_rows, len(training), "validation_rows"), training)
        if not len(aside):
            raise DataError(
                "sample_weight is 0 in every row of validation_rows: no validation loss can be "
                "computed."
            )
        if all_others:
            chosen = np.setdiff1d(chosen, aside)
        if not len(chosen):
            raise DataError("validation_rows holds all rows: none is left to train on.")
        check_sides(chosen, aside, *self.sides)
        return chosen, aside

    def _drawn(
        self, chosen: NDArray[np.int64], identity: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Set a fraction of the rows aside."""
        codes = None if self.targets.classes is None else self.targets.values[chosen, 0]
        groups, time = (None if side is None else side[chosen] for side in self.sides)
        kept, aside = split_rows(
            len(chosen),
            self.recipe.validation_fraction,
            self.recipe.seed,
            codes,
            identity=identity,
            groups=groups,
            time=time,
        )
        return chosen[kept], chosen[aside]

    def _present(self, rows: NDArray[np.int64], arrays: Arrays) -> NDArray[np.int64]:
        """Leave out absent rows: bit for bit, it is as if they had not been given."""
        return (
            rows if self.weigh_by == "batch" else weighing(rows, arrays.weights(self.recipe.dtype))
        )

    def _check_use_of_sides(self, *, splits: bool) -> None:
        """Refuse groups and times that would change nothing."""
        given = [n for n, s in zip(("groups", "time"), self.sides, strict=True) if s is not None]
        if splits or not given:
            return
        why = "no validation rows are set aside"
        if self.data.validation is not None:
            why = "validation= gives the validation rows"
        raise ParameterError(
            f"The '{given[0]}' parameter would change nothing: {why}.",
            hint=f"Set Recipe(validation_fraction=0.2), or leave {given[0]} out.",
        )


def _as_rows(rows: ArrayLike, n: int, name: str) -> NDArray[np.int64]:
    found = np.asarray(rows)
    if found.dtype == bool and found.shape == (n,):
        found = np.flatnonzero(found)
    if found.ndim != 1 or found.size == 0 or found.dtype.kind not in "iu":
        raise DataError(f"{name} must hold row numbers, at least one. Got {found!r:.60}.")
    if found.min() < 0 or found.max() >= n:
        raise DataError(
            f"{name} must hold numbers from 0 to {n - 1}. Got {found.min()} … {found.max()}."
        )
    return np.ascontiguousarray(found, dtype=np.int64)
