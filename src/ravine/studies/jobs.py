"""Jobs with labels: every combination of some settings, or a sample of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ravine.errors import ParameterError
from ravine.specs.network import Network
from ravine.specs.recipe import Recipe
from ravine.specs.rules import Number, Whole
from ravine.studies.labels import Label, labels_of_all, short_labels
from ravine.studies.settings import changed
from ravine.studies.space import points_of, read_space
from ravine.training.jobs import Job

__all__ = ["LabelledJob", "geomspace", "grid", "in_words", "labelled", "sample"]


@dataclass(frozen=True)
class LabelledJob(Job):
    """A job that knows what distinguishes it: the settings that were changed, as labels.

    Parameters
    ----------
    labels : dict of str to (bool, int, float, str or None)
        Short labels by the dotted names of settings.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.grid(rv.mlp(4), rv.Recipe(), seed=[3])[0].labels
    {'seed': 3}
    """

    labels: Mapping[str, Label] = field(default_factory=dict)


def grid(
    network: Network,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    /,
    **settings: Iterable[Any],
) -> list[LabelledJob]:
    """Make a job for every combination of some settings.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe, default Recipe()
        How it is trained.
    **settings : iterable
        Values by the name of a setting: a field of the recipe (``seed=range(10)``,
        ``optimizer=[rv.SGD(), rv.Adam()]``), dotted where it lies deeper
        (``**{"optimizer.learning_rate": [0.01, 0.1]}``), the whole ``network``, or a field of one
        of its layers by the layer's number from 0 or its name (``"network.dense_1.units"``).

    Returns
    -------
    list of LabelledJob
        The last setting changes fastest. Each has ``labels``: its short labels by setting.

    Raises
    ------
    SpecError
        If a setting is unknown.
    ParameterError
        If a setting has no values or one twice, or a value breaks its rule.

    Examples
    --------
    >>> import ravine as rv
    >>> jobs = rv.grid(
    ...     rv.mlp(8), rv.Recipe(), **{"optimizer.learning_rate": [0.01, 0.1], "seed": range(2)}
    ... )
    >>> [job.label for job in jobs]
    ['learning_rate=0.01, seed=0', 'learning_rate=0.01, seed=1', 'learning_rate=0.1, seed=0', \
'learning_rate=0.1, seed=1']
    """
    if not settings:
        raise ParameterError(
            "grid needs at least one setting with its values.",
            hint="Such as seed=range(10) or **{'optimizer.learning_rate': [0.01, 0.1]}.",
        )
    values = {name: _values(name, given) for name, given in settings.items()}
    combinations = list(itertools.product(*values.values()))
    labels = itertools.product(*(short_labels(given) for given in values.values()))
    return [
        _job(network, recipe, dict(zip(values, chosen, strict=True)), said)
        for chosen, said in zip(combinations, labels, strict=True)
    ]


def sample(
    network: Network,
    recipe: Recipe,
    space: Mapping[str, Any],
    n: int,
    seed: int = 0,
) -> list[LabelledJob]:
    """Make jobs at points that fill a space of settings evenly.

    The points are those of a scrambled Sobol sequence. Along each setting they are moved so that
    one lies in each of n equally likely parts: n values of a range all differ, and each of k
    choices is taken n/k times, rounded up or down.

    Parameters
    ----------
    network : Network
        What is fitted.
    recipe : Recipe
        How it is trained.
    space : mapping of str to object
        By the setting's name, as in `grid`: ``(low, high)``, uniform, whole numbers where both are;
        ``(low, high, "log")``, log-uniform; a list of values or whole objects, each as likely; or a
        distribution of `scipy.stats`.
    n : int
        Number of jobs, at least 1.
    seed : int, default 0
        Seed of the sample; those of the runs are settings.

    Returns
    -------
    list of LabelledJob
        With ``labels``.

    Raises
    ------
    SpecError
        If a setting is unknown.
    ParameterError
        If the space is empty, or a value breaks its rule.

    Examples
    --------
    >>> import ravine as rv
    >>> space = {"optimizer.learning_rate": (1e-4, 1.0, "log"), "batch_size": [32, 64]}
    >>> jobs = rv.sample(rv.mlp(8), rv.Recipe(), space, 4)
    >>> sorted(job.recipe.batch_size for job in jobs)
    [32, 32, 64, 64]
    """
    dimensions = read_space(space)
    n = Whole(at_least=1)("sample", "n", n)
    seed = Whole(at_least=0)("sample", "seed", seed)
    points = points_of(n, len(dimensions), seed)
    values = {
        name: [dimension.at(u) for u in points[:, place]]
        for place, (name, dimension) in enumerate(dimensions.items())
    }
    labels = {name: labels_of_all(drawn) for name, drawn in values.items()}
    return [
        _job(
            network,
            recipe,
            {name: drawn[i] for name, drawn in values.items()},
            [labels[name][i] for name in values],
        )
        for i in range(n)
    ]


def geomspace(start: float, stop: float, num: int) -> list[float]:
    """Give numbers in equal ratios, such as learning rates to try.

    ``start · (stop/start)^(i/(num − 1))``, each rounded to 12 digits, so that 0.001 is written so.

    Parameters
    ----------
    start, stop : float
        The first and the last number, both greater than 0.
    num : int
        How many, at least 2.

    Returns
    -------
    list of float
        From start to stop.

    Raises
    ------
    ParameterError
        If a value breaks its rule.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.geomspace(1e-4, 1, 5)
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """
    first = Number(above=0)("geomspace", "start", start)
    last = Number(above=0)("geomspace", "stop", stop)
    count = Whole(at_least=2)("geomspace", "num", num)
    return [float(f"{value:.12g}") for value in np.geomspace(first, last, count)]


def labelled(jobs: Sequence[Job]) -> list[LabelledJob]:
    """Give jobs labels: those that they have, else their label or number, and their seed.

    Examples
    --------
    >>> import ravine as rv
    >>> labelled([rv.Job(rv.mlp(4), label="small")])[0].labels
    {'label': 'small', 'seed': 0}
    """
    jobs = list(jobs)
    if not jobs:
        raise ParameterError("A study needs at least one job.", hint="Make them with rv.grid(...).")
    found = []
    for number, job in enumerate(jobs):
        if not isinstance(job, Job):
            raise ParameterError(f"jobs must hold Job objects. Got {job!r:.80} at place {number}.")
        if isinstance(job, LabelledJob):
            found.append(job)
            continue
        label = str(number) if job.label is None else job.label
        labels = {"label": label, "seed": job.recipe.seed}
        found.append(LabelledJob(**(vars(job) | {"label": label, "labels": labels})))
    return found


def _values(name: str, given: Any) -> list[Any]:
    """Give the values of a setting, checked."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ParameterError(
            f"The values of '{name}' must be a list. Got {given!r:.80}.",
            hint=f"Write {name}=[...].",
        )
    values = given.tolist() if isinstance(given, np.ndarray) else list(given)
    if not values:
        raise ParameterError(f"The grid is empty: '{name}' has no values.")
    for place, value in enumerate(values):
        if any(type(value) is type(other) and value == other for other in values[:place]):
            raise ParameterError(f"The values of '{name}' hold {value!r:.80} twice.")
    return values


def _job(
    network: Network, recipe: Recipe, settings: dict[str, Any], said: Sequence[Label]
) -> LabelledJob:
    own, how = changed(network, recipe, settings)
    labels = dict(zip(settings, said, strict=True))
    return LabelledJob(own, how, label=in_words(labels), labels=labels)


def in_words(labels: Mapping[str, Label]) -> str:
    """Write labels in a line, by the last part of each name where that is clear.

    Examples
    --------
    >>> in_words({"optimizer.learning_rate": 0.1, "seed": 3})
    'learning_rate=0.1, seed=3'
    """
    lasts = [name.rpartition(".")[2] for name in labels]
    return ", ".join(
        f"{last if lasts.count(last) == 1 else name}={_written(value)}"
        for (name, value), last in zip(labels.items(), lasts, strict=True)
    )


def _written(value: Label) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
