"""Scores of a model on training, validation and test rows, next to a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ravine.cli.output import number, print_table

if TYPE_CHECKING:
    from ravine.cli.fitting import Part, Prepared
    from ravine.tables.fitted.table_model import TableModel

__all__ = ["METRICS", "Scores", "score_parts"]

METRICS = {
    "loss": "loss",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "pinball": "pinball loss",
    "inside": "inside",
    "log_loss": "log loss",
    "accuracy": "accuracy",
}
"""What the scores are called in tables."""


@dataclass(frozen=True)
class Scores:
    """Scores by part (training, validation, test), of the model and of the baseline."""

    target: str
    task: str
    rows: dict[str, int]
    model: dict[str, dict[str, float]]
    baseline: dict[str, dict[str, float]]
    simple: str

    def to_dict(self) -> dict[str, Any]:
        """Give the scores as plain data.

        Returns
        -------
        dict
            ``rows``, ``scores`` and ``baseline``.
        """
        return {"rows": self.rows, "scores": self.model, "baseline": self.baseline}

    def show(self) -> None:
        """Print the scores as a table."""
        names = [name for name in METRICS if name in self.model["training"]]
        compared = [name for name in names if name != "r2"]
        rows = [
            [
                part,
                f"{self.rows[part]:,}",
                *(number(scores[name]) for name in names),
                *(number(self.baseline[part][name]) for name in compared),
            ]
            for part, scores in self.model.items()
        ]
        columns = [
            "rows",
            *(METRICS[n] for n in names),
            *(f"{self.simple}: {METRICS[n]}" for n in compared),
        ]
        print_table(f"{self.target} ({self.task})", ["", *columns], rows, note=self._note())

    def _note(self) -> str:
        if self.task == "classification":
            return f"{self.simple!r} predicts the shares of the classes for every row."
        what = f"{self.simple!r} predicts the {self.simple} of the training rows for every row."
        return f"In the unit of {self.target!r}; {what}"


def score_parts(model: TableModel, prepared: Prepared) -> Scores:
    """Score a model on all parts, and the baseline as well.

    Parameters
    ----------
    model : TableModel
        The trained model.
    prepared : Prepared
        The parts.

    Returns
    -------
    Scores
        What was found.
    """
    from ravine.tables.fitted.baseline import baseline_model

    simple = baseline_model(prepared.schema, prepared.network.loss, prepared.training.y)

    def of(scored: TableModel) -> dict[str, dict[str, float]]:
        return {part.name: scored.score(part.X, part.y) for part in prepared.parts}

    def size(part: Part) -> int:
        return len(part)

    return Scores(
        model.target.name,
        model.target.task,
        {part.name: size(part) for part in prepared.parts},
        of(model),
        of(simple),
        prepared.network.loss.predicts if model.target.task == "regression" else "frequencies",
    )
