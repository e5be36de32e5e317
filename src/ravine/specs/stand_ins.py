"""What stands in a loaded network or recipe for custom code.

A file carries no code, so a part that a user wrote cannot come back from it. The model does, and
says by name what it was trained with; to predict or to train with it needs the original.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, get_args

from ravine.errors import SpecError
from ravine.specs.augmentation import AUGMENTATIONS, Augmentation
from ravine.specs.layers import LAYERS, Layer, Parameter
from ravine.specs.losses import LOSSES, Loss
from ravine.specs.losses.domains import DomainName
from ravine.specs.losses.links import LinkName
from ravine.specs.optimizers import OPTIMIZERS, Optimizer
from ravine.specs.penalties import PENALTIES, Penalty
from ravine.specs.rules import Choice, UnsavedFunction, refuse_unsaved
from ravine.specs.schedules import SCHEDULES, Schedule
from ravine.specs.spec import Spec, short

__all__ = ["StandIn", "UnsavedOptimizer", "as_saved"]

#: The largest array of parameters that a file may claim for a custom layer, in each direction.
_MOST_AXES = 8


class StandIn(Spec):
    """The base of what stands for custom code: it has the name of it, and refuses to run.

    Examples
    --------
    >>> UnsavedOptimizer("Mine(learning_rate=0.1)").description
    'Mine(learning_rate=0.1)'
    """

    description: str

    def _label(self) -> str:
        return self.description.partition("(")[0]

    def _refuse(self, *_arguments: Any, **_named: Any) -> NoReturn:
        """Refuse to run."""
        refuse_unsaved(self.description)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.description!r})"


@dataclass(frozen=True, repr=False)
class UnsavedOptimizer(StandIn, Optimizer):
    """The name of a custom optimizer, in a recipe that came from a file.

    Parameters
    ----------
    description : str
        How the optimizer was shown.

    Examples
    --------
    >>> UnsavedOptimizer("SignDescent(learning_rate=0.1)")
    UnsavedOptimizer('SignDescent(learning_rate=0.1)')
    """

    description: str
    learning_rate: float = 0.0
    _rules: ClassVar[Mapping[str, Any]] = {}

    init = update = StandIn._refuse


@dataclass(frozen=True, repr=False)
class UnsavedLayer(StandIn, Layer):
    """The name of a custom layer, in a network that came from a file, and its arrays' shapes.

    Parameters
    ----------
    description : str
        How the layer was shown.
    output : tuple of int, optional
        The shape of a row of its output.
    arrays : tuple of (name, shape, role)
        Its parameters.

    Examples
    --------
    >>> UnsavedLayer("Square()")
    UnsavedLayer('Square()')
    """

    description: str
    output: tuple[int, ...] | None = None
    arrays: tuple[tuple[str, tuple[int, ...], str], ...] = ()

    forward = backward = StandIn._refuse

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Give the stored shape."""
        return input_shape if self.output is None else self.output

    def parameters(self, input_shape: tuple[int, ...]) -> dict[str, Parameter]:
        """Give the stored parameters."""
        return {name: Parameter(shape, role=role) for name, shape, role in self.arrays}  # type: ignore[arg-type]


@dataclass(frozen=True, repr=False)
class UnsavedLoss(StandIn, Loss):
    """The name of a custom loss, in a network that came from a file.

    Parameters
    ----------
    description : str
        How the loss was shown.

    Examples
    --------
    >>> UnsavedLoss("Quartic()")
    UnsavedLoss('Quartic()')
    """

    description: str
    link: LinkName = "identity"  # type: ignore[misc]
    targets: DomainName = "real"  # type: ignore[misc]
    predicts: ClassVar[str] = "what is not known"
    unit_power: ClassVar[int | None] = None
    measure: ClassVar[str] = "loss"

    _rules: ClassVar[Mapping[str, Any]] = {
        "link": Choice(get_args(LinkName)),
        "targets": Choice(get_args(DomainName)),
    }

    value = slope = baseline = StandIn._refuse


@dataclass(frozen=True, repr=False)
class UnsavedPenalty(StandIn, Penalty):
    """The name of a custom penalty, in what came from a file.

    Parameters
    ----------
    description : str
        How the penalty was shown.

    Examples
    --------
    >>> UnsavedPenalty("Quartic()")
    UnsavedPenalty('Quartic()')
    """

    description: str
    value = gradient = StandIn._refuse


@dataclass(frozen=True, repr=False)
class UnsavedSchedule(StandIn, Schedule):
    """The name of a custom schedule, in a recipe that came from a file.

    Parameters
    ----------
    description : str
        How the schedule was shown.

    Examples
    --------
    >>> UnsavedSchedule("FunctionOfTime(<lambda>)")
    UnsavedSchedule('FunctionOfTime(<lambda>)')
    """

    description: str
    _values: ClassVar[tuple[str, ...]] = ()
    value = StandIn._refuse


@dataclass(frozen=True, repr=False)
class UnsavedAugmentation(StandIn, Augmentation):
    """The name of a custom augmentation, in a recipe that came from a file.

    Parameters
    ----------
    description : str
        How the augmentation was shown.

    Examples
    --------
    >>> UnsavedAugmentation("Jitter(0.1)")
    UnsavedAugmentation('Jitter(0.1)')
    """

    description: str
    __call__ = StandIn._refuse


def as_saved(spec: Spec) -> dict[str, Any]:
    """Describe anything for a file: as `Spec.to_dict`, with the names of custom parts.

    Parameters
    ----------
    spec : Spec
        A network, a recipe or a part of one.

    Returns
    -------
    dict
        Plain data; a custom part is ``{"custom": "how it is shown"}``.

    Examples
    --------
    >>> from ravine.specs.optimizers import SGD
    >>> as_saved(SGD(lambda t: 0.1))["learning_rate"]
    {'custom': 'FunctionOfTime(<lambda>)'}
    """
    described: dict[str, Any] = _saved(spec)
    return described


def _saved(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_saved(item) for item in value]
    if isinstance(value, Spec):
        kind = type(value)
        if kind not in value._family:
            shown = value.description if isinstance(value, StandIn) else repr(value)
            traits = (
                {"link": value.link, "targets": value.targets} if isinstance(value, Loss) else {}
            )
            return {"custom": shown} | traits
        return {"kind": kind.__name__} | {n: _saved(getattr(value, n)) for n in value._written()}
    return {"custom": short(value)} if callable(value) else value


def _described(data: Mapping[str, Any]) -> str:
    description = data["custom"]
    if not isinstance(description, str):
        raise SpecError("The name of a custom part must be text.")
    return description


def _layer(data: Mapping[str, Any]) -> UnsavedLayer:
    """Read a custom layer; nothing about its shapes is taken for granted."""
    output, arrays = data.get("output_shape"), data.get("parameters", {})
    shapes = [] if output is None else [output]
    if isinstance(arrays, Mapping):
        entries = [tuple(entry) if isinstance(entry, list) else () for entry in arrays.values()]
        shapes += [entry[0] if len(entry) == 2 else None for entry in entries]
    good = isinstance(arrays, Mapping) and all(map(_is_shape, shapes))
    if not good or not all(entry[1] in ("weight", "bias") for entry in entries):
        raise SpecError("The shapes of a custom layer are not such as a layer has.")
    return UnsavedLayer(
        _described(data),
        None if output is None else tuple(output),
        tuple((n, tuple(e[0]), e[1]) for n, e in zip(arrays, entries, strict=True)),
    )


def _augmentation(data: Mapping[str, Any]) -> Any:
    """Read a custom augmentation: a class, which is shown with its arguments, or a function."""
    description = _described(data)
    is_class = description.endswith(")")
    return UnsavedAugmentation(description) if is_class else UnsavedFunction(description)


def _is_shape(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and 1 <= len(shape) <= _MOST_AXES
        and all(type(size) is int and 1 <= size < 2**31 for size in shape)
    )


OPTIMIZERS.stand_in = lambda data: UnsavedOptimizer(_described(data))
LAYERS.stand_in = _layer
LOSSES.stand_in = lambda data: UnsavedLoss(
    _described(data), data.get("link", "identity"), data.get("targets", "real")
)
PENALTIES.stand_in = lambda data: UnsavedPenalty(_described(data))
SCHEDULES.stand_in = lambda data: UnsavedSchedule(_described(data))
AUGMENTATIONS.stand_in = _augmentation
