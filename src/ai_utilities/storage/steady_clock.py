"""A clock that neither jumps nor stops: the same for all processes of a machine, from its boot on."""

from __future__ import annotations

import time
from functools import cache

from .owner import PROC, read

# time.monotonic stands still while a machine sleeps on Linux; this one does not.
BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def steady() -> float:
    """Seconds since the boot of this machine."""
    return time.monotonic() if BOOT_CLOCK is None else time.clock_gettime(BOOT_CLOCK)


@cache
def boot_id() -> str:
    """Changes with every boot, where the system says so."""
    return read(PROC / "sys/kernel/random/boot_id")
