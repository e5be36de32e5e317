"""The parts of an error as people read them: tables of text, and sentences about them."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ravine.diagnostics.bias_variance.reference_report import ReferenceReport

__all__ = [
    "Column",
    "as_html",
    "as_text",
    "headline",
    "main_table",
    "notes",
    "picture_notes",
    "reference_table",
]

Array = NDArray[np.float64]
Table = tuple[list[str], list[list[str]]]

_WIDTH = 79


class Found(Protocol):
    """The attributes of a `ravine.BiasVariance` that are read here, besides its estimates."""

    @property
    def field(self) -> str | None:
        """What was swept."""

    @property
    def values(self) -> NDArray[Any]:
        """Its values."""

    @property
    def intervals(self) -> dict[str, Array]:
        """Ends of intervals of the parts."""

    @property
    def diverged(self) -> NDArray[np.int64]:
        """How many models diverged."""

    @property
    def separate(self) -> bool:
        """Whether bias² and noise are separate."""

    @property
    def sampled(self) -> bool:
        """Whether standard errors count the test rows as a sample."""

    @property
    def method(self) -> str:
        """Where each model's data came from."""

    @property
    def reference(self) -> ReferenceReport | None:
        """The reference of bias."""

    @property
    def n_models(self) -> int:
        """Models for each value."""

    @property
    def n_seeds(self) -> int:
        """How many share a data set."""

    @property
    def n_test(self) -> int:
        """Rows that they were tested on."""

    @property
    def measure(self) -> str:
        """The error that is split."""


@dataclass(frozen=True, eq=False)
class Column:
    """An estimate for each swept value.

    Parameters
    ----------
    label : str
        Its name.
    values, errors : ndarray, shape (V,)
        The estimates, and the errors after ±.
    ends : tuple of ndarray
        Lower and upper ends of intervals.

    Examples
    --------
    >>> ends = np.array([0.8]), np.array([1.2])
    >>> Column("variance", np.array([1.0]), np.array([0.1]), ends).shown()
    ['1.00 ± 0.10']
    """

    label: str
    values: Array
    errors: Array
    ends: tuple[Array, Array]

    def shown(self) -> list[str]:
        """Give the cells."""
        return [_estimate(v, e) for v, e in zip(self.values, self.errors, strict=True)]


def main_table(found: Found, *, measured: bool) -> list[Column]:
    """Choose what is shown of a result: the parts, their sum and, if wanted, the measured error.

    Parameters
    ----------
    found : Found
        The result.
    measured : bool
        Whether to show the measured error as well.

    Returns
    -------
    list of Column
        In the order in which they are read.
    """
    if found.method == "bootstrap":
        labels = {"variance": "variance", "out_of_bag": "out-of-bag error"}
    elif found.separate:
        labels = {"bias2": "bias²", "variance": "variance", "noise": "noise", "total": "sum"}
    else:
        labels = {"bias2": "bias² + noise", "variance": "variance", "total": "sum"}
    if found.n_seeds > 1 and measured:
        labels |= {"variance_seeds": "by seeds", "variance_data": "by data"}
    if measured and found.method != "bootstrap":
        labels["mse"] = "measured"
    columns = [_column(found, name, label) for name, label in labels.items()]
    if measured:  # the noise's own ± is part of the sum's
        exact = np.zeros(len(found.values))
        columns = [replace(c, errors=exact) if c.label == "noise" else c for c in columns]
    return columns


def reference_table(found: Found) -> list[Column]:
    """Choose what is shown of how much depends on the reference.

    Parameters
    ----------
    found : Found
        The result.

    Returns
    -------
    list of Column
        None without a reference.
    """
    report = found.reference
    if report is None:
        return []
    ends = report.bias2_other, report.bias2_other  # these columns are not drawn
    columns = []
    if report.other is not None:
        columns.append(
            Column("bias² by the other", report.bias2_other, report.bias2_other_se, ends)
        )
    if report.n_tables:
        for name, label in (("bias2", "bias²"), ("variance", "variance")):
            again, spread = getattr(report, f"{name}_again"), getattr(report, f"{name}_spread")
            columns.append(Column(f"{label} again", again, spread, ends))
    return columns


def headline(found: Found) -> str:
    """Describe the study in a line."""
    of_each = "" if found.field is None else f" for each {found.field}"
    how = {"model": "simulated from a reference"}.get(found.method, found.method)
    line = (
        f"BiasVariance of {found.n_models} models{of_each}, {how}, {found.measure} on "
        f"{found.n_test:,} test rows"
    )
    if found.diverged.any():
        line += f"; {found.diverged.sum()} models diverged"
    return line


def notes(found: Found) -> list[str]:
    """Say what the numbers are, and what standard errors range over."""
    over = "models and test rows" if found.sampled else "models, at these test rows"
    lines = [f"±: a standard error over {over}."]
    if found.method == "simulated":
        lines.append("measured: the error of all models on fresh targets.")
    report = found.reference
    if report is not None:
        lines = [
            f"Bias is measured against a reference, not the truth: {report.name} ({report.rule}), "
            "fitted to the table. X is held fixed.",
            f"±: a standard error over {over}, given the reference.",
            "measured: the error of models trained on the table, on its test rows; ± over rows.",
        ]
        if report.other is not None:
            lines.append(f"the other: {report.other} as the reference.")
        if report.favoured:
            lines.append(
                "The settings have no order from less to more flexible, so that the reference is "
                "that of the lowest cross-validated error: its own bias² comes out too small."
            )
        if report.n_tables:
            lines.append(
                f"again: results of the method on {report.n_tables} tables drawn from the "
                "reference, where bias² and variance above are the truth: mean ± standard "
                "deviation from table to table (none where chance alone explains it)."
            )
    elif found.method == "bootstrap":
        lines.append(
            "The bootstrap does not give bias². The out-of-bag error is that of the models' mean."
        )
    elif found.method == "subsets":
        lines.append("True for tables of the size of a subset.")
        lines.append("measured: the error of all models on the test rows.")
    return lines


def picture_notes(found: Found) -> list[str]:
    """Say the same in a few words, for a picture."""
    over = "models and test rows" if found.sampled else "models"
    lines = [f"shown are 95 % intervals over {over}"]
    if found.reference is not None:
        return [f"bias² is measured against the reference {found.reference.name}", *lines]
    return lines


def as_text(title: str, tables: Sequence[Table], sentences: Sequence[str]) -> str:
    """Combine a title, tables and sentences in lines that fit a terminal."""
    lines = [title]
    for head, rows in tables:
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines += [
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            for row in (head, *rows)
        ]
    for sentence in sentences:
        lines += textwrap.wrap(sentence, _WIDTH, subsequent_indent="  ")
    return "\n".join(lines)


def as_html(title: str, tables: Sequence[Table], sentences: Sequence[str]) -> str:
    """Combine the same for a notebook."""
    parts = []
    for number, (head, rows) in enumerate(tables):
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        caption = "" if number else f"<caption>{html.escape(title)}</caption>"
        parts.append(
            f"<table>{caption}<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
        )
    return "".join(parts) + "".join(f"<p>{html.escape(line)}</p>" for line in sentences)


def _column(found: Found, name: str, label: str) -> Column:
    values, errors = getattr(found, name), getattr(found, f"{name}_se")
    if name in found.intervals:
        ends = found.intervals[name][:, 0], found.intervals[name][:, 1]
    else:
        ends = values - 2 * errors, values + 2 * errors
    return Column(label, values, errors, ends)


def _estimate(value: float, error: float) -> str:
    """Show an estimate with the digits that its standard error leaves it.

    The error has one digit, or two if the first is a 1.
    """
    if math.isnan(value):
        return "–"
    if not error > 0:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    power = math.floor(math.log10(error))
    digits = max(0, (1 if error < 1.95 * 10.0**power else 0) - power)
    if digits > 9 or error > 1e7:  # too long to read
        return f"{value:.3e} ± {error:.1e}"
    return f"{value:,.{digits}f} ± {error:,.{digits}f}"
