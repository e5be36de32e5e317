"""Layers for columns: codes as vectors, numbers as bins or waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ravine.specs.initializers import Initializer
from ravine.specs.layers.base import Activation, ActivationName, ActivationOrName, Layer
from ravine.specs.penalties import Penalty
from ravine.specs.rules import (
    Either,
    Flag,
    Items,
    Maybe,
    Number,
    Rule,
    Whole,
    broken,
)
from ravine.specs.spec import Member

__all__ = ["Embedding", "Periodic", "PiecewiseLinear"]


@dataclass(frozen=True, repr=False)
class Embedding(Layer):
    """Give each level of a categorical column a learnt vector; other columns pass through.

    The input's ``columns`` hold codes 0 … levels − 1. The output is the other columns in their
    order, then the vectors in the order of ``columns``. It reads the columns of a table: it is a
    network's first layer or comes right after `Normalize`, which does not change the codes.

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

    _only_first: ClassVar[bool] = True
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
    """A `Dense` layer that is piecewise linear in some of its inputs, with kinks at whole numbers.

    An input x of T bins becomes the T numbers ``clip(x − t, 0, 1)``, t = 0 … T−1: x says how many
    bins a number has come through. Then ``y = f(z W + b)``, where z is the other inputs in their
    order followed by these numbers in the order of ``columns``. Of each such input, an output is a
    continuous piecewise-linear function, constant below 0 and above T.

    With the edges ``e_0 < … < e_T`` of a number's bins, such as its quantiles, its x is
    ``numpy.interp(number, e, numpy.arange(T + 1))``; this is then the piecewise-linear encoding,
    in one column instead of T. The cost of a row does not depend on T, only that of an update
    does.

    It reads the columns of a table: it is a network's first layer, or comes right after
    `Normalize`, which does not change these columns, or `Embedding`; then ``columns`` are positions
    in the output of the embedding.

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
    Learning, NeurIPS, section 3.2. Departure: the first and the last bin end at their
    outer edges.

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

    _only_first: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "units": Whole(at_least=1),
        "columns": Items(Whole(at_least=0), at_least=1),
        "bins": Items(Whole(at_least=1), at_least=1, single=True),
        "activation": Maybe(ActivationOrName()),
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
    first of ``columns``, of the second, and so on. A layer after it can then learn functions
    that change quickly with x, which are slow to learn from x itself.

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
    no separate layer after each column's waves.

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


def _check_per_column(layer: Embedding | PiecewiseLinear, name: str, shared: bool = False) -> None:
    """Check that there is one value per column; a shared one is repeated."""
    if shared:
        object.__setattr__(layer, name, getattr(layer, name) * len(layer.columns))
    _check_distinct(layer)
    value = getattr(layer, name)
    if len(value) != len(layer.columns):
        raise broken(
            type(layer).__name__, name, f"as long as its columns, {len(layer.columns)}", value
        )


def _check_distinct(layer: Embedding | PiecewiseLinear | Periodic) -> None:
    """Check that no column appears twice."""
    if len(set(layer.columns)) < len(layer.columns):
        kind = type(layer).__name__
        raise broken(kind, "columns", "a tuple of distinct positions", layer.columns)
