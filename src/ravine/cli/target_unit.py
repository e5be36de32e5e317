"""In which unit a table's losses are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ravine.cli.output import note, number

if TYPE_CHECKING:
    from ravine.cli.kinds.network import PreparedNetwork

__all__ = ["say_unit"]


def say_unit(prepared: PreparedNetwork) -> None:
    """Note that losses are of a standardised target, where they are.

    Parameters
    ----------
    prepared : PreparedNetwork
        What was trained on.
    """
    target = prepared.schema.target
    if target is not None and target.standard_deviation != 1:
        note(
            f"Losses are of {target.name!r} in units of its standard deviation, "
            f"{number(target.standard_deviation)}."
        )
