"""Losses: the error of one row's prediction, averaged over rows and outputs.

``z`` is what the last layer gives, ``y`` the target, ``r = z − y``. With sample weights ``s`` the
loss is ``Σ s_i L_i / Σ s_i``; several outputs are averaged. Terms in y alone are dropped where
that is said. Each loss has a name that can stand for it: ``Network(layers, loss="huber")``.
"""

from ravine.specs import losses as _losses
from ravine.specs.losses import *

__all__ = []
__all__ += _losses.__all__
