"""Studies of how training goes and of what comes out of it."""

from __future__ import annotations

from .bias_variance import bias_variance
from .error_parts import BiasVariance
from .reference_report import ReferenceReport

__all__ = ["BiasVariance", "ReferenceReport", "bias_variance"]
