"""Numbers as values of flags."""

from __future__ import annotations

from ravine.errors import ParameterError

__all__ = ["batch_size_of", "units_of"]


def units_of(text: str) -> tuple[int, ...]:
    """Read the units of hidden layers; 0 means none.

    Examples
    --------
    >>> units_of("64,32"), units_of("0")
    ((64, 32), ())
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() and len(part) < 19 for part in parts):
        raise ParameterError(
            f"--hidden must be whole numbers with commas between them. Got {text!r}.",
            hint="For two hidden layers of 64 units: --hidden 64,64",
        )
    units = tuple(int(part) for part in parts)
    return () if units == (0,) else units


def batch_size_of(text: str) -> int | str:
    """Read a batch size: a whole number, or full.

    Examples
    --------
    >>> batch_size_of("128")
    128
    """
    if text == "full":
        return "full"
    if not text.isdecimal() or len(text) > 18:
        raise ParameterError(f"--batch-size must be a whole number or 'full'. Got {text!r}.")
    return int(text)
