"""Rules: what a field of a description may hold.

A rule is called with the owner's name, the field's name and the value, and returns the value to
keep (NumPy scalars become Python's numbers, lists tuples) or raises `ParameterError`.
"""

from __future__ import annotations

import difflib
import math
import numbers
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ravine.errors import ParameterError

__all__ = ["Rule"]

#: The largest whole number that a field takes unless its rule says otherwise.
LARGEST_WHOLE = 2**31 - 1

Rule = Callable[[str, str, Any], Any]

_SHORT = reprlib.Repr()
_SHORT.maxother = 80


def shown(value: object) -> str:
    """Give a value as an error message shows it: short, with its type where that may matter."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__} (write {value.__name__}(...))"
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return str(value)
    try:
        return f"{_SHORT.repr(value)} ({type(value).__name__})"
    except ValueError:  # Python shows no whole number of more than 4,300 digits
        return f"a {type(value).__name__}"


def broken(
    owner: str, name: str, rule: str, value: object, hint: str | None = None
) -> ParameterError:
    """Make the error for a field that breaks its rule."""
    return ParameterError(
        f"The '{name}' parameter of {owner} must be {rule}. Got {shown(value)}.", hint=hint
    )


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Give a hint with the known name that is closest to a mistyped one, if any is close."""
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"Did you mean '{close[0]}'?" if close else None


@dataclass(frozen=True)
class Number:
    """A finite real number in a range; NumPy scalars become Python floats, a bool is refused."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    @property
    def range(self) -> str:
        low = self.at_least if self.above is None else self.above
        high = self.at_most if self.below is None else self.below
        if low is None:
            return "finite"
        if high is None:
            return f"at least {low:g}" if self.above is None else f"greater than {low:g}"
        left = "[" if self.above is None else "("
        right = "]" if self.below is None else ")"
        return f"in {left}{low:g}, {high:g}{right}"

    def contains(self, value: float) -> bool:
        return (
            math.isfinite(value)
            and (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def __call__(self, owner: str, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            what = "a finite number" if self.range == "finite" else f"a number {self.range}"
            raise broken(owner, name, what, value)
        try:
            result = float(value)
        except OverflowError:
            raise broken(owner, name, "a finite number", value) from None
        if not math.isfinite(result):
            raise broken(owner, name, "a finite number", result)
        if not self.contains(result):
            raise broken(owner, name, self.range, result)
        return result


@dataclass(frozen=True)
class Whole:
    """A whole number in a closed range; NumPy integers become Python ints, a bool is refused."""

    at_least: int
    at_most: int = LARGEST_WHOLE

    @property
    def range(self) -> str:
        if self.at_most == LARGEST_WHOLE:
            return f"a whole number, at least {self.at_least}"
        return f"a whole number from {self.at_least} to {self.at_most}"

    def __call__(self, owner: str, name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise broken(owner, name, self.range, value)
        result = int(value)
        if result < self.at_least:
            raise broken(owner, name, self.range, result)
        if result > self.at_most:
            raise broken(owner, name, f"a whole number, at most {self.at_most}", result)
        return result


@dataclass(frozen=True)
class Flag:
    """True or False; a NumPy bool becomes a Python one, 0 and 1 are refused."""

    def __call__(self, owner: str, name: str, value: Any) -> bool:
        if type(value).__name__ in ("bool", "bool_"):  # Python's and NumPy's
            return bool(value)
        raise broken(owner, name, "True or False", value)


@dataclass(frozen=True)
class Choice:
    """One of a few names."""

    names: tuple[str, ...]

    def __call__(self, owner: str, name: str, value: Any) -> str:
        if isinstance(value, str) and value in self.names:
            return str(value)
        known = ", ".join(f"'{n}'" for n in self.names)
        raise broken(owner, name, f"one of {known}", value, nearest(value, self.names))


@dataclass(frozen=True)
class UnsavedFunction:
    """The name of a custom function, in a description that came from a file.

    Parameters
    ----------
    description : str
        How the function was shown.

    Examples
    --------
    >>> UnsavedFunction("add_noise").__name__
    'add_noise'
    """

    description: str

    @property
    def __name__(self) -> str:
        return self.description

    def __call__(self, *_arguments: Any) -> Any:
        """Refuse to run."""
        refuse_unsaved(self.description)


def refuse_unsaved(description: str) -> NoReturn:
    """Refuse to run what only stands for custom code."""
    raise ParameterError(
        f"'{description}' is custom code, which a file cannot carry.",
        hint="Put the original back: model.put_back(network, recipe), recipe.replace(...), or "
        "set_params(...) of an estimator.",
    )


@dataclass(frozen=True)
class Function:
    """A function, or what another rule allows; a file has its name in its place."""

    otherwise: Rule | None = None

    def __call__(self, owner: str, name: str, value: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("custom"), str):
            return UnsavedFunction(value["custom"])
        if callable(value) and not isinstance(value, type):
            return value
        if self.otherwise is not None:
            return self.otherwise(owner, name, value)
        raise broken(owner, name, "a function", value)


@dataclass(frozen=True)
class Maybe:
    """None, or what another rule allows."""

    rule: Rule

    def __call__(self, owner: str, name: str, value: Any) -> Any:
        return None if value is None else self.rule(owner, name, value)


@dataclass(frozen=True)
class Either:
    """One of a few fixed values, or what another rule allows."""

    values: tuple[object, ...]
    rule: Rule

    def __call__(self, owner: str, name: str, value: Any) -> Any:
        for fixed in self.values:
            if type(value) is type(fixed) and value == fixed:
                return fixed
        return self.rule(owner, name, value)


@dataclass(frozen=True)
class Items:
    """A list of what another rule allows, kept as a tuple; ``single`` allows a lone item."""

    rule: Rule
    at_least: int = 0
    single: bool = False

    def __call__(self, owner: str, name: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            if not self.single:
                raise broken(owner, name, "a list or a tuple", value)
            value = (value,)
        if len(value) < self.at_least:
            raise broken(owner, name, f"a list of at least {self.at_least} item(s)", value)
        return tuple(self.rule(owner, name, item) for item in value)
