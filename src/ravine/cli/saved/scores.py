"""Scores of a model on training, validation and test rows, next to a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ravine.cli.output import number, print_table

__all__ = ["METRICS", "Scores"]

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
"""The names of the scores in tables."""


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
            ``target``, ``task``, ``rows``, ``scores`` and ``baseline``.
        """
        return {
            "target": self.target,
            "task": self.task,
            "rows": self.rows,
            "scores": self.model,
            "baseline": self.baseline,
        }

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
