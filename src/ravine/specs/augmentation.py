"""Augmentation: training rows that are changed a little, anew each epoch.

Only training rows are ever changed, never those for validation or prediction. Rotate, Shift, Zoom
and Flip take images as rows, height × width or height × width × channels; the others any rows. A
custom function, ``f(X, y, rng) -> (X, y)``, can stand in their place; ``rng`` is a NumPy
generator seeded by the recipe's seed and the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ravine.specs.rules import Flag, Items, Maybe, Number, Rule, Whole, broken
from ravine.specs.spec import Family, Member, Spec, kinds_in

__all__ = [
    "Augmentation",
    "Flip",
    "Mixup",
    "Noise",
    "Rotate",
    "Shift",
    "Synthesize",
    "Zoom",
]


class Augmentation(Spec):
    """The base of every augmentation.

    A custom one is a function ``f(X, y, rng) -> (X, y)``, or a subclass whose objects can be called
    as one.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Recipe(augmentation=[rv.Rotate(10), rv.Shift(0.1)]).augmentation
    (Rotate(10.0), Shift(0.1))
    >>> class Jitter(rv.Augmentation):
    ...     def __init__(self, stddev):
    ...         self.stddev = stddev
    ...
    ...     def __call__(self, X, y, rng):
    ...         return X + self.stddev * rng.normal(size=X.shape), y
    >>> rv.Recipe(augmentation=Jitter(0.1)).augmentation
    (Jitter(0.1),)
    """


@dataclass(frozen=True)
class AugmentationOrFunction:
    """The rule of one augmentation: a description, its dictionary or a function."""

    def __call__(self, owner: str, name: str, value: Any) -> Augmentation | Callable[..., Any]:
        if isinstance(value, type):
            raise broken(owner, name, "an augmentation or a function", value)
        if callable(value) and not isinstance(value, Augmentation):
            return value  # type: ignore[no-any-return]
        augmentation: Augmentation = Member(Augmentation)(owner, name, value)
        return augmentation


def custom_of(items: Iterable[Augmentation | Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Pick the functions and classes that a user wrote."""
    return [item for item in items if type(item) not in AUGMENTATIONS]  # type: ignore[misc]


def built_in_of(items: Iterable[Augmentation | Callable[..., Any]]) -> list[Augmentation]:
    """Pick those of ravine's own."""
    return [item for item in items if type(item) in AUGMENTATIONS]  # type: ignore[misc]


@dataclass(frozen=True, repr=False)
class Rotate(Augmentation):
    """Turn each image about its centre by an angle uniform in ±degrees, bilinearly.

    Parameters
    ----------
    degrees : float
        Largest angle in degrees, in [0, 180].

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Rotate(15)
    Rotate(15.0)
    """

    degrees: float

    _rules: ClassVar[Mapping[str, Rule]] = {"degrees": Number(at_least=0, at_most=180)}


@dataclass(frozen=True, repr=False)
class Shift(Augmentation):
    """Move each image by parts of its height and width, both uniform in ±fraction, bilinearly.

    Parameters
    ----------
    fraction : float
        Largest shift as a part of height and width, in [0, 1].

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Shift(0.1)
    Shift(0.1)
    """

    fraction: float

    _rules: ClassVar[Mapping[str, Rule]] = {"fraction": Number(at_least=0, at_most=1)}


@dataclass(frozen=True, repr=False)
class Zoom(Augmentation):
    """Enlarge each image about its centre by a factor uniform in 1 ± fraction, bilinearly.

    Parameters
    ----------
    fraction : float
        Largest change of the factor, in [0, 1).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Zoom(0.2)
    Zoom(0.2)
    """

    fraction: float

    _rules: ClassVar[Mapping[str, Rule]] = {"fraction": Number(at_least=0, below=1)}


@dataclass(frozen=True, repr=False)
class Flip(Augmentation):
    """Mirror each image, each way that is asked for with probability ½.

    Parameters
    ----------
    horizontal : bool, default True
        Left to right.
    vertical : bool, default False
        Top to bottom.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Flip(vertical=True)
    Flip(vertical=True)
    """

    _: KW_ONLY
    horizontal: bool = True
    vertical: bool = False

    _rules: ClassVar[Mapping[str, Rule]] = {"horizontal": Flag(), "vertical": Flag()}


@dataclass(frozen=True, repr=False)
class Noise(Augmentation):
    """Add normal noise: ``x_j ← x_j + stddev · s_j · z``, z standard normal.

    Columns that an `ravine.Embedding` reads are left as they are.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise, at least 0.
    relative : bool, default True
        Whether s_j is the (weighted) standard deviation of column j over the training rows; else
        it is 1.

    References
    ----------
    Bishop (1995), Training with Noise is Equivalent to Tikhonov Regularization, Neural Computation
    7(1).

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Noise(0.05)
    Noise(0.05)
    """

    stddev: float
    _: KW_ONLY
    relative: bool = True

    _rules: ClassVar[Mapping[str, Rule]] = {"stddev": Number(at_least=0), "relative": Flag()}


@dataclass(frozen=True, repr=False)
class Mixup(Augmentation):
    """Blend each row with another of its mini-batch: ``x ← λ x + (1 − λ) x'``, y likewise.

    λ is drawn from Beta(α, α) for each row; classes are blended as one-hot rows. With sample
    weights a mixed row weighs ``λ s + (1 − λ) s'``, and its target is
    ``(λ s y + (1 − λ) s' y') / (λ s + (1 − λ) s')``.

    Parameters
    ----------
    alpha : float, default 0.2
        α, greater than 0; small values blend little.

    References
    ----------
    Zhang, Cissé, Dauphin & Lopez-Paz (2018), mixup, ICLR. Departure: λ per row, not per mini-batch.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Mixup(0.4)
    Mixup(alpha=0.4)
    """

    alpha: float = 0.2

    _rules: ClassVar[Mapping[str, Rule]] = {"alpha": Number(above=0)}


@dataclass(frozen=True)
class _ColumnOrGroup:
    """The rule of one entry of Synthesize's categories: a column or a group of columns."""

    def __call__(self, owner: str, name: str, value: Any) -> int | tuple[int, ...]:
        column = Whole(at_least=0)
        if isinstance(value, list | tuple):
            return Items(column, at_least=1)(owner, name, value)
        return column(owner, name, value)


@dataclass(frozen=True, repr=False)
class Synthesize(Augmentation):
    """Add rows drawn from Gaussian copulas fitted to the training rows, one for each class.

    A regression has a single one, which the targets join. Values of a numeric column stay within
    those seen; discrete columns take levels that were seen. Discrete are: ``categories``, the codes
    that an `ravine.Embedding` reads, and columns of at most ten distinct values. With sample
    weights, levels and correlations count by weight, and a new row weighs the mean weight of its
    class (of all rows in a regression).

    A Gaussian copula carries each column's distribution and straight lines between normal scores,
    no squares, products or other curves. Training rows that have such are warned of, once per data
    set. `ravine.augment` shows the rows that are made.

    Parameters
    ----------
    fraction : float, default 1.0
        Rows added per training row, greater than 0.
    categories : tuple of int or of tuple of int, optional
        Positions of further columns to take as discrete, each once. A tuple in it is a group, such
        as the 0/1 columns of one category: one of the patterns seen comes out.

    References
    ----------
    Nelsen (2006), An Introduction to Copulas, 2nd ed., section 2.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Synthesize(0.5, categories=[3, (5, 6, 7)])
    Synthesize(fraction=0.5, categories=[3, [5, 6, 7]])
    """

    fraction: float = 1.0
    _: KW_ONLY
    categories: tuple[int | tuple[int, ...], ...] | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            fraction: float = 1.0,
            *,
            categories: Sequence[int | Sequence[int]] | None = None,
        ) -> None: ...

    _rules: ClassVar[Mapping[str, Rule]] = {
        "fraction": Number(above=0),
        "categories": Maybe(Items(_ColumnOrGroup())),
    }

    def _check(self) -> None:
        columns: list[int] = []
        for entry in self.categories or ():
            columns.extend(entry if isinstance(entry, tuple) else (entry,))
        if len(set(columns)) < len(columns):
            raise broken("Synthesize", "categories", "columns named once each", self.categories)


AUGMENTATIONS: Family[Augmentation] = Family(
    "an augmentation",
    Augmentation,
    kinds_in(Augmentation, __name__),
    extensible=("__call__",),
)
