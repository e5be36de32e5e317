"""Recipe: how a network is trained, every setting in one place."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ravine.errors import ParameterError
from ravine.specs.augmentation import Augmentation, AugmentationOrFunction
from ravine.specs.optimizers import OPTIMIZERS, Adam, Optimizer, check_own_rule
from ravine.specs.penalties import Penalty
from ravine.specs.rules import Choice, Either, Flag, Items, Maybe, Number, Rule, Whole
from ravine.specs.spec import Family, Member, Spec, short
from ravine.specs.stopping import EarlyStopping

__all__ = ["Recipe"]

#: What ``batch_size=None`` means, unless the optimizer is one for full batches.
DEFAULT_BATCH_SIZE = 128

#: The largest seed, so that every TOML reader can hold it.
LARGEST_SEED = 2**63 - 1

_ADAM = Adam()

Augmenter = Augmentation | Callable[..., Any]


@dataclass(frozen=True, repr=False)
class Recipe(Spec):
    """How a network is trained.

    Parameters
    ----------
    optimizer : str or Optimizer, default Adam()
        The update rule with its learning rate, or a name:
        NAMES_OF_OPTIMIZERS.
    batch_size : int or "full", optional
        Rows per step, at least 1; ``"full"`` takes all training rows. None: 128, or ``"full"`` for
        rules that need it or set their own rates. If the network has a `BatchNorm`, a single last
        row joins the mini-batch before it, and 1 is refused.
    epochs : int, default 100
        Passes through the training rows, at least 1.
    penalty : Penalty, optional
        Norm penalty of every layer that does not set its own.
    dropout : float, default 0.0
        Dropout rate in [0, 1) before every Dense but the first. A network that already has
        Dropout layers, or no such Dense, is refused.
    clip_norm : float, optional
        Largest Euclidean norm of the whole gradient, greater than 0; a larger one is scaled down
        to it.
    max_norm : float, optional
        Largest Euclidean norm of each unit's incoming weights, greater than 0; scaled down after a
        step.
    augmentation : Augmentation, function or list of them, default ()
        How training rows are changed, differently in each epoch. A function is
        ``f(X, y, rng) -> (X, y)``.
    validation_fraction : float, default 0.0
        Part of the rows that is set aside for validation, in [0, 1): at random, each class in
        proportion, all copies of a row together. `train` takes groups and times of rows.
    stopping : EarlyStopping, optional
        When to stop before the last epoch.
    averaging : float, optional
        Decay d in (0, 1) of the exponential average of the weights that the model gets (except if
        early stopping watches the loss of full batches, which is that of the weights themselves):
        ``w̄ ← w̄ + c_k (w − w̄)`` after step k, ``c_k = (1 − d) / (1 − d^k)``. The running statistics
        of `ravine.BatchNorm` are averaged in the same way. Validation uses the averages.
    shuffle : bool, default True
        Whether rows are shuffled in each epoch.
    seed : int, default 0
        Seed of everything random, at least 0.
    dtype : {"float32", "float64"}, default "float32"
        Precision of training. float32 has about seven digits: inputs and targets that would
        lose more than a thousandth of their spread are refused, unless a first `Normalize` keeps
        them (see ``Model.offsets``).

    Raises
    ------
    ParameterError
        If a value breaks its rule, or two cannot be combined.

    Examples
    --------
    >>> import ravine as rv
    >>> recipe = rv.Recipe(optimizer="adamw", epochs=20, penalty=rv.L2(1e-4))
    >>> recipe
    Recipe(optimizer=AdamW(learning_rate=0.001), epochs=20, penalty=L2(0.0001))
    >>> recipe.rows_per_step
    128
    >>> rv.Recipe.from_dict(recipe.to_dict()) == recipe
    True
    """

    _: KW_ONLY
    optimizer: Optimizer = _ADAM
    batch_size: int | Literal["full"] | None = None
    epochs: int = 100
    penalty: Penalty | None = None
    dropout: float = 0.0
    clip_norm: float | None = None
    max_norm: float | None = None
    augmentation: tuple[Augmenter, ...] = ()
    validation_fraction: float = 0.0
    stopping: EarlyStopping | None = None
    averaging: float | None = None
    shuffle: bool = True
    seed: int = 0
    dtype: Literal["float32", "float64"] = "float32"

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            optimizer: str | Optimizer = "adam",
            batch_size: int | Literal["full"] | None = None,
            epochs: int = 100,
            penalty: Penalty | None = None,
            dropout: float = 0.0,
            clip_norm: float | None = None,
            max_norm: float | None = None,
            augmentation: Augmenter | Sequence[Augmenter] = (),
            validation_fraction: float = 0.0,
            stopping: EarlyStopping | None = None,
            averaging: float | None = None,
            shuffle: bool = True,
            seed: int = 0,
            dtype: Literal["float32", "float64"] = "float32",
        ) -> None: ...

    _always_shown: ClassVar[tuple[str, ...]] = ("optimizer",)
    _rules: ClassVar[Mapping[str, Rule]] = {
        "optimizer": Member(Optimizer),
        "batch_size": Maybe(Either(("full",), Whole(at_least=1))),
        "epochs": Whole(at_least=1),
        "penalty": Maybe(Member(Penalty)),
        "dropout": Number(at_least=0, below=1),
        "clip_norm": Maybe(Number(above=0)),
        "max_norm": Maybe(Number(above=0)),
        "augmentation": Items(AugmentationOrFunction(), single=True),
        "validation_fraction": Number(at_least=0, below=1),
        "stopping": Maybe(Member(EarlyStopping)),
        "averaging": Maybe(Number(above=0, below=1)),
        "shuffle": Flag(),
        "seed": Whole(at_least=0, at_most=LARGEST_SEED),
        "dtype": Choice(("float32", "float64")),
    }

    def _check(self) -> None:
        check_own_rule(self.optimizer)
        kind = type(self.optimizer).__name__
        if self.optimizer.full_batch and self.batch_size not in (None, "full"):
            raise ParameterError(
                f"{kind} needs all rows at every step: the 'batch_size' parameter of Recipe must "
                f"be None or 'full' with it. Got {self.batch_size}."
            )
        if self.optimizer.evaluates and self.clip_norm is not None:
            raise ParameterError(
                f"{kind} cannot be combined with 'clip_norm': it needs the true gradient. "
                f"Got clip_norm={self.clip_norm:g}."
            )
        check_no_threshold(self.optimizer, self.penalty)

    @property
    def rows_per_step(self) -> int | Literal["full"]:
        """The batch size, with None replaced by its meaning."""
        if self.batch_size is not None:
            return self.batch_size
        rule = self.optimizer
        return "full" if rule.full_batch or rule.adapts_rates else DEFAULT_BATCH_SIZE

    def _repr_html_(self) -> str:
        standard = Recipe()
        rows = ""
        for name in self._rules:
            value = getattr(self, name)
            text = html.escape(short(value))
            cell = (
                f"<code>{text}</code>"
                if value == getattr(standard, name)
                else f"<b><code>{text}</code></b>"
            )
            rows += f"<tr><td>{name}</td><td>{cell}</td></tr>"
        return f"<table><caption>Recipe</caption><tbody>{rows}</tbody></table>"


def check_no_threshold(optimizer: Optimizer, penalty: object) -> None:
    """Refuse a proximal penalty with an optimizer that has no one rate to shrink weights by.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer.
    penalty : Penalty or None
        The recipe's penalty, or that of a layer.

    Raises
    ------
    ParameterError
        If the two cannot be combined.
    """
    if getattr(penalty, "proximal", False) and not optimizer.has_one_rate:
        raise ParameterError(
            f"{type(optimizer).__name__} cannot be combined with {penalty!r}: soft-thresholding "
            "needs steps that are a rate times the gradient, and its steps are not.",
            hint="Use SGD or Adam, or proximal=False.",
        )


def _with_names(text: str | None) -> str | None:
    """Fill in the names of the optimizers; `python -OO` has no text to fill them in."""
    names = ", ".join(f'``"{name}"``' for name in OPTIMIZERS.shorthands)
    indent = " " * 8
    listed = textwrap.fill(f"{names}.", 100, initial_indent=indent, subsequent_indent=indent)
    return text and text.replace(f"{indent}NAMES_OF_OPTIMIZERS.", listed)


Recipe.__doc__ = _with_names(Recipe.__doc__)

RECIPES: Family[Recipe] = Family("a recipe", Recipe, (Recipe,))
