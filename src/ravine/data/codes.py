"""Columns of X that hold category codes, which embeddings read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import DataError
from ravine.ground.numeric import refuse
from ravine.specs.layers import Embedding, Normalize
from ravine.specs.network import Network

__all__ = ["check_codes", "code_columns"]


def code_columns(network: Network) -> dict[int, int]:
    """Find the columns of X that hold category codes, and how many levels each has.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    dict of int to int
        Levels by column; empty without an Embedding that reads X's own columns.

    Examples
    --------
    >>> from ravine.specs.layers import Dense
    >>> code_columns(Network([Embedding(columns=(1,), levels=(7,), dimension=2), Dense(1)]))
    {1: 7}
    """
    for layer in network.layers:
        if isinstance(layer, Embedding):
            return dict(zip(layer.columns, layer.levels, strict=True))
        if not isinstance(layer, Normalize):
            break
    return {}


def check_codes(
    X: NDArray[Any],
    levels: Mapping[int, int],
    name: str = "X",
    absent: NDArray[np.bool_] | None = None,
) -> None:
    """Check the columns of category codes: whole numbers from 0 to levels − 1.

    float32 tells codes apart up to 2²⁴.

    Parameters
    ----------
    X : ndarray, shape (n, columns)
        What `as_features` gave.
    levels : mapping of int to int
        What `code_columns` gave.
    name : str, default "X"
        What the inputs are called in messages.
    absent : ndarray of bool, shape (n,), optional
        Rows of weight 0, which may hold anything.

    Raises
    ------
    DataError
        If there is no such column, or it holds another number.

    Examples
    --------
    >>> check_codes(np.array([[0.5, 3.0]]), {1: 3})
    Traceback (most recent call last):
    ravine.errors.DataError: Column 1 of X must hold whole numbers from 0 to 2. Got 3.0 in row 0.
    """
    for column, count in levels.items():
        if X.ndim != 2 or column >= X.shape[1]:
            raise DataError(
                f"The network embeds column {column}, but {name} has the shape {X.shape}.",
                hint="Columns are counted from 0.",
            )
        codes = X[:, column]
        if codes.dtype == np.float32 and count > 2**24:
            raise DataError(
                f"Column {column} of {name} has {count:,} levels, but float32 tells only "
                f"{2**24:,} apart.",
                hint='Use Recipe(dtype="float64").',
            )
        rule = f"Column {column} of {name} must hold whole numbers from 0 to {count - 1}"
        wrong = (codes < 0) | (codes >= count) | (codes != np.floor(codes))
        refuse(wrong if absent is None else wrong & ~absent, codes, rule)
