"""Layers: what a network is stacked from.

``x`` is a layer's input and ``y`` its output, one row per row of data. A layer's parameters are
named ``<layer>_<n>.<array>``, such as ``dense_1.weight``; n counts the layers of one kind in a
stack from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .errors import ParameterError
from .initializers import Initializer
from .penalties import Penalty
from .rules import Choice, Either, Flag, Items, Maybe, Number, Rule, Whole, broken
from .spec import Family, Member, Spec

__all__ = [
    "Activation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "Layer",
    "LayerNorm",
    "Normalize",
    "Periodic",
    "PiecewiseLinear",
    "Residual",
    "Scale",
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
    """The base of every layer.

    Examples
    --------
    >>> import ravine as rv
    >>> [layer.__class__.__name__ for layer in rv.Network([rv.Normalize(), rv.Dense(1)]).layers]
    ['Normalize', 'Dense']
    """


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
    name : str
        One of the names above.
    alpha : float, optional
        α of ``leaky_relu`` and ``elu``, at least 0. None: the value above.

    References
    ----------
    Maas et al. (2013), leaky ReLU; Clevert et al. (2016), ELU; Klambauer et al. (2017), SELU;
    Hendrycks & Gimpel (2016), GELU; Elfwing et al. (2018), SiLU; Misra (2019), Mish.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Activation("leaky_relu", alpha=0.2)
    Activation('leaky_relu', alpha=0.2)
    """

    name: ActivationName
    _: KW_ONLY
    alpha: float | None = None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "name": Choice(ACTIVATIONS),
        "alpha": Maybe(Number(at_least=0)),
    }

    def _check(self) -> None:
        if self.alpha is not None and self.name not in ALPHA_DEFAULTS:
            raise broken(
                "Activation", "alpha", f"None for '{self.name}', which has none", self.alpha
            )

    def _shorthand(self) -> str | None:
        return self.name if self.alpha is None else None


@dataclass(frozen=True)
class _ActivationOrName:
    """The rule of an activation: an `Activation`, its dictionary or its name."""

    def __call__(self, owner: str, name: str, value: Any) -> Activation:
        if isinstance(value, Activation):
            return value
        if isinstance(value, Mapping):
            return Activation.from_dict(value)
        if isinstance(value, str):
            Choice(ACTIVATIONS)(owner, name, value)
            return Activation(value)  # type: ignore[arg-type]
        raise broken(owner, name, "None, an Activation or its name", value)


@dataclass(frozen=True, repr=False)
class Normalize(Layer):
    """Standardise every input column: ``y = (x − mean) / standard deviation``.

    Both are learnt from the training rows alone before the first step, the standard deviation over
    n, by weight where rows have weights; a constant column becomes 0. Columns that an `Embedding`
    of the network reads are left as they are. It is the very first layer of a network or absent.

    In float32 it keeps the values of columns far from 0, such as seconds since 1970: a constant
    near the column's mean (``Model.offsets``) is subtracted in double before X is rounded.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Network([rv.Normalize(), rv.Dense(1)])
    Network([Normalize(), Dense(1)], loss='squared_error')
    """


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """Every output from every input: ``y = f(x W + b)``.

    Parameters
    ----------
    units : int or None
        Outputs, at least 1. None, in the last layer of a network alone: filled in from y when the
        network is trained: its columns, or its classes.
    activation : str or Activation, optional
        f. None: the identity.
    use_bias : bool, default True
        Whether there is a b; it starts at 0.
    initializer : str or Initializer, optional
        How W starts. None: what suits the activation behind it (He for the ReLU family, LeCun for
        SELU, Glorot otherwise).
    penalty : "recipe", None or Penalty, default "recipe"
        This layer's norm penalty; ``"recipe"`` takes the recipe's, None switches it off here.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Dense(64, activation="relu", penalty=rv.L2(1e-4))
    Dense(64, activation='relu', penalty=L2(0.0001))
    """

    units: int | None
    _: KW_ONLY
    activation: Activation | None = None
    use_bias: bool = True
    initializer: Initializer | None = None
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    if TYPE_CHECKING:

        def __init__(
            self,
            units: int | None,
            *,
            activation: ActivationName | Activation | None = None,
            use_bias: bool = True,
            initializer: str | Initializer | None = None,
            penalty: Literal["recipe"] | Penalty | None = "recipe",
        ) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "units": Maybe(Whole(at_least=1)),
        "activation": Maybe(_ActivationOrName()),
        "use_bias": Flag(),
        "initializer": Maybe(Member(Initializer)),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }


@dataclass(frozen=True, repr=False)
class BatchNorm(Layer):
    """Standardise each column over the mini-batch, then scale and shift it as learnt.

    In training ``y = scale · (x − μ) / √(σ² + ε) + shift`` with the mean μ and the variance σ²
    (over n) of the mini-batch, and ``running ← momentum · running + (1 − momentum) · batch``, the
    running variance from the variance over n − 1. Prediction takes the running values. A
    last row by itself joins the mini-batch before it; ``batch_size=1`` is an error. With sample
    weights ``μ = Σ s x / Σ s`` and ``σ² = Σ s (x − μ)² / Σ s``, and the running variance is of
    ``σ² / (1 − Σ s² / (Σ s)²)``.

    Parameters
    ----------
    momentum : float, default 0.9
        What the running values keep of themselves per step, in [0, 1).
    epsilon : float, default 1e-5
        ε, greater than 0.

    References
    ----------
    Ioffe & Szegedy (2015), Algorithms 1 and 2. Departure: running averages, as in PyTorch (whose
    ``momentum`` is 1 minus this one).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.BatchNorm(momentum=0.99)
    BatchNorm(momentum=0.99)
    """

    _: KW_ONLY
    momentum: float = 0.9
    epsilon: float = 1e-5

    _rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": Number(at_least=0, below=1),
        "epsilon": Number(above=0),
    }


@dataclass(frozen=True, repr=False)
class LayerNorm(Layer):
    """Standardise each row over its features, then scale and shift every feature as learnt.

    ``y = scale · (x − μ) / √(σ² + ε) + shift``, μ and σ² (over n) of the row.

    Parameters
    ----------
    epsilon : float, default 1e-5
        ε, greater than 0.

    References
    ----------
    Ba, Kiros & Hinton (2016), arXiv:1607.06450.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.LayerNorm()
    LayerNorm()
    """

    _: KW_ONLY
    epsilon: float = 1e-5

    _rules: ClassVar[Mapping[str, Rule]] = {"epsilon": Number(above=0)}


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """Set each input to 0 with probability p in training, scale the others by ``1 / (1 − p)``.

    Prediction leaves the input as it is, unless `ravine.Model.predict` is asked for samples.

    Parameters
    ----------
    rate : float
        p, in [0, 1).
    fades : bool, default False
        Whether p falls to 0: with q the part of ``length`` that is over, it is ``rate`` for q < ½,
        then ``rate · (1 − cos(2π q)) / 2``, and 0 from q = 1 on.
    length : float, optional
        Epochs that the fading takes, greater than 0; only with ``fades``. None: the whole run. A
        run that is to go on from its checkpoint with more epochs needs a length from the start.

    References
    ----------
    Srivastava et al. (2014), JMLR 15, 1929-1958. Departure: the scale is applied in training.
    Fading: Holzmüller, Grinsztajn & Steinwart (2024), Better by Default, NeurIPS, appendix A.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Dropout(0.2)
    Dropout(0.2)
    """

    rate: float
    _: KW_ONLY
    fades: bool = False
    length: float | None = None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "rate": Number(at_least=0, below=1),
        "fades": Flag(),
        "length": Maybe(Number(above=0)),
    }

    def _check(self) -> None:
        if self.length is not None and not self.fades:
            raise broken("Dropout", "length", "None unless fades is True", self.length)


@dataclass(frozen=True, repr=False)
class GaussianNoise(Layer):
    """Add normal noise in training: ``y = x + stddev · z``, z standard normal.

    Prediction leaves the input as it is.

    Parameters
    ----------
    stddev : float
        Standard deviation in units of the layer's input, at least 0.

    References
    ----------
    Bishop (1995), Training with Noise is Equivalent to Tikhonov Regularization, Neural Computation
    7(1).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.GaussianNoise(0.1)
    GaussianNoise(0.1)
    """

    stddev: float

    _rules: ClassVar[Mapping[str, Rule]] = {"stddev": Number(at_least=0)}


@dataclass(frozen=True, repr=False)
class Embedding(Layer):
    """Give each level of a categorical column a learnt vector; other columns pass through.

    The input's ``columns`` hold codes 0 … levels − 1. The output is the other columns in their
    order, then the vectors in the order of ``columns``. It reads a table's own columns: it is a
    network's first layer or stands right behind `Normalize`, which leaves the codes alone.

    Parameters
    ----------
    columns : tuple of int
        Positions of the coded columns, from 0, each once.
    levels : tuple of int
        How many levels each of them has, at least 1.
    dimension : int or tuple of int
        Length of the vectors, at least 1: one for all columns or one for each. Kept as a tuple.
    initializer : str or Initializer, optional
        How the vectors start. None: normal with standard deviation 0.05.
    penalty : "recipe", None or Penalty, default "recipe"
        Norm penalty on the vectors; ``"recipe"`` takes the recipe's, None switches it off here.

    References
    ----------
    Guo & Berkhahn (2016), Entity Embeddings of Categorical Variables, arXiv:1604.06737.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Embedding(columns=(2, 5), levels=(7, 4), dimension=3)
    Embedding([2, 5], [7, 4], [3, 3])
    """

    columns: tuple[int, ...]
    levels: tuple[int, ...]
    dimension: tuple[int, ...]
    _: KW_ONLY
    initializer: Initializer | None = None
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    if TYPE_CHECKING:

        def __init__(
            self,
            columns: Sequence[int],
            levels: Sequence[int],
            dimension: int | Sequence[int],
            *,
            initializer: str | Initializer | None = None,
            penalty: Literal["recipe"] | Penalty | None = "recipe",
        ) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "columns": Items(Whole(at_least=0), at_least=1),
        "levels": Items(Whole(at_least=1), at_least=1),
        "dimension": Items(Whole(at_least=1), at_least=1, single=True),
        "initializer": Maybe(Member(Initializer)),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }

    def __post_init__(self) -> None:
        shared = not isinstance(self.dimension, list | tuple)
        super().__post_init__()
        _check_per_column(self, "dimension", shared=shared)
        _check_per_column(self, "levels")


@dataclass(frozen=True, repr=False)
class PiecewiseLinear(Layer):
    """A `Dense` layer that can bend in some of its inputs, at whole numbers.

    An input x of T bins becomes the T numbers ``clip(x − t, 0, 1)``, t = 0 … T−1: x says how many
    bins a number has come through. Then ``y = f(z W + b)``, where z is the other inputs in their
    order followed by these numbers in the order of ``columns``. Of each such input, an output is a
    continuous piecewise-linear function, constant below 0 and above T.

    With the edges ``e_0 < … < e_T`` of a number's bins, such as its quantiles, its x is
    ``numpy.interp(number, e, numpy.arange(T + 1))``; this is then the piecewise-linear encoding,
    in one column instead of T. The cost of a row does not depend on T, only that of an update
    does.

    It reads a table's own columns: it is a network's first layer, or stands right behind
    `Normalize`, which leaves these columns alone, or `Embedding`, whose output it then counts in.

    Parameters
    ----------
    units : int
        Outputs, at least 1.
    columns : tuple of int
        Positions of the inputs that have bins, from 0, each once.
    bins : int or tuple of int
        T, at least 1: one for all columns or one for each. Kept as a tuple.
    activation : str or Activation, optional
        f. None: the identity.
    use_bias : bool, default True
        Whether there is a b; it starts at 0.
    pace : float, optional
        If given, each number in z is multiplied by a learnt factor first, as by a `Scale` of this
        pace; greater than 0.
    initializer : str or Initializer, optional
        How W starts. None: as in `Dense`.
    penalty : "recipe", None or Penalty, default "recipe"
        This layer's norm penalty; ``"recipe"`` takes the recipe's, None switches it off here.

    References
    ----------
    Gorishniy, Rubachev & Babenko (2022), On Embeddings for Numerical Features in Tabular Deep
    Learning, NeurIPS, section 3.2. Departure: the first and the last bin do not go on beyond the
    edges.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.PiecewiseLinear(64, columns=(0, 2), bins=16, activation="relu")
    PiecewiseLinear(64, [0, 2], [16, 16], activation='relu')
    """

    units: int
    columns: tuple[int, ...]
    bins: tuple[int, ...]
    _: KW_ONLY
    activation: Activation | None = None
    use_bias: bool = True
    pace: float | None = None
    initializer: Initializer | None = None
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    if TYPE_CHECKING:

        def __init__(
            self,
            units: int,
            columns: Sequence[int],
            bins: int | Sequence[int],
            *,
            activation: ActivationName | Activation | None = None,
            use_bias: bool = True,
            pace: float | None = None,
            initializer: str | Initializer | None = None,
            penalty: Literal["recipe"] | Penalty | None = "recipe",
        ) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "units": Whole(at_least=1),
        "columns": Items(Whole(at_least=0), at_least=1),
        "bins": Items(Whole(at_least=1), at_least=1, single=True),
        "activation": Maybe(_ActivationOrName()),
        "use_bias": Flag(),
        "pace": Maybe(Number(above=0)),
        "initializer": Maybe(Member(Initializer)),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }

    def __post_init__(self) -> None:
        shared = not isinstance(self.bins, list | tuple)
        super().__post_init__()
        _check_per_column(self, "bins", shared=shared)


@dataclass(frozen=True, repr=False)
class Periodic(Layer):
    """Give some inputs x also as waves of learnt frequencies w and phases b.

    The output is all inputs in their order, then ``√2 cos(2π (w x + b))`` for each w and b of the
    first of ``columns``, of the second, and so on. A layer behind it can so learn functions that
    change quickly with x, which those of x itself are slow to learn.

    Parameters
    ----------
    columns : tuple of int
        Positions of the inputs that become waves too, from 0, each once.
    frequencies : int, default 16
        Waves of each, at least 1.
    initializer : str or Initializer, optional
        How w starts, in waves per unit of x. None: normal with standard deviation 0.5, which
        suits standardised inputs. b starts uniformly in [−½, ½).
    penalty : "recipe", None or Penalty, default "recipe"
        Norm penalty on w; ``"recipe"`` takes the recipe's, None switches it off here.

    References
    ----------
    Gorishniy, Rubachev & Babenko (2022), On Embeddings for Numerical Features in Tabular Deep
    Learning, NeurIPS, section 3.3. Departures: a phase in place of a sine beside each cosine, as in
    Rahimi & Recht (2007), Random Features for Large-Scale Kernel Machines, NeurIPS, section 3; and
    no layer of their own behind each column's waves.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Periodic(columns=(0, 2), frequencies=8)
    Periodic([0, 2], frequencies=8)
    """

    columns: tuple[int, ...]
    frequencies: int = 16
    _: KW_ONLY
    initializer: Initializer | None = None
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    if TYPE_CHECKING:

        def __init__(
            self,
            columns: Sequence[int],
            frequencies: int = 16,
            *,
            initializer: str | Initializer | None = None,
            penalty: Literal["recipe"] | Penalty | None = "recipe",
        ) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "columns": Items(Whole(at_least=0), at_least=1),
        "frequencies": Whole(at_least=1),
        "initializer": Maybe(Member(Initializer)),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }

    def _check(self) -> None:
        _check_distinct(self)


@dataclass(frozen=True, repr=False)
class Scale(Layer):
    """Multiply each input by a factor of its own that is learnt: ``y_j = (1 + pace · s_j) x_j``.

    s starts at 0. A layer behind it can so let go of inputs that tell nothing, and weight decay
    and penalties draw the factors to 1.

    Parameters
    ----------
    pace : float, default 6.0
        How many times as fast the factor moves as other weights do under an optimizer whose steps
        do not depend on how large a gradient is (Adam); greater than 0.
    penalty : "recipe", None or Penalty, default "recipe"
        Norm penalty on s; ``"recipe"`` takes the recipe's, None switches it off here.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), Better by Default: Strong Pre-Tuned MLPs and Boosted
    Trees on Tabular Data, NeurIPS, section 3. Departure: the pace stands in the factor in place of
    the learning rate, so that decay draws it to 1, not 0.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Scale(pace=1)
    Scale(pace=1.0)
    """

    _: KW_ONLY
    pace: float = 6.0
    penalty: Literal["recipe"] | Penalty | None = "recipe"

    _rules: ClassVar[Mapping[str, Rule]] = {
        "pace": Number(above=0),
        "penalty": Maybe(Either(("recipe",), Member(Penalty))),
    }


@dataclass(frozen=True, repr=False)
class Residual(Layer):
    """Add what a nested stack makes of the input to the input: ``y = x + f(x)``.

    Parameters
    ----------
    layers : list of Layer
        f: at least one layer, none of them `Normalize` or `Embedding`; its output has the shape of
        its input.

    References
    ----------
    He et al. (2016), Deep Residual Learning for Image Recognition, CVPR, equation 1.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Residual([rv.Dense(8, activation="relu"), rv.Dense(8)])
    Residual([Dense(8, activation='relu'), Dense(8)])
    """

    layers: tuple[Layer, ...]

    if TYPE_CHECKING:

        def __init__(self, layers: Sequence[Layer]) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {"layers": Items(Member(Layer), at_least=1)}

    def _check(self) -> None:
        for layer in self.layers:
            if isinstance(layer, Normalize | Embedding | PiecewiseLinear):
                kind = type(layer).__name__
                raise ParameterError(
                    f"{kind} reads a table's own columns: it cannot stand in a Residual."
                )


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """Make one row of numbers from an image or any other array, in C order.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Flatten()
    Flatten()
    """


LAYERS: Family[Layer] = Family(
    "a layer",
    Layer,
    (
        Normalize,
        Dense,
        Activation,
        BatchNorm,
        LayerNorm,
        Dropout,
        GaussianNoise,
        Embedding,
        PiecewiseLinear,
        Periodic,
        Scale,
        Residual,
        Flatten,
    ),
)


def _check_per_column(layer: Embedding | PiecewiseLinear, name: str, shared: bool = False) -> None:
    """Check that there is one value a column; a shared one is repeated."""
    if shared:
        object.__setattr__(layer, name, getattr(layer, name) * len(layer.columns))
    _check_distinct(layer)
    value = getattr(layer, name)
    if len(value) != len(layer.columns):
        raise broken(
            type(layer).__name__, name, f"as long as its columns, {len(layer.columns)}", value
        )


def _check_distinct(layer: Embedding | PiecewiseLinear | Periodic) -> None:
    """Check that no column stands twice."""
    if len(set(layer.columns)) < len(layer.columns):
        kind = type(layer).__name__
        raise broken(kind, "columns", "a tuple of distinct positions", layer.columns)
