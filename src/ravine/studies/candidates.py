"""Candidates of a comparison: what is compared, each at any learning rate and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine.errors import ParameterError
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import Whole
from ravine.specs.schedules import Schedule
from ravine.studies.jobs import LabelledJob
from ravine.studies.labels import short_labels
from ravine.studies.settings import changed

__all__ = ["KINDS", "Candidate", "kind_of", "make_candidates"]

Rows = NDArray[np.int64]

#: The setting that each kind of candidate is a value of; ``rows`` are numbers of training rows.
KINDS = {
    "optimizers": "optimizer",
    "schedules": "optimizer.learning_rate",
    "batch_sizes": "batch_size",
    "penalties": "penalty",
    "dropouts": "dropout",
    "networks": "network",
    "rows": "rows",
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """One of the things that are compared.

    Parameters
    ----------
    label : str
        What it is called; no two are called the same.
    network : Network
        What is fitted.
    recipe : Recipe
        How; its learning rate is tuned.
    rows : ndarray of int64
        The rows that it trains on.
    """

    label: str
    network: Network
    recipe: Recipe
    rows: Rows

    def job(self, rate: float | None, seed: int) -> LabelledJob:
        """Give the run at a learning rate (None: as given; of a schedule the highest) and a seed.

        Examples
        --------
        >>> import ravine as rv
        >>> candidate = Candidate("Adam", rv.mlp(4), rv.Recipe(), np.arange(9))
        >>> candidate.job(0.1, 3).recipe
        Recipe(optimizer=Adam(learning_rate=0.1), seed=3)
        """
        recipe = self.recipe.replace(seed=seed)
        if rate is not None:
            given = recipe.optimizer.learning_rate
            value = given.with_peak(rate) if isinstance(given, Schedule) else rate
            recipe = recipe.replace(**{"optimizer.learning_rate": value})
        labels = {"candidate": self.label, "learning_rate": rate, "seed": seed}
        return LabelledJob(self.network, recipe, label=self.label, labels=labels)


def kind_of(given: Mapping[str, Any], network: Network | None) -> str:
    """Name the one kind of candidates that is given.

    Parameters
    ----------
    given : dict of str to object
        Values by kind, None where there are none.
    network : Network or None
        What all candidates train, unless networks are compared.

    Returns
    -------
    str
        One of `KINDS`.

    Raises
    ------
    ParameterError
        If it is not exactly one, or the network is missing or too much.

    Examples
    --------
    >>> import ravine as rv
    >>> kind_of({"optimizers": ["sgd", "adam"], "rows": None}, rv.mlp())
    'optimizers'
    """
    kinds = [kind for kind, values in given.items() if values is not None]
    if len(kinds) != 1:
        raise ParameterError(
            f"compare needs exactly one kind of candidates: {', '.join(KINDS)}. Got "
            f"{', '.join(kinds) or 'none'}.",
            hint="Such as optimizers=[rv.SGD(), rv.Adam()].",
        )
    if (network is None) != (kinds[0] == "networks"):
        raise ParameterError(
            "compare needs either network=..., which all candidates train, or networks=[...] to "
            f"compare. Got {kinds[0]} and network={network!r:.80}."
        )
    if network is not None and not isinstance(network, Network):
        raise ParameterError(
            f"The 'network' parameter of compare must be a Network. Got {network!r:.80}."
        )
    return kinds[0]


def make_candidates(
    kind: str, given: Any, network: Network | None, recipe: Recipe, train: Rows
) -> list[Candidate]:
    """Make the candidates of a kind.

    Parameters
    ----------
    kind : str
        As `kind_of` names it.
    given : sequence or mapping
        The values; those of a mapping go by its keys.
    network : Network or None
        What is fitted, unless networks are compared.
    recipe : Recipe
        How.
    train : ndarray of int64
        The rows to train on; of n, the first n in an order drawn once.

    Returns
    -------
    list of Candidate
        At least two.

    Raises
    ------
    ParameterError
        If the values cannot be compared.

    Examples
    --------
    >>> import ravine as rv
    >>> made = make_candidates("dropouts", [0.0, 0.5], rv.mlp(4), rv.Recipe(), np.arange(9))
    >>> [candidate.label for candidate in made]
    ['dropout=0.0', 'dropout=0.5']
    """
    values, labels = _values(kind, given)
    if kind == "rows":
        assert network is not None
        return _of_rows(values, network, recipe, train)
    found = []
    for value, label in zip(values, labels, strict=True):
        own, how = changed(value if network is None else network, recipe, {KINDS[kind]: value})
        found.append(Candidate(label, own, how, train))
    return found


def _values(kind: str, given: Any) -> tuple[list[Any], list[str]]:
    """Give the values of a kind, and what they are called; equal values are several candidates."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ParameterError(f"The '{kind}' parameter must be a list. Got {given!r:.80}.")
    if isinstance(given, Mapping):
        values, labels = list(given.values()), [str(label) for label in given]
    else:
        values = given.tolist() if isinstance(given, np.ndarray) else list(given)
        labels = _distinct(_labels(kind, values))
    if len(values) < 2 or len(set(labels)) < len(labels):
        raise ParameterError(
            f"The '{kind}' parameter must hold at least 2 candidates with different labels. Got "
            f"{len(values)}: {', '.join(labels)}."
        )
    return values, labels


def _labels(kind: str, values: Sequence[Any]) -> list[str]:
    """Give labels of values; a name such as "adam" goes by the optimizer's own."""
    if kind == "optimizers":
        rule = Recipe._rules["optimizer"]
        values = [rule("compare", "optimizers", value) for value in values]
    name = KINDS[kind].rpartition(".")[2]
    return [
        str(label) if isinstance(label, str) and label != "full" else f"{name}={label}"
        for label in short_labels(values)
    ]


def _distinct(labels: Sequence[str]) -> list[str]:
    """Tell labels that are the same apart by numbers."""
    return [
        f"{label} #{labels[: place + 1].count(label)}" if labels.count(label) > 1 else label
        for place, label in enumerate(labels)
    ]


def _of_rows(
    values: Sequence[Any], network: Network, recipe: Recipe, train: Rows
) -> list[Candidate]:
    """Give a candidate for each number of training rows, each within the next larger one."""
    rule = Whole(at_least=1, at_most=len(train))
    counts = [rule("compare", "rows", value) for value in values]
    order = np.random.default_rng((0, 0x57D2)).permutation(train)
    return [Candidate(f"{n} rows", network, recipe, np.sort(order[:n])) for n in counts]
