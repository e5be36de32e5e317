"""Optimizers: how the weights change at each step.

In the formulas ``w`` are the weights, ``g`` the gradient of the mini-batch loss with its coupled
penalty, ``η`` the learning rate of this step, ``k`` the number of the step (1 at the first), and
everything is element-wise. Decoupled ``weight_decay`` λ is applied first, ``w ← w − η λ w``, to
weights but not to biases and normalisation parameters.
"""

from __future__ import annotations

from ravine.specs.optimizers import adaptive_rates, base, descent, individual_rates, lbfgs
from ravine.specs.optimizers.adaptive_rates import *
from ravine.specs.optimizers.base import *
from ravine.specs.optimizers.base import check_own_rule as check_own_rule
from ravine.specs.optimizers.descent import *
from ravine.specs.optimizers.individual_rates import *
from ravine.specs.optimizers.lbfgs import *
from ravine.specs.spec import Family, kinds_in

__all__ = [*base.__all__]
__all__ += descent.__all__
__all__ += individual_rates.__all__
__all__ += adaptive_rates.__all__
__all__ += lbfgs.__all__

OPTIMIZERS: Family[Optimizer] = Family(
    "an optimizer",
    Optimizer,
    kinds_in(Optimizer, descent, individual_rates, adaptive_rates, lbfgs),
    named=True,
    extensible=("init", "update"),
)
