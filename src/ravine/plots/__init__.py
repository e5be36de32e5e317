"""Pictures. Matplotlib is imported only when one is drawn."""

from __future__ import annotations

from ravine.ground.packages import needs
from ravine.plots.learning_curve import learning_curve, save_learning_curve

needs("A picture", "matplotlib")

__all__ = ["learning_curve", "save_learning_curve"]
