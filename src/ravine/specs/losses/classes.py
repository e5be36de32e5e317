"""Losses of labels: cross-entropies on logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ravine.specs.losses import statistics
from ravine.specs.losses.base import Loss, Numbers
from ravine.specs.losses.domains import DomainName
from ravine.specs.losses.links import LinkName
from ravine.specs.rules import Number, Rule

__all__ = ["BinaryCrossEntropy", "CrossEntropy"]


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss):
    """Cross-entropy of 0/1 targets on logits.

    ``max(z, 0) − y z + log(1 + e^(−|z|))``. Predicts the probability of a 1,
    ``p = 1 / (1 + e^(−z))``.

    Name: ``"binary_cross_entropy"``. The formula is ``−y log p − (1 − y) log(1 − p)`` and never
    overflows.

    Examples
    --------
    >>> from ravine.losses import BinaryCrossEntropy
    >>> BinaryCrossEntropy()
    BinaryCrossEntropy()
    """

    link: ClassVar[LinkName] = "logit"
    targets: ClassVar[DomainName] = "binary"
    predicts: ClassVar[str] = "probabilities"
    unit_power: ClassVar[int] = 0
    measure: ClassVar[str] = "binary cross entropy"

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the share of ones in each column."""
        return statistics.mean(y, weights)


@dataclass(frozen=True, repr=False)
class CrossEntropy(Loss):
    """Cross-entropy of one class out of K on logits.

    ``log Σ_j e^(z_j) − Σ_j q_j z_j`` with ``q_j = (1 − s) [j = y] + s / K``. Predicts
    probabilities, ``p_j = e^(z_j) / Σ_k e^(z_k)``.

    Name: ``"cross_entropy"``. The largest logit is subtracted before the exponential.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s, in [0, 1).

    References
    ----------
    Szegedy et al. (2016), Rethinking the Inception Architecture, section 7 (label smoothing).

    Examples
    --------
    >>> from ravine.losses import CrossEntropy
    >>> CrossEntropy(label_smoothing=0.1)
    CrossEntropy(label_smoothing=0.1)
    """

    label_smoothing: float = 0.0

    link: ClassVar[LinkName] = "softmax"
    targets: ClassVar[DomainName] = "classes"
    predicts: ClassVar[str] = "probabilities"
    unit_power: ClassVar[int] = 0
    measure: ClassVar[str] = "cross entropy"
    _rules: ClassVar[Mapping[str, Rule]] = {"label_smoothing": Number(at_least=0, below=1)}

    def baseline(self, y: Numbers, weights: Numbers) -> Numbers:
        """Give the shares of the classes, smoothed as the targets are."""
        shares = statistics.mean(y, weights)
        return (1 - self.label_smoothing) * shares + self.label_smoothing / len(shares)
