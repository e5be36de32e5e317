"""The column that is predicted: its task, and its own unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ravine.data.labels import said_of_alike
from ravine.errors import DataError, ParameterError, SpecError
from ravine.ground.text import plural
from ravine.tables.text.kinds import Texts, Understood, is_absent, text_of, understand
from ravine.tables.values import (
    Kind,
    Unread,
    holds_text,
    kind_of,
    mean_and_spread,
    numbers_of,
    text_categories,
    unread_numbers,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_NUMBER_CLASSES", "Target", "Task", "check_target", "infer_task"]

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

    Raises
    ------
    DataError
        If it holds dates or times, or text that is numbers, or nearly so.

    Examples
    --------
    >>> import pandas as pd
    >>> infer_task(pd.Series([3.5, 1.0]), "price"), infer_task(pd.Series([0, 1, 1]), "survived")
    ('regression', 'classification')
    """
    check_target(series, name)
    if _target_kind(series, name) != "number":
        return "classification"
    numbers = numbers_of(series, name)
    different = np.unique(numbers)
    whole = bool(np.all(different == np.round(different)))
    few = different.size <= MOST_NUMBER_CLASSES
    enough = different.size <= 2 or numbers.size >= _FEWEST_ROWS_A_CLASS * different.size
    return "classification" if whole and few and enough else "regression"


def check_target(series: pd.Series[Any], name: str, task: Task | None = None) -> list[str]:
    """Check that the text of a target is classes, not numbers with faulty cells.

    Parameters
    ----------
    series : pandas.Series
        The target, all rows in their order.
    name : str
        Its name, for the messages.
    task : {"regression", "classification"}, optional
        The task, if it was given: text of a classification may be anything.

    Returns
    -------
    list of str
        Notes about it, in sentences.

    Raises
    ------
    DataError
        If it holds dates or times, or numbers of which some cells are not numbers or are not
        written plainly; it names the cell and its row.

    Examples
    --------
    >>> import pandas as pd
    >>> check_target(pd.Series(["2.5"] * 9 + ["-"]), "score")
    Traceback (most recent call last):
        ...
    ravine.errors.DataError: The target 'score' holds numbers except for '-' in row 10.
    """
    if not holds_text(series):
        return said_of_alike(text_categories(series), f"The target {name!r}")
    texts = Texts.of(series, name)
    found = _understood(texts, task)
    _check_no_times(found.kind, name)
    if task == "regression" or (task is None and found.kind == "number"):
        _check_numbers(series, texts, found, task)
    if task is None and found.nearly and len(texts.texts) > MOST_NUMBER_CLASSES:
        raise DataError(
            f"The target {name!r} would be numbers, but has codes. {found.remark}",
            hint="Or say --task classification to make every text a class.",
        )
    said = [found.remark] if found.kind == "text" and found.remark else []
    return said + said_of_alike(texts.texts, f"The target {name!r}")


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
        A regression trains on ``(y − mean) / standard_deviation``; predictions are in the unit
        of y.
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
            raise DataError(
                f"The target {name!r} must be known in every row, and there must be at least one."
            )
        task = task or infer_task(series, name)
        if task == "regression":
            check_target(series, name, task)
        if task == "classification":
            classes = np.unique(_labels(_uncoded(series), name))
            if classes.size < 2:
                raise DataError(
                    f"The target {name!r} has only one class in the training rows "
                    f"({classes[0]!s}): there is nothing to learn.",
                    hint="Check the target column.",
                )
            return cls(name, task, classes=tuple(classes.tolist()))
        if _target_kind(series, name) in ("text", "ordered"):
            raise _no_regression(name)
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
                hint="Train on rows of every class, or leave out those rows.",
            )
        return labels

    def decode(self, standardised: ArrayLike) -> NDArray[np.float64]:
        """Convert predictions of a regression to the target's own unit."""
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
        """Spell labels like the classes: a table may have 1 if training had '1'."""
        first = self.classes[0]
        if isinstance(first, str):
            return np.asarray([text_of(value) for value in series], dtype=np.str_)
        labels = _labels(_uncoded(series), self.name)
        if isinstance(first, bool) and labels.dtype != np.bool_ and set(labels.tolist()) <= {0, 1}:
            return labels.astype(np.bool_)
        return labels


def _target_kind(series: pd.Series[Any], name: str) -> Kind:
    if holds_text(series):
        _check_no_times(_understood(Texts.of(series, name), "classification").kind, name)
        return "text"
    kind = kind_of(series, name)
    _check_no_times(kind, name)
    return kind


def _understood(texts: Texts, task: Task | None) -> Understood:
    """Find out what a target's text holds; classes may be ambiguous as numbers or dates."""
    try:
        return understand(texts)
    except DataError:
        if task == "classification":
            return Understood("text")
        raise


def _check_no_times(kind: Kind, name: str) -> None:
    if kind in ("date", "time", "duration"):
        raise DataError(
            f"The target {name!r} holds dates or times, which cannot be predicted.",
            hint="Convert it to a number (days from some date, seconds, …).",
        )


def _check_numbers(
    series: pd.Series[Any], texts: Texts, found: Understood, task: Task | None
) -> None:
    """Raise an error for text that is numbers, except for some cells or their spelling."""
    name = texts.name
    if found.kind != "number":
        raise _no_regression(name, unread_numbers(series))
    choice = "" if task else ", or say --task classification to make every text a class"
    odd = unread_numbers(series, found.reading)
    if odd is not None:
        more = "" if odd.count == 1 else f" and {plural(odd.count - 1, 'cell')} more"
        raise DataError(
            f"The target {name!r} holds numbers except for {odd.first!r} in row {odd.row}{more}.",
            hint=f"Leave such cells empty (their rows are left out) or correct them{choice}.",
        )
    few = len(texts.texts) <= MOST_NUMBER_CLASSES and not found.reading
    if few and task is None:
        return
    place = next(p for p, text in enumerate(texts.texts) if not is_absent(text))
    raise DataError(
        f"The target {name!r} holds numbers that are written as text, such as "
        f"{texts.texts[place]!r} in row {texts.row(place)}.",
        hint=f"Make them plain numbers ({found.values[texts.row(place) - 1]:.15g}){choice}.",
    )


def _no_regression(name: str, odd: Unread | None = None) -> DataError:
    where = "" if odd is None else f": {odd.first!r} in row {odd.row}"
    return DataError(
        f"The target {name!r} holds text, which cannot be regressed on{where}.",
        hint="Use --task classification, or convert the column to numbers.",
    )


def _uncoded(series: pd.Series[Any]) -> pd.Series[Any]:
    """Turn pandas' categories of whole numbers or booleans into these."""
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
    if series.dtype.kind in "iu":  # float64 could not tell all of them apart
        return series.to_numpy(dtype=f"{series.dtype.kind}8")
    numbers = numbers_of(series, name)
    whole = np.all((numbers == np.round(numbers)) & (np.abs(numbers) < 2**53))
    if whole:
        return numbers.astype(np.int64)
    return np.asarray([text_of(value) for value in numbers], dtype=np.str_)
