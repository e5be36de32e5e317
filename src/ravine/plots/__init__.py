"""Pictures. Matplotlib is imported only when one is drawn."""

from __future__ import annotations

from ravine.plots.learning_curve import learning_curve, save_learning_curve

__all__ = ["learning_curve", "save_learning_curve"]
