"""The parts of an error, without bias, and their standard errors, from plain arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.bias_interval import estimate_of_bias
from ravine.diagnostics.bias_variance.intervals import Estimate, Scatter
from ravine.diagnostics.bias_variance.pairs import mean_of_pairs, variance_of_pairs

__all__ = ["PARTS", "SEED_PARTS", "Comparison", "Moments", "decompose", "estimate", "moments"]

PARTS = ("bias2", "variance", "noise", "total", "mse")
"""Names of the parts, of their sum and of the measured error."""

SEED_PARTS = ("variance_seeds", "variance_data")
"""Names of the parts of the variance: by initial weights and order of rows, and by data."""

_NUMBERS_AT_ONCE = 2**20
_FEWEST_UNITS, _MOST_UNITS = 16, 256

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the predictions for T test rows are compared with.

    Parameters
    ----------
    centre : ndarray, shape (T, O)
        The truth, or measured targets.
    noise : ndarray, shape (T,), optional
        Variance of the targets about the truth, over all outputs; None if unknown.
    measured : bool
        Whether the centre is measured targets, which scatter.
    fresh : ndarray, shape (D, T, O), or None
        New targets for each of D data sets; None: the centre's.
    sampled : bool
        Whether the test rows are a sample of those to come, so that standard errors count them too.
    units : ndarray of int, shape (T,), optional
        Which rows were sampled together, from 0 without gaps; None: each row separately.
    weight : float
        The factor of squares before they are added up over outputs.

    Examples
    --------
    >>> Comparison(np.zeros((5, 1)), None, measured=True).weight
    1.0
    """

    centre: Array
    noise: Array | None
    measured: bool
    fresh: NDArray[Any] | None = None
    sampled: bool = False
    units: NDArray[np.int64] | None = None
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Moments:
    """Everything that the estimates need from the predictions of D data sets × K seeds.

    With ``e_dk`` the distance of a prediction from the centre: products of the mean errors of two
    data sets, and for each data set the mean square of its errors, the variance over its seeds and
    the mean squared error against fresh targets; averaged over the test rows, and apart for some
    units of them.

    Parameters
    ----------
    whole, of_units : dict of str to ndarray
        ``products`` (…, D, D) and ``squares``, ``seeds``, ``scored`` (…, D); of the chosen units
        the shares that they have in the whole.
    shares : dict of str to ndarray, shape (U,)
        What each unit adds to each estimate.
    sizes : ndarray, shape (U,)
        The part of the test rows that each unit is.
    sampled : bool
        Whether units are a sample.
    """

    whole: dict[str, Array]
    of_units: dict[str, Array]
    shares: dict[str, Array]
    sizes: Array
    sampled: bool


def decompose(predictions: NDArray[Any], comparison: Comparison) -> dict[str, Estimate]:
    """Split the mean squared error of D × K models on T test rows.

    With ``e_dk`` the error of the model of data set d and seed k at a row, ``ē_d`` its mean over
    seeds, and angle brackets the mean over test rows:

    - ``total = mean_d ⟨mean_k e²_dk⟩``,
    - ``bias2 = mean over d ≠ d' of ⟨ē_d ē_d'⟩``: products of independent errors, so that the
      scatter of the models' mean is not counted (with K = 1 that is ``⟨(m − c)² − s² / D⟩``),
    - ``variance = total − bias2``, with K = 1 the models' variance with the divisor D − 1,
    - ``variance_seeds = mean_d ⟨variance over k of e_dk⟩`` (divisor K − 1), by initial weights and
      order of rows; ``variance_data`` is the rest. It is a difference, and may be negative.

    The noise is added to ``total`` if it is known; if the centre is measured targets, ``bias2``
    holds their noise, and the noise is subtracted if it is known. ``mse`` is the mean of
    ``(f̂ − y)²`` with fresh targets.

    Each is a mean over pairs of data sets, whose variance is estimated by `variance_of_pairs`.
    If test rows are a sample, their variance is added: that between rows, minus what the models'
    scatter adds to it. Intervals: `Scatter`.

    Parameters
    ----------
    predictions : ndarray, shape (D, K, T, O) or (D, T, O)
        Of each model for each test row; at least 3 data sets.
    comparison : Comparison
        What they are compared with.

    Returns
    -------
    dict of str to Estimate
        Estimate, standard error and interval of ``bias2``, ``variance``, ``noise``, ``total``,
        ``mse``, ``variance_seeds`` and ``variance_data``; what is not known is NaN.

    Examples
    --------
    >>> predictions = np.array([[[0.0]], [[1.0]], [[2.0]]])
    >>> truth = Comparison(np.array([[3.0]]), np.array([0.0]), measured=False)
    >>> found = decompose(predictions, truth)
    >>> {name: round(float(part.value), 3) for name, part in found.items()}
    {'bias2': 3.667, 'variance': 1.0, 'noise': 0.0, 'total': 4.667, 'mse': 4.667, \
'variance_seeds': nan, 'variance_data': nan}
    """
    found = estimate(moments(predictions, comparison))
    noise = comparison.noise
    known = Estimate(*[np.nan] * 4)
    if noise is not None:
        of_rows = _between(_unit_shares(noise, comparison)) if comparison.sampled else 0.0
        units = comparison.sampled and len(_unit_shares(noise, comparison)[0])
        known = Scatter(of_rows, 0.0, 0.0).estimate(float(noise.mean()), max(1, units - 1))
        if comparison.measured:
            found["bias2"] = found["bias2"].shifted(-known.value)
    first = {"bias2": found["bias2"], "variance": found["variance"], "noise": known}
    return {**first, **{name: found[name] for name in found if name not in first}}


def estimate(one: Moments, other: Moments | None = None) -> dict[str, Estimate]:
    """Give all estimates with their standard errors, or how two of a kind differ.

    Parameters
    ----------
    one : Moments
        Of one setting.
    other : Moments, optional
        Of another setting, of models on the same data sets: differences are paired by data set and
        by test row.

    Returns
    -------
    dict of str to Estimate
        Estimate, standard error and interval.
    """
    whole, of_units, shares = _kernels(one.whole), _kernels(one.of_units), one.shares
    if other is not None:
        whole = _minus(whole, _kernels(other.whole))
        of_units = _minus(of_units, _kernels(other.of_units))
        shares = _minus(shares, other.shares)
    df = len(whole["bias2"]) - 1
    if one.sampled:
        df = min(df, len(one.sizes) - 1)
    found = {}
    for name, kernel in whole.items():
        value = float(shares[name].sum())
        pairs = float(variance_of_pairs(kernel))
        of_rows = 0.0
        if one.sampled:
            of_rows = _variance_of_rows(shares[name], one.sizes, of_units[name], pairs)
        if other is None and name == "bias2":
            found[name] = estimate_of_bias(kernel, value, of_rows, df)
            continue
        if other is None and name != "variance_data" and value > 0:
            scatter = Scatter(0.0, 0.0, (pairs + of_rows) / value**2)
        else:
            scatter = Scatter(pairs + of_rows, 0.0, 0.0)
        found[name] = scatter.estimate(value, df)
    return found


def _variance_of_rows(shares: Array, sizes: Array, kernels: Array, whole: float) -> float:
    """Estimate what the sampling of test rows adds to the variance of a mean over them.

    The estimates for units of rows vary because units differ, which is wanted, and because of the
    models, which is already counted: that part is subtracted.
    """
    units = len(sizes)
    between = _between((shares, sizes))
    within = variance_of_pairs(kernels).sum() * units / len(kernels)
    return max(0.0, float(between - units / (units - 1) * (within - whole / units)))


def moments(predictions: NDArray[Any], comparison: Comparison) -> Moments:
    """Reduce predictions to what the estimates need, a few test rows at a time.

    Parameters
    ----------
    predictions : ndarray, shape (D, K, T, O) or (D, T, O)
        Of each model for each test row.
    comparison : Comparison
        What they are compared with.

    Returns
    -------
    Moments
        Sums over the test rows.
    """
    if predictions.ndim == 3:
        predictions = predictions[:, np.newaxis]
    data_sets, _, rows, _ = predictions.shape
    per_row = {name: np.empty((data_sets, rows)) for name in ("squares", "seeds", "scored")}
    products, of_row = np.zeros((data_sets, data_sets)), np.empty(rows)
    units = np.arange(rows) if comparison.units is None else comparison.units
    n_units = int(units.max()) + 1
    chosen = _chosen_units(n_units if comparison.sampled else 0, data_sets)
    place = np.full(n_units, -1)
    place[chosen] = np.arange(len(chosen))
    unit_products = np.zeros((len(chosen), data_sets, data_sets))
    for part in _pieces(predictions.shape):
        mean = _reduced(predictions[:, :, part], comparison, part, per_row)
        flat = mean.reshape(data_sets, -1)
        products += flat @ flat.T
        total = mean.sum(axis=0)
        alike = np.einsum("dto,dto->t", mean, mean)
        together = np.einsum("to,to->t", total, total) - alike
        of_row[part] = together / (data_sets * (data_sets - 1))
        if comparison.sampled:
            inside = np.flatnonzero(place[units[part]] >= 0)
            grams = np.einsum("dto,eto->tde", mean[:, inside], mean[:, inside])
            np.add.at(unit_products, place[units[part][inside]], grams)
    whole = {"products": products / rows, **{n: v.mean(axis=1) for n, v in per_row.items()}}
    of_units = {"products": unit_products / rows}
    member = place[units] >= 0
    for name, values in per_row.items():
        of_units[name] = np.zeros((len(chosen), data_sets))
        np.add.at(of_units[name], place[units][member], values[:, member].T / rows)
    shares = _shares(of_row, per_row, comparison)
    sizes = np.bincount(units) / rows
    return Moments(whole, of_units, shares, sizes, comparison.sampled)


def _reduced(
    predictions: NDArray[Any], comparison: Comparison, part: slice, per_row: dict[str, Array]
) -> Array:
    """Give the mean errors of data sets, scaled so that products are weighted; fill `per_row`."""
    scale = np.sqrt(comparison.weight)
    centre = comparison.centre[part]
    errors = (predictions.astype(np.float64) - centre) * scale
    mean = np.asarray(errors.mean(axis=1))
    squares = np.einsum("dkto,dkto->dt", errors, errors) / errors.shape[1]
    per_row["squares"][:, part] = squares
    seeds = errors.shape[1]
    if seeds > 1:
        around = squares - np.einsum("dto,dto->dt", mean, mean)
        per_row["seeds"][:, part] = seeds / (seeds - 1) * around
    else:
        per_row["seeds"][:, part] = np.nan
    if comparison.fresh is None:
        per_row["scored"][:, part] = squares
    else:
        fresh = (comparison.fresh[:, part] - centre) * scale
        missed = errors - fresh[:, np.newaxis]
        per_row["scored"][:, part] = np.einsum("dkto,dkto->dt", missed, missed) / seeds
    return mean


def _shares(bias2: Array, per_row: Mapping[str, Array], comparison: Comparison) -> dict[str, Array]:
    """Give what each unit of test rows adds to each estimate."""
    total, seeds = per_row["squares"].mean(axis=0), per_row["seeds"].mean(axis=0)
    variance = total - bias2
    known = comparison.noise is not None and not comparison.measured
    values = {
        "bias2": bias2,
        "variance": variance,
        "total": total + comparison.noise if known else total,
        "mse": per_row["scored"].mean(axis=0),
        "variance_seeds": seeds,
        "variance_data": variance - seeds,
    }
    return {name: _unit_shares(v, comparison)[0] for name, v in values.items()}


def _unit_shares(values: Array, comparison: Comparison) -> tuple[Array, Array]:
    """Add rows up to the shares of their units in the mean, and give the units' sizes."""
    rows = len(values)
    units = np.arange(rows) if comparison.units is None else comparison.units
    return np.bincount(units, values) / rows, np.bincount(units) / rows


def _between(shares_and_sizes: tuple[Array, Array]) -> float:
    """Estimate the variance of a mean over rows that come in units."""
    shares, sizes = shares_and_sizes
    units = len(shares)
    return float(units / (units - 1) * np.square(shares - sizes * shares.sum()).sum())


def _kernels(of: Mapping[str, Array]) -> dict[str, Array]:
    """Give, for each estimate, the value from each pair of data sets."""
    products = of["products"]
    total, seeds, scored = (mean_of_pairs(of[name]) for name in ("squares", "seeds", "scored"))
    return {
        "bias2": products,
        "variance": total - products,
        "total": total,
        "mse": scored,
        "variance_seeds": seeds,
        "variance_data": total - products - seeds,
    }


def _chosen_units(count: int, data_sets: int) -> NDArray[np.int64]:
    """Choose units, evenly spaced, whose products are kept: all, or as many as fit in memory."""
    room = max(_FEWEST_UNITS, 4 * _NUMBERS_AT_ONCE // data_sets**2)
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_UNITS, room)).astype(np.int64))


def _minus(one: Mapping[str, Array], other: Mapping[str, Array]) -> dict[str, Array]:
    return {name: one[name] - other[name] for name in one}


def _pieces(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut the test rows into pieces that need little memory."""
    data_sets, seeds, rows, outputs = shape
    size = max(1, _NUMBERS_AT_ONCE // (data_sets * max(seeds * outputs, data_sets)))
    for first in range(0, rows, size):
        yield slice(first, first + size)
