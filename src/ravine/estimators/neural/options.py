"""The choices of the recipe: their rules, and the network and recipe that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine.specs.layers import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Periodic,
    PiecewiseLinear,
    Scale,
)
from ravine.specs.layers.base import ACTIVATIONS
from ravine.specs.losses import OF_NUMBERS, Loss
from ravine.specs.network import Network
from ravine.specs.optimizers import AdamW
from ravine.specs.recipe import Recipe
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
from ravine.specs.schedules import (
    CosineDecay,
    CyclicCosine,
    ExponentialDecay,
    OneCycle,
    Schedule,
)
from ravine.specs.stopping import EarlyStopping
from ravine.tables import Coding, TableSchema

__all__ = [
    "BOTH",
    "CLASSIFIER",
    "REGRESSOR",
    "VARIANTS",
    "Inputs",
    "check_options",
    "make_coding",
    "make_network",
    "make_recipe",
    "rows_per_batch",
]

#: Bins of a column hold about so many training rows, or it gets fewer bins, but up to 8.
FEWEST_ROWS_OF_A_BIN = 40
#: Columns share so many bins in all, but each gets up to 4: with many columns, as of images, many
#: bins each would be slow, and were worse.
MOST_BINS = 1024
#: Waves of a number, with number_embedding="periodic"; with many columns fewer, like bins.
WAVES = 16

_FRACTION = Number(at_least=0, below=1)

#: What further kinds of members change, with variants="auto"; the trials that they come from are in
#: benchmarks/defaults/README.md.
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

#: What a kind of members may change: not what it shares with the others.
_SHARED = frozenset(
    [
        "n_members",
        "most_one_hot_levels",
        "validation_fraction",
        "refit_full",
        "on_new_missing",
        "dtype",
        "calibrate",
        "loss",
        "quantiles",
        "clip_predictions",
    ]
)

#: The rules of the parameters that both estimators have.
BOTH: Mapping[str, Rule] = {
    "n_members": Whole(at_least=1),
    "hidden_layer_sizes": Items(Whole(at_least=1), single=True),
    "activation": Choice(ACTIVATIONS),
    "normalization": Maybe(Choice(("batch", "layer"))),
    "number_embedding": Choice(("none", "piecewise_linear", "periodic")),
    "n_bins": Whole(at_least=2, at_most=1000),
    "most_one_hot_levels": Whole(at_least=0),
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
    "validation_fraction": _FRACTION,
    "refit_full": Flag(),
    "on_new_missing": Choice(("error", "median")),
    "dtype": Choice(("float32", "float64")),
}

#: Those of the classifier alone.
CLASSIFIER: Mapping[str, Rule] = {"label_smoothing": _FRACTION, "calibrate": Flag()}

#: Those of the regressor alone.
REGRESSOR: Mapping[str, Rule] = {
    "loss": Choice(OF_NUMBERS),
    "quantiles": Items(Number(above=0, below=1), at_least=1, single=True),
    "clip_predictions": Flag(),
}


def check_options(estimator: Any, *families: Mapping[str, Rule]) -> dict[str, Any]:
    """Check an estimator's parameters.

    Parameters
    ----------
    estimator : estimator
        Its class and its parameters are what counts.
    *families : mapping of str to Rule
        The rules.

    Returns
    -------
    dict of str to object
        The parameters, numbers as Python's; under ``"kinds"`` those of each kind of members.

    Raises
    ------
    ParameterError
        If one breaks its rule.
    """
    owner = type(estimator).__name__
    rules = {name: rule for family in families for name, rule in family.items()}
    options = {name: rule(owner, name, getattr(estimator, name)) for name, rule in rules.items()}
    variants = estimator.variants
    if isinstance(variants, str) and variants == "auto":
        usual = {name: rules[name](owner, name, value) for name, value in _usual(estimator).items()}
        changes = [_where_usual(variant, options, usual) for variant in VARIANTS]
        changes = [change for change in changes if change]
    else:
        changes = _check_variants(owner, variants, rules)
    return options | {"kinds": [options, *(options | change for change in changes)]}


def _usual(estimator: Any) -> dict[str, Any]:
    """Give an estimator's default parameters, as far as kinds of members may change them."""
    usual = type(estimator)().get_params(deep=False)
    return {name: usual[name] for variant in VARIANTS for name in variant if name in usual}


def _where_usual(
    variant: Mapping[str, Any], options: Mapping[str, Any], usual: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the changes of parameters that are at their default."""
    return {
        name: value
        for name, value in variant.items()
        if name in usual and options[name] == usual[name] != value
    }


def _check_variants(owner: str, variants: Any, rules: Mapping[str, Rule]) -> list[dict[str, Any]]:
    if variants is None:
        return []
    if isinstance(variants, str | bytes | Mapping) or not isinstance(variants, Sequence):
        raise broken(owner, "variants", "'auto', None or a sequence of dictionaries", variants)
    changes = []
    for variant in variants:
        if not isinstance(variant, Mapping):
            raise broken(owner, "variants", "'auto', None or a sequence of dictionaries", variants)
        for name in variant:
            if name not in rules or name in _SHARED:
                known = [name for name in rules if name not in _SHARED]
                raise broken(
                    owner,
                    "variants",
                    f"dictionaries of parameters that members may differ in ({', '.join(known)})",
                    variant,
                    nearest(name, known),
                )
        changes.append({name: rules[name](owner, name, v) for name, v in variant.items()})
    return changes


def rows_per_batch(chosen: str | int, n_rows: int) -> int:
    """Choose the rows of a mini-batch: about a thirtieth of the rows, from 32 to 1,024.

    Examples
    --------
    >>> [rows_per_batch("auto", n) for n in (100, 2_000, 8_000, 100_000)]
    [32, 64, 256, 1024]
    """
    if chosen != "auto":
        return n_rows if chosen == "full" else int(chosen)
    return int(np.clip(2 ** round(np.log2(max(n_rows, 1) / 32)), 32, 1024))


def make_coding(options: Mapping[str, Any], n_rows: int, n_columns: int) -> Coding:
    """Say how so many columns of so many training rows become numbers.

    Examples
    --------
    >>> kind = {"number_embedding": "piecewise_linear", "n_bins": 32}
    >>> options = {"most_one_hot_levels": 9, "kinds": [kind, kind | {"n_bins": 64}]}
    >>> [make_coding(options, n, 10).n_bins for n in (50, 400, 10_000)]
    [8, 10, 32]
    >>> [make_coding(options, 10_000, columns).n_bins for columns in (64, 1_000)]
    [16, 4]
    >>> [make_coding(options, n, 10).more_bins for n in (50, 10_000)]
    [(), (64,)]
    """
    bins = list(dict.fromkeys(_bins(kind, n_rows, n_columns) for kind in options["kinds"]))
    bins = [count for count in bins if count]
    return Coding(
        scaling="robust",
        n_bins=bins[0] if bins else 0,
        more_bins=tuple(bins[1:]),
        most_one_hot_levels=options["most_one_hot_levels"],
        signed=True,
        tails=True,
    )


def _bins(options: Mapping[str, Any], n_rows: int, n_columns: int) -> int:
    """Choose the bins of a number for a kind of members."""
    if options["number_embedding"] != "piecewise_linear":
        return 0
    most = max(8, n_rows // FEWEST_ROWS_OF_A_BIN), max(4, MOST_BINS // n_columns)
    return int(min(options["n_bins"], *most))


@dataclass(frozen=True)
class Inputs:
    """Which columns of coded rows a kind of members takes, and what they hold.

    Parameters
    ----------
    columns : tuple of int
        Their positions.
    codes : dict of int to int
        Codes of categories: position among ``columns`` → how many codes.
    bins : dict of int to int
        How many bins a number has come through: position among ``columns`` → of how many.
    waves : tuple of int
        Numbers that become waves: positions among ``columns``.
    """

    columns: tuple[int, ...]
    codes: Mapping[int, int]
    bins: Mapping[int, int]
    waves: tuple[int, ...]

    @classmethod
    def of(cls, options: Mapping[str, Any], schema: TableSchema, coding: Coding) -> Inputs:
        """Choose them: all, but only the bins that the kind takes, or none.

        Examples
        --------
        >>> import pandas as pd
        >>> coding = Coding(scaling="robust", n_bins=2)
        >>> schema = TableSchema.learn(pd.DataFrame({"a": [1.0, 2.0, 4.0]}), coding=coding)
        >>> Inputs.of({"number_embedding": "none"}, schema, coding)
        Inputs(columns=(0,), codes={}, bins={}, waves=())
        >>> Inputs.of({"number_embedding": "periodic"}, schema, coding)
        Inputs(columns=(0,), codes={}, bins={}, waves=(0,))
        """
        own: Mapping[int, int] = {}
        if options["number_embedding"] == "piecewise_linear" and schema.bins:
            # Of small tables all kinds have the same few bins.
            counts = (coding.n_bins, *coding.more_bins)
            chosen = [place for place, count in enumerate(counts) if count <= options["n_bins"]]
            own = schema.bins[max(chosen, key=lambda place: counts[place])]
        others = {column for binning in schema.bins for column in binning} - set(own)
        columns = tuple(i for i in range(len(schema.features)) if i not in others)
        place = {column: i for i, column in enumerate(columns)}
        codes = {place[column]: levels for column, levels in schema.codes.items()}
        bins = {place[column]: count for column, count in own.items()}
        periodic = options["number_embedding"] == "periodic"
        waves = tuple(place[column] for column in schema.scaled if periodic)
        return cls(columns, codes, bins, waves)


def make_network(options: Mapping[str, Any], inputs: Inputs, outputs: int, loss: Loss) -> Network:
    """Make the network: embeddings of categories, bins or waves of numbers, hidden layers, output.

    Parameters
    ----------
    options : mapping
        Those of a kind of members.
    inputs : Inputs
        The columns.
    outputs : int
        Numbers that are predicted.
    loss : Loss
        The loss; a classifier's is smoothed as its options say.

    Returns
    -------
    Network
        The network.
    """
    layers: list[Layer] = []
    if inputs.codes:
        chosen = options["category_dimension"]
        lengths = tuple(chosen or _dimension(levels) for levels in inputs.codes.values())
        layers.append(Embedding(tuple(inputs.codes), tuple(inputs.codes.values()), lengths))
    if inputs.waves:
        count = int(np.clip(MOST_BINS // len(inputs.waves), 4, WAVES))
        layers.append(Periodic(_without_codes(inputs.waves, inputs.codes), count))
    if options["input_scale"] and not inputs.bins:
        layers.append(Scale())
    sizes = (*options["hidden_layer_sizes"], outputs)
    name, normalization = options["activation"], options["normalization"]
    for place, units in enumerate(sizes):
        hidden = place + 1 < len(sizes)
        if options["dropout"] and place:
            layers.append(Dropout(options["dropout"], fades=options["dropout_fades"]))
        activation = name if hidden and normalization is None else None
        use_bias = not (hidden and normalization == "batch")
        if place or not inputs.bins:
            layers.append(Dense(units, activation=activation, use_bias=use_bias))
        else:
            first = PiecewiseLinear(
                units,
                _without_codes(inputs.bins, inputs.codes),
                tuple(inputs.bins.values()),
                activation=activation,
                use_bias=use_bias,
                pace=Scale().pace if options["input_scale"] else None,
            )
            layers.append(first)
        if hidden and normalization is not None:
            layers += [BatchNorm() if normalization == "batch" else LayerNorm(), Activation(name)]
    if "label_smoothing" in options:  # a classifier
        loss = loss.replace(label_smoothing=options["label_smoothing"])
    return Network(layers, loss=loss)


def _without_codes(columns: Iterable[int], codes: Iterable[int]) -> tuple[int, ...]:
    """Give the places of columns behind an Embedding, which has taken the codes."""
    return tuple(column - sum(code < column for code in codes) for column in columns)


def make_recipe(options: Mapping[str, Any], n_rows: int, *, validated: bool, seed: int) -> Recipe:
    """Make the recipe of a member that trains on so many rows.

    Parameters
    ----------
    options : mapping
        What `check_options` gave.
    n_rows : int
        Rows that it trains on.
    validated : bool
        Whether there are validation rows; training then stops early, and the weights are those of
        the best epoch.
    seed : int
        Its seed.

    Returns
    -------
    Recipe
        The recipe.
    """
    batch = min(rows_per_batch(options["batch_size"], n_rows), n_rows)
    epochs = options["epochs"]
    if epochs == "auto":
        epochs = _epochs(n_rows / batch)
    patience = options["patience"]
    if patience == "auto":
        patience = max(10, epochs // 4)
    stopping = EarlyStopping(patience=patience or epochs) if validated else None
    return Recipe(
        optimizer=AdamW(
            _rate(options["schedule"], options["learning_rate"], epochs),
            beta2=options["beta2"],
            weight_decay=options["weight_decay"],
        ),
        batch_size=batch,
        epochs=epochs,
        clip_norm=options["clip_norm"],
        averaging=options["averaging"],
        stopping=stopping,
        seed=seed,
        dtype=options["dtype"],
    )


def _epochs(steps: float) -> int:
    """Choose the epochs so that small tables are seen more often: steps are those of an epoch."""
    return int(np.clip(round(1_500 / steps), 30, 100))


def _rate(schedule: str, rate: float, epochs: int) -> float | Schedule:
    if schedule == "cosine":
        return CosineDecay(rate, length=epochs)
    if schedule == "cyclic_cosine":
        return CyclicCosine(rate, length=epochs)
    if schedule == "exponential":
        return ExponentialDecay(rate, rate=3.0 / epochs)
    if schedule == "one_cycle":
        return OneCycle(rate, initial=rate / 10, final=0.0, peak=0.3, length=epochs)
    return rate


def _dimension(levels: int) -> int:
    """Choose how long the vectors of a category's levels are: 1.6 n^0.56, from 2 to 32."""
    return int(np.clip(round(1.6 * levels**0.56), 2, 32))
