"""One learning rate per parameter, grown while its gradient keeps its sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ravine.specs.optimizers.base import Optimizer
from ravine.specs.rules import Number, Rule, broken

__all__ = ["DeltaBarDelta", "Rprop"]


@dataclass(frozen=True, repr=False)
class DeltaBarDelta(Optimizer):
    """One learning rate per parameter, grown by addition and shrunk by multiplication.

    If ``δ̄ · g > 0``, ``η_i ← η_i + κ``; if ``δ̄ · g < 0``, ``η_i ← η_i (1 − φ)``; else unchanged.
    Then ``w ← w − η_i g`` and ``δ̄ ← (1 − θ) g + θ δ̄``. All η_i start at ``learning_rate``, δ̄ at
    0.

    Parameters
    ----------
    learning_rate : float, default 0.01
        What every η_i starts at, at least 0. A constant: the rule itself adapts the rates.
    kappa : float, default 1e-3
        κ, what a rate grows by while the gradient keeps its sign, at least 0.
    phi : float, default 0.1
        φ, the fraction by which a rate shrinks when the sign changes, in [0, 1].
    theta : float, default 0.7
        θ, how long δ̄ remembers, in [0, 1).

    References
    ----------
    Jacobs (1988), Neural Networks 1(4) 295-307. Meant for full batches, which a recipe with
    ``batch_size=None`` gives it.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.DeltaBarDelta(0.05, kappa=0.01)
    DeltaBarDelta(learning_rate=0.05, kappa=0.01)
    """

    learning_rate: float = 0.01
    _: KW_ONLY
    kappa: float = 1e-3
    phi: float = 0.1
    theta: float = 0.7

    has_one_rate: ClassVar[bool] = True
    adapts_rates: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": Number(at_least=0),
        "kappa": Number(at_least=0),
        "phi": Number(at_least=0, at_most=1),
        "theta": Number(at_least=0, below=1),
    }


@dataclass(frozen=True, repr=False)
class Rprop(Optimizer):
    """Resilient propagation: one step size per parameter; only the gradient's sign is used.

    With ``s = sign(g_prev · g)``: if s > 0, ``Δ_i ← min(η⁺ Δ_i, step_max)``; if s < 0,
    ``Δ_i ← max(η⁻ Δ_i, step_min)`` and g is taken as 0 for this parameter, now and as the next
    g_prev. Then ``w ← w − Δ_i sign(g)``. All Δ_i start at ``learning_rate``. Needs full batches.

    Parameters
    ----------
    learning_rate : float, default 0.01
        What every Δ_i starts at, at least 0.
    eta_minus : float, default 0.5
        η⁻, in (0, 1).
    eta_plus : float, default 1.2
        η⁺, greater than 1.
    step_min : float, default 1e-6
        Smallest step size, greater than 0.
    step_max : float, default 50.0
        Largest step size, at least ``step_min``.

    References
    ----------
    Riedmiller & Braun (1993). Departure: no weight backtracking (Rprop⁻ of Igel & Hüsken 2000 with
    the gradient zeroed, iRprop⁻), as in PyTorch.

    Examples
    --------
    >>> import ravine as rv
    >>> rv.Rprop(0.1)
    Rprop(learning_rate=0.1)
    """

    learning_rate: float = 0.01
    _: KW_ONLY
    eta_minus: float = 0.5
    eta_plus: float = 1.2
    step_min: float = 1e-6
    step_max: float = 50.0

    full_batch: ClassVar[bool] = True
    adapts_rates: ClassVar[bool] = True
    _rules: ClassVar[Mapping[str, Rule]] = {
        "learning_rate": Number(at_least=0),
        "eta_minus": Number(above=0, below=1),
        "eta_plus": Number(above=1),
        "step_min": Number(above=0),
        "step_max": Number(above=0),
    }

    def _check(self) -> None:
        if self.step_max < self.step_min:
            rule = f"at least its step_min, {self.step_min:g}"
            raise broken("Rprop", "step_max", rule, self.step_max)
