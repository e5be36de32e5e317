"""The choices of the recipe: their rules, and the network and recipe that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ravine.layers import (
    ACTIVATIONS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    PiecewiseLinear,
)
from ravine.losses import Loss
from ravine.network import Network
from ravine.optimizers import AdamW
from ravine.recipe import Recipe
from ravine.rules import Choice, Either, Flag, Items, Maybe, Number, Rule, Whole
from ravine.schedules import CosineDecay, ExponentialDecay, OneCycle, Schedule
from ravine.stopping import EarlyStopping
from ravine.tables import Coding, TableSchema

__all__ = [
    "BOTH",
    "CLASSIFIER",
    "REGRESSOR",
    "check_options",
    "make_coding",
    "make_network",
    "make_recipe",
    "rows_per_batch",
]

#: Bins of a column hold about so many training rows, or it gets fewer bins, but up to 8.
FEWEST_ROWS_OF_A_BIN = 40

_FRACTION = Number(at_least=0, below=1)

#: The rules of the parameters that both estimators have.
BOTH: Mapping[str, Rule] = {
    "n_members": Whole(at_least=1),
    "hidden_layer_sizes": Items(Whole(at_least=1), single=True),
    "activation": Choice(ACTIVATIONS),
    "normalization": Maybe(Choice(("batch", "layer"))),
    "number_embedding": Choice(("none", "piecewise_linear")),
    "n_bins": Whole(at_least=2, at_most=1000),
    "most_one_hot_levels": Whole(at_least=0),
    "category_dimension": Maybe(Whole(at_least=1)),
    "learning_rate": Number(above=0),
    "schedule": Choice(("cosine", "constant", "exponential", "one_cycle")),
    "beta2": _FRACTION,
    "weight_decay": Number(at_least=0),
    "dropout": _FRACTION,
    "clip_norm": Maybe(Number(above=0)),
    "averaging": Maybe(Number(above=0, below=1)),
    "batch_size": Either(("auto", "full"), Whole(at_least=1)),
    "epochs": Either(("auto",), Whole(at_least=1)),
    "patience": Maybe(Either(("auto",), Whole(at_least=1))),
    "validation_fraction": _FRACTION,
    "refit_full": Flag(),
    "dtype": Choice(("float32", "float64")),
}

#: Those of the classifier alone.
CLASSIFIER: Mapping[str, Rule] = {"label_smoothing": _FRACTION, "calibrate": Flag()}

#: Those of the regressor alone.
REGRESSOR: Mapping[str, Rule] = {
    "loss": Choice(("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma")),
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
        The parameters, numbers as Python's.

    Raises
    ------
    ParameterError
        If one breaks its rule.
    """
    owner = type(estimator).__name__
    return {
        name: rule(owner, name, getattr(estimator, name))
        for rules in families
        for name, rule in rules.items()
    }


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


def make_coding(options: Mapping[str, Any], n_rows: int) -> Coding:
    """Say how the columns of so many training rows become numbers.

    Examples
    --------
    >>> options = {"number_embedding": "piecewise_linear", "n_bins": 32, "most_one_hot_levels": 9}
    >>> [make_coding(options, n).n_bins for n in (50, 400, 10_000)]
    [8, 10, 32]
    """
    binned = options["number_embedding"] == "piecewise_linear"
    bins = min(options["n_bins"], max(8, n_rows // FEWEST_ROWS_OF_A_BIN))
    return Coding(
        scaling="robust",
        n_bins=bins if binned else 0,
        most_one_hot_levels=options["most_one_hot_levels"],
        signed=True,
        tails=True,
    )


def make_network(
    options: Mapping[str, Any], schema: TableSchema, outputs: int, loss: Loss
) -> Network:
    """Make the network: embeddings of categories, bins of numbers, hidden layers, an output layer.

    Parameters
    ----------
    options : mapping
        What `check_options` gave.
    schema : TableSchema
        The columns.
    outputs : int
        Numbers that are predicted.
    loss : Loss
        The loss.

    Returns
    -------
    Network
        The network.
    """
    layers: list[Layer] = []
    if codes := schema.codes:
        chosen = options["category_dimension"]
        lengths = tuple(chosen or _dimension(levels) for levels in codes.values())
        layers.append(Embedding(tuple(codes), tuple(codes.values()), lengths))
    sizes = (*options["hidden_layer_sizes"], outputs)
    name, normalization = options["activation"], options["normalization"]
    for place, units in enumerate(sizes):
        hidden = place + 1 < len(sizes)
        if options["dropout"] and place:
            layers.append(Dropout(options["dropout"]))
        activation = name if hidden and normalization is None else None
        use_bias = not (hidden and normalization == "batch")
        if place or not schema.bins:
            layers.append(Dense(units, activation=activation, use_bias=use_bias))
        else:  # behind an Embedding, the columns are numbered without the codes
            columns = tuple(i - sum(code < i for code in codes) for i in schema.bins)
            bins = tuple(schema.bins.values())
            layers.append(
                PiecewiseLinear(units, columns, bins, activation=activation, use_bias=use_bias)
            )
        if hidden and normalization is not None:
            layers += [BatchNorm() if normalization == "batch" else LayerNorm(), Activation(name)]
    return Network(layers, loss=loss)


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
    if options["normalization"] == "batch" and n_rows % batch == 1 and batch < n_rows:
        batch += 1  # BatchNorm takes no mini-batch of one row
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
    if schedule == "exponential":
        return ExponentialDecay(rate, rate=3.0 / epochs)
    if schedule == "one_cycle":
        return OneCycle(rate, initial=rate / 10, final=0.0, peak=0.3, length=epochs)
    return rate


def _dimension(levels: int) -> int:
    """Choose how long the vectors of a category's levels are: 1.6 n^0.56, from 2 to 32."""
    return int(np.clip(round(1.6 * levels**0.56), 2, 32))
