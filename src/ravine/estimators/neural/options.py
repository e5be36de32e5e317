"""The options of the neural estimators as frozen descriptions, and the rules of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Self

from ravine.specs.layers.base import ACTIVATIONS, ActivationName
from ravine.specs.losses import OF_NUMBERS
from ravine.specs.rules import (
    Choice,
    Either,
    Flag,
    Items,
    Maybe,
    Number,
    Rule,
    Whole,
    broken,
    nearest,
)
from ravine.specs.spec import Family, Member, Spec

__all__ = [
    "VARIANTS",
    "ClassifierOptions",
    "ClassifierVariant",
    "Options",
    "RegressorOptions",
    "RegressorVariant",
    "Variant",
]

_FRACTION = Number(at_least=0, below=1)

#: The further variants of ``variants="auto"``: what each changes; the trials that they come from
#: are in benchmarks/defaults/README.md.
VARIANTS: tuple[Mapping[str, Any], ...] = (
    {"activation": "selu"},
    {
        "hidden_layer_sizes": (64,),
        "activation": "relu",
        "n_bins": 64,
        "input_scale": False,
        "weight_decay": 1.0,
        "label_smoothing": 0.0,
    },
    {
        "hidden_layer_sizes": (64, 64),
        "activation": "selu",
        "number_embedding": "none",
        "input_scale": False,
    },
    {
        "hidden_layer_sizes": (256, 256),
        "activation": "relu",
        "number_embedding": "periodic",
        "input_scale": False,
        "learning_rate": 2e-3,
        "epochs": 60,
        "patience": None,
    },
)


@dataclass(frozen=True, kw_only=True)
class Variant(Spec):
    """How the members of one variant are built and trained: what variants may differ in.

    The fields are parameters of the estimators, see
    `ravine.estimators.neural.parameters.NeuralParameters`.
    """

    hidden_layer_sizes: tuple[int, ...]
    activation: ActivationName
    normalization: str | None
    number_embedding: str
    n_bins: int
    category_dimension: int | None
    input_scale: bool
    learning_rate: float
    schedule: str
    beta2: float
    weight_decay: float
    dropout: float
    dropout_fades: bool
    clip_norm: float | None
    averaging: float | None
    batch_size: int | str
    epochs: int | str
    patience: int | str | None

    _rules: ClassVar[Mapping[str, Rule]] = {
        "hidden_layer_sizes": Items(Whole(at_least=1), single=True),
        "activation": Choice(ACTIVATIONS),
        "normalization": Maybe(Choice(("batch", "layer"))),
        "number_embedding": Choice(("none", "piecewise_linear", "periodic")),
        "n_bins": Whole(at_least=2, at_most=1000),
        "category_dimension": Maybe(Whole(at_least=1)),
        "input_scale": Flag(),
        "learning_rate": Number(above=0),
        "schedule": Choice(("cosine", "cyclic_cosine", "constant", "exponential", "one_cycle")),
        "beta2": _FRACTION,
        "weight_decay": Number(at_least=0),
        "dropout": _FRACTION,
        "dropout_fades": Flag(),
        "clip_norm": Maybe(Number(above=0)),
        "averaging": Maybe(Number(above=0, below=1)),
        "batch_size": Either(("auto", "full"), Whole(at_least=1)),
        "epochs": Either(("auto",), Whole(at_least=1)),
        "patience": Maybe(Either(("auto",), Whole(at_least=1))),
    }


@dataclass(frozen=True, kw_only=True)
class ClassifierVariant(Variant):
    """A variant of a classifier's members."""

    label_smoothing: float

    _owner: ClassVar[str | None] = "NeuralClassifier"
    _rules: ClassVar[Mapping[str, Rule]] = {**Variant._rules, "label_smoothing": _FRACTION}


@dataclass(frozen=True, kw_only=True)
class RegressorVariant(Variant):
    """A variant of a regressor's members."""

    _owner: ClassVar[str | None] = "NeuralRegressor"


@dataclass(frozen=True, kw_only=True)
class Options(Spec):
    """What an estimator does: what all its members share, and the variants that they come in.

    Parameters
    ----------
    variants : tuple of Variant
        The first one is what the estimator's own parameters say.
    """

    n_members: int
    most_one_hot_levels: int
    validation_fraction: float
    refit_full: bool
    on_new_missing: str
    dtype: Literal["float32", "float64"]
    variants: tuple[Variant, ...]

    _variant: ClassVar[type[Variant]] = Variant
    _rules: ClassVar[Mapping[str, Rule]] = {
        "n_members": Whole(at_least=1),
        "most_one_hot_levels": Whole(at_least=0),
        "validation_fraction": _FRACTION,
        "refit_full": Flag(),
        "on_new_missing": Choice(("error", "median")),
        "dtype": Choice(("float32", "float64")),
        "variants": Items(Member(Variant), at_least=1),
    }

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Describe an estimator's parameters.

        Parameters
        ----------
        estimator : NeuralClassifier or NeuralRegressor
            The estimator.

        Returns
        -------
        Options
            The description.

        Raises
        ------
        ParameterError
            If a parameter breaks its rule.
        """
        first = cls._variant(**_taken(estimator, cls._variant))
        if isinstance(estimator.variants, str) and estimator.variants == "auto":
            usual = cls._variant(**_taken(type(estimator)(), cls._variant))
            chosen = [_where_usual(change, first, usual) for change in VARIANTS]
            changes: list[Mapping[str, Any]] = [change for change in chosen if change]
        else:
            changes = _checked(estimator.variants, cls._variant)
        variants = (first, *(first.replace(**change) for change in changes))
        return cls(**_taken(estimator, cls) | {"variants": variants})


@dataclass(frozen=True, kw_only=True)
class ClassifierOptions(Options):
    """The options of a `ravine.NeuralClassifier`."""

    calibrate: bool

    _owner: ClassVar[str | None] = "NeuralClassifier"
    _variant: ClassVar[type[Variant]] = ClassifierVariant
    _rules: ClassVar[Mapping[str, Rule]] = {**Options._rules, "calibrate": Flag()}


@dataclass(frozen=True, kw_only=True)
class RegressorOptions(Options):
    """The options of a `ravine.NeuralRegressor`."""

    loss: str
    quantiles: tuple[float, ...]
    clip_predictions: bool

    _owner: ClassVar[str | None] = "NeuralRegressor"
    _variant: ClassVar[type[Variant]] = RegressorVariant
    _rules: ClassVar[Mapping[str, Rule]] = {
        **Options._rules,
        "loss": Choice(OF_NUMBERS),
        "quantiles": Items(Number(above=0, below=1), at_least=1, single=True),
        "clip_predictions": Flag(),
    }


Family("a variant", Variant, [ClassifierVariant, RegressorVariant])
Family("options", Options, [ClassifierOptions, RegressorOptions])


def _taken(estimator: Any, kind: type[Spec]) -> dict[str, Any]:
    """Take the parameters that a description has from an estimator."""
    return {field.name: getattr(estimator, field.name) for field in fields(kind)}  # type: ignore[arg-type]


def _where_usual(change: Mapping[str, Any], first: Variant, usual: Variant) -> dict[str, Any]:
    """Give what changes parameters that are at their default."""
    return {
        name: value
        for name, value in change.items()
        if hasattr(usual, name) and getattr(first, name) == getattr(usual, name) != value
    }


def _checked(variants: Any, kind: type[Variant]) -> list[Mapping[str, Any]]:
    """Check what a caller wants variants to change; their values are checked as all others are."""
    owner, known = str(kind._owner), [field.name for field in fields(kind)]
    if variants is None:
        return []
    if isinstance(variants, str | bytes | Mapping) or not isinstance(variants, Sequence):
        raise broken(owner, "variants", "'auto', None or a sequence of dictionaries", variants)
    for change in variants:
        if not isinstance(change, Mapping):
            raise broken(owner, "variants", "'auto', None or a sequence of dictionaries", variants)
        for name in change:
            if name not in known:
                rule = f"dictionaries of parameters that members may differ in ({', '.join(known)})"
                raise broken(owner, "variants", rule, change, nearest(name, known))
    return list(variants)
