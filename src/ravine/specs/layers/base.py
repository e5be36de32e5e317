"""What every layer is, and activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ravine.errors import ParameterError
from ravine.specs.parameter import Parameter
from ravine.specs.rules import (
    Choice,
    Function,
    Maybe,
    Number,
    Rule,
    broken,
)
from ravine.specs.spec import Spec, engine_value, short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ACTIVATIONS",
    "ALPHA_DEFAULTS",
    "Activation",
    "ActivationName",
    "ActivationOrName",
    "Layer",
]


#: The activations by name.
ACTIVATIONS = (
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
)


#: Those that have a parameter α, and its default.
ALPHA_DEFAULTS = {"leaky_relu": 0.01, "elu": 1.0}


ActivationName = Literal[
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
]


class Layer(Spec):
    """The base of every layer, and the way to write a custom one.

    A custom layer is a subclass with the methods `forward` and `backward`, and `parameters` and
    `output_shape` where it needs them. It is a function of its input and its parameters, row by
    row: the rows that it is given are a part of a mini-batch, and must not act on one another. It
    works wherever other layers do, more slowly; `ravine.check_gradients` checks its `backward`. A
    file keeps only its name and its trained parameters (see `ravine.Model.put_back`).

    Examples
    --------
    >>> import ravine as rv
    >>> class Square(rv.Layer):
    ...     def forward(self, x, parameters):
    ...         return x**2
    ...
    ...     def backward(self, x, y, dy, parameters):
    ...         return 2 * x * dy
    >>> network = rv.Network([rv.Dense(4), Square(), rv.Dense(1)])
    >>> rv.check_gradients(network, [[0.5], [-1.0]], [1.0, 2.0]).passed
    True
    """

    _only_first: ClassVar[bool] = False  # whether it reads the table itself

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Give the shape of a row of output.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of a row of input.

        Returns
        -------
        tuple of int
            Unless a custom layer says otherwise, that of the input.
        """
        self._refuse_built_in("output_shape")
        return input_shape

    def parameters(self, input_shape: tuple[int, ...]) -> dict[str, Parameter]:
        """Say which parameters there are.

        Parameters
        ----------
        input_shape : tuple of int
            The shape of a row of input.

        Returns
        -------
        dict of str to Parameter
            By name; unless a custom layer says otherwise, none.
        """
        self._refuse_built_in("parameters")
        return {}

    def forward(
        self, x: NDArray[np.floating[Any]], parameters: Mapping[str, NDArray[np.floating[Any]]]
    ) -> ArrayLike:
        """Compute y from x.

        Parameters
        ----------
        x : ndarray of shape (rows, *input_shape)
            Some rows of input, in the precision of training.
        parameters : dict of str to ndarray
            The parameters by name.

        Returns
        -------
        ndarray of shape (rows, *output_shape)
            y.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def backward(
        self,
        x: NDArray[np.floating[Any]],
        y: NDArray[np.floating[Any]],
        dy: NDArray[np.floating[Any]],
        parameters: Mapping[str, NDArray[np.floating[Any]]],
    ) -> ArrayLike | tuple[ArrayLike, Mapping[str, ArrayLike]]:
        """Compute the derivatives of the loss L with respect to input and parameters.

        Parameters
        ----------
        x : ndarray of shape (rows, *input_shape)
            What `forward` was given.
        y : ndarray of shape (rows, *output_shape)
            What it returned.
        dy : ndarray of shape (rows, *output_shape)
            ∂L/∂y.
        parameters : dict of str to ndarray
            The parameters by name.

        Returns
        -------
        dx : ndarray of shape (rows, *input_shape)
            ∂L/∂x.
        gradients : dict of str to ndarray
            Only of a layer with parameters: ∂L/∂p of each, summed over the rows.
        """
        raise NotImplementedError(f"{type(self).__name__} runs in the engine.")

    def _engine_part(self, number: Number | None) -> dict[str, Any]:
        from ravine.specs.custom import LayerPart

        penalty = getattr(self, "penalty", "recipe")
        return {"part": LayerPart(self), "penalty": engine_value(penalty)}

    def _refuse_built_in(self, method: str) -> None:
        if type(self) in self._family:
            raise NotImplementedError(f"{type(self).__name__} runs in the engine: no {method}().")


@dataclass(frozen=True, repr=False)
class Activation(Layer):
    """An element-wise function.

    ==============  ====================================================================
    name            y
    ==============  ====================================================================
    ``identity``    ``x``
    ``relu``        ``max(x, 0)``
    ``leaky_relu``  ``x`` if x > 0, else ``α x`` (α = 0.01)
    ``elu``         ``x`` if x > 0, else ``α (e^x − 1)`` (α = 1)
    ``selu``        ``1.0507 · x`` if x > 0, else ``1.0507 · 1.67326 (e^x − 1)``
    ``gelu``        ``x Φ(x)``, Φ the normal distribution function, exact by erf
    ``silu``        ``x / (1 + e^(−x))``
    ``mish``        ``x tanh(log(1 + e^x))``
    ``softplus``    ``log(1 + e^x)``
    ``tanh``        ``tanh(x)``
    ``sigmoid``     ``1 / (1 + e^(−x))``
    ==============  ====================================================================

    Parameters
    ----------
    name : str or function
        One of the names above, or a custom function: given x, an array, it returns f(x). It works
        wherever others do, more slowly. A file keeps only its name (see `ravine.Model.put_back`),
        and a Dense before it starts with Glorot's weights unless it has another initializer.
    slope : function, optional
        The derivative of a custom function: given x, it returns f'(x).
    alpha : float, optional
        α of ``leaky_relu`` and ``elu``, at least 0. None: the value above.

    References
    ----------
    Maas et al. (2013), leaky ReLU; Clevert et al. (2016), ELU; Klambauer et al. (2017), SELU;
    Hendrycks & Gimpel (2016), GELU; Elfwing et al. (2018), SiLU; Misra (2019), Mish.

    Examples
    --------
    >>> import numpy as np
    >>> import ravine as rv
    >>> rv.Activation("leaky_relu", alpha=0.2)
    Activation('leaky_relu', alpha=0.2)
    >>> rv.Activation(np.sin, slope=np.cos)
    Activation(sin, slope=cos)
    """

    name: ActivationName | Callable[..., Any]
    _: KW_ONLY
    slope: Callable[..., Any] | None = None
    alpha: float | None = None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "name": Function(otherwise=Choice(ACTIVATIONS)),
        "slope": Maybe(Function()),
        "alpha": Maybe(Number(at_least=0)),
    }

    def __init_subclass__(cls, **options: Any) -> None:
        raise TypeError(
            f"{cls.__name__} cannot be a subclass of Activation: a custom activation is "
            "Activation(function, slope=its_derivative), or a subclass of Layer."
        )

    def _is_custom(self) -> bool:
        return not isinstance(self.name, str)

    def _written(self) -> list[str]:
        return [n for n in super()._written() if n != "slope" or self._is_custom()]

    def _engine_part(self, number: Number | None) -> dict[str, Any]:
        from ravine.specs.custom import ActivationPart

        return {"part": ActivationPart(self), "penalty": None}

    def _check(self) -> None:
        if not isinstance(self.name, str):
            if self.slope is None:
                raise ParameterError(
                    f"The activation {short(self.name)} needs its derivative: "
                    "Activation(function, slope=...)."
                )
        elif self.slope is not None:
            raise broken("Activation", "slope", f"None for '{self.name}'", self.slope)
        if self.alpha is not None and self.name not in ALPHA_DEFAULTS:
            raise broken(
                "Activation", "alpha", f"None for '{self.name}', which has none", self.alpha
            )

    def _shorthand(self) -> str | None:
        return self.name if isinstance(self.name, str) and self.alpha is None else None


@dataclass(frozen=True)
class ActivationOrName:
    """The rule of an activation: an `Activation`, its dictionary or its name."""

    def __call__(self, owner: str, name: str, value: Any) -> Activation:
        """Give the activation, or an error that names its owner."""
        if isinstance(value, Activation):
            return value
        if isinstance(value, Mapping):
            return Activation.from_dict(value)
        if isinstance(value, str):
            Choice(ACTIVATIONS)(owner, name, value)
            return Activation(value)  # type: ignore[arg-type]
        if callable(value) and not isinstance(value, type):
            what = "an Activation, which has a custom function's derivative too"
            hint = f"Write Activation({short(value)}, slope=...)."
            raise broken(owner, name, what, value, hint)
        raise broken(owner, name, "None, an Activation or its name", value)
