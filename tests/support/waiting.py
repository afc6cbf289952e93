"""Waiting for an event, however slow the machine is: without a fixed sleep, and without a limit that it may miss."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio

HANGS = 100.0
"""Seconds after which nobody believes any more that it will happen; far more than it takes."""


def wait_until(condition: Callable[[], object]) -> None:
    """Returns when the condition holds."""
    end = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


async def wait_until_async(condition: Callable[[], object]) -> None:
    """The same on an event loop."""
    end = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await anyio.sleep(0.005)
