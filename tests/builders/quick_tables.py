"""Small fits of tables, in Python and on the command line."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

import ravine as rv
from ravine.errors import DataWarning, RavineError
from ravine.tables import TableSchema

N = 40
QUICK = ("--members", "2", "--hidden", "8", "--epochs", "2")


def quick(kind=rv.NeuralRegressor, **other):
    fixed = {"n_members": 2, "variants": None, "hidden_layer_sizes": (8,), "epochs": 3, "n_jobs": 1}
    return kind(**fixed | {"random_state": 0} | other)


def learnt(table, *targets, **how):
    """A schema, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        schema = TableSchema.learn(table, *targets, **how)
    assert all(warning.category is DataWarning for warning in caught)
    return schema, [str(warning.message) for warning in caught]


def learnt_or_refused(table, **how):
    """A schema, or the error; and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            schema = TableSchema.learn(table, **how)
        except RavineError as error:
            return error, []
    return schema, [str(warning.message) for warning in caught]


def numbered(names):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) * [1, 10, 100]
    return pd.DataFrame(X, columns=list(names)), X @ [1.0, 0.0, 0.0]
