"""What ``numpy.asarray`` would drop silently: masks and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError

__all__ = ["check_kept", "count_masked", "unmasked"]


def count_masked(values: Any) -> int:
    """Count the masked values of an array, or of the arrays in a list or a dictionary.

    Examples
    --------
    >>> row = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    >>> count_masked([row, row])
    2
    """
    if isinstance(values, np.ma.MaskedArray):
        return int(np.count_nonzero(np.ma.getmaskarray(values).view(np.bool_)))
    if isinstance(values, Mapping):
        return sum(count_masked(column) for column in values.values())
    if isinstance(values, list | tuple):
        return sum(count_masked(item) for item in values if _may_be_masked(item))
    return 0


def check_kept(values: Any, name: str) -> None:
    """Check that values can become a plain array without losing a mask or a unit.

    Parameters
    ----------
    values : array-like
        The values.
    name : str
        What they are called in messages.

    Raises
    ------
    DataError
        If values are masked, or have a unit.

    Examples
    --------
    >>> check_kept(np.ma.masked_array([1.0, 2.0], mask=[False, True]), "y")
    Traceback (most recent call last):
    ravine.errors.DataError: y has 1 masked value.
    """
    count = count_masked(values)
    if count:
        raise DataError(
            f"{name} has {count} masked value{'' if count == 1 else 's'}.",
            hint=f"Fill them in first ({name}.filled(...)), or leave out such rows.",
        )
    unit = _unit_of(values)
    if unit is not None:
        raise DataError(
            f"{name} has the unit {unit!r}, which would be lost.",
            hint="Pass plain numbers in one unit: quantity.value of Astropy, quantity.magnitude of "
            "Pint.",
        )


def unmasked(values: Any) -> Any:
    """Replace masked values by missing ones: NaN, NaT, or None.

    Parameters
    ----------
    values : array-like, or dictionary of columns
        The values.

    Returns
    -------
    array-like
        The given object itself, if it is not a masked array and holds none.

    Examples
    --------
    >>> unmasked(np.ma.masked_array([1.0, 2.0], mask=[False, True]))
    array([ 1., nan])
    """
    if isinstance(values, np.ma.MaskedArray):
        return _filled(values)
    if not count_masked(values):
        return values
    if isinstance(values, Mapping):
        return {name: unmasked(column) for name, column in values.items()}
    return [unmasked(item) for item in values]


def _filled(values: Any) -> NDArray[Any]:
    plain: NDArray[Any] = values.data
    mask = np.ma.getmaskarray(values)
    if not count_masked(values):
        return plain
    if plain.dtype.kind in "iu" and np.abs(plain.astype(np.float64)).max(initial=0) < 2.0**53:
        plain = plain.astype(np.float64)
    if plain.dtype.kind == "f":
        return np.where(mask, plain.dtype.type(np.nan), plain)
    if plain.dtype.kind in "mM":
        return np.where(mask, np.array("NaT", plain.dtype), plain)
    found = plain.astype(object)
    found[mask] = None
    return found


def _may_be_masked(item: Any) -> bool:
    if isinstance(item, list | tuple):
        return bool(item) and _may_be_masked(item[0])
    return isinstance(item, np.ma.MaskedArray)


def _unit_of(values: Any) -> str | None:
    """Name the unit of an array that has one, such as Astropy's and Pint's."""
    kind = type(values).__module__.partition(".")[0]
    if kind not in ("astropy", "pint", "unyt", "quantities"):
        return None
    unit = getattr(values, "unit", getattr(values, "units", None))
    return None if unit is None else str(unit)
