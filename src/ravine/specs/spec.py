"""The one shape of every description: frozen data that checks itself, to a dictionary and back.

A description (of a layer, an optimizer, a recipe, ...) is a frozen dataclass below `Spec`. Its
class attribute ``_rules`` names the rule of every field; a rule is called with the owner's name,
the field's name and the value, and returns the value to keep or raises `ParameterError`.
Descriptions of one sort form a `Family`, and `Spec.from_dict` finds kinds in families only: no
other class can be reached by name.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from ravine.errors import ParameterError, SpecError
from ravine.specs.arguments import (
    ARGUMENTS,
    KEY,
    keeping_arguments,
    parameters_of,
    rebuilt,
    settle,
)
from ravine.specs.rules import Number, Rule, broken, nearest, shown

__all__ = ["MAX_DEPTH", "Family", "Spec", "for_engine", "kinds_in"]

#: How deep descriptions may be nested in one another.
MAX_DEPTH = 32


class Spec:
    """The base of every description: immutable, checked when made, to a dictionary and back.

    Descriptions compare by value, can be used as dictionary keys, and change only by `replace`,
    which makes a new one. Ravine's own are dataclasses; a subclass that a user writes may have an
    ordinary ``__init__`` instead, and is then compared by its arguments.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Adam(learning_rate=0.01).to_dict()["learning_rate"]
    0.01
    >>> rv.Optimizer.from_dict({"kind": "Adam", "learning_rate": 0.01})
    Adam(learning_rate=0.01)
    """

    _family: ClassVar[Family[Any]]
    _rules: ClassVar[Mapping[str, Rule]] = {}
    _always_shown: ClassVar[tuple[str, ...]] = ()
    #: What messages say a field is a parameter of; None: the class itself.
    _owner: ClassVar[str | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = keeping_arguments(cls.__init__)  # type: ignore[method-assign]
            for name in ("__eq__", "__hash__", "__setattr__"):  # not those of a dataclass above
                if name not in vars(cls) and getattr(cls, name) is not getattr(Spec, name):
                    setattr(cls, name, getattr(Spec, name))

    if not TYPE_CHECKING:

        def __init__(self, *args, **kwargs):
            if args or kwargs:
                raise TypeError(
                    f"{type(self).__name__}() takes no arguments: its class has neither an "
                    "__init__ nor @dataclass(frozen=True) above it."
                )
            if ARGUMENTS not in vars(self):
                settle(self, ARGUMENTS, {})
                self.__post_init__()
                settle(self, KEY, ())

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or KEY not in vars(self):
            return NotImplemented
        return bool(vars(self)[KEY] == vars(other)[KEY])

    def __hash__(self) -> int:
        return hash((type(self), vars(self).get(KEY, id(self))))

    def __setattr__(self, name: str, value: Any) -> None:
        if KEY in vars(self):
            raise AttributeError(
                f"{type(self).__name__} is a description and does not change: '{name}' cannot be "
                "set. Make another one with replace()."
            )
        super().__setattr__(name, value)

    def __post_init__(self) -> None:
        owner = self._owner or type(self).__name__
        for name, rule in self._rules.items():
            if hasattr(self, name):
                object.__setattr__(self, name, rule(owner, name, getattr(self, name)))
        if _depth(self) > MAX_DEPTH:
            raise ParameterError(f"{owner} is nested deeper than {MAX_DEPTH} levels.")
        self._check()

    def _check(self) -> None:
        """Check what joins several fields; leaves with such a rule override this."""

    def _shorthand(self) -> str | None:
        """Give the name that stands for this description as a field's value, if there is one."""
        if self._always_shown:  # which a name would hide
            return None
        names = self._family.shorthands.items()
        return next((name for name, standard in names if self == standard), None)

    def _written(self) -> list[str]:
        """Give the names of the fields that plain data has."""
        return list(fields_of(type(self)))

    def _label(self) -> str:
        """Give the name of its class; a stand-in gives that of what it stands for."""
        return type(self).__name__

    def _is_custom(self) -> bool:
        """Tell whether the engine must call a user's code to run it."""
        return type(self) not in self._family

    def _engine_part(self, number: Number | None) -> dict[str, Any]:
        """Give what the engine calls of a custom part, and what else it needs to know.

        `number` is the range of the field that it stands in, if it is one that varies with time.
        """
        raise ParameterError(f"{short(self)} is no part that the engine could call.")

    def to_dict(self) -> dict[str, Any]:
        """Give the description as plain data: ``kind`` and the fields.

        Returns
        -------
        dict
            Numbers, strings, booleans, None, lists and dictionaries only; a constant schedule is a
            plain float.

        Raises
        ------
        SpecError
            If it holds a custom class or function, which cannot be read back. (A model's file
            keeps its name.)

        Examples
        --------
        >>> import ravine as rv
        >>> rv.L2(1e-4).to_dict()
        {'kind': 'L2', 'alpha': 0.0001, 'include_bias': False}
        """
        kind = type(self)
        if kind not in self._family:
            raise SpecError(
                f"{kind.__name__} is a custom class and cannot be written as plain data: only "
                f"ravine's own kinds ({', '.join(self._family.kinds)}) can be read back."
            )
        return {"kind": kind.__name__} | {
            n: _plain(getattr(self, n), kind, n) for n in self._written()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a description from what `to_dict` gave.

        Parameters
        ----------
        data : dict
            ``kind`` (may be left out where only one is possible) and the fields; fields with a
            default may be left out.

        Returns
        -------
        Spec
            An object of this class or, on a family's base such as `ravine.Layer`, of the kind
            named.

        Raises
        ------
        SpecError
            If the kind or a field is unknown, a field is missing, or the nesting is too deep.
        ParameterError
            If a value breaks its field's rule.

        Examples
        --------
        >>> import ravine as rv
        >>> rv.Layer.from_dict({"kind": "Dense", "units": 8, "activation": "relu"})
        Dense(8, activation='relu')
        """
        found: Self = cls._family.read(data, cls)
        return found

    def replace(self, **changes: Any) -> Self:
        """Give a copy with some fields changed; a dotted name reaches into a field's own fields.

        Parameters
        ----------
        **changes
            New values by field name, such as ``epochs=20`` or
            ``**{"optimizer.learning_rate": 0.1}``.

        Returns
        -------
        Spec
            A new description of the same kind, checked as any other.

        Examples
        --------
        >>> import ravine as rv
        >>> recipe = rv.Recipe(optimizer="adam", epochs=20)
        >>> recipe.replace(**{"epochs": 5, "optimizer.learning_rate": 0.1})
        Recipe(optimizer=Adam(learning_rate=0.1), epochs=5)
        """
        known = vars(self)[ARGUMENTS] if ARGUMENTS in vars(self) else fields_of(type(self))
        direct: dict[str, Any] = {}
        inner: dict[str, dict[str, Any]] = {}
        for path, value in changes.items():
            name, dot, rest = path.partition(".")
            if name not in known:
                raise _unknown_field(type(self), name, known)
            if dot:
                inner.setdefault(name, {})[rest] = value
            else:
                direct[name] = value
        for name, deeper in inner.items():
            part = direct.get(name, getattr(self, name))
            if not isinstance(part, Spec):
                path = f"{name}.{next(iter(deeper))}"
                raise SpecError(
                    f"'{path}' cannot be reached: {type(self).__name__}.{name} is {shown(part)}."
                )
            direct[name] = part.replace(**deeper)
        if ARGUMENTS in vars(self):
            return rebuilt(self, direct)  # type: ignore[no-any-return]
        return dataclasses.replace(self, **direct)  # type: ignore[type-var]

    def __repr__(self) -> str:
        parts: list[str] = []
        for name, value, default, by_place in _shown_values(self):
            if default is dataclasses.MISSING and by_place and len(parts) < 3:
                parts.append(short(value))
            elif name in self._always_shown or not _is_same(value, default):
                parts.append(f"{name}={short(value)}")
        return f"{type(self).__name__}({', '.join(parts)})"


def short(value: object) -> str:
    """Give a field's value as `repr` shows it: a shorthand name where there is one."""
    if isinstance(value, Spec):
        name = value._shorthand()
        return repr(value) if name is None else repr(name)
    if isinstance(value, tuple):
        return f"[{', '.join(repr(i) if isinstance(i, Spec) else short(i) for i in value)}]"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


def fields_of(kind: type) -> dict[str, dataclasses.Field[Any]]:
    """Give the fields of a description by name (none where a custom class is no dataclass)."""
    return {f.name: f for f in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else {}


def for_engine(spec: Spec) -> dict[str, Any]:
    """Describe anything to the engine: as `Spec.to_dict`, with custom parts to be called.

    Parameters
    ----------
    spec : Spec
        A network, a recipe without a custom optimizer or augmentation, or a part of one.

    Returns
    -------
    dict
        ``kind`` and the fields.

    Examples
    --------
    >>> import ravine as rv
    >>> network = rv.Network([rv.Dense(1)])
    >>> for_engine(network) == network.to_dict()
    True
    """
    described: dict[str, Any] = engine_value(spec, None)
    return described


def engine_value(value: Any, number: Number | None = None) -> Any:
    """Describe the value of a field to the engine."""
    if isinstance(value, tuple | list):
        return [engine_value(item, number) for item in value]
    if not isinstance(value, Spec):
        return value
    if value._is_custom():
        return {"kind": "Custom", "name": value._label()} | value._engine_part(number)
    fields: dict[str, Any] = {"kind": type(value).__name__}
    for name in fields_of(type(value)):
        inner = number or getattr(value._rules.get(name), "number", None)
        fields[name] = engine_value(getattr(value, name), inner)
    return fields


def _shown_values(spec: Spec) -> Iterator[tuple[str, Any, Any, bool]]:
    """Give name, value, default and whether it may go without its name, of fields or arguments."""
    if ARGUMENTS not in vars(spec):
        for name, field in fields_of(type(spec)).items():
            yield name, getattr(spec, name), field.default, not field.kw_only
        return
    parameters = parameters_of(type(spec))
    for name, value in vars(spec)[ARGUMENTS].items():
        parameter = parameters[name]
        given = parameter.default is not inspect.Parameter.empty
        default = parameter.default if given else dataclasses.MISSING
        by_place = parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        yield name, value, default, by_place


def _is_same(value: Any, default: Any) -> bool:
    if type(value) is not type(default):
        return False
    same = value == default
    return same if isinstance(same, bool) else value is default  # arrays compare to arrays


def _plain(value: object, kind: type, name: str) -> Any:
    if isinstance(value, Spec):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_plain(item, kind, name) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SpecError(
        f"The '{name}' of {kind.__name__} holds {short(value)}, a custom function, which cannot "
        "be written as plain data."
    )


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Spec):
        return vars(value).values()
    return value if isinstance(value, tuple | list) else ()


def _depth(spec: Spec) -> int:
    """Count the levels of nested descriptions, without recursion, no further than needed."""
    deepest = 1
    stack: list[tuple[object, int]] = [(part, 1) for part in _parts(spec)]
    while stack and deepest <= MAX_DEPTH:
        value, depth = stack.pop()
        if isinstance(value, Spec):
            depth += 1
            deepest = max(deepest, depth)
        stack.extend((part, depth) for part in _parts(value))
    return deepest


def _check_nesting(data: object) -> None:
    """Refuse nesting that no description can have, before anything recursive looks at it."""
    stack = [(data, 0)]
    while stack:
        value, depth = stack.pop()
        if not isinstance(value, Mapping | list | tuple):
            continue
        if depth >= 2 * MAX_DEPTH:
            raise SpecError(f"The description is nested deeper than {MAX_DEPTH} levels.")
        inner = value.values() if isinstance(value, Mapping) else value
        stack.extend((item, depth + 1) for item in inner)


def _unknown_field(kind: type, name: object, known: Iterable[str]) -> SpecError:
    known = tuple(known)
    listed = ", ".join(known) if known else "none"
    return SpecError(
        f"{kind.__name__} has no field '{name}'. Its fields: {listed}.", hint=nearest(name, known)
    )


S = TypeVar("S", bound=Spec)


def kinds_in(base: type[S], *modules: ModuleType | str) -> tuple[type[S], ...]:
    """Find the public kinds that modules define, in the order in which they stand there.

    Parameters
    ----------
    base : type
        The class that all of them come from.
    *modules : module or str
        Modules, or names of modules that have been imported.

    Returns
    -------
    tuple of type
        The subclasses of the base.

    Examples
    --------
    >>> from ravine.specs import penalties
    >>> [kind.__name__ for kind in kinds_in(penalties.Penalty, penalties)]
    ['L1', 'L2', 'ElasticNet']
    """
    found = [sys.modules[module] if isinstance(module, str) else module for module in modules]
    return tuple(
        kind
        for module in found
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, base)
        and kind is not base
        and kind.__module__ == module.__name__
        and not kind.__name__.startswith("_")
    )


def short_name(kind: type) -> str:
    """Give the name that stands for a kind in text.

    Parameters
    ----------
    kind : type
        A class of descriptions.

    Returns
    -------
    str
        Its words in lower case, joined by ``_``.

    Examples
    --------
    >>> from ravine.specs.optimizers import DeltaBarDelta, RMSprop
    >>> short_name(DeltaBarDelta), short_name(RMSprop)
    ('delta_bar_delta', 'rmsprop')
    """
    return re.sub("(?<=[a-z])(?=[A-Z][a-z])", "_", kind.__name__).lower()


class Family(Generic[S]):
    """The kinds of one sort of description, by name; the only place where a kind is looked up.

    Parameters
    ----------
    noun : str
        What one of them is, with its article, for messages: ``"an optimizer"``.
    base : type
        The class that all of them come from.
    kinds : iterable of type
        Ravine's own kinds.
    shorthands : dict, optional
        Names that stand for a description with usual settings: ``{"adam": Adam()}``.
    extensible : sequence of str, optional
        The methods that a custom subclass must define. None: no subclass may be used. (A file
        keeps only the name of one.)
    named : bool, default False
        Whether the `short_name` of every kind stands for the kind with its defaults.

    Examples
    --------
    >>> from ravine.specs.optimizers import OPTIMIZERS
    >>> OPTIMIZERS.kinds["Adam"]
    <class 'ravine.specs.optimizers.adaptive_rates.Adam'>
    """

    def __init__(
        self,
        noun: str,
        base: type[S],
        kinds: Iterable[type[S]],
        shorthands: Mapping[str, S] | None = None,
        *,
        named: bool = False,
        extensible: Sequence[str] | None = None,
    ) -> None:
        self.noun = noun
        self.base = base
        self.kinds: dict[str, type[S]] = {kind.__name__: kind for kind in kinds}
        defaults = {short_name(kind): kind() for kind in self.kinds.values()} if named else {}
        self.shorthands: dict[str, S] = defaults | dict(shorthands or {})
        self.extensible = extensible
        self.stand_in: Callable[[Mapping[str, Any]], S] | None = None  # see stand_ins.py
        base._family = self

    def __contains__(self, kind: type) -> bool:
        return self.kinds.get(kind.__name__) is kind

    def check_own(self, value: S, owner: str, name: str) -> None:
        """Refuse a custom subclass that lacks what it needs, or where there can be none."""
        kind = type(value)
        if kind in self:
            return
        if self.extensible is None:
            raise broken(
                owner, name, f"{self.noun} of ravine's own ({', '.join(self.kinds)})", value
            )
        what = f"{kind.__name__}, a custom subclass of {self.base.__name__},"
        if kind.__name__ in self.kinds:
            raise ParameterError(f"{what} must not have the name of one of ravine's own.")
        for method in self.extensible:
            if not any(method in vars(c) for c in kind.__mro__[: kind.__mro__.index(self.base)]):
                raise ParameterError(f"{what} must define {method}().")
        try:
            hash(value)
        except TypeError:
            raise ParameterError(
                f"{what} cannot be hashed.",
                hint="Use @dataclass(frozen=True) in place of @dataclass, and tuples in place of "
                "lists.",
            ) from None

    def read(self, data: Mapping[str, Any], within: type[Any]) -> Any:
        """Make the description that a dictionary gives; see `Spec.from_dict`."""
        if not isinstance(data, Mapping):
            raise SpecError(
                f"The description of {self.noun} must be a dictionary. Got {shown(data)}."
            )
        _check_nesting(data)
        if self.stand_in is not None and "custom" in data:
            return self.stand_in(data)
        kinds = {name: kind for name, kind in self.kinds.items() if issubclass(kind, within)}
        known = ", ".join(kinds) if kinds else "none"
        if "kind" in data:
            name = data["kind"]
        elif len(kinds) == 1:
            name = next(iter(kinds))
        else:
            raise SpecError(
                f"The description of {self.noun} lacks its 'kind'. Known kinds: {known}."
            )
        if not isinstance(name, str) or name not in kinds:
            raise SpecError(
                f"Unknown kind {shown(name)} of {self.noun}. Known kinds: {known}.",
                hint=nearest(name, kinds),
            )
        return self._make(kinds[name], data)

    def _make(self, kind: type[S], data: Mapping[str, Any]) -> S:
        known = fields_of(kind)
        values = {name: value for name, value in data.items() if name != "kind"}
        for name in values:
            if name not in known:
                raise _unknown_field(kind, name, known)
        for name, field in known.items():
            if name not in values and field.default is dataclasses.MISSING:
                raise SpecError(f"{kind.__name__} lacks its field '{name}'.")
        return kind(**values)


@dataclass(frozen=True)
class Member:
    """A description of one family: an object, its dictionary or a shorthand name."""

    base: type[Spec]

    def __call__(self, owner: str, name: str, value: Any) -> Any:
        family = self.base._family
        if isinstance(value, self.base):
            family.check_own(value, owner, name)
            return value
        if isinstance(value, Mapping):
            return self.base.from_dict(value)
        if isinstance(value, str) and family.shorthands:
            if value in family.shorthands:
                return family.shorthands[value]
            known = ", ".join(f"'{n}'" for n in family.shorthands)
            hint = nearest(value, family.shorthands)
            raise broken(owner, name, f"one of {known} or {family.noun} object", value, hint)
        known = ", ".join(family.kinds)
        raise broken(owner, name, f"{family.noun} ({known})", value)
