"""Custom parts as the engine calls them: what the user's methods return is checked.

The engine hands arrays to the methods of these classes and gets a tuple of arrays of the right
shape and precision, or an error that names the part. What the user's code raises passes as it is,
with a note that says where it was called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.specs.parameter import Parameter
from ravine.specs.rules import Number, shown
from ravine.specs.spec import short

__all__ = [
    "ActivationPart",
    "LayerPart",
    "LossPart",
    "PenaltyPart",
    "SchedulePart",
    "calling",
    "checked",
]

Array = NDArray[Any]


@contextmanager
def calling(part: str, method: str) -> Iterator[None]:
    """Add to whatever the user's code raises a note that says what was called.

    Parameters
    ----------
    part : str
        What the user's object is, and how it is shown.
    method : str
        The method's name.

    Examples
    --------
    >>> with calling("the loss Mine()", "slope"):
    ...     pass
    """
    try:
        yield
    except Exception as error:
        error.add_note(f"This was raised in {method}() of {part}.")
        raise


def checked(
    result: Any, shape: Sequence[int], dtype: np.dtype[Any], what: str, given: Sequence[Any] = ()
) -> Array:
    """Check an array that the user's code returned.

    Parameters
    ----------
    result : object
        What it returned.
    shape : sequence of int
        The shape that it must have.
    dtype : dtype
        The precision that it gets.
    what : str
        What it is, for messages.
    given : sequence of ndarray
        What the code was given: NaN is an error if there was none before.

    Returns
    -------
    ndarray
        Contiguous.

    Raises
    ------
    ParameterError
        If it is no array of real numbers of that shape, or has NaN.

    Examples
    --------
    >>> checked([1, 2], (2,), np.dtype("float32"), "y")
    array([1., 2.], dtype=float32)
    """
    array = np.asarray(result)
    if array.dtype.kind not in "fiub":
        kind = type(result).__name__ if array.dtype.kind == "O" else array.dtype.name
        raise ParameterError(f"{what} must be an array of real numbers. Got {kind}.")
    if array.shape != tuple(shape):
        raise ParameterError(f"{what} must have shape {tuple(shape)}. Got {array.shape}.")
    if np.isnan(array).any() and all(np.isfinite(g).all() for g in given):
        raise ParameterError(f"{what} has NaN, although all that it was computed from is finite.")
    with np.errstate(over="ignore"):  # what is infinite in float32 ends the run as diverged
        return np.asarray(array, dtype=dtype, order="C")


class LayerPart:
    """A custom layer in one place of a network.

    Parameters
    ----------
    layer : Layer
        The user's.

    Examples
    --------
    >>> LayerPart.__name__
    'LayerPart'
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.place, self.name = "", f"the layer {short(layer)}"
        self._plans: dict[tuple[int, ...], tuple[tuple[int, ...], tuple[str, ...]]] = {}
        self._is_by_row = False

    def plan(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Say what the layer makes of rows of a shape."""
        self.place = question["name"]
        self.name = f"the layer {self.place}, {short(self.layer)}"
        shape = tuple(question["input_shape"])
        with calling(self.name, "output_shape"):
            output = self._shape(self.layer.output_shape(shape))
        with calling(self.name, "parameters"):
            parameters = self.layer.parameters(shape)
        if not isinstance(parameters, Mapping):
            raise ParameterError(
                f"parameters() of {self.name} must return a dictionary. Got {shown(parameters)}."
            )
        for name, parameter in parameters.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise ParameterError(
                    f"parameters() of {self.name} must have names such as 'weight' for keys. "
                    f"Got {shown(name)}."
                )
            if not isinstance(parameter, Parameter):
                raise ParameterError(
                    f"The parameter '{name}' of {self.name} must be a Parameter(shape, ...). "
                    f"Got {shown(parameter)}."
                )
        self._plans[shape] = (output, tuple(parameters))
        return {
            "output_shape": list(output),
            "parameters": [
                {
                    "name": name,
                    "shape": list(parameter.shape),
                    "initializer": parameter.initializer.to_dict(),
                    "role": parameter.role,
                }
                for name, parameter in parameters.items()
            ],
        }

    def forward(self, x: Array, *parameters: Array) -> tuple[Array]:
        """Compute y."""
        output, names = self._plans[x.shape[1:]]
        given = [x.copy(), *parameters]
        y = self._forward(x, dict(zip(names, parameters, strict=True)))
        found = checked(
            y, (len(x), *output), x.dtype, f"What forward() of {self.name} returns", given
        )
        if not self._is_by_row and len(x) > 1 and np.isfinite(found).all():
            self._check_rows(given[0], dict(zip(names, parameters, strict=True)), found)
        return (found,)

    def backward(self, x: Array, y: Array, dy: Array, *parameters: Array) -> tuple[Array, ...]:
        """Compute ∂L/∂x and the parameters' gradients."""
        names = self._plans[x.shape[1:]][1]
        given = [array.copy() for array in (x, y, dy, *parameters)]
        named = dict(zip(names, parameters, strict=True))
        with calling(self.name, "backward"):
            result = self.layer.backward(x, y, dy, named)
        gradients: Any = {}
        if names:
            if not isinstance(result, tuple) or len(result) != 2:
                raise ParameterError(
                    f"backward() of {self.name} must return (dx, gradients), since the layer has "
                    f"parameters. Got {type(result).__name__}."
                )
            result, gradients = result
            if not isinstance(gradients, Mapping) or set(gradients) != set(names):
                raise ParameterError(
                    f"The gradients that backward() of {self.name} returns must be a dictionary "
                    f"with the keys {', '.join(names)}. Got {shown(gradients)}."
                )
        elif isinstance(result, tuple):
            raise ParameterError(
                f"backward() of {self.name} must return dx alone, since the layer has no "
                "parameters. Got a tuple."
            )
        whose = f"that backward() of {self.name} returns"
        dx = checked(result, x.shape, x.dtype, f"The dx {whose}", given)
        return dx, *(
            checked(
                gradients[name], array.shape, x.dtype, f"The gradient of '{name}' {whose}", given
            )
            for name, array in zip(names, given[3:], strict=True)
        )

    def _forward(self, x: Array, parameters: dict[str, Array]) -> Any:
        with calling(self.name, "forward"):
            return self.layer.forward(x, parameters)

    def _check_rows(self, x: Array, parameters: dict[str, Array], y: Array) -> None:
        """Refuse, once, a layer whose rows act on one another: how rows are cut would matter."""
        first = np.asarray(self._forward(x[: len(x) // 2].copy(), parameters))
        half = y[: len(x) // 2]
        allowed = 1e-3 * np.abs(half).max(initial=0.0)
        if first.shape != half.shape or (np.abs(first - half) > allowed).any():
            raise ParameterError(
                f"The rows of {self.name} act on one another: forward() gives other values for the "
                "first half of some rows than for all of them. Rows come in parts of a mini-batch, "
                "so each must be computed by itself."
            )
        self._is_by_row = True

    def _shape(self, shape: Any) -> tuple[int, ...]:
        sizes = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else None
        whole = sizes and all(isinstance(s, int | np.integer) and s >= 1 for s in sizes)
        if not sizes or not whole:
            raise ParameterError(
                f"output_shape() of {self.name} must return a tuple of whole numbers, at least 1. "
                f"Got {shown(shape)}."
            )
        return tuple(int(s) for s in sizes)


class ActivationPart(LayerPart):
    """A custom activation: a layer without parameters.

    Parameters
    ----------
    activation : Activation
        Of a function.

    Examples
    --------
    >>> ActivationPart.__name__
    'ActivationPart'
    """

    def __init__(self, activation: Any) -> None:
        super().__init__(_ElementWise(activation))


class _ElementWise:
    """A function and its slope, as a layer has them."""

    def __init__(self, activation: Any) -> None:
        self.activation = activation

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def parameters(self, _input_shape: tuple[int, ...]) -> dict[str, Parameter]:
        return {}

    def forward(self, x: Array, _parameters: Mapping[str, Array]) -> Any:
        return self.activation.name(x)

    def backward(self, x: Array, _y: Array, dy: Array, _parameters: Mapping[str, Array]) -> Any:
        slope = self.activation.slope(x.copy())
        return dy * checked(slope, x.shape, x.dtype, f"The slope of {self!r}", [x])

    def __repr__(self) -> str:
        return repr(self.activation)


class LossPart:
    """A custom loss.

    Parameters
    ----------
    loss : Loss
        The user's.
    predictions : callable
        Gives predictions for outputs.

    Examples
    --------
    >>> LossPart.__name__
    'LossPart'
    """

    def __init__(self, loss: Any, predictions: Callable[[Array], Array]) -> None:
        self.loss, self.predictions = loss, predictions
        self.place, self.name = "loss", f"the loss {short(loss)}"

    def value(self, z: Array, y: Array) -> tuple[Array]:
        """Compute the loss of each row."""
        given = [z.copy(), y.copy()]
        with calling(self.name, "value"):
            values = self.loss.value(z, y)
        what = f"What value() of {self.name} returns, a number for each row,"
        return (checked(values, z.shape[:1], z.dtype, what, given),)

    def slope(self, z: Array, y: Array) -> tuple[Array]:
        """Compute ∂value/∂z."""
        given = [z.copy(), y.copy()]
        with calling(self.name, "slope"):
            slope = self.loss.slope(z, y)
        what = f"What slope() of {self.name} returns"
        return (checked(slope, z.shape, z.dtype, what, given),)

    def respond(self, z: Array) -> tuple[Array]:
        """Compute the predictions that outputs stand for."""
        return (np.ascontiguousarray(self.predictions(z), z.dtype),)


class PenaltyPart:
    """A custom penalty.

    Parameters
    ----------
    penalty : Penalty
        The user's.

    Examples
    --------
    >>> PenaltyPart.__name__
    'PenaltyPart'
    """

    def __init__(self, penalty: Any) -> None:
        self.penalty = penalty
        self.name = f"the penalty {short(penalty)}"

    def add(self, w: Array) -> tuple[Array, Array]:
        """Compute value and gradient."""
        with calling(self.name, "value"):
            value = self.penalty.value(w.copy())
        with calling(self.name, "gradient"):
            gradient = self.penalty.gradient(w.copy())
        return (
            checked(value, (), w.dtype, f"What value() of {self.name} returns", [w]),
            checked(gradient, w.shape, w.dtype, f"What gradient() of {self.name} returns", [w]),
        )


class SchedulePart:
    """A custom schedule.

    Parameters
    ----------
    schedule : Schedule
        The user's.
    number : Number
        The range of its values.

    Examples
    --------
    >>> import ravine as rv
    >>> part = SchedulePart(rv.FunctionOfTime(lambda t: 0.1 / (1 + t)), Number(at_least=0))
    >>> part.value(np.array(1.0))
    (array(0.05),)
    """

    def __init__(self, schedule: Any, number: Number) -> None:
        self.schedule, self.number = schedule, number
        self.name = f"the schedule {short(schedule)}"

    def value(self, t: Array) -> tuple[Array]:
        """Compute the value at t."""
        with calling(self.name, "value"):
            value = self.schedule.value(float(t))
        what = f"What value({float(t):g}) of {self.name} returns"
        found = checked(value, (), np.dtype("float64"), what, [t])
        if not self.number.contains(float(found)):
            raise ParameterError(f"{what} must be {self.number.range}. Got {float(found):g}.")
        return (found,)
