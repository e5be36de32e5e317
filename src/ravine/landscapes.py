"""Classical surfaces to walk on with `ravine.minimize`, with their gradients and known minima.

`rosenbrock`, `beale`, `himmelblau` and `saddle` are surfaces; `ill_conditioned` and `ravine` make
one as elongated as wanted.
"""

from ravine.optimize.landscapes import (
    Landscape,
    beale,
    himmelblau,
    ill_conditioned,
    ravine,
    rosenbrock,
    saddle,
)

__all__ = [
    "Landscape",
    "beale",
    "himmelblau",
    "ill_conditioned",
    "ravine",
    "rosenbrock",
    "saddle",
]
