"""The options of the neural estimators as a coding, a network and a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ravine.estimators.neural.options import ClassifierVariant, Options, Variant
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
from ravine.specs.losses import Loss
from ravine.specs.network import Network
from ravine.specs.optimizers import AdamW
from ravine.specs.recipe import Recipe
from ravine.specs.schedules import (
    CosineDecay,
    CyclicCosine,
    ExponentialDecay,
    OneCycle,
    Schedule,
)
from ravine.specs.stopping import EarlyStopping
from ravine.tables import Coding, TableSchema

__all__ = ["Inputs", "member_batch_size", "member_network", "member_recipe", "table_coding"]

#: Bins of a column hold about so many training rows, or it gets fewer bins, but up to 8.
FEWEST_ROWS_OF_A_BIN = 40
#: Columns share so many bins in all, but each gets up to 4: with many columns, as in images, many
#: bins for each would be slow, and were less accurate.
MOST_BINS = 1024
#: Waves of a number, with number_embedding="periodic"; with many columns fewer, like bins.
WAVES = 16


def member_batch_size(chosen: str | int, n_rows: int) -> int:
    """Choose the rows of a mini-batch: about a thirtieth of the rows, from 32 to 1,024.

    Examples
    --------
    >>> [member_batch_size("auto", n) for n in (100, 2_000, 8_000, 100_000)]
    [32, 64, 256, 1024]
    """
    if chosen != "auto":
        return n_rows if chosen == "full" else int(chosen)
    return int(np.clip(2 ** round(np.log2(max(n_rows, 1) / 32)), 32, 1024))


def table_coding(options: Options, n_rows: int, n_columns: int) -> Coding:
    """Choose how columns become numbers, by the numbers of columns and training rows.

    Examples
    --------
    >>> import ravine as rv
    >>> options = rv.NeuralRegressor(variants=[{"n_bins": 64}])._options()
    >>> [table_coding(options, n, 10).n_bins for n in (50, 400, 10_000)]
    [8, 10, 32]
    >>> [table_coding(options, 10_000, columns).n_bins for columns in (64, 1_000)]
    [16, 4]
    >>> [table_coding(options, n, 10).more_bins for n in (50, 10_000)]
    [(), (64,)]
    """
    bins = list(dict.fromkeys(_bins(variant, n_rows, n_columns) for variant in options.variants))
    bins = [count for count in bins if count]
    return Coding(
        scaling="robust",
        n_bins=bins[0] if bins else 0,
        more_bins=tuple(bins[1:]),
        most_one_hot_levels=options.most_one_hot_levels,
        signed=True,
        tails=True,
    )


def _bins(variant: Variant, n_rows: int, n_columns: int) -> int:
    """Choose the bins of a number for a variant."""
    if variant.number_embedding != "piecewise_linear":
        return 0
    most = max(8, n_rows // FEWEST_ROWS_OF_A_BIN), max(4, MOST_BINS // n_columns)
    return int(min(variant.n_bins, *most))


@dataclass(frozen=True)
class Inputs:
    """Which columns of coded rows the members of a variant use, and what they hold.

    Parameters
    ----------
    columns : tuple of int
        Their positions.
    codes : dict of int to int
        Codes of categories: position among ``columns`` → how many codes.
    bins : dict of int to int
        How many bins lie below a number: position among ``columns`` → of how many.
    waves : tuple of int
        Numbers that become waves: positions among ``columns``.
    """

    columns: tuple[int, ...]
    codes: Mapping[int, int]
    bins: Mapping[int, int]
    waves: tuple[int, ...]

    @classmethod
    def of(cls, variant: Variant, schema: TableSchema, coding: Coding) -> Inputs:
        """Choose them: all, but only the bins that the variant uses, or none.

        Examples
        --------
        >>> import pandas as pd
        >>> coding = Coding(scaling="robust", n_bins=2)
        >>> schema = TableSchema.learn(pd.DataFrame({"a": [1.0, 2.0, 4.0]}), coding=coding)
        >>> import ravine as rv
        >>> variant = rv.NeuralRegressor(number_embedding="periodic")._options().variants[0]
        >>> Inputs.of(variant, schema, coding)
        Inputs(columns=(0,), codes={}, bins={}, waves=(0,))
        """
        own: Mapping[int, int] = {}
        if variant.number_embedding == "piecewise_linear" and schema.bins:
            # For small tables all variants have the same few bins.
            counts = (coding.n_bins, *coding.more_bins)
            chosen = [place for place, count in enumerate(counts) if count <= variant.n_bins]
            own = schema.bins[max(chosen, key=lambda place: counts[place])]
        others = {column for binning in schema.bins for column in binning} - set(own)
        columns = tuple(i for i in range(len(schema.features)) if i not in others)
        place = {column: i for i, column in enumerate(columns)}
        codes = {place[column]: levels for column, levels in schema.codes.items()}
        bins = {place[column]: count for column, count in own.items()}
        periodic = variant.number_embedding == "periodic"
        waves = tuple(place[column] for column in schema.scaled if periodic)
        return cls(columns, codes, bins, waves)


def member_network(variant: Variant, inputs: Inputs, outputs: int, loss: Loss) -> Network:
    """Make the network: embeddings of categories, bins or waves of numbers, hidden layers, output.

    Parameters
    ----------
    variant : Variant
        How it is built.
    inputs : Inputs
        The columns.
    outputs : int
        How many numbers are predicted.
    loss : Loss
        The loss; a classifier's is smoothed as its variant says.

    Returns
    -------
    Network
        The network.
    """
    layers: list[Layer] = []
    if inputs.codes:
        chosen = variant.category_dimension
        lengths = tuple(chosen or _dimension(levels) for levels in inputs.codes.values())
        layers.append(Embedding(tuple(inputs.codes), tuple(inputs.codes.values()), lengths))
    if inputs.waves:
        count = int(np.clip(MOST_BINS // len(inputs.waves), 4, WAVES))
        layers.append(Periodic(_without_codes(inputs.waves, inputs.codes), count))
    if variant.input_scale and not inputs.bins:
        layers.append(Scale())
    sizes = (*variant.hidden_layer_sizes, outputs)
    name, normalization = variant.activation, variant.normalization
    for place, units in enumerate(sizes):
        hidden = place + 1 < len(sizes)
        if variant.dropout and place:
            layers.append(Dropout(variant.dropout, fades=variant.dropout_fades))
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
                pace=Scale().pace if variant.input_scale else None,
            )
            layers.append(first)
        if hidden and normalization is not None:
            layers += [BatchNorm() if normalization == "batch" else LayerNorm(), Activation(name)]
    if isinstance(variant, ClassifierVariant):
        loss = loss.replace(label_smoothing=variant.label_smoothing)
    return Network(layers, loss=loss)


def _without_codes(columns: Iterable[int], codes: Iterable[int]) -> tuple[int, ...]:
    """Give the places of columns after an Embedding, which has removed the codes."""
    return tuple(column - sum(code < column for code in codes) for column in columns)


def member_recipe(
    variant: Variant,
    n_rows: int,
    *,
    validated: bool,
    seed: int,
    dtype: Literal["float32", "float64"],
) -> Recipe:
    """Make the recipe of a member that trains on so many rows.

    Parameters
    ----------
    variant : Variant
        How it is trained.
    n_rows : int
        Rows that it trains on.
    validated : bool
        Whether there are validation rows; training then stops early, and the weights are those of
        the best epoch.
    seed : int
        Its seed.
    dtype : {"float32", "float64"}
        Its precision.

    Returns
    -------
    Recipe
        The recipe.
    """
    batch = min(member_batch_size(variant.batch_size, n_rows), n_rows)
    epochs, patience = variant.epochs, variant.patience
    if isinstance(epochs, str):
        epochs = _epochs(n_rows / batch)
    if isinstance(patience, str):
        patience = max(10, epochs // 4)
    stopping = EarlyStopping(patience=patience or epochs) if validated else None
    return Recipe(
        optimizer=AdamW(
            _rate(variant.schedule, variant.learning_rate, epochs),
            beta2=variant.beta2,
            weight_decay=variant.weight_decay,
        ),
        batch_size=batch,
        epochs=epochs,
        clip_norm=variant.clip_norm,
        averaging=variant.averaging,
        stopping=stopping,
        seed=seed,
        dtype=dtype,
    )


def _epochs(steps: float) -> int:
    """Choose the epochs so that small tables are seen more often, by the steps of an epoch."""
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
