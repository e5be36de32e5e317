"""The column that is predicted: which task it sets, and its own unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.errors import DataError, ParameterError, SpecError
from ravine.tables.values import Kind, kind_of, mean_and_spread, numbers_of, plural, text_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_NUMBER_CLASSES", "Target", "Task", "infer_task"]

Task = Literal["regression", "classification"]
Label = str | int | bool

MOST_NUMBER_CLASSES = 20
"""A target of more different whole numbers than this is taken for a regression."""

_FEWEST_ROWS_A_CLASS = 5


def infer_task(series: pd.Series[Any], name: str) -> Task:
    """Tell the task that a target sets.

    Text, booleans and pandas' categories are classes. So are whole numbers of which at most 20
    differ, if there are only two or at least five rows for each on average. All other numbers are a
    regression.

    Parameters
    ----------
    series : pandas.Series
        The target's known values.
    name : str
        Its name, for the messages.

    Returns
    -------
    {"regression", "classification"}
        The task.

    Examples
    --------
    >>> import pandas as pd
    >>> infer_task(pd.Series([3.5, 1.0]), "price"), infer_task(pd.Series([0, 1, 1]), "survived")
    ('regression', 'classification')
    """
    if _target_kind(series, name) != "number":
        return "classification"
    numbers = numbers_of(series, name)
    different = np.unique(numbers)
    whole = bool(np.all(different == np.round(different)))
    few = different.size <= MOST_NUMBER_CLASSES
    enough = different.size <= 2 or numbers.size >= _FEWEST_ROWS_A_CLASS * different.size
    return "classification" if whole and few and enough else "regression"


@dataclass(frozen=True)
class Target:
    """What is predicted, learnt from the training rows.

    Parameters
    ----------
    name : str
        The column's name.
    task : {"regression", "classification"}
        What kind of prediction it is.
    mean, standard_deviation : float
        A regression trains on ``(y − mean) / standard_deviation``; predictions come back in the
        unit of y.
    classes : tuple
        The classes, sorted: texts, whole numbers or booleans.

    Examples
    --------
    >>> import pandas as pd
    >>> target = Target.learn(pd.Series([1.0, 3.0]), "price", task="regression")
    >>> target.encode(pd.Series([5.0])), target.decode([3.0])
    (array([3.]), array([5.]))
    """

    name: str
    task: Task
    mean: float = 0.0
    standard_deviation: float = 1.0
    classes: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        if self.task not in ("regression", "classification"):
            raise ParameterError(
                f"The task must be 'regression' or 'classification'. Got {self.task!r}."
            )
        spread = self.standard_deviation
        if not (np.isfinite(self.mean) and np.isfinite(spread) and spread > 0):
            raise SpecError(
                f"The target {self.name!r} needs a finite mean and a positive standard deviation. "
                f"Got {self.mean} and {spread}."
            )

    @classmethod
    def learn(
        cls,
        series: pd.Series[Any],
        name: str,
        *,
        task: Task | None = None,
        standardise: bool = True,
    ) -> Target:
        """Learn the classes, or the mean and the standard deviation, from the training rows.

        Parameters
        ----------
        series : pandas.Series
            The target's values in the training rows; none is missing.
        name : str
            The column's name.
        task : {"regression", "classification"}, optional
            The task; ``None`` infers it.
        standardise : bool, default True
            Whether a regression is trained on the standardised target. The losses with a
            logarithmic link (poisson, gamma) need it as it is.

        Returns
        -------
        Target
            What was learnt.

        Raises
        ------
        DataError
            If there is nothing to learn (one class, a constant), or text is to be regressed on.
        """
        if not len(series) or series.isna().any():
            raise DataError(f"The target {name!r} must be known in every row, and in one at least.")
        task = task or infer_task(series, name)
        if task == "classification":
            classes = np.unique(_labels(_uncoded(series), name))
            if classes.size < 2:
                raise DataError(
                    f"The target {name!r} has one class only in the training rows "
                    f"({classes[0]!s}): there is nothing to tell apart.",
                    hint="Check the target column.",
                )
            return cls(name, task, classes=tuple(classes.tolist()))
        if _target_kind(series, name) in ("text", "ordered"):
            raise DataError(
                f"The target {name!r} holds text, which cannot be regressed on.",
                hint="Use --task classification, or convert the column to numbers.",
            )
        numbers = numbers_of(series, name)
        if numbers.min() == numbers.max():
            raise DataError(
                f"The target {name!r} is {numbers[0]:g} in every training row: "
                "there is nothing to learn.",
                hint="Check the target column.",
            )
        if not standardise:
            return cls(name, task)
        return cls(name, task, *mean_and_spread(numbers, f"the target {name!r}"))

    def encode(self, series: pd.Series[Any]) -> NDArray[Any]:
        """Turn the target's values into what the network is trained on.

        Parameters
        ----------
        series : pandas.Series
            The values; none is missing.

        Returns
        -------
        numpy.ndarray of shape (n,)
            Standardised numbers, or class labels.

        Raises
        ------
        DataError
            If there is a class that did not occur in the training rows.
        """
        if self.task == "regression":
            return (numbers_of(series, self.name) - self.mean) / self.standard_deviation
        labels = self._as_classes(series)
        strange = ~np.isin(labels, np.asarray(self.classes))
        if strange.any():
            raise DataError(
                f"The target {self.name!r} has the class {labels[strange][0]!s} "
                f"({plural(int(strange.sum()), 'row')} with such a class), "
                "which the training rows did not have.",
                hint="Train on rows of every class, or leave those rows out.",
            )
        return labels

    def decode(self, standardised: ArrayLike) -> NDArray[np.float64]:
        """Give predictions of a regression back in the target's own unit."""
        return np.asarray(standardised, dtype=np.float64) * self.standard_deviation + self.mean

    def to_dict(self) -> dict[str, Any]:
        """Describe the target with plain data that JSON can hold."""
        return {
            "name": self.name,
            "task": self.task,
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "classes": list(self.classes),
        }

    @classmethod
    def from_dict(cls, description: Any) -> Target:
        """Make a target from what ``to_dict`` gave."""
        expected = {"name", "task", "mean", "standard_deviation", "classes"}
        if not isinstance(description, dict) or set(description) != expected:
            raise SpecError(f"The target of a schema needs {', '.join(sorted(expected))}.")
        classes, numbers = (
            description["classes"],
            (description["mean"], description["standard_deviation"]),
        )
        if (
            not isinstance(description["name"], str)
            or not all(isinstance(number, float) for number in numbers)
            or not isinstance(classes, list)
            or not all(isinstance(label, str | int) for label in classes)
        ):
            raise SpecError("The target of a schema cannot be read.")
        return cls(description["name"], description["task"], *numbers, classes=tuple(classes))

    def _as_classes(self, series: pd.Series[Any]) -> NDArray[Any]:
        """Spell labels as the classes are: a table may have 1 where training had '1'."""
        first = self.classes[0]
        if isinstance(first, str):
            return np.asarray([text_of(value) for value in series], dtype=np.str_)
        labels = _labels(_uncoded(series), self.name)
        if isinstance(first, bool) and labels.dtype != np.bool_ and set(labels.tolist()) <= {0, 1}:
            return labels.astype(np.bool_)
        return labels


def _target_kind(series: pd.Series[Any], name: str) -> Kind:
    kind = kind_of(series, name)
    if kind in ("date", "time", "duration"):
        raise DataError(
            f"The target {name!r} holds dates or times, which cannot be predicted.",
            hint="Convert it to a number (days from some date, seconds, …).",
        )
    return kind


def _uncoded(series: pd.Series[Any]) -> pd.Series[Any]:
    """Give pandas' categories that are whole numbers or booleans as such."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        held = series.cat.categories.dtype
        return series.astype(held) if held.kind in "iub" else series
    return series


def _labels(series: pd.Series[Any], name: str) -> NDArray[Any]:
    """Get class labels: texts, booleans or whole numbers (other numbers as texts)."""
    kind = _target_kind(series, name)
    if kind in ("text", "ordered"):
        odd = next((value for value in series if not isinstance(value, str)), None)
        if odd is not None and any(isinstance(value, str) for value in series):
            raise DataError(
                f"The classes of the target {name!r} are of different types: some are texts, but "
                f"one is {odd!r} ({type(odd).__name__}).",
                hint="Make all of them texts, or all of them whole numbers.",
            )
        return np.asarray([text_of(value) for value in series], dtype=np.str_)
    if kind == "boolean":
        return series.to_numpy(dtype=np.bool_)
    if series.dtype.kind in "iu":  # of which float64 could not tell all apart
        return series.to_numpy(dtype=f"{series.dtype.kind}8")
    numbers = numbers_of(series, name)
    whole = np.all((numbers == np.round(numbers)) & (np.abs(numbers) < 2**53))
    if whole:
        return numbers.astype(np.int64)
    return np.asarray([text_of(value) for value in numbers], dtype=np.str_)
