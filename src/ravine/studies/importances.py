"""How much settings matter: what a model of the scores loses without knowing a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.ground.packages import needs
from ravine.studies.intervals import Estimate, estimate

__all__ = ["LEAST", "setting_importances"]

#: So many configurations are needed at least: a fifth of them scores the model of the others.
LEAST = 15
_SPLITS = 20
_SHUFFLES = 5


def setting_importances(
    values: Mapping[str, Sequence[object]], ranks: Sequence[int], confidence: float = 0.95
) -> dict[str, Estimate]:
    """Estimate the importance of each setting by permutation, in random forests.

    A random forest learns the rank of four fifths of the configurations from their settings. On the
    other fifth, a setting's values are permuted: its importance is ``(E_permuted − E) / (2
    Var(rank))``, by how much the mean squared error E grows. For settings drawn independently and
    an exact forest, that is the total Sobol index: the share of the variance of ranks that is lost
    without the setting, its interactions with others included. An unimportant setting may come out
    slightly below 0. This is repeated for 20 random splits, and the standard error allows for their
    overlap: ``se = s √(1/20 + n_test/n_train)`` (Nadeau & Bengio 2003).

    Parameters
    ----------
    values : dict of str to sequence
        The value of each configuration, by setting.
    ranks : sequence of int
        The place of each configuration, 0 the best.
    confidence : float, default 0.95
        Of intervals.

    Returns
    -------
    dict of str to Estimate
        In the order of `values`.

    Raises
    ------
    ParameterError
        If there are fewer than 15 configurations.

    References
    ----------
    Breiman (2001), Random forests, section 10. Gregorutti, Michel & Saint-Pierre (2017),
    Correlation and variable importance in random forests, Statistics and Computing 27. Nadeau &
    Bengio (2003), Inference for the generalization error, section 3.

    Examples
    --------
    >>> found = setting_importances({"a": range(40), "b": [1, 2] * 20}, range(40))
    >>> found["a"].mean > 0.7, abs(found["b"].mean) < 0.1
    (True, True)
    """
    needs("The importance of settings", "sklearn")
    n = len(ranks)
    if n < LEAST:
        raise ParameterError(
            f"Importances need at least {LEAST} configurations. Got {n}.",
            hint="Give tune a larger budget.",
        )
    inputs = np.column_stack([_codes(given) for given in values.values()])
    target = np.asarray(ranks, np.float64) / (n - 1)
    rng, held = np.random.default_rng(0), n // 5
    found = []
    for split in range(_SPLITS):
        order = rng.permutation(n)
        found.append(_losses(inputs, target, order[held:], order[:held], rng, split))
    table = np.array(found) / (2 * target.var())
    ratio = held / (n - held)
    return {name: estimate(table[:, place], ratio, confidence) for place, name in enumerate(values)}


def _losses(
    inputs: NDArray[np.float64],
    target: NDArray[np.float64],
    rows: NDArray[np.int64],
    held: NDArray[np.int64],
    rng: np.random.Generator,
    seed: int,
) -> list[float]:
    """Give how much the squared error on held-out rows grows, for each column that is permuted."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(50, min_samples_leaf=2, random_state=seed)
    forest.fit(inputs[rows], target[rows])
    shown = [inputs[held]]
    columns = inputs.shape[1]
    for column in range(columns):
        for _ in range(_SHUFFLES):
            mixed = inputs[held].copy()
            mixed[:, column] = rng.permutation(mixed[:, column])
            shown.append(mixed)
    predicted = forest.predict(np.concatenate(shown)).reshape(len(shown), len(held))
    errors = ((predicted - target[held]) ** 2).mean(axis=1)
    grown = errors[1:].reshape(columns, _SHUFFLES).mean(axis=1) - errors[0]
    return [float(value) for value in grown]


def _codes(given: Sequence[object]) -> NDArray[np.float64]:
    """Give numbers as they are, and other values by the order in which they first occur."""
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in given]
    if all(numbers):
        return np.asarray(given, np.float64)
    places = {repr(value): None for value in given}
    index = {text: place for place, text in enumerate(places)}
    return np.array([index[repr(value)] for value in given], np.float64)
