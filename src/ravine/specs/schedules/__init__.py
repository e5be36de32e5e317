"""Schedules: a learning rate or a momentum as a function of time.

``t`` is 0 at the first step. With ``unit="epoch"`` it is the epoch's index plus the fraction of
the epoch that is done, with ``unit="step"`` the number of steps done. Wherever a schedule is
taken, a plain number works too and stays constant. A boundary, such as the end of a stair, is
reached at the step that it falls on, whatever rounding makes of ``3 * 0.1``.

A schedule whose ``length`` is None lasts as long as the run. A run that is to go on from its
checkpoint with more epochs needs a length from the start: another one would have given other
values from the first step on.
"""

from __future__ import annotations

from ravine.specs.schedules import base, cycles, decay, plateau
from ravine.specs.schedules.base import *
from ravine.specs.schedules.base import MOMENTUM as MOMENTUM
from ravine.specs.schedules.base import RATE as RATE
from ravine.specs.schedules.cycles import *
from ravine.specs.schedules.decay import *
from ravine.specs.schedules.plateau import *
from ravine.specs.schedules.plateau import MONITORS as MONITORS
from ravine.specs.schedules.plateau import Monitor as Monitor
from ravine.specs.spec import Family, kinds_in

__all__ = [*base.__all__]
__all__ += decay.__all__
__all__ += cycles.__all__
__all__ += plateau.__all__

SCHEDULES: Family[Schedule] = Family(
    "a schedule", Schedule, kinds_in(Schedule, decay, cycles, plateau), extensible=("value",)
)
