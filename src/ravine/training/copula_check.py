"""Whether a Gaussian copula suits a table: its rows are compared with synthetic ones.

In a Gaussian copula the normal scores of all columns are jointly normal, so the score of y depends
on those of X linearly. The residual of y after a linear fit is multiplied by curves of one column
and by products of the curves of two. The mean of each product in the table is compared with that in
rows drawn from the copula. Ties, levels and classes are the same on both sides, so they do not
count as a difference.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.specs.augmentation import Synthesize

__all__ = ["Misfit", "find_misfit", "warn_of_misfit"]

Array = NDArray[np.float64]

_FEWEST_ROWS, _MOST_ROWS = 20, 1000
_MOST_COLUMNS = 200
_MADE_ROWS, _FEWEST_TABLES, _MOST_TABLES = 3000, 3, 40
_MOST_RESPONSES = 10
_MOST_PAIRED = 50  # columns whose products are compared
_ROWS_A_LINE = 4  # a linear fit is subtracted only if there are so many rows for each column
_LEVEL = 0.02  # how often chance alone passes the limit, at most
_VARIES = 1e-3  # least variance of a product that is compared
#: Standard deviation of noise that is added to the residuals of the linear fit. If they are almost
#: 0, chance in the ranks of one table would otherwise look like a curve.
_JITTER = 0.4


@dataclass(frozen=True)
class Misfit:
    """The largest difference between a table and rows drawn from its Gaussian copula.

    Parameters
    ----------
    response : int
        Number of the target's column, or of the class.
    columns : tuple of int
        The column of X whose curve, or the two whose curves' product, makes the difference.
    in_table, in_copula : float
        Correlation of that with the residual of the response after a linear fit.
    standard_errors : float
        The difference in standard errors.
    limit : float
        What chance alone reaches in at most one table of fifty.

    Examples
    --------
    >>> Misfit(0, (0, 1), 0.58, 0.02, 9.1, 4.2).is_certain
    True
    """

    response: int
    columns: tuple[int, ...]
    in_table: float
    in_copula: float
    standard_errors: float
    limit: float

    @property
    def is_certain(self) -> bool:
        """Whether the difference is more than chance."""
        return self.standard_errors > self.limit


def find_misfit(
    X: NDArray[Any],
    targets: NDArray[Any],
    classes: int,
    synthesize: Synthesize,
    code_columns: list[int],
) -> Misfit | None:
    """Compare rows with those that Synthesize makes of them, and give the largest difference.

    Parameters
    ----------
    X : ndarray, shape (n, inputs)
        The rows. At most 1,000 rows and 200 columns, drawn at random, are compared: some of the
        columns of a Gaussian copula have a Gaussian copula, too.
    targets : ndarray, shape (n, K)
        Numbers; class codes (K = 1) where there are classes.
    classes : int
        Number of classes; 0 for numbers.
    synthesize : Synthesize
        Its categories are used.
    code_columns : list of int
        Columns of X that hold codes.

    Returns
    -------
    Misfit or None
        None if there are fewer than 20 rows, or if nothing varies.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((500, 2))
    >>> bent = X[:, :1] ** 2 + X[:, :1] * X[:, 1:]
    >>> find_misfit(X, bent, 0, Synthesize(), []).is_certain
    True
    >>> straight = X @ [[1.0], [2.0]]
    >>> find_misfit(X, straight, 0, Synthesize(), []).is_certain
    False
    """
    if len(X) < _FEWEST_ROWS:
        return None
    if len(X) > _MOST_ROWS:
        chosen = np.random.default_rng(0).choice(len(X), _MOST_ROWS, replace=False)
        X, targets = X[chosen], targets[chosen]
    columns = _drawn_columns(X.shape[1], synthesize)
    if len(columns) < X.shape[1]:
        X = X[:, columns]
        synthesize, code_columns = _of_columns(columns, synthesize, code_columns)
    X_tables, y_tables = _made_tables(X, targets, classes, synthesize, code_columns)
    inputs = _normal_scores(X_tables)
    responses = _as_responses(y_tables, classes)
    widest = np.argsort(-responses[0].var(axis=0), kind="stable")[:_MOST_RESPONSES]
    found = [_compare(inputs, responses[:, :, number]) for number in widest]
    n_tests = sum(one.n_tests for one in found)
    if n_tests == 0:
        return None
    by_chance = max(one.largest[1:].max() for one in found)
    place = int(np.argmax([one.largest[0] for one in found]))
    worst = found[place]
    return Misfit(
        response=int(widest[place]) + (classes == 2),
        columns=tuple(int(columns[place]) for place in worst.columns),
        in_table=worst.in_table,
        in_copula=worst.in_copula,
        standard_errors=float(worst.largest[0]),
        limit=max(float(by_chance), -NormalDist().inv_cdf(_LEVEL / 2 / n_tests)),
    )


def warn_of_misfit(
    X: NDArray[Any],
    targets: NDArray[Any],
    synthesize: Synthesize,
    *,
    n_outputs: int,
    code_columns: list[int],
    classes: NDArray[Any] | None = None,
    stacklevel: int = 2,
) -> None:
    """Warn if Synthesize does not suit the rows.

    Parameters
    ----------
    X, targets : ndarray
        As in `find_misfit`; a class is a code, or one of `n_outputs` columns of 0 and 1.
    synthesize : Synthesize
        Its categories are used.
    n_outputs : int
        Number of the network's outputs.
    code_columns : list of int
        Columns of X that hold codes.
    classes : ndarray, optional
        The classes by their codes.
    stacklevel : int, default 2
        As in `warnings.warn`.

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((500, 2))
    >>> warn_of_misfit(X, X[:, :1] + X[:, 1:], Synthesize(), n_outputs=1, code_columns=[])
    """
    coded = targets.shape[1] != n_outputs
    found = find_misfit(X, targets, n_outputs if coded else 0, synthesize, code_columns)
    if found is None or not found.is_certain:
        return
    if classes is not None:
        response = f"the class {classes.tolist()[found.response if coded else 1]!r:.40}"
    else:
        response = f"column {found.response} of y" if targets.shape[1] > 1 else "y"
    many = len(found.columns) > 1
    columns = ("columns " if many else "column ") + " and ".join(map(str, found.columns))
    warnings.warn(
        f"Synthesize does not suit these rows: {response} depends on {columns} of X in a way that "
        "a Gaussian copula loses. After a linear fit in normal scores, its residual has a "
        f"correlation of {found.in_table:.2f} with curves of X here, and of {found.in_copula:.2f} "
        f"in synthetic rows: {found.standard_errors:.1f} standard errors apart, where chance "
        f"reaches {found.limit:.1f} in one table of fifty. Leave Synthesize out, or compare "
        "validation losses with and without it; ravine.augment shows the rows.",
        UserWarning,
        stacklevel=stacklevel,
    )


def _drawn_columns(width: int, synthesize: Synthesize) -> NDArray[np.intp]:
    """Draw the columns to compare, with all that form a category together with one of them."""
    if width <= _MOST_COLUMNS:
        return np.arange(width)
    drawn = set(np.random.default_rng(0).permutation(width)[:_MOST_COLUMNS].tolist())
    for entry in synthesize.categories or ():
        if not isinstance(entry, int) and drawn.intersection(entry):
            drawn.update(entry)
    return np.array(sorted(drawn))


def _of_columns(
    columns: NDArray[np.intp], synthesize: Synthesize, code_columns: list[int]
) -> tuple[Synthesize, list[int]]:
    """Give categories and columns of codes as they are numbered among some of the columns."""
    place = {int(column): number for number, column in enumerate(columns)}
    categories = [
        place[entry] if isinstance(entry, int) else tuple(place[column] for column in entry)
        for entry in synthesize.categories or ()
        if (entry if isinstance(entry, int) else entry[0]) in place
    ]
    return (
        synthesize.replace(categories=categories or None),
        [place[column] for column in code_columns if column in place],
    )


def _made_tables(
    X: NDArray[Any],
    targets: NDArray[Any],
    classes: int,
    synthesize: Synthesize,
    code_columns: list[int],
) -> tuple[Array, Array]:
    """Give the table, and behind it several of as many rows drawn from its copula."""
    from ravine.engine._engine import synthesize64

    X, targets = (np.ascontiguousarray(array, dtype=np.float64) for array in (X, targets))
    n = len(X)
    tables = min(max(-(-_MADE_ROWS // n), _FEWEST_TABLES), _MOST_TABLES)
    spec = synthesize.replace(fraction=float(tables)).to_dict()
    made = synthesize64(spec, code_columns, X, targets, classes, 0, 0)[:2]
    # made rows come class by class: dealt out in turn, each table gets its share of every class
    dealt = [rows.reshape(n, tables, -1).swapaxes(0, 1) for rows in made]
    return np.concatenate([X[None], dealt[0]]), np.concatenate([targets[None], dealt[1]])


def _normal_scores(tables: Array) -> Array:
    """Give Φ⁻¹ of the mid-ranks of every column of every table, with mean 0 and variance 1."""
    n = tables.shape[1]
    order = np.argsort(tables, axis=1)
    values = np.take_along_axis(tables, order, axis=1)
    place = np.arange(n)[None, :, None]
    differs = values[:, 1:] != values[:, :-1]
    edge = np.ones_like(values[:, :1], dtype=bool)
    first = np.where(np.concatenate([edge, differs], axis=1), place, 0)
    last = np.where(np.concatenate([differs, edge], axis=1), place, n)
    first = np.maximum.accumulate(first, axis=1)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    quantile = NormalDist().inv_cdf
    of_ranks = np.array([quantile(k / (2 * n)) for k in range(1, 2 * n)])
    scores = np.empty_like(tables)
    np.put_along_axis(scores, order, of_ranks[first + last], axis=1)
    return _standardised(scores)


def _standardised(tables: Array) -> Array:
    centred: Array = tables - tables.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    standardised: Array = centred / np.where(deviation > 0, deviation, 1)
    return standardised


def _as_responses(targets: Array, classes: int) -> Array:
    """Give numbers as normal scores, and classes as one column of 0 and 1 each."""
    if classes == 0:
        return _normal_scores(targets)
    of_classes: Array = (targets == np.arange(int(classes == 2), classes)).astype(np.float64)
    return of_classes


def _curves(scores: Array) -> Array:
    """Give three curves of each column, all within ±1: a step, a bump and a wave."""
    step, bump = np.tanh(2 * scores), 1 - 2 * np.exp(-(scores**2))
    curves = np.stack([step, bump, step * bump], axis=-1).reshape(*scores.shape[:2], -1)
    centred: Array = curves - curves.mean(axis=1, keepdims=True)
    return centred


def _without_lines(response: Array, inputs: Array) -> Array:
    """Give the residuals of a response after a linear fit in the inputs, table by table."""
    response = response - response.mean(axis=1, keepdims=True)
    _, n, width = inputs.shape
    if n >= _ROWS_A_LINE * width:
        transposed = inputs.swapaxes(1, 2)
        gram = transposed @ inputs / n + 1e-9 * np.eye(width)
        slopes = np.linalg.solve(gram, transposed @ response[..., None] / n)
        response = response - (inputs @ slopes)[..., 0]
    jitter = np.random.default_rng(1).standard_normal(response.shape)
    return _standardised(response + _JITTER * jitter)


@dataclass(frozen=True)
class _Comparison:
    """Differences from the copula, in standard errors: the largest of each table."""

    n_tests: int
    largest: Array
    columns: tuple[int, ...]
    in_table: float
    in_copula: float


def _compare(inputs: Array, response: Array) -> _Comparison:
    """Compare a response with curves of all columns, and with products of two."""
    rest = _without_lines(response, inputs)[..., None]
    curves = _curves(inputs)
    single = _Products(curves, rest)
    columns = _standing_out(single, inputs.shape[2])
    few = curves.reshape(*inputs.shape, -1)[:, :, columns].reshape(*inputs.shape[:2], -1)
    pair = _Products(few, rest * few)
    kinds = curves.shape[2] // inputs.shape[2]
    largest = np.maximum(single.largest, pair.largest)
    worse = pair if pair.largest[0] > single.largest[0] else single
    row, column = np.unravel_index(np.argmax(worse.differences[0]), worse.differences[0].shape)
    if worse is pair:
        named = {int(columns[row // kinds]), int(columns[column // kinds])}
    else:
        named = {int(row) // kinds}
    return _Comparison(
        n_tests=single.n_tests + pair.n_tests,
        largest=largest,
        columns=tuple(sorted(named)),
        in_table=float(worse.correlations[0, row, column]),
        in_copula=float(worse.correlations[1:, row, column].mean()),
    )


class _Products:
    """Mean products of two sets of columns, table by table, and how far each is from the copula's.

    The variance of a product is that in the copula's tables; the error of their mean is added.
    """

    def __init__(self, first: Array, second: Array) -> None:
        n, made = first.shape[1], len(first) - 1
        means = first.swapaxes(1, 2) @ second / n
        squares = (first[1:] ** 2).swapaxes(1, 2) @ second[1:] ** 2 / n
        of_copula = means[1:].mean(axis=0)
        variance = squares.mean(axis=0) - of_copula**2
        varies = variance > _VARIES
        deviation = np.sqrt(np.where(varies, variance, np.inf))
        self.n_tests = int(varies.sum())
        self.correlations = means / deviation
        self.differences = np.abs(means - of_copula) / deviation * np.sqrt(n / (1 + 1 / made))
        self.largest: Array = self.differences.max(axis=(1, 2))


def _standing_out(single: _Products, n_columns: int) -> NDArray[np.intp]:
    """Give the columns whose products are compared: all, or those whose own curves differ most."""
    by_column = single.differences[0].reshape(n_columns, -1).max(axis=1)
    return np.sort(np.argsort(-by_column, kind="stable")[:_MOST_PAIRED])
