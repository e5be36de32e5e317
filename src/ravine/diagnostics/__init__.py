"""Studies of how training goes and of what comes out of it."""

from __future__ import annotations

from .bias_variance import bias_variance
from .error_parts import BiasVariance

__all__ = ["BiasVariance", "bias_variance"]
