"""The parameters that both neural estimators have, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["NeuralParameters"]

NumberEmbedding = Literal["none", "piecewise_linear", "periodic"]
ScheduleName = Literal["cosine", "cyclic_cosine", "constant", "exponential", "one_cycle"]


@dataclass(eq=False, repr=False)
class NeuralParameters:
    """The parameters that both neural estimators have.

    Parameters
    ----------
    n_members : int, default 8
        Networks of each variant (see ``variants``) in the ensemble, whose predictions are averaged.
        Each trains on different rows and from different initial weights.
    hidden_layer_sizes : int or sequence of int, default (512,)
        Units of each hidden layer.
    activation : str, default "gelu"
        Activation of the hidden layers: a name from `ravine.Activation`.
    normalization : {"batch", "layer"}, optional
        The normalisation between a hidden layer's sums and their activation.
    number_embedding : {"piecewise_linear", "periodic", "none"}, default "piecewise_linear"
        What numbers become beside their scaled value: they are spread over bins, or turned into
        waves of learnt frequencies (16 a column; where all columns together would have more than
        1,024, fewer, but at least 4).
    n_bins : int, default 32
        The most bins that a column of numbers gets, at least 2. It gets fewer where they would hold
        fewer than 40 rows each, but up to 8 in any case; and where all columns together would have
        more than 1,024, but up to 4.
    most_one_hot_levels : int, default 60
        A column of text with more levels than this gets a learnt vector for each instead.
    category_dimension : int, optional
        Length of these vectors; None: ``1.6 levels^0.56``, from 2 to 32.
    input_scale : bool, default True
        Whether each number that reaches the first hidden layer, bins as well, is multiplied by a
        learnt factor of its own (`ravine.Scale`).
    learning_rate : float, default 5e-3
        The highest learning rate of AdamW.
    schedule : {"cosine", "cyclic_cosine", "constant", "exponential", "one_cycle"}, default "cosine"
        How it changes over the epochs. "cosine", "cyclic_cosine" and "one_cycle" end at 0,
        "exponential" at a twentieth.
    beta2 : float, default 0.95
        Decay rate of AdamW's mean of squared gradients, in [0, 1).
    weight_decay : float, default 0.01
        AdamW's decoupled weight decay, at least 0; it fades with the learning rate.
    dropout : float, default 0.1
        Share of the hidden units that are dropped in a step, in [0, 1).
    dropout_fades : bool, default False
        Whether that share falls to 0 in the second half of the epochs.
    clip_norm : float, optional
        Largest norm of the gradient; a larger one is scaled down to it.
    averaging : float or None, default 0.98
        Decay in (0, 1) of the running average of the weights, which validation scores and the
        members get. None: the last weights of an epoch.
    batch_size : int, "auto" or "full", default "auto"
        Rows per step. "auto" is about a thirtieth of the training rows, a power of two from 32 to
        1,024.
    epochs : int or "auto", default "auto"
        Passes through the training rows; "auto": fewer of them if an epoch has more steps.
    patience : int, "auto" or None, default "auto"
        Epochs without a lower validation loss after which a member stops; "auto" is a quarter of
        the epochs, at least 10, and None never stops early. In any case a member gets the weights
        of its best epoch.
    validation_fraction : float, default 0.2
        Part of the rows that each member sets aside, in [0, 1); other rows for other members, so
        that five members have set aside every row once. 0: no early stopping, no temperature of
        probabilities and no intervals of numbers, which need rows set aside. Not used if `fit` is
        given rows to validate on.
    refit_full : bool, default False
        Whether the members are trained again on all rows, including the validation rows, for the
        fraction of their epochs that was best on average.
    variants : "auto", None or sequence of dict, default "auto"
        Further variants of the members, besides the one that the other parameters describe: each is
        a dictionary of the parameters that it changes, such as ``{"dropout": 0.5}``. How much a
        variant counts is chosen by its predictions for the rows that members set aside; with four
        members or more, half of them are trained first, and variants that have no weight then get
        no others. "auto" are those that did best in trials over tables
        (`ravine.estimators.neural.options.VARIANTS`), which change only what is at its default
        here. None: no further ones.
    on_new_missing : {"error", "median"}, default "error"
        How to treat a missing value in rows to predict, in a column that had none missing in
        training: as an error, or as the median of the training rows (a boolean or a date counts as
        being in the middle).
    dtype : {"float32", "float64"}, default "float32"
        Precision of training and prediction.
    random_state : int, RandomState or None, default None
        Seed of everything random: the same number gives the same estimator, to the last bit.
    n_jobs : int, optional
        Threads to train with, −1 for one per core. None: one per core too, but a single one within
        a parallel search. The result does not depend on it.
    verbose : bool or int, default False
        Whether training shows a live line on a terminal.
    """

    n_members: int = 8
    hidden_layer_sizes: int | Sequence[int] = (512,)
    activation: str = "gelu"
    _: KW_ONLY
    normalization: Literal["batch", "layer"] | None = None
    number_embedding: NumberEmbedding = "piecewise_linear"
    n_bins: int = 32
    most_one_hot_levels: int = 60
    category_dimension: int | None = None
    input_scale: bool = True
    learning_rate: float = 5e-3
    schedule: ScheduleName = "cosine"
    beta2: float = 0.95
    weight_decay: float = 0.01
    dropout: float = 0.1
    dropout_fades: bool = False
    clip_norm: float | None = None
    averaging: float | None = 0.98
    batch_size: int | Literal["auto", "full"] = "auto"
    epochs: int | Literal["auto"] = "auto"
    patience: int | Literal["auto"] | None = "auto"
    validation_fraction: float = 0.2
    refit_full: bool = False
    variants: Literal["auto"] | Sequence[Mapping[str, Any]] | None = "auto"
    on_new_missing: Literal["error", "median"] = "error"
    dtype: Literal["float32", "float64"] = "float32"
    random_state: int | np.random.RandomState | None = None
    n_jobs: int | None = None
    verbose: bool | int = False
