"""The router of this library with a second request for calls that have no answer after two seconds."""

from __future__ import annotations

from functools import partial

from ours import CLOCK, make
from world import show

show(CLOCK, partial(make, hedge_after=2.0))
